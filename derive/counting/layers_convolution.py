"""Convolution and its transpose over one, two and three axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from derive.counting.formulas import Size, divided, simplest
from derive.counting.layers import Call, Placed, Use, layer
from derive.counting.operation_formulas import formulas_of
from derive.counting.windows import Window, along_last, needs_space, places_of, reach_of, windows_of
from derive.ops.convolution import AXES


def _convolution(call: Call, rank: int) -> Placed:
    needs_space(call, rank)
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
    windows = windows_of(call, rank, kernel, stride)
    absent = () if call.flag("bias") else (("b", 0),)
    name = f"conv{rank}d"
    formulas = formulas_of(name, absent)
    sizes: dict[str, Size] = {"N": N, "C": divided(C, groups), "O": divided(O, groups)}
    places = []
    for (_, _, _, n, m, k), window in zip(AXES[rank], windows, strict=True):
        sizes[n], sizes[k] = window.extent, window.kernel
        sizes[m] = places_of(call, formulas.derived[m], {"size": n, "kernel": k}, window)
        places.append(sizes[m])
    use = Use(name, sizes, calls=groups, copies=groups, absent=absent)
    reach = reach_of(formulas, rank, windows, AXES[rank])
    return Placed((N, O, *places), (use,), (reach,), settings=along_last(windows))


_CONV = "kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, padding_mode='zeros'"


def _lazy(call: Call, rank: int) -> Placed:
    """Convolution that takes its input channels from what comes."""
    call.settings = {**call.settings, "in_channels": None}
    if call["groups"] == "in":  # depthwise, whatever the number of channels
        call.settings = {**call.settings, "groups": call.shape[1]}
        if call["out_channels"] is None:
            call.settings = {**call.settings, "out_channels": call.shape[1]}
    return _convolution(call, rank)


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


def _transposed_padding(
    call: Call, rank: int, kernel: tuple[Size, ...], stride: tuple[Size, ...], dilation: tuple[Size, ...]
) -> tuple[tuple[Size, ...], tuple[Size, ...]]:
    """The padding and the output padding; as Keras has it where it is a word.

    Of n places ``'same'`` makes n s and ``'valid'`` n s + max(d (k - 1) + 1 - s, 0).
    """
    word = call["padding"]
    if not isinstance(word, str):
        return call.axes("padding", rank, 0), call.axes("output_padding", rank, 0)
    if word.lower() not in ("same", "valid") or not all(
        isinstance(one, int) for one in (*kernel, *stride, *dilation)
    ):
        call.fail(f"padding is a number, or for a kernel in numbers 'same' or 'valid'; came {word!r}")
    pairs = []
    for k, s, d in zip(kernel, stride, dilation, strict=True):
        beyond: Any = d * (k - 1) + 1 - s
        p = (beyond + 1) // 2 if word.lower() == "same" and beyond > 0 else 0
        pairs.append((p, 2 * p - beyond if p else max(-beyond, 0)))
    return tuple(p for p, _ in pairs), tuple(q for _, q in pairs)


def _transposed(call: Call, rank: int) -> Placed:
    needs_space(call, rank)
    if call["in_channels"] is not None:
        call.same("in_channels", call.shape[1], "input channels")
    N, C, O, groups = call.shape[0], call.shape[1], call.size("out_channels"), call.size("groups")
    if groups != 1 and not (isinstance(C, int) and isinstance(O, int) and C % groups == O % groups == 0):
        call.fail(f"{C} and {O} channels do not divide into {groups} groups")
    absent = () if call.flag("bias") else (("b", 0),)
    name = f"conv_transpose{rank}d"
    formulas = formulas_of(name, absent)
    kernel, stride = call.axes("kernel_size", rank), call.axes("stride", rank)
    dilation = call.axes("dilation", rank)
    padding, more = _transposed_padding(call, rank, kernel, stride, dilation)
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
    reach = reach_of(formulas, rank, windows, AXES[rank])
    return Placed((N, O, *places), (use,), (reach,), settings=along_last(windows, more[-1]))


def _lazy_transposed(call: Call, rank: int) -> Placed:
    call.settings = {**call.settings, "in_channels": None}
    return _transposed(call, rank)


_TRANSPOSED = (
    "kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, "
    "dilation=1, padding_mode='zeros'"
)


def _over(rank: int, rule: Callable[[Call, int], Placed]) -> Callable[[Call], Placed]:
    return lambda call: rule(call, rank)


for _rank in AXES:
    layer(f"Conv{_rank}d", f"in_channels, out_channels, {_CONV}")(_over(_rank, _convolution))
    layer(f"LazyConv{_rank}d", f"out_channels, {_CONV}")(_over(_rank, _lazy))
    layer(f"ConvTranspose{_rank}d", f"in_channels, out_channels, {_TRANSPOSED}")(_over(_rank, _transposed))
    layer(f"LazyConvTranspose{_rank}d", f"out_channels, {_TRANSPOSED}")(_over(_rank, _lazy_transposed))
