"""Conventions: which there are, what is refused, and that each explains only what it explains."""

from __future__ import annotations

import pytest

from derive.judging import compare
from derive.judging.conventions import CONVENTIONS, ConventionError, checked

#: What the judging notes list, by the key under which it is kept here.
LISTED = {
    "natural or decimal logarithm": "log",
    "radians or degrees": "angle",
    "numerator or denominator layout": "layout",
    "row or column": "vectors",
    "1/N or 1/(N-1)": "estimator",
    "one half in front of the square": "half",
    "multiply-add or operation": "operations",
    "bias counted or not": "bias",
    "K is 1000 or 1024": "K",
    "cross-correlation or flipped": "kernel",
    "n x n a shape or a product": "times",
    "index from 0 or 1": "index",
}


@pytest.mark.parametrize("key", LISTED.values(), ids=LISTED)
def test_every_convention_of_the_list_is_there(key: str) -> None:
    row = CONVENTIONS[key]
    assert row.key == key
    assert len(row.values) >= 2
    assert row.meaning


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"logarithm": "10"}, "what would work: log=e"),
        ({"angle": "grads"}, "radians, degrees"),
        ({"half": "other"}, "write both sides in one convention"),
    ],
    ids=str,
)
def test_a_convention_that_there_is_not(given: dict[str, str], said: str) -> None:
    with pytest.raises(ConventionError, match=said):
        checked(given)
    with pytest.raises(ConventionError):
        compare("x", "x", convention=given)


def test_the_claim_names_the_convention_as_the_option_takes_it() -> None:
    claim = compare(r"\log 100", "2")
    assert (claim.verdict, claim.note, claim.convention) == ("wrong", "convention", "log=10")
    assert claim.witness is not None
    assert "right if log is to base 10" in claim.message
    key, _, value = str(claim.convention).partition("=")
    assert compare(r"\log 100", "2", convention={key: value}).verdict == "correct"


@pytest.mark.parametrize(
    ("left", "right", "declare"),
    [
        (r"\log 100", "3", []),
        (r"x^T A y", r"x^T A^T y", ["A: nxn", "x: n", "y: n"]),
        ("AB", "BA", ["A: nxn", "B: nxn"]),
        (r"\frac{d}{dx} x^2", "x", []),
        (r"2 + 3", "4", []),
        (r"3 \cdot 4 \cdot 5", "120", []),
        (r"k^2 c + c", r"c (k^2 + 1) c", []),
        (r"\frac12 \sum_i x_i^2", r"\sum_i x_i^2", []),
    ],
    ids=str,
)
def test_no_convention_excuses_a_plain_slip(left: str, right: str, declare: list[str]) -> None:
    claim = compare(left, right, declare)
    assert (claim.verdict, claim.convention) == ("wrong", None)
