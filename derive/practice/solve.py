"""A problem solved from its givens: for every part the formula, the numbers put in, and the result.

Nothing is looked up: an answer in a problem file is a formula. It is evaluated exactly where the numbers stay
rational and to fifty digits where they do not; what is shown is rounded, what is carried on is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import sympy as sp

from derive.bank import Part, Problem, ProblemError
from derive.graphs.printing import latex_of
from derive.graphs.scalar import GraphError
from derive.judging import closed, judge
from derive.judging.limits import Refusal
from derive.judging.setting import setting_for
from derive.judging.trees import rebuild, substitute
from derive.practice.expression_graph import MOST_TERMS, expression_graph, name_text
from derive.reading import Declarations, read_statements, to_latex
from derive.reading.tree import (
    Add,
    Big,
    Derivative,
    Divide,
    Indexed,
    List,
    Matrix,
    Multiply,
    Name,
    Negative,
    Number,
    ProductSign,
    Tree,
)

CARRIED = 40  # significant digits of a value that is not rational and is used again
SHOWN = 6  # significant digits of a result
PUT_IN = 4  # significant digits of a value put into a formula

DOT: ProductSign = "cdot"

Entries = dict[
    tuple[int, ...], Tree
]  # the entries of a vector or matrix by their indices from 1; () is a scalar


@dataclass(frozen=True)
class Solved:
    """The solution of one part.

    Parameters
    ----------
    part: the part that it solves.
    steps: lines of LaTeX: the formula, the numbers put in, the result.
    value: the result as a float or nested lists of floats; None if the part asks for a formula.
    note: how far an identity has been verified; empty otherwise.
    """

    part: Part
    steps: tuple[str, ...]
    value: Any
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "id": self.part.id,
            "question": self.part.question,
            "marks": self.part.marks,
            "latex": self.steps[-1],
            "steps": list(self.steps),
            "value": self.value,
            "note": self.note,
        }


def solve(problem: Problem) -> list[Solved]:
    """All parts of a problem, in order; a later part may use the results of earlier ones.

    Raises
    ------
    ProblemError: a given or an answer cannot be read or has no value; the message says which.
    """
    solver = _Solver(problem)
    return [solver.part(part) for part in problem.parts]


class _Solver:
    """Keeps what is known: the entries of every given and of every answer so far, by the name."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.declared = Declarations.parse(problem.declarations)
        self.known: dict[Tree, Entries] = {}
        for given in problem.givens:
            sides = self._sides(given, "a given")
            if len(sides) != 2:
                raise ProblemError(f"{problem.id}: a given has to be 'name = value', here is {given!r}")
            self.known[sides[0]] = _entries(sides[1])

    def part(self, part: Part) -> Solved:
        """The solution of one part."""
        where = f"{self.problem.id}, part {part.id}"
        sides = self._sides(part.answer, f"the answer of part {part.id}")
        try:
            if len(sides) == 1 and isinstance(sides[0], Derivative):
                return _derivative(part, sides[0])
            if len(sides) == 2 and isinstance(sides[0], Name | Indexed):
                return self._value(part, sides[0], sides[1])
            if len(sides) == 2:
                return self._identity(part, sides[0], sides[1])
        except (Refusal, GraphError) as error:
            raise ProblemError(f"{where}: {part.answer!r} has no value: {error}") from error
        raise ProblemError(
            f"{where}: expected 'name = formula', an identity or a derivative, here is {part.answer!r}"
        )

    def _sides(self, text: str, what: str) -> list[Tree]:
        statements = read_statements(text, self.declared)
        if len(statements) != 1 or any(side.unread for side in statements[0].sides):
            raise ProblemError(f"{self.problem.id}: {what} cannot be read: {text!r}")
        return [side.tree for side in statements[0].sides]

    def _value(self, part: Part, left: Tree, right: Tree) -> Solved:
        base, letters = (left.base, left.lower) if isinstance(left, Indexed) else (left, ())
        if not all(isinstance(letter, Name) for letter in letters):
            base, letters = left, ()
        steps = [f"{to_latex(left)} = {to_latex(right)}"]
        entries: Entries = {}
        for position in product(*(range(1, size + 1) for size in self._sizes(base, len(letters)))):
            at = {letter: Number(str(value)) for letter, value in zip(letters, position, strict=True)}
            formula = self._written_out(substitute(right, at))
            found = closed.value(self._filled(formula, digits=None)).array
            entry = _entries_of_array(found)
            entries.update({(*position, *inner): tree for inner, tree in entry.items()})
            name = to_latex(substitute(left, at))
            put_in = to_latex(self._filled(formula, digits=PUT_IN))
            steps.append(f"{name} = {put_in} {_equals(entry, SHOWN)}")
        self.known[base] = entries
        if letters:
            steps.append(f"{to_latex(base)} {_equals(entries, SHOWN)}")
        return Solved(part, tuple(steps), _plain(entries))

    def _sizes(self, base: Tree, count: int) -> list[int]:
        """How far the indices on the left run: the declared shape of the name."""
        if count == 0:
            return []
        declaration = self.declared.get(base)
        shape = declaration.shape if declaration is not None else None
        if shape is None or len(shape) != count or not all(size.isdigit() for size in shape):
            raise ProblemError(
                f"{self.problem.id}: {name_text(base)} has {count} indices; declare its shape, for example "
                f"'{name_text(base)}: {'x'.join(['3'] * count)}'"
            )
        return [int(size) for size in shape]

    def _written_out(self, tree: Tree) -> Tree:
        """Sums over written whole-number bounds, term by term, and Kronecker deltas of numbers."""
        tree = rebuild(tree, self._written_out)
        match tree:
            case Indexed(Name("delta"), (Number() as i, Number() as j), ()) if tree.base not in self.known:
                return Number(str(int(i.value == j.value)))
            case Big("sum" | "prod", (letter,), Number() as low, Number() as high, body, None, None):
                first, last = int(low.value), int(high.value)
                if not 0 < last - first + 1 <= MOST_TERMS:
                    return tree
                terms = tuple(substitute(body, {letter: Number(str(k))}) for k in range(first, last + 1))
                if len(terms) == 1:
                    return terms[0]
                return (
                    Add(terms) if tree.operator == "sum" else Multiply(terms, tuple(DOT for _ in terms[1:]))
                )
        return tree

    def _filled(self, tree: Tree, digits: int | None) -> Tree:
        """Known names replaced by their values: in full to compute with, or rounded to be shown."""

        def shown(entry: Tree) -> Tree:
            return entry if digits is None else _rounded(entry, digits)

        if isinstance(tree, Indexed) and tree.base in self.known and not tree.upper:
            position = tuple(int(i.value) for i in tree.lower if isinstance(i, Number))
            if position in self.known[tree.base]:
                return shown(self.known[tree.base][position])
        if tree in self.known:
            return _together({at: shown(entry) for at, entry in self.known[tree].items()})
        return rebuild(tree, lambda part: self._filled(part, digits))

    def _identity(self, part: Part, left: Tree, right: Tree) -> Solved:
        claim = judge(left, right, "=", setting_for((left, right), self.declared))
        if claim.verdict != "correct":
            raise ProblemError(
                f"{self.problem.id}, part {part.id}: {part.answer!r} is {claim.verdict}: {claim.message}"
            )
        return Solved(part, (f"{to_latex(left)} = {to_latex(right)}",), None, f"verified: {claim.message}")


def _derivative(part: Part, tree: Derivative) -> Solved:
    """The derivative of an elementary formula: its gates, their local derivatives, the product of these."""
    if tree.of is None or tree.at is not None:
        raise GraphError("a derivative needs what is differentiated, and no point")
    graph = expression_graph([(None, tree.of)])
    steps = [f"{graph.nodes[i].latex} = {graph.operation_latex(i)}" for i in graph.operations]
    for gate, position, source in graph.edges():
        slope = f"\\frac{{\\partial {graph.nodes[gate].latex}}}{{\\partial {graph.nodes[source].latex}}}"
        steps.append(f"{slope} = {graph.local_latex(gate, position)}")
    formula, names = graph.expression()
    by_text = {graph.nodes[i].text: symbol for i, symbol in zip(graph.variables, names, strict=True)}
    for variable in tree.wrt:
        formula = sp.diff(formula, by_text.get(name_text(variable), sp.Dummy()))
    return Solved(part, (*steps, f"{to_latex(tree)} = {latex_of(formula, names)}"), None)


def _entries(tree: Tree) -> Entries:
    """The entries of a written vector or matrix; a column or a row counts as a vector."""
    match tree:
        case List(items):
            return {(i,): item for i, item in enumerate(items, 1)}
        case Matrix(rows) if all(len(row) == 1 for row in rows):
            return {(i,): row[0] for i, row in enumerate(rows, 1)}
        case Matrix(rows):
            return {(i, j): item for i, row in enumerate(rows, 1) for j, item in enumerate(row, 1)}
    return {(): tree}


def _entries_of_array(array: Any) -> Entries:
    """The entries of a computed value: the first axis is a batch of one point; a column counts as a
    vector."""
    values = array[0]
    if getattr(values, "ndim", 0) == 0:
        return {(): _number(values)}
    rows, columns = values.shape
    if columns == 1:
        return {(i + 1,): _number(values[i, 0]) for i in range(rows)}
    return {(i + 1, j + 1): _number(values[i, j]) for i in range(rows) for j in range(columns)}


def _together(entries: Mapping[tuple[int, ...], Tree]) -> Tree:
    """A scalar, a column or a matrix of these entries, as a tree."""
    if () in entries:
        return entries[()]
    rows = max(position[0] for position in entries)
    if all(len(position) == 1 for position in entries):
        return Matrix(tuple((entries[i,],) for i in range(1, rows + 1)))
    columns = max(position[1] for position in entries)
    return Matrix(tuple(tuple(entries[i, j] for j in range(1, columns + 1)) for i in range(1, rows + 1)))


def _number(value: Any) -> Tree:
    """A computed number as a tree: exact if it is a fraction, else to :data:`CARRIED` digits."""
    from mpmath import nstr

    if value < 0:
        return Negative(_number(-value))
    if isinstance(value, int | Fraction):
        fraction = Fraction(value)
        whole = Number(str(fraction.numerator))
        return whole if fraction.denominator == 1 else Divide(whole, Number(str(fraction.denominator)))
    return Number(nstr(value, CARRIED, min_fixed=-400, max_fixed=400))


def _float(entry: Tree) -> float:
    match entry:
        case Negative(operand):
            return -_float(operand)
        case Divide(numerator, denominator):
            return _float(numerator) / _float(denominator)
        case Number():
            return float(entry.value)
    raise TypeError(f"{entry} is no number")


def _rounded(entry: Tree, digits: int) -> Tree:
    """A number as it is shown: written numbers as they are written, computed ones rounded."""
    if isinstance(entry, Number) and len(entry.digits) <= digits + 2:
        return entry
    if isinstance(entry, Negative):
        return Negative(_rounded(entry.operand, digits))
    return Number(f"{_float(entry):.{digits}g}")


def _equals(entries: Entries, digits: int) -> str:
    """The values with the sign that is true of them: equal if they are shown in full."""
    shown = {position: _rounded(entry, digits) for position, entry in entries.items()}
    exact = all(_same(entries[position], shown[position]) for position in entries)
    return f"{'=' if exact else chr(92) + 'approx'} {to_latex(_together(shown))}"


def _same(entry: Tree, shown: Tree) -> bool:
    exact, written = _fraction(entry), _fraction(shown)
    return exact == written


def _fraction(entry: Tree) -> Fraction:
    match entry:
        case Negative(operand):
            return -_fraction(operand)
        case Divide(numerator, denominator):
            return _fraction(numerator) / _fraction(denominator)
        case Number():
            return entry.value
    raise TypeError(f"{entry} is no number")


def _plain(entries: Entries) -> Any:
    """Floats: one, a list, or a list of rows."""
    if () in entries:
        return _float(entries[()])
    rows = max(position[0] for position in entries)
    if all(len(position) == 1 for position in entries):
        return [_float(entries[i,]) for i in range(1, rows + 1)]
    columns = max(position[1] for position in entries)
    return [[_float(entries[i, j]) for j in range(1, columns + 1)] for i in range(1, rows + 1)]
