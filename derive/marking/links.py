"""One link of a chain, judged with the values and formulas in force at its line.

Three roads: *general* (formulas put in, given values left as free names), the *truth* (values put in, formulas first) and
the writer's *own* (what was last written). Right on any of them is right; wrong needs a witness on the truth's road
and no excuse on the writer's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from derive.judging import closed
from derive.judging.claim import Claim
from derive.judging.compare import INEQUALITIES, free_names, is_closed, judge
from derive.judging.digits import literal as number_of
from derive.judging.identities import Setting
from derive.judging.limits import Refusal
from derive.judging.names import access, function_name, is_letter, matrices
from derive.judging.setting import setting_for
from derive.judging.shapes import infer
from derive.judging.trees import arithmetic, canonical, rational, wider
from derive.judging.values import _plain_name
from derive.marking.scope import Expansion, Mode, Scope, key_of
from derive.reading import Declarations
from derive.reading.tree import Call, Derivative, Indexed, List, Matrix, Multiply, Name, Number, Power, Tree

#: So many lines below, a value given may have been forgotten.
FAR = 25
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
    line: int = 0

    @property
    def arrow(self) -> bool:
        """Whether the sign is an arrow, which may mean "equals" or merely "next"."""
        return self.sign == "->"


def judge_link(link: Link, scope: Scope, declared: Declarations, words: str = "") -> Claim:
    """The verdict on a link that names nothing new; ``words`` is the prose around it. The scope is not changed."""
    if canonical(link.left) == canonical(link.right) and not link.arrow:
        return Claim("correct", "exact", "the same on both sides")
    if link.sign in INEQUALITIES and not (is_closed(link.left) and is_closed(link.right)):
        return Claim("definition", message="a condition")
    by_mode: dict[Mode | None, Claim] = {}
    for mode in _ROADS:
        claim = _road(link, scope, declared, mode)
        if claim is not None:
            general = by_mode.get("general")
            if claim.verdict in RIGHT and general is not None and general.wrong and not link.arrow:
                if _about_a_function(link.left):
                    break  # tanh x = 2 sigma(x) - 1 is no more right for holding at x = 0
                return replace(claim, note="coincidence", message=f"for the values given, not in general: {general.message}")
            if claim.verdict in RIGHT:
                return claim
            by_mode[mode] = claim
    truth, general = by_mode.get("truth"), by_mode.get("general")
    for claim in (truth, general):
        if claim is not None and claim.wrong:
            return _read_otherwise(link, scope, declared) or _tempered(claim, link, scope, words)
    if truth is not None:
        return truth
    return Claim("undecided", message="it cannot be known what is meant here")


#: From what needs least to what needs most: as it stands, formulas put in, values put in, the writer's own values.
_ROADS: tuple[Mode | None, ...] = (None, "general", "truth", "own")


def _read_otherwise(link: Link, scope: Scope, declared: Declarations) -> Claim | None:
    """A wrong link may be right if a function or a sum reaches further than it was read to reach."""
    for left in wider(link.left):
        for right in wider(link.right):
            if (left, right) == (link.left, link.right):
                continue
            other = replace(link, left=left, right=right)
            for mode in _ROADS:
                claim = _road(other, scope, declared, mode)
                if claim is not None and claim.verdict in RIGHT:
                    message = "right if a function or a sum reaches further than its bracket; as it stands it does not"
                    return Claim("undecided", note="ambiguous", message=message)
    return None


def _tempered(claim: Claim, link: Link, scope: Scope, words: str) -> Claim:
    """Reasons not to call a difference wrong: layout, arrows, shapes written as products, cases."""
    both = (link.left, link.right)
    if claim.note == "shape" and any(isinstance(side, List) for side in both):
        return Claim("undecided", message=f"a list beside something else ({claim.message})")
    if link.joined and (number_of(link.left) is not None or link.arrow):
        return Claim("undecided", message="what stands in different lines need not be meant as equal")
    if link.arrow and not (number_of(link.right) is not None and is_closed(link.left)):
        message = f"the two sides of the arrow differ ({claim.message}); an arrow need not mean equality"
        return Claim("undecided", message=message)
    if link.arrow and number_of(link.left) is not None:
        return Claim("undecided", message="an arrow between two numbers need not mean equality")
    if all(_like_a_size(side) for side in both):
        return Claim("undecided", message="n x m may be a size or a product")
    if _other_values(link, scope):
        return Claim("undecided", message="other values than those given long before may be put in here")
    if any(_explained(side, scope) for side in both):
        return Claim("undecided", message="a number beside a name in brackets may explain the number")
    if claim.witness is not None and _different_indices(claim, link):
        return _cases(claim, words)
    return claim


def _like_a_size(tree: Tree) -> bool:
    """``2 x 3``, ``n-f+1 x n-f+1``, ``(2 x 3) x (3 x 1)``: integers and names, and times signs between pairs."""
    if any(isinstance(n, Number) and n.places > 0 for n in tree.walk()):
        return False
    products = [n for n in tree.walk() if isinstance(n, Multiply) and "times" in n.signs]
    return bool(products) and all(len(n.factors) == 2 for n in products)


def _other_values(link: Link, scope: Scope) -> bool:
    """A formula applied anew: numbers are put in that nobody gave, and what was given stands far above."""
    if not link.first or is_closed(link.left) or number_of(link.right) is not None or not arithmetic(link.right):
        return False
    try:
        used = scope.expand(link.left, "truth").values
    except Refusal:
        return False
    given = {rational(m.tree) for m in used} | {rational(n) for n in link.left.walk()}
    new = {rational(n) for n in link.right.walk() if isinstance(n, Number)} - given
    return bool(new) and bool(used) and min(link.line - m.line for m in used) > FAR


def _explained(tree: Tree, scope: Scope) -> bool:
    """``1.36 (f_7)``: a number, and in brackets the name that has this value."""
    for node in tree.walk():
        if isinstance(node, Multiply):
            for number, name, sign in zip(node.factors, node.factors[1:], node.signs, strict=False):
                meaning = scope.values.get(name)
                if sign == "" and meaning is not None and rational(number) is not None:
                    if rational(number) == rational(meaning.tree):
                        return True
    return False


def _different_indices(claim: Claim, link: Link) -> bool:
    letters = {i for n in link.left.walk() if isinstance(n, Indexed) for i in access(n)[1] if is_letter(i)}
    if not isinstance(link.left, Derivative) or len(letters) < 2 or claim.witness is None:
        return False
    at = claim.witness["at"]
    values = [at[i.text] for i in letters if isinstance(i, Name) and i.text in at]
    return len(values) >= 2 and len(set(values)) < len(values)


def _cases(claim: Claim, words: str) -> Claim:
    message = f"where the indices are equal the sides differ ({claim.message}); the case is not stated"
    if any(
        word in words.lower() for word in ("case", "neq", "!=", "otherwise", "off-diagonal", "off diagonal")
    ):
        return Claim("correct", "sampled", "for indices that differ", assumed=("the indices differ",))
    return Claim("undecided", message=message)


def _road(link: Link, scope: Scope, declared: Declarations, mode: Mode | None) -> Claim | None:
    """The verdict with the names put in by ``mode``; None where that road does not apply."""
    relation = "=" if link.arrow else link.sign
    if mode is None:
        return _as_it_stands(link, declared)
    try:
        left = scope.expand(link.left, mode, written_shape(link.right))
        right = scope.expand(link.right, mode, written_shape(link.left))
    except Refusal as refusal:
        return Claim("undecided", message=f"cannot be evaluated: {refusal}") if mode == "truth" else None
    except RecursionError:
        return Claim("undecided", message="the formula is nested too deeply") if mode == "truth" else None
    lets = {**left.lets, **right.lets}
    lacking = _names(left, lets) | _names(right, lets)
    if mode == "general":
        if not lacking or relation in INEQUALITIES:
            return None
        setting = replace(setting_for((left.tree, right.tree), declared), lets=lets, any_function=False)
        claim = judge(left.tree, right.tree, relation, setting)
        if not (_names(left, lets) and _names(right, lets)):
            # A formula beside a number: an identity if it holds everywhere, else a claim about given values.
            return claim if claim.verdict == "correct" else None
        # Shapes that only the defaults give are no ground for calling a line wrong.
        if claim.wrong and (
            claim.note == "shape" or not _stated_generally(link, left, right, lets, declared)
        ):
            return None
    elif lacking - _known_sizes([left.tree, right.tree], lets):
        return _without(lacking) if mode == "truth" else None
    else:
        claim = _settled(left, right, relation, lets)
    stale = sorted({*left.stale(scope.section), *right.stale(scope.section)})
    if claim.wrong and stale:
        lines = ", ".join(str(n) for n in stale[:4])
        return Claim("undecided", message=f"names of line {lines} may no longer mean the same")
    if mode == "own" and claim.verdict in RIGHT:
        used = [*left.values, *right.values]
        if any(m.wrong for m in used):
            values = sorted({m.line for m in used if m.wrong})
            where = ", ".join(f"line {n}" for n in values)
            return replace(claim, verdict="follows", message=f"right from the value written in {where}")
        if any(m.rounded for m in used) and claim.verdict == "correct":
            return replace(
                claim, verdict="rounded", evidence="interval", message="right from values rounded before"
            )
    return claim


def _known_sizes(trees: list[Tree], lets: dict[Tree, Tree]) -> set[Tree]:
    """The letters that end a sum over something whose size is known: n is 3 where x has three entries."""
    try:
        layout, _ = infer(trees, None, lets)
    except Refusal:
        return set()
    return {name for name in layout.sizes if isinstance(layout.find(("size", name)), int)}


def _as_it_stands(link: Link, declared: Declarations) -> Claim | None:
    """An identity in its own right, whatever the names mean; only being right counts here."""
    both = (link.left, link.right)
    if any(isinstance(n, Derivative) and isinstance(n.of, (Name, Indexed)) for t in both for n in t.walk()):
        return None
    if link.sign in INEQUALITIES or not all(free_names(t) for t in both):
        return None
    claim = judge(link.left, link.right, "=", setting_for(both, declared))
    return claim if claim.verdict == "correct" else None


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


def written_shape(tree: Tree) -> tuple[int, int] | None:
    """Rows and columns of a written matrix or list (a column); None for anything else."""
    if isinstance(tree, Matrix) and tree.rows:
        return len(tree.rows), len(tree.rows[0])
    return (len(tree.items), 1) if isinstance(tree, List) else None


def _stated_generally(
    link: Link, left: Expansion, right: Expansion, lets: dict[Tree, Tree], declared: Declarations
) -> bool:
    """Whether a link with free names can only be meant as an identity, so that one point refutes it."""
    if link.arrow or link.sign != "=":
        return False
    supposed, _ = matrices([left.tree, right.tree], set())
    if any(name not in declared for name in supposed):
        return False  # that they do not commute is only a default
    ours, theirs = _bases(_names(left, lets)), _bases(_names(right, lets))
    if (
        not ours
        or not theirs
        or not theirs <= ours
        or (ours != theirs and not isinstance(link.left, Derivative))
    ):
        return False
    head = link.left
    known = _about_a_function(head)
    if not known and not isinstance(head, Derivative) and _counted_powers(link):
        return False
    return known or isinstance(head, Derivative) or (not link.first and key_of(head) is None)


def _counted_powers(link: Link) -> bool:
    """``v^n`` may be the n-th v: no power at all."""
    return any(
        isinstance(n, Power) and isinstance(n.base, (Name, Indexed)) and any(is_letter(part) for part in n.exponent.walk())
        for side in (link.left, link.right)
        for n in side.walk()
    )


def _about_a_function(head: Tree) -> bool:
    return isinstance(head, Call) and function_name(_function(head)) is not None


def _function(call: Call) -> Tree:
    return call.function.base if isinstance(call.function, Indexed) else call.function


def _bases(names: set[Tree]) -> set[Tree]:
    bases = set()
    for name in names:
        base, indices = access(name) if isinstance(name, Indexed) else (name, ())
        bases.add(name if any(isinstance(i, Number) for i in indices) else base)
    return {b for b in bases if b != Name("delta")}
