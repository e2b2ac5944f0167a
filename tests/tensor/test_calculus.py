"""Jacobians, vector-Jacobian products and Hessians in the form that a textbook prints."""

import definitions
import loop_oracle as loops
import numpy as np
import pytest
import sympy as sp
from definitions import B, d, k, m, n

from derive.tensor.calculus import entry_of, jacobian, second_derivative, vjp
from derive.tensor.index import Index, free_indices
from derive.tensor.nodes import Apply, Bracket, D, IfPositive, Sum, Tensor
from derive.tensor.printing import printer_for
from derive.tensor.program import Program, Statement
from derive.tensor.simplify import cost, distribute, eliminate_brackets, expand_products

NUMBERS = {"n": 3, "m": 2, "d": 2, "k": 2, "B": 4, "O": 2, "epsilon": 0.1}


def part(derived, name):
    (found,) = (one for one in derived.parts if one.target.tensor.name == name)
    return found


def backward(make, name):
    program = make()
    found = part(vjp(program, program.inputs), name)
    return program, found.target.indices, found.result


def hand(program, *names):
    return [program.tensor(name) for name in names]


# Each row: the gradient's name, and by hand what it is, given the program, its indices and g.
def _softmax(p, g, i):
    (s,), j = hand(p, "s"), Index("j", n)
    return s[i] * (g[i] - Sum(g[j] * s[j], j))


def _cross_entropy(p, g, i):
    s, y = hand(p, "s", "y")
    return s[i] - y[i]


def _linear_x(p, g, b, i):
    (W,), o = hand(p, "W"), Index("o", m)
    return Sum(g[b, o] * W[o, i], o)


def _linear_w(p, g, o, i):
    (x,), b = hand(p, "x"), Index("b", B)
    return Sum(g[b, o] * x[b, i], b)


def _linear_b(p, g, o):
    b = Index("b", B)
    return Sum(g[b, o], b)


def _quadratic_x(p, g, i):
    (A, x), j = hand(p, "A", "x"), Index("j", n)
    return Sum((A[i, j] + A[j, i]) * x[j], j)


def _quadratic_a(p, g, i, j):
    (x,) = hand(p, "x")
    return x[i] * x[j]


def _batch_norm(p, g, i, j):
    (gamma, r, xhat), b = hand(p, "gamma", "r", "xhat"), Index("b", B)
    mean = Sum(g[b, j], b) / B
    return gamma[j] * r[j] * (g[i, j] - mean - xhat[i, j] * Sum(g[b, j] * xhat[b, j], b) / B)


def _layer_norm(p, g, i, j):
    (gamma, r, xhat), c = hand(p, "gamma", "r", "xhat"), Index("c", n)
    mean = Sum(g[i, c] * gamma[c], c) / n
    return r[i] * (g[i, j] * gamma[j] - mean - xhat[i, j] * Sum(g[i, c] * gamma[c] * xhat[i, c], c) / n)


def _scale(p, g, j):
    (xhat,), b = hand(p, "xhat"), Index("b", B)
    return Sum(g[b, j] * xhat[b, j], b)


def _shift(p, g, j):
    b = Index("b", B)
    return Sum(g[b, j], b)


def _convolution_x(p, g, i):
    (w,), t = hand(p, "w"), Index("t", m)
    return Sum(g[t] * w[i - t], t)


def _strided_x(p, g, i):
    (w,), t = hand(p, "w"), Index("t", m)
    return Sum(g[t] * w[i - 2 * t + 1], t)


def _strided_w(p, g, u):
    (x,), t = hand(p, "x"), Index("t", m)
    return Sum(g[t] * x[2 * t + u - 1], t)


def _sigmoid(p, g, i):
    (a,) = hand(p, "a")
    return g[i] * a[i] * (1 - a[i])


def _tanh(p, g, i):
    (a,) = hand(p, "a")
    return g[i] * (1 - a[i] ** 2)


def _relu(p, g, i):
    (x,) = hand(p, "x")
    return g[i] * IfPositive(x[i], 1, 0)


def _attention_s(p, g, i, j):
    """``dS = P o (dP - rowsum(P o dP))``"""
    (P,), c, dP = hand(p, "P"), Index("c", m), p.derived["dL/dP"]
    return P[i, j] * (dP[i, j] - Sum(P[i, c] * dP[i, c], c))


def _attention_p(p, g, i, j):
    (V,), c = hand(p, "V"), Index("c", k)
    return Sum(g[i, c] * V[j, c], c)


def _attention_q(p, g, i, a):
    (K,), j, dS = hand(p, "K"), Index("j", m), p.derived["dL/dS"]
    return Sum(dS[i, j] * K[j, a], j) / sp.sqrt(d)


def _attention_k(p, g, j, a):
    (Q,), i, dS = hand(p, "Q"), Index("i", n), p.derived["dL/dS"]
    return Sum(dS[i, j] * Q[i, a], i) / sp.sqrt(d)


def _attention_v(p, g, j, c):
    (P,), i = hand(p, "P"), Index("i", n)
    return Sum(P[i, j] * g[i, c], i)


def _delta(p, g, j):
    """``delta = (V^T (o - y)) o f'(z)``"""
    (V, out, y, z), o = hand(p, "V", "o", "y", "z"), Index("o", k)
    return Apply(definitions.ACTIVATION, 1, z[j]) * Sum(V[o, j] * (out[o] - y[o]), o)


def _weights(p, g, j, i):
    (x,), delta = hand(p, "x"), p.derived["dloss/dz"]
    return delta[j] * x[i]


class Known:
    """A program with the cotangents that its derivation has named."""

    def __init__(self, program, derived):
        self.tensor = program.tensor
        self.derived = {one.target.tensor.name: one.target.tensor for one in derived.parts}


GRADIENTS = {
    "softmax": (definitions.softmax, "dL/dx", _softmax),
    "softmax + cross entropy": (definitions.cross_entropy, "dloss/dx", _cross_entropy),
    "linear, x": (definitions.linear, "dL/dx", _linear_x),
    "linear, W": (definitions.linear, "dL/dW", _linear_w),
    "linear, b": (definitions.linear, "dL/da", _linear_b),
    "quadratic form, x": (definitions.quadratic, "dq/dx", _quadratic_x),
    "quadratic form, A": (definitions.quadratic, "dq/dA", _quadratic_a),
    "batch norm, x": (definitions.batch_norm, "dL/dx", _batch_norm),
    "batch norm, gamma": (definitions.batch_norm, "dL/dgamma", _scale),
    "batch norm, beta": (definitions.batch_norm, "dL/dbeta", _shift),
    "layer norm, x": (definitions.layer_norm, "dL/dx", _layer_norm),
    "layer norm, gamma": (definitions.layer_norm, "dL/dgamma", _scale),
    "attention, dP": (definitions.attention, "dL/dP", _attention_p),
    "attention, dS": (definitions.attention, "dL/dS", _attention_s),
    "attention, dQ": (definitions.attention, "dL/dQ", _attention_q),
    "attention, dK": (definitions.attention, "dL/dK", _attention_k),
    "attention, dV": (definitions.attention, "dL/dV", _attention_v),
    "convolution, x: the kernel flipped": (definitions.convolution, "dL/dx", _convolution_x),
    "strided convolution, x": (lambda: definitions.convolution(2, 1), "dL/dx", _strided_x),
    "strided convolution, w": (lambda: definitions.convolution(2, 1), "dL/dw", _strided_w),
    "sigmoid": (definitions.sigmoid, "dL/dx", _sigmoid),
    "tanh": (definitions.tanh, "dL/dx", _tanh),
    "tanh by exponentials": (definitions.tanh_by_exponentials, "dL/dx", _tanh),
    "ReLU": (definitions.relu, "dL/dx", _relu),
    "perceptron, delta": (definitions.perceptron, "dloss/dz", _delta),
    "perceptron, W": (definitions.perceptron, "dloss/dW", _weights),
}


def canonical(expression):
    """Multiplied out, so that forms that differ only in factoring are one."""
    return expand_products(distribute(expression))


@pytest.mark.parametrize(("make", "name", "by_hand"), GRADIENTS.values(), ids=GRADIENTS)
def test_textbook_gradient(make, name, by_hand):
    """Multiplied out, the result has the terms of the hand derivation, and reads no longer than it."""
    program = make()
    derived = vjp(program, program.inputs)
    found = part(derived, name)
    g = derived.seeds[0] if derived.seeds else None
    expected = by_hand(Known(program, derived), g, *found.target.indices)
    assert canonical(found.result - expected) == 0
    assert cost(found.result) <= cost(expected) + 2


JACOBIANS = {
    "softmax": (definitions.softmax, "s", "x", "s_i (δ_ij - s_j)"),
    "linear, x": (definitions.linear, "y", "x", "W_oj δ_bi"),
    "sigmoid": (definitions.sigmoid, "a", "x", "a_i δ_ij (1 - a_i)"),
    "ReLU": (definitions.relu, "a", "x", "δ_ij [x_i > 0]"),
    "quadratic form": (definitions.quadratic, "q", "A", "x_i x_j"),
    "cross entropy": (definitions.cross_entropy, "loss", "x", "s_i - y_i"),
    "a value in between": (definitions.cross_entropy, "s", "x", "s_i (δ_ij - s_j)"),
}
HESSIANS = {
    "softmax + cross entropy: diag(s) - s s^T": (
        definitions.cross_entropy,
        "loss",
        "x",
        "s_i (δ_ij - s_j)",
    ),
    "quadratic form": (definitions.quadratic, "q", "x", "A_ij + A_ji"),
    "of a linear map": (definitions.linear, "y", "W", "0"),
    "ReLU": (definitions.relu, "a", "x", "0"),
}


@pytest.mark.parametrize(("make", "output", "wrt", "text"), JACOBIANS.values(), ids=JACOBIANS)
def test_textbook_jacobian(make, output, wrt, text):
    program = make()
    derived = jacobian(program, program.tensor(output), program.tensor(wrt))
    factors = printer_for(program, "text")(derived.result).split()
    assert sorted(factors) == sorted(text.split())


@pytest.mark.parametrize(("make", "output", "wrt", "text"), HESSIANS.values(), ids=HESSIANS)
def test_textbook_second_derivative(make, output, wrt, text):
    program = make()
    derived = second_derivative(program, program.tensor(output), program.tensor(wrt))
    assert sorted(printer_for(program, "text")(derived.result).split()) == sorted(text.split())


ASKED = [
    pytest.param(make, wrt.name, function, id=f"{function.__name__} of {name} by {wrt.name}")
    for name, make in definitions.EVERY.items()
    for wrt in make().inputs
    for function in (jacobian, second_derivative)
    if not (function is second_derivative and name in ("gated cell", "batch norm", "layer norm", "attention"))
]


@pytest.mark.parametrize(("make", "wrt", "ask"), ASKED)
def test_every_step_is_an_identity(make, wrt, ask):
    """Both sides of each step at random values, and the result against complex steps."""
    program = make()
    derived = ask(program, program.output, program.tensor(wrt))
    rng = np.random.default_rng(11)
    world = loops.World(NUMBERS, {})
    arrays = {one.name: rng.normal(size=world.shape(one)) for one in program.inputs}
    if program.facts:
        arrays["y"] = np.abs(arrays["y"]) / np.abs(arrays["y"]).sum()
    world = loops.run(program, arrays, NUMBERS)
    for one in derived.parts:
        world = loops.run_statements(world, [Statement(one.target, one.result)])
    for number, step in enumerate(derived.steps):
        free = sorted(free_indices(step.before) | free_indices(step.after), key=str)
        shape = [world.extent(index.size) for index in free]
        for place in {number % int(np.prod(shape)), 0}:
            at = dict(zip(free, np.unravel_index(place, shape), strict=True)) if free else {}
            before, after = loops.value(step.before, at, world), loops.value(step.after, at, world)
            np.testing.assert_allclose(after, before, rtol=1e-8, atol=1e-9, err_msg=step.rule)
    if ask is jacobian:
        expected = loops.sensitivity(program, arrays, NUMBERS, program.output.name, wrt)
        if wrt != "y":  # moving one y leaves the set on which the fact holds
            found = world.arrays[derived.target.tensor.name]
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-11)


def test_both_ways_to_a_gradient_agree_in_form():
    """The Jacobian contracted with g is the vector-Jacobian product, term by term."""
    program = definitions.softmax()
    derived = vjp(program, program.inputs)
    direct = jacobian(program, program.output, program.tensor("x"))
    (g,), (row, column) = derived.seeds, direct.target.indices
    contracted = Sum(g[row] * direct.result, row).xreplace({column: derived.target.indices[0]})
    assert canonical(eliminate_brackets(contracted) - derived.result) == 0


def test_two_outputs_share_an_input(rng):
    i = Index("i", n)
    x, y, z = (Tensor(name, [n]) for name in "xyz")
    program = Program(
        (x,), (Statement(y[i], x[i] ** 2), Statement(z[i], sp.exp(x[i]) * y[i])), outputs=(y, z)
    )
    gy, gz = Tensor("gy", [n]), Tensor("gz", [n])
    derived = vjp(program, [x], seeds={y: gy, z: gz})
    values = {"x": rng.normal(size=4), "gy": rng.normal(size=4), "gz": rng.normal(size=4)}
    world = loops.run_statements(loops.run(program, values, {"n": 4}), derived.statements)
    v, e = values["x"], np.exp(values["x"])
    expected = values["gy"] * 2 * v + values["gz"] * (e * v**2 + e * 2 * v)
    np.testing.assert_allclose(world.arrays["dL/dx"].real, expected, rtol=1e-13)


def test_a_cotangent_may_have_a_name_of_its_own():
    program = definitions.perceptron()
    z = program.tensor("z")
    delta = Tensor("delta", z.shape)
    derived = vjp(program, [program.tensor("b"), program.tensor("W")], names={z: delta})
    i, j = derived.target.indices
    assert derived.result == delta[i] * program.tensor("x")[j]
    assert part(derived, "dloss/db").result == delta[part(derived, "dloss/db").target.indices]


def test_not_depending_is_said():
    i = Index("i", n)
    x, y = Tensor("x", [n]), Tensor("y", [n])
    program = Program((x, y), (Statement(Tensor("s")(), Sum(x[i], i)),))
    with pytest.raises(ValueError, match="s does not depend on y"):
        vjp(program, [y])


def test_a_definition_is_not_opened_outside_its_range():
    i = Index("i", n)
    x, y, z = (Tensor(name, [n]) for name in "xyz")
    program = Program((x,), (Statement(y[i], sp.exp(x[i])), Statement(z[i], y[i - 1])))
    with pytest.raises(ValueError, match=r"y\[i - 1\] may lie outside y"):
        jacobian(program, z, x)
    derived = vjp(program, [x])
    values = {"x": np.array([0.3, -1.0, 2.0]), "g": np.array([1.0, 2.0, 3.0])}
    world = loops.run_statements(loops.run(program, values, {"n": 3}), derived.statements)
    np.testing.assert_allclose(
        world.arrays["dL/dx"].real, np.exp(values["x"]) * np.array([2.0, 3.0, 0.0]), rtol=1e-14
    )


def test_what_no_rule_differentiates_is_said():
    i = Index("i", n)
    x, y = Tensor("x", [n]), Tensor("y", [n])
    program = Program((x,), (Statement(y[i], sp.gamma(x[i]) ** x[i]),))
    unknown = sp.Function("mystery", nargs=(2,))
    bad = Program((x,), (Statement(y[i], unknown(x[i], 2)),))
    with pytest.raises(NotImplementedError, match="no rule differentiates mystery"):
        jacobian(bad, y, x)
    assert not jacobian(program, y, x).result.has(D)


def test_the_letters_of_an_entry_are_free():
    program = definitions.linear()
    row = entry_of(program.output, program)
    column = entry_of(program.tensor("W"), program, taken=row.indices)
    names = [index.name for index in (*row.indices, *column.indices)]
    assert len(set(names)) == 4
    assert Bracket(row.indices[0] - column.indices[0]) != 1
