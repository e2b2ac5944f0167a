"""Student text is data: nothing evaluates it. One test reads that off the code, another tries."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "derive"

#: Calls that run code, or may run what is in a text that they are given.
DANGEROUS = frozenset(
    ["eval", "exec", "compile", "__import__", "import_module", "sympify", "_sympify", "S", "parse_expr",
     "parse_latex", "parse_mathematica", "parse_maxima", "lambdify", "autowrap", "ufuncify", "latex2sympy",
     "Unpickler", "literal_eval", "unsafe_load", "mathml2sympy", "Popen"]
)  # fmt: skip
#: SymPy's own that read text where they are given text; none of them in a room that sees a document.
READING_TEXT = frozenset(["simplify", "expand", "nsimplify", "Poly", "poly", "symbols", "Matrix", "cse"])
#: Modules that load what was saved, some of them by running it.
LOADING = frozenset(
    ["pickle", "marshal", "json", "tomllib", "yaml", "np", "numpy", "torch", "shelve", "dill"]
)
#: Modules of which every call starts a program or another process, but for these.
STARTING = {"os": ("system", "popen", "fork", "forkpty", "startfile"), "subprocess": ("",), "pty": ("",)}
STARTING_PREFIXES = ("exec", "spawn", "posix_spawn")

#: What is left, reviewed: file, function and why no foreign text reaches it.
REVIEWED: dict[tuple[str, str], str] = {
    ("__init__.py", "import_module"): "a name from a table of the module",
    ("cli/__init__.py", "import_module"): "a command of the table COMMANDS",
    ("ops/catalogue.py", "import_module"): "a module found in the package's own folder",
    ("execution/__init__.py", "import_module"): "a module found in the package's own folder",
    ("tensor/numeric.py", "exec"): "source written by this module from definitions; names are identifiers",
    ("tensor/numeric.py", "compile"): "as above",
    ("counting/layers.py", "import_module"): "a module found in the package's own folder",
    ("counting/import_onnx.py", "import_module"): "the fixed name of an optional package",
    ("judging/worker.py", "loads"): "a pickle from the program that started the worker, through its pipe",
    ("judging/isolation.py", "loads"): "JSON from a worker",
    ("judging/isolation.py", "Popen"): "the worker: a fixed command without a shell",
    ("cli/compare_command.py", "loads"): "JSON lines",
    ("bank/store.py", "loads"): "TOML",
    ("reading/notebook.py", "loads"): "JSON of a notebook",
    ("practice/operated.py", "expand"): "of indices, which are expressions",
    ("practice/induction.py", "expand"): "of expressions made from trees",
    ("reading/second_reader.py", "Popen"): "the worker of latex2sympy2: a fixed command without a shell",
    ("reading/second_reader.py", "loads"): "JSON from that worker",
    ("reading/latex2sympy2_worker.py", "loads"): "JSON to that worker",
    ("reading/latex2sympy2_worker.py", "fork"): "a child for each formula, with limits",
    (
        "reading/latex2sympy2_worker.py",
        "latex2sympy",
    ): "the optional second reader, in a process apart",
}
#: ``sympify`` of what is not text: with ``strict=True``, or in these rooms, which never see a document.
ROOMS_OF_EXPRESSIONS = frozenset(["tensor", "ops", "derivation", "counting", "verification", "graphs"])


def calls() -> list[tuple[str, str, ast.Call]]:
    """Every call in the program of a function that might run text: file, function, call."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                module = getattr(getattr(node.func, "value", None), "id", "")
                starts = name in STARTING.get(module, ()) or "" in STARTING.get(module, ())
                starts = starts or (module == "os" and name.startswith(STARTING_PREFIXES))
                reads = (module in ("sp", "sympy") and name in READING_TEXT) or (
                    module in LOADING and name in ("load", "loads")
                )
                mode = name == "eval" and not node.args and not node.keywords  # PyTorch's ``module.eval()``
                if (
                    starts
                    or reads
                    or (name in DANGEROUS and (module, name) != ("re", "compile") and not mode)
                ):
                    found.append((path.relative_to(PACKAGE).as_posix(), name, node))
    return found


def test_nothing_in_the_program_evaluates_text() -> None:
    unknown = []
    for file, name, call in calls():
        strict = any(k.arg == "strict" and getattr(k.value, "value", False) is True for k in call.keywords)
        expressions = name in READING_TEXT or name == "sympify"
        if (file, name) in REVIEWED or (expressions and file.split("/")[0] in ROOMS_OF_EXPRESSIONS):
            continue
        if name == "sympify" and strict:
            continue
        unknown.append(f"derive/{file}:{call.lineno}: {name}")
    assert not unknown, f"say in REVIEWED why no foreign text reaches {unknown}"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("eval(text)", "eval"),
        ("sp.sympify(text)", "sympify"),
        ("from sympy import S\nS(text)", "S"),
        ("sympy.parsing.sympy_parser.parse_expr(text)", "parse_expr"),
        ("f = lambda text: sp.lambdify([], text)", "lambdify"),
        ("builtins.exec(text)", "exec"),
    ],
)
def test_the_walk_overlooks_no_form(
    source: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above is only as good as its eyes."""
    (tmp_path / "judging").mkdir()
    (tmp_path / "judging" / "new.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    assert [found for _, found, _ in calls()] == [name]
    with pytest.raises(AssertionError, match=r"derive/judging/new\.py"):
        test_nothing_in_the_program_evaluates_text()


def test_no_dangerous_name_is_passed_on_under_another() -> None:
    """``run = eval`` and ``map(sympify, texts)`` are no calls of those names; they are found as names."""
    uses: Counter[tuple[str, str]] = Counter()
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            name = getattr(node, "attr", getattr(node, "id", ""))
            hidden = name in (
                "eval",
                "exec",
                "__import__",
                "parse_expr",
                "lambdify",
                "sympify",
                "__builtins__",
            )
            if hidden and isinstance(node, (ast.Name, ast.Attribute)) and id(node) not in called:
                uses[path.relative_to(PACKAGE).as_posix(), name] += 1
    rooms = {file.split("/")[0] for file, _ in uses}
    assert rooms <= ROOMS_OF_EXPRESSIONS, uses


MARK = "derivewashere"
CODE = f"__import__('os').system('touch {MARK}')"
PAYLOADS = [
    CODE,
    f"{CODE} = 0",
    rf"\text{{{CODE}}}",
    rf"\mathrm{{{CODE}}} + 1",
    rf"\operatorname{{{CODE}}}(x)",
    f"x_{{{CODE}}}",
    f"x^{{{CODE}}}",
    f"eval(\"{CODE}\")",
    f"exec('import os; os.system(\"touch {MARK}\")')",
    f"(lambda: {CODE})()",
    f"[{CODE} for x in (1,)][0]",
    f"S(\"{CODE}\")",
    f"sympify('{CODE}')",
    "Symbol('x').__class__.__base__.__subclasses__()",
    "().__class__.__bases__[0].__subclasses__()[140]",
    "x.__class__.__mro__",
    "{x.__init__.__globals__}",
    f"{{{{ {CODE} }}}}",
    f"${{{CODE}}}",
    f"x; import os; os.system('touch {MARK}')",
    f"x\n{CODE}",
    f"x\"+{CODE}+\"",
    f"'+{CODE}+'",
    f"x'''+{CODE}+'''",
    f"x#{CODE}",
    f"\\\\{CODE}",
    rf"\input{{{MARK}}}",
    rf"\immediate\write18{{touch {MARK}}}",
    rf"\directlua{{os.execute('touch {MARK}')}}",
    rf"\openout1={MARK} \write1{{x}}",
    rf"\newcommand{{\a}}{{{CODE}}} \a",
    rf"\href{{javascript:{MARK}}}{{x}}",
    f"<script>{MARK}()</script>",
    f"`touch {MARK}`",
    f"$(touch {MARK})",
    f"| touch {MARK}",
    "%s%s%s%n{0.__class__}",
    f"!!python/object/apply:os.system ['touch {MARK}']",
    f"cos\nsystem\n(S'touch {MARK}'\ntR.",
]  # fmt: skip

#: Runs in a process of its own, with an audit hook that sees whatever Python is made to do.
SCRIPT = """
import json, sys, os
payloads, mark = json.loads(sys.stdin.read())
from click.testing import CliRunner
import derive
from derive.cli import main
from derive.judging.isolation import allowing
from derive.reading import DeclarationError, read_document
import derive.practice.expression_graph, derive.api, derive.marking, derive.judging.compare
import mpmath, rich.console
seen, on = [], False
with allowing(always=True):
    derive.compare("x", "x + 1")  # the worker starts now

def hook(event, arguments):
    if not on:
        return
    if event in ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect",
                 "ctypes.dlopen", "os.remove", "os.rename", "os.mkdir", "shutil.rmtree"):
        seen.append((event, repr(arguments)[:200]))
    if event == "open" and isinstance(arguments[0], (str, bytes)) and set(arguments[1] or "") & set("wax+"):
        seen.append((event, repr(arguments)[:200]))
    if event == "compile" and mark in repr(arguments[0]):
        seen.append((event, repr(arguments)[:200]))
    if event == "import" and mark in str(arguments[0]):
        seen.append((event, repr(arguments)[:200]))

sys.addaudithook(hook)

def quietly(function, *arguments, **named):
    try:
        function(*arguments, **named)
    except (ValueError, LookupError):
        pass  # a call that is refused, as it should be

count = 0
for text in payloads:
    on = True
    quietly(derive.compare, text, "x")
    quietly(derive.compare, "x", text)
    quietly(derive.compare, text, text)
    quietly(derive.compare, "x", "x + 1", [text])
    quietly(derive.compare, "x", "x + 1", ["x: " + text])
    quietly(derive.compare, "x", "x + 1", [text + ": 3x5"])
    quietly(derive.compare, "x", "x + 1", ["x = " + text])
    quietly(derive.compare, "x", "x + 1", convention={"log": text})
    quietly(derive.compare, "x", "x + 1", convention={text: "10"})
    quietly(derive.compare, "x", "x + 1", relation=text)
    with allowing(always=True):
        quietly(derive.compare, text, "x + 1")
    inside = "Let $a$ be " + text + ".\\n\\n$a = 1$"
    for document in (text, "$" + text + "$", "$$ x = " + text + " = 1 $$", inside):
        quietly(derive.check, document)
        quietly(read_document, document)
    quietly(derive.operation, text)
    quietly(derive.operation("linear").gradient, text)
    for call in (
        ["compare", text, "x", "--explain"], ["graph", text], ["graph", "x + y", "x=" + text, "y=1"],
        ["graph", "x", text + "=1"], ["perceptron", "3", text, "2"],
        ["perceptron", "3", "2", "--activation", text],
        ["show", text], ["show", "linear", "--wrt", text], ["verify", text], ["solve", text], ["check", text],
        ["optimise", "sgd", text], ["optimise", "sgd", "x^2", "x=" + text],
        ["optimise", "sgd", "--gradients", text], ["optimise", "sgd", "x^2", "x=1", "--set", "eta=" + text],
        ["prove", text], ["prove", "--claim", text], ["init", text], ["init", "relu", "--set", text],
    ):
        CliRunner().invoke(main, call)
        count += 1
    record = json.dumps({"id": text, "left": text, "right": "x", "declare": [text]})
    CliRunner().invoke(main, ["compare", "--batch", "-"], input=record)
    CliRunner().invoke(main, ["read", "-"], input=text)
    CliRunner().invoke(main, ["check", "-"], input="$x = " + text + "$")
    on = False
print(json.dumps([count, seen]))
"""


def test_no_payload_does_anything(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=json.dumps([PAYLOADS, MARK]), capture_output=True, text=True,
        cwd=tmp_path, env=environment, timeout=300, check=True,
    )  # fmt: skip
    count, seen = json.loads(done.stdout.splitlines()[-1])
    assert count == 19 * len(PAYLOADS)
    assert seen == []
    assert [path.name for path in tmp_path.rglob("*") if MARK in path.name] == []


def test_the_hook_would_see_it(tmp_path: Path) -> None:
    """The same script with a program that does evaluate its text is caught."""
    program = "seen, on = [], False\nderive.compare = lambda text, *more, **named: text != 'x' and eval(text)"
    spoiled = SCRIPT.replace("seen, on = [], False", program)
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", spoiled], input=json.dumps([[CODE], MARK]), capture_output=True, text=True,
        cwd=tmp_path, env=environment, timeout=100, check=True,
    )  # fmt: skip
    assert (tmp_path / MARK).exists()
    assert "os.system" in done.stdout
