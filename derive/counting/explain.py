"""What gives a total: under which convention a network comes to it, or which slip does, by reproduction.

Every candidate is computed, none is looked up: the network's totals under each convention, then the totals
with one slip made in one layer (another kernel, no bias, one input channel, a layer missed or counted twice,
the input's size for the output's), then two such slips at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.counting.conventions import DTYPES, OPERATIONS, PARAMETERS
from derive.counting.formulas import Size
from derive.counting.layers import NORMALISATION, WEIGHTED, Use
from derive.counting.network import NetworkCount, Row, use_counts
from derive.graphs.network import NetworkError

SUFFIXES = {"": 1, "K": 1, "M": 2, "G": 3, "B": 3, "T": 4}
_KERNELS = (1, 2, 3, 5, 7, 11)
_KERNEL_SIZES = ("k", "k_h", "k_w", "k_d")
MOST_PAIRS = 250
"""Beyond so many single slips pairs of them are not tried: two of very many explain anything."""


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
    code: the slip's code, empty if there is none.
    value: the total that comes out; ``reading`` says how it agrees: ``exact``, ``rounded``, ``truncated``.
    """

    quantity: str
    convention: str
    value: int
    reading: str
    slips: tuple[str, ...] = ()
    code: str = ""

    def sentence(self, target: Target) -> str:
        """It in words: ``696,736 is what comes out with 3 for 5 in ...``."""
        agrees = {"exact": "is", "rounded": "is, rounded,", "truncated": "is, cut off,"}[self.reading]
        how = f" with {' and '.join(self.slips)}" if self.slips else ""
        number = "" if self.reading == "exact" else f": {self.value:,}"
        return f"{target.text} {agrees} what comes out{how} ({self.quantity}: {self.convention}){number}"


@dataclass(frozen=True)
class Slip:
    """Something done otherwise in one layer: what it changes in each quantity."""

    words: str
    code: str
    row: int
    change: dict[str, int]


def explain(count: NetworkCount, target: Target, most: int = 6) -> list[Explanation]:
    """The ways in which this network comes to a total, the simplest first.

    The conventions alone come first; then one slip, where no convention does it; then two.
    """
    if any(not isinstance(value, int) for value in count.totals.values()):
        raise NetworkError(f"give numbers for {', '.join(map(str, count.symbols))} to explain a total")
    choices = list(_choices(count))
    found = [one for one in (_agreeing(target, *choice) for choice in choices) if one is not None]
    if found:
        return _best(found, most)
    slips = list(_slips(count))
    changed = [
        one
        for slip in slips
        for quantity, convention, value, parts in choices
        if (one := _agreeing(target, quantity, convention, value + _effect(parts, slip), parts, (slip,)))
    ]
    if changed or len(slips) > MOST_PAIRS:
        return _best(changed, most)
    pairs = [(a, b) for k, a in enumerate(slips) for b in slips[k + 1 :] if a.row != b.row or a.row < 0]
    changed = [
        one
        for pair in pairs
        for quantity, convention, value, parts in choices
        if (one := _agreeing(target, quantity, convention, _with(value, parts, pair), parts, pair))
        is not None
        and one.reading == "exact"
    ]
    return _best(changed, most)


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
            _whole(choice.value(totals)),
            linear(choice),
        )
    for choice in OPERATIONS.values():
        if choice.value(totals) != 0:
            yield "operations", choice.words, _whole(choice.value(totals)), linear(choice)
    for name in ("activation_evaluations", "comparisons", "activations"):
        if totals[name] != 0:
            yield name.replace("_", " "), "all", _whole(totals[name]), ((name, 1),)
    weighted = sum(_whole(row.counts["parameters"]) for row in count.rows if _is(row, WEIGHTED))
    yield "parameters", "those of layers with weights, without normalisation and embeddings", weighted, ()
    weights = _whole(totals["parameters"]) - sum(_biases(row) for row in count.rows)
    yield "parameters", "without any bias", weights, ()
    for dtype in dict.fromkeys(DTYPES[one] for one in ("float32", "float16")):
        parameters = _whole(totals["parameters"]) * dtype
        yield "bytes of parameters", f"{dtype} bytes each", parameters, (("parameters", dtype),)
        yield "bytes of activations", f"{dtype} bytes each", _whole(totals["activations"]) * dtype, ()


def _whole(value: Size) -> int:
    assert isinstance(value, int)
    return value


def _is(row: Row, role: str) -> bool:
    return any(use.role == role for use in row.uses)


def _biases(row: Row) -> int:
    """How many of a layer's parameters are biases."""
    return sum(
        _whole(use_counts(use)["parameters"]) - _whole(use_counts(_without_bias(use))["parameters"])
        for use in row.uses
        if use.role == WEIGHTED and use.operation
    )


def _without_bias(use: Use) -> Use:
    from derive.counting.operation_formulas import formulas_of

    biases = formulas_of(use.operation, use.absent).biases
    return replace(use, absent=(*use.absent, *((name, 0) for name in biases)), twice=())


def _slips(count: NetworkCount) -> Iterator[Slip]:
    """The slips that people make, each in one layer."""
    for row in count.rows:
        where = _where(count, row)
        own = {name: _whole(value) for name, value in row.counts.items()}
        if not any(own[name] for name in own if name != "activations"):
            continue
        yield Slip(f"{where} left out", "lost-term", row.number, {k: -v for k, v in own.items()})
        yield Slip(f"{where} counted twice", "done-twice", row.number, own)
        for use in row.uses:
            for words, code, other in _variants(use):
                before, after = use_counts(use), use_counts(other)
                change = {k: _whole(after.get(k, 0)) - _whole(before.get(k, 0)) for k in {*before, *after}}
                if any(change.values()):
                    change.setdefault("trainable", change.get("parameters", 0))
                    yield Slip(f"{words} in {where}", code, row.number, change)
    every = list(_each_without_bias(count))
    if len(every) > 1:
        total: dict[str, int] = {}
        for change in every:
            for key, value in change.items():
                total[key] = total.get(key, 0) + value
        yield Slip("no bias in any layer", "missing-bias", -1, total)


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def _where(count: NetworkCount, row: Row) -> str:
    """A layer by its call, its name, and the branch that it stands in."""
    place = row.number
    branch = ""
    while not branch:
        readers = count.network.consumers(place)
        if len(readers) != 1:
            break
        reader = count.network.nodes[readers[0]]
        if len(reader.inputs) > 1 and reader.inputs.index(place) < len(_ORDINALS):
            branch = f" in the {_ORDINALS[reader.inputs.index(place)]} branch"
        place = readers[0]
    path = row.node.path
    name = "" if path == row.node.layer else f"{path}: "
    return f"{name}{row.node.call}{branch}"


def _each_without_bias(count: NetworkCount) -> Iterator[dict[str, int]]:
    for row in count.rows:
        for use in row.uses:
            if use.role == WEIGHTED and use.operation and _biases(row):
                before, after = use_counts(use), use_counts(_without_bias(use))
                yield {k: _whole(after.get(k, 0)) - _whole(before.get(k, 0)) for k in {*before, *after}}


def _variants(use: Use) -> Iterator[tuple[str, str, Use]]:
    if not use.operation or use.role == NORMALISATION:
        return
    sizes = dict(use.sizes)
    kernels = [name for name in _KERNEL_SIZES if name in sizes]
    if kernels:
        own = sizes[kernels[0]]
        for k in _KERNELS:
            if k != own:
                yield (
                    f"{k} for {own}",
                    "wrong-kernel",
                    replace(use, sizes={**sizes, **dict.fromkeys(kernels, k)}),
                )
        if len(kernels) > 1:
            once = {**sizes, **dict.fromkeys(kernels[1:], 1)}
            yield f"{own} for {own}^{len(kernels)}", "lost-factor", replace(use, sizes=once)
    if use.role != WEIGHTED:
        return
    if not {"b"} & {name for name, _ in use.absent} and "b" in _parameters(use):
        yield "no bias", "missing-bias", _without_bias(use)
    if sizes.get("C", 1) != 1:
        yield "1 input channel", "missing-channels", replace(use, sizes={**sizes, "C": 1})
    inner = [(f"{axis}_out", f"{axis}_in") for axis in "DHW" if f"{axis}_out" in sizes]
    if inner and any(sizes[a] != sizes[b] for a, b in inner):
        larger = {**sizes, **{a: sizes[b] for a, b in inner}}
        yield "the input's size for the output's", "wrong-operand", replace(use, sizes=larger)


def _parameters(use: Use) -> Iterable[str]:
    from derive.counting.operation_formulas import formulas_of

    return formulas_of(use.operation, use.absent).parameters


def _with(value: int, parts: _Parts, slips: Iterable[Slip]) -> int:
    return value + sum(_effect(parts, slip) for slip in slips)


def _effect(parts: _Parts, slip: Slip) -> int:
    return sum(weight * slip.change.get(name, 0) for name, weight in parts)


def _agreeing(
    target: Target, quantity: str, convention: str, value: int, parts: _Parts, slips: tuple[Slip, ...] = ()
) -> Explanation | None:
    if slips and not any(_effect(parts, slip) for slip in slips):
        return None
    if len(slips) > 1 and not all(_effect(parts, slip) for slip in slips):
        return None
    if target.in_bytes != quantity.startswith("bytes"):
        return None
    for thousand in (1000, 1024) if target.power else (1000,):
        reading = target.reading(value, thousand)
        if reading:
            said = convention if thousand == 1000 else f"{convention}; K = 1024"
            words, code = tuple(slip.words for slip in slips), slips[0].code if slips else ""
            return Explanation(quantity, said, value, reading, words, code)
    return None


def _best(found: list[Explanation], most: int) -> list[Explanation]:
    """The closest first; of conventions that come to the same only the first."""
    order = {"exact": 0, "rounded": 1, "truncated": 2}
    single = {(one.quantity, one.value, one.slips): one for one in reversed(found)}
    return sorted(single.values(), key=lambda one: (order[one.reading], "1024" in one.convention))[:most]
