"""What a layer costs, read once off the definition of its operation and kept as formulas in its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, cached_property
from typing import Any

import sympy as sp

from derive.counting.arithmetic import Counts, count_program, count_statement
from derive.counting.formulas import Formula, Size
from derive.counting.region import regions
from derive.ops import Operation, operation
from derive.tensor.index import Index, coefficient_of, free_indices
from derive.tensor.nodes import Access, Sum, Tensor, rewrite
from derive.tensor.program import Program, Statement

COUNTED = ("multiplications", "additions", "divisions", "function_evaluations", "comparisons")


class OperationFormulas:
    """One operation of the catalogue, perhaps without some of its parameters.

    ``absent`` says which parameters a layer does not have and what stands in their place: a bias is 0, a
    scale 1. Everything else follows from the definition with these put in.
    """

    def __init__(self, name: str, absent: tuple[tuple[str, int], ...] = ()) -> None:
        self.operation: Operation = operation(name)
        self.absent = dict(absent)
        self.program = _with_values(self.operation.program, self.absent)

    @cached_property
    def derived(self) -> dict[str, Formula]:
        """The sizes that follow from others, ``H_out`` of a convolution."""
        return {symbol.name: Formula(value) for symbol, value in self.program.derived_sizes}

    @cached_property
    def parameters(self) -> dict[str, Formula]:
        """The size of each array of parameters."""
        return {
            one.name: Formula(sp.Mul(*one.tensor.shape))
            for one in self.operation.parameters
            if one.tensor is not None and one.name not in self.absent
        }

    @cached_property
    def expressions(self) -> Counts:
        """The operation counts as formulas."""
        return count_program(self.program)

    @cached_property
    def counts(self) -> dict[str, Formula]:
        """The operation counts by name."""
        return {name: Formula(sp.expand(value)) for name, value in self.expressions.named().items()}

    @cached_property
    def multiply_adds(self) -> Formula:
        """How many products are formed inside sums of products: what the field calls multiply-adds."""
        total = sp.Add(*map(contracted, self.program.statements))
        return Formula(sp.expand(total))

    @cached_property
    def biases(self) -> tuple[str, ...]:
        """The parameters that are only ever added."""
        return tuple(name for name in self.parameters if _is_bias(self.program, name))

    @cached_property
    def bias_additions(self) -> Formula:
        """How many additions less it takes without its biases."""
        if not self.biases:
            return Formula(sp.S.Zero)
        without = count_program(_with_values(self.program, dict.fromkeys(self.biases, 0)))
        return Formula(sp.expand(self.expressions.additions - without.additions))

    @cached_property
    def output_entries(self) -> Formula:
        """How many numbers it puts out."""
        return Formula(sp.Mul(*self.program.output.shape))

    @cached_property
    def reach(self) -> dict[str, tuple[Any, ...]]:
        """For every axis of every input: which of its places one output place depends on.

        ``(index, jump, low, high)`` says that the output's ``index`` reads ``jump index + low .. jump index +
        high``; None that the whole axis is read.
        """
        found: dict[str, tuple[Any, ...]] = {}
        for tensor, region in regions(self.program).items():
            found[tensor.name] = tuple(
                None if region.is_all(axis) else _affine(low, high)
                for axis, (low, high) in enumerate(region.box)
            )
        return found

    def sizes(self, given: Mapping[str, Any]) -> dict[str, Size]:
        """The given sizes and settings, and the sizes that follow from them."""
        known = dict(given)
        for name, formula in self.derived.items():
            if name not in known:
                known[name] = formula(known)
        return known


@cache
def formulas_of(name: str, absent: tuple[tuple[str, int], ...] = ()) -> OperationFormulas:
    """The formulas of an operation; made once."""
    return OperationFormulas(name, absent)


def _with_values(program: Program, values: Mapping[str, int]) -> Program:
    """The program with numbers in place of some of its inputs."""
    if not values:
        return program
    gone = {tensor for tensor in program.inputs if tensor.name in values}

    def put_in(node: sp.Expr) -> sp.Expr:
        return (
            sp.Integer(values[node.tensor.name]) if isinstance(node, Access) and node.tensor in gone else node
        )

    def changed(statement: Statement) -> Statement:
        return replace(statement, value=rewrite(statement.value, put_in))

    return replace(
        program,
        inputs=tuple(one for one in program.inputs if one not in gone),
        statements=tuple(map(changed, program.statements)),
        aside=(),
        facts=(),
    )


def _is_bias(program: Program, name: str) -> bool:
    """Whether a parameter is only ever added: a term by itself of some sum."""
    tensor = program.tensor(name)
    reads = [one for one in program.statements if tensor in one.value.atoms(Tensor)]
    return bool(reads) and all(
        any(isinstance(term, Access) and term.tensor == tensor for term in sp.Add.make_args(one.value))
        for one in reads
    )


def contracted(statement: Statement) -> sp.Expr:
    """The products formed inside a statement's sums of products."""
    total = sp.S.Zero
    for part in _outermost_sums(statement.value):
        factors = sp.Mul.make_args(part.body)
        if sum(isinstance(one, Access) for one in factors) >= 2:
            total += count_statement(Statement(statement.target, part)).multiplications
    return total


def _outermost_sums(one: sp.Basic) -> list[Sum]:
    if isinstance(one, Sum):
        return [one]
    return [found for argument in one.args for found in _outermost_sums(argument)]


def _affine(low: sp.Expr, high: sp.Expr) -> tuple[str, sp.Expr, sp.Expr, sp.Expr] | None:
    """An interval whose ends grow with one index of the output, as (index, jump, low, high)."""
    indices = free_indices(low) | free_indices(high)
    if len(indices) != 1:
        return None
    (index,) = indices
    assert isinstance(index, Index)
    zero = {index: sp.S.Zero}
    if isinstance(low, sp.ceiling) or isinstance(high, sp.floor):
        low, high = (end.args[0] if isinstance(end, sp.ceiling | sp.floor) else end for end in (low, high))
    jump = coefficient_of(low, index)
    if sp.expand(jump - coefficient_of(high, index)) != 0 or index in jump.atoms(Index):
        return None
    return index.name, jump, sp.expand(low.xreplace(zero)), sp.expand(high.xreplace(zero))
