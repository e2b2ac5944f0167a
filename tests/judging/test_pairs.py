"""Many pairs of formulas as they occur in course work; ``pairs.txt`` holds them with their verdicts."""

from __future__ import annotations

from collections import Counter

import pytest
from pair_table import PAGE, Pair, page, pairs

TABLE = pairs()
ROWS = [
    pytest.param(pair, id=pair.title, marks=[pytest.mark.xfail(reason=pair.known_failure)])
    if pair.known_failure
    else pytest.param(pair, id=pair.title)
    for pair in TABLE
]


@pytest.mark.parametrize("pair", ROWS)
def test_a_pair_gets_its_verdict(pair: Pair) -> None:
    claim = pair.judge()
    assert claim.verdict == pair.verdict, claim.message
    assert (claim.witness is not None) == (pair.verdict == "wrong")
    assert (claim.convention or "").partition("=")[0] == (pair.convention or "")
    assert (claim.evidence == "proved") == bool(claim.proof)


def test_the_table_is_large_and_of_all_kinds() -> None:
    kinds = Counter(pair.verdict for pair in TABLE)
    assert len(TABLE) >= 600
    assert kinds["correct"] > 250
    assert kinds["wrong"] > 250
    assert kinds["undecided"] > 20


@pytest.mark.slow
def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python tests/judging/pair_table.py"
