"""Notations of course notes and homework, each against the reading written by hand."""

import pytest

from derive.reading import read_formula, read_statements, to_latex
from derive.reading.tree import Ambiguous, Hole


def shown(latex: str) -> str:
    for word in ("arrow", "Arrow"):
        latex = latex.replace(rf"\right{word}", rf"\RIGHT{word}").replace(rf"\left{word}", rf"\LEFT{word}")
    latex = latex.replace(r"\left", "").replace(r"\right", "")
    return latex.replace(r"\RIGHT", r"\right").replace(r"\LEFT", r"\left")


ROWS = {
    # braces that only group: a function inside them is still applied
    "braced-function": (r"{f}(x)", "f(x)"),
    "braced-greek-function": (r"{\sigma}(z)", r"\sigma(z)"),
    "braced-argument": (r"\sigma{(z)}", r"\sigma(z)"),
    "braced-log-argument": (r"\log{(x)} + y", r"\log(x) + y"),
    "braced-subscript": (r"\theta{_k}", r"\theta_{k}"),
    "braced-fraction-stays": (r"\frac{(a)}{(b)}", r"\frac{a}{b}"),
    "empty-braces": (r"a + {}b", "a + b"),
    # switches of the font, as in plain TeX
    "bf": (r"{\bf x}_i^T {\bf w}", r"\boldsymbol{x}_{i}^{\top} \boldsymbol{w}"),
    "rm-label": (r"a_{\rm in}", r"a_{\text{in}}"),
    "rm-function": (r"{\rm tanh}({\bf W}x)", r"\tanh(\boldsymbol{W} x)"),
    "cal": (r"{\cal L}(\theta)", r"\mathcal{L}(\theta)"),
    "bf-with-braces": (r"\bf{x} + y", r"\boldsymbol{x} + y"),
    "bold": (r"\bold{x}_t", r"\boldsymbol{x}_{t}"),
    "transpose-in-rm": (r"w^{\rm T} x", r"w^{\top} x"),
    "transpose-in-sf": (r"\mathbf x^{\mathsf T}", r"\boldsymbol{x}^{\top}"),
    "function-in-sf": (r"\mathsf{diag}(x)", r"\operatorname{diag}(x)"),
    # older fractions
    "over": (r"{p(z) \over q(z)} + 1", r"\frac{p(z)}{q(z)} + 1"),
    "choose": (r"{n \choose k}", r"\binom{n}{k}"),
    # signs behind a function's name
    "minus-after-exp": (r"\exp -x", r"\exp(-x)"),
    "minus-after-log": (r"\log -\frac{1}{2}", r"\log(-\frac{1}{2})"),
    "minus-then-sum": (r"\exp -x + 1", r"\exp(-x) + 1"),
    # labels and transposes
    "label-transpose-raised": (r"W^{[2]^T} x", r"(W^{[2]})^{\top} x"),
    "transpose-label": (r"W^{T[2]} x", r"(W^{[2]})^{\top} x"),
    "label-then-prime": (r"g^{[1]'}(z)", r"g'^{[1]}(z)"),
    "label-prime-braced": (r"g'^{[1]}(z)", r"g'^{[1]}(z)"),
    "angle-label": (r"a^{<t>}", r"a^{\langle t \rangle}"),
    "angle-label-lt": (r"a^{\lt t-1 \gt}", r"a^{\langle t - 1 \rangle}"),
    "star-transpose": (r"w^{*T} x", r"{w^{\star}}^{\top} x"),
    "unit-label": (r"o_{h1}", r"o_{h, 1}"),
    "word-and-digit": (r"H_{in1}", r"H_{\text{in}, 1}"),
    "hermitian": (r"V^{\text{H}}", r"V^{\dagger}"),
    "colon-index": (r"X_{:,j}", r"X_{:, j}"),
    "row-colon": (r"X_{i,:}", r"X_{i, :}"),
    "dot-index": (r"A_{i\cdot}", r"A_{i, \cdot}"),
    "slice": (r"W[:, j]", r"W_{[:, j]}"),
    "words-all": (r"H_{all} + h_{cell}", r"H_{\text{all}} + h_{\text{cell}}"),
    # lists and matrices
    "matlab-rows": ("[1, 2; 3, 4]", r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}"),
    "matlab-spaces": ("[1 2; 3 4]", r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}"),
    "stacked-list": ("[h; x]", "[h, x]"),
    "dots-without-spaces": (
        r"[t^{(1)}\cdots t^{(n)}]",
        r"[t^{(1)}, \cdots, t^{(n)}]",
    ),
    "shape-with-star": (r"(*, C_{in}, H)", r"(*, C_{\text{in}}, H)"),
    "set-builder": (r"\{x : z^T x = 0\}", r"\{x : z^{\top} x = 0\}"),
    "set-builder-bar": (r"\{x \mid x > 0\}", r"\{x \mid x > 0\}"),
    # numbers
    "upright-e": (r"1.5\mathrm{e}{-3}", r"1.5 \times 10^{-3}"),
    "braced-exponent": (r"2.5e{-}4", r"2.5 \times 10^{-4}"),
    "text-exponent": (r"1\text{e-}5", r"1 \times 10^{-5}"),
    "digits-in-text": (r"\text{12} + \mathrm{3.5}", "12 + 3.5"),
    "times-as-letter": ("3 x 3 x 64", r"3 \times 3 \times 64"),
    # words with mathematics inside
    "text-call": (r"\text{softmax(x)}_i", r"(\operatorname{softmax}(x))_{i}"),
    "text-element": (r"\text{padding[1]} - 1", r"\text{padding}_{[1]} - 1"),
    "text-factorial": (r"\log(\text{target!})", r"\log(\text{target}!)"),
    "text-minus": (r"\text{-bound} + 1", r"-\text{bound} + 1"),
    "count": (r"\#\text{params}", r"\text{\#params}"),
    "quantity-that-is-a-word": (
        r"\frac{2 \cdot \text{recall}}{\text{step}}",
        r"\frac{2 \cdot \text{recall}}{\text{step}}",
    ),
    "escaped-underscore": (r"(N, out\_features)", r"(N, \text{out\_features})"),
    "python-power": ("S**2/(m - 1)", r"\frac{S^{2}}{m - 1}"),
    "comment-at-line-end": ("a + %\n b", "a + b"),
    # functions
    "upright-expectation": (r"x - \mathrm{E}[x]", r"x - \mathbb{E}[x]"),
    "indicator-braces": (r"\mathbb{1}\{y^{(i)} = k\}", r"1[y^{(i)} = k]"),
    "indicator-bbm": (r"\mathbbm{1}[x > 0]", r"1[x > 0]"),
    "convolution-at": (r"(I * K)(i, j)", r"(I * K)(i, j)"),
    "placeholder": (r"\sigma'(\cdot)", r"\sigma'(\cdot)"),
    "divergence-in-bars": (r"D_{KL}(q(z|x) || p(z))", r"D_{\text{KL}}(q(z \mid x) \| p(z))"),
    "vec-of-matrix": (r"\text{vec}(A)", r"\operatorname{vec}(A)"),
    "arrow-over-two": (r"\overrightarrow{ab}", r"\overrightarrow{a b}"),
    # operators
    "union": (r"|A \cup B|", r"|A \cup B|"),
    "intersection": (r"\frac{|A\cap B|}{|A\cup B|}", r"\frac{|A \cap B|}{|A \cup B|}"),
    "difference-of-sets": (r"A \setminus B", r"A \setminus B"),
    "direct-sum": (r"a \oplus b", r"a \oplus b"),
    "cross-correlation": (r"w \star x", r"w \star x"),
    "modulo": (r"a \bmod b", r"a \bmod b"),
    "python-product": (r"W @ x + b", r"W x + b"),
    "upright-binary": (r"W \mathbin{@} x", r"W x"),
    "divergence-of-field": (r"\nabla \cdot F", r"(\nabla) \cdot F"),
    # conditions
    "condition-with-words": (
        r"\begin{cases} m & \text{if reduction} = a \\ s & \text{else} \end{cases}",
        r"\begin{cases} m & \text{if } \text{reduction} = a \\ s & \text{otherwise} \end{cases}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), ROWS.values(), ids=ROWS.keys())
def test_is_read_as_written(source: str, expected: str) -> None:
    tree = read_formula(source)
    assert not any(isinstance(node, Hole) for node in tree.walk()), tree
    assert shown(to_latex(tree)) == expected


@pytest.mark.parametrize("source", [row[0] for row in ROWS.values()], ids=ROWS.keys())
def test_canonical_latex_reads_back_to_the_same_tree(source: str) -> None:
    tree = read_formula(source)
    assert read_formula(to_latex(tree)) == tree


AMBIGUOUS = {
    "scope-of-argmin": (
        r"\arg\min_w L(w) + \lambda w^2",
        [
            r"\operatorname{argmin}_{w} (L(w) + \lambda w^{2})",
            r"\operatorname{argmin}_{w} L(w) + \lambda w^{2}",
        ],
    ),
    "scope-of-max": (
        r"\max_a q_a - q_a",
        [r"\max_{a} q_{a} - q_{a}", r"\max_{a} (q_{a} - q_{a})"],
    ),
    "scope-of-condition": (
        r"\min_{i \ne j} s_i - s_j",
        [r"\min_{i \neq j} s_{i} - s_{j}", r"\min_{i \neq j} (s_{i} - s_{j})"],
    ),
    "convolution-or-product": (r"(f * g)(t)", [r"(f * g)(t)", r"(f * g) t"]),
    "composition": (r"(f \circ g)(x)", [r"(f \circ g)(x)", r"(f \odot g) x"]),
    "applied-to-a-word": (
        r"T_n(\text{input})",
        [r"T_{n}(\text{input})", r"T_{n} \text{input}"],
    ),
    "decimal-comma": ("0,5", ["0.5", "0, 5"]),
}


@pytest.mark.parametrize(("source", "readings"), AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_two_readings_are_both_given(source: str, readings: list[str]) -> None:
    found = [node for node in read_formula(source).walk() if isinstance(node, Ambiguous)]
    assert [[shown(to_latex(reading)) for reading in node.readings] for node in found] == [readings]


def chains(source: str) -> list[tuple[str, str]]:
    made = []
    for statement in read_statements(source):
        text = ""
        for place, side in enumerate(statement.sides):
            text += f" {statement.signs[place - 1]} " if place else ""
            text += f"<{side.tree.reason}>" if isinstance(side.tree, Hole) else shown(to_latex(side.tree))
        made.append((statement.role, text))
    return made


STATEMENTS = {
    "words-without-text": ("x = 1 and y = 2", [("claim", "x = 1"), ("claim", "y = 2")]),
    "condition-without-text": ("f = x for x > 0", [("claim", "f = x"), ("condition", "x > 0")]),
    "index-condition": (r"a = b_i,\quad i \neq j", [("claim", "a = b_{i}"), ("condition", "i != j")]),
    "index-equal": (r"a_i = b_i \quad i = j", [("claim", "a_{i} = b_{i}"), ("condition", "i = j")]),
    "bracketed-condition": (r"g(x) = x^2 \quad (x > 0)", [("claim", "g(x) = x^{2}"), ("condition", "x > 0")]),
    "domain-after": (r"f(x) = x^2, x > 0", [("claim", "f(x) = x^{2}"), ("condition", "x > 0")]),
    "a-result-is-a-claim": (r"a = 3, \quad b = 2", [("claim", "a = 3"), ("claim", "b = 2")]),
    "empty-braces-before-cell": (r"C ={} & 3 \\ D ={} & 4", [("claim", "C = 3"), ("claim", "D = 4")]),
    "sum-broken-after-its-sign": (
        r"\begin{aligned} y ={} & \sum_{k=0}^{n-1} \sum_{m=0}^{n} \\ & x_{k m} \end{aligned}",
        [("claim", r"y = \sum_{k = 0}^{n - 1} \sum_{m = 0}^{n} x_{k m}")],
    ),
    "word-between-bars": (r"|\text{input}| > 1", [("claim", r"|\text{input}| > 1")]),
    "stop-word-as-quantity": (r"a = b + \text{step}.", [("claim", r"a = b + \text{step}")]),
    "words-multiplied": (
        r"\text{one1} \mathbin{@} \text{two2}",
        [("claim", r"\operatorname{one1} \text{two2}")],
    ),
    "shifts": (r"a = b << c", [("claim", "a = b << c")]),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), STATEMENTS.values(), ids=STATEMENTS.keys())
def test_statements(source: str, expected: list[tuple[str, str]]) -> None:
    assert chains(source) == expected
