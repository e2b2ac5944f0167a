"""Declaration lines: what they say, and what their errors say."""

from fractions import Fraction

import pytest

from derive.reading import Declaration, DeclarationError, Declarations, read_formula

LINES = {
    "matrix": ("W: 3x5", Declaration("W", shape=("3", "5"))),
    "column": ("b: 5", Declaration("b", shape=("5",))),
    "symbolic": ("x: HxWxC", Declaration("x", shape=("H", "W", "C"))),
    "spaced": ("A: n x m", Declaration("A", shape=("n", "m"))),
    "labelled-size": ("W: n_out x n_in", Declaration("W", shape=("n_out", "n_in"))),
    "domain": ("p: positive", Declaration("p", domain="positive")),
    "bound": ("x > 0", Declaration("x", domain="positive")),
    "turned-bound": ("0 <= x", Declaration("x", domain="nonnegative")),
    "between": (
        "0 < p < 1",
        Declaration("p", domain="interval", low=Fraction(0), high=Fraction(1)),
    ),
    "interval": (
        "p: in [0, 1)",
        Declaration("p", domain="interval", low=Fraction(0), high=Fraction(1), closed=(True, False)),
    ),
    "above": ("n >= 2", Declaration("n", domain="interval", low=Fraction(2), closed=(True, False))),
    "kind": ("sigma: elementwise function", Declaration("sigma", kind="elementwise function")),
    "qualifiers": (
        "A: nxn, symmetric, positive definite",
        Declaration("A", shape=("n", "n"), qualifiers=("symmetric", "positive definite")),
    ),
    "unstated-length": ("x: vector", Declaration("x", kind="vector")),
    "missing": ("f: function not given", Declaration("f", kind="function", missing=True)),
    "missing-value": ("c: real, not specified", Declaration("c", domain="real", missing=True)),
}


@pytest.mark.parametrize(("line", "expected"), LINES.values(), ids=LINES.keys())
def test_lines(line: str, expected: Declaration) -> None:
    (found,) = Declarations.parse([line])
    assert found == expected


SPELLINGS = [
    (r"\sigma", "sigma"), ("W_{hh}", "W_hh"), (r"\beta_1", "beta_{1}"), (r"\mathbf{w}", r"\boldsymbol{w}"),
    ("z_i", "z"),
    ("z^{(1)}", "z"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "declared"), SPELLINGS)
def test_a_name_is_found_however_it_is_spelled(written: str, declared: str) -> None:
    declarations = Declarations.parse([f"{declared}: positive"])
    assert written in declarations
    assert read_formula(written) in declarations


def test_a_name_is_not_its_neighbour() -> None:
    declarations = Declarations.parse(["W: 3x5", r"\hat{y}: real"])
    for other in ("w", r"\mathbf{W}", "y"):
        assert read_formula(other) not in declarations


def test_lines_about_one_name_add_up() -> None:
    declarations = Declarations.parse(
        ["A: 3x3", "A: matrix, symmetric"]
    )  # fmt: skip
    assert declarations["A"] == Declaration("A", shape=("3", "3"), kind="matrix", qualifiers=("symmetric",))


WRONG = {
    "no-kind": ("W:", "a name and a kind are needed"),
    "nonsense": ("W: blue", "'blue' is no shape, domain or kind"),
    "no-colon": ("W 3x5", "what would work"),
    "bad-end": ("p: in (0, q)", "the end 'q' is no number"),
    "no-number": ("x > y", "what would work"),
}


@pytest.mark.parametrize(("line", "message"), WRONG.values(), ids=WRONG.keys())
def test_errors_say_what_came_and_what_would_work(line: str, message: str) -> None:
    with pytest.raises(DeclarationError, match=message) as caught:
        Declarations.parse([line])
    assert line in str(caught.value)
