"""Statements defined by themselves at an earlier step: loops found, gradients through time, errors."""

import numpy as np
import pytest
import sympy as sp

from derive.tensor.calculus import jacobian, vjp
from derive.tensor.index import Index, size
from derive.tensor.nodes import Access, Sum, Tensor
from derive.tensor.numeric import compile_statements
from derive.tensor.program import Program, Statement
from derive.tensor.recurrence import Loop, in_loops

T, M = size("T"), size("m")
t, j, k = Index("t", T), Index("j", M), Index("k", M)
x, h, z, y = (Tensor.over(name, t, j) for name in "xhzy")
U, w, a = Tensor.over("U", j, k), Tensor.over("w", j), Tensor("a")


def _linear():
    """h_t = U h_{t-1} + x_t, written with a statement for the sum."""
    return Program(
        (x, U),
        (
            Statement(z[t, j], Sum(U[j, k] * h[t - 1, k], k) + x[t, j]),
            Statement(h[t, j], z[t, j]),
        ),
    )


def test_loops_are_found_and_what_is_outside_stays_outside():
    before, after = Statement(y[t, j], 2 * x[t, j]), Statement(Tensor("s")(), Sum(h[t, j], t, j))
    inside = (
        Statement(z[t, j], Sum(U[j, k] * h[t - 1, k], k) + y[t, j]),
        Statement(h[t, j], sp.tanh(z[t, j])),
    )
    assert in_loops((before, *inside, after)) == [before, Loop(inside, t, backwards=False), after]


def test_a_gradient_goes_backwards():
    backwards = Statement(z[t, j], w[j] * z[t + 1, j] + x[t, j])
    assert in_loops((backwards,)) == [Loop((backwards,), t, backwards=True)]


def test_the_loop_is_computed_step_by_step(rng):
    program = _linear()
    values = {"x": rng.normal(size=(7, 3)), "U": rng.normal(size=(3, 3))}
    state, expected = np.zeros(3), []
    for row in values["x"]:
        state = values["U"] @ state + row
        expected.append(state)
    found = compile_statements(program.inputs, program.statements)(values)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("order", [1, 2], ids=["one step back", "two steps back"])
def test_the_gradient_through_time_is_that_of_the_powers(order, rng):
    """y_t = sum over s of a^s x_{t - order s}, so that everything is known in closed form."""
    s, xs = Tensor.over("s", t), Tensor.over("x", t)
    program = Program((xs, a), (Statement(s[t], a() * s[t - order] + xs[t]),))
    g = Tensor.over("g", t)
    values = {"x": rng.normal(size=11), "a": np.array(0.7), "g": rng.normal(size=11)}
    derived = vjp(program, [a, xs], {s: g})
    compiled = compile_statements((xs, a, g), (*program.statements, *derived.statements)).all(values)
    by_a = sum(
        values["g"][n] * p * 0.7 ** (p - 1) * values["x"][n - order * p]
        for n in range(11)
        for p in range(1, n // order + 1)
    )
    by_x = [sum(values["g"][n + order * p] * 0.7**p for p in range((10 - n) // order + 1)) for n in range(11)]
    np.testing.assert_allclose(compiled["dL/da"], by_a, rtol=1e-12)
    np.testing.assert_allclose(compiled["dL/dx"], by_x, rtol=1e-12)


def test_the_recursion_of_the_gradient():
    """dL/dz_t = g_t + U^T dL/dz_{t+1}, and dL/dU = sum_t dL/dz_t h_{t-1}^T."""
    g = Tensor.over("g", t, j)
    program = _linear()
    derived = vjp(program, [U], {h: g})
    dz, dU = derived.statements
    by_z = dz.tensor
    assert dz.value == g[t, j] + Sum(U[k, j] * by_z[t + 1, k], k)
    assert dU.value == Sum(by_z[t, j] * h[t - 1, k], t)


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(
            (Statement(z[t, j], h[t, j]), Statement(h[t, j], z[t, j] + x[t, j])), id="the same step"
        ),
        pytest.param((Statement(h[t, j], h[t, j] + x[t, j]),), id="itself"),
        pytest.param((Statement(z[t, j], h[t + 1, j]), Statement(h[t, j], z[t - 1, j])), id="both ways"),
        pytest.param((Statement(h[t, j], Sum(h[k, j] * x[k, j], k)),), id="every step"),
        pytest.param((Statement(h[t, j], Access(h, 2 * t - 3, j)),), id="no fixed distance"),
        pytest.param((Statement(z[t, j], y[t, j]), Statement(y[t, j], x[t, j])), id="wrong order"),
    ],
)
def test_what_has_no_first_step_is_refused(statements):
    with pytest.raises(ValueError, match="not defined before it"):
        Program((x,), statements)


def test_a_jacobian_through_time_is_refused():
    with pytest.raises(ValueError, match="use the chain rule"):
        jacobian(_linear(), h, U)
