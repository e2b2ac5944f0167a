"""Models as PyTorch prints them and as Keras summarises them.

Parameters are those that PyTorch itself counts, or Keras' own figures in the summaries.
"""

import pytest

from derive.counting.describe import network_from_text
from derive.counting.network import count_network
from derive.counting.stated import differences
from derive.graphs.network import NetworkError


def counted(text, *shapes):
    return count_network(network_from_text(text), shapes)


def _torch_models():
    torch = pytest.importorskip("torch")
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, inside, outside):
            super().__init__()
            self.conv = nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False)
            self.bn = nn.BatchNorm2d(outside)
            self.short = nn.Sequential(nn.Conv2d(inside, outside, 1, stride=2), nn.BatchNorm2d(outside))

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.Sequential(Block(3, 7), Block(7, 11))
            self.text = nn.Embedding(101, 13)
            self.mixer = nn.LSTM(13, 17, num_layers=2, bidirectional=True)
            self.norms = nn.ModuleList(
                [nn.LayerNorm(5), nn.LayerNorm((3, 7)), nn.GroupNorm(1, 5, affine=False)]
            )
            self.up = nn.ConvTranspose2d(11, 3, 2, stride=2)
            self.head = nn.Linear(19, 23, bias=False)

    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(20, 4, 28, batch_first=True), 3)
    return {"blocks": Net(), "transformer": encoder}


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("name", ["blocks", "transformer"])
def test_what_print_shows_of_wired_modules_gives_their_parameters_and_no_operations(name):
    model = _torch_models()[name]
    count = counted(str(model))
    assert count.totals["parameters"] == sum(one.numel() for one in model.parameters())
    assert count.totals["multiply_adds"] == 0
    assert count.lower_bound
    assert "parameters are counted, shapes and operations are not" in count.network.unknown[0]


def test_a_shape_does_not_matter_where_nothing_is_evaluated():
    model = "Net(\n  (a): Block(\n    (fc): Linear(in_features=3, out_features=5, bias=True)\n  )\n)"
    assert counted(model, (3, 32, 32)).totals["parameters"] == 20


def test_what_is_no_layer_is_named():
    model = (
        "Net(\n  (a): Block(\n    (fc): Linear(3, 5)\n    (own): Wavelet(7, 11)\n    (act): Swoosh()\n  )\n)"
    )
    assert "the layer Wavelet at a.own" in counted(model).network.unknown


def test_huggingface_names_of_known_layers():
    model = (
        "Model(\n  (h): Block(\n    (c_attn): Conv1D(nf=21, nx=7)\n"
        "    (norm): LlamaRMSNorm((7,), eps=1e-05)\n  )\n)"
    )
    assert counted(model).totals["parameters"] == 7 * 21 + 21 + 7


OLD = """{input}
Model: "sequential"
_________________________________________________________________
 Layer (type)                Output Shape              Param #
=================================================================
 conv2d (Conv2D)             (None, 26, 26, 32)        320

 max_pooling2d (MaxPooling2D  (None, 13, 13, 32)       0
 )
 conv2d_1 (Conv2D)           (None, 11, 11, 64)        {second}
 max_pooling2d_1 (MaxPooling2D) (None, 5, 5, 64)       0
 flatten (Flatten)           (None, 1600)              0
 dropout (Dropout)           (None, 1600)              0
 dense (Dense)               (None, 10)                16010
=================================================================
Total params: {total}
Trainable params: 34,826
Non-trainable params: 0"""

NEW = """
┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┓
┃ Layer (type)        ┃ Output Shape      ┃    Param # ┃ Connected to      ┃
┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━┩
│ input_layer         │ (None, 32, 32, 3) │          0 │ -                 │
│ (InputLayer)        │                   │            │                   │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ conv2d (Conv2D)     │ (None, 16, 16, 8) │        224 │ input_layer[0][0] │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ conv2d_1 (Conv2D)   │ (None, 16, 16, 8) │        576 │ conv2d[0][0]      │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ add (Add)           │ (None, 16, 16, 8) │          0 │ conv2d[0][0],     │
│                     │                   │            │ conv2d_1[0][0]    │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ batch_normalization │ (None, 16, 16, 8) │         32 │ add[0][0]         │
│ (BatchNormalization)│                   │            │                   │
└─────────────────────┴───────────────────┴────────────┴───────────────────┘
 Total params: 832 (3.25 KB)"""


def test_the_summary_of_keras_example_for_mnist():
    count = counted(OLD.format(input="input 28x28x1", second=18496, total="34,826"))
    assert count.totals["parameters"] == 34_826
    assert differences(count) == ()
    # 26 26 32 9 + 11 11 64 9 32 + 1600 10
    assert count.totals["multiply_adds"] == 194_688 + 2_230_272 + 16_000


def test_a_summary_with_connections():
    count = counted(NEW)
    calls = [row.node.call for row in count.rows]
    assert calls[:2] == [
        "Conv2d(3, 8, (3, 3), stride=2, padding='same')",
        "Conv2d(8, 8, (3, 3), bias=False, padding='same')",
    ]
    assert count.rows[2].node.inputs == (1, 2)
    assert differences(count) == ()


def test_a_wrong_total_in_a_summary_is_flagged():
    (wrong,) = differences(counted(OLD.format(input="input 28x28x1", second=18496, total="34,828")))
    assert "says 34,828 parameters; it is 34,826" in wrong


def _mnist(given="input 28x28x1", second=18496):
    return OLD.format(input=given, second=second, total=0)


@pytest.mark.parametrize(
    ("summary", "message"),
    [
        pytest.param(_mnist(given=""), "put a line like `input 28x28x1`", id="no input"),
        pytest.param(_mnist(second=18497), "of no square kernel", id="kernel"),
        pytest.param(
            NEW.replace("(None, 16, 16", "(None, None, None"), "has a size that is not given", id="None"
        ),
    ],
)  # fmt: skip
def test_summaries_that_cannot_be_read(summary, message):
    with pytest.raises(NetworkError, match=message):
        network_from_text(summary)
