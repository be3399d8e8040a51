"""What would stop the course on another system, read from the code: unsaid encodings, paths, signals."""

import ast
import json
import re
import subprocess

import pytest

from tests.kit.places import DATA, NOTEBOOKS, ROOT

PROGRAMS = sorted([*(ROOT / "utilities").rglob("*.py"), *DATA.rglob("*.py")])
LESSONS = [path for path in sorted(NOTEBOOKS.rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts]
# What only POSIX has, and where it may stand: what runs on Linux alone, or asks first.
POSIX = {"fork", "getuid", "getgid", "geteuid", "killpg", "setsid", "mkfifo", "SIGKILL", "SIGHUP", "SIGALRM"}
POSIX |= {"AF_UNIX", "setrlimit", "chmod"}
POSIX_MODULES = {"fcntl", "resource", "pwd", "grp", "termios"}
MAY = {"utilities/replay/making/worker.py", "utilities/left_behind.py", "utilities/course/lab.py"}
MAY |= {"utilities/approvals.py"}  # `chmod`, which Windows takes, though without effect
# Of a shell, or of a folder that a notebook need not be started in.
IN_CELLS = re.compile(r"""/bin/|SIGKILL|["']sh["']|^\s*[!%]|["']\.\.""", re.M)
TEXT = {"read_text": 0, "write_text": 1}  # how many arguments come before the encoding


def without_encoding(source):
    """Line and call of each text file that is opened, and each program that is run, without an encoding."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _opens_text(node):
            yield f"{node.lineno}: {ast.unparse(node):.80}"


def _opens_text(call):
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    said = {word.arg: word.value for word in call.keywords}
    if "encoding" in said or None in said:
        return False
    if name in TEXT:
        return len(call.args) <= TEXT[name]
    if name == "open":
        given = [*call.args, *said.values()]
        texts = [arg.value for arg in given if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        modes = [text for text in texts if re.fullmatch("[rwaxbt+]{1,3}", text)]
        return (bool(modes) or isinstance(call.func, ast.Name)) and "b" not in "".join(modes)
    return getattr(said.get("text", said.get("universal_newlines")), "value", None) is True


def through_proxies(source):
    """The clients that are led to an address by whatever proxies and certificates the environment names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Anthropic"):
            said = {word.arg for word in node.keywords}
            if "base_url" in said and not {None, "http_client"} & said:  # None: **direct(…)
                yield f"{node.lineno}: {ast.unparse(node):.80}"


def cells(path):
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])


@pytest.mark.parametrize(
    "source", ['open("a")', "p.read_text()", "p.write_text(t)", "run(c, text=True)", 'p.open("w")']
)
def test_a_text_file_without_an_encoding_is_seen(source):
    assert [*without_encoding(source)] == [f"1: {ast.unparse(ast.parse(source))}"]


@pytest.mark.parametrize(
    "source", ['open("a", "rb")', 'p.read_text("utf-8")', 'open("a", encoding="utf-8")', "track.open()"]
)
def test_and_one_with_an_encoding_is_not(source):
    assert [*without_encoding(source)] == []


def test_every_text_file_has_an_encoding():
    found = {path: [*without_encoding(path.read_text("utf-8"))] for path in PROGRAMS}
    assert {path.relative_to(ROOT).as_posix(): calls for path, calls in found.items() if calls} == {}


def test_clients_of_an_address_go_there_directly():
    """Behind a proxy the address of this machine is asked of the proxy: `loopback.direct` sees to it."""
    assert [*through_proxies("anthropic.Anthropic(base_url=u, api_key='x')")] != []
    assert [*through_proxies("Anthropic(base_url=u, **direct(Anthropic, u))")] == []
    sources = [(path, path.read_text("utf-8")) for path in PROGRAMS]
    sources += [(path, "\n".join(cells(path))) for path in LESSONS]
    assert {path.name: found for path, source in sources if (found := [*through_proxies(source)])} == {}


def test_what_only_posix_has_stands_where_it_is_asked_for_first():
    found = set()
    for path in PROGRAMS:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            modules = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
            if isinstance(node, ast.ImportFrom):
                modules = {node.module}
            asked = {node.attr} if isinstance(node, ast.Attribute) else set()
            if modules & POSIX_MODULES or asked & POSIX:
                found.add(path.relative_to(ROOT).as_posix())
    assert found <= MAY


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.relative_to(NOTEBOOKS).as_posix())
def test_cells_run_in_any_folder_and_without_a_shell(path):
    source = "\n".join(cells(path))
    assert [*without_encoding(source)] == []
    assert IN_CELLS.findall(source) == []


def test_recordings_and_notebooks_have_the_same_bytes_on_every_system():
    """Git ends their lines as they were committed, also where it is set up to write CR LF."""
    if not (ROOT / ".git").exists():
        pytest.skip("no clone: git has nothing to do here")
    files = [*DATA.glob("recordings/*.jsonl"), *NOTEBOOKS.glob("*.ipynb"), ROOT / "Makefile"]
    command = ["git", "check-attr", "eol", "--", *map(str, files)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True)
    assert {line.rpartition(": ")[2] for line in told.stdout.splitlines()} == {"lf"}
