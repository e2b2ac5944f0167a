"""Optimisers run for several steps: against PyTorch's own, by hand, and with messages that help."""

import numpy as np
import pytest
import sympy as sp

from derive.graphs.scalar import GraphError
from derive.practice.expression_graph import read_graph, read_point
from derive.practice.optimise import find_optimiser, optimisers, run_on_gradients, run_on_loss

GRADIENTS = [0.5, -1.25, 2.0, 0.75, -0.0625, 1.5, -3.0]
LOSS = "x^4/4 - x^2 y + 3 y^2/2 + sin(x)"
START = ["x=1.5", "y=-0.75"]


def _torch_kinds():
    from torch import optim

    return {
        "gradient_descent": (optim.SGD, {"lr": 0.01}),
        "heavy_ball": (optim.SGD, {"lr": 0.01, "momentum": 0.9}),
        "momentum": (optim.SGD, {"lr": 0.01, "momentum": 0.9}),
        "momentum_velocity": (optim.SGD, {"lr": 0.01, "momentum": 0.9}),
        "nesterov_shifted": (optim.SGD, {"lr": 0.01, "momentum": 0.9, "nesterov": True}),
        "adagrad": (optim.Adagrad, {"lr": 0.01, "eps": 1e-8}),
        "rmsprop": (optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": 1e-8}),
        "adadelta": (optim.Adadelta, {"lr": 1.0, "rho": 0.9, "eps": 1e-6}),
        "adam": (optim.Adam, {"lr": 0.001}),
        "adamw": (optim.AdamW, {"lr": 0.001, "weight_decay": 0.01}),
    }


# What is called nesterov here moves another variable than PyTorch's, which is tested by itself below.
@pytest.mark.parametrize("name", [one for one in optimisers() if one != "nesterov"])
def test_given_gradients_as_in_torch(name):
    torch = pytest.importorskip("torch")
    kind, options = _torch_kinds()[name]
    theta = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    optimiser, expected = kind([theta], **options), []
    for gradient in GRADIENTS:
        theta.grad = torch.tensor([gradient], dtype=torch.float64)
        optimiser.step()
        expected.append(theta.item())
    run = run_on_gradients(find_optimiser(name), [sp.Rational(g) for g in GRADIENTS], sp.Integer(2))
    found = [float(step.after) for step in run.steps["theta"]]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def _torch_loss(x, y):
    return x**4 / 4 - x**2 * y + 3 * y**2 / 2 + x.sin()


@pytest.mark.parametrize("name", [one for one in optimisers() if one != "nesterov"])
def test_on_a_loss_as_in_torch(name):
    torch = pytest.importorskip("torch")
    kind, options = _torch_kinds()[name]
    x, y = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (1.5, -0.75))
    optimiser, losses = kind([x, y], **options), []
    for _ in range(5):
        optimiser.zero_grad()
        loss = _torch_loss(x, y)
        losses.append(loss.item())
        loss.backward()
        optimiser.step()
    start = read_point(START)
    run = run_on_loss(find_optimiser(name), read_graph(LOSS, start), start, 5)
    np.testing.assert_allclose([float(v) for v in run.losses[:5]], losses, rtol=1e-12)
    np.testing.assert_allclose(
        [float(run.steps[one][-1].after) for one in "xy"], [x.item(), y.item()], rtol=1e-12
    )


def test_nesterov_takes_the_gradient_ahead():
    """theta^2/2 from 1 with eta = 0.1 and alpha = 0.9, by a loop of its own."""
    theta, v = 1.0, 0.0
    for _ in range(30):
        v = 0.9 * v - 0.1 * (theta + 0.9 * v)
        theta += v
    start = read_point(["theta=1"])
    run = run_on_loss(
        find_optimiser("nesterov"), read_graph("theta^2/2", start), start, 30, {"eta": sp.Rational(1, 10)}
    )
    assert float(run.steps["theta"][-1].after) == pytest.approx(theta, rel=1e-12)


def test_nesterovs_point_ahead_is_the_parameter_of_torch():
    torch = pytest.importorskip("torch")
    x = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([x], lr=0.01, momentum=0.9, nesterov=True)
    expected = [x.item()]
    for _ in range(4):
        optimiser.zero_grad()
        (x**4 / 4).backward()
        optimiser.step()
        expected.append(x.item())
    start = read_point(["x=1.5"])
    run = run_on_loss(find_optimiser("nesterov"), read_graph("x^4/4", start), start, 5)
    found = [float(step.found["theta_ahead"]) for step in run.steps["x"]]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_average_of_a_constant_gradient():
    """K3 of the course notes: with beta = 0.9 it is 0.1, 0.19, 0.271, ...; corrected it is 1 throughout."""
    run = run_on_gradients(find_optimiser("adam"), [sp.Integer(1)] * 5)
    assert [step.found["m'"] for step in run.steps["theta"]] == [
        sp.Rational(one) for one in ("0.1", "0.19", "0.271", "0.3439", "0.40951")
    ]
    assert [step.found["mhat"] for step in run.steps["theta"]] == [1] * 5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda: find_optimiser("adm"), "did you mean adam", id="unknown optimiser"),
        pytest.param(
            lambda: run_on_gradients(find_optimiser("adam"), [sp.S.One], settings={"beta": sp.S.One}),
            "no hyper-parameter 'beta'; it takes eta, beta_1, beta_2, eps",
            id="unknown hyper-parameter",
        ),
        pytest.param(
            lambda: run_on_loss(find_optimiser("adam"), read_graph("x y", ["x", "y"]), {"x": sp.S.One}, 1),
            "the start of y is missing",
            id="no start",
        ),
        pytest.param(
            lambda: run_on_loss(find_optimiser("adam"), read_graph("x", ["x"]), {"x": sp.S.One}, 0),
            "from 1 to",
            id="no step",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises(GraphError, match=message):
        call()
