"""Matrix notation: a typed tree.

Every node knows its shape and checks it when it is made, prints itself, and evaluates itself with NumPy, so
that a printed matrix form can be held against the index form it came from. A vector is a column, ``(n, 1)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from derive.tensor.index import Index
from derive.tensor.nodes import Access, LogDet, Tensor
from derive.tensor.printing import ADD, ATOM, MULTIPLY, POWER, Printer

Shape = tuple[sp.Expr, sp.Expr]
ONE = sp.S.One


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
class InverseOf(Matrix):
    """The inverse of a named square matrix."""

    tensor: Tensor

    @property
    def shape(self) -> Shape:
        return (self.tensor.shape[0], self.tensor.shape[1])

    def write(self, printer: Printer) -> tuple[str, int]:
        name = printer(self.tensor)
        return (f"{name}^{{-1}}" if printer.is_latex else f"{name}^-1"), POWER

    def evaluate(self, values: Values) -> np.ndarray:
        return np.linalg.inv(np.asarray(values.arrays[self.tensor.name]))


@dataclass(frozen=True)
class LogDeterminant(Matrix):
    """The logarithm of the size of a determinant."""

    node: LogDet

    @property
    def shape(self) -> Shape:
        return (ONE, ONE)

    def write(self, printer: Printer) -> tuple[str, int]:
        return printer.piece(self.node)

    def evaluate(self, values: Values) -> np.ndarray:
        return np.reshape(np.linalg.slogdet(np.asarray(values.arrays[self.node.tensor.name]))[1], (1, 1))


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
            above, below = sp.fraction(self.factor.value)
            if above == 1 and isinstance(self.operand, Times) and not below.is_number:
                divisor, level = printer.piece(below)  # a product over a size: A B / n
                return f"{inner} / {divisor if level >= POWER else printer.parenthesise(divisor)}", MULTIPLY
        if isinstance(self.factor, Quotient) and not printer.is_latex:
            above = self.factor.above
            if isinstance(above, Scalar) and above.value in (1, -1):  # u / v and not 1/v u
                divisor = _tight(self.factor.below, printer, POWER)
                one = above.value == 1
                return f"{'' if one else '-'}{inner} / {divisor}", MULTIPLY if one else ADD
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
            base, (exponent, level) = _tight(inner[pattern.base], printer, ATOM), printer.piece(pattern.exp)
            if level < POWER:
                exponent = printer.parenthesise(exponent)
            sign = r"\odot " if printer.is_latex else "⊙"
            if self.shape == (ONE, ONE):
                sign = ""  # of a number there is one kind of power
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
            return f"{_tight(self.above, printer, POWER)}/{_tight(self.below, printer, POWER)}", MULTIPLY
        sign = r" \oslash " if printer.is_latex else " ⊘ "
        return _tight(self.above, printer, ATOM) + sign + _tight(self.below, printer, ATOM), MULTIPLY

    def evaluate(self, values: Values) -> np.ndarray:
        return self.above.evaluate(values) / self.below.evaluate(values)
