"""One piece of mathematics to statements: chains, rows, arrows, words, struck text."""

import pytest

from derive.reading import Statement, read_statements, to_latex
from derive.reading.tree import Hole


def chain(statement: Statement) -> str:
    """The statement in one line; an unread side as ``<reason>``."""
    shown = []
    for place, side in enumerate(statement.sides):
        tree = side.tree
        shown += [statement.signs[place - 1]] if place else []
        shown.append(f"<{tree.reason}>" if isinstance(tree, Hole) else to_latex(tree))
    return " ".join(shown).replace(r"\left", "").replace(r"\right", "")


ROWS = {
    "equation": ("x = 2", ["x = 2"]),
    "chain": ("a = b = c", ["a = b = c"]),
    "no-solving": ("a + b = c", ["a + b = c"]),
    "normal-equations": (r"\theta = (X^TX)^{-1}X^Ty", [r"\theta = (X^{\top} X)^{-1} X^{\top} y"]),
    "relu-chain": (r"f_6 = \mathrm{ReLU}(f_5) = 125", [r"f_{6} = \operatorname{ReLU}(f_{5}) = 125"]),
    "tanh-by-name": (r"\tanh = \frac{a}{b}", [r"\tanh = \frac{a}{b}"]),
    "wide-space": (r"a = 1 \quad b = 2", ["a = 1", "b = 2"]),
    "backslash-space": (r"a = 1 \ b = 2", ["a = 1", "b = 2"]),
    "comma": ("a=1, b=2", ["a = 1", "b = 2"]),
    "comma-list": ("x = 1, 2", ["x = 1, 2"]),
    "range": (r"i = 1, \dots, n", [r"i = 1, \ldots, n"]),
    "tuple-of-names": ("x, y = 1, 2", ["x, y = 1, 2"]),
    "rows": (r"x = -2 \\ y = -4", ["x = -2", "y = -4"]),
    "broken-sum": (r"s = a \\ + b", ["s = a + b"]),
    "row-continues": (r"z = a b \\ = 3", ["z = a b = 3"]),
    "aligned": (r"\begin{aligned} V &\leftarrow a V - g \\ x &\leftarrow x + V \end{aligned}",
    ["V := a V - g", "x := x + V"]),
    "aligned-chain": (r"\begin{aligned} y &= 2 x \\ &= x + x \end{aligned}", ["y = 2 x = x + x"]),
    "two-columns": (r"\begin{aligned} a &= 1 & b &= 2 \end{aligned}", ["a = 1", "b = 2"]),
    "boxed": (r"\boxed{x = 3}", ["x = 3"]),
    "approximately": (r"\sigma(z) \approx 0.62", [r"\sigma(z) ~= 0.62"]),
    "defined": (r"z := A y", ["z := A y"]),
    "arrow-to-a-value": (r"f = x w \Rightarrow 1 \times 5", [r"f = x w -> 1 \times 5"]),
    "arrow-into-arithmetic": (r"f = a - y \Rightarrow 125 - 1 = 124", ["f = a - y -> 125 - 1 = 124"]),
    "arrow-to-a-statement": (r"a + b \geq 0 \Rightarrow a \geq -b", ["a + b >= 0", "a >= -b"]),
    "equivalence": (r"a = b \Leftrightarrow b = a", ["a = b", "b = a"]),
    "mapping": (r"f: A \to B", ["f : A -> B"]),
    "membership": (r"x \in \mathbb{R}^n", [r"x in \mathbb{R}^{n}"]),
    "distribution": (r"w \sim \mathcal{N}(0, 1)", [r"w ~ \mathcal{N}(0, 1)"]),
    "question": (r"h_t = ?", ["h_{t} = <a question, not an answer>"]),
    "bad-side-only": (r"a = \foo = 3", [r"a = <the command \foo is not known> = 3"]),
    "bad-neighbour": (r"a = (1 \quad b = 2", ["a = <unbalanced (>", "b = 2"]),
    "plain-equations": ("a = 1, b = 2*3", ["a = 1", "b = 2 * 3"]),
    "closing-point": ("a = 0.0348.", ["a = 0.0348"]),
    "struck-beginning": (r"a = \cancel{0.07} - 0.09", ["a = -0.09"]),
    "step-is-a-function": (r"y = \mathrm{step}(x)", [r"y = \text{step}(x)"]),
    "words-as-a-name": (r"\text{Layer 1} = 0.07", [r"\text{Layer 1} = 0.07"]),
    "words-between": (r"\text{let } q = y z", ["q = y z"]),
    "stacked-definition": (r"f \stackrel{def}{=} g", ["f := g"]),
    "system": (r"\left\{ \begin{array}{l} a = 1 \\ b = 2 \end{array} \right.", ["a = 1", "b = 2"]),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), ROWS.values(), ids=ROWS.keys())
def test_statements(source: str, expected: list[str]) -> None:
    assert [chain(statement) for statement in read_statements(source)] == expected


ROLES = {
    "let": (r"\text{let } q = y z", ["given"]),
    "if": (r"s = 1 \quad \text{if } z > w", ["claim", "condition"]),
    "for-all": (r"|f - g| \leq \epsilon \quad \forall x", ["claim", "condition"]),
    "claim": ("a = b", ["claim"]),
}


@pytest.mark.parametrize(("source", "roles"), ROLES.values(), ids=ROLES.keys())
def test_conditions_and_givens_are_no_claims(source: str, roles: list[str]) -> None:
    assert [statement.role for statement in read_statements(source)] == roles


LABELS = {
    "tag": (r"a = b \tag{3}", "3"),
    "circled": (r"\textcircled{4} \quad a = b", "4"),
    "unicode-circled": ("① a = b", "1"),
    "number-and-bracket": ("1) a = b", "1"),
    "roman": ("ii) a = b", "ii"),
    "bracketed": (r"(2) \quad a = b", "2"),
    "factor-is-no-label": ("(2) a = b", ""),
}


@pytest.mark.parametrize(("source", "label"), LABELS.values(), ids=LABELS.keys())
def test_labels(source: str, label: str) -> None:
    (statement,) = read_statements(source)
    assert statement.label == label
    assert not any(side.unread for side in statement.sides)


def test_what_is_crossed_out_is_kept_and_marked() -> None:
    (statement,) = read_statements(r"\cancel{\frac{a}{b}} = \cancel{c}")
    assert statement.struck
    assert [side.place.source for side in statement.sides] == [r"\cancel{\frac{a}{b}}", r"\cancel{c}"]


def test_words_that_interrupt_are_not_bridged() -> None:
    _, _, last = read_statements(r"A = A^T \quad \text{if } A \text{ is symmetric} = 2 A x")
    assert chain(last) == "<words stand before the sign> = 2 A x"


def test_every_side_knows_its_place() -> None:
    (statement,) = read_statements("a = \\frac{1}{2}\n  = 0.5")
    assert [(side.place.line, side.place.column) for side in statement.sides] == [(1, 1), (1, 5), (2, 5)]
    assert [side.place.source for side in statement.sides] == ["a", r"\frac{1}{2}", "0.5"]


def test_an_arrow_before_a_statement_is_remembered() -> None:
    _, second = read_statements(r"a \geq b \Rightarrow b \leq a")
    assert second.connective == "->"
