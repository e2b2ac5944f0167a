"""The package as its users get it: a wheel in a fresh environment, and an editable install. Needs no network.

The fresh environments see the packages of the one that runs the tests through a ``.pth`` file, so that
neither
the dependencies nor the build backend are fetched again; `derive` itself can only come from what is
installed.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ["derive", "problems", "pyproject.toml", "README.md", "LICENSE"]

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command far from the checkout, without its path."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the package is built from."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    return copy


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """The Python of a fresh environment that can see the installed dependencies."""
    home = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", home, cwd=tmp_path)
    python = home / "bin" / "python"
    purelib = Path(
        run(
            python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path
        ).stdout.strip()
    )
    # Adding a folder by a .pth file does not process the .pth files inside it, so an editable install of
    # derive
    # in the environment that runs the tests stays out of sight.
    (purelib / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def install(python: Path, *what: str | Path, cwd: Path) -> None:
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--quiet", "--ignore-installed"]
    run(python, "-m", "pip", "install", *options, *what, cwd=cwd)


def build_wheel(checkout: Path, target: Path) -> Path:
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, checkout, cwd=target)
    (wheel,) = target.glob("*.whl")
    return wheel


def test_a_wheel_holds_the_package_and_nothing_else_at_top_level(checkout: Path, tmp_path: Path) -> None:
    wheel = build_wheel(checkout, tmp_path)
    names = zipfile.ZipFile(wheel).namelist()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert {name.partition("/")[0] for name in names} == {"derive", f"derive_dl-{version}.dist-info"}
    assert "derive/py.typed" in names
    assert "derive/problems/softmax/three-scores.toml" in names
    assert f"derive_dl-{version}.dist-info/licenses/LICENSE" in names


def test_a_wheel_works_in_a_fresh_environment(checkout: Path, fresh: Path, tmp_path: Path) -> None:
    install(fresh, build_wheel(checkout, tmp_path), cwd=tmp_path)
    where = run(fresh, "-c", "import derive; print(derive.__file__)", cwd=tmp_path).stdout
    assert str(fresh.parent.parent) in where
    command = fresh.parent / "derive"
    assert "Usage: derive" in run(command, "--help", cwd=tmp_path).stdout
    assert "softmax/three-scores" in run(command, "problems", "--format", "json", cwd=tmp_path).stdout
    assert (
        "softmax/three-scores"
        in run(fresh, "-m", "derive", "problems", "--format", "json", cwd=tmp_path).stdout
    )


def test_an_editable_install_sees_an_edited_problem(checkout: Path, fresh: Path, tmp_path: Path) -> None:
    install(fresh, "--editable", checkout, cwd=tmp_path)
    problem = checkout / "problems" / "softmax" / "three-scores.toml"
    text = problem.read_text(encoding="utf-8")
    assert 'title = "' in text
    problem.write_text(text.replace('title = "', 'title = "EDITED ', 1), encoding="utf-8")
    assert "EDITED" in run(fresh.parent / "derive", "problems", "--format", "json", cwd=tmp_path).stdout


def test_a_checkout_works_without_installing(checkout: Path, fresh: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "cli.py", checkout)
    assert "softmax/three-scores" in run(fresh, checkout / "cli.py", "problems", cwd=tmp_path).stdout
