"""What a document says about its own letters: ``W is a 3x5 matrix``, ``x \\\\in \\\\mathbb{R}^n``.

Only plain sentences about one name are used, and whatever is not understood says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from derive.reading.declarations import Declaration, DeclarationError, parse_declaration
from derive.reading.latex import to_latex
from derive.reading.statement import Statement
from derive.reading.tree import Add, Ambiguous, Indexed, List, Multiply, Name, Number, Power, Tree

_VERB = re.compile(r"(?:\s|\$|\\\))(?:is|be|are|denotes?)\s+(?:(?:an?|the|some|any)\s+)?")
_NAME = re.compile(
    r"(?:\$|\\\()\s*((?:\\(?:mathbf|boldsymbol|bm|hat|bar|tilde|vec)\s*\{?)?\\?[A-Za-z]+\}?"
    r"(?:_\{?[A-Za-z0-9]+\}?)?)\s*(?:\$|\\\))?$"
    r"|(?:^|[\s,(])(\\?[b-zA-HJ-Z](?:_\{?[A-Za-z0-9]+\}?)?)$"
)
_SIZE = r"(?:\d+|[A-Za-z](?:_\{?\w+\}?)?)"
_PRODUCT = rf"{_SIZE}(?:\s*(?:x|×|\\times)\s*{_SIZE})+"
_KIND = re.compile(
    rf"(?:\$|\\\()?\s*(?:(?P<size>{_PRODUCT})|(?P<length>{_SIZE})\s*(?:\$|\\\))?-dimensional)?"
    r"\s*(?:\$|\\\))?[- ]*"
    r"(?P<words>(?:(?:real|complex|positive|negative|nonnegative|non-negative|symmetric|invertible|orthogonal|"
    r"definite|one-hot|probability|unit|identity|sigmoid|elementwise|random|column|row|weight|input|bias|scalar|"
    r"integer|constant|number|matrix|vector|tensor|function|density|variable)\b[ -]*)+)"
    rf"(?:of\s+(?:length|size|dimension)\s+(?:\$|\\\()?\s*(?P<of>{_PRODUCT}|{_SIZE}))?"
)
_KINDS = (
    "one-hot vector", "probability vector", "unit vector", "identity matrix", "sigmoid function",
    "elementwise function", "random variable", "density", "function", "constant",
)  # fmt: skip
_QUALIFIERS = ("symmetric", "positive definite", "invertible", "orthogonal")
_NUMBERS = {"R": "real", "Z": "integer", "N": "natural", "C": "complex"}


def said_in_prose(text: str) -> Iterable[tuple[int, Declaration]]:
    """Places and declarations of sentences such as ``where $W$ is a $3 \\\\times 5$ matrix``.

    >>> [(d.name, d.shape) for _, d in said_in_prose(r"where $W$ is a $3 \\times 5$ matrix")]
    [('W', ('3', '5'))]
    """
    for verb in _VERB.finditer(text):
        before = text[max(0, verb.start() - 40) : verb.start()] + verb.group()[0]
        name = _NAME.search(before.rstrip() + (")" if verb.group().startswith("\\)") else ""))
        kind = _KIND.match(text, verb.end(), verb.end() + 120)
        if name is None or kind is None:
            continue
        line = _line(kind)
        if line is not None:
            for declaration in _declared(f"{name.group(1) or name.group(2)}: {line}"):
                yield verb.start(), declaration


def _line(kind: re.Match[str]) -> str | None:
    words = " ".join(kind.group("words").replace("-", " ").split())
    words = words.replace("one hot", "one-hot").replace("non negative", "nonnegative")
    qualifiers = [qualifier for qualifier in _QUALIFIERS if qualifier in words]
    size = kind.group("size") or kind.group("length") or kind.group("of")
    tensor = any(word in words for word in ("matrix", "vector", "tensor"))
    special = next((name for name in _KINDS if name in words), None)
    if size and tensor:
        head: str | None = size
    elif special is not None:
        head = special
    elif tensor:
        head = next(word for word in ("matrix", "vector", "tensor") if word in words)
    elif "positive" in words or "nonnegative" in words or "negative" in words:
        head = next(word for word in ("nonnegative", "positive", "negative") if word in words)
    elif "integer" in words:
        head = "integer"
    elif "scalar" in words or "real" in words:
        head = "real"
    else:
        head = None
    return ", ".join([head, *qualifiers]) if head else None


def said_in_statement(statement: Statement) -> Iterable[Declaration]:
    """Declarations in ``W \\in \\mathbb{R}^{3 \\times 5}``, ``p \\in (0, 1)``, ``y \\in \\{0, 1\\}``."""
    if statement.struck or list(statement.signs) != ["in"]:
        return
    left, right = statement.sides[0].tree, statement.sides[1].tree
    names = left.items if isinstance(left, List) and not left.brackets else (left,)
    line = _set(right)
    for name in names:
        if line is not None and isinstance(name, (Name, Indexed)):
            yield from _declared(f"{to_latex(name)}: {line}")


def _set(tree: Tree) -> str | None:
    if isinstance(tree, Power) and isinstance(tree.base, Name) and tree.base.font == "bb":
        size = tree.exponent
        parts = size.factors if isinstance(size, Multiply) and set(size.signs) == {"times"} else (size,)
        plain = all(isinstance(part, (Name, Indexed, Number)) for part in parts)
        return " x ".join(to_latex(part) for part in parts) if plain and tree.base.text == "R" else None
    if isinstance(tree, Name) and tree.font == "bb" and not tree.marks:
        return _NUMBERS.get(tree.text)
    if isinstance(tree, Indexed) and isinstance(tree.base, Name) and tree.base.font == "bb":
        if tree.upper == (Name("+"),) or tree.lower == (Name("+"),):
            return "positive"
        return None
    if (
        isinstance(tree, List)
        and len(tree.items) == 2
        and all(isinstance(item, Number) for item in tree.items)
    ):
        shown = ", ".join(to_latex(item) for item in tree.items)
        if tree.brackets == "{":
            return "binary" if shown == "0, 1" else None
        closed = {"(": ")", "[": "]"}.get(tree.brackets, tree.brackets[-1:])
        return f"in {tree.brackets[0]}{shown}{closed}" if tree.brackets else None
    return None


def numbered_by_use(statements: Sequence[Statement]) -> Iterable[tuple[int, Declaration]]:
    """Letters whose superscripts count iterations: ``\\theta^{k+1} = \\theta^k - \\eta g^k`` is an update.

    That is said by the document itself where it sets such a letter to a sum with another member of its
    sequence, and neither writes it bare in that line nor raises it to a number. Letters that have the same
    counter above them and are never bare nor raised to a number (``g^k``) are counted with it.
    """
    trees = [side.tree for statement in statements for side in statement.sides]
    powers = [node for tree in trees for node in tree.walk() if isinstance(node, Power)]
    raised = {_stem(power.base) for power in powers if _is_raised(power)}
    members = {found for tree in trees for node in tree.walk() if (found := _member(node)) is not None}
    names: set[Name] = {name for name, _ in members} - raised
    never_bare = {name for name in names if not any(_stands_bare(tree, name) for tree in trees)}
    counters: set[str] = set()
    for statement in statements:
        head = None if statement.struck else _member(statement.sides[0].tree)
        if head is None or head[0] not in names or statement.signs[:1] not in (("=",), (":=",)):
            continue
        if any(_updates(side.tree, *head) for side in statement.sides[1:]):
            counted = {head[0]}
            if not _letters(head[1]) <= counters:  # what else they count is said once
                counters |= _letters(head[1])
                counted |= never_bare & {name for name, above in members if _letters(above) <= counters}
            for name in sorted(counted, key=lambda name: name.text):
                yield statement.place.line, Declaration(to_latex(name), kind="label")


def _updates(tree: Tree, name: Name, above: Tree) -> bool:
    """Whether a side is a sum with another member of the sequence, and without the letter alone."""
    found = [_member(node) for node in tree.walk()]
    others = [other for other in found if other is not None and other[0] == name and other[1] != above]
    counted = any(_letters(other) & _letters(above) for _, other in others)
    return counted and isinstance(tree, Add) and not _stands_bare(tree, name)


def _is_raised(node: Power) -> bool:
    """Whether this is a power such as ``x^2``; ``v^0`` is the first of a sequence."""
    return isinstance(node.exponent, Number) and node.exponent.value > 1


def _stem(tree: Tree) -> Tree:
    return tree.base if isinstance(tree, Indexed) else tree


def _member(tree: Tree) -> tuple[Name, Tree] | None:
    """The letter and what stands above it, if that may number it."""
    if not isinstance(tree, Ambiguous) or not isinstance(tree.readings[0], Power):
        return None
    power, label = tree.readings[0], tree.readings[-1]
    base = _stem(power.base)
    return (base, power.exponent) if isinstance(label, Indexed) and isinstance(base, Name) else None


def _letters(tree: Tree) -> set[str]:
    return {node.text for node in tree.walk() if isinstance(node, Name)}


def _stands_bare(tree: Tree, name: Name) -> bool:
    """Whether the letter stands somewhere with nothing above it."""
    if _member(tree) is not None:
        return False
    return tree == name or any(_stands_bare(child, name) for child in tree.children())


def said_by_condition(statement: Statement) -> Iterable[Declaration]:
    """``let x > 0``: a bound that is given for the whole text."""
    if statement.struck or statement.role != "given" or len(statement.sides) != 2:
        return
    left, right = (side.tree for side in statement.sides)
    if (
        statement.signs[0] in ("<", "<=", ">", ">=")
        and isinstance(left, (Name, Indexed))
        and isinstance(right, Number)
    ):
        yield from _declared(f"{to_latex(left)} {statement.signs[0]} {right.digits}")


def _declared(line: str) -> list[Declaration]:
    try:
        return parse_declaration(line)
    except DeclarationError:
        return []
