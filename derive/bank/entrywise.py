"""A program on given numbers, entry by entry and exactly: what somebody works out on paper.

An entry is a tree with the numbers put in, ``1 \\cdot 3 + 2 \\cdot 4``, and its value. Reads outside an array
are 0 and left out, as one leaves out the zeros of a padding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import product

import mpmath as mp
import sympy as sp

from derive.bank.entries import CARRIED, fraction_of, number_tree
from derive.judging import closed
from derive.judging.limits import Unknown
from derive.reading.tree import Add, Call, Divide, Multiply, Name, Negative, Number, Power, Tree
from derive.tensor.nodes import Access, Apply, Argmax, Bracket, IfPositive, Maximum, Reduction, Sum, Tensor
from derive.tensor.numeric import derivative_of
from derive.tensor.program import Statement
from derive.tensor.recurrence import Loop

MOST_ENTRIES = 4096  # more is no exercise for paper
LONGEST = 30  # digits of a denominator that is kept
LARGEST = 600  # nodes of a formula that is kept beside its value

ZERO, ONE = Number("0"), Number("1")
_FUNCTIONS = ("log", "tanh", "sin", "cos", "sinh", "cosh")

Position = tuple[int, ...]
"""Where an entry stands, counted from 0 as the calculus does."""


class Entrywise:
    """Keeps the values of arrays, and computes those of statements from them.

    >>> from derive import ops
    >>> square = ops.operation("squared_error").program
    >>> numbers = Entrywise({"n": 2})
    >>> numbers.put(square.tensor("yhat"), {(0,): Number("3"), (1,): Number("5")})
    >>> numbers.put(square.tensor("y"), {(0,): Number("1"), (1,): Number("1")})
    >>> for statement in square.everything:
    ...     numbers.compute(statement)
    >>> numbers.values[square.output]
    {(): Number(digits='20', unit='')}
    """

    def __init__(self, numbers: Mapping[str, int | Fraction]) -> None:
        self.numbers: dict[str, sp.Expr] = {name: sp.Rational(value) for name, value in numbers.items()}
        self.values: dict[Tensor, dict[Position, Tree]] = {}
        self.formulas: dict[Tensor, dict[Position, Tree]] = {}

    def put(self, tensor: Tensor, entries: Mapping[Position, Tree]) -> None:
        """The entries of an input."""
        self.values[tensor] = dict(entries)

    def extents(self, tensor: Tensor) -> Position:
        """The sizes of a tensor, in numbers."""
        return tuple(self.whole(extent) for extent in tensor.shape)

    def positions(self, tensor: Tensor) -> Iterator[Position]:
        """Every place in a tensor, row by row; :class:`Unknown` where that is too many."""
        extents = self.extents(tensor)
        if sp.prod(extents) > MOST_ENTRIES:
            raise Unknown(f"{tensor.text} has more than {MOST_ENTRIES} entries")
        return product(*map(range, extents))

    def compute(self, statement: Statement) -> None:
        """The value of every entry of what a statement defines."""
        self.values[statement.tensor] = {}
        for position in self.positions(statement.tensor):
            self._compute(statement, position)

    def _compute(self, statement: Statement, position: Position) -> None:
        value = self.values[statement.tensor][position] = value_of(self.entry(statement, position))
        number = value.operand if isinstance(value, Negative) else value
        if isinstance(number, Number) and number.places > LONGEST:
            formula = self.entry(statement, position, exactly=True)
            if sum(1 for _ in formula.walk()) <= LARGEST:
                self.formulas.setdefault(statement.tensor, {})[position] = formula

    def compute_loop(self, loop: Loop) -> None:
        """The values of statements defined by each other, one step after the other."""
        if all(one.tensor in self.values for one in loop.statements):
            return
        steps = range(self.whole(loop.index.size))
        for one in loop.statements:
            self.values[one.tensor] = {}
        for step in reversed(steps) if loop.backwards else steps:
            for one in loop.statements:
                slot = one.target.indices.index(loop.index)
                for position in self.positions(one.tensor):
                    if position[slot] == step:
                        self._compute(one, position)

    def entry(
        self,
        statement: Statement,
        position: Position,
        show: Callable[[Tree], Tree] = lambda tree: tree,
        exactly: bool = False,
    ) -> Tree:
        """One entry's formula with the numbers put in, each as ``show`` writes it.

        With ``exactly``, what is not rational is put in as the formula that it comes from, ``1/\\sqrt 5``.
        """
        return _Writer(self, show, exactly).tree(statement.at([sp.Integer(place) for place in position]))

    def exact(self, tensor: Tensor, position: Position) -> Tree:
        """An entry as a formula without rounding, as long as that is short."""
        return self.formulas.get(tensor, {}).get(position, self.values[tensor][position])

    def whole(self, expression: sp.Expr) -> int:
        """The value of a size."""
        value = self.number(expression)
        if not value.is_Integer:
            raise Unknown(f"{expression} is no whole number: {value}")
        return int(value)

    def number(self, expression: sp.Expr) -> sp.Expr:
        """A size, a place or a hyper-parameter in numbers."""
        names = {symbol: self.numbers[symbol.name] for symbol in _symbols(expression, self.numbers)}
        return sp.sympify(expression, strict=True).xreplace(names)


def _symbols(expression: sp.Expr, known: Mapping[str, sp.Expr]) -> list[sp.Symbol]:
    return [one for one in sp.sympify(expression, strict=True).free_symbols if one.name in known]


def value_of(tree: Tree) -> Tree:
    """The value of a formula of numbers as a tree: exact if it is a fraction that one may want to see.

    What has been rounded to :data:`~derive.bank.entries.CARRIED` digits before is rounded to as many again.
    """
    value = closed.value(tree).array.flat[0]
    if isinstance(value, Fraction) and len(str(value.denominator)) > LONGEST:
        with mp.workdps(CARRIED):
            value = mp.mpf(value.numerator) / value.denominator
    return number_tree(value)


class _Writer:
    """Turns an expression without free indices into a tree of numbers."""

    def __init__(self, known: Entrywise, show: Callable[[Tree], Tree], exactly: bool = False) -> None:
        self.known, self.show, self.exactly = known, show, exactly

    def tree(self, one: sp.Expr) -> Tree:
        match one:
            case sp.Rational():
                return _rational(one)
            case sp.Symbol() if one.name in self.known.numbers:
                return _rational(self.known.numbers[one.name])
            case Access():
                return self._access(one)
            case Sum():
                return _added([self.tree(term) for term in self._terms(one)])
            case Maximum():
                inside = [self.tree(term) for term in self._terms(one) if not self._reads_outside(term)]
                return inside[0] if len(inside) == 1 else Call(Name("max"), tuple(inside))
            case Argmax():
                return self._argmax(one)
            case IfPositive():
                condition, then, otherwise = one.args
                return self.tree(then if self._value(condition) > 0 else otherwise)
            case Bracket():
                return ONE if self.known.number(one.args[0]) == 0 else ZERO
            case Apply():
                body = derivative_of(one.function, one.order)
                if one.order == 0 and one.function.latex == r"\sigma":
                    return Call(Name("sigma"), (self.tree(one.argument),))
                return self.tree(body.xreplace({one.function.argument: one.argument}))
            case sp.Add():
                terms = sorted(one.args, key=lambda term: bool(term.as_coeff_Mul()[0].is_negative))
                return _added([self.tree(term) for term in terms])
            case sp.Mul():
                return self._product(one)
            case sp.exp():
                return Power(Name("e"), self.tree(one.args[0]))
            case sp.Pow():
                return self._power(one)
            case sp.Abs():
                return Call(Name("abs"), (self.tree(one.args[0]),))
            case sp.floor():
                return _rational(sp.Rational(int(sp.floor(self._value(one.args[0])))))
        if one is sp.pi:
            return Name("pi")
        name = one.func.__name__
        if name in _FUNCTIONS:
            return Call(Name(name), (self.tree(one.args[0]),))
        raise Unknown(f"{name} is not worked out by hand")

    def _value(self, one: sp.Expr) -> Fraction:
        """The exact or precise value, as something to compare."""
        whole = _Writer(self.known, lambda tree: tree)
        return fraction_of(value_of(whole.tree(one)))

    def _terms(self, one: Reduction) -> Iterator[sp.Expr]:
        """The body at every value of the bound indices."""
        ranges = [range(self.known.whole(index.size)) for index in one.bound]
        if sp.prod([len(span) for span in ranges]) > MOST_ENTRIES:
            raise Unknown(f"a sum of more than {MOST_ENTRIES} terms")
        for places in product(*ranges):
            yield one.body.xreplace(dict(zip(one.bound, map(sp.Integer, places), strict=True)))

    def _place(self, access: Access) -> Position | None:
        """Where an access reads; None outside the array."""
        place = tuple(self.known.whole(index) for index in access.indices)
        inside = zip(place, self.known.extents(access.tensor), strict=True)
        return place if all(0 <= k < n for k, n in inside) else None

    def _reads_outside(self, one: sp.Expr) -> bool:
        return any(self._place(access) is None for access in one.atoms(Access))

    def _access(self, one: Access) -> Tree:
        place = self._place(one)
        if place is None:
            return ZERO
        if self.exactly:
            return self.known.exact(one.tensor, place)
        return self.show(self.known.values[one.tensor][place])

    def _argmax(self, one: Argmax) -> Tree:
        points = tuple(self.known.whole(point) for point in one.points)
        ranges = [range(self.known.whole(index.size)) for index in one.bound]
        best: tuple[Fraction, Position] | None = None
        for places, term in zip(product(*ranges), self._terms(Maximum(one.body, *one.bound)), strict=True):
            if not self._reads_outside(term):
                value = self._value(term)
                if best is None or value > best[0]:
                    best = value, places
        return ONE if best is not None and best[1] == points else ZERO

    def _product(self, one: sp.Expr) -> Tree:
        """A product: what has a negative power goes below the line; a factor that is 0 by its place, out."""
        coefficient, rest = one.as_coeff_Mul()
        above: list[Tree] = [] if abs(coefficient.p) == 1 else [_rational(sp.Integer(abs(coefficient.p)))]
        below: list[Tree] = [] if coefficient.q == 1 else [_rational(sp.Integer(coefficient.q))]
        for factor in sp.Mul.make_args(rest):
            if isinstance(factor, (Bracket, Argmax)):
                if self.tree(factor) == ZERO:
                    return ZERO
                continue
            power = factor.as_base_exp()[1] if isinstance(factor, sp.Pow) else sp.S.One
            if power.is_Rational and power.is_negative:
                below.append(self.tree(1 / factor))
            elif isinstance(factor, Access) and self._place(factor) is None:
                return ZERO
            else:
                above.append(self.tree(factor))
        tree = _multiplied(above)
        if below:
            tree = Divide(tree, _multiplied(below))
        return Negative(tree) if coefficient.is_negative else tree

    def _power(self, one: sp.Expr) -> Tree:
        base, exponent = one.base, one.exp
        if exponent.is_Rational and exponent.is_negative:
            return Divide(ONE, self.tree(base ** (-exponent)))
        if exponent == sp.Rational(1, 2):
            return Call(Name("sqrt"), (self.tree(base),))
        return Power(self.tree(base), self.tree(exponent))


def _rational(value: sp.Expr) -> Tree:
    return number_tree(Fraction(int(value.p), int(value.q)))


def _added(terms: list[Tree]) -> Tree:
    kept = tuple(term for term in terms if term != ZERO)
    return ZERO if not kept else kept[0] if len(kept) == 1 else Add(kept)


def _multiplied(factors: list[Tree]) -> Tree:
    if len(factors) < 2:
        return factors[0] if factors else ONE
    return Multiply(tuple(factors), tuple("cdot" for _ in factors[1:]))
