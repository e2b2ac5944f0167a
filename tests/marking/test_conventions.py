"""The claims of a document choose their conventions together."""

from __future__ import annotations

import pytest

from derive.marking import check


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$\\log 100 = 2$. $\\log 1000 = 3$.\n", ["log=10", "log=10"]),
        ("$\\log 8 = 3$. $\\log 32 = 5$.\n", ["log=2", "log=2"]),
        ("$\\log 100 = 2$. $\\log 8 = 3$.\n", ["log=10", None]),
        ("$\\log 2 = 0.693$. $\\log 100 = 2$.\n", [None, None]),
        ("$\\ln 100 = 2$. $\\log 100 = 2$.\n", [None, "log=10"]),
    ],
    ids=["decimal", "binary", "decimal and then binary", "natural and then decimal", "ln is always natural"],
)
def test_one_base_explains_a_document(text: str, said: list[str | None]) -> None:
    report = check(text)
    assert [claim.convention for claim in report.claims] == said
    excused = [claim.note == "convention" for claim in report.claims]
    assert excused == [base is not None for base in said]
