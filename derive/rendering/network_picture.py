"""A network as a graph with shapes on its edges, and the receptive field on the input's grid, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from derive.counting.layers import show
from derive.counting.network import NetworkCount, Row
from derive.counting.receptive import receptive_fields, spatial
from derive.graphs.network import Node
from derive.rendering.count import number
from derive.rendering.layers import layout

MOST_BOXES = 70
CHARACTER, PADDING, HEIGHT, LEVEL, MARGIN = 7.0, 12.0, 30.0, 74.0, 20.0
_COLOURS = {
    "weighted": "#dbeafe",
    "attention": "#dbeafe",
    "activation": "#fef3c7",
    "pooling": "#dcfce7",
    "normalisation": "#ede9fe",
    "arithmetic": "#fee2e2",
    "moving": "#f3f4f6",
    "": "#ffffff",
}


@dataclass(frozen=True)
class Box:
    """What is drawn as one: a layer, or the layers of one block."""

    label: str
    role: str
    nodes: tuple[int, ...]


def _boxes(count: NetworkCount) -> list[Box]:
    """One box for each layer; of large networks one for each block."""
    rows = {row.number: row for row in count.rows}
    nodes = count.network.nodes
    if len(nodes) <= MOST_BOXES:
        return [Box(_label(nodes, rows, [k]), _role(count, k), (k,)) for k in range(len(nodes))]
    groups: list[list[int]] = []
    for k, node in enumerate(nodes):
        head = node.path.partition(".")[0]
        inside = "." in node.path
        if groups and inside and nodes[groups[-1][-1]].path.partition(".")[0] == head:
            groups[-1].append(k)
        else:
            groups.append([k])
    return [
        Box(
            _label(nodes, rows, group),
            _role(count, group[0]) if len(group) == 1 else "weighted",
            tuple(group),
        )
        for group in groups
    ]


def _label(nodes: Sequence[Node], rows: Mapping[int, Row], group: Sequence[int]) -> str:
    first = nodes[group[0]]
    if len(group) > 1:
        return first.path.partition(".")[0]
    return first.call if group[0] in rows else first.path


def _role(count: NetworkCount, node: int) -> str:
    row = next((one for one in count.rows if one.number == node), None)
    return row.uses[0].role if row is not None and row.uses else "" if row is None else "moving"


def network_svg(count: NetworkCount) -> str:
    """The layers from top to bottom, each edge with the shape that flows along it."""
    boxes = _boxes(count)
    home = {node: k for k, box in enumerate(boxes) for node in box.nodes}
    edges: dict[tuple[int, int], int] = {}
    for target, node in enumerate(count.network.nodes):
        for source in node.inputs:
            if home[source] != home[target]:
                edges.setdefault((home[source], home[target]), source)
    placed = layout(len(boxes), list(edges))
    widths = [len(box.label) * CHARACTER + 2 * PADDING for box in boxes]
    column = max((*widths, 90.0)) + 40
    centre = [(MARGIN + column / 2 + y * column, MARGIN + HEIGHT / 2 + x * LEVEL) for x, y in placed.places]
    right = max(x for x, _ in centre) + column / 2 + MARGIN
    bottom = max(y for _, y in centre) + HEIGHT / 2 + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right:.0f} {bottom:.0f}" width="{right:.0f}" '
        f'height="{bottom:.0f}" font-family="system-ui, sans-serif" font-size="12">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="#64748b"/></marker></defs>',
    ]
    for source, route in zip(edges.values(), placed.routes, strict=True):
        points = [(MARGIN + column / 2 + y * column, MARGIN + HEIGHT / 2 + x * LEVEL) for x, y in route]
        parts.append(_edge(points))
        (x, y), (x2, y2) = points[0], points[1]
        shape = show(count.shapes[source][1:])
        share = 0.5 if abs(x - x2) < 1 else 0.62
        parts.append(_words(x + (x2 - x) * share + 6, y + (y2 - y) * 0.5 + 4, shape, "#475569", "start"))
    for box, (x, y), width in zip(boxes, centre, widths, strict=True):
        parts.append(
            f'<rect x="{x - width / 2:.1f}" y="{y - HEIGHT / 2:.1f}" width="{width:.1f}" height="{HEIGHT}" '
            f'rx="6" fill="{_COLOURS[box.role]}" stroke="#64748b"/>'
        )
        parts.append(_words(x, y + 4, box.label, "#0f172a", "middle"))
    return "\n".join([*parts, "</svg>"])


def _edge(points: Sequence[tuple[float, float]]) -> str:
    (x, y), *rest = points
    path = f"M{x:.1f} {y + HEIGHT / 2:.1f}"
    before = (x, y + HEIGHT / 2)
    for k, (next_x, next_y) in enumerate(rest):
        end = next_y - HEIGHT / 2 if k == len(rest) - 1 else next_y
        middle = (before[1] + end) / 2
        path += f"C{before[0]:.1f} {middle:.1f} {next_x:.1f} {middle:.1f} {next_x:.1f} {end:.1f}"
        before = (next_x, end)
    return f'<path d="{path}" fill="none" stroke="#64748b" marker-end="url(#tip)"/>'


def _words(x: float, y: float, words: str, colour: str, anchor: str) -> str:
    halo = 'stroke="#fff" stroke-width="3" paint-order="stroke"' if anchor == "start" else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" {halo}>{escape(words)}</text>'
    )


def receptive_svg(count: NetworkCount, place: int | None = None) -> str:
    """The input's grid with the receptive field of one place of every layer that looks further than the last.

    ``place`` is the index along each axis of the last layer that has a field; the middle one unless said. The
    fields of the layers on the way that end in it are drawn inside. Empty if no layer looks at more than one
    place.
    """
    fields = receptive_fields(count)
    axes = spatial(count, fields)[-2:]
    first = count.network.inputs[0]
    extents = [count.shapes[first][axis] for axis in axes]
    if not axes or not all(isinstance(one, int) for one in extents):
        return ""
    rows, columns = ([1, extents[0]] if len(axes) == 1 else extents)[:2]
    seen = _fields(count, place)
    cell = max(3.0, min(16.0, 560 / max(rows, columns)))
    reach = [*(end for _, box, _ in seen for ends in box for end in ends), 0]
    before = max(0, -min(reach))
    after = max(0, max(reach) + 1 - max(rows, columns))
    left, top = MARGIN + before * cell, MARGIN + (before * cell if len(axes) == 2 else 10)
    width, height = columns * cell, rows * cell
    legend = top + height + (after * cell if len(axes) == 2 else 0) + 30
    total = (left + width + after * cell + MARGIN, legend + 20 * len(seen) + MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {max(total[0], 420):.0f} {total[1]:.0f}" '
        f'width="{max(total[0], 420):.0f}" height="{total[1]:.0f}" font-family="system-ui, sans-serif" '
        'font-size="12">',
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" fill="#f8fafc" '
        'stroke="#94a3b8"/>',
    ]
    lines = [f"M{left + k * cell:.1f} {top:.1f}v{height:.1f}" for k in range(1, columns)]
    lines += [f"M{left:.1f} {top + k * cell:.1f}h{width:.1f}" for k in range(1, rows)]
    parts.append(f'<path d="{"".join(lines)}" stroke="#e2e8f0" fill="none"/>')
    for k, (label, box, size) in enumerate(seen):
        (low, high), (low_x, high_x) = box if len(box) == 2 else ((0, 0), box[0])
        colour = f"hsl({(210 + 47 * k) % 360} 75% 45%)"
        parts.append(
            f'<rect x="{left + low_x * cell:.1f}" y="{top + low * cell:.1f}" '
            f'width="{(high_x - low_x + 1) * cell:.1f}" height="{(high - low + 1) * cell:.1f}" '
            f'fill="{colour}" fill-opacity="0.13" stroke="{colour}" stroke-width="1.6"/>'
        )
        y = legend + 20 * k
        parts.append(f'<rect x="{MARGIN}" y="{y - 10}" width="12" height="12" fill="{colour}"/>')
        parts.append(_words(MARGIN + 20, y, f"{label}: {size}", "#0f172a", "start"))
    return "\n".join([*parts, "</svg>"])


def _fields(count: NetworkCount, place: int | None) -> list[tuple[str, list[tuple[int, int]], str]]:
    """For each layer on the way its label, its box of input places, and its field in words; largest first."""
    fields = receptive_fields(count)
    axes = spatial(count, fields)[-2:]
    first = count.network.inputs[0]
    found: list[tuple[str, list[tuple[int, int]], str]] = []
    middle: list[float] | None = None
    for row in reversed(count.rows):
        own = [fields.of(row.number, axis, first) for axis in axes]
        if not own or any(one is None or one.single is None or one.single.is_symbolic for one in own):
            continue
        singles = [one.single for one in own if one is not None and one.single is not None]
        sizes = [row.placed.shape[one.axis] for one in own if one is not None]
        if middle is None:
            places = [size // 2 if place is None else min(place, size - 1) for size in sizes]
        else:
            jumps = [float(str(one.jump)) for one in singles]
            starts = [float(str(one.centre)) / 2 for one in singles]
            places = [
                min(max(round((aim - start) / jump), 0), size - 1)
                for aim, start, jump, size in zip(middle, starts, jumps, sizes, strict=True)
            ]
        box = [one.at(at) for one, at in zip(singles, places, strict=True)]
        if middle is None:
            middle = [(low + high) / 2 for low, high in box]
        words = singles[-1].text().replace("-", "\N{MINUS SIGN}")
        if not found or box != found[-1][1]:
            found.append((row.node.call, box, f"{number(singles[-1].size)} places, {words}"))
        if len(found) == 8:
            break
    return found
