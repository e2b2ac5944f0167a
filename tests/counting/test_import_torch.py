"""PyTorch modules: the same numbers as the texts in examples/networks, and what other counters get wrong."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from derive.counting.describe import network_from_text  # noqa: E402
from derive.counting.import_torch import count_module, network_from_module  # noqa: E402
from derive.counting.network import count_network  # noqa: E402

SLOW = pytest.mark.slow
NETWORKS = Path(__file__).resolve().parents[2] / "examples" / "networks"


def vgg16():
    layers, c = [], 3
    for width, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(times):
            layers += [nn.Conv2d(c, width, 3, padding=1), nn.ReLU()]
            c = width
        layers.append(nn.MaxPool2d(2))
    head = [
        nn.Linear(512 * 49, 4096),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Dropout(),
    ]
    return nn.Sequential(*layers, nn.Flatten(), *head, nn.Linear(4096, 1000))


def unit(c_in, c_out, kernel, stride=1, groups=1):
    convolution = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(c_out)]


class Bottleneck(nn.Module):
    def __init__(self, c_in, width, stride, first, basic=False):
        super().__init__()
        out = width if basic else 4 * width
        before, behind = (stride, 1) if first else (1, stride)
        steps = [*unit(c_in, width, 3, stride), nn.ReLU(), *unit(width, width, 3)]
        if not basic:
            steps = [*unit(c_in, width, 1, before), nn.ReLU(), *unit(width, width, 3, behind), nn.ReLU()]
            steps += unit(width, out, 1)
        self.steps = nn.Sequential(*steps)
        self.short = (
            nn.Sequential(*unit(c_in, out, 1, stride)) if stride != 1 or c_in != out else nn.Identity()
        )

    def forward(self, x):
        return torch.relu(self.steps(x) + self.short(x))


def resnet(blocks, basic=False, first=False):
    layers = [*unit(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    c = 64
    for k, (width, times) in enumerate(zip((64, 128, 256, 512), blocks, strict=True)):
        for number in range(times):
            layers.append(Bottleneck(c, width, 2 if k and not number else 1, first, basic))
            c = width if basic else 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 1000))


def resnet18():
    return resnet((2, 2, 2, 2), basic=True)


def resnet50(first=False):
    return resnet((3, 4, 6, 3), first=first)


def mobilenet():
    layers, c = [*unit(3, 32, 3, 2), nn.ReLU()], 32
    rows = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    for width, stride in rows:
        layers += [*unit(c, c, 3, stride, groups=c), nn.ReLU(), *unit(c, width, 1), nn.ReLU()]
        c = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 1000))


class VisionTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 768, 16, 16)
        self.token = nn.Parameter(torch.zeros(1, 1, 768))
        self.position = nn.Parameter(torch.zeros(1, 197, 768))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(768, 12, 3072, activation="gelu", batch_first=True, norm_first=True)
            for _ in range(12)
        )
        self.norm, self.head = nn.LayerNorm(768), nn.Linear(768, 1000)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.position
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x)[:, 0])


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.segments = nn.Embedding(30522, 768), nn.Embedding(2, 768)
        self.positions = nn.Parameter(torch.zeros(512, 768))
        self.norm = nn.LayerNorm(768)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(768, 12, 3072, activation="gelu", batch_first=True) for _ in range(12)
        )
        self.pooler = nn.Linear(768, 768)

    def forward(self, tokens):
        x = self.words(tokens) + self.segments(torch.zeros_like(tokens)) + self.positions[: tokens.shape[1]]
        x = self.norm(x)
        for layer in self.layers:
            x = layer(x)
        return torch.tanh(self.pooler(x[:, 0]))


class Gpt2(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(50257, 768)
        self.positions = nn.Parameter(torch.zeros(1024, 768))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(768, 12, 3072, activation="gelu", batch_first=True, norm_first=True)
            for _ in range(12)
        )
        self.norm, self.head = nn.LayerNorm(768), nn.Linear(768, 50257, bias=False)
        self.head.weight = self.words.weight

    def forward(self, tokens):
        x = self.words(tokens) + self.positions[: tokens.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))


def on_meta(make):
    with torch.device("meta"):
        return make()


@pytest.mark.parametrize(
    ("make", "shape", "integers", "name", "settings", "parameters"),
    [
        pytest.param(vgg16, (3, 224, 224), False, "vgg16", {}, 138_357_544, id="VGG-16"),
        pytest.param(resnet18, (3, 224, 224), False, "resnet18", {}, 11_689_512, id="ResNet-18"),
        pytest.param(resnet50, (3, 224, 224), False, "resnet50", {}, 25_557_032, id="ResNet-50"),
        pytest.param(
            lambda: resnet50(first=True), (3, 224, 224), False, "resnet50", {"stride_on_3x3": 0},
            25_557_032, id="ResNet-50, the paper's",
        ),
        pytest.param(mobilenet, (3, 224, 224), False, "mobilenet_v1", {}, 4_231_976, id="MobileNet"),
        pytest.param(
            VisionTransformer, (3, 224, 224), False, "vit_b_16", {}, 86_567_656, id="ViT-B/16", marks=SLOW
        ),
        pytest.param(Bert, (128,), True, "bert_base", {}, 109_482_240, id="BERT base", marks=SLOW),
        pytest.param(Gpt2, (1024,), True, "gpt2_small", {}, 124_439_808, id="GPT-2", marks=SLOW),
    ],
)  # fmt: skip
def test_a_module_counts_as_its_text(make, shape, integers, name, settings, parameters):
    count = count_module(on_meta(make), shape, integers=integers)
    text = count_network(network_from_text((NETWORKS / f"{name}.net").read_text(), variables=settings))
    assert count.totals["parameters"] == text.totals["parameters"] == parameters
    assert count.totals["multiply_adds"] == text.totals["multiply_adds"]
    assert not count.lower_bound


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(12, 3, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


# n = 7, m = 5: four gates, each with m n + m^2 multiply-adds a step, eleven steps
LSTM, GRU = nn.LSTM(7, 5, batch_first=True), nn.GRU(7, 5, batch_first=True)
LSTM_STEP, GRU_STEP = 4 * (5 * 7 + 25), 3 * (5 * 7 + 25)


@pytest.mark.parametrize(
    ("module", "shape", "parameters", "multiply_adds"),
    [
        pytest.param(nn.Linear(512, 10), (7, 512), 5_130, 35_840, id="torchinfo: Linear, 5,130"),
        pytest.param(LSTM, (11, 7), 4 * (35 + 25 + 10), 11 * LSTM_STEP, id="fvcore: LSTM, 0"),
        pytest.param(GRU, (11, 7), 3 * (35 + 25 + 10), 11 * GRU_STEP, id="fvcore: GRU, 0"),
        pytest.param(
            # every input place gives a kernel: 3 channels, 5 x 7 places, 11 channels out, 2 x 2
            nn.ConvTranspose2d(3, 11, 2, stride=2), (3, 5, 7), 3 * 11 * 4 + 11, 3 * 5 * 7 * 11 * 4,
            id="thop: a transposed convolution, four times too much",
        ),
        pytest.param(
            # four projections of 5 tokens of width 12; scores and averages 2 x 5 x 5 x 12
            Attention(), (5, 12), 4 * (144 + 12), 4 * 5 * 144 + 2 * 25 * 12, id="thop: attention, 0",
        ),
        pytest.param(
            # no matrix product, no convolution, no fused attention: torch's flop_counter sees nothing
            nn.AvgPool2d(2), (3, 4, 4), 0, 0, id="no multiply-adds in pooling",
        ),
    ],
)  # fmt: skip
def test_what_other_counters_get_wrong(module, shape, parameters, multiply_adds):
    count = count_module(module, shape)
    assert count.totals["parameters"] == parameters == sum(one.numel() for one in module.parameters())
    assert count.totals["multiply_adds"] == multiply_adds


def test_additions_of_pooling_are_counted():
    assert count_module(nn.AvgPool2d(2), (3, 4, 4)).totals["additions"] == 3 * 2 * 2 * 3


class Strange(nn.Module):
    def forward(self, x):
        return torch.fft.fft(x).real


def test_an_unknown_operation_makes_a_lower_bound():
    module = nn.Sequential(nn.Linear(8, 5), Strange(), nn.Linear(5, 3))
    count = count_module(module, (8,))
    assert count.lower_bound
    assert any("fft" in one for one in count.network.unknown)
    assert count.totals["parameters"] == 8 * 5 + 5 + 5 * 3 + 3


def test_no_weights_are_stored():
    network = network_from_module(on_meta(lambda: nn.Linear(10**6, 10**6)), (10**6,))
    assert count_network(network).totals["parameters"] == 10**12 + 10**6
