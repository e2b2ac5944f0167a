"""Networks as the tables of papers and lecture notes, copied as Markdown.

A row is a layer; columns are found by their heads (layer or type, filters or channels, kernel, stride,
padding, activation). Columns that state results (output size, parameters, operations) are not read as
settings: they are held against what the layers have. A column that is not understood is named.
"""

from __future__ import annotations

import re

from derive.graphs.network import Builder, Network, NetworkError
from derive.graphs.network_sheet import AFTER, KINDS, Noted, noted, wired

_COLUMNS = {
    "layer": "kind", "type": "kind", "operation": "kind", "op": "kind", "operator": "kind",
    "layer type": "kind", "type/stride": "kind", "layer name": "kind",
    "filters": "count", "channels": "count", "units": "count", "output channels": "count",
    "out channels": "count", "filter": "count", "kernels": "count", "neurons": "count", "maps": "count",
    "out": "count", "c": "count", "n": "count", "feature maps": "count", "feature map": "count",
    "number of filters": "count", "number of kernels": "count", "out_channels": "count",
    "kernel": "kernel", "kernel size": "kernel", "filter size": "kernel", "k": "kernel", "window": "kernel",
    "patch size": "kernel", "patch": "kernel", "patch size/stride": "kernel", "size": "kernel",
    "filter shape": "kernel",
    "kernel/stride": "kernel", "kernel_size": "kernel",
    "stride": "stride", "s": "stride", "strides": "stride", "padding": "pad", "pad": "pad", "p": "pad",
    "dilation": "dilation", "groups": "groups", "activation": "activation", "bias": "bias",
    "output": "stated output", "output size": "stated output", "output shape": "stated output",
    "output dimensions": "stated output", "output volume": "stated output", "shape": "stated output",
    "activation shape": "stated output", "out size": "stated output",
    "parameters": "stated parameters", "params": "stated parameters", "param": "stated parameters",
    "weights": "stated parameters", "number of parameters": "stated parameters",
    "trainable parameters": "stated parameters",
    "ops": "stated operations", "operations": "stated operations", "macs": "stated operations",
    "mac": "stated operations", "flops": "stated operations", "multiply-adds": "stated operations",
    "connections": "stated operations",
    "#": "", "no": "", "nr": "", "name": "label",
    "input": "came", "input size": "came", "input shape": "came",
    "input dimensions": "came", "index": "",
}  # fmt: skip
_EMPTY = ("", "-", "–", "—", "--", "none", "n/a", "/", "0")
_TOTALS = ("total", "sum", "all", "totals")


def looks_like_table(text: str) -> bool:
    """Whether a text is a Markdown table."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return len(lines) > 2 and "|" in lines[0] and set(lines[1]) <= set("|-:+ ") and "-" in lines[1]


def read_table(text: str, name: str = "") -> Network:
    """The network in the rows of a Markdown table.

    Raises :class:`~derive.graphs.network.NetworkError` with the row that cannot be read.

    >>> table = '''
    ... | layer | kernel | filters | stride | output |
    ... |-------|--------|---------|--------|--------|
    ... | conv  | 5x5    | 6       | 1      | 28x28  |
    ... | pool  | 2x2    |         | 2      | 14x14  |'''
    >>> network = read_table(table)
    >>> [node.call for node in network.nodes[1:]], [one.value for one in network.stated]
    (['LazyConv2d(6, (5, 5), stride=1)', 'MaxPool2d((2, 2), stride=2)'], [(28, 28), (14, 14)])
    """
    lines = [line for line in text.strip().splitlines() if line.strip()]
    rows = [[_cell(one) for one in line.strip().strip("|").split("|")] for line in lines]
    builder = Builder(name)
    heads = _heads(rows[0], builder)
    layers: list[Noted] = []
    total: tuple[str, str, str] | None = None
    for number, row in enumerate(rows[2:], 1):
        cells = {
            h: c for h, c in zip(heads, row, strict=False) if h and (c.lower() not in _EMPTY or c == "0")
        }
        where = f"row {number} of the table ({' | '.join(one for one in row if one)})"
        kind = cells.pop("kind", "") or cells.get("label", "")
        label = cells.pop("label", "")
        if kind.lower().strip(":") in _TOTALS or label.lower().strip(":") in _TOTALS:
            total = (cells.get("stated parameters", ""), cells.get("stated operations", ""), where)
        elif kind:
            came = tuple(map(int, re.findall(r"\d+", cells.pop("came", ""))))
            if came and not layers:
                layers.append(Noted("input", {"shape": came}, where, number))
            elif came:
                layers.append(Noted("stated", {"shape": came}, f"the input in {where}", number))
            layers += _row(kind, cells, where, number, builder)
    network = wired(builder, layers)
    if total is not None:
        for quantity, value in (("parameters", total[0]), ("operations", total[1])):
            if value:
                builder.state(-1, quantity, value, total[2])
        network = builder.network(*network.outputs)
    return network


def _cell(text: str) -> str:
    text = re.sub(r"\\times|×|\$\s*\\times\s*\$", "x", text.strip().strip("*`$ "))
    return re.sub(r"\\[,;!]|[*`$]", "", text).strip()


def _heads(heads: list[str], builder: Builder) -> list[str]:
    found = []
    for head in heads:
        plain = re.sub(r"[*`#]|\(.*\)", "", head.lower()).strip()
        plain = re.sub(r"\s*/\s*", "/", plain)
        if plain and plain not in _COLUMNS:
            builder.assumed.append(f"the column {head!r} is not read")
        found.append(_COLUMNS.get(plain, ""))
    if found.count("kernel") > 1 and (sized := [k for k, head in enumerate(heads) if head.lower() == "size"]):
        found[sized[0]] = "stated output"
    if "kind" not in found and "label" in found:
        found[found.index("label")] = "kind"
    if "kind" not in found and not heads[0]:
        found[0] = "kind"
    if found.count("kind") > 1:  # "layer" is then a name, and "type" what it is
        found[found.index("kind")] = "label"
    if "kind" not in found:
        raise NetworkError(f"the table needs a column 'layer' or 'type'; its columns are {', '.join(heads)}")
    return found


def _row(kind: str, cells: dict[str, str], where: str, number: int, builder: Builder) -> list[Noted]:
    stated = {key: cells.pop(key) for key in list(cells) if key.startswith("stated")}
    shape = tuple(map(int, re.findall(r"\d+", stated.get("stated output", ""))))
    activation = cells.pop("activation", "")
    if re.match(r"(the\s+)?(input|image)\b", kind, re.IGNORECASE):
        own = tuple(map(int, re.findall(r"\d+", kind)))
        sized = own or shape or tuple(map(int, re.findall(r"\d+", cells.get("kernel", ""))))
        return [Noted("input", {"shape": sized} if sized else {}, where, number)]
    if "count" in cells and "kernel" in cells and re.search(r"\bfc|dense|linear|fully", kind, re.IGNORECASE):
        cells.pop("kernel")
    piece = re.sub(r"^\d+[.):]?\s+(?=[^\W\d])", "", kind)
    for key, words in (("kernel", ""), ("count", "filters "), ("stride", "stride "), ("pad", "pad "),
                       ("dilation", "dilation "), ("groups", "groups ")):  # fmt: skip
        cell = cells.get(key, "")
        if key in ("kernel", "count") and re.search(r"pool|gap", kind, re.IGNORECASE) and key == "count":
            continue
        if key == "kernel" and re.fullmatch(r"\d+", cell):
            cell = f"{cell}x{cell}" if not re.search(r"1d", kind, re.IGNORECASE) else f"kernel {cell}"
        if cell:
            piece += f", {words}{cell}"
    if cells.get("bias", "").lower() in ("no", "false", "0", "without"):
        piece += ", no bias"
    layers = list(noted(piece, where, number, builder, numbered=True))
    first = layers[0]
    if first.kind == "Softmax" and shape and re.match(r"[1-9]", stated.get("stated parameters", "")):
        builder.assumed.append(f"{where} has parameters: a fully connected layer before the softmax")
        first = Noted("fc", {}, where, number)
        layers.insert(0, first)
    large = [one for one in shape if one != 1] or list(shape[:1])
    if "count" not in first.given and len(large) == 1 and first.kind == "fc":
        first.given["count"] = large[0]
    elif "count" not in first.given and len(shape) == 3 and first.kind == "conv":
        # Channels stand last in papers, first where the two others are alike.
        first.given["count"] = shape[0] if shape[1] == shape[2] != shape[0] else shape[2]
        builder.assumed.append("channels that no column says are those of the stated output")
    if shape:
        first.given["stated output"] = shape
    for key in ("stated parameters", "stated operations"):
        if re.match(r"\d", stated.get(key, "")):
            first.given[key] = stated[key]
    if activation.lower() in KINDS and KINDS[activation.lower()] in AFTER:
        layers.append(Noted(KINDS[activation.lower()], {}, where, number))
    elif activation and activation.lower() not in _EMPTY:
        builder.assumed.append(f"the activation {activation!r} is not read")
    return layers
