"""From declarations to what the judge needs: shapes, domains, free functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from derive.judging.identities import Setting
from derive.judging.layout import Dim, Shape
from derive.judging.names import ONES, access
from derive.judging.sampling import FORMS, SHARES, Domain
from derive.reading import Declaration, Declarations
from derive.reading.declarations import key
from derive.reading.tree import Call, Indexed, Name, Tree

_DOMAINS = {
    "positive": Domain(0.05, 3.0, "real", "positive"),
    "negative": Domain(-3.0, -0.05, "real", "negative"),
    "nonnegative": Domain(0.02, 3.0, "real", "nonnegative"),
    "nonpositive": Domain(-3.0, -0.02, "real", "nonpositive"),
    "nonzero": Domain(-2.5, 2.5, "real", "nonzero"),
    "integer": Domain(-9, 9, "integer", "integer"),
    "natural": Domain(1, 9, "integer", "natural"),
    "binary": Domain(0, 1, "binary", "binary"),
    "boolean": Domain(0, 1, "binary", "binary"),
    "probability": Domain(0.02, 0.98, "real", "in (0,1)"),
}
_FUNCTIONS = ("function", "elementwise function")
#: Other words for the forms that a matrix may be declared to have.
_FORM_WORDS = {
    "positive-definite": "positive definite",
    "positive semidefinite": "positive definite",
    "spd": "positive definite",
    "psd": "positive definite",
    "orthonormal": "orthogonal",
    "rotation": "orthogonal",
    "lower triangular": "triangular",
}


def setting_for(
    trees: Iterable[Tree], declared: Declarations, convention: Mapping[str, str] | None = None
) -> Setting:
    """The setting in which ``trees`` are judged: every declared name among them with its shape and domain."""
    trees = list(trees)
    shapes: dict[Tree, Shape] = {}
    domains: dict[Tree, Domain] = {}
    nodes = dict.fromkeys(n for tree in trees for n in tree.walk() if isinstance(n, (Name, Indexed)))
    # b_1 that is declared by itself is a name of its own, not an entry of b.
    alone = {key(declaration.name) for declaration in declared}
    names = dict.fromkeys(n if isinstance(n, Indexed) and key(n) in alone else _base(n) for n in nodes)
    for name in names:
        declaration = declared.get(name)
        if declaration is None:
            continue
        shape = _shape(declaration)
        if shape is not None:
            shapes[name] = shape or None
        domain = _domain(declaration)
        if domain is not None:
            domains[name] = domain
            if domain.form and name not in shapes:
                side: Dim = ("size", declaration.name)
                shapes[name] = (side, side)
    ones = declared.get(Name("1"))  # 1: 784 is a vector of ones
    if ones is not None and (shape := _shape(ones)):
        shapes[ONES] = shape
    variables = [n for n in sorted(names, key=repr) if (d := declared.get(n)) and d.kind == "random variable"]
    own = {n for n in variables if (d := declared.get(n)) and "independent" in d.qualifiers}
    random: dict[Tree, int] = {name: k + 1 if name in own else 0 for k, name in enumerate(variables)}
    called = {n.function for tree in trees for n in tree.walk() if isinstance(n, Call)}
    functions = frozenset(f for f in called if (d := declared.get(f)) is not None and d.kind in _FUNCTIONS)
    return Setting(shapes, domains, dict(convention or {}), functions=functions, random=random)


def _base(tree: Tree) -> Tree:
    return access(tree)[0] if isinstance(tree, Indexed) else tree


def _size(text: str) -> Dim:
    return int(text) if text.isdigit() else ("size", Name(text))


def _shape(declaration: Declaration) -> tuple[Dim, Dim] | tuple[()] | None:
    """None if no shape is declared, () for a scalar, else rows and columns."""
    if declaration.shape is not None:
        sizes = [_size(s) for s in declaration.shape]
        if len(sizes) == 1:
            return (sizes[0], 1)
        return (sizes[0], sizes[1]) if len(sizes) == 2 else None
    if declaration.kind in ("vector", "probability vector", "one-hot vector", "unit vector"):
        return (("length", declaration.name), 1)
    if declaration.kind == "matrix":
        return (("rows", declaration.name), ("columns", declaration.name))
    return () if declaration.is_scalar else None


def _domain(declaration: Declaration) -> Domain | None:
    if declaration.kind == "probability vector":
        return SHARES
    if declaration.domain == "interval":
        low = -3.0 if declaration.low is None else float(declaration.low)
        high = low + 6 if declaration.high is None else float(declaration.high)
        low = min(low, high - 6) if declaration.low is None else low
        if declaration.high is None:
            text = f"{'at least' if declaration.closed[0] else 'above'} {low:g}"
        elif declaration.low is None:
            text = f"{'at most' if declaration.closed[1] else 'below'} {high:g}"
        else:
            text = f"in {'(['[declaration.closed[0]]}{low:g}, {high:g}{')]'[declaration.closed[1]]}"
        # A margin keeps away from the ends, where a formula may have no value.
        margin = 0.01 * (high - low)
        return Domain(low + margin, high - margin, "real", text)
    form = next((form for form in (*FORMS, *_FORM_WORDS) if form in declaration.qualifiers), "")
    if form:
        form = _FORM_WORDS.get(form, form)
        return Domain(text=form, form=form)
    if declaration.domain is None and "positive" in declaration.qualifiers:
        return _DOMAINS["positive"]
    return _DOMAINS.get(declaration.domain or "")
