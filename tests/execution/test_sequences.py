"""Attention, recurrent networks and shaping: values by hand, masks, and what a wrong call is told."""

import numpy as np
import pytest

from derive import execution


def _softmax_by_hand(row):
    return [np.exp(one) / sum(np.exp(other) for other in row) for one in row]


def test_masked_weights_are_exactly_zero(rng):
    Q, K, V = rng.normal(size=(3, 5)), rng.normal(size=(7, 5)), rng.normal(size=(7, 2))
    mask = rng.random((3, 7)) < 0.5
    mask[:, 2] = True
    weights = execution.forward("masked_attention", {"Q": Q, "K": K, "V": np.eye(7), "M": mask})
    assert (weights[~mask] == 0).all()
    for i in range(3):
        scores = [Q[i] @ K[j] / np.sqrt(5) for j in range(7) if mask[i, j]]
        np.testing.assert_allclose(weights[i, mask[i]], _softmax_by_hand(scores), rtol=1e-13)
    np.testing.assert_allclose(
        execution.forward("masked_attention", {"Q": Q, "K": K, "V": V, "M": mask}), weights @ V
    )


@pytest.mark.parametrize("dtype", [bool, int, float])
def test_a_mask_may_be_of_any_type_that_says_yes_and_no(dtype, rng):
    inputs = {"Q": rng.normal(size=(3, 2)), "K": rng.normal(size=(5, 2)), "V": rng.normal(size=(5, 7))}
    mask = np.arange(15).reshape(3, 5) % 2 == 0
    expected = execution.forward("masked_attention", {**inputs, "M": mask})
    np.testing.assert_array_equal(
        execution.forward("masked_attention", {**inputs, "M": mask.astype(dtype)}), expected
    )


def test_the_causal_mask_is_the_lower_triangle(rng):
    inputs = {"Q": rng.normal(size=(5, 3)), "K": rng.normal(size=(5, 3)), "V": rng.normal(size=(5, 2))}
    mask = [[j <= i for j in range(5)] for i in range(5)]
    np.testing.assert_allclose(
        execution.forward("causal_attention", inputs),
        execution.forward("masked_attention", {**inputs, "M": mask}),
        rtol=1e-14,
    )


def test_huge_masked_scores_do_not_overflow():
    inputs = {"Q": [[1e3]], "K": [[1e3], [0.0]], "V": [[1.0], [2.0]], "M": [[False, True]]}
    assert execution.forward("masked_attention", inputs).tolist() == [[2.0]]


@pytest.mark.parametrize(
    ("name", "inputs", "settings", "message"),
    [
        pytest.param(
            "masked_attention",
            {"Q": np.ones((3, 2)), "K": np.ones((5, 2)), "V": np.ones((5, 7)), "M": np.ones((5, 3))},
            {},
            "masked_attention: M is 5x3 and needs Q to end in 5x2; Q ends in 3x2",
            id="a mask that is turned",
        ),
        pytest.param(
            "masked_attention",
            {"Q": np.ones((3, 2)), "K": np.ones((5, 2)), "V": np.ones((5, 7)), "M": np.ones((3, 5)) / 2},
            {},
            "masked_attention: M is a mask and must hold True and False, or 1 and 0",
            id="a mask of halves",
        ),
        pytest.param(
            "masked_attention",
            {"Q": np.ones((3, 2)), "K": np.ones((5, 2)), "V": np.ones((5, 7)),
             "M": [[1] * 5, [0] * 5, [1] * 5]},
            {},
            "masked_attention: the mask leaves row 1 (of 3, counted from 0) none of its 5 keys",
            id="a row without keys",
        ),
        pytest.param(
            "embedding",
            {"E": np.ones((5, 2)), "c": [0, 5]},
            {},
            "embedding: there is a token 5; the table has 5 rows, numbered 0 to 4",
            id="a token beyond the table",
        ),
        pytest.param(
            "reshape",
            {"x": np.ones((3, 5))},
            {"rows": 4},
            "reshape: 3 x 5 are 15 entries, which 4 rows do not share evenly; rows has to divide 15",
            id="rows that do not divide",
        ),
        pytest.param(
            "dropout_not_inverted_eval",
            {"x": [1.0]},
            {"p": 1.5},
            "p, the probability of dropping, must be at least 0 and below 1; it is 1.5",
            id="a probability above 1",
        ),
    ],
)  # fmt: skip
def test_a_wrong_call_is_told_what_would_fit(name, inputs, settings, message):
    with pytest.raises(execution.ExecutionError) as caught:
        execution.forward(name, inputs, **settings)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_steps_are_the_cell_again_and_again(name, rng):
    """For the states; the memory of the LSTM is carried by hand here."""
    shapes = {"W": (2, 3), "U": (2, 2), "b": (2,), "a": (2,)}
    names = [one for one in execution.find(name).inputs if one != "x"]
    kinds = {"W_xh": "W", "W_hh": "U"}
    of = {one: rng.normal(size=shapes[kinds.get(one, one[0])]) for one in names}
    x = rng.normal(size=(5, 3))
    h, c, expected = np.zeros(2), np.zeros(2), []
    for row in x:
        if name == "lstm":
            i, f, o = (
                1 / (1 + np.exp(-(of[f"W_{g}"] @ row + of[f"U_{g}"] @ h + of[f"b_{g}"]))) for g in "ifo"
            )
            c = f * c + i * np.tanh(of["W_u"] @ row + of["U_u"] @ h + of["b_u"])
            h = o * np.tanh(c)
        else:
            h = execution.forward(f"{name}_cell", {"x": row, "h": h, **of})
        expected.append(h)
    np.testing.assert_allclose(execution.forward(name, {"x": x, **of}), expected, rtol=1e-12)


def test_embedding_adds_up_what_a_repeated_token_gets():
    upstream = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])
    gradient = execution.backward("embedding", {"E": np.zeros((4, 2)), "c": [2, 0, 2]}, upstream)["E"]
    assert gradient.tolist() == [[10, 20], [0, 0], [101, 202], [0, 0]]


def test_flatten_runs_the_last_index_fastest():
    x = np.arange(24).reshape(2, 1, 3, 4)
    assert execution.forward("flatten", {"x": x})[1].tolist() == list(range(12, 24))


def test_interpolation_by_hand():
    """Twice as many places fall on -1/4, 1/4, 3/4 and 5/4, the first and the last on the ends."""
    line = np.array([[[0.0, 4.0]]])
    assert execution.forward("linear_upsampling", {"x": line}, L_out=4).tolist() == [[[0, 1, 3, 4]]]
    image = np.array([[[[0.0, 4.0], [8.0, 12.0]]]])
    assert execution.forward("bilinear_upsampling", {"x": image}, H_out=1, W_out=4).tolist() == [
        [[[4, 5, 7, 8]]]
    ]
    upstream = np.array([[[1.0, 2.0, 3.0, 4.0]]])
    given = execution.backward("linear_upsampling", {"x": line}, upstream, L_out=4)
    assert given["x"].tolist() == [[[1 + 2 * 0.75 + 3 * 0.25, 2 * 0.25 + 3 * 0.75 + 4]]]


def test_upsampling_repeats_along_rows_and_columns():
    x = np.array([[[[1.0, 2.0]]]])
    assert execution.forward("nearest_upsampling", {"x": x}, factor=2)[0, 0].tolist() == [
        [1, 1, 2, 2],
        [1, 1, 2, 2],
    ]


def test_positions_with_base_100_and_an_odd_width():
    """Vaswani et al., section 3.5; the last column of an odd width is a sine without its cosine."""
    found = execution.forward("positional_encoding", {"x": np.zeros((3, 5))}, base=100)
    for p in range(3):
        for c in range(5):
            angle = p / 100 ** ((c - c % 2) / 5)
            assert found[p, c] == pytest.approx(np.cos(angle) if c % 2 else np.sin(angle))


def test_dropout_in_evaluation_is_the_mean_over_all_masks():
    """Of two units there are four masks; one that keeps k of them has weight (3/4)^k (1/4)^(2-k)."""
    x, p = np.array([3.0, -5.0]), 0.25
    mean = sum(
        (1 - p) ** (a + b)
        * p ** (2 - a - b)
        * execution.forward("dropout_not_inverted", {"x": x, "m": [a, b]})
        for a in (0, 1)
        for b in (0, 1)
    )
    np.testing.assert_allclose(execution.forward("dropout_not_inverted_eval", {"x": x}, p=p), mean)


def test_steps_from_a_state_go_on_where_others_stopped(relative_error):
    """Five steps at once, and the last three of them from the state after two; the gradient goes on too."""
    rng = np.random.default_rng(3)
    shapes = {"W_xh": (4, 3), "W_hh": (4, 4), "b": (4,)}
    parameters = {key: rng.standard_normal(shape) for key, shape in shapes.items()}
    x, upstream = rng.standard_normal((5, 3)), rng.standard_normal((5, 4))
    whole = execution.forward("rnn", {"x": x, **parameters})
    rest = {"x": x[2:], "h_0": whole[1], **parameters}
    assert relative_error(execution.forward("rnn_from_state", rest), whole[2:]) < 1e-14
    later = execution.backward("rnn_from_state", rest, upstream[2:])
    seed = upstream[:2].copy()
    seed[1] += later["h_0"]
    first = execution.backward("rnn", {"x": x[:2], **parameters}, seed)
    every = execution.backward("rnn", {"x": x, **parameters}, upstream)
    for key in parameters:
        assert relative_error(first[key] + later[key], every[key]) < 1e-13, key
