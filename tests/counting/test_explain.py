"""Totals made wrong by hand, each by one slip, and the slip that is named.

The wrong totals are written out as the sums that somebody with that slip would write.
"""

import pytest

from derive.counting.describe import network_from_text
from derive.counting.explain import explain, target_of
from derive.counting.network import count_network

MODULE = """input 256 x 28 x 28
Concat(Conv2d(256, 128, 1), Conv2d(256, 64, 1) -> Conv2d(64, 192, 3, padding=1),
    Conv2d(256, 32, 1) -> Conv2d(32, 96, 5, padding=2), MaxPool2d(3, 1, padding=1) -> Conv2d(256, 64, 1))"""
PLAIN = """input 3 x 32 x 32
Conv2d(3, 16, 5) -> BatchNorm2d(16) -> ReLU() -> MaxPool2d(2)
Conv2d(16, 32, 3, padding=1) -> ReLU() -> MaxPool2d(2) -> Flatten() -> Linear(1568, 100) -> Linear(100, 10)"""
STRIDED = """input 3 x 33 x 33
Conv2d(3, 16, 3, stride=2, padding=1) -> ReLU() -> Conv2d(16, 32, 3, padding=1) -> Flatten()
Linear(9248, 10)"""
DEPTHWISE = "input 32 x 14 x 14\nConv2d(32, 32, 3, 1, 1, 1, 32) -> Conv2d(32, 64, 1)"
DILATED = "input 5 x 26\nConv1d(5, 7, 7) -> Conv1d(7, 11, 5, dilation=2)"

ONE, TWO, THREE = 256 * 128 + 128, 256 * 64 + 64 + 9 * 64 * 192 + 192, 256 * 32 + 32 + 25 * 32 * 96 + 96
FOUR = 256 * 64 + 64
CONV_1, NORM, CONV_2 = 75 * 16 + 16, 32, 9 * 16 * 32 + 32
DENSE = 100 * 10 + 10
FIRST, SECOND = 27 * 16 + 16, 9 * 16 * 32 + 32


def explanations(text, total):
    target = target_of(str(total))
    found = explain(count_network(network_from_text(text)), target)
    return [(one.code, one.sentence(target)) for one in found]


@pytest.mark.parametrize(
    ("text", "total", "code", "words"),
    [
        pytest.param(
            MODULE,
            ONE + TWO - 192 + THREE + FOUR,
            "missing-bias",
            "no bias in Conv2d(64, 192, 3, padding=1) in the second branch",
            id="one bias",
        ),
        pytest.param(
            MODULE,
            ONE + TWO + FOUR + THREE - 96 * 32 * 16,
            "wrong-kernel",
            "3 for 5 in Conv2d(32, 96, 5, padding=2) in the third branch",
            id="kernel of another branch",
        ),
        pytest.param(
            MODULE,
            ONE + TWO + FOUR + 256 * 32 + 32 + 25 * 64 * 96 + 96,
            "wrong-operand",
            "64 for 32 input channels in Conv2d(32, 96, 5",
            id="channels of another branch",
        ),
        pytest.param(
            MODULE,
            ONE + THREE + FOUR + 256 * 64 + 64 + 9 * 256 * 192 + 192,
            "wrong-operand",
            "256 for 64 input channels in Conv2d(64, 192, 3",
            id="the module's channels",
        ),
        pytest.param(
            MODULE,
            ONE + TWO + FOUR + 25 * 32 * 96 + 96,
            "lost-term",
            "Conv2d(256, 32, 1) in the third branch left out",
            id="bottleneck missed",
        ),
        pytest.param(
            MODULE,
            ONE + 256 * 64 + 64 + 3 * 64 * 192 + 192 + THREE + FOUR,
            "lost-factor",
            "3 for 3^2 in Conv2d(64, 192, 3",
            id="k for k^2",
        ),
        pytest.param(
            MODULE,
            ONE + 256 * 64 + 64 + 9 * 192 + 192 + THREE + FOUR,
            "missing-channels",
            "1 input channel in Conv2d(64, 192, 3",
            id="channels forgotten",
        ),
        pytest.param(
            MODULE,
            128 * 2 + 64 * 2 + 192 * 10 + 32 * 2 + 96 * 26 + 64 * 2,
            "missing-channels",
            "1 input channel in every layer",
            id="channels forgotten everywhere",
        ),
        pytest.param(
            MODULE,
            ONE + 256 * 64 + 64 + 3 * 64 * 192 + 192 + 256 * 32 + 32 + 5 * 32 * 96 + 96 + FOUR,
            "lost-factor",
            "k for k^2 in every layer",
            id="k for k^2 everywhere",
        ),
        pytest.param(
            MODULE,
            ONE + TWO + THREE + FOUR - 192 - 96,
            "missing-bias",
            "no bias in Conv2d(64, 192, 3, padding=1) in the second branch and no bias in Conv2d(32, 96",
            id="two biases",
        ),
        pytest.param(
            PLAIN,
            CONV_1 + 16 + CONV_2 + 156900 + DENSE,
            "lost-factor",
            "one parameter for two a channel in BatchNorm2d(16)",
            id="scale without shift",
        ),
        pytest.param(
            PLAIN,
            CONV_1 + NORM + CONV_2 + 14 * 14 * 32 * 100 + 100 + DENSE,
            "lost-term",
            "MaxPool2d(2) left out",
            id="flattened before pooling",
        ),
        pytest.param(
            PLAIN,
            CONV_1 + NORM + CONV_2 + 6 * 6 * 32 * 100 + 100 + DENSE,
            "shape",
            "no padding in Conv2d(16, 32, 3, padding=1) and all that follows",
            id="padding forgotten",
        ),
        pytest.param(
            PLAIN,
            CONV_1 + NORM + CONV_2 + 8 * 8 * 32 * 100 + 100 + DENSE,
            "shape",
            "a padding of 2 in Conv2d(3, 16, 5)",
            id="padding where there is none",
        ),
        pytest.param(
            PLAIN,
            CONV_1 + NORM + CONV_2 + 7 * 7 * 100 + 100 + DENSE,
            "missing-channels",
            "no channels in Linear(1568, 100)",
            id="flattened without channels",
        ),
        pytest.param(
            PLAIN,
            CONV_1 + NORM + CONV_2 + 7 * 7 * 16 * 100 + 100 + DENSE,
            "wrong-operand",
            "16 for 32 channels flattened",
            id="flattened with other channels",
        ),
        pytest.param(
            PLAIN,
            32 * 32 * 16 * 75 + 14 * 14 * 32 * 144 + 156800 + 1000,
            "wrong-operand",
            "the input's size for the output's in Conv2d(3, 16, 5)",
            id="multiply-adds at the input's size",
        ),
        pytest.param(
            STRIDED,
            FIRST + SECOND + 33 * 33 * 32 * 10 + 10,
            "shape",
            "no stride in Conv2d(3, 16, 3, stride=2, padding=1)",
            id="stride forgotten",
        ),
        pytest.param(
            STRIDED,
            FIRST + SECOND + 16 * 16 * 32 * 10 + 10,
            "shape",
            "no padding in Conv2d(3, 16, 3, stride=2, padding=1)",
            id="padding of the strided layer",
        ),
        pytest.param(
            STRIDED,
            FIRST - 16 + 16 * 17 * 17 + SECOND + 92490,
            "extra-factor",
            "a bias for each place of the output in Conv2d(3, 16",
            id="bias for each place",
        ),
        pytest.param(
            STRIDED,
            FIRST + SECOND - 32 + 16 + 92490,
            "wrong-operand",
            "a bias for each input in Conv2d(16, 32",
            id="bias for each input",
        ),
        pytest.param(
            STRIDED,
            FIRST + SECOND + 32 + 92490,
            "done-twice",
            "the bias counted twice in Conv2d(16, 32",
            id="bias twice",
        ),
        pytest.param(
            PLAIN,
            28 * 28 * 16 * 75 + 12 * 12 * 32 * 144 + 156800 + 1000,
            "shape",
            "no padding in Conv2d(16, 32, 3, padding=1) (operations",
            id="operations of one layer without its padding",
        ),
        pytest.param(
            STRIDED,
            33 * 33 * 16 * 27 + 17 * 17 * 32 * 144 + 92480,
            "shape",
            "no stride in Conv2d(3, 16, 3, stride=2, padding=1) (operations",
            id="operations of one layer without its stride",
        ),
        pytest.param(
            DEPTHWISE,
            9 * 32 * 32 + 32 + 32 * 64 + 64,
            "extra-factor",
            "no groups in Conv2d(32, 32, 3, 1, 1, 1, 32)",
            id="depthwise counted as full",
        ),
        pytest.param(
            DEPTHWISE,
            12 * 12 * 9 * 32 + 14 * 14 * 32 * 64,
            "shape",
            "no padding in Conv2d(32, 32, 3, 1, 1, 1, 32) (operations",
            id="settings without names",
        ),
        pytest.param(
            DEPTHWISE,
            13 * 13 * 9 * 32 + 14 * 14 * 32 * 64,
            "off-by-one",
            "an output one place smaller in Conv2d(32, 32, 3",
            id="size without its plus 1",
        ),
        pytest.param(
            DILATED,
            20 * 7 * 35 + 16 * 5 * 77,
            "shape",
            "no dilation in Conv1d(7, 11, 5, dilation=2)",
            id="dilation forgotten",
        ),
        pytest.param(
            STRIDED, 95778, "digit", "the digits 7 and 5 exchanged in 97,578", id="digits exchanged"
        ),
        pytest.param(STRIDED, 97570, "digit", "the digit 0 for 8 in 97,578", id="a digit"),
    ],
)
def test_a_slip_is_named(text, total, code, words):
    found = explanations(text, total)
    assert any(own == code and words in sentence for own, sentence in found)
    assert len(found) <= 5


@pytest.mark.parametrize(
    ("total", "words"),
    [
        pytest.param(2 * 2_001_768, "2 for every multiply-add", id="two for one"),
        pytest.param("160.0K", "K = 1024", id="K"),
        pytest.param(163_798 + 32, "running means and variances", id="batch norm with its statistics"),
        pytest.param(163_798 - 32, "without normalisation", id="batch norm left out"),
        pytest.param("164K", "is, rounded, what comes out", id="rounded"),
    ],
)
def test_a_convention_is_named_before_any_slip(total, words):
    # 75 16 28 28 + 144 32 14 14 + 1568 100 + 100 10 = 2,001,768
    found = explanations(PLAIN, total)
    assert all(code == "" for code, _ in found)
    assert any(words in sentence for _, sentence in found)


def test_nothing_is_made_up():
    assert explanations(MODULE, 261_696 + 12_345) == []
