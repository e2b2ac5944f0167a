"""Activations, dropout and what else works on every number by itself."""

from __future__ import annotations

from collections.abc import Callable

from derive.counting.formulas import product
from derive.counting.layers import ACTIVATION, Call, Placed, Use, entrywise, layer, unchanged

_OF_THE_CATALOGUE = {
    "ReLU relu": ("relu", "inplace=False"),
    "LeakyReLU leaky_relu": ("leaky_relu", "negative_slope=0.01, inplace=False"),
    "ELU elu": ("elu", "alpha=1, inplace=False"),
    "SiLU Swish silu swish": ("silu", "inplace=False"),
    "GELU gelu": ("gelu", "approximate='none'"),
    "Sigmoid sigmoid": ("sigmoid", ""),
    "Tanh tanh": ("tanh", ""),
    "Softplus": ("softplus", "beta=1, threshold=20"),
    "ReLU6 relu6": ("", "inplace=False"),
    "Hardswish HardSwish hardswish": ("", "inplace=False"),
    "Hardsigmoid HardSigmoid hardsigmoid": ("", "inplace=False"),
    "SELU selu": ("", "inplace=False"),
    "Mish": ("", "inplace=False"),
    "CELU": ("", "alpha=1, inplace=False"),
    "Hardtanh": ("", "min_val=-1, max_val=1, inplace=False"),
    "Softsign": ("", ""),
    "LogSigmoid": ("", ""),
}
"""Names with the operation of the catalogue they are, if they are one, and their settings."""


def _rule(operation: str) -> Callable[[Call], Placed]:
    return lambda call: entrywise(call, operation)


for _names, (_operation, _given) in _OF_THE_CATALOGUE.items():
    layer(_names, _given)(_rule(_operation))


@layer("PReLU", "num_parameters=1, init=0.25")
def prelu(call: Call) -> Placed:
    """A rectifier whose slope below zero is learned."""
    return entrywise(call, "", own_parameters=call.size("num_parameters"))


@layer("Softmax LogSoftmax softmax log_softmax", "dim=None")
def softmax(call: Call) -> Placed:
    """Probabilities along the channels of images, else along the last axis."""
    axis = call["dim"] if isinstance(call["dim"], int) else (1 if len(call.shape) > 3 else -1)
    if not -len(call.shape) <= axis < len(call.shape):
        call.fail(f"dim={axis} is no axis of {len(call.shape)}")
    axis %= len(call.shape)
    rows = product(one for k, one in enumerate(call.shape) if k != axis)
    use = Use("softmax", {"n": call.shape[axis]}, calls=rows, role=ACTIVATION)
    reach = (tuple(None if k == axis else (k, 1, 0, 0) for k in range(len(call.shape))),)
    return Placed(call.shape, (use,), reach)


layer("Dropout Dropout1d Dropout2d Dropout3d AlphaDropout dropout", "p=0.5, inplace=False")(unchanged)
layer("DropPath StochasticDepth", "p=0.5, mode='row'")(unchanged)
layer("Identity linear", "size=None")(unchanged)
