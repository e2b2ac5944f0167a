"""The value of a tree at a batch of points, in any number system. No text is ever evaluated: nodes are.

Systems: ``float`` (float64, fast), ``exact`` (fractions), ``precise`` (mpmath, to confirm), ``interval``
(what a value
written rounded may have been). Derivatives are forward-mode dual numbers in whichever system is at work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from derive.judging import arrays, logic
from derive.judging.arrays import Array
from derive.judging.duals import plain
from derive.judging.functions import apply, powers
from derive.judging.half_powers import half_power
from derive.judging.layout import Layout
from derive.judging.limits import Budget, Irrational, Outside, ShapeMismatch, TooLarge, Unknown, cost
from derive.judging.members import is_member
from derive.judging.names import CONSTANTS, IDENTITY, access, is_end, is_held, is_indicator, is_letter
from derive.judging.ranks import acts_on_entries
from derive.judging.scalars import Interval
from derive.judging.trees import UNITS, both_lists
from derive.reading.tree import (
    Add,
    Ambiguous,
    Big,
    Call,
    Cases,
    Derivative,
    Divide,
    Indexed,
    List,
    Matrix,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Relation,
    Transpose,
    Tree,
)

System = Literal["float", "exact", "precise", "interval"]
PRECISION = 50  # decimal digits with which a witness is confirmed


@dataclass(frozen=True)
class Rounded(Number):
    """A number that its writer rounded: as an interval it is everything that rounds or truncates to its
    digits, and what is no further away than ``slack``: the error that earlier roundings left in it."""

    slack: Fraction = Fraction(0)


@dataclass
class Point:
    """Where to evaluate: values of the names, of the free indices, and the size of every axis."""

    batch: int
    names: dict[Tree, Array] = field(default_factory=dict)
    indices: dict[Tree, Array] = field(default_factory=dict)
    functions: dict[Tree, Callable[..., Array]] = field(default_factory=dict)
    sizes: dict[Any, int] = field(default_factory=dict)
    random: dict[Tree, int] = field(default_factory=dict)  # the random variables, and the space of each


class Evaluator:
    """Evaluates trees at one batch of points.

    ``lets`` gives formulas to names that are kept as names because something is differentiated by them.
    """

    def __init__(
        self,
        system: System,
        point: Point,
        layout: Layout,
        lets: Mapping[Tree, Tree] | None = None,
        convention: Mapping[str, str] | None = None,
    ) -> None:
        self.system, self.point, self.layout = system, point, layout
        self.lets = dict(lets or {})
        self.convention = dict(convention or {})
        self.budget = Budget()
        self.indices = dict(point.indices)
        self.overrides: dict[Tree, Array] = {}
        self.level = 0
        self.sized = {layout.find(d) for t in (layout.dims, layout.families) for ds in t.values() for d in ds}
        self.sized |= {layout.find(("size", s)) for s in layout.sizes}
        self.sized |= {layout.find(d) for d in layout.ranges}

    # -- numbers -----------------------------------------------------------------------------------------

    def full(self, x: Any) -> Array:
        """One number at every point of the batch."""
        if self.system == "float":
            return np.full(self.point.batch, float(x))
        result = np.empty(self.point.batch, dtype=object)
        result[:] = [self.convert(x)] * self.point.batch
        return result

    def convert(self, x: Any) -> Any:
        if self.system == "precise" and isinstance(x, (int, Fraction)):
            from mpmath import mpf

            return mpf(x.numerator) / x.denominator
        if self.system == "interval" and isinstance(x, Fraction):
            return Interval(float(x), float(x))
        return x

    def _number(self, node: Number) -> Array:
        if node.unit not in UNITS:
            raise Unknown(f"the unit {node.unit}")
        unit = UNITS[node.unit]
        if self.system == "interval" and isinstance(node, Rounded):
            step = Fraction(1, 10 ** max(node.places, 0))
            # The writer may have rounded or cut off: everything from half a step below to a whole step above.
            return self.full(
                Interval(
                    float((node.value - max(step / 2, node.slack)) * unit),
                    float((node.value + max(step, node.slack)) * unit),
                )
            )
        return self.full(node.value * unit)

    def _constant(self, name: Name) -> Array:
        if self.system == "exact":
            raise Irrational(f"{name.text} is not rational")
        if self.system == "precise":
            from mpmath import mp

            return self.full(+(mp.pi if name.text == "pi" else mp.e))
        x = np.pi if name.text == "pi" else np.e
        return self.full(Interval(x, x) if self.system == "interval" else x)

    # -- trees -------------------------------------------------------------------------------------------

    def value(self, tree: Tree) -> Array:
        """The value of a tree: ``(B,)`` or ``(B, rows, columns)``. Raises :class:`Refusal` with the
        reason."""
        result = self._value(tree)
        self.budget.spend(cost(result))
        return result

    def _value(self, tree: Tree) -> Array:
        match tree:
            case Number():
                return self._number(tree)
            case Name():
                return self.name(tree)
            case Indexed():
                return self._indexed(tree)
            case Add():
                total = self.value(tree.terms[0])
                for term in tree.terms[1:]:
                    a, b = arrays.align(total, self.value(term), "a sum")
                    total = a + b
                    self.budget.spend(cost(total))
                return total
            case Negative():
                return -self.value(tree.operand)
            case Multiply():
                return self._product(tree)
            case Divide():
                return arrays.divide(self.value(tree.numerator), self.value(tree.denominator))
            case Power():
                return self._power(tree)
            case Transpose():
                x = self.value(tree.operand)
                if x.ndim == 1 and Name("T") in self.layout.sizes:
                    return self._power(Power(tree.operand, Name("T")))  # a sum runs up to T: no transpose
                # A list is written in a row: transposed or not, it stands for a column.
                return x if x.ndim == 1 or isinstance(tree.operand, List) else x.swapaxes(1, 2)
            case List():
                return self._stack([[item] for item in tree.items])
            case Matrix():
                x = self._stack([list(row) for row in tree.rows])
                return arrays.determinant(x) if tree.brackets == "|" and x.ndim == 3 else x
            case Relation() if tree.sign in (*logic.CONNECTIVES, "mod"):
                return logic.value(self, tree)
            case Relation():
                return self._factor(tree)  # Iverson's bracket
            case Cases():
                return self._cases(tree)
            case Call():
                from derive.judging.calls import call

                return call(self, tree)
            case Big():
                from derive.judging.sums import big

                return big(self, tree)
            case Derivative():
                from derive.judging.slopes import derivative

                return derivative(self, tree)
            case Ambiguous():
                raise Unknown(f"more than one reading: {tree.reason}")
            case _:
                from derive.judging.shapes import why

                raise Unknown(why(tree))

    def _held(self, name: Tree) -> Array:
        """A name that a partial derivative holds fixed: its formula does not see what is differentiated
        by."""
        overrides, self.overrides = self.overrides, {}
        try:
            return self.value(self.lets[name])
        finally:
            self.overrides = overrides

    def name(self, name: Tree) -> Array:
        if name in self.overrides:
            return self.overrides[name]
        if name in self.indices:
            return self._integers(self.indices[name])
        if name in self.lets:
            return self._held(name) if is_held(name) else self.value(self.lets[name])
        if name in self.point.names:
            return self.point.names[name]
        if name in self.layout.sizes:
            return self.full(Fraction(self.size(("size", name))))
        if name in CONSTANTS and isinstance(name, Name):
            return self._constant(name)
        if name == IDENTITY and name not in self.layout.dims:
            raise Unknown("an identity matrix of unknown size")
        raise Unknown(f"no value for {plain_name(name)}")

    def size(self, dim: Any) -> int:
        """The number that this run uses for a size."""
        root = self.layout.find(dim)
        if isinstance(root, int):
            return root
        return self.point.sizes[dim]

    def _integers(self, x: Array) -> Array:
        return (
            x.astype(float)
            if self.system == "float"
            else self.objects([self.convert(Fraction(int(i))) for i in x])
        )

    @staticmethod
    def objects(items: list[Any]) -> Array:
        result = np.empty(len(items), dtype=object)
        result[:] = items
        return result

    def index(self, tree: Tree) -> Array:
        """The integers that a subscript stands for, one for each point."""
        match tree:
            case Number():
                return np.full(self.point.batch, int(tree.value))
            case Add():
                return np.asarray(sum(self.index(t) for t in tree.terms))
            case Negative():
                return -self.index(tree.operand)
            case _ if tree in self.indices:
                return self.indices[tree]
            case Name() if is_end(tree):
                return self.index(Name(tree.text, tree.marks))
            case _ if tree in self.layout.sizes:
                return np.full(self.point.batch, self.size(("size", tree)))
        return self._whole_numbers(tree)

    def _whole_numbers(self, tree: Tree) -> Array:
        numbers = [plain(x) for x in self.value(tree).flat]
        numbers = [x.middle if isinstance(x, Interval) else x for x in numbers]
        if any(not abs(x) < 10**12 for x in numbers):
            raise TooLarge("an index or a bound beyond all measure")
        if any(x != int(x) for x in numbers):
            raise Unknown("an index or a bound that is not a whole number")
        return np.array([int(x) for x in numbers])

    def _indexed(self, tree: Indexed) -> Array:
        if tree in self.overrides:
            return self.overrides[tree]
        if tree in self.lets:
            return self.value(self.lets[tree])
        if len(tree.lower) == 1 and isinstance(tree.lower[0], Relation) and is_indicator(tree.base):
            return self.indicator(tree.lower[0])
        base, indices = access(tree)
        if not indices:
            return self.name(base)
        if base == Name("delta") and len(indices) == 2 and base not in self.layout.families:
            return self.full(0) + (self.index(indices[0]) == self.index(indices[1])).astype(int)
        if tree in self.point.names:
            return self.point.names[tree]
        if base in self.layout.families and base in self.indices:
            return self.entry(self.point.names[base], indices)  # i_j: a letter that also names a family
        if is_member(tree, self.layout.members):
            return self._member(self.name(base), indices[0])
        return self.entry(self.name(base) if isinstance(base, (Name, Indexed)) else self.value(base), indices)

    def _member(self, table: Array, index: Tree) -> Array:
        """A row of a table, as a column."""
        columns = [
            self.entry(table, (index, Number(str(k + self.layout.origin)))) for k in range(table.shape[2])
        ]
        return np.stack(columns, axis=1)[:, :, None]

    def entry(self, x: Array, indices: tuple[Tree, ...]) -> Array:
        if x.ndim == 1:
            raise Unknown("an index below a number")
        if len(indices) == 1 and x.ndim == 3 and 1 not in x.shape[1:]:
            digits = indices[0].digits if isinstance(indices[0], Number) else ""
            if len(digits) != 2:
                raise Unknown("a row of a matrix")
            indices = (Number(digits[0]), Number(digits[1]))  # a_{12} of a matrix is row 1, column 2
        if len(indices) == 1:
            x = x.reshape(x.shape[0], -1)
        where = [self.index(i) - self.layout.origin for i in indices]
        outside = np.zeros(self.point.batch, dtype=bool)
        for position, size in zip(where, x.shape[1:], strict=False):
            outside |= (position < 0) | (position >= size)
        if not outside.any():
            return x[(np.arange(self.point.batch), *where)]
        if outside.all() or self.system != "float" or x.dtype == object:
            raise Outside("an index outside the entries that there are")
        inside = [np.where(outside, 0, position) for position in where]
        return np.where(outside, np.nan, x[(np.arange(self.point.batch), *inside)])

    def _stack(self, rows: list[list[Tree]]) -> Array:
        if len({len(row) for row in rows}) != 1:
            raise Unknown("rows of different length")
        entries = [[self.value(item) for item in row] for row in rows]
        if any(e.ndim != 1 for row in entries for e in row):
            raise Unknown("a matrix whose entries are vectors")
        return np.stack([np.stack(row, axis=1) for row in entries], axis=1)

    def indicator(self, relation: Tree) -> Array:
        """1 where the relation holds, else 0."""
        assert isinstance(relation, Relation)
        truth, zero = self.truth(relation), self.full(0)
        return truth + zero.reshape(-1, *(1,) * (truth.ndim - 1))

    def _product(self, tree: Multiply) -> Array:
        if len(tree.factors) == 2 and isinstance(tree.factors[1], Relation) and is_indicator(tree.factors[0]):
            return self.indicator(tree.factors[1])
        groups, current = [], self._factor(tree.factors[0])
        for sign, before, factor in zip(tree.signs, tree.factors, tree.factors[1:], strict=False):
            x = self._factor(factor)
            if sign == "odot":
                groups.append(current)
                current = x
            else:
                current = arrays.multiply(current, x, dot=sign == "cdot" or both_lists(before, factor))
                self.budget.spend(cost(current))
        for group in groups:
            a, b = arrays.align(group, current, "an elementwise product")
            current = a * b
        return current

    def _factor(self, tree: Tree) -> Array:
        """A factor; ``3 [x > 0]`` has Iverson's bracket, 1 where the relation holds."""
        if not isinstance(tree, Relation):
            return self.value(tree)
        counts = any(node in self.indices for node in tree.walk())
        if tree.sign in ("=", "!=") and not counts:
            raise Unknown("a remark in brackets, or a bracket that is 1 where it holds")
        return self.indicator(tree)

    def _power(self, tree: Power) -> Array:
        exponent = self.value(tree.exponent)
        if tree.base == Name("e") and Name("e") not in self.point.names:
            return self._exponential(exponent)
        base = self.value(tree.base)
        if exponent.ndim != 1:
            raise ShapeMismatch("a power with a matrix as its exponent")
        of_entries = base.ndim == 3 and (base.shape[2] == 1 < base.shape[1] or acts_on_entries(tree.base))
        if of_entries:  # of a vector, of tanh(Z): the power of every entry
            exponent = exponent[:, None, None]
        elif base.ndim == 3:
            n = plain(exponent[0])
            if n != int(n) and 2 * n == int(2 * n) and base.shape[1] == base.shape[2]:
                return half_power(base, int(2 * n))
            if base.shape[1] != base.shape[2] or n != int(n) or abs(n) > 64:
                raise ShapeMismatch(f"a power of {arrays.shape_text(base)}, which is not square")
            base = arrays.inverse(base) if n < 0 else base
            result = base
            for _ in range(abs(int(n)) - 1):
                result = arrays.matmul(result, base)
            return result
        return powers(base, exponent)

    def _exponential(self, x: Array) -> Array:
        return apply("exp", x)

    def truth(self, relation: Relation) -> Array:
        left, right = relation.left, relation.right
        if is_letter(left) and (is_letter(right) or isinstance(right, Number)) and left in self.indices:
            a, b = self.index(left), self.index(right)
        else:
            a, b = self.value(left), self.value(right)
            a, b = arrays.align(a, b, "a comparison")
        tests: dict[str, Callable[[Array, Array], Any]] = {
            "=": lambda p, q: p == q,
            "!=": lambda p, q: p != q,
            "<": lambda p, q: p < q,
            "<=": lambda p, q: p <= q,
            ">": lambda p, q: p > q,
            ">=": lambda p, q: p >= q,
        }
        if relation.sign not in tests:
            raise Unknown(f"the condition {relation.sign}")
        truth = np.asarray(tests[relation.sign](a, b)).astype(bool)
        if truth.ndim == 3 and (isinstance(left, List) or isinstance(right, List)):
            together = np.all if relation.sign == "=" else np.any  # (h, w) = (1, 2) as a whole
            truth = together(truth, axis=(1, 2))
        return np.asarray(truth).astype(int)

    def _cases(self, tree: Cases) -> Array:
        result: Array | None = None
        for branch, condition in reversed(tree.branches):
            if condition is not None and not isinstance(condition, Relation):
                raise Unknown("a condition in words")
            if result is None:
                result = self.value(branch)
                if condition is not None:
                    # Where no condition holds the formula says nothing.
                    result = np.where(
                        self.truth(condition) > 0,
                        result,
                        self.full(0) * np.nan if self.system == "float" else result,
                    )
            elif condition is not None:
                a, b = arrays.align(self.value(branch), result, "the cases")
                truth = self.truth(condition) > 0
                result = np.where(truth if a.ndim == truth.ndim else truth[:, None, None], a, b)
        if result is None:
            raise Unknown("cases without a case")
        return result

    def seeds(self, shape: tuple[int, ...]) -> Array:
        """Directions to be filled in: zeros."""
        return np.zeros(shape, dtype=float if self.system == "float" else object)


#: How a mark is written in a message; ``x`` with a hat is ``xhat``, ``given`` marks a gradient by the name.
_MARKED = {"prime": "{}'", "star": "{}*", "d": "d{}", "given": "dL/d{}", "squared": "{}^2", "step": "{}"}


def plain_name(tree: Tree) -> str:
    """A name in a message: ``W_1``, ``xhat``, ``W^[2]``."""
    if isinstance(tree, Name):
        name = tree.text.split("#")[0]
        for mark in tree.marks:
            name = _MARKED.get(mark, "{}" + mark).format(name)
        return name
    if isinstance(tree, Indexed):
        low = "".join(plain_name(i) for i in tree.lower)
        high = "".join(plain_name(i) for i in tree.upper)
        return plain_name(tree.base) + (f"_{low}" if low else "") + (f"^{high}" if high else "")
    if isinstance(tree, List) and len(tree.items) == 1:
        return f"{tree.brackets[:1]}{plain_name(tree.items[0])}{tree.brackets[-1:]}"
    if isinstance(tree, Number):
        return tree.digits
    return "a part of it"
