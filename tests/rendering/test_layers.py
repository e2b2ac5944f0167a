"""The layout of graphs: what makes a drawing right, whatever the graph."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.rendering.layers import layout


@st.composite
def dags(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    count = draw(st.integers(1, 13))
    pairs = [(a, b) for b in range(count) for a in range(b)]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=17, unique=True)) if pairs else []
    return count, edges


@given(dags())
def test_nodes_are_apart_and_edges_lead_right_from_layer_to_layer(graph) -> None:
    count, edges = graph
    plan = layout(count, edges)
    everything = [*plan.places, *(point for route in plan.routes for point in route[1:-1])]
    by_layer: dict[float, list[float]] = {}
    for x, y in everything:
        by_layer.setdefault(x, []).append(y)
    for heights in by_layer.values():
        assert all(b - a >= 1 - 1e-9 for a, b in pairwise(sorted(heights)))
    for (source, target), route in zip(edges, plan.routes, strict=True):
        assert route[0] == plan.places[source]
        assert route[-1] == plan.places[target]
        assert all(b[0] - a[0] == 1 for a, b in pairwise(route))


@pytest.mark.parametrize(
    ("count", "edges"),
    [
        (6, [(0, 4), (1, 5), (2, 4), (3, 5)]),
        (7, [(0, 4), (1, 5), (2, 4), (3, 5), (4, 6), (5, 6)]),
    ],
    ids=["two gates, inputs mixed", "two gates and their sum"],
)
def test_a_tree_is_drawn_without_crossings(count, edges) -> None:
    plan = layout(count, edges)
    order = sorted(range(4), key=lambda node: plan.places[node][1])
    owners = [dict(edges)[node] for node in order]
    assert owners in ([4, 4, 5, 5], [5, 5, 4, 4])


def test_a_gate_stands_between_its_inputs() -> None:
    plan = layout(3, [(0, 2), (1, 2)])
    assert plan.places[2][1] == pytest.approx((plan.places[0][1] + plan.places[1][1]) / 2)
