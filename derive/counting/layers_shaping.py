"""Layers that move numbers about, join what other layers put out, or add and multiply it."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import sympy as sp

from derive.counting.formulas import Size, product, simplest
from derive.counting.layers import (
    ARITHMETIC,
    MOVING,
    POOLING,
    Call,
    Placed,
    Reach,
    Shape,
    Use,
    differ,
    layer,
    show,
)
from derive.ops.convolution import AXES


@layer("Flatten flatten", "start_dim=1, end_dim=-1")
def flatten(call: Call) -> Placed:
    """All axes from one to another as one."""
    rank = len(call.shape)
    first, last = call.axis("start_dim"), call.axis("end_dim")
    if first > last:
        call.fail(f"flattens from axis {first} to axis {last}; the input has axes 0 to {rank - 1}")
    shape = (*call.shape[:first], product(call.shape[first : last + 1]), *call.shape[last + 1 :])
    if first == last:
        return Placed(call.shape)
    moved: list[Any] = [None if first <= k <= last else (k - (last - first) * (k > last), 1, 0, 0)
                        for k in range(rank)]  # fmt: skip
    return Placed(shape, (), (tuple(moved),))


@layer("Unflatten", "dim, unflattened_size")
def unflatten(call: Call) -> Placed:
    """One axis as several."""
    axis, sizes = call.axis("dim"), call.several("unflattened_size")
    return _reshaped(call, (*call.shape[:axis], *sizes, *call.shape[axis + 1 :]))


@layer("Reshape View", "shape")
def reshape(call: Call) -> Placed:
    """Other sizes for the same numbers of each example; one size may be -1."""
    wanted = call.several("shape")
    return _reshaped(call, (call.shape[0], *wanted))


def _reshaped(call: Call, shape: tuple[Any, ...]) -> Placed:
    total, known = product(call.shape), product(one for one in shape if one != -1)
    if -1 in shape:
        rest = simplest(sp.Rational(1) * total / known)
        if isinstance(rest, sp.Rational):
            call.fail(f"{total} numbers do not divide by {known}")
        shape = tuple(rest if one == -1 else one for one in shape)
    elif differ(total, known):
        call.fail(f"{show(call.shape[1:])} holds {total} numbers and {show(tuple(shape[1:]))} {known}")
    return Placed(tuple(shape), (), (((0, 1, 0, 0), *(None for _ in call.shape[1:])),))


@layer("Permute", "order")
def permute(call: Call) -> Placed:
    """Axes in another order, the batch as axis 0."""
    order = call["order"]
    if not isinstance(order, tuple) or sorted(order) != list(range(len(call.shape))):
        call.fail(f"takes the axes 0 to {len(call.shape) - 1} in a new order; came {order}")
    reach = tuple((order.index(axis), 1, 0, 0) for axis in range(len(order)))
    return Placed(tuple(call.shape[axis] for axis in order), (), (reach,))


@layer("Transpose", "first, second")
def transpose(call: Call) -> Placed:
    """Two axes exchanged."""
    order = list(range(len(call.shape)))
    a, b = call.axis("first"), call.axis("second")
    order[a], order[b] = order[b], order[a]
    reach = tuple((order.index(axis), 1, 0, 0) for axis in range(len(order)))
    return Placed(tuple(call.shape[axis] for axis in order), (), (reach,))


@layer("Select", "index=0, dim=1")
def select(call: Call) -> Placed:
    """One place of an axis: the class token, the last state."""
    axis = call.axis("dim")
    reach = tuple(None if k == axis else (k - (k > axis), 1, 0, 0) for k in range(len(call.shape)))
    return Placed((*call.shape[:axis], *call.shape[axis + 1 :]), (), (reach,))


@layer("Mean", "dim, keepdim=False")
def mean(call: Call) -> Placed:
    """The mean along axes."""
    given = call.several("dim")
    if not all(isinstance(one, int) and -len(call.shape) <= one < len(call.shape) for one in given):
        call.fail(f"dim is an axis or several, from 0 (the batch) to {len(call.shape) - 1}; came {given}")
    over = {axis % len(call.shape) for axis in given}
    rest = [k for k in range(len(call.shape)) if k not in over]
    shape = tuple(
        1 if k in over else n for k, n in enumerate(call.shape) if k in rest or call.flag("keepdim")
    )
    sizes = {"N": product(call.shape[k] for k in rest), "C": 1, "H_in": product(call.shape[k] for k in over)}
    use = Use("global_avg_pool2d", {**sizes, "W_in": 1}, role=POOLING)
    after = {k: (k if call.flag("keepdim") else rest.index(k)) for k in rest}
    reach = tuple(None if k in over else (after[k], 1, 0, 0) for k in range(len(call.shape)))
    return Placed(shape, (use,), (reach,))


@layer("Chunk", "parts, which=0, dim=1")
def chunk(call: Call) -> Placed:
    """One of several equal parts along an axis."""
    axis, parts, which = call.axis("dim"), call.size("parts"), call.size("which", 0)
    extent = call.shape[axis]
    if isinstance(extent, int) and extent % parts:
        call.fail(f"axis {axis} has {extent} places, which do not divide into {parts}")
    own = extent // parts if isinstance(extent, int) else simplest(extent / parts)
    start = simplest(which * own)
    reach = tuple((k, 1, start, start) if k == axis else (k, 1, 0, 0) for k in range(len(call.shape)))
    return Placed((*call.shape[:axis], own, *call.shape[axis + 1 :]), (), (reach,))


@layer("Slice", "dim, start=0, stop=None")
def slice_(call: Call) -> Placed:
    """The places of an axis from one to before another."""
    axis, start = call.axis("dim"), call.size("start", 0)
    extent = call.shape[axis]
    stop = extent if call["stop"] is None else call.size("stop")
    reach = tuple((k, 1, start, start) if k == axis else (k, 1, 0, 0) for k in range(len(call.shape)))
    return Placed((*call.shape[:axis], simplest(stop - start), *call.shape[axis + 1 :]), (), (reach,))


@layer("ZeroPad2d ReflectionPad2d ReplicationPad2d", "padding")
def pad2d(call: Call) -> Placed:
    """Places added around an image: one number, or left, right, top and bottom."""
    call.rank(4)
    left, right, top, bottom = call.several("padding", 4)  # negative where it cuts off
    N, C, H, W = call.shape
    reach: Reach = ((0, 1, 0, 0), (1, 1, 0, 0), (2, 1, -top, -top), (3, 1, -left, -left))
    return Placed((N, C, simplest(H + top + bottom), simplest(W + left + right)), (), (reach,))


_LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
"""What interpolation between neighbours is called along so many axes."""


@layer("Upsample UpsamplingNearest2d", "size=None, scale_factor=None, mode='nearest', align_corners=None")
def upsample(call: Call) -> Placed:
    """More places in space: nearest neighbours cost nothing, a mean of neighbours its products and sums."""
    call.rank(3, 4, 5)
    rank = len(call.shape) - 2
    if call["size"] is not None:
        sizes = call.axes("size", rank)
    elif call["scale_factor"] is not None:
        factors = call.several("scale_factor", rank)
        # A size that does not come out even is cut off, as in PyTorch.
        sizes = tuple(_floor(n * factor) for n, factor in zip(call.shape[2:], factors, strict=True))
    else:
        call.fail("needs size or scale_factor")
    if any(isinstance(one, int) and one < 1 for one in sizes):
        call.fail(f"leaves no places of {show(call.shape[1:])}; a scale_factor of at least 1 enlarges")
    mode = call["mode"]
    if mode in _LINEAR.values() and mode != _LINEAR[rank]:
        call.fail(f"mode='{mode}' is for another number of axes in space; here it is '{_LINEAR[rank]}'")
    reach: list[Any] = [(0, 1, 0, 0), (1, 1, 0, 0)]
    for k, (n, m) in enumerate(zip(call.shape[2:], sizes, strict=True)):
        step = sp.sympify(n) / m
        whole = (1 / step).is_Integer
        if mode == "nearest" and whole:
            # Place i reads floor(i step): the one whole number in [i step - 1 + step, i step].
            reach.append((2 + k, step, step - 1, 0))
        elif mode == _LINEAR[rank] and whole and not call["align_corners"]:
            # Place i reads what is nearer than 1 to (i + 1/2) step - 1/2, which is a multiple of step/2.
            reach.append((2 + k, step, step - sp.Rational(3, 2), sp.Rational(1, 2)))
        else:
            reach.append(None)
    uses: tuple[Use, ...] = (Use(role=MOVING),)
    if mode == _LINEAR[rank]:
        # Each place is a mean of two neighbours along every axis; the weights depend on the sizes alone.
        taps: dict[str, Size] = {"N": call.shape[0], "C": call.shape[1]}
        taps |= {name: 2 for _, _, _, name, _, _ in AXES[rank]}
        taps |= {name: 1 for _, _, _, _, name, _ in AXES[rank]}
        uses = (Use(f"{mode}_upsampling", taps, calls=product(sizes), role=POOLING),)
    note = "" if mode in ("nearest", "nearest-exact", _LINEAR[rank]) else "its interpolation is not counted"
    return Placed((*call.shape[:2], *sizes), uses, (tuple(reach),), note)


def _floor(value: Any) -> Size:
    return math.floor(value) if isinstance(value, int | Fraction) else simplest(sp.floor(value))


@layer("UpsamplingBilinear2d", "size=None, scale_factor=None")
def upsampling_bilinear2d(call: Call) -> Placed:
    """Bilinear interpolation of images, the corners on the corners."""
    call.settings = {**call.settings, "mode": "bilinear", "align_corners": True}
    return upsample(call)


@layer("PixelShuffle", "upscale_factor")
def pixel_shuffle(call: Call) -> Placed:
    """Channels moved into space."""
    call.rank(4)
    r = call.size("upscale_factor")
    N, C, H, W = call.shape
    if isinstance(C, int) and isinstance(r, int) and C % r**2:
        call.fail(f"{C} channels do not divide by {r}^2")
    channels = C // r**2 if isinstance(C, int) and isinstance(r, int) else simplest(C / r**2)
    step = sp.Rational(1) / r
    reach = ((0, 1, 0, 0), None, (2, step, step - 1, 0), (3, step, step - 1, 0))
    return Placed((N, channels, simplest(H * r), simplest(W * r)), (), (reach,))


@layer("Concat", "dim=1", inputs=None)
def concat(call: Call) -> Placed:
    """What several layers put out, one after the other along an axis: the channels unless said."""
    rank = len(call.shape)
    if any(len(one) != rank for one in call.inputs):
        call.fail(f"joins shapes of one kind; came {_shapes(call.inputs)}")
    axis = call.axis("dim")
    for other in call.inputs[1:]:
        unlike = [k for k in range(1, rank) if k != axis and differ(other[k], call.shape[k])]
        if unlike:
            call.fail(
                f"joins along axis {axis}, and the branches have {_shapes(call.inputs)}: all other sizes "
                f"have to be the same{_padding_hint(call.shape, other)}"
            )
    extent = simplest(sum((one[axis] for one in call.inputs[1:]), call.shape[axis]))
    reaches, start = [], 0
    for one in call.inputs:
        reaches.append(tuple((k, 1, -start, -start) if k == axis else (k, 1, 0, 0) for k in range(rank)))
        start = simplest(start + one[axis])
    return Placed((*call.shape[:axis], extent, *call.shape[axis + 1 :]), (), tuple(reaches))


def _padding_hint(left: Shape, right: Shape) -> str:
    if len(left) < 3 or not all(isinstance(one, int) for one in (*left, *right)):
        return ""
    if differ(left[-1], right[-1]):
        return "; a kernel k with stride 1 keeps the size if the padding is (k - 1)/2"
    return ""


def _shapes(shapes: tuple[Shape, ...]) -> str:
    return " and ".join(show(one[1:]) for one in shapes)


def _joined(call: Call, operation: str) -> Placed:
    """Entry by entry, sizes of 1 repeated as often as needed."""
    rank = max(map(len, call.inputs))
    padded = [(*(1,) * (rank - len(one)), *one) for one in call.inputs]
    shape: list[Size] = []
    for k in range(rank):
        sizes = [one[k] for one in padded if one[k] != 1] or [1]
        if any(differ(one, sizes[0]) for one in sizes):
            call.fail(
                f"takes entries of the same shape; came {_shapes(call.inputs)}"
                f"{_padding_hint(padded[0], padded[1])}"
            )
        shape.append(sizes[0])
    times = len(call.inputs) - 1
    use = Use(operation, {}, calls=simplest(product(shape) * times), role=ARITHMETIC)
    reaches = []
    for own, one in zip(padded, call.inputs, strict=True):
        reach = tuple(None if own[k] != shape[k] else (k, 1, 0, 0) for k in range(rank))
        reaches.append(reach[rank - len(one) :])
    return Placed(tuple(shape), (use,), tuple(reaches))


@layer("Add", inputs=None)
def add(call: Call) -> Placed:
    """The sum of what several layers put out: a residual connection."""
    return _joined(call, "residual_sum")


@layer("Multiply", inputs=None)
def multiply(call: Call) -> Placed:
    """The product, entry by entry: a gate."""
    return _joined(call, "product")


@layer("Moved", "shape")
def moved(call: Call) -> Placed:
    """Numbers in another shape, the batch included, as an imported network has it; nothing is computed."""
    shape = tuple(call.whole(one, "shape") for one in call.several("shape"))
    return Placed(shape, (), (tuple(None for _ in call.shape),))


@layer("Learned", "shape", inputs=0)
def learned(call: Call) -> Placed:
    """Learned numbers that are used as they are: a class token, a position embedding."""
    shape = tuple(call.whole(one, "shape") for one in call.several("shape"))
    return Placed(shape, (Use(own_parameters=product(shape), role=MOVING),), ())


@layer("MatMul", inputs=2)
def matmul(call: Call) -> Placed:
    """The product of two arrays of matrices, (..., n, k) times (..., k, m)."""
    left, right = call.inputs
    if differ(left[-1], right[-2]):
        call.fail(f"{show(left)} and {show(right)} have no product: {left[-1]} and {right[-2]} differ")
    lead = left[:-2] if len(left) >= len(right) else right[:-2]
    sizes = {"B": left[-2], "n": left[-1], "m": right[-1]}
    use = Use("linear", sizes, calls=product(lead), copies=0, absent=(("b", 0),))
    own: Reach = tuple(None if k == len(left) - 1 else (k, 1, 0, 0) for k in range(len(left)))
    other: Reach = tuple(None for _ in right)
    return Placed((*lead, left[-2], right[-1]), (use,), (own, other))
