"""Where problem files are, and how they are found by name."""

from __future__ import annotations

import tomllib
from pathlib import Path

from derive.bank.problem import Problem, ProblemError, problem_from
from derive.suggest import unknown

PACKAGE = Path(__file__).resolve().parent.parent


def problem_folder() -> Path:
    """The folder of the problems.

    In a checkout (also one installed with ``pip install --editable``) that is ``problems/`` beside the
    package, so that an edit counts at once; a wheel carries it inside the package. A stranger's
    ``problems`` folder beside an installed package does not count: ``pyproject.toml`` has to stand there too.
    """
    beside = PACKAGE.parent / "problems"
    if beside.is_dir() and (PACKAGE.parent / "pyproject.toml").is_file():
        return beside
    return PACKAGE / "problems"


def load_problem(path: Path, identifier: str | None = None) -> Problem:
    """The problem in a file.

    Raises
    ------
    ProblemError: the file cannot be read, is no TOML, or is not well-formed as a problem.
    """
    name = identifier or path.stem
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProblemError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ProblemError(f"{path}: is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise ProblemError(f"{path}: is not valid TOML: {error}") from error
    return problem_from(data, name)


def all_problems() -> list[Problem]:
    """All problems of the bank, by their ids."""
    folder = problem_folder()
    return [load_problem(path, _identifier(path, folder)) for path in sorted(folder.glob("*/*.toml"))]


def find_problem(name: str) -> Problem:
    """The problem with this id (``softmax/three-scores``), this slug if it is the only one, or in this file.

    Raises
    ------
    ProblemError: there is no such problem; the message suggests near names.
    """
    if name.endswith(".toml"):
        return load_problem(Path(name))
    folder = problem_folder()
    paths = {_identifier(path, folder): path for path in sorted(folder.glob("*/*.toml"))}
    if name in paths:
        return load_problem(paths[name], name)
    by_slug = [identifier for identifier in paths if identifier.partition("/")[2] == name]
    if len(by_slug) == 1:
        return load_problem(paths[by_slug[0]], by_slug[0])
    raise ProblemError(unknown("problem", name, by_slug or paths))


def _identifier(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()
