"""Convolution: a small window of weights slides over space; its index map gives sizes, gradients and counts.

Every definition is one line in the input at ``s i + d u - p``: output place i, place u in the kernel, stride
s, dilation d, and p zeros of padding on either side. What deep learning calls convolution is
cross-correlation: the kernel is not flipped; :func:`true_convolution2d` flips it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy as sp

from derive.ops.definition import Definition, axes, defines
from derive.tensor.index import Index
from derive.tensor.nodes import Bracket, Sum, Tensor

_GUIDE = "Dumoulin and Visin (2016), relationship 6"

AXES = {
    1: (("i", "u", "h", "L", "L_out", "k"),),
    2: (("i", "u", "h", "H_in", "H_out", "k_h"), ("j", "v", "w", "W_in", "W_out", "k_w")),
    3: (
        ("t", "r", "d", "D_in", "D_out", "k_d"),
        ("i", "u", "h", "H_in", "H_out", "k_h"),
        ("j", "v", "w", "W_in", "W_out", "k_w"),
    ),
}
"""For each axis in space: the index of the output, of the kernel and of the input, and their three sizes."""


class Space:
    """The indices in space of a sliding window, and the place in the input that each window reads."""

    def __init__(
        self,
        define: Definition,
        rank: int,
        kernel: Callable[[str, str], Index] | None = None,
        stride: int = 1,
        dilated: bool = True,
    ) -> None:
        s = define.whole("stride", stride, "s")
        p = define.whole("padding", 0, "p", least=0)
        d = define.whole("dilation", 1, "d") if dilated else sp.S.One
        self.input: list[Index] = []
        self.window: list[Index] = []
        self.output: list[Index] = []
        self.read: list[sp.Expr] = []
        for i, u, h, n, m, k in AXES[rank]:
            own = axes(h, n)[0]
            tap = kernel(u, k) if kernel else axes(u, k)[0]
            place = define.fitting(i, m, stride=s, rest=d * tap - p, low=-p, high=own.size + p)
            self.input.append(own)
            self.window.append(tap)
            self.output.append(place)
            self.read.append(s * place + d * tap - p)


def _try(define: Definition, rank: int) -> None:
    """Sizes to verify at: strides and paddings that do not come out even, kernels that are not square."""
    places = {"L": 11} if rank == 1 else dict(zip(("W_in", "H_in", "D_in"), (7, 8, 5)[:rank], strict=False))
    taps = {"k": 3} if rank == 1 else dict(zip(("k_w", "k_h", "k_d"), (2, 3, 2)[:rank], strict=False))
    common = {"N": 2, "C": 3, "O": 5, "G": 2, **places, **taps}
    for stride, padding, dilation in ((1, 0, 1), (2, 1, 1), (3, 2, 2)):
        define.trial(**common, stride=stride, padding=padding, dilation=dilation)


def _image(define: Definition, channels: Sequence[Index], space: Space, b: Index) -> Tensor:
    return define.input("x", b, *channels, *space.input, meaning="a batch of inputs, channels first")


def _convolution(define: Definition, rank: int, flipped: bool = False) -> None:
    (b,), (o,), (c,) = axes("n", "N"), axes("o", "O"), axes("c", "C")
    space = Space(define, rank)
    x = _image(define, [c], space, b)
    W = define.input(
        "W", o, c, *space.window, meaning="the kernels, one for each output channel", parameter=True
    )
    bias = define.input("b", o, meaning="the bias, one for each output channel", parameter=True)
    taps = [one.size - 1 - one for one in space.window] if flipped else space.window
    value = Sum(W[(o, c, *taps)] * x[(b, c, *space.read)], c, *space.window)
    define.let("y", value + bias[o], b, o, *space.output)
    _try(define, rank)


@defines("convolution", _GUIDE)
def conv1d(define: Definition) -> None:
    """Slides kernels over a sequence: cross-correlation over one axis, summed over the input channels.

    The kernel is not flipped, as everywhere in deep learning. Out of range the input is 0, which is padding.
    """
    _convolution(define, 1)


@defines("convolution", _GUIDE)
def conv2d(define: Definition) -> None:
    """Slides kernels over images: cross-correlation over two axes, summed over the input channels.

    The kernel is not flipped, as everywhere in deep learning; :func:`true_convolution2d` flips it. One
    stride, padding and dilation for both axes. Out of range the input is 0, which is padding.
    """
    _convolution(define, 2)


@defines("convolution", _GUIDE)
def conv3d(define: Definition) -> None:
    """Slides kernels over volumes: cross-correlation over three axes, summed over the input channels."""
    _convolution(define, 3)


@defines("convolution", "Goodfellow, Bengio, Courville, Deep Learning (2016), equation 9.4")
def true_convolution2d(define: Definition) -> None:
    """Convolution as mathematics has it: the kernel is flipped on both axes before it slides.

    It equals :func:`conv2d` with the kernel turned by 180 degrees; learned kernels make no difference between
    the two, given ones do.
    """
    _convolution(define, 2, flipped=True)


@defines("convolution", "Krizhevsky, Sutskever, Hinton (2012); Xie et al. (2017), figure 3c")
def grouped_conv2d(define: Definition) -> None:
    """Convolution in G groups: each group of output channels reads only its own C input channels.

    Input and output have their channels split as (group, channel in it); with C = O = 1 it is depthwise.
    """
    (b,), (g,), (o,), (c,) = axes("n", "N"), axes("g", "G"), axes("o", "O"), axes("c", "C")
    space = Space(define, 2)
    x = _image(define, [g, c], space, b)
    W = define.input("W", g, o, c, *space.window, meaning="the kernels of each group", parameter=True)
    bias = define.input("b", g, o, meaning="the bias, one for each output channel", parameter=True)
    value = Sum(W[(g, o, c, *space.window)] * x[(b, g, c, *space.read)], c, *space.window)
    define.let("y", value + bias[g, o], b, g, o, *space.output)
    _try(define, 2)


@defines("convolution", "Howard et al. (2017), equation 3")
def depthwise_conv2d(define: Definition) -> None:
    """One kernel for each channel, which reads that channel alone; no sum over channels."""
    (b,), (c,) = axes("n", "N"), axes("c", "C")
    space = Space(define, 2)
    x = _image(define, [c], space, b)
    W = define.input("W", c, *space.window, meaning="the kernels, one for each channel", parameter=True)
    bias = define.input("b", c, meaning="the bias, one for each channel", parameter=True)
    value = Sum(W[(c, *space.window)] * x[(b, c, *space.read)], *space.window)
    define.let("y", value + bias[c], b, c, *space.output)
    _try(define, 2)


@defines("convolution", "Lin, Chen, Yan (2013)")
def conv1x1(define: Definition) -> None:
    """A linear map of the channels at every place by itself: convolution with a kernel of one place."""
    (b,), (o,), (c,) = axes("n", "N"), axes("o", "O"), axes("c", "C")
    (h,), (w,) = axes("h", "H_in"), axes("w", "W_in")
    x = define.input("x", b, c, h, w, meaning="a batch of images, channels first")
    W = define.input("W", o, c, meaning="the weights", parameter=True)
    bias = define.input("b", o, meaning="the bias, one for each output channel", parameter=True)
    define.let("y", Sum(W[o, c] * x[b, c, h, w], c) + bias[o], b, o, h, w)


def _transposed(define: Definition, rank: int) -> None:
    """``y`` at ``s i + d u - p`` collects ``W[u] x[i]``: the gradient of a convolution by its input."""
    (b,), (o,), (c,) = axes("n", "N"), axes("o", "O"), axes("c", "C")
    s = define.whole("stride", 1, "s")
    p = define.whole("padding", 0, "p", least=0)
    d = define.whole("dilation", 1, "d")
    q = define.whole("output_padding", 0, "q", least=0)
    inputs, window, output, meets = [], [], [], []
    for i, u, h, n, m, k in AXES[rank]:
        (place,), (tap,) = axes(i, n), axes(u, k)
        extent = define.derived(m, s * (place.size - 1) + d * (tap.size - 1) + 1 - 2 * p + q)
        out = Index(h, extent)
        inputs.append(place)
        window.append(tap)
        output.append(out)
        meets.append(Bracket(s * place + d * tap - p - out))
    x = define.input("x", b, c, *inputs, meaning="a batch of inputs, channels first")
    W = define.input("W", c, o, *window, meaning="the kernels, input channels first", parameter=True)
    bias = define.input("b", o, meaning="the bias, one for each output channel", parameter=True)
    value = Sum(sp.Mul(W[(c, o, *window)], x[(b, c, *inputs)], *meets), c, *inputs, *window)
    define.let("y", value + bias[o], b, o, *output)
    places = {"L": 7} if rank == 1 else dict(zip(("W_in", "H_in", "D_in"), (3, 5, 2)[:rank], strict=False))
    taps = {"k": 3} if rank == 1 else dict(zip(("k_w", "k_h", "k_d"), (2, 3, 2)[:rank], strict=False))
    channels = {"N": 2, "C": 3, "O": 5 if rank < 3 else 2}
    for stride, padding, dilation, more in ((1, 0, 1, 0), (2, 1, 1, 1), (3, 1, 2, 2)):
        given = {"stride": stride, "padding": padding, "dilation": dilation, "output_padding": more}
        define.trial(**channels, **places, **taps, **given)


@defines("convolution", "Dumoulin and Visin (2016), relationship 14")
def conv_transpose1d(define: Definition) -> None:
    """Transposed convolution over one axis: every input place spreads a kernel over the output.

    It is what a convolution's gradient by its input computes, used forwards; it undoes the shape of a
    convolution, not its values. ``output_padding`` chooses among the sizes that the same convolution would
    map to the input's.
    """
    _transposed(define, 1)


@defines("convolution", "Dumoulin and Visin (2016), relationship 14")
def conv_transpose2d(define: Definition) -> None:
    """Transposed convolution over two axes: every input place spreads a kernel over the output.

    See :func:`conv_transpose1d`. Weights are stored input channels first, as in PyTorch.
    """
    _transposed(define, 2)


@defines("convolution", "Dumoulin and Visin (2016), relationship 14")
def conv_transpose3d(define: Definition) -> None:
    """Transposed convolution over three axes, see :func:`conv_transpose1d`."""
    _transposed(define, 3)
