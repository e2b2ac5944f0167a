"""Networks as ``print(model)`` shows them in PyTorch.

It lists modules and not how they are wired. A ``Sequential`` is a sequence, and so is taken to be the model
itself, which is said under ``assumed``. Where containers of other classes stand inside, nothing is known of
the wiring: the parameters of every module listed are then counted, and no shapes or operations.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from derive.graphs.network import Builder, Network, NetworkError
from derive.graphs.network_expressions import Call, Name, Number, Tuple, Unary, Word, parse

_ENTRY = re.compile(r"^(?P<indent>\s*)\((?P<name>[\w.-]+)\):\s*(?P<times>\d+\s*x\s*)?(?P<rest>.+)$")
_OPENING = re.compile(r"^(?P<layer>[\w.]+)\($")
_SEQUENCES = ("Sequential", "ModuleList")
MOST = 100_000
DEEPEST = 60
_RENAMED = {"NonDynamicallyQuantizableLinear": "Linear", "Conv2dNormActivation": "Sequential"}


@dataclass
class Module:
    """A module by the name of its class, with its settings or its parts."""

    name: str
    layer: str
    settings: str = ""
    line: int = 0
    parts: list[Module] = field(default_factory=list)


def looks_printed(text: str) -> bool:
    """Whether a text is what ``print(model)`` shows."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return len(lines) > 1 and bool(_OPENING.match(lines[0].strip())) and bool(_ENTRY.match(lines[1]))


def read_printed(text: str, name: str = "", layers: Collection[str] = ()) -> Network:
    """The network in a printed model; ``layers`` are the names of those that there are.

    Raises :class:`~derive.graphs.network.NetworkError` with the line that cannot be read.

    >>> model = '''Sequential(
    ...   (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    ...   (1): ReLU(inplace=True)
    ... )'''
    >>> [node.call for node in read_printed(model).nodes[1:]]
    ['Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))', 'ReLU(inplace=True)']
    """
    top = _tree(text)
    builder = Builder(name or top.layer)
    if opaque := _opaque(top):
        return _inventory(top, builder, opaque, layers)
    here = _add(top, builder, builder.input(), "")
    if len(builder.nodes) < 2:
        raise NetworkError("there is no layer in this printed model")
    return builder.network(here)


def _tree(text: str) -> Module:
    lines = text.strip("\n").splitlines()
    opening = _OPENING.match(lines[0].strip())
    if opening is None:
        raise NetworkError("line 1: a printed model begins with its class and an opening bracket")
    stack = [Module("", opening["layer"], line=1)]
    depths = [-1]
    for number, line in enumerate(lines[1:], 2):
        if not line.strip() or set(line.strip()) <= {")"}:
            continue
        match = _ENTRY.match(line)
        if match is None:
            raise NetworkError(f"line {number}: {line.strip()!r} is no entry of a printed model")
        indent, rest = len(match["indent"]), match["rest"].strip()
        while indent <= depths[-1]:
            stack.pop()
            depths.pop()
        opened = _OPENING.match(rest)
        layer = opened["layer"] if opened else rest.partition("(")[0]
        settings = "" if opened else rest.partition("(")[2].rpartition(")")[0]
        times = int(match["times"].rstrip(" x")) if match["times"] else 1
        if times > MOST:
            raise NetworkError(f"line {number}: {times} modules are too many; at most {MOST} are counted")
        if len(stack) > DEEPEST:
            raise NetworkError(f"line {number}: more than {DEEPEST} modules inside each other")
        module = Module(match["name"], layer.rpartition(".")[2], settings, number)
        # "(0-11): 12 x Block(" stands for twelve alike
        stack[-1].parts += [module] * times
        if opened:
            stack.append(module)
            depths.append(indent)
    return stack[0]


def _add(module: Module, builder: Builder, here: int, path: str) -> int:
    own = ".".join(filter(None, (path, module.name)))
    layer = _RENAMED.get(module.layer, module.layer)
    if len(builder.nodes) > MOST:
        raise NetworkError(f"the printed model has more than {MOST} modules")
    if module.parts:
        if layer not in _SEQUENCES:
            builder.assumed.append(
                f"{module.layer} is read as a sequence of what it lists: print(model) does not show sums, "
                "branches or calls between layers"
            )
        for part in module.parts:
            here = _add(part, builder, here, own)
        return here
    arguments, keywords = _settings(module)
    if layer == "Linear" and any(one.layer in ("AdaptiveAvgPool2d", "MaxPool2d") for one in builder.nodes):
        flat = any(one.layer in ("Flatten", "Linear") for one in builder.nodes)
        if not flat:
            builder.assumed.append("flattened before the first fully connected layer")
            here = builder.add("Flatten", (), {}, (here,), path="Flatten", line=module.line)
    return builder.add(layer, arguments, keywords, (here,), path=own, line=module.line)


def _opaque(top: Module) -> list[str]:
    """The classes of containers inside the model of which the wiring does not show."""
    found, waiting = [], list(top.parts)
    while waiting:
        module = waiting.pop(0)
        if module.parts and _RENAMED.get(module.layer, module.layer) not in _SEQUENCES:
            found.append(module.layer)
        waiting += module.parts
    return list(dict.fromkeys(found))


_FED = {
    "Conv1d": "channels, 1", "Conv2d": "channels, 2", "Conv3d": "channels, 3",
    "ConvTranspose1d": "channels, 1", "ConvTranspose2d": "channels, 2",
    "BatchNorm1d": "channels, 1", "BatchNorm2d": "channels, 2", "BatchNorm3d": "channels, 3",
    "Linear": "last", "Embedding": "indices", "LayerNorm": "shape", "RMSNorm": "shape",
    "RNN": "sequence", "LSTM": "sequence", "GRU": "sequence",
}  # fmt: skip
"""Modules with parameters, and how their first setting says which input fits them."""


def _fitting(layer: str, first: Any) -> tuple[Any, ...]:
    """The smallest input that fits a module with this first setting."""
    how, _, rank = _FED[layer].partition(", ")
    if how == "channels":
        return (first, *(1,) * int(rank))
    if how == "shape":
        return first if isinstance(first, tuple) else (first,)
    return {"last": (first,), "indices": (1,), "sequence": (1, first)}[how]


def _inventory(top: Module, builder: Builder, opaque: list[str], layers: Collection[str]) -> Network:
    """Every module with parameters by itself, evaluated nowhere that is known."""
    classes = ", ".join(opaque[:4]) + (" ..." if len(opaque) > 4 else "")
    builder.unknown.append(
        f"how {classes} wire{'s' * (len(opaque) == 1)} their parts, which print(model) does not show: "
        "parameters are counted, shapes and operations are not; import the module for those, or write the "
        "network in layer calls"
    )
    last = -1
    waiting = [(top, "")]
    while waiting:
        module, path = waiting.pop(0)
        own = ".".join(filter(None, (path, module.name)))
        waiting = [(part, own) for part in module.parts] + waiting
        if len(builder.nodes) > MOST:
            raise NetworkError(f"the printed model has more than {MOST} modules")
        if module.layer == "MultiheadAttention" and module.parts:
            out = _settings(module.parts[0])[1]
            width = out.get("in_features")
            if isinstance(width, int):
                builder.assumed.append(
                    "MultiheadAttention has a projection of its input, which is not printed"
                )
                call = (width, 3 * width), {"bias": bool(out.get("bias", True))}
                last = _alone(builder, "Linear", *call, f"{own}.in_proj", module.line)
        if module.parts:
            continue
        layer = _RENAMED.get(module.layer, module.layer)
        kin = next((one for one in ("RMSNorm", "LayerNorm") if layer.endswith(one)), None)
        arguments, keywords = _settings(module)
        if layer == "Conv1D" and {"nf", "nx"} <= set(keywords):  # GPT-2's linear layer
            layer, arguments, keywords = "Linear", (keywords["nx"], keywords["nf"]), {}
        if kin or layer in _FED:
            last = _alone(builder, kin or layer, arguments, keywords, own, module.line)
        elif layer not in layers and re.search(r"\d", module.settings) and "Drop" not in layer:
            builder.unknown.append(f"the layer {layer} at {own}")
    if last < 0:
        raise NetworkError("there is no layer with parameters in this printed model")
    return builder.network(last)


def _alone(
    builder: Builder,
    layer: str,
    arguments: tuple[Any, ...],
    keywords: Mapping[str, Any],
    path: str,
    line: int,
) -> int:
    """A module that reads an input of its own."""
    first = arguments[0] if arguments else next(iter(keywords.values()), 1)
    source = builder.input(path, _fitting(layer, first))
    keywords = dict(keywords)
    if layer.startswith("Conv") and "Transpose" not in layer:
        keywords.pop("padding", None)
        keywords["padding"] = "same"  # any size that fits: nothing but the parameters is counted
        keywords.pop("stride", None)
    return builder.add(layer, arguments, keywords, (source,), path=path, line=line, runs=0)


def _settings(module: Module) -> tuple[tuple[Any, ...], dict[str, Any]]:
    call = parse(f"f({module.settings})", module.line)
    assert isinstance(call, Call)
    arguments = tuple(map(_plain, call.arguments))
    keywords = {key: _plain(value) for key, value in call.keywords}
    if arguments and arguments[0] == "inplace":  # as it was printed before PyTorch 1.0
        arguments = ()
    return arguments, keywords


def _plain(expression: Any) -> Any:
    match expression:
        case Number(value):
            return value
        case Word(text) | Name(text):
            return text
        case Unary("-", operand):
            return -_plain(operand)
        case Tuple(items):
            return tuple(map(_plain, items))
    raise NetworkError(f"{expression} is no setting of a printed module")
