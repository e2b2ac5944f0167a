"""The solver's results of problems in the bank, against values got without it: by hand, or by NumPy below."""

import numpy as np
import pytest

from derive.bank import find_problem
from derive.practice.solve import solve

E, LN = np.exp, np.log
x, y = np.array([4.0, 8, 6, 10]), np.array([1.0, 0, 1, 1])
f = np.array([0.8, 0.3, 0.4, 0.9])
# a GRU step: z and r from their sums by hand, then the candidate
keep, (r1, r2) = 1 - 1 / (1 + E([-0.5, 3])), 1 / (1 + E([1, 2])) * np.array([0.5, -1])
gru = keep * np.array([0.5, -1]) + (1 - keep) * np.tanh([r1 - r2, r2 - 1])

ROWS = [
    # K of the course notes
    ("optimisers/average-of-a-constant", "b", [0.1, 0.19, 0.271, 0.3439, 0.40951]),
    ("optimisers/average-of-a-constant", "c", [1, 1, 1, 1, 1]),
    ("optimisers/heavy-ball-two-forms", "d", 0.72),
    ("optimisers/heavy-ball-two-forms", "e", 0.72),
    ("optimisers/nesterov", "c", 0.495),
    ("optimisers/adaptive-rates", "b", 0.08),
    ("optimisers/adaptive-rates", "d", 0.4 / 2.41**0.5),
    ("optimisers/adam-first-steps", "e", 0.001 * (0.08 / 0.19) / (0.004996 / 0.001999) ** 0.5),
    ("optimisers/cosine-schedule", "a", [0.06 + 0.04 * np.cos(np.pi * t / 4) for t in (1, 2, 3, 4)]),
    # D
    ("threshold/gates", "b", [0, 0, 0, 1]),
    ("threshold/gates", "d", [0, 1, 1, 1]),
    ("threshold/xor-two-hidden-units", "c", [0, 1, 1, 0]),
    ("threshold/four-detectors", "b", np.eye(4)),
    ("threshold/four-detectors", "c", [0, 1, 1, 0]),
    ("threshold/perceptron-rule", "d", [0, 1, -4]),
    ("threshold/unit-counts", "a", 33),
    ("threshold/unit-counts", "b", 16),
    ("threshold/unit-counts", "c", 12),
    # of other exams; the block by hand
    ("recurrent/gru-step", "d", gru),
    ("graphs/residual-block", "f", [16, 11.5]),
    ("graphs/residual-block", "g", [[0, 0], [6.5, 13]]),
    ("optimisers/one-step", "d", np.array([0.475, -0.475]) - 0.1 / (1 + E(0.75)) * np.array([1, 3])),
    ("optimisers/one-step", "e", 0.25 - 0.1 / (1 + E(0.75))),
    ("convolution/transposed", "a", 5),
    # B
    ("losses/hinge", "b", 2.9),
    ("losses/empirical-risk", "a", ((f - y) ** 2).mean()),
    ("losses/empirical-risk", "c", 0.25),
    ("losses/empirical-risk", "d", -LN([0.8, 0.7, 0.4, 0.9]).mean()),
    ("losses/gaussian-likelihood", "b", x.var()),
    ("losses/gaussian-likelihood", "c", -LN(E(-((x - 7) ** 2) / 10) / (10 * np.pi) ** 0.5).sum()),
    ("losses/gaussian-divergence", "a", (1 + 1 - 1 + 0.25 + E(0.4) - 1.4) / 2),
    ("losses/triplet", "c", 2),
    ("losses/dice", "b", 0.8 / 3.8),
    # H
    ("regression/normal-equations", "c", np.polyfit([1, 2, 3], [1, 1, 4], 1)[::-1]),
    ("regression/ridge", "b", 0.7),
    ("regression/quadratic-form", "b", [-4, -12]),
    ("regression/polynomial-size", "a", 101),
    ("regression/polynomial-size", "b", 10),
    ("regression/taylor", "c", 1 / (1 + E(-0.5)) - (0.5 + 0.125 - 0.125 / 48)),
    # I
    ("initialisation/xavier", "d", (6 / 768) ** 0.5),
    ("initialisation/small-uniform", "a", 1 / 300),
    ("initialisation/small-uniform", "c", 3.0**-10),
    # M, and the rest
    ("compression/weight-sharing", "c", 1 / 4 + 1 / (8 * 16)),
    ("compression/weight-sharing", "d", 0.8),
    ("ensembles/bagging", "b", 1 - 0.9**10),
    ("ensembles/bagging", "c", 1 - 1 / np.e),
    ("activations/tower", "a", np.tanh(5)),  # sigma(z) - sigma(-z) = tanh(z/2)
    ("evaluation/nearest-neighbours", "a", [1, 4, 2, 18]),
    ("evaluation/nearest-neighbours", "b", 2),
    ("evaluation/k-folds", "b", 120),
    ("evaluation/low-rank", "a", 47040),
]


@pytest.mark.parametrize(("problem", "part", "expected"), ROWS, ids=[f"{p} ({part})" for p, part, _ in ROWS])
def test_value(problem, part, expected):
    (answer,) = [one for one in solve(find_problem(problem)) if one.part.id == part]
    np.testing.assert_allclose(np.asarray(answer.value, dtype=float), expected, rtol=1e-12, atol=1e-15)
