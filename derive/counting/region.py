"""Which part of an input one entry of the output depends on, read off the indices of a definition.

A region is a box: for each axis of the input the least and the greatest index, as formulas in the output's
own indices. It is not cut at the border: a convolution's region reaches into its padding. Where a definition
chooses by conditions (a causal mask) or by data (a maximum) the region holds whatever could be chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sympy as sp

from derive.tensor.index import Index, coefficient_of, free_indices, fresh, within
from derive.tensor.nodes import Access, Argmax, Bracket, Inverse, LogDet, Reduction, Sum, Tensor
from derive.tensor.program import Program

Interval = tuple[sp.Expr, sp.Expr]
Box = tuple[Interval, ...]


@dataclass(frozen=True)
class Region:
    """The box of one input that ``output`` (an entry with its indices) depends on."""

    output: Access
    input: Tensor
    box: Box

    def is_all(self, axis: int) -> bool:
        """Whether it spans the whole axis, whatever the entry."""
        return self.box[axis] == (sp.S.Zero, self.input.shape[axis] - 1)


def regions(program: Program) -> dict[Tensor, Region]:
    """The region of every input that the output depends on.

    >>> from derive.ops import operation
    >>> conv = operation("conv1d").program
    >>> low, high = regions(conv)[conv.tensor("x")].box[2]
    >>> str(high - low)
    'd*k - d'
    """
    statement = program.defined[program.output]
    own = {one: (one, one) for one in statement.target.indices if isinstance(one, Index)}
    found: dict[Tensor, Box] = {}
    for tensor in program.inputs:
        boxes = list(_reads(statement.value, own, tensor, program, (program.output,)))
        if boxes:
            axes = zip(zip(*boxes, strict=True), tensor.shape, strict=True)
            found[tensor] = tuple(_hull(intervals, extent) for intervals, extent in axes)
    return {tensor: Region(statement.target, tensor, box) for tensor, box in found.items()}


def _reads(
    one: sp.Basic,
    known: Mapping[Index, Interval],
    wanted: Tensor,
    program: Program,
    entered: tuple[Tensor, ...] = (),
) -> Iterator[Box]:
    """The box of ``wanted`` for each place where it is read, directly or through other statements.

    ``entered`` are the tensors whose definitions were opened on the way: a recurrence comes back to one.
    """
    if isinstance(one, (Inverse, LogDet)):
        everything = {index: (sp.S.Zero, index.size - 1) for index in map(_spanning, one.tensor.shape)}
        yield from _reads(one.tensor[tuple(everything)], everything, wanted, program, entered)
        return
    if isinstance(one, Access):
        box = tuple(interval(index, known) for index in one.indices)
        if one.tensor == wanted:
            yield box
        elif one.tensor in program.defined and program.depends(one.tensor, wanted):
            again = entered.count(one.tensor)
            if again > 1:
                return
            if again:
                # One step back, and so from every step before: what was read there is within this box.
                box = tuple((sp.S.Zero, high) for _, high in box)
            statement = program.defined[one.tensor]
            inside = dict(zip(statement.target.indices, box, strict=True))
            yield from _reads(statement.value, inside, wanted, program, (*entered, one.tensor))
        return
    if isinstance(one, Reduction):
        inside = {**known, **{index: (sp.S.Zero, index.size - 1) for index in one.bound}}
        if isinstance(one, Sum):
            inside |= _narrowed(one, inside, wanted)
        yield from _reads(one.body, inside, wanted, program, entered)
        if isinstance(one, Argmax):
            for point in one.points:
                yield from _reads(point, known, wanted, program, entered)
        return
    for argument in one.args:
        yield from _reads(argument, known, wanted, program, entered)


def _spanning(extent: sp.Expr) -> Index:
    return fresh(Index("a", extent))


def _narrowed(one: Sum, known: Mapping[Index, Interval], wanted: Tensor) -> dict[Index, Interval]:
    """What brackets leave of the ranges of the indices by which ``wanted`` is read."""
    reading = {
        index
        for access in one.body.atoms(Access)
        if access.tensor == wanted
        for index in free_indices(access)
    }
    found: dict[Index, Interval] = {}
    for factor in sp.Mul.make_args(one.body):
        if not isinstance(factor, Bracket):
            continue
        for index in free_indices(factor) & reading & set(one.bound):
            step = coefficient_of(factor.affine, index)
            if step.could_extract_minus_sign():
                step, affine = -step, -factor.affine
            else:
                affine = factor.affine
            if not step.is_positive:
                continue
            low, high = interval(affine.xreplace({index: sp.S.Zero}), known)
            found[index] = (sp.ceiling(-high / step), sp.floor(-low / step))
    return found


def interval(affine: sp.Expr, known: Mapping[Index, Interval]) -> Interval:
    """The least and the greatest value of an affine index, its own indices being in known intervals."""
    low = high = affine.xreplace(dict.fromkeys(free_indices(affine), sp.S.Zero))
    for index in free_indices(affine):
        step = coefficient_of(affine, index)
        ends = known.get(index, (index, index))
        if step.could_extract_minus_sign():
            ends = ends[::-1]
        low, high = low + step * ends[0], high + step * ends[1]
    return sp.expand(low), sp.expand(high)


def _hull(intervals: tuple[Interval, ...], extent: sp.Expr) -> Interval:
    whole = (sp.S.Zero, extent - 1)
    if whole in intervals and all(within(end, extent) for ends in intervals for end in ends):
        return whole
    low, high = intervals[0]
    for other_low, other_high in intervals[1:]:
        low = low if _at_least(other_low, low) else sp.Min(low, other_low)
        high = high if _at_least(high, other_high) else sp.Max(high, other_high)
    return low, high


def _at_least(one: sp.Expr, other: sp.Expr) -> bool:
    """Whether one whole number is certainly not less than another: then it is more than that less 1."""
    more = sp.expand(one - other)
    # floor(x) is at most x, so what subtracts it is at least what subtracts x.
    least = sp.Add(
        *(
            term.replace(sp.floor, lambda x: x) if term.could_extract_minus_sign() else term
            for term in sp.Add.make_args(more)
        )
    )
    return bool(more.is_nonnegative or (more.is_integer and (sp.expand(least) + 1).is_positive))
