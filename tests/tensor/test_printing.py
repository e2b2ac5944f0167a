r"""Printed formulas: nothing ambiguous, no bound letter in the way of a free one.

``\left`` and ``\right`` are left out on both sides: when they are needed is a matter of looks.
"""

import re

import definitions
import pytest
import sympy as sp
from definitions import ACTIVATION, m, n

from derive.tensor.calculus import jacobian, second_derivative, vjp
from derive.tensor.index import Index
from derive.tensor.nodes import (
    Apply,
    Bracket,
    D,
    DerivativeTensor,
    IfPositive,
    Sum,
    Tensor,
)
from derive.tensor.printing import Printer, printer_for
from derive.tensor.program import Program, Statement, given_index

I, J, K = (Index(letter, n) for letter in "ijk")
U = Index("u", m)
X, Y, A = Tensor("x", [n]), Tensor("y", [n]), Tensor("A", [n, n])
P, C, L = Tensor("p", [n], positive=True), Tensor("c"), Tensor("L")
DX, DA = DerivativeTensor(L, X), DerivativeTensor(L, A)
ALPHA, SYMBOL_I = sp.Symbol("alpha"), sp.Symbol("i")


def spelled(latex):
    return re.sub(r"\\left|\\right", "", latex)


PRINTED = {
    "a multiple of a sum of terms": (2 * (X[I] + Y[I]), "2 (x_i + y_i)", "2 (x_i + y_i)"),
    "minus at the end": (Y[I] - X[I], "y_i - x_i", "y_i - x_i"),
    "one minus": (1 - X[I] ** 2, "1 - x_i^2", "1 - x_i^2"),
    "a half": (X[I] / 2, "x_i/2", r"\frac{x_i}{2}"),
    "minus two thirds": (-2 * X[I] / 3, "-2 x_i/3", r"-\frac{2 x_i}{3}"),
    "one over a product": (1 / (X[I] * Y[I]), "1/(x_i y_i)", r"\frac{1}{x_i y_i}"),
    "one over a square": (X[I] ** -2, "1/x_i^2", r"\frac{1}{x_i^2}"),
    "a root": (sp.sqrt(P[I]), "sqrt(p_i)", r"\sqrt{p_i}"),
    "a power of a power": (X[I] ** (Y[I] ** 2), "x_i^(y_i^2)", "x_i^{y_i^2}"),
    "a number to a power": (2 * sp.Integer(3) ** X[I], "2 * 3^x_i", r"2 \cdot 3^{x_i}"),
    "a negative number to a power": (sp.Integer(-3) ** X[I], "(-3)^x_i", "(-3)^{x_i}"),
    "two numbers side by side": (10 * sp.Integer(2) ** n, "10 * 2^n", r"10 \cdot 2^n"),
    "a decimal": (sp.Float(0.1) * X[I], "0.1 x_i", "0.1 x_i"),
    "an exponential": (sp.exp(-X[I]), "exp(-x_i)", "e^{-x_i}"),
    "e": (sp.E * X[I], "e x_i", "e x_i"),
    "an absolute value": (sp.Abs(X[I]), "|x_i|", "|x_i|"),
    "a number shared inside a product": (
        Y[J] * (2 * X[I] - 2 * X[J]),
        "2 y_j (x_i - x_j)",
        "2 y_j (x_i - x_j)",
    ),
    "one minus a setting": ((1 - ALPHA) * X[I], "x_i (1 - α)", r"x_i (1 - \alpha)"),
    "a Greek setting": (ALPHA * X[I], "α x_i", r"\alpha x_i"),
    "a sum of terms": (Sum(X[I] + Y[I], I), "Σ_i (x_i + y_i)", r"\sum_i (x_i + y_i)"),
    "a sum and a term": (Sum(X[I], I) + Y[J], "Σ_i x_i + y_j", r"\sum_i x_i + y_j"),
    "a squared sum": (Sum(X[I], I) ** 2, "(Σ_i x_i)^2", r"(\sum_i x_i)^2"),
    "a factor before a sum": (Y[J] * Sum(X[I], I), "y_j Σ_i x_i", r"y_j \sum_i x_i"),
    "two sums": (
        Sum(X[I], I) * Sum(Y[I], I) * C(),
        "c (Σ_i x_i) Σ_i y_i",
        r"c (\sum_i x_i) \sum_i y_i",
    ),
    "a sum within a sum": (
        Sum(X[I] * Sum(A[I, J], J), I),
        "Σ_i x_i Σ_j A_ij",
        r"\sum_i x_i \sum_j A_{ij}",
    ),
    "a mean": (X[I] - Sum(X[J], J) / n, "x_i - 1/n Σ_j x_j", r"x_i - \frac{1}{n} \sum_j x_j"),
    "a delta": (Bracket(I - J), "δ_ij", r"\delta_{ij}"),
    "a window's bracket": (Bracket(I - 2 * J + 1), "[i + 1 = 2 j]", "[i + 1 = 2 j]"),
    "a mask": (IfPositive(X[I], 1, 0), "[x_i > 0]", "[x_i > 0]"),
    "cases": (
        IfPositive(X[I] - Y[I], X[I], 0),
        "{x_i if x_i > y_i, else 0}",
        r"\begin{cases} x_i & \text{if } x_i > y_i \\ 0 & \text{otherwise} \end{cases}",
    ),
    "a function": (ACTIVATION(X[I]), "f(x_i)", r"\mathrm{f}(x_i)"),
    "a second derivative of one": (Apply(ACTIVATION, 2, X[I]), "f''(x_i)", r"\mathrm{f}''(x_i)"),
    "the square of a slope": (Apply(ACTIVATION, 1, X[I]) ** 2, "f'(x_i)^2", r"\mathrm{f}'(x_i)^2"),
    "a window": (X[2 * I + U - 1], "x[2 i + u - 1]", "x_{2 i + u - 1}"),
    "a difference": (X[I - U], "x[i - u]", "x_{i - u}"),
    "a second dimension moved": (A[I, I + 1], "A[i, i + 1]", "A_{i,i + 1}"),
    "a derivative": (D(X[I], X[J]), "∂x_i/∂x_j", r"\frac{\partial x_i}{\partial x_j}"),
    "a derivative of a product": (
        2 * D(X[I] * Y[I], X[J]),
        "2 ∂/∂x_j (x_i y_i)",
        r"2 \frac{\partial}{\partial x_j}(x_i y_i)",
    ),
    "an upstream gradient": (DA[I, J] * X[J], "∂L/∂A_ij x_j", r"\frac{\partial L}{\partial A_{ij}} x_j"),
    "its square": (DA[I, J] ** 2, "(∂L/∂A_ij)^2", r"(\frac{\partial L}{\partial A_{ij}})^2"),
    "one over it": (1 / DX[I], "1/(∂L/∂x_i)", r"\frac{1}{\frac{\partial L}{\partial x_i}}"),
    "a name with a superscript": (Tensor("h^{(1)}", [n])[I] ** 2, None, "(h^{(1)}_i)^2"),
    "a name with a subscript": (Tensor("a_1", [n])[I], None, "[a_1]_i"),
    "a floor over a product": (sp.floor(n / (2 * m)), "floor(n/(2 m))", r"\lfloor \frac{n}{2 m} \rfloor"),
    "a floor over a sum": (sp.floor(n / (m + 1)), "floor(n/(m + 1))", r"\lfloor \frac{n}{m + 1} \rfloor"),
    "at least, of whole numbers": (IfPositive(I - J + 1, 1, 0), "[i ≥ j]", r"[i \ge j]"),
    "more than, of any number": (IfPositive(I - ALPHA + 1, 1, 0), "[i + 1 > α]", r"[i + 1 > \alpha]"),
    "a class label": (X[given_index("c", n)], "x_c", "x_c"),
}


@pytest.mark.parametrize(("formula", "text", "latex"), PRINTED.values(), ids=PRINTED)
def test_printed(formula, text, latex):
    if text is not None:
        assert Printer("text")(formula) == text
    assert spelled(Printer()(formula)).replace("_{i}", "_i").replace("^{2}", "^2") == latex


LETTERS = {
    "a free index of that name": (Sum(A[J, K], K) * X[I], "x_i Σ_k A_jk"),
    "in use further out": (X[I] * Sum(A[J, K] * Sum(A[K, I] * X[I], I), K), None),
    "the same letter twice, not nested": (Sum(X[I], I) + Sum(Y[J], J), "Σ_i x_i + Σ_i y_i"),
    "a setting of that name": (Sum(SYMBOL_I * X[J], J), "Σ_j i x_j"),
    "two bound at once": (Sum(A[I, J] * X[I], I, J), "Σ_i,j x_i A_ij"),
    "three deep": (Sum(X[I] * Sum(A[I, J] * Sum(A[J, K], K), J), I), "Σ_i x_i Σ_j A_ij Σ_k A_jk"),
}


@pytest.mark.parametrize(("formula", "text"), LETTERS.values(), ids=LETTERS)
def test_bound_letters_keep_clear(formula, text):
    printed = Printer("text")(formula)
    if text is not None:
        assert sorted(printed.split()) == sorted(text.split())
    assert no_shadow(printed, {"i"} if formula.has(X) and text is None else set())


def no_shadow(printed, free):
    """No sum binds a letter that is free in the whole, nor one that a sum around it binds."""
    open_, depth = (
        [],
        0,
    )  # a sum reaches to the end of its parentheses, or to a plus or minus at its own depth
    for found in re.finditer(r"Σ_([a-z0-9_,]+)|[()]| [+-] ", printed):
        if found[0] == "(":
            depth += 1
        elif found[0] == ")":
            depth -= 1
            open_ = [one for one in open_ if one[0] <= depth]
        elif found[1] is None:
            open_ = [one for one in open_ if one[0] < depth]
        else:
            letters = found[1].split(",")
            around = {letter for _, bound in open_ for letter in bound}
            if set(letters) & (free | around) or len(set(letters)) != len(letters):
                return False
            open_.append((depth, letters))
    return True


def test_the_shadow_check_can_fail():
    assert not no_shadow("Σ_i x_i Σ_i y_i", set())
    assert not no_shadow("x_i Σ_i y_i", {"i"})
    assert not no_shadow("(Σ_i x_i) + Σ_j (x_j Σ_j y_j)", set())
    assert no_shadow("Σ_i x_i + Σ_i y_i", set())
    assert no_shadow("Σ_i x_i - (Σ_i y_i) Σ_i x_i", set())


EVERY = [pytest.param(make, id=name) for name, make in definitions.EVERY.items() if name != "gated cell"]


@pytest.mark.parametrize("make", EVERY)
def test_gradients_print_without_clashes(make):
    program = make()
    sizes = {str(one) for one in (*program.sizes(), *program.settings())}
    derivations = [vjp(program, program.inputs)]
    for function in (jacobian, second_derivative):
        if function is jacobian or program.output.rank < 2:
            derivations += [function(program, program.output, one) for one in program.inputs[:2]]
    for derived in derivations:
        for part in derived.parts:
            text = printer_for(program, "text").equation(part.target, part.result)
            free = {index.name for index in part.target.indices}
            assert "~" not in text
            assert not re.search(r"_\d+_\d", text), "a canonical index is printed"
            assert no_shadow(text.partition(" = ")[2], free | sizes), text
            latex = printer_for(program).equation(part.target, part.result)
            assert latex.count("{") == latex.count("}")
            assert latex.count(r"\left") == latex.count(r"\right")


def test_bound_indices_go_by_the_programs_letters():
    program = definitions.linear()
    derived = vjp(program, program.inputs)
    printed = [printer_for(program, "text")(part.result) for part in derived.parts]
    assert [sorted(one.split()) for one in printed] == [
        ["W_oj", "g_io", "Σ_o"],
        ["g_bi", "x_bj", "Σ_b"],
        ["g_bi", "Σ_b"],
    ]


def test_two_programs_print_one_name_each_in_its_own_way():
    """Tensors of one name and two prints do not leak into each other through SymPy's cache."""
    made = []
    for latex in ("x", r"\mathbf{x}"):
        x, y = Tensor("x", [n], latex=latex), Tensor("y", [n])
        program = Program((x,), (Statement(y[I], 2 * x[I] ** 3),))
        made.append(printer_for(program)(jacobian(program, y, x).result))
    assert made[1] == made[0].replace("x", r"\mathbf{x}")


def test_what_cannot_be_printed_says_so():
    with pytest.raises(NotImplementedError, match="no way to print ImaginaryUnit"):
        Printer()(sp.I)
