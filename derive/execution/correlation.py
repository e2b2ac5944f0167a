"""Cross-correlation over any number of axes and its two gradients, as matrix products.

With the windows of an image unfolded into the columns of a matrix, all three are products with the kernel
or the upstream as the other matrix. A block of the batch is unfolded at a time: a single image, or as many
small ones as stay in the processor's cache, so that working memory does not grow with the batch.

Arrays are x: N C *space, W: O C/groups *kernel, y: N O *out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from derive.execution.sliding import Sliding

Array = NDArray[Any]
Windows = Sequence[Sliding]

_BLOCK_BYTES = 2**20
"""Images are unfolded together up to this many bytes, the size of a core's cache."""


def correlate(x: Array, W: Array, windows: Windows, groups: int = 1, bias: Array | None = None) -> Array:
    """y[n,o,i] = b[o] + sum_{c,u} W[o,c,u] x[n, c, stride i + dilation u - before].

    >>> row = np.array([[[1.0, 2.0, 4.0]]])
    >>> correlate(row, np.array([[[1.0, 10.0]]]), [Sliding(3, 2)])
    array([[[21., 42.]]])
    """
    kernel = _as_matrices(W, groups)
    y = np.empty((len(x), *kernel.shape[:2], prod(_out(windows))), dtype=np.result_type(x, W))
    for block, columns in _unfolded(x, windows, groups):
        part = y[block]
        _multiply(kernel, columns, part)
        if bias is not None:
            part += bias.reshape(groups, -1, 1)
    return y.reshape(len(x), len(W), *_out(windows))


def gradient_by_kernel(upstream: Array, x: Array, windows: Windows, groups: int = 1) -> Array:
    """dW[o,c,u] = sum_{n,i} g[n,o,i] x[n, c, stride i + dilation u - before]."""
    kernel = [one.kernel for one in windows]
    makers, read = upstream.shape[1], x.shape[1] // groups
    seeds = _in_groups(upstream, groups)
    total = np.zeros((groups, makers // groups, read * prod(kernel)), dtype=np.result_type(upstream, x))
    for block, columns in _unfolded(x, windows, groups):
        total += np.matmul(_images_last(seeds[block]), np.swapaxes(columns, 1, 2))
    return total.reshape(makers, read, *kernel)


def gradient_by_input(upstream: Array, W: Array, windows: Windows, groups: int = 1) -> Array:
    """dx[n,c,h] = sum over o and all i, u with stride i + dilation u - before = h of W[o,c,u] g[n,o,i]."""
    turned = np.swapaxes(_as_matrices(W, groups), 1, 2)
    seeds = _in_groups(upstream, groups)
    N, C = len(upstream), W.shape[1] * groups
    dx = np.empty((N, C, *(one.size for one in windows)), dtype=np.result_type(upstream, W))
    places = prod(_out(windows))
    size = _images_in_a_block(C * prod(W.shape[2:]) * places * dx.itemsize)
    if _is_pointwise(windows):
        for block in _blocks(N, size):
            _multiply(turned, _images_last(seeds[block]), _in_groups(dx[block], groups))
        return dx
    columns = np.empty((groups, turned.shape[1], min(size, N) * places), dtype=dx.dtype)
    for block in _blocks(N, size):
        seed, part = _images_last(seeds[block]), dx[block]
        used = columns[..., : seed.shape[-1]]
        if used.shape != columns.shape:
            used = np.empty_like(used)
        np.matmul(turned, seed, out=used)
        _fold(used, part, windows)
    return dx


def _out(windows: Windows) -> tuple[int, ...]:
    return tuple(one.out for one in windows)


def _is_pointwise(windows: Windows) -> bool:
    """Whether the windows are the places of the input themselves, so that nothing is to be unfolded."""
    return all(one.kernel == one.stride == 1 and one.padded == one.size for one in windows)


def _as_matrices(W: Array, groups: int) -> Array:
    return W.reshape(groups, len(W) // groups, -1)


def _in_groups(images: Array, groups: int) -> Array:
    """N C *space as N, group, channel in it, place."""
    N, C = images.shape[:2]
    return images.reshape(N, groups, C // groups, prod(images.shape[2:]))


def _images_last(images: Array) -> Array:
    """n, group, channel, place as group, channel, (n, place); no copy for a single image."""
    n, groups, channels, places = images.shape
    return images.transpose(1, 2, 0, 3).reshape(groups, channels, n * places)


def _images_first(columns: Array, n: int) -> Array:
    groups, channels, _ = columns.shape
    return columns.reshape(groups, channels, n, -1).transpose(2, 0, 1, 3)


def _multiply(matrices: Array, columns: Array, images: Array) -> None:
    """The product of each group's matrix with its columns, written into images: n, group, channel, place."""
    if len(images) == 1:
        np.matmul(matrices, columns, out=images[0])
    else:
        np.copyto(images, _images_first(np.matmul(matrices, columns), len(images)))


def _images_in_a_block(bytes_of_one: int) -> int:
    return max(1, _BLOCK_BYTES // max(1, bytes_of_one))


def _blocks(N: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, N)) for start in range(0, N, size)]


def _unfolded(x: Array, windows: Windows, groups: int) -> Iterator[tuple[slice, Array]]:
    """For each block of the batch its windows as columns: group, (channel, kernel place), (image, place).

    The memory of the columns is used again for the next block.
    """
    N, C = x.shape[:2]
    kernel, out = tuple(one.kernel for one in windows), _out(windows)
    rows = C * prod(kernel)
    size = _images_in_a_block(rows * prod(out) * x.itemsize)
    if _is_pointwise(windows):
        for block in _blocks(N, size):
            yield block, _images_last(_in_groups(x[block], groups))
        return
    n = min(size, N)
    padded = np.zeros((n, C, *(one.padded for one in windows)), dtype=x.dtype)
    inner = padded[_inside(windows)]
    columns = np.empty((C, *kernel, n, *out), dtype=x.dtype)
    for block in _blocks(N, size):
        part = x[block]
        if len(part) < n:  # the last block
            n = len(part)
            columns = np.empty((C, *kernel, n, *out), dtype=x.dtype)
        inner[:n] = part
        np.copyto(columns, _views(padded[:n], windows))
        yield block, columns.reshape(groups, rows // groups, -1)


def _inside(windows: Windows) -> tuple[Any, ...]:
    """Where the images stand in their padded copies."""
    return (..., *(slice(one.before, one.before + one.size) for one in windows))


def _views(padded: Array, windows: Windows) -> Array:
    """A view of padded images: channel, kernel place, image, output place."""
    image, channel, *space = padded.strides
    pairs = list(zip(space, windows, strict=True))
    return as_strided(
        padded,
        (padded.shape[1], *(one.kernel for one in windows), len(padded), *_out(windows)),
        (channel, *(s * one.dilation for s, one in pairs), image, *(s * one.stride for s, one in pairs)),
        writeable=False,
    )


def _fold(columns: Array, images: Array, windows: Windows) -> None:
    """Add up what the columns hold for each place of the images: the transpose of unfolding.

    The loop is over the places of the kernel, each of which meets every place of the input at most once.
    """
    n, C = images.shape[:2]
    kernel = [one.kernel for one in windows]
    by_place = columns.reshape(C, *kernel, n, *_out(windows))
    padded = np.zeros((n, C, *(one.padded for one in windows)), dtype=images.dtype)
    channels_first = np.swapaxes(padded, 0, 1)
    for place in product(*map(range, kernel)):
        met: tuple[Any, ...] = (..., *(one.met(u) for one, u in zip(windows, place, strict=True)))
        tap: tuple[Any, ...] = (slice(None), *place)
        channels_first[met] += by_place[tap]
    images[...] = padded[_inside(windows)]
