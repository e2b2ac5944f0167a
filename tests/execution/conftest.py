"""Inputs for any operation, made from its signature, so that a new operation is tested unasked."""

import zlib

import numpy as np
import pytest

from derive import execution

# Distinct primes as far as they meet in one operation: a wrong transpose then fails by shape.
SIZES = {
    "n": 5, "m": 3, "B": 7, "d": 2, "d_v": 11,
    "D": 3, "D_y": 7, "d_s": 7, "p": 5, "h": 2, "G": 2, "r": 3, "T": 2, "V": 5,
    # images: few places, since every entry is moved by itself to take differences
    "N": 3, "C": 2, "O": 3, "C_group": 2, "O_group": 3, "L": 5, "H": 2, "W": 3,
    "k": 3, "k_d": 2, "k_h": 2, "k_w": 3,
}  # fmt: skip

CHOICES = {("hinge", "y"): [-1.0, 1.0], ("focal", "y"): [0.0, 1.0], ("dropout", "m"): [0.0, 1.0]}


def _values(operation: str, name: str, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    if (operation, name) in CHOICES:
        return random.choice(CHOICES[operation, name], shape)
    if name in ("p", "q"):
        return random.uniform(0.05, 0.95, shape)
    if name in ("v", "v_1", "v_2", "r", "u", "t"):  # a variance, squares summed, a number of steps
        return random.uniform(0.3, 3, shape)
    if name == "c":
        return random.integers(0, SIZES["n"], shape)
    if name in ("S", "S_1", "S_2"):  # a covariance
        root = random.standard_normal(shape)
        return root @ root.T / shape[-1] + np.eye(shape[-1])
    if name == "M":  # a mask; the first column keeps every row from being empty
        return (random.random(shape) < 0.5) | (np.arange(shape[-1]) == 0)
    # Weights are smaller, so that a softmax of products of several does not become all or nothing.
    return (0.5 if name.startswith("W_") else 1.5) * random.standard_normal(shape)


@pytest.fixture
def make_inputs():
    """make_inputs(operation, batch): random inputs with these leading axes wherever they are allowed.
    `alone` names an input that gets no leading axes and so is broadcast."""

    def make(name, batch=(), dtype=np.float64, alone=None):
        operation = execution.find(name)
        random = np.random.default_rng(zlib.crc32(name.encode()))
        inputs = {}
        for key, axes in operation.signature.inputs.items():
            lead = batch if axes.batched and key != alone else ()
            values = _values(name, key, lead + tuple(SIZES[letter] for letter in axes.letters), random)
            inputs[key] = values if key not in operation.differentiable else np.asarray(values, dtype=dtype)
        return inputs

    return make


@pytest.fixture
def make_upstream(make_inputs):
    """An upstream gradient for the result of an operation on these inputs."""

    def make(name, inputs):
        result = execution.forward(name, inputs)
        values = np.random.default_rng(3).standard_normal(result.shape)
        return np.asarray(values, dtype=result.dtype)

    return make


@pytest.fixture
def relative_error():
    """The largest difference, relative to the largest entry of the expected array."""

    def measure(actual, expected):
        actual, expected = np.asarray(actual), np.asarray(expected)
        assert actual.shape == expected.shape
        assert np.isfinite(actual).all()
        return np.abs(actual - expected).max(initial=0) / np.abs(expected).max(initial=1e-300)

    return measure
