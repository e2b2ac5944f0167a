"""Learning rates as functions of the step, each number by itself.

Convention: at the end of a warm-up the slope is that of what follows.
"""

from __future__ import annotations

import numpy as np

from derive.execution.registry import Array, backward_rule, forward_rule

Gradients = dict[str, Array]


@forward_rule("t: ... -> ...", analytic=False)
def step_schedule(t: Array, *, eta: float = 0.1, gamma: float = 0.1, s: int = 30) -> Array:
    """eta gamma^floor(t / s)."""
    return eta * gamma ** np.floor(t / s)


@backward_rule(step_schedule)
def step_schedule_backward(upstream: Array, t: Array, *, eta: float, gamma: float, s: int) -> Gradients:
    return {"t": np.zeros_like(t * upstream)}


@forward_rule("t: ... -> ...", analytic=True)
def exponential_schedule(t: Array, *, eta: float = 0.1, gamma: float = 0.95) -> Array:
    """eta gamma^t."""
    return eta * np.exp(np.log(gamma) * t)


@backward_rule(exponential_schedule)
def exponential_schedule_backward(upstream: Array, t: Array, *, eta: float, gamma: float) -> Gradients:
    return {"t": upstream * np.log(gamma) * exponential_schedule(t, eta=eta, gamma=gamma)}


@forward_rule("t: ... -> ...", analytic=True)
def cosine_schedule(t: Array, *, eta: float = 0.1, zeta: float = 0.001, T: int = 100) -> Array:
    """zeta + (eta - zeta) / 2 (1 + cos(pi t / T))."""
    return zeta + (eta - zeta) / 2 * (1 + np.cos(np.pi * t / T))


@backward_rule(cosine_schedule)
def cosine_schedule_backward(upstream: Array, t: Array, *, eta: float, zeta: float, T: int) -> Gradients:
    return {"t": -upstream * (eta - zeta) / 2 * np.pi / T * np.sin(np.pi * t / T)}


@forward_rule("t: ... -> ...", analytic=False)
def warmup_schedule(t: Array, *, eta: float = 0.1, W: int = 5) -> Array:
    """eta min(1, t / W)."""
    return eta * np.minimum(1, t / W)


@backward_rule(warmup_schedule)
def warmup_schedule_backward(upstream: Array, t: Array, *, eta: float, W: int) -> Gradients:
    return {"t": np.where(t < W, upstream * eta / W, 0)}


@forward_rule("t: ... -> ...", analytic=False)
def transformer_schedule(t: Array, *, d: int = 512, W: int = 4000) -> Array:
    """d^(-1/2) min(t^(-1/2), t W^(-3/2)); t counts from 1."""
    return np.minimum(1 / np.sqrt(t), t * W**-1.5) / np.sqrt(d)


@backward_rule(transformer_schedule)
def transformer_schedule_backward(upstream: Array, t: Array, *, d: int, W: int) -> Gradients:
    return {"t": upstream * np.where(t < W, W**-1.5, -0.5 * t**-1.5) / np.sqrt(d)}
