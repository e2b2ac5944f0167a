"""Pooling: the largest or the mean of every window, for each channel by itself.

Both work along one axis after the other: the largest of a box is the largest of its rows' largest, and the
mean of a box is the mean of its rows' means. Where the windows stand is said, for each axis, by the places
that each window holds, so that strided, padded, dilated, adaptive and global pooling are the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from derive.execution.registry import Array, backward_rule, forward_rule
from derive.execution.settings import for_each_axis
from derive.execution.signature import ExecutionError
from derive.execution.sliding import Sliding, Whole, sliding

Gradients = dict[str, Array]

_SPACES = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}


class Held:
    """The places that each window holds along one axis, and by what number a mean over it divides.

    `places` is a table of windows by kernel places; where a window holds fewer, the first one it holds is
    written again (`real` says which are real), which changes no maximum.
    """

    def __init__(self, places: Array, real: Array, divisors: Array, size: int) -> None:
        first = np.take_along_axis(places, real.argmax(axis=1)[:, None], axis=1)
        self.places = np.where(real, places, first)
        self.real = real
        self.divisors = divisors
        self.size = size

    def means(self, dtype: Any) -> Array:
        """The matrix, windows by places, that takes the means."""
        matrix = np.zeros((len(self.places), self.size), dtype=dtype)
        rows = np.arange(len(self.places))[:, None]
        np.add.at(matrix, (rows, self.places), self.real / self.divisors[:, None])
        return matrix


def _sliding_held(one: Sliding, ceil_mode: bool, count_include_pad: bool) -> Held:
    """Windows at a stride; in ceil mode also a last one that begins inside and ends beyond the padding."""
    count = one.out
    if ceil_mode:
        count = -(-(one.padded - one.span) // one.stride) + 1
        # As in PyTorch: a window that begins in the padding behind the input is left out.
        if (count - 1) * one.stride >= one.size + one.before:
            count -= 1
    starts = one.stride * np.arange(count) - one.before
    places = starts[:, None] + one.dilation * np.arange(one.kernel)
    real = (places >= 0) & (places < one.size)
    # What ceil mode adds beyond the padding is not counted, padding is if asked for.
    counted = places < one.size + one.after if count_include_pad else real
    return Held(places, real, counted.sum(axis=1), one.size)


def _adaptive_held(size: int, out: int) -> Held:
    """Window i holds the places from floor(i size / out) to ceil((i + 1) size / out)."""
    i = np.arange(out)
    starts, ends = i * size // out, -(-(i + 1) * size // out)
    places = starts[:, None] + np.arange((ends - starts).max())
    return Held(places, places < ends[:, None], ends - starts, size)


# --- the largest ---


def _largest(x: Array, windows: Sequence[Held]) -> tuple[Array, Array]:
    """The largest entry of every window and where in its channel it stands, the first one of equal ones.

    The last axis comes first, so that of equal entries the first in row order is found.
    """
    space = x.shape[x.ndim - len(windows) :]
    where = np.broadcast_to(np.arange(np.prod(space, dtype=int)).reshape(space), x.shape)
    for one, axis in reversed(list(zip(windows, range(-len(windows), 0), strict=True))):
        values, sources = (_held_by(one, array, axis) for array in (x, where))
        best = values.argmax(axis=-1)[..., None]
        x, where = (np.take_along_axis(array, best, axis=-1)[..., 0] for array in (values, sources))
    return x, where


def _held_by(one: Held, array: Array, axis: int) -> Array:
    """The entries that each window holds along an axis, on a new last axis."""
    return np.moveaxis(array.take(one.places, axis=axis), axis, -1)


def _spread(upstream: Array, where: Array, shape: tuple[int, ...], rank: int) -> Array:
    """Each upstream entry at the place it came from, added up where windows share it."""
    places = int(np.prod(shape[len(shape) - rank :]))
    channels = int(np.prod(shape[: len(shape) - rank]))
    base = places * np.arange(channels).reshape(*shape[: len(shape) - rank], *(1,) * rank)
    added = np.bincount((where + base).ravel(), weights=upstream.ravel(), minlength=channels * places)
    return added.reshape(shape)


# --- the mean ---


def _mean(x: Array, windows: Sequence[Held], turned: bool = False) -> Array:
    """The mean of every window, or the transpose of that map."""
    for axis, one in enumerate(windows, start=x.ndim - len(windows)):
        matrix = one.means(x.dtype)
        x = np.moveaxis(np.moveaxis(x, axis, -1) @ (matrix if turned else matrix.T), -1, axis)
    return x


# --- the windows of each kind ---


def _windows(
    name: str,
    space: Sequence[int],
    *,
    kernel: Whole,
    stride: Whole | None,
    padding: Whole,
    dilation: Whole = 1,
    ceil_mode: bool,
    count_include_pad: bool = True,
) -> list[Held]:
    taps = for_each_axis(name, "kernel", kernel, len(space), least=1)
    slides = sliding(name, space, taps, taps if stride is None else stride, padding, dilation)
    held = [_sliding_held(one, ceil_mode, count_include_pad) for one in slides]
    for one, slide in zip(held, slides, strict=True):
        if not one.real.any(axis=1).all():
            raise ExecutionError(
                f"{name}: with padding {slide.before} a window of kernel {slide.kernel} over {slide.size} "
                f"places holds nothing but padding; padding of at most {slide.span // 2} fits this kernel"
            )
    return held


def _adaptive(name: str, space: Sequence[int], **out: Whole) -> list[Held]:
    wanted = [for_each_axis(name, key, one, 1, least=1)[0] for key, one in out.items()]
    return [_adaptive_held(size, one) for size, one in zip(space, wanted, strict=True)]


def _global(name: str, space: Sequence[int]) -> list[Held]:
    return [_adaptive_held(size, 1) for size in space]


Kind = Callable[..., list[Held]]

_SLIDING = {"kernel": 2, "stride": None, "padding": 0, "ceil_mode": False}
"""A stride of None is the kernel's size: windows side by side."""

_KINDS: dict[str, tuple[Kind, dict[str, Any], bool]] = {
    "max_pool{}d": (_windows, _SLIDING | {"dilation": 1}, True),
    "avg_pool{}d": (_windows, _SLIDING | {"count_include_pad": True}, False),
    "avg_pool{}d_inside": (partial(_windows, count_include_pad=False), _SLIDING, False),
    "adaptive_max_pool{}d": (_adaptive, {}, True),
    "adaptive_avg_pool{}d": (_adaptive, {}, False),
    "global_max_pool{}d": (_global, {}, True),
    "global_avg_pool{}d": (_global, {}, False),
}
"""For each kind of pooling its windows, its settings, and whether it takes the largest."""


def _enter(name: str, rank: int, kind: Kind, settings: dict[str, Any], largest: bool) -> None:
    """Enter one kind of pooling over so many axes in space into the table."""
    letters = _SPACES[rank]
    kept = "" if kind is _global else " ".join(f"{axis}_out" for axis in letters)

    if kind is _adaptive:
        settings = {f"{axis}_out": 2 for axis in letters}

    def sizes(name: str, known: dict[str, int], **given: Any) -> dict[str, int]:
        held = kind(name, [known[axis] for axis in letters], **given)
        return {f"{axis}_out": len(one.places) for axis, one in zip(letters, held, strict=True)}

    def windows(x: Array, given: dict[str, Any]) -> list[Held]:
        return kind(name, x.shape[x.ndim - rank :], **given)

    def without_space(y: Array) -> Array:
        return y if kept else y.reshape(y.shape[: y.ndim - rank])

    def pool(x: Array, **given: Any) -> Array:
        held = windows(x, given)
        return without_space(_largest(x, held)[0] if largest else _mean(x, held))

    def pool_backward(upstream: Array, x: Array, **given: Any) -> Gradients:
        held = windows(x, given)
        if not kept:
            upstream = upstream.reshape(*upstream.shape, *(1,) * rank)
        if largest:
            return {"x": _spread(upstream, _largest(x, held)[1], x.shape, rank)}
        return {"x": _mean(upstream, held, turned=True)}

    forward_rule(
        f"x: ... C {' '.join(letters)} -> ... C {kept}",
        analytic=not largest,
        name=name,
        settings=settings,
        sizes=sizes if kept else None,
    )(pool)
    backward_rule(name)(pool_backward)


for _rank in _SPACES:
    for _name, _kind in _KINDS.items():
        _enter(_name.format(_rank), _rank, *_kind)
