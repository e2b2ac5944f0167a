"""Powers of matrices by halves: ``A^{1/2}``, ``A^{-1/2}``, ``A^{3/2}``."""

from __future__ import annotations

import numpy as np

from derive.judging import arrays
from derive.judging.arrays import Array
from derive.judging.duals import Dual
from derive.judging.limits import Irrational, Unknown

_ROUNDS = 100  # of an iteration that doubles the number of right digits near the end


def half_power(base: Array, doubled: int) -> Array:
    """``A^{k/2}`` of every matrix of the batch, by the iteration of Denman and Beavers; raises
    :class:`Unknown` where it finds no real root.
    """
    if isinstance(base, Dual):
        raise Unknown("the derivative of a root of a matrix")
    if base.dtype == object and not _high_precision(base):
        raise Irrational("the root of a matrix")
    size = base.shape[1]
    root, inverse = base, np.zeros_like(base) + _identity(base, size)
    for _ in range(_ROUNDS):
        following = (root + arrays.inverse(inverse)) / 2
        inverse = (inverse + arrays.inverse(root)) / 2
        with np.errstate(all="ignore"):
            gap = max((abs(x) for x in (following - root).flat), default=0)
        root = following
        if not gap > (1e-12 if base.dtype != object else 1e-45):
            break
    with np.errstate(all="ignore"):
        off = abs(arrays.matmul(root, root) - base).max(axis=(1, 2))
    if base.dtype != object:
        root = np.where((off < 1e-6)[:, None, None], root, np.nan)
    elif any(not x < 1e-35 for x in off):
        raise Unknown("a matrix without a real root")
    result = factor = arrays.inverse(root) if doubled < 0 else root
    for _ in range(abs(doubled) - 1):
        result = arrays.matmul(result, factor)
    return result


def _identity(base: Array, size: int) -> Array:
    unit = np.eye(size)
    if base.dtype != object:
        return unit
    from mpmath import mpf

    out = np.empty((size, size), dtype=object)
    for place, item in np.ndenumerate(unit):
        out[place] = mpf(int(item))
    return out


def _high_precision(base: Array) -> bool:
    return type(base.flat[0]).__name__ == "mpf"
