"""An ONNX file as a network. Needs the package onnx (``pip install '.[onnx]'``).

The shapes of weights are read, their values are not. An operation that is no layer and moves no numbers is
named, and the totals are then a lower bound.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from derive.counting.network import NetworkCount, count_network
from derive.graphs.network import Builder, Network, NetworkError
from derive.tensor.index import size

_ENTRYWISE = {
    "Relu": "ReLU", "Sigmoid": "Sigmoid", "Tanh": "Tanh", "LeakyRelu": "LeakyReLU", "Elu": "ELU",
    "Selu": "SELU", "Gelu": "GELU", "HardSigmoid": "Hardsigmoid", "HardSwish": "Hardswish", "Mish": "Mish",
    "Softplus": "Softplus", "Softsign": "Softsign", "Clip": "ReLU6", "Softmax": "Softmax",
    "LogSoftmax": "LogSoftmax", "Identity": "Identity", "Dropout": "Dropout",
}  # fmt: skip
_MOVES = {
    "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Split", "Expand", "Cast", "Pad", "Tile",
    "Gather", "ConstantOfShape", "DepthToSpace", "Resize",
}  # fmt: skip


def network_from_onnx(path: Path | str) -> Network:
    """The network in an ONNX file.

    Raises :class:`~derive.graphs.network.NetworkError` if the package onnx is missing or the file is none.
    """
    try:
        onnx = importlib.import_module("onnx")
    except ImportError as error:
        raise NetworkError("an ONNX file needs the package onnx: pip install onnx") from error
    try:
        model = onnx.shape_inference.infer_shapes(
            onnx.load(str(path), load_external_data=False), data_prop=True
        )
    except Exception as error:  # whatever the reader of a foreign file raises
        raise NetworkError(f"{path}: is no ONNX file that can be read ({str(error)[:120]})") from error
    return _Reader(model.graph, Path(path).stem).network()


def count_onnx(path: Path | str, batch: int = 1) -> NetworkCount:
    """An ONNX file counted."""
    return count_network(network_from_onnx(path), batch=batch)


class _Reader:
    """Goes once through the nodes of a graph."""

    def __init__(self, graph: Any, name: str) -> None:
        self.graph, self.builder = graph, Builder(name)
        self.weights = {one.name: tuple(one.dims) for one in graph.initializer}
        self.shapes = {one.name: _shape(one) for one in (*graph.value_info, *graph.output, *graph.input)}
        self.arrays = {one.name: one for one in graph.initializer}
        self.origin: dict[str, str] = {}  # of arrays made of weights
        self.at: dict[str, int] = {}
        self.used: set[str] = set()

    def network(self) -> Network:
        """The whole graph."""
        for one in self.graph.input:
            if one.name not in self.weights:
                self.at[one.name] = self.builder.input(one.name, self.shapes[one.name][1:])
        for node in self.graph.node:
            self._node(node)
        outputs = [self.at[one.name] for one in self.graph.output if one.name in self.at]
        if not outputs:
            raise NetworkError(f"{self.builder.name}: nothing in the graph leads to its output")
        return self.builder.network(*outputs[:1])

    def _node(self, node: Any) -> None:
        kind, attributes = node.op_type, _attributes(node)
        reads = [name for name in node.input if name in self.at]
        shapes = [self.weights[name] for name in node.input if name in self.weights]
        if kind == "Constant":
            (output,) = node.output
            self.weights[output] = tuple(getattr(attributes.get("value"), "dims", ()))
            if "value" in attributes:
                self.arrays[output] = attributes["value"]
            return
        if (
            kind == "Shape" or not reads
        ):  # sizes, and what is made of them and of weights, is not computed with
            self._of_weights(node)
            return
        if kind in ("RNN", "LSTM", "GRU"):
            self._recurrent(node, kind, attributes, reads[0])
            return
        layer, arguments, keywords = self._layer(node, kind, attributes, shapes)
        if layer == "Moved":
            reads = reads[:1]
            arguments = (self._output_shape(node),)
        path = node.name or node.output[0]
        arrays = [name for name in node.input if name in self.weights and len(self.weights[name]) > 1]
        tied = self.origin.get(arrays[0], arrays[0]) if arrays else ""
        inputs = [self.at[name] for name in reads]
        own = self.builder.add(layer, arguments, keywords, inputs, path=path, tied=tied)
        self.used.update(node.input)
        self.at.update(dict.fromkeys(node.output, own))

    def _recurrent(self, node: Any, kind: str, given: Mapping[str, Any], read: str) -> None:
        """Recurrent layers put the steps before the batch, and out a state for each direction beside it."""
        path, (_, W, R, *more) = node.name or node.output[0], node.input
        width, hidden = self.weights[W][-1], self.weights[R][-1]
        steps, batch, _ = self.shapes[read]
        bias = bool(more and more[0])
        both = given.get("direction", b"forward") == b"bidirectional"
        number = self.builder.add("Moved", ((batch, steps, width),), {}, [self.at[read]], path=path)
        keywords = {"bias": bias, "bidirectional": both}
        number = self.builder.add(kind, (width, hidden), keywords, [number], path=path, tied=W)
        self.used.update(node.input)
        for output in filter(None, node.output):
            shape = self.shapes.get(output) or (steps, 1 + both, batch, hidden)
            self.at[output] = self.builder.add("Moved", (shape,), {}, [number], path=path)

    def _of_weights(self, node: Any) -> None:
        """An array made of weights alone, a transposed one say, stands for them under its own name."""
        sources = [name for name in node.input if name in self.weights]
        shape = self.shapes.get(node.output[0])
        if sources and shape is not None and all(isinstance(one, int) for one in shape):
            self.weights[node.output[0]] = shape
            self.origin[node.output[0]] = self.origin.get(sources[0], sources[0])

    def _axes(self, node: Any, given: Mapping[str, Any]) -> tuple[int, ...] | None:
        """The axes of a reduction: an attribute in old files, a small array of whole numbers in new ones."""
        if "axes" in given:
            return tuple(map(int, given["axes"]))
        array = self.arrays.get(node.input[1]) if len(node.input) > 1 else None
        if array is None:
            return None
        numbers = importlib.import_module("onnx").numpy_helper.to_array(array)
        return tuple(map(int, numbers.reshape(-1)))

    def _output_shape(self, node: Any) -> tuple[Any, ...]:
        shape = self.shapes.get(node.output[0])
        if not shape or any(str(one).startswith("unk__") for one in shape):
            raise NetworkError(
                f"{node.name or node.op_type}: the file does not say which shape it puts out; export it with "
                "fixed sizes, torch.onnx.export(..., dynamo=True), or simplify it (onnxsim)"
            )
        return shape

    def _layer(
        self, node: Any, kind: str, given: Mapping[str, Any], shapes: Sequence[tuple[int, ...]]
    ) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        weight = shapes[0] if shapes else ()
        if kind in ("Conv", "ConvTranspose"):
            return self._convolution(kind, given, weight, bias=len(node.input) > 2)
        if kind in ("MaxPool", "AveragePool"):
            kernel = tuple(given["kernel_shape"])
            rank = len(kernel)
            name = f"{'Max' if kind == 'MaxPool' else 'Avg'}Pool{rank}d"
            keywords = {"stride": tuple(given.get("strides", (1,) * rank)), "padding": _pads(given, rank),
                        "ceil_mode": bool(given.get("ceil_mode", 0))}  # fmt: skip
            return name, (kernel,), keywords
        rank = len(self.shapes.get(node.input[0], ())) - 2
        if kind in ("GlobalAveragePool", "GlobalMaxPool"):
            return f"Adaptive{'Avg' if 'Average' in kind else 'Max'}Pool{rank}d", (1,), {}
        if kind == "InstanceNormalization":
            return f"InstanceNorm{rank}d", weight, {"affine": True}
        if kind == "PRelu":
            return "PReLU", (math.prod(weight),), {}
        if kind == "LRN":
            return "LocalResponseNorm", (int(given["size"]),), {}
        if kind == "Resize" and given.get("mode") == b"linear":
            mode = {1: "linear", 2: "bilinear", 3: "trilinear"}.get(rank, "linear")
            return "Upsample", (tuple(self._output_shape(node)[2:]),), {"mode": mode, "align_corners": True}
        if kind == "Gemm":
            rows, columns = weight if given.get("transB") else weight[::-1]
            return "Linear", (columns, rows), {"bias": len(node.input) > 2}
        if kind == "MatMul" and len(weight) == 2:
            return "Linear", weight, {"bias": False}
        if kind == "MatMul":
            return "MatMul", (), {}
        if kind == "BatchNormalization":
            return "BatchNorm", (), {}
        if kind == "LayerNormalization":
            return "LayerNorm", (weight,), {"bias": len(node.input) > 2}
        if kind in ("Add", "Sub", "Mul"):
            return self._arithmetic(node, kind)
        if kind == "Concat":
            return "Concat", (), {"dim": int(given.get("axis", 1))}
        if kind == "ReduceMean" and (axes := self._axes(node, given)) is not None:
            return "Mean", (axes,), {"keepdim": bool(given.get("keepdims", 1))}
        if kind == "Flatten":
            return "Flatten", (int(given.get("axis", 1)),), {}
        if kind in _ENTRYWISE:
            return _ENTRYWISE[kind], (), {}
        if kind == "Gather" and len(weight) == 2:
            return "Embedding", weight, {}
        if kind not in _MOVES:
            self.builder.unknown.append(f"the operation {kind} at {node.name or node.output[0]}")
        return "Moved", (), {}

    def _arithmetic(self, node: Any, kind: str) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """A sum or a product; an array of weights in it is learned and becomes a layer."""
        other = next((name for name in node.input if name in self.weights), None)
        if other is not None:
            if math.prod(self.weights[other]) == 1:
                return "Moved", (), {}
            self.at[other] = self.builder.add("Learned", (self.weights[other],), path=other, tied=other)
            node.input[:] = [one for one in node.input if one != other]
            node.input.append(other)
            reads = [name for name in node.input if name in self.at]
            layer = "Multiply" if kind == "Mul" else "Add"
            path = node.name or node.output[0]
            number = self.builder.add(layer, (), {}, [self.at[one] for one in reads], path=path)
            self.at[node.output[0]] = number
            node.input[:] = [node.output[0]]
            return "Identity", (), {}
        return ("Multiply" if kind == "Mul" else "Add"), (), {}

    def _convolution(
        self, kind: str, given: Mapping[str, Any], weight: tuple[int, ...], bias: bool
    ) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        rank, groups = len(weight) - 2, int(given.get("group", 1))
        keywords: dict[str, Any] = {
            "stride": tuple(given.get("strides", (1,) * rank)),
            "dilation": tuple(given.get("dilations", (1,) * rank)),
            "groups": groups,
            "bias": bias,
        }
        if kind == "Conv":
            keywords["padding"] = _pads(given, rank)
            return f"Conv{rank}d", (weight[1] * groups, weight[0], weight[2:]), keywords
        pads = _pads(given, rank)
        keywords["padding"] = tuple(a for a, _ in pads)
        keywords["output_padding"] = tuple(given.get("output_padding", (0,) * rank))
        return f"ConvTranspose{rank}d", (weight[0], weight[1] * groups, weight[2:]), keywords


def _pads(given: Mapping[str, Any], rank: int) -> Any:
    """The padding before and after along each axis, or what it is called."""
    automatic = given.get("auto_pad", b"NOTSET")
    automatic = automatic.decode() if isinstance(automatic, bytes) else automatic
    if automatic.startswith("SAME"):
        return "same"
    pads = tuple(given.get("pads", (0,) * (2 * rank)))
    return tuple((pads[k], pads[k + rank]) for k in range(rank))


def _attributes(node: Any) -> dict[str, Any]:
    onnx = importlib.import_module("onnx")
    return {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}


def _shape(value: Any) -> tuple[Any, ...]:
    return tuple(
        int(one.dim_value) if one.HasField("dim_value") else size(one.dim_param or "N")
        for one in value.type.tensor_type.shape.dim
    )
