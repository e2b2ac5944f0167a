"""Algebra on sums: each function's result is equal to what it was given, and has the form it promises."""

import loop_oracle as loops
import numpy as np
import pytest
import sympy as sp
from definitions import m, n

from derive.tensor.index import Index, free_indices
from derive.tensor.nodes import Bracket, IfPositive, Sum, Tensor
from derive.tensor.simplify import (
    brackets_out_of_cases,
    cancel,
    cost,
    distribute,
    eliminate_brackets,
    expand_products,
    factor,
    join_sums,
    merge_brackets,
    out_of_cases,
    turn_signs,
)

I, J, K = (Index(letter, n) for letter in "ijk")
U, V = Index("u", m), Index("v", m)
X, Y, A = Tensor("x", [n]), Tensor("y", [n]), Tensor("A", [n, n])
W, B, P = Tensor("w", [m]), Tensor("B", [m, n]), Tensor("p", [n], positive=True)
C = Tensor("c")


def worlds():
    rng = np.random.default_rng(7)
    for sizes in ({"n": 3, "m": 2}, {"n": 2, "m": 5}, {"n": 3, "m": 3}, {"n": 1, "m": 1}):
        world = loops.World(sizes, {})
        arrays = {one.name: rng.normal(size=world.shape(one)) for one in (X, Y, A, W, B, C)}
        yield loops.World(sizes, arrays | {"p": rng.uniform(0.5, 2, world.shape(P))})


def same(one, other):
    free = sorted(free_indices(one) | free_indices(other), key=str)
    for world in worlds():
        left, right = loops.table(one, free, world), loops.table(other, free, world)
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-12)


DISTRIBUTED = {
    "two terms": (Sum(X[I] + Y[I], I), Sum(X[I], I) + Sum(Y[I], I)),
    "a factor outside": (Sum(X[I] * W[U], I), W[U] * Sum(X[I], I)),
    "a constant": (Sum(C() * 3, I), 3 * n * C()),
    "a constant over two indices": (Sum(C(), I, U), n * m * C()),
    "two sums in one": (Sum(X[I] * W[U], I, U), Sum(X[I], I) * Sum(W[U], U)),
    "two of one size": (Sum(X[I] * Y[J], I, J), Sum(X[I], I) * Sum(Y[J], J)),
    "joined by a matrix": (Sum(X[I] * A[I, J] * Y[J], I, J), Sum(X[I] * A[I, J] * Y[J], I, J)),
    "a square of a difference": (
        Sum((X[I] - C()) ** 2, I),
        Sum(X[I] ** 2, I) - 2 * C() * Sum(X[I], I) + n * C() ** 2,
    ),
    "a sum inside": (Sum(X[I] * Sum(A[I, J] * W[U], J), I), W[U] * Sum(X[I] * Sum(A[I, J], J), I)),
    "an index that one factor lacks": (
        Sum(X[I] * W[U] * B[V, I], I, U),
        Sum(W[U], U) * Sum(X[I] * B[V, I], I),
    ),
    "inside a function": (sp.exp(Sum(2 * X[I], I)), sp.exp(2 * Sum(X[I], I))),
}


@pytest.mark.parametrize(("given", "expected"), DISTRIBUTED.values(), ids=DISTRIBUTED)
def test_distribute(given, expected):
    same(given, expected)
    assert sp.expand(distribute(given)) == sp.expand(expected)


PICKED = {
    "same size": (Sum(X[J] * Bracket(I - J), J), X[I]),
    "turned round": (Sum(X[J] * Bracket(J - I), J), X[I]),
    "alone, same size": (Sum(Bracket(I - J), J), 1),
    "two brackets": (Sum(A[J, K] * Bracket(I - J) * Bracket(K - I), J, K), A[I, I]),
    "in one term of two": (Sum(X[J] * (Bracket(I - J) + Y[J]), J), X[I] + Sum(X[J] * Y[J], J)),
    "guarded by a read": (Sum(W[U] * Bracket(I + U - J), U), W[J - I]),
    "guarded by a squared read": (Sum(W[U] ** 2 * Bracket(I - U), U), W[I] ** 2),
    "the last place": (Sum(X[J] * Bracket(J - n + 1), J), X[n - 1]),
    "reversed": (Sum(X[J] * Bracket(I + J - n + 1), J), X[n - 1 - I]),
    "inside a sum that stays": (Sum(A[I, K] * Sum(X[J] * Bracket(K - J), J), K), Sum(A[I, K] * X[K], K)),
}


@pytest.mark.parametrize(("given", "expected"), PICKED.values(), ids=PICKED)
def test_a_bracket_picks_the_index_that_survives(given, expected):
    same(given, sp.sympify(expected))
    assert eliminate_brackets(given) == expected


STAYS = {
    "nothing guards the range": Sum(Bracket(I + 1 - J), J),
    "a window guards another range": Sum(X[I + J] * Bracket(I + 1 - J), J),
    "a read elsewhere": Sum(Y[I] * Bracket(I + 1 - J), J),
    "an exponential is not 0 outside": Sum(sp.exp(X[J]) * Bracket(I + 1 - J), J),
    "a sum of a read and more": Sum((1 + X[J] ** 2) ** -1 * Bracket(I + 1 - J), J),
    "another size": Sum(Bracket(I - U), U),
    "an index of another size inside": Sum(sp.exp(W[U]) * Bracket(I - U), U),
    "twice the index": Sum(X[J] * Bracket(I - 2 * J), J),
    "0 times one over 0": Sum(X[J] / P[J] * Bracket(I + 1 - J), J),
    "0 times a logarithm of 0": Sum(X[J] * sp.log(P[J]) * Bracket(I + 1 - J), J),
    "cases are 0 only in one": Sum(IfPositive(X[J], X[J], 1) * Bracket(I + 1 - J), J),
}


@pytest.mark.parametrize("given", STAYS.values(), ids=STAYS)
def test_a_bracket_stays_where_the_range_is_not_sure(given):
    result = eliminate_brackets(given)
    assert result.has(Bracket)
    same(given, result)


OUT_OF_CASES = {
    "one branch": (
        IfPositive(X[I], Bracket(I - J), 0),
        Bracket(I - J) * IfPositive(X[I], 1, 0),
    ),
    "both branches": (
        IfPositive(X[I], X[I] * Bracket(I - J), Y[I] * Bracket(I - J)),
        Bracket(I - J) * IfPositive(X[I], X[I], Y[I]),
    ),
    "different brackets": (
        IfPositive(X[I], Bracket(I - J), Bracket(I - K)),
        Bracket(I - J) * IfPositive(X[I], 1, 0) + Bracket(I - K) * IfPositive(X[I], 0, 1),
    ),
    "a term without": (
        IfPositive(X[I], Bracket(I - J) + Y[I], 2),
        Bracket(I - J) * IfPositive(X[I], 1, 0) + IfPositive(X[I], Y[I], 2),
    ),
    "cases in cases": (
        IfPositive(X[I], IfPositive(Y[I], Bracket(I - J), 0), 0),
        Bracket(I - J) * IfPositive(X[I], IfPositive(Y[I], 1, 0), 0),
    ),
    "no bracket": (IfPositive(X[I], Y[I], 0), IfPositive(X[I], Y[I], 0)),
}


@pytest.mark.parametrize(("given", "expected"), OUT_OF_CASES.values(), ids=OUT_OF_CASES)
def test_brackets_come_out_of_cases(given, expected):
    same(given, expected)
    assert brackets_out_of_cases(given) == expected


JOINED = {
    "a shared factor": (
        Sum(A[I, J] * X[I], I) - Sum(A[I, J] * Y[I], I),
        Sum(A[I, J] * (X[I] - Y[I]), I),
    ),
    "either side of a matrix": (
        Sum(A[I, J] * X[J], J) + Sum(A[J, I] * X[J], J),
        Sum((A[I, J] + A[J, I]) * X[J], J),
    ),
    "a square less a product": (
        C() * Sum(X[I] ** 2, I) - C() * Sum(X[I] * Y[I], I),
        C() * Sum(X[I] * (X[I] - Y[I]), I),
    ),
    "nothing shared": (Sum(X[I], I) + Sum(Y[I], I), Sum(X[I], I) + Sum(Y[I], I)),
    "other sizes": (Sum(X[I] ** 2, I) + Sum(W[U] ** 2, U), Sum(X[I] ** 2, I) + Sum(W[U] ** 2, U)),
    "other factors outside": (
        C() * Sum(X[I] * Y[I], I) + W[U] * Sum(X[I] * A[I, I], I),
        C() * Sum(X[I] * Y[I], I) + W[U] * Sum(X[I] * A[I, I], I),
    ),
}


@pytest.mark.parametrize(("given", "expected"), JOINED.values(), ids=JOINED)
def test_join_sums(given, expected):
    same(given, expected)
    assert join_sums(given) == expected


INDICATOR = IfPositive(X[I], 1, 0)
TURNED = {
    "an entry and a number": (out_of_cases, IfPositive(X[I], -2 * Y[I], 0), -2 * Y[I] * INDICATOR),
    "a logarithm stays": (
        out_of_cases,
        IfPositive(X[I], Y[I] * sp.log(P[I]), 0),
        Y[I] * IfPositive(X[I], sp.log(P[I]), 0),
    ),
    "two cases stay": (out_of_cases, IfPositive(X[I], Y[I], 2 * Y[I]), IfPositive(X[I], Y[I], 2 * Y[I])),
    "inside a sum": (out_of_cases, Sum(IfPositive(X[I], -Y[I], 0), I), Sum(-Y[I] * INDICATOR, I)),
    "a sign": (turn_signs, -sp.sign(X[I] - Y[I]) / n, sp.sign(Y[I] - X[I]) / n),
    "a positive sign": (turn_signs, 2 * sp.sign(X[I] - Y[I]), 2 * sp.sign(X[I] - Y[I])),
}


@pytest.mark.parametrize(("function", "given", "expected"), TURNED.values(), ids=TURNED)
def test_what_reads_better(function, given, expected):
    same(given, expected)
    assert function(given) == expected


KEPT = {
    "expand": (expand_products, (X[I] + 1) * (Y[I] - 2) ** 2 / (1 + P[I])),
    "factor": (factor, X[I] * Y[I] - X[I] * A[I, I] + X[I] ** 2),
    "factor with powers below": (factor, X[I] / P[I] - Y[I] / P[I] ** 2 + 1 / P[I]),
    "factor by squares": (factor, X[I] ** 2 + 2 * X[I] * Y[I] + Y[I] ** 2),
    "factor a sign": (factor, (Y[I] - 1) * -Y[I]),
    "factor inside a sum": (factor, Sum(X[I] * Y[I] + X[I] * A[I, J], I)),
    "cancel": (cancel, (X[I] * P[I] + P[I]) / P[I] ** 2),
    "cancel inside a sum": (cancel, Sum(X[I] * (1 - P[I]) / P[I] / ((1 - P[I]) / P[I] + 1) ** 2, I)),
    "cancel exponentials": (cancel, sp.exp(-X[I]) / (1 + sp.exp(-X[I])) ** 2 * (1 + sp.exp(-X[I]))),
    "merge": (merge_brackets, X[J] * Y[I] * Bracket(I - J) + A[J, I] * Bracket(I - J)),
    "merge, moved": (merge_brackets, X[J] * Bracket(I - J + 1)),
    "merge, other size": (merge_brackets, X[I] * Bracket(I - U)),
    "distribute a power": (distribute, Sum((X[I] + Y[I] + 1) ** 4, I)),
}


@pytest.mark.parametrize(("function", "given"), KEPT.values(), ids=KEPT)
def test_the_value_is_kept(function, given):
    same(given, function(given))


FACTORED = {
    "a logistic slope": (X[I] - X[I] ** 2, X[I] * (1 - X[I])),
    "a softmax Jacobian": (X[I] * Bracket(I - J) - X[I] * X[J], X[I] * (Bracket(I - J) - X[J])),
    "a difference": (X[I] * Y[I] - X[I] * C(), X[I] * (Y[I] - C())),
}


@pytest.mark.parametrize(("given", "expected"), FACTORED.values(), ids=FACTORED)
def test_factor(given, expected):
    assert factor(given) == expected
    assert cost(expected) <= cost(given)


def test_a_product_of_many_sums_stays_a_product():
    """Multiplying eight sums of three out would give 6561 terms; the sum still splits off what it can."""
    factors = [A[I, J] + X[I] * number + Y[J] ** number for number in range(1, 9)]
    total = distribute(Sum(W[U] * sp.Mul(*factors), I))
    assert len(sp.Add.make_args(total)) == 1
    assert total == W[U] * Sum(sp.Mul(*factors), I)
    picked = eliminate_brackets(Sum((Bracket(I - J) + Y[I]) * sp.Mul(*factors), I))
    assert not picked.has(Bracket)
    same(picked, sp.Mul(*factors).xreplace({I: J}) + Sum(Y[I] * sp.Mul(*factors), I))
