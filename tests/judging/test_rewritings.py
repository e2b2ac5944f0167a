"""Rewritten formulas stay right: commuted, expanded, factored, renamed, in another notation."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from formula_pool import MATRICES, SCALARS, pool, whole
from rewrites import rewritten

from derive.judging import Claim, compare
from derive.reading import to_latex


def judged(source: str, declared: str, matrices: bool, seed: int) -> tuple[str, Claim]:
    tree = whole(source)
    assert tree is not None, source
    new = to_latex(rewritten(tree, random.Random(seed), matrices))
    return new, compare(source, new, declared.split(";") if declared else [])


def run(count: int, start: int, anew: bool = False) -> tuple[Counter[str], list[str]]:
    formulas = pool(anew)
    verdicts: Counter[str] = Counter()
    wrong = []
    for k in range(start, start + count):
        source, declared, matrices = formulas[k % len(formulas)]
        new, claim = judged(source, declared, matrices, k)
        verdicts[claim.verdict] += 1
        if claim.wrong:
            wrong.append(f"{source} as {new}: {claim.message}")
    return verdicts, wrong


@pytest.mark.parametrize("anew", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["kept", "anew"])
def test_the_pool_is_large_and_of_many_operations(anew: bool) -> None:
    formulas = pool(anew)
    assert len(formulas) > 150
    assert all(whole(source) is not None for source, _, _ in formulas)


@pytest.mark.parametrize("row", [*SCALARS, *MATRICES], ids=[s for s, _ in (*SCALARS, *MATRICES)])
def test_a_formula_in_four_other_forms(row: tuple[str, str]) -> None:
    for seed in range(4):
        new, claim = judged(*row, row in MATRICES, seed)
        assert claim.verdict == "correct", f"{new}: {claim.message}"


def test_some_hundreds_of_rewritings() -> None:
    verdicts, wrong = run(400, 0)
    assert not wrong
    assert verdicts["undecided"] + verdicts["unread"] <= 4


@pytest.mark.exhaustive
@pytest.mark.parametrize("start", [1_000, 11_000])
def test_ten_thousand_rewritings(start: int) -> None:
    verdicts, wrong = run(10_000, start, anew=True)
    assert not wrong
    assert verdicts["undecided"] + verdicts["unread"] < 50  # 0.5 %
