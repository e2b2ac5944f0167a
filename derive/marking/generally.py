"""Claims meant for all values of their names: which links are such, and what else may make them right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product

from derive.judging.claim import Claim
from derive.judging.compare import free_names, judge
from derive.judging.identities import Setting
from derive.judging.layout import Shape
from derive.judging.names import INDEX_LETTERS, access, function_name, is_letter, unlabelled
from derive.judging.ranks import matrices
from derive.judging.sampling import SHARES, SHARES_BY_COLUMNS, Domain
from derive.judging.trees import substitute
from derive.judging.values import plain_name
from derive.marking.doubts import about_a_function, counted_powers
from derive.marking.link import Link
from derive.marking.scope import Expansion, Scope, key_of, of_variables
from derive.reading import Declarations
from derive.reading.tree import (
    Big,
    Call,
    Derivative,
    Divide,
    Indexed,
    Multiply,
    Name,
    Number,
    Power,
    Transpose,
    Tree,
)


def names_left(side: Expansion, lets: dict[Tree, Tree]) -> set[Tree]:
    names = free_names(side.tree) | _free_in(side.lets)
    return {n for n in names if n not in lets and (access(n)[0] if isinstance(n, Indexed) else n) not in lets}


def _free_in(lets: dict[Tree, Tree]) -> set[Tree]:
    return {name for tree in lets.values() for name in free_names(tree)}


NO_CHANCE = 3  # names that stand on both sides


def stated_generally(
    link: Link, left: Expansion, right: Expansion, lets: dict[Tree, Tree], declared: Declarations
) -> bool:
    """Whether a link with free names can only be meant as an identity, so that one point refutes it."""
    if link.arrow or link.sign != "=":
        return False
    supposed, _ = matrices([left.tree, right.tree], set())
    shown = _transposed(link.left) | _transposed(link.right)
    slope = isinstance(link.left, Derivative) or isinstance(left.tree, Derivative)
    if any(n not in declared and n not in shown for n in supposed) and not slope:
        return False  # that they do not commute is only a default
    ours, theirs = _bases(names_left(left, lets)), _bases(names_left(right, lets))
    if not ours or not theirs or not theirs <= ours or (ours != theirs and not slope):
        return False
    head = link.left
    if link.restates:
        return True
    known = (
        about_a_function(head) or _is_primed(head) or (isinstance(head, Call) and of_variables(head.function))
    )
    if not known and not slope and counted_powers(link):
        return False
    if _shared_functions(link):
        return True  # sigma(z) on both sides: one is the other rewritten
    if link.first and key_of(link.right) is not None and not isinstance(head, Big):
        return known or slope  # ... = y names or solves for y
    if key_of(head) is None and len(ours) >= NO_CHANCE and all(name in declared for name in ours):
        return True  # the same declared names on both sides, too many to be an equation for one of them
    return known or slope or _operation(head) or (not link.first and key_of(head) is None)


def applied(head: Tree) -> bool:
    """Whether a side is a known function or a derivative of something: no unknown for which one solves."""
    return about_a_function(head) or _is_primed(head) or isinstance(head, Derivative)


def _is_primed(head: Tree) -> bool:
    return isinstance(head, Call) and isinstance(head.function, Name) and "prime" in head.function.marks


def _operation(head: Tree) -> bool:
    """A sum, an exponential, a transposed product: what one rewrites, not what one solves for."""
    if isinstance(head, Big):
        return True
    if isinstance(head, Divide) or (isinstance(head, Power) and not isinstance(head.base, (Name, Indexed))):
        return len(_bases(free_names(head))) > 1  # with a single unknown it might be solved for
    if isinstance(head, Transpose):
        return not isinstance(head.operand, (Name, Indexed))
    return isinstance(head, Power) and bool(free_names(head.exponent)) and not isinstance(head.exponent, Name)


def _transposed(tree: Tree) -> set[Tree]:
    """The names under a transposition: whatever else they are, they are no numbers."""
    inside = [n for t in tree.walk() if isinstance(t, Transpose) for n in t.operand.walk()]
    return {n for n in inside if isinstance(n, (Name, Indexed))}


def _shared_functions(link: Link) -> bool:
    def calls(tree: Tree) -> set[Tree]:
        return {n for n in tree.walk() if isinstance(n, Call) and about_a_function(n)}

    return bool(calls(link.left) & calls(link.right))


def _bases(names: set[Tree]) -> set[Tree]:
    bases = set()
    for name in names:
        base, indices = access(name) if isinstance(name, Indexed) else (name, ())
        bases.add(name if any(isinstance(i, Number) for i in indices) else base)
    return {b for b in bases if b != Name("delta")}


def all_square(left: Expansion, right: Expansion, setting: Setting) -> Claim | None:
    """A claim whose shapes fit only if all matrices are square of one size, judged for those."""
    found, _ = matrices([left.tree, right.tree], set())
    square: dict[Tree, Shape] = {name: (3, 3) for name in found if name not in setting.shapes}
    claim = judge(left.tree, right.tree, "=", replace(setting, shapes={**setting.shapes, **square}))
    return claim if claim.wrong and claim.note != "shape" else None


def adding_up(
    left: Expansion, right: Expansion, setting: Setting, shares: set[Tree] | None = None
) -> Claim | None:
    """What is right if the entries of a family add up to 1: those that are known to (``shares``), or else any
    family, for as a rule they are probabilities, said or not."""
    accesses = [access(n) for t in (left.tree, right.tree) for n in t.walk() if isinstance(n, Indexed)]
    families = {base for base, indices in accesses if len(indices) == 1 and is_letter(indices[0])}
    if shares is not None:  # whole vectors too
        families = shares.intersection(node for t in (left.tree, right.tree) for node in t.walk())
    ways = (SHARES,) if shares is None else (SHARES, SHARES_BY_COLUMNS)
    for base, way in product(sorted(families - set(setting.domains), key=repr), ways):
        domains = {**setting.domains, base: way}
        claim = judge(left.tree, right.tree, "=", replace(setting, domains=domains))
        if claim.verdict == "correct":
            said = f"the entries of {plain_name(base)} add up to 1"
            if shares is not None:
                return replace(claim, assumed=(*claim.assumed, said))
            return Claim("undecided", message=f"right only if {said}, which is not stated")
    return None


def weights_of_logs(tree: Tree) -> Iterator[Tree]:
    r"""The y of a cross-entropy, ``\sum_k y_k \log p_k`` or ``y^\top \log p``: as a rule a distribution.

    >>> from derive.reading import read_formula
    >>> [name.text for name in weights_of_logs(read_formula(r"L = -\sum_k y_k \log p_k"))]
    ['y']
    """
    for big in (node for node in tree.walk() if isinstance(node, Big) and node.operator == "sum"):
        factors = big.body.factors if isinstance(big.body, Multiply) else ()
        logs = [f for f in factors if isinstance(f, Call) and function_name(unlabelled(f.function)) == "log"]
        entries = [access(f) for f in factors if isinstance(f, Indexed)]
        # of a table t_{nk}, each row is a distribution; of a table y_j^{(i)}, each column
        of_entries = [access(a)[1] for f in logs for a in f.arguments if isinstance(a, Indexed)]
        if len(of_entries) == 1 and set(big.variables) <= set(of_entries[0]):
            yield from (base for base, indices in entries if indices == of_entries[0])
    for factors in (node.factors for node in tree.walk() if isinstance(node, Multiply)):
        for weights, log in pairwise(factors):
            of_logs = isinstance(log, Call) and function_name(unlabelled(log.function)) == "log"
            if of_logs and isinstance(weights, Transpose):
                yield weights.operand


def independent(left: Expansion, right: Expansion, setting: Setting) -> Claim | None:
    """What is right if the random variables are independent: that may stand in words."""
    spaces = {name: k + 1 for k, name in enumerate(setting.random)}
    if len(spaces) < 2 or spaces == setting.random:
        return None
    claim = judge(left.tree, right.tree, "=", replace(setting, random=spaces))
    said = ", ".join(sorted(plain_name(name) for name in spaces))
    message = f"right only if {said} are independent, which is not declared"
    return Claim("undecided", message=message) if claim.verdict == "correct" else None


def apart(left: Expansion, right: Expansion, setting: Setting) -> Claim | None:
    """What is right if ``u_o`` is none of the ``u_1, ..., u_K`` of a sum: o is a label then."""
    by = left.tree.wrt if isinstance(left.tree, Derivative) else ()
    own: dict[Tree, Tree] = {}
    for name in by:
        labels = name.lower if isinstance(name, Indexed) and isinstance(name.base, Name) else ()
        if labels and all(isinstance(i, Name) and i.text not in INDEX_LETTERS for i in labels):
            assert isinstance(name, Indexed)
            assert isinstance(name.base, Name)
            own[name] = replace(name.base, marks=(*name.base.marks, "apart"))
    numbered = [
        n
        for n in left.tree.walk()
        if isinstance(n, Big) and isinstance(n.lower, Number) and n.upper is not None
    ]
    if not own or not numbered:
        return None
    claim = judge(substitute(left.tree, own), substitute(right.tree, own), "=", setting)
    if claim.verdict != "correct":
        return None
    said = ", ".join(sorted(map(plain_name, own)))
    return Claim("undecided", message=f"right only if {said} is none of those that the sum runs over")


def orthonormal(left: Expansion, right: Expansion, setting: Setting, scope: Scope) -> Claim | None:
    """What is right where ``U^T U = I``, if the script says so; nothing if not even a square U makes it."""
    named = scope.orthonormal.intersection(node for t in (left.tree, right.tree) for node in t.walk())
    if not named:
        return None
    form = Domain(text="orthogonal", form="orthogonal")
    square: dict[Tree, Shape] = dict.fromkeys(named, (3, 3))
    setting = replace(setting, shapes={**setting.shapes, **square})
    claim = judge(
        left.tree,
        right.tree,
        "=",
        replace(setting, domains={**setting.domains, **dict.fromkeys(named, form)}),
    )
    if claim.wrong:
        return claim if claim.note != "shape" else None
    said = ", ".join(sorted(map(plain_name, named)))
    return Claim("undecided", message=f"right where {said} is square and orthogonal")


#: Letters for scatter, covariance, kernel and Hessian matrices.
_OFTEN_SYMMETRIC = {"S", "C", "K", "H", "P", "Sigma", "Lambda"}


def symmetric(left: Expansion, right: Expansion, setting: Setting) -> Claim | None:
    """What is right if a matrix is symmetric whose letter is customary for such, said or not."""
    nodes = {node for t in (left.tree, right.tree) for node in t.walk()}
    letters = {n for n in nodes if isinstance(n, Name) and n.text in _OFTEN_SYMMETRIC}
    labelled = {n for n in nodes if isinstance(n, Indexed) and n.base in letters}
    named = sorted((letters - {n.base for n in labelled}) | labelled, key=repr)
    form = Domain(text="symmetric", form="symmetric")
    domains: dict[Tree, Domain] = {**dict.fromkeys(named, form), **setting.domains}
    if not named or judge(left.tree, right.tree, "=", replace(setting, domains=domains)).verdict != "correct":
        return None
    said = ", ".join(map(plain_name, named))
    return Claim("undecided", message=f"right only if {said} is symmetric, which is not stated")


def from_zero(left: Expansion, right: Expansion, setting: Setting, scope: Scope) -> Claim | None:
    """What is right if a recurrence begins at 0: ``h_0 = 0`` is often not said."""
    starts = {
        name
        for name in names_left(left, dict(setting.lets)) | names_left(right, dict(setting.lets))
        if isinstance(name, Indexed)
        and access(name)[1] == (Number("0"),)
        and access(name)[0] in scope.formulas
    }
    if not starts:
        return None
    zero: dict[Tree, Tree] = dict.fromkeys(starts, Number("0"))
    lets = {name: substitute(tree, zero) for name, tree in setting.lets.items()}
    a, b = substitute(left.tree, zero), substitute(right.tree, zero)
    if judge(a, b, "=", replace(setting, lets=lets)).verdict != "correct":
        return None
    said = ", ".join(sorted(map(plain_name, starts)))
    return Claim("undecided", message=f"right only if {said} is 0, which is not stated")


def partly_given(lacking: set[Tree], scope: Scope) -> bool:
    given = {
        n for n in lacking if n in scope.values or (isinstance(n, Indexed) and access(n)[0] in scope.values)
    }
    return bool(given) and given != lacking
