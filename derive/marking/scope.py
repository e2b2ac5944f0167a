"""What the names of a script mean at a line: values given, formulas, functions, families; and putting them
in.

A name may have a *formula* (how it is computed) and a *value* (what was last written for it). The truth
goes by
formulas, the writer's own road by values: a claim is judged on both.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from derive.judging.names import (
    CONSTANTS,
    RUNNING_LETTERS,
    access,
    function_name,
    is_capital,
    is_letter,
    unlabelled,
)
from derive.judging.trees import rename_bound, size_of
from derive.judging.values import Rounded
from derive.marking.recurrences import NOTHING, Given
from derive.reading.tree import (
    Big,
    Call,
    Derivative,
    Indexed,
    List,
    Matrix,
    Name,
    Negative,
    Number,
    Power,
    Transpose,
    Tree,
)

if TYPE_CHECKING:
    from derive.marking.backward import Gradient

#: The section of what a problem file gives: in force everywhere.
ALWAYS = -1

Mode = Literal["general", "truth", "own"]


@dataclass(frozen=True)
class Meaning:
    """What was written for a name. ``parameters`` are the arguments or indices it is stated for."""

    tree: Tree
    line: int
    section: int
    parameters: tuple[Tree, ...] = ()
    rounded: bool = False
    wrong: bool = False
    others: tuple[Tree, ...] = ()  # further formulas for it that were found equal


@dataclass
class Expansion:
    """A formula with its definitions put in: ``lets`` are formulas of names that stay names, ``used`` the
    meanings
    that went in, ``values`` those of them that were written values."""

    tree: Tree
    lets: dict[Tree, Tree] = field(default_factory=dict)
    used: list[Meaning] = field(default_factory=list)
    values: list[Meaning] = field(default_factory=list)

    def stale(self, section: int) -> list[int]:
        """The lines of meanings that may no longer hold: since then a name was given a new one."""
        return sorted({m.line for m in self.used if m.section not in (section, ALWAYS)})


@dataclass
class Scope:
    """The names of a script, as far as it has been read."""

    formulas: dict[Tree, Meaning] = field(default_factory=dict)
    values: dict[Tree, Meaning] = field(default_factory=dict)
    functions: dict[Tree, Meaning] = field(default_factory=dict)
    former: dict[Tree, Meaning] = field(default_factory=dict)  # formulas of names before their last ones
    rounded: dict[str, int] = field(default_factory=dict)  # digits that were written as a rounding, and where
    drift: dict[str, Fraction] = field(default_factory=dict)  # how far such digits are from the true value
    section: int = 0
    convention: dict[str, str] = field(default_factory=dict)  # what the script says of its notation
    shown: dict[str, str] = field(default_factory=dict)  # the conventions that its lines are right under
    decimal_points: bool = (
        True  # whether its points can only be decimal: they do not all stand before three digits
    )
    symmetric: bool = False  # whether it speaks of symmetric matrices
    backward: bool = False  # whether its dx is the gradient of a loss by x, and no differential
    spoken: dict[Gradient, int] = field(
        default_factory=dict
    )  # gradients it has used, and in which line first
    orthonormal: set[Tree] = field(default_factory=set)  # of which it says that U^T U = I
    shares: set[Tree] = field(default_factory=set)  # families of which it says that they add up to 1

    def knows(self, key: Tree) -> bool:
        """Whether the name has a meaning in this section."""
        tables = (self.formulas, self.values, self.functions)
        return any(key in table and table[key].section in (self.section, ALWAYS) for table in tables)

    def with_rows(self) -> Scope | None:
        """The same with ``W = [2, -1]`` as a row: a list is a column, but a capital may be a matrix."""
        values = {
            name: replace(meaning, tree=Matrix((meaning.tree.items,)))
            for name, meaning in self.values.items()
            if isinstance(meaning.tree, List)
            and is_capital(access(name)[0] if isinstance(name, Indexed) else name)
        }
        return replace(self, values={**self.values, **values}) if values else None

    def as_carried(self, number: Number) -> Rounded:
        """The number as a rounding, with the error that the roundings before it left in it."""
        return Rounded(number.digits, number.unit, self.drift.get(number.digits, Fraction(0)))

    def expand(
        self,
        tree: Tree,
        mode: Mode,
        shape: tuple[int, int] | None = None,
        direct: bool = False,
        fixed: frozenset[Tree] = frozenset(),
        one_step: bool = False,
        kept: tuple[Tree, ...] = (),
        given: Given = NOTHING,
    ) -> Expansion:
        """Put in what the names mean.

        ``general`` puts in formulas and leaves given values as free names; ``truth`` puts in values too,
        formulas first; ``own`` takes what was last written. ``shape`` is the shape of the other side, for a
        family that stands for a whole vector or matrix. With ``direct``, partial derivatives hold all other
        names fixed; ``fixed`` names are held in any case. ``one_step`` of a recurrence is put in, what
        earlier steps gave stays. ``kept`` names stay names. Members of recurrences that are ``given`` are
        not put in.
        """
        expansion = Expansion(tree)
        from derive.marking.expanding import Worker

        worker = Worker(self, mode, expansion, shape)
        worker.direct, worker.fixed, worker.one_step = direct, fixed, one_step
        worker.kept, worker.given = list(kept), given
        expansion.tree = worker.put_in(rename_bound(tree))
        if one_step:
            from derive.marking.expanding import one_of_each_step

            expansion.tree = one_of_each_step(expansion.tree)
            expansion.lets = {one_of_each_step(k): one_of_each_step(v) for k, v in expansion.lets.items()}
        size_of(expansion.tree)
        return expansion


def literal(tree: Tree) -> bool:
    """Whether it is a written value: a number, or a list or matrix of numbers."""
    if isinstance(tree, Negative):
        return literal(tree.operand)
    if isinstance(tree, Transpose):
        return isinstance(tree.operand, (List, Matrix)) and literal(tree.operand)
    if isinstance(tree, (List, Matrix)):
        return all(literal(item) for item in tree.children()) and any(True for _ in tree.children())
    return isinstance(tree, Number)


def _unknown(tree: Tree | None) -> bool:
    """A name, or a function that is not known in itself: its derivative may be given a value."""
    if isinstance(tree, Call):
        function = unlabelled(tree.function)
        return function_name(function) is None
    return isinstance(tree, (Name, Indexed))


#: What is said of a random variable or an event: P(A) says nothing about P(B).
OF_VARIABLES = frozenset(["P", "Pr", "E", "Var", "Cov", "Corr", "H", "I", "KL", "JS", "MI", "std", "V", "D"])


def of_variables(function: Tree) -> bool:
    """Whether a function is of random variables or events, such as ``Var`` and ``P``."""
    base = unlabelled(function)
    return isinstance(base, Name) and base.text in OF_VARIABLES and not base.marks


def key_of(tree: Tree) -> tuple[Tree, tuple[Tree, ...]] | None:
    """``(key, parameters)`` if the tree can be given a meaning: ``x``, ``x_1``, ``s_i``, ``f(x, y)``,
    ``dL/df``.

    >>> key_of(Indexed(Name("s"), (Name("i"),)))
    (Name(text='s', marks=(), font=''), (Name(text='i', marks=(), font=''),))
    >>> key_of(Number("2")) is None
    True
    """
    if isinstance(tree, Name):
        return None if tree in CONSTANTS else (tree, ())
    if isinstance(tree, Indexed) and isinstance(tree.base, (Name, Indexed)):
        base, indices = access(tree)
        runs = [is_letter(i) and i.text in RUNNING_LETTERS for i in indices if isinstance(i, Name)]
        if indices and len(runs) == len(indices) and all(runs) and len(set(indices)) == len(indices):
            return base, indices
        mixed = len(runs) < len(indices)
        return (tree, ()) if mixed or not any(runs) else None
    if isinstance(tree, Call) and isinstance(tree.function, (Name, Indexed)):
        if function_name(unlabelled(tree.function)) is not None:
            return None
        if all(isinstance(a, (Name, Indexed)) for a in tree.arguments) and not of_variables(tree.function):
            return tree.function, tree.arguments
        return tree, ()
    if isinstance(tree, Big) and tree.operator == "E":
        return tree, ()
    if isinstance(tree, Derivative) and tree.at is None and _unknown(tree.of):
        return replace(tree, kind="partial" if tree.kind == "d" else tree.kind), ()
    if (
        isinstance(tree, Power)
        and isinstance(tree.base, (Name, Indexed))
        and isinstance(tree.exponent, Number)
    ):
        base = tree.base.base if isinstance(tree.base, Indexed) else tree.base
        variance = isinstance(base, Name) and base.text == "sigma" and not base.font  # it is written sigma^2
        return (tree, ()) if variance else None
    return None
