"""One link of a chain, judged with the values and formulas in force at its line.

Three roads: *general* (formulas put in, given values left as free names), the *truth* (values put in,
formulas first) and
the writer's *own* (what was last written). Right on any of them is right; wrong needs a witness on the
truth's road
and no excuse on the writer's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from derive.judging import closed
from derive.judging.claim import Claim
from derive.judging.compare import (
    INEQUALITIES,
    common_verdict,
    free_names,
    is_closed,
    judge,
)
from derive.judging.conventions import CONVENTIONS
from derive.judging.digits import literal as number_of
from derive.judging.limits import Refusal
from derive.judging.names import access, is_letter
from derive.judging.readings import entries_of_matrices, readings
from derive.judging.setting import setting_for
from derive.judging.shapes import infer
from derive.judging.trees import canonical, substitute, wider
from derive.judging.units import by_units
from derive.judging.values import plain_name
from derive.marking.conditions import concerning
from derive.marking.doubts import about_a_function, by_entries, covers_all_cases, grouped, tempered
from derive.marking.expanding import in_one_step
from derive.marking.generally import (
    adding_up,
    all_square,
    apart,
    applied,
    from_zero,
    independent,
    names_left,
    orthonormal,
    partly_given,
    stated_generally,
    symmetric,
)
from derive.marking.link import RIGHT, Link
from derive.marking.recurrences import NOTHING, Given, given_in
from derive.marking.scope import ALWAYS, Expansion, Meaning, Mode, Scope
from derive.reading import Declarations, to_latex
from derive.reading.tree import (
    Derivative,
    Indexed,
    List,
    Matrix,
    Name,
    Number,
    Relation,
    Tree,
)

#: The conventions that excuse a line of a script. Degrees for radians are a slip by the design, and a lost
#: half or a lost transpose is one too often to be excused.
DOCUMENTED = ("log",)


def judge_link(link: Link, scope: Scope, declared: Declarations, words: str = "") -> Claim:
    """The verdict on a link that names nothing new; ``words`` is the prose around it.

    Nothing in the scope is changed. A link that can be read in two ways gets the verdict of both, if they
    agree.
    """
    claim = _judged(link, scope, declared, words)
    if claim.verdict not in ("wrong", "undecided") or link.under:
        return claim
    for group in link.conditions:
        under = concerning(group, [link.left, link.right])
        if not under:
            continue
        again = _judged(replace(link, under=under), scope, declared, words)
        if again.verdict in RIGHT:
            said = ", ".join(_condition(relation) for relation in under)
            return replace(again, assumed=(*again.assumed, f"meant where {said}"))
        if claim.verdict == "undecided" or not again.wrong:
            claim = again
    rows = scope.with_rows()
    if rows is not None and (again := _judged(link, rows, declared, words)).verdict in RIGHT:
        return replace(again, assumed=(*again.assumed, "a matrix that is written as a list is a row"))
    names = {node for side in (link.left, link.right) for node in side.walk()} if claim.wrong else set()
    for name in sorted(names & scope.former.keys(), key=repr):
        before = replace(scope, formulas={**scope.formulas, name: scope.former[name]})
        if _judged(link, before, declared, words).verdict in RIGHT:
            message = f"right by what {plain_name(name)} was in line {scope.former[name].line}"
            return Claim("undecided", message=message)
    for key, value, said in _other_conventions(link, scope) if claim.wrong else ():
        if scope.shown.get(key, value) != value:
            continue  # other lines of the document are right only under another
        other = replace(scope, convention={**scope.convention, key: value})
        if _judged(link, other, declared, words).verdict in RIGHT:
            message = f"{claim.message}; right if {said}"
            return replace(claim, note="convention", convention=f"{key}={value}", message=message)
    return claim


def conventions_shown(
    link: Link, claim: Claim, scope: Scope, declared: Declarations, words: str = ""
) -> dict[str, str]:
    """What a link shows of the conventions that its document is written in: the one that explains it, or the
    one in force where the link would not be right under another."""
    if claim.convention is not None:
        key, _, value = claim.convention.partition("=")
        return {key: value}
    if claim.verdict not in RIGHT:
        return {}
    shown = {}
    for key, value, _ in _other_conventions(link, scope):
        other = replace(scope, convention={**scope.convention, key: value})
        if _judged(link, other, declared, words).verdict not in RIGHT:
            shown[key] = CONVENTIONS[key].values[0]
    return shown


def _other_conventions(link: Link, scope: Scope) -> Iterator[tuple[str, str, str]]:
    """The other conventions that a link may be meant under: key, value and what is said of it."""
    for key in DOCUMENTED:
        row = CONVENTIONS[key]
        if key not in scope.convention and any(map(row.concerns, (link.left, link.right))):
            yield from ((key, value, row.says(value)) for value in row.values[1:])


def _condition(relation: Relation) -> str:
    return f"{to_latex(relation.left)} {relation.sign} {to_latex(relation.right)}"


def _judged(link: Link, scope: Scope, declared: Declarations, words: str) -> Claim:
    pairs = readings(link.left, link.right)
    return common_verdict(
        [_judge_reading(replace(link, left=a, right=b), scope, declared, words) for a, b in pairs]
    )


def _judge_reading(link: Link, scope: Scope, declared: Declarations, words: str) -> Claim:
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
                if about_a_function(link.left):
                    break  # tanh x = 2 sigma(x) - 1 is no more right for holding at x = 0
                return replace(
                    claim,
                    note="coincidence",
                    message=f"for the values given, not in general: {general.message}",
                )
            if claim.verdict in RIGHT:
                return claim
            by_mode[mode] = claim
    truth, general = by_mode.get("truth"), by_mode.get("general")
    held = _holding_fixed(link, scope, declared)
    if held is not None:
        return held
    for claim in (truth, general):
        if claim is not None and claim.wrong:
            if (left_out := _without_the_tiny(link, scope, declared)) is not None:
                return left_out
            doubted = _read_otherwise(link, scope, declared) or tempered(claim, link, scope)
            return _by_cases(doubted, link, scope, declared, words) if doubted.wrong else doubted
    if general is not None and general.verdict == "undecided":
        return general
    if truth is not None:
        return truth
    return Claim("undecided", message="it cannot be known what is meant here")


#: From what needs least to what needs most: as it stands, formulas put in, values put in, the writer's own
#: values.
_ROADS: tuple[Mode | None, ...] = (None, "general", "truth", "own")


def _holding_fixed(link: Link, scope: Scope, declared: Declarations) -> Claim | None:
    """A partial derivative may be meant with all other names held fixed, whatever they are computed from."""
    nodes = [n for side in (link.left, link.right) for n in side.walk()]
    if not any(isinstance(n, Derivative) and n.kind == "partial" for n in nodes):
        return None
    for mode in _ROADS[1:]:
        claim = _road(link, scope, declared, mode, direct=True)
        if claim is not None and claim.verdict in RIGHT:
            return replace(claim, assumed=(*claim.assumed, "partial: the other names are held fixed"))
    return None


_TINY = Number("0.0001")


def _without_the_tiny(link: Link, scope: Scope, declared: Declarations) -> Claim | None:
    """What is right without the ``\\epsilon = 10^{-8}`` that keeps a denominator from 0."""
    tiny = {
        name
        for name, meaning in {**scope.formulas, **scope.values}.items()
        if name in (Name("epsilon"), Name("varepsilon")) and is_closed(meaning.tree)
    } & (free_names(link.left) | free_names(link.right))
    small = replace(link, right=_TINY, sign="<")
    tiny = {
        name
        for name in tiny
        if (size := _road(replace(small, left=name), scope, declared, "truth")) is not None
        and size.verdict == "correct"
    }
    if not tiny:
        return None
    zero = Meaning(Number("0"), link.line, ALWAYS)
    values = dict(scope.values)
    values.update(dict.fromkeys(tiny, zero))
    formulas = {name: meaning for name, meaning in scope.formulas.items() if name not in tiny}
    claim = _road(link, replace(scope, values=values, formulas=formulas), declared, "truth")
    if claim is None or claim.verdict not in ("correct", "rounded"):
        return None
    said = ", ".join(sorted(map(plain_name, tiny)))
    return replace(claim, verdict="rounded", evidence="interval", message=f"right where {said} is left out")


def _read_otherwise(link: Link, scope: Scope, declared: Declarations) -> Claim | None:
    """A wrong link may be right if it is read in another way, in which some write it."""
    others = [
        (replace(link, left=left, right=right), scope, "a function or a sum reaches further than it stands")
        for left in wider(link.left)
        for right in wider(link.right)
    ]
    if not scope.decimal_points:
        thousands = replace(link, left=grouped(link.left), right=grouped(link.right))
        others.append((thousands, scope, "a point separates thousands"))
    if written_shape(link.right) is not None:
        formulas = {name: replace(m, tree=by_entries(m.tree)) for name, m in scope.formulas.items()}
        entries = replace(link, left=by_entries(link.left))
        others.append((entries, replace(scope, formulas=formulas), "vectors are multiplied entry by entry"))
    for other, there, reading in others:
        if (other, there) == (link, scope):
            continue
        for mode in _ROADS:
            claim = _road(other, there, declared, mode)
            if claim is not None and claim.verdict in RIGHT:
                return Claim("undecided", note="ambiguous", message=f"right only if {reading}")
    return None


def _by_cases(claim: Claim, link: Link, scope: Scope, declared: Declarations, words: str) -> Claim:
    """A derivative with two indices may be stated for equal, or for different, indices only."""
    if not isinstance(link.left, Derivative) or number_of(link.right) is not None:
        return claim
    found = {i for n in link.left.walk() if isinstance(n, Indexed) for i in access(n)[1] if is_letter(i)}
    letters = sorted(found, key=repr)
    if len(letters) != 2:
        return claim
    same: dict[Tree, Tree] = {letters[1]: letters[0]}
    equal = replace(link, left=substitute(link.left, same), right=substitute(link.right, same))
    cases = {
        "equal": _road(equal, scope, declared, "general"),
        "different": _road(link, scope, declared, "general", distinct=True),
    }
    right = [case for case, verdict in cases.items() if verdict is not None and verdict.verdict == "correct"]
    if not right:
        return claim
    stated = link.case or ("either" if "case" in words.lower() or "diagonal" in words.lower() else "")
    if stated in (*right, "either"):
        assumed = f"the indices are {right[0]}"
        return Claim("correct", "sampled", f"where {assumed}", assumed=(assumed,))
    if stated or right == ["equal"] or covers_all_cases(link.right):
        return claim
    return Claim(
        "undecided", message=f"right only where the indices are {right[0]}, and that case is not stated"
    )


def _road(
    link: Link,
    scope: Scope,
    declared: Declarations,
    mode: Mode | None,
    distinct: bool = False,
    direct: bool = False,
) -> Claim | None:
    """The verdict with the names put in by ``mode``; None where that road does not apply."""
    relation = "=" if link.arrow else link.sign
    if mode is None:
        return _as_it_stands(link, declared, scope.convention)
    try:
        one_step = in_one_step(link.left, link.right)
        given = NOTHING if one_step else given_in((link.left, link.right), scope.formulas)
        put_in = partial(scope.expand, mode=mode, direct=direct, one_step=one_step, given=given)
        left = put_in(link.left, shape=written_shape(link.right))
        kept = () if one_step else _stays(link.left, left)
        right = put_in(link.right, shape=written_shape(link.left), kept=kept)
    except Refusal as refusal:
        return Claim("undecided", message=f"cannot be evaluated: {refusal}") if mode == "truth" else None
    except RecursionError:
        return Claim("undecided", message="the formula is nested too deeply") if mode == "truth" else None
    under = _stated_fully(link, scope, given)
    entries = entries_of_matrices([left.tree, right.tree])
    for side in (left, right):
        side.tree = substitute(side.tree, entries)
    lets = {**left.lets, **right.lets}
    lacking = names_left(left, lets) | names_left(right, lets)
    if mode == "general":
        if not lacking or relation in INEQUALITIES:
            return None
        setting = replace(
            setting_for((left.tree, right.tree), declared, scope.convention), lets=lets, any_function=False
        )
        setting = replace(
            setting, distinct=distinct, conditions=under, lenient=False, symmetric=scope.symmetric
        )
        claim = judge(left.tree, right.tree, relation, setting)
        if claim.verdict == "undecided":  # right for any function, if one is left unknown
            whatever = judge(left.tree, right.tree, relation, replace(setting, any_function=True))
            claim = whatever if whatever.verdict == "correct" else claim
        if not (names_left(left, lets) and names_left(right, lets)):
            # A formula beside a number: an identity if it holds everywhere, else a claim about given values.
            restricted = bool(link.under) and claim.wrong and applied(link.left)
            return claim if claim.verdict == "correct" or restricted else None
        # Shapes that only the defaults give are no ground for calling a line wrong.
        if claim.wrong and claim.note == "shape":
            claim = all_square(left, right, setting) or claim
        if claim.wrong and claim.note == "shape":
            return None
        if claim.wrong and (shared := adding_up(left, right, setting, scope.shares)) is not None:
            return shared
        if claim.wrong and not stated_generally(link, left, right, lets, declared):
            return None
        if claim.wrong:
            claim = (
                adding_up(left, right, setting)
                or independent(left, right, setting)
                or apart(left, right, setting)
                or orthonormal(left, right, setting, scope)
                or symmetric(left, right, setting)
                or from_zero(left, right, setting, scope)
                or claim
            )
        if claim.wrong and partly_given(lacking, scope):
            return None  # numbers may have been put in for some of the names
    elif lacking - _known_sizes([left.tree, right.tree], lets):
        return _in_what_is_free(link, left, right, lacking, declared, scope) if mode == "truth" else None
    else:
        claim = _settled(left, right, relation, lets, scope.convention)
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


def _stated_fully(link: Link, scope: Scope, given: Given) -> tuple[Relation, ...]:
    """The conditions with formulas put in: ``L > 0`` says where the hinge of a loss is not 0."""
    try:
        sides = [(r, scope.expand(r.left, "general", given=given)) for r in link.under]
    except Refusal:
        return link.under
    return tuple(r if side.lets else replace(r, left=side.tree) for r, side in sides)


def _stays(side: Tree, expanded: Expansion) -> tuple[Tree, ...]:
    """The families that a side is differentiated by and of which no whole is known: names beside it, too."""
    by = side.wrt if isinstance(side, Derivative) else ()
    bases = (access(v)[0] for v in by if isinstance(v, Indexed) and any(map(is_letter, access(v)[1])))
    return tuple(base for base in bases if base not in expanded.lets)


def _in_what_is_free(
    link: Link,
    left: Expansion,
    right: Expansion,
    lacking: set[Tree],
    declared: Declarations,
    scope: Scope,
) -> Claim:
    """With the values put in, the claim may still be an identity in the names that have none."""
    if link.sign != "=" or not (left.values or right.values):
        return _without(lacking)
    lets = {**left.lets, **right.lets}
    if not (names_left(left, lets) and names_left(right, lets)):
        return _without(lacking)
    setting = replace(
        setting_for((left.tree, right.tree), declared, scope.convention), lets=lets, any_function=False
    )
    claim = judge(left.tree, right.tree, "=", replace(setting, conditions=link.under))
    meant = claim.wrong and claim.note != "shape" and stated_generally(link, left, right, lets, declared)
    return claim if claim.verdict == "correct" or meant else _without(lacking)


def _known_sizes(trees: list[Tree], lets: dict[Tree, Tree]) -> set[Tree]:
    """The letters that end a sum over something whose size is known: n is 3 where x has three entries."""
    try:
        layout, _ = infer(trees, None, lets)
    except Refusal:
        return set()
    return {name for name in layout.sizes if isinstance(layout.find(("size", name)), int)}


def _as_it_stands(link: Link, declared: Declarations, convention: Mapping[str, str]) -> Claim | None:
    """An identity in its own right, whatever the names mean; only being right counts here."""
    both = (link.left, link.right)
    if any(isinstance(n, Derivative) and isinstance(n.of, (Name, Indexed)) for t in both for n in t.walk()):
        return None
    if link.sign in INEQUALITIES or not all(free_names(t) for t in both):
        return None
    setting = replace(setting_for(both, declared, convention), conditions=link.under)
    claim = judge(link.left, link.right, "=", setting)
    return claim if claim.verdict == "correct" else None


def _settled(
    left: Expansion, right: Expansion, relation: str, lets: dict[Tree, Tree], convention: Mapping[str, str]
) -> Claim:
    def settled(a: Tree, b: Tree, named: Mapping[Tree, Tree]) -> Claim:
        return closed.settle(a, b, relation, convention, named)

    try:
        return by_units(left.tree, right.tree, lets, convention, settled)
    except Refusal as refusal:
        return Claim("undecided", message=f"cannot be evaluated: {refusal}")
    except RecursionError:
        return Claim("undecided", message="the formula is nested too deeply")


def _without(lacking: set[Tree]) -> Claim:
    names = sorted({plain_name(n) for n in lacking})
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return Claim("undecided", message=f"no value is known for {shown}")


def written_shape(tree: Tree) -> tuple[int, int] | None:
    """Rows and columns of a written matrix or list (a column); None for anything else."""
    if isinstance(tree, Matrix) and tree.rows:
        return len(tree.rows), len(tree.rows[0])
    return (len(tree.items), 1) if isinstance(tree, List) else None
