"""Identities in declared letters: meant for all values; an equation for one letter is not."""

import pytest

from derive.marking import check

ROWS = [
    ("$(u+b)+(v+b) = u+v+b$", "wrong"),
    ("$(u+b)+(v+b) = u+v+2b$", "correct"),
    ("$b + (u + v + b) = u + v + b$", "wrong"),
    ("$2 u + 1 = u + 5$", "undecided"),  # to be solved for u
    ("$u + v = 2 v + u + b$", "undecided"),  # which names are free is not the same on both sides
]


@pytest.mark.parametrize(("text", "verdict"), ROWS, ids=[text for text, _ in ROWS])
def test_an_identity_in_declared_letters(text, verdict) -> None:
    claims = check(text, declare=("u: real", "v: real", "b: real")).claims
    assert [claim.verdict for claim in claims] == [verdict]
