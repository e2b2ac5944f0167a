"""Inequalities with free names: ``(8n^2 + 4n)/(32n^2) > 1/4`` for every n.

Refuted by one point where it fails, confirmed exactly or in high precision. Held to be right if it is proved
(the difference is a sum of terms that are all positive in the domain), or if no point fails: many points,
near and far, and steps from the narrowest of them downhill.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from derive.judging import digits
from derive.judging.arrays import Array
from derive.judging.claim import Claim
from derive.judging.duals import plain
from derive.judging.identities import NATURAL, Setting, assumptions, evaluate_at, free_functions, named_values
from derive.judging.layout import Layout
from derive.judging.limits import Refusal, Unknown
from derive.judging.names import INDEX_LETTERS
from derive.judging.proof import positive
from derive.judging.sampling import POSITIVE, REAL, Domain, draw, exactly, precisely
from derive.judging.shapes import infer, origin_of
from derive.judging.trees import rename_bound
from derive.judging.values import PRECISION, Point, plain_name
from derive.reading.tree import Add, Name, Negative, Tree

#: Domains are stretched by these, so that a bound which fails only far out is found out.
STRETCHES = (1.0, 10.0, 300.0)
DOWNHILL = 6  # rounds of steps from the narrowest point
#: Letters that count things where nothing says otherwise.
COUNTS = {*INDEX_LETTERS, "N", "M", "T", "K", "D", "C", "H", "W", "B", "d", "h", "w"} - {"c", "y", "p", "q"}


def judge_inequality(left: Tree, right: Tree, relation: str, setting: Setting) -> Claim:
    """The verdict on ``left relation right`` for all values of its names in their domains.

    Raises :class:`Refusal` where the sides have no value.
    """
    if relation in ("<", "<="):
        claim = judge_inequality(right, left, {"<": ">", "<=": ">="}[relation], setting)
        if claim.witness is not None:
            swapped = {**claim.witness, "left": claim.witness["right"], "right": claim.witness["left"]}
            claim = replace(claim, witness=swapped, message=_said(swapped))
        return claim
    left, right = rename_bound(left), rename_bound(right)
    layout, shapes = infer([left, right], setting.shapes, setting.lets, origin_of(setting.convention))
    for shape in shapes:
        if isinstance(shape, Refusal):
            raise shape
        if shape is not None:
            raise Unknown("an inequality between tensors")
    assumed = assumptions(layout, setting, [left, right])
    undeclared = [n for n in layout.dims if n not in setting.domains and n not in setting.shapes]
    counted: dict[Tree, Domain] = {n: NATURAL for n in undeclared if isinstance(n, Name) and n.text in COUNTS}
    worst = _worst(
        left, right, relation, replace(setting, domains={**counted, **setting.domains}), layout, REAL
    )
    counted_note = tuple(f"{plain_name(n)} is a natural number" for n in counted)
    if isinstance(worst, dict):
        free = [n for n in undeclared if n not in counted]
        if free:
            narrower = {**counted, **dict.fromkeys(free, POSITIVE), **setting.domains}
            if not isinstance(
                _worst(left, right, relation, replace(setting, domains=narrower), layout, REAL), dict
            ):
                names = ", ".join(plain_name(n) for n in free)
                message = f"true where {names} > 0, but {_said(worst)}; declare what {names} may be"
                return Claim("undecided", message=message, assumed=assumed)
        return Claim("wrong", "witness", _said(worst), witness=worst, assumed=(*assumed, *counted_note))
    domains = {**counted, **setting.domains}
    assumed = (*assumed, *counted_note)
    if relation == "!=":
        steps = positive(Add((left, Negative(right))), ">", domains) or positive(
            Add((right, Negative(left))), ">", domains
        )
        if steps is None:
            message = "the sides differ at all points tried, and may be equal at single ones"
            return Claim("undecided", message=message, assumed=assumed)
    else:
        steps = positive(Add((left, Negative(right))), relation, domains)
    if steps is not None:
        return Claim(
            "correct", "proved", "the difference has only positive terms", assumed=assumed, proof=steps
        )
    return Claim(
        "correct", "sampled", f"holds at {worst} points, and downhill from the narrowest", assumed=assumed
    )


def _said(witness: Mapping[str, Any]) -> str:
    place = ", ".join(f"{name} = {value}" for name, value in witness["at"].items())
    return f"at {place or 'every point'}: left {witness['left']}, right {witness['right']}"


def _worst(
    left: Tree, right: Tree, relation: str, setting: Setting, layout: Layout, default: Domain
) -> dict[str, Any] | int:
    """A witness against the inequality, or at how many points it holds."""
    functions = free_functions([left, right], setting)
    if functions - setting.functions:
        raise Unknown("an inequality about a function that is not known")
    held = 0
    for seed, stretch in enumerate(STRETCHES):
        domains = {name: _stretched(d, stretch) for name, d in setting.domains.items()}
        point = draw(
            layout,
            functions,
            domains,
            _stretched(default, stretch),
            seed + 8 * setting.seed,
            random=setting.random,
        )
        for step in range(DOWNHILL):
            gap = _gap(left, right, point, layout, setting)
            finite = np.isfinite(gap)
            bad = finite & ((gap <= 1e-12) if relation in (">", "!=") else (gap < -1e-12))
            bad = finite & (np.abs(gap) <= 1e-12) if relation == "!=" else bad
            for k in np.flatnonzero(bad)[:6]:
                witness = _confirmed(left, right, relation, point, int(k), layout, setting)
                if witness is not None:
                    return witness
            held += int(finite.sum())
            size = np.abs(gap) if relation == "!=" else gap
            moved = _downhill(point, size, domains, default, step) if finite.any() else None
            if moved is None:
                break
            point = moved
    if held < 6:
        raise Unknown("no points were found where both sides have a value")
    return held


def _gap(left: Tree, right: Tree, point: Point, layout: Layout, setting: Setting) -> Array:
    x = evaluate_at(left, "float", point, layout, setting)
    y = evaluate_at(right, "float", point, layout, setting)
    with np.errstate(all="ignore"):
        return np.asarray((x - y) / np.maximum(1, np.maximum(np.abs(x), np.abs(y))))


def _stretched(domain: Domain, stretch: float) -> Domain:
    if domain.kind == "integer":
        return domain  # its draw is bounded, for the sake of sums that run up to it
    if domain.kind != "real" or domain.text.startswith(("in ", "between")):
        return domain
    low = domain.low / stretch if domain.low > 0 else domain.low * stretch
    high = domain.high / stretch if domain.high < 0 else domain.high * stretch
    return replace(domain, low=low, high=high)


def _special(point: Point, domains: Mapping[Tree, Domain], default: Domain) -> None:
    """Points where inequalities often fail: everything zero, everything equal, one name zero."""
    tried: list[tuple[Tree, Domain]] = []
    for name in point.names:
        domain = domains.get(name, default)
        if domain.kind == "real" and not domain.form and not (isinstance(name, Name) and "#" in name.text):
            tried.append((name, domain))
    for k, value in enumerate((1.0, 0.0)):
        for name, domain in tried:
            if (domain.low <= value <= domain.high and domain.text != "nonzero") or _reaches_zero(
                domain, value
            ):
                point.names[name][-1 - k] = value
    for k, (name, domain) in enumerate(tried[: point.batch - 8]):
        if _reaches_zero(domain, 0.0):
            point.names[name][-3 - k] = 0.0


def _reaches_zero(domain: Domain, value: float) -> bool:
    return value == 0 and domain.text in ("real", "nonnegative", "nonpositive")


def _downhill(
    point: Point, gap: Array, domains: Mapping[Tree, Domain], default: Domain, step: int
) -> Point | None:
    """Points around the narrowest one, the closer the later; None if nothing can be moved."""
    best = int(np.nanargmin(np.where(np.isfinite(gap), gap, np.inf)))
    rng = np.random.default_rng(step)
    names: dict[Tree, Array] = {}
    moved = False
    for name, x in point.names.items():
        domain = domains.get(name, default)
        centre = np.repeat(x[best : best + 1], point.batch, axis=0)
        if domain.kind == "real" and not domain.form and not (isinstance(name, Name) and "#" in name.text):
            noise = rng.normal(size=centre.shape) * 0.5**step * (0.05 + np.abs(centre))
            noise[0] = 0
            centre = np.clip(np.round(centre + noise, 6), domain.low, domain.high)
            moved = True
        names[name] = centre
    indices = {letter: np.repeat(i[best : best + 1], point.batch) for letter, i in point.indices.items()}
    return replace(point, names=names, indices=indices) if moved else None


def _confirmed(
    left: Tree, right: Tree, relation: str, point: Point, k: int, layout: Layout, setting: Setting
) -> dict[str, Any] | None:
    import mpmath

    exact = exactly(point, k)
    with mpmath.workdps(PRECISION):
        there = precisely(exact)
        try:
            a = plain(evaluate_at(left, "precise", there, layout, setting)[0])
            b = plain(evaluate_at(right, "precise", there, layout, setting)[0])
        except Refusal:
            return None
        if a != a or b != b:
            return None
        tiny = mpmath.mpf(10) ** -35 * max(1, abs(a), abs(b))
        if abs(a - b) <= tiny:
            # Equal, or too near for these digits: tanh 341 is not 1. Near zero and one they would tell.
            values = [abs(x.flat[0]) for x in exact.names.values() if x.size == 1]
            if relation == ">=" or any(v > 10 or 0 < v < 1e-3 for v in values):
                return None
        elif not a < b or relation == "!=":
            return None
        return {
            "at": named_values(exact, layout),
            "left": digits.short(a),
            "right": digits.short(b),
            "entry": None,
        }
