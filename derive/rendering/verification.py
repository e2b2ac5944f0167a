"""Verifications as a table: for each operation and input the largest error of each witness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from derive.verification import TOLERANCES, Verification

if TYPE_CHECKING:
    from rich.table import Table


def as_table(found: Sequence[Verification], detail: bool = False) -> Table:
    """One row for each derivative, or with ``detail`` for each derivative at each setting."""
    from rich.table import Table

    witnesses = [name for name in TOLERANCES if any(name in one.witnesses for one in found)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("derivative")
    if detail:
        table.add_column("setting")
    for name in witnesses:
        table.add_column(f"{name}\n≤ {TOLERANCES[name]:.0e}", justify="right")
    table.add_column("")
    groups: dict[tuple[str, ...], list[Verification]] = {}
    for one in found:
        key: tuple[str, ...] = (_derivative(one), one.setting) if detail else (_derivative(one),)
        groups.setdefault(key, []).append(one)
    for key, members in groups.items():
        cells = []
        for name in witnesses:
            errors = [one.witnesses[name] for one in members if name in one.witnesses]
            cells.append(f"{max(errors):.1e}" if errors else "-")
        agrees = all(one.agrees for one in members)
        table.add_row(*key, *cells, "agrees" if agrees else "DISAGREES", style=None if agrees else "bold red")
    return table


def _derivative(one: Verification) -> str:
    order = "" if one.order == 1 else ", second"
    return f"{one.operation} by {one.wrt}{order}"


def summary(found: Sequence[Verification]) -> str:
    """One line: how many derivatives were held against their witnesses, how often, and with what result."""
    wrong = [one for one in found if not one.agrees]
    derivatives = len({(one.operation, one.wrt, one.order) for one in found})
    absent = dict.fromkeys(
        f"{name}: {why}" for one in found for name, why in one.absent.items() if name == "PyTorch"
    )
    lines = [
        f"{derivatives} derivatives in {len(found)} trials: "
        + (f"{len(wrong)} DISAGREE" if wrong else "all witnesses agree")
    ]
    lines += [f"not asked: {one}" for one in absent]
    return "\n" + "\n".join(lines) + "\n"
