"""Networks as texts: what they are read as, and what is said of texts that are none."""

import pytest

from derive.counting.describe import network_from_text
from derive.graphs.network import NetworkError
from derive.graphs.network_text import shape_of
from derive.tensor.index import size


def calls(text, **variables):
    return [node.call for node in network_from_text(text, variables=variables).nodes if node.layer != "Input"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("nn.Conv2d(3, 8, 3) -> F.relu()", ["Conv2d(3, 8, 3)", "relu()"], id="prefixes"),
        pytest.param("w = 4\nConv2d(3, 2 * w + 1, (3, 5))", ["Conv2d(3, 9, (3, 5))"], id="arithmetic"),
        pytest.param("repeat 2:\n    ReLU()\nTanh()", ["ReLU()", "ReLU()", "Tanh()"], id="repeat"),
        pytest.param("3 * ReLU()", ["ReLU()"] * 3, id="times"),
        pytest.param("for c in [5, 7]:\n    LazyLinear(c)", ["LazyLinear(5)", "LazyLinear(7)"], id="loop"),
        pytest.param("ReLU() if 2 > 3 else Tanh()", ["Tanh()"], id="choice"),
        pytest.param("a = 1\nif a == 1:\n    ReLU()\nelse:\n    Tanh()", ["ReLU()"], id="if"),
        pytest.param(
            "def B(c, act=ReLU):\n    LazyConv2d(c, 3) -> act()\nB(7)\nB(5, Tanh)",
            ["LazyConv2d(7, 3)", "ReLU()", "LazyConv2d(5, 3)", "Tanh()"], id="block",
        ),
        pytest.param(
            "Linear(\n    3,  # in\n    8\n)\n-> ReLU()",
            ["Linear(3, 8)", "ReLU()"], id="over lines",
        ),
        pytest.param("Conv2d(C, O, k, bias=False)", ["Conv2d(C, O, k, bias=False)"], id="letters"),
        pytest.param("Residual(ReLU())", ["ReLU()", "Add()"], id="residual"),
        pytest.param("x + ReLU()", ["ReLU()", "Add()"], id="sum of what layers put out"),
    ],
)  # fmt: skip
def test_layers(text, expected):
    assert calls(text) == expected


def test_branches_start_at_what_came_before_and_read_named_values():
    network = network_from_text("a = ReLU()\nb = Tanh()\nConcat(a, Sigmoid(), x)")
    reads = [(node.layer, node.inputs) for node in network.nodes[1:]]
    assert reads == [("ReLU", (0,)), ("Tanh", (1,)), ("Sigmoid", (2,)), ("Concat", (1, 3, 0))]


def test_variables_from_outside_win():
    assert calls("w = 4\nLazyConv2d(w, 3)", w=11) == ["LazyConv2d(11, 3)"]


def test_experts_are_many_of_which_few_run():
    network = network_from_text("Experts(8, 2, Linear(5, 5) -> ReLU())")
    assert [(node.copies, node.runs) for node in network.nodes[1:]] == [(8, 2), (8, 2)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "Conv2D(3, 8, 3)",
            "line 1: there is no layer Conv2D; did you mean Conv2d", id="unknown layer",
        ),
        pytest.param(
            "ReLU()\nFoo(3)",
            "line 2: there is no layer Foo; `def Foo(...):` with its layers", id="how to define",
        ),
        pytest.param("def B(c):\n    ReLU()\nB()", "line 3: B needs c; it takes c", id="missing setting"),
        pytest.param("def B(width):\n    ReLU()\nB(widht=3)", "did you mean width?", id="unknown setting"),
        pytest.param("ReLU(", "line 1: a bracket is never closed", id="bracket"),
        pytest.param(
            "ReLU() ->",
            "line 1, column 10: something is missing at the end", id="arrow to nothing",
        ),
        pytest.param("ReLU()\n    Tanh()", "line 2: is indented, and line 1 opens nothing", id="indentation"),
        pytest.param(
            "repeat n:\n    ReLU()",
            "how often is a whole number up to 10000; came n", id="letters do not repeat",
        ),
        pytest.param("def B():\n    B()\nB()", "B is used inside itself", id="recursion"),
        pytest.param("x = 3 $ 4", "column 7: '$' has no meaning here", id="sign"),
        pytest.param("2 ** 65", "an exponent is a whole number from 0 to 64", id="exponent"),
        pytest.param("w = 3", "there is no layer in this text", id="no layer"),
        pytest.param(
            "repeat 10000:\n    repeat 10000:\n        ReLU()",
            "more than 100000 layers", id="too many",
        ),
        pytest.param("(" * 90 + "1" + ")" * 90, "more than 60 brackets inside each other", id="too deep"),
    ],
)  # fmt: skip
def test_messages(text, message):
    with pytest.raises(NetworkError) as raised:
        network_from_text(text)
    assert message in str(raised.value)


@pytest.mark.parametrize("text", ["__import__('os')", "().__class__", "lambda: 1", "open('x')", "x.__dict__"])
def test_text_is_never_evaluated(text):
    with pytest.raises(NetworkError):
        network_from_text(text)


def test_shapes():
    assert shape_of("3x224x224") == shape_of("3 × 224 × 224") == shape_of("(3, 224, 224)") == (3, 224, 224)
    assert shape_of("C_in x n") == (size("C_in"), size("n"))
    with pytest.raises(NetworkError, match="sizes like 3x224x224"):
        shape_of("3x-1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "conv 5x5, 16, stride 2, pad 2 -> pool 2x2 -> fc 120",
            ["LazyConv2d(16, (5, 5), stride=2, padding=2)", "MaxPool2d((2, 2))", "fc(120)"], id="arrows",
        ),
        pytest.param(
            "conv3-64\nrelu\nmaxpool 2x2 stride 2\nfc 4096",
            ["LazyConv2d(64, (3, 3))", "ReLU()", "MaxPool2d((2, 2), stride=2)", "fc(4096)"], id="VGG",
        ),
        pytest.param(
            "conv 3x3, 32 filters, same -> avg pool 2 -> gap -> dense 10 -> softmax",
            ["LazyConv2d(32, (3, 3), padding='same')", "AvgPool2d(2)", "GlobalAvgPool2d()", "fc(10)",
             "Softmax()"],
            id="words",
        ),
        pytest.param(
            "conv 16@5x5 s2 p2 -> pool 3x3 s2", ["LazyConv2d(16, (5, 5), stride=2, padding=2)",
            "MaxPool2d((3, 3), stride=2)"], id="short",
        ),
        pytest.param(
            "| layer | filters | kernel | stride | padding |\n|---|---|---|---|---|\n"
            "| conv | 6 | 5x5 | 1 | 2 |\n| avg pool | - | 2x2 | 2 | |\n| fc | 120 | | | |",
            ["LazyConv2d(6, (5, 5), stride=1, padding=2)", "AvgPool2d((2, 2), stride=2)", "fc(120)"],
            id="table",
        ),
    ],
)  # fmt: skip
def test_notes_of_exam_sheets(text, expected):
    assert calls(text) == expected


def test_a_note_that_leaves_something_out_says_so():
    with pytest.raises(
        NetworkError, match=r"layer 1: 'conv 5x5': how many kernels \(output channels\) is not said"
    ):
        network_from_text("conv 5x5 -> fc 10")
    assert (
        "a pooling layer without a stride has that of its size"
        in network_from_text("conv 3x3, 8 -> pool 2x2").assumed
    )


PRINTED = """Net(
  (features): Sequential(
    (0): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))
    (1): ReLU(inplace=True)
    (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
  )
  (layers): ModuleList(
    (0-1): 2 x BatchNorm2d(6, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  )
  (head): Linear(in_features=1176, out_features=10, bias=True)
)"""


def test_printed_models():
    network = network_from_text(PRINTED)
    assert [node.layer for node in network.nodes[1:]] == [
        "Conv2d", "ReLU", "MaxPool2d", "BatchNorm2d", "BatchNorm2d", "Flatten", "Linear",
    ]  # fmt: skip
    assert network.nodes[1].path == "features.0"
    assert any("Net is read as a sequence" in one for one in network.assumed)
    assert "flattened before the first fully connected layer" in network.assumed


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1+" * 50_000 + "1", id="long sum"),
        pytest.param("-" * 5_000 + "1", id="signs"),
        pytest.param("a if b else " * 3_000 + "c", id="choices"),
        pytest.param("Sequential(" * 3_000 + "ReLU()" + ")" * 3_000, id="brackets"),
        pytest.param("[" * 5_000 + "conv 3x3 8" + "]" * 5_000, id="brackets of a note"),
        pytest.param("-" * 60_000 + "conv 3x3 8", id="dashes"),
        pytest.param("conv " + "3x" * 50_000 + "3 8", id="sizes"),
        pytest.param("conv 3x3 8 " + "stride " * 20_000, id="words"),
        pytest.param("Net(\n  (a): 99999999999 x Linear(3, 3)\n)", id="copies"),
        pytest.param(
            "Net(\n" + "".join(" " * (2 * k + 2) + "(a): Sequential(\n" for k in range(500)), id="modules"
        ),
    ],
)
def test_hostile_texts_get_one_clear_line(text):
    with pytest.raises(NetworkError) as raised:
        network_from_text(text)
    assert len(str(raised.value)) < 400
    assert "\n" not in str(raised.value)
