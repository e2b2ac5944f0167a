"""From declarations to what the judge needs: shapes, domains, free functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from derive.judging.identities import Setting
from derive.judging.layout import Dim, Shape
from derive.judging.names import access
from derive.judging.sampling import Domain
from derive.reading import Declaration, Declarations
from derive.reading.tree import Indexed, Name, Tree

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


def setting_for(
    trees: Iterable[Tree], declared: Declarations, convention: Mapping[str, str] | None = None
) -> Setting:
    """The setting in which ``trees`` are judged: every declared name among them with its shape and domain."""
    shapes: dict[Tree, Shape] = {}
    domains: dict[Tree, Domain] = {}
    for name in {_base(n) for tree in trees for n in tree.walk() if isinstance(n, (Name, Indexed))}:
        declaration = declared.get(name)
        if declaration is None:
            continue
        shape = _shape(declaration)
        if shape is not None:
            shapes[name] = shape or None
        domain = _domain(declaration)
        if domain is not None:
            domains[name] = domain
    return Setting(shapes, domains, dict(convention or {}))


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
        return Domain(0, 1, "simplex", "a probability vector")
    if declaration.domain == "interval":
        low = -3.0 if declaration.low is None else float(declaration.low)
        high = low + 6 if declaration.high is None else float(declaration.high)
        low = min(low, high - 6) if declaration.low is None else low
        # A margin keeps away from the ends, where a formula may have no value.
        margin = 0.01 * (high - low)
        return Domain(low + margin, high - margin, "real", f"in ({low:g}, {high:g})")
    if declaration.domain is None and "positive" in declaration.qualifiers:
        return _DOMAINS["positive"]
    return _DOMAINS.get(declaration.domain or "")
