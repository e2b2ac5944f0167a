"""A counted network as a page: the table, the totals, the working as formulas, and both pictures."""

from __future__ import annotations

from markupsafe import Markup

from derive.counting.conventions import InForce
from derive.counting.network import NetworkCount
from derive.counting.working import quantities, sum_of, working
from derive.rendering import page
from derive.rendering.count import COLUMNS, TITLES, label, latex_number, number, shape_text, summary
from derive.rendering.network_picture import network_svg, receptive_svg

LONGEST = 600
"""A sum with more characters is left to the table."""


def as_html(count: NetworkCount, conventions: InForce) -> str:
    """The page."""
    columns = [name for name in COLUMNS if name in ("parameters", "multiply_adds") or count.totals[name] != 0]
    rows = [
        {
            "label": label(row),
            "shape": shape_text(row),
            "cells": [number(row.counts[name]) if row.counts[name] != 0 else "" for name in columns],
        }
        for row in count.rows
    ]
    worked = []
    for name in quantities(count):
        shares = working(count, name)
        whole = sum_of(shares)
        if len(whole) <= LONGEST:
            formula = page.mathml(f"{whole} = {latex_number(count.totals[name])}")
            worked.append((TITLES[name].capitalize(), [formula]))
    return page.render(
        "count.html",
        title=count.network.name or "A network, counted",
        columns=[TITLES[name] for name in columns],
        rows=rows,
        totals=[(TITLES[name], number(value)) for name, value in count.totals.items() if value != 0],
        summary=summary(count, conventions),
        working=worked,
        picture=Markup(network_svg(count)),
        field=Markup(receptive_svg(count)),
    )
