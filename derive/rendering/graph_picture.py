"""A scalar graph as a picture: gates in circles, values in green above the wires, gradients in red below."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from html import escape, unescape
from itertools import pairwise

import sympy as sp

from derive.graphs.scalar import ScalarGraph, Values
from derive.reading.symbols import GREEK
from derive.rendering.layers import layout
from derive.rendering.numbers import short

COLUMN, ROW, RADIUS, MARGIN, BOW = 160, 92, 21, 44, 30
FORWARD, BACKWARD, INK = "#15803d", "#b91c1c", "#1f2937"
DIGITS = 4  # significant digits in a picture

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_POWER = re.compile(r"\^\(?(-?\d+)\)?")
_STYLE = (
    f"text{{font-family:'DejaVu Sans',Verdana,sans-serif;font-size:14px;fill:{INK};text-anchor:middle}}"
    f".wire{{fill:none;stroke:{INK};stroke-width:1.4}} .gate{{fill:#f8fafc;stroke:{INK};stroke-width:1.4}}"
    f".name{{font-style:italic;font-family:'DejaVu Serif',Georgia,serif;font-size:17px}}"
    f" .forward{{fill:{FORWARD}}} .backward{{fill:{BACKWARD}}} .small{{font-size:11px}}"
    " .value{paint-order:stroke;stroke:#ffffff;stroke-width:4px;stroke-linejoin:round}"
)


def svg(graph: ScalarGraph, values: Values) -> str:
    """The picture as an SVG document of its own, with a title for those who cannot see it."""
    shown = [i for i, node in enumerate(graph.nodes) if not node.is_constant]
    number = {node: i for i, node in enumerate(shown)}
    edges = list(graph.edges())
    plan = layout(len(shown), [(number[source], number[gate]) for gate, _, source in edges])
    labels = {i: _label(graph, i) for i in shown}
    widths = {i: max(2 * RADIUS, 9 * len(labels[i]) + 14) for i in shown}

    def at(place: tuple[float, float]) -> tuple[float, float]:
        return MARGIN + 30 + place[0] * COLUMN, MARGIN + place[1] * ROW

    together = Counter((source, gate) for gate, _, source in edges)
    uses = Counter(source for _, _, source in edges)
    wires, marks, nodes = [], [], []
    taken = [(*at(place), widths[i] / 2, float(RADIUS)) for i, place in zip(shown, plan.places, strict=True)]
    for (gate, position, source), route in zip(edges, plan.routes, strict=True):
        points = [at(place) for place in route]
        points[0] = (points[0][0] + _half(graph, source, widths), points[0][1])
        points[-1] = (points[-1][0] - widths[gate] / 2, points[-1][1])
        if together[source, gate] > 1 and len(points) == 2:  # x * x: one wire bows up, the other down
            (x0, y0), (x1, y1) = points
            points.insert(1, ((x0 + x1) / 2, (y0 + y1) / 2 + (BOW if position else -BOW)))
        wires.append(f'<path class="wire" d="{_curve(points)}" marker-end="url(#arrow)"/>')
        gradient = values.edge[gate, position]
        place = _free(points, taken, _half_width(values, source, gradient))
        marks += _values(place, values, source, gradient)
    for i in shown:
        x, y = at(plan.places[number[i]])
        nodes += _node(graph, i, x, y, labels[i], widths[i])
        total = values.backward[i]
        if uses[i] > 1 and total is not None:
            below = y + (RADIUS + 11 if graph.nodes[i].gate else 20)
            nodes.append(_text(x, below, f"sum {_number(total)}", "backward small value"))
    x, y = at(plan.places[number[graph.output]])
    end = x + widths[graph.output] / 2
    wires.append(f'<path class="wire" d="M{end:.1f},{y:.1f} h{COLUMN * 0.6:.0f}" marker-end="url(#arrow)"/>')
    marks += _values((end + COLUMN * 0.27, y), values, graph.output, values.backward[graph.output])
    nodes.append(_text(end + COLUMN * 0.6 + 22, y, graph.nodes[graph.output].text, "name"))

    width = max([at(place)[0] for place in plan.places]) + COLUMN + MARGIN
    height = 2 * MARGIN + max([place[1] for route in (*plan.routes, plan.places) for place in route]) * ROW
    title = f"Computational graph of {graph.nodes[graph.output].text} with values and gradients"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            f'orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="{INK}"/></marker></defs>',
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *wires,
            *nodes,
            *marks,
            "</svg>",
        ]
    )


def _half_width(values: Values, source: int, gradient: sp.Expr) -> float:
    return 4.6 * max(len(_number(values.forward[source])), len(_number(gradient)))


def _free(
    points: list[tuple[float, float]], taken: list[tuple[float, float, float, float]], half_width: float
) -> tuple[float, float]:
    """Where on a wire its numbers overlap least with gates and other numbers."""

    def overlap(place: tuple[float, float]) -> float:
        return sum(
            max(0.0, half_width + w - abs(place[0] - x)) * max(0.0, 20 + h - abs(place[1] - y))
            for x, y, w, h in taken
        )

    places = [_along(*leg, share) for leg in pairwise(points) for share in (0.3, 0.45, 0.2, 0.6, 0.75)]
    best = min(places, key=overlap)  # the first of those that are equally good
    taken.append((*best, half_width, 20))
    return best


def _label(graph: ScalarGraph, index: int) -> str:
    """What stands in a node: a variable's name, a gate's sign; a constant operand goes with the sign."""
    node = graph.nodes[index]
    if node.gate is None:
        return node.text
    operands = [graph.nodes[i] for i in node.inputs]
    constants = [operand for operand in operands if operand.is_constant]
    if not constants:
        return node.gate.symbol
    if len(constants) == len(operands):
        return graph.operation_text(index)
    if node.gate.name in ("add", "multiply"):
        return f"{node.gate.symbol}{constants[0].text}"
    return node.gate.text.format(*(o.text if o.is_constant else "x" for o in operands))


def _half(graph: ScalarGraph, index: int, widths: Mapping[int, float]) -> float:
    """How far right of its centre a node's wire begins."""
    if graph.nodes[index].gate:
        return widths[index] / 2
    base, _, below = graph.nodes[index].text.partition("_")
    return 8 + 5 * (1 if base in GREEK else len(base)) + 4 * len(below)


def _node(graph: ScalarGraph, index: int, x: float, y: float, label: str, width: float) -> list[str]:
    if graph.nodes[index].gate is None:
        return [_text(x, y, label, "name")]
    box = (
        f'<rect class="gate" x="{x - width / 2:.1f}" y="{y - RADIUS:.1f}" width="{width:.1f}" '
        f'height="{2 * RADIUS}" rx="{RADIUS}"/>'
    )
    return [box, _text(x, y, _POWER.sub(lambda m: m[1].translate(_RAISED), label.replace("*", "·")), "")]


def _values(place: tuple[float, float], values: Values, source: int, gradient: sp.Expr | None) -> list[str]:
    x, y = place
    marks = [_text(x, y - 12, _number(values.forward[source]), "forward value")]
    if gradient is not None:
        marks.append(_text(x, y + 13, _number(gradient), "backward value"))
    return marks


def _number(value: sp.Expr) -> str:
    return short(value, DIGITS).replace("-", "−")


def _text(x: float, y: float, words: str, kind: str) -> str:
    """Words centred on a point; what follows the first underscore of a name is set below the line."""
    base, _, below = words.partition("_") if kind == "name" else (words, "", "")
    if kind == "name" and base in GREEK:
        base = unescape(f"&{base};")
    inside = escape(base)
    if below:
        inside += f'<tspan dy="5" font-size="12">{escape(below.replace("_", ","))}</tspan>'
    # Not dominant-baseline, which several programs that show SVG do not know.
    return f'<text x="{x:.1f}" y="{y:.1f}" dy="0.35em" class="{kind}">{inside}</text>'


def _along(start: tuple[float, float], end: tuple[float, float], share: float) -> tuple[float, float]:
    """The point of the curve of :func:`_curve` at this share of the way."""
    t = share
    ease = 3 * (1 - t) * t * t + t**3
    x1, x2 = start[0] + 0.5 * (end[0] - start[0]), start[0] + 0.5 * (end[0] - start[0])
    x = (1 - t) ** 3 * start[0] + 3 * (1 - t) ** 2 * t * x1 + 3 * (1 - t) * t * t * x2 + t**3 * end[0]
    return x, start[1] + ease * (end[1] - start[1])


def _curve(points: list[tuple[float, float]]) -> str:
    """A smooth path that is level at every point."""
    parts = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        parts.append(f"C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}")
    return " ".join(parts)
