"""Expectations, variances and covariances of declared random variables, over a finite space drawn at random.

Every declared variable takes a few values, with weights that add up to 1; variables that are declared
independent have a space of their own, all others share one and may depend on each other in any way. A law
that holds for such variables at random points is taken to hold; one that fails has a counterexample.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from derive.judging.arrays import Array
from derive.judging.limits import Unknown
from derive.reading.tree import Name, Tree

if TYPE_CHECKING:
    from derive.judging.values import Evaluator

OUTCOMES = 3
#: Functions of random variables, by the names in use.
MOMENTS = {"Var": "variance", "V": "variance", "Cov": "covariance", "std": "deviation", "Std": "deviation"}


def outcome(variable: Tree, k: int) -> Name:
    """The name under which a point keeps a variable's ``k``-th value."""
    return Name(f"{getattr(variable, 'text', 'x')}#{k}")


def weights(axis: int) -> Name:
    """The name under which a point keeps the probabilities of one space."""
    return Name(f"weights#{axis}")


def expectation(at: Evaluator, body: Tree) -> Array:
    """``E[body]``; raises :class:`Unknown` if nothing in it is declared to be random."""
    inside = set(body.walk())
    names = [name for name in at.point.random if name in inside]
    if not names:
        raise Unknown("an expectation of what is not declared to be a random variable")
    axes = sorted({at.point.random[name] for name in names})
    kept = {name: at.overrides[name] for name in names if name in at.overrides}
    total: Array | None = None
    try:
        for chosen in product(range(OUTCOMES), repeat=len(axes)):
            place = dict(zip(axes, chosen, strict=True))
            weight = at.full(1)
            for axis, k in place.items():
                weight = weight * at.point.names[weights(axis)][:, k, 0]
            for name in names:
                at.overrides[name] = at.point.names[outcome(name, place[at.point.random[name]])]
            term = at.value(body)
            if term.ndim != 1:
                raise Unknown("the expectation of a vector")
            total = weight * term if total is None else total + weight * term
    finally:
        for name in names:
            del at.overrides[name]
        at.overrides.update(kept)
    assert total is not None
    return total


def moment(at: Evaluator, kind: str, arguments: tuple[Tree, ...]) -> Array:
    """``Var(X)``, ``Cov(X, Y)`` or a standard deviation."""
    from derive.judging.functions import apply
    from derive.reading.tree import Multiply

    if len(arguments) != (2 if kind == "covariance" else 1):
        raise Unknown(f"a {kind} of this many variables")
    first, last = arguments[0], arguments[-1]
    both = expectation(at, Multiply((first, last), ("cdot",)))
    result = both - expectation(at, first) * expectation(at, last)
    return apply("sqrt", result) if kind == "deviation" else result
