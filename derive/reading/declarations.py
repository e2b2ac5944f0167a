"""What is said about a name: ``W: 3x5``, ``f: function``, ``p: in (0,1), index from 0``, ``x > 0``.

A declaration settles how a letter is *read* (a function or a factor, a label or a power) and, for the judge,
over which values a claim is meant. ``decimal: comma`` says that 0,5 is a half.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from derive.reading import symbols
from derive.reading.latex import to_latex
from derive.reading.lexer import lex
from derive.reading.tree import Indexed, Name, Tree

DOMAINS = symbols.words(
    "real positive negative nonzero nonnegative nonpositive integer natural even odd binary complex "
    "probability scalar boolean"
)
KINDS = (
    "sigmoid function", "elementwise function", "function", "density", "probability vector", "one-hot vector",
    "kronecker delta", "random variable", "constant", "vector", "matrix", "tensor", "set", "index",
    "label", "operator",
    "unit vector", "identity matrix", "distribution", "event",
)  # fmt: skip
_FUNCTIONS = ("sigmoid function", "elementwise function", "function", "density", "operator", "distribution")
_MISSING = re.compile(r"\s*[,(]?\s*not\s+(?:given|specified|stated|known)\s*\)?\s*$", re.IGNORECASE)
_SIZE = re.compile(
    r"\d+|[A-Za-z](?:_\{?\w+\}?|\d+)?(?:\s*[-+]\s*\d+)?|\d+\s*[A-Za-z](?:_\{?\w+\}?)?|\([^()x]+\)"
)
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,2}|/\d+)?", re.ASCII)
LONGEST_NUMBER = 40  # characters of an end
LONGEST_SIZE = 9  # digits of a size
LONGEST_LINE = 1_000  # characters of a declaration
_WORKS = (
    "what would work: 'W: 3x5', 'b: 5', 'x: positive', 'p: in (0,1)', 'f: function', 'x > 0', "
    "'decimal: comma'"
)


class DeclarationError(ValueError):
    """A declaration line that says nothing the program can use."""


@dataclass(frozen=True)
class Declaration:
    """One name and what is said about it.

    ``shape`` holds sizes as written (``("3", "5")``, ``("n",)``; None if no shape was stated), ``domain`` a
    scalar domain, ``low``/``high`` with ``closed`` the ends of an interval, ``kind`` one of the listed kinds.
    ``missing`` says that the kind is known but the value or definition was not given.
    """

    name: str
    shape: tuple[str, ...] | None = None
    domain: str | None = None
    kind: str | None = None
    qualifiers: tuple[str, ...] = ()
    low: Fraction | None = None
    high: Fraction | None = None
    closed: tuple[bool, bool] = (False, False)
    missing: bool = False

    @property
    def described(self) -> str:
        """What is said, in the words of a declaration line: ``3x5, symmetric``."""
        ends = f"in {'(['[self.closed[0]]}{self.low}, {self.high}{')]'[self.closed[1]]}"
        domain = ends if self.domain == "interval" else self.domain
        parts = ("x".join(self.shape) if self.shape else None, domain, self.kind, *self.qualifiers)
        return ", ".join(part for part in parts if part)

    @property
    def is_function(self) -> bool:
        """Whether brackets after the name hold arguments."""
        return self.kind in _FUNCTIONS

    @property
    def is_scalar(self) -> bool:
        """Whether the name is a number, so that a superscript is a power."""
        return self.domain is not None and self.shape is None

    @property
    def labelled(self) -> bool:
        """Whether superscripts on the name are labels, not powers."""
        return self.kind == "label" or any("label" in qualifier for qualifier in self.qualifiers)


def key(name: str | Tree) -> str:
    """One spelling for a name however it is written: ``W_{hh}``, ``\\beta_1`` and ``beta_1`` lose their
    dressing.

    >>> key(r"\\beta_{1}") == key("beta_1")
    True
    """
    return _spelled(name if isinstance(name, str) else to_latex(name))


@lru_cache(maxsize=1024)
def _spelled(source: str) -> str:
    fonts = symbols.FONTS
    pieces = [fonts.get(token.text, token.text) for token in lex(source, plain=True)]
    return "".join(piece for piece in pieces if piece not in ("{", "}"))


class Declarations:
    """All that is declared, by name.

    >>> declared = Declarations.parse(["W: 3x5", "x > 0", "sigma: elementwise function"])
    >>> declared["W"].shape, declared["x"].domain, declared["\\\\sigma"].is_function
    (('3', '5'), 'positive', True)
    """

    def __init__(self, declarations: Iterable[Declaration] = ()) -> None:
        self._by_key: dict[str, Declaration] = {}
        for declaration in declarations:
            self.add(declaration)

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Declarations:
        """Read declaration lines; a line may declare several names: ``a, b: positive``."""
        made = cls()
        for line in lines:
            if line.strip():
                for declaration in parse_declaration(line):
                    made.add(declaration)
        return made

    def add(self, declaration: Declaration) -> None:
        """Add one; what is said later about the same name is added to what was said before."""
        name = key(declaration.name)
        old = self._by_key.get(name)
        if old is not None:
            changes = {
                field: value
                for field in ("shape", "domain", "kind", "low", "high")
                if (value := getattr(declaration, field)) is not None
            }
            declaration = replace(
                old,
                **changes,
                qualifiers=(*old.qualifiers, *declaration.qualifiers),
                closed=declaration.closed if changes.keys() & {"low", "high"} else old.closed,
                missing=old.missing or declaration.missing,
            )
        self._by_key[name] = declaration

    def get(self, name: str | Tree) -> Declaration | None:
        """What is declared of a name, or of the base of its family (``z`` for ``z_i`` and ``z^{(1)}``)."""
        if not self._by_key:
            return None
        found = self._by_key.get(key(name))
        if found is None and isinstance(name, Indexed):
            return self.get(name.base)
        if found is None and isinstance(name, str) and ("_" in name or "^" in name):
            return self._by_key.get(key(re.split(r"[_^]", name, maxsplit=1)[0]))
        if found is None and isinstance(name, Name) and name.marks:
            return self._by_key.get(key(Name(name.text, (), name.font))) if "prime" in name.marks else None
        return found

    @property
    def decimal_comma(self) -> bool:
        """Whether a comma between digits is the decimal sign: ``decimal: comma``."""
        found = self._by_key.get("decimal")
        return found is not None and found.kind == "comma"

    def __getitem__(self, name: str | Tree) -> Declaration:
        found = self.get(name)
        if found is None:
            raise KeyError(name if isinstance(name, str) else to_latex(name))
        return found

    def __contains__(self, name: str | Tree) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[Declaration]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def __add__(self, other: Declarations) -> Declarations:
        return Declarations((*self, *other))


def parse_declaration(line: str) -> list[Declaration]:
    """One line, ``NAME[, NAME]: KIND[, QUALIFIER ...]`` or a bound such as ``x > 0`` or ``0 < p < 1``.

    >>> parse_declaration("p: in [0,1), index from 0")[0].closed
    (True, False)
    """
    if len(line) > LONGEST_LINE:
        raise DeclarationError(
            f"cannot use the declaration {_short(line)}: it has more than {LONGEST_LINE} characters"
        )
    names, colon, rest = _split_colon(line)
    if not colon:
        return [_bound(line)]
    if not rest.strip() or not all(name.strip() for name in names):
        raise DeclarationError(
            f"cannot use the declaration {_short(line)}: a name and a kind are needed; {_WORKS}"
        )
    return [_declaration(name.strip(), rest.strip(), line.strip()) for name in names]


def _split_colon(line: str) -> tuple[list[str], str, str]:
    depth = 0
    for at, char in enumerate(line):
        depth += (char in "{([") - (char in "})]")
        if char == ":" and depth == 0:
            return _split_commas(line[:at]), ":", line[at + 1 :]
    return [], "", ""


def _split_commas(text: str) -> list[str]:
    parts, depth = [""], 0
    for char in text:
        depth += (char in "{([") - (char in "})]")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _declaration(name: str, rest: str, line: str) -> Declaration:
    missing = bool(_MISSING.search(rest))
    rest = _MISSING.sub("", rest)
    head, *qualifiers = [part.strip() for part in _split_commas(rest)]
    made = Declaration(name, qualifiers=tuple(q for q in qualifiers if q), missing=missing)
    word = head.lower()
    if name.lower() == "decimal" and word in ("comma", "point"):
        return replace(made, name="decimal", kind=word)
    if word in ("non-negative", "non-zero"):
        word = word.replace("-", "")
    if word.endswith(" real") or word.startswith("real "):
        word = word.replace("real", "").strip() or "real"
    if word in DOMAINS:
        return replace(made, domain="real" if word == "scalar" else word)
    if word in KINDS:
        return replace(made, kind=word)
    interval = re.fullmatch(r"in\s*([(\[])\s*([^,]+?)\s*,\s*([^,]+?)\s*([)\]])", head)
    if interval:
        opener, low, high, closer = interval.groups()
        low_value, high_value = _end(low, line), _end(high, line)
        return replace(
            made, domain="interval", low=low_value, high=high_value, closed=(opener == "[", closer == "]")
        )
    if re.fullmatch(r"in\s*\\?\{\s*0\s*,\s*1\s*\\?\}", head):
        return replace(made, domain="binary")
    if head.startswith(("<", ">", "=")) and not word.startswith("=="):
        return replace(_bound(f"{name} {head}"), qualifiers=made.qualifiers, missing=missing)
    sizes = [size.strip() for size in re.split(r"\s*(?:\\times|×|(?<=[\w)}])\s*x(?=\s*[\w(]))\s*", head)]
    if any(re.search(rf"\d{{{LONGEST_SIZE + 1}}}", size) for size in sizes):
        raise DeclarationError(f"cannot use the declaration {_short(line)}: a size beyond all measure")
    if any(size and not size.strip("0") for size in sizes):
        raise DeclarationError(f"cannot use the declaration {_short(line)}: a size of 0")
    if all(_SIZE.fullmatch(size) for size in sizes):
        return replace(made, shape=tuple(sizes))
    if missing and not head:
        return made
    raise DeclarationError(
        f"cannot use the declaration {_short(line)}: {_short(head)} is no shape, domain or kind; {_WORKS}"
    )


def _end(text: str, line: str) -> Fraction | None:
    text = text.replace("\\", "").replace(" ", "")
    if text in ("inf", "infty", "+inf", "∞", "-inf", "-infty", "-∞", "+infty"):
        return None
    if not _NUMBER.fullmatch(text):
        raise DeclarationError(
            f"cannot use the declaration {_short(line)}: the end {_short(text)} is no number"
        )
    return _fraction(text, line)


def _fraction(text: str, line: str) -> Fraction:
    """The value of an end, which has to be one that a float64 holds."""
    try:
        value = Fraction(text) if len(text) <= LONGEST_NUMBER else None
    except ZeroDivisionError:
        value = None
    if value is None:
        raise DeclarationError(
            f"cannot use the declaration {_short(line)}: the end {_short(text)} is no number, or too long"
        )
    return value


def _short(text: str) -> str:
    """A piece of a declaration as an error quotes it."""
    return repr(text.strip() if len(text) <= 80 else f"{text.strip()[:77]}...")


_COMPARE = re.compile(r"(<=|>=|!=|≤|≥|≠|<|>|\\leq?(?![a-z])|\\geq?(?![a-z])|\\neq?(?![a-z]))")
_SIGNS = {"≤": "<=", "≥": ">=", "≠": "!=", "\\le": "<=", "\\leq": "<=", "\\ge": ">=", "\\geq": ">=",
"\\ne": "!=",
          "\\neq": "!="}  # fmt: skip
_TURN = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "!=": "!="}


def _bound(line: str) -> Declaration:
    pieces = [piece.strip() for piece in _COMPARE.split(line.strip())]
    bad = DeclarationError(f"cannot use the declaration {_short(line)}; {_WORKS}")
    if len(pieces) not in (3, 5) or not all(pieces):
        raise bad
    if len(pieces) == 5:
        low, first, name, second, high = pieces
        first, second = _SIGNS.get(first, first), _SIGNS.get(second, second)
        if not (
            first in ("<", "<=")
            and second in ("<", "<=")
            and _NUMBER.fullmatch(low)
            and _NUMBER.fullmatch(high)
        ):
            raise bad
        closed = (first == "<=", second == "<=")
        ends = _fraction(low, line), _fraction(high, line)
        return Declaration(name, domain="interval", low=ends[0], high=ends[1], closed=closed)
    name, sign, value = pieces
    sign = _SIGNS.get(sign, sign)
    if _NUMBER.fullmatch(name):
        name, sign, value = value, _TURN[sign], name
    if not _NUMBER.fullmatch(value):
        raise bad
    end = _fraction(value, line)
    if end == 0:
        words = {">": "positive", "<": "negative", ">=": "nonnegative", "<=": "nonpositive", "!=": "nonzero"}
        return Declaration(name, domain=words[sign])
    if sign == "!=":
        return Declaration(name, domain="real", qualifiers=(f"not {value}",))
    if sign in (">", ">="):
        return Declaration(name, domain="interval", low=end, closed=(sign == ">=", False))
    return Declaration(name, domain="interval", high=end, closed=(False, sign == "<="))
