"""Homework as it is handed in: LaTeX with its own commands, pages from OCR programs, answers by e-mail."""

import itertools

import pytest

from derive.reading import Declarations, Document, read_document, to_latex
from derive.reading.tree import Hole


def plain(latex: str) -> str:
    for word in ("arrow", "Arrow"):
        latex = latex.replace(rf"\right{word}", rf"\RIGHT{word}").replace(rf"\left{word}", rf"\LEFT{word}")
    latex = latex.replace(r"\left", "").replace(r"\right", "")
    return latex.replace(r"\RIGHT", r"\right").replace(r"\LEFT", r"\left")


def chains(document: Document) -> list[str]:
    made = []
    for statement in document.statements:
        text = ""
        for place, side in enumerate(statement.sides):
            text += f" {statement.signs[place - 1]} " if place else ""
            text += f"<{side.tree.reason}>" if isinstance(side.tree, Hole) else plain(to_latex(side.tree))
        made.append(text)
    return made


def items(*lines: str, style: str = "") -> str:
    return "\n".join([f"\\begin{{enumerate}}{style}", *lines, "\\end{enumerate}"])


def tex(body: str, head: str = "") -> str:
    return f"\\documentclass{{article}}\n{head}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


MACROS = {
    "plain": (r"\newcommand{\R}{\mathbb{R}}", r"$x \in \R$", [r"x in \mathbb{R}"]),
    "without-braces": (r"\newcommand\bx{\mathbf{x}}", r"$\bx = 3$", [r"\boldsymbol{x} = 3"]),
    "arguments": (
        r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}",
        r"$\pd{L}{w} = \pd L z \pd{z}{w}$",
        [r"\frac{\partial L}{\partial w} = \frac{\partial L}{\partial z} \frac{\partial z}{\partial w}"],
    ),
    "optional": (r"\newcommand{\nm}[2][2]{\|#2\|_{#1}}", r"$\nm{x} = \nm[1]{y}$", [r"\|x\|_{2} = \|y\|_{1}"]),
    "redefined": (r"\renewcommand{\vec}[1]{\mathbf{#1}}", r"$\vec{v} = 0$", [r"\boldsymbol{v} = 0"]),
    "def": (r"\def\E{\mathbb{E}}", r"$\E[x] = 1$", [r"\mathbb{E}[x] = 1"]),
    "def-with-arguments": (r"\def\half#1{\frac{#1}{2}}", r"$\half{x} = 1$", [r"\frac{x}{2} = 1"]),
    "operator": (
        r"\DeclareMathOperator{\softmax}{softmax}",
        r"$p = \softmax(z)$",
        [r"p = \operatorname{softmax}(z)"],
    ),
    "operator-below": (
        r"\DeclareMathOperator*{\argmin}{arg\,min}",
        r"$w = \argmin_v f(v)$",
        [r"w = \operatorname{argmin}_{v} f(v)"],
    ),
    "nested": (
        "\\newcommand{\\a}{\\mathbf{a}}\n\\newcommand{\\na}{\\|\\a\\|}",
        r"$\na = 1$",
        [r"\|\boldsymbol{a}\| = 1"],
    ),
    "itself": (r"\newcommand{\x}{\x + 1}", r"$y = \x$", [r"<the command \x is nested more than 8 deep>"]),
    "unknown-stays-a-hole": ("", r"$y = \pd{L}$", [r"y = <the command \pd is not known>"]),
    "argument-missing": (r"\newcommand{\g}[1]{#1}", r"$y = \g$", [r"<the command \g lacks an argument>"]),
}  # fmt: skip


@pytest.mark.parametrize(("head", "body", "expected"), MACROS.values(), ids=MACROS.keys())
def test_the_writers_own_commands(head: str, body: str, expected: list[str]) -> None:
    assert chains(read_document(tex(body, head), "a.tex")) == expected


def test_own_commands_in_markdown() -> None:
    text = "$\\newcommand{\\R}{\\mathbb{R}}$\n\nSo $x \\in \\R$ and $$\\def\\y{z} \\y = 2$$"
    assert chains(read_document(text)) == [r"x in \mathbb{R}", "z = 2"]


def test_a_command_that_doubles_itself_is_bounded() -> None:
    names = [f"\\m{chr(97 + i)}" for i in range(20)]
    lines = [f"\\newcommand{{{names[0]}}}{{x+x}}"]
    lines += [f"\\newcommand{{{b}}}{{{a}+{a}+{a}+{a}}}" for a, b in itertools.pairwise(names)]
    document = read_document(tex(f"$y = {names[-1]}$", "\n".join(lines)), "a.tex")
    (statement,) = document.statements
    assert all(isinstance(side.tree, Hole) for side in statement.sides)


def test_places_after_commands_of_the_writer() -> None:
    text = tex("\\begin{align}\n  \\pd{L}{w} &= 2 \\\\\n   &= \\pd{L}{w} + 3\n\\end{align}",
               "\\newcommand{\\pd}[2]{\\frac{\\partial #1}{\\partial #2}}")  # fmt: skip
    (statement,) = read_document(text, "a.tex").statements
    places = [(side.place.line, side.place.column, side.place.source) for side in statement.sides]
    assert places == [(5, 3, r"\pd{L}{w}"), (5, 16, "2"), (6, 7, r"\pd{L}{w} + 3")]


TEXS = {
    "intertext": (
        "\\begin{align*}\na &= 3\\\\\n\\intertext{and so}\nc &= 7\n\\end{align*}",
        ["a = 3", "c = 7"],
    ),
    "tags": (
        "\\begin{align}\na &= 3 \\label{eq:1}\\\\\n &= b \\nonumber \\\\ &= c \\tag{2}\n\\end{align}",
        ["a = 3 = b = c"],
    ),
    "qed": (r"\[ f = 9. \qedhere \]", ["f = 9"]),
    "verb": (r"\verb|$x = 3$| and $y = 4$", ["y = 4"]),
    "comment": ("$a = 1$ % $b = 2$\n100\\% $c = 3$", ["a = 1", "c = 3"]),
    "comment-inside": ("\\[ a = 1 % + 2\n + 3 \\]", ["a = 1 + 3"]),
    "eqnarray": ("\\begin{eqnarray*}\nx & = & 1 + 1 \\\\\n & = & 2\n\\end{eqnarray*}", ["x = 1 + 1 = 2"]),
    "gather": ("\\begin{gather}\n p = 1 \\\\ q = 2\n\\end{gather}", ["p = 1", "q = 2"]),
    "multline": ("\\begin{multline}\n s = a + b \\\\ + c\n\\end{multline}", ["s = a + b + c"]),
    "table": ("\\begin{tabular}{|c|c|}\nfc & $4 \\cdot 2 = 8$ \\\\\n\\end{tabular}", [r"4 \cdot 2 = 8"]),
    "money": (r"It costs \$5 and \$6 for $n = 2$", ["n = 2"]),
    "boxed-outside": (r"\fbox{$y = 12$}", ["y = 12"]),
    "split": ("\\begin{equation}\\begin{split}\na &= b\\\\ &= c\n\\end{split}\\end{equation}", ["a = b = c"]),
    "subequations": ("\\begin{subequations}\\begin{align}a &= b\\end{align}\n\\end{subequations}", ["a = b"]),
    "theorem": ("\\begin{theorem}[Chain]\nWe have $f = g$.\n\\end{theorem}", ["f = g"]),
    "verbatim": ("\\begin{verbatim}\n$x = 5$\n\\end{verbatim}\n$y = 1$", ["y = 1"]),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), TEXS.values(), ids=TEXS.keys())
def test_latex_homework(body: str, expected: list[str]) -> None:
    assert chains(read_document(tex(body), "a.tex")) == expected


LABELS = {
    "enumerate": (items(r"\item $a=1$", r"\item $b=1$") + "\n$c=1$", ["1.", "2.", ""]),
    "nested": (
        items(r"\item $a=1$", items(r"\item $b=1$"), r"\item $c=1$"),
        ["1.", "(a)", "2."],
    ),
    "styled": (items(r"\item $a=1$", r"\item $b=1$", style=r"[label=(\alph*)]"), ["(a)", "(b)"]),
    "short-style": (items(r"\item $a=1$", r"\item $b=1$", style="[i)]"), ["i)", "ii)"]),
    "exam": (
        "\\begin{questions}\n\\question[5] $a=1$\n\\begin{parts}\n\\part[2] $b=1$\n\\part $c=1$",
        ["Question 1", "(a)", "(b)"],
    ),
    "own": ("\\begin{enumerate}\n\\item[(c)] $a=1$\n\\end{enumerate}", ["(c)"]),
    "itemize": ("\\begin{itemize}\n\\item $a=1$\n\\end{itemize}", [""]),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), LABELS.values(), ids=LABELS.keys())
def test_parts_are_counted(body: str, expected: list[str]) -> None:
    assert [statement.label for statement in read_document(tex(body), "a.tex").statements] == expected


PAGES = {
    "entities": (r"\( a &lt; b \)", ["a < b"]),
    "entity-outside": ("3 &times; 4 = 12", [r"3 \times 4 = 12"]),
    "html-scripts": ("y<sub>1</sub> = x<sup>2</sup> + 1", ["y_{1} = x^{2} + 1"]),
    "equations-in-an-array": (r"$$\begin{array}{l} u = 3 \\ v = 4 \end{array}$$", ["u = 3", "v = 4"]),
    "chain-in-an-array": (r"$$\begin{array}{rl} u & = 3 \\ & = v \end{array}$$", ["u = 3 = v"]),
    "picture": (r"\includegraphics[width=\textwidth]{a=b.png}", []),
    "image": ("![a = b](x=y.png)", []),
    "ocr-label": (r"\[ H_{\text {out }}=3 \tag{3} \]", [r"H_{\text{out}} = 3"]),
    "two-codes": ("use `a = 1` or `b = 2` here", []),
    "page-marker": ("2 | P a g e\n\n---\n$a = 1$", ["a = 1"]),
    "mixed-line": (r"so $a < b$, and then 3 * 4 = 12 holds", ["a < b", "3 * 4 = 12"]),
    "half-delimited": (r"then $a$ = 5 holds", ["a = 5"]),
    "half-delimited-round": (r"then \(a + 1\) = 5 holds", ["a + 1 = 5"]),
    "python-power": ("the value x**2 + 1 = 5", ["x^{2} + 1 = 5"]),
    "emphasised-in-prose": ("The answer is **x = 3** here", ["x = 3"]),
    "emphasis": ("**x = 3**", ["x = 3"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PAGES.values(), ids=PAGES.keys())
def test_pages_from_ocr(text: str, expected: list[str]) -> None:
    assert chains(read_document(text)) == expected


ROLES = {
    "wrapped": ("it is zero where\n$q = w x$ holds", "a.md", ["given"]),
    "display-after-where": ("where\n\n$$q = w x$$", "a.md", ["given"]),
    "only-what-follows-at-once": ("where\n\n$$q = w x$$\n\n$$r = 2$$", "a.md", ["given", "claim"]),
    "a-colon-ends-a-condition": ("this is for:\n\n$$q = w x$$", "a.md", ["claim"]),
    "no-relation-no-condition": ("for\n\n$$q$$\n\n$$= w$$", "a.md", ["claim", "claim"]),
    "sentence-ended": ("All of this is given.\n\n$$q = w x$$", "a.md", ["claim"]),
    "sentence-ended-here": ("All of this is given. $q = w x$", "a.md", ["claim"]),
    "and-continues": ("Let $x = 3$ and $y = 4$", "a.md", ["given", "given"]),
    "and-then-not": ("Let $x = 3$ and then we get $y = 4$", "a.md", ["given", "claim"]),
    "latex-words": (r"\textbf{Let} $x = 3$", "a.tex", ["given"]),
    "latex-for-all": ("For all $x > 0$ we find $f = 2$", "a.tex", ["condition", "claim"]),
    "case-with-colon": (r"- \( i \neq j \): \( d_{ij} = 0 \)", "a.md", ["condition", "claim"]),
    "plain-if": ("f(x) = max(0, x) if x > 0", "a.md", ["claim", "condition"]),
    "plain-and": ("let x = [1, 2, 3] and y = 2x", "a.md", ["given", "given"]),
}


@pytest.mark.parametrize(("text", "name", "roles"), ROLES.values(), ids=ROLES.keys())
def test_what_prose_says_of_a_formula(text: str, name: str, roles: list[str]) -> None:
    assert [statement.role for statement in read_document(text, name).statements] == roles


SAID = {
    "matrix": ("where $W$ is a $3 \\times 5$ matrix", ["W: 3x5"]),
    "plain-matrix": ("W is a 3x5 matrix", ["W: 3x5"]),
    "set": (r"Let $x \in \mathbb{R}^5$", ["x: 5"]),
    "product-set": (r"$W \in \mathbb{R}^{n \times m}$", ["W: n x m"]),
    "reals": (r"$c \in \mathbb{R}$", ["c: real"]),
    "interval": (r"$p \in (0, 1)$", ["p: in (0,1)"]),
    "binary": (r"$y \in \{0, 1\}$", ["y: binary"]),
    "vector-of-length": ("here $b$ is a vector of length 4", ["b: 4"]),
    "dimensional": ("and $b$ is a 4-dimensional vector", ["b: 4"]),
    "symmetric": ("$A$ is a symmetric matrix", ["A: matrix, symmetric"]),
    "function": (r"where $\sigma$ is the sigmoid function", [r"\sigma: sigmoid function"]),
    "scalar": ("$k$ is a positive integer", ["k: positive"]),
    "bound": ("Let $x > 0$", ["x > 0"]),
    "article-is-no-name": ("a is a matrix", []),
    "nothing": ("this is a large matrix", []),
    "condition-is-local": ("for $x > 0$ we get $f = x$", []),
}  # fmt: skip


@pytest.mark.parametrize(("text", "lines"), SAID.values(), ids=SAID.keys())
def test_prose_declares(text: str, lines: list[str]) -> None:
    assert list(read_document(text).declared) == list(Declarations.parse(lines))


def test_what_is_declared_from_outside_stands() -> None:
    declared = read_document("$W$ is a 3x5 matrix", declarations=Declarations.parse(["W: 2x2"])).declared
    assert "W" not in declared


def test_what_a_document_declares_settles_its_reading() -> None:
    document = read_document("Let $x \\in \\mathbb{R}$. Then $x^{k} = 1$.")
    assert chains(document)[-1] == "x^{k} = 1"
    assert document.notes == (r"x is real: line 1",)
