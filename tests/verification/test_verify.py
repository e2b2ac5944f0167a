"""The witnesses agree on every operation, and a wrong one is noticed."""

import json

import numpy as np
import pytest

from derive import execution, ops
from derive.execution import registry
from derive.verification import TOLERANCES, torch_witness, verify
from derive.verification.samples import draw, settings_of
from derive.verification.verify import Verification, relative_error


def rows():
    """What has three axes is defined with its siblings of one and two, and is for the slow set."""
    for name in ops.names():
        volumes = any(
            given.tensor is not None and given.tensor.rank > 4 for given in ops.operation(name).inputs
        )
        yield pytest.param(name, marks=pytest.mark.slow if volumes else ())


@pytest.mark.parametrize("name", list(rows()))
def test_all_witnesses_agree(name):
    found = list(verify(ops.operation(name)))
    assert {one.wrt for one in found} == {given.name for given in ops.operation(name).differentiable}
    assert len({one.setting for one in found}) == (
        1 if not ops.operation(name).program.sizes() and not ops.operation(name).settings else 3
    )
    for one in found:
        assert one.agrees, one
        assert "hand-written" in one.witnesses or one.order == 2
        assert {"complex step", "five-point"} & set(one.witnesses)
        if torch_witness.available() and one.order == 1:
            assert "PyTorch" in one.witnesses
        json.dumps(one.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("name", "kinks"),
    [
        ("relu", lambda x: x),
        ("absolute_error", lambda yhat, y: yhat - y),
        ("huber", lambda yhat, y: np.concatenate([abs(yhat - y) - 1, yhat - y])),
        ("hinge", lambda z, y: 1 - z * y),
        ("multiclass_hinge", lambda z, c: 1 + z - z[c]),
    ],
)
def test_samples_keep_away_from_kinks(name, kinks):
    one = ops.operation(name)
    setting = next(settings_of(one))
    for seed in range(300):
        drawn = draw(one, setting, np.random.default_rng(seed))
        assert np.abs(kinks(**drawn)).min() > 0.01


@pytest.mark.parametrize("name", ["tanh", "softmax", "cross_entropy", "quadratic_form"])
def test_second_derivatives_are_verified(name):
    assert any(one.order == 2 for one in verify(ops.operation(name)))


def test_a_wrong_backward_is_noticed(monkeypatch):
    real = execution.backward

    def wrong(name, inputs, upstream, **settings):
        return {key: value * (1 + 1e-9) for key, value in real(name, inputs, upstream, **settings).items()}

    monkeypatch.setattr(execution, "backward", wrong)
    found = [one for one in verify(ops.operation("tanh")) if one.order == 1]
    assert found
    assert not any(one.agrees for one in found)
    assert all(one.witnesses["complex step"] <= TOLERANCES["complex step"] for one in found)


@pytest.mark.parametrize(
    ("derived", "witness", "expected"),
    [
        pytest.param([1.0, 2.0], [1.0, 2.2], 0.2 / 2.2, id="relative to the largest entry"),
        pytest.param([0.0], [0.0], 0.0, id="both zero"),
        pytest.param([1.0, 2.0], [1.0], np.inf, id="shapes differ"),
        pytest.param([np.nan], [1.0], np.inf, id="not a number"),
    ],
)
def test_relative_error(derived, witness, expected):
    assert relative_error(np.array(derived), np.array(witness)) == pytest.approx(expected)


def test_the_registry_is_the_one_verified():
    assert registry.names() == execution.names()


def test_a_witness_of_another_shape_disagrees_and_is_written_as_json():
    error = relative_error(np.zeros(3), np.zeros(2))
    found = Verification("softmax", "x", 1, "n = 3", {"hand-written": error}, {})
    assert not found.agrees
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["witnesses"] == {"hand-written": None}
