"""PyTorch's own optimisers and schedules as witnesses: one step of each, differentiated by PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any


def counterparts() -> dict[str, Callable[..., Any]]:
    """For each operation the same computed by PyTorch, by the operation's inputs and settings."""
    import torch
    from torch import optim

    def step(kind: Any, theta: Any, g: Any, state: Mapping[str, Any], **options: Any) -> Any:
        """The parameter after one step of ``torch.optim``, whose state is put in beforehand."""
        after = theta.clone()
        after.retain_grad()
        optimiser = kind([after], differentiable=True, **options)
        after.grad = g
        optimiser.state[after] = {key: value.clone() for key, value in state.items()}
        optimiser.step()
        return after

    def sgd(theta: Any, g: Any, v: Any, eta: float, beta: float, nesterov: bool = False) -> Any:
        return step(optim.SGD, theta, g, {"momentum_buffer": v}, lr=eta, momentum=beta, nesterov=nesterov)

    def heavy_ball(theta: Any, g: Any, theta_old: Any, eta: float, beta: float) -> Any:
        # The velocity that has led from the parameter before to this one.
        return sgd(theta, g, (theta_old - theta) / eta, eta, beta)

    def velocity(theta: Any, g: Any, v: Any, eta: float, alpha: float) -> Any:
        return sgd(theta, g, -v / eta, eta, alpha)

    def none_yet() -> Any:
        return torch.tensor(0.0)

    def adagrad(theta: Any, g: Any, r: Any, eta: float, eps: float) -> Any:
        return step(optim.Adagrad, theta, g, {"sum": r, "step": none_yet()}, lr=eta, eps=eps)

    def rmsprop(theta: Any, g: Any, r: Any, eta: float, rho: float, eps: float) -> Any:
        state = {"square_avg": r, "step": none_yet()}
        return step(optim.RMSprop, theta, g, state, lr=eta, alpha=rho, eps=eps)

    def adadelta(theta: Any, g: Any, r: Any, u: Any, eta: float, rho: float, eps: float) -> Any:
        state = {"square_avg": r, "acc_delta": u, "step": none_yet()}
        return step(optim.Adadelta, theta, g, state, lr=eta, rho=rho, eps=eps)

    def adam_of(kind: Any) -> Callable[..., Any]:
        def run(
            theta: Any, g: Any, m: Any, v: Any, eta: float, beta_1: float, beta_2: float, eps: float,
            t: int, decay: float = 0.0,
        ) -> Any:  # fmt: skip
            state = {"exp_avg": m, "exp_avg_sq": v, "step": torch.tensor(t - 1, dtype=torch.float64)}
            betas = (beta_1, beta_2)
            return step(kind, theta, g, state, lr=eta, betas=betas, eps=eps, weight_decay=decay)

        return run

    def clip_by_norm(g: Any, c: float) -> Any:
        norm = torch.linalg.vector_norm(g)
        return g * torch.clamp(c / norm, max=1.0)

    def annealed(t: Any, eta: float, zeta: float, T: float) -> Any:
        return zeta + (eta - zeta) * torch.cos(math.pi * t / (2 * T)) ** 2

    return {
        "gradient_descent": lambda theta, g, eta: step(optim.SGD, theta, g, {}, lr=eta),
        "heavy_ball": heavy_ball,
        "momentum": sgd,
        "momentum_velocity": velocity,
        "nesterov": velocity,
        "nesterov_shifted": lambda theta, g, v, eta, beta: sgd(theta, g, v, eta, beta, nesterov=True),
        "adagrad": adagrad,
        "rmsprop": rmsprop,
        "adadelta": adadelta,
        "adam": adam_of(optim.Adam),
        "adamw": adam_of(optim.AdamW),
        "clip_by_value": lambda g, c: torch.clamp(g, -c, c),
        "clip_by_norm": clip_by_norm,
        "step_schedule": lambda t, eta, gamma, s: eta * gamma ** torch.floor(t / s) + 0 * t,
        "exponential_schedule": lambda t, eta, gamma: eta * gamma**t,
        "cosine_schedule": annealed,
        "warmup_schedule": lambda t, eta, W: eta * torch.clamp(t / W, max=1.0),
        "transformer_schedule": lambda t, d, W: d**-0.5 * torch.minimum(t**-0.5, t * W**-1.5),
    }
