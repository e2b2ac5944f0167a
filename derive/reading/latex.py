"""Trees to canonical LaTeX. Reading it again gives an equal tree, unless there is an ambiguity or a hole.

An :class:`Ambiguous` is written as its likeliest reading, a :class:`Hole` as its source.
"""

from __future__ import annotations

from collections.abc import Sequence

from derive.reading import symbols
from derive.reading.tree import (
    NOTHING,
    Add,
    Ambiguous,
    Big,
    Call,
    Cases,
    Derivative,
    Divide,
    Ellipsis,
    Hole,
    Indexed,
    List,
    Matrix,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Relation,
    Text,
    Transpose,
    Tree,
)

_SIGNS = {
    "": " ",
    "cdot": r" \cdot ",
    "times": r" \times ",
    "odot": r" \odot ",
    "otimes": r" \otimes ",
    "*": " * ",
}
_ACCENT_LATEX = {"ring": "mathring"}
_BIG_LATEX = {"E": r"\mathbb{E}", "argmax": r"\operatorname{argmax}", "argmin": r"\operatorname{argmin}",
"cup": r"\bigcup",
              "cap": r"\bigcap", "oplus": r"\bigoplus"}  # fmt: skip
_OPEN = {"(": r"\left(", "[": r"\left[", "{": r"\left\{"}
_CLOSE = {"(": r"\right)", "[": r"\right]", "{": r"\right\}", ")": r"\right)", "]": r"\right]"}
_ENVIRONMENTS = {"": "matrix", "(": "pmatrix", "[": "bmatrix", "{": "Bmatrix", "\\{": "Bmatrix",
"|": "vmatrix",
                 "\\|": "Vmatrix"}  # fmt: skip


#: Functions whose names TeX has no command for, though a document may define one.
_NO_COMMANDS = frozenset(["tr", "arctanh", "arcsinh", "arccosh"])


def to_latex(tree: Tree) -> str:
    """The tree in canonical LaTeX.

    >>> from derive.reading import read_formula
    >>> to_latex(read_formula("W_hh*h + sqrt(x)/2"))
    'W_{h h} * h + \\\\frac{\\\\sqrt{x}}{2}'
    """
    match tree:
        case Number():
            return _number(tree)
        case Name():
            return _name(tree)
        case Indexed():
            return _indexed(tree)
        case Call():
            return _call(tree)
        case Add(terms=terms):
            return _sum(terms)
        case Negative(operand=operand):
            return "-" + _wrap(operand, isinstance(operand, (Add, Relation)))
        case Multiply():
            return _product(tree)
        case Divide(numerator=numerator, denominator=denominator):
            return rf"\frac{{{_plain(numerator)}}}{{{_plain(denominator)}}}"
        case Power(base=base, exponent=exponent):
            above = to_latex(exponent)
            above = f"{{{above}}}" if above.startswith((r"\left(", r"\left[")) else above  # no label
            return f"{_base(base)}^{{{above}}}"
        case Transpose(operand=operand):
            return _base(operand) + r"^{\top}"
        case Big():
            return _big(tree)
        case Matrix(rows=rows, brackets=brackets, bars=bars):
            name = _ENVIRONMENTS.get(brackets, "bmatrix")
            body = r" \\ ".join(" & ".join(to_latex(cell) for cell in row) for row in rows)
            if bars:
                columns = "".join("|" * (at in bars) + "c" for at in range(max(map(len, rows))))
                array = rf"\begin{{array}}{{{columns}}} {body} \end{{array}}"
                sign = brackets.replace("\\|", "Vert") or ""
                if not sign:
                    return array
                opener, closer = _OPEN.get(sign, rf"\left{sign}"), _CLOSE.get(sign, rf"\right{sign}")
                return opener + array + closer
            return rf"\begin{{{name}}} {body} \end{{{name}}}"
        case List():
            return _list(tree)
        case Cases(branches=branches):
            lines = [
                f"{to_latex(value)} & "
                + (rf"\text{{if }} {to_latex(when)}" if when is not None else r"\text{otherwise}")
                for value, when in branches
            ]
            return r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}"
        case Derivative():
            return _derivative(tree)
        case Relation(sign=sign, left=left, right=right):
            shown = symbols.RELATION_LATEX.get(sign, sign)
            if sign in ("forall", "exists"):
                claim = "" if right == NOTHING else f": {to_latex(right)}"
                return f"{shown} {to_latex(left)}{claim}"
            if left == NOTHING:
                loose = isinstance(_inner(right), (Relation, Add)) or (sign == "neg" and _is_product(right))
                return (
                    f"{shown} {_wrap(right, loose)}"
                    if sign in ("neg", "pm", "mp")
                    else shown + to_latex(right)
                )
            if sign == "oslash":  # as tight as \odot
                above = _wrap(left, isinstance(_inner(left), (Add, Negative, Relation, Big)))
                loose = isinstance(_inner(right), (Add, Negative, Relation, Big))
                return f"{above} {shown} {_wrap(right, loose or _by_entries(right))}"
            if sign in ("|", "||", ";") or (sign == ":" and isinstance(right, (Relation, List))):
                return f"{to_latex(left)} {shown} {to_latex(right)}"
            if (
                sign == "circ" and isinstance(left, Relation) and left.sign == "circ"
            ):  # f o g o h, from the left
                return f"{to_latex(left)} {shown} {_side(right)}"
            return f"{_side(left)} {shown} {_side(right)}"
        case Ellipsis(sign=sign):
            return "\\" + {"dots": "ldots"}.get(sign, sign)
        case Text(text=text):
            return rf"\text{{{text}}}"
        case Ambiguous(readings=readings):
            return to_latex(readings[0])
        case Hole(source=source):
            return source
    raise TypeError(f"no LaTeX for a {type(tree).__name__}")


def chain_to_latex(sides: Sequence[Tree], signs: Sequence[str]) -> str:
    """A chain of relations in canonical LaTeX; a relation that is a side by itself stands in brackets.

    >>> from derive.reading import read_formula
    >>> chain_to_latex([read_formula("x"), read_formula("1/2")], ["~="])
    'x \\\\approx \\\\frac{1}{2}'
    """
    shown = [_wrap(side, _links(_inner(side))) for side in sides]
    for place, sign in enumerate(signs):
        shown[place + 1] = f"{symbols.RELATION_LATEX.get(sign, sign)} {shown[place + 1]}"
    return " ".join(shown)


def _links(tree: Tree) -> bool:
    """Whether a side would be taken for two: its own sign is one that joins sides."""
    return isinstance(tree, Relation) and tree.left != NOTHING and tree.sign in _CHAINING


_CHAINING = frozenset(symbols.RELATIONS.values())


def _by_entries(tree: Tree) -> bool:
    inner = _inner(tree)
    return isinstance(inner, Multiply) and bool({"odot", "otimes"} & set(inner.signs))


def _is_product(tree: Tree) -> bool:
    return isinstance(_inner(tree), (Multiply, Negative, Big))


def _wrap(tree: Tree, needed: bool) -> str:
    return rf"\left({to_latex(tree)}\right)" if needed else to_latex(tree)


def _inner(tree: Tree) -> Tree:
    """The tree itself, or the reading that stands for it."""
    return _inner(tree.readings[0]) if isinstance(tree, Ambiguous) else tree


def _plain(tree: Tree) -> str:
    """Inside braces of a fraction: a leading d that would look like a derivative's is bracketed."""
    latex = to_latex(tree)
    return (
        rf"\left({latex}\right)"
        if latex.startswith(("d ", r"\partial", r"\delta ")) and " " in latex
        else latex
    )


def _side(tree: Tree) -> str:
    inner = _inner(tree)
    denial = isinstance(inner, Relation) and inner.sign == "neg"
    return _wrap(
        tree, (isinstance(inner, Relation) and not denial) or (isinstance(tree, List) and not tree.brackets)
    )


def _number(tree: Number) -> str:
    mantissa, _, exponent = tree.digits.partition("e")
    shown = rf"{mantissa} \times 10^{{{exponent}}}" if exponent else mantissa
    if tree.unit == "deg":
        return shown + r"^{\circ}"
    return shown + {"": "", "%": r"\%"}.get(tree.unit, rf" \text{{{tree.unit}}}")


def _name(tree: Name) -> str:
    text = tree.text
    if text in symbols.SYMBOLS:
        shown = "\\" + text
    elif tree.font in ("", "text") and (len(text) > 1 or tree.font == "text"):
        known = (text in symbols.FUNCTION_COMMANDS and text not in _NO_COMMANDS) or text in ("max", "min")
        shown = (
            "\\" + text
            if known
            else rf"\operatorname{{{text}}}"
            if text in symbols.FUNCTION_WORDS
            else rf"\text{{{text}}}"
        )
        shown = rf"\mathrm{{{text}}}" if tree.font == "text" else shown
    else:
        shown = text
    if tree.font in ("bold", "cal", "bb", "frak", "sf"):
        shown = rf"\{symbols.FONT_LATEX[tree.font]}{{{shown}}}"
    before, after, stars = "", "", ""
    for mark in tree.marks:
        if mark == "prime":
            after += "'"
        elif mark in ("star", "dagger"):
            stars += rf"^{{\{mark}}}"
        elif mark == "d":
            before = r"\mathrm{d} " + before
        else:
            shown = rf"\{_ACCENT_LATEX.get(mark, mark)}{{{shown}}}"
    return before + shown + after + stars


def _indexed(tree: Indexed) -> str:
    lower = ", ".join(_index(item) for item in tree.lower)
    if len(tree.lower) > 1 and all(
        isinstance(item, Name) and len(_name(item)) == 1 and item.text.isalpha() for item in tree.lower
    ):
        lower = " ".join(_index(item) for item in tree.lower)
    upper = ""
    for place, item in enumerate(tree.upper):
        bracketed = isinstance(item, List) or (place and isinstance(tree.upper[place - 1], List))
        upper += ("" if not place or bracketed else ", ") + _upper(item)
    shown = _base(tree.base) if not isinstance(tree.base, Name) else to_latex(tree.base)
    return shown + (f"_{{{lower}}}" if tree.lower else "") + (f"^{{{upper}}}" if tree.upper else "")


def _index(tree: Tree) -> str:
    if isinstance(tree, List) and tree.brackets == "<":
        return rf"\langle {', '.join(to_latex(item) for item in tree.items)} \rangle"
    if isinstance(tree, List) and tree.brackets in ("(", "["):
        closer = {"(": ")", "[": "]"}[tree.brackets]
        return tree.brackets + ", ".join(to_latex(item) for item in tree.items) + closer
    if isinstance(tree, Name) and len(tree.text) > 1 and tree.text not in symbols.SYMBOLS and not tree.marks:
        return rf"\text{{{tree.text}}}"
    return to_latex(tree)


def _upper(tree: Tree) -> str:
    if isinstance(tree, Name) and len(tree.text) == 1 and tree.text.isalpha():
        return tree.text
    return _index(tree)


def _call(tree: Call) -> str:
    function, items = tree.function, tree.arguments
    if isinstance(function, Name) and not function.marks:
        name = function.text
        if name == "sqrt" and len(items) in (1, 2):
            return (
                rf"\sqrt[{to_latex(items[1])}]{{{to_latex(items[0])}}}"
                if len(items) == 2
                else rf"\sqrt{{{to_latex(items[0])}}}"
            )
        if name == "binom" and len(items) == 2:
            return rf"\binom{{{to_latex(items[0])}}}{{{to_latex(items[1])}}}"
        if name == "factorial":
            return _base(items[0]) + "!"
        if name == "indicator":
            return rf"1\left[{', '.join(map(to_latex, items))}\right]"
        if name == "Delta" and len(items) == 1:
            return r"\Delta " + to_latex(items[0])
        if name == "at" and len(items) == 2:
            return rf"\left. {to_latex(items[0])} \right|_{{{to_latex(items[1])}}}"
        pair = {"abs": (r"\left|", r"\right|"), "norm": (r"\left\|", r"\right\|"),
        "inner": (r"\left\langle ", r" \right\rangle"),
                "floor": (r"\left\lfloor ", r" \right\rfloor"), "ceil": (r"\left\lceil ",
                r" \right\rceil")}.get(name)  # fmt: skip
        if pair and (len(items) == 1 or name == "inner"):
            return pair[0] + ", ".join(map(to_latex, items)) + pair[1]
        if name in ("bar", "hat", "tilde", "overrightarrow", "check") and len(items) == 1:
            return rf"\{name}{{{to_latex(items[0])}}}"
    if isinstance(function, Indexed) and function.base == Name("norm") and len(items) == 1:
        return rf"\left\|{to_latex(items[0])}\right\|_{{{', '.join(map(_index, function.lower))}}}"
    shown = (
        r"\operatorname{vec}"
        if function == Name("vec")
        else _wrap(function, isinstance(function, (Add, Multiply, Relation)))
    )
    return rf"{shown}\left({_items(items)}\right)"


def _items(items: Sequence[Tree]) -> str:
    """A list with commas; relations that share a side are one chain: ``a < x, x < b`` is ``a < x < b``."""
    shown = ""
    for place, item in enumerate(items):
        before = items[place - 1] if place else None
        if (
            isinstance(item, Relation)
            and isinstance(before, Relation)
            and before.right == item.left
            and {before.sign, item.sign} <= _CHAINING - {":"}
        ):
            shown += f" {symbols.RELATION_LATEX.get(item.sign, item.sign)} {_side(item.right)}"
        else:
            shown += (", " if place else "") + _argument(item)
    return shown


def _argument(tree: Tree) -> str:
    return _wrap(tree, isinstance(tree, List) and not tree.brackets)


def _sum(terms: tuple[Tree, ...]) -> str:
    shown = ""
    for place, term in enumerate(terms):
        if isinstance(term, Relation) and term.left == NOTHING and term.sign in ("pm", "mp"):
            shown += (" " if place else "") + to_latex(term)
        elif place and isinstance(term, Negative):
            operand = term.operand
            shown += " - " + _wrap(operand, isinstance(_inner(operand), (Add, Negative, Relation)))
        else:
            nested = isinstance(_inner(term), (Add, Relation))
            shown += (" + " if place else "") + _wrap(term, nested)
    return shown


def _product(tree: Multiply) -> str:
    loose = any(sign in ("odot", "otimes") for sign in tree.signs)
    shown = ""
    for place, factor in enumerate(tree.factors):
        sign = tree.signs[place - 1] if place else ""
        piece = _factor(factor, place, sign, tree, loose)
        shown += (_SIGNS[sign] if place else "") + piece
    return shown


def _factor(factor: Tree, place: int, sign: str, tree: Multiply, loose: bool) -> str:
    inner = _inner(factor)
    last = place == len(tree.factors) - 1
    needed = isinstance(inner, (Add, Negative, Relation, Multiply))
    needed = needed or (isinstance(inner, List) and not inner.brackets)
    needed = needed or (isinstance(inner, (Big,)) and not last)
    needed = needed or (
        isinstance(inner, Derivative) and inner.kind != "dot" and not last and _open_ended(inner)
    )
    latex = _wrap(factor, needed)
    if isinstance(inner, Name) and latex.startswith(r"\text{") and not last and not tree.signs[place]:
        latex = rf"\operatorname{{{inner.text}}}"  # before a factor \text would be a remark on it
    if isinstance(inner, Relation) and inner.sign in ("=", "!=", "<", "<=", ">", ">="):
        # Iverson's bracket: in round ones g_i (a = b) would be read as g_i of something.
        latex = rf"\left[{to_latex(factor)}\right]"
    before = _inner(tree.factors[place - 1]) if place else None
    if place and sign == "" and latex[:1].isdigit() and (isinstance(inner, Number) or not _letters(before)):
        latex = rf"\left({latex}\right)"
    if place and sign in ("cdot", "times", "*") and isinstance(before, Number) and latex.startswith("10^"):
        return rf"\left({latex}\right)"  # a power of ten as a factor, not as a part of the number
    if isinstance(inner, Number) and "e" in inner.digits and place and sign:
        return rf"\left({latex}\right)"
    bare = inner
    while isinstance(bare, (Power, Transpose)):
        bare = _inner(bare.base if isinstance(bare, Power) else bare.operand)
    brackets = (
        (r"\left(", r"\left[")
        if _may_call(before)
        or (isinstance(before, (Name, Indexed)) and isinstance(bare, (Name, Indexed, List)))
        else (r"\left[",)
        if isinstance(before, (Name, Indexed))
        else ()
    )
    if place and sign == "" and brackets and latex.startswith(brackets):
        return "{} " + latex
    return latex


def _letters(tree: Tree | None) -> bool:
    """Whether a number may stand behind the tree: ``n 2^{n}``, but ``2 (2^{n})``."""
    return isinstance(tree, (Name, Indexed))


def _may_call(tree: Tree | None) -> bool:
    """Whether brackets after the tree might be taken for its arguments or its index."""
    raised = isinstance(tree, Power)
    if isinstance(tree, Multiply) and set(tree.signs) <= {"*", "odot"}:
        return all(isinstance(factor, (Name, Indexed)) for factor in tree.factors)
    tree = tree.base if isinstance(tree, Power) else tree
    name = tree.base if isinstance(tree, Indexed) else tree
    if not isinstance(name, Name) or (raised and name.text == "sigma"):
        return False
    letters = symbols.FUNCTION_LETTERS | {"E", "I", "1", "d"}
    word = len(name.text) > 1 and name.text not in symbols.SYMBOLS
    return word or name.text in letters or name.font == "cal" or "prime" in name.marks


def _open_ended(tree: Derivative) -> bool:
    """Whether a factor written after the derivative would be taken for its operand."""
    return tree.of is None or tree.kind.startswith("nabla")


def _base(tree: Tree) -> str:
    """What a script hangs on: bracketed unless it is one symbol."""
    inner = _inner(tree)
    if isinstance(inner, (Name, Indexed, Matrix)):
        latex = to_latex(tree)
        if isinstance(inner, Indexed) and inner.upper:
            return rf"\left({latex}\right)"
        return (
            "{" + latex + "}"
            if isinstance(inner, Name) and {"star", "dagger", "d"} & set(inner.marks)
            else latex
        )
    if isinstance(inner, Number) and "e" not in inner.digits and not inner.unit:
        return to_latex(tree)
    if isinstance(inner, List) and inner.brackets:
        return to_latex(tree)
    if isinstance(inner, Call) and inner.function in (Name("abs"), Name("norm"), Name("floor"), Name("ceil")):
        return to_latex(tree)
    return rf"\left({to_latex(tree)}\right)"


def _big(tree: Big) -> str:
    if tree.operator == "E":
        return _expectation(tree)
    shown = _BIG_LATEX.get(tree.operator, "\\" + tree.operator)
    body = _wrap(tree.body, isinstance(_inner(tree.body), (Add, Relation, List)))
    if tree.operator == "int":
        lower = f"_{{{to_latex(tree.lower)}}}" if tree.lower is not None else ""
        upper = f"^{{{to_latex(tree.upper)}}}" if tree.upper is not None else ""
        element = rf" \, \mathrm{{d}} {to_latex(tree.variables[0])}" if tree.variables else ""
        return rf"\int{lower}{upper} {body}{element}"
    below = _below(tree)
    return (
        shown
        + (f"_{{{below}}}" if below else "")
        + (f"^{{{to_latex(tree.upper)}}}" if tree.upper is not None else "")
        + " "
        + body
    )


def _below(tree: Big) -> str:
    parts: list[str] = [to_latex(variable) for variable in tree.variables]
    if parts and tree.lower is not None:
        sign = r"\rightarrow" if tree.operator == "lim" else "="
        parts[-1] += f" {sign} {to_latex(tree.lower)}"
    elif parts and tree.domain is not None:
        parts[-1] += rf" \in {to_latex(tree.domain)}"
    if tree.condition is not None:
        conditions = tree.condition.items if isinstance(tree.condition, List) else (tree.condition,)
        bound_by_condition = (
            len(tree.variables) == 1
            and tree.lower is None
            and tree.domain is None
            and isinstance(conditions[0], Relation)
            and conditions[0].left == tree.variables[0]
        )
        parts = [] if bound_by_condition else parts
        parts += [to_latex(condition) for condition in conditions]
    return ", ".join(parts)


def _expectation(tree: Big) -> str:
    conditions = tree.condition.items if isinstance(tree.condition, List) else (tree.condition,)
    told = [part for part in conditions if isinstance(part, Relation)]
    bound = {part.left: part for part in told}
    parts = [to_latex(bound.pop(variable, variable)) for variable in tree.variables]
    parts += [to_latex(part) for part in told if part.left in bound]
    below = ", ".join(parts)
    if tree.domain is not None:
        below += rf" \sim {to_latex(tree.domain)}"
    bare = isinstance(tree.body, Matrix) and not tree.body.brackets  # the brackets would be its own
    body = f"{{{to_latex(tree.body)}}}" if bare else to_latex(tree.body)
    return r"\mathbb{E}" + (f"_{{{below}}}" if below else "") + rf"\left[{body}\right]"


def _list(tree: List) -> str:
    body = _items(tree.items)
    if not tree.brackets:
        return body
    opener, closer = tree.brackets[0], tree.brackets[-1]
    return _OPEN.get(opener, opener) + body + _CLOSE.get(closer, closer)


def _derivative(tree: Derivative) -> str:
    if tree.kind.startswith("prime"):
        return rf"\left({to_latex(tree.of)}\right)" + "'" * int(tree.kind[5:] or 1) if tree.of else "'"
    if tree.kind.startswith("nabla"):
        below = f"_{{{', '.join(map(to_latex, tree.wrt))}}}" if tree.wrt else ""
        above = "^{2}" if tree.kind.endswith("2") else ""
        shown = rf"\nabla{below}{above}"
        wrapped = tree.of is not None and (_loose(tree.of) or _turned(tree.of))
        operand = f" {_wrap(tree.of, wrapped)}" if tree.of is not None else ""
    else:
        sign = "d" if tree.kind == "d" else r"\partial"
        order = f"^{{{len(tree.wrt)}}}" if len(tree.wrt) > 1 else ""
        of = f" {_wrap(tree.of, _loose(tree.of))}" if tree.of is not None else ""
        below = " ".join(f"{sign} {_wrap(item, _loose(item))}" for item in tree.wrt)
        shown, operand = rf"\frac{{{sign}{order}{of}}}{{{below}}}", ""
    at = (
        rf"\left. {shown}{operand} \right|_{{{to_latex(tree.at)}}}"
        if tree.at is not None
        else shown + operand
    )
    return at


def _turned(tree: Tree) -> bool:
    """Whether what stands raised at its end may be the derivative's own: a transpose, an inverse."""
    inner = _inner(tree)
    inverse = isinstance(inner, Power) and inner.exponent == Negative(Number("1"))
    return inverse or isinstance(inner, Transpose)


def _loose(tree: Tree) -> bool:
    inner = _inner(tree)
    return isinstance(inner, (Add, Negative, Relation, Multiply, Big)) or (
        isinstance(inner, List) and not inner.brackets
    )
