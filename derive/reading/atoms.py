"""The smallest wholes of a formula: numbers, names, groups, roots, accents, with all that hangs on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from derive.reading import derivatives, functions, symbols
from derive.reading.groups import Group, Item
from derive.reading.lexer import Token
from derive.reading.matrices import environment, sequence
from derive.reading.scripts import Scripts, attach, raise_to, read_scripts
from derive.reading.tree import (
    Ambiguous,
    Call,
    Derivative,
    Indexed,
    List,
    Multiply,
    Name,
    Number,
    Power,
    Relation,
    Tree,
)

if TYPE_CHECKING:
    from derive.reading.parser import Parser

_UNITS = frozenset(["K", "M", "G", "T", "B", "KB", "MB", "GB", "TB"])
_BRACKET_CALLS = {"lfloor": "floor", "lceil": "ceil", "langle": "inner"}


def read_factor(parser: Parser) -> Tree:
    """One factor: an atom, its scripts, and its arguments if it is a function."""
    from derive.reading.parser import describe, ellipsis

    item = parser.take()
    if isinstance(item, Group):
        return group(parser, item)
    points = ellipsis(item)
    if points is not None:
        return points
    if item.kind == "number":
        return number(parser, item)
    if item.kind == "letter":
        return letter(parser, item)
    if item.kind in ("word", "text"):
        return word(parser, item)
    if item.kind == "command":
        return command(parser, item)
    if item.kind == "sign" and item.text == "|":
        return bars(parser, item, "|", "abs")
    if item.kind == "sign" and item.text in ("+", "*", "/", "=", "<", ">"):
        raise parser.refuse(f"nothing stands before {item.text!r}", item)
    raise parser.refuse(describe(item), item)


def postfix(parser: Parser, base: Tree) -> Tree:
    """Scripts, a factorial, or an evaluation bar after a finished base."""
    found = read_scripts(parser, base)
    tree = raise_to(attach(base, found, parser), found)
    while parser.next_is("!"):
        end = parser.take().end
        span = (tree.span[0], end) if tree.span else None
        tree = Call(Name("factorial"), (tree,), span=span)
    if parser.next_is("|") and parser.next_is("_", ahead=1):
        parser.at += 1
        where = read_scripts(parser, tree)
        if len(where.lower) != 1 or where.powers:
            raise parser.refuse("an evaluation bar with more than one condition", parser.peek(-1))
        return evaluated(tree, where.lower[0], where.end)
    return tree


def evaluated(tree: Tree, condition: Tree, end: int) -> Tree:
    """``\\left. ... \\right|_{x=0}``."""
    span = (tree.span[0], end) if tree.span else None
    if isinstance(tree, Derivative) and tree.at is None:
        return replace(tree, at=condition, span=span)
    return Call(Name("at"), (tree, condition), span=span)


# ---- numbers
def number(parser: Parser, token: Token) -> Tree:
    """A number with its power of ten and its unit."""
    digits = "0" + token.text if token.text.startswith(".") else token.text
    digits = digits.replace("E", "e").replace("e+", "e")
    end = token.end
    power = _power_of_ten(parser) if "e" not in digits else None
    if power is not None:
        digits, end = f"{digits}e{power[0]}", power[1]
    unit = ""
    item = parser.peek()
    if isinstance(item, Token):
        if item.kind == "sign" and item.text == "%":
            unit = "%"
        elif item.kind == "text" and item.text.strip() in _UNITS:
            unit = item.text.strip()
        elif item.kind == "letter" and item.text in "KMG" and not item.spaced and "." in digits:
            after = parser.peek(1)
            unit = item.text if not (isinstance(after, Token) and after.text in ("_", "^", "'")) else ""
        elif item.kind == "word" and item.text in ("KB", "MB", "GB"):
            unit = item.text
        elif item.kind == "text" and _is_remark(parser, item):
            parser.context.notes.append(item.text.strip())
            parser.at += 1
    if unit:
        end = parser.take().end
    tree = Number(digits, unit, span=(token.start, end))
    item = parser.peek()
    if (
        not unit
        and digits == "1"
        and isinstance(item, Group)
        and item.open in ("(", "[", "\\{")
        and _has_relation(item)
    ):
        parser.at += 1
        inside = functions.arguments(item, parser)
        return postfix(parser, Call(Name("indicator"), inside, span=(token.start, item.end)))
    return postfix(parser, tree)


def _is_remark(parser: Parser, token: Token) -> bool:
    """Whether words after a number are a remark on it (``16 \\text{ filters}``) and no factor."""
    if not token.text[:1].isspace() and " " not in token.text.strip():
        return False  # 2\text{pad} is a product
    following = parser.peek(1)
    opens = isinstance(following, Group) and following.open in ("(", "[")
    scripted = isinstance(following, Token) and following.text in ("_", "^")
    return token.text.strip() not in symbols.FUNCTION_WORDS and not opens and not scripted


def _power_of_ten(parser: Parser) -> tuple[str, int] | None:
    """The exponent in ``\\times 10^{6}``, consumed, and where it ends."""
    if not parser.next_is("times", "cdot", "*"):
        return None
    ten = parser.peek(1)
    if not (
        isinstance(ten, Token) and ten.kind == "number" and ten.text == "10" and parser.next_is("^", ahead=2)
    ):
        return None
    exponent = parser.peek(3)
    inner: list[Item] = exponent.items if isinstance(exponent, Group) and exponent.open == "{" else []
    consumed = 4
    if isinstance(exponent, Token):
        inner = [exponent]
        if exponent.text in ("-", "+") and parser.peek(4) is not None:
            inner.append(cast(Token, parser.peek(4)))
            consumed = 5
    texts = [item.text for item in inner if isinstance(item, Token) and item.kind != "space"]
    sign = "-" if texts and texts[0] == "-" else ""
    texts = texts[1:] if texts and texts[0] in ("-", "+") else texts
    if (
        len(texts) != 1
        or not texts[0].isdigit()
        or len(texts[0]) > 3
        or any(isinstance(i, Group) for i in inner)
    ):
        return None
    parser.at += consumed
    return sign + texts[0], parser.items[parser.at - 1].end


def _has_relation(group_: Group) -> bool:
    return any(
        isinstance(item, Token) and item.kind in ("sign", "command") and item.text in symbols.RELATIONS
        for item in group_.items
    )


# ---- names
def letter(parser: Parser, token: Token) -> Tree:
    """A single letter, with d before a name and a digit stuck to it looked at first."""
    if token.text == "d":
        following = parser.peek()
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
    if (
        isinstance(item, Token)
        and item.kind == "number"
        and not item.spaced
        and item.text.isdigit()
        and not parser.script
    ):
        if base.span and item.start == base.span[1] and len(base.text) == 1:
            parser.at += 1
            parser.context.assume(f"{base.text}{item.text} read as {base.text}_{{{item.text}}}")
            lower = Number(item.text, span=(item.start, item.end))
            return called(
                parser, Indexed(base, (lower,), span=(base.span[0], item.end)), Scripts(end=item.end)
            )
    found = read_scripts(parser, base)
    return called(parser, attach(base, found, parser), found)


def called(parser: Parser, core: Tree, found: Scripts) -> Tree:
    """Decide what brackets after a name are: arguments, an index, or a factor."""
    following = functions.next_group(parser, "(", "[")
    if following is None or not following.items:
        return _before_matrix(parser, core, found) or _finished(parser, core, found)
    name = core.base if isinstance(core, Indexed) else core
    if following.open == "[" and isinstance(name, Name):
        if name.text == "E" and (name.font in ("bb", "") and not name.marks):
            parser.at += 1
            return functions.expectation(core, found, following, parser)
        if not found.powers and found.doubtful is None and not following.spaced:
            index = _element_index(following, parser)
            if index is not None and functions.is_function(core, following, parser) is not True:
                parser.at += 1
                base, lower, upper = (
                    (core.base, core.lower, core.upper) if isinstance(core, Indexed) else (core, (), ())
                )
                span = (core.span[0], following.end) if core.span else None
                return postfix(parser, Indexed(base, (*lower, index), upper, span=span))
    verdict = functions.is_function(core, following, parser)
    if isinstance(name, Name) and name.text in ("I", "1") and _has_relation(following):
        parser.at += 1
        inside = functions.arguments(following, parser)
        return postfix(
            parser, Call(Name("indicator"), inside, span=(name.span[0] if name.span else 0, following.end))
        )
    declared = parser.context.declarations.get(core)
    sure = declared is not None and declared.is_function
    if verdict and (found.powers or found.doubtful is not None) and not sure and not _inverse(found):
        return _finished(parser, core, found)  # \sigma^2 (x - \mu): a power is a quantity
    if verdict is False:
        return _finished(parser, core, found)
    parser.at += 1
    span = (core.span[0], following.end) if core.span else None
    call = Call(core, functions.arguments(following, parser, listed=following.open != "["), span=span)
    applied = functions.inverse_or_power(call, core, found)
    if verdict:
        return postfix(parser, applied)
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
    return Ambiguous((applied, product), "brackets after a letter: an argument or a factor", span=span)


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
    parser.at += 1
    inner = group(parser, matrix)
    span = (core.span[0], inner.span[1]) if core.span and inner.span else None
    call = Call(core, (inner,), span=span)
    if declared is not None:
        return call
    return Ambiguous(
        (call, Multiply((core, inner), ("",))), "a letter before a matrix: a function or a factor", span=span
    )


def _inverse(found: Scripts) -> bool:
    from derive.reading.tree import Negative

    return found.powers == (Negative(Number("1")),)


def _finished(parser: Parser, core: Tree, found: Scripts) -> Tree:
    return postfix(parser, raise_to(core, found))


def _element_index(following: Group, parser: Parser) -> List | None:
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
    if any(getattr(item, "text", "") in symbols.RELATIONS for item in items):
        return None
    from derive.reading.scripts import bracketed

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
            tree = derivatives.prefixed(read_factor(parser), token.start)
            if tree is not None:
                return tree
            raise parser.refuse("an upright d before something that is no name", following)
    known = symbols.FUNCTION_WORDS.get(text)
    joined = text.replace(" ", "")
    if joined in symbols.BIG_WORDS or (known in ("max", "min")) or text in ("sum", "prod", "int"):
        if text in ("sum", "prod", "int") and not parser.next_is("_", "^"):
            return applied(parser, Name(text, span=(token.start, token.end)))
        return functions.read_big(parser, joined, token.start)
    if known == "sqrt":
        return plain_root(parser, token)
    if known is not None:
        return applied(parser, Name(known, span=(token.start, token.end)))
    if not text or (token.kind == "text" and not any(char.isalnum() for char in text)):
        raise parser.refuse("words inside a formula", token)
    if (
        not parser.script
        and token.kind == "text"
        and text.lower() in symbols.STOP_WORDS
        and not functions.next_group(parser, "(")
    ):
        raise parser.refuse(f"words inside a formula: {text!r}", token)
    font = "text" if len(text) == 1 else ""
    name = Name(text, font=font, span=(token.start, token.end))
    tree = named(parser, name)
    if token.font == "doubtful" and not isinstance(tree, Call) and text not in parser.context.functions:
        factors = tuple(
            Name(char, span=(token.start + at, token.start + at + 1)) for at, char in enumerate(text)
        )
        product = Multiply(factors, ("",) * (len(factors) - 1), span=name.span)
        if isinstance(tree, Name):
            return Ambiguous((tree, product), "letters written together: a word or a product", span=name.span)
        if isinstance(tree, Indexed) and tree.base == name:
            last = Indexed(factors[-1], tree.lower, tree.upper, span=tree.span)
            spread = Multiply((*factors[:-1], last), ("",) * (len(factors) - 1), span=tree.span)
            return Ambiguous((tree, spread), "letters written together: a word or a product", span=tree.span)
        raise parser.refuse(f"is {text!r} a word or a product?", token)
    return tree


def applied(parser: Parser, name: Name) -> Tree:
    """A known function: its scripts, then its argument."""
    function, found = functions.read_name_scripts(parser, name)
    return functions.apply(function, found, parser)


def plain_root(parser: Parser, token: Token) -> Tree:
    following = functions.next_group(parser, "(")
    argument = functions.arguments(following, parser) if following else ()
    if following is None:
        return root(parser, token)
    parser.at += 1
    return postfix(parser, Call(Name("sqrt"), argument, span=(token.start, following.end)))


# ---- commands
def command(parser: Parser, token: Token) -> Tree:
    """A LaTeX command that begins a factor."""
    from derive.reading.parser import describe

    text, start, end = token.text, token.start, token.end
    if text in symbols.SYMBOLS:
        if text == "Delta":
            return increment(parser, token)
        name = "infty" if text == "infty" else "emptyset" if text == "varnothing" else text
        return named(parser, Name(name, font=token.font, span=(start, end)))
    if text in symbols.FUNCTION_COMMANDS:
        return applied(parser, Name(text, span=(start, end)))
    if text in symbols.BIG_COMMANDS:
        return functions.read_big(parser, symbols.BIG_COMMANDS[text], start)
    if text == "arg":
        if parser.next_is("max", "min"):
            extremum = cast(Token, parser.take())
            return functions.read_big(parser, "arg" + extremum.text, start)
        raise parser.refuse("\\arg without \\max or \\min", token)
    if text == "frac":
        top, bottom = argument(parser), argument(parser)
        tree = derivatives.fraction(top, bottom, parser, start, parser.items[parser.at - 1].end)
        if isinstance(tree, Derivative):
            tree = postfix(parser, tree)
            return (
                postfix(parser, derivatives.operand(parser, tree)) if isinstance(tree, Derivative) else tree
            )
        return postfix(parser, tree)
    if text == "sqrt":
        return root(parser, token)
    if text == "binom":
        pair = tuple(inside(parser) for _ in range(2))
        return postfix(parser, Call(Name("binom"), pair, span=(start, parser.items[parser.at - 1].end)))
    if text == "nabla":
        return derivatives.nabla(parser, start)
    if text == "partial":
        return derivatives.partial(parser, start)
    if text in symbols.ACCENTS:
        return accented(parser, token)
    if text in symbols.FONTS:
        return font(parser, token)
    if text in ("underbrace", "overbrace"):
        tree = inside(parser)
        if parser.next_is("_" if text == "underbrace" else "^"):
            parser.at += 1
            note = argument(parser)
            parser.context.notes.append(f"{text}: " + " ".join(_words(note)))
        return postfix(parser, tree)
    box = parser.peek()
    if text == "boxed" and isinstance(box, Group) and any(inner.kind == "space" for inner in box.items):
        parser.at += 1
        return postfix(parser, sequence(Group("[", "]", box.items, box.start, box.end), parser))
    if text in symbols.WRAPPERS or text == "mathrm":
        return postfix(parser, inside(parser))
    if text in ("underset", "overset", "stackrel"):
        below = argument(parser)
        body = argument(parser)
        if text == "underset" and len(body) == 1 and isinstance(body[0], Token):
            operator = body[0].text.replace(" ", "")
            if (
                operator in symbols.BIG_COMMANDS
                or operator in symbols.BIG_WORDS
                or operator in ("max", "min")
            ):
                return functions.read_big(parser, operator, start, below)
        raise parser.refuse(f"\\{text} over something that is no operator", token)
    if text == "Vert":
        return bars(parser, token, "Vert", "norm")
    reason = describe(token)
    raise parser.refuse(f"the command \\{text} is not known" if "out of place" in reason else reason, token)


def _words(items: list[Item]) -> list[str]:
    return [
        word for item in items for word in ([item.text] if isinstance(item, Token) else _words(item.items))
    ]


def argument(parser: Parser) -> list[Item]:
    """The items of a command's argument: a braced group's, or the next single item."""
    item = parser.peek()
    if isinstance(item, Group) and item.open == "{":
        parser.at += 1
        return item.items
    if item is None:
        raise parser.refuse("an argument is missing")
    if isinstance(item, Token) and item.kind == "number" and len(item.text) > 1 and item.text.isdigit():
        # \frac12 is one half: TeX takes one digit at a time.
        first = Token("number", item.text[0], item.start, item.start + 1)
        parser.items[parser.at] = Token("number", item.text[1:], item.start + 1, item.end)
        return [first]
    if isinstance(item, Group) or item.kind in ("number", "letter"):
        parser.at += 1
        return [item]
    if item.kind == "command" and (item.text in symbols.SYMBOLS):
        parser.at += 1
        return [item]
    raise parser.refuse("an argument is missing", item)


def inside(parser: Parser) -> Tree:
    """The tree of a command's argument."""
    from derive.reading.parser import read_items

    items = argument(parser)
    if not items:
        raise parser.refuse("an empty argument", parser.peek(-1))
    return read_items(items, parser.context)


def root(parser: Parser, token: Token) -> Tree:
    degree = functions.next_group(parser, "[")
    arguments: tuple[Tree, ...] = ()
    if degree is not None:
        from derive.reading.parser import read_items

        parser.at += 1
        arguments = (read_items(degree.items, parser.context),)
    if functions.next_group(parser, "{") is None and functions.next_group(parser, "("):
        following = cast(Group, parser.take())
        body = functions.arguments(following, parser)
        if len(body) != 1:
            raise parser.refuse("a root of a list", following)
        base = body[0]
    else:
        base = inside(parser)
    return postfix(
        parser, Call(Name("sqrt"), (base, *arguments), span=(token.start, parser.items[parser.at - 1].end))
    )


def increment(parser: Parser, token: Token) -> Tree:
    """``\\Delta x`` is one increment: the Delta does not cancel against another."""
    name = Name("Delta", span=(token.start, token.end))
    following = parser.peek()
    is_name = isinstance(following, Token) and (
        following.kind == "letter"
        or (
            following.kind == "command"
            and following.text in symbols.SYMBOLS | symbols.ACCENTS.keys() | symbols.FONTS.keys()
        )
    )
    if not is_name:
        return named(parser, name)
    tree = read_factor(parser)
    if isinstance(tree, (Name, Indexed)):
        return Call(name, (tree,), span=(token.start, tree.span[1] if tree.span else token.end))
    if isinstance(tree, Power):
        raised = Call(name, (tree.base,), span=(token.start, token.end))
        return replace(tree, base=raised, span=(token.start, tree.span[1] if tree.span else token.end))
    return Call(name, (tree,), span=(token.start, tree.span[1] if tree.span else token.end))


def accented(parser: Parser, token: Token) -> Tree:
    mark = symbols.ACCENTS[token.text]
    tree = inside(parser)
    end = parser.items[parser.at - 1].end
    span = (token.start, end)
    while isinstance(tree, List) and len(tree.items) == 1 and not tree.brackets:
        tree = tree.items[0]
    if isinstance(tree, Name):
        return named(parser, replace(tree, marks=(*tree.marks, mark), span=span))
    if isinstance(tree, Indexed) and isinstance(tree.base, Name):
        core = replace(tree, base=replace(tree.base, marks=(*tree.base.marks, mark)), span=span)
        found = read_scripts(parser, core)
        return called(parser, attach(core, found, parser), found)
    if mark == "underline":  # a result underlined
        return postfix(parser, replace(tree, span=span))
    return postfix(parser, Call(Name(mark), (tree,), span=span))


def font(parser: Parser, token: Token) -> Tree:
    style = symbols.FONTS[token.text]
    items = argument(parser)
    span = (token.start, parser.items[parser.at - 1].end)
    if len(items) == 1 and items[0].kind in ("letter", "number", "command", "run"):
        item = cast(Token, items[0])
        if item.kind != "command" or item.text in symbols.SYMBOLS:
            if item.kind == "run" and style == "bold" and not (set(item.text.lower()) & set("aeiou")):
                pass  # \mathbf{Wx}: two bold letters, read below
            else:
                return named(parser, Name(item.text, font=style, span=span))
    from derive.reading.parser import read_items

    return postfix(parser, restyled(read_items(items, parser.context), style))


def restyled(tree: Tree, style: str) -> Tree:
    """Every letter of the tree in a font."""
    from dataclasses import fields

    if isinstance(tree, Name):
        return replace(tree, font=style or tree.font)
    changes = {}
    for spec in fields(tree):
        value = getattr(tree, spec.name)
        if isinstance(value, Tree):
            changes[spec.name] = restyled(value, style)
        elif isinstance(value, tuple) and value and all(isinstance(item, Tree) for item in value):
            changes[spec.name] = tuple(restyled(item, style) for item in value)
    return replace(tree, **changes) if changes else tree


# ---- brackets
def bars(parser: Parser, token: Token, sign: str, function: str) -> Tree:
    """``|x|`` and ``\\|x\\|``, as far as the next bar."""
    from derive.reading.parser import Parser as Nested

    double = sign == "|" and parser.next_is("|")
    if double:
        parser.at += 1
        function = "norm"
    for place in range(parser.at + 1, len(parser.items)):
        here = parser.items[place]
        if not (isinstance(here, Token) and here.text == sign and here.kind in ("sign", "command")):
            continue
        if double and not (
            place + 1 < len(parser.items) and getattr(parser.items[place + 1], "text", "") == "|"
        ):
            continue
        inner = Nested([], parser.context)
        inner.items = parser.items[parser.at : place]
        body = inner.whole()
        parser.at = place + (2 if double else 1)
        return _norm(parser, function, (body,), (token.start, parser.items[parser.at - 1].end))
    raise parser.refuse("an unbalanced bar", token)


def _norm(parser: Parser, function: str, body: tuple[Tree, ...], span: tuple[int, int]) -> Tree:
    name: Tree = Name(function)
    if parser.next_is("_") and function == "norm":
        found = read_scripts(parser, Number("0", span=span))
        call = Call(Indexed(name, found.lower), body, span=(span[0], found.end))
        return raise_to(call, found)
    return postfix(parser, Call(name, body, span=span))


def group(parser: Parser, item: Group) -> Tree:
    """A bracketed group: a grouping, a list, a matrix, a bar pair, a floor."""
    from derive.reading.parser import read_items

    span = (item.start, item.end)
    if item.open == "begin":
        return postfix(parser, environment(item, parser))
    if item.open == "{":
        if not item.items:
            raise parser.refuse("empty braces", item)
        return postfix(parser, replace(read_items(item.items, parser.context), span=span))
    if not item.items:
        raise parser.refuse("empty brackets", item)
    if item.sized and item.open == "." and item.close == "|" and parser.next_is("_"):
        tree = read_items(item.items, parser.context)
        where = read_scripts(parser, tree)
        if len(where.lower) != 1:
            raise parser.refuse("an evaluation bar with more than one condition", item)
        return evaluated(tree, where.lower[0], where.end)
    if item.open in ("|", "Vert") and item.close == item.open:
        body = read_items(item.items, parser.context)
        return _norm(parser, "abs" if item.open == "|" else "norm", (body,), span)
    if item.open in _BRACKET_CALLS:
        found = functions.arguments(item, parser)
        return postfix(parser, Call(Name(_BRACKET_CALLS[item.open]), found, span=span))
    tree = sequence(item, parser)
    return postfix(parser, tree if isinstance(tree, (Relation, Name, Number)) else replace(tree, span=span))
