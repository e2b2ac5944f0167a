"""Random trees: writing one as LaTeX and reading it gives it back."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from derive.reading import read_formula, to_latex
from derive.reading.tree import (
    NOTHING,
    Add,
    Big,
    Call,
    Cases,
    Derivative,
    Divide,
    Indexed,
    List,
    Matrix,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Relation,
    Transpose,
    Tree,
)

# Letters whose meaning needs no declaration: no d, e, no function letters,
# no letter that may number something.
LETTERS = st.sampled_from(
    ["a", "b", "c", "x", "y", "z", "w", "W", "X", "alpha", "beta", "theta", "mu", "Omega"]
)
INDICES = st.sampled_from(
    [Name("i"), Name("j"), Name("k"), Number("1"), Number("12"), Name("in"), Name("new")]
)
numbers = st.builds(
    Number, st.sampled_from(["0", "1", "2", "10", "0.660", "12.5", "1089952", "1.73e6", "3e-4"])
) | st.builds(Number, st.sampled_from(["80", "0.5"]), st.just("%"))
names = st.builds(
    Name, LETTERS, st.sampled_from([(), (), (), ("hat",), ("prime",), ("bar",), ("hat", "prime"), ("star",)])
) | st.builds(Name, LETTERS, st.just(()), st.sampled_from(["bold", "cal"]))
plain_names = st.builds(Name, LETTERS)
labels = st.builds(
    lambda item, brackets: List((item,), brackets),
    st.sampled_from([Name("l"), Number("1")]),
    st.sampled_from(["[", "("]),
)
indexed = st.builds(
    Indexed,
    st.builds(Name, LETTERS, st.sampled_from([(), ("hat",), ("prime",)])),
    st.lists(INDICES, min_size=1, max_size=2).map(tuple),
    st.just(()) | st.tuples(labels),
) | st.builds(Indexed, plain_names, st.just(()), st.tuples(labels))
leaves = numbers | names | indexed
FUNCTIONS = st.sampled_from(
    [Name("sin"), Name("exp"), Name("tanh"), Name("ReLU"), Name("sqrt"), Name("abs"), Name("floor"),
    Name("max"),
     Name("softmax"), Indexed(Name("log"), (Number("2"),)), Name("sigma", ("prime",)), Name("binom"),
     Name("norm")]
)  # fmt: skip


def call(function: Tree, arguments: list[Tree]) -> Tree:
    wanted = {Name("max"): 2, Name("binom"): 2}.get(function, 1) if isinstance(function, Name) else 1
    return Call(function, tuple((arguments * 2)[:wanted]))


def product(factors: list[Tree], signs: list[str]) -> Tree:
    return Multiply(tuple(factors), tuple((signs * 3)[: len(factors) - 1]))  # type: ignore[arg-type]


def big(operator: str, index: Tree, bounded: int, low: Tree, high: Tree, body: Tree) -> Tree:
    if operator.startswith("arg"):
        return Big(operator, (index,), None, None, body)
    if bounded == 2:
        return Big(operator, (index,), low, high, body)
    if bounded == 1:
        return Big(operator, (index,), None, None, body, None, Relation("!=", index, Name("m")))
    return Big(operator, (index,), None, None, body)


def row(items: list[Tree]) -> Tree:
    """A list in square brackets, unless it is a list of such lists, which is a matrix."""
    nested = all(isinstance(item, List) and item.brackets == "[" for item in items)
    return List(tuple(items), "(" if nested else "[")


def no_label(exponent: Tree) -> bool:
    """A list above a letter is a label, never an exponent."""
    return not isinstance(exponent, List)


def extend(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    several = st.lists(inner, min_size=2, max_size=3)
    tight = st.lists(st.sampled_from(["", "cdot", "times", "*"]), min_size=1, max_size=2)
    return st.one_of(
        several.map(lambda terms: Add(tuple(terms))),
        inner.map(Negative),
        st.builds(product, several, tight),
        st.builds(product, several, st.just(["odot"])),
        st.builds(Divide, inner, inner),
        st.builds(Power, inner, numbers | st.builds(Negative,
        st.just(Number("1"))) | st.just(Name("p")) | inner.filter(no_label)),
        st.builds(Transpose, inner),
        st.builds(call, FUNCTIONS, several),
        st.builds(
            big, st.sampled_from(["sum", "prod", "argmax"]), st.sampled_from([Name("r"), Name("q")]),
            st.integers(0, 2), st.just(Number("1")), st.sampled_from([Name("n"), Name("K")]), inner,
        ),
        st.builds(lambda of, by, kind: Derivative(of, (by,), kind), inner, indexed | plain_names,
        st.sampled_from(["d", "partial"])),
        st.builds(lambda of, by: Derivative(of, (by,), "nabla"), inner, plain_names),
        several.map(lambda items: List(tuple(items), "(")),
        several.map(row),
        st.builds(matrix, several, several, BRACKETS, st.sampled_from([(), (1,)])),
        st.builds(Relation, OPERATIONS, inner, inner),
        inner.map(lambda denied: Relation("neg", NOTHING, denied)),
        st.builds(either, inner, st.sampled_from(["pm", "mp"]), inner),
        st.builds(lambda body, over: Big("E", *over[:1], None, None, body, *over[1:]), inner, EXPECTED),
        st.builds(lambda body, ends: Big("int", (Name("r"),), *ends, body), inner, ENDS),
        st.builds(lambda body, to: Big("lim", (Name("q"),), to, None, body), inner, leaves),
        conditions(inner).map(lambda condition: Call(Name("indicator"), (condition,))),
        st.builds(lambda a, when, b: Cases(((a, when), (b, None))), inner, conditions(inner), inner),
        st.builds(at_point, names, plain_names, st.sampled_from(["d", "partial"]), leaves),
        st.builds(Derivative, inner, st.tuples(plain_names, plain_names), st.sampled_from(["d", "partial"])),
        st.builds(lambda left, right: Call(Name("inner"), (left, right)), inner, inner),
        st.builds(lambda left, right: Call(Name("p"), (Relation("|", left, right),)), inner, inner),
        several.map(lambda items: List(tuple(items), "{")),
    )  # fmt: skip


OVER_TWO = List((Relation("~", Name("q"), Name("p")), Relation("~", Name("r"), Name("u"))), "")
EXPECTED = st.sampled_from([
    ((),), ((Name("q"),),), ((Name("q"),), Name("p")), ((Name("q"), Name("r")), Name("p")),
    ((Name("q"), Name("r")), None, OVER_TWO),
])  # fmt: skip
ENDS = st.sampled_from(
    [(None, None), (Number("0"), Number("1")), (Negative(Name("infty")), Name("infty"))],
)
BRACKETS = st.sampled_from(["[", "(", "|", ""])
OPERATIONS = st.sampled_from(["cup", "cap", "setminus", "oplus", "mod", "wedge", "vee"])


def matrix(first: list[Tree], second: list[Tree], brackets: str, bars: tuple[int, ...]) -> Tree:
    return Matrix((tuple(first[:2]), tuple(second[:2])), brackets, bars)


def either(first: Tree, sign: str, term: Tree) -> Tree:
    return Add((first, Relation(sign, NOTHING, term)))


def at_point(of: Tree, by: Tree, kind: str, point: Tree) -> Tree:
    return Derivative(of, (by,), kind, Relation("=", by, point))


def conditions(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    signs = st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "in"])
    return st.builds(lambda left, sign, right: Relation(sign, left, right), inner, signs, inner)


trees = st.recursive(leaves, extend, max_leaves=12)


def inverse_under(kind: str) -> Tree:
    """The derivative of an inverse of what may be a function: not the inverse of the derivative."""
    return Derivative(Power(Name("a", (), "cal"), Negative(Number("1"))), (Name("a"),), kind)


# Hypothesis says so of a deep tree, which is what the test is for; it depends on what ran before.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@given(trees)
@example(inverse_under("nabla"))
@example(inverse_under("nabla^2"))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_written_trees_are_read_back(tree: Tree) -> None:
    latex = to_latex(tree)
    assert read_formula(latex) == tree, latex


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@given(trees)
@settings(max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_ten_thousand_written_trees_are_read_back(tree: Tree) -> None:
    latex = to_latex(tree)
    assert read_formula(latex) == tree, latex


@given(st.text(alphabet=st.sampled_from(list("abdefxTW01.,;:+-*/=<>|()[]{}^_'!&%$~? \\\n")), max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_gives_a_tree(text: str) -> None:
    to_latex(read_formula(text))


PIECES = st.sampled_from(
    [r"\frac", "{", "}", "x", "1", r"\sum", "_", "^", r"\left(", r"\right)", "(", ")", r"\partial", "d",
    r"\begin{bmatrix}",
     r"\end{bmatrix}", "&", r"\\", "=", r"\Rightarrow", r"\text{if }", r"\quad", ",", "T", "'", "|", r"\|",
     r"\nabla", r"\log",
     r"\begin{cases}", r"\end{cases}", r"\cancel", r"\hat", "-", r"\int", r"\sqrt", "[", "]", r"\cdot",
     r"\max", r"\boxed"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30))
@settings(max_examples=400, deadline=None)
def test_any_commands_give_a_tree(pieces: list[str]) -> None:
    to_latex(read_formula(" ".join(pieces)))
