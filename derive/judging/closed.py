"""Claims between values: both sides are numbers or matrices of numbers. Exact first, then digits as
rounding claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from derive.judging import digits
from derive.judging.arrays import Array, shape_text
from derive.judging.claim import Claim
from derive.judging.duals import plain
from derive.judging.limits import Irrational, Refusal, ShapeMismatch, Unknown
from derive.judging.scalars import Interval
from derive.judging.shapes import infer, origin_of
from derive.judging.trees import rename_bound, tolerance
from derive.judging.values import PRECISION, Evaluator, Point, Rounded, System
from derive.reading.tree import Add, List, Power, Tree

#: So many terms of a sum may have been added to their neighbours in one step.
MOST_ADDED_UP = 8
FAILURES = (ZeroDivisionError, OverflowError, ValueError)


@dataclass(frozen=True)
class Closed:
    """The value of a tree without free names: exact if it is rational, else to :data:`PRECISION` digits."""

    array: Array
    exact: bool

    @property
    def scalar(self) -> bool:
        """Whether it is one number."""
        return self.array.ndim == 1


def evaluate(
    tree: Tree,
    system: System,
    convention: Mapping[str, str] | None = None,
    lets: Mapping[Tree, Tree] | None = None,
) -> Array:
    """The value of a tree without free names in one number system. Raises :class:`Refusal`."""
    import mpmath

    layout, shapes = infer([tree], None, lets, origin_of(convention))
    if isinstance(shapes[0], Refusal):
        raise shapes[0]
    point = Point(1, sizes=layout.resolve())
    try:
        with mpmath.workdps(PRECISION):
            return Evaluator(system, point, layout, lets, convention).value(tree)
    except ZeroDivisionError as error:
        raise Unknown("division by zero") from error
    except FAILURES as error:
        raise Unknown(f"no value: {error}") from error


def value(
    tree: Tree, convention: Mapping[str, str] | None = None, lets: Mapping[Tree, Tree] | None = None
) -> Closed:
    """The value of a tree without free names, exact where it is rational. Raises :class:`Refusal`."""
    tree = rename_bound(tree)
    try:
        return Closed(evaluate(tree, "exact", convention, lets), True)
    except Irrational:
        x = evaluate(tree, "precise", convention, lets)
    if any(plain(item) != plain(item) for item in x.flat):
        raise Unknown("the value is not a real number")
    return Closed(x, False)


def settle(
    left: Tree,
    right: Tree,
    relation: str = "=",
    convention: Mapping[str, str] | None = None,
    lets: Mapping[Tree, Tree] | None = None,
) -> Claim:
    """Judge ``left relation right`` between values; the claim has no text yet.

    Raises :class:`Refusal` if a side has no value; ``wrong`` only with a witness.
    """
    a = value(left, convention, lets)
    b = value(right, convention, lets)
    x, y = _same_shape(left, right, a.array, b.array)
    if x.shape != y.shape:
        return Claim(
            "wrong",
            "witness",
            f"the left side is {shape_text(x)}, the right side {shape_text(y)}",
            note="shape",
            witness={"at": {}, "left": shape_text(x), "right": shape_text(y), "entry": None},
        )
    if relation in ("<", "<=", ">", ">=", "!="):
        return _inequality(x, y, relation)
    slack = tolerance(left, right, *(lets or {}).values())
    differing = [i for i in np.ndindex(x.shape) if not _equal(x[i], y[i], a.exact and b.exact, slack)]
    if not differing:
        if a.exact and b.exact:
            return Claim("correct", "exact", "exact arithmetic")
        agreed = 9 if slack > 1e-30 else PRECISION - 15
        return Claim("correct", "sampled", f"both sides agree to {agreed} digits")
    return _by_digits(_Sides(left, right, x, y, relation, convention, lets), differing)


def _equal(a: Any, b: Any, exact: bool, slack: float = 1e-35) -> bool:
    if exact:
        return bool(a == b)
    a, b = _precise(a), _precise(b)
    return bool(abs(a - b) <= slack * max(abs(a), abs(b), 1))


def _precise(x: Any) -> Any:
    from mpmath import mpf, workdps

    with workdps(PRECISION):
        return mpf(x.numerator) / x.denominator if isinstance(x, (Fraction, int)) else x


def _same_shape(left: Tree, right: Tree, x: Array, y: Array) -> tuple[Array, Array]:
    """A plain list has no orientation: it goes with a row as with a column."""
    if (
        x.shape != y.shape
        and x.ndim == y.ndim == 3
        and x.size == y.size
        and 1 in x.shape[1:]
        and 1 in y.shape[1:]
    ) and (isinstance(left, List) or isinstance(right, List)):
        return x.reshape(y.shape), y
    return x, y


def _inequality(x: Array, y: Array, relation: str) -> Claim:
    if x.ndim != 1:
        raise Unknown("an inequality between matrices")
    a, b = x[0], y[0]
    if not isinstance(a, Interval) and not isinstance(b, Interval) and type(a) is not type(b):
        a, b = _precise(a), _precise(b)  # a fraction and a rounded power have no order of their own
    holds = {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "!=": a != b}[relation]
    witness: dict[str, Any] = {"at": {}, "left": digits.short(a), "right": digits.short(b), "entry": None}
    if holds:
        return Claim("correct", "exact", f"{digits.short(a)} against {digits.short(b)}")
    return Claim("wrong", "witness", f"left {digits.short(a)}, right {digits.short(b)}", witness=witness)


@dataclass(frozen=True)
class _Sides:
    left: Tree
    right: Tree
    x: Array
    y: Array
    relation: str
    convention: Mapping[str, str] | None
    lets: Mapping[Tree, Tree] | None

    @property
    def approximately(self) -> bool:
        return self.relation == "~="

    def image(self, tree: Tree, y: Array, longest: bool = False) -> Array | None:
        """The side as intervals, its decimals (or only the ``longest``) taken as rounded; None if it has no
        decimals or
        no such image."""
        same = {n.digits for n in digits.decimals(self.left)}  # 0.05 on both sides is one and the same number
        if longest:
            most = digits.places_of(tree)
            same |= {n.digits for n in digits.decimals(tree) if n.places < most}
        rounded = digits.as_rounded(tree, same)
        if rounded == tree and not any(isinstance(n, Rounded) for n in tree.walk()):
            return None
        try:
            image = evaluate(rename_bound(rounded), "interval", self.convention, self.lets)
        except (Refusal, ShapeMismatch):
            return None
        return image.reshape(y.shape) if image.size == y.size else None


def _by_digits(sides: _Sides, differing: list[tuple[int, ...]]) -> Claim:
    x, _y = sides.x, sides.y
    carried = _carried(sides)
    how: set[str] = set()
    for position in differing:
        fit = _entry_fit(sides, position, carried)
        # a difference quotient -0.2685 ~= -0.2689: two numbers, and the second is no rounding of the first
        numbers = digits.literal(sides.left) is not None and digits.literal(sides.right) is not None
        if fit is None and sides.approximately and (digits.literal(sides.right) is None or numbers):
            if x.ndim != 1:
                return _wrong(sides, differing, carried)
            a, b = float(plain(x[0])), float(plain(sides.y[0]))
            if abs(a - b) <= (0.01 if numbers else 0.1) * max(abs(a), abs(b)):
                return Claim("undecided", message=f"{a:.4g} is near {b:.4g}; how near is meant is not said")
        if fit is None:
            return _wrong(sides, differing, carried)
        how.add(fit)
    if x.size == 1:
        said = {
            "rounds": f"{digits.short(x.flat[0])} to the digits shown",
            "truncates": f"{digits.short(x.flat[0])} cut off, not rounded, to the digits shown",
            "approximates": f"{digits.short(x.flat[0])}, within one in the last place",
            "carried": f"{digits.short(x.flat[0])}; right with values that were rounded before",
        }
        message = "; ".join(said[h] for h in sorted(how, reverse=True)) + _which(sides, how)
    else:
        message = "right to the digits shown" + (" (some cut off, not rounded)" if "truncates" in how else "")
    return Claim("rounded", "interval", message)


def _which(sides: _Sides, how: set[str]) -> str:
    """Which rule rounded a value that lies in the middle, where it shows."""
    number, x = digits.literal(sides.right), sides.x.flat[0]
    if number is None:
        number, x = digits.literal(sides.left), sides.y.flat[0]
    if number is None or how != {"rounds"}:
        return ""
    rule = digits.tie(number[1], number[0], x)
    return {
        "half up": " (in the middle: rounded half up)",
        "half to even": " (in the middle: rounded half to even)",
        "up": " (in the middle: rounded up, half up and half to even alike)",
    }.get(rule, "")


def _carried(sides: _Sides) -> tuple[Array | None, Array | None]:
    """Both sides as intervals: the right with its decimals rounded, the left only where a value was
    carried in."""
    left: Array | None = None
    plain_value = digits.literal(sides.left) is not None or digits.entries(sides.left) is not None
    if any(isinstance(n, Rounded) for n in sides.left.walk()) and not plain_value:
        try:
            left = evaluate(rename_bound(sides.left), "interval", sides.convention, sides.lets).reshape(
                sides.x.shape
            )
        except (Refusal, ValueError):
            left = None
    image = sides.image(sides.right, sides.y)
    if image is not None and not all(_narrow(item) for item in image.flat):
        # 0.05(1 + 0.7071): what is written with fewer places may be exact.
        image = sides.image(sides.right, sides.y, longest=True)
    return left, image


def _entry_fit(
    sides: _Sides, position: tuple[int, ...], carried: tuple[Array | None, Array | None]
) -> str | None:
    right = _entry_tree(sides.right, sides.y, position)
    left = _entry_tree(sides.left, sides.x, position)
    number = digits.literal(right) if right is not None else None
    known = sides.x[position]
    if number is not None:
        fit = digits.fits(number[1], number[0], known, sides.approximately)
        if fit is not None:
            return fit
        if carried[0] is not None and digits.fits(
            number[1], number[0], carried[0][position], sides.approximately
        ):
            return "carried"
        # the digits of an earlier line, as far from the true value as they were found to be there
        slack = number[1].slack if isinstance(number[1], Rounded) else Fraction(0)
        if slack and abs(float(plain(known)) - float(number[0] * number[1].value)) <= slack:
            return "carried"
        # 6.708 * 2.236 = 15: a whole number in the narrow image of rounded factors.
        image = carried[0] if carried[0] is not None else _of_a_rounding(sides)
        if image is not None and _tight(image[position], number[0] * number[1].value):
            return "carried"
    if number is None and left is not None and right is not None and _piecewise(left, right, sides):
        return "carried"
    # 7.3/11.1 for e^2/(e^2 + e + e^{0.1}): the decimals on the right are roundings of what stands on the
    # left.
    # Not where the left side is made of decimals itself: then the arithmetic on them is what is claimed.
    if number is None and carried[1] is not None and not _decimal_arithmetic(sides.left):
        image = carried[1][position]
        target = carried[0][position] if carried[0] is not None else known
        if _narrow(image) and image.overlaps(
            target if isinstance(target, Interval) else Interval(*[float(plain(target))] * 2)
        ):
            return "carried"
    number = digits.literal(left) if left is not None else None
    if left is not None and number is not None and (number[1].places > 0 or number[1].unit):
        if digits.literal(right) is None if right is not None else True:
            return digits.fits(number[1], number[0], sides.y[position], sides.approximately)
        other = digits.literal(right) if right is not None else None
        if other is not None and number[1].unit != other[1].unit and digits.meet(number, other):
            return "rounds"  # 553 MB and 528 MiB
        # two plain numbers: the one with fewer places is a rounding of the other
        if digits.fits(number[1], number[0], sides.y[position], sides.approximately) and _shorter(
            left, right
        ):
            return "rounds"
    return None


def _piecewise(left: Tree, right: Tree, sides: _Sides) -> bool:
    """Whether the right side is the left with pieces rounded: ``0.75 * 0.415 + 0.5 = 0.311 + 0.5``."""
    number = digits.literal(right)
    if number is None and isinstance(left, Add) and isinstance(right, Add):
        return _groups(left.terms, right.terms, sides)
    if number is None and type(left) is type(right):
        ours, theirs = list(left.children()), list(right.children())
        pairs = list(zip(ours, theirs, strict=False))
        same = [getattr(side, "signs", getattr(side, "function", None)) for side in (left, right)]
        return (
            len(ours) == len(theirs) > 0 and same[0] == same[1] and all(_piecewise(*p, sides) for p in pairs)
        )
    if left == right:
        return True
    try:
        x = value(left, sides.convention, sides.lets)
        y = value(right, sides.convention, sides.lets)
    except (Refusal, ShapeMismatch):
        return False
    if not (x.scalar and y.scalar):
        return False
    if number is not None and number[1].places > 0:
        if digits.fits(number[1], number[0], x.array[0]) == "rounds":
            return True
        # 4 * 2.3760 = 9.5042: nobody writes that last 0 but for a rounding, of which more digits were kept.
        exact = {n.digits for n in digits.decimals(left) if n.places < 3 or not n.digits.endswith("0")}
        rounded = digits.as_rounded(left, exact)
        if rounded == left or digits.literal(left) is not None:
            return False
        try:
            image = evaluate(rename_bound(rounded), "interval", sides.convention, sides.lets)
        except Refusal:
            return False
        return _narrow(image[0]) and digits.fits(number[1], number[0], image[0]) == "rounds"
    return _equal(x.array[0], y.array[0], x.exact and y.exact)


def _groups(ours: tuple[Tree, ...], theirs: tuple[Tree, ...], sides: _Sides) -> bool:
    """Whether neighbouring terms were added up: ``0.5 + 0.5 + 0.15 * 2.7 = 1 + 0.41``; no group is empty."""
    room = len(ours) - len(theirs)  # how many terms may go into groups
    if not 0 <= room <= MOST_ADDED_UP:
        return False
    starts = {0}
    for term in theirs:
        starts = {
            end
            for start in starts
            for end in range(start + 1, min(start + 1 + room, len(ours)) + 1)
            if _piecewise(ours[start] if end == start + 1 else Add(ours[start:end]), term, sides)
        }
    return len(ours) in starts


def _shorter(left: Tree, right: Tree | None) -> bool:
    a, b = digits.literal(left), digits.literal(right) if right is not None else None
    return a is not None and b is not None and a[1].places < b[1].places


def _narrow(image: Any) -> bool:
    # An image that spans everything (a difference of nearly equal roundings) proves nothing.
    return isinstance(image, Interval) and image.high - image.low <= 0.25 * max(
        abs(image.low), abs(image.high), 1e-12
    )


def _of_a_rounding(sides: _Sides) -> Array | None:
    """The image of ``e^{0.693}``: an irrational function of a decimal with three places, or more."""
    if sides.x.ndim != 1 or _decimal_arithmetic(sides.left) or digits.places_of(sides.left) < 3:
        return None
    try:
        tree = rename_bound(digits.as_rounded(sides.left))
        return evaluate(tree, "interval", sides.convention, sides.lets)
    except Refusal:
        return None


def _tight(image: Any, value: Fraction) -> bool:
    """Whether the value lies in an image that is so narrow that this is no chance."""
    if not isinstance(image, Interval) or image.high - image.low > 0.01 * abs(image.middle):
        return False
    return value.denominator == 1 and image.low <= value <= image.high


def _decimal_arithmetic(tree: Tree) -> bool:
    from derive.judging.trees import arithmetic

    roots = (n.exponent for n in tree.walk() if isinstance(n, Power))  # 4000^{1.5} is written as a rounding
    if any(digits.decimals(exponent) for exponent in roots):
        return False
    return arithmetic(tree) and not any(isinstance(n, Rounded) for n in tree.walk())


def _entry_tree(tree: Tree, array: Array, position: tuple[int, ...]) -> Tree | None:
    if array.ndim == 1:
        return tree
    rows = digits.entries(tree)
    if rows is None:
        return None
    flat = [item for row in rows for item in row]
    return flat[position[1] * array.shape[2] + position[2]]


def _wrong(
    sides: _Sides, differing: list[tuple[int, ...]], carried: tuple[Array | None, Array | None]
) -> Claim:
    bad = [p for p in differing if _entry_fit(sides, p, carried) is None]
    position = bad[0]
    x, y = sides.x[position], sides.y[position]
    entry = None if sides.x.ndim == 1 else [position[1] + 1, position[2] + 1]
    witness: dict[str, Any] = {"at": {}, "left": digits.short(x), "right": digits.short(y), "entry": entry}
    places = digits.places_of(sides.right)
    if sides.x.ndim == 1:
        expected = digits.written(x, places) if digits.literal(sides.right) else None
        message = f"left {digits.short(x)}, right {digits.short(y)}"
    else:
        rows = [[digits.written(item, places) for item in row] for row in sides.x[0]]
        expected = digits.matrix_latex(rows)
        place = (position[1] + 1, position[2] + 1)
        where = f"entry {place[1] if len(rows) == 1 else place[0] if len(rows[0]) == 1 else place}"
        more = f" ({len(bad)} of {sides.x.size} entries differ)" if len(bad) > 1 else ""
        message = f"{where}: {digits.short(x)}, not {digits.short(y)}{more}"
    return replace(Claim("wrong", "witness", message, witness=witness), expected=expected)
