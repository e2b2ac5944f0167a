"""What might be read as something else than is written: it is read rightly, or openly not."""

import pytest

from derive.reading import Document, read_document, to_latex
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
            "<the line continues something, but what stands before it was not read> = 5",
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [*NAMED_IN_WORDS.values(), *BEFORE_THE_SIGN.values()],
    ids=[*NAMED_IN_WORDS, *BEFORE_THE_SIGN],
)
def test_words_that_say_what_a_side_is(text: str, expected: list[str]) -> None:
    assert chains(read_document(text)) == expected
