"""Every operation answers every question, or says why it has no answer."""

import pytest

from derive import execution, ops
from derive.derivation import derive_gradient
from derive.rendering import catalogue

NAMES = ops.names()


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_is_empty_without_a_reason(name):
    operation = ops.operation(name)
    row = catalogue.Row(operation)
    answers = row.as_dict()
    assert answers["definition"]
    assert answers["source"]
    assert answers["summary"]
    assert answers["elementwise"] or len(answers["output_shape"]) == operation.output.rank
    for given in operation.inputs:
        assert given.differentiable or answers["why_no_gradient"][given.name]
        learned = given.parameter or given.name in {one["input"] for one in answers["depends_on"]}
        assert learned or not given.differentiable, f"what the output depends on of {given.name}"
    for kind in ("multiplications", "additions", "divisions", "function_evaluations", "comparisons"):
        assert answers[kind] is not None or answers["why_not_counted"]
    assert answers["parameter_count"]["text"]
    assert set(execution.find(name).inputs) == {given.name for given in operation.inputs}


@pytest.mark.parametrize("name", NAMES)
def test_a_card_has_a_heading_for_every_question(name):
    card = catalogue.as_card(catalogue.Row(ops.operation(name)))
    for heading in ("Definition", "Inputs", "Output", "Parameters", "Operations per", "Source"):
        assert f"\n{heading}" in card
    assert ":func:" not in card


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        pytest.param(
            "conv1d",
            ["L_out = floor((L + 2 p - 1 - d (k - 1))/s) + 1", "C O k + O", "multiplications: C L_out N O k"],
            id="convolution",
        ),
        pytest.param("gaussian_nll_full", ["not counted: an inverse or a determinant"], id="no count"),
        pytest.param("cross_entropy_index", ["c: an index: it chooses"], id="no gradient"),
        pytest.param("max_pool1d", ["comparisons: C L_out N k - C L_out N"], id="comparisons"),
    ],
)
def test_what_a_card_says(name, lines):
    card = catalogue.as_card(catalogue.Row(ops.operation(name)))
    for line in lines:
        words = sorted(line.split())
        assert line in card or any(sorted(shown.split()) == words for shown in card.splitlines()), card


@pytest.mark.parametrize("name", [name for name in NAMES if ops.operation(name).differentiable])
def test_every_gradient_by_a_parameter_is_derived(name):
    operation = ops.operation(name)
    for given in operation.parameters:
        assert derive_gradient(operation, given.name, upstream=True).steps
