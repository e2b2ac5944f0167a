"""The tree of a formula as it was written: what the reader makes and the judge evaluates.

Nothing here is simplified. A tree says what stands on the page, with its order, its digits and its
marks; what it *means* (is ``W^T`` a transpose, is ``\\sigma`` a function) has been settled by the reader
from declarations, or is left open as a :class:`Hole` or an :class:`Ambiguous`.

Trees compare by content: two trees read from different places are equal if they say the same.
``span`` is the half-open range of character offsets in the document's text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from itertools import islice
from typing import Any, Literal

Span = tuple[int, int]


#: Trees of up to so many nodes remember them.
REMEMBERED = 200


@dataclass(frozen=True, kw_only=True)
class Tree:
    """What every node has: its place in the text, which does not count in comparisons.

    A tree never changes, and every question about it asks for its children, its nodes and its hash: each is
    found once and kept beside the fields, under a name with an underscore, so it is no part of what the tree
    says.
    """

    span: Span | None = field(default=None, compare=False, repr=False)

    def __init_subclass__(cls) -> None:
        cls.__hash__ = Tree.__hash__  # type: ignore[method-assign]  # else each would get one that forgets

    def __hash__(self) -> int:
        found: int | None = self.__dict__.get("_hash")
        if found is None:
            names = (name for name in self.__dataclass_fields__ if name != "span")
            found = hash((type(self), *(getattr(self, name) for name in names)))
            self.__dict__["_hash"] = found
        return found

    def children(self) -> tuple[Tree, ...]:
        """The direct sub-trees, in written order."""
        found: tuple[Tree, ...] | None = self.__dict__.get("_children")
        if found is None:
            names = (name for name in self.__dataclass_fields__ if name != "span")
            found = tuple(tree for name in names for tree in _trees_in(getattr(self, name)))
            self.__dict__["_children"] = found
        return found

    def has(self, *kinds: type[Tree]) -> bool:
        """Whether a node of one of these classes is in it.

        >>> Negative(Name("x")).has(Name), Negative(Name("x")).has(Number, Power)
        (True, False)
        """
        return not self._kinds().isdisjoint(kinds)

    def _kinds(self) -> frozenset[type[Tree]]:
        found: frozenset[type[Tree]] | None = self.__dict__.get("_inside")
        if found is None:
            below = {type(self)}
            for child in self.children():
                below |= child._kinds()
            found = self.__dict__["_inside"] = frozenset(below)
        return found

    def walk(self) -> Iterator[Tree]:
        """This node and everything below it, in written order."""
        found: tuple[Tree, ...] | None = self.__dict__.get("_nodes")
        if found is None:
            found = tuple(islice(self._walk(), REMEMBERED + 1))
            found = found if len(found) <= REMEMBERED else ()
            self.__dict__["_nodes"] = found
        return iter(found) if found else self._walk()

    def _walk(self) -> Iterator[Tree]:
        waiting: list[Tree] = [self]
        while waiting:
            tree = waiting.pop()
            yield tree
            waiting.extend(reversed(tree.children()))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_")}


def _trees_in(value: object) -> Iterator[Tree]:
    if isinstance(value, Tree):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _trees_in(item)


@dataclass(frozen=True)
class Number(Tree):
    """A number with its digits as written: ``0.660`` is not ``0.66``.

    ``digits`` is canonical: no thousands separators, a point for the decimal sign, at most one exponent
    (``1.73e6`` for ``1.73 \\times 10^6``). ``unit`` is ``""``, ``"%"``, ``"K"``, ``"M"``, ``"G"``,
    ``"MB"``, ...
    """

    digits: str
    unit: str = ""

    @property
    def value(self) -> Fraction:
        """The exact value of the digits, without the unit."""
        found: Fraction | None = self.__dict__.get("_value")
        if found is None:
            found = self.__dict__["_value"] = Fraction(self.digits)
        return found

    @property
    def places(self) -> int:
        """Decimal places written (negative for a positive exponent): 0.660 has 3, 1.73e6 has -4."""
        mantissa, _, exponent = self.digits.partition("e")
        return len(mantissa.partition(".")[2]) - int(exponent or 0)


@dataclass(frozen=True)
class Name(Tree):
    """A letter or word: ``x``, ``alpha`` (for ``\\alpha``), ``ReLU``.

    ``marks`` in the order read from the inside out: ``hat bar tilde dot vec star prime dagger``; a prime
    on a function name is its derivative (``\\sigma'`` has ``("prime",)``). ``font`` is ``""``, ``"bold"``,
    ``"cal"``, ``"bb"``, ``"text"``: case and font carry meaning.
    """

    text: str
    marks: tuple[str, ...] = ()
    font: str = ""


@dataclass(frozen=True)
class Indexed(Tree):
    """``base_{lower}^{upper}``: indices or labels below, labels above that are not powers.

    ``W^{[l]}_{ij}`` has lower ``(i, j)`` and upper ``([l],)``: an upper label in brackets or parentheses is a
    :class:`List` with those brackets, so that ``z^{(1)}`` and ``z^{[1]}`` differ. ``x_{11}`` has lower
    ``(Number("11"),)``: whether that is one index or two is for declarations to say.
    """

    base: Tree
    lower: tuple[Tree, ...] = ()
    upper: tuple[Tree, ...] = ()


@dataclass(frozen=True)
class Call(Tree):
    """A function applied: ``f(x, y)``, ``\\exp x``, ``\\sigma'(z)``, ``\\max(a, b)``, ``floor``, ``det``,
    ``tr``.

    Square roots are ``sqrt`` (with a second argument the degree), binomials ``binom``, absolute value
    ``abs``, norms ``norm``, ``\\log_2 x`` has the function ``Indexed(Name("log"), (Number("2"),))``.
    """

    function: Tree
    arguments: tuple[Tree, ...]


@dataclass(frozen=True)
class Add(Tree):
    """A sum of two or more terms; a subtracted term is a :class:`Negative`."""

    terms: tuple[Tree, ...]


@dataclass(frozen=True)
class Negative(Tree):
    """``-x``."""

    operand: Tree


ProductSign = Literal["", "cdot", "times", "odot", "otimes", "*"]


@dataclass(frozen=True)
class Multiply(Tree):
    """A product in written order. ``signs[i]`` stands between ``factors[i]`` and ``factors[i + 1]``.

    ``""`` is juxtaposition; ``odot`` (also for ``\\circ``) is the elementwise product.
    """

    factors: tuple[Tree, ...]
    signs: tuple[ProductSign, ...]


@dataclass(frozen=True)
class Divide(Tree):
    """``\\frac{numerator}{denominator}`` and ``a / b``."""

    numerator: Tree
    denominator: Tree


@dataclass(frozen=True)
class Power(Tree):
    """``base^exponent`` where the exponent is a power, an inverse (``Negative(Number("1"))``) included."""

    base: Tree
    exponent: Tree


@dataclass(frozen=True)
class Transpose(Tree):
    """``X^T``, ``X^\\top``, ``X'`` where declared so."""

    operand: Tree


@dataclass(frozen=True)
class Big(Tree):
    """``\\sum``, ``\\prod``, ``\\int``, ``\\max``/``\\min``/``argmax``/``argmin`` over a variable,
    ``\\lim``, ``E``.

    ``variables`` are bound in ``body`` (empty if nothing was written below the sign); ``lower`` and ``upper``
    are the bounds (None if not written); ``domain`` is the set in ``i \\in S``; ``condition`` a
    restriction such
    as ``j \\ne i``.
    """

    operator: str
    variables: tuple[Tree, ...]
    lower: Tree | None
    upper: Tree | None
    body: Tree
    domain: Tree | None = None
    condition: Tree | None = None


@dataclass(frozen=True)
class Matrix(Tree):
    """Rows of equal or unequal length, as written between the environment's brackets.

    ``brackets`` is the opening sign: ``[``, ``(``, ``|`` (a determinant), ``\\|``, ``{`` or ``""``.
    ``bars`` are the columns before which an upright line stands, as in ``{array}{cc|c}``.
    """

    rows: tuple[tuple[Tree, ...], ...]
    brackets: str = "["
    bars: tuple[int, ...] = ()


@dataclass(frozen=True)
class List(Tree):
    """Items between brackets: ``(a, b)``, ``[0.1, 0.2]``, ``[0.1 \\ 0.2]``, ``{1, 2, 3}``; or bare ``a, b``.

    A single item in round brackets is plain grouping and gives no List, except as an upper label.
    """

    items: tuple[Tree, ...]
    brackets: str = "("


@dataclass(frozen=True)
class Cases(Tree):
    """``\\begin{cases}``: pairs of value and condition; the condition is None for "otherwise"."""

    branches: tuple[tuple[Tree, Tree | None], ...]


@dataclass(frozen=True)
class Derivative(Tree):
    """``\\frac{\\partial f}{\\partial x}``, ``\\frac{d}{dx} f``, ``\\nabla_x f``, ``\\dot x``.

    ``of`` is None where only the operator stands; ``wrt`` names the variables once per order; ``kind`` is
    ``d``, ``partial``, ``nabla`` or ``dot``.
    """

    of: Tree | None
    wrt: tuple[Tree, ...]
    kind: str = "partial"
    at: Tree | None = None


@dataclass(frozen=True)
class Relation(Tree):
    """One relation inside a formula (``i = j`` in a delta, ``x > 0`` in cases, below a sum).

    Chains of claims are statements (see :mod:`derive.reading.statement`), not trees.
    """

    sign: str
    left: Tree
    right: Tree


@dataclass(frozen=True)
class Ellipsis(Tree):
    """``\\dots``, ``\\cdots``, ``\\vdots``: something is left out; nothing can be evaluated here."""

    sign: str = "dots"


@dataclass(frozen=True)
class Text(Tree):
    """Words inside a formula: ``\\text{if }``, a unit, a remark."""

    text: str


#: What stands before a sign that has nothing there: ``\\pm 1``, ``\\neg a``, the index ``< t``.
NOTHING = Text("")


@dataclass(frozen=True)
class Ambiguous(Tree):
    """More than one reading remains; ``readings`` are all of them, the likeliest first."""

    readings: tuple[Tree, ...]
    reason: str


@dataclass(frozen=True)
class Hole(Tree):
    """A piece that was not read: its source and why."""

    source: str
    reason: str


def rebuilt(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The tree with ``change`` applied to every node, the innermost first.

    >>> shout = lambda node: replace(node, text=node.text.upper()) if isinstance(node, Name) else node
    >>> rebuilt(Add((Name("x"), Negative(Name("y")))), shout)
    Add(terms=(Name(text='X', marks=(), font=''), Negative(operand=Name(text='Y', marks=(), font=''))))
    """

    def inside(value: Any) -> Any:
        if isinstance(value, Tree):
            return rebuilt(value, change)
        return tuple(inside(item) for item in value) if isinstance(value, tuple) else value

    changes: dict[str, Any] = {
        spec.name: inside(getattr(tree, spec.name))
        for spec in fields(tree)
        if spec.name != "span" and any(True for _ in _trees_in(getattr(tree, spec.name)))
    }
    return change(replace(tree, **changes) if changes else tree)
