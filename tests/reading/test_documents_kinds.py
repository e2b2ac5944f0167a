"""Whole documents of many kinds, in ``documents/``: what a person finds in them, line by line.

Each row is the line, the label in force, and the statement as a person reads it; ``~`` marks what is crossed
out, ``?`` a condition, ``!`` what is given. What is not listed must not be read as a statement.
"""

from pathlib import Path

import pytest

from derive.reading import Document, Statement, read_document, to_latex
from derive.reading.tree import Text

FOLDER = Path(__file__).parent / "documents"
MARKS = {"claim": "", "condition": "?", "given": "!"}

EXAM = [
    (13, "Question 1", r"\hat{y} = \sigma(w^{\top} \boldsymbol{x} + b)"),
    (13, "Question 1", r"! \boldsymbol{x} \in \mathbb{R}^{3}"),
    (15, "(a)", "? y = 1"),
    (15, "(a)", r"? \hat{y} = 0.8"),
    (19, "(a)", r"L = -\log(\hat{y}) = -\log(0.8) \approx 0.223"),
    (24, "(b)", r"\frac{\partial L}{\partial w}"),
    (28, "(b)", r"\frac{\partial L}{\partial w} = (\hat{y} - y) \boldsymbol{x}"),
    (32, "(b)", r"\frac{\partial L}{\partial b} = \hat{y} - y = 0.8 - 1 = -0.2"),
    (35, "i.", r"! \eta = 0.1"),
    (35, "i.", r"b := b - \eta \cdot (-0.2)"),
    (44, "(a)", r"O = \frac{32 - 5 + 2 \cdot 2}{1} + 1"),
    (45, "(a)", r"P = 5 \cdot 5 \cdot 3 + 1 = 76"),
    (49, "(b)", "S = 1 + 2 + 3 + 4 + 5 = 15"),
    (53, "(b)", "a = 2 b = 6"),
    (56, "(c)", r"f(x) = \begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}"),
    (60, "(c)", "~ q = 1"),
    (60, "(c)", "~ r = 2"),
    (60, "(c)", "s = 3"),
]

MATHPIX = [
    (11, "Problem 1", r"h = \operatorname{ReLU}(W_{1} x + b_{1})"),
    (11, "Problem 1", r"! W_{1} \in \mathbb{R}^{4 \times 3}"),
    (15, "Problem 1", r"z = W_{1} x + b_{1} = \begin{bmatrix} 0.5 \\ -1 \end{bmatrix}"),
    (25, "(a)", r"\lfloor \frac{28 - 5}{1} \rfloor + 1 = 24"),
    (28, "(b)", r"\frac{d L}{d z} = 2 (z - y)"),
    (32, "(b)", r"24 \times 24 \times 6"),
    (32, "(b)", "156"),
    (33, "(b)", r"12 \times 12 \times 6"),
    (39, "Problem 2", r"p = \frac{3}{8}"),
    (39, "Problem 2", r"1 - p = \frac{5}{8}"),
]

OBSIDIAN = [
    (9, "Backprop", "! x = 2"),
    (9, "Backprop", "! w = 3"),
    (11, "Backprop", "z = w x = 6"),
    (15, "Backprop", r"a = \sigma(z)"),
    (17, "Backprop", r"\frac{\partial L}{\partial z} = a - y"),
    (18, "Backprop", r"L = \frac{1}{2} (a - y)^{2}"),
    (19, "1.", "q = 4"),
    (20, "2.", "r = 5"),
    (22, "2.", "x"),
    (22, "2.", "y"),
    (22, "2.", r"x \wedge y"),
    (31, "2.", r"! \eta = 0.1"),
    (42, "2.", "v = 7"),
    (42, "2.", "u = 8"),
    (46, "2.", "~ d = 1"),
    (46, "2.", "~ e = 2"),
    (46, "2.", "~ g = 3"),
    (46, "2.", "k = 4"),
]

CHAT = [
    (5, "1. Forward pass", r"z_{1} = w_{1} x + b_{1} = 0.5 \cdot 1 + 0.1 = 0.6"),
    (6, "1. Forward pass", r"a_{1} = \sigma(0.6) \approx 0.6457"),
    (11, "2. Loss", r"L = \frac{1}{2} (a_{1} - y)^{2} = \frac{1}{2} (0.6457 - 1)^{2} \approx 0.0628"),
    (22, "1.", r"\frac{\partial L}{\partial a_{1}} = a_{1} - y = -0.3543"),
    (25, "2.", r"\frac{\partial a_{1}}{\partial z_{1}} = a_{1} (1 - a_{1}) = 0.2288"),
    (29, "2.", r"w_{1} := 0.5 - 0.1 \times (-0.0811) = 0.5081"),
    (33, "2.", "w_{1} = 0.5081"),
]

PLAIN = [
    (5, "Q1.", "z = w * x + b"),
    (6, "Q1.", "w * x + b = 0.5 * 2 + 0.1"),
    (7, "Q1.", "0.5 * 2 + 0.1 = 1.1"),
    (8, "Q1.", r"\operatorname{sigmoid}(z) = \frac{1}{1 + e^{-1.1}} = 0.7503"),
    (11, "Q2)", r"\frac{32 - 5 + 2 * 2}{1} + 1 = 32"),
    (12, "Q2)", "(5 * 5 * 3 + 1) * 64 = 4864"),
    (13, "Q2)", r"\text{FLOPs} = 2 * 5 * 5 * 3 * 64 * 32 * 32 \approx 9.8 \text{M}"),
    (17, "b)", r"w_{\text{new}} = w_{\text{old}} - \text{lr} * \frac{d L}{d w}"),
    (18, "b)", r"w_{\text{old}} - \text{lr} * \frac{d L}{d w} = 0.5 - 0.1 * 0.4 = 0.46"),
    (19, "c)", "? x > 0"),
    (19, "c)", r"\operatorname{ReLU}(x) = x"),
    (22, "f)", r"P(A \mid B) = \frac{P(B \mid A) P(A)}{P(B)}"),
    (23, "g)", "0.1 + 0.2 = 0.3"),
    (23, "g)", r"\text{total} = \frac{15}{20}"),
]

OCR = [
    (3, "", "! p = 0.25"),
    (3, "", "1 - p = 0.75"),
    (5, "1)", r"E = 4 \cdot 0.25 = 1"),
    (7, "1)", r"2 \cdot 0.5 = 1.0"),
    (10, "1)", r"\frac{\partial L}{\partial w} = 2 (w x - y) x = 12"),
    (14, "1)", "~ w = 3"),
    (14, "1)", "w = 2.5"),
]

MIXED = [
    (4, "Board 1", "a = 5"),
    (4, "Board 1", "b = 6"),
    (4, "Board 1", "a + b = 11"),
    (6, "a)", "2 + 3 = 5"),
    (6, "b)", "4 + 4 = 8"),
    (10, "b)", r"24 \times 24"),
    (10, "b)", "5 * 5 * 1 * 6 + 6 = 156"),
    (11, "b)", "|x|"),
    (15, "b)", "|x| = 3"),
    (15, "b)", "? x = -3"),
    (17, "b)", "c = 7"),
    (17, "b)", "d = 8"),
    (25, "b)", "e = 9"),
    (26, "b)", "f = 10"),
]

KINDS = {
    "midterm.tex": EXAM,
    "page.mmd": MATHPIX,
    "obsidian.md": OBSIDIAN,
    "chat.md": CHAT,
    "plain.txt": PLAIN,
    "ocr.md": OCR,
    "mixed.md": MIXED,
}


def read(name: str) -> Document:
    return read_document((FOLDER / name).read_text(encoding="utf-8"), name)


def row(statement: Statement) -> tuple[int, str, str]:
    mark = "~" if statement.struck else MARKS[statement.role]
    shown = statement.latex.replace(r"\left", "").replace(r"\right", "")
    return statement.place.line, statement.label, f"{mark} {shown}".strip()


@pytest.mark.parametrize(("name", "expected"), KINDS.items(), ids=KINDS.keys())
def test_a_document_is_read_as_a_person_reads_it(name: str, expected: list[tuple[int, str, str]]) -> None:
    assert [row(statement) for statement in read(name).statements] == expected


@pytest.mark.parametrize("name", KINDS)
def test_every_place_is_where_it_says(name: str) -> None:
    document = read(name)
    lines = document.text.split("\n")
    for statement in document.statements:
        for side in statement.written:
            start = lines[side.place.line - 1][side.place.column - 1 :]
            assert start.startswith(side.place.source.split("\n")[0])


def cells(name: str) -> list[list[list[str]]]:
    return [
        [
            [c.tree.text if isinstance(c.tree, Text) else f"<{to_latex(c.tree)}>" for c in row]
            for row in table.rows
        ]
        for table in read(name).tables
    ]


def test_a_truth_table_is_data() -> None:
    assert cells("obsidian.md") == [
        [["<x>", "<y>", r"<x \wedge y>"], ["<0>", "<0>", "<0>"], ["<1>", "<1>", "<1>"]]
    ]


def test_a_latex_table_is_data() -> None:
    assert cells("page.mmd") == [
        [
            ["layer", "size", "parameters"],
            ["conv1", r"<24 \times 24 \times 6>", "<156>"],
            ["pool", r"<12 \times 12 \times 6>", "<0>"],
        ]
    ]


def test_bars_inside_a_formula_part_no_cells() -> None:
    (table,) = cells("mixed.md")
    assert table[2] == ["pool", r"<\left|x\right|>", "<0>"]


def test_a_documents_own_words_declare_the_decimal_comma() -> None:
    assert read("ocr.md").notes == ("decimal is comma: line 1",)


COUNTED = {
    "an-update": (r"$\theta^{k+1} = \theta^k - \eta g^k$", {r"\theta", "g"}),
    "with-an-index": (r"$w_i^{t+1} = w_i^t + \eta d$", {"w"}),
    "a-power-is-written-too": (r"$x^{k+1} = x^k - x^2$", set()),
    "a-bare-letter-beside-it": (r"$x^{k+1} = x^k + x^k (x - 1)$", set()),
    "a-product": (r"$x^{k+1} = x^k x$", set()),
    "a-rule-of-powers": (r"$\frac{d}{dx} x^{n} = n x^{n-1}$", set()),
    "a-decay-that-is-given": (r"$\beta = 0.9$, $w^{k+1} = w^k - \beta^k g$", {"w"}),
    "a-first-value": (r"$v^{k+1} = \beta v^k + g^k$, $v^0 = 0$", {"v", "g"}),
}


@pytest.mark.parametrize(("text", "labelled"), COUNTED.values(), ids=COUNTED.keys())
def test_superscripts_count_where_the_document_updates_with_them(text: str, labelled: set[str]) -> None:
    declared = read_document(text).declared
    assert {found.name for found in declared if found.labelled} == labelled
