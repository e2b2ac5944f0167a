"""The operations of the backward pass as text and plain data."""

from __future__ import annotations

from typing import Any

from derive.counting.backward import QUANTITIES, count_backward
from derive.counting.network import NetworkCount
from derive.rendering.count import TITLES, label, number, plain


def as_text(count: NetworkCount) -> str:
    """What every layer's gradients cost, and all together."""
    found = count_backward(count)
    lines = ["Backward pass: the gradients of all parameters, and of what a trained layer reads", ""]
    for row in count.rows:
        own = {name: value for name, value in found.layers[row.number].items() if value != 0}
        if own:
            lines.append(f"  {label(row)}")
            lines += [f"    {TITLES[name]}: {number(value)}" for name, value in own.items()]
    lines += ["", "  together"]
    lines += [f"    {TITLES[name]}: {number(value)}" for name, value in found.totals.items() if value != 0]
    return "\n".join(lines)


def as_dict(count: NetworkCount) -> dict[str, Any]:
    """Plain data."""
    found = count_backward(count)
    return {
        "layers": [
            {"number": row.number, "path": row.node.path}
            | {name: plain(found.layers[row.number][name]) for name in QUANTITIES}
            for row in count.rows
        ],
        "totals": {name: plain(value) for name, value in found.totals.items()},
    }
