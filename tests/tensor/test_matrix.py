"""Matrix notation: each form is worth what its index form is worth, and prints as one writes it."""

import re

import definitions
import loop_oracle as loops
import numpy as np
import program_checks as checks
import pytest
import sympy as sp
from definitions import d, indices, k, m, n
from hypothesis import HealthCheck, assume, given, settings
from test_random_programs import BINDINGS, RUNS, SEEDS, programs

from derive.tensor.calculus import vjp
from derive.tensor.index import Index
from derive.tensor.matrix import (
    DiagonalMatrix,
    Hadamard,
    Identity,
    Named,
    Ones,
    Plus,
    Quotient,
    Scalar,
    Scaled,
    Times,
    Values,
    transpose,
)
from derive.tensor.matrix_form import NotAMatrixFormulaError, to_matrix
from derive.tensor.nodes import Bracket, IfPositive, Sum, Tensor
from derive.tensor.printing import Printer
from derive.tensor.program import Statement

I, J, L = indices("ijl", n, n, n)
U = Index("u", m)
X, Y, A, S = Tensor("x", [n]), Tensor("y", [n]), Tensor("A", [n, n]), Tensor("S", [n, n])
W, B, C, P = Tensor("w", [m]), Tensor("B", [m, n]), Tensor("c"), Tensor("p", [n], positive=True)

FORMS = {
    "A x": (Sum(A[I, J] * X[J], J), I, None, "A x", "A x"),
    "transposed": (Sum(A[J, I] * X[J], J), I, None, "Aᵀ x", "A^{T} x"),
    "inner product": (Sum(X[I] * Y[I], I), None, None, "xᵀ y", "x^{T} y"),
    "quadratic form": (Sum(X[I] * A[I, J] * X[J], I, J), None, None, "xᵀ A x", "x^{T} A x"),
    "outer product": (X[I] * W[U], I, U, "x wᵀ", "x w^{T}"),
    "product of three": (Sum(B[U, I] * A[I, J] * S[J, L], I, J), U, L, "B A S", "B A S"),
    "symmetric part": (Sum((A[I, J] + A[J, I]) * X[J], J), I, None, "(A + Aᵀ) x", "(A + A^T) x"),
    "a power that is a sum": (P[I] ** (n - 1), I, None, "p^⊙(n - 1)", r"p^{\odot (n - 1)}"),
    "elementwise": (X[I] * Y[I], I, None, "x ⊙ y", r"x \odot y"),
    "rows scaled": (X[I] * A[I, J], I, J, "diag(x) A", r"\operatorname{diag}\left(x\right) A"),
    "columns scaled": (A[I, J] * X[J], I, J, "A diag(x)", r"A \operatorname{diag}\left(x\right)"),
    "diagonal": (X[I] * Bracket(I - J), I, J, "diag(x)", r"\operatorname{diag}\left(x\right)"),
    "identity": (Bracket(I - J), I, J, "I", "I"),
    "softmax Jacobian": (
        X[I] * (Bracket(I - J) - X[J]),
        I,
        J,
        "diag(x) - x xᵀ",
        r"\operatorname{diag}\left(x\right) - x x^{T}",
    ),
    "row sums": (Sum(A[I, J], J), I, None, "A 𝟏", r"A \mathbf{1}"),
    "column sums": (Sum(A[I, J], I), J, None, "Aᵀ 𝟏", r"A^{T} \mathbf{1}"),
    "trace of a product": (Sum(A[I, J] * S[J, I], I, J), None, None, None, None),
    "diagonal of": (A[I, I], I, None, "diagonal(A)", r"\operatorname{diagonal}\left(A\right)"),
    "a number": (C() * X[I] / 2, I, None, None, None),
    "a sum over an index that nothing reads": (Sum(X[I], J, L), I, None, None, None),
    "a constant over an index that nothing reads": (Sum(sp.Rational(1, 2), J, L), None, None, None, None),
    "a function": (sp.tanh(A[I, J]), I, J, "tanh(A)", r"\tanh\left(A\right)"),
    "a mask": (X[I] * IfPositive(Y[I], 1, 0), I, None, "x ⊙ [y > 0]", r"x \odot \left[y > 0\right]"),
    "a quotient": (X[I] / P[I], I, None, "x ⊘ p", r"x \oslash p"),
    "the same for every entry": (Sum(X[J], J) * Bracket(I - J) * 0 + C(), I, None, None, None),
    "a column across a matrix": (A[I, J] - X[I], I, J, "A - x 𝟏ᵀ", r"A - x \mathbf{1}^{T}"),
    "a row across a matrix": (A[I, J] - X[J], I, J, "A - 𝟏 xᵀ", r"A - \mathbf{1} x^{T}"),
    "a named function": (definitions.ACTIVATION(A[I, J]) * A[J, I], I, J, None, None),
}  # fmt: skip


def spelled(latex):
    r"""Without ``\left`` and ``\right`` and braces around one letter: those are a matter of looks."""
    return re.sub(r"\\left|\\right", "", latex).replace("{T}", "T")


@pytest.mark.parametrize(("formula", "row", "column", "text", "latex"), FORMS.values(), ids=FORMS)
def test_form(formula, row, column, text, latex, rng):
    world = loops.World({"n": 3, "m": 2}, {})
    arrays = {one.name: rng.normal(size=world.shape(one)) for one in (X, Y, A, S, W, B, C)}
    world = loops.World({"n": 3, "m": 2}, arrays | {"p": rng.uniform(1, 2, 3)})
    matrix = to_matrix(formula, row, column)
    free = [one for one in (row, column) if one is not None]
    expected = loops.table(formula, free, world).real
    found = matrix.evaluate(Values(world.arrays, world.numbers))
    np.testing.assert_allclose(found, expected.reshape((*expected.shape, 1, 1)[:2]), rtol=1e-12, atol=1e-13)
    if text is not None:
        assert matrix.print(Printer("text")) == text
        assert spelled(matrix.print(Printer("latex"))) == spelled(latex)


NONE = {
    "a window": (X[I + 1], I, None),
    "an index of another size": (W[I], I, None),
    "one entry": (X[0] * Y[I], I, None),
    "an index as a number": (I * X[I], I, None),
    "a bracket of two sizes": (Bracket(I - U), I, U),
    "a moved diagonal": (Bracket(I - J + 1), I, J),
    "rows and columns that hang together": (Sum(A[I, L] * sp.exp(A[I, J] * X[L]), L), I, J),
}  # fmt: skip


@pytest.mark.parametrize(("formula", "row", "column"), NONE.values(), ids=NONE)
def test_what_has_no_matrix_form_says_so(formula, row, column):
    with pytest.raises(NotAMatrixFormulaError):
        to_matrix(formula, row, column)


x, a, b = Named(X), Named(A), Named(B)
MISFITS = {
    "product": (lambda: Times(a, b), r"inner sizes to agree: the shapes are \(n, n\), \(m, n\)"),
    "sum": (lambda: Plus((a, x)), r"equal shapes: the shapes are \(n, n\), \(n, 1\)"),
    "elementwise product": (lambda: Hadamard((a, b)), "equal shapes"),
    "elementwise quotient": (lambda: Quotient(x, a), "equal shapes"),
    "scaling by a vector": (lambda: Scaled(x, a), "must be a scalar"),
}


@pytest.mark.parametrize(("make", "message"), MISFITS.values(), ids=MISFITS)
def test_misfits_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


TRANSPOSED = {
    "twice": (transpose(transpose(b)), b),
    "an identity": (transpose(Identity(n)), Identity(n)),
    "a scalar": (transpose(Scalar(n)), Scalar(n)),
    "a multiple": (transpose(Scaled(Scalar(n), b)), Scaled(Scalar(n), transpose(b))),
}


@pytest.mark.parametrize(("one", "other"), TRANSPOSED.values(), ids=TRANSPOSED)
def test_transposes(one, other):
    assert one == other


def test_shapes():
    assert Times(b, x).shape == (m, 1)
    assert transpose(b).shape == (n, m)
    assert DiagonalMatrix(x).shape == (n, n)
    assert Ones(d * k).shape == (d * k, 1)


GRADIENTS = [
    pytest.param(make, id=name)
    for name, make in definitions.EVERY.items()
    if not name.startswith("convolution")
]


@pytest.mark.parametrize("make", GRADIENTS)
def test_gradients_of_definitions_in_matrix_form(make, rng):
    program = make()
    derived = vjp(program, program.inputs)
    numbers = {"n": 3, "m": 2, "d": 2, "k": 2, "B": 4, "epsilon": 0.1}
    world = loops.World(numbers, {})
    arrays = {one.name: rng.normal(size=world.shape(one)) for one in (*program.inputs, *derived.seeds)}
    world = loops.run(program, arrays, numbers)
    world = loops.run_statements(world, [Statement(one.target, one.result) for one in derived.parts])
    real = {name: array.real for name, array in world.arrays.items()}
    forms = 0
    for one in derived.parts:
        try:
            matrix = to_matrix(one.result, *(*one.target.indices, None, None)[:2])
        except NotAMatrixFormulaError:
            continue
        forms += 1
        expected = real[one.target.tensor.name]
        found = matrix.evaluate(Values(real, numbers))
        np.testing.assert_allclose(found, expected.reshape((*expected.shape, 1, 1)[:2]), rtol=1e-10)
    assert forms >= len(program.inputs) / 2


@pytest.mark.parametrize("rounds", RUNS)
def test_matrix_forms_of_random_programs(rounds):
    met = []

    @settings(
        max_examples=25 * rounds,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(programs(), BINDINGS, SEEDS)
    def forms_agree(program, sizes, seed):
        try:
            met.append(checks.check_matrix_forms(program, sizes, np.random.default_rng(seed)))
        except checks.UnusableError:
            assume(False)

    forms_agree()
    assert sum(met) >= 5 * rounds
