"""A small layered layout for directed acyclic graphs, left to right.

Every node stands in a layer to the right of all its inputs; an edge that skips layers passes through an empty
place in each of them, so that no edge runs through a node. Layers are ordered by the mean position of their
neighbours (the barycentre method of Sugiyama, Tagawa and Toda, 1981); the order with the fewest crossings is
kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

SWEEPS = 13  # odd: the last one goes to the right, so that a gate ends up between its inputs


@dataclass(frozen=True)
class Layout:
    """Where things stand, in units of layers (x) and rows (y).

    Parameters
    ----------
    places: the position of every node.
    routes: for every edge the points that it passes, from its source to its target.
    """

    places: tuple[tuple[float, float], ...]
    routes: tuple[tuple[tuple[float, float], ...], ...]


def layout(count: int, edges: Sequence[tuple[int, int]]) -> Layout:
    """Places ``count`` nodes whose edges lead from a lower to a higher number.

    >>> layout(3, [(0, 2), (1, 2)]).places
    ((0.0, 0.0), (0.0, 1.0), (1.0, 0.5))
    """
    rank = _ranks(count, edges)
    chains: list[list[int]] = []
    layer_of = list(rank)
    for source, target in edges:
        chain = [source]
        for layer in range(rank[source] + 1, rank[target]):
            layer_of.append(layer)
            chain.append(len(layer_of) - 1)
        chains.append([*chain, target])
    links = [pair for chain in chains for pair in pairwise(chain)]
    layers = _ordered(layer_of, links)
    heights = _heights(layers, links, len(layer_of))
    places = [(float(layer_of[i]), heights[i]) for i in range(len(layer_of))]
    return Layout(tuple(places[:count]), tuple(tuple(places[i] for i in chain) for chain in chains))


def _ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of every node: the longest way from a source; sources stand right before their first use."""
    rank = [0] * count
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        rank[target] = max(rank[target], rank[source] + 1)
    has_inputs = {target for _, target in edges}
    for node in range(count):
        uses = [rank[target] for source, target in edges if source == node]
        if node not in has_inputs and uses:
            rank[node] = min(uses) - 1
    return rank


def _neighbours(links: Sequence[tuple[int, int]], size: int) -> tuple[list[list[int]], list[list[int]]]:
    before: list[list[int]] = [[] for _ in range(size)]
    after: list[list[int]] = [[] for _ in range(size)]
    for source, target in links:
        before[target].append(source)
        after[source].append(target)
    return before, after


def _ordered(layer_of: Sequence[int], links: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The nodes of every layer from top to bottom."""
    layers: list[list[int]] = [[] for _ in range(max(layer_of, default=0) + 1)]
    for node, layer in enumerate(layer_of):
        layers[layer].append(node)
    before, after = _neighbours(links, len(layer_of))
    best, fewest = [list(layer) for layer in layers], _crossings(layers, links)
    for sweep in range(SWEEPS):
        neighbours = before if sweep % 2 == 0 else after
        for members in layers if sweep % 2 == 0 else reversed(layers):
            position = {node: i for row in layers for i, node in enumerate(row)}
            members.sort(key=lambda node: _mean([position[n] for n in neighbours[node]], position[node]))
        crossings = _crossings(layers, links)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _crossings(layers: Sequence[Sequence[int]], links: Sequence[tuple[int, int]]) -> int:
    position = {node: (x, y) for x, layer in enumerate(layers) for y, node in enumerate(layer)}
    spans = [(position[a], position[b]) for a, b in links]
    return sum(
        1 for (a, b), (c, d) in combinations(spans, 2) if a[0] == c[0] and (a[1] - c[1]) * (b[1] - d[1]) < 0
    )


def _heights(layers: Sequence[Sequence[int]], links: Sequence[tuple[int, int]], size: int) -> list[float]:
    """A height for every node, near the mean of its neighbours and at least one row from the next."""
    before, after = _neighbours(links, size)
    height = [0.0] * size
    for layer in layers:
        for row, node in enumerate(layer):
            height[node] = float(row)
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            near = before if sweep % 2 == 0 else after
            wanted = [_mean([height[n] for n in near[node]], height[node]) for node in layer]
            for node, y in zip(layer, _apart(wanted), strict=True):
                height[node] = y
    top = min(height, default=0.0)
    return [y - top for y in height]


def _apart(wanted: Sequence[float]) -> list[float]:
    """The heights nearest to those wanted that keep their order and a distance of one row.

    After subtracting the row number the task is to find the nearest non-decreasing sequence, which pooling
    adjacent violators solves exactly.
    """
    pools: list[tuple[float, int]] = []
    for row, y in enumerate(wanted):
        total, size = y - row, 1
        while pools and pools[-1][0] / pools[-1][1] > total / size:
            other_total, other_size = pools.pop()
            total, size = total + other_total, size + other_size
        pools.append((total, size))
    levels = [total / size for total, size in pools for _ in range(size)]
    return [level + row for row, level in enumerate(levels)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
