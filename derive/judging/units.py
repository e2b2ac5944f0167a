r"""Units of measure in a claim: left out where both sides are in the same one, else converted.

``1.5\text{ ms} = 0.0015\text{ s}`` is converted; in ``3 \cdot 1.5 = 4.5\text{ ms}`` the unit only says what
the number is of. Where one side has no unit and another unit of the same kind would make the claim right, it
is not known to be wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from derive.judging.claim import Claim
from derive.judging.trees import rebuild
from derive.reading.tree import Divide, Multiply, Name, Negative, Number, Tree
from derive.reading.units import DIMENSIONS, MEASURES

Lets = Mapping[Tree, Tree]
DEGREES = "deg"
_BILLIONS = "B"  # or bytes
_IN_RADIANS = Divide(Name("pi"), Number("180"))


@dataclass(frozen=True)
class Taken:
    """A claim with its units taken in one way; ``doubt`` is why it is undecided where it is right so."""

    left: Tree
    right: Tree
    lets: Lets
    doubt: str = ""


def by_units(
    left: Tree,
    right: Tree,
    lets: Lets,
    convention: Mapping[str, str] | None,
    judged: Callable[[Tree, Tree, Lets], Claim],
) -> Claim:
    """The verdict of ``judged`` with the units taken in the likeliest way in which the claim is right."""
    first = None
    for way in takings(left, right, lets, convention or {}):
        claim = judged(way.left, way.right, way.lets)
        if claim.verdict in ("correct", "rounded"):
            return Claim("undecided", message=way.doubt) if way.doubt else claim
        first = first or claim
    assert first is not None
    return first


def takings(left: Tree, right: Tree, lets: Lets, convention: Mapping[str, str]) -> Iterator[Taken]:
    """The ways to take the units of a claim, the likeliest first; as it is where there are none."""
    ours, theirs = _units(left, lets), _units(right, lets)
    taken = Taken(left, right, lets)
    if DEGREES in ours | theirs:
        degrees = convention.get("angle") == "degrees"
        taken = _all(taken, partial(_plain, units={DEGREES}) if degrees else _radians)
        ours, theirs = ours - {DEGREES}, theirs - {DEGREES}
    if not ours | theirs:
        yield taken
    elif ours == theirs and len(ours) == 1:
        yield _all(taken, partial(_plain, units=ours))
    else:
        meant = [taken]
        if _BILLIONS in ours | theirs and len(ours | theirs) > 1:
            meant.insert(0, _all(taken, partial(_renamed, table={_BILLIONS: "bytes"})))
        ways = [way for one in meant for way in (_apart(one) if ours and theirs else _one_sided(one))]
        yield from sorted(ways, key=lambda way: bool(way.doubt))


def _one_sided(taken: Taken) -> Iterator[Taken]:
    """One side has a unit, the other has none."""
    ours, theirs = _units(taken.left, taken.lets), _units(taken.right, taken.lets)
    together = ours | theirs
    kinds = {MEASURES[unit][0] for unit in together}
    without = _all(taken, partial(_plain, units=together))
    # 553 MB are 553 M before they are bytes; 4.5 ms are 4.5
    yield from (taken, without) if len(together) > 1 or kinds == {"data"} else (without, taken)
    tried = set()  # KB and kB ask the same
    for unit, (kind, factor) in MEASURES.items():
        if kind in kinds and factor != 1 and (kind, factor) not in tried:
            tried.add((kind, factor))
            doubt = f"right if the side without a unit is in {unit}"
            a = taken.left if ours else Multiply((taken.left, Number("1", unit)), ("cdot",))
            b = taken.right if theirs else Multiply((taken.right, Number("1", unit)), ("cdot",))
            yield Taken(a, b, taken.lets, doubt)


def _apart(taken: Taken) -> Iterator[Taken]:
    """Both sides have units, and not the same."""
    left, right, lets = taken.left, taken.right, taken.lets
    yield taken
    together = _units(left, lets) | _units(right, lets)
    ours, theirs = _dimension(left, lets), _dimension(right, lets)
    if ours is None or theirs is None or ours != theirs:
        doubt = "units of different kinds are not compared: " + ", ".join(sorted(together))
        yield Taken(Number("1"), Number("1"), {}, doubt)
        return
    doubt = "right if a number without a unit is in another one"
    bare = partial(_plain, units=together)
    if not _one_number(left):  # the 8 of 32 bits / 8 is a number of bits
        yield Taken(bare(left), right, lets, doubt)
    if not _one_number(right):
        yield Taken(left, bare(right), lets, doubt)


def letters_of_units(left: Tree, right: Tree, known: Collection[Tree]) -> str | None:
    """The units that letters behind the only number of each side may be: ``1.5 m s = 0.0015 s``."""
    found = []
    for side in (left, right):
        names = side.factors[1:] if isinstance(side, Multiply) and isinstance(side.factors[0], Number) else ()
        plain = bool(names) and all(isinstance(n, Name) and n not in known for n in names)
        found.append("".join(n.text for n in names if isinstance(n, Name)) if plain else "")
    return ", ".join(found) if all(unit in MEASURES for unit in found) and len(set(found)) > 1 else None


def _units(tree: Tree, lets: Lets) -> set[str]:
    nodes = list(tree.walk())
    nodes += [n for name in nodes if name in lets for n in lets[name].walk()]
    return {n.unit for n in nodes if isinstance(n, Number) and (n.unit in MEASURES or n.unit == DEGREES)}


def _dimension(tree: Tree, lets: Lets) -> Counter[str] | None:
    """What a product of numbers with units measures; None where that is not plain."""
    match tree:
        case Number():
            return Counter(DIMENSIONS[MEASURES[tree.unit][0]]) if tree.unit in MEASURES else Counter()
        case Negative():
            return _dimension(tree.operand, lets)
        case Multiply() | Divide():
            total: Counter[str] = Counter()
            for k, part in enumerate(tree.children()):
                inner = _dimension(part, lets)
                if inner is None:
                    return None
                under = isinstance(tree, Divide) and k > 0
                total.subtract(inner) if under else total.update(inner)
            return Counter({kind: n for kind, n in total.items() if n})
        case _:
            return None if _units(tree, lets) else Counter()


def _all(taken: Taken, change: Callable[[Tree], Tree]) -> Taken:
    lets = {name: change(tree) for name, tree in taken.lets.items()}
    return Taken(change(taken.left), change(taken.right), lets, taken.doubt)


def _plain(tree: Tree, units: set[str]) -> Tree:
    if isinstance(tree, Number):
        return replace(tree, unit="") if tree.unit in units else tree
    return rebuild(tree, partial(_plain, units=units))


def _renamed(tree: Tree, table: Mapping[str, str]) -> Tree:
    if isinstance(tree, Number):
        return replace(tree, unit=table.get(tree.unit, tree.unit))
    return rebuild(tree, partial(_renamed, table=table))


def _radians(tree: Tree) -> Tree:
    if isinstance(tree, Number) and tree.unit == DEGREES:
        return Multiply((replace(tree, unit=""), _IN_RADIANS), ("cdot",))
    return rebuild(tree, _radians)


def _one_number(tree: Tree) -> bool:
    return isinstance(tree, Number) or (isinstance(tree, Negative) and _one_number(tree.operand))
