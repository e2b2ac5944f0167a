"""Recurrences and a claim as they are written, made into a theorem to be proved by induction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy as sp

from derive.derivation.induction import Claim, Recurrence, Theorem, k, sum_of_terms
from derive.graphs.scalar import GraphError
from derive.practice.expression_graph import name_text
from derive.practice.sums import whole
from derive.reading import Declarations, read_statements, to_latex
from derive.reading.tree import (
    Add,
    Ambiguous,
    Big,
    Call,
    Divide,
    Indexed,
    List,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Tree,
)


def read_theorem(recurrences: Sequence[str], starts: Sequence[str], claims: Sequence[str]) -> Theorem:
    """A theorem from formulas such as ``v_{k+1} = \\beta v_k + g``, ``v_0 = 0`` and ``v_k = ...``.

    An indexed name without a recurrence (``g_{k+1}``) is data: any numbers. A name without an index is a
    constant. Where the step is written above (``v^{k+1}``), so are the indices of the data.

    Raises
    ------
    GraphError: a formula is not of that kind, or a sequence has no first term; the message says which.

    >>> theorem = read_theorem(["v_{k+1} = b v_k + g"], ["v_0 = 0"], [r"v_k = g \\frac{1 - b^k}{1 - b}"])
    >>> theorem.sequences[0].following, theorem.claims[0].right
    (b*v + g, g*(1 - b**k)/(1 - b))
    """
    pairs = [_equation(one) for one in recurrences]
    letters = {_letter(left) for left, _ in pairs} or {"k"}
    if len(letters) > 1:
        raise GraphError(f"the recurrences run over {' and '.join(sorted(letters))}; use one letter")
    (letter,) = letters
    reader = _Reader(letter, {_base(left) for left, _ in pairs}, _data_above(pairs, letter))
    if not claims:
        raise GraphError("a claim is missing, for example 'v_k = g (1 - b^k)/(1 - b)'")
    first_terms = dict(reader.first_term(*_equation(one)) for one in starts)
    if not first_terms and pairs:
        raise GraphError("the first terms are missing, for example 'v_0 = 0'")
    first = min((place for _, place in first_terms), default=0)
    sequences = []
    for left, right in pairs:
        shift = 1 - reader.offset(left)  # so that the left side stands at k + 1
        name = _base(left)
        if (name, first) not in first_terms:
            raise GraphError(f"the first term {name}_{first} is missing; add '{name}_{first} = ...'")
        following = reader.at(right, shift)
        sequences.append(Recurrence(sp.Symbol(name), first_terms[name, first], following))
    named = [Claim(*(reader.at(side, 0) for side in _equation(one))) for one in claims]
    return Theorem("", (*_in_order(sequences, reader), *reader.sums), tuple(named), first=first)


def _in_order(sequences: list[Recurrence], reader: _Reader) -> list[Recurrence]:
    """Terms at ``k + 1`` on the right replaced by their own recurrences."""
    done: list[Recurrence] = []
    waiting = list(sequences)
    while waiting:
        known = {reader.next_symbol(one.symbol.name): one.following for one in done}
        ready = [
            one
            for one in waiting
            if not (one.following.xreplace(known).free_symbols & set(reader.next_symbols()))
        ]
        if not ready:
            names = ", ".join(str(one.symbol) for one in waiting)
            raise GraphError(f"the recurrences of {names} need each other's next terms: write one without")
        done += [replace(one, following=one.following.xreplace(known)) for one in ready]
        waiting = [one for one in waiting if one not in ready]
    return [next(one for one in done if one.symbol == wanted.symbol) for wanted in sequences]


def _equation(text: str) -> tuple[Tree, Tree]:
    plain = "\\" not in text
    first = read_statements(text, plain=plain)
    names = {
        name_text(one) for s in first for side in s.sides for one in side.tree.walk() if isinstance(one, Name)
    }
    functions = {"exp", "sqrt", "log", "ln"}
    declared = Declarations.parse(f"{name}: real" for name in sorted(names - functions))
    statements = read_statements(text, declared, plain=plain)
    if len(statements) != 1 or len(statements[0].sides) != 2 or statements[0].signs[0] not in ("=", ":="):
        raise GraphError(f"expected an equation such as 'v_{{k+1}} = b v_k + g', here is: {text}")
    left, right = statements[0].sides
    if left.unread or right.unread:
        raise GraphError(f"cannot be read: {text}")
    return left.tree, right.tree


def _place(tree: Tree) -> tuple[Tree, Tree] | None:
    """The base and the index of ``x_k``, ``x^{k}`` or ``x^{(k)}``; None for anything else."""
    match tree:
        case Ambiguous(readings):
            return next((found for one in readings if (found := _place(one))), None)
        case Indexed(base, (index,), ()) | Indexed(base, (), (index,)) | Power(Name() as base, index):
            return base, index.items[0] if isinstance(index, List) and len(index.items) == 1 else index
    return None


def _base(tree: Tree) -> str:
    found = _place(tree)
    if found is None:
        raise GraphError(f"expected a term of a sequence such as v_{{k+1}}, here is {to_latex(tree)}")
    return name_text(found[0])


def _letter(tree: Tree) -> str:
    found = _place(tree)
    names = [one.text for one in found[1].walk() if isinstance(one, Name)] if found else []
    if len(names) != 1:
        raise GraphError(f"a recurrence says what v_{{k+1}} or v_k is; on the left here is {to_latex(tree)}")
    return names[0]


def _moves(index: Tree, letters: set[str]) -> bool:
    return any(isinstance(one, Name) and one.text in letters for one in index.walk())


def _data_above(pairs: Sequence[tuple[Tree, Tree]], letter: str) -> set[str]:
    """Names with the step above them in recurrences that are written so: there it is no power."""
    return {
        name_text(place[0])
        for left, right in pairs
        if isinstance(left, Power | Ambiguous)
        for node in right.walk()
        if isinstance(node, Power | Ambiguous)
        and (place := _place(node)) is not None
        and _moves(place[1], {letter})
    }


class _Reader:
    """Turns trees into SymPy expressions; only what is listed is converted."""

    def __init__(self, letter: str, sequences: set[str], data_above: set[str]) -> None:
        self.letter, self.sequences, self.data_above = letter, sequences, data_above
        self.sums: list[Recurrence] = []

    def next_symbol(self, name: str) -> sp.Symbol:
        return sp.Symbol(f"next {name}")

    def next_symbols(self) -> list[sp.Symbol]:
        return [self.next_symbol(name) for name in self.sequences]

    def offset(self, tree: Tree) -> int:
        """1 for ``v_{k+1}``, 0 for ``v_k``, -1 for ``v_{k-1}``."""
        found = _place(tree)
        assert found is not None
        beyond = sp.expand(self._expression(found[1], 0, {}) - k)
        if not beyond.is_Integer:
            raise GraphError(f"the index of {to_latex(tree)} is not {self.letter} plus a whole number")
        return int(beyond)

    def first_term(self, left: Tree, right: Tree) -> tuple[tuple[str, int], sp.Expr]:
        """((name, place), value) of ``v_0 = 0``."""
        found = _place(left)
        place = None if found is None else whole(found[1])
        if found is None or place is None:
            raise GraphError(f"a first term is written v_0 = 0; on the left here is {to_latex(left)}")
        return (name_text(found[0]), place), self._expression(right, 0, {})

    def at(self, tree: Tree, shift: int) -> sp.Expr:
        """The tree with ``k + shift`` for the letter."""
        return self._expression(tree, shift, {})

    def _expression(self, tree: Tree, shift: int, bound: dict[str, sp.Symbol]) -> sp.Expr:
        def inner(part: Tree) -> sp.Expr:
            return self._expression(part, shift, bound)

        place = _place(tree)
        if place is not None and self._is_term(tree, place, bound):
            return self._term(name_text(place[0]), inner(place[1]), tree)
        match tree:
            case Number(unit=""):
                return sp.Rational(tree.value.numerator, tree.value.denominator)
            case Name():
                name = name_text(tree)
                return bound.get(name, k + shift if name == self.letter else sp.Symbol(name))
            case Indexed():
                return sp.Symbol(name_text(tree))
            case Ambiguous(readings):
                return inner(next(one for one in readings if isinstance(one, Power)))
            case Add(terms):
                return sp.Add(*map(inner, terms))
            case Negative(operand):
                return -inner(operand)
            case Multiply(factors):
                return sp.Mul(*map(inner, factors))
            case Divide(above, below):
                return inner(above) / inner(below)
            case Power(base, exponent):
                return inner(base) ** inner(exponent)
            case Call(Name("sqrt"), (argument,)):
                return sp.sqrt(inner(argument))
            case List((only,), "("):
                return inner(only)
            case Big("sum", (Name() as variable,), lower, upper, body, None, None) if lower is not None:
                return self._sum(variable, lower, upper, body, shift, bound)
        raise GraphError(
            f"recurrences may hold sums, products, fractions and powers; here is {to_latex(tree)}"
        )

    def _is_term(self, tree: Tree, place: tuple[Tree, Tree], bound: dict[str, sp.Symbol]) -> bool:
        """Whether an index runs with the step or a sum: otherwise it is a label, or the sign is a power."""
        if (
            isinstance(tree, Power | Ambiguous)
            and name_text(place[0]) not in self.sequences | self.data_above
        ):
            return False
        return _moves(place[1], {self.letter, *bound})

    def _term(self, name: str, index: sp.Expr, tree: Tree) -> sp.Expr:
        if name not in self.sequences:
            return sp.Function(name)(index)
        beyond = sp.expand(index - k)
        if beyond == 0:
            return sp.Symbol(name)
        if beyond == 1:
            return self.next_symbol(name)
        raise GraphError(
            f"{to_latex(tree)} is neither the term at the step nor the next one; give the term before a name "
            "of its own: w_{k+1} = v_k"
        )

    def _sum(
        self,
        variable: Name,
        lower: Tree,
        upper: Tree | None,
        body: Tree,
        shift: int,
        bound: dict[str, sp.Symbol],
    ) -> sp.Expr:
        i = sp.Symbol(variable.text, integer=True)
        last = None if upper is None else self._expression(upper, shift, bound)
        if whole(lower) != 1 or last != k:
            raise GraphError(f"a sum in a claim has to run from 1 to {self.letter}")
        name = f"S_{len(self.sums) + 1}" if self.sums else "S"
        summand = self._expression(body, shift, {**bound, variable.text: i})
        try:
            self.sums.append(sum_of_terms(sp.Symbol(name), summand, i))
        except ValueError as error:
            raise GraphError(str(error)) from None
        return sp.Symbol(name)
