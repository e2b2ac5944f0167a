"""Indices, accesses, sums and brackets: what is equal, what is refused, what is known of a range."""

import itertools
import pickle

import pytest
import sympy as sp
from definitions import d, m, n

from derive.tensor.index import Index, bounds, free_indices, within
from derive.tensor.nodes import (
    Access,
    Apply,
    Bracket,
    D,
    DerivativeTensor,
    Elementwise,
    IfPositive,
    Sum,
    Tensor,
    rewrite,
)
from derive.tensor.program import Program, Statement, given_index

I, J, K, L = (Index(letter, n) for letter in "ijkl")
U, V = Index("u", m), Index("v", m)
X, Y, A, B = Tensor("x", [n]), Tensor("y", [n]), Tensor("A", [n, n]), Tensor("B", [m, n])
T = sp.Symbol("t", real=True)

EQUAL = {
    "another letter": (Sum(X[I], I), Sum(X[J], J)),
    "two indices in the other order": (Sum(A[I, J] * X[I], I, J), Sum(A[I, J] * X[I], J, I)),
    "two indices exchanged": (Sum(A[I, J] * X[I], I, J), Sum(A[J, I] * X[J], I, J)),
    "indices of two sizes": (Sum(B[U, I] * X[I], U, I), Sum(B[V, K] * X[K], K, V)),
    "a sum of a sum is one sum": (Sum(Sum(A[I, J], I), J), Sum(A[K, L], L, K)),
    "a sum inside a product": (Sum(X[J] * Sum(A[I, J], I), J), Sum(Sum(A[K, I], K) * X[I], I)),
    "sums within sums, same letters": (Sum(X[I] * Sum(Y[I], I), I), Sum(X[J] * Sum(Y[K], K), J)),
    "a chain turned round": (
        Sum(A[I, J] * A[J, K] * A[K, I] * X[I], I, J, K),
        Sum(A[K, I] * A[J, K] * A[I, J] * X[J], K, J, I),
    ),
    "a bracket turned round": (Sum(Bracket(I - J) * X[J], J), Sum(Bracket(K - I) * X[K], K)),
    "brackets of either sign": (Bracket(I - J), Bracket(J - I)),
    "a bracket in lowest terms": (Bracket(3 * I - 3 * U + 6), Bracket(U - I - 2)),
}
UNEQUAL = {
    "rows and columns": (Sum(A[I, J] * X[I], I, J), Sum(A[I, J] * X[J], I, J)),
    "sizes": (Sum(X[I], I), Sum(X[U], U)),
    "a bound and a free index": (Sum(A[I, J], I), Sum(A[J, I], I)),
    "indices that differ only in size": (Index("i", n), Index("i", m)),
    "tensors that differ only in print": (X, Tensor("x", [n], latex=r"\xi")),
    "a bracket moved by one": (Bracket(I - J), Bracket(I - J + 1)),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_equal(one, other):
    assert one == other
    assert hash(one) == hash(other)
    assert one - other == 0


@pytest.mark.parametrize(("one", "other"), UNEQUAL.values(), ids=UNEQUAL)
def test_unequal(one, other):
    assert one != other


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
def test_four_indices_of_one_size_in_any_order(order):
    """``trace(A^3)`` with a tail: all 24 ways to write it are one node."""
    body = A[I, J] * A[J, K] * A[K, L] * X[L]
    places = [(I, J, K, L)[k] for k in order]
    renamed = body.xreplace(dict(zip((I, J, K, L), places, strict=True)))
    assert Sum(renamed, *places) == Sum(body, I, J, K, L)


def test_a_canonical_index_that_is_free_is_not_bound_again():
    """A rule may look into a sum without opening it: a new sum in there takes other names."""
    leaked = Sum(X[I], I).bound[0]
    inner = Sum(A[leaked, I], I)
    assert leaked in free_indices(inner)
    assert leaked not in inner.bound


def test_a_sum_built_anew_from_its_parts_is_the_same():
    """As ``xreplace`` does it: the names of the bound indices must not wander."""
    total = Sum(A[I, J] * X[J], J)
    assert Sum(total.body, *total.bound) == total
    assert total.xreplace({I: I}) == total
    assert total.xreplace({I: K}) == Sum(A[K, J] * X[J], J)


def test_opening_gives_indices_used_nowhere_else():
    total = Sum(A[I, J] * X[J], J)
    first, (one,) = total.open()
    second, (other,) = total.open()
    assert one != other
    assert Sum(first, one) == Sum(second, other) == total
    assert free_indices(total) == {I}


def test_rewriting_inside_a_sum_does_not_capture():
    """Putting ``sum_j y_j`` for ``x_i`` inside ``sum_i x_i``."""
    total = rewrite(Sum(X[I] ** 2, I), lambda node: Sum(Y[I], I) if isinstance(node, Access) else node)
    assert total == Sum(Sum(Y[K], K) ** 2, J)
    assert free_indices(total) == frozenset()


BRACKETS = {
    "nothing": (I - I, 1),
    "below the range": (I + 1, 0),
    "above the range": (I - n, 0),
    "at the last place": (I - n + 1, None),
    "odd and even": (2 * I - 4 * J + 1, 0),
    "out of reach together": (I + J + 1, 0),
    "sizes that may be equal": (I - m, None),
}


@pytest.mark.parametrize(("affine", "value"), BRACKETS.values(), ids=BRACKETS)
def test_bracket_at_once(affine, value):
    made = Bracket(affine)
    assert isinstance(made, Bracket) if value is None else made == value


def test_bracket_powers():
    assert Bracket(I - J) ** 2 == Bracket(I - J)
    assert Bracket(I - J) * Bracket(J - I) == Bracket(I - J)
    assert (Bracket(I - J) ** -1).is_Pow


WITHIN = {
    "its own size": (I, n, True),
    "a larger size": (I, n + 3, True),
    "another size": (I, m, False),
    "a number in an unknown size": (sp.Integer(0), n, True),
    "a number that may be too large": (sp.Integer(1), n, False),
    "one further": (I + 1, n, False),
    "one before": (I - 1, n, False),
    "one further in one more": (I + 1, n + 1, True),
    "backwards": (n - 1 - I, n, True),
    "window, full": (I + U, n + m - 1, True),
    "window, one short": (I + U, n + m - 2, False),
    "stride": (2 * I + U, 2 * n + m - 2, True),
    "difference": (I - J, n, False),
    "difference, moved": (I - J + n - 1, 2 * n - 1, True),
    "symbolic stride": (d * I, d * n, True),
}


@pytest.mark.parametrize(("affine", "extent", "holds"), WITHIN.values(), ids=WITHIN)
def test_within(affine, extent, holds):
    assert within(affine, extent) is holds
    if holds:
        # and so it does at every small binding
        for sizes in itertools.product((1, 2, 3), repeat=3):
            numbers = dict(zip((n, m, d), sizes, strict=True))
            low, high = (bound.xreplace(numbers) for bound in bounds(affine))
            assert low >= 0
            assert high < extent.xreplace(numbers)


def test_bounds_of_an_unknown_sign_are_unknown():
    assert bounds(sp.Symbol("s", integer=True) * I) == (sp.nan, sp.nan)


CASES = {
    "equal branches": (IfPositive(X[I], 3, 3), 3),
    "a positive condition": (IfPositive(n, X[I], 0), X[I]),
    "a condition of 0": (IfPositive(0, X[I], 7), 7),
    "an exponential": (IfPositive(sp.exp(X[I]), 1, 0), 1),
    "a power of an indicator": (IfPositive(X[I], 1, 0) ** 2, IfPositive(X[I], 1, 0)),
}


@pytest.mark.parametrize(("made", "value"), CASES.values(), ids=CASES)
def test_cases_at_once(made, value):
    assert made == value


SIGNS = {
    "a positive tensor": (Tensor("p", [n], positive=True)[I], True),
    "a positive tensor read outside": (Tensor("p", [n], positive=True)[I - 1], None),
    "a positive tensor read by another size": (Tensor("p", [n], positive=True)[U], None),
    "a sum of exponentials": (Sum(sp.exp(X[I]), I), True),
    "one and a square": (1 + X[I] ** 2, True),
    "a square": (X[I] ** 2, None),
    "an index and one": (I + 1, True),
    "an index": (I, None),
    "an odd affine index": (2 * I - 1, None),
}


@pytest.mark.parametrize(("node", "positive"), SIGNS.values(), ids=SIGNS)
def test_known_to_be_positive(node, positive):
    assert node.is_positive is positive


REFUSED = {
    "too few indices": (lambda: A[I], "A has 2 dimensions"),
    "too many indices": (lambda: X[I, J], "x has 1 dimensions"),
    "an affine index on the left": (lambda: Statement(X[I + 1], I), "must be bare"),
    "another size on the left": (lambda: Statement(X[U], U), "of size m"),
    "a diagonal on the left": (lambda: Statement(A[I, I], I), "twice on the left"),
    "free on the right": (lambda: Statement(X[I], A[I, J]), r"\['j'\] is free on the right"),
    "read before it is defined": (
        lambda: Program((X,), (Statement(Y[I], A[I, I]),)),
        "defined with A, not defined before it",
    ),
    "defined twice": (
        lambda: Program((X,), (Statement(Y[I], X[I]), Statement(Y[I], X[I]))),
        "y is defined twice",
    ),
    "an input defined": (lambda: Program((X,), (Statement(X[I], I),)), "x is defined twice"),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_given_index_may_stand_free():
    label = given_index("c", n)
    statement = Statement(Tensor("loss")(), -X[label])
    assert free_indices(statement.value) == {label}


def test_an_unknown_name_lists_the_names():
    program = Program((X,), (Statement(Y[I], X[I]),))
    with pytest.raises(KeyError, match="no tensor 'z'; there are x, y"):
        program.tensor("z")


F = Elementwise("f", T, T**2, latex=r"\phi")
NODES = {
    "index": I,
    "tensor": Tensor("x", [n], positive=True, latex=r"\xi", text="ξ", letters="i"),
    "derivative tensor": DerivativeTensor(Tensor("L"), X),
    "access": A[I, J + 1],
    "sum": Sum(A[I, J] * X[J], J),
    "bracket": Bracket(I - 2 * J),
    "cases": IfPositive(X[I], X[I], 0),
    "function": Apply(F, 1, X[I]),
    "derivative": D(X[I], X[J], D.LINK),
}


@pytest.mark.parametrize("node", NODES.values(), ids=NODES)
def test_pickling(node):
    back = pickle.loads(pickle.dumps(node))
    assert back == node
    assert hash(back) == hash(node)
    assert str(back) == str(node)


def test_pickling_keeps_how_things_are_printed():
    tensor, function = pickle.loads(pickle.dumps((NODES["tensor"], F)))
    assert (tensor.latex, tensor.text, tensor.letters, tensor.positive) == (r"\xi", "ξ", ("i",), True)
    assert function.latex == r"\phi"


@pytest.mark.parametrize("container", [list, tuple, iter], ids=lambda one: one.__name__)
def test_a_tensor_is_not_a_container(container):
    with pytest.raises(TypeError, match="not iterable"):
        container(X)
