"""ONNX files, built here node by node."""

import math

import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper  # noqa: E402

from derive.counting.import_onnx import count_onnx  # noqa: E402


def weights(name, *shape):
    return helper.make_tensor(name, TensorProto.FLOAT, shape, bytes(4 * math.prod(shape)), raw=True)


@pytest.fixture
def path(tmp_path):
    """A small network: convolution, pooling, a residual sum, a fully connected layer."""
    nodes = [
        helper.make_node(
            "Conv", ["x", "W", "b"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]
        ),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Add", ["c", "r"], ["s"]),
        helper.make_node("MaxPool", ["s"], ["m"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["m"], ["f"]),
        helper.make_node("Gemm", ["f", "V", "a"], ["y"], transB=1),
    ]
    arrays = [weights("W", 5, 3, 3, 3), weights("b", 5), weights("V", 7, 20), weights("a", 7)]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 7])
    graph = helper.make_graph(nodes, "net", [given], [out], arrays)
    file = tmp_path / "net.onnx"
    onnx.save(helper.make_model(graph), str(file))
    return file


def test_a_file_counts_as_by_hand(path):
    totals = count_onnx(path).totals
    assert totals["parameters"] == 5 * 27 + 5 + 7 * 20 + 7
    assert totals["multiply_adds"] == 16 * 5 * 27 + 7 * 20  # 4 x 4 places
    assert totals["comparisons"] == 3 * 5 * 4


def test_an_unknown_operation_makes_a_lower_bound(path):
    model = onnx.load(str(path))
    model.graph.node[1].op_type = "Sinh"
    onnx.save(model, str(path))
    count = count_onnx(path)
    assert count.lower_bound
    assert count.network.unknown == ("the operation Sinh at r",)


def test_transposed_weights_and_means(tmp_path):
    """As PyTorch's exporters write a linear layer without folded constants, and a mean over places."""
    nodes = [
        helper.make_node("ReduceMean", ["x", "axes"], ["m"], keepdims=0),
        helper.make_node("Transpose", ["W"], ["V"], perm=[1, 0]),
        helper.make_node("MatMul", ["m", "V"], ["y"]),
    ]
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3])
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 5, 3, 7])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 11])
    graph = helper.make_graph(nodes, "net", [given], [out], [weights("W", 11, 5), axes])
    onnx.save(helper.make_model(graph), str(tmp_path / "net.onnx"))
    count = count_onnx(tmp_path / "net.onnx")
    assert count.totals["parameters"] == 55
    assert count.totals["multiply_adds"] == 55
    assert count.totals["additions"] == 5 * (3 * 7 - 1) + 11 * 4
    assert not count.lower_bound


def test_layers_of_exporters(tmp_path):
    """By hand: instance normalisation 2 C, a slope, bilinear places, an LSTM of 3 to 5 in two directions."""
    nodes = [
        helper.make_node("InstanceNormalization", ["x", "g", "o"], ["i"]),
        helper.make_node("PRelu", ["i", "s"], ["p"]),
        helper.make_node("LRN", ["p"], ["l"], size=3),
        helper.make_node("Resize", ["l", "", "", "sizes"], ["r"], mode="linear"),
        helper.make_node("GlobalAveragePool", ["r"], ["m"]),
        helper.make_node("Shape", ["m"], ["unused"]),
        helper.make_node("Squeeze", ["m", "last"], ["q"]),
        helper.make_node("Transpose", ["q"], ["t"], perm=[2, 0, 1]),
        helper.make_node("LSTM", ["t", "W", "R", "B"], ["y", "h"], hidden_size=5, direction="bidirectional"),
    ]
    arrays = [
        *(weights(name, 3) for name in "go"),
        weights("s", 1),
        weights("W", 2, 20, 3),
        weights("R", 2, 20, 5),
        weights("B", 2, 40),
        helper.make_tensor("sizes", TensorProto.INT64, [4], [1, 3, 8, 14]),
        helper.make_tensor("last", TensorProto.INT64, [1], [3]),
    ]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 7])
    out = helper.make_tensor_value_info("h", TensorProto.FLOAT, [2, 1, 5])
    graph = helper.make_graph(nodes, "net", [given], [out], arrays)
    onnx.save(helper.make_model(graph), str(tmp_path / "net.onnx"))
    count = count_onnx(tmp_path / "net.onnx")
    assert not count.lower_bound
    assert count.totals["parameters"] == 6 + 1 + 2 * (20 * 3 + 20 * 5 + 40)
    assert count.totals["multiply_adds"] == 2 * (20 * 3 + 20 * 5)
    by_name = {row.node.layer: row.counts for row in count.rows}
    assert by_name["Upsample"]["multiplications"] == 6 * 3 * 8 * 14
    assert by_name["LocalResponseNorm"]["normalisation_operations"] == 3 * 28 * (3 + 2 + 1 + 1 + 1 + 1)
