"""What hangs on a symbol: indices, labels, powers, transposes, primes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from derive.reading import symbols
from derive.reading.context import span_of
from derive.reading.groups import Group, Item
from derive.reading.lexer import Token
from derive.reading.tree import (
    NOTHING,
    Indexed,
    List,
    Multiply,
    Name,
    Negative,
    Number,
    Relation,
    Tree,
)

if TYPE_CHECKING:
    from derive.reading.parser import Parser

_LABEL_LETTERS = frozenset(["i", "j", "k", "l", "t", "n", "m", "r", "s", "L", "N", "T", "ell"])


@dataclass
class Scripts:
    """Everything written on one base, sorted by what it is."""

    lower: tuple[Tree, ...] = ()
    upper: tuple[Tree, ...] = ()
    primes: int = 0
    marks: tuple[str, ...] = ()
    powers: tuple[Tree, ...] = ()  # a Transpose marker is the Name "T"
    doubtful: Tree | None = None
    end: int = 0
    core: int = 0  # where the last one ends that is no power
    ends: tuple[int, ...] = ()  # where each power ends


_BOUNDS_BELOW = ("<", "<=", ">", ">=", "!=")  # x_{<t}: everything before t
_UPRIGHT = frozenset(["mathsf", "mathbf", "mathit", "mathbb", "mathrm", *symbols.SWITCHES])
TRANSPOSE = Name("T", ("transpose",))


def read_scripts(parser: Parser, base: Tree) -> Scripts:
    """Consume every ``_``, ``^`` and ``'`` that follows."""
    found = Scripts(end=base.span[1] if base.span else 0)
    while True:
        if len(found.powers) == len(found.ends) and found.doubtful is None:
            found.core = found.end
        found.ends += (found.end,) * (len(found.powers) - len(found.ends))
        if parser.next_is("'", "prime"):
            found.end = parser.take().end
            found.primes += 1
        elif parser.next_is("_"):
            mark = parser.take()
            argument = script_argument(parser)
            if found.lower:
                raise parser.refuse("two subscripts on one symbol", mark)
            found.lower = read_lower(argument, parser)
            found.end = parser.items[parser.at - 1].end
        elif parser.next_is("^"):
            mark = parser.take()
            argument = script_argument(parser)
            read_upper(argument, parser, base, found, mark)
            found.end = parser.items[parser.at - 1].end
        else:
            return found


def script_argument(parser: Parser) -> list[Item]:
    """The items of a script: those of a braced group, or one item (with its sign in plain text)."""
    item = parser.take()
    if isinstance(item, Group) and item.open == "{":
        return item.items
    if isinstance(item, Token) and item.kind in ("sign", "command"):
        if item.text in ("-", "+") and parser.peek() is not None and parser.starts_factor():
            return [item, *script_argument(parser)]
        if item.text in ("frac", "sqrt", "binom"):
            pieces: list[Item] = [item]
            for _ in range(1 if item.text == "sqrt" else 2):
                pieces.append(parser.take())
            return pieces
        if item.text in symbols.FONTS or item.text in symbols.ACCENTS:
            return [item, parser.take()]
        if item.text == "<":  # a^<t> in plain text
            pieces = [item]
            while parser.peek() is not None and pieces[-1].text != ">" and len(pieces) < 8:
                pieces.append(parser.take())
            return pieces
    if isinstance(item, Token) and item.kind in ("bad", "cell", "row", "space"):
        raise parser.refuse(item.text, item)
    return [item]


def read_lower(items: Sequence[Item], parser: Parser) -> tuple[Tree, ...]:
    """Indices: ``ij`` are two, ``i,j`` are two, ``in`` is one label, ``t-1`` and ``2i`` are one each."""
    nested = parser.inner(items, script=True)
    nested.items = _numbered(nested.items)
    nested.below = True
    if not nested.items:
        raise parser.refuse("an empty subscript")
    indices: list[Tree] = []
    while True:
        indices.extend(_indices(nested))
        if not nested.next_is(",", ";"):
            break
        nested.at += 1
    rest = nested.peek()
    if rest is not None:
        raise parser.refuse("a subscript was not read", rest)
    return tuple(indices)


def _numbered(items: Sequence[Item]) -> list[Item]:
    """``h1`` below a letter is the label h and the number 1."""
    made: list[Item] = []
    for item in items:
        glued = item.kind == "number" and made and made[-1].end == item.start
        if glued and made[-1].kind in ("letter", "word"):
            made.append(Token("sign", ",", item.start, item.start))
        made.append(item)
    return made


def _indices(nested: Parser) -> list[Tree]:
    item = nested.peek()
    if isinstance(item, Group) and item.open in ("(", "["):
        after = nested.peek(1)
        if after is None or (isinstance(after, Token) and after.text == ","):
            nested.at += 1
            return [bracketed(item, nested)]
    if isinstance(item, Token) and item.text in ("*", "+", "-", "|") and nested.peek(1) is None:
        nested.at += 1
        return [Name(item.text, span=(item.start, item.end))]
    if nested.relation_sign() in _BOUNDS_BELOW:
        sign = nested.take()
        bound = nested.operation()
        return [
            Relation(
                symbols.RELATIONS[sign.text],
                NOTHING,
                bound,
                span=(sign.start, nested.items[nested.at - 1].end),
            )
        ]
    last = nested.items[-1]
    dangling = isinstance(last, Token) and last.text in ("cdot", ":") and len(nested.items) > 1
    if dangling and not nested.at and nested.items[-2].text != ",":
        nested.items = [*nested.items[:-1], Token("sign", ",", last.start, last.start), last]  # A_{i:}
    trailing = isinstance(last, Token) and last.text in ("*", "+", "-") and len(nested.items) > 1
    if trailing and not nested.at and nested.items[-2].text != ",":
        nested.items = [*nested.items[:-1], Token("sign", ",", last.start, last.start), last]  # \|u\|_{a*}
    tree = nested.relation()
    while nested.next_is("|", "mid"):  # p_{Y|X}
        nested.at += 1
        given = nested.relation()
        tree = Relation("|", tree, given, span=span_of([tree, given]))
    if isinstance(tree, List) and not tree.brackets:
        return list(tree.items)
    if isinstance(tree, Multiply) and set(tree.signs) == {""} and not _is_count(tree.factors[0]):
        return list(tree.factors)
    return [tree]


def _is_count(tree: Tree) -> bool:
    """``2i`` is twice i, but ``1i`` and ``0i`` are two indices: nobody writes one times i."""
    return isinstance(tree, Number) and tree.digits not in ("0", "1")


def bracketed(group: Group, parser: Parser) -> List:
    """The label in ``^{[l]}`` or ``^{(1)}``."""
    if not group.items:
        raise parser.refuse("an empty label", group)
    inner = parser.read(group.items, script=True)
    items = inner.items if isinstance(inner, List) and not inner.brackets else (inner,)
    brackets = (
        group.open if (group.open, group.close) in (("(", ")"), ("[", "]")) else group.open + group.close
    )
    brackets = "<" if group.open == "langle" else brackets
    return List(items, brackets, span=(group.start, group.end))


def _is_transpose(items: Sequence[Item], parser: Parser) -> bool:
    if len(items) == 2 and getattr(items[0], "text", "") in _UPRIGHT:
        inner = items[1]
        return _is_transpose(inner.items if isinstance(inner, Group) else [inner], parser)
    if len(items) != 1 or not isinstance(items[0], Token):
        return False
    token = items[0]
    if token.text in ("top", "intercal") and token.kind == "command":
        return True
    if token.text.strip() == "T" and token.kind in ("letter", "text"):
        declared = parser.context.declarations.get("T")
        return declared is None or not declared.is_scalar
    return False


def _is_hermitian(items: Sequence[Item]) -> bool:
    """An upright H: the transpose with conjugates."""
    if len(items) == 2 and getattr(items[0], "text", "") in _UPRIGHT:
        items = items[1].items if isinstance(items[1], Group) else items[1:]
        return len(items) == 1 and items[0].text == "H"
    return len(items) == 1 and items[0].kind == "text" and items[0].text.strip() == "H"


def _labelable(base: Tree, parser: Parser) -> bool:
    if isinstance(base, Name):
        return not (base.text == "e" and not base.marks and "e" not in parser.context.declarations)
    return isinstance(base, Indexed)


def read_upper(items: Sequence[Item], parser: Parser, base: Tree, found: Scripts, mark: Item) -> None:
    """Sort a superscript: transpose, label, prime, star, or power."""
    items = [item for item in items if item.kind != "space"]
    if not items:
        raise parser.refuse("an empty superscript", mark)
    if (
        len(items) == 1
        and isinstance(items[0], Token)
        and items[0].text in ("*", "star", "dagger", "prime", "'")
    ):
        if items[0].text in ("prime", "'"):
            found.primes += 1
        else:
            found.marks += ("dagger" if items[0].text == "dagger" else "star",)
        return
    if all(isinstance(item, Token) and item.text in ("prime", "'") for item in items):
        found.primes += len(items)
        return
    if items[0].text in ("odot", "circ") and len(items) > 1:  # x^{\odot 2}: entry by entry
        power = parser.read(items[1:], script=True)
        found.powers += (Relation("odot", NOTHING, power, span=(items[0].start, items[-1].end)),)
        return
    if items[0].text in ("*", "star") and _is_transpose(items[1:], parser):
        found.marks += ("star",)
        found.powers += (TRANSPOSE,)
        return
    if items[0].text == "<" and items[-1].text == ">" and len(items) > 2 and _labelable(base, parser):
        angled = Group("langle", "rangle", list(items[1:-1]), items[0].start, items[-1].end)
        found.upper += (bracketed(angled, parser),)
        return
    turned = isinstance(items[-1], Group) and items[-1].open in ("[", "(") and _labelable(base, parser)
    if len(items) == 2 and turned and _is_transpose(items[:1], parser):
        items = [items[1], items[0]]  # W^{T[2]}
    if _labelable(base, parser) and _is_hermitian(items):
        found.marks += ("dagger",)
        return
    numbers = isinstance(base, Name) and base.font == "bb" and base.text in "RNZQC"  # R^T: T numbers
    if _is_transpose(items, parser) and not numbers:
        found.powers += (TRANSPOSE,)
        return
    if isinstance(items[0], Token) and items[0].text == "-" and _is_transpose(items[1:], parser):
        found.powers += (Negative(Number("1")), TRANSPOSE)
        return
    if _labelable(base, parser) and (rest := _labels(items, parser, base, found)) is not None:
        if rest:
            read_upper(rest, parser, Number("0"), found, mark)
        return
    if len(items) == 1 and isinstance(items[0], Token) and items[0].text == "circ":
        if isinstance(base, Number):
            found.marks += ("degrees",)
            return
        raise parser.refuse("a degree sign on something that is no number", items[0])
    _power(items, parser, base, found, mark)


def _labels(items: list[Item], parser: Parser, base: Tree, found: Scripts) -> list[Item] | None:
    """Take leading labels off; what is left over (a ``T`` or ``-1``), or None if this is no label."""
    declared = parser.context.declarations.get(base)
    rest = items
    labels: list[Tree] = []
    while rest and isinstance(rest[0], Group) and rest[0].open in ("(", "[", "langle"):
        labels.append(bracketed(rest[0], parser))
        rest = rest[1:]
    if labels:
        if len(rest) == 2 and rest[0].text == "^":  # W^{[2]^T}
            rest = rest[1].items if isinstance(rest[1], Group) and rest[1].open == "{" else rest[1:]
        scalar = declared is not None and declared.is_scalar and not declared.labelled
        # The sample x^{(i)} is no power even of a number; the power x^{(n-1)} is one.
        lone = all(isinstance(item, (Name, Number)) for label in labels for item in cast(List, label).items)
        round_power = scalar and not lone and isinstance(items[0], Group) and items[0].open == "("
        if round_power or (
            rest and not (_is_transpose(rest, parser) or _is_inverse(rest) or _is_prime(rest))
        ):
            return None
        found.upper += tuple(labels)
        return rest
    if len(items) == 1 and isinstance(items[0], Token):
        token = items[0]
        word = (
            token.kind == "text"
            or token.text in symbols.LABEL_WORDS
            or token.text in ("+", "-", "th", "perp")
        )
        if word and token.text.strip() and not token.text.strip().isdigit():
            found.upper += (Name(token.text.strip(), span=(token.start, token.end)),)
            return []
        if token.kind == "run" and token.text in symbols.LABEL_WORDS:
            found.upper += (Name(token.text, span=(token.start, token.end)),)
            return []
    called = isinstance(following := parser.peek(), Group) and following.open == "("
    if called and _is_acronym(items, parser, base):  # L^{CLIP}(theta): no power of a product
        said = "".join(cast(Token, item).text for item in items)
        found.upper += (Name(said, span=(items[0].start, items[-1].end)),)
        return []
    if declared is not None and declared.labelled:
        inner = parser.read(items, script=True)
        found.upper += inner.items if isinstance(inner, List) and not inner.brackets else (inner,)
        return []
    return None


def _is_acronym(items: Sequence[Item], parser: Parser, base: Tree) -> bool:
    """Whether capitals above a function, three or more that are no quantities elsewhere, say a name."""
    if not all(isinstance(item, Token) and item.kind in ("letter", "run") for item in items):
        return False
    word = "".join(cast(Token, item).text for item in items)
    context = parser.context
    own = {node.text for node in base.walk() if isinstance(node, Name)}
    elsewhere = (context.base_letters | context.power_letters) - own
    known = any(letter in context.declarations or letter in elsewhere for letter in word)
    return len(word) > 2 and word.isalpha() and word.isupper() and not known


def _is_prime(items: Sequence[Item]) -> bool:
    return all(isinstance(item, Token) and item.text in ("'", "prime") for item in items)


def _is_inverse(items: Sequence[Item]) -> bool:
    texts = [getattr(item, "text", "") for item in items]
    return len(texts) == 2 and texts[0] == "-" and texts[1] in ("1", "T", "top", "intercal")


def _power(items: list[Item], parser: Parser, base: Tree, found: Scripts, mark: Item) -> None:
    exponent = parser.read(items, script=True)
    if isinstance(exponent, List) and not exponent.brackets:
        if not _labelable(base, parser):
            raise parser.refuse("a superscript with commas is no power", mark)
        found.upper += exponent.items
        return
    if isinstance(exponent, Relation) and exponent.sign in symbols.RELATIONS.values():
        raise parser.refuse("a superscript with a relation is no power", mark)
    if found.powers and TRANSPOSE not in found.powers:
        raise parser.refuse("two superscripts on one symbol", mark)
    if is_policy(exponent, base.base if isinstance(base, Indexed) else base):
        found.upper += (exponent,)
        return
    if _perhaps_label(exponent, parser, base):
        found.doubtful = exponent
        return
    found.powers += (exponent,)


def is_policy(label: Tree, base: Tree) -> bool:
    """Whether a superscript is a policy: ``V^\\pi``, ``Q^{\\pi_\\theta}``. Nobody raises a capital to pi."""
    head = label.base if isinstance(label, Indexed) else label
    return (
        isinstance(head, Name)
        and head.text == "pi"
        and isinstance(base, Name)
        and len(base.text) == 1
        and base.text.isupper()
    )


def _perhaps_label(exponent: Tree, parser: Parser, base: Tree) -> bool:
    """A letter above a letter, ``\\theta^{k+1}``, may number it, unless it is a quantity elsewhere."""
    if not _labelable(base, parser):
        return False
    declared = parser.context.declarations.get(base)
    if declared is not None and declared.is_scalar:
        return False
    letters = [node for node in exponent.walk() if isinstance(node, Name)]
    if not letters or any(name.text not in _LABEL_LETTERS or name.marks for name in letters):
        return False
    context = parser.context
    if any(name.text in context.base_letters or name.text in context.power_letters for name in letters):
        return False
    allowed = (Name, Number, Negative)
    inner = list(exponent.walk())[1:]
    simple = isinstance(exponent, Name) or type(exponent).__name__ == "Add"
    return simple and all(isinstance(node, allowed) for node in inner)
