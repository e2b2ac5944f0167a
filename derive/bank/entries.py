"""Numbers, vectors and matrices as trees: what a solution carries from one part to the next."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from derive.reading import to_latex
from derive.reading.tree import Divide, List, Matrix, Negative, Number, Tree

CARRIED = 40  # significant digits of a value that is not rational and is used again

# The entries of a vector or matrix by their indices from 1; () is the entry of a scalar.
Entries = dict[tuple[int, ...], Tree]


def entries_of(tree: Tree) -> Entries:
    """The entries of a written vector or matrix; a column or a row counts as a vector."""
    match tree:
        case List(items):
            return {(i,): item for i, item in enumerate(items, 1)}
        case Matrix(rows) if all(len(row) == 1 for row in rows):
            return {(i,): row[0] for i, row in enumerate(rows, 1)}
        case Matrix(rows):
            return {(i, j): item for i, row in enumerate(rows, 1) for j, item in enumerate(row, 1)}
    return {(): tree}


def entries_of_array(array: Any) -> Entries:
    """The entries of a computed value (a batch of one point); a column counts as a vector."""
    values = array[0]
    if getattr(values, "ndim", 0) == 0:
        return {(): number_tree(values)}
    rows, columns = values.shape
    if columns == 1:
        return {(i + 1,): number_tree(values[i, 0]) for i in range(rows)}
    return {(i + 1, j + 1): number_tree(values[i, j]) for i in range(rows) for j in range(columns)}


def together(entries: Mapping[tuple[int, ...], Tree]) -> Tree:
    """A scalar, a column or a matrix of these entries, as a tree."""
    if () in entries:
        return entries[()]
    rows = max(position[0] for position in entries)
    if all(len(position) == 1 for position in entries):
        return Matrix(tuple((entries[i,],) for i in range(1, rows + 1)))
    columns = max(position[1] for position in entries)
    return Matrix(tuple(tuple(entries[i, j] for j in range(1, columns + 1)) for i in range(1, rows + 1)))


def number_tree(value: Any) -> Tree:
    """A computed number as a tree: exact if it is a fraction, else to :data:`CARRIED` digits."""
    from mpmath import nstr, workdps

    if value < 0:
        with workdps(2 * CARRIED):  # mpmath rounds even a change of sign
            return Negative(number_tree(-value))
    if isinstance(value, int | Fraction):
        fraction = Fraction(value)
        whole = Number(str(fraction.numerator))
        return whole if fraction.denominator == 1 else Divide(whole, Number(str(fraction.denominator)))
    return Number(nstr(value, CARRIED, min_fixed=-400, max_fixed=400))


def rounded(entry: Tree, digits: int) -> Tree:
    """A number as it is shown: written and whole numbers as they are, other computed ones rounded."""
    if isinstance(entry, Number) and (len(entry.digits) <= digits + 2 or _is_count(entry)):
        return entry
    if isinstance(entry, Negative):
        return Negative(rounded(entry.operand, digits))
    return Number(f"{float(fraction_of(entry)):.{digits}g}")


def _is_count(entry: Number) -> bool:
    """Whether it is a whole number that is still read digit by digit."""
    return entry.digits.isdigit() and len(entry.digits) <= 15


def equals(entries: Entries, digits: int) -> str:
    """The values with the sign that is true of them: equal if they are shown in full."""
    shown = {position: rounded(entry, digits) for position, entry in entries.items()}
    exact = all(fraction_of(entries[position]) == fraction_of(shown[position]) for position in entries)
    return f"{'=' if exact else chr(92) + 'approx'} {to_latex(together(shown))}"


def fraction_of(entry: Tree) -> Fraction:
    """The value of a number as it was written or computed."""
    match entry:
        case Negative(operand):
            return -fraction_of(operand)
        case Divide(numerator, denominator):
            return fraction_of(numerator) / fraction_of(denominator)
        case Number():
            return entry.value
    raise TypeError(f"{entry} is no number")


def plain(entries: Entries) -> Any:
    """Floats: one, a list, or a list of rows."""
    if () in entries:
        return float(fraction_of(entries[()]))
    rows = max(position[0] for position in entries)
    if all(len(position) == 1 for position in entries):
        return [float(fraction_of(entries[i,])) for i in range(1, rows + 1)]
    columns = max(position[1] for position in entries)
    return [[float(fraction_of(entries[i, j])) for j in range(1, columns + 1)] for i in range(1, rows + 1)]
