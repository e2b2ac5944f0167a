"""Every definition says all it has to, and its statements compute what the executor computes."""

import numpy as np
import pytest
import sympy as sp

from derive import execution, ops
from derive.derivation import derive_gradient
from derive.derivation.derivation import _filled
from derive.ops.definition import ENTRIES, Definition, Entry, axes
from derive.tensor.nodes import Sum
from derive.tensor.numeric import compile_statements
from derive.verification.samples import draw, settings_of

NAMES = ops.names()


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_is_documented(name):
    operation = ops.operation(name)
    assert operation.summary.endswith(".")
    assert any(character.isdigit() for character in operation.source), "the source has a year"
    assert all(given.meaning for given in operation.inputs)


@pytest.mark.parametrize("name", NAMES)
def test_the_executor_has_the_same_operation(name):
    """Inputs and settings of both rooms agree by name."""
    operation, executed = ops.operation(name), execution.find(name)
    assert set(operation.by_name) == set(executed.inputs)
    by_keyword = {operation.keywords[symbol]: float(v) for symbol, v in operation.settings.items()}
    defaults = {key: executed.settings[key] for key in by_keyword}
    # None is worked out from the other settings: a window slides by its own size.
    defaults |= {key: by_keyword["kernel"] for key, value in defaults.items() if value is None}
    assert by_keyword == defaults


def test_the_executor_has_no_other_operations():
    assert set(execution.names()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_statements_compute_the_executors_forward(name, rng):
    operation = ops.operation(name)
    statements = [_filled(one, operation.constants) for one in operation.program.statements]
    compiled = compile_statements(
        operation.program.inputs,
        statements,
        [symbol.name for symbol in operation.settings],
        operation.program.derived_sizes,
    )
    for setting in settings_of(operation):
        inputs = draw(operation, setting, rng)
        found = compiled(inputs, **setting.parameters)
        np.testing.assert_allclose(
            found, execution.forward(name, inputs, **setting.keywords), rtol=1e-10, atol=1e-13
        )


def test_unknown_operation_suggests_near_names():
    with pytest.raises(ops.UnknownOperationError, match="unknown operation 'sofmax'; did you mean softmax"):
        ops.operation("sofmax")


def test_a_new_operation_is_one_definition(rng):
    """The test of the design: RMS norm in a few lines, and its gradient right without anything else."""

    def rms_norm(define: Definition) -> None:
        """Divides by the root of the mean square."""
        i, j = axes("i j", "n")
        x = define.input("x", i, meaning="any numbers")
        gamma = define.input("gamma", i, meaning="the scale", parameter=True)
        eps = define.setting("eps", 1)
        r = define.let("r", (Sum(x[j] ** 2, j) / i.size + eps) ** sp.Rational(-1, 2))
        xhat = define.let("xhat", x[i] * r(), i)
        define.let("y", gamma[i] * xhat[i], i)

    operation = Entry(
        "rms_norm_of_a_row", "normalisation", "Zhang and Sennrich (2019)", "", rms_norm
    ).operation()
    x, gamma, g = rng.normal(size=(3, 5))
    gamma[2] = 0  # a scale that may be zero must not be divided by

    def loss(values):
        root = np.sqrt(sum(v * v for v in values) / 5 + 0.3)
        return sum(g[k] * gamma[k] * values[k] / root for k in range(5))

    step = 1e-30
    expected = [loss([x[k] + (1j * step if k == at else 0) for k in range(5)]).imag / step for at in range(5)]
    found = derive_gradient(operation, "x", upstream=True).numpy(x=x, gamma=gamma, g=g, eps=0.3)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert "rms_norm_of_a_row" not in ENTRIES
