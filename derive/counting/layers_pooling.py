"""Pooling over one to three axes: windows that slide, windows for an output's size, whole channels."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import sympy as sp

from derive.counting.formulas import Size, product
from derive.counting.layers import POOLING, Call, Placed, Reach, Shape, Use, layer
from derive.counting.operation_formulas import formulas_of
from derive.counting.windows import along_last, needs_space, places_of, reach_of, windows_of
from derive.ops.convolution import AXES


def _pool(call: Call, kind: str, rank: int) -> Placed:
    needs_space(call, rank)
    name = f"{kind}_pool{rank}d"
    kernel = call.axes("kernel_size", rank)
    stride = kernel if call["stride"] is None else call.axes("stride", rank)
    windows = windows_of(call, rank, kernel, stride)
    formulas = formulas_of(name)
    sizes: dict[str, Size] = {"N": call.shape[0], "C": call.shape[1]}
    places = []
    for (_, _, _, n, m, _), window in zip(AXES[rank], windows, strict=True):
        sizes[n] = window.extent
        sizes[m] = places_of(call, formulas.derived[m], {"size": n, "kernel": "k"}, window)
        places.append(sizes[m])
    # The definitions know one width for all axes; where they differ it is that of the square as large.
    alike = all(one == kernel[0] for one in kernel)
    sizes["k"] = kernel[0] if alike else sp.root(sp.sympify(product(kernel)), rank)
    use = Use(name, sizes, role=POOLING)
    reach, shape = reach_of(formulas, rank, windows, AXES[rank]), (call.shape[0], call.shape[1], *places)
    return Placed(shape, (use,), (reach,), settings=along_last(windows))


_MAX = "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False"
_AVG = "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None"


def _seen(rank: int) -> tuple[Reach]:
    """All of every channel."""
    return (((0, 1, 0, 0), (1, 1, 0, 0), *(None for _ in range(rank))),)


def _whole(kind: str, outer: Shape, extents: tuple[Any, ...], **use: Any) -> Use:
    """The pooling of all places of an input so large."""
    sizes = {"N": outer[0], "C": outer[1]}
    sizes |= {axis[3]: extent for axis, extent in zip(AXES[len(extents)], extents, strict=True)}
    return Use(f"global_{kind}_pool{len(extents)}d", sizes, role=POOLING, **use)


def _global(call: Call, kind: str, rank: int) -> Placed:
    """One number for every channel: the places in space are gone."""
    needs_space(call, rank)
    outer = call.shape[:2]
    return Placed(outer, (_whole(kind, outer, call.shape[2:]),), _seen(rank))


def _adaptive(call: Call, kind: str, rank: int) -> Placed:
    """Windows chosen so that the output has a given size."""
    needs_space(call, rank)
    outer, extents = call.shape[:2], call.shape[2:]
    wanted = call.several("output_size", rank)
    sizes = tuple(
        n if w is None else call.whole(w, "output_size") for n, w in zip(extents, wanted, strict=True)
    )
    if all(one == 1 for one in sizes):
        return Placed((*outer, *sizes), (_whole(kind, outer, extents),), _seen(rank))
    if not all(isinstance(one, int) for one in (*sizes, *extents)):
        call.fail("the windows of an adaptive pooling depend on the size: give numbers")
    if all(n % w == 0 for n, w in zip(extents, sizes, strict=True)):
        kernel = tuple(n // w for n, w in zip(extents, sizes, strict=True))
        more = {"dilation": 1} if kind == "max" else {}
        call.settings = {"kernel_size": kernel, "stride": kernel, "padding": 0, **more}
        return _pool(call, kind, rank)
    # Windows that differ in size: each is pooled whole.
    alike = (sorted(_extents(n, w).items()) for n, w in zip(extents, sizes, strict=True))
    uses = [
        _whole(kind, outer, tuple(extent for extent, _ in window), calls=product(n for _, n in window))
        for window in itertools.product(*alike)
    ]
    return Placed((*outer, *sizes), tuple(uses), _seen(rank))


def _extents(extent: Any, places: Any) -> Counter[int]:
    """How many windows of each size there are: window i goes from floor(i n/w) to ceil((i + 1) n/w)."""
    return Counter(-(-(i + 1) * extent // places) - i * extent // places for i in range(places))


def _over(rank: int, kind: str, rule: Callable[[Call, str, int], Placed]) -> Callable[[Call], Placed]:
    return lambda call: rule(call, kind, rank)


for _rank in AXES:
    for _kind, _word, _settings in (("max", "Max", _MAX), ("avg", "Avg", _AVG)):
        _average = "Average" if _kind == "avg" else _word
        layer(f"{_word}Pool{_rank}d", _settings)(_over(_rank, _kind, _pool))
        layer(f"Adaptive{_word}Pool{_rank}d", "output_size, return_indices=False")(
            _over(_rank, _kind, _adaptive)
        )
        layer(f"Global{_word}Pool{_rank}d Global{_average}Pooling{_rank}D")(_over(_rank, _kind, _global))
