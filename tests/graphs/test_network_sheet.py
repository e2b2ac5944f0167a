"""Exam sheets' notes and papers' tables: what they are read as, what is assumed, what is refused.

Expected sizes and parameters are worked by hand, in the comments where they are not plain.
"""

import pytest

from derive.counting.describe import network_from_text
from derive.counting.network import count_network
from derive.counting.stated import differences
from derive.graphs.network import NetworkError


def counted(text, *shapes):
    return count_network(network_from_text(text), shapes)


def sizes(count):
    return ["x".join(map(str, row.shape)) for row in count.rows]


IMAGE, GREY = (3, 32, 32), (1, 28, 28)


@pytest.mark.parametrize(
    ("text", "shape", "expected", "parameters"),
    [
        pytest.param('5x5 conv, 32 filters, s=2, "same"', IMAGE, ["32x16x16"], 2432, id="kernel first"),
        pytest.param("Conv(5,16)/2", IMAGE, ["16x14x14"], 75 * 16 + 16, id="slash"),
        pytest.param("C5-16 S2 F120", (1, 32, 32), ["16x28x28", "16x14x14", "120"],
                     25 * 16 + 16 + 16 * 14 * 14 * 120 + 120, id="codes"),
        pytest.param("20C5-MP2-50C5-MP2-500FC-10FC", GREY,
                     ["20x24x24", "20x12x12", "50x8x8", "50x4x4", "500", "10"],
                     520 + 25050 + 400500 + 5010, id="Caffe's LeNet"),
        # LeNet-5 with full connections: 456 + 2416 + 48120 + 10164 + 850
        pytest.param("32x32x3 -> 5x5 conv, 6 filters, valid, stride 1 -> 2x2 avg pool, stride 2 -> "
                     "5x5 conv 16 -> 2x2 avg pool stride 2 -> FC 120 -> FC 84 -> FC 10", IMAGE,
                     ["6x28x28", "6x14x14", "16x10x10", "16x5x5", "120", "84", "10"], 62_006,
                     id="a size first"),
        pytest.param("deconv 4x4, 16, stride 2, pad 1 -> transposed conv 4x4, 1 filter, stride 2, pad 1",
                     (32, 7, 7), ["16x14x14", "1x28x28"], 32 * 16 * 16 + 16 + 16 * 16 + 1,
                     id="transposed"),
        pytest.param("32C3-P2-10N", GREY, ["32x26x26", "32x13x13", "10"], 320 + 54090, id="code with N"),
        pytest.param("[conv 3x3 8 pad 1 - relu - pool 2x2]x2 - fc 10", IMAGE,
                     ["8x32x32", "8x32x32", "8x16x16", "8x16x16", "8x16x16", "8x8x8", "10"],
                     224 + 584 + 5130, id="repeated group"),
        pytest.param("(conv 3x3 8 -> relu)x2", IMAGE, ["8x30x30", "8x30x30", "8x28x28", "8x28x28"], 224 + 584,
                     id="round brackets"),
        pytest.param("conv 3x3, 64 x2", IMAGE, ["64x30x30", "64x28x28"], 1792 + 36928, id="twice"),
        pytest.param("2 x conv3-64 -> pool 2 x 2", IMAGE, ["64x30x30", "64x28x28", "64x14x14"], 1792 + 36928,
                     id="number before"),
        pytest.param("conv3-64, same -> maxpool -> FC-100", IMAGE, ["64x32x32", "64x16x16", "100"],
                     1792 + 1638500, id="VGG"),
        pytest.param("conv 3x3x64 -> conv 1x1 32", IMAGE, ["64x30x30", "32x30x30"], 1792 + 2080, id="depth"),
        pytest.param("32 filters of 5x5x3 conv", IMAGE, ["32x28x28"], 2432, id="depth is the input's"),
        pytest.param("conv(3x3, 64, stride 1, pad 1) -> relu -> maxpool(2x2) -> fc(10)", IMAGE,
                     ["64x32x32", "64x32x32", "64x16x16", "10"], 1792 + 163850, id="brackets"),
        pytest.param("conv 3x3 64 without bias, batch norm, relu -> global average pooling -> fc 10 softmax",
                     IMAGE, ["64x30x30", "64x30x30", "64x30x30", "64", "10", "10"], 1728 + 128 + 650,
                     id="words"),
        pytest.param("5x5 conv 32, 2x2 max pooling, fc 10", IMAGE, ["32x28x28", "32x14x14", "10"],
                     2432 + 62730, id="commas"),
        pytest.param("conv1: 5x5, 16 -> pool1: 2x2 -> conv2: 3x3, 32 -> fc1: 100", IMAGE,
                     ["16x28x28", "16x14x14", "32x12x12", "100"], 1216 + 4640 + 460900, id="labels"),
        pytest.param("conv 7x7/2 64 pad 3 -> maxpool 3x3/2 pad 1", (3, 224, 224), ["64x112x112", "64x56x56"],
                     9472, id="stride after a slash"),
        pytest.param("fc 784x100 -> relu -> fc 100x10", (784,), ["100", "100", "10"], 79510, id="matrices"),
        pytest.param("hidden layer 100 units, sigmoid -> output layer 10", (784,), ["100", "100", "10"],
                     79510, id="hidden"),
        pytest.param("CONV 3x3 8 | RELU | POOL 2 | FC 10", IMAGE, ["8x30x30", "8x30x30", "8x15x15", "10"],
                     224 + 18010, id="bars"),
        pytest.param("MLP 784-500-10", (784,), ["500", "10"], 784 * 500 + 500 + 5010, id="perceptron"),
        pytest.param("784 -> 100 -> 10", (784,), ["100", "10"], 79510, id="widths"),
        pytest.param("conv k3n64s1 -> conv k9 n3 same", IMAGE, ["64x30x30", "3x30x30"],
                     1792 + 81 * 64 * 3 + 3, id="k, n and s"),
        pytest.param("3x3 conv, 64 ch, /2", IMAGE, ["64x15x15"], 1792, id="ch"),
        pytest.param("INPUT: [3x32x32] -> conv 3x3 64", IMAGE, ["64x30x30"], 1792, id="input in brackets"),
        pytest.param("16 5x5 filters conv stride of 2", IMAGE, ["16x14x14"], 1216, id="filters last"),
    ],
)  # fmt: skip
def test_notes(text, shape, expected, parameters):
    count = counted(text, shape)
    assert (sizes(count), count.totals["parameters"]) == (expected, parameters)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("conv 5x5 16 stride", "the number of stride is missing", id="no number"),
        pytest.param("conv 5x5 16 dilated 2", "'dilated' has no meaning here", id="word"),
        pytest.param("conv 3x3 8 with 7 something", "'something' has no meaning", id="nothing passed over"),
        pytest.param("conv 5x5 16 pad -1", "a negative number has no meaning", id="negative"),
        pytest.param("conv 7, 5", "which of 7 and 5 is the kernel's size? Write 5x5", id="two numbers"),
        pytest.param("conv 5x5 5 filters 16", "what is 5?", id="number over"),
        pytest.param("conv 3x3 stride 1 stride 2 8", "stride is said twice: 1 and 2", id="twice"),
        pytest.param("[CONV-RELU-POOL]x2-FC", "the kernel's size (3x3) is not said", id="no sizes"),
        pytest.param("[conv 3x3 8 -> relu", "a bracket is never closed", id="bracket"),
        pytest.param("conv 3x3 8] -> relu", "closes nothing", id="closing bracket"),
        pytest.param("conv 3x3 8 pool 2", "Part two layers by an arrow", id="two layers"),
        pytest.param("[" * 30 + "conv 3x3 8" + "]" * 30, "more than 20 brackets", id="deep"),
        pytest.param("[[[conv 3x3 8]x999]x999]x999", "more than 10000 layers", id="many"),
        pytest.param("999999999 x conv3-8", "more than 10000 layers", id="many of one"),
    ],
)
def test_refused(text, message):
    with pytest.raises(NetworkError) as raised:
        network_from_text(text)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("text", "assumed"),
    [
        pytest.param("conv 3x3, 8", "a convolution has stride 1 and no padding", id="padding"),
        pytest.param("conv 3x3, 8", "have biases", id="bias"),
        pytest.param("pool 2x2", "has that of its size", id="stride of pooling"),
        pytest.param("pool 2x2", "pooling is max pooling", id="kind of pooling"),
        pytest.param("input 32x32x5 -> conv 3x3, 8", "the input 32x32x5 has 5 channels", id="channels last"),
        pytest.param("input 28x28 -> conv 3x3, 8", "the input 28x28 has one channel", id="grey"),
        pytest.param("conv 16, 5", "is read as a kernel of 5x5 and 16 channels", id="two numbers"),
    ],
)
def test_what_is_not_said_is_assumed_and_reported(text, assumed):
    assert any(assumed in one for one in network_from_text(text).assumed)


def test_sizes_between_arrows_are_held_against_what_comes_out():
    right = counted("input 32x32x3 -> conv 5x5, 6 -> 28x28x6 -> pool 2x2 -> 14x14x6 -> fc 120")
    assert differences(right) == ()
    # Without its padding the first convolution could give 28x28 only: the note leaves it open.
    padded = counted("input 32x32x3 -> conv 5x5, 6 -> 32x32x6 -> pool 2x2 -> 16x16x8")
    assert sizes(padded) == ["6x32x32", "6x16x16"]
    assert any("padding='same' gives the stated 32x32x6" in note for note in padded.notes)
    assert differences(padded) == ("layer 5: '16x16x8' says 16x16x8; it is 6x16x16",)
    strict = counted("input 32x32x3 -> conv 5x5, 6, pad 0 -> 32x32x6")
    assert differences(strict) == ("layer 3: '32x32x6' says 32x32x6; it is 6x28x28",)


LENET = """
| Layer | Feature Map | Size | Kernel Size | Stride | Activation |
|---|---|---|---|---|---|
| Input | Image | 32x32 | - | - | - |
| 1 Convolution | 6 | 28x28 | 5x5 | 1 | tanh |
| 2 Average Pooling | 6 | 14x14 | 2x2 | 2 | tanh |
| 3 Convolution | 16 | 10x10 | 5x5 | 1 | tanh |
| 4 Average Pooling | 16 | 5x5 | 2x2 | 2 | tanh |
| 5 Convolution | 120 | 1x1 | 5x5 | 1 | tanh |
| 6 FC | - | 84 | - | - | tanh |
| Output FC | - | 10 | - | - | softmax |"""

COURSE = """
| | Activation shape | Activation size | # parameters |
|---|---|---|---|
| Input: | (32,32,3) | 3072 | 0 |
| CONV1 (f=5, s=1) | (28,28,8) | 6272 | 608 |
| POOL1 | (14,14,8) | 1568 | 0 |
| CONV2 (f=5, s=1) | (10,10,16) | 1600 | {second} |
| POOL2 | (5,5,16) | 400 | 0 |
| FC3 | (120,1) | 120 | 48120 |
| FC4 | (84,1) | 84 | 10164 |
| Softmax | (10,1) | 10 | 850 |"""

MOBILE = """
| Type / Stride | Filter Shape | Input Size |
|---|---|---|
| Conv / s2 | 3 × 3 × 3 × 32 | 224 × 224 × 3 |
| Conv dw / s1 | 3 × 3 × 32 dw | 112 × 112 × 32 |
| Conv / s1 | 1 × 1 × 32 × 64 | 112 × 112 × 32 |"""


def test_the_usual_table_of_lenet():
    count = counted(LENET)
    # 156 + 2416 + 48120 + 10164 + 850, as 5 5 1 6 + 6 and so on
    assert count.totals["parameters"] == 61706
    assert differences(count) == ()


def test_a_course_table_with_its_well_known_errors():
    # The widely copied table of a course had 208 and 416 for 608 and 3216: channels of the input forgotten.
    assert differences(counted(COURSE.format(second=3216))) == ()
    (wrong,) = differences(counted(COURSE.format(second=416)))
    assert "CONV2" in wrong
    assert "says 416 parameters; it is 3,216" in wrong


def test_a_table_that_gives_input_sizes_settles_the_padding():
    count = counted(MOBILE)
    assert sizes(count) == ["32x112x112", "32x112x112", "64x112x112"]
    # Howard et al. count 3x3x3x32 at 112x112 as 10.8 M multiply-adds
    assert count.rows[0].counts["multiply_adds"] == 27 * 32 * 112 * 112


def test_the_first_row_of_googlenets_table_is_flagged():
    table = (
        "| type | patch size/stride | output size | depth | params | ops |\n|---|---|---|---|---|---|\n"
        "| convolution | 7×7/2 | 112×112×64 | 1 | 2.7K | 34M |\n| max pool | 3×3/2 | 56×56×64 | 0 | | |"
    )
    parameters, operations = differences(counted(table, (3, 224, 224)))
    assert "says 2.7K parameters; it is 9,472" in parameters
    assert "says 34M operations; it is 118,013,952" in operations


def test_rows_and_totals_that_cannot_be_are_flagged():
    table = """
| layer | filters | kernel | stride | pad | output | parameters |
|--|--|--|--|--|--|--|
| input | | | | | 3x32x32 | |
| conv | 16 | 3x3 | 1 | 1 | 16x32x32 | 448 |
| pool | | 2x2 | 2 | 0 | 16x15x15 | 0 |
| fc | 10 | | | | 10 | 40,970 |
| total | | | | | | 41,481 |"""
    pool, total = differences(counted(table))
    assert "says 16x15x15; it is 16x16x16" in pool
    assert "says 41,481 parameters; it is 41,418" in total


def test_columns_that_are_not_read_are_named():
    table = "| layer | filters | kernel | colour |\n|---|---|---|---|\n| conv | 8 | 3x3 | blue |"
    assert "the column 'colour' is not read" in network_from_text(table).assumed
