"""Letters and words: what hangs on them, and what brackets after them are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.reading import derivatives, functions, operators, symbols
from derive.reading.attaching import attach, postfix, raise_to
from derive.reading.groups import Group
from derive.reading.items import OPERATORS, has_relation
from derive.reading.lexer import Token
from derive.reading.scripts import TRANSPOSE, Scripts, bracketed, read_scripts
from derive.reading.tree import (
    Add,
    Ambiguous,
    Call,
    Indexed,
    List,
    Multiply,
    Name,
    Negative,
    Number,
    ProductSign,
    Tree,
)
from derive.reading.units import measure

if TYPE_CHECKING:
    from derive.reading.parser import Parser


def letter(parser: Parser, token: Token) -> Tree:
    """A single letter, with d before a name and a digit stuck to it looked at first."""
    if token.text == "d":
        following = parser.peek()
        if parser.next_is("/") and getattr(parser.peek(1), "text", "") == "d" and parser.peek(2) is not None:
            over = derivatives.typed_operator(parser, token.start)  # d/dx x^2
            if over is not None:
                return over
        if isinstance(following, Group) and following.open == "(":
            slashed = derivatives.slashed(parser, "d", parser.at, token.start)
            if slashed is not None:
                return slashed
        differential = derivatives.differential(parser, token)
        if differential is not None:
            return differential
    base = Name(token.text, font=token.font, span=(token.start, token.end))
    return named(parser, base)


def named(parser: Parser, base: Name) -> Tree:
    """A name with its scripts; a call if it is a function and brackets follow."""
    item = parser.peek()
    if isinstance(item, Token) and _is_glued_index(parser, base, item):
        parser.at += 1
        parser.context.assume(f"{base.text}{item.text} read as {base.text}_{{{item.text}}}")
        lower = Number(item.text, span=(item.start, item.end))
        span = (base.span[0], item.end) if base.span else None
        return called(parser, Indexed(base, (lower,), span=span), Scripts(end=item.end))
    found = read_scripts(parser, base)
    return called(parser, attach(base, found, parser), found)


def _is_glued_index(parser: Parser, base: Name, item: Token) -> bool:
    """``x1``: a whole number glued to a letter numbers it; nobody writes a factor there."""
    if base.span is None or item.start != base.span[1] or item.spaced or parser.script:
        return False
    bare = base.span[1] - base.span[0] == len(base.text)  # beta2 without a backslash, conv1
    return item.kind == "number" and item.text.isdigit() and (len(base.text) == 1 or bare)


_INDICATORS = tuple(Name(text, (), font) for text in "1I" for font in ("", "bb", "bold", "text"))


def called(parser: Parser, core: Tree, found: Scripts) -> Tree:
    """Decide what brackets after a name are: arguments, an index, or a factor."""
    following = functions.next_group(parser, "(", "[")
    braces = functions.next_group(parser, "\\{")
    if braces is not None and core in _INDICATORS and has_relation(braces.items):
        following = braces
    expected = _expected(parser, core, found, following)
    if expected is not None:
        return expected
    if following is None or not following.items:
        return _before_matrix(parser, core, found) or _finished(parser, core, found)
    name = core.base if isinstance(core, Indexed) else core
    if following.open == "[" and isinstance(name, Name):
        if name.text == "E" and (name.font in ("bb", "", "text") and not name.marks):
            parser.at += 1
            return operators.expectation(core, found, following, parser)
        if not found.powers and found.doubtful is None and not following.spaced:
            index = element_index(following, parser)
            if index is not None and functions.is_function(core, following, parser) is not True:
                parser.at += 1
                base, lower, upper = (
                    (core.base, core.lower, core.upper) if isinstance(core, Indexed) else (core, (), ())
                )
                indices, end = [index], following.end
                while (more := functions.next_group(parser, "[")) is not None and not more.spaced:
                    index = element_index(more, parser)  # W[1][2]
                    if index is None:
                        raise parser.refuse("is this bracket an index or a factor?", more)
                    parser.at += 1
                    indices, end = [*indices, index], more.end
                span = (core.span[0], end) if core.span else None
                return postfix(parser, Indexed(base, (*lower, *indices), upper, span=span))
    verdict = functions.is_function(core, following, parser)
    if isinstance(name, Name) and name.text in ("I", "1") and has_relation(following.items):
        parser.at += 1
        inside = functions.arguments(following, parser)
        return postfix(
            parser, Call(Name("indicator"), inside, span=(name.span[0] if name.span else 0, following.end))
        )
    if verdict is None and TRANSPOSE in found.powers:
        verdict = False  # W^T (x): what is transposed is a matrix
    declared = parser.context.declarations.get(core)
    sure = declared is not None and declared.is_function
    powered = bool(found.powers) or found.doubtful is not None
    if verdict and powered and not sure and not _inverse(found):
        return _powered(parser, core, found, following)
    if verdict is False:
        return _finished(parser, core, found)
    parser.at += 1
    span = (core.span[0], following.end) if core.span else None
    call = Call(core, functions.arguments(following, parser, listed=following.open != "["), span=span)
    applied = functions.inverse_or_power(call, core, found)
    if verdict:
        return postfix(parser, applied)
    numbered = _numbered(core, found, call)
    inner = call.arguments[0] if len(call.arguments) == 1 else List(call.arguments, "(")
    product = Multiply((raise_to(core, found), inner), ("",), span=span)
    if parser.next_is(
        "^", "'", "_"
    ):  # a power would belong to the bracket in one reading, to the call in the other
        later = read_scripts(parser, inner)
        applied = raise_to(attach(applied, later, parser), later)
        product = Multiply(
            (raise_to(core, found), raise_to(attach(inner, later, parser), later)), ("",), span=span
        )
    readings = (applied, product) if numbered is None else (numbered, applied, product)
    return Ambiguous(readings, "brackets after a letter: an argument or a factor", span=span)


def _expected(parser: Parser, core: Tree, found: Scripts, following: Group | None) -> Tree | None:
    """``\\mathbb{E}_q \\log q(x)``: an expectation of what follows, without brackets or with round ones."""
    name = core.base if isinstance(core, Indexed) else core
    if not isinstance(name, Name) or (name.text, name.font, name.marks) != ("E", "bb", ()):
        return None
    if found.powers or found.doubtful is not None or not parser.starts_factor():
        return None
    if following is not None and following.open == "[":
        return None
    if following is not None and following.items:
        parser.at += 1
        return operators.expectation(core, found, following, parser)
    start = parser.items[parser.at].start
    body = parser.juxtaposed()
    return operators.expected(core, found, body, (start, body.span[1] if body.span else start))


def _numbered(core: Tree, found: Scripts, call: Call) -> Call | None:
    """``d^\\pi(s)``, ``f^k(x)``: the function that a letter above numbers; None if no letter stands there."""
    letters = (*found.powers, *((found.doubtful,) if found.doubtful is not None else ()))
    if (
        core == Name("e")
        or not letters
        or not all(isinstance(letter, (Name, Indexed, Add)) and letter != TRANSPOSE for letter in letters)
    ):
        return None
    base, lower, upper = (core.base, core.lower, core.upper) if isinstance(core, Indexed) else (core, (), ())
    return replace(call, function=Indexed(base, lower, (*upper, *letters), span=core.span))


def _powered(parser: Parser, core: Tree, found: Scripts, following: Group) -> Tree:
    """``f^2(x)``: the square of the value, or the square times x; ``f^2(x, y)`` may be the second f."""
    name = core.base if isinstance(core, Indexed) else core
    if isinstance(name, Name) and name.text == "sigma":
        return _finished(parser, core, found)  # \\sigma^2 (x - \\mu): a variance
    parser.at += 1
    span = (core.span[0], following.end) if core.span else None
    inside = functions.arguments(following, parser)
    applied = functions.inverse_or_power(Call(core, inside, span=span), core, found)
    numbered = _numbered(core, found, Call(core, inside, span=span))
    product = Multiply((raise_to(core, found), inside[0]), ("",), span=span)
    if parser.next_is("^", "'", "_") and len(inside) == 1:
        later = read_scripts(parser, inside[0])
        raised = raise_to(attach(inside[0], later, parser), later)
        product = Multiply((raise_to(core, found), raised), ("",), span=span)
        applied = raise_to(attach(applied, later, parser), later)
        numbered = None
    readings: tuple[Tree, ...] = (product, applied) if TRANSPOSE in found.powers else (applied, product)
    if numbered is not None:
        readings = (numbered, applied)
    elif len(inside) > 1:
        base, lower, upper = (
            (core.base, core.lower, core.upper) if isinstance(core, Indexed) else (core, (), ())
        )
        readings = (applied, Call(Indexed(base, lower, (*upper, *found.powers)), inside, span=span))
    return Ambiguous(readings, "a raised letter before brackets: a function or a factor", span=span)


def _before_matrix(parser: Parser, core: Tree, found: Scripts) -> Tree | None:
    """``\\sigma`` before a matrix: applied to it, or times it."""
    matrix = functions.next_group(parser, "begin")
    name = core.base if isinstance(core, Indexed) else core
    if matrix is None or not isinstance(name, Name) or name.text not in ("sigma", "phi", "varphi", "f", "g"):
        return None
    declared = parser.context.declarations.get(core)
    if (
        matrix.name not in symbols.MATRIX_BRACKETS
        or found.powers
        or (declared is not None and not declared.is_function)
    ):
        return None
    inner = parser.factor()
    span = (core.span[0], inner.span[1]) if core.span and inner.span else None
    call = Call(core, (inner,), span=span)
    if declared is not None:
        return call
    return Ambiguous(
        (call, Multiply((core, inner), ("",))), "a letter before a matrix: a function or a factor", span=span
    )


def _inverse(found: Scripts) -> bool:
    return found.powers == (Negative(Number("1")),)


def _finished(parser: Parser, core: Tree, found: Scripts) -> Tree:
    return postfix(parser, raise_to(core, found))


def element_index(following: Group, parser: Parser) -> List | None:
    """``x[i]`` and ``y[k,i,j]``: the index in brackets, or None if the brackets hold a factor."""
    items = [item for item in following.items if item.kind != "space"]
    if len(items) != len(following.items) and not any(getattr(item, "text", "") == "," for item in items):
        return None  # spaces separate: a row of numbers
    commas = any(getattr(item, "text", "") == "," for item in items)
    if any(item.kind not in ("letter", "number", "run", "command", "sign") for item in items):
        return None
    if not commas and not (
        len(items) == 1 or {getattr(i, "text", "") for i in items[1::2]} <= {"-", "+", ":"}
    ):
        return None
    if not commas and len(items) > 1 and items[0].kind == "number":
        return None
    if any(getattr(item, "text", "") in symbols.RELATIONS and item.text != ":" for item in items):
        return None
    if len(items) == 1 and items[0].kind == "number" and "." in items[0].text:
        return None
    return bracketed(following, parser)


def word(parser: Parser, token: Token) -> Tree:
    """A word: a known function, a name written out, or an operator such as argmax."""
    text = " ".join(token.text.split())
    if token.kind == "text" and text == "d":
        following = parser.peek()
        if isinstance(following, Token) and following.kind in ("letter", "command"):
            slashed = derivatives.slashed(parser, "d", parser.at, token.start)
            if slashed is not None:
                return slashed
            tree = derivatives.prefixed(parser.factor(), token.start)
            if tree is not None:
                return tree
            raise parser.refuse("an upright d before something that is no name", following)
    known = symbols.FUNCTION_WORDS.get(text)
    if known is None and token.font == "operatorname" and not parser.script:
        known = symbols.UPRIGHT_FUNCTIONS.get(text)
    joined = text.replace(" ", "")
    if joined in symbols.BIG_WORDS or (known in ("max", "min")) or text in ("sum", "prod", "int"):
        if text in ("sum", "prod", "int") and not parser.next_is("_", "^"):
            return applied(parser, Name(text, span=(token.start, token.end)))
        return operators.read_big(parser, joined, token.start)
    if known is not None:
        return applied(parser, Name(known, span=(token.start, token.end)))
    if not text or (token.kind == "text" and not any(char.isalnum() for char in text)):
        raise parser.refuse("words inside a formula", token)
    if (
        not parser.script
        and token.kind == "text"
        and text.lower() in symbols.STOP_WORDS
        and not functions.next_group(parser, "(")
        and not _between_operators(parser)
    ):
        raise parser.refuse(f"words inside a formula: {text!r}", token)
    unit = measure(text) if token.kind == "text" and token.text[:1].isspace() else None
    if unit is not None and parser.at >= 2 and parser.items[parser.at - 2].text not in _OPERATOR_SIGNS:
        return Number("1", unit, span=(token.start, token.end))  # \frac{1}{2}\text{ s}
    font = "text" if len(text) == 1 else ""
    name = Name(text, font=font, span=(token.start, token.end))
    tree = named(parser, name)
    if token.font == "doubtful" and not isinstance(tree, Call) and text not in parser.context.functions:
        factors = tuple(
            Name(char, span=(token.start + at, token.start + at + 1)) for at, char in enumerate(text)
        )
        product = Multiply(factors, _blanks(len(factors) - 1), span=name.span)
        if isinstance(tree, Name):
            return Ambiguous((tree, product), "letters written together: a word or a product", span=name.span)
        if isinstance(tree, Indexed) and tree.base == name:
            last = Indexed(factors[-1], tree.lower, tree.upper, span=tree.span)
            spread = Multiply((*factors[:-1], last), _blanks(len(factors) - 1), span=tree.span)
            return Ambiguous((tree, spread), "letters written together: a word or a product", span=tree.span)
        raise parser.refuse(f"is {text!r} a word or a product?", token)
    return tree


def _between_operators(parser: Parser) -> bool:
    """Whether the word just taken can only be a quantity: operators or nothing on either side."""
    before, after = parser.peek(-2) if parser.at >= 2 else None, parser.peek()
    return all(
        item is None or (isinstance(item, Token) and item.text in _OPERATOR_SIGNS and item.kind != "text")
        for item in (before, after)
    )


_OPERATOR_SIGNS = OPERATORS | {"+", "-", "*", "/"}


def _blanks(count: int) -> tuple[ProductSign, ...]:
    blank: ProductSign = ""
    return (blank,) * count


def applied(parser: Parser, name: Name) -> Tree:
    """A known function: its scripts, then its argument."""
    function, found = functions.read_name_scripts(parser, name)
    return functions.apply(function, found, parser)
