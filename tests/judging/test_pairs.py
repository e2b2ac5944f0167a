"""Many pairs of formulas as they occur in course work; ``pairs.txt`` holds them with their verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.judging import compare

LINES = (Path(__file__).with_name("pairs.txt")).read_text(encoding="utf-8").splitlines()
PAIRS = [[part.strip() for part in line.split(" | ")] for line in LINES if line and not line.startswith("#")]


@pytest.mark.parametrize("pair", PAIRS, ids=[f"{p[1]} against {p[2]}" for p in PAIRS])
def test_a_pair_gets_its_verdict(pair: list[str]) -> None:
    verdict, left, right, *declared = pair
    declare = [line for text in declared for line in text.split(";")]
    claim = compare(left, right, declare)
    assert claim.verdict == verdict, claim.message
    assert (claim.witness is not None) == (verdict == "wrong")
