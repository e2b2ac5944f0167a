"""A written formula as a scalar expression graph, in the order in which it is written.

``1/(1 + e^{-(w_0 x_0 + w_1 x_1 + w_2)})`` becomes the eight gates of the lecture: two products, two sums,
negate,
exp, plus one, one over. Nothing is simplified; what has no scalar value is refused with its reason.
"""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

import sympy as sp

from derive.graphs.builder import Builder
from derive.graphs.gates import GATES
from derive.graphs.scalar import GraphError, ScalarGraph
from derive.practice.sums import MOST_TERMS, written_out
from derive.reading import Declarations, read_statements, to_latex
from derive.reading.declarations import key
from derive.reading.tree import (
    Add,
    Ambiguous,
    Big,
    Call,
    Divide,
    Hole,
    Indexed,
    List,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Tree,
)
from derive.suggest import unknown

OTHER_NAMES = {"sigma": "sigmoid", "ln": "log", "atan": "arctan", "ReLU": "relu"}
NUMBERS = {"pi": sp.pi, "e": sp.E}


def expression_graph(definitions: list[tuple[Tree | None, Tree]], given: Collection[str] = ()) -> ScalarGraph:
    """The graph of one or more definitions; the last one is the output.

    Parameters
    ----------
    definitions: pairs of the name defined (None for a bare expression) and its formula, in order.
    given: the texts of the names that have values: they are variables even where they look like something
        else (``e``, ``pi``, ``\\sigma``, a letter before brackets).

    Raises
    ------
    GraphError: something in a formula is no elementary operation on scalars.

    >>> x, y, z = Name("x"), Name("y"), Name("z")
    >>> graph = expression_graph([(None, Multiply((Add((x, y)), z), ("",)))])
    >>> [graph.operation_text(i) for i in graph.operations]
    ['x + y', 'f_1*z']
    """
    converter = _Converter(given)
    output, used = -1, set[str]()
    for name, formula in definitions:
        if name is not None and name_text(name) in used - converter.given:
            raise GraphError(f"{name_text(name)} is used before it is defined; put its definition first")
        formula = written_out(formula)
        used |= {name_text(node) for node in formula.walk() if isinstance(node, Name | Indexed)}
        output = converter.convert(formula)
        if name is not None:
            converter.define(name, output)
    return converter.build.graph(output)


def read_graph(text: str, given: Collection[str] = ()) -> ScalarGraph:
    """The graph of a formula in LaTeX or plain text, or of several definitions separated by semicolons.

    >>> graph = read_graph("q = x + y; f = q z", ["x", "y", "z"])
    >>> [(graph.nodes[i].text, graph.operation_text(i)) for i in graph.operations]
    [('q', 'x + y'), ('f', 'q*z')]
    """
    declared = Declarations.parse(f"{name}: real" for name in given)
    definitions: list[tuple[Tree | None, Tree]] = []
    for piece in text.split(";"):
        if not piece.strip():
            continue
        plain = "\\" not in piece
        if plain:
            piece = piece.replace("**", "^")  # as Python writes a power
        statements = read_statements(piece, declared, plain=plain)
        if len(statements) != 1:
            raise GraphError(
                f"expected one formula or definition, here are {len(statements)}: {piece.strip()}"
            )
        trees = [side.tree for side in statements[0].sides]
        if len(trees) > 2 or set(statements[0].signs) - {"=", ":="}:
            raise GraphError(
                f"expected a formula or a definition such as 'f = (x + y) z', here is: {piece.strip()}"
            )
        definitions.append((trees[0] if len(trees) == 2 else None, trees[-1]))
    if not definitions:
        raise GraphError("the expression is empty; expected one such as '(x + y) z'")
    return expression_graph(definitions, given)


def read_number(text: str, name: str) -> sp.Expr:
    """The value of a formula without variables, such as ``-4``, ``1/3`` or ``\\sqrt 2``.

    >>> read_number("-0.5", "x"), read_number(r"\\frac{1}{3}", "x")
    (-1/2, 1/3)
    """
    try:
        graph = read_graph(text)
        return graph.evaluate({}).forward[graph.output]
    except GraphError as error:
        raise GraphError(
            f"{name}: {text!r} is no number ({error}); write for example -4, 0.5 or 1/3"
        ) from error


def read_point(assignments: Collection[str]) -> dict[str, sp.Expr]:
    """The point of assignments ``NAME=VALUE``, by the names' texts.

    >>> read_point(["w_{0}=2", "x=-1/2"])
    {'w_0': 2, 'x': -1/2}
    """
    point: dict[str, sp.Expr] = {}
    for assignment in assignments:
        name, sign, value = assignment.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise GraphError(f"{assignment!r} is no value; write NAME=VALUE, for example x=-2")
        statements = read_statements(name, plain="\\" not in name)
        if len(statements) != 1 or len(statements[0].sides) != 1:
            raise GraphError(f"{name.strip()!r} is no name; write NAME=VALUE, for example x=-2")
        text = name_text(statements[0].sides[0].tree)
        if text in point:
            raise GraphError(f"{text} is given twice")
        point[text] = read_number(value, text)
    return point


def name_text(tree: Tree) -> str:
    """A name as plain text, the same for ``w_0``, ``w_{0}`` and ``\\mathrm{w}_0``.

    >>> name_text(Indexed(Name("w"), (Number("0"),)))
    'w_0'
    """
    match tree:
        case Name() | Indexed():
            return key(tree)
        case Call(function, arguments) if all(isinstance(a, Name | Indexed) for a in arguments):
            return key(function)  # the f of "f(x, y) = ..."
        case Hole(source, reason):
            raise GraphError(f"cannot read {source!r}: {reason}")
    raise GraphError(f"a {type(tree).__name__.lower()} cannot be a name; expected one such as x or w_1")


class _Converter:
    """Walks a tree and asks a builder for its gates."""

    def __init__(self, given: Collection[str]) -> None:
        self.build = Builder()
        self.given = frozenset(given)
        self.defined: dict[str, int] = {}

    def define(self, name: Tree, index: int) -> None:
        """``name = formula``: later formulas mean this node by the name."""
        text = name_text(name)
        self.defined[text] = index
        self.build.name(index, text, to_latex(name.function if isinstance(name, Call) else name))

    def convert(self, tree: Tree) -> int:
        """The node of a tree."""
        constant = _constant(tree)
        if constant is not None:
            return self.build.constant(constant)
        match tree:
            case Name() | Indexed():
                return self._variable(tree)
            case Add(terms):
                total = self.convert(terms[0])
                for term in terms[1:]:
                    if isinstance(term, Negative):
                        total = self.build.apply("subtract", total, self.convert(term.operand))
                    else:
                        total = self.build.apply("add", total, self.convert(term))
                return total
            case Negative(operand):
                return self.build.apply("negate", self.convert(operand))
            case Multiply(factors):
                return self._fold("multiply", [self.convert(factor) for factor in factors])
            case Divide(numerator, denominator):
                return self.build.apply("divide", self.convert(numerator), self.convert(denominator))
            case Power(Name("e"), exponent) if "e" not in self.given:
                return self.build.apply("exp", self.convert(exponent))
            case Power(base, exponent):
                return self._power(base, exponent)
            case Call(function, arguments):
                return self._call(function, arguments)
            case Big(operator):
                raise GraphError(
                    f"{operator} is no operation on scalars; \\sum and \\prod are, with one index and "
                    f"whole numbers as bounds, up to {MOST_TERMS} terms"
                )
            case List((item,)):
                return self.convert(item)
            case Ambiguous(readings):
                return self._settle(readings, tree.reason)
            case Hole(source, reason):
                raise GraphError(f"cannot read {source!r}: {reason}")
        raise GraphError(
            f"a {type(tree).__name__.lower()} is no operation on scalars; a graph takes sums, "
            f"products, powers and the functions {', '.join(sorted(_function_names()))}"
        )

    def _variable(self, tree: Tree) -> int:
        text = name_text(tree)
        if text in self.defined:
            return self.defined[text]
        if text not in self.given and text in NUMBERS:
            return self.build.constant(NUMBERS[text])
        return self.build.variable(text, to_latex(tree))

    def _power(self, base: Tree, exponent: Tree) -> int:
        if isinstance(exponent, Negative) and _constant(exponent.operand) == 1:
            return self.build.apply("divide", self.build.constant(1), self.convert(base))
        return self.build.apply("power", self.convert(base), self.convert(exponent))

    def _call(self, function: Tree, arguments: tuple[Tree, ...]) -> int:
        if isinstance(function, Power) and len(arguments) == 1:  # \sin^2 x
            return self._power(Call(function.base, arguments), function.exponent)
        text = name_text(function)
        if (text in self.given or text in self.defined) and len(arguments) == 1:
            return self.build.apply("multiply", self._variable(function), self.convert(arguments[0]))
        if isinstance(function, Indexed) and name_text(function.base) == "log" and len(function.lower) == 1:
            base = self.build.apply("log", self.convert(function.lower[0]))
            return self.build.apply("divide", self.build.apply("log", self.convert(arguments[0])), base)
        gate = OTHER_NAMES.get(text, text)
        if gate not in _function_names():
            raise GraphError(unknown("function", text, [*_function_names(), *OTHER_NAMES]))
        inputs = [self.convert(argument) for argument in arguments]
        if gate in ("max", "min"):
            return self._fold(gate, inputs)
        if gate == "sqrt" and len(inputs) == 2:
            degree = _constant(arguments[1])
            if degree is None or degree == 0:
                raise GraphError("the degree of a root has to be a number other than 0")
            return self.build.apply("power", inputs[0], self.build.constant(1 / degree))
        return self.build.apply(gate, *inputs)

    def _fold(self, gate: str, inputs: list[int]) -> int:
        """A gate of two operands applied from left to right, as a lecture does."""
        result = inputs[0]
        for item in inputs[1:]:
            result = self.build.apply(gate, result, item)
        return result

    def _settle(self, readings: tuple[Tree, ...], reason: str) -> int:
        """The only reading that is a graph of the names given; more than one is for the writer to settle."""
        found: dict[int, None] = {}
        refusals: list[GraphError] = []
        for reading in readings:
            names = {name_text(node) for node in reading.walk() if isinstance(node, Indexed | Name)}
            try:
                index = self.convert(reading)
            except GraphError as error:
                refusals.append(error)
                continue
            if not self.given or names & self.given:
                found[index] = None
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise GraphError(f"can be read in more than one way ({reason}); add brackets or \\cdot")
        raise refusals[0] if refusals else GraphError(f"cannot be read as a graph ({reason})")


def _function_names() -> list[str]:
    return [
        name for name in GATES if name not in ("add", "subtract", "multiply", "divide", "negate", "power")
    ]


def _constant(tree: Tree) -> sp.Rational | None:
    """The exact value of a written number, a negative one or a fraction of two."""
    match tree:
        case Number(_, unit):
            if unit not in ("", "%"):
                raise GraphError(f"{tree.digits} {unit}: a number in a graph has no unit")
            value = Fraction(tree.value) / (100 if unit == "%" else 1)
            return sp.Rational(value.numerator, value.denominator)
        case Negative(Number() as operand):
            inner = _constant(operand)
            return None if inner is None else -inner
        case Divide(Number() as numerator, Number() as denominator) if denominator.value != 0:
            top, bottom = _constant(numerator), _constant(denominator)
            return None if top is None or bottom is None else top / bottom
    return None
