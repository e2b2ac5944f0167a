"""Every sample script of every problem gets the verdicts that its file says."""

import pytest

from derive.bank import all_problems

ACCEPTED = {"correct", "rounded", "follows", "definition"}
ROWS = [(problem, sample) for problem in all_problems() for sample in problem.samples]


@pytest.mark.parametrize(("problem", "sample"), ROWS, ids=[f"{p.id}: {s.name}" for p, s in ROWS])
def test_a_sample_script_is_judged_as_its_file_says(problem, sample) -> None:
    from derive.marking import check

    claims = check(sample.text, problem=problem).claims
    assert claims, "nothing was found to judge"
    for line, verdict in sample.lines.items():
        there = [(claim.verdict, claim.note) for claim in claims if claim.line == line]
        assert verdict in {said for said, _ in there}, f"line {line} should be {verdict}: {there}"
        if line in sample.notes:
            assert (verdict, sample.notes[line]) in there
    for claim in claims:
        if claim.line not in sample.lines:
            assert claim.verdict in ACCEPTED, f"line {claim.line} is {claim.verdict}: {claim.message}"
