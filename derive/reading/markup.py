"""What surrounds the mathematics, taken out of the way with every place kept: comments, quotes, HTML.

Each function returns a text of the same length, so that offsets still count in the file.
"""

from __future__ import annotations

import html
import re

from derive.reading.macros import closing_brace, find_macros

_ENTITY = re.compile(r"&(?:#\d{1,5}|#x[0-9a-fA-F]{1,4}|[A-Za-z]{2,8}\d?);")
_ATTRIBUTES = r"(?:\s+[\w-]+\s*=\s*[^<>\n]{0,200}|\s+open)?\s*/?>"
_TAG = re.compile(
    r"</?(?:su[bp]|em|strong|span|br|font|div|details|summary|center|table|thead|tbody|tr|t[dh]|[uo]l|li|h[1-6r]"
    rf"|img|pre|small|big|kbd|mark|ins|del|strike|blockquote){_ATTRIBUTES}"
    # one letter might be mathematics: a <b and c> d, x^{<i>}
    rf"|(?<![{{^_<\w])<[abipsu]{_ATTRIBUTES}|</[abipsu]>",
    re.IGNORECASE,
)
_STYLE = re.compile(r"\\(?:textbf|textit|emph|underline|textsc|textsf|texttt|textmd)\s*\{")
_LAYOUT = re.compile(r"\\\\(?:\[[^\]]*\])?|\\[A-Za-z]+\*?(?:\s*(?:\[[^\]]*\]|\{[^{}]*\}))*|\\.")
_STRUCK_TAG = re.compile(r"</?(?:del|strike|s)>", re.IGNORECASE)
_FRONT = re.compile(
    r"\A\s*---[ \t]*\n(?:(?:[\w-]+:|[ \t#-]).*\n|[ \t]*\n){0,200}?(?:---|\.\.\.)[ \t]*(?:\n|\Z)"
)
_REMARK = re.compile(r"<!--|%%")


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
    if "\\iffalse" in text:
        text = re.sub(
            r"\\iffalse\b.*?(?:\\fi\b|\Z)", lambda match: blanked(match.group()), text, flags=re.DOTALL
        )
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


def without_styles(line: str) -> str:
    r"""Without ``\textbf{`` and ``}`` about words or mathematics.

    >>> without_styles(r"\textbf{So} x = 1")
    '        So  x = 1'
    """
    at = 0
    if len(line) > 5_000:
        return line  # no line that a person writes
    while (style := _STYLE.search(line, at)) is not None:
        close = closing_brace(line, style.end() - 1)
        if close >= 0:
            line = line[:close] + " " + line[close + 1 :]
            line = line[: style.start()] + " " * (style.end() - style.start()) + line[style.end() :]
        at = style.end()
    return line


def without_layout(line: str) -> str:
    r"""A line of LaTeX outside all formulas as its words: commands and their arguments blanked out.

    >>> without_layout(r"\textbf{So} \vspace{2em} x = 1\\[1ex]").split()
    ['So', 'x', '=', '1']
    """
    line = _LAYOUT.sub(lambda match: " " * len(match.group()), without_styles(line))
    return re.sub(r"[{}&~]", " ", line)


def without_remarks(text: str) -> str:
    """Without what a Markdown file does not show: the header between ``---`` lines, comments.

    >>> without_remarks("<!-- a = 1 -->b %% c %%")
    '              b        '
    """
    front = _FRONT.match(text)
    if front is not None:
        text = blanked(front.group()) + text[front.end() :]
    if "<!--" not in text and "%%" not in text:
        return text
    made, at = [], 0
    while (begun := _REMARK.search(text, at)) is not None:
        start, end = begun.start(), _remark_end(text, begun.start())
        made += [text[at:start], blanked(text[start:end]) if end > start + 4 else text[start:end]]
        at = end
    return "".join([*made, text[at:]])


def _remark_end(text: str, start: int) -> int:
    """Where a remark ends, an open one with its line; two characters on if none begins here."""
    if text.startswith("<!--", start):
        close = text.find("-->", start + 4)
        return close + 3 if close >= 0 else _line_end(text, start)
    line_end = _line_end(text, start)
    close = text.find("%%", start + 2, line_end)
    if close >= 0:
        return close + 2
    alone = text.rfind("\n", 0, start) + 1 == start and not text[start + 2 : line_end].strip()
    close = text.find("\n%%", line_end) if alone else -1
    return close + 3 if close >= 0 else start + 2


def _line_end(text: str, start: int) -> int:
    line_end = text.find("\n", start, start + 1_000)
    return min(len(text), start + 1_000) if line_end < 0 else line_end


def _character(match: re.Match[str]) -> str:
    found = html.unescape(match.group())
    return found + " " * (len(match.group()) - len(found)) if len(found) == 1 else match.group()


def _script(match: re.Match[str]) -> str:
    tag = match.group().lower()
    if _STRUCK_TAG.fullmatch(tag):
        return "~~" + " " * (len(tag) - 2)
    shown = "}" if tag in ("</sub>", "</sup>") else {"<sub>": "_{", "<sup>": "^{"}.get(tag, "")
    return shown + " " * (len(tag) - len(shown))
