"""Values, gradients, kinks and second derivatives against PyTorch, where it is installed."""

import numpy as np
import pytest

from derive import execution
from derive.verification import torch_sequences

torch = pytest.importorskip("torch")
functional = torch.nn.functional
ATTENTION = [name for name in torch_sequences.counterparts() if name.endswith(("attention", "alignment"))]


def _by_name(name):
    call = torch_sequences.counterparts()[name]
    return lambda *values: call(**dict(zip(execution.find(name).inputs, values, strict=True)))


def _cross_entropy(z, target, **options):
    classes = z.shape[-1]
    flat = target.reshape(-1, classes) if target.is_floating_point() else target.reshape(-1)
    losses = functional.cross_entropy(z.reshape(-1, classes), flat, reduction="none", **options)
    return losses.reshape(z.shape[:-1])


def _multi_margin(z, c):
    losses = functional.multi_margin_loss(z.reshape(-1, z.shape[-1]), c.reshape(-1), reduction="none")
    return z.shape[-1] * losses.reshape(z.shape[:-1])  # PyTorch takes the mean over the classes


def _squares(yhat, y):
    return functional.mse_loss(yhat, y, reduction="none")


TORCH = {
    "identity": torch.nn.Identity(),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": functional.relu,
    "leaky_relu": lambda x, alpha=0.01: functional.leaky_relu(x, alpha),
    "elu": lambda x, alpha=1.0: functional.elu(x, alpha),
    # Beyond its threshold (20) PyTorch returns x itself.
    "softplus": lambda x: functional.softplus(x, threshold=700),
    "silu": functional.silu,
    "gelu": functional.gelu,
    "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "softmax": lambda x: torch.softmax(x, -1),
    "log_softmax": lambda x: torch.log_softmax(x, -1),
    "log_sum_exp": lambda x: torch.logsumexp(x, -1),
    "matvec": lambda A, x: (A @ x[..., None])[..., 0],
    "linear": functional.linear,
    "quadratic_form": lambda x, A: torch.einsum("...i,...ij,...j->...", x, A, x),
    "layer_norm": lambda x, gamma, beta: functional.layer_norm(x, gamma.shape, gamma, beta),
    "rms_norm": lambda x, gamma: functional.rms_norm(x, gamma.shape, gamma, 1e-5),
    "squared_error": lambda yhat, y: _squares(yhat, y).sum(-1),
    "mean_squared_error": lambda yhat, y: _squares(yhat, y).mean(-1),
    "half_squared_error": lambda yhat, y: _squares(yhat, y).sum(-1) / 2,
    "half_mean_squared_error": lambda yhat, y: _squares(yhat, y).mean(-1) / 2,
    "absolute_error": lambda yhat, y: functional.l1_loss(yhat, y, reduction="none").sum(-1),
    "mean_absolute_error": lambda yhat, y: functional.l1_loss(yhat, y, reduction="none").mean(-1),
    "huber": lambda yhat, y: functional.huber_loss(yhat, y, reduction="none").sum(-1),
    "hinge": lambda z, y: torch.clamp(1 - y * z, min=0).sum(-1),
    "multiclass_hinge": _multi_margin,
    "label_smoothing": lambda z, y: _cross_entropy(z, y, label_smoothing=0.1),
    "kl_divergence": lambda p, q: functional.kl_div(q.log(), p, reduction="none").sum(-1),
    "binary_cross_entropy": lambda p, y: functional.binary_cross_entropy(p, y, reduction="none").sum(-1),
    "binary_cross_entropy_logits": lambda z, y: functional.binary_cross_entropy_with_logits(
        z, y, reduction="none"
    ).sum(-1),
    "cross_entropy": _cross_entropy,
    "cross_entropy_index": _cross_entropy,
    **{name: _by_name(name) for name in ATTENTION},
}


def _tensors(inputs):
    return [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in inputs.values()]


def _for_torch(name, inputs):
    # PyTorch has no derivative by the target of BCE unless it lies in [0, 1].
    if name.startswith("binary"):
        inputs["y"] = 1 / (1 + np.exp(-inputs["y"]))
    return inputs


@pytest.mark.parametrize("batch", [(), (7,), (2, 11)], ids=str)
@pytest.mark.parametrize("name", TORCH)
def test_value_and_gradients_are_those_of_torch(name, batch, make_inputs, make_upstream, relative_error):
    inputs = _for_torch(name, make_inputs(name, batch))
    upstream = make_upstream(name, inputs)
    tensors = _tensors(inputs)
    result = TORCH[name](*tensors)
    result.backward(torch.tensor(upstream))
    assert relative_error(execution.forward(name, inputs), result.detach().numpy()) < 1e-12
    for (key, gradient), tensor in zip(
        execution.backward(name, inputs, upstream).items(),
        (t for t in tensors if t.requires_grad),
        strict=True,
    ):
        assert relative_error(gradient, tensor.grad.numpy()) < 1e-10, key


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu"])
def test_convention_at_the_kink_is_that_of_torch(name):
    settings = {} if name == "relu" else {"alpha": 0.37}
    x = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    TORCH[name](x, **settings).sum().backward()
    actual = execution.backward(name, {"x": np.zeros(2)}, np.ones(2), **settings)["x"]
    np.testing.assert_array_equal(actual, x.grad.numpy())


LARGE = np.array([-1e3, -40.0, -10.0, 0.5, 10.0, 40.0, 1e3])


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("name", [n for n in TORCH if execution.find(n).inputs == ("x",)])
def test_large_arguments(name, dtype):
    inputs = {"x": LARGE.astype(dtype)}
    tensor = torch.tensor(inputs["x"], requires_grad=True)
    result = TORCH[name](tensor)
    result.backward(torch.ones_like(result))
    tolerance = 1e-6 if dtype == np.float32 else 1e-12
    actual = execution.forward(name, inputs)
    gradient = execution.backward(name, inputs, np.ones_like(actual))["x"]
    np.testing.assert_allclose(actual, result.detach().numpy(), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=tolerance, atol=tolerance)


SECOND = ["sigmoid", "tanh", "softplus", "silu", "gelu", "gelu_tanh", "softmax", "log_softmax", "log_sum_exp",
          "quadratic_form", "cross_entropy", "cross_entropy_index"]  # fmt: skip


@pytest.mark.parametrize("name", SECOND)
def test_second_derivatives_are_those_of_torch(name, make_inputs, make_upstream, relative_error):
    inputs = make_inputs(name)
    if not inputs[next(iter(inputs))].shape:  # an activation: make it a vector
        inputs = {"x": np.linspace(-2, 2, 5)}
    upstream = make_upstream(name, inputs)
    wrt = next(iter(inputs))
    tensors = _tensors(inputs)

    def scalar(first):
        return (torch.tensor(upstream) * TORCH[name](first, *tensors[1:])).sum()

    expected = torch.autograd.functional.hessian(scalar, tensors[0]).numpy()
    method = "complex-step" if execution.find(name).analytic else "five-point"
    actual = execution.jacobian(
        lambda values: execution.backward(name, values, upstream)[wrt], inputs, wrt, method
    )
    assert relative_error(actual, expected) < (1e-10 if method == "complex-step" else 1e-8)
