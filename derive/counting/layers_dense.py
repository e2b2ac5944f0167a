"""Fully connected layers, embeddings, and learned numbers that are only added."""

from __future__ import annotations

from derive.counting.formulas import Size, product, simplest
from derive.counting.layers import ARITHMETIC, MOVING, Call, Placed, Reach, Use, layer


def _rows(call: Call) -> Reach:
    """Every place reads its own row, and all of the last axis."""
    return (*((axis, 1, 0, 0) for axis in range(len(call.shape) - 1)), None)


def dense(call: Call, in_features: Size, out_features: Size, bias: bool) -> Placed:
    """``y = x W^T + b`` on the last axis; all others are rows."""
    rows = product(call.shape[:-1])
    absent = () if bias else (("b", 0),)
    use = Use("linear", {"B": rows, "m": out_features, "n": in_features}, absent=absent)
    return Placed((*call.shape[:-1], out_features), (use,), (_rows(call),))


@layer("Linear", "in_features, out_features, bias=True")
def linear(call: Call) -> Placed:
    """A fully connected layer on the last axis."""
    call.same("in_features", call.shape[-1], "features")
    return dense(call, call.shape[-1], call.size("out_features"), call.flag("bias"))


@layer("LazyLinear", "out_features, bias=True")
def lazy_linear(call: Call) -> Placed:
    """A fully connected layer that takes its features from what comes."""
    return dense(call, call.shape[-1], call.size("out_features"), call.flag("bias"))


@layer("ChannelsLinear", "units, bias=True")
def channels_linear(call: Call) -> Placed:
    """A fully connected layer on the last axis, or on the channels of images: Keras' Dense."""
    if len(call.shape) <= 3:
        return dense(call, call.shape[-1], call.size("units"), call.flag("bias"))
    N, C, *space = call.shape
    absent = () if call.flag("bias") else (("b", 0),)
    use = Use("linear", {"B": product((N, *space)), "m": call.size("units"), "n": C}, absent=absent)
    reach = ((0, 1, 0, 0), None, *((2 + k, 1, 0, 0) for k in range(len(space))))
    return Placed((N, call.size("units"), *space), (use,), (reach,))


@layer("Dense fc FullyConnected", "units, bias=True, before=None")
def flattening_dense(call: Call) -> Placed:
    """A fully connected layer on all numbers of an example, as exam sheets write it: flattens first."""
    units, features = call.size("units"), product(call.shape[1:])
    if call["before"] is not None:
        call.same("before", features, "numbers")
    absent = () if call.flag("bias") else (("b", 0),)
    use = Use("linear", {"B": call.shape[0], "m": units, "n": features}, absent=absent)
    reach = (((0, 1, 0, 0), *(None for _ in call.shape[1:])),)
    return Placed((call.shape[0], units), (use,), reach)


@layer("Embedding", "num_embeddings, embedding_dim, padding_idx=None")
def embedding(call: Call) -> Placed:
    """A row of a table for every index; looked up, not computed."""
    rows, width = call.size("num_embeddings"), call.size("embedding_dim")
    use = Use(own_parameters=simplest(rows * width), role=MOVING)
    reach = (tuple((axis, 1, 0, 0) for axis in range(len(call.shape))),)
    return Placed((*call.shape, width), (use,), reach)


@layer("PositionEmbedding", "length, embedding_dim")
def position_embedding(call: Call) -> Placed:
    """A learned vector for every position, added to what comes."""
    call.rank(3, what="a sequence of vectors")
    length, width = call.size("length"), call.size("embedding_dim")
    call.same("embedding_dim", call.shape[-1], "width")
    use = Use("residual_sum", {}, calls=product(call.shape), own_parameters=simplest(length * width),
              role=ARITHMETIC)  # fmt: skip
    return Placed(call.shape, (use,))


@layer("Tokens ClassToken", "count=1")
def tokens(call: Call) -> Placed:
    """Learned vectors put before a sequence: a class token."""
    call.rank(3, what="a sequence of vectors")
    count = call.size("count")
    N, T, D = call.shape
    use = Use(own_parameters=simplest(count * D), role=MOVING)
    return Placed((N, simplest(T + count), D), (use,), (((0, 1, 0, 0), None, (2, 1, 0, 0)),))


@layer("Scale LayerScale", "width")
def scale(call: Call) -> Placed:
    """A learned factor for every feature of the last axis, or of the channels of images."""
    width = call.size("width")
    use = Use("product", {}, calls=product(call.shape), own_parameters=width, role=ARITHMETIC)
    return Placed(call.shape, (use,))
