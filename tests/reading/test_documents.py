"""Whole documents: delimiters, bare lines, continuations, struck text, labels; every place in the file."""

import pytest

from derive.reading import read_document, to_latex
from derive.reading.tree import Call, Hole

NOTES = """# Problem 2

(a) We take $x = 3$ and

$$y = x^2$$

$$= 9$$

~~$$y = 6$$~~

so the area is 3 * 9 = 27 at last.

- 1) $a = 1 \\quad b = 2$

| s | 0.66 |
|---|------|

4 + 5 = 9
"""


def places(text: str, name: str = "notes.md") -> list[tuple[int, int, str]]:
    return [
        (side.place.line, side.place.column, to_latex(side.tree))
        for statement in read_document(text, name).statements
        for side in statement.sides[statement.continues :]
    ]


def test_markdown_places() -> None:
    assert places(NOTES) == [
        (3, 14, "x"), (3, 18, "3"),
        (5, 3, "y"), (5, 7, "x^{2}"),
        (7, 5, "9"),
        (9, 5, "y"), (9, 9, "6"),
        (11, 16, "3 * 9"), (11, 24, "27"),
        (13, 7, "a"), (13, 11, "1"), (13, 19, "b"), (13, 23, "2"),
        (18, 1, "4 + 5"), (18, 9, "9"),
    ]  # fmt: skip


def test_a_continuation_takes_over_the_side_before_with_its_place() -> None:
    third = read_document(NOTES).statements[2]
    assert third.continues
    carried = third.sides[0].place
    assert (carried.line, carried.column, carried.source) == (5, 7, "x^2")


def test_struck_text_is_kept_and_no_continuation_attaches_to_it() -> None:
    document = read_document("$$y = 5$$\n\n~~$$y = 6$$~~\n\n$$= 7$$\n")
    first, struck, last = document.statements
    assert (first.struck, struck.struck, last.struck) == (False, True, False)
    assert [to_latex(side.tree) for side in last.sides] == ["5", "7"]


def test_labels_in_force() -> None:
    labels = [statement.label for statement in read_document(NOTES).statements]
    assert labels == ["(a)", "(a)", "(a)", "(a)", "(a)", "1)", "1)", "(a)"]


PIECES = {
    "parentheses": (r"so \(a = 1\) holds", [(1, 6)]),
    "brackets": ("\\[\na = 1\n\\]", [(2, 1)]),
    "math-fence": ("```math\na = 1\n```", [(2, 1)]),
    "plain-fence": ("```\n3 + 4 = 7\n```", [(2, 1)]),
    "code-is-skipped": ("```python\na = 1\n```", []),
    "inline-code-is-skipped": ("use `a = 1` here", []),
    "money": ("It costs $5 and $6 today", []),
    "environment": ("\\begin{align}\na &= 1\n\\end{align}", [(2, 1)]),
    "unicode-columns": ("größe: α = 2", [(1, 8)]),
    "windows-lines": ("a = 1\r\n\r\nb = 2", [(1, 1), (3, 1)]),
    "partly-delimited": ("= $2 x$ + 1", [(1, 4)]),
    "latex-in-prose": (r"next c_t = f_t \odot c_{t-1} Memory controlled", [(1, 6)]),
    "prose": ("the rate is high, that = no good", []),
    "dash-list": ("- first thing\n- second thing", []),
    "html": ('<img src="a.png" width=200>', []),
    "table-cell": ("| a | $x = 1$ |\n|---|---|", [(1, 8)]),
    "quoted": ("> $a = 1$", [(1, 4)]),
    "quoted-display": ("> $$\n> a = 1\n> $$", [(2, 3)]),
    "inequality-row": ("$$\na\n> 1\n$$", [(2, 1)]),
}


@pytest.mark.parametrize(("text", "expected"), PIECES.values(), ids=PIECES.keys())
def test_where_mathematics_is_found(text: str, expected: list[tuple[int, int]]) -> None:
    statements = read_document(text).statements
    assert [(statement.place.line, statement.place.column) for statement in statements] == expected


TEX = r"""\documentclass{article}
\newcommand{\R}{x = 1}
\begin{document}
\section*{Question 3}
We find $a = 1$. % not $b = 2$
\begin{align*}
  y &= 2 x \\
    &= 6
\end{align*}
\begin{enumerate}
\item[(b)] Then \(c = 80\%\).
\end{enumerate}
\end{document}
"""


def test_latex_document() -> None:
    statements = read_document(TEX, "script.tex").statements
    assert [(s.place.line, s.place.column, s.label) for s in statements] == [
        (5, 10, "Question 3"),
        (7, 3, "Question 3"),
        (11, 19, "(b)"),
    ]
    assert len(statements[1].sides) == 3


ROLES = {
    "let": ("Let $x = 3$ be given", "given"),
    "if": ("It holds if $x > 3$", "condition"),
    "for": ("so for $x_1 = 0$ we get nothing", "condition"),
    "claim": ("Therefore $x = 3$", "claim"),
}


@pytest.mark.parametrize(("text", "role"), ROLES.values(), ids=ROLES.keys())
def test_prose_says_what_is_no_claim(text: str, role: str) -> None:
    (statement,) = read_document(text).statements
    assert statement.role == role


def test_a_letter_defined_as_a_function_is_one_everywhere() -> None:
    document = read_document("$h(x) = x^2$\n\n$h(3 + 1) = 16$\n")
    assert isinstance(document.statements[1].sides[0].tree, Call)
    assert document.notes == ("h is a function: the document defines h(...)",)


def test_continuation_of_nothing_is_a_hole() -> None:
    (statement,) = read_document("$$= 4$$").statements
    tree = statement.sides[0].tree
    assert isinstance(tree, Hole)
    assert "no claim stands before it" in tree.reason


def test_a_heading_ends_what_can_be_continued() -> None:
    last = read_document("$$a = 3$$\n\n# Next\n\n$$= 4$$").statements[-1]
    assert not last.continues


def test_words_between_are_reported() -> None:
    last = read_document("$$a = 3$$\n\nnow we calculate\n\n$$= 4$$").statements[-1]
    assert last.assumed == ("continues line 1, though words stand between",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("---\nproblem: activations/tanh\n---\n$a=1$", "activations/tanh"),
        ("<!-- problem: softmax/jacobian -->\n", "softmax/jacobian"),
        ("# Problem 2\n$a=1$", None),
    ],
    ids=["front-matter", "comment", "heading"],
)
def test_problem_identifier(text: str, problem: str | None) -> None:
    assert read_document(text).problem == problem


HOSTILE = {
    "own-commands": "\\newcommand{\\q}[1]{#1#1#1#1#1#1#1#1}\n" + "$\\q{\\q{\\q{\\q{x}}}}$\n" * 5_000,
    "blank-lines": "\n" * 300_000,
    "table": "| 1 | 2 = 3 | $x$ |\n" * 10_000,
    "one-long-line": "$x_1 = 2$ and 3 + 4 = 7 " * 5_000,
    "open-brackets": "$$" + "(" * 5_000 + "$$",
    "nested-braces": "$$" + "{" * 3_000 + "x" + "}" * 3_000 + "$$",
    "nested-fractions": "$$" + r"\frac{1}{" * 200 + "x" + "}" * 200 + "$$",
    "powers": "$$" + "x^{" * 300 + "2" + "}" * 300 + "$$",
    "accents": "$$" + r"\hat" * 900 + "x$$",
    "functions": "$$" + r"\sin " * 900 + "x$$",
    "signs": "$$" + "-" * 1_500 + "x$$",
    "primes": "$$f" + "'" * 1_500 + "$$",
    "divisions": "$$" + "1/" * 900 + "2$$",
    "factorials": "$$3" + "!" * 1_500 + "$$",
    "long": "$$" + "x + " * 50_000 + "1$$",
    "dollars": "$" * 50_000,
    "openers": "\\[" * 30_000,
    "tildes": "~~" * 30_000,
    "backticks": "`" * 30_000,
    "lone-begins": "\\begin{align}" * 5_000,
    "bars": "$$" + "|" * 1_900 + "$$",
    "roots": "$$" + r"\sqrt" * 900 + "2$$",
    "derivatives": "$$" + r"\frac{d}{dx}" * 400 + "x$$",
    "sums": "$$" + r"\sum_i " * 600 + "x$$",
    "begins": "$$" + r"\begin{bmatrix}" * 300 + "$$",
    "equals": "$$" + "=" * 1_900 + "$$",
    "commas": "$$" + "a=1," * 450 + "$$",
    "surrogates": "$$\udc80 = 1$$",
    "control": "$$a\x00\x01 = 1$$\x0c",
    "right-to-left": "$$\u202ea = 1\u202c$$",
    "powers-of-powers": "$$9^{9^{9^{9}}}$$",
    "open-strikes": "\\sout{" * 5_000,
    "open-words": "$\\text{" * 5_000,
    "open-styles": "\\textbf{" * 500,
    "lone-brackets": "[\n" * 20_000,
    "doubled-brackets": "\\\\(" * 20_000,
    "remarks": "%%" * 20_000,
    "struck-lines": "~~$a = 1$~~\n" * 2_000,
    "ruled-table": "| a | b |\n|---|---|\n" + "| 1 = 1 | $x$ |\n" * 2_000,
    "open-tables": "\\begin{tabular}" * 3_000,
    "hidden-arrays": "$" + "\\begin{array}{c}" * 400 + "$",
    "front-matter": "---\n" * 5_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_read_without_exception(text: str) -> None:
    """How long it takes is measured in ``benchmarks/bench_reading.py``."""
    document = read_document(text)
    for statement in document.statements:
        for side in statement.sides:
            to_latex(side.tree)


CEILINGS = {
    "length": ("x" + " " * 9_000 + "+ 1", "longer than 8000 characters"),
    "tokens": ("x+" * 1_100 + "1", "more than 2000 tokens"),
    "a-side-of-many-rows": (r"x + \\ " * 1_100 + "1", "more than 2000 tokens"),
    "rows": (r"x = 1 \\ " * 6_000, "more than 20000 tokens"),
    "all-rows": (r"x = 1 \\ " + " " * 80_000, "longer than 80000 characters"),
    "depth": ("(" * 50 + "x" + ")" * 50, "more than 40 deep"),
}


@pytest.mark.parametrize(("formula", "reason"), CEILINGS.values(), ids=CEILINGS.keys())
def test_ceilings_name_themselves(formula: str, reason: str) -> None:
    (statement,) = read_document(f"$${formula}$$").statements
    tree = statement.sides[0].tree
    assert isinstance(tree, Hole)
    assert reason in tree.reason


def test_the_ceilings_are_those_of_one_row() -> None:
    """A derivation of many rows is read, though it is longer than one formula may be."""
    rows = [rf"&= x + {number}" for number in range(1_000)]
    (statement,) = read_document(r"\begin{align*} y " + r" \\ ".join(rows) + r" \end{align*}").statements
    assert statement.status == "read"
    assert [side.latex for side in statement.sides] == ["y", *(f"x + {number}" for number in range(1_000))]


def _links(text: str) -> list[str]:
    shown = []
    for statement in read_document(text).statements:
        sides = [
            f"<{s.tree.reason}>" if isinstance(s.tree, Hole) else to_latex(s.tree) for s in statement.sides
        ]
        line = sides[0] + "".join(
            f" {sign} {side}" for sign, side in zip(statement.signs, sides[1:], strict=True)
        )
        shown.append(line.replace(r"\left", "").replace(r"\right", ""))
    return shown


TYPED = {
    "a-factor-behind-a-bracket": (
        "dL/dw = (y - t) x = 1 * 4 = 4",
        [r"\frac{d L}{d w} = (y - t) x = 1 * 4 = 4"],
    ),
    "a-factor-behind-a-letter": ("q = a x = 6", ["q = a x = 6"]),
    "two-equations-on-a-line": ("a = 1  b = 2", ["a = 1", "b = 2"]),
    "two-equations-far-apart": ("a = u  b = 2", ["a = u", "b = 2"]),
    "a-label-with-a-number": ("net_h1 = 0.15", [r"\text{net}_{h, 1} = 0.15"]),
    "a-braced-label-with-a-number": ("$z_{h1} = 0.15$", [r"z_{h, 1} = 0.15"]),
    "derivative-by-a-numbered-name": ("dE/dw5 = 3", [r"\frac{d E}{d w_{5}} = 3"]),
    "a-letter-x-between-numbers": ("m = 3 x 3 x 64 = 576", [r"m = 3 \times 3 \times 64 = 576"]),
    "a-power-of-ten-with-a-letter-x": ("n = 9.2 x 10^8", ["n = 9.2 \\times 10^{8}"]),
    "bytes": ("112*128*4 bytes = 57,344 bytes", [r"112 * 128 * 4 \text{bytes} = 57344"]),
    "bytes-in-text": (r"$4 \cdot 2 \text{bytes} = 8$", [r"4 \cdot 2 \text{bytes} = 8"]),
    "an-item-of-several-formulas": (
        r"\item $g = \sqrt{x}$, $h = 2$, $k = 3$",
        [r"g = \sqrt{x}", "h = 2", "k = 3"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), TYPED.values(), ids=TYPED.keys())
def test_what_is_typed_without_care(text: str, expected: list[str]) -> None:
    assert _links(text) == expected


PROSE_ROLES = {
    "a-colon-ends-a-condition": ("For $x < 0$: $y = 1$ and $z = 2$.", ["condition", "claim", "claim"]),
    "a-comma-ends-a-condition": ("For $x < 0$, $y = 1$", ["condition", "claim"]),
    "two-conditions": ("if $x > 0$ and $y > 0$ then $z > 0$", ["condition", "condition", "claim"]),
    "two-givens": ("let $x = 2$, $y = 3$ and $z = 4$", ["given", "given", "given"]),
    "words-after-a-given": ("let $x = 2$. Then $y = 3$", ["given", "claim"]),
    "words-after-a-condition": ("for $x > 0$ we have $y = 3$", ["condition", "claim"]),
    "where-afterwards": ("$y = z$ where $z = 4$", ["claim", "given"]),
}


@pytest.mark.parametrize(("text", "roles"), PROSE_ROLES.values(), ids=PROSE_ROLES.keys())
def test_roles_end_where_their_words_do(text: str, roles: list[str]) -> None:
    assert [statement.role for statement in read_document(text).statements] == roles


SUBJECTS = {
    "word": (
        "$v = (2, 4)$\n\nthe mean $= 6/2 = 3$",
        [r"v = (2, 4)", r"\operatorname{mean} = \frac{6}{2} = 3"],
    ),
    "bold": ("**MSE** $= 6/2$", [r"\text{MSE} = \frac{6}{2}"]),
    "which": ("$a = 6/2$, which $= 3$", [r"a = \frac{6}{2}", r"\frac{6}{2} = 3"]),
    "line-above": ("$a = 6/2$\n\n$= 3$", [r"a = \frac{6}{2}", r"\frac{6}{2} = 3"]),
}


@pytest.mark.parametrize(("text", "expected"), SUBJECTS.values(), ids=SUBJECTS.keys())
def test_words_may_name_what_is_computed(text: str, expected: list[str]) -> None:
    assert _links(text) == expected
