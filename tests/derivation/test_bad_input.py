"""A gradient called with what it cannot take says so, with the sizes."""

import numpy as np
import pytest

from derive.derivation import derive_gradient
from derive.ops import operation

CONVOLUTION = {"x": np.ones((2, 3, 4, 4)), "W": np.ones((5, 3, 7, 7)), "b": np.ones(5)}
NORM = {"x": np.ones((4, 3)), "gamma": np.ones(3), "beta": np.ones(3), "g": np.ones((4, 3))}
HALF = {
    "x": np.full((2, 3), 6e4, np.float16),
    "W": np.ones((5, 3), np.float16),
    "b": np.ones(5, np.float16),
    "g": np.full((2, 5), 6e4, np.float16),
}
ATTENTION = {
    "Q": np.ones((3, 2)),
    "K": np.ones((5, 2)),
    "V": np.ones((5, 7)),
    "M": np.ones((5, 3)),
    "g": np.ones((3, 7)),
}
ROWS = [
    ("conv2d", "W", {**CONVOLUTION, "g": np.ones((2, 5, 1, 1))}, {"padding": 1}, "would be 0 at H_in = 4"),
    ("conv2d", "b", {**CONVOLUTION, "g": np.ones((2, 5, 9, 9))}, {"padding": 2}, "is 2 here, and 9 in g"),
    ("max_pool2d", "x", {"x": np.ones((1, 1, 3, 3)), "g": np.ones((1, 1, 1, 1))}, {"kernel": 5}, "larger"),
    ("masked_attention", "Q", ATTENTION, {}, r"size n is 3 in Q .* and 5 in M"),
    ("masked_attention", "Q", {**ATTENTION, "M": np.zeros((3, 5))}, {}, "P is not finite"),
    ("batch_norm", "x", NORM, {"eps": 0}, r"r is not finite at \(0,\).*eps = 0"),
    ("linear", "W", HALF, {}, "float16 ends at 65504"),
    ("cross_entropy_index", "z", {"z": np.ones(3), "c": 3}, {}, "c is 3 and has to be 0 to 2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "wrt", "arrays", "settings", "said"), ROWS, ids=[f"{row[0]}: {row[-1]}" for row in ROWS]
)
def test_what_does_not_fit_is_said(name, wrt, arrays, settings, said) -> None:
    with pytest.raises(ValueError, match=said):
        derive_gradient(operation(name), wrt).evaluate(**arrays, **settings)


def test_an_infinite_input_is_not_taken_for_a_mistake() -> None:
    found = derive_gradient(operation("product"), "x").evaluate(x=np.ones(2), f=np.array([np.inf, 3.0]))
    assert found.tolist() == [np.inf, 3]
