"""Networks as exam sheets note them: ``conv 5x5, 16, stride 2, pad 2 -> pool 2x2 -> fc 120``.

Also as the rows of a Markdown table with the columns layer (or type), filters (channels, units), kernel
(size), stride and padding. Such notes leave out the input channels; they follow from what comes before. A
pooling layer is max pooling with the stride of its size unless the note says otherwise, which is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from derive.graphs.network import Builder, Network, NetworkError

_KINDS = {
    "conv": "conv", "convolution": "conv", "conv2d": "conv", "conv1d": "conv1d", "dwconv": "depthwise",
    "depthwise": "depthwise", "pool": "pool", "maxpool": "pool", "max-pool": "pool", "pooling": "pool",
    "max": "pool", "maxpooling": "pool", "subsampling": "pool", "avgpool": "avgpool", "average": "avgpool",
    "avg": "avgpool", "avg-pool": "avgpool", "meanpool": "avgpool", "fc": "fc", "dense": "fc", "linear": "fc",
    "full": "fc", "fully": "fc", "fully-connected": "fc", "gap": "gap", "globalavgpool": "gap",
    "global": "gap",
    "relu": "ReLU", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax", "gelu": "GELU",
    "elu": "ELU", "bn": "BatchNorm", "batchnorm": "BatchNorm", "batch": "BatchNorm", "flatten": "Flatten",
    "dropout": "Dropout", "input": "input",
}  # fmt: skip
_WORDS = re.compile(
    r"(?P<size>\d+(?:\s*[x×]\s*\d+)+)|(?P<at>@)|(?P<number>\d+)|(?P<word>[^\W\d][\w-]*)|(?P<sign>[=/,;:()])"
)
_ALIASES = {
    "s": "stride", "stride": "stride", "strides": "stride", "step": "stride",
    "p": "pad", "pad": "pad", "padding": "pad", "zero-padding": "pad",
    "k": "kernel", "kernel": "kernel", "kernels": "count", "size": "kernel", "f": "kernel",
    "window": "kernel",
    "filters": "count", "filter": "count", "maps": "count", "channels": "count", "units": "count",
    "neurons": "count", "outputs": "count", "out": "count", "features": "count", "nodes": "count",
    "dilation": "dilation", "groups": "groups",
}  # fmt: skip
_COLUMNS = {
    "layer": "kind", "type": "kind", "operation": "kind", "op": "kind", "operator": "kind",
    "filters": "count", "channels": "count", "units": "count", "output channels": "count",
    "#filters": "count",
    "out": "count", "maps": "count", "c": "count", "neurons": "count", "n": "count",
    "kernel": "kernel", "size": "kernel", "kernel size": "kernel", "filter size": "kernel", "k": "kernel",
    "patch size": "kernel", "window": "kernel", "patch": "kernel",
    "stride": "stride", "s": "stride", "padding": "pad", "pad": "pad", "p": "pad", "dilation": "dilation",
    "groups": "groups", "activation": "activation",
}  # fmt: skip


def looks_like_sheet(text: str) -> bool:
    """Whether a text is such a note and not a network in layer calls."""
    first = _plain(re.split(r"->|→|\n", text.strip(), maxsplit=1)[0].strip())
    word = re.match(r"[^\W\d][\w-]*", first)
    if re.search(r"[A-Z]\w*\(", text):  # a layer call
        return False
    return "(" not in first and word is not None and word.group().lower() in _KINDS


def looks_like_table(text: str) -> bool:
    """Whether a text is a Markdown table."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return len(lines) > 2 and lines[0].lstrip().startswith("|") and set(lines[1]) <= set("|-: ")


def read_sheet(text: str, name: str = "") -> Network:
    """The network in a note of layers with arrows or line breaks between them.

    Raises :class:`~derive.graphs.network.NetworkError` with the layer that cannot be read.

    >>> [node.call for node in read_sheet("conv 5x5, 16, stride 2, pad 2 -> pool 2x2 -> fc 120").nodes[1:]]
    ['LazyConv2d(16, (5, 5), stride=2, padding=2)', 'MaxPool2d((2, 2))', 'fc(120)']
    """
    pieces = [piece.strip() for piece in re.split(r"->|→|\n|;", text) if piece.strip()]
    builder = Builder(name)
    shape: tuple[Any, ...] | None = None
    layers = []
    for number, piece in enumerate(pieces, 1):
        kind, given = _piece(piece, number)
        if kind == "input":
            shape = given.get("kernel")
            continue
        layers.append((kind, given, number, piece))
    return _network(builder, shape, layers)


def read_table(text: str, name: str = "") -> Network:
    """The network in the rows of a Markdown table."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.strip().splitlines()
    ]
    heads = [_COLUMNS.get(head.lower().strip("*` "), "") for head in rows[0]]
    if "kind" not in heads:
        raise NetworkError(
            f"the table needs a column 'layer' or 'type'; its columns are {', '.join(rows[0])}"
        )
    layers = []
    for number, row in enumerate(rows[2:], 3):
        cells = {
            head: cell for head, cell in zip(heads, row, strict=False) if head and cell not in ("", "-", "–")
        }
        kind, given = _piece(cells.pop("kind", ""), number)
        activation = cells.pop("activation", "")
        for head, cell in cells.items():
            numbers = tuple(map(int, re.findall(r"\d+", cell)))
            if numbers:
                given[head] = numbers if head == "kernel" and len(numbers) > 1 else numbers[0]
        layers.append((kind, given, number, " | ".join(row)))
        if activation.lower() in _KINDS:
            layers.append((_KINDS[activation.lower()], {}, number, activation))
    return _network(Builder(name), None, layers)


def _plain(piece: str) -> str:
    """``conv3-64``, as VGG's tables have it, in full."""
    return re.sub(r"\bconv(\d+)-(\d+)", r"conv \1x\1, \2", piece)


def _piece(piece: str, number: int) -> tuple[str, dict[str, Any]]:
    """The kind of one layer, and what is said of it."""
    piece = _plain(piece)
    tokens = list(_WORDS.finditer(piece))
    words = [match.group().lower() for match in tokens if match.lastgroup == "word"]
    kind = next((_KINDS[word] for word in words if word in _KINDS), None)
    if kind == "conv" and "max" in words:
        kind = "pool"
    if kind is None:
        raise NetworkError(
            f"layer {number}: {piece!r} names no layer; conv, pool, avgpool, gap, fc, relu, bn, dropout and "
            "flatten are known, and the layer calls of PyTorch say everything else"
        )
    if kind == "pool" and ("avg" in words or "average" in words or "mean" in words):
        kind = "avgpool"
    given: dict[str, Any] = {}
    key = ""
    for match in tokens:
        group, text = match.lastgroup, match.group().lower()
        short = re.fullmatch(r"(s|p|k|f|d|g)(\d+)", text)
        if group == "size":
            sizes = tuple(map(int, re.findall(r"\d+", text)))
            given[key or "kernel"] = sizes if kind == "input" else sizes[:2]
            if kind == "conv" and len(sizes) == 3:
                given["count"] = sizes[2]
            key = ""
        elif short:
            long = {"s": "stride", "p": "pad", "k": "kernel", "f": "kernel", "d": "dilation", "g": "groups"}
            given[long[short[1]]] = int(short[2])
        elif group == "word" and text in ("same", "valid"):
            given["pad"] = text
            key = ""
        elif group == "word" and text in _ALIASES and not (text in words[:1] and text in _KINDS):
            long_name = _ALIASES[text]
            if long_name == "count" and "?" in given:
                given["count"] = given.pop("?")
            else:
                key = long_name
        elif group == "number":
            if key:
                given[key], key = int(text), ""
            elif "?" in given:
                given["count" if "count" not in given else "kernel"] = int(text)
            else:
                given["?"] = int(text)
    if "?" in given:
        loose = given.pop("?")
        # One number that nothing names: how many there are, and for a pooling layer how large its window is.
        given.setdefault("kernel" if kind in ("pool", "avgpool") else "count", loose)
    return kind, given


def _network(
    builder: Builder,
    shape: tuple[Any, ...] | None,
    layers: Iterable[tuple[str, Mapping[str, Any], int, str]],
) -> Network:
    here = builder.input("x", shape)
    for kind, given, number, piece in layers:
        for layer, arguments, keywords in _calls(kind, given, f"layer {number}: {piece!r}", builder):
            here = builder.add(layer, arguments, keywords, (here,), path=layer, line=number)
    if len(builder.nodes) < 2:
        raise NetworkError("there is no layer in this note; 'conv 5x5, 16 -> pool 2x2 -> fc 10' has three")
    return builder.network(here)


def _calls(
    kind: str, given: Mapping[str, Any], where: str, builder: Builder
) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    placing = {
        key: given[own]
        for key, own in (
            ("stride", "stride"),
            ("padding", "pad"),
            ("dilation", "dilation"),
            ("groups", "groups"),
        )
        if own in given
    }

    def needed(name: str, what: str) -> Any:
        if name not in given:
            raise NetworkError(
                f"{where}: how many {what} is not said" if name == "count" else f"{where}: {what} is not said"
            )
        return given[name]

    if kind in ("conv", "conv1d"):
        count = needed("count", "kernels (output channels)")
        layer = "LazyConv2d" if kind == "conv" else "LazyConv1d"
        return [(layer, (count, needed("kernel", "the kernel's size")), placing)]
    if kind == "depthwise":
        return [("DepthwiseConv2d", (needed("kernel", "the kernel's size"),), placing)]
    if kind in ("pool", "avgpool"):
        if "stride" not in given:
            builder.assumed.append("a pooling layer without a stride has that of its size")
        layer = "MaxPool2d" if kind == "pool" else "AvgPool2d"
        return [(layer, (needed("kernel", "the window's size"),), placing)]
    if kind == "fc":
        return [("fc", (needed("count", "units"),), {})]
    if kind == "gap":
        return [("GlobalAvgPool2d", (), {})]
    return [(kind, (), {})]
