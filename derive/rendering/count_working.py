"""The working of a count, and the explanations of a total, as text, LaTeX, HTML and plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from derive.counting.explain import Explanation, Target
from derive.counting.network import NetworkCount
from derive.counting.working import LayerWorking, quantities, reasons, sum_of, working
from derive.rendering.count import TITLES, escaped, latex_number, number, plain


def _alike(lines: Sequence[LayerWorking]) -> list[tuple[LayerWorking, int]]:
    """Layers that are worked in the same way once, with how many they are."""
    found: dict[tuple[str, str], list[LayerWorking]] = {}
    for line in lines:
        found.setdefault((line.row.node.call, line.substituted()), []).append(line)
    return [(group[0], len(group)) for group in found.values()]


def as_text(count: NetworkCount, wanted: Iterable[str] = ()) -> str:
    """Every quantity: its formula for each layer, the numbers put in, and the sum."""
    lines: list[str] = []
    for name in quantities(count, *([tuple(wanted)] if wanted else [])):
        shares = working(count, name)
        lines += [f"{TITLES[name].capitalize()}", ""]
        for line, times in _alike(shares):
            often = f"   ({times} times)" if times > 1 else ""
            lines.append(f"  {line.row.node.call}{often}")
            for step in line.steps:
                said = step.substituted("text")
                formula = step.formula_text("text")
                lines.append(f"    {formula} = {said} = {number(step.value)}")
            if name in ("multiplications", "additions"):
                lines += [f"    {one}" for one in reasons(line.row, name)]
        whole = sum_of(shares, "text")
        if len(shares) > 1 and len(whole) <= 400:
            lines += ["", f"  {whole} = {number(count.totals[name])}"]
        else:
            lines += ["", f"  together {number(count.totals[name])}"]
        lines.append("")
    return "\n".join(lines).rstrip()


def as_latex(count: NetworkCount, wanted: Iterable[str] = ()) -> str:
    """The same as ``align*`` blocks for plain amsmath."""
    blocks = []
    for name in quantities(count, *([tuple(wanted)] if wanted else [])):
        shares = working(count, name)
        rows = []
        for line, times in _alike(shares):
            for step in line.steps:
                often = rf" \quad (\text{{{times} times}})" if times > 1 else ""
                rows.append(
                    rf"\text{{{escaped(line.row.node.call)}: }} & {step.formula_text('latex')}{often}"
                )
                # On a line of its own: together they would be wider than a page.
                rows.append(rf"& = {step.substituted('latex')} = {latex_number(step.value)}")
        rows.append(rf"\text{{together: }} & {latex_number(count.totals[name])}")
        body = " \\\\\n".join(rows)
        blocks.append(
            f"\\paragraph{{{TITLES[name].capitalize()}}}\n\\begin{{align*}}\n{body}\n\\end{{align*}}"
        )
    return "\n\n".join(blocks)


def as_dict(count: NetworkCount, wanted: Iterable[str] = ()) -> dict[str, Any]:
    """Plain data: for each quantity the layers, and the whole sum."""
    found = {}
    for name in quantities(count, *([tuple(wanted)] if wanted else [])):
        shares = working(count, name)
        found[name] = {
            "sum": {"latex": sum_of(shares), "text": sum_of(shares, "text")},
            "value": plain(count.totals[name]),
            "layers": [
                {
                    "number": line.row.number,
                    "path": line.row.node.path,
                    "call": line.row.node.call,
                    "steps": [
                        {
                            "formula": {"latex": step.formula_text("latex"), "text": str(step.formula)},
                            "substituted": {
                                "latex": step.substituted("latex"),
                                "text": step.substituted("text"),
                            },
                            "value": plain(step.value),
                        }
                        for step in line.steps
                    ],
                    "why": list(reasons(line.row, name)) if name in ("multiplications", "additions") else [],
                    "value": plain(line.value),
                }
                for line in shares
            ],
        }
    return found


def explanations_text(found: Sequence[Explanation], target: Target) -> str:
    """One sentence for each way to come to the total."""
    if not found:
        return (
            f"{target.text}: no convention gives this total, and no slip of one or two layers does\n"
            "(tried: other kernels, biases left out or too many, other channels, a layer missed or counted "
            "twice,\npadding, stride or pooling left out, the image flattened in part, a digit miswritten)"
        )
    return "\n".join(one.sentence(target) for one in found)


def explanations_dict(found: Sequence[Explanation], target: Target) -> dict[str, Any]:
    """Plain data."""
    return {
        "target": target.text,
        "explanations": [
            {
                "quantity": one.quantity,
                "convention": one.convention,
                "slips": list(one.slips),
                "code": one.code or None,
                "value": one.value,
                "agrees": one.reading,
            }
            for one in found
        ],
    }
