"""Proofs by induction: what is true is proved, what is not is refuted at a step, nothing in between."""

import pytest
import sympy as sp

from derive.derivation.equivalences import THEOREMS, recurrences, theorem
from derive.derivation.induction import Claim, Recurrence, Theorem, k, prove, sum_of_terms
from derive.ops import operation

a, b, g, x, y = sp.symbols("a b g x y")


@pytest.mark.parametrize("name", THEOREMS)
def test_the_theorems_are_proved(name):
    proof = prove(theorem(name))
    assert proof.verdict == "proved"
    assert len(proof.base) == len(proof.step) == len(proof.theorem.claims)


@pytest.mark.parametrize("name", ["heavy-ball", "velocity", "nesterov"])
def test_with_one_sign_wrong_they_are_refuted(name):
    true = theorem(name)
    first, second = true.claims
    wrong = Theorem(true.title, true.sequences, (first, Claim(second.left, -second.right)), true.driven)
    proof = prove(wrong)
    assert proof.verdict == "refuted"
    assert proof.witness.startswith("at k = 1 with ")


ROWS = [
    # sum of the first k whole numbers, and of their cubes
    pytest.param(x + k + 1, 0, k * (k + 1) / 2, "proved", id="whole numbers"),
    pytest.param(x + (k + 1) ** 3, 0, k**2 * (k + 1) ** 2 / 4, "proved", id="cubes"),
    pytest.param(a * x, b, b * a**k, "proved", id="geometric"),
    pytest.param(a * x + g, 0, g * (1 - a**k) / (1 - a), "proved", id="geometric sum"),
    pytest.param(x / (1 + x), 1, 1 / (1 + k), "proved", id="fractions"),
    pytest.param(x**2, b, b ** (2**k), "proved", id="squared again and again"),
    pytest.param(a * x, b, b * a ** (k + 1), "refuted", id="one power too many"),
    pytest.param(x + k + 1, 0, k * (k - 1) / 2, "refuted", id="off by one"),
    pytest.param(x + k + 1, 1, k * (k + 1) / 2, "refuted", id="the step holds and the beginning does not"),
    # equal at k = 0, ..., 6 and not at k = 7: neither proved nor refuted by what is tried
    pytest.param(
        x + 1, 0, k + sp.prod([k - n for n in range(7)]), "undecided", id="right for the steps that are tried"
    ),
]


@pytest.mark.parametrize(("following", "start", "claim", "verdict"), ROWS)
def test_one_sequence(following, start, claim, verdict):
    sequence = Recurrence(x, sp.sympify(start), following)
    assert prove(Theorem("", (sequence,), (Claim(x, claim),))).verdict == verdict


def test_a_claim_that_needs_another_is_proved_only_with_it():
    """x grows by y and y by 2: x is k^2, because y is 2 k + 1."""
    sequences = (Recurrence(x, sp.S.Zero, x + y), Recurrence(y, sp.S.One, y + 2))
    square, odd = Claim(x, k**2), Claim(y, 2 * k + 1)
    assert prove(Theorem("", sequences, (square,))).verdict == "undecided"
    assert prove(Theorem("", sequences, (square, odd))).verdict == "proved"


def test_the_witness_is_a_point_where_the_sides_differ():
    claim = Claim(x, (1 - b ** (k + 1)) * g)
    average = Recurrence(x, sp.S.Zero, b * x + (1 - b) * g)
    # With b = 2 and g = 3 the first term is 0 and the claim says (1 - 2) 3.
    assert prove(Theorem("", (average,), (claim,))).witness == "at k = 0 with b = 2, g = 3: left 0, right -3"


def test_a_sum_whose_terms_grow_differently_is_refused():
    i = sp.Symbol("i")
    with pytest.raises(ValueError, match="not the same for all i"):
        sum_of_terms(x, sp.Integer(1) / (k + i), i)


def test_recurrences_are_those_of_the_catalogue():
    """The unrolled recurrence of Adam's mean is the operation's statement, whatever that says."""
    (average,) = recurrences("adam", {"m": "m"}, {})
    statement = operation("adam").program.statements[0]
    names = {one: sp.Symbol(one.tensor.name) for one in statement.value.atoms(type(statement.target))}
    letters = {one: sp.Symbol(one.name) for one in statement.value.atoms(sp.Symbol)}
    assert sp.expand(average.following - statement.value.xreplace({**names, **letters})) == 0
