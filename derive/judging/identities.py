"""Claims with free names: meant for all values in the declared domain, refuted by one point where the
sides differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from derive.judging import digits
from derive.judging.arrays import Array, shape_text
from derive.judging.claim import Claim
from derive.judging.duals import plain
from derive.judging.layout import Layout, Shape
from derive.judging.limits import Outside, Refusal, ShapeMismatch, Unknown
from derive.judging.names import RATES, access, function_name, unlabelled
from derive.judging.roots import domains_of_roots, rooted
from derive.judging.sampling import BATCH, FEW, POSITIVE, REAL, UNIT, Domain, draw, exactly, precisely
from derive.judging.scalars import Interval
from derive.judging.shapes import infer, only_explicit, origin_of
from derive.judging.slopes import opaque_derivative
from derive.judging.smaller import smaller_shapes
from derive.judging.trees import rename_bound, tolerance
from derive.judging.values import PRECISION, Evaluator, Point, System, plain_name
from derive.reading.symbols import GREEK
from derive.reading.tree import Call, Derivative, Indexed, Name, Relation, Tree

#: Letters that count things within a floor or a ceiling: sizes, strides, paddings, kernels.
COUNTING = frozenset("dfhijklmnopqrstwBCDFHKLMNOPSTW")
ROUNDINGS = (Name("floor"), Name("ceil"))
NATURAL = Domain(1, 9, "integer", "natural")
FAILURES = (ZeroDivisionError, OverflowError, ValueError, np.linalg.LinAlgError)


@dataclass(frozen=True)
class Setting:
    """What is declared: shapes, domains, functions that may be anything, conventions, formulas of kept
    names."""

    shapes: Mapping[Tree, Shape] = field(default_factory=dict)
    domains: Mapping[Tree, Domain] = field(default_factory=dict)
    convention: Mapping[str, str] = field(default_factory=dict)
    lets: Mapping[Tree, Tree] = field(default_factory=dict)
    any_function: bool = True  # an undeclared f may be any smooth function
    distinct: bool = False  # free indices are meant to differ
    conditions: tuple[Relation, ...] = ()  # under which alone the claim is meant
    random: Mapping[Tree, int] = field(default_factory=dict)  # random variables, and the space of each
    functions: frozenset[Tree] = frozenset()  # declared to be functions
    seed: int = 0  # which random points
    symmetric: bool = False  # some matrices are symmetric, though it is not said which
    lenient: bool = True  # undecided, not wrong, where it would be right if more were declared


def judge_identity(left: Tree, right: Tree, setting: Setting) -> Claim:
    """Judge an identity between two trees: by a proof that a few points bear out, else by random points.

    Raises :class:`Refusal` with the reason.
    """
    left, right = rename_bound(left), rename_bound(right)
    means = _means([left, right], setting)
    setting = replace(setting, lets={**means, **setting.lets})
    lets = list(setting.lets.values())
    conditions = [rename_bound(condition) for condition in setting.conditions]
    layout, shapes = infer(
        [left, right, *conditions], setting.shapes, setting.lets, origin_of(setting.convention)
    )
    shapes = shapes[:2]
    assumed = assumptions(layout, setting, [left, right])
    counts = _counts(layout, [left, right, *lets], setting)
    if counts:
        setting = replace(setting, domains={**dict.fromkeys(counts, NATURAL), **setting.domains})
        assumed += (f"{', '.join(map(plain_name, counts))}: natural numbers",)
    roots = domains_of_roots(rooted([left, right, *lets], layout), setting.domains)
    if roots:
        setting = replace(setting, domains={**setting.domains, **roots})
        assumed += tuple(f"{plain_name(name)}: {domain.text}" for name, domain in roots.items())
    assumed += tuple(f"{plain_name(name)} with a bar is the mean of {plain_name(name)}" for name in means)
    mismatch = _shapes_differ(layout, left, right, shapes, setting)
    if mismatch is not None:
        return _with(mismatch, assumed)
    for shape in shapes:
        if isinstance(shape, Refusal):
            raise shape
    functions = free_functions([left, right, *lets], setting) if setting.any_function else set()
    choices = smaller_shapes([left, right, *lets, *conditions], setting.shapes)
    if not choices:
        try:
            return _judged(left, right, setting, layout, functions, assumed)
        except Outside:
            if not only_explicit([left, right, *lets, *conditions]):
                raise
        # sum_{t=0}^{T-1} r_{t+1} goes beyond the T entries that the sum asks for by itself
        trees, origin = [left, right, *conditions], origin_of(setting.convention) or 0  # a_{i-1} from a_0
        layout, _ = infer(trees, setting.shapes, setting.lets, origin, apart=True)
        return _judged(left, right, setting, layout, functions, assumed)
    claims = []
    for shapes_now, said in choices:
        now = replace(setting, shapes=shapes_now)
        layout, shapes = infer([left, right, *conditions], now.shapes, now.lets, origin_of(now.convention))
        if isinstance(shapes[0], Refusal) or isinstance(shapes[1], Refusal):
            raise Unknown("the sizes matter, and are too large to try")
        _unequal(layout, shapes[0], shapes[1])  # an identity matrix has the size of the other side
        claims.append(_judged(left, right, now, layout, functions, (*assumed, *said)))
        if claims[-1].evidence == "proved":
            break
    if len({claim.verdict for claim in claims}) > 1:
        raise Unknown("the sizes matter, and are too large to try")
    return claims[0]


def _judged(
    left: Tree,
    right: Tree,
    setting: Setting,
    layout: Layout,
    functions: set[Tree],
    assumed: tuple[str, ...],
) -> Claim:
    """The verdict once all shapes are known to fit."""
    from derive.judging.proof import prove, proved_by

    lets = list(setting.lets.values())
    steps = prove(left, right, setting, layout)
    if steps is not None and _borne_out(left, right, setting, layout, functions):
        return Claim("correct", "proved", proved_by(steps), assumed=assumed, proof=steps)
    agreed = 0
    for default in (REAL, POSITIVE, UNIT):
        agreed, claim = _rounds(left, right, setting, layout, functions, default)
        if claim is not None:
            if (
                claim.wrong
                and layout.dims.get(Name("i")) == ()
                and Name("i") not in {*setting.domains, *setting.shapes}
            ):
                raise Unknown("i may be an index or the imaginary unit")
            claim = _unless_a_law(claim, functions - setting.functions, [left, right])
            return _with(claim, (*assumed, *_domain_note(default, layout)))
        if agreed >= 6:
            notes = (*assumed, *_domain_note(default, layout))
            return Claim(
                "correct",
                "sampled",
                f"both sides agree at {agreed} random points, confirmed to "
                f"{9 if tolerance(left, right, *lets) > 1e-30 else 35} digits",
                assumed=notes,
            )
    raise Unknown("no points were found where both sides have a value")


def plainly_apart(left: Tree, right: Tree, setting: Setting) -> bool:
    """Whether a few points show at once that the sides differ: asked before another meaning of a wrong claim
    is gone into. False also where nothing can be said."""
    left, right = rename_bound(left), rename_bound(right)
    small = smaller_shapes([left, right, *setting.lets.values()], setting.shapes)
    if small:
        setting = replace(setting, shapes=small[0][0])
    try:
        layout, shapes = infer([left, right], setting.shapes, setting.lets, origin_of(setting.convention))
        if isinstance(shapes[0], Refusal) or isinstance(shapes[1], Refusal):
            return False
        if not layout.dims and not layout.families:
            return False  # values are compared by their digits
        functions = free_functions([left, right, *setting.lets.values()], setting)
        point = draw(layout, functions, setting.domains, REAL, batch=4, random=setting.random)
        x = evaluate_at(left, "float", point, layout, setting)
        y = evaluate_at(right, "float", point, layout, setting)
    except Refusal:
        return False
    if x.shape != y.shape:
        return False
    with np.errstate(all="ignore"):
        # 0.33 for 1/3 is a rounding and no difference
        apart = np.abs(x - y) > 0.1 * np.maximum(np.abs(x), np.abs(y)) + 1e-6
    return bool((apart & np.isfinite(x) & np.isfinite(y)).any())


def _borne_out(left: Tree, right: Tree, setting: Setting, layout: Layout, functions: set[Tree]) -> bool:
    """Whether a few points speak for a proof: a check on the rules, where it is cheap."""
    if layout.nested > 2:
        return True
    point = draw(layout, functions, setting.domains, POSITIVE, batch=4, random=setting.random)
    try:
        x = evaluate_at(left, "float", point, layout, setting)
        y = evaluate_at(right, "float", point, layout, setting)
    except Refusal:
        return True
    with np.errstate(all="ignore"):
        apart = np.abs(x - y) > 1e-6 * np.maximum(1, np.maximum(np.abs(x), np.abs(y)))
    return x.shape == y.shape and not bool(apart.any())


def _unless_a_law(claim: Claim, unknown: set[Tree], trees: list[Tree]) -> Claim:
    """``K(x, y) = K(y, x)`` fails for an arbitrary K, and may be what is true of this one.

    Only a rule of differentiation is a claim about all functions.
    """
    rule = any(_is_slope(node) for tree in trees for node in tree.walk())
    if not claim.wrong or not unknown or rule:
        return claim
    names = ", ".join(sorted(map(plain_name, unknown)))
    return Claim("undecided", message=f"not true of every function {names}, and may be of the one meant")


def _is_slope(node: Tree) -> bool:
    return isinstance(node, Derivative) or (isinstance(node, Name) and "prime" in node.marks)


def _means(trees: list[Tree], setting: Setting) -> dict[Tree, Tree]:
    """A bar over a letter whose entries are spoken of too means their mean, unless it is declared."""
    families = {
        access(n)[0] for t in trees for n in t.walk() if isinstance(n, Indexed) and len(access(n)[1]) == 1
    }
    names = {n for t in trees for n in t.walk() if isinstance(n, Name) and n.marks == ("bar",)}
    bare = {name: Name(name.text, (), name.font) for name in names if name not in setting.shapes}
    return {name: Call(Name("mean"), (of,)) for name, of in bare.items() if of in families}


def _domain_note(domain: Domain, layout: Layout) -> tuple[str, ...]:
    # Where the sides have no value for some real numbers, the claim is judged where they have one.
    if domain is REAL or not layout.dims:
        return ()
    return (f"every name is {domain.text}",)


def _with(claim: Claim, assumed: tuple[str, ...]) -> Claim:
    return replace(claim, assumed=tuple(dict.fromkeys(assumed)))


#: Letters of probability and information: they obey laws of their own, so no random function stands for them.
_NO_ANY_FUNCTION = frozenset(["P", "p", "q", "E", "H", "I", "V", "D"])


def free_functions(trees: list[Tree], setting: Setting) -> set[Tree]:
    """The functions that may be any smooth function: a letter, or what is declared to be one."""
    found: set[Tree] = set()
    for tree in trees:
        for node in tree.walk():
            if (
                isinstance(node, Call)
                and isinstance(node.function, Name)
                and function_name(node.function) is None
            ):
                marks = tuple(m for m in node.function.marks if m != "prime")
                plain = Name(node.function.text, marks, node.function.font)
                letter = len(plain.text) == 1 or plain.text in GREEK
                if plain in setting.functions or (letter and plain.text not in {"1", *_NO_ANY_FUNCTION}):
                    found.add(plain)
    return found


def _rounds(
    left: Tree, right: Tree, setting: Setting, layout: Layout, functions: set[Tree], default: Domain
) -> tuple[int, Claim | None]:
    agreed = rounds = 0
    # a gradient by a tensor is one pass for each of its entries, and every entry is a trial
    batch = FEW if _by_a_tensor([left, right, *setting.lets.values()], layout) else BATCH
    for seed in range(4):  # further sizes where the first have no value: X^T X is singular if X is wide
        if rounds == 2:
            break
        point = draw(
            layout,
            functions,
            setting.domains,
            default,
            seed + 4 * setting.seed,
            batch,
            distinct=setting.distinct,
            random=setting.random,
        )
        x = evaluate_at(left, "float", point, layout, setting)
        y = evaluate_at(right, "float", point, layout, setting)
        if x.shape != y.shape:
            x, y = _broadcast(x, y)
        with np.errstate(all="ignore"):
            finite = np.isfinite(x) & np.isfinite(y)
            close = np.abs(x - y) <= 1e-9 * np.maximum(1, np.maximum(np.abs(x), np.abs(y)))
        whole = finite.reshape(len(x), -1).all(axis=1) & _holds(setting, point, layout)
        same = (close | ~finite).reshape(len(x), -1).all(axis=1)
        for k in np.flatnonzero(whole & ~same)[:6]:
            claim = _refute(left, right, setting, layout, point, int(k))
            if claim is not None:
                return agreed, claim
        good = np.flatnonzero(whole & same)
        for k in good[:1]:
            claim = _refute(left, right, setting, layout, point, int(k))
            if claim is not None:
                return agreed, claim
        agreed += len(good)
        rounds += bool(len(good))
    return agreed, None


def _counts(layout: Layout, trees: Sequence[Tree], setting: Setting) -> list[Tree]:
    """The numbers of which nothing is said within a floor or a ceiling: they count something."""
    inside = {
        part
        for tree in trees
        for node in tree.walk()
        if isinstance(node, Call) and node.function in ROUNDINGS
        for part in node.walk()
    }
    given = {*setting.domains, *setting.shapes, *setting.lets}
    return [
        name
        for name, dims in layout.dims.items()
        if name in inside - given
        and not dims
        and getattr(access(name)[0] if isinstance(name, Indexed) else name, "text", "")[:1] in COUNTING
    ]


def _by_a_tensor(trees: Sequence[Tree], layout: Layout) -> bool:
    by = {v for tree in trees for n in tree.walk() if isinstance(n, Derivative) for v in n.wrt}
    return any(layout.dims.get(v) or layout.families.get(v) for v in by)


def _holds(setting: Setting, point: Point, layout: Layout) -> Array:
    """At which points all conditions of the claim hold."""
    at = Evaluator("float", point, layout, setting.lets, setting.convention)
    result = np.ones(point.batch, dtype=bool)
    for condition in setting.conditions:
        result &= at.truth(condition).reshape(point.batch, -1).all(axis=1)
    return result


def _broadcast(x: Array, y: Array) -> tuple[Array, Array]:
    if x.ndim != y.ndim or x.shape[1:] != y.shape[1:]:
        raise ShapeMismatch(f"the left side is {shape_text(x)}, the right side {shape_text(y)}")
    return x, y


def evaluate_at(tree: Tree, system: System, point: Point, layout: Layout, setting: Setting) -> Array:
    """The value of a tree at a batch of points. Raises :class:`Unknown` where it has none."""
    try:
        with np.errstate(all="ignore"):
            x = Evaluator(system, point, layout, setting.lets, setting.convention).value(tree)
        return x.astype(float) if system == "float" else x
    except ZeroDivisionError as error:
        raise Unknown("division by zero") from error
    except FAILURES as error:
        raise Unknown(f"no value: {error}") from error


def _refute(left: Tree, right: Tree, setting: Setting, layout: Layout, point: Point, k: int) -> Claim | None:
    """A witness at point ``k``, confirmed in high precision; None if the sides are equal there after all."""
    import mpmath

    exact = exactly(point, k)
    with mpmath.workdps(PRECISION):
        there = precisely(exact)
        try:
            x = evaluate_at(left, "precise", there, layout, setting)
            y = evaluate_at(right, "precise", there, layout, setting)
        except Refusal:
            return None
        worst, entry = tolerance(left, right, *setting.lets.values()), None
        for position in np.ndindex(x.shape):
            a, b = plain(x[position]), plain(y[position])
            if a != a or b != b:
                return None
            gap = abs(a - b) / max(1, abs(a), abs(b))
            if gap > worst:
                worst, entry = gap, position
        if entry is None:
            return None
        if _only_rounded(right, x, setting, layout, exact) or _only_rounded(left, y, setting, layout, exact):
            return Claim("rounded", "interval", "equal to the digits written")
        at = named_values(exact, layout)
        witness: dict[str, Any] = {
            "at": at,
            "left": digits.short(x[entry]),
            "right": digits.short(y[entry]),
            "entry": None if x.ndim == 1 else [entry[1] + 1, entry[2] + 1],
        }
    follow = set(map(plain_name, setting.lets))  # what a formula says of them, at this point
    place = _place([f"{name} = {value}" for name, value in at.items() if name not in follow])
    cell = "" if x.ndim == 1 else f" in entry ({entry[1] + 1}, {entry[2] + 1})"
    message = f"at {place or 'every point'}{cell}: left {witness['left']}, right {witness['right']}"
    return Claim("wrong", "witness", message, witness=witness)


LONGEST_PLACE = 200  # characters of a place in a message; the witness has all of it


def _place(values: list[str]) -> str:
    shown = ", ".join(values)
    if len(shown) <= LONGEST_PLACE:
        return shown
    kept = [value for value in values if len(value) <= LONGEST_PLACE // 5]
    return ", ".join([*kept[:6], "..."]) if kept else "a random point"


def _only_rounded(right: Tree, x: Array, setting: Setting, layout: Layout, point: Point) -> bool:
    """Whether the difference is within what the decimals written in it leave open (0.33 x for x/3)."""
    marked = digits.as_rounded(right)
    if marked == right:
        return False
    try:
        image = evaluate_at(marked, "interval", point, layout, setting)
    except Refusal:
        return False
    for position in np.ndindex(x.shape):
        low_high = image[position]
        if not isinstance(low_high, Interval):
            return False
        width = low_high.high - low_high.low
        scale = max(abs(low_high.low), abs(low_high.high))
        if width > 0.1 * scale or not low_high.overlaps(Interval(float(x[position]), float(x[position]))):
            return False
    return True


def named_values(point: Point, layout: Layout) -> dict[str, Any]:
    """The names and indices of the first point with their values, as a witness shows them."""
    at: dict[str, Any] = {}
    for name, x in point.names.items():
        if isinstance(name, Name) and "#" in name.text and name.text[-1:].isdigit() and point.random:
            continue
        if x.ndim == 1:
            at[plain_name(name)] = digits.short(x[0])
        else:
            at[plain_name(name)] = (
                np.array([digits.short(i) for i in x[0].flat]).reshape(x.shape[1:]).tolist()
            )
            if x.ndim == 3 and x.shape[2] == 1:
                at[plain_name(name)] = [row[0] for row in at[plain_name(name)]]
    for letter, value in point.indices.items():
        at[plain_name(letter)] = int(value[0])
    return at


def _shapes_differ(
    layout: Layout, left: Tree, right: Tree, shapes: Sequence[Shape | Refusal], setting: Setting
) -> Claim | None:
    """A claim that is wrong by its shapes alone, with sizes that show it."""
    a, b = shapes[0], shapes[1]
    if isinstance(a, Refusal) or (isinstance(b, Refusal) and not isinstance(b, ShapeMismatch)):
        return None
    if not isinstance(b, Refusal) and not _unequal(layout, a, b):
        return None
    if opaque_derivative([left, right], setting.lets):
        raise Unknown("how what is differentiated depends on the variable is not stated")
    strange = _functions_of_tensors([left, right], layout) - setting.functions
    if strange:
        names = ", ".join(sorted(map(plain_name, strange)))
        raise Unknown(f"what {names} makes of a vector is not declared ('{names}: elementwise function')")
    # Sizes that the left side alone allows, all different: on them the right side does not fit or is of
    # another shape.
    origin = origin_of(setting.convention)
    alone, _ = infer([left], setting.shapes, setting.lets, origin, [right])
    sizes = alone.resolve()
    fixed: dict[Tree, Shape] = {}
    for name, dims in (*alone.dims.items(), *alone.families.items()):
        numbers = tuple(d if isinstance(d, int) else sizes[d] for d in dims)
        if len(numbers) <= 2:
            fixed[name] = None if not numbers else (numbers[0], numbers[1] if len(numbers) == 2 else 1)
    _, then = infer([left, right], {**setting.shapes, **fixed}, setting.lets, origin)
    x, y = then[0], then[1]
    if isinstance(x, Refusal) or (isinstance(y, Refusal) and not isinstance(y, ShapeMismatch)):
        return None
    at = {plain_name(n): f"{s[0]}x{s[1]}" for n, s in fixed.items() if s is not None}
    first = _dims(x)
    second = f"impossible ({y})" if isinstance(y, Refusal) else _dims(y)
    if first == second:
        return None
    sizes_said = ", ".join(f"{name} {size}" for name, size in at.items())
    message = f"with {sizes_said} the left side is {first}, the right side {second}"
    witness = {"at": at, "left": first, "right": second, "entry": None}
    return Claim("wrong", "witness", message, note="shape", witness=witness)


def _functions_of_tensors(trees: list[Tree], layout: Layout) -> set[Tree]:
    """The functions that are not known and are given a vector or a matrix."""
    tensors = layout.matrices | layout.vectors
    calls = [n for t in trees for n in t.walk() if isinstance(n, Call) and function_name(n.function) is None]
    return {c.function for c in calls if any(n in tensors for a in c.arguments for n in a.walk())}


def _unequal(layout: Layout, left: Shape, right: Shape) -> bool:
    if left is None or right is None:
        return left is not right
    for unit, other in ((left, right), (right, left)):
        if layout.adapts(unit) and layout.find(other[0]) == layout.find(other[1]):
            layout.unite(unit[0], other[0], "an identity matrix")
    return any(layout.find(a) != layout.find(b) for a, b in zip(left, right, strict=True))


def _dims(shape: Shape) -> str:
    return "a number" if shape is None else "x".join(str(d) if isinstance(d, int) else "?" for d in shape)


def assumptions(layout: Layout, setting: Setting, trees: list[Tree]) -> tuple[str, ...]:
    """The defaults that were used, in words."""
    return tuple(_assumptions(layout, setting, trees))


def _assumptions(layout: Layout, setting: Setting, trees: list[Tree]) -> Iterator[str]:
    nodes = [n for t in trees for n in t.walk()]
    functions = {unlabelled(n.function) for n in nodes if isinstance(n, Call)}
    words = {f.text for f in functions if isinstance(f, Name)}
    bare_log = any(isinstance(n, Call) and n.function == Name("log") for n in nodes)
    if bare_log and not setting.convention.get("log"):
        yield "log is the natural logarithm"
    if words & {"sin", "cos", "tan"} and setting.convention.get("angle") != "degrees":
        yield "angles are in radians"
    if "sigma" in words:
        yield "sigma is the logistic function"
    named = [n for n in layout.dims if n not in setting.shapes]
    matrices = sorted(plain_name(n) for n in named if n in layout.matrices)
    vectors = sorted(plain_name(n) for n in named if n in layout.vectors)
    if matrices:
        yield f"{', '.join(matrices)}: matrices that need not commute"
    if vectors:
        yield f"{', '.join(vectors)}: column vectors"
    rates = sorted(
        {plain_name(n) for n in named if isinstance(n, Name) and n.text in RATES and layout.matrices}
    )
    if rates:
        yield f"{', '.join(rates)}: scalars"
