"""Windows that slide over space: where they stand, how many there are, and what does not fit.

Along each axis output place i and kernel place u meet the input at `stride i + dilation u - before`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derive.execution.settings import for_each_axis
from derive.execution.signature import ExecutionError, size_text

Whole = int | Sequence[int]
Padding = Whole | str

PADDINGS = {"padding": ("valid", "same")}
"""The words for a padding: none, or as much as keeps ceil(size / stride) places (more behind than before
where it does not divide, as in TensorFlow; PyTorch has it for stride 1 only, where both agree)."""


@dataclass(frozen=True)
class Sliding:
    """A window that slides along one axis of `size` places, with padding `before` and `after`.

    `unused` windows at the end are left out although they would fit.
    """

    size: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    unused: int = 0

    @property
    def span(self) -> int:
        """How many places the dilated kernel covers."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def padded(self) -> int:
        return self.before + self.size + self.after

    @property
    def out(self) -> int:
        """How many windows there are.

        >>> Sliding(224, 7, stride=2, before=3, after=3).out
        112
        """
        return (self.padded - self.span) // self.stride + 1 - self.unused

    def met(self, u: int) -> slice:
        """The padded places that kernel place u meets, one for each window."""
        start = self.dilation * u
        return slice(start, start + self.stride * (self.out - 1) + 1, self.stride)


def sliding(
    operation: str,
    sizes: Sequence[int],
    kernel: Sequence[int],
    stride: Whole,
    padding: Padding,
    dilation: Whole,
) -> list[Sliding]:
    """The sliding windows of all axes in space. Raises ExecutionError where the kernel does not fit.

    >>> [one.out for one in sliding("conv2d", (8, 8), (3, 5), 1, (0, 1), 2)]
    [4, 2]
    >>> sliding("conv2d", (8, 8), (3, 5), 1, 0, 3)
    Traceback (most recent call last):
    derive.execution.signature.ExecutionError: conv2d: the kernel 3x5, which with dilation 3 covers 7x13, is \
larger than the input 8x8; padding of at least 3 would fit it
    """
    axes = len(sizes)
    strides = for_each_axis(operation, "stride", stride, axes, least=1)
    dilations = for_each_axis(operation, "dilation", dilation, axes, least=1)
    windows = [Sliding(*one) for one in zip(sizes, kernel, strides, dilations, strict=True)]
    windows = _padded(operation, windows, padding)
    if any(one.span > one.padded for one in windows):
        raise ExecutionError(_too_large(operation, windows))
    return windows


def _padded(operation: str, windows: list[Sliding], padding: Padding) -> list[Sliding]:
    if padding == "valid":
        padding = 0
    if isinstance(padding, str):
        needed = [max(0, (-(-w.size // w.stride) - 1) * w.stride + w.span - w.size) for w in windows]
        sides = [(total // 2, total - total // 2) for total in needed]
    else:
        sides = [(p, p) for p in for_each_axis(operation, "padding", padding, len(windows), least=0)]
    return [
        Sliding(w.size, w.kernel, w.stride, w.dilation, before, after)
        for w, (before, after) in zip(windows, sides, strict=True)
    ]


def _too_large(operation: str, windows: Sequence[Sliding]) -> str:
    kernel, covers, padded, size = (
        tuple(getattr(one, what) for one in windows) for what in ("kernel", "span", "padded", "size")
    )
    dilation = "x".join(map(str, dict.fromkeys(one.dilation for one in windows)))
    text = f"{operation}: the kernel {size_text(kernel)}"
    if covers != kernel:
        text += f", which with dilation {dilation} covers {size_text(covers)},"
    text += f" is larger than the input {size_text(size)}"
    if padded != size:
        text += f", padded {size_text(padded)}"
    least = max(-(-(one.span - one.size) // 2) for one in windows)
    return f"{text}; padding of at least {least} would fit it"
