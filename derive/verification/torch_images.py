"""PyTorch's own convolutions, pooling and normalisation of images as witnesses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Call = Callable[..., Any]


def counterparts() -> dict[str, Call]:
    """By an operation's name the PyTorch function that takes its inputs and settings by name."""
    import torch
    from torch.nn import functional

    def whole(**settings: float) -> dict[str, int]:
        return {key: int(value) for key, value in settings.items()}

    def convolution(name: str) -> Call:
        return lambda x, W, b, **settings: getattr(functional, name)(x, W, b, **whole(**settings))

    def grouped(x: Any, W: Any, b: Any, **settings: float) -> Any:
        y = functional.conv2d(
            x.flatten(1, 2), W.flatten(0, 1), b.flatten(), **whole(**settings), groups=len(W)
        )
        return y.unflatten(1, b.shape)

    def depthwise(x: Any, W: Any, b: Any, **settings: float) -> Any:
        return functional.conv2d(x, W[:, None], b, **whole(**settings), groups=len(W))

    def turned(x: Any, W: Any, b: Any, **settings: float) -> Any:
        return functional.conv2d(x, W.flip(-1, -2), b, **whole(**settings))

    def pooling(name: str, **fixed: bool) -> Call:
        def pool(x: Any, kernel: float, **settings: float) -> Any:
            return getattr(functional, name)(x, int(kernel), **whole(**settings), **fixed)

        return pool

    def adaptive(name: str) -> Call:
        def pool(x: Any, **out: float) -> Any:
            sizes = [out[key] for key in ("L_out", "D_out", "H_out", "W_out") if key in out]
            return getattr(functional, name)(x, [int(size) for size in sizes])

        return pool

    def interpolated(mode: str) -> Call:
        return lambda x, **out: functional.interpolate(x, [int(one) for one in out.values()], mode=mode)

    def group_norm(x: Any, gamma: Any, beta: Any, eps: float) -> Any:
        y = functional.group_norm(x.flatten(1, 2), len(gamma), gamma.flatten(), beta.flatten(), eps)
        return y.reshape(x.shape)

    def norm_eval(x: Any, gamma: Any, beta: Any, mu: Any, v: Any, eps: float) -> Any:
        # functional.batch_norm has no derivative by the running statistics.
        gamma, beta, mu, v = (one[:, None, None] for one in (gamma, beta, mu, v))
        return gamma * (x - mu) / torch.sqrt(v + eps) + beta

    return {
        **{name: convolution(name) for name in ("conv1d", "conv2d", "conv3d")},
        **{name: convolution(name) for name in ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")},
        "true_convolution2d": turned,
        "grouped_conv2d": grouped,
        "depthwise_conv2d": depthwise,
        "conv1x1": lambda x, W, b: functional.conv2d(x, W[..., None, None], b),
        **{f"{kind}_pool{n}d": pooling(f"{kind}_pool{n}d") for kind in ("max", "avg") for n in (1, 2, 3)},
        **{f"avg_pool{n}d_inside": pooling(f"avg_pool{n}d", count_include_pad=False) for n in (1, 2, 3)},
        **{f"global_avg_pool{n}d": lambda x: x.flatten(2).mean(-1) for n in (1, 2, 3)},
        **{f"global_max_pool{n}d": lambda x: x.flatten(2).max(-1).values for n in (1, 2, 3)},
        **{
            f"adaptive_{kind}_pool{n}d": adaptive(f"adaptive_{kind}_pool{n}d")
            for kind in ("max", "avg")
            for n in (1, 2, 3)
        },
        "batch_norm2d": lambda x, gamma, beta, eps: functional.batch_norm(
            x, None, None, gamma, beta, training=True, eps=eps
        ),
        "batch_norm2d_eval": norm_eval,
        "instance_norm": lambda x, gamma, beta, eps: functional.instance_norm(
            x, weight=gamma, bias=beta, eps=eps
        ),
        **{f"{mode}_upsampling": interpolated(mode) for mode in ("linear", "bilinear", "trilinear")},
        "group_norm": group_norm,
        "local_response_norm": lambda x, size, **settings: functional.local_response_norm(
            x, int(size), **settings
        ),
    }
