"""Formulas of whole vectors and matrices, entry by entry: ``W x + b`` is ``Σ_j W_ij x_j + b_i`` at ``i``.

A vector is a column: ``w^T x`` is a number, ``d x^T`` a matrix.
A number beside a vector goes with every entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sympy as sp

from derive.graphs.scalar import GraphError
from derive.reading import to_latex
from derive.reading.tree import (
    Add,
    Big,
    Call,
    Divide,
    Indexed,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Transpose,
    Tree,
)
from derive.tensor.index import Index, fresh
from derive.tensor.nodes import Sum, Tensor

Places = tuple[sp.Expr, ...]
Scalar = Callable[[Tree], sp.Expr]
Functions = Callable[[str], Callable[[sp.Expr], sp.Expr] | None]

_NORMS = (
    Name("norm"),
    Indexed(Name("norm"), (Number("2"),)),
    Indexed(Name("norm"), (Name("F"),)),
)


@dataclass(frozen=True)
class Whole:
    """A number, a vector or a matrix by what stands at each of its places."""

    shape: tuple[sp.Expr, ...]
    at: Callable[[Places], sp.Expr]

    def total(self, of: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
        """The sum over all places of a function of what stands there."""
        indices = tuple(fresh(Index("i", extent)) for extent in self.shape)
        inner = of(self.at(indices))
        return Sum(inner, *indices) if indices else inner

    def each(self, of: Callable[[sp.Expr], sp.Expr]) -> Whole:
        """A function of every entry."""
        return Whole(self.shape, lambda places: of(self.at(places)))


def has_whole(tree: Tree, tensors: Mapping[Tree, Tensor]) -> bool:
    """Whether a vector or a matrix stands in it as a whole, not one of its entries.

    >>> known = {Name("x"): Tensor("x", (3,))}
    >>> has_whole(Transpose(Name("x")), known), has_whole(Indexed(Name("x"), (Name("i"),)), known)
    (True, False)
    """
    if tree in tensors:
        return tensors[tree].rank > 0
    match tree:
        case Indexed():
            return False
        case Call(_, arguments):
            return any(has_whole(argument, tensors) for argument in arguments)
    return any(has_whole(part, tensors) for part in tree.children())


@dataclass(frozen=True)
class Wholes:
    """Takes trees apart in which whole tensors stand; ``scalar`` converts what holds none."""

    tensors: Mapping[Tree, Tensor]
    scalar: Scalar
    functions: Functions

    def whole(self, tree: Tree) -> Whole:
        """What stands at each place of a formula; :class:`GraphError` for what is not known here."""
        if not has_whole(tree, self.tensors):
            number = self.scalar(tree)
            return Whole((), lambda _: number)
        match tree:
            case Name() | Indexed() if tree in self.tensors:
                tensor = self.tensors[tree]
                return Whole(tensor.shape, lambda places: tensor[places])
            case Big():  # a sum of numbers
                total = self.scalar(tree)
                return Whole((), lambda _: total)
            case Transpose(operand):
                return _transposed(self.whole(operand))
            case Negative(operand):
                return self.whole(operand).each(lambda entry: -entry)
            case Add(terms):
                return self._together(tree, sp.Add, *map(self.whole, terms))
            case Multiply(factors, signs):
                product = self.whole(factors[0])
                for sign, factor in zip(signs, factors[1:], strict=True):
                    product = self._product(tree, product, sign, self.whole(factor))
                return product
            case Divide(above, below):
                return self._together(tree, lambda a, b: a / b, self.whole(above), self.whole(below))
            case Power(Call(norm, (argument,)), Number() as exponent) if (
                norm in _NORMS and exponent.value == 2
            ):
                squares = self.whole(argument).total(lambda entry: entry**2)
                return Whole((), lambda _: squares)
            case Call(norm, (argument,)) if norm in _NORMS:
                length = sp.sqrt(self.whole(argument).total(lambda entry: entry**2))
                return Whole((), lambda _: length)
            case Power(Name("e"), exponent) if Name("e") not in self.tensors:
                return self.whole(exponent).each(sp.exp)
            case Power(base, exponent) if not (number := self.whole(base)).shape:
                return number.each(lambda entry: entry ** self.scalar(exponent))
            case Call(Name("tr", ()), (argument,)) if len((square := self.whole(argument)).shape) == 2:
                i = fresh(Index("i", square.shape[0]))
                trace = Sum(square.at((i, i)), i)
                return Whole((), lambda _: trace)
            case Call(Name("softmax", ()), (argument,)):
                return _softmax(self.whole(argument), tree)
            case Call(Name("max", ()), (Number() as zero, argument)) if zero.value == 0:
                return self.whole(Call(Name("ReLU"), (argument,)))
            case Call(Name(name, ()), (argument,)) if (function := self.functions(name)) is not None:
                return self.whole(argument).each(function)
        raise GraphError(f"the calculus does not know {to_latex(tree)}")

    def _product(self, tree: Tree, left: Whole, sign: str, right: Whole) -> Whole:
        if sign == "odot" or not left.shape or not right.shape:
            return self._together(tree, sp.Mul, left, right)
        if sign == "cdot" and len(left.shape) == len(right.shape) == 1:
            left = _transposed(left)  # the dot product of two vectors
        if len(left.shape) != 2 or left.shape[1] != right.shape[0]:
            if len(left.shape) == 1 and len(right.shape) == 2 and right.shape[0] == 1:  # a column times a row
                return Whole(
                    (*left.shape, right.shape[1]), lambda ij: left.at(ij[:1]) * right.at((sp.S.Zero, ij[1]))
                )
            raise GraphError(f"{_sizes(left)} times {_sizes(right)} in {to_latex(tree)} do not fit")

        def entry(places: Places) -> sp.Expr:
            j = fresh(Index("j", right.shape[0]))
            return Sum(left.at((places[0], j)) * right.at((j, *places[1:])), j)

        if left.shape[0] == 1 and len(right.shape) == 1:  # a row times a column is a number
            return Whole((), lambda _: entry((sp.S.Zero,)))
        return Whole((left.shape[0], *right.shape[1:]), entry)

    def _together(self, tree: Tree, of: Callable[..., sp.Expr], *operands: Whole) -> Whole:
        """Entry by entry; a number goes with every entry."""
        shapes = {one.shape for one in operands if one.shape}
        if len(shapes) > 1:
            said = " and ".join(dict.fromkeys(_sizes(one) for one in operands if one.shape))
            raise GraphError(f"{said} stand together in {to_latex(tree)}")
        (shape,) = shapes or {()}
        return Whole(shape, lambda places: of(*(one.at(places if one.shape else ()) for one in operands)))


def _transposed(one: Whole) -> Whole:
    if len(one.shape) == 2 and one.shape[0] == 1:  # a row becomes a column, which is a vector
        return Whole(one.shape[1:], lambda places: one.at((sp.S.Zero, *places)))
    if len(one.shape) == 2:
        return Whole(one.shape[::-1], lambda places: one.at(places[::-1]))
    return Whole((sp.S.One, *one.shape), lambda places: one.at(places[1:])) if one.shape else one


def _softmax(one: Whole, tree: Tree) -> Whole:
    if len(one.shape) != 1:
        raise GraphError(f"{to_latex(tree)} is of {_sizes(one)}; here it is known of a vector")
    return one.each(lambda entry: sp.exp(entry) / one.total(sp.exp))


def _sizes(one: Whole) -> str:
    return " x ".join(map(str, one.shape)) if len(one.shape) > 1 else f"a vector of {one.shape[0]}"
