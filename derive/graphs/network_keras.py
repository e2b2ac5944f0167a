"""Networks as Keras summarises them: ``model.summary()``.

A summary shows what every layer puts out and how many parameters it has, and not its settings. A kernel's
size follows from the parameters, ``P = (C k^2 + 1) O``; stride and padding from the sizes before and after.
What cannot be found so is said under ``assumed``, and every figure of the summary is held against the layers.
"""

from __future__ import annotations

import re
from math import isqrt
from typing import Any

from derive.graphs.network import Builder, Network, NetworkError

_ROW = re.compile(
    r"^(?P<name>[\w./-]+)\s*\((?P<kind>\w+)\)?\s+\[?\(?\[?\(?None,?\s*(?P<shape>[\d,\sNone]*)\)?\]?,?\)?\]?"
    r"\s+(?P<count>[\d,]+)\s*(?P<reads>.*)$"
)
_TOTAL = re.compile(r"^\s*(?P<which>Total|Trainable) params:\s*(?P<count>[\d,]+)")
_SAME = {
    "dropout", "spatialdropout2d", "gaussiannoise", "activation", "relu", "leakyrelu", "softmax", "elu",
    "rescaling", "normalization", "randomflip", "randomrotation",
}  # fmt: skip


def looks_like_summary(text: str) -> bool:
    """Whether a text is what ``model.summary()`` prints."""
    return bool(re.search(r"Layer \(type\).*Output Shape.*Param #", text))


def read_summary(text: str, name: str = "") -> Network:
    """The network in a summary; a line ``input 28x28x1`` before it says what Keras does not print.

    Raises :class:`~derive.graphs.network.NetworkError` with the row that cannot be read.

    >>> summary = '''input 28x28x1
    ... Layer (type)                Output Shape              Param #
    ... ============================================================
    ... conv2d (Conv2D)             (None, 26, 26, 32)        320
    ... max_pooling2d (MaxPooling2D) (None, 13, 13, 32)       0
    ... flatten (Flatten)           (None, 5408)              0
    ... dense (Dense)               (None, 10)                54090'''
    >>> [node.call for node in read_summary(summary).nodes[1:4]]
    ['Conv2d(1, 32, (3, 3))', 'MaxPool2d(2)', 'Flatten()']
    """
    return _Reader(text, name).network()


def _joined(text: str) -> list[tuple[int, str]]:
    """The lines, rows that Keras broke put together again."""
    found: list[tuple[int, str]] = []
    cells: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip()[:1] in ("│", "┃"):  # a box: a row lasts to the next rule
            own = [one.strip() for one in re.split("[│┃]", line.strip())[1:-1]]
            cells = [f"{a} {b}".strip() for a, b in zip(cells or [""] * len(own), own, strict=False)]
            continue
        if cells:
            found.append((number - 1, " ".join(cells)))
            cells = []
        plain = line.strip()
        before = found[-1][1] if found else ""
        if broken := re.match(r"(\w*)\)\s*(.*)$", plain):  # the end of a class's name
            found[-1] = (found[-1][0], re.sub(r"(\(\w+)(?=\s)", rf"\1{broken[1]})", before, count=1))
            plain = broken[2]
        if re.fullmatch(r"(?:[\w./-]+\[\d+\]\[\d+\],?\s*)+\]?", plain) and found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {plain}")
        elif plain:
            found.append((number, plain))
    return [*found, (0, " ".join(cells))] if cells else found


class _Reader:
    """Goes once through the rows."""

    def __init__(self, text: str, name: str) -> None:
        self.builder = Builder(name)
        self.at: dict[str, int] = {}
        self.shapes: dict[int, tuple[int, ...]] = {}  # channels last, as Keras has them
        self.here = -1
        self.lines = _joined(text)

    def network(self) -> Network:
        """The whole summary."""
        for number, line in self.lines:
            if match := re.match(r"input\s+(\d+(?:\s*[x×]\s*\d+)*)$", line, re.IGNORECASE):
                self._input("x", tuple(map(int, re.findall(r"\d+", match[1]))))
            elif match := _ROW.match(line):
                self._row(match, number)
            elif total := _TOTAL.match(line):
                if total["which"] == "Total":
                    where = f"line {number} ({line.split('(')[0].strip()})"
                    self.builder.state(-1, "parameters", total["count"], where)
            elif re.search(r"\(None.*\)\s+[\d,]+", line):
                raise NetworkError(f"line {number}: {line!r} is no row of a summary that can be read")
        if len(self.builder.nodes) < 2:
            raise NetworkError("there is no layer in this summary; a row is: dense (Dense)  (None, 10)  7850")
        return self.builder.network(self.here)

    def _input(self, name: str, sizes: tuple[int, ...]) -> None:
        shape = (sizes[-1], *sizes[:-1]) if len(sizes) > 2 else sizes
        self.here = self.at[name] = self.builder.input(name, shape)
        self.shapes[self.here] = sizes

    def _row(self, match: re.Match[str], number: int) -> None:
        name, kind = match["name"], match["kind"].lower()
        if "None" in match["shape"]:
            raise NetworkError(
                f"line {number}: {name} has a size that is not given (None); summarise with sizes"
            )
        shape = tuple(map(int, re.findall(r"\d+", match["shape"])))
        count = int(match["count"].replace(",", ""))
        if kind == "inputlayer":
            self._input(name, shape)
            return
        if self.here < 0:
            raise NetworkError(
                f"line {number}: what comes into {name} is not said, and Keras does not print it: put a line "
                "like `input 28x28x1` before the summary"
            )
        reads = [self.at[one] for one in re.findall(r"([\w./-]+)\[\d+\]", match["reads"]) if one in self.at]
        reads = list(dict.fromkeys(reads)) or [self.here]
        came = self.shapes[reads[0]]
        layer, arguments, keywords = self._layer(kind, match["kind"], came, shape, count, name)
        if layer in ("Add", "Multiply", "Concat") and len(reads) < 2:
            raise NetworkError(f"line {number}: {name} joins layers, and the summary does not say which")
        where = f"line {number} ({name})"
        self.here = self.builder.add(layer, arguments, keywords, reads, path=name, line=number)
        self.at[name] = self.here
        self.shapes[self.here] = shape
        self.builder.state(self.here, "output", shape, where)
        self.builder.state(self.here, "parameters", match["count"], where)

    def _layer(
        self, kind: str, shown: str, came: tuple[int, ...], shape: tuple[int, ...], count: int, name: str
    ) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        if kind in ("conv2d", "conv1d", "depthwiseconv2d"):
            return self._convolution(kind, came, shape, count, name)
        if kind in ("maxpooling2d", "averagepooling2d", "maxpool2d", "averagepool2d"):
            stride = next(
                (s for s in range(2, came[0] + 1) if -(-came[0] // s) >= shape[0] >= came[0] // s), 2
            )
            self.builder.assumed.append(
                f"{name} has windows as large as its stride: the summary shows neither"
            )
            ceil = {} if came[0] // stride == shape[0] else {"padding": "same", "stride": stride}
            return ("MaxPool2d" if kind.startswith("max") else "AvgPool2d"), (stride,), ceil
        if kind == "dense":
            units = shape[-1]
            bias = count == (came[-1] + 1) * units
            return "Linear", (came[-1], units), ({} if bias else {"bias": False})
        if kind == "flatten":
            return "Flatten", (), {}
        if kind == "batchnormalization":
            return "BatchNorm", (), {}
        if kind in ("globalaveragepooling2d", "globalmaxpooling2d"):
            return ("GlobalAvgPool2d" if "average" in kind else "GlobalMaxPool2d"), (), {}
        if kind in ("add", "multiply", "concatenate"):
            return {"add": "Add", "multiply": "Multiply", "concatenate": "Concat"}[kind], (), {}
        if kind == "embedding":
            return "Embedding", (count // shape[-1], shape[-1]), {}
        if kind in _SAME and count == 0:
            if kind in ("relu", "softmax", "leakyrelu", "elu"):
                return (
                    {"relu": "ReLU", "softmax": "Softmax", "leakyrelu": "LeakyReLU", "elu": "ELU"}[kind],
                    (),
                    {},
                )
            if kind == "activation":
                self.builder.assumed.append(f"{name} is some activation: its evaluations are not counted")
            return "Identity", (), {}
        self.builder.unknown.append(
            f"the layer {shown} at {name}" + (f" ({count:,} parameters)" if count else "")
        )
        moved = (1, shape[-1], *shape[:-1]) if len(shape) == 3 else (1, *shape)
        return "Moved", (moved,), {}

    def _convolution(
        self, kind: str, came: tuple[int, ...], shape: tuple[int, ...], count: int, name: str
    ) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        rank = 1 if kind == "conv1d" else 2
        channels, depthwise = came[-1], kind.startswith("depth")
        for bias in (1, 0):
            each, rest = divmod(count - bias * shape[-1], shape[-1] * (1 if depthwise else channels))
            k = isqrt(each) if rank == 2 and each > 0 else each
            if rest == 0 and each > 0 and k**rank == each:
                break
        else:
            raise NetworkError(
                f"{name}: {count} parameters are those of no square kernel over {channels} channels with "
                f"{shape[-1]} outputs; use the layer calls for such a convolution"
            )
        more: dict[str, Any] = {} if bias else {"bias": False}
        stride, padding = _placing(came[:-1], shape[:-1], k)
        if stride is None:
            raise NetworkError(f"{name}: no stride takes {came[:-1]} to {shape[:-1]} with a kernel of {k}")
        more |= ({"stride": stride} if stride != 1 else {}) | ({"padding": "same"} if padding else {})
        if depthwise:
            return "DepthwiseConv2d", ((k, k),), more
        return f"Conv{rank}d", (channels, shape[-1], (k,) * rank), more


def _placing(came: tuple[int, ...], shape: tuple[int, ...], k: int) -> tuple[int | None, bool]:
    """The least stride that takes the sizes to those after, and whether with padding."""
    for stride in range(1, max(came) + 1):
        if all((n - k) // stride + 1 == m for n, m in zip(came, shape, strict=True)):
            return stride, False
        if all(-(-n // stride) == m for n, m in zip(came, shape, strict=True)):
            return stride, True
    return None, False
