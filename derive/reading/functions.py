"""Functions and what follows them: ``f(x)``, ``\\log x``, ``\\max(0, x)``; whether brackets are arguments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derive.reading import symbols
from derive.reading.attaching import attach, inverse_or_power, postfix
from derive.reading.context import span_of, times
from derive.reading.groups import Group, Item
from derive.reading.items import has_relation
from derive.reading.lexer import Token
from derive.reading.matrices import sequence
from derive.reading.scripts import TRANSPOSE, Scripts, is_policy, read_scripts
from derive.reading.tree import (
    Ambiguous,
    Call,
    Indexed,
    List,
    Matrix,
    Name,
    Negative,
    Number,
    Power,
    Relation,
    Transpose,
    Tree,
)

if TYPE_CHECKING:
    from derive.reading.parser import Parser


def arguments(group: Group, parser: Parser, listed: bool = True) -> tuple[Tree, ...]:
    """What stands between a function's brackets; ``\\tanh[a, b]`` has one, a list, unless ``listed``."""
    if not group.items:
        return ()
    if group.open == "[":
        whole = sequence(group, parser)
        if isinstance(whole, List) and len(whole.items) == 1 and isinstance(whole.items[0], Relation):
            return whole.items  # Var[X | Y]
        solid = [item for item in group.items if item.kind != "space"]
        one = len(solid) == 1 and isinstance(solid[0], Group)  # a list within the brackets is one argument
        return whole.items if listed and isinstance(whole, List) and not one else (whole,)
    if any(item.kind == "sign" and item.text == ";" for item in group.items) and any(
        item.kind == "sign" and item.text == "," for item in group.items
    ):
        return _grouped(group, parser)
    inner = parser.read(group.items)
    return inner.items if isinstance(inner, List) and not inner.brackets else (inner,)


def _grouped(group: Group, parser: Parser) -> tuple[Tree, ...]:
    """``I(X; Y, Z)``: what a semicolon separates is grouped more loosely than what a comma does."""
    parts: list[list[Item]] = [[]]
    for item in group.items:
        if item.kind == "sign" and item.text == ";":
            parts.append([])
        else:
            parts[-1].append(item)
    if len(parts) != 2 or not all(parts):
        raise parser.refuse("more than one semicolon between brackets", group)
    left, right = (parser.read(part) for part in parts)
    return (Relation(";", left, right, span=span_of([left, right])),)


def next_group(parser: Parser, *opens: str) -> Group | None:
    """The group that comes next, if it has one of these brackets."""
    item = parser.peek()
    return item if isinstance(item, Group) and item.open in opens else None


def apply(function: Tree, found: Scripts, parser: Parser) -> Tree:
    """A known function with what follows it: brackets, a bare argument, or nothing."""
    core = function.base if isinstance(function, Indexed) else function
    base = _written_base(core, parser)
    if base is not None and isinstance(core, Name):
        function = core = Indexed(core, (base,), span=core.span)
        parser.at += 1
    group = next_group(parser, "(", "[", "\\{")
    if group is not None:
        parser.at += 1
        span = (function.span[0], group.end) if function.span else None
        listed = isinstance(core, Name) and core.text in ("max", "min", "Cov", "Pr", "gcd", "concat")
        call = Call(function, arguments(group, parser, listed), span=span)
        return postfix(parser, inverse_or_power(call, function, found))
    minus = _own_minus(core, parser)
    if not (minus or parser.starts_factor()) or (isinstance(core, Name) and core.text in _NEED_BRACKETS):
        return _alone(function, found)
    if minus:
        begun = parser.take().start
        argument, _ = bare_argument(parser)
        argument = Negative(argument, span=(begun, argument.span[1]) if argument.span else None)
        rest = None
    else:
        argument, rest = bare_argument(parser)
    call = Call(function, (argument,), span=span_of([function, argument]))
    tree = inverse_or_power(call, function, found)
    if isinstance(core, Name) and core.text in ("log", "ln", "lg") and parser.starts_factor():
        return _logarithm_of_product(parser, tree, call, function, found)
    if rest is None:
        return tree
    return Ambiguous((tree, rest(function, found)), "how far the function's argument reaches", span=call.span)


def _written_base(core: Tree, parser: Parser) -> Number | None:
    """The 2 of ``log2(5/8)`` in plain text, where nothing stands between the three."""
    number, bracket = parser.peek(), parser.peek(1)
    if not (parser.context.plain and core == Name("log") and isinstance(bracket, Group)):
        return None
    if number is None or number.kind != "number" or number.spaced or bracket.spaced or bracket.open != "(":
        return None
    return Number(number.text) if number.text in ("2", "10") else None


def _own_minus(core: Tree, parser: Parser) -> bool:
    """``\\exp -x``: the sign belongs to the argument, for nothing is subtracted from a function's name."""
    after = parser.peek(1)
    if not (isinstance(core, Name) and parser.next_is("-") and after is not None):
        return False
    spaced = parser.peek() is not None and parser.items[parser.at].spaced and after.spaced
    return core.text in ("exp", "log", "ln", "lg") or (core.text in symbols.FUNCTION_COMMANDS and not spaced)


_NEED_BRACKETS = frozenset(["Pr"])


def _logarithm_of_product(parser: Parser, tree: Tree, call: Call, function: Tree, found: Scripts) -> Tree:
    """``\\log a \\exp(b)``: the logarithm of the product, or times the exponential."""
    more = [parser.factor()]
    while parser.starts_factor():
        more.append(parser.factor())
    outside = times([tree, *more], ["" for _ in more])
    argument = times([call.arguments[0], *more], ["" for _ in more])
    inside = inverse_or_power(Call(function, (argument,)), function, found)
    return Ambiguous(
        (outside, inside), "how far the function's argument reaches", span=span_of([tree, *more])
    )


def _alone(function: Tree, found: Scripts) -> Tree:
    tree = function
    for power in found.powers:
        span = (function.span[0], found.end) if function.span else None
        tree = Transpose(tree, span=span) if power == TRANSPOSE else Power(tree, power, span=span)
    return tree


def bare_argument(parser: Parser):
    """The argument of ``\\log x``: the factors that follow, as far as the next function or bracket.

    Also a maker of the other reading where one exists: ``\\log x y`` may be ``(\\log x) y``.
    """
    factors = [parser.factor()]
    while parser.starts_factor() and not _ends_argument(parser.peek()):
        factors.append(parser.factor())
    argument = times(factors, ["" for _ in factors[1:]])
    if len(factors) == 1 or isinstance(factors[0], Number) or _is_matrix_product(factors):
        return argument, None

    def rest(function: Tree, found: Scripts) -> Tree:
        call = Call(function, (factors[0],), span=function.span)
        return times([inverse_or_power(call, function, found), *factors[1:]], ["" for _ in factors[1:]])

    return argument, rest


def _is_matrix_product(factors: list[Tree]) -> bool:
    """``\\tanh W x``: a matrix's function of a product cannot be ``(\\tanh W) x`` in a network's layer."""
    return isinstance(factors[0], Matrix)


def _ends_argument(item: Item | None) -> bool:
    if isinstance(item, Group):
        return item.open != "{" and item.open != "begin"
    if not isinstance(item, Token):
        return True
    if item.kind == "text":
        return True
    if item.kind == "word":
        return item.text in symbols.FUNCTION_WORDS or item.text in symbols.BIG_WORDS
    return item.kind == "command" and (
        item.text in symbols.FUNCTION_COMMANDS
        or item.text in symbols.BIG_COMMANDS
        or item.text in ("nabla", "arg")
    )


def is_function(core: Tree, group: Group, parser: Parser) -> bool | None:
    """Whether brackets after a name hold arguments; None if that cannot be told."""
    context = parser.context
    name = core.base if isinstance(core, Indexed) else core
    if not isinstance(name, Name):
        return False
    declared = context.declarations.get(core)
    if declared is not None and (
        declared.is_function or declared.shape is not None or declared.domain is not None
    ):
        lone = len(group.items) == 1 and group.items[0].kind in ("letter", "command")
        if parser.below and lone and not declared.is_function:
            return None  # a_{y(i)}: an index is no product, whatever the letter is elsewhere
        return declared.is_function
    if "prime" in name.marks:
        return True
    if isinstance(core, Indexed) and any(is_policy(label, name) for label in core.upper):
        return True
    if name.font == "bb" and name.text in ("V", "P", "E"):
        return True
    if _holds_bare(name, group):
        return False
    if name.text in context.functions:
        return True
    if group.open == "[" and name.text in ("P", "Pr") and has_relation(group.items):
        return True
    if group.open == "[":
        return name.text in symbols.FUNCTION_LETTERS and name.text not in ("L", "P", "p", "J", "R")
    if len(name.text) > 1 and name.text not in symbols.SYMBOLS:
        return True
    separators = [item for item in group.items if item.kind == "sign" and item.text in (",", ";", "|")]
    texts = [item.text for item in group.items]
    if (
        group.open == "("
        and len(texts) > 2
        and (has_relation(group.items) or {"wedge", "vee", "cup", "cap"} & set(texts))
    ):
        return True  # \\pi(z = 3), H(X \\wedge Y)
    if texts in (["cdot"], ["."]):  # f(.)
        return True
    if separators or "mid" in texts or texts.count("Vert") == 1:
        return True
    if name.text in symbols.FUNCTION_LETTERS or name.font == "cal":
        return True
    kinds = [item for item in group.items if item.kind != "space"]
    while len(kinds) > 1 and kinds[-1].text in ("'", "prime"):  # v(s')
        kinds = kinds[:-1]
    if (
        len(kinds) > 1
        and kinds[0].kind == "command"
        and kinds[0].text in symbols.ACCENTS.keys() | symbols.FONTS.keys()
    ):
        kinds = kinds[1:]  # T(\\tilde L)
        if isinstance(kinds[0], Group) and len(kinds[0].items) == 1:
            kinds = [kinds[0].items[0], *kinds[1:]]
    nested = kinds[-1] if len(kinds) > 1 else None
    if isinstance(nested, Group) and nested.open == "(" and (name.text.isupper() or name.text == "h"):
        kinds = kinds[:-1]  # D(G(z))
    simple = bool(kinds) and kinds[0].kind in ("letter", "command", "text") and not kinds[0].text.isdigit()
    scripted = len(kinds) == 1 or (len(kinds) == 3 and kinds[1].text in ("_", "^")) or len(kinds) == 5
    only_scripts = scripted and all(item.text in ("_", "^") for item in kinds[1::2])
    bare_symbol = simple and (kinds[0].kind in ("letter", "text") or kinds[0].text in symbols.SYMBOLS)
    if not (bare_symbol and only_scripts):
        return False
    return True if parser.below else None  # in an index a product has no brackets: E_{q(x)}, x_{p(i)}


def _holds_bare(name: Name, group: Group) -> bool:
    """Whether the brackets hold the same letter not applied: ``\\sigma(1 - \\sigma)`` is a product."""
    for place, item in enumerate(group.items):
        if getattr(item, "text", "") == name.text:
            after = group.items[place + 1] if place + 1 < len(group.items) else None
            if not (isinstance(after, Group) and after.open == "("):
                return True
    return False


def read_name_scripts(parser: Parser, name: Name) -> tuple[Tree, Scripts]:
    """A function's name with what hangs on it, its powers kept apart."""
    found = read_scripts(parser, name)
    return attach(name, replace_powers(found), parser), found


def replace_powers(found: Scripts) -> Scripts:
    return replace(found, powers=(), ends=())
