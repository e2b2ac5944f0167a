"""A line that nobody can read costs the lines around it nothing."""

import pytest

from derive.marking import check

HOPELESS = {
    "control-characters": "$a = \x00\x01\x02\ufffd 3$",
    "control-characters-outside": "a = 3 \x00\x01\ufffd\x1b[31m = 7",
    "a-sum-of-5000-characters": "$" + "a + " * 1250 + "b = c$",
    "words-of-5000-characters": "word " * 1000 + "= 5",
    "a-display-that-is-not-closed": "$$ a = b + c",
    "a-dollar-that-is-not-closed": "so $x = 2 and then",
    "a-bracket-that-is-not-closed": "\\[ x = 2",
    "rows-that-are-not-closed": "\\begin{align} x &= 2",
    "words-as-typed-that-are-not-closed": "\\begin{verbatim} x",
    "a-comment-that-is-not-closed": "<!-- $x = 1$",
    "braces-2000-deep": "$" + "{" * 2000 + "x" + "}" * 2000 + " = 1$",
    "braces-2000-deep-and-open": "$" + "{" * 2000 + "x = 1$",
    "roots-1000-deep": "x = " + "sqrt(" * 1000 + "2" + ")" * 1000,
    "fractions-1000-deep": "$" + r"\frac{1}{" * 1000 + "x" + "}" * 1000 + " = 1$",
    "powers-of-powers": "$x" + "^" * 4000 + "2 = 1$",
    "a-command-that-calls-itself": "\\newcommand{\\a}{\\a\\a} $\\a = 1$",
    "a-tower-of-powers": "$9^{9^{9^{9}}} = 1$",
    "a-factorial-beyond-all": "$(10^8)! = 1$",
    "6000-digits": "$" + "9" * 6000 + " = 1$",
    "1000-dollars": "$" * 1000,
    "999-dollars": "$" * 999,
    "3000-strokes": "|" * 3000,
    "3000-backslashes": "\\" * 3000,
    "over-zero": "$1/0 = 5$",
}


@pytest.mark.parametrize("line", HOPELESS.values(), ids=HOPELESS.keys())
def test_the_lines_around_it_are_judged(line: str) -> None:
    claims = check(f"$1 + 1 = 2$\n\n{line}\n\n$2 + 3 = 6$ and $2 + 2 = 4$\n").claims
    assert claims[0].verdict == "correct"
    assert [claim.verdict for claim in claims[-2:]] == ["wrong", "correct"]
    assert not any(claim.wrong for claim in claims[:-2])
