"""Units of measure: every row is a conversion done by hand."""

from __future__ import annotations

import pytest

from derive.judging import compare
from derive.marking import check

ROWS = [
    # left, right, verdict, a word of the message
    (r"1024\cdot1024", r"1\text{ MiB}", "correct", "exact"),
    (r"2^{31}\text{ B}", r"2\text{ GiB}", "correct", "exact"),
    (r"1.5\text{ ms}", r"0.0015\text{ s}", "correct", "exact"),
    (r"1.5\,\mathrm{ms}", r"0.0015\,\mathrm{s}", "correct", "exact"),
    (r"1.5\text{ ms}", r"0.0016\text{ s}", "wrong", "0.0015"),
    (r"1.5\text{ ms}", r"1.5\text{ s}", "wrong", "0.0015"),
    (r"1.5 ms", r"0.0015 s", "undecided", "units"),  # in LaTeX these letters are a product
    (r"\frac12\text{ s}", r"500\text{ ms}", "correct", "exact"),
    (r"3\cdot1.5", r"4.5\text{ ms}", "correct", "exact"),
    (r"3\cdot1.5", r"4.6\text{ ms}", "wrong", "4.5"),
    (r"3\cdot1500", r"4.5\text{ ms}", "undecided", "in us"),  # microseconds, perhaps
    (r"16\text{ bits}", r"2\text{ bytes}", "correct", "exact"),
    (r"16\text{ bits}", r"16\text{ bytes}", "wrong", "2"),
    (r"4\text{ bytes}\cdot3", r"12\text{ bytes}", "correct", "exact"),
    (r"25.6\text{M}\cdot32\text{ bits}", r"102.4\text{ MB}", "correct", "exact"),
    (r"25.6\text{M}\cdot32\text{ bits}/8", r"102.4\text{ MB}", "undecided", "another one"),
    (r"25.6\text{M}\cdot32\text{ bits}", r"112.4\text{ MB}", "wrong", "102400000"),
    (r"7\text{B}\cdot2\text{ bytes}", r"14\text{ GB}", "correct", "exact"),
    (r"7\cdot10^9\cdot2\text{ bytes}", r"13.04\text{ GiB}", "rounded", ""),
    (r"138357544\cdot4\text{ B}", r"553\text{ MB}", "rounded", ""),
    (r"553\text{ MB}", r"528\text{ MiB}", "rounded", ""),
    (r"553\text{ MB}", r"538\text{ MiB}", "wrong", ""),
    (r"1\text{ KB}", "1024", "wrong", "right if K is 1024"),
    (r"4\cdot100\text{ MB}", "400", "correct", "exact"),
    (r"\frac{8\text{ GB}}{2\text{ GB/s}}", r"4\text{ s}", "correct", "exact"),
    (r"\frac{8\text{ GB}}{2\text{ GB/s}}", r"5\text{ s}", "wrong", "left 4"),
    (r"\frac{1}{50\text{ Hz}}", r"20\text{ ms}", "correct", "exact"),
    (r"100\text{ Mbit/s}", r"12.5\text{ MB/s}", "correct", "exact"),
    (r"60\text{ km/h}", r"16.67\text{ m/s}", "rounded", ""),
    (r"2\text{ min}", r"120\text{ s}", "correct", "exact"),
    (r"300\text{ GFLOP/s}", r"3\cdot10^{11}", "correct", "exact"),
    (r"1\text{ nat}", r"1.44\text{ bits}", "undecided", "different kinds"),
    (r"-0.8\log_2 0.8-0.2\log_2 0.2", r"0.7219\text{ bits}", "rounded", ""),
    (r"\sin 30^\circ", r"\frac12", "correct", ""),
    (r"90^\circ", r"\frac{\pi}{2}", "correct", ""),
    (r"90^\circ", r"\frac{\pi}{3}", "wrong", ""),
]


@pytest.mark.parametrize(("left", "right", "verdict", "word"), ROWS, ids=[f"{r[0]}={r[1]}" for r in ROWS])
def test_units_are_converted_or_left_out(left: str, right: str, verdict: str, word: str) -> None:
    claim = compare(left, right)
    assert claim.verdict == verdict, claim.message
    assert word in claim.message


def test_units_in_a_script_go_with_its_names() -> None:
    text = "$t = 1.5\\text{ ms}$ and $2t = 3\\text{ ms} = 0.003\\text{ s} = 0.004\\text{ s}$, $4t = 6$"
    report = check(text)
    assert [c.verdict for c in report.claims] == ["definition", "correct", "correct", "wrong", "correct"]
