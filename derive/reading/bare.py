"""Mathematics on a line without delimiters: typed arithmetic, LaTeX that lost its dollar signs."""

from __future__ import annotations

import re
import unicodedata

from derive.reading import symbols
from derive.reading.prose import leads_on

_RELATION = re.compile(
    r"=|≈|≤|≥|≠|≡|→|⇒|←|<|>|\\(?:approx|Rightarrow|rightarrow|implies|leq?|geq?|neq?|equiv|sim|propto|leftarrow|to)\b"
)
_EQUATION = re.compile(r"=|≈|\\approx\b|≤|≥|\\leq?\b|\\geq?\b")
# A word with digits behind it is one word: in jinja2>=3.1 stands no 2.
_WORD = re.compile(
    r"(?<![\\A-Za-zÀ-ɏ_])([A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'’]+)(?:\d+(?:[.\-]\w+)*)?(?![A-Za-zÀ-ɏ\d_\\]|\()"
)
_SKIP = re.compile(
    r"^\s*(?:\|\s|\\(?:includegraphics|begin|end|caption|usepackage|documentclass|input|title)\b|"
    r"<[A-Za-z!/]|!\[|\[[^\]]*\]\(|https?:|import\b|from\b|def\b|return\b|print\b|for .*:\s*$)|://|</\w"
)


def is_prose(word: str) -> bool:
    """Whether letters outside mathematics are a word of the language."""
    if (
        word in symbols.FUNCTION_WORDS
        or word in symbols.NAME_WORDS
        or word in symbols.BIG_WORDS
        or word.removeprefix("d") in symbols.GREEK  # dL/dgamma
    ):
        return False
    return (
        len(word) > 2
        or word.lower() in symbols.STOP_WORDS
        or word.lower() in ("so", "do", "he", "my", "up", "no")
    )


def bare_segments(line: str, strict: bool = False) -> list[tuple[int, int]]:
    """The stretches of a line outside all delimiters that are clearly mathematics.

    A line without a word of prose is one stretch if it has a relation; between words only equations count,
    and only they do anywhere if ``strict``.

    >>> [("= 4i - (-9) = 4i + 9"[a:b]) for a, b in bare_segments("= 4i - (-9) = 4i + 9")]
    ['= 4i - (-9) = 4i + 9']
    >>> line = "next c_t = f_t * c + i_t memory"
    >>> [line[a:b] for a, b in bare_segments(line)]
    ['c_t = f_t * c + i_t']
    """
    if _SKIP.search(line) or not _RELATION.search(line):
        return []
    words = [match for match in _WORD.finditer(line) if is_prose(match[1]) and not _operand(line, match)]
    breaks = [(_article(line, match.start()), match.end()) for match in words]
    breaks += [match.span() for match in _SENTENCE_END.finditer(line)]
    edges = [0, *(edge for place in sorted(breaks) for edge in place), len(line)]
    made = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        segment = _trimmed(line, start, end)
        if segment is None:
            continue
        of_many = _OF.search(line, max(0, segment[0] - 12), segment[0])
        introduced = _COUNT.match(line, *segment) if of_many else None
        if introduced is not None:  # step 5 of 20: 3 + 4 = 7
            segment, of_many = (introduced.end(), segment[1]), None
        body = line[segment[0] : segment[1]]
        if not words and not strict:
            if re.search(r"[A-Za-z0-9]", body) and _RELATION.search(body):
                made.append(segment)
        elif of_many:
            sign = re.search(r"(?<![<>!:])=(?!=)|≈", body)  # 50% of 10 = 5: what is left is no side
            if sign is not None and _solid(body[: sign.end()] + " 1"):
                made.append((segment[0] + sign.start(), segment[1]))
        elif _solid(body) or (_after_condition(line, start) and _RELATION.search(body)):
            made.append(segment)
    return made


_COUNT = re.compile(r"\d[\d.,]*:\s+(?=[^=≈]*[-+*/·×])")
_OF = re.compile(r"\b(?:of|per|between|von|de)\s*$")
_SENTENCE_END = re.compile(r"(?<=[\w)\]\ue000])\.(?=[ \t])")


def _article(line: str, start: int) -> int:
    """Where a word begins together with its article: ``y = -3, a mistake``."""
    article = re.search(r"(?<=[,;:.])\s+[aA]\s+$", line[max(0, start - 8) : start])
    return start - len(article.group()) if article is not None else start


def _after_condition(line: str, start: int) -> bool:
    """``... if x > 0``: behind such a word an inequality counts too."""
    words = line[max(0, start - 40) : start].split()
    return bool(words) and words[-1].lower() in symbols.CONDITION_WORDS


def _operand(line: str, match: re.Match[str]) -> bool:
    """Whether a word is part of the mathematics: an operator or a relation stands directly beside it."""
    before = line[max(0, match.start() - 60) : match.start()]
    after = line[match.end() : match.end() + 60]
    if _CALL_OPENED.search(before) and _CALL_CLOSED.match(after):
        return True
    if before[-1:] in ("-", "/") and before[-2:-1].isalnum():
        return not before[-2:-1].isalpha()
    left, right = before.rstrip()[-1:], after.lstrip()[:1]
    if right in ("=", "≈", ":") and leads_on(match[1], before):
        return False  # the answer is = 5
    dash_left = left == "-" and before[-1:] == " "
    dash_right = right == "-" and after[:1] == " "
    return (left in _BESIDE and not dash_left) or (right in _BESIDE and not dash_right)


_CALL_OPENED = re.compile(r"[A-Za-z]\([^().;:=]*$")  # P(heavy rain | clouds)
_CALL_CLOSED = re.compile(r"[^().;:=]*\)")
_BESIDE = frozenset("+-*/^_=≈×·")


_EDGES = " \t.,;:!?|#\"'”“*-—–"


def _trimmed(line: str, start: int, end: int) -> tuple[int, int] | None:
    """Without punctuation, pictures (✓, 😊) and brackets that have no partner at the ends."""
    while start < end:
        first, last = line[start], line[end - 1]
        bar = first == "|" and not line[start + 1 : start + 2].isspace()  # |x| = 3 is no edge of a table
        minus = first == "-" and line[start + 1 : start + 2].isalnum()
        if (first in _EDGES + ">)" or _pictured(first)) and not bar and not minus:
            start += 1
        elif (last in _EDGES + "(" or _pictured(last)) and not (last == "|" and not line[end - 2].isspace()):
            end -= 1
        else:
            return start, end
    return None


def _pictured(char: str) -> bool:
    """Whether a character is a picture and no mathematics."""
    return ord(char) > 0x7F and unicodedata.category(char) in ("So", "Sk", "Cs", "Cf", "Mn")


_MATHEMATICAL = re.compile(r"\w\(|[0-9\\^_+*/\ue000²³¹⁰-₎√∂∇∑∏∫]|(?<![^\W\d_])[^\W\d_](?![^\W\d_])")


_NAMED = re.compile(r"[^\W\d_]{2,}")


def _solid(body: str) -> bool:
    """Between words: an equation with something mathematical on both sides (or one that continues a line)."""
    match = _EQUATION.search(body)
    if match is None:
        return False
    left, right = body[: match.start()].strip(), body[match.end() :].strip()
    if not left:  # the answer is = 5
        return re.match(r"[=≈]\s+[-+]?\.?\d", body) is not None
    single = re.fullmatch(r"[^\W\d_]", left) is not None
    if _NAMED.fullmatch(left) and match.group() == "=" and not right.startswith("="):
        return re.match(r"[-+(]*\.?\d", right) is not None  # total = 15/20
    return bool(_MATHEMATICAL.search(right)) and (single or bool(_MATHEMATICAL.search(left)))
