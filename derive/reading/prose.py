"""The words around mathematics: which of them make a formula a given or a condition and no claim."""

from __future__ import annotations

import re

from derive.reading import symbols
from derive.reading.statement import Role, Statement
from derive.reading.tree import Name, Number
from derive.reading.units import measure

_ROLE_WORDS = re.compile(r"([A-Za-zÀ-ɏ.]+)[\s:,]*([A-Za-zÀ-ɏ.]*)[\s:,]*$")
# ... and as some other languages say it.
_GIVEN_WORDS = symbols.GIVEN_WORDS | symbols.words(
    "gegeben sei seien wobei soit soient donnée donné où sea sean dado donde"
)
_CONDITION_WORDS = symbols.CONDITION_WORDS | symbols.words(
    "für falls wenn sofern sonst pour si lorsque quand sinon para cuando siempre"
)
_JOINTS = tuple(f"{comma}{word}" for comma in ("", ", ") for word in symbols.words("and or und oder et ou y"))
_JOINTS += ("", ",")
#: Words before a formula that begins with ``=`` which do not name what is computed.
_LEADING_WORDS = symbols.words(
    "which again finally first second next simplifies simplified becomes become yields giving still or than "
    "it he she they can be just simply exactly about approximately roughly indeed clearly obviously hence "
    "here there too both sides side terms step part rewritten factor factored expanded follows result"
)
_BEFORE_A_NAME = symbols.words("the our and or so thus hence then therefore with where")
#: After these a subject is spoken of: "the answer is", but "which is".
_COPULAS = symbols.words("is are was were be been being has have equals equal of for to")
_SAID = re.compile(r"[^\W\d_][\w'-]*|\d[\d.,%]*|[()]")
_LIST_MARK = re.compile(r"^[\s>]*(?:[-*+•]\s+)?\(?(?:[a-z]|[ivx]+|\d{1,2})[.)](?:\s|$)")
_MATHS = re.compile(r"\$[^$]*\$|\\\([^\\]*(?:\\(?!\))[^\\]*)*\\\)")
_MARKUP = re.compile(r"\\(?:begin|end)\{[^}]*\}|\\[A-Za-z]+\*?(?:\[[^\]]*\])?|[#*_~`|>{}&\\]+")
_ABBREVIATED = re.compile(r"(?:\bi\.\s?e|\be\.\s?g|\bresp|\bcf|\bw\.r\.t|\bs\.t)\.$")


def words_before(text: str) -> str:
    """The words in front of a piece of mathematics, without other mathematics and without markup."""
    return " ".join(_MARKUP.sub(" ", _MATHS.sub(" ", text)).split())[-160:]


def role_of(
    words: str, near: str | None = None, statement: Statement | None = None, before: Statement | None = None
) -> Role:
    """What the words make of a formula.

    ``near`` is what stands between it and the one ``before`` on its line. What joins them hands the role on,
    but a comma ends a condition: "for $x > 0$, $f(x) = x$".

    >>> role_of("we get"), role_of("Now let"), role_of("only if"), role_of("For example")
    ('claim', 'given', 'condition', 'claim')
    """
    joined = "" if near is None else words_before(near).lower()
    if near is not None and joined in _JOINTS and before is not None and statement is not None:
        bounds = bool(set(statement.signs) & {"<", ">", "<=", ">=", "!="})
        return "claim" if before.role == "condition" and "," in joined and not bounds else before.role
    text = joined or words
    match = _ROLE_WORDS.search(text)
    above = (
        not joined and statement is not None and not statement.signs
    )  # words of the line before, no relation
    if match is None or above or ends_sentence(text):
        return "claim"
    last = [word.strip(".").lower() for word in match.groups() if word]
    if last[-1] in ("example", "instance", "now", "comparison"):  # for example, for now
        return "claim"
    if any(word in _CONDITION_WORDS for word in last) or text.lower().endswith(("for all", "for any")):
        return "claim" if text.endswith((":", ";", ".")) else "condition"
    return "given" if any(word in _GIVEN_WORDS for word in last) else "claim"


def leads_on(word: str, before: str = "") -> bool:
    """Whether a word only leads on to a formula and is not the name of its left side.

    >>> leads_on("hence"), leads_on("recall"), leads_on("recall", "the"), leads_on("case", "in this")
    (True, False, False, True)
    """
    said = before.split()[-1:]
    begins = not said or not said[0][-1].isalpha() or said[0].lower() in _BEFORE_A_NAME
    if word.lower() in symbols.NAMING_WORDS and begins:
        return False
    return word.lower() in symbols.STOP_WORDS | _LEADING_WORDS


def subject_in(near: str) -> str | None:
    """What the words before a formula that begins with ``=`` name as its left side.

    None if they only lead on ("so we get"), ``""`` if they name something that is no single word.

    >>> subject_in("the mean"), subject_in("so we get"), subject_in("the answer is"), subject_in("class 2")
    ('mean', None, '', '')
    """
    clause = re.split(r"[.:;!?](?=\s|$)", _LIST_MARK.sub("", near.rstrip(" ,*_")))[-1]
    said = _SAID.findall(_MARKUP.sub(" ", clause))
    if not any(word[0].isalpha() for word in said):
        return None
    if measure(" ".join(said)) is not None:
        return None  # 8 bits = 1 byte
    *others, last = said
    leading = leads_on(last, " ".join(others))
    if leading and all(map(leads_on, others)):
        return None
    if not last[0].isalpha() or last.lower() in _COPULAS:
        return ""
    return None if leading else last


def ends_sentence(words: str) -> bool:
    """Whether the words end a sentence, so that they say nothing about what follows."""
    words = words.rstrip()
    return words.endswith((".", "!", "?", ";")) and not _ABBREVIATED.search(words)


def names_a_case(statement: Statement, after: str) -> bool:
    """``$i \\\\ne j$: ...``: a relation of index letters before a colon says which case follows."""
    if not after.lstrip().startswith(":") or len(statement.sides) != 2:
        return False
    left, right = (side.tree for side in statement.sides)
    index = isinstance(left, Name) and left.text in symbols.COUNTING_LETTERS
    return (
        index
        and isinstance(right, (Name, Number))
        and statement.signs[0] in ("=", "!=", "<", ">", "<=", ">=")
    )
