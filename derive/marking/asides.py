"""What a statement does besides claiming: say where something happens, put a value in, ask for a solution."""

from __future__ import annotations

from derive.judging.compare import is_closed
from derive.judging.trees import is_number
from derive.marking.scope import key_of, literal
from derive.reading.statement import Statement
from derive.reading.tree import (
    Ambiguous,
    Big,
    Call,
    Derivative,
    Indexed,
    Multiply,
    Name,
    Negative,
    Number,
    Transpose,
    Tree,
)

_ATOMS = (Name, Indexed, Number)


def in_passing(statement: Statement) -> bool:
    """``around x = 0``: says where something happens, not what x is."""
    words = statement.words.lower().split()
    if len(statement.signs) != 1 or not words or key_of(statement.sides[0].tree) is None:
        return False
    return words[-1] in ("around", "near", "at", "except", "when", "while", "until", "if", "as") and literal(
        statement.sides[1].tree
    )


def puts_in(statement: Statement) -> bool:
    """``at x = 2``, ``for n = 512``: what follows is meant there; ``around x = 0`` puts nothing in."""
    words = statement.words.lower().replace(",", " ").replace(":", " ").split()
    return key_of(statement.sides[0].tree) is not None and not set(words[-3:]) & {
        "around", "near", "except", "until", "not", "undefined", "while", "unless", "if",
    }  # fmt: skip


def solved_for(left: Tree, right: Tree) -> bool:
    """Whether ``left = number`` says what a name must be: ``2 w = 6``, ``cos t = 0.9``, ``... = 0``.

    A longer formula beside a number is a claim for which something was not given; so is a derivative.
    """
    while isinstance(left, (Negative, Transpose)):
        left = left.operand
    if any(isinstance(n, Derivative) for n in left.walk()):
        return False
    factors = left.factors if isinstance(left, Multiply) else (left,)
    plain = all(isinstance(f.operand if isinstance(f, Transpose) else f, _ATOMS) for f in factors)
    return plain or isinstance(left, Call) or is_number(right, 0)


def has_a_value(tree: Tree) -> bool:
    """Whether a side has a value of its own; a sum without bounds has none."""
    return is_closed(tree) and not any(isinstance(n, Big) and n.upper is None for n in tree.walk())


def names_a_gradient(tree: Ambiguous) -> bool:
    """``dz`` may be d times z; where no d is spoken of, it is the gradient by z under a name of its own."""
    second = tree.readings[1]
    return isinstance(second, Multiply) and second.factors[0] == Name("d")
