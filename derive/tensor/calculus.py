"""The three questions: Jacobian, vector-Jacobian product, Hessian. Each answer carries its steps.

A Jacobian (and the gradient of a scalar) is taken *directly*: definitions are opened as they are met, as in a
hand derivation. A vector-Jacobian product goes *backwards*, statement by statement, by the chain rule, as a
program would; what is met on the way (``dL/dT`` of every intermediate ``T``) is part of the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import sympy as sp

from derive.tensor.differentiate import Step, differentiate
from derive.tensor.index import Index, fresh
from derive.tensor.names import Fold, apply_facts, fold_once, folds, sum_lemmas
from derive.tensor.nodes import (
    Access,
    D,
    DerivativeTensor,
    Sum,
    Tensor,
    nodes,
    rewrite,
    tensors_in,
)
from derive.tensor.program import Fact, Program, Statement
from derive.tensor.simplify import (
    brackets_out_of_cases,
    cost,
    distribute,
    eliminate_brackets,
    expand_products,
    factor,
    join_sums,
    merge_brackets,
    out_of_cases,
    turn_signs,
)
from derive.tensor.words import Words


@dataclass(frozen=True)
class Part:
    """One quantity on the way: ``target = result``, found by these steps.

    The first step's ``before`` is what the target means; ``inlined`` parts do not occur in later results.
    """

    target: Access
    steps: tuple[Step, ...]
    result: sp.Expr
    inlined: bool = False


@dataclass(frozen=True)
class Derived:
    """A derivative in general dimension.

    ``parts`` are the quantities on the way in the order in which they are found, the last one wanted last;
    ``statements`` define those that keep a name; ``program`` is the definition it all belongs to; ``seeds``
    are the upstream gradients (none for a Jacobian or Hessian); ``facts`` what was used besides definitions.
    """

    program: Program
    parts: tuple[Part, ...]
    seeds: tuple[Tensor, ...] = ()
    facts: tuple[Fact, ...] = field(default=())

    @property
    def target(self) -> Access:
        return self.parts[-1].target

    @property
    def result(self) -> sp.Expr:
        return self.parts[-1].result

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(Statement(part.target, part.result) for part in self.parts if not part.inlined)

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step for part in self.parts for step in part.steps)


@lru_cache(maxsize=256)
def _knowledge(program: Program) -> tuple[tuple[Fold, ...], tuple[Fact, ...]]:
    return folds(program), program.facts + sum_lemmas(program)


class _Trace:
    """Collects the steps that change something."""

    def __init__(self, expression: sp.Expr) -> None:
        self.expression = expression
        self.steps: list[Step] = []
        self.facts: list[Fact] = []

    def to(self, after: sp.Expr, rule: str, trivial: bool = False) -> bool:
        if after == self.expression:
            return False
        self.steps.append(Step(rule, self.expression, after, trivial))
        self.expression = after
        return True


def simplify(expression: sp.Expr, program: Program) -> tuple[sp.Expr, list[Step], list[Fact]]:
    """Bring an expression without open derivatives to its textbook form, step by step."""
    known, facts = _knowledge(program)
    trace = _Trace(expression)
    for _ in range(12):
        start = trace.expression
        trace.to(distribute(trace.expression), "sums are linear", trivial=True)
        trace.to(brackets_out_of_cases(trace.expression), "take brackets out of the cases", trivial=True)
        chosen: list[sp.Expr] = []
        picked = eliminate_brackets(trace.expression, chosen)
        trace.to(picked, _survivors(chosen))
        trace.to(distribute(trace.expression), "sums are linear", trivial=True)
        replaced, used = apply_facts(trace.expression, facts)
        if trace.to(replaced, Words.join(fact.words for fact in used)):
            trace.facts += used
            trace.to(distribute(trace.expression), "sums are linear", trivial=True)
        folded = fold_once(trace.expression, known)
        if folded is not None:
            trace.to(folded[0], Words.of("by the definition of {}", folded[1].statement.tensor))
        if trace.expression == start:
            break
    trace.to(merge_brackets(distribute(trace.expression)), "sums are linear", trivial=True)
    trace.to(distribute(out_of_cases(trace.expression)), "take out of the cases what is 0 otherwise")
    trace.to(_cheapest_factored(trace.expression), "take out common factors")
    trace.to(turn_signs(trace.expression), "the sign of the opposite is the opposite sign", trivial=True)
    return trace.expression, trace.steps, trace.facts


def _cheapest_factored(expression: sp.Expr) -> sp.Expr:
    spread = distribute(expression)
    multiplied = expand_products(spread)
    forms = (factor(spread), factor(join_sums(spread)), factor(multiplied), factor(expression), expression)
    return min(forms, key=cost)


def _survivors(chosen: Iterable[sp.Expr]) -> str:
    named = {value for value in chosen if isinstance(value, Index) and value.name.isidentifier()}
    values = sorted(named, key=lambda value: value.name)
    if not values:
        return "only the index that the bracket names survives"
    if len(values) == 1:
        return Words.of("only the index equal to {} survives", values[0])
    return Words.of("only the indices equal to " + " and ".join("{}" for _ in values) + " survive", *values)


LETTERS = "ijklpqrstuvw"


def entry_of(tensor: Tensor, program: Program, taken: Iterable[Index] = ()) -> Access:
    """A general entry of a tensor, its indices named as the program names them, apart from those taken."""
    used = {index.name for index in taken}
    used |= {str(symbol) for symbol in (*program.sizes(), *program.settings())}
    if tensor in program.defined:
        preferred = [index.name for index in program.defined[tensor].target.indices]
    else:
        preferred = list(tensor.letters) or [None] * tensor.rank
    indices = []
    for extent, name in zip(tensor.shape, preferred, strict=True):
        if name is None or name in used:
            name = next(letter for letter in (*LETTERS, *(f"i{k}" for k in range(99))) if letter not in used)
        used.add(name)
        indices.append(Index(name, extent))
    return Access(tensor, *indices)


@lru_cache(maxsize=512)
def _carried_out(start: sp.Expr, program: Program) -> tuple[sp.Expr, tuple[Step, ...], tuple[Fact, ...]]:
    """What derivatives come to, and how. Kept: gradients by several inputs share most of their way."""
    taken, steps = differentiate(start, program)
    result, more, facts = simplify(taken, program)
    return result, (*steps, *more), tuple(facts)


def _finish(target: Access, start: sp.Expr, program: Program) -> tuple[Part, tuple[Fact, ...]]:
    result, steps, facts = _carried_out(start, program)
    meaning = Step("what is asked for", target, start, trivial=True)
    return Part(target, (meaning, *steps), result), facts


def jacobian(program: Program, output: Tensor, wrt: Tensor) -> Derived:
    """``d output[i, ...] / d wrt[j, ...]``; the gradient where the output is a scalar."""
    row = entry_of(output, program)
    column = entry_of(wrt, program, taken=_indices(row))
    target = DerivativeTensor(output, wrt)[(*row.indices, *column.indices)]
    part, facts = _finish(target, D(row, column), program)
    return Derived(program, (part,), facts=facts)


def second_derivative(program: Program, output: Tensor, wrt: Tensor) -> Derived:
    """``d^2 output[...] / d wrt[i, ...] d wrt[j, ...]``; the Hessian where the output is a scalar."""
    gradient = jacobian(program, output, wrt)
    entry = entry_of(wrt, program, taken=_indices(gradient.target))
    target = DerivativeTensor(output, wrt, wrt)[(*gradient.target.indices, *entry.indices)]
    part, facts = _finish(target, D(gradient.result, entry), program)
    return Derived(program, (*gradient.parts, part), facts=tuple(dict.fromkeys((*gradient.facts, *facts))))


def _indices(access: Access) -> tuple[Index, ...]:
    return tuple(index for index in access.indices if isinstance(index, Index))


def vjp(
    program: Program,
    wanted: Sequence[Tensor],
    seeds: dict[Tensor, Tensor] | None = None,
    names: dict[Tensor, Tensor] | None = None,
) -> Derived:
    """``dL/dX`` for every wanted ``X``, given ``dL/dY`` for the outputs.

    ``seeds`` maps outputs to the tensors that hold their upstream gradients; by default the output's is
    ``g`` (``g'`` where that is taken), and 1 for a scalar output, which then is the loss itself. ``names``
    gives cotangents names of their own (``delta``).
    """
    output = program.output
    loss = output if seeds is None and output.rank == 0 else Tensor(_unused("L", program))
    if seeds is None:
        seeds = {} if output.rank == 0 else {output: upstream_tensor(program)}
    names = names or {}
    upstream: dict[Tensor, sp.Expr] = {
        tensor: seed[program.defined[tensor].target.indices] for tensor, seed in seeds.items()
    }
    if not seeds:
        upstream[output] = sp.S.One
    direct = dict(upstream)
    # In a recurrence a tensor's gradient is made of gradients found only after it, at another step.
    for tensor in program.recurrent:
        if program.depends(output, tensor) and any(program.depends(tensor, want) for want in wanted):
            entry = entry_of(tensor, program)
            upstream[tensor] = Access(names.get(tensor) or DerivativeTensor(loss, tensor), *entry.indices)
    parts: dict[Tensor, Part] = {}
    facts: list[Fact] = []
    backwards = [*(statement.tensor for statement in reversed(program.statements)), *program.inputs]
    for tensor in backwards:
        consumers = [
            one for one in program.statements if tensor in tensors_in(one.value) and one.tensor in upstream
        ]
        if not consumers or not any(program.depends(tensor, want) for want in wanted):
            continue
        entry = entry_of(tensor, program)
        target = Access(names.get(tensor) or DerivativeTensor(loss, tensor), *entry.indices)
        start = direct.get(tensor, sp.S.Zero) + _chain_rule(consumers, entry, upstream)
        result, steps, used = _carried_out(start, program)
        facts += used
        parts[tensor] = Part(target, (Step("chain rule", target, start), *steps), result)
        upstream[tensor] = target
    facts += _inline(parts, wanted, program)
    missing = [want for want in wanted if want not in parts]
    if missing:
        raise ValueError(f"{output.name} does not depend on {', '.join(one.name for one in missing)}")
    ordered = [part for tensor, part in parts.items() if tensor not in wanted or tensor in program.defined]
    ordered += [parts[want] for want in wanted if want not in program.defined]
    return Derived(program, tuple(ordered), tuple(seeds.values()), tuple(dict.fromkeys(facts)))


def upstream_tensor(program: Program) -> Tensor:
    """``g = dL/dy``, shaped like the program's output."""
    return Tensor(_unused("g", program), program.output.shape, letters=program.output.letters)


def _unused(name: str, program: Program) -> str:
    """The name, with primes where the program has a tensor of that name (the gate ``g`` of an LSTM)."""
    taken = {tensor.name for tensor in (*program.inputs, *program.defined)}
    while name in taken:
        name += "'"
    return name


def _chain_rule(consumers: Iterable[Statement], entry: Access, upstream: dict[Tensor, sp.Expr]) -> sp.Expr:
    """``sum over U, i of dL/dU_i dU_i/dT``, each link taken for itself."""
    terms = []
    for statement in consumers:
        indices = tuple(fresh(index) for index in _indices(statement.target))
        weight = upstream[statement.tensor].xreplace(
            dict(zip(_own(upstream, statement), indices, strict=True))
        )
        terms.append(Sum(weight * D(statement.tensor[indices], entry, D.LINK), *indices))
    return sp.Add(*terms)


def _own(upstream: dict[Tensor, sp.Expr], statement: Statement) -> tuple[Index, ...]:
    weight = upstream[statement.tensor]
    return _indices(weight) if isinstance(weight, Access) else ()


def _insert(expression: sp.Expr, part: Part) -> sp.Expr:
    """Replace a cotangent's name by what it was found to be."""
    names = _indices(part.target)

    def put(node: sp.Expr) -> sp.Expr:
        if isinstance(node, Access) and node.tensor == part.target.tensor:
            return part.result.xreplace(dict(zip(names, node.indices, strict=True)))
        return node

    return rewrite(expression, put)


_READ_AT_A_GLANCE = 6


def _inline(parts: dict[Tensor, Part], wanted: Sequence[Tensor], program: Program) -> list[Fact]:
    """Put cotangents that are short, or used in one place only, into what uses them."""
    facts: list[Fact] = []
    for tensor, part in parts.items():
        trace = _Trace(part.result)
        for other in parts.values():
            if other.inlined:
                trace.to(_insert(trace.expression, other), Words.of("put in {}", other.target.tensor))
        if trace.steps:
            result, more, used = simplify(trace.expression, program)
            facts += used
            part = replace(part, steps=(*part.steps, *trace.steps, *more), result=result)
        keep = tensor in wanted or program.defined[tensor].keep
        if not keep:
            uses = [read for other in parts.values() for read in _reads(part.target.tensor, other.result)]
            short = len(uses) <= 1 or cost(part.result) <= _READ_AT_A_GLANCE
            # Outside its range a cotangent is 0; what it is equal to need not be.
            part = replace(part, inlined=short and all(read.in_range for read in uses))
        parts[tensor] = part
    return facts


def _reads(tensor: Tensor, expression: sp.Expr) -> list[Access]:
    return [node for node in nodes(expression) if isinstance(node, Access) and node.tensor == tensor]
