"""Operations wired into one program: each use of one brings its statements, under names of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from derive.ops.definition import Operation
from derive.tensor.index import Index
from derive.tensor.nodes import Access, Elementwise, Tensor, rewrite
from derive.tensor.program import Fact, Program, Statement


class WiringError(ValueError):
    """Operations were wired together in a way that does not fit; the message says which sizes."""


@dataclass
class Wiring:
    """Collects inputs and statements until :meth:`program` is asked for."""

    inputs: list[Tensor] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def input(self, tensor: Tensor) -> Tensor:
        """Declare an input array."""
        self.inputs.append(tensor)
        return tensor

    def apply(
        self,
        operation: Operation,
        given: Mapping[str, Tensor],
        output: Tensor | None = None,
        keep: bool = False,
        settings: Mapping[str, sp.Expr] | None = None,
    ) -> Tensor:
        """Use an operation on tensors of this wiring; returns its output.

        An elementwise operation stays a named function (``sigma(z_i)``), so that its derivative reads
        ``sigma'(z_i)``; any other brings its statements. ``output`` names the output tensor, ``keep`` leaves
        that tensor's gradient under its name in results. Raises :class:`WiringError` where sizes do not fit.
        """
        if operation.is_elementwise:
            return self._apply_elementwise(operation, given, output, keep, settings or {})
        sizes = _match_sizes(operation, given)
        names: dict[Tensor, Tensor] = {}
        for one in operation.inputs:
            if one.tensor is None:
                raise WiringError(f"{operation.name}: {one.name} is an index; wire it by hand")
            names[one.tensor] = given[one.name]
        for statement in operation.program.statements:
            tensor = statement.tensor
            last = tensor == operation.output
            own = output if last and output is not None else _resized(tensor, sizes)
            names[tensor] = own
            value = _renamed(statement.value, names, sizes)
            target = Access(own, *(_resize_index(index, sizes) for index in statement.target.indices))
            self.statements.append(Statement(target, value, keep and last))
        for fact in operation.program.facts:
            left = _renamed(fact.left, names, sizes)
            self.facts.append(Fact(left, _renamed(fact.right, names, sizes), fact.words))
        return names[operation.output]

    def _apply_elementwise(
        self,
        operation: Operation,
        given: Mapping[str, Tensor],
        output: Tensor | None,
        keep: bool,
        settings: Mapping[str, sp.Expr],
    ) -> Tensor:
        (name,) = given
        source = given[name]
        function = named_function(operation, settings)
        letters = source.letters or tuple("ijkl"[: source.rank])
        own = output or Tensor("a", source.shape, letters=letters)
        indices = tuple(Index(letter, extent) for letter, extent in zip(letters, source.shape, strict=True))
        self.statements.append(Statement(Access(own, *indices), function(source[indices]), keep))
        return own

    def program(self) -> Program:
        """The program wired so far; its output is the last statement's tensor."""
        return Program(tuple(self.inputs), tuple(self.statements), facts=tuple(self.facts))


def named_function(operation: Operation, settings: Mapping[str, sp.Expr] | None = None) -> Elementwise:
    """An elementwise operation as a named function of one argument."""
    (given,) = operation.inputs
    assert given.tensor is not None
    argument = sp.Symbol("argument", real=True)
    values: dict[sp.Expr, sp.Expr] = {given.tensor(): argument, **operation.constants}
    for statement in operation.program.statements:
        values[statement.target] = statement.value.xreplace(values)
    body = values[operation.output()]
    replaced = {
        symbol: value for symbol in operation.settings if (value := (settings or {}).get(symbol.name))
    }
    return Elementwise(operation.name, argument, body.xreplace(replaced), operation.latex, operation.text)


def _match_sizes(operation: Operation, given: Mapping[str, Tensor]) -> dict[sp.Expr, sp.Expr]:
    """What the operation's size symbols are here; every disagreement is an error."""
    sizes: dict[sp.Expr, sp.Expr] = {}
    for one in operation.differentiable:
        assert one.tensor is not None
        actual = given[one.name]
        if actual.rank != one.tensor.rank:
            raise WiringError(
                f"{operation.name}: {one.name} has shape {one.tensor.shape}; {actual.name} has {actual.shape}"
            )
        for symbol, extent in zip(one.tensor.shape, actual.shape, strict=True):
            if sizes.setdefault(symbol, extent) != extent:
                raise WiringError(
                    f"{operation.name}: size {symbol} is {sizes[symbol]} by another input and {extent} by "
                    f"{actual.name} of shape {actual.shape}"
                )
    return sizes


def _resized(tensor: Tensor, sizes: Mapping[sp.Expr, sp.Expr]) -> Tensor:
    return Tensor(
        tensor.name,
        (extent.xreplace(dict(sizes)) for extent in tensor.shape),
        positive=tensor.positive,
        nonnegative=tensor.nonnegative,
        latex=tensor.latex,
        text=tensor.text,
        letters=tensor.letters,
    )


def _resize_index(index: sp.Expr, sizes: Mapping[sp.Expr, sp.Expr]) -> Index:
    assert isinstance(index, Index)
    return Index(index.name, index.size.xreplace(dict(sizes)))


def _renamed(
    expression: sp.Expr, names: Mapping[Tensor, Tensor], sizes: Mapping[sp.Expr, sp.Expr]
) -> sp.Expr:
    """The expression over this wiring's tensors and sizes."""

    def rename(node: sp.Expr) -> sp.Expr:
        if isinstance(node, Access):
            return Access(names[node.tensor], *node.indices)
        return node

    return _resize(rewrite(expression, rename), sizes)


def _resize(expression: sp.Expr, sizes: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """Other sizes for all indices, those bound by sums included."""
    indices = expression.atoms(Index)
    changes: dict[sp.Expr, sp.Expr] = {index: _resize_index(index, sizes) for index in indices}
    return expression.xreplace({**changes, **{k: v for k, v in sizes.items() if isinstance(k, sp.Symbol)}})
