"""Derivations of every operation: each step by the loop oracle, the results by hand."""

import loop_oracle as loops
import numpy as np
import pytest
from program_checks import check_steps

from derive import ops
from derive.derivation import UnknownVariableError, derive_gradient
from derive.rendering.derivation import formula, page
from derive.tensor.matrix import Matrix, Values
from derive.tensor.matrix_steps import Slice, at_step
from derive.tensor.numeric import compile_statements
from derive.tensor.program import Statement
from derive.verification.samples import Setting, draw

SIZES = {"n": 3, "m": 2, "B": 5, "d": 4, "d_v": 2, "T": 3}

MANY_AXES = {
    *("conv_transpose2d", "adaptive_avg_pool2d", "adaptive_max_pool2d"),
    *("bilinear_upsampling", "trilinear_upsampling"),
    *("multi_head_attention", "multi_head_attention_biases"),
    *("causal_multi_head_attention", "masked_multi_head_attention"),
}
CELLS = {name for name in ops.names() if ops.operation(name).family == "recurrent"} | {"additive_attention"}


def how_long(name, order):
    """Loops over many axes take seconds each, over those of volumes minutes."""
    if name.endswith("3d"):
        return [pytest.mark.exhaustive]
    return [pytest.mark.slow] if name in MANY_AXES or (order == 2 and name in CELLS) else []


EVERYTHING = [
    pytest.param(
        name,
        given.name,
        order,
        upstream,
        id=f"{name}-{given.name}-{order}{'-g' if upstream else ''}",
        marks=how_long(name, order),
    )
    for name in ops.names()
    for given in ops.operation(name).differentiable
    for order, upstream in ((1, False), (1, True), (2, False))
    # Through time there is only the gradient: a Jacobian would have a term for every number of steps.
    if upstream or not ops.operation(name).program.recurrent
    if upstream or ops.operation(name).output.rank + order * given.tensor.rank <= (4 if order == 1 else 3)
]


def sizes_for(operation):
    """Small sizes, equal ones seldom: what a loop over every index can still afford."""
    names = [symbol.name for symbol in operation.program.sizes()]
    return {name: SIZES.get(name, 3 if name.endswith("_in") else 2) for name in names}


def world_for(operation, derivation, rng):
    sizes = sizes_for(operation)
    settings = {symbol.name: float(value) for symbol, value in operation.settings.items()}
    if operation.trials:
        trial = operation.trials[min(1, len(operation.trials) - 1)]
        settings |= {one.name: trial[key] for one, key in operation.keywords.items() if key in trial}
    constants = {symbol.name: float(value) for symbol, value in operation.constants.items()}
    arrays = {
        name: np.asarray(value)[0] if operation.is_elementwise else value
        for name, value in draw(operation, Setting(sizes, settings), rng).items()
    }
    indices = {one.name: int(arrays.pop(one.name)) for one in operation.inputs if one.tensor is None}
    numbers = sizes | settings | constants | indices
    for symbol, value in operation.program.derived_sizes:
        numbers[symbol.name] = loops.World(numbers, {}).extent(value)
    for seed in derivation.derived.seeds:  # called g, with primes where an input is called so
        shape = loops.World(numbers, {}).shape(operation.output)
        arrays[seed.name] = rng.normal(size=shape)
    world = loops.run(operation.program, arrays, numbers)
    return loops.run_statements(world, [Statement(p.target, p.result) for p in derivation.derived.parts])


@pytest.mark.parametrize(("name", "wrt", "order", "upstream"), EVERYTHING)
def test_both_sides_of_every_step_agree(name, wrt, order, upstream, rng):
    operation = ops.operation(name)
    derivation = derive_gradient(operation, wrt, order, upstream)
    assert derivation.steps
    check_steps(derivation.derived, world_for(operation, derivation, rng))


@pytest.mark.parametrize(
    ("name", "wrt", "order", "index", "matrix"),
    [
        ("identity", "x", 1, "1", "1"),
        ("sigmoid", "x", 1, "y (1 - y)", None),
        ("sigmoid", "x", 2, "y (1 - 2 y) (1 - y)", None),
        ("tanh", "x", 1, "1 - y^2", None),
        ("tanh", "x", 2, "-2 y (1 - y^2)", None),
        ("relu", "x", 1, "[x > 0]", None),
        ("leaky_relu", "x", 1, "{1 if x > 0, else α}", None),
        ("elu", "x", 1, "{1 if x > 0, else α exp(x)}", None),
        ("softplus", "x", 1, "σ", None),
        ("silu", "x", 1, "y (1 - σ) + σ", None),
        ("gelu", "x", 1, "Φ + φ x", None),
        ("softmax", "x", 1, "s_i (δ_ij - s_j)", "diag(s) - s sᵀ"),
        ("log_softmax", "x", 1, "δ_ij - s_j", "I - 𝟏 sᵀ"),
        ("log_sum_exp", "x", 1, "s_i", "s"),
        ("log_sum_exp", "x", 2, "s_i (δ_ij - s_j)", "diag(s) - s sᵀ"),
        ("matvec", "x", 1, "A_ij", "A"),
        ("linear", "x", 1, "Σ_i W_ij g_bi", "g W"),
        ("linear", "W", 1, "Σ_b g_bi x_bj", "gᵀ x"),
        ("linear", "b", 1, "Σ_b g_bi", "gᵀ 𝟏"),
        ("quadratic_form", "x", 1, "Σ_j x_j (A_ij + A_ji)", "(A + Aᵀ) x"),
        ("quadratic_form", "x", 2, "A_ij + A_ji", "A + Aᵀ"),
        ("quadratic_form", "A", 1, "x_i x_j", "x xᵀ"),
        ("squared_error", "yhat", 1, "2 (ŷ_i - y_i)", "2 (ŷ - y)"),
        ("mean_squared_error", "yhat", 1, "2/n (ŷ_i - y_i)", "2/n (ŷ - y)"),
        ("half_squared_error", "yhat", 1, "ŷ_i - y_i", "ŷ - y"),
        ("binary_cross_entropy", "p", 1, "(p_i - y_i)/(p_i (1 - p_i))", None),
        ("binary_cross_entropy_logits", "z", 1, "σ_i - y_i", "σ - y"),
        ("cross_entropy", "z", 1, "s_i - y_i", "s - y"),
        ("cross_entropy", "z", 2, "s_i (δ_ij - s_j)", "diag(s) - s sᵀ"),
        ("cross_entropy_index", "z", 1, "s_i - [c = i]", "s - e_c"),
        # Ioffe and Szegedy (2015), section 3, their chain of six equations put together.
        ("batch_norm", "x", 1, "γ_j r_j (g_bj - 1/B (x̂_bj Σ_i g_ij x̂_ij + Σ_i g_ij))", None),
        ("batch_norm", "gamma", 1, "Σ_b g_bj x̂_bj", "(g ⊙ x̂)ᵀ 𝟏"),
        ("batch_norm", "beta", 1, "Σ_b g_bj", "gᵀ 𝟏"),
        ("batch_norm_eval", "x", 1, "g_bj γ_j r_j", "g diag(γ ⊙ r)"),
        ("batch_norm_eval", "mu", 1, "-γ_j r_j Σ_b g_bj", None),
        ("layer_norm", "x", 1, "r_b (g_bj γ_j - 1/n (x̂_bj Σ_i g_bi x̂_bi γ_i + Σ_i g_bi γ_i))", None),
        ("rms_norm", "x", 1, "r_b (g_bj γ_j - x̂_bj/n Σ_i g_bi x̂_bi γ_i)", None),
        ("attention", "Q", 1, "1/sqrt(d) Σ_j K_ja dS_ij", "dS K / sqrt(d)"),
        ("attention", "K", 1, "1/sqrt(d) Σ_i Q_ia dS_ij", "dSᵀ Q / sqrt(d)"),
        ("attention", "V", 1, "Σ_i g_ic P_ij", "Pᵀ g"),
        ("dot_product_attention", "Q", 1, "Σ_j K_ja dS_ij", "dS K"),
        ("absolute_error", "yhat", 1, "sign(ŷ_i - y_i)", "sign(ŷ - y)"),
        ("absolute_error", "yhat", 2, "0", None),
        ("mean_absolute_error", "yhat", 1, "sign(ŷ_i - y_i)/n", None),
        ("huber", "yhat", 1, "{δ sign(ŷ_i - y_i) if |y_i - ŷ_i| > δ, else ŷ_i - y_i}", None),
        ("hinge", "z", 1, "-y_i [1 > y_i z_i]", None),
        ("multiclass_hinge", "z", 1, "[1 + z_i > z_c] - [c = i] Σ_j [1 + z_j > z_c]", None),
        ("label_smoothing", "z", 1, "s_i - t_i", "s - t"),
        ("label_smoothing_others", "z", 1, "s_i - t_i", "s - t"),
        ("kl_divergence", "p", 1, "1 + log(p_i/q_i)", None),
        ("kl_divergence", "q", 1, "-p_i/q_i", "-p ⊘ q"),
        ("l1_penalty", "w", 1, "α sign(w_i)", "α sign(w)"),
        ("l2_penalty", "w", 1, "α w_i", "α w"),
        ("dropout", "x", 1, "m/(1 - p)", None),
        ("residual_sum", "x", 1, "1", None),
        # Goodfellow et al. (2016), equation 10.21: the Jacobian that backpropagation through time multiplies.
        ("rnn_cell", "h", 1, "W_hh_ji (1 - H_j^2)", "diag(𝟏 - H^⊙2) W_hh"),
        ("rnn_cell", "b", 1, None, "diag(𝟏 - H^⊙2)"),
        ("lstm_cell", "c", 1, "f_i o_i δ_ij (1 - t_i^2)", "diag(f ⊙ o ⊙ (𝟏 - t^⊙2))"),
    ],
)
def test_textbook_form(name, wrt, order, index, matrix):
    derivation = derive_gradient(ops.operation(name), wrt, order)
    if index is not None:
        assert formula(derivation.index, derivation, derivation.target)["text"] in (index, _turned(index))
    if matrix is not None:
        assert derivation.matrix.print(page(derivation).printer) in (matrix, _turned(matrix))


@pytest.mark.parametrize(
    ("name", "wrt", "expected"),
    [
        pytest.param(
            "attention",
            "Q",
            {
                "dP": "g Vᵀ",
                "dS": "P ⊙ (dP - (P ⊙ dP) 𝟏 𝟏ᵀ)",
                "∂L/∂Q": "dS K / sqrt(d)",
            },
            id="attention",
        ),
        pytest.param(
            "rnn",
            "W_hh",
            {"dz_t": "(𝟏 - H_t^⊙2) ⊙ (g_t + W_hhᵀ dz_(t + 1))", "∂L/∂W_hh": "Σ_t dz_t H_(t - 1)ᵀ"},
            id="through time",
        ),
        pytest.param(
            "rnn",
            "x",
            {"dz_t": "(𝟏 - H_t^⊙2) ⊙ (g_t + W_hhᵀ dz_(t + 1))", "∂L/∂x_t": "W_xhᵀ dz_t"},
            id="through time to an input",
        ),
        pytest.param("rnn_cell", "W_hh", {"dz": "g ⊙ (𝟏 - H^⊙2)", "∂L/∂W_hh": "dz hᵀ"}, id="rnn"),
        pytest.param(
            "lstm_cell",
            "h",
            {
                "dC": "g ⊙ o ⊙ (𝟏 - t^⊙2)",
                "dz_i": "dC ⊙ i ⊙ u ⊙ (𝟏 - i)",
                "dz_f": "c ⊙ dC ⊙ f ⊙ (𝟏 - f)",
                "dz_o": "g ⊙ o ⊙ t ⊙ (𝟏 - o)",
                "dz_u": "dC ⊙ i ⊙ (𝟏 - u^⊙2)",
                "∂L/∂h": "U_fᵀ dz_f + U_iᵀ dz_i + U_oᵀ dz_o + U_uᵀ dz_u",
            },
            id="lstm",
        ),
        pytest.param(
            "gru_cell",
            "U_u",
            {"dz_u": "g ⊙ (𝟏 - s) ⊙ (𝟏 - u^⊙2)", "∂L/∂U_u": "(dz_u ⊙ r) hᵀ"},
            id="gru",
        ),
    ],
)
def test_gradients_on_the_way_keep_their_names(name, wrt, expected):
    shown = page(derive_gradient(ops.operation(name), wrt, upstream=True))
    assert dict(matrix.split(" = ") for _, matrix in shown.results()) == expected


def _turned(printed):
    """The same sum of two terms in the other order."""
    return printed.replace("A + Aᵀ", "Aᵀ + A").replace("A_ij + A_ji", "A_ji + A_ij")


def test_cross_entropy_says_that_it_used_the_sum_of_the_target():
    derivation = derive_gradient(ops.operation("cross_entropy"), "z")
    assert derivation.assumptions == ("the entries of y sum to 1",)
    assert "the entries of y sum to 1" in [step.rule for step in derivation.steps]


def test_a_sum_that_is_1_for_a_reason_says_the_reason():
    derivation = derive_gradient(ops.operation("label_smoothing"), "z")
    assert derivation.assumptions == ("t sums to 1 over i; the entries of y sum to 1",)


def test_softmax_names_its_rules_and_joins_two_cases():
    derivation = derive_gradient(ops.operation("softmax"), "x")
    rules = [step.rule for step in derivation.sections[-1].steps()]
    for rule in ("quotient rule", "derivative of the exponential", "only the index equal to j survives"):
        assert rule in rules
    printer = page(derivation).printer
    cases = [(equal, printer(value)) for equal, _, _, value in derivation.cases]
    assert cases == [(True, "s_i (1 - s_i)"), (False, "-s_i s_j")]


@pytest.mark.parametrize(("name", "wrt"), [("softmax", "x"), ("linear", "W"), ("gelu_tanh", "x")])
def test_folding_leaves_trivial_steps_out_and_keeps_the_result(name, wrt):
    for section in derive_gradient(ops.operation(name), wrt).sections:
        shown, everything = section.steps(), section.steps(detail=True)
        assert 0 < len(shown) < len(everything)
        assert shown[-1].after == everything[-1].after == section.result
        assert not any(step.trivial for step in shown[:-1])


@pytest.mark.parametrize(
    ("name", "wrt", "message"),
    [
        ("linear", "w", "linear: unknown input 'w'; did you mean W?"),
        ("linear", "zz", "linear: unknown input 'zz'; known: W, b, x"),
        ("masked_attention", "M", "M is a mask and has no gradient; there is one by Q, K, V"),
        ("embedding", "c", "c is an index and has no gradient; there is one by E"),
        ("cross_entropy_index", "c", "c is an index and has no gradient; there is one by z"),
    ],
)
def test_a_wrong_variable_says_what_would_work(name, wrt, message):
    with pytest.raises(UnknownVariableError) as caught:
        derive_gradient(ops.operation(name), wrt)
    assert message in str(caught.value)


def test_numpy_function_names_the_sizes_that_disagree():
    gradient = derive_gradient(ops.operation("linear"), "W").numpy
    with pytest.raises(ValueError, match=r"size n is 3 in x of shape \(2, 3\) and 4 in W of shape \(5, 4\)"):
        gradient(x=np.ones((2, 3)), W=np.ones((5, 4)), b=np.ones(5), g=np.ones((2, 5)))
    with pytest.raises(ValueError, match=r"missing g; needed are x \(B, n\)"):
        gradient(x=np.ones((2, 3)), W=np.ones((5, 3)), b=np.ones(5))


@pytest.mark.parametrize(("name", "wrt"), [("rnn", "W_hh"), ("rnn", "x"), ("lstm", "U_f"), ("gru", "W_u")])
def test_matrix_notation_of_a_step_has_the_values_of_the_index_form(name, wrt, rng):
    operation = ops.operation(name)
    derivation = derive_gradient(operation, wrt)
    sizes = {"T": 5, "n": 3, "m": 2}
    arrays = draw(operation, Setting(sizes, {}), rng) | {"g": rng.normal(size=(5, 2))}
    statements = (*operation.program.statements, *derivation.derived.statements)
    computed = compile_statements((*operation.program.inputs, *derivation.derived.seeds), statements)
    values = Values({**arrays, **computed.all(arrays)}, sizes)
    step = operation.program.step
    checked = 0
    for section in derivation.sections:
        left, form = section.equation
        if section.part.inlined or not isinstance(form, Matrix):
            continue
        whole = values.arrays[section.target.tensor.name]
        for t in range(5):
            found = form.evaluate(at_step(values, form, step, t))
            expected = left.value(whole, step, t) if isinstance(left, Slice) else whole
            np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-12)
            checked += 1
    assert checked >= 10


def test_a_jacobian_through_time_is_refused():
    with pytest.raises(ValueError, match="use the chain rule"):
        derive_gradient(ops.operation("rnn"), "b", upstream=False)
