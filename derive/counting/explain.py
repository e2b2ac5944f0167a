"""What gives a total: under which convention a network comes to it, or which slip does, by reproduction.

Every candidate is computed, none is looked up: the network's totals under each convention, then the totals
with one slip (:mod:`derive.counting.slips`), then a miswritten digit, then two everyday slips at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from derive.counting.conventions import DTYPES, OPERATIONS, PARAMETERS
from derive.counting.layers import WEIGHTED
from derive.counting.network import NetworkCount, Row
from derive.counting.slips import Slip, biases, slips, whole
from derive.graphs.network import NetworkError

SUFFIXES = {"": 1, "K": 1, "M": 2, "G": 3, "B": 3, "T": 4}
MOST_SINGLE = 200
"""Beyond so many single slips pairs of them are not tried: two of very many explain anything."""
MOST_OF_TWO = 3
_PLAIN = ("all", OPERATIONS["mac"].words)


@dataclass(frozen=True)
class Target:
    """A total as somebody wrote it: the interval of numbers that are written so."""

    text: str
    figures: Fraction
    unit: Fraction
    power: int
    in_bytes: bool = False

    def reading(self, value: int, thousand: int = 1000) -> str:
        """How the value is written in this way: ``exact``, ``rounded``, ``truncated``, or empty."""
        scale = Fraction(thousand) ** self.power
        shown, unit = self.figures * scale, self.unit * scale
        if shown == value:
            return "exact"
        if abs(value - shown) <= unit / 2 and unit > 1:
            return "rounded"
        return "truncated" if 0 <= value - shown < unit and unit > 1 else ""


_NUMBER = re.compile(
    r"(?P<figures>\d[\d,_ ]*(?:\.\d+)?)(?:[eE](?P<power>\d+))?\s*"
    r"(?P<suffix>[KMGBT]?)(?P<bytes>i?B(?:ytes)?|bytes)?",
    re.IGNORECASE,
)


def target_of(text: str) -> Target:
    """A total as it is written: ``13.5M``, ``1,089,952``, ``3.86e9``, ``528 MB``.

    >>> target_of("13.5M").reading(13_472_288), target_of("1,089,952").reading(1_089_952)
    ('rounded', 'exact')
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise NetworkError(f"a total is written like 13.5M, 1,089,952, 3.86e9 or 528 MB; came {text!r}")
    figures = re.sub(r"[,_ ]", "", match["figures"])
    decimals = len(figures.partition(".")[2])
    exponent = Fraction(10) ** int(match["power"] or 0)
    suffix = match["suffix"].upper()
    power = 1 if suffix == "K" else SUFFIXES[suffix] if suffix else 0
    return Target(
        text.strip(),
        Fraction(figures) * exponent,
        Fraction(1, 10**decimals) * exponent,
        power,
        bool(match["bytes"]) or False,
    )


@dataclass(frozen=True)
class Explanation:
    """One way to come to a total.

    Parameters
    ----------
    quantity: what is counted; ``convention`` is how, ``slips`` what was done otherwise (empty for nothing).
    code: the slip's code, empty if there is none; ``cost`` how far-fetched it is.
    value: the total that comes out; ``reading`` says how it agrees: ``exact``, ``rounded``, ``truncated``.
    """

    quantity: str
    convention: str
    value: int
    reading: str
    slips: tuple[str, ...] = ()
    code: str = ""
    cost: int = 0

    def sentence(self, target: Target) -> str:
        """It in words: ``696,736 is what comes out with 3 for 5 in ...``."""
        agrees = {"exact": "is", "rounded": "is, rounded,", "truncated": "is, cut off,"}[self.reading]
        how = f" with {' and '.join(self.slips)}" if self.slips else ""
        number = "" if self.reading == "exact" else f": {self.value:,}"
        return f"{target.text} {agrees} what comes out{how} ({self.quantity}: {self.convention}){number}"


def explain(count: NetworkCount, target: Target, most: int = 5) -> list[Explanation]:
    """The ways in which this network comes to a total, the simplest first.

    The conventions alone come first; then one slip, where no convention does it; then two.
    """
    if any(not isinstance(value, int) for value in count.totals.values()):
        raise NetworkError(f"give numbers for {', '.join(map(str, count.symbols))} to explain a total")
    choices = list(_choices(count))
    found = [one for one in (_agreeing(target, *choice) for choice in choices) if one is not None]
    if found:
        return _best(found, most)
    single = list(slips(count))
    changed = [
        one
        for slip in single
        for quantity, convention, value, parts in choices
        if (one := _agreeing(target, quantity, convention, value + _effect(parts, slip), parts, (slip,)))
    ]
    if changed:
        return _best(changed, most)
    if miswritten := _miswritten(target, choices):
        return miswritten
    plain = [slip for slip in single if slip.cost == 1]
    if len(plain) > MOST_SINGLE or target.figures < 1000:
        return []
    pairs = [(a, b) for k, a in enumerate(plain) for b in plain[k + 1 :] if a.row != b.row or a.row < 0]
    changed = [
        one
        for pair in pairs
        for quantity, convention, value, parts in choices
        if (one := _agreeing(target, quantity, convention, _with(value, parts, pair), parts, pair))
        is not None
        and one.reading == "exact"
    ]
    return _best(changed, MOST_OF_TWO)


def _miswritten(target: Target, choices: Iterable[tuple[str, str, int, _Parts]]) -> list[Explanation]:
    """A total with two neighbouring digits exchanged or a single one wrong, of five or more."""
    shown = str(target.figures)
    if target.power or target.figures.denominator != 1 or len(shown) < 5:
        return []
    for quantity, convention, value, _ in choices:
        right = str(value)
        differing = [k for k in range(len(shown)) if len(right) == len(shown) and right[k] != shown[k]]
        if quantity.startswith("bytes") != target.in_bytes or not differing:
            continue
        first, last = differing[0], differing[-1]
        if (
            len(differing) == 2
            and last == first + 1
            and right[first : last + 1] == shown[last] + shown[first]
        ):
            words = f"the digits {right[first]} and {right[last]} exchanged in {value:,}"
        elif len(differing) == 1:
            words = f"the digit {shown[first]} for {right[first]} in {value:,}"
        else:
            continue
        return [Explanation(quantity, convention, int(target.figures), "exact", (words,), "digit", 1)]
    return []


_Parts = tuple[tuple[str, int], ...]


def _choices(count: NetworkCount) -> Iterator[tuple[str, str, int, _Parts]]:
    """(quantity, convention, value, what it is made of) for every convention."""
    totals = count.totals

    def linear(choice: object) -> _Parts:
        """How much each quantity weighs in a convention: its value where that quantity alone is 1."""
        names = list(totals)
        units = ({name: int(name == one) for name in names} for one in names)
        return tuple(
            (one, weight)
            for one, unit in zip(names, units, strict=True)
            if (weight := choice.value(unit))  # type: ignore[attr-defined]
        )

    for name, choice in PARAMETERS.items():
        yield (
            "parameters",
            name if name == "all" else choice.words,
            whole(choice.value(totals)),
            linear(choice),
        )
    for choice in OPERATIONS.values():
        if choice.value(totals) != 0:
            yield "operations", choice.words, whole(choice.value(totals)), linear(choice)
    for name in ("activation_evaluations", "comparisons", "activations"):
        if totals[name] != 0:
            yield name.replace("_", " "), "all", whole(totals[name]), ((name, 1),)
    weighted = sum(whole(row.counts["parameters"]) for row in count.rows if _is(row, WEIGHTED))
    yield "parameters", "those of layers with weights, without normalisation and embeddings", weighted, ()
    weights = whole(totals["parameters"]) - sum(biases(row) for row in count.rows)
    yield "parameters", "without any bias", weights, ()
    for dtype in dict.fromkeys(DTYPES[one] for one in ("float32", "float16")):
        parameters = whole(totals["parameters"]) * dtype
        yield "bytes of parameters", f"{dtype} bytes each", parameters, (("parameters", dtype),)
        yield "bytes of activations", f"{dtype} bytes each", whole(totals["activations"]) * dtype, ()


def _is(row: Row, role: str) -> bool:
    return any(use.role == role for use in row.uses)


def _with(value: int, parts: _Parts, made: Iterable[Slip]) -> int:
    return value + sum(_effect(parts, slip) for slip in made)


def _effect(parts: _Parts, slip: Slip) -> int:
    return sum(weight * slip.change.get(name, 0) for name, weight in parts)


def _agreeing(
    target: Target, quantity: str, convention: str, value: int, parts: _Parts, made: tuple[Slip, ...] = ()
) -> Explanation | None:
    if made and not any(_effect(parts, slip) for slip in made):
        return None
    if len(made) > 1 and not all(_effect(parts, slip) for slip in made):
        return None
    if target.in_bytes != quantity.startswith("bytes"):
        return None
    for thousand in (1000, 1024) if target.power else (1000,):
        reading = target.reading(value, thousand)
        if reading:
            said = convention if thousand == 1000 else f"{convention}; K = 1024"
            words, code = tuple(slip.words for slip in made), made[0].code if made else ""
            cost = sum(slip.cost for slip in made) + (convention not in _PLAIN) + 2 * (thousand == 1024)
            cost -= len({slip.code for slip in made}) < len(made)  # the same slip twice
            return Explanation(quantity, said, value, reading, words, code, cost)
    return None


def _best(found: list[Explanation], most: int) -> list[Explanation]:
    """The closest first; of conventions that come to the same only the first."""
    order = {"exact": 0, "rounded": 1, "truncated": 2}
    single = {(one.quantity, one.value, one.slips): one for one in reversed(found)}
    ranked = sorted(single.values(), key=lambda one: (order[one.reading], one.cost))
    return [one for one in ranked if one.cost <= ranked[0].cost + 1][:most]
