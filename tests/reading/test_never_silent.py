"""What might be read as something else than is written: it is read rightly, or openly not."""

import pytest

from derive.reading import Document, read_document, read_statements, to_latex
from derive.reading.tree import Hole


def chains(document: Document) -> list[str]:
    """Every statement in one line, a hole as ``<its reason>``."""
    made = []
    for statement in document.statements:
        sides = [
            f"<{side.tree.reason}>" if isinstance(side.tree, Hole) else to_latex(side.tree)
            for side in statement.sides
        ]
        line = sides[0] + "".join(
            f" {sign} {side}" for sign, side in zip(statement.signs, sides[1:], strict=True)
        )
        made.append(line.replace(r"\left(", "(").replace(r"\right)", ")"))
    return made


NAMED_IN_WORDS = {
    "mathematics-in-a-name": (
        r"$\text{the cost of $n$ items} = 3n$",
        ["<words stand before the sign> = 3 n"],
    ),
    "a-name-ends-with-mathematics": (
        r"$\text{cost of $n$} = 3n$",
        ["<words stand before the sign> = 3 n"],
    ),
    "a-relation-in-a-name": (r"$\text{loss at $t=0$} = 0.5$", ["<words stand before the sign> = 0.5"]),
    "of-what-follows": (r"$\text{number of }n = 3$", ["<words name a part of this side> = 3"]),
    "words-are-a-term": (r"$\text{MSE of $w$} + 3 = 5$", ["<words name a part of this side> = 5"]),
    "words-are-a-factor": (
        r"$x = 2 \text{ number of bits} \cdot 3$",
        ["x = <words name a part of this side>"],
    ),
    "words-that-join": (r"$x = 3 \text{ and so $y = 4$}$", ["x = 3", "y = 4"]),
    "words-in-brackets-that-join": (r"$x = 3 \text{ (since $y = 1$)}$", ["x = 3", "y = 1"]),
    "a-case": (
        r"$f = \begin{cases} 1 & \text{if $x > 0$} \\ 0 & \text{else}\end{cases}$",
        [r"f = \begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}"],
    ),
    "a-class": (r"$P(\text{class $k$} \mid x) = 0.2$", [r"P(\text{class k} \mid x) = 0.2"]),
}

BEFORE_THE_SIGN = {
    "nothing": ("= 5", ["<the line continues something, but no claim stands before it> = 5"]),
    "cells-of-a-table": (
        "| a | b |\n|---|---|\n| = 5 | = 6 |",
        [
            "<the line continues something, but what stands before it is another part> = 5",
            "<the line continues something, but what stands before it is another part> = 6",
        ],
    ),
    "another-part": (
        "a) $x = 3$\nb) $= 4$",
        ["x = 3", "<the line continues something, but what stands before it is another part> = 4"],
    ),
    "the-same-part": ("a) $x = 1 + 2$\n\n$= 3$", ["x = 1 + 2", "1 + 2 = 3"]),
    "a-subject": ("$x = 3$. The answer is $= 5$", ["x = 3", "<words stand before the sign> = 5"]),
    "a-subject-typed": ("x = 5\nThe answer is = 0.66", ["x = 5", "<words stand before the sign> = 0.66"]),
    "a-subject-with-a-number": (
        "$x = 5$\n\nAccuracy for class 2 $= 0.66$.",
        ["x = 5", "<words stand before the sign> = 0.66"],
    ),
    "a-pronoun": ("$x = 3 + 4$ which is $= 7$", ["x = 3 + 4", "3 + 4 = 7"]),
    "a-joint": ("x = 3 * 4\nso it is = 12", ["x = 3 * 4", "3 * 4 = 12"]),
    "a-word": ("the loss $= 5$", [r"\text{loss} = 5"]),
}


ROLES = {
    "conditions-in-german": ("Für $x > 0$ ist $f = 1$.", [("condition", "x > 0"), ("claim", "f = 1")]),
    "conditions-in-french": ("Si $x > 0$ alors $f = 1$.", [("condition", "x > 0"), ("claim", "f = 1")]),
    "given-in-german": (
        "Gegeben sei $x = 0.5$ und $w = 2$.",
        [("given", "x = 0.5"), ("given", "w = 2")],
    ),
    "a-condition-ends-with-its-row": (
        r"\begin{align} b &= 2 \quad \forall i \in S \\ c &= 3 \end{align}",
        [("claim", "b = 2"), ("condition", r"i in S"), ("claim", "c = 3")],
    ),
    "words-between-end-what-is-given": (
        r"\begin{align} a &= 1 \\ \intertext{with $n = 2$ we get} c &= 3 \end{align}",
        [("claim", "a = 1"), ("given", "n = 2"), ("claim", "c = 3")],
    ),
    "rows-that-are-given": (
        "Let\n\\begin{align} a &= 1 \\\\ b &= 2 \\end{align}",
        [("given", "a = 1"), ("given", "b = 2")],
    ),
}


@pytest.mark.parametrize(("text", "expected"), ROLES.values(), ids=ROLES.keys())
def test_what_is_a_claim(text: str, expected: list[tuple[str, str]]) -> None:
    document = read_document(text)
    assert [
        (s.role, chain) for s, chain in zip(document.statements, chains(document), strict=True)
    ] == expected


APART = "units that differ are not converted: "
UNITS = {
    "bytes-and-bits": (r"$1 \text{ byte} = 8 \text{ bits}$", [r"1 \text{byte} = 8 \text{bits}"]),
    "hours-and-minutes": (
        r"$2 \text{ hours} = 120 \text{ minutes}$",
        [r"2 \text{hours} = 120 \text{minutes}"],
    ),
    "a-scaled-unit-on-one-side": (r"$25\text{ ms} \times 16000 = 400$", [r"25 \text{ms} \times 16000 = 400"]),
    "percent-in-words": (r"$0.8 = 80 \text{ percent}$, $y = 3$", [f"0.8 = <{APART}percent>", "y = 3"]),
    "the-same-unit": (
        r"$3 \text{ s} + 2 \text{ s} = 5 \text{ s}$",
        [r"3 \text{s} + 2 \text{s} = 5 \text{s}"],
    ),
    "a-unit-at-the-end": (r"$-\log_2 0.5 = 1 \text{ bit}$", [r"-\log_{2}(0.5) = 1 \text{bit}"]),
    "a-name-with-a-unit": (r"$t = 20 \text{ ms}$", [r"t = 20 \text{ms}"]),
    "things-that-are-counted": (r"$100 \text{ images} \cdot 2 = 200$", [r"100 \cdot 2 = 200"]),
    "typed": ("10 ms = 3", [r"10 \text{ms} = 3"]),
}

NOTATION = {
    "a-function-in-french": (r"$\operatorname{tg} x = 1$", [r"\tan(x) = 1"]),
    "an-unknown-function": (r"$\operatorname{foo} x = 1$", [r"\operatorname{foo} x = 1"]),
    "letters-spaced-by-ocr": (r"$\mathrm { R e L U } ( x ) = 3$", [r"\operatorname{ReLU}(x) = 3"]),
    "two-indices-in-brackets": ("$W[1][2] = 4$", ["W_{[1], [2]} = 4"]),
    "a-remainder": (
        "5 % 3 = 2",
        [r"<is this % a percentage or a remainder? \bmod would be read> = 2"],
    ),
    "a-percentage": ("50% = 0.5", [r"50\% = 0.5"]),
    "a-sum-without-backslash": (r"$sum_{i=1}^n i = 3$", [r"\sum_{i = 1}^{n} i = 3"]),
    "paired-delimiters": (
        "\\DeclarePairedDelimiter\\abs{\\lvert}{\\rvert}\n$\\abs{x} = \\abs*{y}$",
        [r"\left|x\right| = \left|y\right|"],
    ),
    "an-interval-with-decimal-commas": (
        "Dezimalkomma: $x \\in [0,1]$, $y = 0,5$",
        [r"x in \left[0, 1\right]", "y = 0.5"],
    ),
    "values-within-a-value": (
        r"$||x|-|y|| \le 1$",
        [r"\left|\left|x\right| - \left|y\right|\right| <= 1"],
    ),
    "a-norm-in-bars": (r"$||x|| + |y| = 3$", [r"\left\|x\right\| + \left|y\right| = 3"]),
    "semicolons-group": (r"$I(X;Y,Z) = I(X,Y;Z)$", ["I(X ; Y, Z) = I(X, Y ; Z)"]),
    "the-newton-step": (
        r"$d = -\nabla^2 f(x)^{-1}\nabla f(x)$",
        [r"d = -(\nabla^{2} f(x))^{-1} \nabla f(x)"],
    ),
    "a-filtered-signal": ("$(x*h)[n] = y[n]$", ["(x * h)_{[n]} = y_{[n]}"]),
    "the-imaginary-unit": (r"$e^{-j2\pi k}$", [r"e^{-j (2) \pi k}"]),
    "columns-between-bars": (
        "$X = [x_1 | x_2 | x_3]$",
        [r"X = \left[\begin{array}{c|c|c} x_{1} & x_{2} & x_{3} \end{array}\right]"],
    ),
    "a-value-in-brackets": ("$[2 |x| + 1]$", [r"2 \left|x\right| + 1"]),
    "cases-behind-empty-columns": (
        r"$f = \left\{ \begin{aligned} &x^2, && x\ge 0\\ &0, && x<0 \end{aligned} \right.$",
        [r"f = \begin{cases} x^{2} & \text{if } x \geq 0 \\ 0 & \text{if } x < 0 \end{cases}"],
    ),
    "a-system-of-equations": (
        r"$$\begin{cases} x + y = 3 \\ x - y = 1 \end{cases}$$",
        ["x + y = 3", "x - y = 1"],
    ),
    "a-repeating-decimal": (
        r"$1/6 = 0.1\overline{6}$",
        [r"\frac{1}{6} = <a decimal that repeats: a fraction would be read>"],
    ),
    "a-double-factorial": ("$4!! = 8$", ["<a double factorial> = 8"]),
    "divided-by-a-colon": ("$6 : 3 = 2$", ["<is this colon a division or a label?> = 2"]),
    "divided-in-a-chain": ("$x = 6 : 3 = 2$", ["x = <is this colon a division or a label?> = 2"]),
    "a-label-before-a-colon": ("$(1): x = 3$", ["1", "x = 3"]),
    "done-to-both-sides": (r"$3x = 6 \;\;|\, :3$", ["3 x = 6"]),
    "a-condition-with-a-bar": ("$p(x | -2) = 3$", [r"p(x \mid -2) = 3"]),
    "a-typed-operator": ("d/dx x^2 = 2x", [r"\frac{d x^{2}}{d x} = 2 x"]),
    "a-typed-derivative": ("dL/dgamma = 3", [r"\frac{d L}{d \gamma} = 3"]),
    "a-typed-limit": ("lim x->0 sin(x)/x = 1", [r"\lim_{x \rightarrow 0} \frac{\sin(x)}{x} = 1"]),
    "of-what-is-typed": ("50% of 10 = 5", ["<words stand before the sign> = 5"]),
    "a-typed-factor": ("2 x (3 + 4) = 14", [r"2 \times (3 + 4) = 14"]),
    "a-typed-factor-behind": ("(3 + 4) x 2 = 14", [r"(3 + 4) \times 2 = 14"]),
    "a-letter-as-a-factor": ("2 x (a + b) = 14", ["2 x (a + b) = 14"]),
    "a-bullet-begins-anew": (
        "* $4 < 5$\n* $\\approx 12$",
        ["4 < 5", "<the line continues something, but what stands before it is another part> ~= 12"],
    ),
    "a-call-behind-words": ("so that sum(dy) = 0 holds", [r"\text{sum}(\mathrm{d} y) = 0"]),
    "numbers-up-to-n": (r"$i \in [n]$", [r"i in \left[n\right]"]),
    "a-probability-in-square-brackets": ("$P[X = 1] = p$", ["P(X = 1) = p"]),
    "a-density-where": (r"$\pi(z = 3) = p$", [r"\pi(z = 3) = p"]),
    "a-set-of-words": (r"$x \in \{0,1\}^*$", [r"x in \left\{0, 1\right\}^{*}"]),
    "an-indicator-behind-a-letter": (r"$S = X_t 1\{A = k\}$", [r"S = X_{t} 1\left[A = k\right]"]),
    "a-wrapped-operator": (
        r"$k = \mathop{\text{argmax}}_i m_i$",
        [r"k = \operatorname{argmax}_{i} m_{i}"],
    ),
    "a-number-in-braces": (r"$a = b {\tag{1}}$", ["a = b"]),
    "a-system-with-columns": (r"$\begin{cases} y &= x\\ z &= 2 \end{cases}$", ["y = x", "z = 2"]),
    "distributed-as": ("$f(x) ~ GP(m, k)$", [r"f(x) ~ G P(m, k)"]),
    "a-tie": (r"$x = 1,~ y = 2$", ["x = 1", "y = 2"]),
    "cells-that-continue": (
        "| a | b |\n|---|---|\n| $\\sqrt 8$ | $= 2.8$ |",
        [r"\sqrt{8}", r"\sqrt{8} = 2.8"],
    ),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [*UNITS.values(), *NOTATION.values()],
    ids=[*UNITS, *NOTATION],
)
def test_notation_keeps_its_meaning(text: str, expected: list[str]) -> None:
    assert chains(read_document(text)) == expected


AMBIGUOUS = {
    "a-mixed-number": (r"$1\frac{1}{2} = 1.5$", "a number before a fraction"),
    "an-accented-argument": (r"$T_k(\tilde L) x$", "brackets after a letter"),
    "a-primed-argument": (r"$v_\pi(s')$", "brackets after a letter"),
    "functions-after-functions": (r"$f \circ g$", "a small circle"),
    "a-turned-letter": (
        "Let $k(x,y)=xy$. $k_*^T(K+I)^{-1}y$",
        "a raised letter before brackets",
    ),
}


@pytest.mark.parametrize(("text", "reason"), AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_two_readings_remain(text: str, reason: str) -> None:
    last = read_document(text).statements[-1]
    assert last.status == "ambiguous"
    assert last.sides[0].ambiguities[0].reason.startswith(reason)


@pytest.mark.parametrize(
    ("text", "expected"),
    [*NAMED_IN_WORDS.values(), *BEFORE_THE_SIGN.values()],
    ids=[*NAMED_IN_WORDS, *BEFORE_THE_SIGN],
)
def test_words_that_say_what_a_side_is(text: str, expected: list[str]) -> None:
    assert chains(read_document(text)) == expected


def test_what_is_switched_off_is_not_read() -> None:
    text = "\\begin{document}\n\\iffalse\n$w = 8$\n\\fi\n$x = 3$\n\\end{document}"
    assert chains(read_document(text, "homework.tex")) == ["x = 3"]


@pytest.mark.parametrize("text", [text for text, _ in NOTATION.values()], ids=NOTATION.keys())
def test_what_is_shown_is_read_again(text: str) -> None:
    for statement in read_document(text).statements:
        if statement.status == "read":
            (again,) = read_statements(statement.latex)
            assert [side.tree for side in again.sides] == [side.tree for side in statement.sides]
