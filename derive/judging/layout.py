"""The sizes of a formula: symbols united where they must be equal, and numbers for those that stay free."""

from __future__ import annotations

from collections.abc import Hashable
from copy import copy
from dataclasses import dataclass, field
from itertools import count

from derive.judging.limits import ShapeMismatch
from derive.reading.tree import Multiply, Name, Number, Tree

Dim = Hashable  # an int, or a symbol
Shape = tuple[Dim, Dim] | None
UNIT: Dim = ("size", "identity")  # the side of I, which is whatever it has to be
PRIMES = (3, 5, 7, 2, 11)
SMALL = (2, 3)  # where many sums stand within each other


@dataclass
class Layout:
    """What inference found. ``dims[name]`` are the axes of a name (none for a scalar), as symbols."""

    matrices: set[Tree]
    vectors: set[Tree]
    sizes: set[Tree]
    declared: dict[Tree, Shape] = field(default_factory=dict)
    dims: dict[Tree, tuple[Dim, ...]] = field(default_factory=dict)
    families: dict[Tree, tuple[Dim, ...]] = field(default_factory=dict)
    members: set[Tree] = field(default_factory=set)  # the families of vectors: x_i is one of them
    letters: dict[Tree, Dim] = field(default_factory=dict)
    margins: dict[Tree, int] = field(default_factory=dict)
    origin: int = 1
    ranges: set[Dim] = field(default_factory=set)  # of letters that a delta compares
    written: bool = False  # whether a matrix is written out, so that I is an identity matrix
    nested: int = 0  # how many sums stand within each other
    from_zero: set[Tree] = field(default_factory=set)  # families that have an entry 0
    apart: bool = False  # families are as long as the ends of the sums over them ask for, and a little longer
    _longer: list[tuple[Dim, Dim, int]] = field(default_factory=list)
    _spans: list[tuple[Dim, Tree, list[Dim]]] = field(default_factory=list)
    _parent: dict[Dim, Dim] = field(default_factory=dict)
    _least: dict[Dim, int] = field(default_factory=dict)
    _wanted: dict[Dim, int] = field(default_factory=dict)
    _fresh: count[int] = field(default_factory=count)

    def copy(self) -> Layout:
        """The same, to be changed without changing this one."""
        made = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, (dict, set, list, count)):
                setattr(made, name, copy(value))
        return made

    def fresh(self) -> Dim:
        """A symbol for a size of which nothing is known."""
        return ("size", next(self._fresh))

    def span(self, index: Tree, letters: list[Dim]) -> Dim:
        """The axis that an index such as ``s i + d u - p`` runs along: long enough for all of it."""
        dim = self.fresh()
        self._spans.append((dim, index, letters))
        return dim

    def find(self, dim: Dim) -> Dim:
        """The representative of all sizes united with ``dim``."""
        while dim in self._parent:
            dim = self._parent[dim]
        return dim

    def unite(self, a: Dim, b: Dim, what: str) -> None:
        """Record that two sizes are equal; raises :class:`ShapeMismatch` if they cannot be."""
        a, b = self.find(a), self.find(b)
        if a == b:
            return
        if isinstance(a, int) and isinstance(b, int):
            raise ShapeMismatch(f"{what}: {a} against {b}")
        if isinstance(a, int):
            a, b = b, a
        if b == 1 and isinstance(a, tuple) and isinstance(a[1], Name):
            raise ShapeMismatch(f"{what}: {a[1].text} against 1")  # a size that has a name is any size
        self._parent[a] = b
        for table in (self._least, self._wanted):
            table[b] = max(table.get(a, 0), table.get(b, 0))
        if isinstance(b, int) and self._least[b] > b:
            raise ShapeMismatch(f"{what}: an index up to {self._least[b]} where there are {b}")

    def prefer(self, dim: Dim, size: int) -> None:
        """Record that a sum runs to ``size``: what it runs over has that many entries, if nothing says
        otherwise."""
        root = self.find(dim)
        self._wanted[root] = max(self._wanted.get(root, 0), size)
        self.at_least(dim, size)

    def longer(self, dim: Dim, size: Dim, more: int) -> None:
        """Record that there are ``more`` entries than ``size``: a letter from 0 to n takes n + 1."""
        self._longer.append((dim, size, more))

    def adapts(self, shape: Shape) -> bool:
        """Whether a shape is that of an identity matrix of which nothing else is known."""
        return shape is not None and self.find(shape[0]) == UNIT and self.find(shape[1]) == UNIT

    def at_least(self, dim: Dim, least: int) -> None:
        """Record that an index goes up to ``least``."""
        root = self.find(dim)
        self._least[root] = max(self._least.get(root, 0), least)
        if isinstance(root, int) and least > root:
            raise ShapeMismatch(f"index {least} where there are {root} entries")

    def resolve(self, shift: int = 0) -> dict[Dim, int]:
        """A number for every size: what is given, else distinct primes; ``shift`` varies the choice."""
        used = self._all()
        free = [d for d in dict.fromkeys(self.find(d) for d in used) if not isinstance(d, int)]
        result: dict[Dim, int] = {}
        # Once rising and once falling: what holds only for tall or only for wide matrices is found out.
        primes = PRIMES if self.nested < 3 else SMALL
        primes = primes[::-1] if shift % 2 else primes
        for k, dim in enumerate(free):
            prime = primes[(k + shift) % len(primes)]
            result[dim] = self._wanted.get(dim, 0) or max(prime, self._least.get(dim, 0))
            result[dim] = max(result[dim], self._least.get(dim, 0))
        for dim, size, more in self._longer:
            root, end = self.find(dim), self.find(size)
            if root != end and root in result:
                result[root] = max(result[root], (end if isinstance(end, int) else result[end]) + more)
        for dim, index, letters in self._spans:
            if (root := self.find(dim)) in result:
                # a stride and a dilation are 1 or 2; without one the letters only add up
                step = max((_stretch(node) for node in index.walk()), default=1)
                sizes = [
                    root if isinstance(root := self.find(d), int) else result.get(root, 3) for d in letters
                ]
                numbers = sum(
                    int(n.value) for n in index.walk() if isinstance(n, Number) and n.digits.isdigit()
                )
                result[self.find(dim)] = max(result[self.find(dim)], step * sum(sizes) + numbers)
        return {d: root if isinstance(root := self.find(d), int) else result[root] for d in used}

    def _all(self) -> list[Dim]:
        tables = (self.dims, self.families)
        return [d for t in tables for dims in t.values() for d in dims] + [
            *self.letters.values(),
            *(("size", name) for name in self.sizes),
        ]


def _stretch(node: Tree) -> int:
    """How far a product within an index reaches for one step of its letter: every other factor is at most 2,
    or the number that it is."""
    if not isinstance(node, Multiply):
        return 1
    reach, names = 1, 0
    for factor in node.factors:
        if isinstance(factor, Number) and factor.digits.isdigit():
            reach *= int(factor.value)
        else:
            names += 1
    return reach * 2 ** max(names - 1, 1)
