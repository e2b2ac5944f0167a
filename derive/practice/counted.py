"""The working of a part that counts a network: the formula of each layer, the numbers put in, the result."""

from __future__ import annotations

from derive.bank import Part
from derive.bank.counted import OF_A_LAYER, Counted
from derive.counting.working import LayerWorking, reasons, size_step, working
from derive.tensor.printing import Printer


def counted_lines(part: Part) -> list[str]:
    """Lines of LaTeX before the sum; the last line is the sum itself."""
    counted = part.counted
    assert counted is not None
    if counted.quantity == "size":
        formula, _ = size_step(counted.row)
        lines = [f"{part.answer} = {Printer('latex')(formula)}"]
    elif counted.quantity in ("receptive", "jump", "low", "high"):
        lines = _fields(counted)
    elif counted.quantity in OF_A_LAYER:
        lines = []
    else:
        shares = working(counted.count, counted.quantity)
        if counted.layer:
            shares = tuple(share for share in shares if share.row is counted.row)
        lines = [line for share in shares for line in _share(share)]
    return lines


def _share(share: LayerWorking) -> list[str]:
    name = rf"\text{{{share.row.node.call}: }}".replace("_", r"\_")
    lines = []
    for step in share.steps:
        value = step.value if isinstance(step.value, int) else Printer("latex")(step.value)
        lines.append(rf"{name} {step.formula_text('latex')} = {step.substituted('latex')} = {value}")
    if share.quantity in ("multiplications", "additions"):
        lines += reasons(share.row, share.quantity, "latex")
    return lines


def _fields(counted: Counted) -> list[str]:
    """The field of every layer up to the one that is asked about."""
    from derive.counting.receptive import receptive_fields, spatial

    fields = receptive_fields(counted.count)
    axis = spatial(counted.count, fields)[0]
    first, lines = counted.count.network.inputs[0], []
    for row in counted.count.rows:
        field = fields.of(row.number, axis, first)
        if field is not None and field.single is not None:
            one = field.single
            name = rf"\text{{{row.node.call}: }}".replace("_", r"\_")
            lines.append(rf"{name} {one.text()}, \quad \text{{size }} {one.size}, \text{{ jump }} {one.jump}")
        if row.number == counted.row.number:
            break
    return lines
