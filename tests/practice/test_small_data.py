"""Neighbours, folds and components by hand, against NumPy, and from the shell."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from derive.cli import main
from derive.practice.small_data import DataError, folds, nearest, principal_components

POINTS = [(1, 2), (3, 1), (0, 0), (4, 4)]


@pytest.mark.parametrize(
    ("k", "winner", "tied"),
    [
        # squared distances to (1, 1): 1, 4, 2, 18
        pytest.param(1, "a", False, id="one"),
        pytest.param(2, None, False, id="a tie of votes"),
        pytest.param(3, "b", False, id="three"),
    ],
)
def test_neighbours_by_hand(k, winner, tied):
    vote = nearest(POINTS, ["a", "b", "b", "a"], (1, 1), k)
    assert [int(one.distance) for one in vote.neighbours] == [1, 2, 4, 18]
    assert (vote.winner, vote.tied) == (winner, tied)


def test_equal_distances_are_said():
    assert nearest([(0,), (2,)], ["a", "b"], (1,), 1).tied


@pytest.mark.parametrize(("n", "k"), [(10, 5), (7, 3), (150, 5), (11, 11), (13, 4)])
def test_folds_cover_everything_once_and_evenly(n, k):
    made = folds(n, k)
    assert [one for fold in made for one in fold] == list(range(1, n + 1))
    assert max(map(len, made)) - min(map(len, made)) <= 1
    assert len(made) == k


@pytest.mark.parametrize("seed", range(4))
def test_components_against_the_singular_values(seed):
    random = np.random.default_rng(seed)
    data = random.integers(-5, 6, size=(7, 3))
    found = principal_components([tuple(map(int, row)) for row in data])
    centred = data - data.mean(axis=0)
    _, values, directions = np.linalg.svd(centred)
    np.testing.assert_allclose(found.variances, values**2 / 7, rtol=1e-9, atol=1e-12)
    for mine, other in zip(found.directions, directions, strict=True):
        assert abs(np.dot(mine, other)) == pytest.approx(1, rel=1e-9)
    assert found.rank == np.linalg.matrix_rank(centred)


@pytest.mark.parametrize(
    ("points", "rank"),
    [
        pytest.param([(1, 1), (2, 2), (5, 5)], 1, id="a line"),
        pytest.param([(2, 2), (2, 2)], 0, id="one point twice"),
        pytest.param([(0, 0, 1), (1, 0, 1), (0, 1, 1)], 2, id="a plane"),
    ],
)
def test_rank(points, rank):
    assert principal_components(points).rank == rank


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda: nearest(POINTS, "abab", (1,), 1), "same number of coordinates", id="sizes"),
        pytest.param(lambda: nearest(POINTS, "abab", (1, 1), 5), "k has to be from 1 to 4", id="k"),
        pytest.param(lambda: folds(3, 4), "from 2 to 3 folds", id="folds"),
        pytest.param(lambda: principal_components([(1, 2)]), "at least two points", id="one point"),
    ],
)
def test_messages(call, message):
    with pytest.raises(DataError, match=message):
        call()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["knn", "1,1", "--point", "1,2:a", "--point", "3,1:b", "-k", "1"], "Class: a", id="knn"),
        pytest.param(["folds", "7", "3"], "fold 2: tested on 4 to 5 (2), trained on the other 5", id="folds"),
        pytest.param(["pca", "1,1", "2,2", "-3,-3"], "rank 1", id="pca"),
    ],
)
def test_the_commands(arguments, said):
    result = CliRunner().invoke(main, ["data", *arguments])
    assert result.exit_code == 0, result.output
    assert said in result.output
    json.loads(CliRunner().invoke(main, ["data", *arguments, "--format", "json"]).output)


@pytest.mark.parametrize(
    "arguments",
    [["knn", "1,1", "--point", "1,2"], ["knn", "x", "--point", "1:a"], ["folds", "3", "9"], ["pca", "1"]],
)
def test_bad_calls_end_in_one_line(arguments):
    result = CliRunner().invoke(main, ["data", *arguments])
    assert result.exit_code == 2
    assert "unforeseen" not in result.output
