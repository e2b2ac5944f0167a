"""LaTeX commands that begin a factor: fractions, roots, accents, fonts, operators."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from derive.reading import derivatives, functions, operators, symbols
from derive.reading.attaching import attach, postfix
from derive.reading.groups import Group, Item
from derive.reading.items import describe
from derive.reading.lexer import Token
from derive.reading.matrices import sequence
from derive.reading.names import applied, called, named
from derive.reading.scripts import read_scripts
from derive.reading.tree import (
    NOTHING,
    Ambiguous,
    Call,
    Derivative,
    Indexed,
    List,
    Multiply,
    Name,
    Power,
    Relation,
    Tree,
    rebuilt,
)

if TYPE_CHECKING:
    from derive.reading.parser import Parser


def command(parser: Parser, token: Token) -> Tree:
    """A LaTeX command that begins a factor."""
    text, start, end = token.text, token.start, token.end
    if text in symbols.SYMBOLS:
        if text == "Delta":
            return increment(parser, token)
        name = "infty" if text == "infty" else "emptyset" if text == "varnothing" else text
        return named(parser, Name(name, font=token.font, span=(start, end)))
    if text in symbols.FUNCTION_COMMANDS:
        return applied(parser, Name(text, span=(start, end)))
    if text in symbols.BIG_COMMANDS:
        return operators.read_big(parser, symbols.BIG_COMMANDS[text], start)
    if text in ("cup", "cap") and parser.next_is("_"):
        return operators.read_big(parser, text, start)
    if text == "arg":
        if parser.next_is("max", "min"):
            extremum = cast(Token, parser.take())
            return operators.read_big(parser, "arg" + extremum.text, start)
        raise parser.refuse("\\arg without \\max or \\min", token)
    if text == "frac":
        top, bottom = argument(parser), argument(parser)
        tree = derivatives.fraction(top, bottom, parser, start, parser.items[parser.at - 1].end)
        if isinstance(tree, Derivative):
            tree = _at_point(parser, postfix(parser, tree))
            return (
                postfix(parser, derivatives.operand(parser, tree)) if isinstance(tree, Derivative) else tree
            )
        return postfix(parser, tree)
    if text == "sqrt":
        return root(parser, token)
    if text == "neg":
        denied = parser.factor()
        return Relation("neg", NOTHING, denied, span=(start, denied.span[1] if denied.span else end))
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
        if text == "underset" and body and all(isinstance(item, Token) for item in body):
            operator = "".join(item.text.replace(" ", "") for item in body)
            if (
                operator in symbols.BIG_COMMANDS
                or operator in symbols.BIG_WORDS
                or operator in ("max", "min")
            ):
                return operators.read_big(parser, operator, start, below)
        raise parser.refuse(f"\\{text} over something that is no operator", token)
    reason = describe(token)
    raise parser.refuse(f"the command \\{text} is not known" if "out of place" in reason else reason, token)


def _at_point(parser: Parser, tree: Tree) -> Tree:
    """``\\frac{df}{dx}(x)``: the derivative at x, or times x; any other brackets after it are a factor."""
    following = parser.peek()
    if not (isinstance(tree, Derivative) and isinstance(tree.of, (Name, Indexed)) and len(tree.wrt) == 1):
        return tree
    if not (isinstance(following, Group) and following.open == "(" and len(following.items) == 1):
        return tree
    if following.items[0].kind != "letter" and following.items[0].text not in symbols.SYMBOLS:
        return tree
    parser.at += 1
    point = parser.read(following.items)
    span = (tree.span[0], following.end) if tree.span else None
    there = tree if point == tree.wrt[0] else replace(tree, at=Relation("=", tree.wrt[0], point), span=span)
    product = Multiply((tree, point), ("",), span=span)
    return Ambiguous((there, product), "brackets after a derivative: its point or a factor", span=span)


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
    items = argument(parser)
    if not items:
        raise parser.refuse("an empty argument", parser.peek(-1))
    return parser.read(items)


def root(parser: Parser, token: Token) -> Tree:
    degree = functions.next_group(parser, "[")
    arguments: tuple[Tree, ...] = ()
    if degree is not None:
        parser.at += 1
        arguments = (parser.read(degree.items),)
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


def plain_root(parser: Parser, token: Token) -> Tree:
    following = functions.next_group(parser, "(")
    argument = functions.arguments(following, parser) if following else ()
    if following is None:
        return root(parser, token)
    parser.at += 1
    return postfix(parser, Call(Name("sqrt"), argument, span=(token.start, following.end)))


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
    tree = parser.factor()
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
    mark = "overrightarrow" if mark == "vec" else mark  # vec(A) is a function, the arrow over A B is not
    return postfix(parser, Call(Name(mark), (tree,), span=span))


def font(parser: Parser, token: Token) -> Tree:
    style = symbols.FONTS[token.text]
    items = argument(parser)
    span = (token.start, parser.items[parser.at - 1].end)
    if len(items) == 1 and items[0].kind in ("letter", "number", "command", "run"):
        item = cast(Token, items[0])
        known = symbols.FUNCTION_WORDS.get(item.text) if item.kind == "run" else None
        if known is not None:
            return applied(parser, Name(known, span=span))
        if item.kind != "command" or item.text in symbols.SYMBOLS:
            if item.kind == "run" and style == "bold" and _is_product(item.text):
                pass  # \mathbf{Wx}: two bold letters, read below
            else:
                return named(parser, Name(item.text, font=style, span=span))
    tree = restyled(parser.read(items), style)
    if isinstance(tree, Multiply) and all(isinstance(factor, Name) for factor in tree.factors):
        last = postfix(parser, tree.factors[-1])  # \mathbf{FPF}^T is set as F P F^T
        whole = (token.start, last.span[1] if last.span else span[1])
        return replace(tree, factors=(*tree.factors[:-1], last), span=whole)
    return postfix(parser, tree)


def _is_product(run: str) -> bool:
    """Whether bold letters in one group, ``Wx`` or ``Ax``, are factors and not a word."""
    word = set(run.lower()) & set("aeiou") and not (len(run) == 2 and run[0].isupper() and run[1].islower())
    return not word and run not in ("Re", "Im", "Id", "Tr", "If", "Do")


def restyled(tree: Tree, style: str) -> Tree:
    """Every letter of the tree in a font."""
    return rebuilt(
        tree, lambda node: replace(node, font=style or node.font) if isinstance(node, Name) else node
    )
