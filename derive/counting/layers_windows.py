"""Layers that slide a window over space: convolution, its transpose, and pooling.

Each axis may have a kernel, stride, padding and dilation of its own, a padding that is not the same on both
sides, and pooling may go one window further (``ceil_mode``); each axis' size and reach is the definition's
with that axis' numbers put in. Padding that is longer at the end is a longer input with the shorter padding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from derive.counting.formulas import Formula, Size, divided, product, simplest
from derive.counting.layers import POOLING, Call, Placed, Reach, Shape, Use, layer, show
from derive.counting.operation_formulas import OperationFormulas, formulas_of
from derive.ops.convolution import AXES


@dataclass(frozen=True)
class Window:
    """The window along one axis."""

    extent: Size
    kernel: Size
    stride: Size
    before: Size
    after: Size
    dilation: Size
    further: bool = False
    """Whether a last window may begin inside and end beyond the padding."""

    @property
    def longer(self) -> Size:
        """The input with the padding that is at its end only."""
        return simplest(self.extent + self.after - self.before)


def _windows(call: Call, rank: int, kernel: tuple[Size, ...], stride: tuple[Size, ...]) -> list[Window]:
    settings = call.settings
    dilation = call.axes("dilation", rank) if "dilation" in settings else (1,) * rank
    further = bool(settings.get("ceil_mode"))
    extents = call.shape[2:]
    paddings = _paddings(call, rank, kernel, stride, dilation)
    return [
        Window(n, k, s, before, after, d, further)
        for n, k, s, (before, after), d in zip(extents, kernel, stride, paddings, dilation, strict=True)
    ]


def _paddings(
    call: Call, rank: int, kernel: tuple[Size, ...], stride: tuple[Size, ...], dilation: tuple[Size, ...]
) -> list[tuple[Size, Size]]:
    """The padding before and after, for each axis.

    ``'same'`` is TensorFlow's: as many places as the stride leaves, ceil(n / s), and the odd zero at the end.
    For stride 1 PyTorch's is the same.
    """
    given = call["padding"]
    if isinstance(given, str):
        word = given.lower()
        if word == "valid":
            return [(0, 0)] * rank
        if word == "same":
            return [
                _same(call, n, k, s, d)
                for n, k, s, d in zip(call.shape[2:], kernel, stride, dilation, strict=True)
            ]
        call.fail(f"padding is a number, 'same' or 'valid'; came {given!r}")
    values = given if isinstance(given, tuple) else (given,) * rank
    if len(values) == rank and all(isinstance(one, tuple) and len(one) == 2 for one in values):
        return [(call.whole(a, "padding", 0), call.whole(b, "padding", 0)) for a, b in values]
    return [(one, one) for one in call.axes("padding", rank, least=0)]


def _same(call: Call, n: Size, k: Size, s: Size, d: Size) -> tuple[Size, Size]:
    reach = d * (k - 1)
    if s == 1:
        total = reach
    elif isinstance(n, int) and isinstance(s, int) and isinstance(reach, int):
        total = max((-(-n // s) - 1) * s + reach + 1 - n, 0)
    else:
        call.fail("padding='same' with a stride depends on the size: give numbers, or say which padding")
    if isinstance(total, int):
        return total // 2, total - total // 2
    half = simplest(sp.expand(total / 2))
    return half, half  # for a kernel of odd size, as letters usually mean


def _extent(call: Call, size_of: Formula, names: Mapping[str, str], window: Window) -> Size:
    """How many places the window has: the definition's derived size, with this axis' numbers."""
    known = {
        names["size"]: window.longer,
        names["kernel"]: window.kernel,
        "s": window.stride,
        "p": window.before,
        "d": window.dilation,
    }
    found = size_of(known)
    if window.further:
        longest = size_of({**known, names["size"]: window.longer + window.stride - 1})
        # The last window has to begin inside the input or in the padding before it.
        begins = (longest - 1) * window.stride
        if isinstance(begins, int) and isinstance(window.extent, int) and isinstance(window.before, int):
            return longest - 1 if begins >= window.extent + window.before else longest
        return longest if window.before == 0 and window.kernel == window.stride else _symbolic_ceil(call)
    if isinstance(found, int) and found < 1:
        needed = window.dilation * (window.kernel - 1) + 1
        had = window.extent + window.before + window.after
        more = -(-(needed - had) // 2) + window.before
        call.fail(
            f"the kernel covers {needed} places and the input with its padding has {had} "
            f"(shape {show(call.shape[1:])}); padding={more} or an input of at least "
            f"{needed - window.before - window.after} would fit"
        )
    return found


def _symbolic_ceil(call: Call) -> Size:
    call.fail("ceil_mode depends on the size: give numbers")


def _reach(formulas: OperationFormulas, rank: int, windows: list[Window], axes: Any) -> Reach:
    """The reach of x along every axis, from the definition's, with each axis' numbers put in."""
    own = formulas.reach["x"]
    offset = len(own) - rank
    found: list[Any] = [(0, 1, 0, 0), None if own[1] is None else (1, 1, 0, 0)]
    for k, window in enumerate(windows):
        _, jump, low, high = own[offset + k]
        known = {"s": window.stride, "p": window.before, "d": window.dilation, axes[k][5]: window.kernel}
        known["k"] = window.kernel
        found.append((2 + k, *(Formula(one)(known) for one in (jump, low, high))))
    return tuple(found)


def _space(call: Call, rank: int) -> None:
    call.rank(rank + 2, what=f"channels and {rank} ax{'is' if rank == 1 else 'es'} in space")


def _settings(window: Window, more: Size = 0) -> dict[str, Size]:
    return {"s": window.stride, "p": window.before, "d": window.dilation, "q": more}


def _convolution(call: Call, rank: int) -> Placed:
    _space(call, rank)
    N, C = call.shape[0], call.shape[1]
    if call["in_channels"] is not None:
        call.same("in_channels", C, "input channels")
    O, groups = call.size("out_channels"), call.size("groups")
    for what, count in (("input", C), ("output", O)):
        if isinstance(count, int) and isinstance(groups, int) and count % groups:
            fitting = [g for g in range(1, count + 1) if C % g == 0 and O % g == 0]
            call.fail(
                f"{count} {what} channels do not divide into {groups} groups; groups in {fitting} would"
            )
    kernel, stride = call.axes("kernel_size", rank), call.axes("stride", rank)
    windows = _windows(call, rank, kernel, stride)
    absent = () if call.flag("bias") else (("b", 0),)
    name = f"conv{rank}d"
    formulas = formulas_of(name, absent)
    sizes: dict[str, Size] = {"N": N, "C": divided(C, groups), "O": divided(O, groups)}
    places = []
    for (_, _, _, n, m, k), window in zip(AXES[rank], windows, strict=True):
        sizes[n], sizes[k] = window.extent, window.kernel
        sizes[m] = _extent(call, formulas.derived[m], {"size": n, "kernel": k}, window)
        places.append(sizes[m])
    use = Use(name, sizes, calls=groups, copies=groups, absent=absent)
    reach = _reach(formulas, rank, windows, AXES[rank])
    return Placed((N, O, *places), (use,), (reach,), settings=_settings(windows[-1]))


_CONV = "kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros'"


@layer("Conv1d", f"in_channels, out_channels, {_CONV}")
def conv1d(call: Call) -> Placed:
    """Convolution over one axis."""
    return _convolution(call, 1)


@layer("Conv2d", f"in_channels, out_channels, {_CONV}")
def conv2d(call: Call) -> Placed:
    """Convolution of images; in groups it is as many convolutions side by side."""
    return _convolution(call, 2)


@layer("Conv3d", f"in_channels, out_channels, {_CONV}")
def conv3d(call: Call) -> Placed:
    """Convolution of volumes."""
    return _convolution(call, 3)


def _lazy(call: Call, rank: int) -> Placed:
    call.settings = {**call.settings, "in_channels": None}
    if call["groups"] == "in":  # depthwise, whatever the number of channels
        call.settings = {**call.settings, "groups": call.shape[1]}
        if call["out_channels"] is None:
            call.settings = {**call.settings, "out_channels": call.shape[1]}
    return _convolution(call, rank)


@layer("LazyConv1d", f"out_channels, {_CONV}")
def lazy_conv1d(call: Call) -> Placed:
    """Convolution that takes its input channels from what comes."""
    return _lazy(call, 1)


@layer("LazyConv2d", f"out_channels, {_CONV}")
def lazy_conv2d(call: Call) -> Placed:
    """Convolution that takes its input channels from what comes."""
    return _lazy(call, 2)


@layer("DepthwiseConv2d", "kernel_size, stride=1, padding=0, dilation=1, bias=True")
def depthwise_conv2d(call: Call) -> Placed:
    """One kernel for each channel that comes."""
    call.settings = {**call.settings, "groups": "in", "out_channels": None}
    return _lazy(call, 2)


@layer("Subsampling", "kernel_size, stride=None, padding=0")
def subsampling(call: Call) -> Placed:
    """The sum of every window times a coefficient, and a bias, both learned for each channel (LeCun 1998).

    It is a depthwise convolution whose weights are all the same.
    """
    more = {"stride": call["kernel_size"]} if call["stride"] is None else {}
    depthwise = {"dilation": 1, "groups": "in", "out_channels": None, "bias": True}
    call.settings = {**call.settings, **more, **depthwise}
    placed = _lazy(call, 2)
    (use,) = placed.uses
    learned = simplest(2 * call.shape[1])
    return replace(placed, uses=(replace(use, copies=0, own_parameters=learned),))


def _transposed(call: Call, rank: int) -> Placed:
    _space(call, rank)
    call.same("in_channels", call.shape[1], "input channels")
    N, C, O, groups = call.shape[0], call.shape[1], call.size("out_channels"), call.size("groups")
    if groups != 1 and not (isinstance(C, int) and isinstance(O, int) and C % groups == O % groups == 0):
        call.fail(f"{C} and {O} channels do not divide into {groups} groups")
    absent = () if call.flag("bias") else (("b", 0),)
    name = f"conv_transpose{rank}d"
    formulas = formulas_of(name, absent)
    kernel, stride = call.axes("kernel_size", rank), call.axes("stride", rank)
    padding, dilation = call.axes("padding", rank, 0), call.axes("dilation", rank)
    more = call.axes("output_padding", rank, 0)
    sizes: dict[str, Size] = {"N": N, "C": C, "O": O}
    if groups != 1:
        sizes |= {"C": C // groups, "O": O // groups}
    places, windows = [], []
    for axis, (_, _, _, n, m, k) in enumerate(AXES[rank]):
        window = Window(
            call.shape[2 + axis], kernel[axis], stride[axis], padding[axis], padding[axis], dilation[axis]
        )
        windows.append(window)
        sizes[n], sizes[k] = window.extent, window.kernel
        own = {n: window.extent, k: window.kernel, "s": window.stride, "p": window.before,
               "d": window.dilation, "q": more[axis]}  # fmt: skip
        sizes[m] = formulas.derived[m](own)
        places.append(sizes[m])
    use = Use(name, sizes, calls=groups, copies=groups, absent=absent)
    reach = _reach(formulas, rank, windows, AXES[rank])
    return Placed((N, O, *places), (use,), (reach,), settings=_settings(windows[-1], more[-1]))


_TRANSPOSED = (
    "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, "
    "dilation=1, padding_mode='zeros'"
)


@layer("ConvTranspose1d", _TRANSPOSED)
def conv_transpose1d(call: Call) -> Placed:
    """Transposed convolution over one axis."""
    return _transposed(call, 1)


@layer("ConvTranspose2d", _TRANSPOSED)
def conv_transpose2d(call: Call) -> Placed:
    """Transposed convolution of images."""
    return _transposed(call, 2)


def _pool(call: Call, rank: int, name: str) -> Placed:
    _space(call, rank)
    kernel = call.axes("kernel_size", rank)
    stride = kernel if call["stride"] is None else call.axes("stride", rank)
    windows = _windows(call, rank, kernel, stride)
    formulas = formulas_of(name)
    sizes: dict[str, Size] = {"N": call.shape[0], "C": call.shape[1]}
    places = []
    for (_, _, _, n, m, _), window in zip(AXES[rank], windows, strict=True):
        sizes[n] = window.extent
        sizes[m] = _extent(call, formulas.derived[m], {"size": n, "kernel": "k"}, window)
        places.append(sizes[m])
    # The definitions know one width for all axes; where they differ it is that of the square as large.
    alike = all(one == kernel[0] for one in kernel)
    sizes["k"] = kernel[0] if alike else sp.root(sp.sympify(product(kernel)), rank)
    use = Use(name, sizes, role=POOLING)
    reach, shape = _reach(formulas, rank, windows, AXES[rank]), (call.shape[0], call.shape[1], *places)
    return Placed(shape, (use,), (reach,), settings=_settings(windows[-1]))


_MAX = "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False"
_AVG = "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None"


@layer("MaxPool1d", _MAX)
def max_pool1d(call: Call) -> Placed:
    """The greatest of every window of a sequence."""
    return _pool(call, 1, "max_pool1d")


@layer("MaxPool2d", _MAX)
def max_pool2d(call: Call) -> Placed:
    """The greatest of every window of an image."""
    return _pool(call, 2, "max_pool2d")


@layer("MaxPool3d", _MAX)
def max_pool3d(call: Call) -> Placed:
    """The greatest of every window of a volume."""
    return _pool(call, 3, "max_pool3d")


@layer("AvgPool1d", _AVG)
def avg_pool1d(call: Call) -> Placed:
    """The mean of every window of a sequence."""
    return _pool(call, 1, "avg_pool1d")


@layer("AvgPool2d", _AVG)
def avg_pool2d(call: Call) -> Placed:
    """The mean of every window of an image."""
    return _pool(call, 2, "avg_pool2d")


@layer("AvgPool3d", _AVG)
def avg_pool3d(call: Call) -> Placed:
    """The mean of every window of a volume."""
    return _pool(call, 3, "avg_pool3d")


def _whole_image(call: Call, name: str, keep: bool) -> Placed:
    _space(call, 2)
    N, C, H, W = call.shape
    use = Use(name, {"N": N, "C": C, "H_in": H, "W_in": W}, role=POOLING)
    shape = (N, C, 1, 1) if keep else (N, C)
    return Placed(shape, (use,), (((0, 1, 0, 0), (1, 1, 0, 0), None, None),))


def _adaptive(call: Call, kind: str) -> Placed:
    _space(call, 2)
    wanted = call.several("output_size", 2)
    sizes = tuple(n if w is None else w for n, w in zip(call.shape[2:], wanted, strict=True))
    if sizes == (1, 1):
        return _whole_image(call, f"global_{kind}_pool2d", keep=True)
    N, C, *extents = call.shape
    if not all(isinstance(one, int) for one in (*sizes, *extents)):
        call.fail("the windows of an adaptive pooling depend on the size: give numbers")
    if all(n % w == 0 for n, w in zip(extents, sizes, strict=True)):
        kernel = tuple(n // w for n, w in zip(extents, sizes, strict=True))
        more = {"dilation": 1} if kind == "max" else {}
        call.settings = {"kernel_size": kernel, "stride": kernel, "padding": 0, **more}
        return _pool(call, 2, f"{kind}_pool2d")
    uses = _unequal(f"global_{kind}_pool2d", (N, C), tuple(map(_extents, extents, sizes)))
    return Placed((N, C, *sizes), uses, (((0, 1, 0, 0), (1, 1, 0, 0), None, None),))


def _extents(extent: Any, places: Any) -> Counter[int]:
    """How many windows of each size there are: window i goes from floor(i n/w) to ceil((i + 1) n/w)."""
    return Counter(-(-(i + 1) * extent // places) - i * extent // places for i in range(places))


def _unequal(name: str, outer: Shape, extents: tuple[Counter[int], ...]) -> tuple[Use, ...]:
    """Windows that differ in size: each is pooled whole."""
    heights, widths = extents
    return tuple(
        Use(name, {"N": outer[0], "C": outer[1], "H_in": h, "W_in": w}, calls=a * b, role=POOLING)
        for h, a in sorted(heights.items())
        for w, b in sorted(widths.items())
    )


@layer("AdaptiveAvgPool2d", "output_size")
def adaptive_avg_pool2d(call: Call) -> Placed:
    """The mean of windows chosen so that the output has a given size."""
    return _adaptive(call, "avg")


@layer("AdaptiveMaxPool2d", "output_size, return_indices=False")
def adaptive_max_pool2d(call: Call) -> Placed:
    """The greatest of windows chosen so that the output has a given size."""
    return _adaptive(call, "max")


@layer("GlobalAvgPool2d GlobalAveragePooling2D")
def global_avg_pool2d(call: Call) -> Placed:
    """The mean of every channel: the places in space are gone."""
    return _whole_image(call, "global_avg_pool2d", keep=False)


@layer("GlobalMaxPool2d GlobalMaxPooling2D")
def global_max_pool2d(call: Call) -> Placed:
    """The greatest of every channel: the places in space are gone."""
    return _whole_image(call, "global_max_pool2d", keep=False)


@layer("AdaptiveAvgPool1d", "output_size")
def adaptive_avg_pool1d(call: Call) -> Placed:
    """The mean of windows of a sequence chosen so that the output has a given size."""
    _space(call, 1)
    (wanted,) = call.several("output_size", 1)
    N, C, L = call.shape
    if wanted == 1:
        use = Use("global_avg_pool2d", {"N": N, "C": C, "H_in": L, "W_in": 1}, role=POOLING)
        return Placed((N, C, 1), (use,), (((0, 1, 0, 0), (1, 1, 0, 0), None),))
    if not (isinstance(L, int) and isinstance(wanted, int)):
        call.fail("the windows of an adaptive pooling depend on the size: give numbers")
    if L % wanted:
        uses = _unequal("global_avg_pool2d", (N, C), (_extents(L, wanted), Counter({1: 1})))
        return Placed((N, C, wanted), uses, (((0, 1, 0, 0), (1, 1, 0, 0), None),))
    call.settings = {"kernel_size": L // wanted, "stride": L // wanted, "padding": 0}
    return _pool(call, 1, "avg_pool1d")
