"""What would have been read: one small change that makes a piece readable, and only then."""

import pytest

from derive.reading import read_formula, to_latex
from derive.reading.repairs import would_read
from derive.reading.tree import Hole

REPAIRS = {
    "bracket": ("(3-9)(5-15", "with ) at the end", r"\left(3 - 9\right) \left(5 - 15\right)"),
    "brackets": ("2((a + b", "with )) at the end", r"2 \left(a + b\right)"),
    "closer": ("a + b) c", "without )", "a + b c"),
    "command": (r"\simga + 1", r"with \sigma for \simga", r"\sigma + 1"),
    "unknown": (r"\qqfoo x", r"without \qqfoo", "x"),
    "end": ("a +", "without its last sign", "a"),
}


@pytest.mark.parametrize(("source", "change", "latex"), REPAIRS.values(), ids=REPAIRS.keys())
def test_repairs(source: str, change: str, latex: str) -> None:
    hole = read_formula(source)
    assert isinstance(hole, Hole)
    found = would_read(hole)
    assert found is not None
    assert (found[0], to_latex(found[1])) == (change, latex)


@pytest.mark.parametrize("source", ["", "?", "a" * 9_000, r"\foo( \bar( ]"])
def test_where_no_small_change_helps_there_is_none(source: str) -> None:
    hole = read_formula(source)
    assert isinstance(hole, Hole)
    assert would_read(hole) is None
