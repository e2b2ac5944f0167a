"""Elementwise activations, one input `x` of any shape.

Where a formula would overflow, it is written with exp(-|x|), which cannot. For complex input (the complex
step) |x| means x times the sign of its real part, which keeps every branch analytic.
"""

from __future__ import annotations

import numpy as np

from derive.execution.registry import Array, backward_rule, forward_rule
from derive.execution.special import erfc

Gradients = dict[str, Array]

_CUBIC = 0.044715  # Hendrycks and Gimpel, "Gaussian error linear units", arXiv 1606.08415, section 2
_SLOPE = np.sqrt(2 / np.pi).item()
# sigmoid(2u) is exactly 0 or 1 in float64 beyond this x, and x^3 would overflow long after it.
_GELU_TANH_IS_FLAT = 25.0
_NORMAL_DENSITY_IS_ZERO = 40.0


def _decay(x: Array) -> Array:
    """exp(-|x|)."""
    return np.exp(np.where(x.real > 0, -x, x))


@forward_rule("x: ... -> ...", analytic=True)
def identity(x: Array) -> Array:
    """x itself."""
    return x.copy()


@backward_rule(identity)
def identity_backward(upstream: Array, x: Array) -> Gradients:
    return {"x": upstream.copy()}


@forward_rule("x: ... -> ...", analytic=True)
def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x)."""
    decay = _decay(x)
    return np.where(x.real > 0, 1, decay) / (1 + decay)


@backward_rule(sigmoid)
def sigmoid_backward(upstream: Array, x: Array) -> Gradients:
    # s(x) s(-x) and not s (1 - s): 1 - s loses all digits for large x.
    return {"x": upstream * sigmoid(x) * sigmoid(-x)}


@forward_rule("x: ... -> ...", analytic=True)
def tanh(x: Array) -> Array:
    """The hyperbolic tangent."""
    return np.tanh(x)


@backward_rule(tanh)
def tanh_backward(upstream: Array, x: Array) -> Gradients:
    # 1 / cosh^2 = 4 e^-2|x| / (1 + e^-2|x|)^2; 1 - tanh^2 loses all digits for large x.
    decay = _decay(x) ** 2
    return {"x": upstream * 4 * decay / (1 + decay) ** 2}


@forward_rule("x: ... -> ...", analytic=False)
def relu(x: Array) -> Array:
    """max(x, 0). Convention at the kink, as in PyTorch: relu'(0) = 0."""
    return np.maximum(x, 0)


@backward_rule(relu)
def relu_backward(upstream: Array, x: Array) -> Gradients:
    return {"x": np.where(x > 0, upstream, 0)}


@forward_rule("x: ... -> ...", analytic=False)
def leaky_relu(x: Array, *, alpha: float = 0.01) -> Array:
    """x for x > 0, alpha x otherwise. Convention at the kink, as in PyTorch: leaky_relu'(0) = alpha."""
    return np.where(x > 0, x, alpha * x)


@backward_rule(leaky_relu)
def leaky_relu_backward(upstream: Array, x: Array, *, alpha: float) -> Gradients:
    return {"x": np.where(x > 0, upstream, alpha * upstream)}


@forward_rule("x: ... -> ...", analytic=False)
def elu(x: Array, *, alpha: float = 1.0) -> Array:
    """x for x > 0, alpha (e^x - 1) otherwise. Convention at the kink, as in PyTorch: elu'(0) = alpha."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


@backward_rule(elu)
def elu_backward(upstream: Array, x: Array, *, alpha: float) -> Gradients:
    return {"x": np.where(x > 0, upstream, upstream * alpha * np.exp(np.minimum(x, 0)))}


@forward_rule("x: ... -> ...", analytic=True)
def softplus(x: Array) -> Array:
    """log(1 + e^x). (PyTorch returns x itself for x > 20, its `threshold`.)"""
    return np.where(x.real > 0, x, 0) + np.log1p(_decay(x))


@backward_rule(softplus)
def softplus_backward(upstream: Array, x: Array) -> Gradients:
    return {"x": upstream * sigmoid(x)}


@forward_rule("x: ... -> ...", analytic=True)
def silu(x: Array) -> Array:
    """x sigmoid(x), also called swish."""
    return x * sigmoid(x)


@backward_rule(silu)
def silu_backward(upstream: Array, x: Array) -> Gradients:
    return {"x": upstream * sigmoid(x) * (1 + x * sigmoid(-x))}


@forward_rule("x: ... -> ...", analytic=False)
def gelu(x: Array) -> Array:
    """x Phi(x) with the standard normal distribution Phi(x) = erfc(-x / sqrt 2) / 2, for real x."""
    return x * _normal_distribution(x)


@backward_rule(gelu)
def gelu_backward(upstream: Array, x: Array) -> Gradients:
    bounded = np.clip(x, -_NORMAL_DENSITY_IS_ZERO, _NORMAL_DENSITY_IS_ZERO)
    density = np.exp(-0.5 * bounded * bounded) / np.sqrt(2 * np.pi).item()
    return {"x": upstream * (_normal_distribution(x) + bounded * density)}


def _normal_distribution(x: Array) -> Array:
    return (0.5 * erfc(-x.astype(np.float64) / np.sqrt(2))).astype(x.dtype)


@forward_rule("x: ... -> ...", analytic=True)
def gelu_tanh(x: Array) -> Array:
    """x/2 (1 + tanh(u)) with u = sqrt(2/pi) (x + 0.044715 x^3), computed as x sigmoid(2u)."""
    u, _ = _gelu_argument(x)
    return x * sigmoid(2 * u)


@backward_rule(gelu_tanh)
def gelu_tanh_backward(upstream: Array, x: Array) -> Gradients:
    u, slope = _gelu_argument(x)
    gate = sigmoid(2 * u)
    return {"x": upstream * gate * (1 + 2 * slope * _bounded(x) * sigmoid(-2 * u))}


def _gelu_argument(x: Array) -> tuple[Array, Array]:
    """u and du/dx, with x held where the gate is flat so that its cube stays finite."""
    x = _bounded(x)
    return _SLOPE * (x + _CUBIC * x**3), _SLOPE * (1 + 3 * _CUBIC * x**2)


def _bounded(x: Array) -> Array:
    return np.where(np.abs(x.real) > _GELU_TANH_IS_FLAT, np.sign(x.real) * _GELU_TANH_IS_FLAT, x)
