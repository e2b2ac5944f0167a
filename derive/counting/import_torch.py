"""A PyTorch module as a network: through ``torch.export``, on the meta device, so that no weight is stored.

Every operation of the exported graph is one of the layers, or moves numbers about, or is not known; the last
are named, and the totals are then a lower bound.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from derive.counting.layers import Conventions
from derive.counting.network import NetworkCount, count_network
from derive.graphs.network import Builder, Network, NetworkError

_ENTRYWISE = {
    "relu": "ReLU", "relu_": "ReLU", "gelu": "GELU", "silu": "SiLU", "silu_": "SiLU", "sigmoid": "Sigmoid",
    "tanh": "Tanh", "hardswish": "Hardswish", "hardswish_": "Hardswish", "hardsigmoid": "Hardsigmoid",
    "leaky_relu": "LeakyReLU", "leaky_relu_": "LeakyReLU", "elu": "ELU", "elu_": "ELU",
    "softplus": "Softplus",
    "mish": "Mish", "selu": "SELU", "selu_": "SELU", "hardtanh": "ReLU6", "hardtanh_": "ReLU6",
    "relu6": "ReLU6", "log_softmax": "LogSoftmax", "softmax": "Softmax", "_softmax": "Softmax",
}  # fmt: skip
_MOVES = {
    "view", "reshape", "permute", "transpose", "t", "unsqueeze", "squeeze", "expand", "contiguous", "slice",
    "select", "flatten", "unflatten", "chunk", "split", "split_with_sizes", "clone", "detach", "alias",
    "_to_copy", "to", "dropout", "dropout_", "feature_dropout", "stack", "repeat", "roll", "pad",
    "constant_pad_nd", "pixel_shuffle",
    "unbind", "movedim", "swapaxes", "_assert_tensor_metadata", "type_as", "lift_fresh_copy", "expand_as",
    "zeros", "ones", "full", "arange", "zeros_like", "full_like", "sym_size", "scalar_tensor", "empty",
    "new_zeros", "copy", "channel_shuffle", "identity", "narrow",
}  # fmt: skip

_RANKED = re.compile(r"(?P<kind>\w+?)(?P<rank>[123])d(?:_with_indices)?")


def network_from_module(
    module: Any, *inputs: Sequence[int], batch: int = 1, integers: bool = False
) -> Network:
    """The network that a ``torch.nn.Module`` is.

    Parameters
    ----------
    module: any module that ``torch.export`` takes; it is copied to the meta device.
    inputs: the sizes of each input without the batch; ``integers`` for indices (tokens) and not numbers.

    Raises :class:`~derive.graphs.network.NetworkError` where PyTorch cannot export the module.
    """
    import copy
    import warnings

    import torch

    own = copy.deepcopy(module).to("meta").eval()
    kind = torch.long if integers else torch.float32
    examples = tuple(torch.zeros((batch, *shape), dtype=kind, device="meta") for shape in inputs)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            exported = torch.export.export(own, examples)
    except Exception as error:  # whatever a foreign module raises
        said = " ".join(str(error).split())[:200]
        raise NetworkError(f"torch.export cannot export {type(module).__name__}: {said}") from error
    # One array under two names (tied weights) goes by the first.
    first: dict[int, str] = {}
    names = {
        name: first.setdefault(id(value), name)
        for name, value in own.named_parameters(remove_duplicate=False)
    }
    reader = _Reader(exported, type(module).__name__, names)
    return reader.network()


def count_module(
    module: Any,
    *inputs: Sequence[int],
    batch: int = 1,
    integers: bool = False,
    conventions: Conventions | None = None,
) -> NetworkCount:
    """A ``torch.nn.Module`` counted; see :func:`network_from_module`."""
    network = network_from_module(module, *inputs, batch=batch, integers=integers)
    return count_network(network, batch=batch, conventions=conventions)


def _each(values: Any, rank: int) -> tuple[int, ...]:
    """One for every axis: a single one stands for all."""
    return tuple(values) * (rank if len(values) == 1 else 1)


class _Reader:
    """Goes once through an exported graph."""

    def __init__(self, exported: Any, name: str, names: Mapping[str, str]) -> None:
        from torch.export.graph_signature import InputKind

        self.builder = Builder(name)
        self.graph = exported.graph
        self.at: dict[Any, int] = {}
        self.parameters: dict[str, str] = {}
        self.buffers: set[str] = set()
        self.inputs: list[str] = []
        self.frozen = {key for key, value in exported.named_parameters() if not value.requires_grad}
        for one in exported.graph_signature.input_specs:
            if one.kind == InputKind.PARAMETER:
                self.parameters[one.arg.name] = names.get(one.target, one.target)
            elif one.kind == InputKind.USER_INPUT:
                self.inputs.append(one.arg.name)
            else:
                self.buffers.add(one.arg.name)
        self.used: set[str] = set()

    def network(self) -> Network:
        """The whole graph."""
        for node in self.graph.nodes:
            if node.op == "placeholder" and node.name in self.inputs:
                self.at[node] = self.builder.input(node.name, tuple(node.meta["val"].shape[1:]))
            elif node.op == "call_function":
                self._call(node)
        (output,) = [node for node in self.graph.nodes if node.op == "output"]
        outputs = [self.at[one] for one in output.args[0] if one in self.at]
        used = {self.parameters[key] for key in self.used if key in self.parameters}
        unused = [name for name in self.parameters.values() if name not in used]
        if unused:
            self.builder.unknown.append(f"parameters that the pass does not use: {', '.join(unused)}")
        return self.builder.network(*outputs[:1])

    # -- reading arguments

    def _shape(self, node: Any) -> tuple[int, ...]:
        value = node.meta.get("val")
        if isinstance(value, tuple | list):
            value = value[0]
        return tuple(int(one) for one in getattr(value, "shape", ()))

    def _is_parameter(self, node: Any) -> bool:
        return getattr(node, "name", None) in self.parameters

    def _source(self, node: Any) -> int | None:
        """The number of what a node puts out; a parameter used as it is becomes a layer of its own."""
        if node in self.at:
            return self.at[node]
        if self._is_parameter(node):
            self.used.add(node.name)
            path = self.parameters[node.name]
            number = self.builder.add("Learned", (self._shape(node),), path=path, tied=path)
            self.at[node] = number
            return number
        return None

    def _path(self, node: Any) -> str:
        stack = node.meta.get("nn_module_stack") or {}
        last = next(reversed(stack.values()), ("", ""))[0] if stack else ""
        return str(last) or str(node.name)

    def _add(
        self, node: Any, layer: str, arguments: tuple[Any, ...], sources: Sequence[Any], **more: Any
    ) -> None:
        weights = [one for one in more.pop("weights", ()) if one is not None]
        for one in weights:
            self.used.add(one.name)
        names = [self.parameters.get(one.name, "") for one in weights if self._is_parameter(one)]
        read = [number for one in sources if (number := self._source(one)) is not None]
        place: dict[str, Any] = {"path": self._path(node), "tied": names[0] if names else ""}
        place["frozen"] = bool(names) and all(one in self.frozen for one in names)
        self.at[node] = self.builder.add(layer, arguments, more, read, **place)

    def _call(self, node: Any) -> None:
        name = getattr(node.target, "__name__", str(node.target)).partition(".")[0]
        if name == "getitem":
            source = node.args[0]
            if source in self.at:
                if self._shape(node) == self._shape(source):
                    self.at[node] = self.at[source]
                else:
                    self._add(node, "Moved", (self._shape(node),), [source])
            return
        rule = self._rule(name.strip("_"))
        given = self._given(node)
        reads = [one for one in node.all_input_nodes if one in self.at or self._is_parameter(one)]
        if rule is not None:
            rule(node, given)
        elif name in _ENTRYWISE:
            self._add(node, _ENTRYWISE[name], (), reads[:1])
        elif name in ("add", "add_", "sub", "mul", "mul_", "div"):
            self._arithmetic(node, name, reads)
        elif name in _MOVES:
            if reads:
                self._add(node, "Moved", (self._shape(node),), reads[:1])
        elif reads:
            self.builder.unknown.append(f"the operation {name} at {self._path(node)}")
            self._add(node, "Moved", (self._shape(node),), reads[:1])

    def _rule(self, name: str) -> Callable[[Any, dict[str, Any]], None] | None:
        """The rule of an operation; one for ``conv`` is that of ``conv1d``, ``conv2d`` and ``conv3d``."""
        if ranked := _RANKED.fullmatch(name):
            over = getattr(self, f"_{ranked['kind']}_over", None)
            return over and partial(over, rank=int(ranked["rank"]))
        return getattr(self, f"_{name}_rule", None)

    def _given(self, node: Any) -> dict[str, Any]:
        """The arguments by the names of the operation's schema."""
        schema = getattr(node.target, "_schema", None)
        if schema is None:
            return {}
        names = [one.name for one in schema.arguments]
        given = {one.name: one.default_value for one in schema.arguments if one.has_default_value()}
        return {**given, **dict(zip(names, node.args, strict=False)), **node.kwargs}

    def _arithmetic(self, node: Any, name: str, reads: list[Any]) -> None:
        if len(reads) < 2:
            self._add(node, "Moved", (self._shape(node),), reads[:1]) if reads else None
            return
        self._add(node, "Add" if name.strip("_") in ("add", "sub") else "Multiply", (), reads[:2])

    # -- layers with weights

    def _conv_over(self, node: Any, given: dict[str, Any], rank: int) -> None:
        weight = self._shape(given["weight"])
        groups = int(given["groups"])
        padding = given["padding"]
        more = {
            "stride": _each(given["stride"], rank),
            "padding": padding if isinstance(padding, str) else _each(padding, rank),
            "dilation": _each(given["dilation"], rank),
            "groups": groups,
            "bias": given.get("bias") is not None,
        }
        weights = (given["weight"], given.get("bias"))
        arguments = (weight[1] * groups, weight[0], weight[2:])
        self._add(node, f"Conv{rank}d", arguments, [given["input"]], weights=weights, **more)

    def _conv_transpose_over(self, node: Any, given: dict[str, Any], rank: int) -> None:
        weight, groups = self._shape(given["weight"]), int(given["groups"])
        more: dict[str, Any] = {key: _each(given[key], rank)
                for key in ("stride", "padding", "output_padding", "dilation")}  # fmt: skip
        more |= {"groups": groups, "bias": given.get("bias") is not None}
        arguments = (weight[0], weight[1] * groups, weight[2:])
        weights = (given["weight"], given.get("bias"))
        self._add(node, f"ConvTranspose{rank}d", arguments, [given["input"]], weights=weights, **more)

    def _linear_rule(self, node: Any, given: dict[str, Any]) -> None:
        weight = given["weight"]
        if not self._is_parameter(weight):
            if weight in self.at:
                self._matmul_of(node, given["input"], weight)
                return
            self._sliced_linear(node, given)
            return
        rows, columns = self._shape(weight)
        weights = (weight, given.get("bias"))
        bias = given.get("bias") is not None
        self._add(node, "Linear", (columns, rows), [given["input"]], weights=weights, bias=bias)

    def _sliced_linear(self, node: Any, given: dict[str, Any]) -> None:
        self.builder.unknown.append(f"the linear layer at {self._path(node)}, whose weights are computed")
        self._add(node, "Moved", (self._shape(node),), [given["input"]])

    def _addmm_rule(self, node: Any, given: dict[str, Any]) -> None:
        rows = self._shape(given["mat2"])
        self._add(node, "Linear", (rows[0], rows[1]), [given["mat1"]], weights=(given["self"],), bias=True)

    def _embedding_rule(self, node: Any, given: dict[str, Any]) -> None:
        rows, width = self._shape(given["weight"])
        self._add(node, "Embedding", (rows, width), [given["indices"]], weights=(given["weight"],))

    def _batch_norm_rule(self, node: Any, given: dict[str, Any]) -> None:
        weights = (given["weight"], given["bias"])
        affine, kept = given["weight"] is not None, given["running_mean"] is not None
        shape = self._shape(given["input"])
        layer = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}[len(shape)]
        more = {"affine": affine, "track_running_stats": kept}
        self._add(node, layer, (shape[1],), [given["input"]], weights=weights, **more)

    def _layer_norm_rule(self, node: Any, given: dict[str, Any]) -> None:
        weights = (given["weight"], given["bias"])
        more = {"elementwise_affine": given["weight"] is not None, "bias": given["bias"] is not None}
        arguments = (tuple(given["normalized_shape"]),)
        self._add(node, "LayerNorm", arguments, [given["input"]], weights=weights, **more)

    def _rms_norm_rule(self, node: Any, given: dict[str, Any]) -> None:
        affine = given["weight"] is not None
        arguments = (tuple(given["normalized_shape"]),)
        self._add(
            node,
            "RMSNorm",
            arguments,
            [given["input"]],
            weights=(given["weight"],),
            elementwise_affine=affine,
        )

    def _group_norm_rule(self, node: Any, given: dict[str, Any]) -> None:
        weights = (given["weight"], given["bias"])
        channels = self._shape(given["input"])[1]
        affine = given["weight"] is not None
        self._add(
            node,
            "GroupNorm",
            (given["num_groups"], channels),
            [given["input"]],
            weights=weights,
            affine=affine,
        )

    def _instance_norm_rule(self, node: Any, given: dict[str, Any]) -> None:
        weights = (given["weight"], given["bias"])
        shape = self._shape(given["input"])
        more = {
            "affine": given["weight"] is not None,
            "track_running_stats": given["running_mean"] is not None,
        }
        layer = f"InstanceNorm{len(shape) - 2}d"
        self._add(node, layer, (shape[1],), [given["input"]], weights=weights, **more)

    def _prelu_rule(self, node: Any, given: dict[str, Any]) -> None:
        arguments = (math.prod(self._shape(given["weight"])),)
        self._add(node, "PReLU", arguments, [given["self"]], weights=(given["weight"],))

    def _recurrent(self, node: Any, given: dict[str, Any], layer: str) -> None:
        weights = [one for one in given["params"] if self._is_parameter(one)]
        hidden = self._shape(given["hx"][0] if isinstance(given["hx"], list | tuple) else given["hx"])[-1]
        width = self._shape(weights[0])[1]
        more = {"num_layers": given["num_layers"], "bias": bool(given["has_biases"]),
                "bidirectional": bool(given["bidirectional"])}  # fmt: skip
        self._add(node, layer, (width, hidden), [given["input"]], weights=weights, **more)

    def _lstm_rule(self, node: Any, given: dict[str, Any]) -> None:
        self._recurrent(node, given, "LSTM")

    def _gru_rule(self, node: Any, given: dict[str, Any]) -> None:
        self._recurrent(node, given, "GRU")

    def _rnn_tanh_rule(self, node: Any, given: dict[str, Any]) -> None:
        self._recurrent(node, given, "RNN")

    # -- products, pooling, joining

    def _scaled_dot_product_attention_rule(self, node: Any, given: dict[str, Any]) -> None:
        query, key = self._shape(given["query"]), self._shape(given["key"])
        heads, shared = math.prod(query[1:-2]), math.prod(key[1:-2])
        flat = []
        for one in (given["query"], given["key"], given["value"]):
            shape = self._shape(one)
            wide = (shape[0], shape[-2], math.prod(shape[1:-2]) * shape[-1])
            flat.append(self.builder.add("Moved", (wide,), {}, (self.at[one],), path=self._path(node)))
        number = self.builder.add("Attention", (heads, shared), {}, flat, path=self._path(node))
        self.at[node] = self.builder.add("Moved", (self._shape(node),), {}, (number,), path=self._path(node))

    def _matmul_of(self, node: Any, left: Any, right: Any) -> None:
        for one in (left, right):
            self._source(one)
        self._add(node, "MatMul", (), [left, right])

    def _matmul_rule(self, node: Any, given: dict[str, Any]) -> None:
        self._matmul_of(node, given["self"], given["other"])

    def _bmm_rule(self, node: Any, given: dict[str, Any]) -> None:
        self._matmul_of(node, given["self"], given["mat2"])

    def _mm_rule(self, node: Any, given: dict[str, Any]) -> None:
        self._matmul_of(node, given["self"], given["mat2"])

    def _pool(self, node: Any, given: dict[str, Any], layer: str, rank: int) -> None:
        kernel = _each(given["kernel_size"], rank)
        more = {"stride": _each(given["stride"], rank) or kernel, "padding": _each(given["padding"], rank),
                "ceil_mode": bool(given["ceil_mode"])}  # fmt: skip
        if "dilation" in given:
            more["dilation"] = _each(given["dilation"], rank)
        self._add(node, f"{layer}{rank}d", (kernel,), [given["self"]], **more)

    def _max_pool_over(self, node: Any, given: dict[str, Any], rank: int) -> None:
        self._pool(node, given, "MaxPool", rank)

    def _avg_pool_over(self, node: Any, given: dict[str, Any], rank: int) -> None:
        self._pool(node, given, "AvgPool", rank)

    def _adaptive_avg_pool_over(self, node: Any, given: dict[str, Any], rank: int) -> None:
        self._add(node, f"AdaptiveAvgPool{rank}d", (tuple(given["output_size"]),), [given["self"]])

    def _adaptive_max_pool_over(self, node: Any, given: dict[str, Any], rank: int) -> None:
        self._add(node, f"AdaptiveMaxPool{rank}d", (tuple(given["output_size"]),), [given["self"]])

    def _upsampled(self, node: Any, given: dict[str, Any], mode: str) -> None:
        more = {"mode": mode, "align_corners": bool(given.get("align_corners"))}
        self._add(node, "Upsample", (self._shape(node)[2:],), [given.get("input", given.get("self"))], **more)

    def _upsample_nearest_over(self, node: Any, given: dict[str, Any], rank: int) -> None:
        self._upsampled(node, given, "nearest")

    def _upsample_linear_over(self, node: Any, given: dict[str, Any], rank: int) -> None:
        self._upsampled(node, given, "linear")

    def _upsample_bilinear_over(self, node: Any, given: dict[str, Any], rank: int) -> None:
        self._upsampled(node, given, "bilinear")

    def _upsample_trilinear_over(self, node: Any, given: dict[str, Any], rank: int) -> None:
        self._upsampled(node, given, "trilinear")

    def _mean_rule(self, node: Any, given: dict[str, Any]) -> None:
        axes = given.get("dim")
        if axes is None:
            axes = range(len(self._shape(given["self"])))
        keep = bool(given.get("keepdim"))
        self._add(node, "Mean", (tuple(int(one) for one in axes),), [given["self"]], keepdim=keep)

    def _cat_rule(self, node: Any, given: dict[str, Any]) -> None:
        tensors = given["tensors"]
        shape = self._shape(node)
        if all(self._source(one) is not None for one in tensors) and len(tensors) > 1:
            self._add(node, "Concat", (), tensors, dim=int(given["dim"]) % len(shape))
        else:
            known = [one for one in tensors if self._source(one) is not None]
            self._add(node, "Moved", (shape,), known[:1])
