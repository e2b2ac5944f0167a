"""What surrounds the mathematics, taken out of the way with every place kept: comments, quotes, HTML.

Each function returns a text of the same length, so that offsets still count in the file.
"""

from __future__ import annotations

import html
import re

from derive.reading.macros import find_macros

_ENTITY = re.compile(r"&(?:#\d{1,5}|#x[0-9a-fA-F]{1,4}|[A-Za-z]{2,8}\d?);")
_TAG = re.compile(r"</?(?:sub|sup|i|b|em|strong|span|p|br|u|font|div)\b[^<>\n]{0,80}>", re.IGNORECASE)


def blanked(text: str) -> str:
    """The same number of blanks, line ends kept."""
    return re.sub(r"[^\r\n]", " ", text)


def without_comments(text: str) -> str:
    """A LaTeX source with its preamble, its comments and its own definitions blanked out."""
    begin = text.find("\\begin{document}")
    if begin >= 0:
        begin += len("\\begin{document}")
        text = blanked(text[:begin]) + text[begin:]
        end = text.find("\\end{document}")
        if end >= 0:
            text = text[:end] + blanked(text[end:])
    text = re.sub(r"(?<!\\)%[^\r\n]*", lambda match: " " * len(match.group()), text)
    return without_definitions(text)


def without_definitions(text: str) -> str:
    """Without ``\\\\newcommand{...}{...}`` and its kin."""
    for start, end in find_macros(text)[1]:
        text = text[:start] + blanked(text[start:end]) + text[end:]
    return text


def without_quote_marks(text: str) -> str:
    """Markdown's ``>`` before quoted lines, blanked out; inside a ``$$`` that is not quoted it stays."""
    made: list[str] = []
    inside = ""
    for line in text.splitlines(keepends=True):
        mark = re.match(r" {0,3}(?:> ?)+", line)
        quoted = mark is not None and not inside
        made.append(
            " " * mark.end() + line[mark.end() :] if mark and (quoted or inside == "quoted") else line
        )
        if line.count("$$") % 2:
            inside = "" if inside else ("quoted" if quoted else "plain")
    return "".join(made)


def without_html(text: str) -> str:
    """``a &lt; b`` as ``a <    b``, ``x<sup>2</sup>`` as ``x^{   2}     ``; other tags blanked out.

    >>> without_html("x<sub>1</sub> &lt; 3")
    'x_{   1}      <    3'
    """
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    return _TAG.sub(_script, text) if "<" in text else text


def _character(match: re.Match[str]) -> str:
    found = html.unescape(match.group())
    return found + " " * (len(match.group()) - len(found)) if len(found) == 1 else match.group()


def _script(match: re.Match[str]) -> str:
    tag = match.group().lower()
    shown = "}" if tag in ("</sub>", "</sup>") else {"<sub>": "_{", "<sup>": "^{"}.get(tag, "")
    return shown + " " * (len(tag) - len(shown))
