"""Receptive fields in closed form: which places of the input a place of a layer depends on.

Along every axis a layer's place i depends on the interval ``jump i + low .. jump i + high`` of the input.
Where layer after layer reads windows, the map of the window is put into the interval of what it reads:

    jump = jump' s,    low = jump' l + low',    high = jump' h + high'

for a layer that reads ``s i + l .. s i + h`` of places with jump', low' and high' (Araujo, Norris and Sim,
"Computing receptive fields of convolutional neural networks", Distill 2019, whose r, S and P are the size
``high - low + 1``, the jump, and the padding ``-low``). s, l and h are read off the indices of the
operation's definition (:mod:`derive.counting.region`). Where branches meet the field is the union of theirs.

An interval is not cut at the border: near it part of the field lies in the padding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp

from derive.counting.formulas import Size, simplest
from derive.counting.network import NetworkCount
from derive.graphs.network import NetworkError


@dataclass(frozen=True)
class Interval:
    """``jump i + low .. jump i + high``; with a jump below 1 the whole numbers in it.

    ``exact`` is False where the true field may be smaller: behind a fractional step the ends are bounds.
    """

    jump: Size
    low: Size
    high: Size
    exact: bool = True

    @property
    def size(self) -> Size:
        """How many places it holds."""
        return simplest(self.high - self.low + 1)

    @property
    def padding(self) -> Size:
        """How far it reaches before the first place for i = 0."""
        return simplest(-self.low)

    @property
    def centre(self) -> Size:
        """Twice the middle for i = 0; branches whose centres are equal align."""
        return simplest(self.low + self.high)

    @property
    def is_symbolic(self) -> bool:
        """Whether letters stand in it."""
        return any(getattr(one, "free_symbols", None) for one in (self.jump, self.low, self.high))

    def at(self, place: int) -> tuple[int, int]:
        """The interval of one place, in numbers; :class:`ValueError` where letters stand in it."""
        jump, low, high = (Fraction(str(one)) for one in (self.jump, self.low, self.high))
        return math.ceil(jump * place + low), math.floor(jump * place + high)

    def text(self, index: str = "i") -> str:
        """As it is written: ``4i - 6 .. 4i + 9``."""
        low, high = _affine(self.jump, self.low, index), _affine(self.jump, self.high, index)
        return low if low == high else f"{low} .. {high}"


def _affine(jump: Size, shift: Size, index: str) -> str:
    jump_text = f"({jump})" if isinstance(jump, sp.Add) or "/" in str(jump) else str(jump)
    start = index if jump == 1 else f"{jump_text}{'*' if isinstance(jump, sp.Expr) else ''}{index}"
    if shift == 0:
        return start
    text = str(shift)
    return f"{start} - {text[1:]}" if text.startswith("-") and "+" not in text else f"{start} + {text}"


@dataclass(frozen=True)
class Field:
    """The receptive field of a layer along one axis of one input.

    Parameters
    ----------
    axis: the axis of the layer's output whose index i is, the batch as axis 0.
    intervals: one for each jump that leads there; the field is their union. Empty for the whole axis.
    aligned: whether all branches that meet on the way have the same jump and centre.
    """

    axis: int = 0
    intervals: tuple[Interval, ...] = ()
    aligned: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether every place depends on the whole axis."""
        return not self.intervals

    @property
    def single(self) -> Interval | None:
        """The interval, where one formula holds for every place."""
        return self.intervals[0] if len(self.intervals) == 1 else None

    def at(self, place: int) -> tuple[int, int]:
        """The ends of the field of one place."""
        ends = [one.at(place) for one in self.intervals]
        return min(low for low, _ in ends), max(high for _, high in ends)

    def text(self, index: str = "i") -> str:
        """As it is written."""
        return " and ".join(one.text(index) for one in self.intervals) or "all"


Fields = Mapping[tuple[int, int], Field]
"""The fields of a layer: for each (input, axis of it) that it depends on."""


@dataclass(frozen=True)
class Meeting:
    """Branches that meet in a layer, along one axis of the input."""

    node: int
    axis: int
    branches: tuple[Field, ...]

    @property
    def aligned(self) -> bool:
        """Whether the branches have the same jump and the same centre."""
        return len({(one.jump, one.centre) for field in self.branches for one in field.intervals}) == 1


@dataclass(frozen=True)
class ReceptiveFields:
    """The receptive fields of all layers of a network."""

    fields: tuple[Fields, ...]
    meetings: tuple[Meeting, ...] = field(default=())

    def of(self, node: int, axis: int, network_input: int = 0) -> Field | None:
        """The field of a layer along an axis of an input; None if it does not depend on that input."""
        return self.fields[node].get((network_input, axis))


def receptive_fields(count: NetworkCount) -> ReceptiveFields:
    """The receptive fields of every layer of a counted network.

    >>> from derive.counting.describe import network_from_text
    >>> from derive.counting.network import count_network
    >>> net = network_from_text("Conv1d(1, 1, 3) -> MaxPool1d(2) -> Conv1d(1, 1, 3)")
    >>> receptive_fields(count_network(net, [(1, 20)])).of(3, 2).text()
    '2i .. 2i + 7'
    """
    found: list[Fields] = []
    meetings: list[Meeting] = []
    rows = {row.number: row for row in count.rows}
    for number, node in enumerate(count.network.nodes):
        if number not in rows:
            rank = len(count.shapes[number])
            found.append({(number, axis): Field(axis, (Interval(1, 0, 0),)) for axis in range(1, rank)})
            continue
        row = rows[number]
        reaches = row.placed.reach or (None,) * len(node.inputs)
        arriving = [
            _through(found[source], reach, len(shape))
            for source, reach, shape in zip(node.inputs, reaches, row.inputs, strict=True)
        ]
        joined: dict[tuple[int, int], Field] = {}
        for key in dict.fromkeys(key for fields in arriving for key in fields):
            branches = [fields[key] for fields in arriving if key in fields]
            joined[key] = _union(branches)
            if len(branches) > 1 and not any(one.is_whole for one in branches):
                meetings.append(Meeting(number, key[1], tuple(branches)))
        found.append(joined)
    return ReceptiveFields(tuple(found), tuple(meetings))


def _through(fields: Fields, reach: Any, rank: int) -> dict[tuple[int, int], Field]:
    """The fields behind a layer that reads its input as ``reach`` says."""
    steps = reach or tuple((axis, 1, 0, 0) for axis in range(rank))
    result: dict[tuple[int, int], Field] = {}
    for key, own in fields.items():
        step = None if own.is_whole else steps[own.axis]
        if step is None:
            result[key] = Field(aligned=own.aligned)
            continue
        axis, jump, low, high = step
        intervals = tuple(_composed(one, jump, low, high) for one in own.intervals)
        result[key] = Field(axis, intervals, own.aligned)
    return result


def _composed(one: Interval, jump: Size, low: Size, high: Size) -> Interval:
    # Whole numbers between fractional ends: their image under a jump other than 1 may lie inside by a part.
    fractional = isinstance(jump, sp.Expr) and jump.is_integer is False
    exact = one.exact and not (fractional and one.jump != 1)
    return Interval(
        _expanded(one.jump * jump), _expanded(one.jump * low + one.low),
        _expanded(one.jump * high + one.high), exact,
    )  # fmt: skip


def _expanded(value: Any) -> Size:
    return value if isinstance(value, int) else simplest(sp.expand(value))


def _union(branches: Sequence[Field]) -> Field:
    if len(branches) == 1:
        return branches[0]
    if any(one.is_whole for one in branches) or len({one.axis for one in branches}) > 1:
        return Field(aligned=all(one.aligned for one in branches))
    by_jump: dict[Size, Interval] = {}
    centres = set()
    for one in (interval for branch in branches for interval in branch.intervals):
        centres.add((one.jump, one.centre))
        other = by_jump.get(one.jump)
        if other is None:
            by_jump[one.jump] = one
        else:
            low, high = _least(one.low, other.low), _most(one.high, other.high)
            by_jump[one.jump] = Interval(one.jump, low, high, one.exact and other.exact)
    aligned = len(centres) == 1 and all(one.aligned for one in branches)
    return Field(branches[0].axis, tuple(by_jump.values()), aligned)


def _least(a: Size, b: Size) -> Size:
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else simplest(sp.Min(a, b))


def _most(a: Size, b: Size) -> Size:
    return max(a, b) if isinstance(a, int) and isinstance(b, int) else simplest(sp.Max(a, b))


def sum_along(count: NetworkCount, number: int) -> dict[str, str]:
    """The recursion to a layer written out, where layers stand in a row: size, jump, low and high in LaTeX.

    Each layer adds as many places as its window has beyond the first, times the jump before it; the jump is
    the product of the strides. Empty where branches meet on the way.

    >>> from derive.counting.describe import network_from_text
    >>> from derive.counting.network import count_network
    >>> net = network_from_text("Conv1d(1, 1, 3, padding=1) -> MaxPool1d(2) -> Conv1d(1, 1, 5)")
    >>> sum_along(count_network(net, [(1, 20)]), 3)["size"]
    '1 + 2 \\\\cdot 1 + 1 \\\\cdot 1 + 4 \\\\cdot 2'
    """
    fields = receptive_fields(count)
    axes = spatial(count, fields)
    first = count.network.inputs[0]
    chain = [number]
    while chain[-1] != first:
        sources = count.network.nodes[chain[-1]].inputs
        if len(sources) != 1:
            return {}
        chain.append(sources[0])
    rows = {row.number: row for row in count.rows}
    sizes, jumps, lows, highs = ["1"], list[str](), list[str](), list[str]()
    for before, at in zip(chain[:0:-1], chain[-2::-1], strict=True):
        own, step = fields.of(before, axes[0], first), rows[at].placed.reach
        if own is None or own.single is None:
            return {}
        window = None if step is None or step[0] is None else step[0][own.axis]
        if window is None or window[1:] == (1, 0, 0):
            continue
        _, stride, low, high = window
        jump = own.single.jump
        sizes.append(rf"{simplest(high - low)} \cdot {jump}")
        lows.append(rf"({low}) \cdot {jump}" if str(low).startswith("-") else rf"{low} \cdot {jump}")
        highs.append(rf"({high}) \cdot {jump}" if str(high).startswith("-") else rf"{high} \cdot {jump}")
        jumps.append(str(stride))
    return {
        "size": " + ".join(sizes),
        "jump": r" \cdot ".join(jumps) or "1",
        "low": " + ".join(lows) or "0",
        "high": " + ".join(highs) or "0",
    }


def spatial(count: NetworkCount, fields: ReceptiveFields) -> tuple[int, ...]:
    """The axes of the first input along which some layer looks at more than one place and less than all."""
    if not count.network.inputs:
        raise NetworkError("the network has no input")
    first = count.network.inputs[0]
    return tuple(
        axis
        for axis in range(1, len(count.shapes[first]))
        if any(
            any(one.size != 1 for one in found.intervals)
            for own in fields.fields
            if (found := own.get((first, axis))) is not None
        )
    )
