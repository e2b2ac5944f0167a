"""The window of a layer along each axis: where it stands, how many places it has, and how far it looks.

Each axis may have a kernel, stride, padding and dilation of its own, a padding that is not the same on both
sides, and pooling may go one window further (``ceil_mode``); each axis' size and reach is the definition's
with that axis' numbers put in. Padding that is longer at the end is a longer input with the shorter padding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from derive.counting.formulas import Formula, Size, simplest
from derive.counting.layers import Call, Reach, show
from derive.counting.operation_formulas import OperationFormulas


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


def windows_of(call: Call, rank: int, kernel: tuple[Size, ...], stride: tuple[Size, ...]) -> list[Window]:
    """The window of a layer along every axis in space, from its settings."""
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


def places_of(call: Call, size_of: Formula, names: Mapping[str, str], window: Window) -> Size:
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


def reach_of(formulas: OperationFormulas, rank: int, windows: list[Window], axes: Any) -> Reach:
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


def needs_space(call: Call, rank: int) -> None:
    """The input has to have channels and so many axes in space."""
    call.rank(rank + 2, what=f"channels and {rank} ax{'is' if rank == 1 else 'es'} in space")


def along_last(windows: list[Window], more: Size = 0) -> dict[str, Size]:
    """The settings along the last axis, by the definition's letters."""
    window = windows[-1]
    return {"s": window.stride, "p": window.before, "d": window.dilation, "q": more}
