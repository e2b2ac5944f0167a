"""Recurrent networks, attention and positions worked through: values from a computation in NumPy by hand."""

import numpy as np
import pytest

from derive.bank import find_problem
from derive.practice.solve import solve

VALUES = {
    "recurrent/two-steps": {
        "a": [-0.1, 1.2, 0.9],
        "b": [-0.099668, 0.833655, 0.716298],
        "c": [-0.575174, 0.008844],
        "d": [-0.476505, -0.186710, 0.354911],
        "e": [-0.443440, -0.184571, 0.340723],
        "f": [-0.088508, -0.484367],
    },
    "recurrent/lstm-gates": {
        "a": [0.574443, 0.548596],
        "b": [0.532454, 0.465057],
        "c": [-0.272905, 0.134186],
    },
    "attention/one-query": {
        "a": [2, 1, 1],
        "b": [0.576117, 0.211942, 0.211942],
        "c": [0.788058, 0.423883, 0.788058],
    },
    "attention/two-words": {
        "a": [[0.91121 / 2, 0.8017 / 2], [1.41568 / 2, 1.251 / 2]],
        "b": [[0.513685, 0.486315], [0.520573, 0.479427]],
        "c": [[0.335684, 0.601432, 0.143768, 0.545347], [0.336029, 0.604669, 0.143148, 0.543005]],
    },
    "attention/positional-encoding": {
        "a": [1, 0.1],
        "b": [[0, 0], [0.841471, 0.099833], [0.909297, 0.198669]],
        "c": [[1, 1], [0.540302, 0.995004], [-0.416147, 0.980067]],
        "d": [2, 1.5353, 0.5639],
    },
}


@pytest.mark.parametrize("name", VALUES)
def test_every_part_has_its_value_and_its_steps(name):
    solved = solve(find_problem(name))
    assert [one.part.id for one in solved] == list(VALUES[name])
    for one in solved:
        np.testing.assert_allclose(
            one.value, VALUES[name][one.part.id], atol=5e-5 if one.part.id == "d" else 1e-6
        )
        assert len(one.steps) >= 2, "the formula, and the numbers put in"
