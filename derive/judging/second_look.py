r"""What else a claim may mean that is wrong as it stands: another look before ``wrong`` is said.

``\Phi`` may be the normal distribution, the y before ``w^T x`` a number and not a vector, ``\nabla^2`` the
Laplace operator. Where the claim is right then, it is right with that assumption; where it is right only for
probabilities that add up to 1, or is an equation that holds at some points, it is undecided and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from derive.judging.identities import Setting, evaluate_at
from derive.judging.layout import Shape
from derive.judging.limits import Refusal
from derive.judging.names import GREEK_CAPITALS, IDENTITY, INDEX, access, is_letter
from derive.judging.ranks import matrices, size_names
from derive.judging.roots import DIAGONAL, rooted
from derive.judging.sampling import SHARES, UNIT, Domain, draw
from derive.judging.shapes import infer
from derive.judging.trees import rebuild, rename_bound, substitute
from derive.judging.values import plain_name
from derive.reading.tree import (
    Add,
    Big,
    Call,
    Derivative,
    Divide,
    Indexed,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Transpose,
    Tree,
)


@dataclass(frozen=True)
class Look:
    """Another way to take a claim: the sides, the setting, what is assumed, and whether that may be assumed
    (``granted``) or would have to be declared."""

    left: Tree
    right: Tree
    setting: Setting
    said: str
    granted: bool = True
    usual: bool = False  # what is nearly always meant: a claim that is wrong then, too, is shown so
    beside: Setting | None = None  # if it is right there too, the look has nothing to do with that


def second_looks(left: Tree, right: Tree, setting: Setting) -> Iterator[Look]:
    """Every other way to take the claim."""
    yield from _normal(left, right, setting)
    yield from _laplace(left, right, setting)
    yield from _scalars(left, right, setting)
    yield from _squares(left, right, setting)
    yield from _count(left, right, setting)
    yield from _number_of_terms(left, right, setting)
    yield from _mean(left, right, setting)
    yield from _shares(left, right, setting)
    yield from _symmetric(left, right, setting)
    yield from _diagonal(left, right, setting)
    yield from _greek(left, right, setting)
    yield from _beside_entries(left, right, setting)


# -- the normal distribution -------------------------------------------------------------------------------

_CUMULATIVE, _DENSITY = Name("Phi"), (Name("phi"), Name("varphi"))


def _normal(left: Tree, right: Tree, setting: Setting) -> Iterator[Look]:
    functions = {n.function for t in (left, right) for n in t.walk() if isinstance(n, Call)}
    if _CUMULATIVE in functions - set(setting.functions):
        said = "Phi is the standard normal distribution function, phi its density"
        yield Look(_with_normal(left), _with_normal(right), setting, said)


def _with_normal(tree: Tree) -> Tree:
    tree = rebuild(tree, _with_normal)
    if not isinstance(tree, Call) or len(tree.arguments) != 1:
        return tree
    x = tree.arguments[0]
    two = Number("2")
    if tree.function == _CUMULATIVE:
        error = Call(Name("erf"), (Divide(x, Call(Name("sqrt"), (two,))),))
        return Divide(Add((Number("1"), error)), two)
    if tree.function in _DENSITY:
        top = Power(Name("e"), Negative(Divide(Power(x, two), two)))
        return Divide(top, Call(Name("sqrt"), (Multiply((two, Name("pi")), ("",)),)))
    return tree


# -- the Laplace operator ----------------------------------------------------------------------------------


def hessian(tree: Tree) -> Tree:
    r"""``\nabla^2_x f`` as the derivative of the gradient."""
    if not tree.has(Derivative):
        return tree
    tree = rebuild(tree, hessian)
    if isinstance(tree, Derivative) and tree.kind == "nabla^2" and tree.of is not None and tree.wrt:
        return Derivative(Derivative(tree.of, tree.wrt, "nabla"), tree.wrt, "partial", tree.at)
    return tree


def _laplace(left: Tree, right: Tree, setting: Setting) -> Iterator[Look]:
    found = {
        n
        for t in (left, right)
        for n in t.walk()
        if isinstance(n, Derivative) and isinstance(n.of, Derivative) and n.of.kind == "nabla"
    }
    if found:
        table: dict[Tree, Tree] = {n: Call(Name("tr"), (n,)) for n in found}
        said = "the square of nabla is the sum of the second derivatives"
        yield Look(substitute(left, table), substitute(right, table), setting, said)


# -- numbers beside vectors --------------------------------------------------------------------------------


def _scalars(left: Tree, right: Tree, setting: Setting) -> Iterator[Look]:
    """The ``y`` of ``y w^T x`` was taken for a vector for what it stands beside; it may be a number."""
    trees = [left, right, *setting.lets.values()]
    found, vectors = matrices(trees, size_names(trees))
    turned = {n.operand for t in trees for n in t.walk() if isinstance(n, Transpose)}
    beside = {
        factor
        for t in trees
        for n in t.walk()
        if isinstance(n, Multiply)
        and any(f in found or (isinstance(f, Transpose) and f.operand in found) for f in n.factors)
        for factor in n.factors
    }
    plain = sorted(vectors - turned - beside - set(setting.shapes) - set(setting.lets), key=repr)
    for chosen in ([*([name] for name in plain), plain] if len(plain) > 1 else [plain])[:4]:
        if chosen:
            shapes = {**setting.shapes, **dict.fromkeys(chosen, None)}
            said = f"{', '.join(map(plain_name, chosen))}: numbers"
            yield Look(left, right, replace(setting, shapes=shapes), said)


# -- squares of vectors and matrices -----------------------------------------------------------------------


def _squares(left: Tree, right: Tree, setting: Setting) -> Iterator[Look]:
    """The square of a vector was taken entry by entry, and may be the square of its length; that of a matrix
    was its product with itself, and may be taken entry by entry where other products are."""
    sides = [rename_bound(left), rename_bound(right)]
    found = dict.fromkeys(
        n for t in sides for n in t.walk() if isinstance(n, Power) and n.exponent == Number("2")
    )
    squares = [square for square in found if isinstance(square, Power)]
    try:
        _, shapes = infer([*sides, *(n.base for n in squares)], setting.shapes, setting.lets)
    except Refusal:
        return
    lengths: dict[Tree, Tree] = {}
    entries: dict[Tree, Tree] = {}
    for square, shape in zip(squares, shapes[2:], strict=True):
        if isinstance(shape, tuple) and shape[0] != 1 and shape[1] == 1:
            lengths[square] = Multiply((Transpose(square.base), square.base), ("",))
        elif isinstance(shape, tuple) and 1 not in shape:
            entries[square] = Multiply((square.base, square.base), ("odot",))
    if lengths:
        said = "the square of a vector is the square of its length"
        yield Look(substitute(sides[0], lengths), substitute(sides[1], lengths), setting, said)
    if entries and any(isinstance(n, Multiply) and "odot" in n.signs for t in sides for n in t.walk()):
        said = "the square of a matrix is taken entry by entry"
        yield Look(substitute(sides[0], entries), substitute(sides[1], entries), setting, said)


# -- means -------------------------------------------------------------------------------------------------


def _mean(left: Tree, right: Tree, setting: Setting) -> Iterator[Look]:
    r"""``\mu`` beside the entries of one family, of which nothing is said, may be their mean."""
    mu, nodes = Name("mu"), {n for t in (left, right) for n in t.walk()}
    of = {access(n)[0] for n in nodes if isinstance(n, Indexed) and len(access(n)[1]) == 1}
    by = {v for n in nodes if isinstance(n, Derivative) for v in n.wrt}
    given = {*setting.shapes, *setting.domains, *setting.lets, *by}
    if mu in nodes - given and len(of) == 1 and mu not in of:
        (family,) = of
        lets = {**setting.lets, mu: Call(Name("mean"), (family,))}
        said = f"right where mu is the mean of {plain_name(family)} (declare 'mu = ...')"
        yield Look(left, right, replace(setting, lets=lets), said, granted=False)


# -- symmetric matrices -------------------------------------------------------------------------------------


def _symmetric(left: Tree, right: Tree, setting: Setting) -> Iterator[Look]:
    """A square matrix, where it is known that some are symmetric."""
    if not setting.symmetric:
        return
    try:
        layout, _ = infer([rename_bound(left), rename_bound(right)], setting.shapes, setting.lets)
    except Refusal:
        return
    square = [
        name
        for name, dims in layout.dims.items()
        if len(dims) == 2 and layout.find(dims[0]) == layout.find(dims[1]) and name not in setting.domains
    ]
    if square:
        form = Domain(text="symmetric", form="symmetric")
        domains = {**setting.domains, **dict.fromkeys(square, form)}
        said = f"{', '.join(map(plain_name, square))}: symmetric"
        yield Look(left, right, replace(setting, domains=domains), said)


# -- shares ------------------------------------------------------------------------------------------------


def _shares(left: Tree, right: Tree, setting: Setting) -> Iterator[Look]:
    """Vectors and families of which nothing is said, as probabilities that add up to 1."""
    try:
        layout, _ = infer([rename_bound(left), rename_bound(right)], setting.shapes, setting.lets)
    except Refusal:
        return
    by = {_base(v) for t in (left, right) for n in t.walk() if isinstance(n, Derivative) for v in n.wrt}
    names = [
        name
        for name, dims in (*layout.families.items(), *layout.dims.items())
        if (len(dims) == 1 or (len(dims) == 2 and dims[1] == 1))
        and name not in {*setting.domains, *setting.shapes}
        and name not in setting.lets
        and name not in by
        and isinstance(name, (Name, Indexed))
    ]
    summed = {
        _base(part)
        for t in (left, right)
        for n in t.walk()
        if isinstance(n, Big) and n.operator == "sum"
        for part in n.walk()
        if isinstance(part, (Name, Indexed))
    }
    entries = set(layout.families)
    names = [name for name in dict.fromkeys(names) if name in summed or name not in entries]
    if not names or len(names) > 3:
        return
    for chosen in [*([name] for name in names), *([names] if len(names) > 1 else [])]:
        domains: dict[Tree, Domain] = {**setting.domains, **dict.fromkeys(chosen, SHARES)}
        said = f"right where {', '.join(map(plain_name, chosen))} add up to 1 ('probability vector')"
        small = replace(setting, domains={**setting.domains, **dict.fromkeys(chosen, UNIT)})
        yield Look(left, right, replace(setting, domains=domains), said, granted=False, beside=small)


def _base(tree: Tree) -> Tree:
    return access(tree)[0] if isinstance(tree, Indexed) else tree


def _count(left: Tree, right: Tree, setting: Setting) -> Iterator[Look]:
    """An ``n`` of which nothing is said beside the entries of one family: how many there are."""
    nodes = {n for t in (left, right) for n in t.walk()}
    of = {access(n)[0] for n in nodes if isinstance(n, Indexed) and len(access(n)[1]) == 1}
    counts = [Name(text) for text in ("n", "N", "m", "M") if Name(text) in nodes]
    given = {*setting.shapes, *setting.domains, *setting.lets}
    if len(of) != 1 or len(counts) != 1 or counts[0] in given or of & given:
        return
    (family,), (count,) = of, counts
    shapes: dict[Tree, Shape] = {**setting.shapes, family: (("size", count), 1)}
    said = f"{plain_name(count)}: the number of entries of {plain_name(family)}"
    yield Look(left, right, replace(setting, shapes=shapes), said)


# -- diagonal matrices -------------------------------------------------------------------------------------


def _diagonal(left: Tree, right: Tree, setting: Setting) -> Iterator[Look]:
    r"""The ``G`` of ``G^{-1/2}`` may be a diagonal matrix."""
    try:
        layout, _ = infer([left, right], setting.shapes, setting.lets)
    except Refusal:
        return
    names = [name for name in rooted([left, right], layout) if name not in setting.domains]
    if names:
        domains = {**setting.domains, **dict.fromkeys(names, DIAGONAL)}
        said = f"right where {', '.join(dict.fromkeys(map(plain_name, names)))} is diagonal"
        yield Look(left, right, replace(setting, domains=domains), said, granted=False)


def _greek(left: Tree, right: Tree, setting: Setting) -> Iterator[Look]:
    r"""The ``\Sigma`` of ``\Sigma \Sigma^{-1} = I`` is a matrix."""
    nodes = {n for t in (left, right) for n in t.walk()}
    names = [n for n in nodes if isinstance(n, Name) and n.text in GREEK_CAPITALS]
    names = sorted(set(names) - {*setting.shapes, *setting.domains, *setting.lets}, key=repr)
    if names and IDENTITY in nodes:
        side = ("size", "greek")
        shapes: dict[Tree, Shape] = {**setting.shapes, **dict.fromkeys(names, (side, side))}
        said = f"{', '.join(map(plain_name, names))}: matrices"
        yield Look(left, right, replace(setting, shapes=shapes), said)


def _number_of_terms(left: Tree, right: Tree, setting: Setting) -> Iterator[Look]:
    r"""``\frac1m \sum_i x_i`` is a mean: m is how many terms the sum has, though no bound says so."""
    sides = [left, right, *setting.lets.values()]
    given = {*setting.shapes, *setting.domains, *setting.lets}
    counts = {by for tree in sides for by, _ in _averages(tree)} - given
    if not counts:
        return
    ends: dict[Tree, Tree] = {
        total: replace(total, lower=Number("1"), upper=by)
        for t in sides
        for by, total in _averages(t)
        if by in counts
    }
    a, b, *lets = [substitute(tree, ends) for tree in sides]
    said = ", ".join(
        f"{plain_name(by)}: the number of terms of the sum that it divides" for by in sorted(counts, key=repr)
    )
    yield Look(a, b, replace(setting, lets=dict(zip(setting.lets, lets, strict=True))), said, usual=True)


def _averages(tree: Tree) -> Iterator[tuple[Tree, Big]]:
    """Every unbounded sum over one letter that a letter divides, and that letter."""
    for node in tree.walk():
        above: tuple[Tree, ...] = ()
        if isinstance(node, Divide):
            by, above = node.denominator, (node.numerator,)
            above = node.numerator.factors if isinstance(node.numerator, Multiply) else above
        elif isinstance(node, Multiply) and isinstance(node.factors[0], Divide):
            by, above = node.factors[0].denominator, node.factors[1:]
        for one in above:
            if not isinstance(one, Big) or one.operator != "sum" or len(one.variables) != 1:
                continue
            counts = isinstance(by, Name) and len(by.text) == 1 and by.text.isascii()
            if counts and one.lower is None and one.upper is None and one.domain is None:
                yield by, one


def _beside_entries(left: Tree, right: Tree, setting: Setting) -> Iterator[Look]:
    """The ``s`` beside ``s_k`` may be a number of its own and not the vector of all of them."""
    nodes = [n for t in (left, right) for n in t.walk()]
    families = {n.base for n in nodes if isinstance(n, Indexed) and access(n)[1]}
    given = {*setting.shapes, *setting.domains, *setting.lets}
    alone = sorted({n for t in (left, right) for n in _alone(t)} & families - given, key=repr)
    if alone:
        table: dict[Tree, Tree] = {
            n: replace(n, marks=(*n.marks, "alone")) for n in alone if isinstance(n, Name)
        }
        a, b = (_apart_from_entries(t, table) for t in (left, right))
        yield Look(a, b, setting, f"{', '.join(map(plain_name, alone))}: a number beside the entries")


def _alone(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree, Name):
        yield tree
    for child in tree.children():
        if not (isinstance(tree, Indexed) and child is tree.base):
            yield from _alone(child)


def _apart_from_entries(tree: Tree, table: Mapping[Tree, Tree]) -> Tree:
    if tree in table:
        return table[tree]
    if isinstance(tree, Indexed) and tree.base in table:
        lower = tuple(_apart_from_entries(i, table) for i in tree.lower)
        return replace(tree, lower=lower)
    return rebuild(tree, lambda part: _apart_from_entries(part, table))


# -- equations ---------------------------------------------------------------------------------------------


def is_equation(left: Tree, right: Tree, setting: Setting) -> bool:
    r"""Whether ``formula = 0`` holds at some points and not at others, as a condition does:
    ``\sum_i \alpha_i y_i = 0``. A claim about a derivative is no condition."""
    if any(isinstance(n, Derivative) for t in (left, right) for n in t.walk()):
        return False
    formula, other = (left, right) if isinstance(right, Number) else (right, left)
    if not (isinstance(other, Number) and other.value == 0) or not _made_of_names(formula):
        return False
    formula = rename_bound(formula)
    try:
        layout, _ = infer([formula], setting.shapes, setting.lets)
        point = draw(layout, (), setting.domains, seed=setting.seed)
        values = evaluate_at(formula, "float", point, layout, setting)
    except Refusal:
        return False
    finite = values[np.isfinite(values)]
    return bool((finite > 0).any() and (finite < 0).any())


def stands_alone(left: Tree, right: Tree, setting: Setting) -> str | None:
    """The name of which nothing is said and that is set equal to a formula of other names: ``v = W x`` says
    what v is, and nothing that could be wrong."""
    for name, formula in ((left, right), (right, left)):
        plain = isinstance(name, (Name, Indexed)) and name not in {*setting.shapes, *setting.lets}
        if not plain or isinstance(formula, (Name, Indexed, Number)) or not _made_of_names(formula):
            continue
        base = _base(name)
        if base not in {_base(n) for n in formula.walk() if n != name and isinstance(n, (Name, Indexed))}:
            if base not in {*setting.shapes, *setting.lets, *setting.domains}:
                return plain_name(name)
        elif isinstance(name, Indexed) and name.upper and name not in set(formula.walk()):
            return plain_name(name)  # delta of one layer, from that of the next
    return None


def _made_of_names(tree: Tree) -> bool:
    return any(isinstance(n, Name) and not is_letter(n) and n.font != INDEX for n in tree.walk())
