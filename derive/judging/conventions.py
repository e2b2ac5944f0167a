"""The conventions under which a claim may be meant, as data: a wrong claim that another one makes right.

A convention either changes how a formula is evaluated (the base of ``log``), or reads one side as the
writer of the other convention means it (a row vector, a derivative laid out the other way round). Adding a
convention is adding a row to :data:`CONVENTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from derive.judging.names import ONES, access, function_name
from derive.judging.ranks import matrices, size_names
from derive.judging.trees import rebuild, substitute
from derive.reading.tree import (
    Add,
    Big,
    Call,
    Derivative,
    Divide,
    Indexed,
    List,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Transpose,
    Tree,
)

if TYPE_CHECKING:
    from derive.judging.identities import Setting

#: The two sides and the formulas of the names in them, read in another way.
Reading = tuple[Tree, Tree, dict[Tree, Tree]]


@dataclass(frozen=True)
class Convention:
    """One convention: its ``key``, what it may be (``values``, the default first), and what that means.

    A convention without ``read`` is handed to the evaluator. The others have ``read``, which gives every
    way in which the two sides (and the named formulas) read under a value other than the default, and
    ``change``, which reads all of them so when it is put in force; one without ``change`` can only explain
    a wrong claim.
    """

    key: str
    values: tuple[str, ...]
    meaning: str
    concerns: Callable[[Tree], bool]
    read: Callable[[Tree, Tree, Mapping[Tree, Tree], str], Iterator[Reading]] | None = None
    said: Mapping[str, str] | None = None
    change: Callable[[list[Tree]], list[Tree]] | None = None

    def says(self, value: str) -> str:
        """The convention in words, for a message: ``log is to base 10``."""
        return (self.said or {}).get(value, f"{self.key} = {value}")


class ConventionError(ValueError):
    """A convention that there is not."""


def _any(test: Callable[[Tree], bool]) -> Callable[[Tree], bool]:
    return lambda tree: any(test(node) for node in tree.walk())


def _each_side(change: Callable[[Tree], Tree], left: Tree, right: Tree) -> Iterator[tuple[Tree, Tree]]:
    """The change made to one side, to the other, to both: the writer's convention may show on either."""
    a, b = change(left), change(right)
    for pair in ((left, b), (a, right), (a, b)):
        if pair != (left, right):
            yield pair


# -- layout, rows and columns ------------------------------------------------------------------------------


def _layout(left: Tree, right: Tree, lets: Mapping[Tree, Tree], value: str) -> Iterator[Reading]:
    a, b, *named = _turned([left, right, *lets.values()])
    yield a, b, dict(zip(lets, named, strict=True))


def _turned(trees: list[Tree]) -> list[Tree]:
    """Every derivative laid out the other way round."""

    def turn(tree: Tree) -> Tree:
        if isinstance(tree, Derivative) and tree.kind != "dot":
            return Transpose(tree)
        return rebuild(tree, turn)

    return [turn(tree) for tree in trees]


def _rows(left: Tree, right: Tree, lets: Mapping[Tree, Tree], value: str) -> Iterator[Reading]:
    """``x W`` for ``W x``: on one side every vector is a row, and so is the result."""
    a, b = _as_rows([left, right])
    if b != right:
        yield left, Transpose(b), dict(lets)
    if a != left:
        yield Transpose(a), right, dict(lets)


def _as_rows(trees: list[Tree]) -> list[Tree]:
    _, vectors = matrices(trees, size_names(trees))
    table: dict[Tree, Tree] = {v: Transpose(v) for v in vectors if v != ONES}
    return [substitute(tree, table) for tree in trees]


# -- factors that are a matter of convention ---------------------------------------------------------------


def _squares(tree: Tree) -> bool:
    """Whether something is squared: a power of 2 or a squared norm."""
    return any(isinstance(n, Power) and n.exponent == Number("2") for n in tree.walk())


def _scaled(tree: Tree, factor: Fraction) -> Tree:
    return (
        Multiply((Number(str(factor)), tree), ("cdot",))
        if factor.denominator == 1
        else Divide(tree, Number("2"))
    )


def _named_twice(
    applies: Callable[[Tree, Tree], bool],
) -> Callable[[Tree, Tree, Mapping[Tree, Tree], str], Iterator[Reading]]:
    """A named quantity of which some books take the half, or the double."""

    def read(left: Tree, right: Tree, lets: Mapping[Tree, Tree], value: str) -> Iterator[Reading]:
        for name, tree in lets.items():
            if applies(name, tree):
                for factor in (Fraction(2), Fraction(1, 2)):
                    yield left, right, {**lets, name: _scaled(tree, factor)}
        for factor in (Fraction(2), Fraction(1, 2)):
            for a, b in ((left, right), (right, left)):
                if isinstance(a, (Name, Call)) and applies(a, a) and a not in lets:
                    yield (
                        (_scaled(a, factor), b, dict(lets))
                        if a is left
                        else (b, _scaled(a, factor), dict(lets))
                    )

    return read


_OPERATIONS = frozenset(
    ["FLOPs", "FLOPS", "FLOP", "MACs", "MAC", "MACC", "flops", "macs", "operations", "ops"]
)


def _of_operations(name: Tree, tree: Tree) -> bool:
    base = name.base if isinstance(name, Indexed) else name
    return isinstance(base, Name) and base.text in _OPERATIONS


def _bias(left: Tree, right: Tree, lets: Mapping[Tree, Tree], value: str) -> Iterator[Reading]:
    """``k^2 c n + n`` without its ``n``, ``(k^2 c + 1) n`` without its 1: a count of parameters without the
    bias.
    """
    for a, b in _each_side(_without_bias, left, right):
        if a == left or b == right:  # without it on both sides is the same question again
            yield a, b, dict(lets)


def _without_bias(tree: Tree) -> Tree:
    if isinstance(tree, Add) and len(tree.terms) == 2:
        weights, bias = tree.terms
        if isinstance(bias, Multiply):
            weights, bias = (bias, weights) if not isinstance(weights, Multiply) else (weights, bias)
        if (
            isinstance(weights, Multiply)
            and isinstance(bias, (Name, Indexed, Number))
            and bias in weights.factors
        ):
            return weights
    if isinstance(tree, Multiply):
        factors = tuple(
            f.terms[0] if isinstance(f, Add) and len(f.terms) == 2 and f.terms[1] == Number("1") else f
            for f in tree.factors
        )
        return tree if factors == tree.factors else replace(tree, factors=factors)
    return rebuild(tree, _without_bias) if isinstance(tree, (Add, Negative)) else tree


def _estimator(left: Tree, right: Tree, lets: Mapping[Tree, Tree], value: str) -> Iterator[Reading]:
    """A sum of squares over ``N - 1`` for the one over N."""
    for a, b in _each_side(_unbiased, left, right):
        if a == left or b == right:  # both sides at once would say nothing
            yield a, b, dict(lets)
    for name, tree in lets.items():
        if (changed := _unbiased(tree)) != tree:
            yield left, right, {**lets, name: changed}


def _unbiased(tree: Tree) -> Tree:
    """The mean of squares as a sum over one less: ``1/n sum`` and ``sum / n``, n the number of terms."""
    if (
        isinstance(tree, Multiply)
        and isinstance(tree.factors[0], Divide)
        and tree.factors[0].numerator == Number("1")
    ):
        count = tree.factors[0].denominator
        if any(_sum_of_squares(f, count) for f in tree.factors[1:]):
            return replace(tree, factors=(Divide(Number("1"), _one_less(count)), *tree.factors[1:]))
    if isinstance(tree, Divide) and _sum_of_squares(tree.numerator, tree.denominator):
        return replace(tree, denominator=_one_less(tree.denominator))
    return rebuild(tree, _unbiased)


def _one_less(count: Tree) -> Tree:
    return Add((count, Negative(Number("1"))))


def _sum_of_squares(tree: Tree, count: Tree) -> bool:
    if isinstance(tree, Big):
        return (
            tree.operator == "sum"
            and _squares(tree.body)
            and (tree.upper == count or (tree.upper is None and isinstance(count, Name)))
        )
    if isinstance(tree, Add) and isinstance(count, Number):
        square = all(isinstance(t, Power) and t.exponent == Number("2") for t in tree.terms)
        return square and count.value == len(tree.terms)
    return False


# -- kernels, shapes, units, indices -----------------------------------------------------------------------


def _flipped(left: Tree, right: Tree, lets: Mapping[Tree, Tree], value: str) -> Iterator[Reading]:
    """``x_{i+u} w_u`` for ``x_{i-u} w_u``: the kernel runs the other way."""

    def flip(tree: Tree) -> Tree:
        if isinstance(tree, Big) and tree.operator == "sum":
            table: dict[Tree, Tree] = {}
            for node in tree.body.walk():
                if isinstance(node, Indexed):
                    for index in node.lower:
                        if isinstance(index, Add) and any(_bare(t) in tree.variables for t in index.terms):
                            table[index] = Add(
                                tuple(_negated(t) if _bare(t) in tree.variables else t for t in index.terms)
                            )
            return replace(tree, body=substitute(tree.body, table))
        return rebuild(tree, flip)

    for a, b in _each_side(flip, left, right):
        if a == left or b == right:
            yield a, b, dict(lets)


def _bare(term: Tree) -> Tree:
    return term.operand if isinstance(term, Negative) else term


def _negated(term: Tree) -> Tree:
    return term.operand if isinstance(term, Negative) else Negative(term)


def _shape_times(tree: Tree) -> bool:
    plain = isinstance(tree, Multiply) and len(tree.factors) > 1 and set(tree.signs) == {"times"}
    return plain and isinstance(tree, Multiply) and all(isinstance(f, (Number, Name)) for f in tree.factors)


def _shapes(left: Tree, right: Tree, lets: Mapping[Tree, Tree], value: str) -> Iterator[Reading]:
    """``30 x 30`` as a shape: the side of a square, or the tuple of its sizes."""
    for side in (right, left):
        if not _shape_times(side):
            continue
        assert isinstance(side, Multiply)
        forms: list[Tree] = [List(side.factors)]
        if len(set(side.factors)) == 1:
            forms.append(side.factors[0])
        for form in forms:
            yield (left, form, dict(lets)) if side is right else (form, right, dict(lets))


_BINARY = {
    "K": "Ki",
    "k": "Ki",
    "M": "Mi",
    "G": "Gi",
    "KB": "KiB",
    "kB": "KiB",
    "MB": "MiB",
    "GB": "GiB",
    "TB": "TiB",
}


def _binary_units(left: Tree, right: Tree, lets: Mapping[Tree, Tree], value: str) -> Iterator[Reading]:
    a, b, *named = map(_in_binary, (left, right, *lets.values()))
    yield a, b, dict(zip(lets, named, strict=True))


def _in_binary(tree: Tree) -> Tree:
    if isinstance(tree, Number) and tree.unit in _BINARY:
        return replace(tree, unit=_BINARY[tree.unit])
    return rebuild(tree, _in_binary)


def _logarithm(tree: Tree) -> bool:
    return isinstance(tree, Call) and tree.function == Name("log")


def _softmax(tree: Tree) -> bool:
    return isinstance(tree, Call) and function_name(tree.function) == "softmax"


def _angle(tree: Tree) -> bool:
    return (
        isinstance(tree, Call)
        and isinstance(tree.function, Name)
        and tree.function.text in ("sin", "cos", "tan")
    )


def _numbered(tree: Tree) -> bool:
    return isinstance(tree, Indexed) and any(isinstance(i, Number) for i in access(tree)[1])


CONVENTIONS: dict[str, Convention] = {
    row.key: row
    for row in (
        Convention(
            "log", ("e", "10", "2"), "the base of log", _any(_logarithm),
            said={"10": "log is to base 10", "2": "log is to base 2", "e": "log is the natural logarithm"},
        ),
        Convention(
            "angle", ("radians", "degrees"), "what angles are measured in", _any(_angle),
            said={"degrees": "angles are in degrees", "radians": "angles are in radians"},
        ),
        Convention(
            "softmax", ("rows", "columns"), "what of a matrix a softmax makes add up to 1",
            _any(_softmax), said={"columns": "the columns of a softmax add up to 1",
                                  "rows": "the rows of a softmax add up to 1"},
        ),
        Convention(
            "index", ("1", "0"), "where indices start", _any(_numbered),
            said={"0": "indices start at 0", "1": "indices start at 1"},
        ),
        Convention(
            "K", ("1000", "1024"), "what K stands for",
            _any(lambda n: isinstance(n, Number) and n.unit in _BINARY), _binary_units,
            {"1024": "K is 1024"}, lambda trees: [_in_binary(t) for t in trees],
        ),
        Convention(
            "layout", ("variable", "transposed"),
            "how derivatives are laid out: like the variable, with a row for each output; or transposed",
            _any(lambda n: isinstance(n, Derivative)), _layout,
            {"transposed": "derivatives are laid out the other way round (transposed)"}, _turned,
        ),
        Convention(
            "vectors", ("columns", "rows"), "whether vectors are columns or rows",
            _any(lambda n: isinstance(n, (Multiply, Transpose))), _rows,
            {"rows": "vectors are rows"}, _as_rows,
        ),
        Convention(
            "half", ("as written", "other"), "whether a squared loss carries one half in front",
            _any(lambda n: isinstance(n, (Derivative, Name))),
            _named_twice(lambda name, tree: _squares(tree)),
            {"other": "one half stands in front of the square, or does not"},
        ),
        Convention(
            "estimator", ("1/N", "1/(N-1)"), "what a sum of squares is divided by",
            _any(lambda n: isinstance(n, Divide)), _estimator,
            {"1/(N-1)": "a variance is divided by N - 1"},
        ),
        Convention(
            "operations", ("multiply-adds", "other"), "whether a multiply-add counts once or twice",
            _any(lambda n: _of_operations(n, n)), _named_twice(_of_operations),
            {"other": "a multiplication and an addition are counted as two operations, or as one"},
        ),
        Convention(
            "bias", ("counted", "not counted"), "whether the parameters of a bias are counted",
            _any(lambda n: isinstance(n, Add)), _bias,
            {"not counted": "the bias is not counted"}, lambda trees: [_without_bias(t) for t in trees],
        ),
        Convention(
            "kernel", ("cross-correlation", "flipped"), "whether a convolution flips its kernel",
            _any(lambda n: isinstance(n, Big)), _flipped,
            {"flipped": "the kernel is flipped"},
        ),
        Convention(
            "times", ("product", "shape"), "whether n x n is a product or a shape",
            _any(_shape_times), _shapes,
            {"shape": "n x n is a shape, not a product"},
        ),
    )
}  # fmt: skip


def checked(given: Mapping[str, str]) -> dict[str, str]:
    """The conventions of a caller, each known and with a value that there is.

    >>> checked({"log": "10"})
    {'log': '10'}
    >>> checked({"logarithm": "10"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    derive.judging.conventions.ConventionError: unknown convention 'logarithm'; what would work: ...
    """
    for key, value in given.items():
        row = CONVENTIONS.get(key)
        if row is None:
            known = ", ".join(f"{k}={'|'.join(r.values)}" for k, r in CONVENTIONS.items())
            raise ConventionError(f"unknown convention {key!r}; what would work: {known}")
        base = key == "log" and (value == "natural" or (value.isdigit() and int(value) > 1))
        if value not in row.values and not base:
            raise ConventionError(
                f"{row.meaning} ({key}) cannot be {value!r}; what would work: {', '.join(row.values)}"
            )
        if row.read is not None and row.change is None and value != row.values[0]:
            raise ConventionError(
                f"{row.meaning} ({key}) cannot be set for a claim: write both sides in one convention"
            )
    return dict(given)


def in_force(left: Tree, right: Tree, lets: Mapping[Tree, Tree], convention: Mapping[str, str]) -> Reading:
    """How both sides and the named formulas read under the conventions that are in force."""
    trees = [left, right, *lets.values()]
    for key, value in convention.items():
        row = CONVENTIONS.get(key)
        if row is not None and row.change is not None and value != row.values[0]:
            trees = row.change(trees)
    return trees[0], trees[1], dict(zip(lets, trees[2:], strict=True))


def alternatives(
    left: Tree, right: Tree, setting: Setting
) -> Iterator[tuple[Convention, str, Reading, Setting]]:
    """Every other convention that concerns these sides: what they read then, in which setting."""
    trees = (left, right, *setting.lets.values())
    for row in CONVENTIONS.values():
        if not any(row.concerns(tree) for tree in trees):
            continue
        for value in row.values:
            if value == setting.convention.get(row.key, row.values[0]):
                continue
            if row.read is None:
                changed = replace(setting, convention={**setting.convention, row.key: value})
                yield row, value, (left, right, dict(setting.lets)), changed
            elif value != row.values[0]:
                for reading in row.read(left, right, setting.lets, value):
                    yield row, value, reading, replace(setting, lets=reading[2])
