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
    places = {"L": 11} if rank == 1 else dict(zip(("W_in", "H_in", "D_in"), (7, 8, 5)[:rank], strict=False))
    for kernel, stride, padding, dilation in ((2, 2, 0, 1), (3, 2, 1, 1), (2, 3, 1, 2)):
        more = {"dilation": dilation} if dilated else {}
        define.trial(N=2, C=3, **places, kernel=kernel, stride=stride, padding=padding, **more)


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


@defines("pooling", "PyTorch 2, AvgPool2d with count_include_pad=False")
def avg_pool2d_inside(define: Definition) -> None:
    """The mean of what lies inside the image of every window: padding is not counted, as in TensorFlow.

    m is 1 inside the image and, like every array, 0 outside, so that its sum counts the places inside.
    """
    space = _window(define, 2, dilated=False)
    x, b, c = _input(define, space.input)
    m = define.let("m", sp.S.One, *space.input)
    count = define.let("a", Sum(m[tuple(space.read)], *space.window), *space.output)
    total = Sum(x[(b, c, *space.read)], *space.window)
    define.let("y", total / count[tuple(space.output)], b, c, *space.output)
    _try(define, 2, dilated=False)


def _image_axes() -> list[Index]:
    return [axes(name, extent)[0] for _, _, name, extent, _, _ in AXES[2]]


@defines("pooling", "Lin, Chen, Yan (2013), section 3.2")
def global_avg_pool2d(define: Definition) -> None:
    """The mean of every channel over the whole image: one number a channel, whatever the image's size."""
    x, b, c = _input(define, places := _image_axes())
    count = sp.Mul(*(one.size for one in places))
    define.let("y", Sum(x[(b, c, *places)], *places) / count, b, c)


@defines("pooling", "Oquab et al. (2015), section 3.1")
def global_max_pool2d(define: Definition) -> None:
    """The greatest value of every channel over the whole image; ties as in :func:`max_pool2d`."""
    x, b, c = _input(define, places := _image_axes())
    define.let("y", Maximum(x[(b, c, *places)], *places), b, c)


@defines("pooling", "PyTorch 2, AdaptiveAvgPool2d")
def adaptive_avg_pool2d(define: Definition) -> None:
    """The mean over windows chosen so that the output has a given size, whatever the input's is.

    Output place i of H_out covers the inputs from floor(i H_in / H_out) to ceil((i + 1) H_in / H_out) - 1,
    so that windows overlap where the sizes do not divide; a and q are 1 on those places and 0 elsewhere.
    """
    x, b, c = _input(define, places := _image_axes())
    covered, output = [], []
    for (i, _, _, _, m, _), place, name in zip(AXES[2], places, "aq", strict=True):
        out = define.bound(i, define.whole(m, 2))[0]
        starts = out.size * (place + 1) - out * place.size  # > 0: not before the window
        ends = (out + 1) * place.size - out.size * place  # > 0: not after it
        covered.append(define.let(name, IfPositive(starts, IfPositive(ends, 1, 0), 0), out, place))
        output.append(out)
    value = Sum(
        sp.Mul(*(one[out, own] for one, out, own in zip(covered, output, places, strict=True)))
        * x[(b, c, *places)],
        *places,
    )
    counts = [Sum(one[out, own], own) for one, out, own in zip(covered, output, places, strict=True)]
    define.let("y", value / sp.Mul(*counts), b, c, *output)
    for height, width in ((2, 3), (3, 5), (7, 1)):
        define.trial(N=2, C=3, H_in=7, W_in=5, H_out=height, W_out=width)
