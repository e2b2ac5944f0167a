"""Pairs of formulas with the verdict that mathematics gives them."""

from __future__ import annotations

import pytest

from derive.judging import compare
from derive.reading import DeclarationError

EQUAL = {
    "tanh by the logistic function": (r"\tanh x", r"2\sigma(2x) - 1"),
    "tanh by exponentials": (r"\frac{e^x-e^{-x}}{e^x+e^{-x}}", r"\tanh x"),
    "derivative of sigma": (r"\sigma'(x)", r"\sigma(x)(1-\sigma(x))"),
    "derivative of tanh": (r"\tanh'(x)", r"1-\tanh^2 x"),
    "derivative of softplus": (r"\frac{d}{dx} \log(1+e^x)", r"\sigma(x)"),
    "chain rule": (r"\frac{d}{dx} e^{\sin(x^2)}", r"2x\cos(x^2)e^{\sin(x^2)}"),
    "quotient rule": (r"\frac{d}{dx}\frac{f(x)}{g(x)}", r"\frac{f'(x)g(x)-f(x)g'(x)}{g(x)^2}"),
    "second derivative": (r"\frac{\partial^2}{\partial x^2} x^3", "6x"),
    "softmax Jacobian, rows exchanged": (r"s_i(\delta_{ij}-s_j)", r"s_j(\delta_{ij}-s_i)"),
    "softmax Jacobian, multiplied out": (r"s_i(\delta_{ij}-s_j)", r"s_i\delta_{ij}-s_is_j"),
    "softmax, other letters": (r"\frac{e^{z_i}}{\sum_j e^{z_j}}", r"\frac{\exp(z_i)}{\sum_k \exp(z_k)}"),
    "gradient of log-sum-exp": (
        r"\frac{\partial}{\partial z_j}\log\sum_k e^{z_k}",
        r"\frac{e^{z_j}}{\sum_k e^{z_k}}",
    ),
    "derivative of softmax": (
        r"\frac{\partial}{\partial z_j}\frac{e^{z_i}}{\sum_k e^{z_k}}",
        r"\frac{e^{z_i}}{\sum_k e^{z_k}}\left(\delta_{ij}-\frac{e^{z_j}}{\sum_k e^{z_k}}\right)",
    ),
    "ReLU by the absolute value": (r"\text{ReLU}(x)", r"\frac{x+|x|}{2}"),
    "transpose of a product": ("(AB)^T", "B^TA^T"),
    "inverse of a product": ("(AB)^{-1}", "B^{-1}A^{-1}"),
    "trace is cyclic": (r"\mathrm{tr}(AB)", r"\mathrm{tr}(BA)"),
    "determinant of a product": (r"\det(AB)", r"\det A \det B"),
    "gradient of a quadratic form": (r"\nabla_x x^TAx", "(A+A^T)x"),
    "gradient of a linear map, denominator layout": (r"\nabla_x Wx", "W^T"),
    "identity matrix": ("A^{-1}A", "I"),
    "norm": (r"\|x\|_2^2", "x^Tx"),
    "sum of squares": (r"\sum_{i=1}^n (x_i-\mu)^2", r"\sum_i x_i^2 - 2\mu\sum_i x_i + n\mu^2"),
    "Gauss": (r"\sum_{i=1}^n i", r"\frac{n(n+1)}{2}"),
    "logarithm of a product": (r"\log(ab)", r"\log a+\log b"),
    "another base": (r"\log_{10} x", r"\frac{\ln x}{\ln 10}"),
    "indicator": (r"\mathbb{1}[i=j]", r"\delta_{ij}"),
    "hinge without its own class": (
        r"\sum_{j \neq y} \max(0, s_j - s_y + 1)",
        r"\sum_j \max(0,s_j-s_y+1) - 1",
    ),
    "matrix times vector": (
        r"\begin{bmatrix}1&2\\3&4\end{bmatrix}\begin{bmatrix}1\\1\end{bmatrix}",
        r"\begin{bmatrix}3\\7\end{bmatrix}",
    ),
    "both sides relations": ("a = b + c", "a = c + b"),
    "binomial theorem": ("(a+b)^2", "a^2+2ab+b^2"),
    "1089952 written with commas": (r"1{,}089{,}952", "1089952"),
}

DIFFERENT = {
    "tanh without the 2x": (r"\tanh x", r"2\sigma(x)-1"),
    "inner derivative missing": (r"\frac{d}{dx} e^{\sin(x^2)}", r"\cos(x^2)e^{\sin(x^2)}"),
    "softmax Jacobian, wrong index": (r"s_i(\delta_{ij}-s_j)", r"s_i(\delta_{ij}-s_i)"),
    "ReLU without the half": (r"\max(0,x)", "x+|x|"),
    "root of a square": (r"\sqrt{x^2}", "x"),
    "ELU by a maximum": (r"\max(\alpha(e^x-1),x)", r"\max(0,x)+\min(0,\alpha(e^x-1))"),
    "quadratic form, symmetric only": (r"\nabla_x x^TAx", "2Ax"),
    "square of a matrix sum": ("(A+B)^2", "A^2+2AB+B^2"),
    "case matters": ("W", "w"),
    "a difference of a million-millionth": ("x", "x+10^{-12}"),
    "one wrong entry": (r"\begin{bmatrix}3\\7\end{bmatrix}", r"\begin{bmatrix}3\\8\end{bmatrix}"),
    "normal equations with the transpose misplaced": ("(X^TX)^{-1}X^Ty", "(XX^T)^{-1}X^Ty"),
    "operation total with one digit off": (r"346112 \cdot 1024", "334418688"),
}

SHAPES = {
    "transposed weights, other side": (r"W^T\delta", r"\delta W^T"),
    "product exchanged": ("AB", "BA"),
    "Gram matrix": ("X^TX", "XX^T"),
    "transpose without exchange": ("(AB)^T", "A^TB^T"),
    "outer product": (r"\delta x^T", r"x\delta^T"),
}

HOPELESS = {
    "tower": ("9^{9^{9^9}}", "1"),
    "tower with a name": ("x^{9^{9^9}}", "x"),
    "factorial": ("(10^8)!", "1"),
    "long sum": (r"\sum_{i=1}^{10^9} i", "1"),
    "binomial": (r"\binom{10^9}{5}", "1"),
    "nested sums": (r"\sum_{i=1}^{900}\sum_{j=1}^{900}\sum_{k=1}^{900} ijk", "1"),
    "five thousand digits": ("1" * 5000, "2"),
    "huge index": (r"x_{1000000000} + \sum_i x_i", "1"),
    "division by zero": (r"\frac{0}{0}", "1"),
    "unknown function of a list": (r"\exp(1, 0, 1)", "2"),
    "factorial of a matrix": (r"\begin{bmatrix}1\\2\end{bmatrix}!", "1"),
    "imaginary unit": (r"e^{i\pi}", "-1"),
}


@pytest.mark.parametrize(("left", "right"), EQUAL.values(), ids=EQUAL)
def test_equal(left: str, right: str) -> None:
    claim = compare(left, right)
    assert (claim.verdict, claim.message) == ("correct", claim.message)


@pytest.mark.parametrize(("left", "right"), DIFFERENT.values(), ids=DIFFERENT)
def test_different_with_a_witness(left: str, right: str) -> None:
    claim = compare(left, right)
    assert claim.verdict == "wrong", claim.message
    assert claim.evidence == "witness"
    assert claim.witness is not None
    assert claim.witness["left"] != claim.witness["right"] or "10^{-12}" in right


@pytest.mark.parametrize(("left", "right"), SHAPES.values(), ids=SHAPES)
def test_wrong_by_shape(left: str, right: str) -> None:
    claim = compare(left, right)
    assert (claim.verdict, claim.note) == ("wrong", "shape")
    assert claim.witness is not None
    assert claim.witness["left"] != claim.witness["right"]
    assert any("not commute" in text or "column vectors" in text for text in claim.assumed)


@pytest.mark.parametrize(("left", "right"), HOPELESS.values(), ids=HOPELESS)
def test_hopeless_is_undecided_with_a_reason(left: str, right: str) -> None:
    claim = compare(left, right)
    assert claim.verdict == "undecided"
    assert claim.message


def test_the_witness_is_the_point_of_the_notes() -> None:
    # course notes, A1: at x = 1 tanh is 0.7616 and 2 sigma(x) - 1 is 0.4621
    claim = compare(r"\tanh x", r"2\sigma(x) - 1")
    assert claim.witness is not None
    assert claim.witness["at"] == {"x": 1}
    assert claim.witness["left"] == pytest.approx(0.7616, abs=5e-5)
    assert claim.witness["right"] == pytest.approx(0.4621, abs=5e-5)


def test_unread_side_says_why() -> None:
    claim = compare("(3-9)(5-15", "60")
    assert claim.verdict == "unread"
    assert "unbalanced" in claim.message


@pytest.mark.parametrize(
    ("left", "right", "declare", "verdict"),
    [
        (r"\sqrt{x^2}", "x", ["x > 0"], "correct"),
        (r"\sqrt{x^2}", "x", [], "wrong"),
        ("AB", "BA", ["A: 3x3", "B: 3x3"], "wrong"),
        ("AB", "BA", ["A: real", "B: real"], "correct"),
        ("W x", "x W", ["W: 3x5", "x: 5"], "wrong"),
        (r"\sum_i p_i", "1", ["p: probability vector"], "correct"),
        (r"\sum_i p_i", "1", ["p: 3"], "wrong"),
        ("x^2", "x", ["x: binary"], "correct"),
        (r"|x|", "-x", ["x: negative"], "correct"),
        (r"\max(p, 1)", "1", ["p: in (0,1)"], "correct"),
    ],
    ids=str,
)
def test_declarations_settle_the_domain(left: str, right: str, declare: list[str], verdict: str) -> None:
    assert compare(left, right, declare).verdict == verdict


def test_a_declaration_that_says_nothing_is_an_error() -> None:
    with pytest.raises(DeclarationError, match="what would work"):
        compare("x", "x", ["x: banana"])


@pytest.mark.parametrize(
    ("left", "right", "convention", "verdict"),
    [
        (r"\log 100", "2", {"log": "10"}, "correct"),
        (r"\log 100", "2", {}, "wrong"),
        (r"\ln 100", "2", {"log": "10"}, "wrong"),
        (r"\sin 30", "0.5", {"angle": "degrees"}, "correct"),
        (r"\sin 1", "0.017", {}, "wrong"),
    ],
    ids=str,
)
def test_conventions(left: str, right: str, convention: dict[str, str], verdict: str) -> None:
    claim = compare(left, right, convention=convention)
    assert claim.verdict in (verdict, "rounded" if verdict == "correct" else verdict)


def test_assumptions_are_reported() -> None:
    assert "log is the natural logarithm" in compare(r"\log(ab)", r"\log a+\log b").assumed
    assert "angles are in radians" in compare(r"\sin(-x)", r"-\sin x").assumed


def test_the_record_has_the_promised_keys() -> None:
    record = compare("x", "y").to_dict()
    assert list(record) == [
        "line", "column", "left", "relation", "right", "verdict", "evidence", "note", "message", "expected",
        "witness", "assumed", "convention", "proof",
    ]  # fmt: skip
    assert record["line"] is None
