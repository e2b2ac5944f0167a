"""Whether a second reading agrees: nothing lost, nothing added, the same value."""

import pytest

from derive.judging.second_opinion import second_opinion
from derive.reading import Side, Tree, read_formula, read_statements
from derive.reading.second_reader import Refusal


class Says:
    """A reader that answers the same to everything."""

    name = "stand-in"

    def __init__(self, answer: Tree | Refusal) -> None:
        self.answer = answer

    def parse(self, side: str) -> Tree | Refusal:
        return self.answer


def side(source: str) -> Side:
    return read_statements(source)[0].sides[0]


OPINIONS = {
    "same": ("x^2 + 1", "1 + x^2", "agrees", ""),
    "written-otherwise": ("e^{-x}", r"\exp(-x)", "agrees", ""),
    "fraction": (r"\frac{a}{2b}", r"a \cdot \frac{1}{2} \cdot \frac{1}{b}", "agrees", ""),
    "percent": (r"80\%", "0.8", "agrees", ""),
    "lost-factor": ("2 x y", "2 x", "differs", "lost y"),
    "lost-number": ("x + 7 - 7", "x", "differs", "lost 7"),
    "more": ("x", "x y - x y + x", "differs", "has x, y besides"),
    "transpose": ("X^T y", "X y", "differs", "at X"),
    "base": (r"\log 0.8", r"\log_{10} 0.8", "differs", "left -0.223"),
    "product": ("A B", "B A", "differs", "impossible"),
}


@pytest.mark.parametrize(("ours", "theirs", "says", "reason"), OPINIONS.values(), ids=OPINIONS.keys())
def test_opinions(ours: str, theirs: str, says: str, reason: str) -> None:
    opinion = second_opinion(side(ours), Says(read_formula(theirs)))
    assert opinion.says == says
    assert reason in opinion.reason


def test_a_refusal_keeps_its_reason() -> None:
    opinion = second_opinion(side("x"), Says(Refusal("no answer")))
    assert (opinion.says, opinion.reason, opinion.latex) == ("refused", "no answer", None)


def test_what_we_did_not_read_is_never_agreed_upon() -> None:
    assert second_opinion(side(r"\foo + x"), Says(read_formula("x"))).says == "differs"
