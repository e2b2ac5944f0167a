"""Operations wired together, perceptrons among them: against hand formulas and numerical differentiation."""

import numpy as np
import pytest

from derive import ops
from derive.derivation import derive_program
from derive.derivation.derivation import matrix_form
from derive.graphs.perceptron import hidden_layer, perceptron
from derive.graphs.wiring import Wiring, WiringError
from derive.rendering.derivation import page
from derive.tensor.index import size
from derive.tensor.nodes import Tensor

ACTIVATIONS = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "identity": lambda z: z,
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "relu": lambda z: np.where(z.real > 0, z, 0),
    "leaky_relu": lambda z: np.where(z.real > 0, z, 0.01 * z),
}


def half_squared_error(output, y):
    return ((output - y) ** 2).sum() / 2


def cross_entropy(output, y):
    return -(y * (output - np.log(np.exp(output).sum()))).sum()


def binary_cross_entropy_logits(output, y):
    p = 1 / (1 + np.exp(-output))
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum()


LOSSES = {one.__name__: one for one in (half_squared_error, cross_entropy, binary_cross_entropy_logits)}


def naive_loss(arrays, layers, activation, last, loss):
    """The forward pass layer by layer, as one would write it."""
    value = arrays["x"]
    for layer in range(1, layers + 1):
        z = arrays[f"W({layer})"] @ value + arrays[f"b({layer})"]
        value = ACTIVATIONS[activation if layer < layers else last](z)
    return LOSSES[loss](value, arrays["y"])


@pytest.mark.parametrize("widths", [(3, 2), (3, 5, 2), (2, 7, 5, 3)], ids=str)
@pytest.mark.parametrize(
    ("activation", "loss"),
    [
        ("sigmoid", "half_squared_error"),
        ("tanh", "cross_entropy"),
        ("relu", "half_squared_error"),
        ("leaky_relu", "binary_cross_entropy_logits"),
        ("softplus", "cross_entropy"),
    ],
)
@pytest.mark.parametrize("symbolic", [False, True], ids=["numbers", "symbols"])
def test_all_gradients_of_a_perceptron(widths, activation, loss, symbolic, rng):
    names = [f"n_{k}" for k in range(len(widths))] if symbolic else widths
    network = perceptron(names, activation, loss)
    settings = {"leaky_relu": {"alpha": 0.01}}.get(activation, {})
    derivation = derive_program(network.title, network.program, network.wanted, network.names)
    arrays = {
        one.name: rng.normal(
            size=[widths[int(str(extent)[2:])] if symbolic else int(extent) for extent in one.shape]
        )
        for one in network.program.inputs
    }
    if loss == "cross_entropy":
        arrays["y"] = rng.dirichlet(np.ones(widths[-1]))
    last = "identity" if loss != "half_squared_error" else activation
    found = derivation.numpy.all(arrays, **settings)
    for wanted, section in zip(network.wanted, derivation.sections[-len(network.wanted) :], strict=True):
        array = arrays[wanted.name].astype(complex)
        expected = np.zeros(array.shape)
        for place in np.ndindex(*array.shape):
            moved = array.copy()
            moved[place] += 1e-30j
            shifted = {**arrays, wanted.name: moved}
            expected[place] = naive_loss(shifted, len(widths) - 1, activation, last, loss).imag / 1e-30
        np.testing.assert_allclose(found[section.target.tensor.name], expected, rtol=1e-10, atol=1e-13)


def test_a_hidden_layer_reads_as_in_the_textbook():
    """Nielsen, chapter 2: BP2, BP3, BP4."""
    network = hidden_layer()
    derivation = derive_program(
        network.title, network.program, network.wanted, network.names, seeds=network.seeds
    )
    shown = page(derivation, "latex")
    matrices = [matrix for _, matrix in shown.results()]
    assert matrices == [
        r"\delta^{(l)} = (W^{(l+1)T} \delta^{(l+1)}) \odot \sigma'(z^{(l)})",
        r"\frac{\partial L}{\partial W^{(l)}} = \delta^{(l)} a^{(l-1)T}",
        r"\frac{\partial L}{\partial b^{(l)}} = \delta^{(l)}",
    ]
    assert r"\sigma'(x) = \sigma(x) (1 - \sigma(x))" in shown.constants()


@pytest.mark.parametrize(
    ("loss", "linear"),
    [("label_smoothing", True), ("hinge", True), ("binary_cross_entropy", False), ("huber", False)],
)
def test_a_loss_of_scores_comes_after_a_linear_layer(loss, linear):
    names = {statement.tensor.name for statement in perceptron([3, 2], loss=loss).program.statements}
    assert ("a(1)" not in names) is linear


def test_the_last_layer_before_cross_entropy():
    network = perceptron(["n", "m"], loss="cross_entropy")
    derivation = derive_program(network.title, network.program, network.wanted, network.names)
    (delta,) = [s for s in derivation.sections if s.target.tensor.name == "delta(1)"]
    assert matrix_form(delta.target, delta.result).print(page(derivation).printer) == "s - y"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: perceptron([3]), "needs the width of its input and of at least one layer"),
        (lambda: perceptron([3, 0]), "a layer needs at least one unit; came 0"),
        (lambda: perceptron([3, "a b"]), "a number or a name such as n_1; came 'a b'"),
        (lambda: perceptron([3, 2], activation="softmax"), "softmax is not an activation"),
        (lambda: perceptron([3, 2], loss="softmax"), "softmax is not a loss of a prediction and a target"),
    ],
)
def test_what_is_no_perceptron(call, message):
    with pytest.raises(WiringError, match=message):
        call()


def test_sizes_that_do_not_fit_are_named():
    n, m = size("n"), size("m")
    wiring = Wiring()
    x, A = wiring.input(Tensor("x", [n])), wiring.input(Tensor("A", [m, m]))
    with pytest.raises(WiringError, match=r"matvec: size n is m by another input and n by x of shape \(n,\)"):
        wiring.apply(ops.operation("matvec"), {"A": A, "x": x})
