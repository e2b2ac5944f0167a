"""Scalar expression graphs: an expression as elementary gates, with values forward and gradients back.

Going forward every gate computes its value; going back every gate multiplies the gradient that arrives at it
by its local derivatives, and where a value is used more than once the gradients add up: the chain rule on a
directed acyclic graph. Graphs are made with :class:`derive.graphs.builder.Builder`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sympy as sp

from derive.graphs.gates import A, B, Gate, Y, local_derivative
from derive.graphs.printing import latex_of, text_of

DIGITS = 30  # of a value that is not rational; what is shown has far fewer
LARGEST = sp.Integer(10) ** 300  # beyond this a float64 overflows, and so does the exercise
LONGEST_EXACT = 4000  # bits up to which a power of rationals is kept exact


class GraphError(ValueError):
    """A graph cannot be built or evaluated; the message says at which node and why."""


@dataclass(frozen=True)
class Node:
    """One node: a variable (no gate, no value), a constant (a value), or a gate applied to earlier nodes."""

    text: str
    latex: str
    gate: Gate | None = None
    inputs: tuple[int, ...] = ()
    value: sp.Expr | None = None

    @property
    def is_variable(self) -> bool:
        """Whether it is a variable of the expression."""
        return self.gate is None and self.value is None

    @property
    def is_constant(self) -> bool:
        """Whether it is a number that stands in the expression."""
        return self.value is not None


@dataclass(frozen=True)
class Values:
    """What an evaluation gives.

    Parameters
    ----------
    forward: the value of every node.
    backward: the derivative of the output (times the upstream gradient) by every node; None for what
        depends on no variable.
    local: the value of every local derivative, by gate and position of the operand.
    edge: the gradient that flows back along that edge, local derivative times the gate's gradient.
    remarks: what has to be said about a gate: a tie of ``max``, a kink of ``ReLU``.
    gradient: the derivative by every variable, by its text.
    """

    forward: tuple[sp.Expr, ...]
    backward: tuple[sp.Expr | None, ...]
    local: Mapping[tuple[int, int], sp.Expr]
    edge: Mapping[tuple[int, int], sp.Expr]
    remarks: Mapping[int, str]
    gradient: Mapping[str, sp.Expr]


@dataclass(frozen=True)
class ScalarGraph:
    """The nodes in an order in which every node comes after its inputs, and which of them is the output."""

    nodes: tuple[Node, ...]
    output: int

    @property
    def variables(self) -> list[int]:
        """The variables, in written order."""
        return [i for i, node in enumerate(self.nodes) if node.is_variable]

    @property
    def operations(self) -> list[int]:
        """The gates, in the order in which they are computed."""
        return [i for i, node in enumerate(self.nodes) if node.gate is not None]

    def edges(self) -> Iterator[tuple[int, int, int]]:
        """Every use of a value that depends on a variable: gate, position of the operand, its node."""
        live = self.dependent_on(*self.variables)
        for index in self.operations:
            for position, source in enumerate(self.nodes[index].inputs):
                if source in live:
                    yield index, position, source

    def dependent_on(self, *sources: int) -> set[int]:
        """These nodes and all that are computed from them."""
        found = set(sources)
        for index, node in enumerate(self.nodes):
            if any(i in found for i in node.inputs):
                found.add(index)
        return found

    def operation_text(self, index: int) -> str:
        """A gate applied to its inputs, as plain text; a variable or constant is itself."""
        node = self.nodes[index]
        if node.gate is None:
            return node.text
        return node.gate.text.format(*(self._operand(i, "text") for i in node.inputs))

    def operation_latex(self, index: int) -> str:
        """A gate applied to its inputs, in LaTeX."""
        node = self.nodes[index]
        if node.gate is None:
            return node.latex
        return node.gate.latex.format(*(self._operand(i, "latex") for i in node.inputs))

    def local_formula(self, index: int, position: int) -> sp.Expr:
        """The derivative of a gate by one operand, in the symbols of :meth:`symbol`."""
        node = self.nodes[index]
        assert node.gate is not None
        formals = (A, B)[: node.gate.arity]
        constants = tuple(
            (formal, value)
            for formal, source in zip(formals, node.inputs, strict=True)
            if (value := self.nodes[source].value) is not None
        )
        derivative = local_derivative(node.gate, formals[position], constants)
        actual = {formal: self.symbol(i) for formal, i in zip(formals, node.inputs, strict=True)}
        return derivative.xreplace({**actual, Y: self.symbol(index)})

    def local_text(self, index: int, position: int) -> str:
        """The local derivative as plain text, in the names of the nodes."""
        return text_of(self.local_formula(index, position), self._names("text"))

    def local_latex(self, index: int, position: int) -> str:
        """The local derivative in LaTeX, in the names of the nodes."""
        return latex_of(self.local_formula(index, position), self._names("latex"))

    def expression(self) -> tuple[sp.Expr, dict[sp.Symbol, str]]:
        """The output as one SymPy expression in the variables, and the LaTeX of these variables.

        >>> from derive.graphs.builder import Builder
        >>> build = Builder()
        >>> graph = build.graph(build.apply("exp", build.apply("sin", build.variable("x"))))
        >>> formula, names = graph.expression()
        >>> latex_of(formula, names)
        'e^{\\\\sin{\\\\left(x \\\\right)}}'
        """
        composed: list[sp.Expr] = []
        for index, node in enumerate(self.nodes):
            if node.gate is None:
                composed.append(self.symbol(index))
                continue
            operands = dict(zip((A, B), (composed[i] for i in node.inputs), strict=False))
            composed.append(node.gate.formula.subs(operands, simultaneous=True))
        names = {self.symbol(i): self.nodes[i].latex for i in self.variables}
        return composed[self.output], names

    def evaluate(self, point: Mapping[str, sp.Expr | int], upstream: sp.Expr | int = 1) -> Values:
        """The values forward and the gradients back at a point.

        Parameters
        ----------
        point: the value of every variable by its text; rationals stay exact as long as the gates allow.
        upstream: the gradient that arrives at the output (1 if the output is what is differentiated).

        Raises
        ------
        GraphError: a variable has no value, or a gate has no finite real value or derivative at this point.
        """
        missing = [self.nodes[i].text for i in self.variables if self.nodes[i].text not in point]
        if missing:
            raise GraphError(f"no value given for {', '.join(missing)}; add for example {missing[0]}=1")
        forward: list[sp.Expr] = []
        for index, node in enumerate(self.nodes):
            if node.gate is None:
                value = _number(point[node.text] if node.value is None else node.value)
                if not (value.is_real and value.is_finite and abs(value) < LARGEST):
                    raise GraphError(f"{node.text} has to be a real number below 1e300, here is {value}")
                forward.append(value)
                continue
            operands = {f: forward[i] for f, i in zip((A, B), node.inputs, strict=False)}
            forward.append(self._checked(index, node.gate.formula, operands, self._named(index), forward))

        local: dict[tuple[int, int], sp.Expr] = {}
        edge: dict[tuple[int, int], sp.Expr] = {}
        live = self.dependent_on(*self.variables)
        backward: list[sp.Expr | None] = [
            sp.Integer(0) if i in live else None for i in range(len(self.nodes))
        ]
        if self.output in live:
            backward[self.output] = _number(upstream)
        at = {self.symbol(i): value for i, value in enumerate(forward)}
        by_gate: dict[int, list[tuple[int, int]]] = {}
        for index, position, source in self.edges():
            by_gate.setdefault(index, []).append((position, source))
        for index in reversed(by_gate):
            for position, source in by_gate[index]:
                what = f"the derivative of {self._named(index)} by {self.nodes[source].text}"
                slope = self._checked(index, self.local_formula(index, position), at, what, forward)
                local[index, position] = slope
                edge[index, position] = slope * backward[index]
                backward[source] += edge[index, position]
        gradient = {self.nodes[i].text: backward[i] for i in self.variables}
        remarks = {i: remark for i in by_gate if (remark := self._remark(i, forward))}
        return Values(tuple(forward), tuple(backward), local, edge, remarks, gradient)

    def _named(self, index: int) -> str:
        return f"{self.nodes[index].text} = {self.operation_text(index)}"

    def _operand(self, index: int, form: str) -> str:
        node = self.nodes[index]
        written: str = getattr(node, form)
        # Only a number can be more than a single name: -3 and 1/2 need brackets inside a formula.
        if node.value is not None and not (node.value.is_Integer and node.value >= 0):
            return f"\\left({written}\\right)" if form == "latex" else f"({written})"
        return written

    def symbol(self, index: int) -> sp.Expr:
        """The symbol of a node; a constant stands for itself."""
        value = self.nodes[index].value
        return sp.Symbol(f"n{index}", real=True) if value is None else value

    def _names(self, form: str) -> dict[sp.Symbol, str]:
        return {
            self.symbol(i): getattr(node, form) for i, node in enumerate(self.nodes) if node.value is None
        }

    def _checked(
        self, index: int, formula: sp.Expr, at: Mapping[sp.Expr, sp.Expr], what: str, forward: list[sp.Expr]
    ) -> sp.Expr:
        try:
            value = _value(formula, at)
        except (ZeroDivisionError, OverflowError, ValueError, TypeError):
            value = sp.nan
        if value.is_real and value.is_finite and abs(value) < LARGEST:
            return value
        sources = dict.fromkeys(self.nodes[index].inputs)
        where = ", ".join(
            f"{self.nodes[i].text} = {sp.N(forward[i], 6)}" for i in sources if not self.nodes[i].is_constant
        )
        why = "is too large" if value.is_real and value.is_finite else "has no finite real value"
        raise GraphError(f"{what} {why}" + (f" at {where}" if where else ""))

    def _remark(self, index: int, forward: list[sp.Expr]) -> str:
        node = self.nodes[index]
        if node.gate is None or node.gate.kink is None:
            return ""
        distance = node.gate.kink.subs(dict(zip((A, B), (forward[i] for i in node.inputs), strict=False)))
        return node.gate.at_kink if distance == 0 else ""


def _number(value: sp.Expr | int) -> sp.Expr:
    number = sp.Integer(value) if isinstance(value, int) else value
    return number if number.is_Rational else sp.N(number, DIGITS)


def _value(formula: sp.Expr, at: Mapping[sp.Expr, sp.Expr]) -> sp.Expr:
    """A formula at a point: exact if it stays rational, else to :data:`DIGITS` digits."""
    used = {symbol: at[symbol] for symbol in formula.free_symbols}
    if not _stays_short(formula, used):
        used = {symbol: sp.Float(value, DIGITS) for symbol, value in used.items()}
    # Plain substitution, not evalf(subs=...): that would raise its precision without bound to decide
    # whether a
    # difference of floats is zero.
    value = formula.subs(used)
    return value if value.is_Rational else sp.N(value, DIGITS)


def _stays_short(formula: sp.Expr, at: Mapping[sp.Expr, sp.Expr]) -> bool:
    """Whether the powers in a formula may be computed exactly: 9^(9^9) may not."""
    for power in formula.atoms(sp.Pow):
        base, exponent = power.base.subs(at), power.exp.subs(at)
        if not (base.is_Rational and exponent.is_Integer):
            return False
        if abs(exponent) * max(int(base.p).bit_length(), int(base.q).bit_length()) > LONGEST_EXACT:
            return False
    return True
