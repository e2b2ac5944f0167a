"""Results in matrix notation as a textbook writes them: no elementwise sign where a number divides."""

import pytest

import derive
from derive.rendering import derivation as rendering

ROWS = [
    ("gaussian_nll_isotropic", "y", "∂L/∂y = u / v"),
    ("gaussian_nll_isotropic", "mu", "∂L/∂μ = -u / v"),
    ("gaussian_nll_isotropic", "v", "∂L/∂v = n/(2 v) - 1/2 (𝟏ᵀ u^⊙2)/v^2"),
    ("gaussian_nll", "y", "∂L/∂y = u ⊘ v"),
    ("dice", "p", "∂L/∂p = (𝟏 - 2 y - L 𝟏) / (U + ε)"),
    ("clip_by_norm", "g", "∂g'/∂g = {c/r if r > c, else 1} I - c {1/r^3 if r > c, else 0} g gᵀ"),
]


@pytest.mark.parametrize(("name", "wrt", "form"), ROWS, ids=[f"{row[0]} by {row[1]}" for row in ROWS])
def test_the_matrix_form_of_a_result(name, wrt, form) -> None:
    derivation = derive.operation(name).gradient(wrt).derivation
    assert form in [line for pair in rendering.page(derivation, "text").results() for line in pair]


def test_the_indices_of_an_argmax_stand_in_the_order_of_its_points() -> None:
    text = derive.operation("max_pool3d").gradient("x").text
    assert "[(r, u, v) = argmax_l,q,a x[n, c, s t + d l - p, s j + d q - p, s k + d a - p]]" in text
