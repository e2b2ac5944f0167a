"""Functions and operators with a body: ``f(x)``, ``\\log x``, ``\\max(0, x)``, ``\\sum_{i=1}^n``, "
"``E[x]``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from derive.reading import symbols
from derive.reading.context import Context, span_of, times
from derive.reading.groups import Group, Item
from derive.reading.items import has_relation
from derive.reading.lexer import Token
from derive.reading.matrices import sequence
from derive.reading.runs import expand
from derive.reading.scripts import (
    TRANSPOSE,
    Scripts,
    attach,
    inverse_or_power,
    postfix,
    read_scripts,
    script_argument,
)
from derive.reading.tree import (
    Add,
    Ambiguous,
    Big,
    Call,
    Indexed,
    List,
    Matrix,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Relation,
    Span,
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


def loose_sum(terms: list[Tree]) -> Tree | None:
    """``\\sum_i a_i + b_i``: the sum over both, if the later terms use an index that the sum binds."""
    for place, term in enumerate(terms[:-1]):
        negative = isinstance(term, Negative)
        big = term.operand if isinstance(term, Negative) else term
        factors: tuple[Tree, ...] = ()
        if isinstance(big, Multiply) and isinstance(big.factors[-1], Big):
            factors, signs, big = big.factors[:-1], big.signs, big.factors[-1]
        if not isinstance(big, Big) or big.operator in ("E", "lim"):
            continue
        rest = terms[place + 1 :]
        bound = [*big.variables, *(node for node in _walk(big.condition) if isinstance(node, Name))]
        if not any(_uses(later, variable) for later in rest for variable in bound):
            continue
        wide: Tree = _widened(big, rest)
        wide = Multiply((*factors, wide), signs) if factors else wide
        wide = Negative(wide) if negative else wide
        return Add((*terms[:place], wide)) if place else wide
    return None


def _widened(big: Big, rest: list[Tree]) -> Big:
    """The operator over its body and the later terms, which the innermost takes that binds what they use."""
    inner = big.body
    if isinstance(inner, Big) and any(_uses(later, name) for later in rest for name in inner.variables):
        return replace(big, body=_widened(inner, rest), span=None)
    return replace(big, body=Add((inner, *rest)), span=None)


def _walk(tree: Tree | None) -> list[Tree]:
    return [] if tree is None else list(tree.walk())


def _uses(tree: Tree, variable: Tree) -> bool:
    """Whether the variable occurs free."""
    if tree == variable:
        return True
    if isinstance(tree, Big) and (variable in tree.variables or variable in _walk(tree.condition)):
        return False
    return any(_uses(child, variable) for child in tree.children())


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


def _holds_bare(name: Name, group: Group) -> bool:
    """Whether the brackets hold the same letter not applied: ``\\sigma(1 - \\sigma)`` is a product."""
    for place, item in enumerate(group.items):
        if getattr(item, "text", "") == name.text:
            after = group.items[place + 1] if place + 1 < len(group.items) else None
            if not (isinstance(after, Group) and after.open == "("):
                return True
    return False


# ---- operators with a body
def read_big(parser: Parser, operator: str, start: int, below: list[Item] | None = None) -> Tree:
    """``\\sum`` and its kin, after the sign itself has been taken."""
    lower: list[Item] | None = below
    upper: list[Item] | None = None
    while parser.next_is("_", "^"):
        sign = parser.take()
        argument = script_argument(parser)
        if (lower if sign.text == "_" else upper) is not None:
            raise parser.refuse("two bounds in one place", sign)
        if sign.text == "_":
            lower = argument
        else:
            upper = argument
    if lower is None and upper is None and operator in ("max", "min", "sup", "inf"):
        return _plain_extremum(parser, operator, start)
    bound = _bounds(None if operator == "int" else lower, parser)
    if operator == "int" and lower is not None:
        bound.lower = parser.read(lower, script=True)
    top = None
    if upper is not None:
        top = parser.read(upper, script=True)
    if operator == "int":
        variables, body = _integrand(parser)
        return Big(
            "int", variables, bound.lower, top, body, bound.domain, bound.condition, span=_to(start, body)
        )
    if not (parser.starts_factor() or parser.next_is("-")):
        raise parser.refuse(
            f"nothing stands under the {operator}", parser.peek() or parser.items[parser.at - 1]
        )
    body = parser.signed(parser.elementwise)
    return Big(
        operator, bound.variables, bound.lower, top or bound.upper, body, bound.domain, bound.condition,
        span=_to(start, body),
    )  # fmt: skip


def _to(start: int, body: Tree) -> Span:
    return (start, body.span[1] if body.span else start)


def _plain_extremum(parser: Parser, operator: str, start: int) -> Tree:
    name = Name(operator, span=(start, parser.items[parser.at - 1].end))
    if next_group(parser, "(", "[", "\\{"):
        return apply(name, Scripts(), parser)
    if not parser.starts_factor():
        return name
    body = parser.elementwise()
    return Big(operator, (), None, None, body, span=_to(start, body))


class _Bounds:
    def __init__(self) -> None:
        self.variables: tuple[Tree, ...] = ()
        self.lower: Tree | None = None
        self.upper: Tree | None = None
        self.domain: Tree | None = None
        self.condition: Tree | None = None


def _bounds(items: list[Item] | None, parser: Parser) -> _Bounds:
    """What is written below: ``i=1``, ``i,j``, ``i \\in S``, ``j \\ne i``, ``1 \\le i \\le n``."""
    found = _Bounds()
    if items is None:
        return found
    if len(items) == 2 and getattr(items[0], "text", "") == "substack" and isinstance(items[1], Group):
        items = [
            Token("sign", ",", item.start, item.end) if item.kind == "row" else item
            for item in items[1].items
        ]  # fmt: skip
    tree = parser.read(items, script=True)
    parts = tree.items if isinstance(tree, List) and not tree.brackets else (tree,)
    for part in parts:
        _bind(part, found)
    return found


def _bind(part: Tree, found: _Bounds) -> None:
    if not isinstance(part, Relation):
        # `ij` below a sum is i and j
        found.variables += part.factors if isinstance(part, Multiply) else (part,)
        return
    if part.sign in ("=", "->", ":=") and part.left not in found.variables and found.lower is None:
        found.variables += (part.left,)
        found.lower = part.right
    elif part.sign == "in" and found.domain is None:
        found.variables += (part.left,) if part.left not in found.variables else ()
        found.domain = part.right
    elif (
        part.sign == "<="
        and part.right not in found.variables
        and found.lower is None
        and _is_bound(part.left)
    ):
        found.variables += (part.right,)
        found.lower = part.left
    elif part.sign == "<=" and part.left in found.variables and found.upper is None:
        found.upper = part.right
    else:
        if not found.variables or (part.sign == "!=" and part.left not in found.variables):
            found.variables += (part.left,)
        found.condition = part if found.condition is None else List((found.condition, part), "")


def _is_bound(tree: Tree) -> bool:
    return isinstance(tree, Number)


def _integrand(parser: Parser) -> tuple[tuple[Tree, ...], Tree]:
    """Up to ``d x``; both are taken. Integrals inside have a ``d x`` of their own."""
    inner = 0
    parser.items = _out_of_fractions(parser.items)
    for place in range(parser.at, len(parser.items)):
        item = parser.items[place]
        inner += item.kind == "command" and symbols.BIG_COMMANDS.get(item.text) == "int"
        if not _is_differential(parser.items, place):
            continue
        if inner:
            inner -= 1
            continue
        body: Tree = parser.stretch(parser.at, place) if place > parser.at else Number("1")
        first = place == parser.at
        parser.at = place + 1
        variable = parser.factor()
        if first and parser.starts_factor():  # \int dx f(x)
            body = parser.elementwise()
        return (variable,), body
    if not parser.starts_factor():
        raise parser.refuse("nothing stands under the integral", parser.peek())
    return (), parser.elementwise()  # what it runs over is not written, and nothing will evaluate it


def _is_differential(items: Sequence[Item], place: int) -> bool:
    item = items[place]
    upright = isinstance(item, Token) and item.text.strip() == "d" and item.kind in ("letter", "text")
    after = items[place + 1] if place + 1 < len(items) else None
    return upright and isinstance(after, Token) and after.kind in ("letter", "command")


def _out_of_fractions(items: list[Item]) -> list[Item]:
    """``\\int \\frac{dx}{x}`` with its ``dx`` behind the fraction."""
    for place, item in enumerate(items[:-2]):
        above, below = items[place + 1], items[place + 2]
        if item.kind != "command" or item.text != "frac":
            continue
        if not (isinstance(above, Group) and isinstance(below, Group)):
            continue
        kept = [inner for inner in above.items if inner.kind != "space"]
        kept = expand(kept, Context(), False) if kept else kept
        under = [inner for inner in below.items if inner.kind != "space"]
        if (
            len(kept) < 2
            or not _is_differential(kept, len(kept) - 2)
            or not under
            or under[0].text[:1] == "d"
        ):
            continue
        rest = kept[:-2] or [Token("number", "1", above.start, above.start)]
        top = Group("{", "}", rest, above.start, above.end, depth=above.depth)
        return [*items[: place + 1], top, below, *kept[-2:], *items[place + 3 :]]
    return items


def expectation(name: Tree, found: Scripts, group: Group, parser: Parser) -> Tree:
    """``E[x]`` and ``\\mathbb{E}_{x \\sim p}[f(x)]``."""
    listed = any(item.kind != "space" and item.text in (",", ";", "|", "mid") for item in group.items)
    # Without a comma it is one body, and a thin space is no column of a row vector: E[Q(s, a)\, x].
    inner = arguments(group, parser) if listed or not group.items else (parser.read(group.items),)
    if len(inner) != 1:
        raise parser.refuse("an expectation of a list", group)
    return postfix(parser, expected(name, found, inner[0], (group.start, group.end)))


def expected(name: Tree, found: Scripts, body: Tree, place: Span) -> Tree:
    """The expectation of a body; what stands below the sign binds its variables."""
    variables: tuple[Tree, ...] = ()
    domain: Tree | None = None
    condition: Tree | None = None
    lower = _conditioned(name.lower if isinstance(name, Indexed) else found.lower)
    told = [index for index in lower if isinstance(index, Relation)]
    for index in lower:
        if not isinstance(index, Relation):
            variables += (index,)
        elif index.sign in ("~", "in"):
            variables += (index.left,)
    if len(told) == 1 and told[0].sign == "~" and lower[-1] is told[0]:
        domain = told[0].right
    elif told:
        condition = told[0] if len(told) == 1 else List(tuple(told), "")
    span = (name.span[0], place[1]) if name.span else None
    tree: Tree = Big("E", variables, None, None, body, domain, condition, span=span)
    return inverse_or_power_of_big(tree, found)


def _conditioned(lower: tuple[Tree, ...]) -> tuple[Tree, ...]:
    """What stands below an expectation: ``Z | X, theta`` is one condition, on all that follows the bar."""
    bar = next((at for at, part in enumerate(lower) if isinstance(part, Relation) and part.sign == "|"), None)
    if bar is None or bar == len(lower) - 1 or any(isinstance(part, Relation) for part in lower[bar + 1 :]):
        return lower
    given = cast(Relation, lower[bar])
    whole = List((given.right, *lower[bar + 1 :]), "", span=span_of([given.right, lower[-1]]))
    return (*lower[:bar], replace(given, right=whole, span=span_of([given, lower[-1]])))


def inverse_or_power_of_big(tree: Tree, found: Scripts) -> Tree:
    for power in found.powers:
        tree = Power(tree, power, span=tree.span)
    return tree


def read_name_scripts(parser: Parser, name: Name) -> tuple[Tree, Scripts]:
    """A function's name with what hangs on it, its powers kept apart."""
    found = read_scripts(parser, name)
    return attach(name, replace_powers(found), parser), found


def replace_powers(found: Scripts) -> Scripts:
    return replace(found, powers=(), ends=())
