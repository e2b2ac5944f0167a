"""A problem solved from its givens: for every part the formula, the numbers put in, and the result.

Nothing is looked up: an answer in a problem file is a formula. It is evaluated exactly where the numbers stay
rational and to fifty digits where they do not; what is shown is rounded, what is carried on is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import sympy as sp

from derive.bank import Part, Problem, ProblemError
from derive.bank.counted import Counted
from derive.bank.entries import Entries, entries_of, entries_of_array, equals, plain, rounded, together
from derive.bank.operated import Operated
from derive.graphs.network import NetworkError
from derive.graphs.printing import latex_of
from derive.graphs.scalar import GraphError
from derive.graphs.symbolic import derivative
from derive.judging import closed, judge
from derive.judging.limits import Refusal
from derive.judging.setting import setting_for
from derive.judging.trees import rebuild, substitute, with_own_e
from derive.practice.backward import is_of_numbers, through_nodes
from derive.practice.counted import counted_lines
from derive.practice.derived import Formula, derive_answer, is_derivable
from derive.practice.expression_graph import expression_graph, name_text
from derive.practice.operated import operated_lines
from derive.practice.sums import written_out
from derive.reading import Declarations, read_statements, to_latex
from derive.reading.tree import (
    Derivative,
    Indexed,
    Name,
    Negative,
    Number,
    Tree,
)

SHOWN = 6  # significant digits of a result
PUT_IN = 4  # significant digits of a value put into a formula


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
        self.formulas: dict[Tree, Formula] = {}
        self.derivatives: dict[Tree, Entries] = {}
        self.worked: set[str] = set()
        # Where a given or an answer is called e, that is what e means; e^{-x} keeps Euler's number.
        names = (*problem.givens, *(part.answer for part in problem.parts))
        self.own_e = any(name.partition("=")[0].strip() == "e" for name in names)
        for given in problem.givens:
            sides = self._sides(given, "a given")
            if len(sides) != 2:
                raise ProblemError(f"{problem.id}: a given has to be 'name = value', here is {given!r}")
            self.known[sides[0]] = entries_of(sides[1])

    def part(self, part: Part) -> Solved:
        """The solution of one part."""
        where = f"{self.problem.id}, part {part.id}"
        if part.counted is not None:
            return self._counted(part, part.counted, where)
        if part.operated is not None:
            return self._operated(part, part.operated, where)
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

    def _counted(self, part: Part, counted: Counted, where: str) -> Solved:
        """A count of a network: how each layer comes to its share, and their sum."""
        try:
            equation, lines = part.equation, counted_lines(part)
        except NetworkError as error:
            raise ProblemError(f"{where}: {error}") from error
        if not counted.is_number:
            return Solved(part, (*lines, equation), None)
        left, right = self._sides(equation, f"the answer of part {part.id}")
        solved = self._value(part, left, right)
        # The solver's own first line is the sum as it is written, and its second the same with the result.
        shown = solved.steps[1:] if not isinstance(right, Number | Negative) else solved.steps[:1]
        return Solved(part, (*lines, *shown), solved.value, solved.note)

    def _operated(self, part: Part, operated: Operated, where: str) -> Solved:
        """An operation on the problem's numbers, statement by statement."""
        try:
            entries, lines = operated.entries, operated_lines(part)
        except (ProblemError, Refusal) as error:
            raise ProblemError(f"{where}: {error}") from error
        (name,) = self._sides(part.answer, f"the answer of part {part.id}")
        self.known[name] = entries
        return Solved(part, tuple(lines), plain(entries))

    def _sides(self, text: str, what: str) -> list[Tree]:
        statements = read_statements(text, self.declared)
        if len(statements) != 1 or any(side.unread for side in statements[0].sides):
            raise ProblemError(f"{self.problem.id}: {what} cannot be read: {text!r}")
        trees = [side.tree for side in statements[0].sides]
        return [with_own_e(tree) for tree in trees] if self.own_e else trees

    def _value(self, part: Part, left: Tree, right: Tree) -> Solved:
        base, letters = (left.base, left.lower) if isinstance(left, Indexed) else (left, ())
        if not all(isinstance(letter, Name) for letter in letters):
            base, letters = left, ()
        steps = [f"{to_latex(left)} = {to_latex(right)}"]
        for node in right.walk():
            if isinstance(node, Derivative) and is_derivable(node):
                steps += self._derive(node)
        if right in self.derivatives:
            found = self.known[base] = self.derivatives[right]
            return Solved(part, (*steps, f"{to_latex(base)} {equals(found, SHOWN)}"), plain(found))
        entries: Entries = {}
        for position in product(*(range(1, size + 1) for size in self._sizes(base, len(letters)))):
            at = {letter: Number(str(value)) for letter, value in zip(letters, position, strict=True)}
            formula = self._without_deltas(written_out(substitute(right, at)))
            entry = entries_of_array(closed.value(self._filled(formula, digits=None)).array)
            entries.update({(*position, *inner): tree for inner, tree in entry.items()})
            name = to_latex(substitute(left, at))
            put_in = to_latex(self._filled(formula, digits=PUT_IN))
            steps.append(f"{name} = {put_in} {equals(entry, SHOWN)}")
        self.known[base] = entries
        self.formulas[base] = Formula(base, letters, right)
        if letters:
            steps.append(f"{to_latex(base)} {equals(entries, SHOWN)}")
        return Solved(part, tuple(steps), plain(entries))

    def _derive(self, derivative: Derivative) -> list[str]:
        """The derivation of a derivative, whose entries are known from here on.

        What a part before has worked out, the values of the nodes first of all, is not repeated.
        """
        by_numbers = is_of_numbers(derivative, self.formulas, self.known)
        answer = (through_nodes if by_numbers else derive_answer)(derivative, self.formulas, self.known)
        self.derivatives[derivative] = answer.entries
        new = [line for line in answer.steps if line not in self.worked]
        self.worked.update(new)
        return new

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

    def _without_deltas(self, tree: Tree) -> Tree:
        """Kronecker deltas of numbers as 1 or 0."""
        match tree:
            case Indexed(Name("delta"), (Number() as i, Number() as j), ()) if tree.base not in self.known:
                return Number(str(int(i.value == j.value)))
        return rebuild(tree, self._without_deltas)

    def _filled(self, tree: Tree, digits: int | None) -> Tree:
        """Known names replaced by their values: in full to compute with, or rounded to be shown."""

        def shown(entry: Tree) -> Tree:
            return entry if digits is None else rounded(entry, digits)

        if isinstance(tree, Indexed) and tree.base in self.known and not tree.upper:
            position = tuple(int(i.value) for i in tree.lower if isinstance(i, Number))
            if position in self.known[tree.base]:
                return shown(self.known[tree.base][position])
        entries = self.derivatives.get(tree) or self.known.get(tree)
        if entries is not None:
            return together({at: shown(entry) for at, entry in entries.items()})
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
    wrt = [next((i for i in graph.variables if graph.nodes[i].text == name_text(v)), None) for v in tree.wrt]
    if wrt[0] is None:
        raise GraphError(f"{name_text(tree.wrt[0])} does not occur in it")
    moving = graph.dependent_on(wrt[0])
    for gate, position, source in graph.edges():
        if source in moving:
            slope = f"\\frac{{\\partial {graph.nodes[gate].latex}}}{{\\partial {graph.nodes[source].latex}}}"
            steps.append(f"{slope} = {graph.local_latex(gate, position)}")
    if len(wrt) == 1:
        formula, names = derivative(graph, wrt[0])
    else:
        formula, names = graph.expression()
        for variable in wrt:
            formula = sp.Integer(0) if variable is None else sp.diff(formula, graph.symbol(variable))
    return Solved(part, (*steps, f"{to_latex(tree)} = {latex_of(formula, names)}"), None)
