"""What a name stands for when nothing declares it: a constant, a function, an index, a label, a matrix.

The defaults are those of the design: capital Latin letters that are transposed, inverted or stand beside
another such letter are matrices; lower-case and Greek letters are scalars unless transposed or multiplied by
a matrix; logarithms are natural; sigma of something is the logistic function.
"""

from __future__ import annotations

from derive.judging.functions import SPELLINGS, TABLE
from derive.reading.tree import (
    Add,
    Indexed,
    List,
    Multiply,
    Name,
    Negative,
    Number,
    Tree,
)

#: Functions with more than one argument, or of vectors and matrices.
OF_TENSORS = {
    "softmax", "Softmax", "max", "min", "norm", "det", "tr", "trace", "Tr", "diag", "binom", "factorial",
    "sqrt", "log", "sum", "mean", "logsumexp", "root", "gcd", "exp", "argmax", "argmin", "dim", "rank",
}  # fmt: skip
HELD = "held#"
END = "end"  # the font of a name that ends a sum, where it counts below what the sum runs over
INDEX = "index"  # the font of a letter that was found to be an index
CONSTANTS = {Name("pi"), Name("e")}
IDENTITY = Name("I")
ONES = Name("1", font="bold")  # the vector of ones
INDEX_LETTERS = set("ijklmnpqrstcy") | {"ell"}
#: Letters that run over all entries where a family is defined (``s_i = ...``); others may be labels (``b_h
#: = 1``).
GREEK_CAPITALS = frozenset(["Sigma", "Lambda", "Omega", "Gamma", "Theta", "Phi", "Psi", "Xi", "Delta"])
RUNNING_LETTERS = set("ijklmnrt") | {"ell"}
#: Lower-case letters that stay scalars beside a matrix, as rates, weights and counts do in the field.
RATES = {
    "alpha",
    "beta",
    "gamma",
    "epsilon",
    "varepsilon",
    "eta",
    "lambda",
    "nu",
    "tau",
    "rho",
    "c",
    "k",
    "n",
    "m",
    "t",
    "i",
    "j",
}


def function_name(function: Tree) -> str | None:
    """The canonical name of a function that is known without a declaration, or None.

    >>> function_name(Name("sigma")), function_name(Name("ln")), function_name(Name("f"))
    ('sigmoid', 'log', None)
    """
    if not isinstance(function, Name) or function.font not in ("", "text", "rm"):
        return None
    if any(mark != "prime" for mark in function.marks):
        return None
    text = SPELLINGS.get(function.text, function.text)
    if text in TABLE or text in OF_TENSORS:
        return {"Softmax": "softmax", "trace": "tr", "Tr": "tr"}.get(text, text)
    return None


def unlabelled(function: Tree) -> Tree:
    """The function below a label: the log of ``\\log_2``, the norm of ``\\|x\\|_F``."""
    return function.base if isinstance(function, Indexed) else function


def is_indicator(tree: Tree) -> bool:
    """The 1 of an indicator: ``1[i = j]``, ``\\mathbb{1}_{x > 0}``, ``I(a > 0)``."""
    if isinstance(tree, Number):
        return tree.digits == "1"
    return isinstance(tree, Name) and tree.text in ("1", "I", "indicator", "ind")


def is_held(name: Tree) -> bool:
    """Whether this stands for a name that a partial derivative holds fixed."""
    return isinstance(name, Name) and name.text.startswith(HELD)


def is_letter(item: Tree) -> bool:
    """Whether a subscript is a letter used as an index (bound letters carry a ``#``)."""
    if not isinstance(item, Name) or item.marks or is_held(item):
        return False
    return item.text in INDEX_LETTERS or "#" in item.text or item.font == INDEX


def is_index(item: Tree) -> bool:
    """Whether a subscript counts: a letter, a number, or a sum of those (``t - 1``)."""
    if is_letter(item) or is_end(item) or (isinstance(item, Number) and item.digits.isdigit()):
        return True
    if isinstance(item, Negative):
        return is_index(item.operand)
    if isinstance(item, Add):
        # s i + d u - p: a stride and a padding count where a letter that runs is beside them
        return all(is_index(term) or _steps(term) for term in item.terms) and any(
            is_letter(n) or is_end(n) for n in item.walk()
        )
    return False


def is_end(item: Tree) -> bool:
    """Whether a subscript is the name of the number where a sum ends."""
    return isinstance(item, Name) and item.font == END


def _steps(term: Tree) -> bool:
    """A product of names and numbers within an index, or a name that is added there."""
    if isinstance(term, Negative):
        return _steps(term.operand)
    if isinstance(term, Multiply):
        return all(isinstance(f, (Name, Number, Indexed)) for f in term.factors)
    return isinstance(term, (Name, Indexed)) and (not isinstance(term, Name) or len(term.text) == 1)


def access(tree: Indexed) -> tuple[Tree, tuple[Tree, ...]]:
    """``(base, indices)``: labels stay with the base, indices are taken off it.

    >>> base, indices = access(Indexed(Name("W"), (Name("i"), Name("j"))))
    >>> base.text, len(indices)
    ('W', 2)
    >>> access(Indexed(Name("W"), (Name("hh"),)))[1]
    ()
    """
    known: tuple[Tree, tuple[Tree, ...]] | None = tree.__dict__.get("_access")
    if known is None:  # asked of every entry again and again
        known = tree.__dict__["_access"] = _access(tree)
    return known


def _access(tree: Indexed) -> tuple[Tree, tuple[Tree, ...]]:
    lower_indices = tuple(item for item in tree.lower if is_index(item))
    if len(lower_indices) != len(tree.lower) or _labels_a_matrix(tree):
        lower_indices = ()
    labels = () if lower_indices else tree.lower
    upper: list[Tree] = []
    upper_indices: list[Tree] = []
    for item in tree.upper:
        inner = item.items[0] if isinstance(item, List) and len(item.items) == 1 else item
        counts = is_letter(inner) and isinstance(item, List) and item.brackets == "("
        (upper_indices if counts or (isinstance(inner, Name) and "#" in inner.text) else upper).append(
            inner if counts or (isinstance(inner, Name) and "#" in inner.text) else item
        )
    base = Indexed(tree.base, labels, tuple(upper)) if labels or upper else tree.base
    return base, (*lower_indices, *upper_indices)


def _labels_a_matrix(tree: Indexed) -> bool:
    # W_h, W_y, W_1: one letter or number below a capital names a matrix of its own, unless it is i, j, k
    # or bound.
    if not (isinstance(tree.base, Name) and len(tree.lower) == 1 and is_capital(tree.base)):
        return False
    item = tree.lower[0]
    return isinstance(item, Number) or (
        isinstance(item, Name)
        and "#" not in item.text
        and item.font != END
        and item.text not in ("i", "j", "k")
    )


def is_delta(tree: Indexed) -> bool:
    """Kronecker's delta: the letter with two indices."""
    plain = isinstance(tree.base, Name) and tree.base.text == "delta" and not tree.base.marks
    return plain and not tree.upper and len(access(tree)[1]) == 2


def is_capital(tree: Tree) -> bool:
    """A single capital Latin letter, perhaps with labels."""
    if isinstance(tree, Indexed):
        base, indices = access(tree)
        return not indices and isinstance(base, Indexed) and is_capital(base.base)
    return isinstance(tree, Name) and len(tree.text) == 1 and "A" <= tree.text <= "Z" and tree != IDENTITY


def is_lower(tree: Tree) -> bool:
    """A lower-case or Greek letter that may be a vector."""
    if isinstance(tree, Indexed):
        base, indices = access(tree)
        return not indices and isinstance(base, Indexed) and is_lower(base.base)
    return isinstance(tree, Name) and not is_capital(tree) and tree not in CONSTANTS and "#" not in tree.text
