"""Results in the definition's own names: folds, what they may divide by, and lemmas on sums."""

import definitions
import loop_oracle as loops
import numpy as np
import pytest
import sympy as sp
from definitions import m, n

from derive.tensor.calculus import jacobian, vjp
from derive.tensor.index import Index, free_indices
from derive.tensor.names import apply_facts, divisors, fold_once, folds, may_divide, sum_lemmas, unify
from derive.tensor.nodes import Access, IfPositive, Sum, Tensor
from derive.tensor.numeric import compile_statements
from derive.tensor.program import Fact, Program, Statement

I, J = Index("i", n), Index("j", n)
U = Index("u", m)
X, Y, A, C = Tensor("x", [n]), Tensor("y", [n]), Tensor("A", [n, n]), Tensor("c")
P = Tensor("p", [n], positive=True)


EVERY_FOLD = [
    pytest.param(make, number, id=f"{name}: {fold.kernel}")
    for name, make in definitions.EVERY.items()
    for number, fold in enumerate(folds(make()))
]


@pytest.mark.parametrize(("make", "number"), EVERY_FOLD)
def test_every_fold_is_an_identity(make, number):
    """Kernel and solution have one value wherever the solution's divisors are not 0."""
    program = make()
    fold = folds(program)[number]
    rng = np.random.default_rng(3)
    numbers = {"n": 3, "m": 2, "d": 2, "k": 2, "B": 4, "O": 2, "epsilon": 0.1}
    world = loops.World(numbers, {})
    arrays = {one.name: rng.uniform(0.2, 1.5, world.shape(one)) for one in program.inputs}
    world = loops.run(program, arrays, numbers)
    kernel = fold.kernel**fold.stride if fold.stride > 1 else fold.kernel
    indices = fold.statement.target.indices
    left, right = loops.table(kernel, indices, world), loops.table(fold.solution, indices, world)
    np.testing.assert_allclose(left, right, rtol=1e-10)


LEMMAS = {
    "softmax": (definitions.softmax, {"s": 1}),
    "attention": (definitions.attention, {"P": 1}),
    "batch norm": (definitions.batch_norm, {"xhat": 0}),
    "layer norm": (definitions.layer_norm, {"xhat": 0}),
    "tanh": (definitions.tanh, {}),
    "linear": (definitions.linear, {}),
    "perceptron": (definitions.perceptron, {}),
}


@pytest.mark.parametrize(("make", "expected"), LEMMAS.values(), ids=LEMMAS)
def test_lemmas_are_found_and_true(make, expected, rng):
    """A softmax sums to 1, normalised values to 0; and every lemma holds at random values."""
    program = make()
    found = sum_lemmas(program)
    assert {next(iter(fact.left.atoms(Access))).tensor.name: fact.right for fact in found} == expected
    numbers = {"n": 3, "m": 4, "d": 2, "k": 2, "B": 5, "epsilon": 0.1}
    world = loops.World(numbers, {})
    arrays = {one.name: rng.normal(size=world.shape(one)) for one in program.inputs}
    world = loops.run(program, arrays, numbers)
    for fact in found:
        free = sorted(free_indices(fact.left), key=str)
        left, right = loops.table(fact.left, free, world), loops.table(fact.right, free, world)
        np.testing.assert_allclose(left, right, atol=1e-12)


def test_a_lemma_may_rest_on_what_is_known_of_an_input():
    """``t = y/2 + 1/(2n)`` sums to 1 because ``y`` does, and says so."""
    t = Tensor("t", [n])
    statement = Statement(t[I], Y[I] / 2 + 1 / (2 * n))
    known = Fact(Sum(Y[I], I), sp.S.One, "y sums to 1")
    assert sum_lemmas(Program((Y,), (statement,))) == ()
    (lemma,) = sum_lemmas(Program((Y,), (statement,), facts=(known,)))
    assert (lemma.left, lemma.right) == (Sum(t[I], I), 1)
    assert lemma.words.endswith("; y sums to 1")


@pytest.mark.parametrize(("fold", "expected"), [(True, True), (False, False)])
def test_a_statement_may_keep_results_from_being_written_by_its_name(fold, expected):
    s = Tensor("s", [n], positive=True)
    program = Program((X,), (Statement(s[I], 1 / (1 + sp.exp(-X[I])), fold=fold),))
    result = jacobian(program, s, X).result
    assert (s in result.atoms(Tensor)) is expected
    assert bool(result.atoms(sp.exp)) is not expected


MAY = {
    "nothing new": (X[I] / C(), Y[I] / C(), True),
    "a positive tensor": (X[I] / P[I], X[I], True),
    "a positive tensor outside its range": (X[I] / P[I - 1], X[I], False),
    "a tensor of any sign": (X[I] / Y[I], X[I], False),
    "a sum of exponentials": (1 / Sum(sp.exp(X[I]), I), X[I], True),
    "another power of what was there": (X[I] / Y[I] ** 3, X[I] / Y[I], True),
    "a square": (1 / X[I] ** 2, X[I], False),
    "one and a square": (1 / (1 + X[I] ** 2), X[I], True),
    "inside a sum": (Sum(1 / Y[I], I), X[I], False),
    "inside a logarithm": (sp.log(Y[I]), X[I], False),
    "a product of which one is new": (1 / (P[I] * Y[I]), 1 / P[I], False),
    "a root of any sign": (Y[I] ** sp.Rational(-1, 2), X[I], False),
    "a size": (X[I] / n, X[I], True),
}


@pytest.mark.parametrize(("new", "old", "allowed"), MAY.values(), ids=MAY)
def test_what_a_fold_may_divide_by(new, old, allowed):
    assert may_divide(new, old) is allowed


def test_divisors_of_cases_and_functions():
    found = divisors(IfPositive(X[I], 1 / Y[I], sp.log(P[I])) + sp.tanh(1 / C()))
    assert found == {Y[I], P[I], C()}


@pytest.mark.parametrize("zeros", ["gamma", "x", "both"])
def test_a_scale_that_may_be_zero_is_never_divided_by(zeros, rng):
    """``y = gamma x + beta``: ``dL/dx = gamma g`` and ``dL/dgamma = x g`` with gamma = 0 or x = 0."""
    gamma, beta, y, z = (Tensor(name, [n]) for name in ("gamma", "beta", "y", "z"))
    program = Program(
        (X, gamma, beta),
        (Statement(y[I], gamma[I] * X[I] + beta[I]), Statement(z[I], sp.tanh(y[I]) * y[I])),
    )
    arrays = {"x": rng.normal(size=4), "gamma": rng.normal(size=4), "beta": rng.normal(size=4)}
    for name in ("x", "gamma") if zeros == "both" else (zeros,):
        arrays[name][:2] = 0
    derived = vjp(program, program.inputs)
    g = rng.normal(size=4)
    function = compile_statements(
        (*program.inputs, *derived.seeds), (*program.statements, *derived.statements)
    )
    found = function.all(arrays | {"g": g})
    values = arrays["gamma"] * arrays["x"] + arrays["beta"]
    inner = g * (np.tanh(values) + values * (1 - np.tanh(values) ** 2))
    np.testing.assert_allclose(found["dL/dx"], inner * arrays["gamma"], rtol=1e-13)
    np.testing.assert_allclose(found["dL/dgamma"], inner * arrays["x"], rtol=1e-13)
    np.testing.assert_allclose(found["dL/dbeta"], inner, rtol=1e-13)


@pytest.mark.parametrize("make", [definitions.batch_norm, definitions.layer_norm])
@pytest.mark.parametrize("zero", ["gamma", "x"])
def test_normalisation_with_a_scale_of_zero_or_constant_values(make, zero, rng):
    program = make()
    numbers = {"n": 3, "B": 4, "epsilon": 0.1}
    arrays = {"x": rng.normal(size=(4, 3)), "gamma": rng.normal(size=3), "beta": rng.normal(size=3)}
    arrays[zero] = np.zeros_like(arrays[zero])
    derived = vjp(program, program.inputs)
    world = loops.run(program, arrays | {"g": rng.normal(size=(4, 3))}, numbers)
    function = compile_statements(
        (*program.inputs, *derived.seeds), (*program.statements, *derived.statements), ["epsilon"]
    )
    found = function.all({name: world.arrays[name] for name in (*arrays, "g")} | {"epsilon": 0.1})
    for name in arrays:
        steps = loops.sensitivity(program, arrays, numbers, "y", name)
        expected = np.tensordot(world.arrays["g"], steps, 2)
        np.testing.assert_allclose(found[f"dL/d{name}"], expected, rtol=1e-11, atol=1e-11)


UNIFIED = {
    "a bare index": (X[I], X[J], (I,), {I: J}),
    "inside a sum": (Sum(A[I, J], J), Sum(A[J, I], I), (I,), {I: J}),
    "two indices": (A[I, J], A[J, I], (I, J), {I: J, J: I}),
    "a window does not name back": (X[I], X[I + 1], (I,), None),
    "an index of another size does not": (X[I], X[U], (I,), None),
    "a transpose is no match": (Sum(A[I, J], J), Sum(A[I, J], I), (I,), None),
    "nothing to put": (Sum(X[I], I), Sum(X[J], J), (), {}),
}


@pytest.mark.parametrize(("pattern", "node", "indices", "match"), UNIFIED.values(), ids=UNIFIED)
def test_unify(pattern, node, indices, match):
    assert unify(pattern, node, indices) == match


def test_a_fact_is_used_inside_a_product_and_named():
    fact = Fact(Sum(Y[I], I), sp.S.One, "y sums to 1")
    replaced, used = apply_facts(X[J] * Sum(Y[J], J) + Sum(Y[I] * X[I], I), (fact,))
    assert replaced == X[J] + Sum(Y[I] * X[I], I)
    assert used == [fact]


def test_gates_fold_inside_a_sum():
    """A gate's slope inside a sum is written with the gate, not with exponentials."""
    program = definitions.recurrent_gates()
    (part,) = (one for one in vjp(program, program.inputs).parts if one.target.tensor.name == "dL/dh")
    assert not part.result.has(sp.exp, sp.tanh)


def test_a_fold_is_taken_only_if_it_is_cheaper():
    program = definitions.sigmoid()
    assert fold_once(program.tensor("x")[I] ** 2, folds(program)) is None


def test_softmax_plus_cross_entropy_needs_and_states_the_fact():
    told = jacobian(definitions.cross_entropy(), *map(definitions.cross_entropy().tensor, ("loss", "x")))
    assert [fact.words for fact in told.facts] == ["y sums to 1"]
    program = definitions.cross_entropy()
    untold = Program(program.inputs, program.statements)
    without = jacobian(untold, untold.output, untold.tensor("x"))
    assert without.facts == ()
    assert without.result.has(Sum)
