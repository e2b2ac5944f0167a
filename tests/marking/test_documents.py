"""Whole documents in several notations: right, right in another form, wrong, hopeless.

Expected verdicts are worked out by hand, or are the figures of the course notes (softmax B1, B2; perceptron
C1; graphs E1, E2; chain G1; batch normalisation J1; counting M1; RNN O1; attention P1).
"""

from __future__ import annotations

import pytest

from derive.marking import Report, check

ACCEPTED = {"correct", "rounded", "definition", "follows"}


def verdict_at(report: Report, line: int) -> set[str]:
    return {claim.verdict for claim in report.claims if claim.line == line}


SOFTMAX = r"""$x = (2.0, 1.0, 0.1)$

$s = (0.66, 0.24, 0.1)$

$$s_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$$

$$J_{ij} = \frac{\partial s_i}{\partial x_j}$$

$$J = \begin{bmatrix} 0.66 & -0.66 & -0.66 \\ -0.66 & 0.66 & -0.66 \\ -0.66 & -0.66 & 0.66 \end{bmatrix}$$

$0.66(1-0.66) = 0.22$
"""


def test_the_softmax_of_the_notes() -> None:
    report = check(SOFTMAX)
    assert verdict_at(report, 3) == {"rounded"}
    assert verdict_at(report, 9) == {"wrong"}
    assert verdict_at(report, 11) == {"rounded"}
    assert report.first_wrong == 9
    assert not report.summary.keys() & {"unread", "undecided"}
    jacobian = next(c for c in report.claims if c.wrong)
    # B2 of the notes, to two places
    assert jacobian.expected == (
        r"\begin{bmatrix} 0.22 & -0.16 & -0.06 \\ -0.16 & 0.18 & -0.02 \\ -0.06 & -0.02 & 0.09 \end{bmatrix}"
    )
    assert jacobian.witness is not None
    assert jacobian.witness["left"] == pytest.approx(0.22472, abs=5e-6)


RIGHT = {
    "softmax, sum to n, entries one by one": r"""
$x_1 = 2.0$, $x_2 = 1.0$, $x_3 = 0.1$
$$s_i = \frac{e^{x_i}}{\sum_{j=1}^3 e^{x_j}}$$
$$s_1 = \frac{e^2}{e^2+e+e^{0.1}} = \frac{7.3}{11.1} = 0.66$$
$s_2 = 0.24$
$$\frac{\partial s_1}{\partial x_2} = -s_1 s_2 = -0.66 \times 0.24 = -0.15$$
""",
    "softmax, n for the size": r"""
$x = (2.0, 1.0, 0.1)$
$$s_i = \frac{\exp(x_i)}{\sum_{k=1}^n \exp(x_k)}$$
$s = (0.659, 0.242, 0.099)$
$$\frac{\partial s_i}{\partial x_j} = s_i(\delta_{ij} - s_j)$$
$$\frac{\partial s_i}{\partial x_i} = s_i(1 - s_i)$$
""",
    "softmax, cases": r"""
Let $s_i = \frac{e^{x_i}}{\sum_{j} e^{x_j}}$.

Case 1: $i = j$. $\frac{\partial s_i}{\partial x_j} = s_i(1-s_j)$

Case 2: $i \neq j$. $\frac{\partial s_i}{\partial x_j} = -s_i s_j$
""",
    "graph f = x + yz": r"""
$x=-2$, $y=5$, $z=-4$
$$f = x + yz = -22$$
$q = yz$
$q = -20$
$f = q + x$
$$\frac{\partial f}{\partial q} = 1$$
$$\frac{\partial f}{\partial y} = z = -4$$
$$\frac{\partial f}{\partial z} = \frac{\partial f}{\partial q}\frac{\partial q}{\partial z} = 1 \cdot 5 = 5$$
""",
    "partial and total derivative": r"""
$y = x^2$
$f = x + 3 y$
$\frac{\partial f}{\partial x} = 1$
$\frac{\partial f}{\partial y} = 3$
$\frac{df}{dx} = 1 + 6x$
""",
    "partial derivative at values": r"""
$a = 2$
$b = a^2$
$L = a b = 8$
$\frac{\partial L}{\partial a} = b = 4$
$\frac{dL}{da} = 3a^2 = 12$
""",
    "graph, gradient as a list": r"""
$x = -2, y = 4, z = -4$
$f = (x + y) z = -8$
$$\left[\frac{\partial f}{\partial x}, \frac{\partial f}{\partial y}, \frac{\partial f}{\partial z}\right]
= [-4, -4, 2]$$
""",
    "perceptron": r"""
$w = (0.001, 0.01, -0.005, -1.2)$, $x = (0.2, -1.3, 2, 0.01)$
$$z = w^T x = 0.0002 - 0.013 - 0.01 - 0.012 = -0.0348$$
$$z = \sum_i w_i x_i$$
$$\sigma(z) = \frac{1}{1+e^{0.0348}} = 0.49$$
""",
    "sigmoid chain, carried rounding": r"""
$w=0.5$, $x=1$, $y=1$
$z_1 = w x = 0.5$
$a_1 = \sigma(z_1) = \frac{1}{1+e^{-0.5}} = \frac{1}{1+0.606} = 0.622$
$z_2 = w a_1 = 0.5 \times 0.622 = 0.311$
$a_2 = \sigma(z_2) = 0.577$
$z_3 = w a_2 = 0.2885$
$a_3 = \sigma(z_3) = 0.572$
$L = \frac{1}{2}(a_3 - y)^2 = \frac12 (0.572-1)^2 = 0.092$
$\frac{dL}{da_3} = a_3 - y = 0.572 - 1 = -0.428$
$\frac{dL}{dz_3} = \frac{dL}{da_3} \sigma'(z_3) = -0.428 \times 0.244 = -0.104$
""",
    "RNN step": r"""
$x_1 = \begin{bmatrix}1\\2\end{bmatrix}$, $h_0 = \begin{bmatrix}0\\0\\0\end{bmatrix}$
$$W_{xh} = \begin{bmatrix}0.5&-0.3\\0.8&0.2\\0.1&0.4\end{bmatrix}$$
$$W_{hh} = \begin{bmatrix}0.1&0.4&0\\-0.2&0.3&0.2\\0.05&-0.1&0.2\end{bmatrix}$$
$$h_1 = \tanh(W_{hh}h_0 + W_{xh}x_1) = \tanh\begin{bmatrix}-0.1\\1.2\\0.9\end{bmatrix}
= \begin{bmatrix}-0.0997\\0.8337\\0.7163\end{bmatrix}$$
""",
    "attention": r"""
$q = (1,0,1)$
$k_1 = (1,0,1)$, $k_2 = (0,1,1)$, $k_3 = (1,1,0)$
$e_1 = q^T k_1 = 2$, $e_2 = q^T k_2 = 1$, $e_3 = q^T k_3 = 1$
$\alpha_i = \frac{e^{e_i}}{\sum_j e^{e_j}}$
$\alpha = (0.576, 0.212, 0.212)$
$c = 0.576 k_1 + 0.212 k_2 + 0.212 k_3 = (0.788, 0.424, 0.788)$
""",
    "batch normalisation": r"""
$z = (4, 8, 6, 10)$
$\mu = \frac{1}{4}\sum_{i=1}^4 z_i = 7$
$\sigma^2 = \frac14 \sum_i (z_i - \mu)^2 = 5$
$\hat z_i = \frac{z_i - \mu}{\sqrt{\sigma^2}}$
$\hat z = (-1.34, 0.45, -0.45, 1.34)$
""",
    "tanh, aligned": r"""
\begin{align}
\tanh'(x) &= \frac{d}{dx}\frac{e^x-e^{-x}}{e^x+e^{-x}} \\
&= \frac{(e^x+e^{-x})^2-(e^x-e^{-x})^2}{(e^x+e^{-x})^2} \\
&= 1-\tanh^2 x
\end{align}
""",
    "binary cross-entropy": r"""
$$L = -y \log \sigma(z) - (1-y)\log(1-\sigma(z))$$
$$\frac{\partial L}{\partial z} = \sigma(z) - y$$
""",
    "gradient descent": r"""
$f(\theta) = \theta^2$
$\theta_0 = 1$, $\eta = 0.1$
$f'(\theta) = 2\theta$
$f''(\theta) = 2$
$\theta_1 = \theta_0 - \eta f'(\theta_0) = 1 - 0.1 \cdot 2 = 0.8$
""",
    "two problems use the same letters": r"""
$x = 3$, $y = 4$
$r = \sqrt{x^2+y^2} = 5$
$x = 1$, $y = 2$
$r = \sqrt{x^2+y^2} = 2.24$
""",
    "a matrix and its parts": r"""
$W = \begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}$, $x = \begin{bmatrix} 1 \\ -1 \end{bmatrix}$
$W_{12} = 2$
$W^T = \begin{bmatrix} 1 & 3 \\ 2 & 4 \end{bmatrix}$
$\det W = -2$
$x^T W x = 0$
$\|x\|_2 = 1.41$
""",
    "a recursion down to its given start": r"""
$\beta = 0.9$, $v_0 = 0$, $g = 1$
$v_t = \beta v_{t-1} + (1-\beta) g$
$v_1 = 0.1$
$v_2 = 0.9 \cdot 0.1 + 0.1 = 0.19$
$v_3 = 0.271$
$\frac{v_3}{1-\beta^3} = 1$
""",
    "LSTM input gate": r"""
$x_t = (0.5, -0.1)$, $h_{t-1} = (0, 0.1)$
$W_{xi} = \begin{bmatrix} 0.5 & -0.3 \\ 0.4 & 0.1\end{bmatrix}$
$W_{hi} = \begin{bmatrix} 0.15 & 0.05 \\ 0.1 & -0.2\end{bmatrix}$
$i_t = \sigma(W_{hi} h_{t-1} + W_{xi} x_t)$
$i_t = (0.571, 0.542)$
""",
    "LaTeX document of a linear layer": r"""
\documentclass{article}
\begin{document}
Let $x = (1, 2)^T$ and $W = \begin{pmatrix} 1 & 0 \\ 2 & 1 \end{pmatrix}$, $b = (0, -1)^T$, $y = (1, 1)^T$.
\begin{align*}
z &= Wx + b = \begin{pmatrix} 1 \\ 3 \end{pmatrix} \\
a &= \max(0, z) = \begin{pmatrix} 1 \\ 3 \end{pmatrix} \\
L &= \frac12 \|a - y\|^2 = 2
\end{align*}
\[ \frac{\partial L}{\partial a} = a - y = (0, 2)^T \]
\[ \frac{\partial L}{\partial x} = W^T (a - y) = (4, 2)^T \]
\end{document}
""",
    "one name for one number after the other": r"""
$\alpha = 6\sqrt{2} - 11$
$\alpha = \sqrt{2}$
$\alpha^2 = 2$
""",
    "quadratic form": r"$$\nabla_x x^T A x = (A + A^T) x$$",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_right_work_is_accepted(text: str) -> None:
    report = check(text)
    bad = [
        (c.line, c.verdict, c.left, c.right, c.message) for c in report.claims if c.verdict not in ACCEPTED
    ]
    assert not bad
    assert any(c.verdict in ("correct", "rounded") for c in report.claims)


WRONG = {
    # text, line of the slip, its expected value or None
    "softmax entry": (
        "$x = (2.0, 1.0, 0.1)$\n\n"
        r"$s_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$"
        "\n\n$s = (0.66, 0.34, 0.10)$",
        5,
        r"\begin{bmatrix} 0.66 \\ 0.24 \\ 0.10 \end{bmatrix}",
    ),
    "formula after a wrong value": (
        "$x = (2.0, 1.0, 0.1)$\n\n$s = (0.66, 0.34, 0.10)$\n\n" r"$s_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$",
        3,
        r"\begin{bmatrix} 0.66 \\ 0.24 \\ 0.10 \end{bmatrix}",
    ),
    "softmax derivative, wrong index": (
        r"$s_i = \frac{e^{x_i}}{\sum_k e^{x_k}}$"
        "\n\n"
        r"$\frac{\partial s_i}{\partial x_j} = s_i(\delta_{ij} - s_i)$",
        3,
        None,
    ),
    "tanh without 2x": (r"$\tanh(x) = 2\sigma(x) - 1$", 1, None),
    "tanh without 2x beside x = 0": (
        "Around $x = 0$ it is linear.\n\n" r"$\tanh(x) = 2\sigma(x) - 1$",
        3,
        None,
    ),
    "graph gradient": (
        "$f = x + yz$\n\n$x = -2, y = 5, z = -4$\n\n" r"$\frac{\partial f}{\partial y} = 4$",
        5,
        "-4",
    ),
    "sign of the cross-entropy gradient": (
        r"$L = -y\log\sigma(z) - (1-y)\log(1-\sigma(z))$"
        "\n\n"
        r"$\frac{\partial L}{\partial z} = y - \sigma(z)$",
        3,
        None,
    ),
    "kernel of another branch": (
        r"$256\cdot 128+128 + 9\cdot 256\cdot 192+192 + 9\cdot 256\cdot 96+96 = 696{,}736$"
        "\n\n"
        r"$256\cdot 128+128 + 9\cdot 256\cdot 192+192 + 25\cdot 256\cdot 96+96 = 696{,}736$",
        3,
        "1089952",
    ),
    "sum of weights for the weighted sum": (
        "$h_1 = (1,0,1)$, $h_2 = (0,1,1)$\n\n" r"$c = 0.6 h_1 + 0.4 h_2 = 0.6 + 0.4 = 1.0$",
        3,
        None,
    ),
    "degrees": (r"$\sin(1) = 0.017$", 1, "0.841"),
    "sign of an input": (r"$0.0002 - 0.013 - 0.01 - 0.012 = 0.0348$", 1, "-0.0348"),
    "inverse quotient": (r"$\tanh'(x) = 1 - \frac{(e^x+e^{-x})^2}{(e^x-e^{-x})^2}$", 1, None),
    "recursion": ("$v_0 = 0$\n\n$v_t = 0.9 v_{t-1} + 0.1$\n\n$v_2 = 0.19$\n\n$v_3 = 0.281$", 7, "0.271"),
    "the mask of the ReLU is missing": (
        r"$h = \text{ReLU}(Wx + b)$, $\ell = \|h - z\|^2$"
        "\n\n"
        r"$\frac{\partial \ell}{\partial W} = \frac{\partial \ell}{\partial h} x^T$",
        3,
        None,
    ),
    "partial derivative that is neither": (
        "$x = 1$, $y = x^2$\n\n$f = x + 3y$\n\n" r"$\frac{\partial f}{\partial x} = 2$",
        5,
        "7",
    ),
    "derivative of a defined function": (
        r"$f(\theta) = \theta^2$" "\n\n" r"$f'(\theta) = 3\theta$",
        3,
        None,
    ),
    "transpose": (
        r"$W = \begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}$"
        "\n\n"
        r"$W^T = \begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}$",
        3,
        r"\begin{bmatrix} 1 & 3 \\ 2 & 4 \end{bmatrix}",
    ),
    "second problem": ("$x = 3$\n\n$x + 1 = 4$\n\n$x = 5$\n\n$x + 1 = 4$", 7, "6"),
    "truncated to nothing": (r"$0.66(1-0.66) = 0.66$", 1, "0.22"),
    "matrix entry": (
        r"$W = \begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}$, $x = \begin{bmatrix} 1 \\ -1 \end{bmatrix}$"
        "\n\n"
        r"$W^T x = \begin{bmatrix} -1 \\ -1 \end{bmatrix}$",
        3,
        r"\begin{bmatrix} -2 \\ -2 \end{bmatrix}",
    ),
}


@pytest.mark.parametrize(("text", "line", "expected"), WRONG.values(), ids=WRONG)
def test_the_slip_is_found(text: str, line: int, expected: str | None) -> None:
    report = check(text)
    assert report.first_wrong == line, [(c.line, c.verdict, c.message) for c in report.claims]
    wrong = [c for c in report.claims if c.wrong]
    assert all(c.witness is not None for c in wrong)
    assert wrong[0].expected == expected


CAREFUL = {
    "an equation to solve": "$x^2 = 2x + 1$",
    "arrow between steps": r"$27 \times 10 \Rightarrow 270 + 10$",
    "sizes": r"$2 \times 1 = (2 \times 3) \times (3 \times 1)$",
    "a missing given": "$z = wx + b$\n\n$w = 2$, $b = 1$\n\n$z = 7$",
    "the forget gate was never given": (
        r"$c_t = f_t \odot c_{t-1} + i_t \odot g_t$" "\n\n$c_t = (0.1, 0.2)$"
    ),
    "only for different indices, unsaid": (
        r"$s_i = \frac{e^{x_i}}{\sum_k e^{x_k}}$" "\n\n" r"$\frac{\partial s_i}{\partial x_j} = -s_i s_j$"
    ),
    "chain rule of unknown functions": r"$\frac{dL}{dx} = \frac{dL}{dy} \cdot 3$"
    "\n\n"
    r"$\frac{dL}{dy} \cdot 3 = 5$",
    "logarithm of a product without brackets": r"$\log x \exp y = \log x + y$",
}


@pytest.mark.parametrize("text", CAREFUL.values(), ids=CAREFUL)
def test_what_cannot_be_known_is_never_wrong(text: str) -> None:
    report = check(text)
    assert "wrong" not in report.summary
    assert any(c.verdict == "undecided" and c.message for c in report.claims)


def test_follow_through() -> None:
    report = check("$x = 2$, $w = 3$, $b = 1$\n\n$z = wx + b = 6$\n\n$a = z^2 = 36$\n\n$a + 1 = 38$")
    assert [(c.line, c.verdict) for c in report.claims if c.verdict not in ("definition",)] == [
        (3, "wrong"),
        (5, "follows"),
        (7, "wrong"),
    ]
    assert "line 3" in next(c.message for c in report.claims if c.verdict == "follows")


def test_a_chain_that_is_right_again_has_recovered() -> None:
    report = check(r"$\frac{d}{dx} e^{\sin(x^2)} = e^{\sin(x^2)}\cos(x^2) = 2x\cos(x^2)e^{\sin(x^2)}$")
    assert [(c.verdict, c.note) for c in report.claims] == [("wrong", None), ("correct", "recovered")]


def test_right_only_for_the_values_given_is_a_coincidence() -> None:
    report = check("$x = 2$\n\n$f = x + x = x^2$")
    assert [(c.verdict, c.note) for c in report.claims][-1] == ("correct", "coincidence")


def test_a_hopeless_claim_does_not_keep_the_next_from_its_verdict() -> None:
    report = check("$9^{9^{9^9}} = 1$\n\n$(10^8)! = 2$\n\n" r"$\sum_{i=1}^{10^9} i = 3$" "\n\n$1 + 1 = 3$")
    assert [c.verdict for c in report.claims] == ["undecided"] * 3 + ["wrong"]


def test_struck_out_text_is_not_judged() -> None:
    report = check("~~$1 + 1 = 3$~~\n\n$1 + 1 = 2$")
    assert [c.verdict for c in report.claims] == ["correct"]


def test_unread_pieces_are_claims_with_place_and_reason() -> None:
    report = check("$1 + 1 = 2$\n\n$(3-9)(5-15 = 60$")
    unread = [c for c in report.claims if c.verdict == "unread"]
    assert [c.line for c in unread] == [3]
    assert "unbalanced" in unread[0].message


def test_every_link_of_a_chain_is_a_claim_at_its_right_side() -> None:
    report = check("$2 + 3 = 5 = 6 = 6$")
    assert [(c.line, c.column, c.verdict) for c in report.claims] == [
        (1, 10, "correct"),
        (1, 14, "wrong"),
        (1, 18, "correct"),
    ]


def test_the_problem_puts_its_givens_and_answers_in_force() -> None:
    report = check("$s = (0.66, 0.24, 0.10)$\n\n$s = (0.66, 0.34, 0.10)$", problem="softmax/three-scores")
    assert [c.verdict for c in report.claims] == ["rounded", "wrong"]
    assert report.problem == "softmax/three-scores"


def test_the_report_has_the_promised_keys() -> None:
    record = check("$1 + 1 = 3$", "a.md").to_dict()
    assert list(record) == ["source", "problem", "claims", "first_wrong", "marks", "summary"]
    assert (record["source"], record["first_wrong"], record["summary"]) == ("a.md", 1, {"wrong": 1})


DECLARED = {
    "variance of a product": (r"$$\mathrm{Var}(w h) = \mathrm{Var}(w) \mathrm{Var}(h)$$", "wrong"),
    "variance of a sum": (r"$$\mathrm{Var}(w + h) = \mathrm{Var}(w) + \mathrm{Var}(h)$$", "undecided"),
    "a constant factor": (r"$$\mathrm{Var}(2 w) = 4 \mathrm{Var}(w)$$", "correct"),
}


@pytest.mark.parametrize(("text", "verdict"), DECLARED.values(), ids=DECLARED)
def test_laws_of_random_variables(text: str, verdict: str) -> None:
    """Independence may be said in words that are not read: then the sum's law is no mistake."""
    report = check(text, declare=("w: random variable", "h: random variable"))
    assert [claim.verdict for claim in report.claims] == [verdict]
