"""The LaTeX that the program prints for its own derivations is read back whole, and says what it said."""

import pytest

import derive
from derive.derivation.derivation import UnknownVariableError
from derive.ops import catalogue
from derive.reading import read_document
from derive.reading.tree import Hole


@pytest.mark.slow
@pytest.mark.parametrize("name", catalogue.names())
def test_every_line_of_a_derivation_is_read(name: str) -> None:
    operation = derive.operation(name)
    for wrt in operation.inputs:
        try:
            latex = operation.gradient(wrt).to_latex()
        except UnknownVariableError:  # a mask, a label: nothing is derived by it
            continue
        document = read_document(latex, "derivation.tex")
        nodes = [node for s in document.statements for side in s.sides for node in side.tree.walk()]
        holes = [node.reason for node in nodes if isinstance(node, Hole)]
        assert holes == []
        assert document.statements


# Definitions of activation functions, written here by hand as a course writes them.
SCALAR = {
    "sigmoid": r"\frac{1}{1 + e^{-x}}",
    "tanh": r"\frac{e^x - e^{-x}}{e^x + e^{-x}}",
    "softplus": r"\log(1 + e^x)",
}


@pytest.mark.parametrize(("name", "formula"), SCALAR.items(), ids=SCALAR.keys())
def test_a_definition_read_back_equals_what_a_course_writes(name: str, formula: str) -> None:
    latex = derive.operation(name).gradient("x").to_latex()
    (definition, *_) = read_document(latex, "derivation.tex").statements
    right = definition.sides[1].latex
    assert derive.compare(right, formula).verdict == "correct"
    assert derive.compare(right, formula + " + 1").verdict == "wrong"
