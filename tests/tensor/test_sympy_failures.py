"""What SymPy 1.14 gets wrong on sums and matrices, and this calculus right.

Where it is cheap, a row also shows SymPy's own answer failing; such a row fails when a later SymPy mends it,
and may then be dropped. (Determinants have no node here yet: ``log(det A)`` is not among the rows.)
"""

import definitions
import loop_oracle as loops
import numpy as np
import pytest
import sympy as sp
from definitions import m, n

from derive.tensor.calculus import jacobian, vjp
from derive.tensor.index import Index
from derive.tensor.nodes import Sum, Tensor
from derive.tensor.printing import Printer
from derive.tensor.program import Program, Statement
from derive.tensor.simplify import cost

NUMBERS = {"n": 4, "m": 3, "k": 2, "d": 2, "B": 3, "epsilon": 0.1}


def agrees(program, wrt, rng, numbers=NUMBERS):
    """Whether every derivation of this gradient agrees with the complex step, and the derivations."""
    world = loops.World(numbers, {})
    arrays = {one.name: rng.normal(size=world.shape(one)) for one in program.inputs}
    expected = loops.sensitivity(program, arrays, numbers, program.output.name, wrt)
    forward = vjp(program, [program.tensor(wrt)])
    direct = jacobian(program, program.output, program.tensor(wrt))
    upstream = {seed.name: rng.normal(size=world.shape(seed)) for seed in forward.seeds}
    weight = next(iter(upstream.values()), np.ones(()))
    world = loops.run(program, arrays | upstream, numbers)
    by_chain = loops.run_statements(world, forward.statements).arrays[forward.target.tensor.name]
    np.testing.assert_allclose(by_chain, np.tensordot(weight, expected, weight.ndim), rtol=1e-11, atol=1e-12)
    if program.output.name != "L":
        whole = loops.entries(direct.target, direct.result, world)
        np.testing.assert_allclose(whole, expected, rtol=1e-11, atol=1e-12)
    return forward, direct


def test_the_index_of_a_sum_is_not_captured(rng):
    """``d/dx_k sum_k x_k^2`` is ``2 x_k``; SymPy says ``sum_k 2 x_k``."""
    i = Index("k", n)
    x, y = Tensor("x", [n]), Tensor("y")
    program = Program((x,), (Statement(y(), Sum(x[i] ** 2, i)),))
    forward, direct = agrees(program, "x", rng)
    assert direct.result == forward.result == 2 * x[direct.target.indices[0]]

    letter, base = sp.Symbol("k", integer=True), sp.IndexedBase("x")
    captured = sp.diff(sp.Sum(base[letter] ** 2, (letter, 0, sp.Symbol("n") - 1)), base[letter])
    assert captured.has(sp.Sum)


def test_sums_are_equal_up_to_renaming():
    i, j = Index("i", n), Index("j", n)
    x = Tensor("x", [n])
    assert Sum(x[i], i) == Sum(x[j], j)
    assert Sum(x[i], i) - Sum(x[j], j) == 0

    a, b, base = *sp.symbols("a b", integer=True), sp.IndexedBase("x")
    assert sp.Sum(base[a], (a, 0, 3)) != sp.Sum(base[b], (b, 0, 3))


@pytest.mark.parametrize(
    ("stride", "padding", "x", "y"), [(2, 0, 7, 3), (2, 1, 6, 3), (3, 2, 7, 4), (1, 1, 4, 5)]
)
def test_convolution_reads_the_kernel_only_at_whole_places(stride, padding, x, y, rng):
    """With stride 2 an input between two outputs meets every second weight and no ``w[1/2]``."""
    program = definitions.convolution(stride, padding)
    forward, _ = agrees(program, "x", rng, {"n": x, "m": y, "k": 3})
    for access in forward.result.atoms(type(program.tensor("w")[0])):
        assert all(
            coefficient.is_Integer
            for index in access.indices
            for coefficient in index.as_coefficients_dict().values()
        )


@pytest.mark.parametrize("wrt", ["x", "gamma", "beta"])
@pytest.mark.parametrize("make", [definitions.batch_norm, definitions.layer_norm])
def test_normalisation_is_derived_at_all(make, wrt, rng):
    """``doit`` on the same sum raises TypeError."""
    agrees(make(), wrt, rng)


@pytest.mark.parametrize("wrt", ["Q", "K", "V"])
def test_attention_is_derived_at_all(wrt, rng):
    """``doit`` on the same sum raises StopIteration."""
    agrees(definitions.attention(), wrt, rng)


def test_softmax_keeps_both_terms_of_its_quotient(rng):
    """``exp(x_i) / sum exp(x)``: the matrix derivative loses the term from the denominator."""
    _, direct = agrees(definitions.softmax(), "x", rng)
    assert len(sp.Add.make_args(sp.expand(direct.result))) == 2


def test_exponential_of_a_trace_is_not_constant(rng):
    """SymPy's derivative of ``exp(trace(X^T X))`` is silently 0."""
    program = definitions.exponential_of_a_trace()
    forward, _ = agrees(program, "X", rng)
    X = program.tensor("X")
    assert forward.result == 2 * program.output() * X[forward.target.indices]

    matrix = sp.MatrixSymbol("X", 3, 2)
    assert sp.exp(sp.Trace(matrix.T * matrix)).diff(matrix) == sp.ZeroMatrix(3, 2)


def test_logarithm_of_one_entry_is_not_constant(rng):
    """SymPy's derivative of ``log(Z[0, 0])`` by ``Z`` is silently 0."""
    Z, y = Tensor("Z", [n, n], positive=True), Tensor("y")
    program = Program((Z,), (Statement(y(), sp.log(Z[0, 0])),))
    derived = vjp(program, [Z])
    value = rng.uniform(0.5, 2, (3, 3))
    world = loops.run(program, {"Z": value}, {"n": 3})
    found = loops.run_statements(world, derived.statements).arrays[derived.target.tensor.name]
    expected = np.zeros((3, 3))
    expected[0, 0] = 1 / value[0, 0]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("name", ["V", "A", "M", "Z", "a"])
@pytest.mark.parametrize("wrt", ["Q", "K"])
def test_a_derivative_does_not_depend_on_a_name(name, wrt, rng):
    """``trace(G^T exp(Q K^T) V)``: SymPy is right or wrong depending on what ``V`` is called."""
    agrees(definitions.trace_of_attention(name), wrt, rng)


@pytest.mark.parametrize("make", [definitions.sigmoid, definitions.tanh, definitions.tanh_by_exponentials])
def test_derivative_is_in_terms_of_the_output(make, rng):
    """``a (1 - a)`` and ``1 - a^2``; ``simplify`` makes ``1 / (4 cosh(x/2)^2)`` of the first."""
    program = make()
    forward, _ = agrees(program, "x", rng)
    a, i = program.output, forward.target.indices[0]
    expected = {"sigmoid": a[i] * (1 - a[i])}.get(make.__name__, 1 - a[i] ** 2)
    assert sp.expand(forward.result / forward.seeds[0][i] - expected) == 0
    assert cost(forward.result) <= cost(forward.seeds[0][i] * expected)


def test_a_size_is_printed_as_it_was_written():
    """SymPy's own constructors turn these into ``m + floor(n/2)`` and ``2 m + 2 n``."""
    halved = sp.floor((n + 2 * m) / 2, evaluate=False)
    doubled = sp.Mul(2, n + m, evaluate=False)
    printer = Printer("text")
    assert printer(halved).startswith("floor(")
    assert printer(doubled) == "2 (m + n)"
    assert sp.floor((n + 2 * m) / 2).is_Add
    assert (2 * (n + m)).is_Add


def test_a_size_that_is_not_a_symbol_stays_whole(rng):
    """A sum over ``2 (n + 1)`` entries: the size is a formula and is not taken apart in the result."""
    long = 2 * (n + 1)
    i = Index("i", long)
    x, y = Tensor("x", [long]), Tensor("y")
    program = Program((x,), (Statement(y(), Sum((x[i] - Sum(x[i], i) / long) ** 2, i)),))
    agrees(program, "x", rng, {"n": 2})
