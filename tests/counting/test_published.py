"""Published figures, reproduced from the texts in examples/networks, which say where a figure comes from.

torchvision's figures are the ``num_params`` and ``_ops`` of its weights; those of language models are what
the released checkpoints hold.
"""

from pathlib import Path

import pytest

from derive.counting.conventions import conventions_from
from derive.counting.describe import network_from_text
from derive.counting.network import count_network

NETWORKS = Path(__file__).resolve().parents[2] / "examples" / "networks"


def counted(name, convention="mac", **settings):
    in_force = conventions_from(convention.split())
    network = network_from_text((NETWORKS / f"{name}.net").read_text(), variables=settings)
    return count_network(network, conventions=in_force.network)


@pytest.mark.parametrize(
    ("name", "settings", "parameters"),
    [
        pytest.param("alexnet", {}, 60_965_224, id="AlexNet, two groups"),
        pytest.param("alexnet", {"groups": 1}, 62_378_344, id="AlexNet, ungrouped"),
        pytest.param("vgg16", {}, 138_357_544, id="VGG-16"),
        pytest.param("resnet18", {}, 11_689_512, id="ResNet-18"),
        pytest.param("resnet50", {}, 25_557_032, id="ResNet-50"),
        pytest.param("resnet50", {"blocks3": 23}, 44_549_160, id="ResNet-101"),
        pytest.param("resnet50", {"blocks2": 8, "blocks3": 36}, 60_192_808, id="ResNet-152"),
        pytest.param("resnet50", {"groups": 32, "base": 4}, 25_028_904, id="ResNeXt-50 32x4d"),
        pytest.param("mobilenet_v1", {}, 4_231_976, id="MobileNet"),
        pytest.param("mobilenet_v2", {}, 3_504_872, id="MobileNetV2"),
        pytest.param("efficientnet_b0", {}, 5_288_548, id="EfficientNet-B0"),
        pytest.param("densenet121", {}, 7_978_856, id="DenseNet-121"),
        pytest.param("squeezenet1_0", {}, 1_248_424, id="SqueezeNet 1.0"),
        pytest.param("inception_v3", {}, 27_161_264, id="Inception v3"),
        pytest.param(
            "inception_v3", {"auxiliary": 0}, 23_834_568, id="Inception v3 without its auxiliary head"
        ),
        pytest.param("convnext_tiny", {}, 28_589_128, id="ConvNeXt-T"),
        pytest.param("vit_b_16", {}, 86_567_656, id="ViT-B/16"),
        pytest.param("unet", {}, 31_030_658, id="U-Net"),
        pytest.param("bert_base", {}, 109_482_240, id="BERT base"),
        pytest.param("gpt2_small", {}, 124_439_808, id="GPT-2 small"),
        pytest.param("gpt2_small", {"D": 1024, "heads": 16, "layers": 24}, 354_823_168, id="GPT-2 medium"),
        pytest.param("llama2", {}, 6_738_415_616, id="Llama 2 7B"),
        pytest.param(
            "llama2",
            {"D": 8192, "layers": 80, "heads": 64, "kv_heads": 8, "hidden": 28672},
            68_976_648_192,
            id="Llama 2 70B",
        ),
        pytest.param("llama2", {"kv_heads": 8, "hidden": 14336}, 7_241_732_096, id="Mistral 7B"),
        pytest.param("mixtral_8x7b", {}, 46_702_792_704, id="Mixtral 8x7B"),
        pytest.param("mixtral_8x7b", {"experts": 2}, 12_879_925_248, id="Mixtral 8x7B, active"),
    ],
)
def test_parameters(name, settings, parameters):
    assert counted(name, **settings).totals["parameters"] == parameters


@pytest.mark.parametrize(
    ("name", "settings", "billions"),
    [
        pytest.param("vgg16", {}, "15.470", id="VGG-16"),
        pytest.param("resnet18", {}, "1.814", id="ResNet-18"),
        pytest.param("resnet50", {}, "4.089", id="ResNet-50, stride on the 3x3"),
        pytest.param("resnet50", {"stride_on_3x3": 0}, "3.858", id="ResNet-50, the paper's"),
        pytest.param("resnet50", {"groups": 32, "base": 4}, "4.230", id="ResNeXt-50 32x4d"),
        pytest.param("mobilenet_v1", {}, "0.56874", id="MobileNet"),
        pytest.param("mobilenet_v2", {}, "0.301", id="MobileNetV2"),
        pytest.param("efficientnet_b0", {}, "0.386", id="EfficientNet-B0"),
        pytest.param("densenet121", {}, "2.834", id="DenseNet-121"),
        pytest.param("squeezenet1_0", {}, "0.819", id="SqueezeNet 1.0"),
        pytest.param("inception_v3", {"auxiliary": 0}, "5.713", id="Inception v3"),
        pytest.param("convnext_tiny", {}, "4.456", id="ConvNeXt-T"),
        pytest.param("vit_b_16", {}, "17.564", id="ViT-B/16"),
    ],
)
def test_multiply_adds(name, settings, billions):
    figures = len(billions.partition(".")[2])
    found = counted(name, **settings).totals["multiply_adds"]
    assert f"{found / 1e9:.{figures}f}" == billions


def test_lenet5_as_its_paper_counts():
    """LeCun et al. (1998), section II.B: connections are multiply-adds and biases; code words are fixed."""
    count = counted("lenet5", "trainable mac+bias")
    assert count.totals["trainable"] == 60_000
    assert count.totals["multiply_adds"] + count.totals["bias_additions"] == 340_908
    by_layer = {row.node.path: row.counts for row in count.rows}
    assert by_layer["C1"]["trainable"] == 156
    assert by_layer["S2"]["trainable"] == 12
    assert by_layer["S4"]["trainable"] == 32
    assert sum(row.counts["trainable"] for row in count.rows if row.node.path.startswith("Some")) == 1_516
    assert by_layer["C5"]["trainable"] == 48_120
    assert by_layer["F6"]["trainable"] == 10_164


@pytest.mark.parametrize(
    ("biases", "parameters"),
    [
        pytest.param("1", 19_775_200, id="one bias a gate"),
        pytest.param("2", 19_780_400, id="two, as PyTorch"),
    ],
)
def test_a_language_model_of_lstm_layers(biases, parameters):
    """Zaremba et al. (2014), medium: 10,000 words, 650 units, two layers."""
    assert counted("zaremba_medium", f"biases={biases}").totals["parameters"] == parameters


@pytest.mark.parametrize(
    ("text", "convention", "parameters"),
    [
        # The guide's models: Embedding(1000, 64), LSTM(128); then GRU(256) and SimpleRNN(128).
        pytest.param("input 10 x 64\nLSTM(64, 128)", "biases=1", 98_816, id="LSTM"),
        pytest.param("input 10 x 64\nGRU(64, 256)", "biases=2", 247_296, id="GRU, reset_after"),
        pytest.param("input 10 x 256\nRNN(256, 128)", "biases=1", 49_280, id="SimpleRNN"),
        # By hand: 4(nm + m^2 + 2m) with n = 5, m = 7; 3(nm + m^2 + m).
        pytest.param("input 3 x 5\nLSTM(5, 7)", "biases=2", 4 * (35 + 49 + 14), id="LSTM, PyTorch"),
        pytest.param("input 3 x 5\nGRU(5, 7)", "biases=1", 3 * (35 + 49 + 7), id="GRU, textbook"),
        pytest.param("input 3 x 5\nGRU(5, 7)", "biases=2", 3 * (35 + 49 + 14), id="GRU, PyTorch"),
    ],
)
def test_recurrent_layers(text, convention, parameters):
    in_force = conventions_from([convention])
    count = count_network(network_from_text(text), conventions=in_force.network)
    assert count.totals["parameters"] == parameters


@pytest.mark.parametrize(
    ("blocks", "millions", "agrees"),
    [  # Szegedy et al. (2015), table 1, column "ops"
        pytest.param(("Unit[1]",), 34, False, id="convolution 7x7: 118 million, as 7 7 3 64 112 112 is"),
        pytest.param(("Unit[2]", "Unit[3]"), 360, True, id="convolution 3x3"),
        pytest.param(("Inception[1]",), 128, True, id="3a"),
        pytest.param(("Inception[2]",), 304, True, id="3b"),
        pytest.param(("Inception[3]",), 73, True, id="4a"),
        pytest.param(("Inception[4]",), 88, True, id="4b"),
        pytest.param(("Inception[5]",), 100, True, id="4c"),
        pytest.param(("Inception[6]",), 119, True, id="4d"),
        pytest.param(("Inception[7]",), 170, True, id="4e"),
        pytest.param(("Inception[8]",), 54, False, id="5a: 51 million"),
        pytest.param(("Inception[9]",), 71, True, id="5b"),
        pytest.param(("Linear",), 1, True, id="linear"),
    ],
)
def test_the_rows_of_googlenets_table(blocks, millions, agrees):
    rows = [row for row in counted("googlenet").rows if row.node.path.startswith(blocks)]
    found = sum(row.counts["multiply_adds"] for row in rows) / 1e6
    assert (abs(found - millions) < 1) is agrees


def test_googlenets_first_layer_by_hand():
    """The table says 2.7K parameters; 7 x 7 x 3 x 64 weights are 9.4K."""
    (own,) = [row for row in counted("googlenet").rows if row.node.path == "Unit[1].Conv2d"]
    assert own.counts["parameters"] - 64 == 7 * 7 * 3 * 64 == 9_408
    assert own.counts["multiply_adds"] == 9_408 * 112 * 112


def test_vgg_activations_of_cs231n_sum_to_less_than_it_says():
    """cs231n gives 24M numbers, 93 MB, for one pass; the sizes in its own rows sum to 15.24M, 61 MB."""
    count = counted("vgg16")
    listed = [r for r in count.rows if r.node.layer in ("Conv2d", "MaxPool2d", "Linear")]
    total = 3 * 224 * 224 + sum(row.counts["activations"] for row in listed)
    assert total == 15_237_608
    assert round(total * 4 / 1e6) == 61
