"""A network: layers in order, each with its settings and with what it reads.

Nothing is computed here. What a layer's name means, which shapes it takes and what it costs is read off the
catalogue in :mod:`derive.counting`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


class NetworkError(ValueError):
    """A network cannot be read or its layers do not fit; the message says where and what would work."""


@dataclass(frozen=True)
class Node:
    """One layer where it stands in a network.

    Parameters
    ----------
    layer: the name of its kind, as PyTorch has it: ``Conv2d``.
    arguments, keywords: what was given, in order and by name: whole numbers, symbolic sizes, words, tuples.
    inputs: the numbers of the nodes that it reads.
    path: where it stands, ``layer1.0.conv2``, or the name it was given.
    line: the line of the text that it comes from; 0 if it comes from elsewhere.
    tied: nodes with the same word here share their parameters.
    frozen: its parameters are not trained.
    copies, runs: how many such layers there are in this place, and how many of them are evaluated for one
        token (a mixture of experts); ``runs`` is 0 where it is not known what it is evaluated on.
    """

    layer: str
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[int, ...] = ()
    path: str = ""
    line: int = 0
    tied: str = ""
    frozen: bool = False
    copies: int = 1
    runs: int = 1

    @property
    def call(self) -> str:
        """The layer as it is written: ``Conv2d(64, 192, 3, padding=1)``.

        >>> Node("Conv2d", (64, 192, 3), {"padding": 1, "bias": False}).call
        'Conv2d(64, 192, 3, padding=1, bias=False)'
        """
        given = [_written(one) for one in self.arguments]
        given += [f"{name}={_written(value)}" for name, value in self.keywords.items()]
        return f"{self.layer}({', '.join(given)})"

    @property
    def where(self) -> str:
        """How messages point at it."""
        place = f"line {self.line}: " if self.line else ""
        own = f"{self.path}: " if self.path and self.path != self.layer else ""
        return f"{place}{own}{self.call}"


def _written(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, tuple):
        return f"({', '.join(map(_written, value))}{',' if len(value) == 1 else ''})"
    return str(value)


@dataclass(frozen=True)
class Stated:
    """What a description says that a layer comes to; it is held against what it does come to.

    Parameters
    ----------
    node: the layer's number; -1 for the whole network.
    quantity: ``output``, ``parameters`` or ``operations``.
    value: sizes in either order of the axes, or a count as it is written (``2.7K``).
    where: the place in the description.
    """

    node: int
    quantity: str
    value: Any
    where: str = ""


@dataclass(frozen=True)
class Network:
    """Nodes in an order in which each can be computed; the last one is the output unless said.

    Node ``k`` for ``k < len(inputs)`` is an input and has the layer ``Input``. ``shapes`` are the sizes that
    the description itself gives to the inputs, without the batch; None where it says nothing. ``assumed`` is
    what had to be assumed to read it, ``unknown`` what was met and not understood, and ``stated`` what the
    description says of results.
    """

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...] = ()
    shapes: tuple[tuple[Any, ...] | None, ...] = (None,)
    name: str = ""
    assumed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    stated: tuple[Stated, ...] = ()

    def __post_init__(self) -> None:
        if not self.outputs:
            object.__setattr__(self, "outputs", (len(self.nodes) - 1,))

    @property
    def inputs(self) -> tuple[int, ...]:
        """The nodes that are inputs."""
        return tuple(k for k, node in enumerate(self.nodes) if node.layer == "Input")

    @property
    def layers(self) -> tuple[int, ...]:
        """The nodes that are no inputs."""
        return tuple(k for k, node in enumerate(self.nodes) if node.layer != "Input")

    @property
    def is_inventory(self) -> bool:
        """Whether it is only known which layers there are, and not what they work on."""
        return bool(self.layers) and all(self.nodes[k].runs == 0 for k in self.layers)

    def consumers(self, number: int) -> tuple[int, ...]:
        """The nodes that read this one."""
        return tuple(k for k, node in enumerate(self.nodes) if number in node.inputs)

    def replaced(self, number: int, node: Node) -> Network:
        """The same network with another layer in one place."""
        return replace(self, nodes=(*self.nodes[:number], node, *self.nodes[number + 1 :]))

    def without(self, number: int) -> Network:
        """The same network with one layer left out; what read it reads what it read first."""
        (source,) = self.nodes[number].inputs[:1]

        def moved(k: int) -> int:
            k = source if k == number else k
            return k - 1 if k > number else k

        nodes = tuple(
            replace(node, inputs=tuple(map(moved, node.inputs)))
            for k, node in enumerate(self.nodes)
            if k != number
        )
        outputs = tuple(map(moved, self.outputs))
        stated = tuple(replace(one, node=moved(one.node)) for one in self.stated if one.node != number)
        return replace(self, nodes=nodes, outputs=outputs, stated=stated)


class Builder:
    """Collects nodes; numbers them."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.nodes: list[Node] = []
        self.shapes: list[tuple[Any, ...] | None] = []
        self.assumed: list[str] = []
        self.unknown: list[str] = []
        self.stated: list[Stated] = []

    def state(self, node: int, quantity: str, value: Any, where: str = "") -> None:
        """What the description says of a layer's result; of the whole network's if ``node`` is -1."""
        self.stated.append(Stated(node, quantity, value, where))

    def input(self, path: str = "x", shape: tuple[Any, ...] | None = None) -> int:
        """A further input."""
        self.shapes.append(shape)
        return self._add(Node("Input", path=path))

    def add(
        self,
        layer: str,
        arguments: Iterable[Any] = (),
        keywords: Mapping[str, Any] | None = None,
        inputs: Iterable[int] = (),
        **place: Any,
    ) -> int:
        """A further layer; returns its number."""
        return self._add(Node(layer, tuple(arguments), dict(keywords or {}), tuple(inputs), **place))

    def _add(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def network(self, *outputs: int) -> Network:
        """What has been collected."""
        return Network(
            tuple(self.nodes),
            outputs,
            tuple(self.shapes),
            self.name,
            tuple(dict.fromkeys(self.assumed)),
            tuple(dict.fromkeys(self.unknown)),
            tuple(self.stated),
        )
