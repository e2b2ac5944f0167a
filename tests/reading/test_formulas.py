"""What is written against what is read: each row's right side was written by hand from the left."""

import pytest

from derive.reading import Declarations, read_formula, read_statements, to_latex
from derive.reading.tree import Ambiguous, Hole

ROWS = {
    # every misreading that reading.md lists of other readers
    "inverse-of-product": (r"(X^TX)^{-1}X^Ty", r"(X^{\top} X)^{-1} X^{\top} y"),
    "prime-on-function": (r"\sigma'(z)", r"\sigma'(z)"),
    "layer-label": (r"W^{[l]} a^{[l-1]}", r"W^{[l]} a^{[l - 1]}"),
    "log-as-written": (r"\log x", r"\log(x)"),
    "gamma-is-a-letter": (r"\gamma x + \beta", r"\gamma x + \beta"),
    "case": (r"W x + w", r"W x + w"),
    "e-to-x": (r"e^x", r"e^{x}"),
    "chain-rule": (
        r"\frac{\partial f_8}{\partial f_4}\frac{\partial f_4}{\partial f_3}",
        r"\frac{\partial f_{8}}{\partial f_{4}} \frac{\partial f_{4}}{\partial f_{3}}",
    ),
    "upright-relu": (r"\mathrm{ReLU}(f_5)", r"\operatorname{ReLU}(f_{5})"),
    "df-dx": (r"\frac{df}{dx}", r"\frac{d f}{d x}"),
    "bare-tanh": (r"\tanh", r"\tanh"),
    "spaced-row": (r"[0.1 \ 0.2]", r"[0.1, 0.2]"),
    "comma-row": (r"[0.1, 0.2]", r"[0.1, 0.2]"),
    "thousands": (r"150,528 \times 16", r"150528 \times 16"),
    "hat": (r"\hat{y}", r"\hat{y}"),
    "commutator": (r"A B - B A", r"A B - B A"),
    # numbers keep their digits
    "trailing-zero": ("0.660", "0.660"),
    "braced-comma": ("1{,}728", "1728"),
    "thin-space": (r"1\,089\,952", "1089952"),
    "power-of-ten": (r"1.73 \times 10^6", r"1.73 \times 10^{6}"),
    "negative-power-of-ten": (r"3 \times 10^{-4}", r"3 \times 10^{-4}"),
    "e-notation": ("1.5e-3", r"1.5 \times 10^{-3}"),
    "kilo": ("1.2K", r"1.2 \text{K}"),
    "mega": (r"3\,\text{M}", r"3 \text{M}"),
    "percent": (r"80\%", r"80\%"),
    "leading-point": (".1 + 2", "0.1 + 2"),
    "list-of-hundreds": ("[100,200]", "[100, 200]"),
    "words-after-a-number": (r"27 \times 10 \text{ filters}", r"27 \times 10"),
    "factor-in-words": (r"2\text{pad} + 1", r"2 \text{pad} + 1"),
    "three-by-five": ("28x28x192", r"28 \times 28 \times 192"),
    # sums and products
    "minus-then-power": ("-x^2", "-x^{2}"),
    "plus-minus-sign": (r"0.1 + -1.0 \times 0.8", r"0.1 - 1.0 \times 0.8"),
    "signed-factor": (r"2 \times -1", r"2 \times (-1)"),
    "bracketed-numbers": ("(0.1)(-2.4)", "0.1 (-2.4)"),
    "elementwise-is-looser": (r"W^T d \odot s", r"(W^{\top} d) \odot s"),
    "order-of-factors": (r"d\, W^T", r"d W^{\top}"),
    "half-of-bracket": (r"\frac{1}{2}(a-y)^2", r"\frac{1}{2} (a - y)^{2}"),
    "frac-digits": (r"\frac12", r"\frac{1}{2}"),
    "nested-sum": (r"a + (b + c)", r"a + (b + c)"),
    "subtract-bracket": (r"a - (b - c)", r"a - (b - c)"),
    "left-division": ("a/b/c", r"\frac{\frac{a}{b}}{c}"),
    "divide-then-times": ("a/b*c", r"\frac{a}{b} * c"),
    # scripts
    "two-indices": ("w_{ij}", "w_{i j}"),
    "comma-indices": ("a_{i,j-1}", "a_{i, j - 1}"),
    "word-label": ("n_{in}", r"n_{\text{in}}"),
    "upright-label": (r"n_{\mathrm{out}}", r"n_{\text{out}}"),
    "number-index": ("x_{11}", "x_{11}"),
    "even-index": (r"P_{pos,2i}", r"P_{\text{pos}, 2 i}"),
    "sample-label": (r"y^{(i)}", r"y^{(i)}"),
    "label-and-index": (r"w_{11}^{[1]}", r"w_{11}^{[1]}"),
    "label-then-transpose": (r"W^{(l+1)T}", r"(W^{(l + 1)})^{\top}"),
    "intercal": (r"X^{\intercal}", r"X^{\top}"),
    "inverse": (r"\Sigma_j^{-1}", r"\Sigma_{j}^{-1}"),
    "number-power": ("2^{(n-1)}", "2^{n - 1}"),
    "hat-index": (r"\hat{y}_i", r"\hat{y}_{i}"),
    "hat-over-index": (r"\hat{y_i}", r"\hat{y}_{i}"),
    "star": (r"w^*", r"w^{\star}"),
    "bold": (r"\mathbf{W}_1 \mathbf{x}", r"\boldsymbol{W}_{1} \boldsymbol{x}"),
    "calligraphic": (r"\mathcal{L}(\theta)", r"\mathcal{L}(\theta)"),
    "element-access": ("x[i]", "x_{[i]}"),
    "power-if-used-as-quantity": ("n x^{n-1}", "n x^{n - 1}"),
    # functions
    "function-of-product": (r"\sin 2x", r"\sin(2 x)"),
    "square-of-function": (r"\tanh^2(x)", r"(\tanh(x))^{2}"),
    "inverse-function": (r"\sigma^{-1}(x)", r"\sigma^{-1}(x)"),
    "log-base": (r"\log_2 8", r"\log_{2}(8)"),
    "max-braces": (r"\max\{0, x\}", r"\max(0, x)"),
    "softplus": (r"\log(1+e^x)", r"\log(1 + e^{x})"),
    "softmax": (
        r"\frac{e^{z_i}}{\sum_{j=1}^K e^{z_j}}",
        r"\frac{e^{z_{i}}}{\sum_{j = 1}^{K} e^{z_{j}}}",
    ),
    "square-brackets": (r"\text{ReLU}[Wx + b]", r"\operatorname{ReLU}(W x + b)"),
    "sigma-of-itself": (r"\sigma(1-\sigma)", r"\sigma {} (1 - \sigma)"),
    "softmax-derivative": (r"s_i(1-s_i)", r"s_{i} (1 - s_{i})"),
    "kronecker": (r"s_i(\delta_{ij} - s_j)", r"s_{i} (\delta_{i j} - s_{j})"),
    "indicator": (r"1(a > 0) \odot g", r"1[a > 0] \odot g"),
    "absolute": (r"\frac{5+|5|}{2}", r"\frac{5 + |5|}{2}"),
    "absolute-factor": (r"(1-\alpha)|x|", r"(1 - \alpha) |x|"),
    "norm": (r"\|z - x\|^2", r"\|z - x\|^{2}"),
    "norm-index": (r"\|w\|_2", r"\|w\|_{2}"),
    "ascii-norm": (r"||w||_1", r"\|w\|_{1}"),
    "floor": (r"\lfloor \frac{n}{2} \rfloor + 1", r"\lfloor \frac{n}{2} \rfloor + 1"),
    "root": (r"\sqrt{\sigma^2 + \epsilon}", r"\sqrt{\sigma^{2} + \epsilon}"),
    "conditional": (r"p(y = i | x, \theta)", r"p(y = i \mid x, \theta)"),
    "divergence": (r"KL(p \| q)", r"\operatorname{KL}(p \| q)"),
    "divergence-of-norms": (r"D_{KL}(p \| q)", r"D_{\text{KL}}(p \| q)"),
    "conditional-after-comma": (r"p(x, y | \theta)", r"p(x, y \mid \theta)"),
    "expectation": (r"E[w]^2", r"(\mathbb{E}[w])^{2}"),
    "expectation-over": (r"\mathbb{E}_{x \sim p}[f(x)]", r"\mathbb{E}_{x \sim p}[f(x)]"),
    # operators with a body
    "sum-then-term": (r"\sum_i a_i + b", r"\sum_{i} a_{i} + b"),
    "double-sum": (r"\sum_i \sum_j a_{ij} x_i x_j", r"\sum_{i} \sum_{j} a_{i j} x_{i} x_{j}"),
    "sum-with-condition": (r"\sum_{j \neq y} s_j", r"\sum_{j \neq y} s_{j}"),
    "sum-over-set": (r"\sum_{i \in S} x_i", r"\sum_{i \in S} x_{i}"),
    "argmax": (r"\arg\max_\theta f(\theta)", r"\operatorname{argmax}_{\theta} f(\theta)"),
    "underset": (
        r"\underset{\theta}{\operatorname{argmin}} J(\theta)",
        r"\operatorname{argmin}_{\theta} J(\theta)",
    ),
    "limit": (r"\lim_{h \to 0} \frac{f(h)}{h}", r"\lim_{h \rightarrow 0} \frac{f(h)}{h}"),
    "integral": (r"\int_0^1 x^2 dx", r"\int_{0}^{1} x^{2} \, \mathrm{d} x"),
    # derivatives
    "operator": (r"\frac{d}{dx}\left(\frac{f(x)}{g(x)}\right)", r"\frac{d \frac{f(x)}{g(x)}}{d x}"),
    "by-matrix": (r"\frac{\partial L}{\partial W^{[l]}}", r"\frac{\partial L}{\partial W^{[l]}}"),
    "by-square": (r"\frac{\partial L}{\partial \sigma^2}", r"\frac{\partial L}{\partial \sigma^{2}}"),
    "second": (
        r"\frac{\partial^2 f}{\partial x \partial y}",
        r"\frac{\partial^{2} f}{\partial x \partial y}",
    ),
    "second-same": (r"\frac{d^2 y}{dt^2}", r"\frac{d^{2} y}{d t d t}"),
    "slashed": (r"dL/dx", r"\frac{d L}{d x}"),
    "nabla": (r"\nabla_x W x", r"\nabla_{x} (W x)"),
    "nabla-dot": (r"\nabla f \cdot u", r"(\nabla f) \cdot u"),
    "at": (r"\left. \frac{dy}{dx} \right|_{x=0}", r"\left. \frac{d y}{d x} \right|_{x = 0}"),
    # matrices and cases
    "column": (r"\begin{bmatrix} 1 \\ 2 \end{bmatrix}", r"\begin{bmatrix} 1 \\ 2 \end{bmatrix}"),
    "array": (
        r"\left[\begin{array}{cc} a & b \\ c & d \end{array}\right]",
        r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}",
    ),
    "nested-lists": ("[[1, 2], [3, 4]]", r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}"),
    "transposed-row": (r"[1, 2]^T", r"[1, 2]^{\top}"),
    "wide-spaces": (r"[-0.35 \quad 0.125]", "[-0.35, 0.125]"),
    "function-of-row": (r"\tanh[-0.35 \quad 0.125]", r"\tanh([-0.35, 0.125])"),
    "half-open": ("[0, 1)", "[0, 1)"),
    "cases": (
        r"\begin{cases} x & \text{if } x > 0, \\ 0 & \text{otherwise} \end{cases}",
        r"\begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
    ),
    "dots-in-a-row": (r"[a_1 \ a_2 \dots a_n]", r"[a_{1}, a_{2}, \ldots, a_{n}]"),
    # plain text and Unicode
    "ascii": ("sqrt(2)*3 + x^2/4", r"\sqrt{2} * 3 + \frac{x^{2}}{4}"),
    "ascii-exponent": ("e^-x", "e^{-x}"),
    "ascii-index": ("W_hh*h", "W_{h h} * h"),
    "unicode": ("α·x² − √2", r"\alpha \cdot x^{2} - \sqrt{2}"),
    "unicode-scripts": ("h₁₂ x⁻¹", "h_{12} x^{-1}"),
    "unicode-partial": ("∂L/∂w", r"\frac{\partial L}{\partial w}"),
    "unicode-sum": ("∑_{i=1}^n x_i", r"\sum_{i = 1}^{n} x_{i}"),
}


def shown(latex: str) -> str:
    protected = latex.replace(r"\rightarrow", "ARROW")
    if r"\left." in protected:
        return protected.replace("ARROW", r"\rightarrow")
    return protected.replace(r"\left", "").replace(r"\right", "").replace("ARROW", r"\rightarrow")


@pytest.mark.parametrize(("source", "expected"), ROWS.values(), ids=ROWS.keys())
def test_is_read_as_written(source: str, expected: str) -> None:
    tree = read_formula(source)
    assert shown(to_latex(tree)) == expected


@pytest.mark.parametrize("source", [row[0] for row in ROWS.values()], ids=ROWS.keys())
def test_canonical_latex_reads_back_to_the_same_tree(source: str) -> None:
    tree = read_formula(source)
    assert read_formula(to_latex(tree)) == tree


AMBIGUOUS = {
    "stroke": ("a / b c", [r"\frac{a}{b c}", r"\frac{a}{b} c"]),
    "argument-or-factor": ("h(x)", ["h(x)", "h x"]),
    "power-or-label": (r"\theta^{k+1}", [r"\theta^{k + 1}", r"\theta^{k + 1}"]),
    "d-before-a-name": ("dy", [r"\mathrm{d} y", "d y"]),
    "word-or-letters": (r"abcd \beta", None),
    "how-far-a-sum-reaches": (
        r"\sum_i a_i + b_i",
        [r"\sum_{i} a_{i} + b_{i}", r"\sum_{i} (a_{i} + b_{i})"],
    ),
    "log-of-product": (r"\log a \exp(b)", [r"\log(a) \exp(b)", r"\log(a \exp(b))"]),
    "raised-function": ("f^2(x)", ["(f(x))^{2}", "f^{2} x"]),
    "raised-with-two-arguments": (r"\phi^2(x, w)", [r"(\phi(x, w))^{2}", r"\phi^{2}(x, w)"]),
    "derivative-at-a-point": (
        r"\frac{df}{dx}(a)",
        [r"\left. \frac{d f}{d x} \right|_{x = a}", r"\frac{d f}{d x} a"],
    ),
    "pair-or-number": ("(100,200)", ["(100, 200)", "100200"]),
}


@pytest.mark.parametrize(("source", "readings"), AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_two_readings_are_both_given(source: str, readings: list[str] | None) -> None:
    found = [node for node in read_formula(source).walk() if isinstance(node, Ambiguous)]
    assert len(found) == 1
    assert len(set(found[0].readings)) == 2
    if readings is not None:
        assert [shown(to_latex(reading)) for reading in found[0].readings] == readings


SETTLED = {
    "declared-function": ("h(x)", ["h: function"], "h(x)"),
    "declared-scalar": ("h(x)", ["h: real"], "h x"),
    "sigma-is-a-number": (r"\sigma(z)", ["sigma: positive"], r"\sigma z"),
    "superscript-is-a-power": (r"x^k", ["x: real"], "x^{k}"),
    "superscript-is-a-label": (r"\theta^{2}", ["theta: vector, superscripts are labels"], r"\theta^{2}"),
    "d-is-a-letter": ("d x", ["d: real"], "d x"),
    "variance": (r"\sigma^2(x-\mu)", [], r"\sigma^{2} (x - \mu)"),
    "declared-word": (r"score x", ["score: real"], r"\operatorname{score} x"),
}


@pytest.mark.parametrize(("source", "declared", "expected"), SETTLED.values(), ids=SETTLED.keys())
def test_declarations_settle_what_a_letter_is(source: str, declared: list[str], expected: str) -> None:
    tree = read_formula(source, Declarations.parse(declared))
    assert not any(isinstance(node, Ambiguous) for node in tree.walk())
    assert shown(to_latex(tree)) == expected


REFUSED = {
    "open-bracket": ("(3-9)(5-15", "unbalanced ("),
    "open-brace": (r"\frac{1}{2", "unbalanced {"),
    "closing-brace": ("x}", "unbalanced }"),
    "open-left": (r"\left( x", r"unbalanced \left("),
    "open-environment": (r"\begin{bmatrix} 1", r"unbalanced \begin{bmatrix}"),
    "unknown-command": (r"\foo{x}", r"the command \foo is not known"),
    "empty": ("", "nothing is written here"),
    "control-character": ("x\x00y", "a control character (U+0000)"),
    "trailing-operator": ("0.19 \\times", "something is missing at the end"),
    "leading-operator": (r"\times 3", r"nothing stands beside \times"),
    "lone-partial": (r"\partial L", "a curly d without its partner"),
    "half-a-derivative": (r"\frac{\partial L}{x}", "a curly d without its partner"),
    "sum-of-nothing": (r"\frac{1}{\sum_{j=1}^3}", "nothing stands under the sum"),
    "two-numbers": ("0.1 0.2", "two numbers stand side by side"),
    "number-behind-a-letter": (r"\beta 2", "a number stands behind a letter"),
    "two-subscripts": ("x_1_2", "two subscripts on one symbol"),
    "order-mismatch": (r"\frac{d^2 f}{dx}", "a derivative of order 2 by 1 variables"),
}


@pytest.mark.parametrize(("source", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_a_hole_with_its_reason(source: str, reason: str) -> None:
    tree = read_formula(source)
    assert isinstance(tree, Hole)
    assert tree.reason == reason
    assert tree.source == source


def test_a_hole_points_at_the_fault() -> None:
    tree = read_formula(r"a + \foo{x}")
    assert tree.span == (4, 8)


def test_an_unread_cell_leaves_the_matrix_standing() -> None:
    tree = read_formula(r"\begin{bmatrix} 1 & \foo \\ 3 & 4 \end{bmatrix}")
    holes = [node for node in tree.walk() if isinstance(node, Hole)]
    assert [hole.source for hole in holes] == [r"\foo"]


def test_statements_side_by_side_do_not_multiply() -> None:
    first, second = read_statements(r"a = 1 \quad b = 2")
    assert [to_latex(side.tree) for side in (*first.sides, *second.sides)] == ["a", "1", "b", "2"]
