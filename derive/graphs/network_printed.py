"""Networks as ``print(model)`` shows them in PyTorch.

It lists modules and not how they are wired. A ``Sequential`` is a sequence; any other container is read as
one too, which is said under ``assumed``, and its totals are a lower bound: sums and branches do not show.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from derive.graphs.network import Builder, Network, NetworkError
from derive.graphs.network_expressions import Call, Name, Number, Tuple, Unary, Word, parse

_ENTRY = re.compile(r"^(?P<indent>\s*)\((?P<name>[\w.-]+)\):\s*(?P<times>\d+\s*x\s*)?(?P<rest>.+)$")
_OPENING = re.compile(r"^(?P<layer>[\w.]+)\($")
_SEQUENCES = ("Sequential", "ModuleList")
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


def read_printed(text: str, name: str = "") -> Network:
    """The network in a printed model.

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
    if module.parts:
        if layer not in _SEQUENCES:
            builder.assumed.append(
                f"{module.layer} is read as a sequence of what it lists: print(model) does not show sums, "
                "branches or calls between layers"
            )
            if path:
                builder.unknown.append(f"how {module.layer} at {own} wires its parts")
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
