"""A counted network as text, LaTeX, HTML and plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from derive.counting.conventions import InForce
from derive.counting.formulas import Size
from derive.counting.layers import show
from derive.counting.memory import memory
from derive.counting.network import NetworkCount, Row
from derive.counting.stated import differences
from derive.tensor.printing import Printer

if TYPE_CHECKING:
    from rich.console import Group

TITLES = {
    "parameters": "parameters",
    "trainable": "of them trainable",
    "buffers": "running means and variances",
    "multiply_adds": "multiply-adds",
    "attention_multiply_adds": "of them attention's",
    "multiplications": "multiplications",
    "additions": "additions",
    "bias_additions": "of them biases'",
    "divisions": "divisions",
    "function_evaluations": "function evaluations",
    "comparisons": "comparisons",
    "activation_evaluations": "activation evaluations",
    "normalisation_operations": "normalisation operations",
    "activations": "activations (numbers put out)",
}
COLUMNS = ("parameters", "multiply_adds", "additions", "activation_evaluations", "comparisons")


def number(value: Size) -> str:
    """A count for the terminal: figures in threes, or the formula.

    >>> number(1234567)
    '1,234,567'
    """
    return f"{value:,}" if isinstance(value, int) else Printer("text")(value)


def latex_number(value: Size) -> str:
    """A count in LaTeX."""
    return f"{value:,}".replace(",", r"\,") if isinstance(value, int) else Printer("latex")(value)


def plain(value: Size) -> Any:
    """A count as plain data: a number, or a formula as LaTeX and as arithmetic."""
    if isinstance(value, int):
        return value
    return {"latex": Printer("latex")(value), "text": str(value)}


def human_bytes(value: Size, thousand: int = 1000) -> str:
    """Bytes in a unit that fits.

    >>> human_bytes(553_430_176), human_bytes(2048, 1024)
    ('553.4 MB', '2.0 KiB')
    """
    if not isinstance(value, int):
        return f"{number(value)} bytes"
    units = (
        ["bytes", "KB", "MB", "GB", "TB", "PB"] if thousand == 1000 else ["bytes", "KiB", "MiB", "GiB", "TiB"]
    )
    amount, unit = float(value), 0
    while amount >= thousand and unit < len(units) - 1:
        amount, unit = amount / thousand, unit + 1
    return f"{value} bytes" if unit == 0 else f"{amount:.1f} {units[unit]}"


def label(row: Row) -> str:
    """What a layer is called in a table: where it stands, and its call."""
    path = row.node.path
    if not path or path.rpartition(".")[2] == row.node.layer:
        return ".".join(filter(None, (path.rpartition(".")[0], row.node.call)))
    return f"{path}: {row.node.call}"


def as_dict(count: NetworkCount, conventions: InForce) -> dict[str, Any]:
    """Plain data for JSON."""
    totals = {name: plain(value) for name, value in count.totals.items()}
    totals["operations"] = plain(conventions.operations.value(count.totals))
    return {
        "convention": {**{k: conventions[k] for k in conventions.words}, "words": conventions.words},
        "batch": plain(count.batch),
        "inputs": [[plain(one) for one in shape] for shape in count.input_shapes],
        "layers": [_layer(row, count) for row in count.rows],
        "totals": totals,
        "memory": {name: plain(value) for name, value in memory(count, conventions).items()},
        "lower_bound": count.lower_bound,
        "unknown": list(count.network.unknown),
        "notes": list(count.notes),
        "differences": list(differences(count)),
        "assumed": list(count.network.assumed),
    }


def _layer(row: Row, count: NetworkCount) -> dict[str, Any]:
    return {
        "number": row.number,
        "path": row.node.path,
        "layer": row.node.layer,
        "call": row.node.call,
        "line": row.node.line or None,
        "inputs": list(row.node.inputs),
        "output_shape": [plain(one) for one in row.shape],
        **{name: plain(value) for name, value in row.counts.items()},
        "operations_of": [use.operation for use in row.uses if use.operation],
        "note": row.placed.note or None,
    }


def as_text(count: NetworkCount, conventions: InForce, width: int = 120) -> Group:
    """The table for a terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    columns = [name for name in COLUMNS if name in ("parameters", "multiply_adds") or _some(count, name)]
    if width < 110:
        columns = columns[:2]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("layer", overflow="fold")
    table.add_column("output", no_wrap=True)
    for name in columns:
        table.add_column(TITLES[name], justify="right")
    for k in () if count.network.is_inventory else count.network.inputs:
        table.add_row(count.network.nodes[k].path, show(count.shapes[k][1:]), *[""] * len(columns))
    for row in count.rows:
        cells = [number(row.counts[name]) if row.counts[name] != 0 else "" for name in columns]
        table.add_row(Text(label(row)), show(row.shape) if row.node.runs else "?", *cells)
    totals = Table(box=None, pad_edge=False, show_header=False)
    totals.add_column()
    totals.add_column(justify="right")
    bound = "at least " if count.lower_bound else ""
    for name, value in count.totals.items():
        if value != 0 or name == "parameters":
            totals.add_row(f"  {TITLES[name]}", bound * (name != "buffers") + number(value))
    lines: list[Any] = [table, "", "Total" + (f" for a batch of {count.batch}" if count.batch != 1 else "")]
    lines += [totals, "", *summary(count, conventions)]
    return Group(*(Text(one) if isinstance(one, str) else one for one in lines))


def _some(count: NetworkCount, name: str) -> bool:
    return bool(count.totals[name] != 0)


def summary(count: NetworkCount, conventions: InForce) -> list[str]:
    """The headline numbers with the conventions that they follow, and what there is to say about them."""
    found = memory(count, conventions)
    thousand = int(conventions["K"])
    bound = "at least " if count.lower_bound else ""
    lines = [
        f"{name} ({choice.words}): {bound}{number(choice.value(count.totals))}"
        for name, choice in (("Parameters", conventions.parameters), ("Operations", conventions.operations))
    ]
    lines += [
        f"Memory ({conventions.words['dtype']}): parameters {human_bytes(found['parameters'], thousand)}, "
        f"activations {human_bytes(found['activations'], thousand)}, training "
        f"{human_bytes(found['training'], thousand)} (with gradients; {conventions.words['optimiser']})",
    ]
    if any(row.node.layer in ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell") for row in count.rows):
        lines.append(f"Convention: {conventions.words['biases']}")
    lines += [f"Not known: {one}; the totals are a lower bound" for one in count.network.unknown]
    lines += [f"Does not agree: {one}" for one in differences(count)]
    if count.network.stated and not differences(count):
        lines.append(f"Everything stated agrees ({len(count.network.stated)} values)")
    lines += [f"Note: {one}" for one in dict.fromkeys(count.notes)]
    lines += [f"Assumed: {one}" for one in count.network.assumed]
    return lines


def as_latex(count: NetworkCount, conventions: InForce) -> str:
    """The table for plain LaTeX with amsmath."""
    columns = [name for name in COLUMNS if name in ("parameters", "multiply_adds") or _some(count, name)]
    head = " & ".join(["layer", "output", *(TITLES[name] for name in columns)])
    lines = [r"\begin{tabular}{ll" + "r" * len(columns) + "}", head + r" \\ \hline"]
    for row in count.rows:
        shape = r" \times ".join(latex_number(one) for one in row.shape) or "1"
        cells = [f"${latex_number(row.counts[name])}$" if row.counts[name] != 0 else "" for name in columns]
        lines.append(" & ".join([rf"\texttt{{{escaped(label(row))}}}", f"${shape}$", *cells]) + r" \\")
    totals = [f"${latex_number(count.totals[name])}$" for name in columns]
    lines += [r"\hline", " & ".join(["total", "", *totals]) + r" \\", r"\end{tabular}", ""]
    lines += [escaped(one) + r"\\" for one in summary(count, conventions)]
    return "\n".join(lines)


_SPECIAL = {"_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}",
            "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}  # fmt: skip


def shape_text(row: Row) -> str:
    """The shape that a layer puts out."""
    return show(row.shape)


def escaped(text: str) -> str:
    """Text for LaTeX."""
    return "".join(_SPECIAL.get(sign, sign) for sign in text)
