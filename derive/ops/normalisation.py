"""Normalisation: numbers made to have mean 0 and variance 1 (or mean square 1), then scaled and shifted."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from derive.ops.definition import NONNEGATIVE, Definition, axes, defines
from derive.tensor.index import Index
from derive.tensor.nodes import Sum, Tensor

_BATCH_NORM = "Ioffe and Szegedy (2015), algorithm 1"
_EPS = Fraction(1, 100_000)


def _batch(define: Definition) -> tuple[Tensor, Index, Index]:
    """A batch of rows, and its two indices."""
    (b,), (j,) = axes("b", "B"), axes("j", "n")
    return define.input("x", b, j, meaning="a batch of inputs, one in each row"), b, j


def _images(define: Definition, *channels: Index) -> tuple[Tensor, Index, tuple[Index, Index]]:
    """A batch of images, channels first; its index, and the two in space."""
    (b,), (h,), (w,) = axes("n", "N"), axes("h", "H"), axes("w", "W")
    return define.input("x", b, *channels, h, w, meaning="a batch of images, channels first"), b, (h, w)


def _scale(define: Definition, *j: Index, each: str = "feature") -> sp.Expr:
    return define.input("gamma", *j, meaning=f"the scale, one for each {each}", parameter=True)[j]


def _shift(define: Definition, *j: Index, each: str = "feature") -> sp.Expr:
    return define.input("beta", *j, meaning=f"the shift, one for each {each}", parameter=True)[j]


def _inverse_root(value: sp.Expr) -> sp.Expr:
    return value ** sp.Rational(-1, 2)


def _affine(
    define: Definition, xhat: Tensor, entry: tuple[Index, ...], scale: sp.Expr, shift: sp.Expr
) -> None:
    define.let("y", scale * xhat[entry] + shift, *entry)


def moments(
    define: Definition, x: Tensor, entry: tuple[Index, ...], over: tuple[Index, ...]
) -> tuple[Tensor, Tensor]:
    """``mu`` and ``v``: the mean and the variance of x over some of its indices."""
    kept = tuple(index for index in entry if index not in over)
    extent = sp.Mul(*(index.size for index in over))
    mu = define.let("mu", Sum(x[entry], *over) / extent, *kept)
    return mu, define.let("v", Sum((x[entry] - mu[kept]) ** 2, *over) / extent, *kept)


def _standardised(define: Definition, x: Tensor, entry: tuple[Index, ...], over: tuple[Index, ...]) -> Tensor:
    """``xhat``: x less its mean, over its standard deviation, both taken over some of the indices."""
    kept = tuple(index for index in entry if index not in over)
    eps = define.setting("eps", _EPS)
    mu, v = moments(define, x, entry, over)
    r = define.let("r", _inverse_root(v[kept] + eps), *kept)
    return define.let("xhat", (x[entry] - mu[kept]) * r[kept], *entry)


def _standardised_by(define: Definition, x: Tensor, entry: tuple[Index, ...], j: Index, each: str) -> Tensor:
    """``xhat`` with a mean and a variance that are data."""
    mu = define.input("mu", j, meaning=f"the running mean, one for each {each}")
    v = define.input("v", j, meaning=f"the running variance, one for each {each}", domain=NONNEGATIVE)
    r = define.let("r", _inverse_root(v[j] + define.setting("eps", _EPS)), j)
    return define.let("xhat", (x[entry] - mu[j]) * r[j], *entry)


@defines("normalisation", _BATCH_NORM)
def batch_norm(define: Definition) -> None:
    """Normalises every feature over the batch, as in training.

    The variance divides by B and not by B - 1, as in the paper and as PyTorch does while training (its
    running variance divides by B - 1). The factor 1/sqrt(v + eps) is called r; others call sqrt(v + eps)
    the standard deviation.
    """
    x, b, j = _batch(define)
    gamma, beta = _scale(define, j), _shift(define, j)
    _affine(define, _standardised(define, x, (b, j), over=(b,)), (b, j), gamma, beta)


@defines("normalisation", "Ioffe and Szegedy (2015), algorithm 2, step 11")
def batch_norm_eval(define: Definition) -> None:
    """Batch normalisation in evaluation: with a mean and a variance that were collected in training.

    These are data here, not computed from the batch, so each entry is normalised by itself.
    """
    x, b, j = _batch(define)
    gamma, beta = _scale(define, j), _shift(define, j)
    _affine(define, _standardised_by(define, x, (b, j), j, "feature"), (b, j), gamma, beta)


@defines("normalisation", "Ba, Kiros, Hinton (2016), equations 3 and 4")
def layer_norm(define: Definition) -> None:
    """Normalises every row over its own features, so that rows do not depend on each other.

    The variance divides by n, and eps stands under the root, as in PyTorch.
    """
    x, b, j = _batch(define)
    gamma, beta = _scale(define, j), _shift(define, j)
    _affine(define, _standardised(define, x, (b, j), over=(j,)), (b, j), gamma, beta)


@defines("normalisation", "Zhang and Sennrich (2019), equation 4", sign=r"\operatorname{RMSNorm}")
def rms_norm(define: Definition) -> None:
    """Divides every row by its root mean square; no mean is taken away and nothing is added.

    eps stands under the root, as in PyTorch and Llama; the paper has none.
    """
    x, b, j = _batch(define)
    gamma = _scale(define, j)
    q = define.let("q", Sum(x[b, j] ** 2, j) / j.size, b)
    r = define.let("r", _inverse_root(q[b] + define.setting("eps", _EPS)), b)
    xhat = define.let("xhat", x[b, j] * r[b], b, j)
    define.let("y", gamma * xhat[b, j], b, j)


@defines("normalisation", "Ioffe and Szegedy (2015), section 3.2")
def batch_norm2d(define: Definition) -> None:
    """Normalises every channel of a batch of images, over the batch and all places, as in training."""
    (c,) = axes("c", "C")
    x, b, places = _images(define, c)
    gamma, beta = _scale(define, c, each="channel"), _shift(define, c, each="channel")
    xhat = _standardised(define, x, (b, c, *places), over=(b, *places))
    _affine(define, xhat, (b, c, *places), gamma, beta)


@defines("normalisation", "Ioffe and Szegedy (2015), algorithm 2, step 11")
def batch_norm2d_eval(define: Definition) -> None:
    """Batch normalisation of images in evaluation: with a mean and a variance collected in training."""
    (c,) = axes("c", "C")
    x, b, places = _images(define, c)
    gamma, beta = _scale(define, c, each="channel"), _shift(define, c, each="channel")
    _affine(define, _standardised_by(define, x, (b, c, *places), c, "channel"), (b, c, *places), gamma, beta)


@defines("normalisation", "Ulyanov, Vedaldi, Lempitsky (2016), equation 3, with a scale and a shift")
def instance_norm(define: Definition) -> None:
    """Normalises every channel of every image by itself, over its places."""
    (c,) = axes("c", "C")
    x, b, places = _images(define, c)
    gamma, beta = _scale(define, c, each="channel"), _shift(define, c, each="channel")
    _affine(define, _standardised(define, x, (b, c, *places), over=places), (b, c, *places), gamma, beta)


@defines("normalisation", "Wu and He (2018), equations 1 to 7")
def group_norm(define: Definition) -> None:
    """Normalises every group of channels of every image by itself, over its channels and places.

    The channels are split as (group, channel in it): G groups of C. One group is layer normalisation over
    all of an image, one channel a group instance normalisation.
    """
    (g,), (c,) = axes("q", "G"), axes("c", "C")
    x, b, places = _images(define, g, c)
    gamma, beta = _scale(define, g, c, each="channel"), _shift(define, g, c, each="channel")
    xhat = _standardised(define, x, (b, g, c, *places), over=(c, *places))
    _affine(define, xhat, (b, g, c, *places), gamma, beta)


@defines(
    "normalisation", "Krizhevsky, Sutskever, Hinton (2012), section 3.3, with alpha over the window's size"
)
def local_response_norm(define: Definition) -> None:
    """Divides every number by a power of the mean square around it, at the same place of l channels.

    The window holds floor(l/2) channels before the own one and the rest from it on; beyond the first and
    last channel there is nothing. The paper does not divide alpha by l and has k = 2; PyTorch, Caffe and
    ONNX divide, TensorFlow does not.
    """
    (c,) = axes("c", "C")
    x, b, places = _images(define, c)
    width = define.whole("size", 5, "l")
    (q,) = define.bound("q", width)
    alpha, beta = define.setting("alpha", Fraction(1, 10_000)), define.setting("beta", Fraction(3, 4))
    total = Sum(x[(b, c + q - sp.floor(width / 2), *places)] ** 2, q)
    S = define.let("S", define.setting("k", 1) + alpha / width * total, b, c, *places)
    define.let("y", x[(b, c, *places)] * S[(b, c, *places)] ** -beta, b, c, *places)
    for channels, extent in ((5, 3), (7, 4), (2, 5)):
        define.trial(N=2, C=channels, H=3, W=2, size=extent, alpha=2)
