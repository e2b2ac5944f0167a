"""Definitions: a short list of statements ``name[i, j] = expression`` over named inputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import sympy as sp

from derive.tensor.index import Index, free_indices
from derive.tensor.nodes import Access, Apply, Tensor, nodes, tensors_in
from derive.tensor.recurrence import Loop, in_loops


@dataclass(frozen=True)
class Statement:
    """``target = value``: the target's indices are bare, distinct and span their dimensions.

    ``keep``: where this tensor's own gradient occurs in another result it stays under its name, as a
    textbook would leave it (``delta^{(l)}``, ``dS``). ``fold``: results may be written by this tensor's name
    (``y (1 - y)``); without it they are written by what it is made of.
    """

    target: Access
    value: sp.Expr
    keep: bool = False
    fold: bool = True

    def __post_init__(self) -> None:
        indices = self.target.indices
        for index, extent in zip(indices, self.target.tensor.shape, strict=True):
            if not isinstance(index, Index) or index.size != extent:
                raise ValueError(
                    f"{self.target}: a defined tensor's index must be bare and span its dimension "
                    f"{extent}; came {index}" + (f" of size {index.size}" if isinstance(index, Index) else "")
                )
        if len(set(indices)) != len(indices):
            raise ValueError(f"{self.target}: the same index twice on the left of a definition")
        stray = free_indices(self.value) - set(indices)
        loose = {index for index in stray if not index.name.startswith("given ")}
        if loose:
            raise ValueError(
                f"{self.target}: {sorted(map(str, loose))} is free on the right and not on the left"
            )

    @property
    def tensor(self) -> Tensor:
        return self.target.tensor

    def at(self, indices: Iterable[sp.Expr]) -> sp.Expr:
        """The value with other indices in place of the target's."""
        return self.value.xreplace(dict(zip(self.target.indices, indices, strict=True)))


@dataclass(frozen=True)
class Fact:
    """``left == right`` for every value of the free indices: known of an input, or proved of a statement."""

    left: sp.Expr
    right: sp.Expr
    words: str


@dataclass(frozen=True)
class Program:
    """Statements in order, over the input tensors; the last statement is the output unless said.

    ``aside`` statements are not needed for the output; results may be expressed in their names (the softmax
    beside the log-sum-exp). ``facts`` are what is known of the inputs. ``derived_sizes`` are sizes that
    follow from others (a convolution's output) with what they are equal to; ``customary`` indices lend their
    names to bound indices of their sizes. A statement may read what is defined after it at an earlier step
    (:mod:`derive.tensor.recurrence`).

    >>> from derive.tensor.index import size
    >>> from derive.tensor.nodes import Sum
    >>> n = size("n"); x = Tensor("x", [n]); y = Tensor("y"); i = Index("i", n)
    >>> Program((x,), (Statement(y(), Sum(x[i] ** 2, i)),)).output
    y
    """

    inputs: tuple[Tensor, ...]
    statements: tuple[Statement, ...]
    aside: tuple[Statement, ...] = ()
    facts: tuple[Fact, ...] = ()
    outputs: tuple[Tensor, ...] = field(default=())
    derived_sizes: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()
    customary: tuple[Index, ...] = ()

    def __post_init__(self) -> None:
        known = set(self.inputs)
        defined = {statement.tensor for statement in self.everything}
        for statement in self.everything:
            unknown = tensors_in(statement.value) - known - defined
            if unknown:
                names = ", ".join(sorted(one.name for one in unknown))
                raise ValueError(f"{statement.target} is defined with {names}, not defined before it")
            if statement.tensor in known:
                raise ValueError(f"{statement.tensor.name} is defined twice")
            known.add(statement.tensor)
        in_loops(self.everything)
        if not self.outputs:
            object.__setattr__(self, "outputs", (self.statements[-1].tensor,))

    @property
    def everything(self) -> tuple[Statement, ...]:
        """All statements, the ones aside included, in an order in which each can be evaluated."""
        return self.statements + self.aside

    @property
    def output(self) -> Tensor:
        return self.outputs[0]

    @cached_property
    def defined(self) -> dict[Tensor, Statement]:
        return {statement.tensor: statement for statement in self.everything}

    @cached_property
    def _dependencies(self) -> dict[Tensor, frozenset[Tensor]]:
        found: dict[Tensor, frozenset[Tensor]] = {}
        for group in in_loops(self.everything):
            members = group.statements if isinstance(group, Loop) else (group,)
            read = frozenset[Tensor]().union(*(tensors_in(one.value) for one in members))
            reached = read.union(*(found.get(one, frozenset()) for one in read))
            found |= dict.fromkeys((one.tensor for one in members), reached)
        return found

    @cached_property
    def recurrent(self) -> frozenset[Tensor]:
        """The tensors that are defined by themselves at another step, directly or through others."""
        loops = (one for one in in_loops(self.everything) if isinstance(one, Loop))
        return frozenset(statement.tensor for loop in loops for statement in loop.statements)

    @cached_property
    def step(self) -> Index | None:
        """The index that a recurrence runs over, where there is one recurrence."""
        found = {one.index for one in in_loops(self.everything) if isinstance(one, Loop)}
        return found.pop() if len(found) == 1 else None

    def depends(self, tensor: Tensor, on: Tensor) -> bool:
        """Whether ``tensor`` is, or is computed from, ``on``."""
        return tensor == on or on in self._dependencies.get(tensor, frozenset())

    def tensor(self, name: str) -> Tensor:
        """The input or defined tensor with this name; :class:`KeyError` lists the names there are."""
        named = {one.name: one for one in (*self.inputs, *self.defined)}
        if name not in named:
            raise KeyError(f"no tensor {name!r}; there are {', '.join(named)}")
        return named[name]

    def sizes(self) -> tuple[sp.Symbol, ...]:
        """The symbolic sizes of the inputs, in order of appearance."""
        found: dict[sp.Symbol, None] = {}
        for one in self.inputs:
            for extent in one.shape:
                for symbol in sorted(extent.free_symbols, key=str):
                    found.setdefault(symbol)
        return tuple(found)

    def in_given_sizes(self, expression: sp.Expr) -> sp.Expr:
        """The expression with every derived size replaced by what it is equal to."""
        for name, value in reversed(self.derived_sizes):
            expression = expression.xreplace({name: value})
        return expression

    def settings(self) -> tuple[sp.Symbol, ...]:
        """The scalar hyper-parameters: symbols in the statements that are neither sizes nor indices."""
        symbols: set[sp.Symbol] = set()
        known = (*self.sizes(), *dict(self.derived_sizes))
        for statement in self.everything:
            for node in nodes(statement.value):
                if isinstance(node, Apply):
                    symbols |= node.function.body.free_symbols - {node.function.argument}
                if isinstance(node, sp.Symbol) and node not in known:
                    symbols.add(node)
        return tuple(sorted(symbols, key=str))


def given_index(name: str, size: sp.Expr) -> Index:
    """An index whose value is an input (a class label), free in the statements that use it."""
    return Index(f"given {name}", size)
