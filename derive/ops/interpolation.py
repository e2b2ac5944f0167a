"""Interpolation: a signal, an image or a volume at more places than it has, linearly between neighbours."""

from __future__ import annotations

import sympy as sp

from derive.ops.convolution import AXES
from derive.ops.definition import Definition, axes, defines
from derive.tensor.index import Index
from derive.tensor.nodes import Sum

_PYTORCH = "PyTorch 2, interpolate with align_corners=False"


def _weight(i: Index, h: Index) -> sp.Expr:
    """1 less the distance of input place h from where output place i falls, or 0 from distance 1 on.

    The middles of the output's places lie evenly over the input's; what falls outside takes the last place.
    """
    place = (i + sp.Rational(1, 2)) * h.size / i.size - sp.Rational(1, 2)
    return sp.Max(0, 1 - sp.Abs(sp.Min(sp.Max(0, place), h.size - 1) - h))


def _interpolated(define: Definition, rank: int) -> None:
    """One axis after the other: the weights depend on the sizes alone and are known before anything is."""
    (b,), (c,) = axes("n", "N"), axes("c", "C")
    places = [axes(h, n)[0] for _, _, h, n, _, _ in AXES[rank]]
    output = [define.bound(i, define.whole(m, 2))[0] for i, _, _, _, m, _ in AXES[rank]]
    x = define.input("x", b, c, *places, meaning="a batch of inputs, channels first")
    value = x[(b, c, *places)]
    pairs = list(zip("aef", output, places, strict=False))
    for name, i, h in reversed(pairs):
        weight = define.let(name, _weight(i, h), i, h)
        value = Sum(weight[i, h] * value, h)
    define.let("y", value, b, c, *output)
    extents, wanted = [one[3] for one in AXES[rank]], [one[4] for one in AXES[rank]]
    for sizes, larger in (((3, 2, 4), (7, 4, 8)), ((5, 3, 2), (5, 2, 7)), ((2, 4, 3), (5, 11, 3))):
        given = dict(zip(extents, sizes, strict=False)) | dict(zip(wanted, larger, strict=False))
        define.trial(N=2 if rank < 3 else 1, C=3 if rank < 3 else 2, **given)


@defines("interpolation", _PYTORCH)
def linear_upsampling(define: Definition) -> None:
    """A sequence at L_out places, linearly between its own; see :func:`bilinear_upsampling`."""
    _interpolated(define, 1)


@defines("interpolation", _PYTORCH)
def bilinear_upsampling(define: Definition) -> None:
    """An image at H_out x W_out places, linearly between its own along rows and then along columns.

    Output place i falls on (i + 1/2) H_in / H_out - 1/2 of the input, and on the first or last place where
    that is outside. With PyTorch's align_corners=True it falls on
    i (H_in - 1) / (H_out - 1) instead. With fewer places than the input has, some of its are not read.
    """
    _interpolated(define, 2)


@defines("interpolation", _PYTORCH)
def trilinear_upsampling(define: Definition) -> None:
    """A volume at D_out x H_out x W_out places, linearly between its own; see :func:`bilinear_upsampling`."""
    _interpolated(define, 3)
