"""The operations of the backward pass, counted in the gradients that the calculus derives.

For every operation the gradient of each parameter and of each input is derived from the definition, given the
gradient of the loss by the output; what is counted are the derived statements, those that several gradients
share once. A sum that does not depend on all of a result's indices is computed once for those that it does
depend on. Nothing is added for the forward pass: its values are taken as kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import sympy as sp

from derive.counting.arithmetic import Counts, count_statement
from derive.counting.formulas import Formula, Size, simplest
from derive.counting.layers import ATTENTION, WEIGHTED, Use
from derive.counting.network import NetworkCount, total
from derive.counting.operation_formulas import COUNTED, contracted, formulas_of
from derive.derivation import derive_gradient
from derive.ops import operation
from derive.tensor.index import Index, free_indices
from derive.tensor.nodes import Access, Bracket, Sum, Tensor
from derive.tensor.program import Statement

QUANTITIES = (*COUNTED, "multiply_adds")


@dataclass(frozen=True)
class BackwardFormulas:
    """What the gradients of an operation cost: those of its parameters, and those of its inputs on top.

    Of a cell, ``inputs`` is its input and ``states`` what it got from the step before, with ``held`` numbers.
    """

    parameters: Mapping[str, Formula]
    inputs: Mapping[str, Formula]
    states: Mapping[str, Formula] | None = None
    held: Formula | None = None


@cache
def backward_formulas(
    name: str, absent: tuple[tuple[str, int], ...] = (), cell: bool = False
) -> BackwardFormulas:
    """The formulas of one operation, in its sizes; ``cell`` says that it is repeated over its own states.

    >>> found = backward_formulas("linear")
    >>> found.parameters["multiply_adds"].expression, found.inputs["multiply_adds"].expression
    (B*m*n, B*m*n)
    """
    one, seen = operation(name), set[tuple[str, sp.Expr]]()
    gone = {key for key, _ in absent}

    def counted(wanted: list[str]) -> Mapping[str, Formula]:
        counts, products = Counts(), sp.S.Zero
        for wrt in wanted:
            derived = derive_gradient(one, wrt, 1, True if cell else None).derived
            statements = [line for statement in derived.statements for line in _Hoisting(statement).found]
            # For these the calculus gives dy/dx; the chain rule takes one product more.
            if one.is_elementwise and derived.result not in (1, -1):
                counts = counts + Counts(multiplications=sp.S.One)
            for line in statements:
                key = (line.tensor.name, line.value)
                if key not in seen:
                    seen.add(key)
                    counts = counts + count_statement(line)
                    products += contracted(line)
        named = {**counts.named(), "multiply_adds": products}
        return {key: Formula(sp.expand(value)) for key, value in named.items()}

    own = [given.name for given in one.differentiable if given.parameter and given.name not in gone]
    others = [given.name for given in one.differentiable if not given.parameter]
    if not cell:
        return BackwardFormulas(counted(own), counted(others))
    held = sp.Add(*(sp.Mul(*tensor.shape) for key in others[1:] if (tensor := one.by_name[key].tensor)))
    parameters, states = counted(own), counted(others[1:])
    return BackwardFormulas(parameters, counted(others[:1]), states, Formula(held))


class _Hoisting:
    """Takes out of a statement what does not depend on all of its indices, as statements of its own."""

    def __init__(self, statement: Statement) -> None:
        self.name, self.found = statement.tensor.name, list[Statement]()
        own = frozenset(index for index in statement.target.indices if isinstance(index, Index))
        value = sp.Add(*(self._term(term, own) for term in sp.Add.make_args(statement.value)))
        self.found.append(Statement(statement.target, value))

    def _apart(self, value: sp.Expr) -> sp.Expr:
        """The value under a name, computed once for each of the indices that it depends on."""
        indices = tuple(sorted(free_indices(value), key=lambda one: one.name))
        tensor = Tensor.over(f"{self.name} part {len(self.found)}", *indices)
        self.found.append(Statement(Access(tensor, *indices), value))
        return Access(tensor, *indices)

    def _term(self, term: sp.Expr, own: frozenset[Index]) -> sp.Expr:
        """A product: factors that need fewer indices than the whole are multiplied once for those."""
        groups: dict[frozenset[Index], list[sp.Expr]] = {}
        for factor in sp.Mul.make_args(term):
            groups.setdefault(free_indices(factor), []).append(self._factor(factor))
        result = sp.S.One
        for indices, factors in groups.items():
            together = sp.Mul(*factors)
            costs = not isinstance(together, Access)
            scaled = len(groups) > 1 and together.has(Bracket)
            if indices and costs and (indices < own or scaled):
                together = self._apart(together)
            result *= together
        return result

    def _factor(self, factor: sp.Expr) -> sp.Expr:
        if isinstance(factor, Sum):
            body, bound = factor.open()
            if body.has(Bracket):
                return factor
            inside = free_indices(body)
            return Sum(sp.Add(*(self._term(one, inside) for one in sp.Add.make_args(body))), *bound)
        if factor.is_Add:
            inside = free_indices(factor)
            return sp.Add(*(self._term(one, inside) for one in factor.args))
        return factor


@dataclass(frozen=True)
class BackwardCount:
    """The backward pass of a counted network: for every layer, by its number, and in total."""

    layers: Mapping[int, Mapping[str, Size]]
    totals: Mapping[str, Size]


def count_backward(count: NetworkCount) -> BackwardCount:
    """The operations of the backward pass: the gradients of all parameters and of what layers read.

    What nothing trained has led to needs no gradient: a first layer has none of its input's. Where several
    layers read the same value its gradients are added.
    """
    trained: dict[int, bool] = {}
    layers: dict[int, Mapping[str, Size]] = {}
    rows = {row.number: row for row in count.rows}
    for number, node in enumerate(count.network.nodes):
        row = rows.get(number)
        before = any(trained[k] for k in node.inputs)
        trained[number] = before or (row is not None and row.counts["trainable"] != 0)
        if row is None:
            continue
        found: dict[str, Size] = dict.fromkeys(QUANTITIES, 0)
        for use in row.uses:
            for name, value in _use(use, before).items():
                found[name] = simplest(found[name] + value * row.node.runs)
        layers[number] = found
    for number in range(len(count.network.nodes)):
        readers = len(count.network.consumers(number))
        if readers > 1 and trained[number] and number in layers:
            entries = rows[number].counts["activations"]
            more = simplest(layers[number]["additions"] + (readers - 1) * entries)
            layers[number] = {**layers[number], "additions": more}
    totals = {name: total(own[name] for own in layers.values()) for name in QUANTITIES}
    return BackwardCount(layers, totals)


def _use(use: Use, needs_input: bool) -> dict[str, Size]:
    if not use.operation:
        return {}
    formulas = backward_formulas(use.operation, use.absent, use.carried is not None)
    parts = [formulas.parameters] + ([formulas.inputs] if needs_input else [])
    known = {"s": 1, "p": 0, "d": 1, **use.sizes}
    found = {name: simplest(sum(part[name](known) for part in parts) * use.calls) for name in QUANTITIES}
    if use.carried is not None and formulas.states is not None and formulas.held is not None:
        # Each step adds what comes from the one after it, and its share of the parameters' gradients.
        for name in QUANTITIES:
            found[name] = simplest(found[name] + formulas.states[name](known) * use.carried)
        sizes = formulas_of(use.operation, use.absent).parameters.values()
        learned = sum(size(known) for size in sizes)
        added = formulas.held(known) * use.carried + learned * (use.calls - 1)
        found["additions"] = simplest(found["additions"] + added)
    if use.role not in (WEIGHTED, ATTENTION):
        found["multiply_adds"] = 0
    return found
