"""Digits as rounding claims: every row is arithmetic done by hand."""

from __future__ import annotations

import pytest

from derive.judging import compare
from derive.marking import check

ROWS = [
    # left, right, verdict, a word of the message
    ("7.3 + 2.7", "10.0", "correct", "exact"),
    ("0.66(1-0.66)", "0.22", "rounded", "0.2244"),
    ("0.66(1-0.66)", "0.66", "wrong", "0.2244"),
    (r"-0.66 \times 0.24", "-0.15", "rounded", "cut off"),
    (r"-0.66 \times 0.24", "-0.16", "rounded", "0.1584"),
    (r"-0.66 \times 0.24", "-0.14", "wrong", ""),
    (r"\frac{7.3}{11.1}", "0.66", "rounded", ""),
    (r"\frac{e^2}{e^2+e+e^{0.1}}", r"\frac{7.3}{11.1}", "rounded", "rounded before"),
    (r"\frac{e^2}{e^2+e+e^{0.1}}", r"\frac{7.3}{12.5}", "wrong", ""),
    (r"\frac{e^2}{e^2+e+e^{0.1}}", "0.659", "rounded", ""),
    (r"\frac{e^2}{e^2+e+e^{0.1}}", "0.659001", "rounded", ""),
    (r"\frac{e^2}{e^2+e+e^{0.1}}", "0.65901", "wrong", ""),
    (r"\sigma(0.5)", "0.622", "rounded", ""),
    (r"\sigma(0.5)", r"\frac{1}{1+0.606}", "rounded", ""),
    (r"\frac{1}{3}", "0.33", "rounded", ""),
    (r"\frac{1}{3}", "0.34", "wrong", ""),
    (r"\frac{2}{3}", "0.66", "rounded", "cut off"),
    ("1 - 0.9^2", "0.1", "wrong", "0.19"),
    (r"0.25 \cdot 2 + 0.75 \cdot 0.415", "0.5 + 0.311", "rounded", "rounded before"),
    (r"\frac{0.075}{1 - 0.9^2}", r"\frac{0.075}{0.1}", "wrong", "0.394737"),
    (r"e^{-1} + e^{-2}", "0.4 + 0.1", "rounded", "rounded before"),
    (r"0.1 \cdot 0.5 + 0.2 \cdot 0.3", "0.05 + 0.07", "wrong", "0.11"),
    ("0.5 + 0.6", "1", "wrong", ""),
    (r"\frac{37-5}{2} + 1", "17", "correct", ""),
    (r"28 \cdot 28 \cdot 32 \cdot 25 \cdot 192", r"120{,}422{,}400", "correct", ""),
    (r"120422400", r"120.4\,\text{M}", "rounded", ""),
    (r"1728000", r"1.73 \times 10^6", "rounded", ""),
    (r"1738000", r"1.73 \times 10^6", "rounded", "cut off"),
    (r"1748000", r"1.73 \times 10^6", "wrong", ""),
    (r"\sin(1)", "0.84", "rounded", ""),
    (r"\sin(1)", "0.017", "wrong", "0.841"),
    (r"(2.0, 1.0)", r"(2, 1)", "correct", ""),
    (r"\begin{bmatrix} \frac13 \\ \frac23 \end{bmatrix}", r"(0.33, 0.67)", "rounded", ""),
    (r"\begin{bmatrix} \frac13 \\ \frac23 \end{bmatrix}", r"(0.33, 0.76)", "wrong", "entry 2"),
    ("10000.4", "10000", "rounded", ""),
    ("2^{10}", "1024", "correct", "exact"),
    ("0.1 + 0.2", "0.3", "correct", "exact"),
    (r"\frac{0.253}{2.013}", "0.125", "rounded", "cut off"),
]


@pytest.mark.parametrize(("left", "right", "verdict", "word"), ROWS, ids=[f"{r[0]}={r[1]}" for r in ROWS])
def test_written_digits(left: str, right: str, verdict: str, word: str) -> None:
    claim = compare(left, right)
    assert claim.verdict == verdict, claim.message
    assert word in claim.message


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (r"$1024 \approx 1000$", "rounded"),
        (r"$2600 \approx 1000$", "wrong"),
        (r"$0.45558 \approx 0.45$", "rounded"),
        (r"$0.00544 \approx 0.0055$", "rounded"),
        (r"$\tanh 0.6 \approx 0.55$", "wrong"),
        (r"$0.35 \approx \frac{1}{e}$", "undecided"),
        (r"$0.25 \approx 0.622$", "wrong"),
    ],
)
def test_an_approximate_sign(line: str, verdict: str) -> None:
    assert [c.verdict for c in check(line).claims] == [verdict]


def test_a_wrong_number_comes_with_the_right_one_in_the_same_digits() -> None:
    assert compare("0.66(1-0.66)", "0.66").expected == "0.22"


def test_a_wrong_matrix_comes_with_the_right_one() -> None:
    claim = compare(r"\begin{bmatrix} \frac13 & 1 \end{bmatrix}", r"\begin{bmatrix} 0.33 & 2 \end{bmatrix}")
    assert claim.expected == r"\begin{bmatrix} 0.33 & 1.00 \end{bmatrix}"
    assert claim.witness is not None
    assert claim.witness["entry"] == [1, 2]
