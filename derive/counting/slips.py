"""The slips that people make in counting a network, each with what it changes in every quantity.

Every slip is carried out: a layer's operation is counted again at the sizes of the slip, or the whole network
with one setting changed. ``cost`` orders them: 1 for what is done every day, 3 for what is possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from derive.counting.formulas import Size, product
from derive.counting.layers import NORMALISATION, WEIGHTED, Use, bound, load, place, with_setting
from derive.counting.network import NetworkCount, Row, count_network, placed_counts, use_counts
from derive.counting.operation_formulas import formulas_of
from derive.graphs.network import Network, NetworkError

_KERNELS = (1, 3, 5, 7)
_KERNEL_SIZES = ("k", "k_h", "k_w", "k_d")
MOST_RECOUNTED = 80
"""Of networks with more layers one is counted again with a setting changed, not all that follows."""


@dataclass(frozen=True)
class Slip:
    """Something done otherwise in one layer: what it changes in each quantity, and how far-fetched it is."""

    words: str
    code: str
    row: int
    change: Mapping[str, int]
    cost: int = 1


def slips(count: NetworkCount) -> Iterator[Slip]:
    """The slips that people make, each in one layer."""
    kernels = {node_kernel(row) for row in count.rows} - {None}
    channels = list(dict.fromkeys(_channels(count)))
    everywhere: dict[str, list[Slip]] = {}
    for row in count.rows:
        where = where_of(count, row)
        own = {name: whole(value) for name, value in row.counts.items()}
        if not any(own[name] for name in own if name != "activations"):
            continue
        yield Slip(f"{where} left out", "lost-term", row.number, {k: -v for k, v in own.items()})
        yield Slip(f"{where} counted twice", "done-twice", row.number, own, 2)
        for use in row.uses:
            for words, code, other, cost in _variants(use, kernels, channels if len(channels) <= 12 else []):
                for slip in _changed(f"{words} in {where}", code, row, use, other, cost):
                    yield slip
                    everywhere.setdefault(_EVERYWHERE.get(code, ""), []).append(slip)
            for words, code, other, cost in _flattened(count, row, use, channels):
                yield from _changed(f"{words} in {where}", code, row, use, other, cost)
            for words, code, more, cost in _bias_slips(use):
                slip = Slip(f"{words} in {where}", code, row.number, dict.fromkeys(_LEARNED, more), cost)
                yield slip
                everywhere.setdefault(words, []).append(slip)
    yield from _in_every_layer(everywhere)
    yield from _recounted(count)


_LEARNED = ("parameters", "trainable")
_EVERYWHERE = {
    "missing-bias": "no bias",
    "missing-channels": "1 input channel",
    "lost-factor": "k for k^2",
}
"""Slips that are made in every layer alike, by their codes, and how they are said."""


def _in_every_layer(found: Mapping[str, list[Slip]]) -> Iterator[Slip]:
    """The same slip in all the layers in which it can be made, if they are several."""
    for words, made in found.items():
        rows = {slip.row for slip in made}
        if words and len(rows) > 1 and len(rows) == len(made):
            total: dict[str, int] = {}
            for slip in made:
                for key, value in slip.change.items():
                    total[key] = total.get(key, 0) + value
            yield Slip(f"{words} in any layer" if words.startswith("no ") else f"{words} in every layer",
                       made[0].code, -1, total, made[0].cost)  # fmt: skip


def _changed(words: str, code: str, row: Row, use: Use, other: Use, cost: int) -> Iterator[Slip]:
    before, after = use_counts(use), use_counts(other)
    change = {k: whole(after.get(k, 0)) - whole(before.get(k, 0)) for k in {*before, *after}}
    if any(change.values()):
        change.setdefault("trainable", change.get("parameters", 0))
        yield Slip(words, code, row.number, change, cost)


def node_kernel(row: Row) -> int | None:
    """The side of a layer's kernel, if it has one."""
    sides = [value for use in row.uses for name, value in use.sizes.items() if name in _KERNEL_SIZES]
    return sides[0] if sides and isinstance(sides[0], int) else None


def _channels(count: NetworkCount) -> Iterator[int]:
    for shape in count.shapes:
        if len(shape) >= 4 and isinstance(shape[1], int):
            yield shape[1]


# -- a layer with one setting changed

_FORGOTTEN = (
    ("stride", 1, "shape"),
    ("padding", 0, "shape"),
    ("output_padding", 0, "shape"),
    ("dilation", 1, "shape"),
    ("ceil_mode", False, "shape"),
    ("groups", 1, "extra-factor"),
)
"""Settings that are left out, with what a layer does then, and the slip's code."""


def _recounted(count: NetworkCount) -> Iterator[Slip]:
    """A setting left out, or a pooling: in that layer alone, and with all that follows from its size."""
    adapting = _adapting(count.network)
    for row in count.rows:
        where = where_of(count, row)
        for words, code, name, value, cost in _edited(row):
            try:
                alone = place(with_setting(row.node, name, value), row.inputs, count.conventions)
            except NetworkError:
                continue
            before, after = placed_counts(row.placed, row.node), placed_counts(alone, row.node)
            own = {k: whole(v) - whole(before[k]) for k, v in after.items()}
            if any(own.values()):
                yield Slip(f"{words} in {where}", code, row.number, own, cost)
            node = with_setting(adapting.nodes[row.number], name, value)
            change = _following(count, adapting.replaced(row.number, node))
            if any(change.values()) and change != own:
                yield Slip(f"{words} in {where} and all that follows", code, row.number, change, cost)
        if "Pool" in row.node.layer and len(row.node.inputs) == 1 and count.network.outputs != (row.number,):
            change = _following(count, adapting.without(row.number))
            if any(change.values()):
                yield Slip(f"{where} left out and all that follows", "lost-term", row.number, change)


def _edited(row: Row) -> Iterator[tuple[str, str, str, object, int]]:
    """What may be set otherwise in a layer: (words, code, setting, value, cost)."""
    settings = bound(row.node, load()[row.node.layer])
    for name, plain, code in _FORGOTTEN:
        if name in settings and settings[name] != plain:
            yield f"no {name}", code, name, plain, 1
    kernel = node_kernel(row)
    if settings.get("padding") == 0 and kernel is not None and kernel % 2 == 1 and kernel > 1:
        yield f"a padding of {(kernel - 1) // 2}", "shape", "padding", (kernel - 1) // 2, 2


def _following(count: NetworkCount, network: Network) -> dict[str, int]:
    """What a changed network has more of; nothing where it does not fit, or is too large to count often."""
    if len(count.rows) > MOST_RECOUNTED:
        return {}
    try:
        other = count_network(network, count.input_shapes, count.batch, count.conventions)
    except NetworkError:
        return {}
    return {k: whole(v) - whole(count.totals[k]) for k, v in other.totals.items()}


def _adapting(network: Network) -> Network:
    """The same network whose fully connected layers take their features from what comes."""
    for number, node in enumerate(network.nodes):
        if node.layer == "Linear":
            keywords = dict(node.keywords)
            arguments = (
                node.arguments if keywords.pop("in_features", None) is not None else node.arguments[1:]
            )
            lazy = replace(node, layer="LazyLinear", arguments=arguments, keywords=keywords)
            network = network.replaced(number, lazy)
    return network


# -- one layer's operation at other sizes


def _flattened(
    count: NetworkCount, row: Row, use: Use, others: list[int]
) -> Iterator[tuple[str, str, Use, int]]:
    """The first fully connected layer with part of the image for all of it."""
    if use.operation != "linear":
        return
    source = count.network.nodes[row.node.inputs[0]]
    shape = row.inputs[0] if source.layer != "Flatten" else count.shapes[source.inputs[0]]
    if (
        len(shape) != 4
        or not all(isinstance(one, int) for one in shape)
        or product(shape[1:]) != use.sizes["n"]
    ):
        return
    channels, *places = shape[1:]
    for words, code, features in (
        ("no channels", "missing-channels", product(places)),
        ("the channels alone", "lost-factor", channels),
        (f"{places[0]} for {places[0]}^2 places", "lost-factor", channels * places[0]),
    ):
        yield words, code, replace(use, sizes={**use.sizes, "n": features}), 1
    for one in others if len(others) <= 12 else []:
        if one != channels:
            other = replace(use, sizes={**use.sizes, "n": one * product(places)})
            yield f"{one} for {channels} channels flattened", "wrong-operand", other, 2


def _bias_slips(use: Use) -> Iterator[tuple[str, str, int, int]]:
    """The bias with another size: (words, code, parameters more, cost)."""
    if use.role == NORMALISATION and use.operation:
        own = whole(use_counts(use)["parameters"])
        if own and own % 2 == 0:
            yield "one parameter for two a channel", "lost-factor", -own // 2, 1
            yield "parameters counted twice", "done-twice", own, 1
        return
    if (
        use.role != WEIGHTED
        or not use.operation
        or "b" not in formulas_of(use.operation, use.absent).parameters
    ):
        return
    own = whole(use_counts(use)["parameters"]) - whole(use_counts(_without_bias(use))["parameters"])
    sizes = {name: value for name, value in use.sizes.items() if isinstance(value, int)}
    inputs = sizes.get("C", sizes.get("n"))
    if inputs is not None and inputs != own:
        yield "a bias for each input", "wrong-operand", inputs - own, 1
    if own > 1:
        yield "one bias for all outputs", "lost-factor", 1 - own, 1
    yield "the bias counted twice", "done-twice", own, 2
    places = product(sizes.get(f"{axis}_out", 1) for axis in "DHW") * sizes.get("L_out", 1)
    if places > 1:
        yield "a bias for each place of the output", "extra-factor", own * (places - 1), 1
    if "C" in sizes and sizes["C"] > 1:
        yield "a bias for each input and output channel", "extra-factor", own * (sizes["C"] - 1), 1


def whole(value: Size) -> int:
    """A count that is a number."""
    assert isinstance(value, int)
    return value


def biases(row: Row) -> int:
    """How many of a layer's parameters are biases."""
    return sum(
        whole(use_counts(use)["parameters"]) - whole(use_counts(_without_bias(use))["parameters"])
        for use in row.uses
        if use.role == WEIGHTED and use.operation
    )


def _without_bias(use: Use) -> Use:
    biases = formulas_of(use.operation, use.absent).biases
    return replace(use, absent=(*use.absent, *((name, 0) for name in biases)), twice=())


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def where_of(count: NetworkCount, row: Row) -> str:
    """A layer by its call, its name, and the branch that it stands in."""
    place = row.number
    branch = ""
    while not branch:
        readers = count.network.consumers(place)
        if len(readers) != 1:
            break
        reader = count.network.nodes[readers[0]]
        if len(reader.inputs) > 1 and reader.inputs.index(place) < len(_ORDINALS):
            branch = f" in the {_ORDINALS[reader.inputs.index(place)]} branch"
        place = readers[0]
    path = row.node.path
    name = "" if path == row.node.layer else f"{path}: "
    return f"{name}{row.node.call}{branch}"


def _variants(use: Use, seen: set[int | None], channels: list[int]) -> Iterator[tuple[str, str, Use, int]]:
    if not use.operation or use.role == NORMALISATION:
        return
    sizes = dict(use.sizes)
    kernels = [name for name in _KERNEL_SIZES if name in sizes]
    if kernels:
        own = sizes[kernels[0]]
        for k in sorted({*_KERNELS, *(one for one in seen if one is not None)}):
            if k != own:
                other = replace(use, sizes={**sizes, **dict.fromkeys(kernels, k)})
                yield f"{k} for {own}", "wrong-kernel", other, 1 if k in seen else 2
        if len(kernels) > 1:
            once = {**sizes, **dict.fromkeys(kernels[1:], 1)}
            yield f"{own} for {own}^{len(kernels)}", "lost-factor", replace(use, sizes=once), 1
    if use.role != WEIGHTED:
        return
    if not {"b"} & {name for name, _ in use.absent} and "b" in _parameters(use):
        yield "no bias", "missing-bias", _without_bias(use), 1
    if sizes.get("C", 1) != 1:
        yield "1 input channel", "missing-channels", replace(use, sizes={**sizes, "C": 1}), 1
        for one in channels:
            if one not in (1, sizes["C"]):
                other = replace(use, sizes={**sizes, "C": one})
                yield f"{one} for {sizes['C']} input channels", "wrong-operand", other, 2
    inner = [(f"{axis}_out", f"{axis}_in") for axis in "DHW" if f"{axis}_out" in sizes]
    if inner and any(sizes[a] != sizes[b] for a, b in inner):
        larger = {**sizes, **{a: sizes[b] for a, b in inner}}
        yield "the input's size for the output's", "wrong-operand", replace(use, sizes=larger), 1
    if all(sizes[a] > 1 for a, _ in inner) and inner:
        smaller = {**sizes, **{a: sizes[a] - 1 for a, _ in inner}}
        yield "an output one place smaller", "off-by-one", replace(use, sizes=smaller), 2


def _parameters(use: Use) -> Iterable[str]:
    return formulas_of(use.operation, use.absent).parameters
