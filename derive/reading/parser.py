"""Groups to trees: sums, products, quotients, signs (a Pratt parser). Atoms and scripts stand elsewhere.

From loose to tight: relations inside brackets, sums, elementwise products, products and quotients,
juxtaposition, leading signs, powers. Every item must be consumed; what cannot be is an :class:`Unread`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import cast

from derive.reading import symbols
from derive.reading.atoms import read_factor
from derive.reading.context import MAX_NESTING, Context, Unread, end_of, span_of, times
from derive.reading.groups import Group, Item
from derive.reading.items import OPERATORS, describe, has_relation
from derive.reading.lexer import Token, TooLarge
from derive.reading.operators import loose_sum
from derive.reading.runs import expand
from derive.reading.tree import (
    NOTHING,
    Add,
    Ambiguous,
    Big,
    Divide,
    Ellipsis,
    Indexed,
    List,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    ProductSign,
    Relation,
    Tree,
)


def read_items(items: Sequence[Item], context: Context, script: bool = False) -> Tree:
    """The tree of a whole item list: an expression, a relation, or a bare list with commas."""
    return Parser(items, context, script).whole()


_IMAGINARY = (Name("i"), Name("j"))


class Parser:
    """A cursor over items, and the grammar of sums and products."""

    def __init__(self, items: Sequence[Item], context: Context, script: bool = False) -> None:
        self.context = context
        self.script = script
        self.below = False  # whether this is an index
        self.items: list[Item] = expand(items, context, script)
        self.at = 0

    def read(self, items: Sequence[Item], script: bool = False) -> Tree:
        """The tree of an inner item list, such as what stands between brackets."""
        return read_items(items, self.context, script)

    def inner(self, items: Sequence[Item], script: bool = False) -> Parser:
        """A parser over an inner item list, in the same context."""
        return Parser(items, self.context, script)

    def stretch(self, start: int, stop: int) -> Tree:
        """The tree of some of this parser's own items."""
        part = Parser([], self.context, self.script)
        part.items = self.items[start:stop]
        return part.whole()

    # ---- cursor
    def peek(self, ahead: int = 0) -> Item | None:
        place = self.at + ahead
        return self.items[place] if 0 <= place < len(self.items) else None

    def next_is(self, *texts: str, ahead: int = 0) -> bool:
        place, items = self.at + ahead, self.items
        if not 0 <= place < len(items):
            return False
        item = items[place]
        return item.text in texts and item.kind in ("sign", "command")

    def take(self) -> Item:
        item = self.peek()
        if item is None:
            raise Unread("something is missing at the end", *self.end_place())
        self.at += 1
        return item

    def end_place(self) -> tuple[int, int]:
        return (self.items[-1].end, self.items[-1].end) if self.items else (0, 0)

    def refuse(self, reason: str, item: Item | None = None) -> Unread:
        place = (item.start, item.end) if item is not None else self.end_place()
        return Unread(reason, *place)

    # ---- lists and relations
    def whole(self) -> Tree:
        """Everything, or :class:`Unread`."""
        if not self.items:
            raise Unread("nothing is written here")
        tree = self.parts()
        while self.next_is("|", "mid", "Vert"):  # "given", "against": looser than the commas on either side
            sign = "||" if self.next_is("Vert") else "|"
            self.at += 1
            given = self.parts()
            tree = Relation(sign, tree, given, span=span_of([tree, given]))
        rest = self.peek()
        if rest is not None:
            raise self.refuse(describe(rest), rest)
        return tree

    def parts(self) -> Tree:
        """One relation, or a bare list of them."""
        parts = [self.relation()]
        while self.next_is(",", ";"):
            self.at += 1
            if self.peek() is None:  # a trailing comma separates nothing
                break
            parts.append(self.relation())
        return parts[0] if len(parts) == 1 else List(tuple(parts), "", span=span_of(parts))

    def _stands_alone(self) -> bool:
        """Whether a sign is a value of its own: ``P(+ | -)``; in ``-|z|`` the bar opens."""
        bars = sum(getattr(item, "text", "") in ("|", "mid") for item in self.items[self.at + 1 :])
        return (
            self.peek(1) is None
            or self.next_is(",", ahead=1)
            or (self.next_is("|", "mid", ahead=1) and bars == 1)
        )

    def relation(self) -> Tree:
        """A sum, or a relation between sums (``x > 0``, ``i = j``, ``y | x``)."""
        if self.next_is("-", "+") and self._stands_alone():
            token = cast(Token, self.take())
            return Name(token.text, span=(token.start, token.end))
        if self.next_is("forall", "exists"):
            return self.quantified(None)
        joined = self.conditions()
        if joined is not None:
            return joined
        sides = [self.operation()]
        signs: list[str] = []
        while (sign := self.relation_sign()) is not None:
            self.at += 1
            signs.append(sign)
            if sign == ":" and len(signs) == 1:  # looser than the relations on its right
                rest = self.relation()
                return Relation(":", sides[0], rest, span=span_of([sides[0], rest]))
            sides.append(self.operation())
        made = _chained(sides, signs)
        return self.quantified(made) if signs and self.next_is("forall", "exists") else made

    def quantified(self, claim: Tree | None) -> Tree:
        """``\\forall y \\in Y: x \\ge y``, or the same behind what is claimed: ``x > 0 \\ \\forall x``."""
        quantifier = cast(Token, self.take())
        sides, signs = [self.operation()], []
        while (sign := self.relation_sign()) not in (None, ":"):
            self.at += 1
            signs.append(sign)
            sides.append(self.operation())
        bound = _chained(sides, signs)
        after = self.peek()
        joined = self.next_is(":", ",") or (after is not None and after.text.strip() in _SUCH_THAT)
        if claim is None and joined:
            words = self.take()
            if words.kind == "text":
                self.context.notes.append(words.text.strip())
            claim = self.relation()
        span = (quantifier.start, end_of(claim or bound))
        return Relation(quantifier.text, bound, claim or NOTHING, span=span)

    def conditions(self) -> Tree | None:
        """``x > 0 \\wedge y > 0``: whole relations joined by and and or, which are then the loosest."""
        stop = next(
            (at for at in range(self.at, len(self.items)) if self.items[at].text in (",", ";")),
            len(self.items),
        )
        places = [at for at in range(self.at, stop) if self.items[at].text in ("wedge", "vee")]
        edges = [self.at - 1, *places, stop]
        parts = list(pairwise(edges))
        if not places or not all(has_relation(self.items[a + 1 : b]) for a, b in parts):
            return None
        trees = [self.stretch(a + 1, b) for a, b in parts]
        for sign in ("wedge", "vee"):
            for at in reversed([k for k, place in enumerate(places) if self.items[place].text == sign]):
                left, right = trees[at : at + 2]
                trees[at : at + 2] = [Relation(sign, left, right, span=span_of([left, right]))]
                places.pop(at)
        self.at = stop
        return trees[0]

    def relation_sign(self) -> str | None:
        item = self.peek()
        if not isinstance(item, Token) or item.kind not in ("sign", "command"):
            return None
        return symbols.RELATIONS.get(item.text)

    def operation(self) -> Tree:
        """Sums joined by ``\\cup``, ``\\oplus``, ``\\bmod`` and the like, from the left; and before or."""
        return self.joined(self.tight, symbols.OPERATIONS.keys() - symbols.TIGHT_OPERATIONS)

    def tight(self) -> Tree:
        return self.joined(self.sum, symbols.TIGHT_OPERATIONS)

    def joined(self, read: Callable[[], Tree], signs: Collection[str]) -> Tree:
        tree = read()
        while self.next_is(*signs):
            sign = symbols.OPERATIONS[cast(Token, self.take()).text]
            right = read()
            tree = Relation(sign, tree, right, span=span_of([tree, right]))
        return tree

    # ---- sums and products
    def sum(self) -> Tree:
        self.context.nesting += 1
        if self.context.nesting > MAX_NESTING:
            raise TooLarge("the formula is nested too deeply")
        terms = [self.either_sign() if self.next_is("pm", "mp") else self.term()]
        while self.next_is("+", "-", "pm", "mp"):
            if self.next_is("pm", "mp"):
                terms.append(self.either_sign())
                continue
            minus = self.next_is("-")
            start = cast(Token, self.take()).start
            term = self.term()
            terms.append(Negative(term, span=(start, end_of(term))) if minus else term)
        self.context.nesting -= 1
        if len(terms) == 1:
            return terms[0]
        plain = Add(tuple(terms), span=span_of(terms))
        wider = loose_sum(terms)
        if wider is None:
            return plain
        places = isinstance(wider, Big) and wider.operator.startswith(
            "arg"
        )  # a place plus a number is nothing
        readings = (wider, plain) if places else (plain, wider)
        return Ambiguous(readings, "how far the sum reaches", span=plain.span)

    def either_sign(self) -> Tree:
        """``\\pm b``: a term that stands for two values, which nothing evaluates."""
        sign = cast(Token, self.take())
        term = self.term()
        return Relation(sign.text, NOTHING, term, span=(sign.start, end_of(term)))

    def term(self) -> Tree:
        """A product with its leading signs: ``-x y`` is the negative of the product."""
        starts = []
        while self.next_is("+", "-"):
            token = cast(Token, self.take())
            if token.text == "-":
                starts.append(token.start)
        tree = self.elementwise()
        for start in reversed(starts):
            tree = Negative(tree, span=(start, end_of(tree)))
        return tree

    def elementwise(self) -> Tree:
        """``a \\odot b``, looser than other products: ``W^T d \\odot s`` is ``(W^T d) \\odot s``."""
        factors = [self.product()]
        signs: list[ProductSign] = []
        composed = True  # whether nothing but small circles stands between the factors
        while self.next_is("odot", "circ", "otimes", "oslash"):
            if self.next_is("oslash"):  # quotients entry by entry: read, printed, not evaluated
                self.at += 1
                above, below = times(factors, signs), self.signed(self.product)
                factors, signs = [Relation("oslash", above, below, span=span_of([above, below]))], []
                continue
            composed = composed and self.next_is("circ")
            sign = symbols.PRODUCTS[cast(Token, self.take()).text]
            signs.append(cast(ProductSign, sign))
            factors.append(self.signed(self.product))
        product = times(factors, signs)
        if (
            not composed
            or len(factors) < 2
            or not all(_names_function(factor, self.context) for factor in factors)
        ):
            return product
        after = factors[0]
        for factor in factors[1:]:
            after = Relation("circ", after, factor, span=span_of([after, factor]))
        return Ambiguous(
            (after, product), "a small circle: one function after another, or a product", span=product.span
        )

    def product(self) -> Tree:
        """Factors with ``\\cdot``, ``\\times``, ``*``, ``/`` or nothing between them."""
        factors = [self.factor()]
        signs: list[ProductSign] = []
        while True:
            if self.next_is("cdot", "times", "*", "@"):
                sign = symbols.PRODUCTS[cast(Token, self.take()).text]
                signs.append(cast(ProductSign, sign))
                factors.append(self.signed(self.factor))
            elif self.next_is("/", "div"):
                self.at += 1
                factors, signs = [self.quotient(times(factors, signs))], []
            elif self.at_empty_braces():
                self.at += 1  # f{}(x): braces that keep a letter and brackets apart
            elif self.starts_factor():
                here, before = self.peek(), self.peek(-1)
                powers = isinstance(factors[-1], Power) and self.next_is("^", ahead=1)  # 0.8^8 0.2^2
                if (
                    here is not None
                    and before is not None
                    and here.kind == "number" == before.kind
                    and not powers
                ):
                    raise self.refuse("two numbers stand side by side", here)
                if (
                    here is not None
                    and here.kind == "number"
                    and not self.next_is("^", ahead=1)  # n 2^{n-1}
                    and not self.at_indicator()
                    and not (self.next_is("pi", ahead=1) and factors[-1] in _IMAGINARY)  # e^{-j2\\pi k/N}
                    and isinstance(factors[-1], (Name, Indexed, Power))
                ):
                    raise self.refuse("a number stands behind a letter", here)
                after = self.factor()
                mixed = _mixed(factors[-1], after) if not signs or signs[-1] else None
                if mixed is not None:
                    factors[-1] = mixed
                    continue
                signs.append("")
                factors.append(after)
            else:
                return times(factors, signs)

    def quotient(self, numerator: Tree) -> Tree:
        """What follows ``/``. ``a / b c`` has two readings unless both ``a`` and ``b`` are numbers."""
        denominator = self.signed(self.factor)
        plain = Divide(numerator, denominator, span=span_of([numerator, denominator]))
        if not self.starts_factor() or (isinstance(numerator, Number) and isinstance(denominator, Number)):
            return plain
        if self.next_is(*symbols.BIG_COMMANDS):
            return plain
        rest = [self.factor()]
        while self.starts_factor():
            rest.append(self.factor())
        blanks: list[ProductSign] = ["" for _ in rest]
        below = times([denominator, *rest], blanks)
        readings = (Divide(numerator, below, span=span_of([numerator, below])), times([plain, *rest], blanks))
        return Ambiguous(readings, "what stands under the fraction stroke", span=span_of([numerator, below]))

    def juxtaposed(self) -> Tree:
        """Factors with nothing between them."""
        factors = [self.factor()]
        while self.starts_factor():
            factors.append(self.factor())
        return times(factors, ["" for _ in factors[1:]])

    def signed(self, read) -> Tree:
        """A factor that may carry its own sign after an operator: ``a \\times -b``."""
        if self.next_is("-"):
            start = cast(Token, self.take()).start
            tree = self.signed(read)
            return Negative(tree, span=(start, end_of(tree)))
        if self.next_is("+"):
            self.at += 1
        return cast(Tree, read())

    def at_indicator(self) -> bool:
        """``1\\{a = b\\}`` behind a letter."""
        one, braces = self.peek(), self.peek(1)
        return (
            one is not None and one.text == "1" and isinstance(braces, Group)
            and braces.open in ("\\{", "[") and has_relation(braces.items)
        )  # fmt: skip

    def at_empty_braces(self) -> bool:
        item = self.peek()
        return isinstance(item, Group) and item.open == "{" and not item.items

    def starts_factor(self) -> bool:
        """Whether the next item can stand beside the factor before it."""
        item = self.peek()
        if self.at_empty_braces():
            item = self.peek(1)
        if item is None:
            return False
        if isinstance(item, Group):
            return True
        if item.kind in ("number", "letter", "word", "text"):
            return item.text.strip() not in _SUCH_THAT
        if item.kind == "sign":
            return item.text == "|" and self.bars_left() % 2 == 0 and not self.next_is("_", ahead=1)
        if item.kind == "command":
            if item.text == "Vert":
                return self.bars_left("Vert") % 2 == 0
            return (item.text == "neg" or item.text not in OPERATORS) and item.text not in symbols.RELATIONS
        return False

    def bars_left(self, sign: str = "|") -> int:
        return sum(1 for item in self.items[self.at :] if isinstance(item, Token) and item.text == sign)

    def factor(self) -> Tree:
        """An atom with its scripts and arguments."""
        self.context.nesting += 1
        if self.context.nesting > MAX_NESTING:
            raise TooLarge("the formula is nested too deeply")
        tree = read_factor(self)
        self.context.nesting -= 1
        return tree


_SUCH_THAT = ("s.t.", "such that")


def _chained(sides: list[Tree], signs: list[str]) -> Tree:
    """``a < b < c`` as a list of its links."""
    if not signs:
        return sides[0]
    made = [
        Relation(sign, left, right, span=span_of([left, right]))
        for sign, left, right in zip(signs, sides, sides[1:], strict=False)
    ]
    return made[0] if len(made) == 1 else List(tuple(made), "", span=span_of(sides))


def _names_function(tree: Tree, context: Context) -> bool:
    """Whether a factor is a letter that usually names a function, or the points between two of them."""
    if isinstance(tree, Ellipsis):
        return True
    declared = context.declarations.get(tree)
    if declared is not None:
        return declared.is_function
    name = tree.base if isinstance(tree, Indexed) else tree
    known = isinstance(name, Name) and (name.text in symbols.FUNCTION_WORDS or name.text in context.functions)
    return known or (isinstance(name, Name) and name.text in symbols.JOINED_LETTERS)


def _mixed(whole: Tree, part: Tree) -> Tree | None:
    """``1\\frac{1}{2}``: one and a half, or a half of one."""
    if not (isinstance(whole, Number) and isinstance(part, Divide)) or not whole.digits.isdigit():
        return None
    above, below = part.numerator, part.denominator
    if not all(isinstance(number, Number) and number.digits.isdigit() for number in (above, below)):
        return None
    if not (isinstance(above, Number) and isinstance(below, Number) and above.value < below.value):
        return None
    span = span_of([whole, part])
    readings = (Multiply((whole, part), ("",), span=span), Add((whole, part), span=span))
    return Ambiguous(readings, "a number before a fraction: a product or a mixed number", span=span)
