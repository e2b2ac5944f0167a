"""Formulas that were read, as formulas of the tensor calculus: what lets an answer be derived in general.

Only what the calculus knows is converted, by an explicit list; anything else is refused. Indices count from 1
on paper and from 0 in the calculus.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp

from derive import ops
from derive.graphs.scalar import GraphError
from derive.graphs.wiring import named_function
from derive.practice.expression_graph import name_text
from derive.practice.sums import written_out
from derive.practice.whole import Whole, Wholes, has_whole
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
    Tree,
)
from derive.tensor.index import Index
from derive.tensor.nodes import Sum, Tensor

_FUNCTIONS: dict[str, Callable[[sp.Expr], sp.Expr]] = {
    "exp": sp.exp,
    "log": sp.log,
    "ln": sp.log,
    "tanh": sp.tanh,
    "sin": sp.sin,
    "cos": sp.cos,
    "sqrt": sp.sqrt,
}

_ALIASES = {"sigma": "sigmoid"}


def _function(name: str) -> Callable[[sp.Expr], sp.Expr] | None:
    """An elementary function, or an activation of the catalogue at its default settings."""
    if name in _FUNCTIONS:
        return _FUNCTIONS[name]
    known = _ALIASES.get(name, name.lower())
    if known not in ops.names() or not ops.operation(known).is_elementwise:
        return None
    activation = ops.operation(known)
    if len(activation.inputs) != 1:
        return None
    defaults = {symbol.name: sp.Rational(value) for symbol, value in activation.settings.items()}
    function = named_function(activation, defaults)
    return lambda u: function.body.xreplace({function.argument: u})


class Converter:
    """Converts trees over known tensors.

    ``tensors`` maps a name on paper to its tensor; an index letter in scope stands for an index.
    """

    def __init__(self, tensors: Mapping[Tree, Tensor]) -> None:
        self.tensors = dict(tensors)

    def expression(self, tree: Tree, indices: Mapping[Tree, Index]) -> sp.Expr:
        """The tree as an expression; raises :class:`GraphError` for what the calculus does not know."""

        def convert(part: Tree) -> sp.Expr:
            return self.expression(part, indices)

        if has_whole(tree, self.tensors) and not isinstance(tree, Big):
            whole = self.whole(tree, indices)
            if whole.shape:
                raise GraphError(f"{to_latex(tree)} stands for a number, and is a vector or a matrix")
            return whole.at(())
        match tree:
            case Number(unit=""):
                value = tree.value
                return sp.Rational(value.numerator, value.denominator)
            case Add(terms):
                return sp.Add(*map(convert, terms))
            case Negative(operand):
                return -convert(operand)
            case Multiply(factors):
                return sp.Mul(*map(convert, factors))
            case Divide(above, below):
                return convert(above) / convert(below)
            case Power(Name("e"), exponent) if Name("e") not in self.tensors:
                return sp.exp(convert(exponent))
            case Power(base, exponent):
                return convert(base) ** convert(exponent)
            case Call(Name("max", ()), (Number() as zero, argument)) if zero.value == 0:
                return convert(Call(Name("ReLU"), (argument,)))
            case Call(Name(name, ()), (argument,)) if (function := _function(name)) is not None:
                return function(convert(argument))
            case Big("sum", variables, _, _, body, None, None):
                if not self._indexes_tensor(variables, body):  # x_1, x_2, ... are names of their own
                    written = written_out(tree)
                    if written != tree:
                        return convert(written)
                return self._sum(variables, body, indices)
            case Indexed() if tree in self.tensors:
                return self.tensors[tree]()
            case Indexed(base, lower, ()) if base in self.tensors:
                return self._entry(self.tensors[base], lower, indices, tree)
            case Name() if tree in self.tensors and self.tensors[tree].rank == 0:
                return self.tensors[tree]()
        raise GraphError(f"the calculus does not know {to_latex(tree)}")

    def whole(self, tree: Tree, indices: Mapping[Tree, Index] | None = None) -> Whole:
        """A formula of whole vectors and matrices, by its entries."""
        scope = indices or {}
        return Wholes(self.tensors, lambda part: self.expression(part, scope), _function).whole(tree)

    def _entry(
        self, tensor: Tensor, lower: tuple[Tree, ...], indices: Mapping[Tree, Index], tree: Tree
    ) -> sp.Expr:
        if len(lower) != tensor.rank:
            raise GraphError(f"{to_latex(tree)} has {len(lower)} indices; declared are {tensor.rank}")
        places: list[sp.Expr] = []
        for one in lower:
            if one in indices:
                places.append(indices[one])
            elif isinstance(one, Number):
                places.append(sp.Integer(int(one.value) - 1))
            else:
                raise GraphError(f"the index {to_latex(one)} in {to_latex(tree)} is bound nowhere")
        return tensor[tuple(places)]

    def _sum(self, variables: tuple[Tree, ...], body: Tree, indices: Mapping[Tree, Index]) -> sp.Expr:
        """A sum over the whole range: the range is that of what the letter indexes."""
        inner = dict(indices)
        bound = []
        for variable in variables:
            extent = self._extent(variable, body)
            index = Index(name_text(variable), extent)
            bound.append(index)
            inner[variable] = index
        return Sum(self.expression(body, inner), *bound)

    def _indexes_tensor(self, variables: tuple[Tree, ...], body: Tree) -> bool:
        return any(
            isinstance(node, Indexed) and node.base in self.tensors and set(variables) & set(node.lower)
            for node in body.walk()
        )

    def _extent(self, variable: Tree, body: Tree) -> sp.Expr:
        for node in body.walk():
            if isinstance(node, Indexed) and node.base in self.tensors:
                tensor = self.tensors[node.base]
                for place, extent in zip(node.lower, tensor.shape, strict=False):
                    if place == variable:
                        return extent
        raise GraphError(f"nothing says how far {to_latex(variable)} runs")
