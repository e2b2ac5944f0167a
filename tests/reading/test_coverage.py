"""Nothing that is written gets lost: every token is in a tree, an annotation or a hole."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.reading import Declarations, Statement, read_document, read_statements, symbols
from derive.reading.lexer import Token, TooLarge, lex
from derive.reading.tree import (
    Big,
    Call,
    Cases,
    Derivative,
    Ellipsis,
    Hole,
    Name,
    Number,
    Relation,
    Text,
    Transpose,
    Tree,
)

CONTENT = ("number", "letter", "run", "word", "text")
# What a node may say by itself, without a leaf of its own.
SIGNS = symbols.words("d partial delta nabla T top intercal 1 I E if otherwise else arg sqrt for when and or")
SIGNS |= symbols.BIG_COMMANDS.keys() | symbols.BIG_WORDS


def is_content(token: Token) -> bool:
    """Whether a token stands for something by itself, and is no bracket, sign or spacing."""
    known = symbols.SYMBOLS | symbols.FUNCTION_COMMANDS | symbols.BIG_COMMANDS.keys() | {"partial", "nabla"}
    return token.kind in CONTENT or token.kind == "bad" or (token.kind == "command" and token.text in known)


def places(tree: Tree) -> tuple[list[tuple[int, int]], ...]:
    """Where its leaves stand, and where a node may write a sign of its own: outside all its children."""
    leaves: list[tuple[int, int]] = []
    own: list[tuple[int, int]] = []
    transposes: list[tuple[int, int]] = []
    for node in tree.walk():
        if node.span is None:
            continue
        if isinstance(node, (Name, Number, Ellipsis, Text, Hole)):
            leaves.append(node.span)
        elif isinstance(node, (Derivative, Big, Transpose, Call, Cases, Relation)):
            if isinstance(node, Transpose):
                transposes.append(node.span)
            at = node.span[0]
            for start, end in sorted(child.span for child in node.children() if child.span is not None):
                own.append((at, max(start, at)))
                at = max(at, end)
            own.append((at, node.span[1]))
            if isinstance(node, Big) and node.operator == "int":  # its d may stand in a fraction
                own.append(node.span)
    return leaves, own, transposes


def lost(source: str, statements: tuple[Statement, ...], text: str | None = None, base: int = 0) -> list[str]:
    """The characters of a formula's content that are in no leaf, no hole, no sign and no annotation."""
    starts = [0, *(match.end() for match in re.finditer("\n", source if text is None else text))]
    leaves: list[tuple[int, int]] = []
    own: list[tuple[int, int]] = []
    transposes: list[tuple[int, int]] = []
    said = ""
    for statement in statements:
        said += f" {statement.words} {statement.label} {' '.join(statement.assumed)}"
        for side in statement.sides:
            if isinstance(side.tree, Hole):
                at = starts[side.place.line - 1] + side.place.column - 1
                leaves.append((at, at + len(side.place.source)))
            found = places(side.tree)
            leaves.extend(found[0])
            own.extend(found[1])
            transposes.extend(found[2])
    try:
        tokens = lex(source, base)
    except TooLarge:
        return []
    missing = []
    columns = [match.span(1) for match in re.finditer(r"\\begin\{array\}\s*\{([^{}]*)\}", source)]
    columns = [(base + a, base + b) for a, b in columns]
    written = source if text is None else text
    for token in tokens:
        if any(a <= token.start < b for a, b in columns):
            continue  # how an array is set, not what it says
        if not statements and token.kind in ("text", "run"):
            continue  # words and signs alone: no formula
        if not is_content(token) or (token.text.strip() and token.text.strip() in said):
            continue
        signs = own if token.text.strip() in SIGNS or token.text[:1] == "d" or token.kind == "number" else []
        if token.kind == "run" and SIGNS & set(token.text):
            signs = own
        raised = transposes if token.text.strip() in ("T", "top") else []
        within = [*leaves, *signs, *raised]
        if not all(
            any(a <= at < b for a, b in within) for at in range(token.start, token.end) if written[at] != ","
        ):
            missing.append(token.text)
    return missing


FORMULAS = [
    r"\frac{\partial L}{\partial W^{[1]}_{ij}} = \sum_{k=1}^n \delta_k x_j, \quad i \ne j",
    r"a = \begin{bmatrix} 1 & 2 \\ 3 & x \end{bmatrix}^T y",
    r"b = \begin{cases} a & x > 0 \\ b & \text{otherwise} \end{cases} + 1",
    r"\text{let } q = w x \text{ and then } r = q^2 \tag{3}",
    r"\hat{y} = \sigma(w^T x + b) \approx 0.62 \Rightarrow L = -\log 0.62",
    r"f(x) = \int_0^1 x^2 \, dx + \lim_{n \to \infty} \frac{1}{n} + \max_{a} q_a",
    r"p(x|y) = \frac{p(y|x) p(x)}{p(y)} \quad \text{for all } y",
    r"x \sim \mathcal{N}(0, 1), \|w\|_2^2 \leq \epsilon, |x| = \sqrt[3]{8}",
    r"\underbrace{a + b}_{\text{sum}} = \boxed{c} = 1.73 \times 10^{6} = 80\%",
    r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T}, db = \nabla_b L",
    r"{\bf x}_i {p \over q} \sigma{(z)} \theta{_k}",
    r"\text{softmax(x)}_i = \mathbb{1}\{y = k\} (f * g)(t) @ W",
    r"a = 1 and b = 2 \\ = 3 \foo{x} + 4",
    r"\#\text{params} = 3 x 3 x 64 + 1.5\mathrm{e}{-3}",
    r"\text{a\_b}, \text{c\_d}) = 3 \quad \text{words} \text{and more}",
    r"\cancel{x} y = \underset{w}{\operatorname{argmin}} E[x_1^T W_{ih}^T | y]",
    r"a^{<t>} = [1, 2; 3, 4] \exp -x \cup B_{:,j} (\cdot)",
]


@pytest.mark.parametrize("source", FORMULAS)
def test_every_token_is_somewhere(source: str) -> None:
    assert lost(source, read_statements(source)) == []


ROOT = Path(__file__).parent / "data"
TABLE = tomllib.loads((ROOT / "conformance.toml").read_text())
ROWS = {f"{section['title']}-{row[0]}": row for section in TABLE["section"] for row in section["rows"]}
NOTES = [
    line
    for name in ("lecture_notes.txt", "fresh_notes.txt")
    for line in (ROOT / name).read_text().splitlines()
]


@pytest.mark.parametrize("row", ROWS.values(), ids=[name.replace(" ", "-") for name in ROWS])
def test_every_token_of_the_conformance_table_is_somewhere(row: list) -> None:
    declared = Declarations.parse(row[3].get("declare", []) if len(row) > 3 else [])
    assert lost(row[1], read_statements(row[1], declared)) == []


@pytest.mark.parametrize("source", NOTES, ids=range(len(NOTES)))
def test_every_token_of_lecture_notes_is_somewhere(source: str) -> None:
    assert lost(source, read_statements(source)) == []


PIECES = st.sampled_from([
    r"\frac{a}{b}", "x", "1", "2.5", r"\sum_{i=1}^n", "_i", "^2", "^T", "(y)", r"\partial", "d", "=", ",",
    r"\begin{bmatrix} 1 & q \end{bmatrix}", r"\\", r"\Rightarrow", r"\text{if }", r"\text{so}", r"\quad",
    "'", r"\nabla_w", r"\log", r"\begin{cases} u & v > 0 \end{cases}", r"\hat{z}", "-", "+", r"\int k dk",
    "[s]", r"\cdot", r"\max", r"\boxed{g}", r"\sqrt{h}", r"\alpha", r"\mathbf{W}", "|r|", r"\|t\|", "<",
    r"\in", "{m}", r"{\bf c}", r"\tag{7}", r"\foo", "f(j)", r"\sigma{(o)}", "W^{[l]}", r"\cup", "and",
    ":", r"\frac{\partial L}{\partial e}",
])  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=14))
@settings(max_examples=400, deadline=None)
def test_every_token_of_any_formula_is_somewhere(pieces: list[str]) -> None:
    source = " ".join(pieces)
    assert lost(source, read_statements(source)) == [], source


DOCUMENT = r"""# Task 1
Let $W \in \mathbb{R}^{3 \times 5}$ and \( b = 2 \), so $z = W x + b$ holds.
$$
\begin{aligned}
\frac{\partial L}{\partial w} &= (\hat{y} - y) x \\
 &= 0.2 \times 3
\end{aligned}
$$
> then 3 &times; 4 = 12 and $a$ = 5
$$= 0.6 \quad \text{as } x = 3$$
"""


def test_every_formula_of_a_document_is_somewhere() -> None:
    document = read_document(DOCUMENT)
    spans = [match.span(1) for match in re.finditer(r"\$\$?([^$]+)\$\$?", DOCUMENT)]
    assert len(spans) == 5
    for start, end in spans:
        assert lost(DOCUMENT[start:end], document.statements, DOCUMENT, start) == []
