"""The region an output entry depends on, against disturbing one input entry after the other."""

import numpy as np
import pytest

from derive import execution, ops
from derive.counting import regions
from derive.ops.definition import REAL, SIGN
from derive.tensor.index import Index
from derive.verification.samples import draw, settings_of

CHOSEN_BY_CONDITIONS = {
    **{
        f"adaptive_{kind}_pool{rank}d": "its windows are conditions on both indices"
        for kind in ("avg", "max")
        for rank in (1, 2, 3)
    },
    **{
        f"{kind}_upsampling": "the weights of all but two places are 0"
        for kind in ("linear", "bilinear", "trilinear")
    },
    "lstm_from_state": "the first memory reaches a unit by a step of its own, later states reach all",
    "flatten": "row and column follow from the place only by a remainder",
    "reshape": "row and column follow from the place only by a remainder",
    "causal_attention": "the mask is a condition on both indices",
    "causal_self_attention": "the mask is a condition on both indices",
    "causal_multi_head_attention": "the mask is a condition on both indices",
    "masked_multi_head_attention": "the mask is data",
    "masked_attention": "the mask is data",
    "masked_self_attention": "the mask is data",
}
"""Operations whose true region may be smaller than the box that is read off."""

NAMES = [name for name in ops.names() if not ops.operation(name).is_elementwise]


CHANGES = {
    # Far enough to overtake a maximum, and a step that saturates nothing.
    REAL: (lambda x: x + 400.0, lambda x: x - 400.0, lambda x: x + 0.37),
    SIGN: (lambda x: -x,),
}
INSIDE = (lambda x: 0.93 * x if x > 0 else 0.05, lambda x: 0.5 * x)
"""Within the domain of what is no plain real number: probabilities, variances."""


def disturbed(name, inputs, wrt, keywords, domain):
    """For every output entry the places of the input that move it: an array of truth values."""
    base = np.asarray(execution.forward(name, inputs, **keywords))
    moves = np.zeros((*base.shape, *inputs[wrt].shape), dtype=bool)
    for place in np.ndindex(*inputs[wrt].shape):
        for change in CHANGES.get(domain, INSIDE):
            changed = inputs[wrt].copy()
            changed[place] = change(changed[place])
            value = np.asarray(execution.forward(name, {**inputs, wrt: changed}, **keywords))
            moves[(..., *place)] |= value != base
    return moves


def box_at(region, place, numbers):
    at = dict(zip(region.output.indices, place, strict=True))
    at |= {
        symbol: numbers[symbol.name]
        for low, high in region.box
        for end in (low, high)
        for symbol in end.free_symbols
    }
    ends = [(int(low.xreplace(at)), int(high.xreplace(at))) for low, high in region.box]
    return ends


@pytest.mark.parametrize("name", NAMES)
def test_the_region_is_what_moves_the_output(name, rng):
    operation = ops.operation(name)
    found = regions(operation.program)
    for setting in list(settings_of(operation))[1:2]:
        inputs = draw(operation, setting, rng)
        numbers = setting.sizes | setting.parameters
        for symbol, value in operation.program.derived_sizes:
            numbers[symbol.name] = int(value.xreplace({s: numbers[s.name] for s in value.free_symbols}))
        for one in operation.differentiable:
            if one.parameter or inputs[one.name].size > 400:
                continue
            moves = disturbed(name, inputs, one.name, setting.keywords, one.domain)
            rank = operation.output.rank
            for place in np.ndindex(*moves.shape[:rank]):
                touched = np.argwhere(moves[place])
                if one.tensor not in found:
                    assert not len(touched)
                    continue
                box = box_at(found[one.tensor], place, numbers)
                for axis, (low, high) in enumerate(box):
                    low, high = max(low, 0), min(high, moves.shape[rank + axis] - 1)
                    if not len(touched):
                        continue
                    least, most = touched[:, axis].min(), touched[:, axis].max()
                    assert low <= least
                    assert most <= high
                    if name not in CHOSEN_BY_CONDITIONS:
                        assert (least, most) == (low, high), f"axis {axis} of {one.name} at {place}"


def test_the_region_of_a_strided_dilated_convolution_by_hand():
    """Output i reads s i - p, s i + d - p, ..., s i + d (k - 1) - p."""
    program = ops.operation("conv1d", stride=2, padding=1, dilation=3).program
    region = regions(program)[program.tensor("x")]
    i = next(index for index in region.output.indices if isinstance(index, Index) and index.name == "i")
    low, high = region.box[2]
    assert low == 2 * i - 1
    assert str(high) == "2*i + 3*k - 4"
