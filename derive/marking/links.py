"""One link of a chain, judged with the values and formulas in force at its line.

Three roads: *general* (formulas put in, given values left as free names), the *truth* (values put in, formulas first) and
the writer's *own* (what was last written). Right on any of them is right; wrong needs a witness on the truth's road
and no excuse on the writer's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from derive.judging import closed
from derive.judging.claim import Claim
from derive.judging.compare import INEQUALITIES, free_names, judge
from derive.judging.digits import literal as number_of
from derive.judging.identities import Setting
from derive.judging.limits import Refusal
from derive.judging.names import access, function_name, matrices
from derive.judging.setting import setting_for
from derive.judging.trees import arithmetic, canonical
from derive.judging.values import _plain_name
from derive.marking.scope import Expansion, Mode, Scope, key_of
from derive.reading import Declarations
from derive.reading.tree import Call, Derivative, Indexed, List, Matrix, Name, Number, Tree

RIGHT = ("correct", "rounded", "follows")


@dataclass(frozen=True)
class Link:
    """Two neighbours of a chain. ``first`` says that the left side starts the chain, ``joined`` that it was taken over from
    a line before."""

    left: Tree
    right: Tree
    sign: str
    first: bool = True
    joined: bool = False

    @property
    def arrow(self) -> bool:
        """Whether the sign is an arrow, which may mean "equals" or merely "next"."""
        return self.sign == "->"


def judge_link(link: Link, scope: Scope, declared: Declarations) -> Claim:
    """The verdict on a link that names nothing new. Nothing in the scope is changed."""
    if canonical(link.left) == canonical(link.right) and not link.arrow:
        return Claim("correct", "exact", "the same on both sides")
    roads = [_road(link, scope, declared, mode) for mode in ("truth", "own", "general")]
    truth, own, general = roads
    if general is not None and general.verdict in RIGHT:
        return general
    if truth is not None and truth.verdict in RIGHT:
        return truth
    if own is not None and own.verdict in RIGHT:
        return own
    if truth is not None and truth.verdict == "wrong":
        return _tempered(truth, link)
    if general is not None and general.verdict == "wrong":
        return general
    if truth is not None:
        return truth if truth.verdict != "wrong" else replace(truth, verdict="undecided", evidence="none")
    return Claim("undecided", message="it cannot be known what is meant here")


def _tempered(claim: Claim, link: Link) -> Claim:
    """After an arrow a difference is only wrong where plain arithmetic is plainly carried on."""
    loose = [side for side in (link.left, link.right) if isinstance(side, List)]
    if claim.note == "shape" and loose:
        return Claim("undecided", message=f"a list beside something else ({claim.message})")
    if link.joined and number_of(link.left) is not None and number_of(link.right) is not None:
        return Claim("undecided", message="two numbers in different lines need not be meant as equal")
    if not link.arrow:
        return claim
    worked_out = arithmetic(link.left) and number_of(link.left) is None and arithmetic(link.right)
    if worked_out:
        return claim
    message = f"the two sides of the arrow differ ({claim.message}); an arrow need not mean equality"
    return Claim("undecided", message=message)


def _road(link: Link, scope: Scope, declared: Declarations, mode: Mode) -> Claim | None:
    """The verdict with the names put in by ``mode``; None where that road does not apply."""
    relation = "=" if link.arrow else link.sign
    try:
        left = scope.expand(link.left, mode, _written_shape(link.right))
        right = scope.expand(link.right, mode, _written_shape(link.left))
    except Refusal as refusal:
        return Claim("undecided", message=f"cannot be evaluated: {refusal}") if mode == "truth" else None
    except RecursionError:
        return Claim("undecided", message="the formula is nested too deeply") if mode == "truth" else None
    lets = {**left.lets, **right.lets}
    lacking = _names(left, lets) | _names(right, lets)
    if mode == "general":
        if not lacking or relation in INEQUALITIES or bool(_names(left, lets)) != bool(_names(right, lets)):
            return None
        setting = replace(setting_for((left.tree, right.tree), declared), lets=lets, any_function=False)
        claim = judge(left.tree, right.tree, relation, setting)
        # Shapes that only the defaults give are no ground for calling a line wrong.
        if claim.verdict == "wrong" and (claim.note == "shape" or not _stated_generally(link, left, right, lets, declared)):
            return None
        return claim
    if lacking:
        return _without(lacking) if mode == "truth" else None
    claim = _settled(left, right, relation, lets)
    if mode == "own" and claim.verdict in RIGHT:
        used = [*left.used, *right.used]
        if any(m.wrong for m in used):
            values = sorted({m.line for m in used if m.wrong})
            where = ", ".join(f"line {n}" for n in values)
            return replace(claim, verdict="follows", message=f"right from the value written in {where}")
        if any(m.rounded for m in used) and claim.verdict == "correct":
            return replace(claim, verdict="rounded", evidence="interval", message="right from values rounded before")
    return claim


def _settled(left: Expansion, right: Expansion, relation: str, lets: dict[Tree, Tree]) -> Claim:
    try:
        return closed.settle(left.tree, right.tree, relation, None, lets)
    except Refusal as refusal:
        return Claim("undecided", message=f"cannot be evaluated: {refusal}")
    except RecursionError:
        return Claim("undecided", message="the formula is nested too deeply")


def _free_in(lets: dict[Tree, Tree]) -> set[Tree]:
    return {name for tree in lets.values() for name in free_names(tree)}


def _names(side: Expansion, lets: dict[Tree, Tree]) -> set[Tree]:
    names = free_names(side.tree) | _free_in(side.lets)
    return {n for n in names if n not in lets and (access(n)[0] if isinstance(n, Indexed) else n) not in lets}


def _without(lacking: set[Tree]) -> Claim:
    names = sorted({_plain_name(n) for n in lacking})
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return Claim("undecided", message=f"no value is known for {shown}")


def _written_shape(tree: Tree) -> tuple[int, int] | None:
    if isinstance(tree, Matrix) and tree.rows:
        return len(tree.rows), len(tree.rows[0])
    return (len(tree.items), 1) if isinstance(tree, List) else None


def _stated_generally(link: Link, left: Expansion, right: Expansion, lets: dict[Tree, Tree], declared: Declarations) -> bool:
    """Whether a link with free names can only be meant as an identity, so that one point refutes it."""
    if link.arrow or link.sign != "=":
        return False
    supposed, _ = matrices([left.tree, right.tree], set())
    if any(name not in declared for name in supposed):
        return False  # that they do not commute is only a default
    ours, theirs = _bases(_names(left, lets)), _bases(_names(right, lets))
    if not ours or ours != theirs:
        return False
    head = link.left
    known = isinstance(head, Call) and function_name(_function(head)) is not None
    return known or isinstance(head, Derivative) or (not link.first and key_of(head) is None)


def _function(call: Call) -> Tree:
    return call.function.base if isinstance(call.function, Indexed) else call.function


def _bases(names: set[Tree]) -> set[Tree]:
    bases = set()
    for name in names:
        base, indices = access(name) if isinstance(name, Indexed) else (name, ())
        bases.add(name if any(isinstance(i, Number) for i in indices) else base)
    return {b for b in bases if b != Name("delta")}
