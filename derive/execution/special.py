"""The error function for arrays, which NumPy does not have.

Source: W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of Computation
23 (1969) 631-637, with the coefficients of his program CALERF (netlib.org/specfun/erf). Real input only:
the approximations hold on the real line, so there is no complex step through them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Highest power first; each pair is (numerator, denominator).
_SMALL = (  # erf(x) / x in x^2, |x| <= 0.46875
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2,
     3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)  # fmt: skip
_MIDDLE = (  # exp(x^2) erfc(x), 0.46875 <= x <= 4
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
     1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
     3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
_LARGE = (  # (1/sqrt(pi) - x exp(x^2) erfc(x)) x^2 in 1/x^2, x >= 4
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242, 1.87295284992346047, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)  # fmt: skip
_ERFC_IS_ZERO = 28.0  # erfc(28) is about 1e-342, below the smallest float64


def erf(x: Array) -> Array:
    """The error function 2/sqrt(pi) * integral of exp(-t^2) from 0 to x, in float64.

    >>> erf(np.array([0.0, 1.0, -9.0])).round(12).tolist()
    [0.0, 0.84270079295, -1.0]
    """
    x = np.asarray(x, dtype=np.float64)
    inner = np.abs(x) <= 0.46875
    return np.where(inner, _erf_small(np.where(inner, x, 0.0)), np.sign(x) * (1 - _erfc_positive(np.abs(x))))


def erfc(x: Array) -> Array:
    """The complement 1 - erf(x), in float64, accurate in relative terms also where it is tiny.

    >>> print(f"{erfc(np.array(10.0)):.12g}")  # 1 - erf(10) would give 0
    2.08848758376e-45
    """
    x = np.asarray(x, dtype=np.float64)
    inner = np.abs(x) <= 0.46875
    tail = _erfc_positive(np.abs(x))
    return np.where(inner, 1 - _erf_small(np.where(inner, x, 0.0)), np.where(x < 0, 2 - tail, tail))


def _ratio(pair: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    return np.polyval(pair[0], x) / np.polyval(pair[1], x)


def _erf_small(x: Array) -> Array:
    return x * _ratio(_SMALL, x * x)


def _erfc_positive(x: Array) -> Array:
    """erfc for x >= 0.46875 (smaller x are taken as 0.46875: the caller does not use those entries)."""
    x = np.clip(x, 0.46875, _ERFC_IS_ZERO)
    large = np.maximum(x, 4.0)
    inverse = 1 / (large * large)
    scaled = np.where(
        x <= 4,
        _ratio(_MIDDLE, np.minimum(x, 4.0)),
        (1 / np.sqrt(np.pi) - inverse * _ratio(_LARGE, inverse)) / large,
    )
    # exp(-x^2) in two factors: x^2 as it stands would carry a rounding error of x^2 eps into the exponent.
    head = np.trunc(x * 16) / 16
    return np.exp(-head * head) * np.exp(-(x - head) * (x + head)) * scaled
