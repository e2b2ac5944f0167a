"""Proofs by normal form: what they reach, and that they reach nothing that is false."""

from __future__ import annotations

import pytest
from pair_table import Pair, pairs

from derive.judging import compare, definitions
from derive.judging.proof import prove
from derive.judging.setting import setting_for
from derive.judging.shapes import infer
from derive.judging.trees import rename_bound
from derive.reading import Declarations, read_formula, read_statements

WRONG = [p for p in pairs() if p.verdict == "wrong" and p.relation == "=" and not p.in_force]


@pytest.mark.parametrize("pair", WRONG, ids=[p.title for p in WRONG])
def test_nothing_wrong_is_proved(pair: Pair) -> None:
    declared, lets = definitions.read(pair.declare)
    left, right = (read_statements(text, declared)[0].sides[0].tree for text in (pair.left, pair.right))
    left, right, _ = definitions.put_in(left, right, lets)
    assert prove(left, right, setting_for((left, right), declared)) is None


REACHED = {
    "tanh by the logistic function": (r"\tanh x", r"2\sigma(2x) - 1", []),
    "softplus": (r"\log(1+e^x) - x", r"\log(1+e^{-x})", []),
    "cross-entropy with logits": (
        r"-y\log\sigma(z) - (1-y)\log(1-\sigma(z))",
        r"\log(1+e^z) - yz",
        [],
    ),
    "derivative of the logistic function": (r"\frac{d}{dx}\sigma(x)", r"\sigma(x)(1-\sigma(x))", []),
    "maximum": (r"\max(a,b) + \min(a,b)", "a + b", []),
    "square of a sum of matrices": ("(A+B)^2", "A^2 + AB + BA + B^2", ["A: nxn", "B: nxn"]),
    "normal equations": (r"\nabla_w \|Xw - y\|^2", r"2X^T(Xw-y)", ["X: Nxd", "w: d", "y: N"]),
    "cyclic trace": (r"\mathrm{tr}(ABC)", r"\mathrm{tr}(CAB)", ["A: mxn", "B: nxk", "C: kxm"]),
    "a constant out of a sum": (r"\sum_{i=1}^n (a x_i + b)", r"a \sum_{i=1}^n x_i + n b", []),
    "logarithms of positive factors": (r"\log(ab^2)", r"\log a + 2\log b", ["a > 0", "b > 0"]),
}


@pytest.mark.parametrize(("left", "right", "declare"), REACHED.values(), ids=REACHED)
def test_proved_with_steps(left: str, right: str, declare: list[str]) -> None:
    declared = Declarations.parse(declare)
    sides = [rename_bound(read_statements(text, declared)[0].sides[0].tree) for text in (left, right)]
    steps = prove(*sides, setting_for(sides, declared))
    assert steps is not None
    assert steps[-1]["rule"] == "the same normal form"
    assert all(set(step) == {"rule", "before", "after"} and step["rule"] for step in steps)


@pytest.mark.parametrize(("left", "right", "declare"), REACHED.values(), ids=REACHED)
def test_what_both_sides_become_is_equal_to_them(left: str, right: str, declare: list[str]) -> None:
    form = compare(left, right, declare).proof[-1]["after"]
    assert form
    assert compare(left, form, declare).verdict == "correct"


@pytest.mark.slow
def test_what_both_sides_become_is_equal_to_them_over_the_table() -> None:
    forms = 0
    for pair in (p for p in pairs() if p.verdict == "correct" and p.relation == "="):
        proof = pair.judge().proof
        if proof and (form := proof[-1]["after"]):
            forms += 1
            claim = compare(pair.left, form, pair.declare, dict(pair.in_force))
            assert claim.verdict == "correct", f"{pair.left}: {form}: {claim.message}"
    assert forms > 250


@pytest.mark.parametrize(
    ("left", "right"),
    [(r"\sqrt{x^2}", "x"), (r"\log x^2", r"2 \log x"), (r"\frac{|x|}{x}", "1"), ("(x^2)^{1/2}", "x")],
)
def test_no_rule_for_positive_numbers_is_used_on_others(left: str, right: str) -> None:
    sides = [read_formula(text) for text in (left, right)]
    assert not isinstance(infer(sides)[1][0], Exception)
    assert prove(*sides, setting_for(sides, Declarations())) is None
