"""Matrix notation: a typed tree, read off an index formula of rank two or less.

Every node knows its shape and checks it when it is made, prints itself, and evaluates itself with NumPy, so
that a printed matrix form can be held against the index form it came from. A vector is a column, ``(n, 1)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from derive.tensor.nodes import (
    Access,
    Apply,
    Bracket,
    IfPositive,
    Index,
    Sum,
    Tensor,
    free_indices,
)
from derive.tensor.printing import ADD, ATOM, MULTIPLY, POWER, Printer
from derive.tensor.simplify import expand_products

Shape = tuple[sp.Expr, sp.Expr]
ONE = sp.S.One


class NotAMatrixFormulaError(Exception):
    """The index formula has no form in the notation of this module; the message says at which piece."""


@dataclass(frozen=True)
class Matrix:
    """A node; ``shape`` is (rows, columns) in symbolic sizes."""

    @property
    def shape(self) -> Shape:
        raise NotImplementedError

    def write(self, printer: Printer) -> tuple[str, int]:
        """The printed piece and how tightly it holds together."""
        raise NotImplementedError

    def evaluate(self, values: Values) -> np.ndarray:
        """The value as a two-dimensional array."""
        raise NotImplementedError

    def parts(self) -> Iterable[Matrix]:
        return ()

    def walk(self) -> Iterable[Matrix]:
        yield self
        for part in self.parts():
            yield from part.walk()

    def weight(self) -> int:
        """How many signs there are to read."""
        return 1 + sum(part.weight() for part in self.parts())

    def print(self, printer: Printer) -> str:
        return self.write(printer)[0]


@dataclass(frozen=True)
class Values:
    """What the letters stand for: arrays by tensor name, numbers by symbol name (sizes among them)."""

    arrays: Mapping[str, Any]
    numbers: Mapping[str, Any]

    def number(self, expression: sp.Expr) -> Any:
        names = {symbol: self.numbers[symbol.name] for symbol in expression.free_symbols}
        return float(expression.xreplace({k: sp.sympify(v) for k, v in names.items()}))

    def extent(self, size: sp.Expr) -> int:
        return round(self.number(size))


def _check(holds: bool, what: str, *matrices: Matrix) -> None:
    if not holds:
        raise ValueError(f"{what}: the shapes are {', '.join(str(one.shape) for one in matrices)}")


def _tight(one: Matrix, printer: Printer, least: int) -> str:
    printed, level = one.write(printer)
    return printed if level >= least else printer.parenthesise(printed)


@dataclass(frozen=True)
class Named(Matrix):
    """A tensor of rank 0, 1 (a column) or 2."""

    tensor: Tensor

    @property
    def shape(self) -> Shape:
        return (*self.tensor.shape, ONE, ONE)[:2]

    def write(self, printer: Printer) -> tuple[str, int]:
        name = printer(self.tensor)
        if "/" in name or name.startswith(r"\frac"):
            return name, MULTIPLY
        return name, (POWER if "^" in name else ATOM)

    def evaluate(self, values: Values) -> np.ndarray:
        array = np.asarray(values.arrays[self.tensor.name])
        return array.reshape(*array.shape, *(1,) * (2 - array.ndim))


@dataclass(frozen=True)
class Scalar(Matrix):
    """A number, a size, a hyper-parameter or an algebraic expression of these and of
    tensors of rank 0."""

    value: sp.Expr

    @property
    def shape(self) -> Shape:
        return (ONE, ONE)

    def write(self, printer: Printer) -> tuple[str, int]:
        return printer.piece(self.value)

    def evaluate(self, values: Values) -> np.ndarray:
        from derive.tensor.numeric import evaluate_scalar

        entries = {access: sp.Dummy(access.tensor.name) for access in self.value.atoms(Access)}
        arrays = {entries[access]: np.asarray(values.arrays[access.tensor.name]) for access in entries}
        return np.reshape(evaluate_scalar(self.value.xreplace(entries), arrays, values.numbers), (1, 1))


@dataclass(frozen=True)
class Ones(Matrix):
    """The column of ones."""

    rows: sp.Expr

    @property
    def shape(self) -> Shape:
        return (self.rows, ONE)

    def write(self, printer: Printer) -> tuple[str, int]:
        return (r"\mathbf{1}" if printer.is_latex else "𝟏"), ATOM

    def evaluate(self, values: Values) -> np.ndarray:
        return np.ones((values.extent(self.rows), 1))


@dataclass(frozen=True)
class Identity(Matrix):
    """The identity matrix."""

    rows: sp.Expr

    @property
    def shape(self) -> Shape:
        return (self.rows, self.rows)

    def write(self, printer: Printer) -> tuple[str, int]:
        return "I", ATOM

    def evaluate(self, values: Values) -> np.ndarray:
        return np.eye(values.extent(self.rows))


@dataclass(frozen=True)
class Unit(Matrix):
    """The column that is 1 at one given index and 0 elsewhere."""

    index: Index

    @property
    def shape(self) -> Shape:
        return (self.index.size, ONE)

    def write(self, printer: Printer) -> tuple[str, int]:
        name = printer(self.index)
        return (f"e_{{{name}}}" if printer.is_latex else f"e_{name}"), ATOM

    def evaluate(self, values: Values) -> np.ndarray:
        column = np.zeros((values.extent(self.index.size), 1))
        column[int(values.arrays[self.index.name.removeprefix("given ")])] = 1
        return column


@dataclass(frozen=True)
class Transposed(Matrix):
    operand: Matrix

    @property
    def shape(self) -> Shape:
        return self.operand.shape[::-1]

    def parts(self) -> Iterable[Matrix]:
        return (self.operand,)

    def write(self, printer: Printer) -> tuple[str, int]:
        name, level = self.operand.write(printer)
        if printer.is_latex and isinstance(self.operand, Named) and name.endswith(")}"):
            return f"{name[:-1]}T}}", POWER  # W^{(2)T}, as textbooks write it
        if not printer.is_latex and isinstance(self.operand, Named) and level >= POWER:
            return f"{name}ᵀ", POWER
        inner = name if level >= ATOM else printer.parenthesise(name)
        return (f"{inner}^T" if printer.is_latex else f"{inner}ᵀ"), POWER

    def evaluate(self, values: Values) -> np.ndarray:
        return self.operand.evaluate(values).T


def transpose(one: Matrix) -> Matrix:
    """The transpose, two of which cancel, and which a scalar does not show."""
    if isinstance(one, Transposed):
        return one.operand
    if isinstance(one, Scaled):
        return Scaled(one.factor, transpose(one.operand))
    return one if one.shape == (ONE, ONE) or isinstance(one, Identity) else Transposed(one)


@dataclass(frozen=True)
class Plus(Matrix):
    terms: tuple[Matrix, ...]

    def __post_init__(self) -> None:
        _check(len({term.shape for term in self.terms}) == 1, "a sum needs equal shapes", *self.terms)

    @property
    def shape(self) -> Shape:
        return self.terms[0].shape

    def parts(self) -> Iterable[Matrix]:
        return self.terms

    def write(self, printer: Printer) -> tuple[str, int]:
        ordered = sorted(self.terms, key=lambda term: any(isinstance(part, Ones) for part in term.walk()))
        pieces = sorted((term.print(printer) for term in ordered), key=lambda piece: piece.startswith("-"))
        printed = pieces[0]
        for piece in pieces[1:]:
            printed += f" - {piece[1:].lstrip()}" if piece.startswith("-") else f" + {piece}"
        return printed, ADD

    def evaluate(self, values: Values) -> np.ndarray:
        return np.sum([term.evaluate(values) for term in self.terms], axis=0)


@dataclass(frozen=True)
class Scaled(Matrix):
    """A scalar times a matrix."""

    factor: Matrix
    operand: Matrix

    def __post_init__(self) -> None:
        _check(self.factor.shape == (ONE, ONE), "a factor must be a scalar", self.factor)

    @property
    def shape(self) -> Shape:
        return self.operand.shape

    def parts(self) -> Iterable[Matrix]:
        return (self.factor, self.operand)

    def write(self, printer: Printer) -> tuple[str, int]:
        if self.factor == Scalar(sp.S.Zero):
            return "0", ATOM
        inner = _tight(self.operand, printer, MULTIPLY)
        if isinstance(self.factor, Scalar):
            coefficient, rest = self.factor.value.as_coeff_Mul()
            if coefficient == -1 and rest == 1:
                return f"-{inner}", ADD
        front, level = self.factor.write(printer)
        negative = front.startswith("-")
        if (level < MULTIPLY and not negative) or isinstance(self.factor, Times):
            front = printer.parenthesise(front)
        if isinstance(self.operand, Ones) and self.operand.rows == ONE:
            return front, level
        return f"{front} {inner}", (ADD if negative else MULTIPLY)

    def evaluate(self, values: Values) -> np.ndarray:
        return self.factor.evaluate(values)[0, 0] * self.operand.evaluate(values)


@dataclass(frozen=True)
class Times(Matrix):
    """The matrix product."""

    left: Matrix
    right: Matrix

    def __post_init__(self) -> None:
        _check(
            self.left.shape[1] == self.right.shape[0],
            "a product needs inner sizes to agree",
            self.left,
            self.right,
        )

    @property
    def shape(self) -> Shape:
        return (self.left.shape[0], self.right.shape[1])

    def parts(self) -> Iterable[Matrix]:
        return (self.left, self.right)

    def write(self, printer: Printer) -> tuple[str, int]:
        left = _tight(self.left, printer, MULTIPLY)
        right = _tight(self.right, printer, MULTIPLY)
        if isinstance(self.left, Hadamard):
            left = printer.parenthesise(left)
        if isinstance(self.right, Hadamard):
            right = printer.parenthesise(right)
        return f"{left} {right}", MULTIPLY

    def evaluate(self, values: Values) -> np.ndarray:
        return self.left.evaluate(values) @ self.right.evaluate(values)


@dataclass(frozen=True)
class Hadamard(Matrix):
    """The elementwise product."""

    factors: tuple[Matrix, ...]

    def __post_init__(self) -> None:
        _check(
            len({one.shape for one in self.factors}) == 1,
            "an elementwise product needs equal shapes",
            *self.factors,
        )

    @property
    def shape(self) -> Shape:
        return self.factors[0].shape

    def parts(self) -> Iterable[Matrix]:
        return self.factors

    def write(self, printer: Printer) -> tuple[str, int]:
        sign = r" \odot " if printer.is_latex else " ⊙ "
        pieces = []
        for one in self.factors:
            piece, level = one.write(printer)
            loose = level < MULTIPLY or isinstance(one, (Times, Scaled))
            pieces.append(printer.parenthesise(piece) if loose else piece)
        return sign.join(pieces), MULTIPLY

    def evaluate(self, values: Values) -> np.ndarray:
        result = self.factors[0].evaluate(values)
        for one in self.factors[1:]:
            result = result * one.evaluate(values)
        return result


@dataclass(frozen=True)
class DiagonalMatrix(Matrix):
    """``diag(v)`` of a column."""

    operand: Matrix

    @property
    def shape(self) -> Shape:
        return (self.operand.shape[0], self.operand.shape[0])

    def parts(self) -> Iterable[Matrix]:
        return (self.operand,)

    def write(self, printer: Printer) -> tuple[str, int]:
        name = r"\operatorname{diag}" if printer.is_latex else "diag"
        return name + printer.parenthesise(self.operand.print(printer)), ATOM

    def evaluate(self, values: Values) -> np.ndarray:
        return np.diag(self.operand.evaluate(values)[:, 0])


@dataclass(frozen=True)
class DiagonalOf(Matrix):
    """The column on the diagonal of a square matrix."""

    operand: Matrix

    @property
    def shape(self) -> Shape:
        return (self.operand.shape[0], ONE)

    def parts(self) -> Iterable[Matrix]:
        return (self.operand,)

    def write(self, printer: Printer) -> tuple[str, int]:
        name = r"\operatorname{diagonal}" if printer.is_latex else "diagonal"
        return name + printer.parenthesise(self.operand.print(printer)), ATOM

    def evaluate(self, values: Values) -> np.ndarray:
        return np.diag(self.operand.evaluate(values))[:, None]


@dataclass(frozen=True)
class Elementwise(Matrix):
    """A function of one or several matrices of equal shape, entry by entry.

    ``pattern`` is an expression in ``slots``, one symbol for each operand.
    """

    pattern: sp.Expr
    slots: tuple[sp.Symbol, ...]
    operands: tuple[Matrix, ...]

    def __post_init__(self) -> None:
        _check(
            len({one.shape for one in self.operands}) == 1,
            "an elementwise function needs equal shapes",
            *self.operands,
        )

    @property
    def shape(self) -> Shape:
        return self.operands[0].shape

    def parts(self) -> Iterable[Matrix]:
        return self.operands

    def write(self, printer: Printer) -> tuple[str, int]:
        pattern = self.pattern
        inner = dict(zip(self.slots, self.operands, strict=True))
        if isinstance(pattern, sp.Pow) and not isinstance(pattern, sp.exp) and pattern.base in inner:
            base, exponent = _tight(inner[pattern.base], printer, ATOM), printer(pattern.exp)
            sign = r"\odot " if printer.is_latex else "⊙"
            return f"{base}^{{{sign}{exponent}}}" if printer.is_latex else f"{base}^{sign}{exponent}", POWER
        return printer.with_slots(inner).piece(pattern)

    def evaluate(self, values: Values) -> np.ndarray:
        from derive.tensor.numeric import evaluate_scalar

        arrays = [one.evaluate(values) for one in self.operands]
        return evaluate_scalar(self.pattern, dict(zip(self.slots, arrays, strict=True)), values.numbers)


@dataclass(frozen=True)
class Quotient(Matrix):
    """The elementwise quotient."""

    above: Matrix
    below: Matrix

    def __post_init__(self) -> None:
        _check(
            self.above.shape == self.below.shape,
            "an elementwise quotient needs equal shapes",
            self.above,
            self.below,
        )

    @property
    def shape(self) -> Shape:
        return self.above.shape

    def parts(self) -> Iterable[Matrix]:
        return (self.above, self.below)

    def write(self, printer: Printer) -> tuple[str, int]:
        if self.shape == (ONE, ONE):
            above, below = self.above.print(printer), self.below.print(printer)
            if printer.is_latex:
                return rf"\frac{{{above}}}{{{below}}}", MULTIPLY
        sign = r" \oslash " if printer.is_latex else " ⊘ "
        return _tight(self.above, printer, ATOM) + sign + _tight(self.below, printer, ATOM), MULTIPLY

    def evaluate(self, values: Values) -> np.ndarray:
        return self.above.evaluate(values) / self.below.evaluate(values)


def times(left: Matrix, right: Matrix) -> Matrix:
    """The matrix product, scalar factors in front of it."""
    for one, rebuild in (
        (left, lambda inner: times(inner, right)),
        (right, lambda inner: times(left, inner)),
    ):
        if isinstance(one, Scaled):
            return _times_scalar(one.factor, rebuild(one.operand))
    return Times(left, right)


def plus(terms: list[Matrix]) -> Matrix:
    """The sum; products that share their right or left operand are taken together: ``(A + A^T) x``."""
    for side in ("right", "left"):
        if len(terms) > 1 and all(isinstance(term, Times) for term in terms):
            shared = {getattr(term, side) for term in terms}
            if len(shared) == 1:
                other = "left" if side == "right" else "right"
                rest = plus([getattr(term, other) for term in terms])
                return times(*((rest, *shared) if side == "right" else (*shared, rest)))
    factors = {_scale(term) for term in terms}
    if len(factors) == 1 and factors != {ONE}:
        return _times_scalar(Scalar(factors.pop()), Plus(tuple(_unscaled(term) for term in terms)))
    if len(factors) == 2 and sum(factors) == 0 and ONE not in factors:
        common = max(factors, key=lambda factor: not factor.could_extract_minus_sign())
        inner = [_times_scalar(Scalar(_scale(term) / common), _unscaled(term)) for term in terms]
        return _times_scalar(Scalar(common), Plus(tuple(inner)))
    return Plus(tuple(terms))


def _scale(term: Matrix) -> sp.Expr:
    """The plain scalar in front of a matrix."""
    return term.factor.value if isinstance(term, Scaled) and isinstance(term.factor, Scalar) else ONE


def _unscaled(term: Matrix) -> Matrix:
    return term.operand if isinstance(term, Scaled) and isinstance(term.factor, Scalar) else term


def to_matrix(expression: sp.Expr, row: Index | None, column: Index | None = None) -> Matrix:
    """The shortest matrix form of an index formula with these free indices.

    Raises :class:`NotAMatrixFormulaError` where there is none in this notation.
    """
    forms: list[Matrix] = []
    problem: NotAMatrixFormulaError | None = None
    for form in dict.fromkeys((expression, expand_products(expression))):
        try:
            forms.append(_convert(form, row, column))
        except NotAMatrixFormulaError as error:
            problem = error
    if not forms:
        assert problem is not None
        raise problem
    return min(forms, key=Matrix.weight)


def _convert(one: sp.Expr, row: Index | None, column: Index | None) -> Matrix:
    free = free_indices(one)
    if row is None and column is None and _is_scalar(one):
        return Named(one.tensor) if isinstance(one, Access) else Scalar(one)
    if row is not None and column is not None and not {row, column} <= free:
        return _spread(one, row, column)
    if row is None and column is not None:
        return transpose(_convert(one, column, None))
    if row is not None and row not in free:
        return _times_scalar(_convert(one, None, None), Ones(row.size))
    if isinstance(one, sp.Add):
        return plus([_convert(term, row, column) for term in one.args])
    if not free and not one.has(Access, Sum):
        return Scalar(one)
    if isinstance(one, Access):
        return _convert_access(one, row, column)
    if isinstance(one, Bracket):
        square = row is not None and column is not None and row.size == column.size
        if row is not None and square and one == Bracket(row - column):
            return Identity(row.size)
        given = [index for index in free if index.name.startswith("given ")]
        if len(given) == 1 and row is not None and one == Bracket(given[0] - row):
            return Unit(given[0])
        raise NotAMatrixFormulaError(f"the bracket {one}")
    if isinstance(one, sp.Mul):
        return _convert_product(list(one.args), row, column)
    if isinstance(one, Sum):
        body, bound = one.open()
        return _contract(list(sp.Mul.make_args(body)), list(bound), row, column)
    if isinstance(one, (sp.Pow, sp.Function, IfPositive, Apply)):
        return _convert_function(one, row, column)
    raise NotAMatrixFormulaError(f"{one}")


def _is_scalar(one: sp.Expr) -> bool:
    """Whether it is made of numbers, sizes, hyper-parameters and tensors of rank 0 alone."""
    return not one.has(Sum, Index) and all(access.tensor.rank == 0 for access in one.atoms(Access))


def _spread(one: sp.Expr, row: Index, column: Index) -> Matrix:
    """A matrix whose entries do not depend on the row, or not on the column, or on neither."""
    free = free_indices(one)
    if row in free:
        return times(_convert(one, row, None), transpose(Ones(column.size)))
    if column in free:
        return times(Ones(row.size), transpose(_convert(one, column, None)))
    square = times(Ones(row.size), transpose(Ones(column.size)))
    return _times_scalar(_convert(one, None, None), square)


def _convert_access(one: Access, row: Index | None, column: Index | None) -> Matrix:
    pairs = zip(one.indices, one.tensor.shape, strict=True)
    if not all(isinstance(index, Index) and index.size == extent for index, extent in pairs):
        raise NotAMatrixFormulaError(f"{one} reads a window")
    named = Named(one.tensor)
    if one.indices in ((), (row,), (row, column)):
        return named
    if one.indices == (column, row):
        return transpose(named)
    if one.indices == (row, row):
        return DiagonalOf(named)
    raise NotAMatrixFormulaError(f"{one}")


def _convert_function(one: sp.Expr, row: Index | None, column: Index | None) -> Matrix:
    """An elementwise function: its arguments with indices become operands."""
    arguments = [one.args[2]] if isinstance(one, Apply) else list(one.args)
    slots: dict[sp.Expr, sp.Symbol] = {}
    for argument in arguments:
        if free_indices(argument) or argument.has(Access, Sum):
            slots.setdefault(argument, sp.Dummy(f"slot{len(slots)}"))
    pattern = one.func(*(slots.get(argument, argument) for argument in one.args))
    operands = tuple(_convert(argument, row, column) for argument in slots)
    return Elementwise(pattern, tuple(slots.values()), operands)


def _times_scalar(factor: Matrix, operand: Matrix) -> Matrix:
    if factor == Scalar(ONE):
        return operand
    if operand == Scalar(ONE):
        return factor
    if isinstance(factor, Scaled) and isinstance(factor.factor, Scalar):
        return _times_scalar(factor.factor, _times_scalar(factor.operand, operand))
    if isinstance(factor, Scalar) and isinstance(operand, Scaled) and isinstance(operand.factor, Scalar):
        return _times_scalar(Scalar(factor.value * operand.factor.value), operand.operand)
    if isinstance(factor, Scalar) and isinstance(operand, Scalar):
        return Scalar(factor.value * operand.value)
    return Scaled(factor, operand)


def _convert_product(factors: list[sp.Expr], row: Index | None, column: Index | None) -> Matrix:
    """A product entry by entry: scalars in front, rows and columns as diagonals or outer products."""
    groups: dict[tuple[bool, bool], list[sp.Expr]] = {}
    for factor in factors:
        free = free_indices(factor)
        groups.setdefault((row in free, column in free), []).append(factor)
    numbers = groups.get((False, False), [])
    plain = [one for one in numbers if not one.has(Access, Sum)]
    scalars = [one for one in numbers if one.has(Access, Sum)]
    left = _divide(groups.get((True, False), []), row, None)
    right = _divide(groups.get((False, True), []), column, None)
    middle = _divide(groups.get((True, True), []), row, column)
    result: Matrix
    if row is None or column is None:
        result = left or right or _divide(scalars, None, None) or Scalar(ONE)
        scalars = scalars if left or right else []
    elif middle is None:
        assert left is not None
        assert right is not None
        result = times(left, transpose(right))
    elif isinstance(middle, Identity):
        combined = _elementwise([one for one in (left, right) if one is not None])
        result = middle if combined is None else DiagonalMatrix(combined)
    else:
        result = middle
        if left is not None:
            result = times(DiagonalMatrix(left), result)
        if right is not None:
            result = times(result, DiagonalMatrix(right))
    factor = _divide(scalars, None, None)
    if factor is not None:
        result = _times_scalar(factor, result)
    return _times_scalar(Scalar(sp.Mul(*plain)), result)


def _divide(factors: list[sp.Expr], row: Index | None, column: Index | None) -> Matrix | None:
    """An elementwise product of factors that all have these indices, what divides below the line."""
    above, below = [], []
    for factor in factors:
        base, exponent = factor.as_base_exp()
        if exponent.is_number and exponent.is_negative and not isinstance(factor, sp.exp):
            below.append(_convert(base**-exponent, row, column))
        else:
            above.append(_convert(factor, row, column))
    top, bottom = _elementwise(above), _elementwise(below)
    if bottom is None:
        return top
    if top is None:
        top = Scalar(ONE) if row is None else _convert(ONE, row, column)
    if isinstance(top, Scaled) and isinstance(top.factor, Scalar):
        return _times_scalar(top.factor, Quotient(top.operand, bottom))
    return Quotient(top, bottom)


def _elementwise(factors: list[Matrix]) -> Matrix | None:
    """One elementwise product; plain names first, as one writes it."""
    if not factors:
        return None
    if len(factors) == 1:
        return factors[0]
    ones = [one for one in factors if isinstance(one, Identity)]
    if all(isinstance(one, Transposed) for one in factors):
        inner = _elementwise([transpose(one) for one in factors])
        assert inner is not None
        return transpose(inner)
    if ones:
        rest = _elementwise([DiagonalOf(one) for one in factors if not isinstance(one, Identity)])
        return ones[0] if rest is None else DiagonalMatrix(rest)
    return Hadamard(tuple(sorted(factors, key=lambda one: (isinstance(one, Elementwise), one.weight()))))


def _contract(factors: list[sp.Expr], bound: list[Index], row: Index | None, column: Index | None) -> Matrix:
    """A sum over bound indices of a product: cut it at one index into a left and a right side."""
    touched = frozenset().union(*(free_indices(factor) for factor in factors))
    if not set(bound) <= touched:
        idle = sp.Mul(*(index.size for index in bound if index not in touched))
        rest = Sum(sp.Mul(*factors), *(index for index in bound if index in touched))
        return _times_scalar(Scalar(idle), _convert(rest, row, column))
    problem: NotAMatrixFormulaError | None = None
    for cut in bound:
        others = [index for index in bound if index != cut]
        try:
            return _cut(factors, cut, others, row, column)
        except NotAMatrixFormulaError as error:
            problem = error
    raise problem or NotAMatrixFormulaError("an empty sum")


def _cut(
    factors: list[sp.Expr], cut: Index, others: list[Index], row: Index | None, column: Index | None
) -> Matrix:
    components = _components(factors, others)
    plain = [one for one in components if not _free(one) & {cut, row, column, *others}]
    left = [one for one in components if row is not None and row in _free(one)]
    right = [one for one in components if column is not None and column in _free(one)]
    if any(one in right for one in left):
        raise NotAMatrixFormulaError(f"the rows and columns of {left} hang together")
    loose = [one for one in components if one not in left and one not in right and one not in plain]
    if left or right:
        # What holds only the cut index weights it: a column beside a matrix reads A x, not A diag(x) 1.
        (right if column is None or not left else left).extend(loose)
    else:
        left, right = loose[:1], loose[1:]
        if not right:
            left, right = [], left
    before = _sum_again(left, others)
    after = _sum_again(right, others)
    result = _product(before, after, row, cut, column)
    return _times_scalar(_convert(_sum_again(plain, others), None, None), result) if plain else result


def _product(before: sp.Expr, after: sp.Expr, row: Index | None, cut: Index, column: Index | None) -> Matrix:
    if row is None:
        return times(transpose(_convert(before, cut, None)), _convert(after, cut, column))
    return times(_convert(before, row, cut), _convert(after, cut, column))


def _free(component: list[sp.Expr]) -> frozenset[Index]:
    return frozenset().union(*(free_indices(factor) for factor in component))


def _sum_again(components: list[list[sp.Expr]], others: list[Index]) -> sp.Expr:
    body = sp.Mul(*(factor for component in components for factor in component))
    return Sum(body, *(index for index in others if index in free_indices(body)))


def _components(factors: list[sp.Expr], joining: list[Index]) -> list[list[sp.Expr]]:
    """Groups of factors that share one of the joining indices."""
    groups: list[list[sp.Expr]] = []
    for factor in factors:
        touching = [group for group in groups if _free(group) & free_indices(factor) & set(joining)]
        merged = [one for group in touching for one in group] + [factor]
        groups = [group for group in groups if group not in touching] + [merged]
    return groups
