"""What names are defined to be: ``L = \\frac12 \\|Wx - y\\|^2``, ``z_i = \\sum_j W_{ij} x_j``.

A name keeps its formula beside it, so that ``\\partial L/\\partial W`` is found by differentiating the
formula, and ``\\partial L/\\partial z`` too, where L is written with z. Entries that are defined for every
index are put in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from derive.judging.limits import MAX_NODES
from derive.judging.names import access, is_letter
from derive.judging.trees import rename_bound, substitute
from derive.reading import DeclarationError, Declarations, read_statements
from derive.reading.tree import (
    Add,
    Call,
    Derivative,
    Hole,
    Indexed,
    Name,
    Negative,
    Number,
    Power,
    Tree,
)

#: Definitions may use each other this deep.
MAX_DEPTH = 12


def read(lines: Iterable[str]) -> tuple[Declarations, dict[Tree, Tree]]:
    """Declarations, and the definitions among them. Raises ``DeclarationError`` for a line that is neither.

    >>> declared, named = read(["x > 0", "y = x^2"])
    >>> len(declared), [name.text for name in named]
    (1, ['y'])
    """
    lines = list(lines)
    defined = [line for line in lines if _is_definition(line)]
    declared = Declarations.parse(line for line in lines if line not in defined)
    return declared, dict(_definition(line, declared) for line in defined)


def _is_definition(line: str) -> bool:
    before, sign, _ = line.replace(":=", "=").partition("=")
    return bool(sign) and before.strip() != "" and before[-1] not in "<>!:" and ":" not in before


def _definition(line: str, declared: Declarations) -> tuple[Tree, Tree]:
    statements = read_statements(line, declared)
    sides = [side.tree for side in statements[0].sides] if len(statements) == 1 else []
    if len(sides) == 2 and (root := _squared(sides[0])) is not None:
        sides = [root, Call(Name("sqrt"), (sides[1],))]
    if len(sides) != 2 or not isinstance(sides[0], (Name, Indexed)):
        raise DeclarationError(f"cannot use the definition {line.strip()!r}: it has to be NAME = FORMULA")
    hole = next((n for n in sides[1].walk() if isinstance(n, Hole)), None)
    if hole is not None:
        raise DeclarationError(f"cannot read the definition {line.strip()!r}: {hole.reason}")
    return _from_here(sides[0], sides[1])


def _from_here(name: Tree, formula: Tree) -> tuple[Tree, Tree]:
    """``v_{t+1} = \\mu v_t + g_t`` as what it says of ``v_t``."""
    indices = access(name)[1] if isinstance(name, Indexed) else ()
    place = offset(indices[0]) if len(indices) == 1 else None
    if place is None or place[1] == 0 or (letter := place[0]) is None:
        return name, formula
    steps = place[1]
    back = Number(str(abs(steps)))
    moved: dict[Tree, Tree] = {letter: Add((letter, Negative(back) if steps > 0 else back))}
    return substitute(name, {indices[0]: letter}), substitute(formula, moved)


def offset(index: Tree) -> tuple[Tree | None, int] | None:
    """``(t, -1)`` of ``t - 1``, ``(None, 3)`` of 3; None for anything else."""
    match index:
        case Number() if index.digits.isdigit():
            return None, int(index.value)
        case Negative():
            inner = offset(index.operand)
            return None if inner is None or inner[0] is not None else (None, -inner[1])
        case Add():
            parts = [offset(term) for term in index.terms]
            letters = [part[0] for part in parts if part is not None and part[0] is not None]
            if None in parts or len(letters) > 1:
                return None
            return (letters[0] if letters else None), sum(part[1] for part in parts if part is not None)
    return (index, 0) if is_letter(index) else None


def _floor(families: Mapping[Tree, Tree], sides: Iterable[Tree]) -> dict[Tree, dict[Tree | None, int]]:
    """How far back each recurrence is to be followed: to the least that the claim itself speaks of."""
    own = {
        _base(name)
        for name, formula in families.items()
        if any(isinstance(n, Indexed) and _base(n) == _base(name) for n in formula.walk())
    }
    least: dict[Tree, dict[Tree | None, int]] = {base: {} for base in own}
    for side in sides:
        for node in side.walk():
            if isinstance(node, Indexed) and _base(node) in own and len(access(node)[1]) == 1:
                place = offset(access(node)[1][0])
                if place is not None:
                    table = least[_base(node)]
                    table[place[0]] = min(place[1], table.get(place[0], place[1]))
    return least


def recurs(named: Mapping[Tree, Tree], sides: Iterable[Tree]) -> bool:
    """Whether a side speaks of a recurrence at one place only, so that it cannot be followed."""
    sides = list(sides)
    families = {name: formula for name, formula in named.items() if _runs(name)}
    for base, least in _floor(families, sides).items():
        places = {
            offset(access(n)[1][0])
            for side in sides
            for n in side.walk()
            if isinstance(n, Indexed) and _base(n) == base and len(access(n)[1]) == 1
        }
        if least and len(places) <= len(least):
            return True
    return False


def _squared(tree: Tree) -> Tree | None:
    r"""The ``\sigma`` of ``\sigma^2 = ...``, which defines a variance and with it its root."""
    if isinstance(tree, Power) and tree.exponent == Number("2") and isinstance(tree.base, (Name, Indexed)):
        return tree.base
    return None


def put_in(left: Tree, right: Tree, named: Mapping[Tree, Tree]) -> tuple[Tree, Tree, dict[Tree, Tree]]:
    """Both sides with the entries that are defined put in, and the names that keep their formula."""
    families = {name: formula for name, formula in named.items() if _runs(name)}
    lets = {name: formula for name, formula in named.items() if name not in families}
    if not families:
        return left, right, _used(lets, (left, right))
    by = [v for t in (left, right, *named.values()) for n in t.walk() for v in _wrt(n)]
    floor = _floor(families, (left, right))
    expand = {
        name: formula
        for name, formula in families.items()
        if all(_base(v) != _base(name) or _is_first(v, floor) for v in by)
    }
    for _ in range(MAX_DEPTH):
        before = (left, right, tuple(lets.values()))
        left, right = (_expanded(side, expand, floor) for side in (left, right))
        lets = {name: _expanded(formula, expand, floor) for name, formula in lets.items()}
        if before == (left, right, tuple(lets.values())) or sum(1 for _ in left.walk()) > MAX_NODES:
            break
    return left, right, _used(lets, (left, right))


def _is_first(variable: Tree, floor: Mapping[Tree, Mapping[Tree | None, int]]) -> bool:
    r"""Whether what is differentiated by is where a recurrence starts: in ``\partial h_t/\partial h_{t-1}``,
    h_{t-1} is a name and h_t its formula."""
    indices = access(variable)[1] if isinstance(variable, Indexed) else ()
    place = offset(indices[0]) if len(indices) == 1 else None
    return place is not None and floor.get(_base(variable), {}).get(place[0]) == place[1]


def _used(lets: Mapping[Tree, Tree], sides: Iterable[Tree]) -> dict[Tree, Tree]:
    """The names that the sides speak of, also through each other."""
    found: dict[Tree, Tree] = {}
    waiting = list(sides)
    while waiting:
        for node in waiting.pop().walk():
            if node in lets and node not in found:
                found[node] = lets[node]
                waiting.append(lets[node])
    return found


def _wrt(node: Tree) -> tuple[Tree, ...]:
    return node.wrt if isinstance(node, Derivative) else ()


def _base(tree: Tree) -> Tree:
    return access(tree)[0] if isinstance(tree, Indexed) else tree


def _runs(name: Tree) -> bool:
    return isinstance(name, Indexed) and any(is_letter(i) for i in access(name)[1])


def _expanded(
    tree: Tree, families: Mapping[Tree, Tree], floor: Mapping[Tree, Mapping[Tree | None, int]]
) -> Tree:
    tree = rename_bound(tree)
    table: dict[Tree, Tree] = {}
    for node in tree.walk():
        if not isinstance(node, Indexed):
            continue
        base, indices = access(node)
        for name, formula in families.items():
            assert isinstance(name, Indexed)
            own, letters = access(name)
            start = any(isinstance(i, Number) for i in indices) and node in set(formula.walk())
            if base in floor and len(indices) == 1:
                place = offset(indices[0])
                if place is None or place[1] <= floor[base].get(place[0], place[1]):
                    continue
            if start:  # the x_0 that x_t is made of is not made of itself
                continue
            if own == base and len(letters) == len(indices):
                table[node] = substitute(rename_bound(formula), dict(zip(letters, indices, strict=True)))
    return substitute(tree, table) if table else tree
