"""What a claim with ambiguous notation may say: all readings of both sides that fit the rest of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product

from derive.judging.names import RATES, access, is_capital
from derive.judging.second_look import hessian
from derive.judging.trees import by_e, rebuild, substitute, with_ones, with_own_e
from derive.reading.tree import (
    Add,
    Ambiguous,
    Big,
    Call,
    Divide,
    Indexed,
    List,
    Matrix,
    Multiply,
    Name,
    Negative,
    Power,
    Transpose,
    Tree,
)


def readings(left: Tree, right: Tree, ones: bool = False) -> list[tuple[Tree, Tree]]:
    """All readings of both sides, at most eight; what asks the same question is read the same way.

    ``ones`` says that 1 is declared to be a vector of ones.
    """
    if by_e(left) or by_e(right):
        left, right = with_own_e(left), with_own_e(right)
    left, right = (hessian(_written_out(with_ones(side, ones))) for side in (left, right))
    table = {**entries_of_matrices([left, right]), **_last_powers([left, right])}
    left, right = substitute(left, table), substitute(right, table)
    groups: dict[object, list[Ambiguous]] = {}
    for node in dict.fromkeys(n for side in (left, right) for n in side.walk() if isinstance(n, Ambiguous)):
        groups.setdefault(_same_question(node), []).append(node)
    operands = _operands(left) | _operands(right)
    counting = _subscripts((left, right))
    choices = [_possible(nodes[0], operands, counting) for nodes in groups.values()][:3]
    result = []
    for choice in product(*choices):
        table = {
            node: node.readings[index]
            for index, nodes in zip(choice, groups.values(), strict=False)
            for node in nodes
        }
        result.append((substitute(left, table), substitute(right, table)))
    return result


def _written_out(tree: Tree) -> Tree:
    r"""``clip(x, a, b)`` as ``min(max(x, a), b)`` and ``\langle x, y\rangle`` as ``x^T y``."""
    tree = rebuild(tree, _written_out)
    match tree:
        case Power(base=Name("e", (), "text")):
            return replace(tree, base=Name("e"))
        case Call(arguments=(x, low, high)) if tree.function in _CLIPS:
            return Call(Name("min"), (Call(Name("max"), (x, low)), high))
        case Call(function=Name("inner"), arguments=(x, y)):
            product = Multiply((Transpose(x), y), ("",))
            return Call(Name("tr"), (product,)) if is_capital(x) and is_capital(y) else product
    return tree


_CLIPS = (Name("clip"), Name("clamp"))


def entries_of_matrices(trees: Sequence[Tree]) -> dict[Tree, Tree]:
    """``a_{ij}`` beside A, of which no entries are spoken of otherwise, is an entry of A."""
    nodes = [n for tree in trees for n in tree.walk()]
    pairs = [
        n for n in nodes if isinstance(n, Indexed) and isinstance(n.base, Name) and len(access(n)[1]) == 2
    ]
    indexed = {n.base for n in nodes if isinstance(n, Indexed)}
    names = {n for n in nodes if isinstance(n, Name)} - indexed
    table: dict[Tree, Tree] = {}
    for node in pairs:
        if not isinstance(node.base, Name):
            continue
        capital = replace(node.base, text=node.base.text.upper())
        if len(node.base.text) == 1 and node.base.text.islower() and capital in names:
            table[node] = replace(node, base=capital)
    return table


def _raised(node: Ambiguous) -> Tree | None:
    """What is raised in ``b^i``, which may be a power or the i-th b."""
    first, second = node.readings[:2]
    power = isinstance(first, Power) and isinstance(second, Indexed) and first.exponent in second.upper
    return first.base if power and isinstance(first, Power) else None


def _same_question(node: Ambiguous) -> object:
    base = _raised(node)
    return node if base is None else ("raised", base)


def _possible(node: Ambiguous, operands: set[Tree], counting: set[Tree]) -> tuple[int, ...]:
    r"""The readings that the rest of the claim leaves open: in ``1 - b + b^i`` b is a number, so b^i a power;
    beside ``r_t`` a rate ``\gamma^t`` is a power; where d is a factor elsewhere, ``d y`` is a product."""
    base, power = _raised(node), node.readings[0]
    if base is not None and base in operands:
        return (0,)
    rate = isinstance(base, Name) and base.text in RATES and isinstance(power, Power)
    if rate and isinstance(power, Power) and counting & set(power.exponent.walk()):
        return (0,)
    second = node.readings[1]
    if isinstance(second, Multiply) and second.factors[0] == Name("d") and Name("d") in operands:
        return (1,)
    return (0, 1)


def _operands(tree: Tree) -> set[Tree]:
    """The names that are added, multiplied, divided or entries, outside of what is ambiguous."""
    found: set[Tree] = set()
    if isinstance(tree, Ambiguous):
        return found
    if isinstance(tree, (Add, Multiply, Divide, Negative, Power, List, Matrix)):
        found.update(child for child in tree.children() if isinstance(child, (Name, Indexed)))
    for child in tree.children():
        found |= _operands(child)
    return found


def _subscripts(trees: Iterable[Tree]) -> set[Tree]:
    """The letters that stand in a subscript."""
    lower = [i for t in trees for n in t.walk() if isinstance(n, Indexed) for i in n.lower]
    return {letter for index in lower for letter in index.walk() if isinstance(letter, Name)}


def _last_powers(trees: Sequence[Tree]) -> dict[Tree, Tree]:
    r"""``\gamma^T`` beside ``\gamma^t``, where T ends a sum or is a subscript, is a power."""
    nodes = [n for tree in trees for n in tree.walk()]
    last, raised = Name("T"), {_raised(n) for n in nodes if isinstance(n, Ambiguous)}
    ends = [n.upper for n in nodes if isinstance(n, Big) and n.upper is not None]
    used = _subscripts(trees) | {n for end in ends for n in end.walk()}
    turned = [n for n in nodes if isinstance(n, Transpose) and n.operand in raised]
    return {n: Power(n.operand, last) for n in turned} if last in used else {}
