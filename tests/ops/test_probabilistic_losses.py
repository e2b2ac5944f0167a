"""Losses of normal distributions and of pairs, against values worked out by hand."""

from math import e, log, pi

import numpy as np
import pytest

from derive import execution
from derive.derivation import derive_gradient
from derive.ops import operation

ROWS = [
    # 2/2 log(2 pi 2) + (1 + 9)/(2 2)
    pytest.param(
        "gaussian_nll_isotropic",
        {"y": [1.0, 5.0], "mu": [2.0, 2.0], "v": 2.0},
        log(4 * pi) + 2.5,
        # by v: 2/(2 2) - 10/(2 4)
        {"v": -0.75, "mu": [0.5, -1.5]},
        id="one variance",
    ),
    pytest.param(
        "gaussian_nll",
        {"y": [1.0, 5.0], "mu": [2.0, 2.0], "v": [1.0, 9.0]},
        (log(2 * pi) + 1 + log(18 * pi) + 1) / 2,
        {"v": [0.0, 0.0], "mu": [1.0, -1 / 3]},
        id="a variance each, at the best ones",
    ),
    pytest.param(
        "gaussian_kl",
        {"mu_1": [1.0], "v_1": [1.0], "mu_2": [3.0], "v_2": [4.0]},
        (log(4) + (1 + 4) / 4 - 1) / 2,
        {"mu_1": [-0.5], "mu_2": [0.5], "v_1": [-0.375], "v_2": [(1 / 4 - 5 / 16) / 2]},
        id="two normal distributions",
    ),
    pytest.param(
        "gaussian_kl_standard",
        {"mu": [2.0, 0.0], "s": [0.0, 1.0]},
        (4 + e - 2) / 2,
        {"mu": [2.0, 0.0], "s": [0.0, (e - 1) / 2]},
        id="from the standard one",
    ),
    pytest.param(
        "vae_loss",
        {"z": [0.0, 0.0], "x": [1.0, 0.0], "mu": [2.0], "s": [0.0]},
        2 * log(2) + 2,
        {"z": [-0.5, 0.5], "mu": [2.0], "s": [0.0]},
        id="evidence lower bound",
    ),
    pytest.param(
        "triplet",
        {"a": [0.0, 0.0], "p": [1.0, 2.0], "q": [2.0, 0.0]},
        1 + 5 - 4,
        {"a": [2 * (2 - 1), 2 * (0 - 2)], "p": [2.0, 4.0], "q": [-4.0, 0.0]},
        id="triplet that costs",
    ),
    pytest.param(
        "triplet",
        {"a": [0.0, 0.0], "p": [1.0, 0.0], "q": [3.0, 0.0]},
        0,
        {"a": [0.0, 0.0], "p": [0.0, 0.0], "q": [0.0, 0.0]},
        id="triplet that is far enough",
    ),
    pytest.param(
        "triplet_distance",
        {"a": [0.0, 0.0], "p": [3.0, 4.0], "q": [0.0, 2.0]},
        1 + 5 - 2,
        {"a": [-3 / 5, -4 / 5 + 1], "p": [3 / 5, 4 / 5], "q": [0.0, -1.0]},
        id="triplet of distances",
    ),
    # the similarities are 2 (1, 1): each key has half
    pytest.param(
        "info_nce",
        {"q": [1.0, 0.0], "K": [[1.0, 5.0], [1.0, -2.0]], "c": 0},
        log(2),
        {"q": [0.0, -7.0], "K": [[-1.0, 0.0], [1.0, 0.0]]},
        id="contrast of two keys",
    ),
    # overlap 1/2, sizes 1 + 2
    pytest.param(
        "dice",
        {"p": [0.5, 0.5], "y": [1.0, 1.0]},
        1 - 3 / 4,
        {"p": [(3 / 4 - 2) / 4] * 2, "y": [(3 / 4 - 1) / 4] * 2},
        id="overlap",
    ),
]


@pytest.mark.parametrize(("name", "inputs", "value", "gradients"), ROWS)
def test_by_hand(name, inputs, value, gradients):
    assert execution.forward(name, inputs) == pytest.approx(value, rel=1e-14)
    settings = {symbol.name: float(default) for symbol, default in operation(name).settings.items()}
    for wrt, expected in gradients.items():
        derived = derive_gradient(operation(name), wrt).numpy(inputs, **settings)
        np.testing.assert_allclose(derived, expected, rtol=1e-14, atol=1e-15)
        executed = execution.backward(name, inputs, 1.0)[wrt]
        np.testing.assert_allclose(executed, expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("gaussian_nll_isotropic", {"y": [1.0], "mu": [2.0], "v": 0.0}),
        ("gaussian_nll", {"y": [1.0], "mu": [2.0], "v": [-1.0]}),
        ("gaussian_kl", {"mu_1": [1.0], "v_1": [1.0], "mu_2": [3.0], "v_2": [0.0]}),
    ],
)
def test_a_variance_that_is_not_positive_is_named(name, inputs):
    with pytest.raises(execution.DomainError, match="must be positive"):
        execution.forward(name, inputs)
