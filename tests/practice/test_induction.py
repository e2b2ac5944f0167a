"""Recurrences and claims as students write them."""

import pytest

from derive.derivation.induction import prove
from derive.graphs.scalar import GraphError
from derive.practice.induction import read_theorem

BALL = [r"\theta^{k+1} = \theta^k - \alpha v^{k+1}", r"v^{k+1} = g^k + \beta v^k"]
OTHER = [r"u^{k+1} = u^k - \alpha g^k + \beta (u^k - w^k)", "w^{k+1} = u^k"]
STARTS = [r"\theta_0 = a", "v_0 = 0", "u_0 = a", "w_0 = a"]

ROWS = [
    pytest.param(
        ["v_{k+1} = b v_k + g"], ["v_0 = 0"], [r"v_k = g \frac{1 - b^k}{1 - b}"], "proved", id="velocity"
    ),
    pytest.param(
        ["v_{k+1} = 0.9 v_k + g"], ["v_0 = 0"], ["v_k = 10 g (1 - 0.9^k)"], "proved", id="plain text"
    ),
    pytest.param(["v_{k+1} = 0.9 v_k + g"], ["v_0 = 0"], ["v_k = 9 g (1 - 0.9^k)"], "refuted", id="slip"),
    pytest.param(["s_n = s_{n-1} + n"], ["s_0 = 0"], ["s_n = n (n + 1)/2"], "proved", id="from n - 1 to n"),
    pytest.param(["s_n = s_{n-1} + n"], ["s_1 = 1"], ["s_n = n (n + 1)/2"], "proved", id="from 1 on"),
    pytest.param(
        [r"m_k = \beta m_{k-1} + (1 - \beta) g_k"],
        ["m_0 = 0"],
        [r"m_k = (1 - \beta) \sum_{i=1}^{k} \beta^{k-i} g_i"],
        "proved",
        id="moving average",
    ),
    pytest.param(
        [r"m_k = \beta m_{k-1} + (1 - \beta) g_k"],
        ["m_0 = 0"],
        [r"m_k = (1 - \beta) \sum_{i=1}^{k} \beta^{i} g_i"],
        "refuted",
        id="moving average, the weights turned round",
    ),
    pytest.param(
        BALL + OTHER, STARTS, [r"\theta^k = u^k", r"u^k - w^k = -\alpha v^k"], "proved", id="K1: heavy ball"
    ),
    pytest.param(
        BALL + OTHER,
        STARTS,
        [r"\theta^k = u^k", r"u^k - w^k = \alpha v^k"],
        "refuted",
        id="K1 with a sign lost",
    ),
]


@pytest.mark.parametrize(("recurrences", "starts", "claims", "verdict"), ROWS)
def test_as_written(recurrences, starts, claims, verdict):
    assert prove(read_theorem(recurrences, starts, claims)).verdict == verdict


@pytest.mark.parametrize(
    ("recurrences", "starts", "claims", "message"),
    [
        pytest.param(["v = 2"], ["v_0 = 0"], ["v = 2"], "on the left here is v", id="no sequence"),
        pytest.param(["v_{k+1} = v_k"], [], ["v_k = 0"], "the first terms are missing", id="no start"),
        pytest.param(["v_{k+1} = v_k"], ["v_0 = 0"], [], "a claim is missing", id="no claim"),
        pytest.param(["v_{k+1} = v_{k-1}"], ["v_0 = 0"], ["v_k = 0"], "a name of its own", id="two back"),
        pytest.param(
            ["v_{k+1} = v_k", "u_{n+1} = u_n"], ["v_0 = 0"], ["v_k = 0"], "use one letter", id="two letters"
        ),
        pytest.param(["v_{k+1} = \\tanh v_k"], ["v_0 = 0"], ["v_k = 0"], "may hold sums", id="a function"),
    ],
)
def test_messages(recurrences, starts, claims, message):
    with pytest.raises(GraphError, match=message):
        read_theorem(recurrences, starts, claims)
