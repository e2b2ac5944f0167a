"""Receptive fields as text and plain data."""

from __future__ import annotations

from typing import Any

from derive.counting.network import NetworkCount
from derive.counting.receptive import Field, ReceptiveFields, receptive_fields, spatial
from derive.rendering.count import label, number, plain

_NAMES = {1: ("place",), 2: ("row", "column"), 3: ("depth", "row", "column")}


def _axes(count: NetworkCount, fields: ReceptiveFields) -> list[tuple[int, str]]:
    """The axes to be shown with a name; of axes that agree everywhere only the first."""
    axes = spatial(count, fields)
    first = count.network.inputs[0]
    alike = {
        axis: tuple(
            None if (one := own.get((first, axis))) is None else (one.intervals, one.is_whole)
            for k, own in enumerate(fields.fields)
            if k != first
        )
        for axis in axes
    }
    shown: list[tuple[int, str]] = []
    names = _NAMES.get(len(axes), tuple(f"axis {axis}" for axis in axes))
    for axis, name in zip(axes, names, strict=True):
        if alike[axis] not in [alike[one] for one, _ in shown]:
            shown.append((axis, name))
    return [(axis, name if len(shown) > 1 else "") for axis, name in shown]


def as_text(count: NetworkCount) -> str:
    """Size, jump, padding and interval of every layer that looks at more than one place."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    fields = receptive_fields(count)
    first = count.network.inputs[0]
    lines = []
    for axis, name in _axes(count, fields):
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("layer", "size", "jump", "padding", "output i depends on"):
            table.add_column(
                heading, justify="left" if heading in ("layer", "output i depends on") else "right"
            )
        for row in count.rows:
            own = fields.fields[row.number].get((first, axis))
            if own is not None:
                table.add_row(Text(label(row)), *_cells(own, count.shapes[first][axis]))
        screen = Console(width=110, highlight=False, markup=False, color_system=None)
        with screen.capture() as captured:
            screen.print(table)
        lines += [
            "Receptive field" + (f" along the {name}s" if name else ""),
            "",
            captured.get().rstrip(),
            "",
        ]
    for meeting in fields.meetings:
        if not meeting.aligned and meeting.axis in [axis for axis, _ in _axes(count, fields)]:
            branches = "; ".join(one.text() for one in meeting.branches)
            lines.append(
                f"Not aligned: the branches of {count.network.nodes[meeting.node].path} see {branches}"
            )
    if not lines:
        return "No layer looks at more than one place and less than all."
    if fields.meetings and all(one.aligned for one in fields.meetings):
        lines.append("The branches align wherever they meet.")
    return "\n".join(lines).rstrip()


def _cells(own: Field, extent: Any) -> list[str]:
    if own.is_whole:
        return [number(extent), "", "", "all"]
    single = own.single
    if single is None:
        return ["", "", "", f"{own.text()} (from the least to the greatest of these)"]
    note = "" if single.exact else " at most"
    return [number(single.size), number(single.jump), number(single.padding), single.text() + note]


def as_dict(count: NetworkCount) -> list[dict[str, Any]]:
    """For every layer and axis: size, jump, padding, the interval, and whether branches align."""
    fields = receptive_fields(count)
    first = count.network.inputs[0]
    found = []
    for row in count.rows:
        for axis in spatial(count, fields):
            own = fields.fields[row.number].get((first, axis))
            if own is None:
                continue
            found.append(
                {
                    "number": row.number,
                    "path": row.node.path,
                    "axis": axis,
                    "all": own.is_whole,
                    "intervals": [
                        {
                            "size": plain(one.size),
                            "jump": plain(one.jump),
                            "padding": plain(one.padding),
                            "low": plain(one.low),
                            "high": plain(one.high),
                            "text": one.text(),
                            "exact": one.exact,
                        }
                        for one in own.intervals
                    ],
                    "aligned": own.aligned,
                }
            )
    return found
