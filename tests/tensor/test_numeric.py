"""Formulas compiled to NumPy: values against loops, shapes refused with a message that names them."""

import definitions
import loop_oracle as loops
import numpy as np
import pytest
import sympy as sp
from definitions import indices, m, n

from derive.tensor.calculus import vjp
from derive.tensor.index import Index, size
from derive.tensor.nodes import Bracket, IfPositive, Sum, Tensor
from derive.tensor.numeric import bind_sizes, compile_statements, identifier
from derive.tensor.program import Program, Statement

I, J = indices("ij", n, m)
U = Index("u", n)
X, W, A = Tensor("x", [n]), Tensor("w", [m]), Tensor("A", [n, m])
P = Tensor("p", [n], positive=True)
SIZES = {"n": 3, "m": 2}

VALUES = {
    "a copy": ([I], X[I]),
    "a number for every entry": ([I, J], sp.Integer(7)),
    "a negative decimal squared": ([I], sp.Float(-1.5) ** 2 * X[I]),
    "a fraction": ([I], sp.Rational(-2, 3) * X[I]),
    "an index as a number": ([I, J], I + 2 * J),
    "an outer product, transposed": ([J, I], X[I] * W[J]),
    "a transpose": ([J, I], A[I, J]),
    "a window": ([I, J], X[I + J - 1]),
    "a stride": ([J], X[2 * J + 1]),
    "a reversed read": ([I], X[n - 1 - I]),
    "a bare index of another size": ([I], W[I]),
    "a matrix product": ([J], Sum(A[I, J] * X[I], I)),
    "a double sum": ([], Sum(A[I, J] * X[I] * W[J], I, J)),
    "a sum of a constant": ([], Sum(sp.Integer(2), I, J)),
    "a sum of sizes": ([], Sum(n + m, I)),
    "a sum that misses one of its indices": ([], Sum(X[I] ** 2, I, J)),
    "one over a sum that misses an index": ([I], X[I] / Sum(X[U] ** 2 + 1, U, J)),
    "the square of a sum of terms": ([], Sum(X[I] + 1, I) ** 2),
    "a sum of a sum": ([J], Sum(A[I, J] * Sum(A[U, J], U), I)),
    "a bracket": ([I, J], Bracket(I - 2 * J)),
    "cases": ([I], IfPositive(X[I], X[I], X[I] / 2)),
    "cases of unlike shapes": ([I, J], IfPositive(W[J], X[I], 0)),
    "a root": ([I], sp.sqrt(P[I])),
    "one over a power": ([I], P[I] ** sp.Rational(-3, 2)),
    "a general power": ([I], P[I] ** X[I]),
    "pi": ([I], sp.pi * X[I]),
    "functions": ([I], sp.exp(sp.tanh(X[I])) + sp.log(P[I]) + sp.erf(X[I]) + sp.Abs(X[I])),
    "a named function": ([I], definitions.ACTIVATION(X[I])),
    "sixteen factors": ([], Sum(sp.Mul(*(A[I, J] + W[J] * number for number in range(1, 5))), I, J)),
}


@pytest.mark.parametrize(("free", "formula"), VALUES.values(), ids=VALUES)
def test_value(free, formula, rng):
    target = Tensor("out", [one.size for one in free])[tuple(free)]
    arrays = {"x": rng.normal(size=3), "w": rng.normal(size=2), "A": rng.normal(size=(3, 2))}
    arrays["p"] = rng.uniform(0.5, 2, 3)
    found = compile_statements((X, W, A, P), [Statement(target, formula)])(arrays)
    expected = loops.entries(target, formula, loops.World(SIZES, arrays))
    np.testing.assert_allclose(found, expected.real, rtol=1e-13, atol=1e-13)
    assert found.shape == expected.shape


@pytest.mark.parametrize("make", definitions.EVERY.values(), ids=definitions.EVERY)
def test_gradients_of_definitions(make, rng):
    """Derived, compiled and evaluated by loops, against complex steps."""
    program = make()
    numbers = {"n": 3, "m": 2, "d": 2, "k": 2, "B": 4, "O": 2, "epsilon": 0.1}
    world = loops.World(numbers, {})
    arrays = {one.name: rng.normal(size=world.shape(one)) for one in program.inputs}
    if program.facts:
        arrays["y"] /= arrays["y"].sum()  # what the fact says of it
    derived = vjp(program, program.inputs)
    upstream = {seed.name: rng.normal(size=world.shape(seed)) for seed in derived.seeds}
    function = compile_statements(
        (*program.inputs, *derived.seeds),
        (*program.everything, *derived.statements),
        [symbol.name for symbol in program.settings()],
    )
    settings = {symbol.name: numbers[symbol.name] for symbol in program.settings()}
    found = function.all(arrays | upstream | settings)
    by_loops = loops.run(program, arrays | upstream, numbers)
    by_loops = loops.run_statements(by_loops, derived.statements)
    weight = next(iter(upstream.values()), np.ones(()))
    for one in program.inputs:
        name = derived.parts[-1].target.tensor.name.replace(program.inputs[-1].name, one.name)
        steps = loops.sensitivity(program, arrays, numbers, program.output.name, one.name)
        expected = np.tensordot(weight, steps, axes=weight.ndim)
        np.testing.assert_allclose(by_loops.arrays[name].real, expected, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(found[name], expected, rtol=1e-11, atol=1e-11)


REFUSED = {
    "a rank": ({"A": np.ones(3)}, r"A has 2 dimensions \(n, m\); the array given has shape \(3,\)"),
    "a size": ({"w": np.ones(5)}, r"size m is 2 in A of shape \(3, 2\) and 5 in w of shape \(5,\)"),
    "a fixed size": ({"c": np.ones(3)}, r"c has shape \(4,\) here; the array given has shape \(3,\)"),
    "a computed size": ({"e": np.ones(3)}, r"e has shape \(4,\) here; the array given has shape \(3,\)"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_shapes_refused(change, message):
    tensors = (A, W, Tensor("c", [4]), Tensor("e", [n + 1]))
    good = {"A": np.ones((3, 2)), "w": np.ones(2), "c": np.ones(4), "e": np.ones(4)}
    assert bind_sizes(tensors, good) == {"n": 3, "m": 2}
    with pytest.raises(ValueError, match=message):
        bind_sizes(tensors, good | change)


def test_a_missing_array_is_named():
    function = compile_statements((X, W), [Statement(Tensor("y", [n])[I], X[I])])
    with pytest.raises(ValueError, match=r"missing w; needed are x \(n\), w \(m\)"):
        function({"x": np.ones(3)})


def test_a_size_that_no_array_gives_is_named():
    function = compile_statements((X,), [Statement(Tensor("y")(), m * Sum(X[I], I))])
    with pytest.raises(ValueError, match="no array gives m, and it was not given; there are n, x"):
        function({"x": np.ones(3)})
    by_name = compile_statements((X,), [Statement(Tensor("y")(), m * Sum(X[I], I))], ["m"])
    assert by_name({"x": np.ones(3)}, m=2) == 6


@pytest.mark.parametrize("formula", [X[I], sp.Integer(2)], ids=["an input as it came", "one number"])
def test_results_are_the_callers_own(formula):
    given = np.ones(3)
    found = compile_statements((X,), [Statement(Tensor("y", [n])[I], formula)])({"x": given})
    found += 1
    assert (given == 1).all()


def test_symbolic_stride_padding_and_dilation(rng):
    """One derived gradient for every stride, padding and dilation, against complex steps."""
    s, d = (sp.Symbol(name, integer=True, positive=True) for name in "sd")
    p = sp.Symbol("p", integer=True, nonnegative=True)
    t, y = Index("t", size("T")), Tensor("y", [size("T")])
    program = Program((X, W), (Statement(y[t], Sum(W[J] * X[s * t + d * J - p], J)),))
    derived = vjp(program, program.inputs)
    function = compile_statements((X, W, *derived.seeds), derived.statements, ["s", "d", "p"])
    x, w = rng.normal(size=7), rng.normal(size=3)
    for stride, padding, dilation in [(1, 0, 1), (2, 0, 1), (2, 1, 2), (3, 2, 2), (1, 3, 1), (4, 1, 3)]:
        settings = {"s": stride, "p": padding, "d": dilation}
        length = (7 + 2 * padding - dilation * 2 - 1) // stride + 1
        g = rng.normal(size=length)
        found = function.all({"x": x, "w": w, "g": g}, **settings)
        numbers = {"n": 7, "m": 3, "T": length} | settings
        for name in ("x", "w"):
            expected = g @ loops.sensitivity(program, {"x": x, "w": w}, numbers, "y", name)
            np.testing.assert_allclose(found[f"dL/d{name}"], expected, rtol=1e-12, atol=1e-12)


CLASHES = {
    "two tensors": ([Tensor("W_1", [n]), Tensor("W^1", [n])], "W\\^1 and W_1 would both be W_1"),
    "a tensor and a size": ([Tensor("n", [n])], "n and the size n would both be n"),
    "a tensor and a module": ([Tensor("np", [n])], "np and np of this module would both be np"),
}


@pytest.mark.parametrize(("tensors", "message"), CLASHES.values(), ids=CLASHES)
def test_names_that_python_could_not_tell_apart(tensors, message):
    with pytest.raises(ValueError, match=message):
        compile_statements(tensors, [Statement(Tensor("y", [n])[I], tensors[0][I])])


def test_a_gate_called_g_is_not_the_upstream_gradient(rng):
    g, y = Tensor("g", [n]), Tensor("y", [n])
    program = Program((X, g), (Statement(y[I], g[I] * X[I] ** 2),))
    derived = vjp(program, program.inputs)
    (seed,) = derived.seeds
    assert seed.name == "g'"
    x, gate, up = rng.normal(size=(3, 3))
    found = compile_statements((X, g, seed), (*program.statements, *derived.statements)).all(
        {"x": x, "g": gate, "g'": up}
    )
    np.testing.assert_allclose(found["dL/dx"], 2 * up * gate * x, rtol=1e-14)
    np.testing.assert_allclose(found["dL/dg"], up * x**2, rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "python"),
    [("dL/dW", "dL_dW"), ("x'", "x_prime"), ("2x", "_2x"), ("lambda", "lambda_"), ("given c", "c")],
)
def test_identifier(name, python):
    assert identifier(name) == python


def test_the_source_can_be_taken_away(rng):
    """What is printed runs by itself, with NumPy and nothing of this package."""
    program = definitions.attention()
    source = compile_statements(program.inputs, program.statements).source
    assert "derive" not in source
    sizes = {"n": 3, "m": 4, "d": 2, "k": 2}
    Q, K, V = rng.normal(size=(3, 2)), rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    namespace = {"np": np, "Q": Q, "K": K, "V": V} | sizes
    exec(source, namespace)
    scores = np.exp(Q @ K.T / np.sqrt(2))
    np.testing.assert_allclose(namespace["O"], scores / scores.sum(1, keepdims=True) @ V, rtol=1e-13)
