"""Characters to tokens, each with its place: LaTeX, Unicode mathematics and plain ASCII alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from derive.reading import symbols
from derive.reading.macros import MAX_NESTED, Macros, expanded

# Ceilings of one formula: of each row, and of each side of a statement ...
MAX_LENGTH = 8_000  # characters
MAX_TOKENS = 2_000
# ... and of everything between two delimiters, such as an `align` of many rows.
MAX_WHOLE_LENGTH = 80_000
MAX_WHOLE_TOKENS = 20_000


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind, its canonical text and its half-open place in the document.

    Kinds: ``number letter run word command sign text space row cell open close begin end struck bad``.
    A ``run`` is two or more letters written together; the parser settles what they are. ``spaced`` says
    that white space stands before the token. ``font`` is the font of a letter that Unicode carries.
    """

    kind: str
    text: str
    start: int
    end: int
    spaced: bool = False
    font: str = ""


class TooLarge(Exception):  # noqa: N818 - a refusal, not an error: it becomes a Hole
    """A formula beyond the ceilings; the message says which."""


_NUMBER = r"""
    [1-9]\d{0,2}(?:,\d{3})+(?![\d])(?!,\d)(?:\.\d+)?
  | [1-9]\d{0,2}(?:\{,\}\d{3})+(?!\d)(?:\.\d+)?
  | [1-9]\d{0,2}(?:\\,\d{3})+(?!\d)(?:\.\d+)?
  | [1-9]\d{0,2}(?:\.\d{3}){2,}(?![\d.])
  | (?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+(?![\d.]))?
"""
_STYLED = {"DOUBLE-STRUCK": "mathbb", "SCRIPT": "mathcal", "FRAKTUR": "mathfrak", "BLACK-LETTER": "mathfrak"}
_UPPER = "".join(symbols.SUPERSCRIPTS)
_LOWER = "".join(symbols.SUBSCRIPTS)
_TOKEN = re.compile(
    rf"""
    (?P<white>(?:[\s$]|%[ \t]*\n)+)
  | (?P<number>{_NUMBER})
  | (?P<named>[A-Za-z]+(?:\\_[A-Za-z0-9]+)+)
  | (?P<run>[A-Za-z]+)
  | (?P<row>\\\\(?:\s*\[-?[\d.]+\s*(?:pt|em|ex|mm|cm|in)\])?|\\newline\b|\\cr\b)
  | (?P<command>\\(?:[A-Za-z]+\*?|[^A-Za-z\s]|\s|$))
  | (?P<sign>\*\*|<=>|=>|->|<-(?=\s)|<<|>>|<=|>=|!=|:=|==|~=|[-+*/^_=<>,;:!|&(){{}}\[\]'.?%~@\#"`])
  | (?P<upper>[{_UPPER}]+)
  | (?P<lower>[{_LOWER}]+)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
# 1.5\mathrm{e}{-3}, 1\text{e-3}, 1e{-}3
_EXPONENT = re.compile(
    r"\\(?:mathrm|text|textrm|rm)\s*\{\s*[eE]\s*(?:\}\s*)?\{?\s*([+-]?)\s*\}?\s*\{?\s*(\d+)\s*\}?"
    r"|[eE]\{\s*([+-]?)\s*\}?\s*\{?(\d+)\}?"
)
_DISTRIBUTION = re.compile(
    r"\s+(?:\\(?:math(?:cal|rm)|text|operatorname)\s*\{\s*\w+\s*\}|[A-Z][A-Za-z]*)\s*\("
)
_SUBJECT_TO = re.compile(r"s\.\s*t\.(?!\w)")
_TYPED_FACTOR = re.compile(r"\s*\d|\s+\([\d\s.+*/-]+\)")  # 2 x (3 + 4)
_DELIMITER = re.compile(r"\s*(\\[A-Za-z]+|\\[{}|]|[()\[\]|./<>])")
_COUNTED = re.compile(r"\s*(?:\\(?:text|mathrm|textrm|operatorname)\s*\{([^{}]*)\}|([A-Za-z]+))")
_RULE = re.compile(r"\s*(?:\[[^\]]*\])?\s*\{[^{}]*\}\s*\{[^{}]*\}")
# Words with mathematics behind them inside one \text: a call, an element, a factorial.
_WORDED = re.compile(r"(-?)\s*([A-Za-z](?:\w|\\_)*)((?:\[[^\[\]]*\]|\([^()]*\)|!)?)")
_BRACED = re.compile(r"\s*\{([^{}]*)\}")
_STRONG_SPACE = frozenset(["quad", "qquad", "hfill", "enspace", "hspace"])
_WEAK_SPACE = frozenset(
    [" ", "\n", "\t", ";", ":", ">", "~", ",", "thinspace", "medspace", "thickspace", "enskip", ""]
)


def lex(
    source: str, base: int = 0, plain: bool = False, macros: Macros | None = None, nested: int = 0
) -> list[Token]:
    """The tokens of ``source``; places are counted from ``base``. In ``plain`` text ``x_in`` has one label.

    What a command of the document's own (``macros``) stands for has the place of the command.

    >>> [token.text for token in lex(r"\\frac{1{,}728}{x²}")]
    ['frac', '{', '1728', '}', '{', 'x', '^', '{', '2', '}', '}']
    """
    tokens: list[Token] = []
    at = 0
    spaced = False
    limits = _Limits()
    if len(source) > MAX_WHOLE_LENGTH:
        raise TooLarge(f"the formula is longer than {MAX_WHOLE_LENGTH} characters")
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:  # cannot happen: `other` takes any character
            raise TooLarge("unreadable text")
        kind = match.lastgroup or "other"
        text, end = match.group(), match.end()
        if kind == "white":
            spaced, at = True, end
            continue
        own = (
            (macros.get(text[1:]) or macros.get(text[1:].rstrip("*")))
            if macros and kind == "command"
            else None
        )
        if own is not None:
            put = expanded(own, source, end)
            if put is None:
                raise TooLarge(f"the command {text} lacks an argument")
            if nested >= MAX_NESTED:
                raise TooLarge(f"the command {text} is nested more than {MAX_NESTED} deep")
            assert macros is not None
            macros.produced += 1 + len(put[0]) // 4
            inner = lex(put[0], 0, plain, macros, nested + 1)
            place = (base + at, base + put[1])
            for position, token in enumerate(inner):
                first = spaced if position == 0 else token.spaced
                tokens.append(Token(token.kind, token.text, *place, first, token.font))
            spaced, at = False, put[1]
            limits.check(tokens, put[1])
            continue
        made, end = _make(kind, text, source, (at, end), plain, tokens)
        if len(made) == 1:
            made = [_beside(made[0], tokens)]
            if made[0][1] == "perp" and tokens and tokens[-1].kind == "command" and tokens[-1].text == "perp":
                made, at = [("command", "indep", "")], tokens.pop().start - base  # two signs for one
        for position, (token_kind, token_text, font) in enumerate(made):
            tokens.append(
                Token(token_kind, token_text, base + at, base + end, spaced and position == 0, font)
            )
        spaced, at = False, end
        if kind == "row" or len(tokens) > limits.next:
            limits.check(tokens, end)
    limits.check(tokens, len(source))
    return tokens


_EVERY = 64


class _Limits:
    """The ceilings of one row, counted from where the row began, and of the whole."""

    def __init__(self) -> None:
        self.tokens = self.start = 0  # of the row
        self.next = _EVERY  # how many tokens there are when the ceilings are looked at again

    def check(self, tokens: Sequence[Token], at: int) -> None:
        self.next = len(tokens) + _EVERY
        if len(tokens) > MAX_WHOLE_TOKENS:
            raise TooLarge(f"the formula has more than {MAX_WHOLE_TOKENS} tokens")
        if at - self.start > MAX_LENGTH:
            raise TooLarge(f"the formula is longer than {MAX_LENGTH} characters")
        if len(tokens) - self.tokens > MAX_TOKENS:
            raise TooLarge(f"the formula has more than {MAX_TOKENS} tokens")
        if tokens and tokens[-1].kind == "row":
            self.tokens, self.start = len(tokens), at


_Made = tuple[list[tuple[str, str, str]], int]


def _make(
    kind: str, text: str, source: str, place: tuple[int, int], plain: bool, before: list[Token]
) -> _Made:
    """The tokens (kind, text, font) that stand for one match, and where the next one begins."""
    at, end = place
    if kind == "number":
        after_script = bool(before) and before[-1].kind == "sign" and before[-1].text in ("^", "_")
        if "," in text and after_script:
            head = text.partition(",")[0]
            return [("number", head, "")], at + len(head)
        thousands = re.sub(r"\{,\}|\\,|,", "", text)
        if text.count(".") > 1:  # 1.089.952
            thousands = text.replace(".", "")
        exponent = _EXPONENT.match(source, end) if "e" not in thousands.lower() else None
        if exponent is not None and not after_script:
            sign, power = exponent.group(1) or exponent.group(3), exponent.group(2) or exponent.group(4)
            return [("number", f"{thousands}e{sign or ''}{power}", "")], exponent.end()
        marked = "thousands" if "," in text and "{,}" not in text and "\\," not in text else ""
        return [("number", thousands, marked)], end
    if kind == "run" and text == "s" and (said := _SUBJECT_TO.match(source, at)) is not None:
        return [("text", "s.t.", "text")], said.end()
    if kind == "run":
        beside = bool(before) and before[-1].kind == "number"
        behind = source[end : end + 60]
        if text == "x" and beside and re.match(r"\s*\d" if not plain else _TYPED_FACTOR, behind):
            return [("command", "times", "")], end  # 3x5, 3 x 5: three by five
        bracketed = bool(before) and before[-1].text == ")" and source[at - 1 : at].isspace()
        if text == "x" and plain and bracketed and re.match(r"\s+\d", behind):
            return [("command", "times", "")], end  # (3 + 4) x 2
        return _run(text, at, end, plain, before, source)
    if kind == "named":  # out\_features
        return [("text", text, "text")], end
    if kind == "row":
        return [("row", "\\\\", "")], end
    if kind == "command":
        return _command(text[1:], source, at, end)
    if kind == "sign":
        if text == "&":
            return [("cell", "&", "")], end
        if text == "**":
            return [("sign", "^", "")], end
        if text == "~":
            if plain and "~" not in (
                source[at - 1 : at],
                source[end : end + 1],
            ):  # about 3; distributed as N(0, 1)
                number = re.match(r"\s*[-+]?\.?\d", source[end : end + 8])
                return [("sign", "~=", "") if number else ("command", "sim", "")], end
            blank = source[at - 1 : at].isspace() and source[end : end + 1].isspace()
            if blank and _DISTRIBUTION.match(source, end):  # f(x) ~ GP(m, k)
                return [("command", "sim", "")], end
            return [("space", "~", "")], end
        return [("sign", text, "")], end
    if kind in ("upper", "lower"):
        return _script(kind, text), end
    return _character(text), end


def _beside(made: tuple[str, str, str], before: list[Token]) -> tuple[str, str, str]:
    """What only the tokens before can tell: ``a \\text{ AND } b``, ``x_\\perp``."""
    kind, text, _ = made
    last = before[-1] if before else None
    if kind in ("text", "run") and text.strip() in symbols.LOGIC_WORDS:
        operand = last is not None and (
            last.kind in ("number", "letter", "text", "run", "close", "end")
            or (last.kind == "sign" and last.text in (")", "]", "}", "'"))
            or (last.kind == "command" and last.text in symbols.SYMBOLS)
        )
        if operand != (text.strip() == "NOT"):
            return "command", symbols.LOGIC_WORDS[text.strip()], ""
    if kind == "command" and text == "perp":
        opened = before[-2:-1] if last is not None and last.text == "{" else before[-1:]
        if not before or (opened and opened[0].kind == "sign" and opened[0].text in ("_", "^")):
            return "command", "bot", ""
    if kind == "command" and text == "parallel":
        opened = before[-2:-1] if last is not None and last.text == "{" else before[-1:]
        below = bool(opened) and opened[0].kind == "sign" and opened[0].text == "_"
        return ("text", "parallel", "") if below else ("command", "Vert", "")
    return made


def _run(text: str, at: int, end: int, plain: bool, before: list[Token], source: str) -> _Made:
    followed = source[end : end + 1]
    scripted = bool(before) and before[-1].kind == "sign" and before[-1].text in ("^", "_")
    one_letter = not plain or before[-1].text == "^" or followed in ("_", "^") if scripted else False
    number = re.match(r"\d+", source[end:]) if plain and scripted and before[-1].text == "_" else None
    if number is not None:  # net_h1: the digits belong to the label
        inner = [
            ("letter" if len(text) == 1 else "run", text, ""),
            ("sign", ",", ""),
            ("number", number.group(), ""),
        ]
        return [("sign", "{", ""), *inner, ("sign", "}", "")], end + number.end()
    if len(text) == 1:
        return [("letter", text, "")], end
    if one_letter:  # TeX: an unbraced script is one letter; in plain text an index may be longer
        return [("letter", text[0], "")], at + 1
    return [("run", text, "")], end


def _command(name: str, source: str, at: int, end: int) -> _Made:
    star = name.endswith("*") and name not in symbols.TEXT_COMMANDS and name != "*"
    name = name[:-1] if star else name
    if star and name not in ("tag", "hspace"):
        end -= 1
    if name in symbols.NUMBER_SETS:
        letter = ("letter", symbols.NUMBER_SETS[name], "")
        return [("command", "mathbb", ""), ("sign", "{", ""), letter, ("sign", "}", "")], end
    if name in ("left", "right"):
        delimiter = _DELIMITER.match(source, end)
        if delimiter is None:
            return [("bad", f"\\{name} without a bracket", "")], end
        sign = delimiter.group(1)
        sign = symbols.ALIASES.get(sign[1:], sign[1:]) if sign.startswith("\\") else sign
        return [("open" if name == "left" else "close", sign, "")], delimiter.end()
    if name in ("begin", "end"):
        braced = _BRACED.match(source, end)
        if braced is None:
            return [("bad", f"\\{name} without a name", "")], end
        return [(name, braced.group(1).strip(), "")], braced.end()
    if name in symbols.TEXT_COMMANDS:
        return _text(name, source, end)
    if name in (
        "textcircled",
        "tag",
        "label",
        "hspace",
        "vspace",
        "color",
        "phantom",
        "vphantom",
        "hphantom",
        "ref",
    ):
        braced = _BRACED.match(source, end)
        content = braced.group(1) if braced else ""
        stop = braced.end() if braced else end
        if name in ("textcircled", "tag"):
            return [("label", content.strip(), "")], stop
        return ([("space", "quad", "")] if name == "hspace" else []), stop
    if name in ("intertext", "shortintertext"):
        made, stop = _text("text", source, end)
        return [("row", "\\\\", ""), *made, ("row", "\\\\", "")], stop
    if name == "rule":
        ruled = _RULE.match(source, end)
        return [], ruled.end() if ruled else end
    if name == "textcolor" or name == "colorbox":
        braced = _BRACED.match(source, end)
        return [], braced.end() if braced else end
    if name in ("iint", "iiint"):
        return [("command", "int", "")] * name.count("i"), end
    if name == "pmod":
        return [("command", "bmod", "")], end
    if name in _STRONG_SPACE:
        return [("space", "quad", "")], end
    if name in _WEAK_SPACE:
        return [("space", name or " ", "")], end
    if name in symbols.SILENT:
        return [], end
    if name == "atop":
        return [("bad", f"\\{name} is not read: write \\frac{{}}{{}}", "")], end
    if name == "not":
        follow = re.match(r"\s*(=|\\in\b)", source[end : end + 12])
        if follow:
            return [("command", "neq" if follow.group(1) == "=" else "notin", "")], end + follow.end()
        return [("bad", "\\not before an unknown relation", "")], end
    name = symbols.ALIASES.get(name, name)
    if name == "&":
        return [("sign", ",", "")], end
    counted = _COUNTED.match(source, end) if name == "#" else None
    if counted is not None:
        return [("text", "\\#" + (counted.group(1) or counted.group(2)), "text")], counted.end()
    if name in ("#", "$", "_"):
        return [("text", name, "")], end
    if name == "%":
        return [("sign", "%", "")], end
    if name in ("{", "}"):
        return [("sign", "\\" + name, "")], end
    if name in (":=", "<", ">", "^", "_", "|", "[", "]", "*", ":"):
        return [("sign", name, "")], end
    if not name[:1].isalpha():
        return [("bad", f"the command \\{name} is not known", "")], end
    return [("command", name, "")], end


def _text(name: str, source: str, at: int) -> _Made:
    """The words of ``\\text{...}``; braces inside are followed, so that the whole argument is one token."""
    start = at
    while start < len(source) and source[start] == " ":
        start += 1
    if start >= len(source) or source[start] != "{":
        return [("bad", f"\\{name} without an argument", "")], at
    depth, stop = 0, start
    while stop < len(source):
        if source[stop] == "\\":
            stop += 2
            continue
        depth += (source[stop] == "{") - (source[stop] == "}")
        stop += 1
        if depth == 0:
            break
    if depth:
        return [("bad", "unbalanced {", "")], at
    content = source[start + 1 : stop - 1]
    parts = re.split(r"(?<!\\)\$|\\[()]", content)
    if len(parts) > 2 and len(parts) % 2 and len(content) < MAX_LENGTH // 2 and _joins(parts):
        made: list[tuple[str, str, str]] = []  # \text{if $x > 0$}
        for place, part in enumerate(parts):
            if place % 2:
                made += [(token.kind, token.text, token.font) for token in lex(part)]
            elif any(char.isalnum() for char in part):
                made += _text(name, "{" + part + "}", 0)[0]
        return made, stop
    if name.startswith("operatorname"):
        content = re.sub(r"\\[,;: ]|\s", "", content)
    elif name == "mathrm" and re.search(r"[\\^_{}]", content):
        return [], start  # \mathrm{W_1}: a group like any other, upright or not
    content = re.sub(r"\\([,;: ])", " ", content)
    if re.fullmatch(r"\s*[A-Za-z](?:\s+[A-Za-z])+\s*", content):  # \mathrm { R e L U }, from OCR
        content = re.sub(r"\s", "", content)
    if re.fullmatch(r"\s*(?:\d+(?:\.\d+)?|\.\d+)\s*", content):
        return [("number", content.strip(), "")], stop
    worded = _WORDED.fullmatch(content.strip())
    shouted = (
        worded is not None and worded.group(3) == "!" and re.match(r"\s*\\q?quad", source[stop : stop + 12])
    )
    if worded is not None and not shouted and (worded.group(1) or worded.group(3)):
        behind = [(token.kind, token.text, token.font) for token in lex(worded.group(3))]
        minus = [("sign", "-", "")] if worded.group(1) else []
        return [*minus, ("text", worded.group(2), name), *behind], stop
    return [("text", re.sub(r"[{}$]|\\[()]", "", content), name)], stop


_DETERMINERS = symbols.words("the a an all any each both this such that by of at in on to from only not")


def _joins(parts: Sequence[str]) -> bool:
    """Whether words with mathematics in them join or condition it: ``if $x > 0$``, ``we get $x = 1$``.

    Otherwise they name one thing, mathematics included: ``the cost of $n$ items``.
    """
    joining = symbols.STOP_WORDS - _DETERMINERS
    said = [re.findall(r"[^\W\d_]+", part.lower()) for part in parts[::2]]
    words = [word for part in said for word in part]
    if not words or (said[0] and said[0][0] in joining):
        return True
    return any(part and part[-1] in joining for part in said[:-1])


def _character(char: str) -> list[tuple[str, str, str]]:
    if char in symbols.FRACTIONS:
        top, bottom = symbols.FRACTIONS[char]
        pieces = [("sign", "{", ""), ("number", top, ""), ("sign", "}", "")]
        return [("command", "frac", ""), *pieces, pieces[0], ("number", bottom, ""), pieces[2]]
    if char in symbols.CIRCLED:
        return [("label", symbols.CIRCLED[char], "")]
    if char in symbols.CHARACTERS:
        name = symbols.CHARACTERS[char]
        return [("command" if name.isalpha() else "sign", name, "")]
    if unicodedata.category(char).startswith("C"):
        return [("bad", f"a control character (U+{ord(char):04X})", "")]
    plain = unicodedata.normalize("NFKC", char)
    name = unicodedata.name(char, "")
    font = next((font for sort, font in _STYLED.items() if sort in name), "")
    if plain != char and len(plain) == 1 and plain.isalpha() and font:  # ℝ, ℒ, 𝔼
        letter = ("letter", plain, "")
        return [("command", font, ""), ("sign", "{", ""), letter, ("sign", "}", "")]
    if plain != char and len(plain) == 1 and "MATHEMATICAL" in name:
        bold = "bold" if " BOLD " in name else ""
        if plain in symbols.CHARACTERS:
            return [("command", symbols.CHARACTERS[plain], bold)]
        return [("letter", plain, bold)] if plain.isalpha() else [("number", plain, "")]
    if char.isalpha():
        return [("letter", char, "")]
    return [("bad", f"the character {char!r} is not known", "")]


def _script(kind: str, text: str) -> list[tuple[str, str, str]]:
    """``x⁻¹`` as ``x^{-1}``, ``h₁₂`` as ``h_{12}``."""
    table = symbols.SUPERSCRIPTS if kind == "upper" else symbols.SUBSCRIPTS
    made = [("sign", "^" if kind == "upper" else "_", ""), ("sign", "{", "")]
    for piece in re.findall(r"\d+|.", "".join(table[char] for char in text)):
        sort = "number" if piece.isdigit() else "letter" if piece.isalpha() else "sign"
        made.append((sort, piece, ""))
    return [*made, ("sign", "}", "")]
