"""One compared claim as text lines and as plain data, and batches of them as JSON lines."""

from __future__ import annotations

import json
from typing import Any

from derive.judging import Claim

#: How a verdict was reached, by its evidence.
HOW = {
    "exact": "in exact arithmetic, or because both sides are the same up to order and names",
    "proved": "by the steps below",
    "sampled": "at random points; no proof was found",
    "interval": "by the digits written, as far as they go",
    "witness": "by the values of both sides where they differ, confirmed in high precision",
    "none": "not at all: there is no evidence either way",
}

Line = tuple[str, str]
"""What a line is (``verdict``, ``assumed``, ``how``, ``step``) and its text."""


def claim_data(claim: Claim, seed: int) -> dict[str, Any]:
    """The record of ``derive compare --format json``: the claim, and the seed of its random points.

    >>> claim_data(Claim("correct", "exact"), 0)["seed"]
    0
    """
    return {**claim.to_dict(), "seed": seed}


def claim_lines(claim: Claim, seed: int, explain: bool = False) -> list[Line]:
    """The verdict with its reason and what was assumed; with ``explain`` also how it was reached.

    >>> for _, line in claim_lines(Claim("wrong", "witness", "at x = 1: left 1, right 2"), 0, explain=True):
    ...     print(line)
    wrong: at x = 1: left 1, right 2
    how: by the values of both sides where they differ, confirmed in high precision (seed 0)
    """
    head = claim.verdict + (f": {claim.message}" if claim.message else "")
    lines = [("verdict", head + (f" [{claim.note}]" if claim.note else ""))]
    if claim.assumed:
        lines.append(("assumed", f"assumed: {'; '.join(claim.assumed)}"))
    if explain:
        lines += _explanation(claim, seed)
    return lines


def _explanation(claim: Claim, seed: int) -> list[Line]:
    drawn = claim.evidence in ("sampled", "witness")
    lines: list[Line] = [("how", f"how: {HOW[claim.evidence]}" + (f" (seed {seed})" if drawn else ""))]
    at = claim.witness["at"] if claim.witness is not None else {}
    lines += [("step", f"  {name} = {at[name]}") for name in at if f"{name} = " not in claim.message]
    return lines + [("step", f"  {text}") for text in _steps(claim)]


def _steps(claim: Claim) -> list[str]:
    """Each rule once, with its law and where it was used, and what both sides become."""
    lines: list[str] = []
    used: dict[tuple[str, str], list[str]] = {}
    for step in claim.proof[:-1]:
        places = used.setdefault((step["rule"], step["after"]), [])
        if step["before"] not in places:
            places.append(step["before"])
    for (rule, law), places in used.items():
        shown = " and ".join(places[:3]) + (", ..." if len(places) > 3 else "")
        lines.append(f"{rule}, {law}" if law else rule)
        lines.append(f"    in {shown}")
    for step in claim.proof[-1:]:
        if step["rule"] == "the same normal form":
            lines.append(f"{step['rule']} on both sides" + (f": {step['after']}" if step["after"] else ""))
        else:
            lines.append(f"{step['rule']}: {step['before']} {step['after']}")
    return lines


def json_line(record: dict[str, Any]) -> str:
    """A record on one line, in UTF-8 where it can be written so.

    >>> json_line({"id": "λ"}), json_line({"id": chr(0xD800)})
    ('{"id": "λ"}', '{"id": "\\\\ud800"}')
    """
    line = json.dumps(record, ensure_ascii=False, allow_nan=False)
    try:
        line.encode()
    except UnicodeEncodeError:  # half a character, which JSON can name and UTF-8 cannot hold
        return json.dumps(record, allow_nan=False)
    return line
