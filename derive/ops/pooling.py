"""Pooling: a window slides over every channel by itself and keeps its greatest value or its mean."""

from __future__ import annotations

import sympy as sp

from derive.ops.convolution import AXES, Space
from derive.ops.definition import Definition, axes, defines
from derive.tensor.index import Index
from derive.tensor.nodes import IfPositive, Maximum, Sum, Tensor

_GUIDE = "Dumoulin and Visin (2016), relationship 5"


def _input(define: Definition, space: list[Index]) -> tuple[Tensor, Index, Index]:
    (b,), (c,) = axes("n", "N"), axes("c", "C")
    return define.input("x", b, c, *space, meaning="a batch of inputs, channels first"), b, c


def _window(define: Definition, rank: int, dilated: bool) -> Space:
    """A window that slides by its own size unless a stride is given, as in every framework."""
    k = define.whole("kernel", 2, "k")
    return Space(define, rank, lambda name, extent: define.bound(name, k)[0], stride=2, dilated=dilated)


def _try(define: Definition, rank: int, dilated: bool) -> None:
    axes_in = ("L",) if rank == 1 else ("W_in", "H_in", "D_in")[:rank]
    places = dict(zip(axes_in, ((11,), (7, 8), (4, 3, 5))[rank - 1], strict=True))
    for kernel, stride, padding, dilation in ((2, 2, 0, 1), (3, 2, 1, 1), (2, 3, 1, 2)):
        more = {"dilation": dilation} if dilated else {}
        define.trial(
            N=2 if rank < 3 else 1, C=3, **places, kernel=kernel, stride=stride, padding=padding, **more
        )


def _max_pool(define: Definition, rank: int) -> None:
    space = _window(define, rank, dilated=True)
    x, b, c = _input(define, space.input)
    define.let("y", Maximum(x[(b, c, *space.read)], *space.window), b, c, *space.output)
    _try(define, rank, dilated=True)


@defines("pooling", _GUIDE)
def max_pool1d(define: Definition) -> None:
    """Keeps the greatest value of every window of a sequence.

    Padding never wins (it counts as minus infinity). Of equal values the first in the window passes the
    gradient on, as in PyTorch; at such a tie the maximum has no derivative.
    """
    _max_pool(define, 1)


@defines("pooling", _GUIDE)
def max_pool2d(define: Definition) -> None:
    """Keeps the greatest value of every window of an image.

    Padding never wins (it counts as minus infinity). Of equal values the first in the window, row by row,
    passes the gradient on, as in PyTorch; at such a tie the maximum has no derivative.
    """
    _max_pool(define, 2)


@defines("pooling", _GUIDE)
def max_pool3d(define: Definition) -> None:
    """Keeps the greatest value of every window of a volume; padding and ties as in :func:`max_pool2d`."""
    _max_pool(define, 3)


def _avg_pool(define: Definition, rank: int) -> None:
    space = _window(define, rank, dilated=False)
    x, b, c = _input(define, space.input)
    count = sp.Mul(*(one.size for one in space.window))
    define.let("y", Sum(x[(b, c, *space.read)], *space.window) / count, b, c, *space.output)
    _try(define, rank, dilated=False)


@defines("pooling", _GUIDE)
def avg_pool1d(define: Definition) -> None:
    """The mean of every window of a sequence; padding is counted as zeros, as PyTorch does by default."""
    _avg_pool(define, 1)


@defines("pooling", _GUIDE)
def avg_pool2d(define: Definition) -> None:
    """The mean of every window of an image; padding is counted as zeros, as PyTorch does by default.

    :func:`avg_pool2d_inside` divides by the places inside the image.
    """
    _avg_pool(define, 2)


@defines("pooling", _GUIDE)
def avg_pool3d(define: Definition) -> None:
    """The mean of every window of a volume; padding is counted as zeros, as PyTorch does by default."""
    _avg_pool(define, 3)


def _avg_pool_inside(define: Definition, rank: int) -> None:
    space = _window(define, rank, dilated=False)
    x, b, c = _input(define, space.input)
    m = define.let("m", sp.S.One, *space.input)
    count = define.let("a", Sum(m[tuple(space.read)], *space.window), *space.output)
    total = Sum(x[(b, c, *space.read)], *space.window)
    define.let("y", total / count[tuple(space.output)], b, c, *space.output)
    _try(define, rank, dilated=False)


_INSIDE = "PyTorch 2, AvgPool2d with count_include_pad=False"


@defines("pooling", _INSIDE)
def avg_pool1d_inside(define: Definition) -> None:
    """The mean of what lies inside the sequence of every window, see :func:`avg_pool2d_inside`."""
    _avg_pool_inside(define, 1)


@defines("pooling", _INSIDE)
def avg_pool2d_inside(define: Definition) -> None:
    """The mean of what lies inside the image of every window: padding is not counted, as in TensorFlow.

    m is 1 inside the image and, like every array, 0 outside, so that its sum counts the places inside.
    """
    _avg_pool_inside(define, 2)


@defines("pooling", _INSIDE)
def avg_pool3d_inside(define: Definition) -> None:
    """The mean of what lies inside the volume of every window, see :func:`avg_pool2d_inside`."""
    _avg_pool_inside(define, 3)


def _places(rank: int) -> list[Index]:
    """The indices of the input in space."""
    return [axes(name, extent)[0] for _, _, name, extent, _, _ in AXES[rank]]


def _global_avg_pool(define: Definition, rank: int) -> None:
    x, b, c = _input(define, places := _places(rank))
    count = sp.Mul(*(one.size for one in places))
    define.let("y", Sum(x[(b, c, *places)], *places) / count, b, c)


def _global_max_pool(define: Definition, rank: int) -> None:
    x, b, c = _input(define, places := _places(rank))
    define.let("y", Maximum(x[(b, c, *places)], *places), b, c)


_GLOBAL_AVERAGE = "Lin, Chen, Yan (2013), section 3.2"
_GLOBAL_MAXIMUM = "Oquab et al. (2015), section 3.1"


@defines("pooling", _GLOBAL_AVERAGE)
def global_avg_pool1d(define: Definition) -> None:
    """The mean of every channel over the whole sequence: one number a channel, whatever its length."""
    _global_avg_pool(define, 1)


@defines("pooling", _GLOBAL_AVERAGE)
def global_avg_pool2d(define: Definition) -> None:
    """The mean of every channel over the whole image: one number a channel, whatever the image's size."""
    _global_avg_pool(define, 2)


@defines("pooling", _GLOBAL_AVERAGE)
def global_avg_pool3d(define: Definition) -> None:
    """The mean of every channel over the whole volume: one number a channel, whatever the volume's size."""
    _global_avg_pool(define, 3)


@defines("pooling", _GLOBAL_MAXIMUM)
def global_max_pool1d(define: Definition) -> None:
    """The greatest value of every channel over the whole sequence; ties as in :func:`max_pool2d`."""
    _global_max_pool(define, 1)


@defines("pooling", _GLOBAL_MAXIMUM)
def global_max_pool2d(define: Definition) -> None:
    """The greatest value of every channel over the whole image; ties as in :func:`max_pool2d`."""
    _global_max_pool(define, 2)


@defines("pooling", _GLOBAL_MAXIMUM)
def global_max_pool3d(define: Definition) -> None:
    """The greatest value of every channel over the whole volume; ties as in :func:`max_pool2d`."""
    _global_max_pool(define, 3)


class _Adapted:
    """Windows so that the output has a given size: i of m covers floor(i n/m) to ceil((i+1) n/m) - 1."""

    def __init__(self, define: Definition, rank: int) -> None:
        self.x, self.b, self.c = _input(define, places := _places(rank))
        self.places = places
        self.output = [define.bound(i, define.whole(m, 2, least=1))[0] for i, _, _, _, m, _ in AXES[rank]]
        inputs = (
            {"L": 7} if rank == 1 else dict(zip(("W_in", "H_in", "D_in"), (5, 4, 3)[:rank], strict=False))
        )
        for sizes in ((3, 2, 2), (5, 3, 3), (1, 4, 2)):
            out = dict(zip((m for *_, m, _ in reversed(AXES[rank])), sizes, strict=False))
            define.trial(N=2 if rank < 3 else 1, C=3, **inputs, **out)

    def covered(self, axis: int, then: sp.Expr, otherwise: sp.Expr) -> sp.Expr:
        """``then`` where the place belongs to the window, without a division."""
        out, place = self.output[axis], self.places[axis]
        not_before = out.size * (place + 1) - out * place.size
        not_after = (out + 1) * place.size - out.size * place
        return IfPositive(not_before, IfPositive(not_after, then, otherwise), otherwise)


def _adaptive_avg_pool(define: Definition, rank: int) -> None:
    one = _Adapted(define, rank)
    masks = [
        define.let(name, one.covered(axis, sp.S.One, sp.S.Zero), one.output[axis], one.places[axis])
        for axis, name in zip(range(rank), "aqr", strict=False)
    ]
    pairs = list(zip(masks, one.output, one.places, strict=True))
    value = Sum(sp.Mul(*(m[i, h] for m, i, h in pairs)) * one.x[(one.b, one.c, *one.places)], *one.places)
    counts = sp.Mul(*(Sum(m[i, h], h) for m, i, h in pairs))
    define.let("y", value / counts, one.b, one.c, *one.output)


def _adaptive_max_pool(define: Definition, rank: int) -> None:
    one = _Adapted(define, rank)
    body: sp.Expr = one.x[(one.b, one.c, *one.places)]
    for axis in range(rank):
        body = one.covered(axis, body, -sp.oo)
    define.let("y", Maximum(body, *one.places), one.b, one.c, *one.output)


_ADAPTIVE = "PyTorch 2, AdaptiveAvgPool2d and AdaptiveMaxPool2d"


@defines("pooling", _ADAPTIVE)
def adaptive_avg_pool1d(define: Definition) -> None:
    """The mean over windows chosen so that the output has a given length, see :func:`adaptive_avg_pool2d`."""
    _adaptive_avg_pool(define, 1)


@defines("pooling", _ADAPTIVE)
def adaptive_avg_pool2d(define: Definition) -> None:
    """The mean over windows chosen so that the output has a given size, whatever the input's is.

    Output place i of H_out covers the inputs from floor(i H_in / H_out) to ceil((i + 1) H_in / H_out) - 1,
    so that windows overlap where the sizes do not divide; a and q are 1 on those places and 0 elsewhere.
    """
    _adaptive_avg_pool(define, 2)


@defines("pooling", _ADAPTIVE)
def adaptive_avg_pool3d(define: Definition) -> None:
    """The mean over windows chosen so that the output has a given size, see :func:`adaptive_avg_pool2d`."""
    _adaptive_avg_pool(define, 3)


@defines("pooling", _ADAPTIVE)
def adaptive_max_pool1d(define: Definition) -> None:
    """The greatest value in windows chosen so that the output has a given length."""
    _adaptive_max_pool(define, 1)


@defines("pooling", _ADAPTIVE)
def adaptive_max_pool2d(define: Definition) -> None:
    """The greatest value in windows chosen so that the output has a given size.

    The windows are those of :func:`adaptive_avg_pool2d`; what lies outside of one counts as minus infinity.
    """
    _adaptive_max_pool(define, 2)


@defines("pooling", _ADAPTIVE)
def adaptive_max_pool3d(define: Definition) -> None:
    """The greatest value in windows chosen so that the output has a given size."""
    _adaptive_max_pool(define, 3)
