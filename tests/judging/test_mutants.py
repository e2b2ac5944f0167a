"""Broken formulas are found out: a sign, a lost factor or term, an index, a transpose, a constant."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from formula_pool import pool, whole
from rewrites import mutated

from derive.judging import compare
from derive.reading import to_latex


def run(count: int, start: int, anew: bool = False) -> tuple[Counter[str], list[str]]:
    formulas = pool(anew)
    verdicts: Counter[str] = Counter()
    unproved = []
    k = start
    while sum(verdicts.values()) < count:
        source, declared, matrices = formulas[k % len(formulas)]
        tree = whole(source)
        assert tree is not None, source
        slip = mutated(tree, random.Random(k), matrices)
        k += 1
        if slip is None:
            continue
        kind, new = slip
        claim = compare(source, to_latex(new), declared.split(";") if declared else [])
        verdicts[claim.verdict] += 1
        if claim.wrong:
            assert claim.witness is not None
        if claim.verdict == "correct" and claim.evidence not in ("proved", "exact"):
            unproved.append(f"{kind}: {source} as {to_latex(new)}: {claim.message}")
    return verdicts, unproved


def test_a_hundred_mutants() -> None:
    verdicts, unproved = run(100, 0)
    assert not unproved
    assert verdicts["wrong"] >= 99


@pytest.mark.exhaustive
@pytest.mark.parametrize("start", [1_000, 11_000])
def test_ten_thousand_mutants(start: int) -> None:
    """A mutant that is equal (``x^T A^T x`` for ``x^T A x``) and proved so counts as not found out, too."""
    verdicts, unproved = run(10_000, start, anew=True)
    assert not unproved
    assert verdicts["wrong"] >= 9_900
