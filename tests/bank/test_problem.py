"""Problem files: what is accepted, and what is said about one that is not well-formed."""

from pathlib import Path

import pytest

from derive.bank import ProblemError, all_problems, find_problem, load_problem, store

GOOD = """
title = "T"
source = "S"
declare = ["x: 3"]
givens = ["x = (1, 2, 3)"]
[[parts]]
id = "a"
question = "Q"
marks = 2
answer = 'y = x_1'
[[samples]]
name = "right"
text = '''
one
two
'''
lines = { 2 = "wrong" }
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "p.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read_as_it_stands(tmp_path: Path) -> None:
    problem = load_problem(write(tmp_path, GOOD), "topic/p")
    assert (problem.id, problem.topic, problem.marks) == ("topic/p", "topic", 2)
    assert problem.givens == ("x = (1, 2, 3)",)
    assert problem.parts[0].answer == "y = x_1"
    assert problem.samples[0].lines == {2: "wrong"}
    assert problem.to_dict()["declare"] == ["x: 3"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "T"', "", "'title' has to be some text, here is None"),
        ("marks = 2", "marks = -1", "part 1: 'marks' has to be a positive number, here is -1"),
        ("marks = 2", "marks = true", "'marks' has to be a positive number"),
        ('id = "a"', 'id = "a"\nhint = "h"', "part 1: unknown key hint; known: id, question, marks, answer"),
        ('declare = ["x: 3"]', 'declare = "x: 3"', "'declare' has to be a list of texts"),
        ('2 = "wrong"', '3 = "wrong"', "sample 1: 'lines' says 3 = 'wrong'; the text has lines 1 to 2"),
        ('2 = "wrong"', '2 = "bad"', "'bad' is no verdict; known: correct, rounded"),
        ("[[parts]]", "[parts]", r"'parts' has to be written as \[\[parts\]\] tables"),
        ('title = "T"', "title = T", "is not valid TOML: .*line 2"),
        (
            "[[samples]]",
            "[[parts]]\nid='a'\nquestion='q'\nmarks=1\nanswer='z'\n[[samples]]",
            "part ids a are used",
        ),
    ],
    ids=[
        "no title",
        "negative",
        "boolean",
        "extra key",
        "no list",
        "no such line",
        "no verdict",
        "table",
        "toml",
        "twice",
    ],
)
def test_a_malformed_file_is_answered_with_place_and_reason(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in GOOD
    with pytest.raises(ProblemError, match=message):
        load_problem(write(tmp_path, GOOD.replace(old, new, 1)))


def test_an_unknown_problem_suggests_near_names() -> None:
    with pytest.raises(
        ProblemError, match=r"unknown problem 'three-score'; did you mean .*softmax/three-scores"
    ):
        find_problem("three-score")


def test_a_slug_alone_will_do() -> None:
    assert find_problem("three-scores") == find_problem("softmax/three-scores")


def test_every_problem_of_the_bank_has_right_and_wrong_samples() -> None:
    problems = all_problems()
    assert {problem.topic for problem in problems} >= {"activations", "softmax", "neurons"}
    for problem in problems:
        assert any(not sample.lines for sample in problem.samples), f"{problem.id} has no right script"
        assert any("wrong" in sample.lines.values() for sample in problem.samples), (
            f"{problem.id} has no wrong one"
        )


def test_a_strangers_folder_beside_an_installed_package_does_not_count(tmp_path: Path, monkeypatch) -> None:
    package = tmp_path / "derive"
    (package / "problems").mkdir(parents=True)
    (tmp_path / "problems").mkdir()
    monkeypatch.setattr(store, "PACKAGE", package)
    assert store.problem_folder() == package / "problems"
    (tmp_path / "pyproject.toml").touch()
    assert store.problem_folder() == tmp_path / "problems"
