"""Normalisation. Batch normalisation is counted as it is used: with the running mean and variance."""

from __future__ import annotations

from typing import Any

from derive.counting.formulas import Formula, Size, product, simplest
from derive.counting.layers import NORMALISATION, Call, Placed, Reach, Use, layer
from derive.counting.operation_formulas import formulas_of

_PLAIN = (("gamma", 1), ("beta", 0))


def _absent(call: Call, bias: bool = True) -> tuple[tuple[str, int], ...]:
    affine = call.settings.get("affine", call.settings.get("elementwise_affine", True))
    if not affine:
        return _PLAIN if bias else _PLAIN[:1]
    return (("beta", 0),) if bias and not call.settings.get("bias", True) else ()


def _everywhere(call: Call, whole: tuple[int, ...]) -> tuple[Reach]:
    return (tuple(None if k in whole else (k, 1, 0, 0) for k in range(len(call.shape))),)


def _batch_norm(call: Call, *ranks: int, lazy: bool = False) -> Placed:
    call.rank(*ranks)
    if not lazy:
        call.same("num_features", call.shape[1], "channels")
    N, C, *space = call.shape
    sizes: dict[str, Size] = {"N": N, "C": C, "H": product(space), "W": 1}
    buffers = simplest(2 * C) if call["track_running_stats"] else 0
    use = Use("batch_norm2d_eval", sizes, absent=_absent(call), role=NORMALISATION, buffers=buffers)
    return Placed(call.shape, (use,))


_INSTANCE = "eps=0.00001, momentum=0.1, affine=False, track_running_stats=False, bias=True"
_BATCH = "eps=0.00001, momentum=0.1, affine=True, track_running_stats=True, bias=True"


@layer("BatchNorm1d", f"num_features, {_BATCH}")
def batch_norm1d(call: Call) -> Placed:
    """Batch normalisation of rows or of sequences."""
    return _batch_norm(call, 2, 3)


@layer("BatchNorm2d", f"num_features, {_BATCH}")
def batch_norm2d(call: Call) -> Placed:
    """Batch normalisation of images."""
    return _batch_norm(call, 4)


@layer("BatchNorm3d", f"num_features, {_BATCH}")
def batch_norm3d(call: Call) -> Placed:
    """Batch normalisation of volumes."""
    return _batch_norm(call, 5)


@layer("LazyBatchNorm1d LazyBatchNorm2d BatchNorm", _BATCH)
def lazy_batch_norm(call: Call) -> Placed:
    """Batch normalisation that takes its channels from what comes."""
    return _batch_norm(call, 2, 3, 4, 5, lazy=True)


def _last_axes(call: Call, operation: str, bias: bool) -> Placed:
    given = call["normalized_shape"]
    wanted: tuple[Any, ...] = given if isinstance(given, tuple) else (given,)
    came = call.shape[-len(wanted) :]
    if len(wanted) == 1:
        call.settings = {**call.settings, "normalized_shape": wanted[0]}
        call.same("normalized_shape", came[0], "features in the last axis")
    elif tuple(wanted) != tuple(came):
        call.fail(f"normalises the last axes {wanted}; came {came}")
    sizes = {"B": product(call.shape[: -len(wanted)]), "n": product(came)}
    use = Use(operation, sizes, absent=_absent(call, bias), role=NORMALISATION)
    last = tuple(range(len(call.shape) - len(wanted), len(call.shape)))
    return Placed(call.shape, (use,), _everywhere(call, last))


@layer("LayerNorm", "normalized_shape, eps=0.00001, elementwise_affine=True, bias=True")
def layer_norm(call: Call) -> Placed:
    """Layer normalisation over the last axes."""
    return _last_axes(call, "layer_norm", bias=True)


@layer("LayerNorm2d", "normalized_shape, eps=0.00001, elementwise_affine=True, bias=True")
def layer_norm2d(call: Call) -> Placed:
    """Layer normalisation of images over the channels, as ConvNeXt has it."""
    call.rank(4)
    call.same("normalized_shape", call.shape[1], "channels")
    sizes = {"B": simplest(call.shape[0] * call.shape[2] * call.shape[3]), "n": call.shape[1]}
    use = Use("layer_norm", sizes, absent=_absent(call), role=NORMALISATION)
    return Placed(call.shape, (use,), _everywhere(call, (1,)))


@layer("RMSNorm", "normalized_shape, eps=None, elementwise_affine=True")
def rms_norm(call: Call) -> Placed:
    """Root mean square normalisation over the last axes."""
    return _last_axes(call, "rms_norm", bias=False)


def _groups(call: Call, groups: Size, channels: Size) -> Placed:
    N, C, *space = call.shape
    per_group = C // channels if isinstance(C, int) and isinstance(channels, int) else simplest(C / groups)
    sizes = {"N": N, "G": groups, "C": per_group, "H": product(space), "W": 1}
    use = Use("group_norm", sizes, absent=_absent(call), role=NORMALISATION)
    return Placed(call.shape, (use,), _everywhere(call, tuple(range(1, len(call.shape)))))


@layer("GroupNorm", "num_groups, num_channels, eps=0.00001, affine=True")
def group_norm(call: Call) -> Placed:
    """Normalisation of every group of channels."""
    call.same("num_channels", call.shape[1], "channels")
    groups, C = call.size("num_groups"), call.shape[1]
    if isinstance(C, int) and isinstance(groups, int):
        if C % groups:
            call.fail(f"{C} channels do not divide into {groups} groups")
        return _groups(call, groups, groups)
    return _groups(call, groups, groups)


@layer("InstanceNorm1d InstanceNorm2d InstanceNorm3d", f"num_features, {_INSTANCE}")
def instance_norm(call: Call) -> Placed:
    """Normalisation of every channel of every image by itself; without parameters unless said."""
    call.same("num_features", call.shape[1], "channels")
    N, C, *space = call.shape
    sizes = {"N": N, "C": C, "H": product(space), "W": 1}
    buffers = simplest(2 * C) if call["track_running_stats"] else 0
    use = Use("instance_norm", sizes, absent=_absent(call), role=NORMALISATION, buffers=buffers)
    return Placed(call.shape, (use,), _everywhere(call, tuple(range(2, len(call.shape)))))


@layer("LocalResponseNorm", "size, alpha=0.0001, beta=0.75, k=1")
def local_response_norm(call: Call) -> Placed:
    """Local response normalisation across channels; it has no parameters."""
    call.rank(3, 4, 5)
    N, C, *space = call.shape
    sizes: dict[str, Size] = {"N": N, "C": C, "H": product(space), "W": 1, "l": call.size("size")}
    channels = formulas_of("local_response_norm").reach["x"][1]
    assert channels is not None
    _, jump, low, high = channels
    window = (1, *(Formula(end)(sizes) for end in (jump, low, high)))
    reach: Reach = ((0, 1, 0, 0), window, *((2 + k, 1, 0, 0) for k in range(len(space))))
    return Placed(call.shape, (Use("local_response_norm", sizes, role=NORMALISATION),), (reach,))
