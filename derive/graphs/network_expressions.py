"""The expressions of a network's text: numbers, sizes, words, calls and arrows, as a small tree.

The text is read by this grammar alone; nothing of it is ever evaluated as Python. From the weakest:

    chain      ->                       Conv2d(3, 8, 3) -> ReLU()
    choice     a if condition else b
    logic      or, and, not
    compare    == != < <= > >=
    sum        + -                      also of what layers put out: x + Conv2d(8, 8, 3, padding=1)
    product    * / // %                 also a repetition: 3 * Block(64)
    power      **
    call       f(a, b, key=c)           applied to what came before; f(a)(x, y) to x and y
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from derive.graphs.network import NetworkError

TOKEN = re.compile(
    r"""(?P<space>[ \t]+)
    | (?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
    | (?P<name>[^\W\d]\w*(?:_\{[\w,]+\})?(?:\.[^\W\d]\w*)*)
    | (?P<word>"[^"\n]*"|'[^'\n]*')
    | (?P<sign>->|→|\*\*|//|<=|>=|==|!=|[-+*/%<>()\[\],=:×])""",
    re.VERBOSE,
)
PREFIXES = (
    *("torch.nn.functional.", "torch.nn.", "torch.", "nn.functional.", "nn.", "F.", "tf.nn."),
    *(f"{module}{part}" for module in ("tf.keras.", "keras.", "") for part in ("layers.", "models.")),
    *("tf.keras.", "keras."),
)
DEEPEST = 60


@dataclass(frozen=True)
class Number:
    """A number, or True, False or None."""

    value: int | Fraction | bool | None


@dataclass(frozen=True)
class Word:
    """A word in quotes."""

    text: str


@dataclass(frozen=True)
class Name:
    """A variable, a value, or a symbolic size."""

    text: str


@dataclass(frozen=True)
class Tuple:
    """Several, in round or square brackets."""

    items: tuple[Expression, ...]


@dataclass(frozen=True)
class Unary:
    """A sign, or ``not``."""

    sign: str
    operand: Expression


@dataclass(frozen=True)
class Binary:
    """Two operands; the sign may be ``->``."""

    sign: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Choice:
    """``then if condition else otherwise``."""

    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True)
class Call:
    """A name with arguments; ``to`` is what it is applied to, None for what came before."""

    name: str
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...]
    to: tuple[Expression, ...] | None = None


Expression: TypeAlias = Number | Word | Name | Tuple | Unary | Binary | Choice | Call

LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",),
    ("and",),
    ("==", "!=", "<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "/", "//", "%"),
)
_CONSTANTS = {"True": True, "False": False, "true": True, "false": False, "None": None}


def plain_name(name: str) -> str:
    """A layer's name without the module it is imported from.

    >>> plain_name("nn.Conv2d"), plain_name("torch.nn.functional.relu")
    ('Conv2d', 'relu')
    """
    prefix = next((one for one in PREFIXES if name.startswith(one)), "")
    return name[len(prefix) :]


def tokens(text: str, line: int = 0, before: int = 0) -> list[tuple[str, str, int]]:
    """The tokens of a text as (kind, text, column from 1), ``before`` characters standing before it."""
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise NetworkError(f"{_line(line)}column {before + at + 1}: {text[at]!r} has no meaning here")
        kind = match.lastgroup or ""
        if kind != "space":
            word = {"→": "->", "×": "*"}.get(match.group(), match.group())
            found.append((kind, word, before + at + 1))
        at = match.end()
    return found


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:97] + "..."


def _line(number: int) -> str:
    return f"line {number}, " if number else ""


def parse(text: str, line: int = 0, before: int = 0) -> Expression:
    """The expression in a text, before which so many characters stand on its line.

    Raises :class:`~derive.graphs.network.NetworkError` that names the line and the column.

    >>> parse("Conv2d(3, 8, k) -> ReLU()")  # doctest: +ELLIPSIS
    Binary(sign='->', left=Call(name='Conv2d', ...), right=Call(name='ReLU', ...))
    """
    return Parser(text, line, before).whole()


class Parser:
    """A parser by precedence over the tokens of one text."""

    def __init__(self, text: str, line: int = 0, before: int = 0) -> None:
        self.text, self.line, self.before, self.at, self.depth = text, line, before, 0, 0
        self.tokens = tokens(text, line, before)

    def whole(self) -> Expression:
        """The whole text as one expression."""
        found = self.chain()
        if self.at < len(self.tokens):
            hint = "; '->' or a new line parts layers" if re.match(r"[^\W\d]|,", self.next) else ""
            if self.next[:1].isdigit():
                hint = "; a layer is written as a call, Conv2d(3, 16, 5)"
            if re.match(r"(def|repeat|for|if)\b.*:", self.text.strip()):
                hint = "; the lines of a block stand under it, indented"
            self.fail(f"{self.next!r} was not expected here{hint}")
        return found

    @property
    def next(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def fail(self, message: str) -> None:
        """Raise the error, with the place."""
        column = self.tokens[self.at][2] if self.at < len(self.tokens) else self.before + len(self.text) + 1
        raise NetworkError(f"{_line(self.line)}column {column}: {message} in {_short(self.text.strip())!r}")

    def take(self, *signs: str) -> str:
        """The next token if it is one of these."""
        if self.next and self.next in signs and self.tokens[self.at][0] != "word":
            self.at += 1
            return self.tokens[self.at - 1][1]
        return ""

    def need(self, sign: str) -> None:
        """The next token has to be this one."""
        if not self.take(sign):
            self.fail(f"{sign!r} is missing" + (f" before {self.next!r}" if self.next else ""))

    def chain(self) -> Expression:
        """``a -> b -> c``."""
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(f"more than {DEEPEST} brackets inside each other")
        found = self.choice()
        while self.take("->"):
            found = Binary("->", found, self.choice())
        self.depth -= 1
        return found

    def choice(self) -> Expression:
        """``a if condition else b``."""
        then = self.level(0)
        if not self.take("if"):
            return then
        condition = self.level(0)
        self.need("else")
        return Choice(condition, then, self.choice())

    def level(self, level: int) -> Expression:
        """Operators that group to the left."""
        if level == len(LEVELS):
            return self.prefix()
        if level == 2 and self.take("not"):
            return Unary("not", self.level(level))
        found = self.level(level + 1)
        while sign := self.take(*LEVELS[level]):
            found = Binary(sign, found, self.level(level + 1))
        return found

    def prefix(self) -> Expression:
        """A sign, then a power."""
        if sign := self.take("-", "+"):
            return Unary(sign, self.prefix())
        base = self.call()
        return Binary("**", base, self.prefix()) if self.take("**") else base

    def call(self) -> Expression:
        """A name with its arguments, and what it is applied to."""
        found = self.atom()
        if not isinstance(found, Name) or not self.take("("):
            return found
        arguments, keywords = self.arguments()
        call = Call(plain_name(found.text), arguments, keywords)
        if self.take("("):
            to, named = self.arguments()
            if named:
                self.fail("the second brackets hold what the layer reads, without names")
            call = Call(call.name, arguments, keywords, to)
        return call

    def arguments(self) -> tuple[tuple[Expression, ...], tuple[tuple[str, Expression], ...]]:
        """The arguments up to the closing bracket, in order and by name."""
        given: list[Expression] = []
        named: list[tuple[str, Expression]] = []
        while not self.take(")"):
            if given or named:
                self.need(",")
                if self.take(")"):
                    break
            kind, text, _ = self.tokens[self.at] if self.at < len(self.tokens) else ("", "", 0)
            if kind == "name" and self.at + 1 < len(self.tokens) and self.tokens[self.at + 1][1] == "=":
                self.at += 2
                named.append((text, self.chain()))
            elif named:
                self.fail("an argument without a name stands after one with a name")
            else:
                given.append(self.chain())
        return tuple(given), tuple(named)

    def atom(self) -> Expression:
        """A number, a word, a name or something in brackets."""
        if self.at >= len(self.tokens):
            self.fail("something is missing at the end")
        kind, text, _ = self.tokens[self.at]
        if kind == "number":
            self.at += 1
            return Number(_number(text))
        if kind == "word":
            self.at += 1
            return Word(text[1:-1])
        if kind == "name" and text not in ("if", "else", "and", "or", "not"):
            self.at += 1
            return Number(_CONSTANTS[text]) if text in _CONSTANTS else Name(text)
        if opening := self.take("(", "["):
            closing = ")" if opening == "(" else "]"
            items = []
            comma = opening == "["
            while not self.take(closing):
                items.append(self.chain())
                if self.take(","):
                    comma = True
                elif self.next != closing:
                    self.need(closing)
            return Tuple(tuple(items)) if comma or len(items) != 1 else items[0]
        self.fail(f"{text!r} was not expected here")
        raise AssertionError


def _number(text: str) -> int | Fraction:
    value = Fraction(text) if len(text) < 40 else Fraction(0)
    return int(value) if value.denominator == 1 and "." not in text else value


def calls(expression: Expression) -> Iterator[Call]:
    """All calls in an expression."""
    match expression:
        case Call(_, arguments, keywords, to):
            yield expression
            for one in (*arguments, *(value for _, value in keywords), *(to or ())):
                yield from calls(one)
        case Binary(_, left, right):
            yield from calls(left)
            yield from calls(right)
        case Unary(_, operand):
            yield from calls(operand)
        case Tuple(items):
            for one in items:
                yield from calls(one)
        case Choice(condition, then, otherwise):
            for one in (condition, then, otherwise):
                yield from calls(one)
