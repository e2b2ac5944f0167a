"""One claim -> a verdict with its evidence: the ladder from cheap to dear.

Structure up to what commutes and the names of bound letters; exact arithmetic on values; digits as
rounding claims;
random points in the declared domain at two precisions. ``wrong`` only with a witness; whatever else fails is
``undecided`` with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from derive.judging import closed, definitions, indices
from derive.judging.claim import Claim
from derive.judging.conventions import alternatives, checked, in_force
from derive.judging.endless import endless, infinite
from derive.judging.identities import Setting, assumptions, judge_identity, plainly_apart
from derive.judging.inequalities import judge_inequality
from derive.judging.isolation import guarded
from derive.judging.limits import Heavy, Refusal, ShapeMismatch, TooLarge
from derive.judging.limits import in_force as limits_in_force
from derive.judging.names import CONSTANTS, ONES, function_name, is_delta, is_indicator, is_letter, unlabelled
from derive.judging.readings import readings
from derive.judging.second_look import is_equation, second_looks, stands_alone
from derive.judging.setting import setting_for
from derive.judging.shapes import infer
from derive.judging.trees import (
    canonical,
    check_numbers,
    is_number,
    letters_bound,
    size_of,
)
from derive.judging.units import by_units, letters_of_units
from derive.judging.values import Rounded
from derive.reading import Declarations, read_statements, to_latex
from derive.reading.tree import (
    Big,
    Call,
    Derivative,
    Hole,
    Indexed,
    Multiply,
    Name,
    Number,
    Relation,
    Tree,
)

INEQUALITIES = ("<", "<=", ">", ">=", "!=")
RELATIONS = ("=", "~=", *INEQUALITIES)
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compare(
    left: str,
    right: str,
    declare: Iterable[str] = (),
    convention: Mapping[str, str] | None = None,
    relation: str = "=",
    seed: int = 0,
) -> Claim:
    r"""Whether two formulas mean the same for all values in the declared domains.

    ``declare`` are declaration lines (``"W: 3x5"``, ``"x > 0"``) and definitions of names (``"L = (y -
    t)^2"``); ``convention`` changes a default, e.g. ``{"log": "10"}`` or ``{"angle": "degrees"}`` (the keys
    of :data:`derive.judging.conventions.CONVENTIONS`). ``relation`` may be ``=``, ``~=`` (about), ``<``,
    ``<=``, ``>``, ``>=`` or ``!=``. If both sides are relations, left is compared with left and right with
    right, and ``a > b`` with ``b < a``. The verdict is ``correct``, ``rounded``, ``wrong`` (with a
    witness), ``undecided`` or ``unread`` (with the reason in ``message``). Raises ``DeclarationError`` for
    a declaration that says nothing, ``ConventionError`` for a convention that there is not.

    ``seed`` chooses the random points: the same seed gives the same verdict and witness on every run and
    machine. A claim that would take long is judged in a worker process and is ``undecided`` if it costs too
    much there (:mod:`derive.judging.isolation`).

    >>> compare(r"\tanh x", r"2\sigma(2x) - 1").verdict
    'correct'
    >>> wrong = compare(r"\tanh x", r"2\sigma(x) - 1")
    >>> wrong.verdict, wrong.witness
    ('wrong', {'at': {'x': 1}, 'left': 0.761594, 'right': 0.462117, 'entry': None})
    >>> compare("AB", "BA").note
    'shape'
    >>> compare(r"\frac{8n^2 + 4n}{32n^2}", r"\frac14", ["n: natural"], relation=">").verdict
    'correct'
    """
    if relation not in RELATIONS:
        raise ValueError(f"the relation {relation!r} is not judged; what would work: {' '.join(RELATIONS)}")
    conventions = checked(convention or {})
    declared, lets = definitions.read(declare)
    (first, signs), (second, others) = _sides(left, declared), _sides(right, declared)
    if [MIRRORED.get(sign, sign) for sign in others] == signs != others:
        second = second[::-1]
    elif signs != others:
        message = (
            "one side is a relation and the other is not" if len(first) != len(second) else "other relations"
        )
        return Claim("undecided", message=message, left=left, relation=relation, right=right)
    pairs = list(zip(first, second, strict=True))
    sizes = [int(size) for declaration in declared for size in declaration.shape or () if size.isdigit()]
    trees = (*first, *second, *lets.values())
    worst = guarded(_worst, trees, sizes, pairs, relation, declared, lets, conventions, seed)
    return replace(worst, left=left.strip(), right=right.strip(), relation=relation)


def _worst(
    pairs: Sequence[tuple[Tree, Tree]],
    relation: str,
    declared: Declarations,
    lets: Mapping[Tree, Tree],
    conventions: Mapping[str, str],
    seed: int,
) -> Claim:
    """The worst verdict among those on the pairs of sides."""
    claims = []
    for a, b in pairs:
        marked = indices.mark((a, b, *lets, *lets.values()), lets).trees
        a, b = marked[:2]
        given = dict(zip(marked[2 : 2 + len(lets)], marked[2 + len(lets) :], strict=True))
        a, b, named = definitions.put_in(a, b, given)
        setting = setting_for((a, b, *named.values()), declared, conventions)
        a, b, named = in_force(a, b, named, conventions)
        claim = judge_by_conventions(a, b, relation, replace(setting, lets=named, seed=seed))
        if claim.wrong and definitions.recurs(given, marked[:2]):
            claim = Claim(
                "undecided", message="a name is defined by a recurrence, and where it starts is not"
            )
        claims.append(claim)
    order = ("wrong", "unread", "undecided", "rounded", "correct")
    return min(claims, key=lambda c: order.index(c.verdict))


def _sides(text: str, declared: Declarations) -> tuple[list[Tree], list[str]]:
    statements = read_statements(text, declared)
    if len(statements) != 1:
        reason = "nothing to read" if not statements else "several statements where one formula was expected"
        return [Hole(text, reason)], []
    return [side.tree for side in statements[0].sides], list(statements[0].signs)


def judge_by_conventions(left: Tree, right: Tree, relation: str, setting: Setting) -> Claim:
    """The verdict of :func:`judge`; a wrong claim that another convention makes right has the note
    ``convention``.

    The convention is in the claim's ``convention``, as ``--convention`` takes it.
    """
    claim = judge(left, right, relation, setting)
    if not claim.wrong or relation not in ("=", "~="):
        return claim
    for row, value, (a, b, _), other in alternatives(left, right, setting):
        try:
            right_so = not plainly_apart(a, b, other) and judge(a, b, relation, other).verdict in (
                "correct",
                "rounded",
            )
        except Heavy:
            _hand_on()
            return claim  # wrong it is; which convention might explain it costs too much to find out
        if right_so and not _degenerate(a, b, other):
            message = f"{claim.message}; right if {row.says(value)}"
            return replace(claim, note="convention", convention=f"{row.key}={value}", message=message)
    return claim


def _hand_on() -> None:
    """Go on with the end of a claim that costs too much here, if a worker is there to find more out."""
    meter = limits_in_force()
    if meter is None or meter.hands_on:
        raise Heavy("it needs too many operations")


def _degenerate(left: Tree, right: Tree, setting: Setting) -> bool:
    """Whether the sides agree only because a matrix has to have one row or one column to make them fit."""
    layout, _ = infer([left, right], setting.shapes, setting.lets)
    free = [
        dims for name, dims in layout.dims.items() if name in layout.matrices and name not in setting.shapes
    ]
    given = [shape for shape in setting.shapes.values() if shape is not None]
    return any(layout.find(dim) == 1 for dims in (*free, *given) for dim in dims if dim != 1)


def judge(left: Tree, right: Tree, relation: str, setting: Setting) -> Claim:
    """The verdict on ``left relation right`` as an identity, with its LaTeX.

    Never raises for what stands in the trees: a hopeless claim is ``undecided`` with the reason.
    """
    sizes = [size for shape in setting.shapes.values() for size in shape or ()]
    claim = guarded(_judge, (left, right), sizes, left, right, relation, setting)
    return replace(claim, left=to_latex(left), right=to_latex(right), relation=relation)


def _judge(left: Tree, right: Tree, relation: str, setting: Setting) -> Claim:
    for side in (left, right):
        hole = next((n for n in side.walk() if isinstance(n, Hole)), None)
        if hole is not None:
            return Claim("unread", message=hole.reason)

    def judged(a: Tree, b: Tree, lets: Mapping[Tree, Tree]) -> Claim:
        return _judged(a, b, relation, replace(setting, lets=lets))

    return by_units(left, right, setting.lets, setting.convention, judged)


def _judged(left: Tree, right: Tree, relation: str, setting: Setting) -> Claim:
    """The verdict on sides whose units are settled."""
    try:
        for side in (left, right):
            size_of(side)
            check_numbers(side)
        marked = indices.mark((left, right, *setting.lets.values()), setting.lets, setting.shapes)
        left, right, *named = marked.trees
        domains = {**marked.domains, **setting.domains}
        setting = replace(setting, lets=dict(zip(setting.lets, named, strict=True)), domains=domains)
        pairs = readings(left, right, ONES in setting.shapes)
        verdicts = [_ladder(a, b, relation, setting) for a, b in pairs]
    except TooLarge as refusal:
        return Claim("undecided", message=f"not computed: {refusal}")
    except RecursionError:
        return Claim("undecided", message="the formula is nested too deeply")
    except (MemoryError, OverflowError):
        return Claim("undecided", message="the numbers are too large to compute with")
    claim = common_verdict(verdicts)
    if claim.wrong or (claim.verdict == "undecided" and claim.message.startswith("not true of every")):
        try:
            claim = _looked_at_again(left, right, relation, setting, claim)
        except Heavy:
            _hand_on()  # what else it may mean costs too much to find out
    derivatives = indices.derivatives(left), indices.derivatives(right)
    if claim.wrong and (derivatives[0] != derivatives[1] or (claim.note == "shape" and any(derivatives))):
        # each of them may have any values only as long as nothing is said of how they hang together
        return Claim("undecided", message="how the loss depends on the variable is not stated")
    return claim


def _looked_at_again(left: Tree, right: Tree, relation: str, setting: Setting, claim: Claim) -> Claim:
    """A claim that is wrong as it was taken, taken in other ways."""
    if relation not in ("=", "~="):
        return claim
    doubt = _other_meaning((left, right), setting)
    if doubt is not None:
        return Claim("undecided", note="ambiguous", message=doubt)
    for a, b in readings(left, right, ONES in setting.shapes)[:1]:
        for look in second_looks(a, b, setting):
            if not look.usual and plainly_apart(look.left, look.right, look.setting):
                continue
            again = _ladder(look.left, look.right, relation, look.setting)
            if look.usual and again.wrong:
                claim = replace(again, assumed=(*again.assumed, look.said))
            if again.verdict in ("correct", "rounded"):
                if look.beside and not plainly_apart(look.left, look.right, look.beside):
                    continue
                if look.granted:
                    return replace(again, assumed=(*again.assumed, look.said))
                if not setting.lenient:
                    continue
                return Claim("undecided", message=look.said, assumed=again.assumed)
        if setting.lenient and is_equation(a, b, setting):
            return Claim("undecided", message="an equation, not an identity: it holds for some values only")
        shape = claim.note == "shape" and setting.lenient
        if shape and (alone := stands_alone(a, b, setting)) is not None:
            return Claim("undecided", message=f"{alone} stands alone: what it is, is not stated elsewhere")
    return claim


#: Greek letters of which a value at a number is written like a product: the zeta function of 2.
_FUNCTIONS_OF_NUMBERS = frozenset(["zeta", "Gamma", "Phi", "phi", "varphi", "psi", "Psi", "Beta", "eta"])


def _other_meaning(sides: Sequence[Tree], setting: Setting) -> str | None:
    """What else a product may be: a function of a number, a number in another notation or with its unit."""
    left, right = sides
    if units := letters_of_units(left, right, {*setting.shapes, *setting.domains, *setting.lets}):
        return rf"{units} may be units (\text{{ ms}} would be read as one)"
    for node in (n for side in sides for n in side.walk()):
        if not isinstance(node, Multiply):
            continue
        for sign, before, behind in zip(node.signs, node.factors, node.factors[1:], strict=False):
            if sign or not isinstance(before, (Name, Number)):
                continue
            if isinstance(before, Number):
                base = behind.base if isinstance(behind, Indexed) else behind
                if before.digits == "0" and isinstance(base, Name) and base.text[:1] in ("x", "b", "o"):
                    return f"0{base.text[:1]}... may be a number in another base"
            elif (
                isinstance(behind, Number)
                and before.text in _FUNCTIONS_OF_NUMBERS
                and before not in {*setting.shapes, *setting.domains, *setting.lets}
            ):
                return f"{before.text}({behind.digits}) may be a product or the value of a function"
    return None


def common_verdict(verdicts: Sequence[Claim]) -> Claim:
    """What all readings of an ambiguous claim say, or that they do not say the same."""
    if len({c.verdict for c in verdicts}) == 1:
        return verdicts[0]
    said = "; ".join(dict.fromkeys(f"{c.verdict}: {c.message}" for c in verdicts))
    return Claim("undecided", note="ambiguous", message=f"the readings differ ({said})")


def _ladder(left: Tree, right: Tree, relation: str, setting: Setting) -> Claim:
    from derive.judging.trees import rename_bound

    equality = relation not in INEQUALITIES
    if equality and canonical(left) == canonical(right):
        return Claim("correct", "exact", "the same up to order", assumed=_assumed(left, right, setting))
    if Name("infty") in free_names(left) | free_names(right):
        return Claim("undecided", message="no value is known for infinity")
    try:
        if is_closed(left, setting) and is_closed(right, setting):
            claim = closed.settle(left, right, relation, setting.convention, setting.lets)
            return replace(claim, assumed=_assumed(left, right, setting))
        if not equality:
            return judge_inequality(left, right, relation, setting)
        if is_number(left, 0) or is_number(right, 0):
            _layout, shapes = infer([rename_bound(left), rename_bound(right)], dict(setting.shapes))
            if any(not isinstance(s, Refusal) and s is not None for s in shapes):
                return _is_zero(right if is_number(left, 0) else left, setting)
        return judge_identity(left, right, setting)
    except TooLarge as refusal:
        return Claim("undecided", message=f"not computed: {refusal}")
    except ShapeMismatch as refusal:
        return Claim("undecided", note="shape", message=f"the shapes do not fit: {refusal}")
    except Refusal as refusal:
        return Claim("undecided", message=f"cannot be evaluated: {refusal}")


def _is_zero(tree: Tree, setting: Setting) -> Claim:
    """A vector or matrix that is said to be 0: an identity if it always is, else an equation."""
    claim = judge_identity(tree, Multiply((Number("0"), tree), ("",)), setting)
    if claim.verdict in ("correct", "rounded"):
        return claim
    return Claim("undecided", message="an equation, not an identity")


def _assumed(left: Tree, right: Tree, setting: Setting) -> tuple[str, ...]:
    try:
        layout, _ = infer([left, right], dict(setting.shapes))
    except Refusal:
        return ()
    return assumptions(layout, setting, [left, right])


def free_names(tree: Tree) -> set[Tree]:
    """The names that have no value of their own: not a constant, not bound, not a function that is known."""
    bound = set(letters_bound(tree))
    found: set[Tree] = set()

    def visit(node: Tree) -> None:
        if isinstance(node, Call):
            function = unlabelled(node.function)
            if function_name(function) is None and not is_indicator(function):
                found.add(function)
            elif isinstance(node.function, Indexed):
                for label in node.function.lower:
                    if not isinstance(label, Name):
                        visit(label)
            for argument in node.arguments:
                visit(argument)
            return
        if isinstance(node, Indexed):
            if is_delta(node) and all(isinstance(i, Number) for i in node.lower):
                return  # Kronecker's, unless it was given another meaning and put in before
            if isinstance(node.base, (Name, Indexed)):
                if any(is_letter(i) and i in bound for i in (*node.lower, *node.upper)) and not isinstance(
                    node.base, Name
                ):
                    visit(node.base)
                    return
                found.add(node)
            else:
                visit(node.base)
                for index in node.children():
                    if index is not node.base and not is_letter(index):
                        visit(index)
            return
        if endless(node):
            assert isinstance(node, Big)
            for child in node.children():
                if not infinite(child) and child != Name("+"):
                    visit(child)
            return
        if isinstance(node, Derivative) and isinstance(node.at, Relation):
            inside = free_names(replace(node, at=None)) - {node.at.left}
            found.update(inside - bound)
            visit(node.at.right)
            return
        if isinstance(node, Name):
            if node not in CONSTANTS and node not in bound:
                found.add(node)
            return
        for child in node.children():
            visit(child)

    visit(tree)
    return found


def is_closed(tree: Tree, setting: Setting | None = None) -> bool:
    """Whether the tree is made of numbers and known functions only."""
    names = free_names(tree)
    lets = {} if setting is None else setting.lets
    if any(not is_closed(lets[name]) for name in names & set(lets)):
        return False
    return not names - set(lets)


__all__ = ["Claim", "Rounded", "compare", "free_names", "is_closed", "judge", "judge_by_conventions"]
