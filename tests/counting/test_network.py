"""Counts of layers by hand, what is said where sizes do not fit, conventions, slips, inverse questions."""

import pytest
import sympy as sp

from derive.counting.backward import count_backward
from derive.counting.comparison import compare_networks
from derive.counting.conventions import conventions_from
from derive.counting.describe import network_from_text
from derive.counting.explain import explain, target_of
from derive.counting.fit import condition_from, fit, ranges_from
from derive.counting.memory import memory
from derive.counting.network import count_network
from derive.counting.working import reasons, sum_of, working
from derive.graphs.network import NetworkError
from derive.tensor.index import size


def counted(text, *shapes, convention=(), **settings):
    in_force = conventions_from(convention)
    return count_network(network_from_text(text, variables=settings), shapes, conventions=in_force.network)


NAIVE = "Concat(Conv2d(256, 128, 1), Conv2d(256, 192, 3, padding=1), Conv2d(256, 96, 5, padding=2)) -> ReLU()"
BOTTLENECK = """
def Unit(c_in, c_out, k):
    Conv2d(c_in, c_out, k, padding=k // 2) -> ReLU()
Concat(Unit(256, 128, 1), Unit(256, 64, 1) -> Unit(64, 192, 3),
       Unit(256, 64, 1) -> Unit(64, 96, 5), MaxPool2d(3, 1, padding=1) -> Unit(256, 64, 1))
"""


@pytest.mark.parametrize(
    ("text", "shape", "expected"),
    [
        pytest.param(
            NAIVE, (256, 32, 32),
            {"parameters": 1_089_952, "multiplications": 1_115_684_864, "additions": 1_115_684_864,
             "activation_evaluations": 425_984}, id="naive Inception",
        ),
        pytest.param(
            BOTTLENECK, (256, 32, 32),
            {"parameters": 346_720, "multiplications": 354_418_688, "additions": 354_418_688,
             "activation_evaluations": 622_592}, id="Inception with bottlenecks",
        ),
        pytest.param(
            "Conv2d(192, 32, 5, padding=2)", (192, 28, 28), {"multiplications": 120_422_400}, id="5x5"
        ),
        pytest.param(
            "Conv2d(192, 16, 1) -> Conv2d(16, 32, 5, padding=2)", (192, 28, 28),
            {"multiplications": 12_443_648}, id="5x5 through a bottleneck",
        ),
        pytest.param(  # 7 groups of 2 x 3 x 5 weights; 4 x 2 outputs each
            "Conv2d(14, 21, (3, 5), groups=7, bias=False)", (14, 6, 6),
            {"parameters": 21 * 2 * 15, "multiply_adds": 21 * 2 * 15 * 8, "bias_additions": 0}, id="groups",
        ),
        pytest.param(  # (9 - 1) comparisons for each of 5 x 3 x 3 outputs
            "MaxPool2d(3, 2)", (5, 7, 7), {"parameters": 0, "comparisons": 8 * 5 * 9}, id="max pooling"
        ),
        pytest.param(  # a window of 2 x 3
            "MaxPool2d((2, 3))", (5, 4, 6), {"comparisons": 5 * 5 * 4}, id="a window that is not square"
        ),
        pytest.param("AdaptiveAvgPool1d(1)", (5, 7), {"additions": 5 * 6}, id="the mean of a sequence"),
        pytest.param(
            "BatchNorm2d(7)", (7, 3, 3),
            {"parameters": 14, "buffers": 14}, id="batch normalisation",
        ),
        pytest.param(
            "BatchNorm2d(7, affine=False)", (7, 3, 3),
            {"parameters": 0, "buffers": 14}, id="no scale",
        ),
        pytest.param("LayerNorm(7)", (5, 7), {"parameters": 14, "buffers": 0}, id="layer normalisation"),
        pytest.param("RMSNorm(7)", (5, 7), {"parameters": 7}, id="root mean square normalisation"),
        pytest.param("GroupNorm(2, 6)", (6, 3, 3), {"parameters": 12}, id="group normalisation"),
        pytest.param("Embedding(11, 7)", (5,), {"parameters": 77, "multiply_adds": 0}, id="embedding"),
        pytest.param(
            "PReLU(7)", (7, 3, 3),
            {"parameters": 7, "activation_evaluations": 63}, id="a learned slope",
        ),
        pytest.param(  # both directions of two layers: 2 (4 (35 + 25 + 5)) and 2 (4 (50 + 25 + 5))
            "LSTM(7, 5, num_layers=2, bidirectional=True)", (3, 7),
            {"parameters": 2 * 4 * (35 + 25 + 10) + 2 * 4 * (50 + 25 + 10)}, id="LSTM, both ways",
        ),
        pytest.param(  # 8 experts of 2 (5 * 5 + 5) numbers, 2 of which run: 2 * 2 * 25 products each
            "Experts(8, 2, Linear(5, 5) -> ReLU() -> Linear(5, 5))", (3, 5),
            {"parameters": 8 * 60, "multiply_adds": 3 * 2 * 50}, id="a mixture of experts",
        ),
        pytest.param(
            "Linear(5, 7, tied='w') -> Linear(7, 5) -> Linear(5, 7, tied='w')", (5,),
            {"parameters": 42 + 40}, id="shared weights count once",
        ),
        pytest.param(
            "Linear(5, 7, frozen=True)", (5,), {"parameters": 42, "trainable": 0}, id="frozen weights"
        ),
        pytest.param("x + ReLU()", (5, 3), {"additions": 15}, id="a residual sum"),
    ],
)  # fmt: skip
def test_counts(text, shape, expected):
    totals = counted(text, shape).totals
    assert {name: totals[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "shape", "out"),
    [
        pytest.param(
            "Conv2d(1, 1, 3)\nConv2d(1, 1, 5, stride=2)\nConv2d(1, 1, 5, stride=2)", (1, 39, 39),
            (1, 7, 7), id="39 to 7",
        ),
        pytest.param(
            "Conv2d(1, 1, 3, stride=2, padding='same')", (1, 7, 8),
            (1, 4, 4), id="TensorFlow's same",
        ),
        pytest.param("Conv2d(1, 1, 4, padding='same')", (1, 7, 8), (1, 7, 8), id="same for an even kernel"),
        # PyTorch: a last window has to begin inside the input or the padding before it
        pytest.param("MaxPool2d(3, 2, ceil_mode=True)", (1, 112, 6), (1, 56, 3), id="one window further"),
        pytest.param(
            "MaxPool2d(2, 2, padding=1, ceil_mode=True)", (1, 3, 5),
            (1, 2, 3), id="not one that begins outside",
        ),
        pytest.param(
            "MaxPool2d(1, 3, ceil_mode=True)", (1, 5, 4),
            (1, 2, 2), id="a stride beyond the window",
        ),
        pytest.param(
            "ConvTranspose2d(1, 1, 3, stride=2, padding=1, output_padding=1)", (1, 7, 5),
            (1, 14, 10), id="transposed",
        ),
        pytest.param("Conv2d(1, 1, 3, dilation=2)", (1, 9, 7), (1, 5, 3), id="dilation"),
        pytest.param("AdaptiveAvgPool2d((None, 3))", (1, 5, 9), (1, 5, 3), id="adaptive pooling"),
        pytest.param("Upsample(scale_factor=2) -> PixelShuffle(2)", (4, 3, 5), (1, 12, 20), id="larger"),
        pytest.param("Upsample(scale_factor=1.5)", (4, 3, 5), (4, 4, 7), id="larger by a fraction"),
        pytest.param("Upsample((7, 4), mode='bilinear')", (4, 3, 5), (4, 7, 4), id="to a size"),
        pytest.param("Flatten() -> Unflatten(1, (3, -1, 2))", (4, 3, 5), (3, 10, 2), id="reshaping"),
    ],
)  # fmt: skip
def test_sizes(text, shape, out):
    assert counted(text, shape).rows[-1].shape == out


@pytest.mark.parametrize(
    ("text", "shape", "multiplications", "additions"),
    [
        # w0 a + w1 b along a line; two such and one more on an image, four and two and one in a volume
        pytest.param("Upsample(scale_factor=2, mode='linear')", (3, 5), 2 * 30, 30, id="line"),
        pytest.param("UpsamplingBilinear2d((4, 7))", (3, 5, 2), 6 * 84, 3 * 84, id="image"),
        pytest.param("Upsample(2, mode='trilinear')", (3, 5, 1, 1), 14 * 24, 7 * 24, id="volume"),
        pytest.param("Upsample(scale_factor=2)", (3, 5), 0, 0, id="nearest"),
    ],
)
def test_interpolation_takes_two_neighbours_along_every_axis(text, shape, multiplications, additions):
    count = counted(text, shape)
    assert not count.lower_bound
    found = count.totals["multiplications"], count.totals["additions"]
    assert found == (multiplications, additions)


def test_local_response_normalisation_by_hand():
    """For each of 7 * 10 numbers 3 squares, 2 sums, times alpha/3, plus k, one power and one division."""
    count = counted("LocalResponseNorm(3)", (7, 2, 5))
    assert not count.lower_bound
    assert count.totals["normalisation_operations"] == 70 * (3 + 2 + 1 + 1 + 1 + 1)


def test_ceil_mode_is_pytorchs():
    torch = pytest.importorskip("torch")
    for n in range(3, 12):
        for kernel, stride, padding in [
            (2, 2, 0),
            (2, 2, 1),
            (3, 2, 0),
            (3, 2, 1),
            (3, 3, 1),
            (2, 3, 1),
            (3, 4, 1),
        ]:
            pool = torch.nn.MaxPool1d(kernel, stride, padding, ceil_mode=True)
            theirs = pool(torch.zeros(1, 1, n)).shape[2]
            text = f"MaxPool1d({kernel}, {stride}, padding={padding}, ceil_mode=True)"
            assert counted(text, (1, n)).rows[-1].shape == (1, theirs), text


def test_letters_everywhere():
    C, n, k, s, p, O = (size(name) for name in ("C_in", "n", "k", "s", "p", "C_out"))
    count = counted("Conv2d(C_in, C_out, k, stride=s, padding=p)", (C, n, n))
    out = sp.floor((n + 2 * p - k) / s) + 1
    assert count.rows[0].shape == (O, out, out)
    assert sp.expand(count.totals["parameters"] - (k**2 * C * O + O)) == 0
    assert sp.expand(count.totals["multiplications"] - k**2 * C * O * out**2) == 0


@pytest.mark.parametrize(
    ("text", "shape", "message"),
    [
        pytest.param(
            "ReLU()\nConv2d(64, 192, 3)", (32, 9, 9),
            "line 2: Conv2d(64, 192, 3): needs input channels 64, came 32 (shape 32x9x9); "
            "Conv2d(32, 192, 3) would fit", id="channels",
        ),
        pytest.param(
            "Linear(9, 5)", (7,),
            "needs features 9, came 7 (shape 7); Linear(7, 5) would fit", id="features",
        ),
        pytest.param(
            "Conv2d(1, 1, 7)", (1, 5, 5),
            "the kernel covers 7 places and the input with its padding has 5 (shape 1x5x5); padding=1 or an "
            "input of at least 7 would fit", id="kernel",
        ),
        pytest.param(
            "Conv2d(6, 9, 3, groups=4)", (6, 5, 5),
            "6 input channels do not divide into 4 groups; groups in [1, 3]", id="groups",
        ),
        pytest.param(
            "Add(Conv2d(1, 1, 3), Conv2d(1, 1, 5, padding=2))", (1, 9, 9),
            "came 1x7x7 and 1x9x9", id="sum",
        ),
        pytest.param(
            "Concat(Conv2d(1, 1, 3), ReLU())", (1, 9, 9),
            "the branches have 1x7x7 and 1x9x9", id="branches",
        ),
        pytest.param(
            "Conv2d(1, 8)", (1, 9, 9),
            "kernel_size is missing; it is written Conv2d(in_channels", id="missing",
        ),
        pytest.param(
            "Conv2d(1, 8, 3, strides=2)", (1, 9, 9),
            "has no setting 'strides'; did you mean stride?", id="setting",
        ),
        pytest.param(
            "Conv2d(1, 8, -3)", (1, 9, 9),
            "kernel_size is a whole number of at least 1; came -3", id="negative",
        ),
        pytest.param("Conv2d(1, 8, 3)", (5,), "needs channels and 2 axes in space; came 5", id="rank"),
        pytest.param("LSTM(7, 5)", (3, 9), "needs features 7, came 9", id="recurrent"),
        pytest.param("F.relu(y)", (3,), "relu(y): inplace is True or False; came y", id="no such value"),
        pytest.param(
            "ConvTranspose2d(3, 4, 2, padding='full')", (3, 5, 5),
            "padding is a number, or for a kernel in numbers 'same' or 'valid'; came 'full'", id="word",
        ),
        pytest.param(
            "Upsample(scale_factor=0.1)", (3, 9),
            "leaves no places of 3x9; a scale_factor of at least 1 enlarges", id="nothing is left",
        ),
        pytest.param(
            "Upsample(scale_factor=2, mode='bilinear')", (3, 9),
            "mode='bilinear' is for another number of axes in space; here it is 'linear'", id="interpolation",
        ),
        pytest.param(
            "MultiheadAttention(10, 3)", (4, 10),
            "a width of 10 does not divide into 3 heads", id="heads",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit(text, shape, message):
    with pytest.raises(NetworkError) as raised:
        counted(text, shape)
    assert message in str(raised.value)


def test_an_input_has_to_be_said():
    with pytest.raises(NetworkError, match="how large the input x is has to be said: --input 3x224x224"):
        counted("ReLU()")


@pytest.mark.parametrize(
    ("convention", "value"),
    [  # 3 -> 5 channels, 3x3, on 7x7 without padding: 25 places
        pytest.param("mac", 27 * 5 * 25, id="multiply-adds"),
        pytest.param("mac+bias", 28 * 5 * 25, id="and biases"),
        pytest.param("2mac", 2 * 27 * 5 * 25, id="two each"),
        pytest.param("exact", (27 + 26 + 1) * 5 * 25, id="n products, n - 1 sums, a bias"),
        pytest.param("multiplications", 27 * 5 * 25, id="multiplications"),
    ],
)
def test_conventions(convention, value):
    in_force = conventions_from([convention])
    assert in_force.operations.value(counted("Conv2d(3, 5, 3)", (3, 7, 7)).totals) == value


def test_an_unknown_convention_is_named():
    with pytest.raises(NetworkError, match="unknown convention '2mak'; did you mean 2mac"):
        conventions_from(["2mak"])


def test_memory_by_hand():
    """Linear 5 -> 7 for one row: 42 parameters, 5 + 7 activations, 4 bytes each."""
    found = memory(counted("Linear(5, 7)", (5,)), conventions_from(["adam"]))
    assert found["parameters"] == 168
    assert found["activations"] == 48
    assert found["training"] == 168 + 168 + 2 * 168 + 48
    assert memory(counted("Linear(5, 7)", (5,)), conventions_from(["float16", "sgd"]))["training"] == 2 * (
        84 + 12
    )


def test_the_sum_that_a_student_writes():
    lines = working(counted(NAIVE, (256, 32, 32)), "parameters")
    assert sum_of(lines, "text") == "(1^2*256*128 + 128) + (3^2*256*192 + 192) + (5^2*256*96 + 96)"
    assert sum_of(lines).startswith(r"(1^2 \cdot 256 \cdot 128 + 128) + (3^2 \cdot 256 \cdot 192 + 192)")


def test_why_a_count_is_what_it_is():
    count = counted("Conv2d(256, 192, 3, padding=1)", (256, 32, 32))
    expected = (
        "each of its 192*32^2 outputs needs C*k^2 = 3^2*256 products, C*k^2 - 1 sums, and 1 for the bias"
    )
    assert reasons(count.rows[0]) == (expected,)


@pytest.mark.parametrize(
    ("text", "shape", "total", "slip", "code"),
    [
        pytest.param(
            NAIVE, (256, 32, 32), "696,736",
            "3 for 5 in Conv2d(256, 96, 5, padding=2) in the third branch", "wrong-kernel", id="kernel",
        ),
        pytest.param(
            "Conv2d(3, 10, 3)", (3, 9, 9), "100", "1 input channel in Conv2d(3, 10, 3)",
            "missing-channels", id="channels",
        ),
        pytest.param(
            "Linear(5, 7) -> Linear(7, 3)", (5,), "24", "Linear(5, 7) left out",
            "lost-term", id="a layer missed",
        ),
        pytest.param(
            "Linear(5, 7) -> Linear(7, 3)", (5,), "59", "no bias in Linear(5, 7)",
            "missing-bias", id="a bias",
        ),
    ],
)  # fmt: skip
def test_slips_are_reproduced(text, shape, total, slip, code):
    found = explain(counted(text, shape), target_of(total))
    assert (slip, code) in [(one.slips[0], one.code) for one in found if one.slips]


@pytest.mark.parametrize(
    ("total", "quantity", "reading"),
    [
        pytest.param("1,089,952", "parameters", "exact", id="exact"),
        pytest.param("1.09M", "parameters", "rounded", id="rounded"),
        pytest.param("1.08M", "parameters", "truncated", id="cut off"),
        pytest.param("2.23G", "operations", "rounded", id="two for a multiply-add"),
        pytest.param("1,089,536", "parameters", "exact", id="without biases"),
        pytest.param("4.16 MB", "bytes of parameters", "rounded", id="bytes, K = 1024"),
    ],
)
def test_conventions_are_inferred(total, quantity, reading):
    found = explain(counted(NAIVE, (256, 32, 32)), target_of(total))
    assert (quantity, reading) in [(one.quantity, one.reading) for one in found if not one.slips]


def test_what_nothing_gives_is_not_explained():
    assert explain(counted("Linear(5, 7)", (5,)), target_of("1000003")) == []


@pytest.mark.parametrize(
    ("text", "shape", "ranges", "wanted", "solutions"),
    [
        pytest.param(
            "Conv2d(1, 1, k, padding=p)", (1, 9, 9), ["k=1..7", "p=0..4"], "output = same",
            [{"k": 1, "p": 0}, {"k": 3, "p": 1}, {"k": 5, "p": 2}, {"k": 7, "p": 3}], id="same padding",
        ),
        pytest.param(
            "repeat n:\n    Conv2d(1, 1, 3)", (1, 99, 99), ["n=1..40"], "receptive = 31", [{"n": 15}],
            id="how many 3x3 layers see 31",
        ),
        pytest.param(  # 224 = 7 * 32, and a kernel k with stride s leaves 1 + (224 - k) // s
            "Conv2d(1, 1, k, stride=s)", (1, 224, 224), ["k=32", "s=29..33"], "output = 7x7",
            [{"k": 32, "s": 29}, {"k": 32, "s": 30}, {"k": 32, "s": 31}, {"k": 32, "s": 32}],
            id="7x7 from 224",
        ),
    ],
)  # fmt: skip
def test_inverse_questions(text, shape, ranges, wanted, solutions):
    found = fit(text, [shape], ranges_from(ranges), [condition_from(wanted)])
    assert [dict(solution) for solution, _ in found.found] == solutions


def test_the_largest_bottleneck_that_halves_the_multiplications():
    """28^2 (192 m + 25 * 32 m) <= 28^2 * 25 * 192 * 32 / 2 for m <= 76800 / 992 = 77.4."""
    other = counted("Conv2d(192, 32, 5, padding=2)", (192, 28, 28))
    text = "Conv2d(192, m, 1) -> Conv2d(m, 32, 5, padding=2)"
    wanted = [condition_from("multiplications <= 1/2 other")]
    found = fit(text, [(192, 28, 28)], ranges_from(["m=70..90"]), wanted, other)
    assert [solution["m"] for solution, _ in found.found] == list(range(70, 78))


def test_the_ratio_of_two_networks_as_a_formula():
    """Howard et al. (2017), section 3.1: 1/N + 1/D_K^2."""
    C, n, k, O = (size(name) for name in "CnkO")
    separable = counted("Conv2d(C, C, k, groups=C, bias=False) -> Conv2d(C, O, 1, bias=False)", (C, n, n))
    full = counted("Conv2d(C, O, k, bias=False)", (C, n, n))
    ratios = {one.quantity: one.ratio for one in compare_networks(separable, full)}
    assert sp.simplify(ratios["multiply_adds"] - (1 / O + 1 / k**2)) == 0


def test_the_backward_pass_of_two_layers_by_hand():
    """Rows of 5: dW of both layers and dx of the second, which has a trained layer before it."""
    text = "Linear(5, 7) -> Linear(7, 3)"
    found = count_backward(counted(text, (5,)))
    assert found.totals["multiply_adds"] == 5 * 7 + 7 * 3 + 7 * 3


def test_the_backward_pass_of_a_convolution_takes_twice_the_forward():
    count = counted("Conv2d(3, 5, 3) -> Conv2d(5, 7, 3)", (3, 9, 9))
    first, second = (row.counts["multiply_adds"] for row in count.rows)
    assert count_backward(count).totals["multiply_adds"] == first + 2 * second
