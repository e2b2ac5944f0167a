"""How a scalar graph is made: node by node, in the order in which an expression is written."""

from __future__ import annotations

import sympy as sp

from derive.graphs.gates import GATES
from derive.graphs.scalar import GraphError, Node, ScalarGraph

MOST_NODES = 400  # more can neither be drawn nor read


class Builder:
    """Collects nodes; asking for the same thing twice gives the same node.

    >>> build = Builder()
    >>> x, y, z = (build.variable(name) for name in "xyz")
    >>> graph = build.graph(build.apply("multiply", build.apply("add", x, y), z))
    >>> [(graph.nodes[i].text, graph.operation_text(i)) for i in graph.operations]
    [('f_1', 'x + y'), ('f_2', 'f_1*z')]
    >>> values = graph.evaluate({"x": -2, "y": 5, "z": -4})
    >>> values.forward[graph.output], values.gradient
    (-12, {'x': -4, 'y': -4, 'z': 3})
    """

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._found: dict[object, int] = {}

    def variable(self, text: str, latex: str | None = None) -> int:
        """The variable of this name."""
        return self._intern(("variable", text), Node(text, latex or text))

    def constant(self, value: sp.Expr | int) -> int:
        """A number that stands in the expression."""
        number = sp.Integer(value) if isinstance(value, int) else value
        return self._intern(("constant", number), Node(str(number), sp.latex(number), value=number))

    def apply(self, gate: str, *inputs: int) -> int:
        """A gate applied to nodes already made."""
        wanted = GATES[gate]
        if len(inputs) != wanted.arity:
            raise GraphError(f"{gate} takes {wanted.arity} operand(s), here are {len(inputs)}")
        return self._intern((gate, inputs), Node("", "", wanted, inputs))

    def name(self, index: int, text: str, latex: str | None = None) -> None:
        """Gives a gate's output a name of its own (``q = x + y``) in place of a numbered one."""
        node = self._nodes[index]
        if node.gate is not None:
            self._nodes[index] = Node(text, latex or text, node.gate, node.inputs)

    def graph(self, output: int) -> ScalarGraph:
        """The graph of everything that the output needs; gates without a name are numbered in order."""
        needed = {output}
        for index in range(output, -1, -1):
            if index in needed:
                needed.update(self._nodes[index].inputs)
        kept = sorted(needed)
        position = {old: new for new, old in enumerate(kept)}
        taken = {node.text for node in self._nodes if node.text}
        letter = next(c for c in "fqghuvpr" if not any(t == c or t.startswith(c + "_") for t in taken))
        nodes: list[Node] = []
        count = 0
        for old in kept:
            node = self._nodes[old]
            text, latex = node.text, node.latex
            if node.gate is not None:
                count += 1
                if not text:
                    text, latex = f"{letter}_{count}", f"{letter}_{{{count}}}"
            nodes.append(Node(text, latex, node.gate, tuple(position[i] for i in node.inputs), node.value))
        return ScalarGraph(tuple(nodes), position[output])

    def _intern(self, key: object, node: Node) -> int:
        if key not in self._found:
            if len(self._nodes) == MOST_NODES:
                raise GraphError(
                    f"the expression has more than {MOST_NODES} nodes; take a smaller part of it"
                )
            self._found[key] = len(self._nodes)
            self._nodes.append(node)
        return self._found[key]
