"""Steps of optimisers, each number by itself: the parameter after the step, from gradient and state before.

The backward rules are the slopes of that map. Every rule is adaptive or not by two helpers: the moving
average, and the slope of `a / (sqrt(b) + eps)`.
"""

from __future__ import annotations

import numpy as np

from derive.execution.registry import Array, DomainError, backward_rule, forward_rule

Gradients = dict[str, Array]


def _check_squares(operation: str, name: str, values: Array) -> None:
    if (values.real < 0).any():
        place = np.argwhere(values.real < 0)[0].tolist()
        raise DomainError(
            f"{operation}: {name} gathers squares and cannot be negative; "
            f"entry {place} is {values[tuple(place)]}"
        )


def _slopes(above: Array, below: Array, eps: float) -> tuple[Array, Array]:
    """The slopes of above / (sqrt(below) + eps) by above and by below."""
    root = np.sqrt(below)
    return 1 / (root + eps), -above / (2 * root * (root + eps) ** 2)


@forward_rule("theta: ..., g: ... -> ...", analytic=True)
def gradient_descent(theta: Array, g: Array, *, eta: float = 0.01) -> Array:
    """theta - eta g."""
    return theta - eta * g


@backward_rule(gradient_descent)
def gradient_descent_backward(upstream: Array, theta: Array, g: Array, *, eta: float) -> Gradients:
    return {"theta": upstream.copy(), "g": -eta * upstream}


@forward_rule("theta: ..., g: ..., theta_old: ... -> ...", analytic=True)
def heavy_ball(theta: Array, g: Array, theta_old: Array, *, eta: float = 0.01, beta: float = 0.9) -> Array:
    """theta - eta g + beta (theta - theta_old)."""
    return theta - eta * g + beta * (theta - theta_old)


@backward_rule(heavy_ball)
def heavy_ball_backward(
    upstream: Array, theta: Array, g: Array, theta_old: Array, *, eta: float, beta: float
) -> Gradients:
    return {"theta": (1 + beta) * upstream, "g": -eta * upstream, "theta_old": -beta * upstream}


@forward_rule("theta: ..., g: ..., v: ... -> ...", analytic=True)
def momentum(theta: Array, g: Array, v: Array, *, eta: float = 0.01, beta: float = 0.9) -> Array:
    """theta - eta (beta v + g)."""
    return theta - eta * (beta * v + g)


@backward_rule(momentum)
def momentum_backward(
    upstream: Array, theta: Array, g: Array, v: Array, *, eta: float, beta: float
) -> Gradients:
    return {"theta": upstream.copy(), "g": -eta * upstream, "v": -eta * beta * upstream}


@forward_rule("theta: ..., g: ..., v: ... -> ...", analytic=True)
def momentum_velocity(theta: Array, g: Array, v: Array, *, eta: float = 0.01, alpha: float = 0.9) -> Array:
    """theta + alpha v - eta g."""
    return theta + alpha * v - eta * g


@backward_rule(momentum_velocity)
def momentum_velocity_backward(
    upstream: Array, theta: Array, g: Array, v: Array, *, eta: float, alpha: float
) -> Gradients:
    return {"theta": upstream.copy(), "g": -eta * upstream, "v": alpha * upstream}


@forward_rule("theta: ..., g: ..., v: ... -> ...", analytic=True)
def nesterov(theta: Array, g: Array, v: Array, *, eta: float = 0.01, alpha: float = 0.9) -> Array:
    """theta + alpha v - eta g, g having been taken at theta + alpha v."""
    return momentum_velocity(theta, g, v, eta=eta, alpha=alpha)


@backward_rule(nesterov)
def nesterov_backward(
    upstream: Array, theta: Array, g: Array, v: Array, *, eta: float, alpha: float
) -> Gradients:
    return momentum_velocity_backward(upstream, theta, g, v, eta=eta, alpha=alpha)


@forward_rule("theta: ..., g: ..., v: ... -> ...", analytic=True)
def nesterov_shifted(theta: Array, g: Array, v: Array, *, eta: float = 0.01, beta: float = 0.9) -> Array:
    """theta - eta (g + beta (beta v + g))."""
    return theta - eta * ((1 + beta) * g + beta * beta * v)


@backward_rule(nesterov_shifted)
def nesterov_shifted_backward(
    upstream: Array, theta: Array, g: Array, v: Array, *, eta: float, beta: float
) -> Gradients:
    seed = -eta * upstream
    return {"theta": upstream.copy(), "g": (1 + beta) * seed, "v": beta * beta * seed}


@forward_rule("theta: ..., g: ..., r: ... -> ...", analytic=True)
def adagrad(theta: Array, g: Array, r: Array, *, eta: float = 0.01, eps: float = 1e-8) -> Array:
    """theta - eta g / (sqrt(r + g^2) + eps)."""
    _check_squares("adagrad", "r", r)
    return theta - eta * g / (np.sqrt(r + g * g) + eps)


@backward_rule(adagrad)
def adagrad_backward(
    upstream: Array, theta: Array, g: Array, r: Array, *, eta: float, eps: float
) -> Gradients:
    _check_squares("adagrad", "r", r)
    by_g, by_r = _slopes(g, r + g * g, eps)
    seed = -eta * upstream
    return {"theta": upstream.copy(), "g": seed * (by_g + 2 * g * by_r), "r": seed * by_r}


@forward_rule("theta: ..., g: ..., r: ... -> ...", analytic=True)
def rmsprop(
    theta: Array, g: Array, r: Array, *, eta: float = 0.01, rho: float = 0.9, eps: float = 1e-8
) -> Array:
    """theta - eta g / (sqrt(rho r + (1 - rho) g^2) + eps)."""
    _check_squares("rmsprop", "r", r)
    return theta - eta * g / (np.sqrt(rho * r + (1 - rho) * g * g) + eps)


@backward_rule(rmsprop)
def rmsprop_backward(
    upstream: Array, theta: Array, g: Array, r: Array, *, eta: float, rho: float, eps: float
) -> Gradients:
    _check_squares("rmsprop", "r", r)
    by_g, by_mean = _slopes(g, rho * r + (1 - rho) * g * g, eps)
    seed = -eta * upstream
    return {
        "theta": upstream.copy(),
        "g": seed * (by_g + 2 * (1 - rho) * g * by_mean),
        "r": seed * rho * by_mean,
    }


@forward_rule("theta: ..., g: ..., r: ..., u: ... -> ...", analytic=True)
def adadelta(
    theta: Array, g: Array, r: Array, u: Array, *, eta: float = 1.0, rho: float = 0.9, eps: float = 1e-6
) -> Array:
    """theta - eta sqrt(u + eps) / sqrt(rho r + (1 - rho) g^2 + eps) g."""
    _check_squares("adadelta", "r", r)
    _check_squares("adadelta", "u", u)
    return theta - eta * g * np.sqrt((u + eps) / (rho * r + (1 - rho) * g * g + eps))


@backward_rule(adadelta)
def adadelta_backward(
    upstream: Array, theta: Array, g: Array, r: Array, u: Array, *, eta: float, rho: float, eps: float
) -> Gradients:
    _check_squares("adadelta", "r", r)
    _check_squares("adadelta", "u", u)
    mean = rho * r + (1 - rho) * g * g + eps
    ratio = np.sqrt((u + eps) / mean)
    seed = -eta * upstream * ratio
    return {
        "theta": upstream.copy(),
        "g": seed * (rho * r + eps) / mean,
        "r": -seed * rho * g / (2 * mean),
        "u": seed * g / (2 * (u + eps)),
    }


def _corrected(m: Array, v: Array, g: Array, rates: tuple[float, float], t: int) -> tuple[Array, Array]:
    """Both moving averages over the share of them that is not the 0 they started with."""
    beta_1, beta_2 = rates
    if t <= 0:
        raise DomainError(f"the number of the step, t, counts from 1; it is {t}")
    first = (beta_1 * m + (1 - beta_1) * g) / (1 - beta_1**t)
    return first, (beta_2 * v + (1 - beta_2) * g * g) / (1 - beta_2**t)


@forward_rule("theta: ..., g: ..., m: ..., v: ... -> ...", analytic=True)
def adam(
    theta: Array,
    g: Array,
    m: Array,
    v: Array,
    *,
    eta: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    eps: float = 1e-8,
    t: int = 1,
) -> Array:
    """theta - eta mhat / (sqrt(vhat) + eps), the averages after this step over 1 - beta^t.

    Raises DomainError for t <= 0 and for a negative v.
    """
    _check_squares("adam", "v", v)
    mhat, vhat = _corrected(m, v, g, (beta_1, beta_2), t)
    return theta - eta * mhat / (np.sqrt(vhat) + eps)


@backward_rule(adam)
def adam_backward(
    upstream: Array,
    theta: Array,
    g: Array,
    m: Array,
    v: Array,
    *,
    eta: float,
    beta_1: float,
    beta_2: float,
    eps: float,
    t: int,
) -> Gradients:
    _check_squares("adam", "v", v)
    by_mhat, by_vhat = _slopes(*_corrected(m, v, g, (beta_1, beta_2), t), eps)
    by_first, by_second = by_mhat / (1 - beta_1**t), by_vhat / (1 - beta_2**t)
    seed = -eta * upstream
    return {
        "theta": upstream.copy(),
        "g": seed * ((1 - beta_1) * by_first + 2 * (1 - beta_2) * g * by_second),
        "m": seed * beta_1 * by_first,
        "v": seed * beta_2 * by_second,
    }


@forward_rule("theta: ..., g: ..., m: ..., v: ... -> ...", analytic=True)
def adamw(
    theta: Array,
    g: Array,
    m: Array,
    v: Array,
    *,
    eta: float = 0.001,
    decay: float = 0.01,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    eps: float = 1e-8,
    t: int = 1,
) -> Array:
    """Adam's step from (1 - eta decay) theta."""
    return adam((1 - eta * decay) * theta, g, m, v, eta=eta, beta_1=beta_1, beta_2=beta_2, eps=eps, t=t)


@backward_rule(adamw)
def adamw_backward(
    upstream: Array, theta: Array, g: Array, m: Array, v: Array, *, eta: float, decay: float, **rest: int
) -> Gradients:
    gradients = adam_backward(upstream, theta, g, m, v, eta=eta, **rest)
    return {**gradients, "theta": (1 - eta * decay) * upstream}


@forward_rule("g: ... -> ...", analytic=False)
def clip_by_value(g: Array, *, c: float = 1.0) -> Array:
    """g cut off at -c and c."""
    return np.clip(g, -c, c)


@backward_rule(clip_by_value)
def clip_by_value_backward(upstream: Array, g: Array, *, c: float) -> Gradients:
    return {"g": np.where(np.abs(g) <= c, upstream, 0)}


@forward_rule("g: ... n -> ... n", analytic=False)
def clip_by_norm(g: Array, *, c: float = 1.0) -> Array:
    """g, made shorter to the length c where it is longer."""
    norm, long = _norm_and_long(g, c)
    return np.where(long, c / norm, 1) * g


@backward_rule(clip_by_norm)
def clip_by_norm_backward(upstream: Array, g: Array, *, c: float) -> Gradients:
    norm, long = _norm_and_long(g, c)
    along = (upstream * g).sum(axis=-1, keepdims=True) / norm**2
    return {"g": np.where(long, c / norm * (upstream - along * g), upstream)}


def _norm_and_long(g: Array, c: float) -> tuple[Array, Array]:
    """The norm (1 where it is 0: it is not needed there) and whether it is above the threshold."""
    norm = np.sqrt((g * g).sum(axis=-1, keepdims=True))
    return np.where(norm == 0, 1, norm), norm > c
