"""A scalar graph and its values: plain data, LaTeX, a table and tree for the terminal, a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp
from markupsafe import Markup

from derive.graphs.scalar import ScalarGraph, Values
from derive.rendering.graph_picture import svg
from derive.rendering.numbers import short
from derive.rendering.page import mathml, render

if TYPE_CHECKING:
    from rich.console import Group


def as_dict(graph: ScalarGraph, values: Values) -> dict[str, Any]:
    """Plain data for JSON: every node with its operation, local derivatives, value and gradient."""
    return {
        "output": graph.nodes[graph.output].text,
        "value": _number(values.forward[graph.output]),
        "nodes": [_node(graph, values, i) for i, node in enumerate(graph.nodes) if not node.is_constant],
        "gradient": {name: _number(value) for name, value in values.gradient.items()},
    }


def _node(graph: ScalarGraph, values: Values, index: int) -> dict[str, Any]:
    node = graph.nodes[index]
    return {
        "name": node.text,
        "operation": node.gate.name if node.gate else "variable",
        "expression": {"latex": graph.operation_latex(index), "text": graph.operation_text(index)},
        "inputs": [graph.nodes[i].text for i in node.inputs],
        "local": [
            {
                "wrt": graph.nodes[source].text,
                "formula": {
                    "latex": graph.local_latex(index, position),
                    "text": graph.local_text(index, position),
                },
                "value": _number(values.local[index, position]),
            }
            for gate, position, source in graph.edges()
            if gate == index
        ],
        "forward": _number(values.forward[index]),
        "backward": _number(values.backward[index]),
        "remark": values.remarks.get(index),
    }


def _number(value: sp.Expr | None) -> dict[str, Any] | None:
    """A number for JSON: its float64, and exactly (``1/3``) where it is rational."""
    if value is None:
        return None
    return {"value": float(value), "exact": str(value) if value.is_Rational else None}


def as_latex(graph: ScalarGraph, values: Values) -> str:
    """The forward and the backward pass as two ``align*`` blocks for plain amsmath."""
    forward = [
        f"{graph.nodes[i].latex} &= {graph.operation_latex(i)} {_equals(values.forward[i])}"
        for i in graph.operations
    ]
    live = sorted({source for _, _, source in graph.edges()}, reverse=True)
    backward = [_backward_line(graph, values, i) for i in live]
    return "\n".join([_align(forward), _align(backward)] if backward else [_align(forward)])


def _backward_line(graph: ScalarGraph, values: Values, index: int) -> str:
    """The chain rule at one value: the sum over the gates that use it.

    What flows back is written with d and what belongs to one gate with \\partial, because in
    ``f = x y + x`` they are two different derivatives of f by x.
    """
    # With an upstream gradient the quantity differentiated is not the output but something after it.
    target = graph.nodes[graph.output].latex if values.backward[graph.output] == 1 else "L"
    name = graph.nodes[index].latex
    links, filled = [], []
    for gate, position, source in graph.edges():
        if source != index:
            continue
        user = graph.nodes[gate].latex
        chain = "" if user == target else f"\\frac{{d {target}}}{{d {user}}} "
        links.append(f"{chain}\\frac{{\\partial {user}}}{{\\partial {name}}}")
        filled.append(
            f"{_bracketed(values.backward[gate])} \\cdot {_bracketed_formula(graph, gate, position)}"
        )
    total = f"{' + '.join(filled)} {_equals(values.backward[index])}"
    return f"\\frac{{d {target}}}{{d {name}}} &= {' + '.join(links)} = {total}"


def _bracketed_formula(graph: ScalarGraph, gate: int, position: int) -> str:
    written = graph.local_latex(gate, position)
    is_sum = isinstance(graph.local_formula(gate, position), sp.Add)
    return f"\\left({written}\\right)" if is_sum or written.startswith("-") else written


def _bracketed(value: sp.Expr | None) -> str:
    written = _latex_number(value)
    return f"({written})" if written.startswith("-") else written


def _equals(value: sp.Expr | None) -> str:
    """``= 2`` for what is shown in full, ``\\approx 0.7311`` for what is not."""
    if value is None:
        return ""
    exact = value.is_Rational and sp.Rational(short(value)) == value
    return f"{'=' if exact else chr(92) + 'approx'} {_latex_number(value)}"


def _latex_number(value: sp.Expr | None) -> str:
    digits, _, exponent = ("0" if value is None else short(value)).partition("e")
    return f"{digits} \\times 10^{{{int(exponent)}}}" if exponent else digits


def _align(lines: list[str]) -> str:
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


def as_text(graph: ScalarGraph, values: Values) -> Group:
    """A table of all nodes and a tree of the graph, for the terminal."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("node", style="bold", no_wrap=True)
    table.add_column("operation", no_wrap=True)
    table.add_column("local derivatives")
    table.add_column("forward", style="green", justify="right", no_wrap=True)
    table.add_column("backward", style="red", justify="right", no_wrap=True)
    local: dict[int, list[str]] = {}
    for gate, position, source in graph.edges():
        slope = f"d/d{graph.nodes[source].text} = {graph.local_text(gate, position)}"
        number = short(values.local[gate, position])
        local.setdefault(gate, []).append(slope if slope.endswith(f"= {number}") else f"{slope} = {number}")
    for i, node in enumerate(graph.nodes):
        gradient = values.backward[i]
        if not node.is_constant:
            table.add_row(
                node.text,
                graph.operation_text(i) if node.gate else "",
                "\n".join(local.get(i, [])),
                short(values.forward[i]),
                "" if gradient is None else short(gradient),
            )
    remarks = [
        Text(f"{graph.nodes[i].text} = {graph.operation_text(i)}: {remark}", style="yellow")
        for i, remark in values.remarks.items()
    ]
    legend = Text("At each branch the ")
    legend.append("value", style="green").append(" and the ").append(
        "gradient that flows back along it", style="red"
    )
    return Group(table, *remarks, Text(), legend, _tree(graph, values))


def _tree(graph: ScalarGraph, values: Values) -> Any:
    """The graph as a tree from the output down; a value used again is not unfolded again."""
    from rich.text import Text
    from rich.tree import Tree

    def line(index: int, gradient: sp.Expr | None, again: bool) -> Text:
        node = graph.nodes[index]
        said = f"{node.text} = {graph.operation_text(index)}" if node.gate and not again else node.text
        words = Text(f"{said}  ")
        words.append(short(values.forward[index]), style="green")
        if gradient is not None:
            words.append("  ")
            words.append(short(gradient), style="red")
        return words.append("  (see above)", style="dim") if again and node.gate else words

    root = Tree(line(graph.output, values.backward[graph.output], again=False))
    seen = {graph.output}
    pending = [(graph.output, root)]
    used = {(gate, position): source for gate, position, source in graph.edges()}
    while pending:
        gate, branch = pending.pop()
        children = []
        for position in range(len(graph.nodes[gate].inputs)):
            source = used.get((gate, position))
            if source is None:
                continue
            again = source in seen
            child = branch.add(line(source, values.edge[gate, position], again))
            if not again:
                seen.add(source)
                children.append((source, child))
        pending += reversed(children)
    return root


def as_html(graph: ScalarGraph, values: Values) -> str:
    """A page of its own: the picture and the table of nodes, formulas in MathML."""
    rows = [
        {
            "formula": mathml(f"{node.latex} = {graph.operation_latex(i)}" if node.gate else node.latex),
            "slopes": [
                mathml(_slope(graph, values, gate, position))
                for gate, position, _ in graph.edges()
                if gate == i
            ],
            "forward": short(values.forward[i]),
            "backward": "" if (gradient := values.backward[i]) is None else short(gradient),
        }
        for i, node in enumerate(graph.nodes)
        if not node.is_constant
    ]
    return render(
        "graph.html",
        title="Computational graph",
        picture=Markup(svg(graph, values)),
        rows=rows,
        remarks=[(graph.nodes[i].text, text) for i, text in values.remarks.items()],
    )


def _slope(graph: ScalarGraph, values: Values, gate: int, position: int) -> str:
    """A local derivative with its formula, and with its value where that says more."""
    source = graph.nodes[gate].inputs[position]
    name = f"\\frac{{\\partial {graph.nodes[gate].latex}}}{{\\partial {graph.nodes[source].latex}}}"
    formula, value = graph.local_formula(gate, position), values.local[gate, position]
    return f"{name} = {graph.local_latex(gate, position)}" + (
        "" if formula == value else f" {_equals(value)}"
    )
