"""What a formula in index notation is made of.

Every node is a SymPy expression, so that addition, multiplication and powers are SymPy's own; what SymPy
must never see opened is closed in here: an entry of a tensor, a sum, a bracket, a piecewise value, a named
function, a derivative that has not been taken yet.

* :class:`Index` runs over ``0 .. size - 1``.
* :class:`Access` is one entry ``T[a, b]``, each index affine, and **zero outside the tensor's range**: that
  one rule is padding, and makes it legal to turn a scatter into a gather.
* :class:`Sum` binds indices; sums that differ only in the names of bound indices are equal.
* :class:`Maximum` is the greatest value over its bound indices; :class:`Argmax` says where that is.
* :class:`Inverse` is one entry of a matrix's inverse, :class:`LogDet` the logarithm of its determinant.
* :class:`Bracket` is Iverson's ``[a = 0]``, the Kronecker delta when ``a`` is ``i - j``.
* :class:`IfPositive` is ``then`` where ``condition > 0`` and ``otherwise`` elsewhere.
* :class:`Apply` is a named elementwise function, or its derivative of some order, at an argument.
* :class:`D` is a derivative still to be taken.

Never hand a node that holds one of these to SymPy's ``doit``, ``simplify``, ``subs`` or ``diff``: SymPy 1.14
captures indices there (``tests/tensor/test_sympy_failures.py`` keeps the cases).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.core.expr import AtomicExpr

from derive.tensor.index import Index, Size, bounds, coefficient_of, free_indices, fresh, within


class Tensor(AtomicExpr):
    """A named array with symbolic shape.

    ``positive`` says that every entry is above zero, ``nonnegative`` that none is below; ``latex`` is how it
    is printed, ``text`` how it is printed without LaTeX, ``letters`` the names its indices have by custom.
    """

    is_commutative = True
    name: str
    shape: tuple[Size, ...]
    positive: bool
    nonnegative: bool
    latex: str
    text: str
    letters: tuple[str, ...]

    def __new__(
        cls,
        name: str,
        shape: Iterable[Size | int] = (),
        *,
        positive: bool = False,
        nonnegative: bool = False,
        latex: str | None = None,
        text: str | None = None,
        letters: Iterable[str] = (),
    ) -> Tensor:
        self = super().__new__(cls)
        self.name = name
        self.shape = tuple(sp.sympify(extent) for extent in shape)
        self.positive = positive
        self.nonnegative = nonnegative or positive
        self.latex = latex or name
        self.text = text or name
        self.letters = tuple(letters)
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        # How it is printed counts: SymPy's cache would hand out the other of two equal tensors.
        return (self.name, self.shape, self.positive, self.nonnegative, self.latex, self.text)

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.name, self.shape), {
            "positive": self.positive,
            "nonnegative": self.nonnegative,
            "latex": self.latex,
            "text": self.text,
            "letters": self.letters,
        }

    @classmethod
    def over(cls, name: str, *indices: Index, **options: Any) -> Tensor:
        """A tensor whose dimensions are those that these indices run over, and go by their names."""
        return cls(name, (one.size for one in indices), letters=tuple(one.name for one in indices), **options)

    def _sympystr(self, printer: Any) -> str:
        return self.name

    @property
    def rank(self) -> int:
        return len(self.shape)

    # With ``__getitem__`` alone a tensor would look like an endless container to SymPy.
    __iter__ = None

    def __getitem__(self, indices: Any) -> Access:
        return Access(self, *(indices if isinstance(indices, tuple) else (indices,)))

    def __call__(self) -> Access:
        """The value of a tensor of rank 0."""
        return Access(self)


class DerivativeTensor(Tensor):
    """All derivatives of one tensor's entries by others': the indices of ``above`` come first."""

    above: Tensor
    below: tuple[Tensor, ...]

    def __new__(cls, above: Tensor, *below: Tensor) -> DerivativeTensor:
        order = f"^{len(below)}" if len(below) > 1 else ""
        shape = [extent for tensor in (above, *below) for extent in tensor.shape]
        self = super().__new__(
            cls,
            f"d{order}{above.name}/d{below[0].name}{order}",
            shape,
            latex=rf"\frac{{\partial{order} {above.latex}}}{{\partial {below[0].latex}{order}}}",
            text=f"∂{order}{above.text}/∂{below[0].text}{order}",
        )
        self.above, self.below = above, below
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.above, *self.below), {}


class Access(sp.Expr):
    """One entry ``T[a, b, ...]``; 0 where an index lies outside the tensor.

    Raises :class:`ValueError` when the number of indices is not the tensor's rank.
    """

    is_commutative = True
    is_real = True

    def __new__(cls, tensor: Tensor, *indices: Any) -> Access:
        indices = tuple(sp.expand(sp.sympify(index)) for index in indices)
        if len(indices) != tensor.rank:
            raise ValueError(
                f"{tensor.name} has {tensor.rank} dimensions {tensor.shape} and was read with "
                f"{len(indices)} indices {indices}"
            )
        return super().__new__(cls, tensor, *indices)

    @property
    def tensor(self) -> Tensor:
        return self.args[0]

    @property
    def indices(self) -> tuple[sp.Expr, ...]:
        return self.args[1:]

    @property
    def in_range(self) -> bool:
        """Whether every index stays inside the tensor whatever the bound and free indices are."""
        return all(
            within(index, extent) for index, extent in zip(self.indices, self.tensor.shape, strict=True)
        )

    def _eval_is_positive(self) -> bool | None:
        return True if self.tensor.positive and self.in_range else None

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.tensor.nonnegative else None

    def _sympystr(self, printer: Any) -> str:
        return f"{self.tensor.name}[{', '.join(map(str, self.indices))}]"


class Reduction(sp.Expr):
    """Something over the whole range of each bound index: ``args`` are the body and the bound indices."""

    is_commutative = True
    is_real = True

    @property
    def body(self) -> sp.Expr:
        return self.args[0]

    @property
    def bound(self) -> tuple[Index, ...]:
        return self.args[1:]

    @property
    def level(self) -> int:
        """How deep reductions are nested in this one; canonical names carry it, so that they never clash."""
        return _level(self.bound[0])

    def open(self) -> tuple[sp.Expr, tuple[Index, ...]]:
        """The body with fresh indices in place of the bound ones, and those indices."""
        new = tuple(fresh(index) for index in self.bound)
        return self.body.xreplace(dict(zip(self.bound, new, strict=True))), new


def _level_above(body: sp.Expr, own: tuple[Index, ...]) -> int:
    """A level that neither the reductions inside nor one around, whose bound indices are free here, has.

    Its ``own`` indices do not count: else a sum that is built anew from its parts would be another.
    """
    levels = [inner.level for inner in body.atoms(Reduction)]
    levels += [_level(one) for one in free_indices(body) - set(own) if one.name.startswith("_")]
    return 1 + max(levels, default=0)


def _level(canonical: Index) -> int:
    return int(canonical.name[1:].split("_")[0])


class Sum(Reduction):
    """``Sum(body, i, j, ...)``: the sum over the whole range of each index.

    The bound indices are renamed to canonical ones, so that equality is equality up to renaming.

    >>> from derive.tensor.index import size
    >>> n = size("n"); x = Tensor("x", [n]); i, j = Index("i", n), Index("j", n)
    >>> Sum(x[i] ** 2, i) == Sum(x[j] ** 2, j)
    True
    """

    def __new__(cls, body: Any, *indices: Index) -> sp.Expr:
        body = sp.sympify(body)
        if body == 0 or not indices:
            return body
        while isinstance(body, Sum):
            body, indices = body.body, indices + body.bound
        body, bound = _canonical(body, indices, _level_above(body, indices))
        return super().__new__(cls, body, *bound)

    def _eval_is_positive(self) -> bool | None:
        return True if self.body.is_positive else None

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.body.is_nonnegative else None

    def _sympystr(self, printer: Any) -> str:
        return f"Sum({self.body}; {', '.join(map(str, self.bound))})"


def _in_order(body: sp.Expr, indices: tuple[Index, ...]) -> tuple[sp.Expr, tuple[Index, ...]]:
    """Canonical names for bound indices whose order has a meaning (which of two equal values is first)."""
    level = _level_above(body, indices)
    names = tuple(Index(f"_{level}_{number}", one.size) for number, one in enumerate(indices))
    return body.xreplace(dict(zip(indices, names, strict=True))), names


class Maximum(Reduction):
    """``Maximum(body, i, j, ...)``: the greatest value; places where the body reads outside are left out.

    So padding never wins, as if it held minus infinity.
    """

    def __new__(cls, body: Any, *indices: Index) -> sp.Expr:
        body = sp.sympify(body)
        if not indices or not free_indices(body) & set(indices):
            return body
        body, bound = _in_order(body, indices)
        return super().__new__(cls, body, *bound)

    def _eval_is_positive(self) -> bool | None:
        return True if self.body.is_positive else None

    def _sympystr(self, printer: Any) -> str:
        return f"Max({self.body}; {', '.join(map(str, self.bound))})"


class Argmax(Reduction):
    """1 where the points are the place of the greatest value, else 0: ``[(p, q) = argmax_{i, j} body]``.

    ``args`` are the body, the bound indices, and as many points. Of several equal values the first in the
    order of the bound indices (row by row) counts, as in PyTorch, so that over all points it sums to 1. It
    is 0 for a point out of range.
    """

    is_integer = True
    is_nonnegative = True

    def __new__(cls, body: Any, *rest: Any) -> sp.Expr:
        half = len(rest) // 2
        indices, points = rest[:half], tuple(sp.expand(sp.sympify(point)) for point in rest[half:])
        body, bound = _in_order(sp.sympify(body), indices)
        return sp.Expr.__new__(cls, body, *bound, *points)

    @property
    def bound(self) -> tuple[Index, ...]:
        return self.args[1 : 1 + len(self.args) // 2]

    @property
    def points(self) -> tuple[sp.Expr, ...]:
        return self.args[1 + len(self.args) // 2 :]

    def _eval_power(self, exponent: sp.Expr) -> sp.Expr | None:
        return self if exponent.is_positive else None

    def _sympystr(self, printer: Any) -> str:
        points, bound = (", ".join(map(str, some)) for some in (self.points, self.bound))
        return f"[({points}) = argmax({self.body}; {bound})]"


def _canonical(body: sp.Expr, indices: tuple[Index, ...], level: int) -> tuple[sp.Expr, tuple[Index, ...]]:
    """Rename bound indices so that the result does not depend on the names that came in."""
    groups: dict[Size, list[Index]] = {}
    for index in sorted(indices, key=lambda one: str(one.size)):
        groups.setdefault(index.size, []).append(index)
    names: dict[Size, list[Index]] = {}
    number = itertools.count()
    for extent, members in groups.items():
        names[extent] = [Index(f"_{level}_{next(number)}", extent) for _ in members]
    targets = [name for extent in groups for name in names[extent]]
    clash = free_indices(body) & (set(targets) - set(indices))
    if clash:
        raise ValueError(f"a sum would capture {clash}: open a sum before rewriting its body")
    best: tuple[Any, sp.Expr] | None = None
    orders = [
        # Beyond four indices of one size the order of appearance has to do: 5! bodies cost more than
        # the rare equality that is then missed.
        itertools.permutations(members) if len(members) <= 4 else [tuple(members)]
        for members in groups.values()
    ]
    for choice in itertools.product(*orders):
        ordered = [index for group in choice for index in group]
        renamed = body.xreplace(dict(zip(ordered, targets, strict=True)))
        if len(targets) == 1:
            return renamed, tuple(targets)
        key = sp.default_sort_key(renamed)
        if best is None or key < best[0]:
            best = (key, renamed)
    assert best is not None
    return best[1], tuple(targets)


class Inverse(sp.Expr):
    """One entry of the inverse of a square matrix, ``[A^{-1}]_ij``."""

    is_commutative = True
    is_real = True

    def __new__(cls, tensor: Tensor, row: Any, column: Any) -> Inverse:
        _square(tensor)
        return super().__new__(cls, tensor, sp.sympify(row), sp.sympify(column))

    @property
    def tensor(self) -> Tensor:
        return self.args[0]

    @property
    def indices(self) -> tuple[sp.Expr, sp.Expr]:
        return self.args[1:]

    def _sympystr(self, printer: Any) -> str:
        return f"inv({self.tensor.name})[{', '.join(map(str, self.indices))}]"


class LogDet(sp.Expr):
    """The logarithm of the size of a square matrix's determinant, ``log |det A|``."""

    is_commutative = True
    is_real = True

    def __new__(cls, tensor: Tensor) -> LogDet:
        _square(tensor)
        return super().__new__(cls, tensor)

    @property
    def tensor(self) -> Tensor:
        return self.args[0]

    def _sympystr(self, printer: Any) -> str:
        return f"logdet({self.tensor.name})"


def _square(tensor: Tensor) -> None:
    if tensor.rank != 2 or tensor.shape[0] != tensor.shape[1]:
        raise ValueError(f"{tensor.name} must be a square matrix; its shape is {tensor.shape}")


class Bracket(sp.Expr):
    """Iverson's bracket ``[a = 0]`` of an affine expression ``a``: 1 where it is zero, else 0.

    >>> from derive.tensor.index import size
    >>> i, j = Index("i", size("n")), Index("j", size("n"))
    >>> Bracket(i - j) == Bracket(2 * j - 2 * i), Bracket(i - i), Bracket(2 * i - 2 * j + 1)
    (True, 1, 0)
    """

    is_commutative = True
    is_integer = True
    is_nonnegative = True
    is_real = True

    def __new__(cls, affine: Any) -> sp.Expr:
        affine = sp.expand(sp.sympify(affine))
        if affine.is_zero:
            return sp.S.One
        low, high = bounds(affine)
        if low.is_positive or high.is_negative:
            return sp.S.Zero
        numbers = affine.as_coefficients_dict()
        constant = numbers.pop(sp.S.One, sp.S.Zero)
        whole = all(number.is_Integer for number in (constant, *numbers.values()))
        if whole and all(term.is_integer for term in numbers):
            common = math.gcd(*map(int, numbers.values()))
            if constant % common:
                return sp.S.Zero
            affine = sp.expand(affine / common)
        return super().__new__(cls, _with_sign(affine))

    @property
    def affine(self) -> sp.Expr:
        return self.args[0]

    def _eval_power(self, exponent: sp.Expr) -> sp.Expr | None:
        return self if exponent.is_positive else None

    def _sympystr(self, printer: Any) -> str:
        return f"[{self.affine} = 0]"


def _with_sign(affine: sp.Expr) -> sp.Expr:
    """Of ``a`` and ``-a`` the one whose first index has a positive coefficient."""
    for index in sorted(free_indices(affine), key=lambda one: (one.name, str(one.size))):
        coefficient = coefficient_of(affine, index)
        return sp.expand(-affine) if coefficient.could_extract_minus_sign() else affine
    return affine


class IfPositive(sp.Expr):
    """``then`` where ``condition > 0``, ``otherwise`` where it is zero or negative."""

    is_commutative = True
    is_real = True

    def __new__(cls, condition: Any, then: Any, otherwise: Any) -> sp.Expr:
        condition, then, otherwise = map(sp.sympify, (condition, then, otherwise))
        if then == otherwise or condition.is_positive:
            return then
        if condition.is_nonpositive:
            return otherwise
        if condition.has(Index) and not tensors_in(condition):
            low, high = bounds(condition)
            if low.is_positive:
                return then
            if high.is_nonpositive:
                return otherwise
        return super().__new__(cls, condition, then, otherwise)

    def _eval_power(self, exponent: sp.Expr) -> sp.Expr | None:
        # Only whole positive powers: 1 / indicator would put a division by zero into one branch.
        if exponent.is_integer and exponent.is_positive:
            return IfPositive(self.args[0], self.args[1] ** exponent, self.args[2] ** exponent)
        return None

    def _sympystr(self, printer: Any) -> str:
        condition, then, otherwise = self.args
        return f"({then} if {condition} > 0 else {otherwise})"


class Elementwise(AtomicExpr):
    """A named function of one number, with its definition ``body`` in terms of ``argument``."""

    is_commutative = True
    name: str
    argument: sp.Symbol
    body: sp.Expr
    latex: str
    text: str

    def __new__(
        cls, name: str, argument: sp.Symbol, body: sp.Expr, latex: str | None = None, text: str | None = None
    ) -> Elementwise:
        self = super().__new__(cls)
        self.name, self.argument, self.body = name, argument, body
        self.latex, self.text = latex or rf"\mathrm{{{name}}}", text or name
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.name, self.argument, self.body, self.latex, self.text)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self.name, self.argument, self.body, self.latex, self.text)

    def _sympystr(self, printer: Any) -> str:
        return self.name

    def __call__(self, argument: Any) -> Apply:
        return Apply(self, 0, argument)


class Apply(sp.Expr):
    """``f(u)``, or the derivative of order ``order`` of ``f`` at ``u``."""

    is_commutative = True
    is_real = True

    def __new__(cls, function: Elementwise, order: int, argument: Any) -> Apply:
        return super().__new__(cls, function, sp.Integer(order), sp.sympify(argument))

    @property
    def function(self) -> Elementwise:
        return self.args[0]

    @property
    def order(self) -> int:
        return int(self.args[1])

    @property
    def argument(self) -> sp.Expr:
        return self.args[2]

    def _sympystr(self, printer: Any) -> str:
        return f"{self.function.name}{chr(39) * self.order}({self.argument})"


class D(sp.Expr):
    """The derivative of ``body`` with respect to one entry, not taken yet. ``mode`` says what varies with it:

    * ``TOTAL``: every tensor that statements compute from the entry's tensor;
    * ``LINK``: the body is an entry of a defined tensor, and only what its own statement reads directly;
    * ``DIRECT``: only the entries of that very tensor that stand in the body.

    A chain rule is a sum over links; taking a link opens it into direct derivatives.
    """

    is_commutative = True
    is_real = True
    TOTAL, LINK, DIRECT = 0, 1, 2

    def __new__(cls, body: Any, entry: Access, mode: int = TOTAL) -> D:
        return super().__new__(cls, sp.sympify(body), entry, sp.Integer(int(mode)))

    @property
    def body(self) -> sp.Expr:
        return self.args[0]

    @property
    def entry(self) -> Access:
        return self.args[1]

    @property
    def mode(self) -> int:
        return int(self.args[2])

    def of(self, body: sp.Expr) -> D:
        """The same derivative of something else."""
        return D(body, self.entry, self.mode)

    def _sympystr(self, printer: Any) -> str:
        return f"D({self.body}, {self.entry})"


OPAQUE = (Access, Reduction, Inverse, LogDet, Bracket, IfPositive, Apply, D)


@lru_cache(maxsize=65536)
def tensors_in(expression: sp.Basic) -> frozenset[Tensor]:
    """The tensors that are read anywhere in the expression."""
    return frozenset(expression.atoms(Tensor))


def rewrite(expression: sp.Expr, rule: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    """Apply ``rule`` to every node from the leaves up, sums opened with fresh indices on the way.

    This is the only safe way to change what stands inside a sum.
    """
    if isinstance(expression, Sum):
        body, indices = expression.open()
        return rule(Sum(rewrite(body, rule), *indices))
    if isinstance(expression, (Access, Bracket, Elementwise, Maximum, Argmax)) or not expression.args:
        # What a maximum leaves out depends on how its body is written: it is not changed.
        return rule(expression)
    arguments = [rewrite(argument, rule) for argument in expression.args]
    if all(new is old for new, old in zip(arguments, expression.args, strict=True)):
        return rule(expression)
    return rule(expression.func(*arguments))


def nodes(expression: sp.Expr) -> Iterator[sp.Expr]:
    """Every node, the whole first; bound indices inside sums keep their canonical names."""
    yield expression
    for argument in expression.args:
        yield from nodes(argument)
