"""A network counted: for every layer and in total its shape, parameters, operations and memory.

Everything is read off the definitions of the operations that the layers are made of
(:mod:`derive.counting.operation_formulas`) at the sizes that the layers have there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from derive.counting.formulas import Size, product, simplest
from derive.counting.layers import (
    ACTIVATION,
    ATTENTION,
    NORMALISATION,
    WEIGHTED,
    Conventions,
    Placed,
    Shape,
    Use,
    place,
)
from derive.counting.operation_formulas import COUNTED, OperationFormulas, formulas_of
from derive.graphs.network import Network, NetworkError, Node

QUANTITIES = (
    "parameters",
    "trainable",
    "buffers",
    "multiplications",
    "additions",
    "multiply_adds",
    "attention_multiply_adds",
    "bias_additions",
    "divisions",
    "function_evaluations",
    "comparisons",
    "activation_evaluations",
    "normalisation_operations",
    "activations",
)
"""What is counted for every layer. ``parameters`` are trainable or not; ``buffers`` (running means and
variances) come on top; ``activations`` are the numbers that a layer puts out."""


@dataclass(frozen=True)
class Row:
    """One layer of a counted network."""

    number: int
    node: Node
    inputs: tuple[Shape, ...]
    placed: Placed
    counts: Mapping[str, Size]

    @property
    def shape(self) -> Shape:
        """What it puts out, without the batch."""
        return self.placed.shape[1:]

    @property
    def uses(self) -> tuple[Use, ...]:
        """The operations that it is made of."""
        return self.placed.uses


@dataclass(frozen=True)
class NetworkCount:
    """A counted network."""

    network: Network
    batch: Size
    rows: tuple[Row, ...]
    totals: Mapping[str, Size]
    conventions: Conventions
    lower_bound: bool = False
    notes: tuple[str, ...] = ()
    shapes: tuple[Shape, ...] = field(default=())

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """The shapes of the inputs, without the batch."""
        return tuple(self.shapes[k][1:] for k in self.network.inputs)

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The symbolic sizes that the counts hold."""
        found: set[sp.Symbol] = set()
        for row in self.rows:
            for value in (*row.placed.shape, *row.counts.values()):
                found |= getattr(value, "free_symbols", set())
        return tuple(sorted(found, key=str))

    def row(self, path: str) -> Row:
        """The first layer with this path or name."""
        for row in self.rows:
            if path in (row.node.path, row.node.layer):
                return row
        raise KeyError(path)


def count_network(
    network: Network,
    inputs: Sequence[Sequence[Size]] = (),
    batch: Size = 1,
    conventions: Conventions | None = None,
) -> NetworkCount:
    """Count a network.

    Parameters
    ----------
    inputs: the sizes of each input without the batch; what the network itself says of them counts otherwise.
    batch: how many examples go through at once.

    Raises
    ------
    NetworkError: a layer does not fit; the message says which, what came in and what would work.
    """
    conventions = conventions or Conventions()
    given = _input_shapes(network, inputs)
    shapes: list[Shape] = []
    rows: list[Row] = []
    seen: dict[Any, Mapping[str, Size]] = {}
    tied: set[str] = set()
    stated = {one.node: one.value for one in network.stated if one.quantity == "output"}
    given_padding: list[str] = []
    for number, node in enumerate(network.nodes):
        if node.layer == "Input":
            shapes.append((batch, *given.pop(0)))
            continue
        read = tuple(shapes[k] for k in node.inputs)
        node, placed = _placed(node, read, conventions, stated.get(number), given_padding)
        shapes.append(placed.shape)
        key = (placed.shape, *(use.key for use in placed.uses))
        if (counts := seen.get(key)) is None:
            counts = seen[key] = _counted(placed)
        counts = _own(counts, node, tied)
        rows.append(Row(number, node, read, placed, counts))
    totals = {name: total(row.counts[name] for row in rows) for name in QUANTITIES}
    notes = [f"{row.node.path}: {row.placed.note}" for row in rows if row.placed.note]
    notes += given_padding + _channels_last(network, shapes)
    lower = bool(network.unknown) or any("not counted" in row.placed.note for row in rows)
    return NetworkCount(network, batch, tuple(rows), totals, conventions, lower, tuple(notes), tuple(shapes))


def _channels_last(network: Network, shapes: Sequence[Shape]) -> list[str]:
    """A word about inputs that look as if their channels stood last, where nothing else would say so."""
    found = []
    for k in () if network.is_inventory else network.inputs:
        shape = shapes[k][1:]
        if len(shape) == 3 and shape[0] == shape[1] and shape[2] in (1, 3, 4) and shape[0] not in (1, 3, 4):
            found.append(
                f"the input {'x'.join(map(str, shape))} is read as {shape[0]} channels of "
                f"{shape[1]}x{shape[2]}; --layout hwc if the channels stand last"
            )
    return found


def _placed(
    node: Node,
    read: tuple[Shape, ...],
    conventions: Conventions,
    stated: tuple[int, ...] | None,
    said: list[str],
) -> tuple[Node, Placed]:
    """A layer in its place; where its padding is open and its output stated, with one that gives it."""
    from derive.counting.stated import agrees, settled

    try:
        placed, refused = place(node, read, conventions), None
    except NetworkError as error:
        placed, refused = None, error
    fits = stated is None or (placed is not None and agrees(stated, placed.shape[1:]))
    if stated is not None and not fits and (other := settled(node, stated, read, conventions)):
        changed = {k: v for k, v in other[0].keywords.items() if k not in node.keywords}
        how = ", ".join(f"{key}={value!r}" for key, value in changed.items())
        said.append(f"{node.where}: {how} gives the stated {'x'.join(map(str, stated))}")
        return other
    if placed is None:
        assert refused is not None
        raise refused
    return node, placed


def _input_shapes(network: Network, inputs: Sequence[Sequence[Size]]) -> list[tuple[Size, ...]]:
    wanted = len(network.inputs)
    if network.is_inventory:
        inputs = ()
    if inputs and len(inputs) != wanted:
        raise NetworkError(
            f"the network has {wanted} input{'s' * (wanted != 1)} and shapes came for {len(inputs)}"
        )
    found = []
    for k, own in enumerate(network.shapes):
        shape = tuple(inputs[k]) if inputs else own
        if shape is None:
            name = network.nodes[network.inputs[k]].path
            raise NetworkError(
                f"how large the input {name} is has to be said: --input 3x224x224 (channels first, without "
                "the batch), or a line 'input 3x224x224' in the text"
            )
        found.append(tuple(simplest(one) for one in shape))
    return found


def total(values: Iterable[Size]) -> Size:
    """The sum of counts."""
    whole, symbolic = 0, []
    for value in values:
        if isinstance(value, int):
            whole += value
        else:
            symbolic.append(value)
    return simplest(sp.Add(whole, *symbolic)) if symbolic else whole


def _counted(placed: Placed) -> dict[str, Size]:
    counts: dict[str, Size] = dict.fromkeys(QUANTITIES, 0)
    counts["activations"] = product(placed.shape)
    for use in placed.uses:
        for name, value in use_counts(use).items():
            counts[name] = _plus(counts[name], value)
    counts["trainable"] = counts["parameters"]
    return counts


def _plus(left: Size, right: Size) -> Size:
    return simplest(left + right)


def _times(left: Size, right: Size) -> Size:
    return simplest(left * right)


def use_counts(use: Use) -> dict[str, Size]:
    """What one use adds to the quantities of a layer."""
    found: dict[str, Size] = {
        "parameters": use.own_parameters,
        "buffers": use.buffers,
        "activation_evaluations": use.evaluations,
        "additions": use.additions,
    }
    if not use.operation:
        return found
    formulas = formulas_of(use.operation, use.absent)
    found["parameters"] = _plus(found["parameters"], parameters_of(use, formulas))
    counts = {name: _times(formulas.counts[name](use.sizes), use.calls) for name in COUNTED}
    second = _times(sum((formulas.parameters[name](use.sizes) for name in use.twice), 0), use.calls)
    counts["additions"] = _plus(counts["additions"], second)
    if use.role == ACTIVATION:
        found["activation_evaluations"] = _times(formulas.output_entries(use.sizes), use.calls)
    elif use.role == NORMALISATION:
        found["normalisation_operations"] = simplest(sum(counts.values()))
    else:
        found |= counts
        found["additions"] = _plus(counts["additions"], use.additions)
    if use.role in (WEIGHTED, ATTENTION):
        found["multiply_adds"] = _times(formulas.multiply_adds(use.sizes), use.calls)
        found["attention_multiply_adds"] = found["multiply_adds"] if use.role == ATTENTION else 0
        found["bias_additions"] = _plus(_times(formulas.bias_additions(use.sizes), use.calls), second)
    if use.role == WEIGHTED:  # the gates of recurrent cells
        found["activation_evaluations"] = counts["function_evaluations"]
    return found


def parameters_of(use: Use, formulas: OperationFormulas) -> Size:
    """The numbers that a use learns, the second of paired biases included."""
    sizes = {name: formula(use.sizes) for name, formula in formulas.parameters.items()}
    both = sum(sizes.values()) + sum(sizes[name] for name in use.twice)
    return _times(simplest(both), use.copies)


def placed_counts(placed: Placed, node: Node) -> Mapping[str, Size]:
    """What a layer comes to by itself, as if it shared its parameters with no other."""
    return _own(_counted(placed), replace(node, tied=""), set())


def _own(counts: Mapping[str, Size], node: Node, tied: set[str]) -> Mapping[str, Size]:
    """The counts of a layer in its place: shared parameters count once, frozen ones are not trained."""
    if not (node.tied or node.frozen or node.copies != 1 or node.runs != 1):
        return counts
    own = dict(counts)
    if node.runs != 1:
        for name in QUANTITIES:
            if name not in ("parameters", "trainable", "buffers") and (
                name != "activations" or not node.runs
            ):
                own[name] = _times(own[name], node.runs)
    if node.copies != 1:
        for name in ("parameters", "trainable", "buffers"):
            own[name] = _times(own[name], node.copies)
    if node.frozen:
        own["trainable"] = 0
    if node.tied:
        if node.tied in tied:
            own["parameters"] = own["trainable"] = own["buffers"] = 0
        tied.add(node.tied)
    return own
