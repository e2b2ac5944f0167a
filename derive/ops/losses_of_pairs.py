"""Losses that compare: points with each other, or one region with another."""

from __future__ import annotations

import sympy as sp

from derive.ops.definition import PROBABILITY, TARGET, Definition, axes, defines
from derive.ops.losses_with_kinks import positive_part
from derive.ops.softmax import let_partition, share
from derive.tensor.index import Index
from derive.tensor.nodes import Sum, Tensor


def _apart(define: Definition, other: str, meaning: str, a: Tensor, i: Index) -> Tensor:
    """Another point, and the differences from it to the anchor."""
    point = define.input(other, i, meaning=meaning)
    return define.let(f"u_{other}", a[i] - point[i], i)


def _anchor_and_two(define: Definition) -> tuple[sp.Expr, sp.Expr]:
    """The squared distances of an anchor to a point of its class and to one of another."""
    (i,) = axes("i", "n")
    a = define.input("a", i, meaning="the anchor")
    near = _apart(define, "p", "a point of the same class", a, i)
    far = _apart(define, "q", "a point of another class", a, i)
    return Sum(near[i] ** 2, i), Sum(far[i] ** 2, i)


@defines("loss", "Schroff, Kalenichenko, Philbin (2015), equation 3")
def triplet(define: Definition) -> None:
    """How far an anchor is short of being nearer to its like than to another: a margin in squared distance.

    PyTorch's TripletMarginLoss takes the distances themselves, see :func:`triplet_distance`.
    """
    near, far = _anchor_and_two(define)
    d_p, d_q = define.let("d_p", near), define.let("d_q", far)
    define.let("L", positive_part(define.setting("m", 1) + d_p() - d_q()))


@defines("loss", "Balntas et al. (2016), equation 2")
def triplet_distance(define: Definition) -> None:
    """How far an anchor is short of being nearer to its like than to another, by a margin.

    Schroff et al. square the distances, see :func:`triplet`; PyTorch adds 1e-6 to the differences.
    """
    near, far = _anchor_and_two(define)
    d_p, d_q = define.let("d_p", sp.sqrt(near)), define.let("d_q", sp.sqrt(far))
    define.let("L", positive_part(define.setting("m", 1) + d_p() - d_q()))


@defines("loss", "van den Oord, Li, Vinyals (2018), equation 4; He et al. (2020), equation 1")
def info_nce(define: Definition) -> None:
    """Cross-entropy with the softmax of a query's similarities to n keys, one of which is its partner.

    The similarities are dot products divided by a temperature tau; with vectors of length 1 they are cosines.
    """
    (i, j), (k,) = axes("i j", "n"), axes("k", "d")
    q = define.input("q", k, meaning="the query")
    K = define.input("K", i, k, meaning="the keys, one in each row")
    c = define.class_index("c", i, meaning="the index of the key that is the query's partner")
    tau = define.setting("tau", sp.Rational(1, 2))
    z = define.let("z", Sum(q[k] * K[i, k], k) / tau, i)
    Z = let_partition(define, z, j)
    s = define.let("s", share(z, Z, i), i)
    define.let("L", -sp.log(s[c]))


@defines("loss", "Milletari, Navab, Ahmadi (2016), without their squares; Sudre et al. (2017)")
def dice(define: Definition) -> None:
    """One minus the overlap of a predicted region with the true one: twice what they share over their sizes.

    eps is added above and below, so that two empty regions agree. Milletari et al. square the entries in the
    denominator.
    """
    (i,) = axes("i", "n")
    p = define.input("p", i, meaning="the predicted probabilities", domain=PROBABILITY)
    y = define.input("y", i, meaning="the targets, 0 or 1 or between", domain=TARGET)
    eps = define.setting("eps", 1)
    I = define.let("I", Sum(p[i] * y[i], i))
    U = define.let("U", Sum(p[i], i) + Sum(y[i], i))
    define.let("L", 1 - (2 * I() + eps) / (U() + eps))
