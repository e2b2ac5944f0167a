"""Interpolation along one axis after the other, each by a matrix with two neighbours in every row."""

from __future__ import annotations

from typing import Any

import numpy as np

from derive.execution.registry import Array, backward_rule, forward_rule
from derive.execution.settings import for_each_axis

_SPACES = {"linear_upsampling": "L", "bilinear_upsampling": "HW", "trilinear_upsampling": "DHW"}


def _matrix(size: int, out: int, dtype: Any) -> Array:
    """Output places by input places: how much of each neighbour an output place takes."""
    places = np.clip((np.arange(out) + 0.5) * size / out - 0.5, 0, size - 1)
    before = np.floor(places).astype(int)
    matrix = np.zeros((out, size), dtype)
    rows = np.arange(out)
    matrix[rows, before] = 1 - (places - before)
    matrix[rows, np.minimum(before + 1, size - 1)] += places - before
    return matrix


def _matrices(x: Array, wanted: dict[str, int]) -> list[Array]:
    space = x.shape[x.ndim - len(wanted) :]
    return [_matrix(size, out, x.dtype) for size, out in zip(space, wanted.values(), strict=True)]


def _along(x: Array, matrices: list[Array]) -> Array:
    for axis, matrix in enumerate(matrices, start=x.ndim - len(matrices)):
        x = np.moveaxis(np.moveaxis(x, axis, -1) @ matrix.T, -1, axis)
    return x


def _enter(name: str, letters: str) -> None:
    keys = [f"{axis}_out" for axis in letters]

    def sizes(name: str, known: dict[str, int], **wanted: int) -> dict[str, int]:
        return {key: for_each_axis(name, key, one, 1, least=1)[0] for key, one in wanted.items()}

    def interpolate(x: Array, **wanted: int) -> Array:
        return _along(x, _matrices(x, wanted))

    def interpolate_backward(upstream: Array, x: Array, **wanted: int) -> dict[str, Array]:
        return {"x": _along(upstream, [matrix.T for matrix in _matrices(x, wanted)])}

    forward_rule(
        f"x: ... C {' '.join(letters)} -> ... C {' '.join(keys)}",
        analytic=True,
        name=name,
        settings=dict.fromkeys(keys, 2),
        sizes=sizes,
    )(interpolate)
    backward_rule(name)(interpolate_backward)


for _name, _letters in _SPACES.items():
    _enter(_name, _letters)
