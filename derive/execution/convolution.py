"""Convolution as deep learning has it (cross-correlation: no kernel is flipped), and its relatives.

Inputs are channels first: x of shape (..., C, *space) and W of shape (O, C/groups, *kernel) as in PyTorch; a
transposed convolution has W of shape (C, O/groups, *kernel). The bias may be left out. Stride, padding and
dilation are one number or one for each axis; the padding of a convolution may also be "valid" (none) or
"same".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from derive.execution.correlation import correlate, gradient_by_input, gradient_by_kernel
from derive.execution.registry import Array, DomainError, backward_rule, forward_rule
from derive.execution.settings import for_each_axis
from derive.execution.signature import ExecutionError
from derive.execution.sliding import PADDINGS, Padding, Sliding, Whole, sliding

Gradients = dict[str, Array]

_SPACES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
"""The letters of the axes in space."""


def _letters(rank: int) -> tuple[str, str, str]:
    """Those of the input, of the kernel and of the result."""
    axes = _SPACES[rank]
    kernel = ["k"] if rank == 1 else [f"k_{axis.lower()}" for axis in axes]
    return " ".join(axes), " ".join(kernel), " ".join(f"{axis}_out" for axis in axes)


def _by_letter(known: dict[str, int]) -> tuple[list[int], list[int], list[str]]:
    """Sizes of the input's and the kernel's axes in space, and the letters of the result's."""
    axes = next(axes for axes in reversed(_SPACES.values()) if set(axes) <= set(known))
    kernel = [known["k" if len(axes) == 1 else f"k_{axis.lower()}"] for axis in axes]
    return [known[axis] for axis in axes], kernel, [f"{axis}_out" for axis in axes]


def _flat(images: Array, rank: int) -> Array:
    """All leading axes as one: N C *space."""
    return images.reshape(-1, *images.shape[images.ndim - rank - 1 :])


def _windows(x: Array, kernel: tuple[int, ...], **settings: Any) -> list[Sliding]:
    """The windows, of which `_sizes` has checked that they fit."""
    return sliding("", x.shape[x.ndim - len(kernel) :], kernel, **settings)


def _finite(product: Callable[..., Array], left: Array, right: Array, *more: Any) -> Array:
    """A product of two arrays. Raises DomainError where it overflows although both are finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        result = product(left, right, *more)
    if not np.isfinite(result).all() and np.isfinite(left).all() and np.isfinite(right).all():
        raise DomainError(
            f"a sum of products overflows {result.dtype} (largest number {np.finfo(result.dtype).max:.2g}): "
            f"the largest factors are {np.abs(left).max():.3g} and {np.abs(right).max():.3g}; "
            + ("float64 holds more" if result.dtype.name in ("float32", "complex64") else "scale them down")
        )
    return result


# --- convolution ---


def _sizes(
    name: str, known: dict[str, int], *, stride: Whole, padding: Padding, dilation: Whole, groups: int = 1
) -> dict[str, int]:
    """The sizes of the result, from those of the inputs."""
    _check_groups(name, known, groups)
    space, kernel, out = _by_letter(known)
    windows = sliding(name, space, kernel, stride, padding, dilation)
    return dict(zip(out, (one.out for one in windows), strict=True))


def _check_groups(name: str, known: dict[str, int], groups: int) -> None:
    for_each_axis(name, "groups", groups, 1, least=1)
    C, makers, read = known["C"], known.get("O", known["C"]), known.get("C_group", known["C"] // groups)
    for what, size in (("input", C), ("output", makers)):
        if size % groups:
            fits = [g for g in range(1, min(C, makers) + 1) if C % g == makers % g == 0]
            raise ExecutionError(
                f"{name}: groups = {groups} does not divide the {size} {what} channels; with {C} input and "
                f"{makers} output channels groups may be {', '.join(map(str, fits))}"
            )
    if read != C // groups:
        raise ExecutionError(
            f"{name}: W reads {read} channels and x has {C}, in {groups} "
            f"group{'s' * (groups > 1)}; W must read {C // groups}"
            + (f", or groups be {C // read}" if C % read == 0 and makers % (C // read) == 0 else "")
        )


def convolution(
    x: Array,
    W: Array,
    b: Array | None,
    *,
    stride: Whole = 1,
    padding: Padding = 0,
    dilation: Whole = 1,
    groups: int = 1,
) -> Array:
    """y[n,o,i] = b[o] + sum_{c,u} W[o,c,u] x[n, c, stride i + dilation u - padding].

    Outside of the input x is 0. With several groups the sum is over the input channels of o's own group.

    >>> image, kernel = np.arange(9.0).reshape(1, 3, 3), np.array([[[[0.0, 1.0], [2.0, 0.0]]]])
    >>> convolution(image, kernel, None)
    array([[[ 7., 10.],
            [16., 19.]]])
    """
    kernel = W.shape[2:]
    windows = _windows(x, kernel, stride=stride, padding=padding, dilation=dilation)
    y = _finite(correlate, _flat(x, len(kernel)), W, windows, groups, b)
    return y.reshape(*x.shape[: x.ndim - len(kernel) - 1], *y.shape[1:])


def convolution_backward(
    upstream: Array,
    x: Array,
    W: Array,
    b: Array | None,
    *,
    stride: Whole,
    padding: Padding,
    dilation: Whole,
    groups: int = 1,
) -> Gradients:
    """The kernel's gradient correlates upstream and input; the input's spreads the upstream by the kernel."""
    kernel = W.shape[2:]
    windows = _windows(x, kernel, stride=stride, padding=padding, dilation=dilation)
    seed, images = _flat(upstream, len(kernel)), _flat(x, len(kernel))
    gradients = {
        "x": _finite(gradient_by_input, seed, W, windows, groups).reshape(x.shape),
        "W": _finite(gradient_by_kernel, seed, images, windows, groups),
    }
    return gradients if b is None else gradients | {"b": _summed(seed)}


def _summed(images: Array) -> Array:
    """The sum for each channel."""
    return images.sum(axis=tuple(range(2, images.ndim))).sum(axis=0)


for _rank in _SPACES:
    _space, _kernel, _out = _letters(_rank)
    forward_rule(
        f"x: ... C {_space}, W: O C_group {_kernel}, b?: O -> ... O {_out}",
        analytic=True,
        name=f"conv{_rank}d",
        sizes=_sizes,
        words=PADDINGS,
    )(convolution)
    backward_rule(f"conv{_rank}d")(convolution_backward)


@forward_rule(
    "x: ... C H W, W: O C k_h k_w, b?: O -> ... O H_out W_out", analytic=True, sizes=_sizes, words=PADDINGS
)
def true_convolution2d(
    x: Array, W: Array, b: Array | None, *, stride: Whole = 1, padding: Padding = 0, dilation: Whole = 1
) -> Array:
    """Convolution as mathematics defines it: the kernel is turned by 180 degrees before it slides."""
    return convolution(x, _turned(W), b, stride=stride, padding=padding, dilation=dilation)


@backward_rule(true_convolution2d)
def true_convolution2d_backward(
    upstream: Array, x: Array, W: Array, b: Array | None, **settings: Any
) -> Gradients:
    gradients = convolution_backward(upstream, x, _turned(W), b, **settings)
    return gradients | {"W": _turned(gradients["W"])}


def _turned(W: Array) -> Array:
    return W[..., ::-1, ::-1]


@forward_rule(
    "x: ... C H W, W: C k_h k_w, b?: C -> ... C H_out W_out", analytic=True, sizes=_sizes, words=PADDINGS
)
def depthwise_conv2d(
    x: Array, W: Array, b: Array | None, *, stride: Whole = 1, padding: Padding = 0, dilation: Whole = 1
) -> Array:
    """One kernel for each channel, which reads that channel alone: as many groups as channels."""
    return convolution(x, W[:, None], b, stride=stride, padding=padding, dilation=dilation, groups=len(W))


@backward_rule(depthwise_conv2d)
def depthwise_conv2d_backward(
    upstream: Array, x: Array, W: Array, b: Array | None, **settings: Any
) -> Gradients:
    gradients = convolution_backward(upstream, x, W[:, None], b, groups=len(W), **settings)
    return gradients | {"W": gradients["W"][:, 0]}


@forward_rule(
    "x: ... G C H W, W: G O C k_h k_w, b?: G O -> ... G O H_out W_out",
    analytic=True,
    sizes=_sizes,
    words=PADDINGS,
)
def grouped_conv2d(
    x: Array, W: Array, b: Array | None, *, stride: Whole = 1, padding: Padding = 0, dilation: Whole = 1
) -> Array:
    """Convolution in groups, with channels written as (group, channel in it): each group is a convolution."""
    y = convolution(
        _joined(x, 2),
        _joined(W, 3),
        None if b is None else b.ravel(),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=len(W),
    )
    return y.reshape(*x.shape[:-3], W.shape[1], *y.shape[-2:])


@backward_rule(grouped_conv2d)
def grouped_conv2d_backward(
    upstream: Array, x: Array, W: Array, b: Array | None, **settings: Any
) -> Gradients:
    bias = None if b is None else b.ravel()
    seed, images, kernels = _joined(upstream, 2), _joined(x, 2), _joined(W, 3)
    gradients = convolution_backward(seed, images, kernels, bias, groups=len(W), **settings)
    shapes = {"x": x.shape, "W": W.shape} | ({} if b is None else {"b": b.shape})
    return {name: gradient.reshape(shapes[name]) for name, gradient in gradients.items()}


def _joined(array: Array, after: int) -> Array:
    """The group and the channel before the last `after` axes as one axis."""
    cut = array.ndim - after
    groups, channels = array.shape[cut - 2 : cut]
    return array.reshape(*array.shape[: cut - 2], groups * channels, *array.shape[cut:])


@forward_rule("x: ... C H W, W: O C, b?: O -> ... O H W", analytic=True)
def conv1x1(x: Array, W: Array, b: Array | None) -> Array:
    """A linear map of the channels at every place by itself."""
    return convolution(x, W[..., None, None], b)


@backward_rule(conv1x1)
def conv1x1_backward(upstream: Array, x: Array, W: Array, b: Array | None) -> Gradients:
    gradients = convolution_backward(upstream, x, W[..., None, None], b, stride=1, padding=0, dilation=1)
    return gradients | {"W": gradients["W"][..., 0, 0]}


# --- transposed convolution ---


def _transposed_windows(
    name: str,
    space: Sequence[int],
    kernel: Sequence[int],
    stride: Whole,
    padding: Whole,
    output_padding: Whole,
    dilation: Whole,
) -> list[Sliding]:
    """The windows of the convolution that this one transposes: from the larger image to the smaller."""
    rank = len(space)
    settings = (stride, padding, output_padding, dilation)
    keys = (("stride", 1), ("padding", 0), ("output_padding", 0), ("dilation", 1))
    each = [
        for_each_axis(name, key, one, rank, least) for one, (key, least) in zip(settings, keys, strict=True)
    ]
    windows = []
    for size, taps, s, p, q, d in zip(space, kernel, *each, strict=True):
        reached = s * (size - 1) + d * (taps - 1) + 1
        if reached - 2 * p + q < 1:
            raise ExecutionError(
                f"{name}: nothing is left: {size} places reach {reached}, and padding {p} takes {2 * p} "
                f"away; padding of at most {(reached + q - 1) // 2} fits"
            )
        windows.append(Sliding(reached - 2 * p + q, taps, s, d, p, p, unused=q // s))
    return windows


def _transposed_sizes(name: str, known: dict[str, int], *, groups: int, **settings: Whole) -> dict[str, int]:
    if known["C"] % groups:
        fits = ", ".join(str(g) for g in range(1, known["C"] + 1) if known["C"] % g == 0)
        raise ExecutionError(
            f"{name}: groups = {groups} does not divide the {known['C']} input channels; groups may be {fits}"
        )
    space, kernel, out = _by_letter(known)
    windows = _transposed_windows(name, space, kernel, **settings)
    return {"O": known["O_group"] * groups} | dict(zip(out, (one.size for one in windows), strict=True))


def transposed_convolution(
    x: Array,
    W: Array,
    b: Array | None,
    *,
    stride: Whole = 1,
    padding: Whole = 0,
    output_padding: Whole = 0,
    dilation: Whole = 1,
    groups: int = 1,
) -> Array:
    """y[n,o,h] = b[o] + the sum of W[c,o,u] x[n,c,i] over all i, u with stride i + dilation u - padding = h.

    The gradient of a convolution by its input, used forwards. The result has
    stride (size - 1) + dilation (kernel - 1) + 1 - 2 padding + output_padding places along an axis.
    """
    kernel = W.shape[2:]
    windows = _transposed_windows(
        "", x.shape[x.ndim - len(kernel) :], kernel, stride, padding, output_padding, dilation
    )
    y = _finite(gradient_by_input, _flat(x, len(kernel)), W, windows, groups)
    if b is not None:
        y += b.reshape(-1, *(1 for _ in kernel))
    return y.reshape(*x.shape[: x.ndim - len(kernel) - 1], *y.shape[1:])


def transposed_convolution_backward(
    upstream: Array,
    x: Array,
    W: Array,
    b: Array | None,
    *,
    stride: Whole,
    padding: Whole,
    output_padding: Whole,
    dilation: Whole,
    groups: int,
) -> Gradients:
    """Upstream and input change places in what a convolution does."""
    kernel = W.shape[2:]
    windows = _transposed_windows(
        "", x.shape[x.ndim - len(kernel) :], kernel, stride, padding, output_padding, dilation
    )
    seed, images = _flat(upstream, len(kernel)), _flat(x, len(kernel))
    gradients = {
        "x": _finite(correlate, seed, W, windows, groups).reshape(x.shape),
        "W": _finite(gradient_by_kernel, images, seed, windows, groups),
    }
    return gradients if b is None else gradients | {"b": _summed(seed)}


for _rank in _SPACES:
    _space, _kernel, _out = _letters(_rank)
    forward_rule(
        f"x: ... C {_space}, W: C O_group {_kernel}, b?: O -> ... O {_out}",
        analytic=True,
        name=f"conv_transpose{_rank}d",
        sizes=_transposed_sizes,
    )(transposed_convolution)
    backward_rule(f"conv_transpose{_rank}d")(transposed_convolution_backward)
