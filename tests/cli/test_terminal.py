"""What people see simlab through: streams that show few characters, are closed, break, are full, narrow or dumb."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

import simlab
from simlab.cli import console
from simlab.cli.command_line import FILES, main
from simlab.cli.terminal import Stream, look_alike

ROOT = Path(__file__).parents[2]
WHOLE = Path(__file__).parents[1] / "bad_scenarios" / "base" / "whole.yaml"
HOSTILE = "e\x1b[31mvil\u202e[bold]red[/bold]:smile:\x9b"
SEEN = r"e\x1b[31mvil\u202e[bold]red[/bold]:smile:\x9b"  # the same, when shown
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\ud800-\udfff]")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished small run in a folder whose name would move a terminal's cursor."""
    out = tmp_path_factory.mktemp("runs") / HOSTILE / "run"
    assert main(["run", str(WHOLE), "--small", "--quiet", "--out", str(out)]) == 0
    return out


def shown(*argv: str, encoding: str = "utf-8") -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command whose streams take only what `encoding` can say."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", newline="") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = main(argv)
    return code, *(stream.buffer.getvalue().decode(encoding) for stream in (out, err))


def asked(word: str, run: Path) -> str:
    return {"RUN": str(run), "FILE": str(WHOLE)}.get(word, word)


# ---- characters ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0.49 → 0.74", "0.49 -> 0.74"),
        ("ρ with users, “asked” … ± ½ σ² ≤ ∞", "rho with users, \"asked\" ... +- 1/2 sigma2 <= inf"),
        ("Zürich, naïve, Łódź, ﬁ", "Zurich, naive, Lodz, fi"),
        ("─│┼╭━", "-|++-"),
        ("λόγος 中文 한국 😀", "????? ?? ?? ?"),
        ("a\u0301 b", "a b"),
    ],
)  # fmt: skip
def test_what_a_stream_lacks_reads_like_it(text: str, said: str) -> None:
    stream = Stream(io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert stream.fit(text) == said


def test_only_what_is_lacking_is_replaced() -> None:
    assert Stream(io.TextIOWrapper(io.BytesIO(), encoding="cp1252")).fit("“é” → –") == "“é” -> –"
    assert Stream(io.TextIOWrapper(io.BytesIO(), encoding="latin-1")).fit("½ – é") == "½ - é"
    assert Stream(io.StringIO()).fit("ρ → 中文") == "ρ → 中文"
    assert look_alike("Σ") == "Sigma"


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["run", "FILE", "--small", "--out", "RUN"], "->"),
        (["describe", "FILE"], "acme -> pool: every 5 days"),
        (["tables", "RUN"], "comparisons"),
        (["tables", "RUN", "runs"], "finished"),
        (["trace", "RUN", "3"], "The guideline"),
        (["plugins", "boltzmann"], "temperature"),
        (["try", "brief"], "contract"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_every_command_comes_out_on_any_terminal(argv: list[str], said: str, encoding: str, finished: Path) -> None:
    code, out, err = shown(*(asked(word, finished) for word in argv), encoding=encoding)
    assert (code, err) == (0, "")
    assert said in out


def test_messages_come_out_on_any_terminal() -> None:
    code, out, err = shown("validate", str(WHOLE), "--set", "name=Zürich→1", encoding="ascii")
    assert (code, out) == (2, "")
    assert err.startswith("--set name=Zurich->1: name: 'Zurich->1' cannot be a name")


def test_json_means_the_same_on_any_terminal(finished: Path) -> None:
    argv = ["trace", str(finished), "3", "--json"]
    wide, narrow = (shown(*argv, encoding=encoding)[1] for encoding in ("utf-8", "ascii"))
    assert json.loads(wide) == json.loads(narrow)
    assert json.loads(wide)["path"] == str(finished)
    assert narrow.isascii()
    assert "\\u2192" in narrow  # an arrow of the story's, where text would say ->
    assert not UNSEEN.search(wide)


def test_texts_are_read_as_utf_8_where_the_locale_knows_no_more_than_ascii() -> None:
    def typed(text: str) -> str:
        return text.encode().decode("ascii", "surrogateescape")

    code, out, _ = shown("validate", str(WHOLE), "--set", typed("name=Zürich"))
    assert (code, "ok: Zürich, 5 parties" in out) == (0, True)
    code, _, err = shown("validate", str(WHOLE), "--set", "name=Z\udcff")
    assert (code, err) == (2, "name=Z\\xff is not text in UTF-8 (write it in UTF-8)\n")


# ---- streams that are not there, break or are full -----------------------------------------------------------------


class Failing(io.StringIO):
    """A stream that takes so many texts, and then no more."""

    def __init__(self, number: int, takes: int = 0) -> None:
        super().__init__()
        self.error, self.takes = OSError(number, os.strerror(number)), takes

    def write(self, text: str) -> int:
        self.takes -= 1
        if self.takes < 0:
            raise self.error
        return super().write(text)


def gone() -> list[Any]:
    closed = io.StringIO()
    closed.close()
    return [None, closed, Failing(errno.EPIPE, takes=1)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", range(3), ids=["none", "closed", "broken"])
def test_nobody_need_be_there_to_see_a_run(kind: int, tmp_path: Path) -> None:
    for name, argv, code in (
        ("run", ["run", str(WHOLE), "--small", "--out", str(tmp_path / "run")], 0),
        ("mistake", ["validate", "nowhere.yaml"], 2),
        ("json", ["schema"], 0),
        ("usage", ["no-such-command"], 2),
        ("nothing", [], 2),
    ):
        with redirect_stdout(gone()[kind]), redirect_stderr(gone()[kind]):
            assert main(argv) == code, name
    assert simlab.load(tmp_path / "run").status == "finished"


def test_a_full_disk_is_said_and_fails(finished: Path) -> None:
    err = io.StringIO()
    with redirect_stdout(Failing(errno.ENOSPC)), redirect_stderr(err):
        assert main(["tables", str(finished)]) == 1
    assert err.getvalue() == "the output could not be written: No space left on device\n"
    with redirect_stderr(Failing(errno.ENOSPC)):
        assert main(["validate", "nowhere.yaml"]) == 2


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="descriptors are closed by a shell")
def test_closed_descriptors_are_not_given_to_files() -> None:
    """Else what a library says on stderr would be written into whatever file was opened in its place."""
    code = (
        "import sys; from simlab.cli import main; code = main(['validate', 'nowhere.yaml']); "
        "sys.exit(code if open(sys.executable).fileno() > 2 else 9)"
    )
    call = ["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, code]
    assert subprocess.run(call, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode == 2


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_python_itself_does_not_complain_of_a_full_device_at_its_exit() -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", "import sys; from simlab.cli import main; sys.exit(main(['schema']))"],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "the output could not be written: No space left on device\n")


# ---- terminals -----------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("term", "drawn"), [("xterm", True), ("dumb", False)])
def test_bars_are_drawn_where_they_can_be(term: str, drawn: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", term)
    with redirect_stderr(Terminal()) as err, console.progress(quiet=False) as watch:
        if watch:
            watch("a stage", 1.0, 2.0, 0.5)
            time.sleep(0.15)  # bars are drawn ten times a second
    assert ("simulated days" in err.getvalue() or "day 1.0" in err.getvalue()) == drawn
    with redirect_stderr(io.StringIO()) as err, console.progress(quiet=False) as watch:
        assert watch is None
    assert err.getvalue() == ""


@pytest.mark.parametrize(
    ("columns", "wide"),
    [("20", 60), ("0", 80), ("100", 100), ("1000000", 400), ("-5", None), ("²", None), ("", None), ("abc", None)],
)
def test_widths_stay_within_reason(columns: str, wide: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with redirect_stdout(io.StringIO()):
        assert console.width() == wide


def test_a_narrow_screen_loses_no_cell(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    code, out, _ = shown("run", str(WHOLE), "--small", "--out", str(finished))
    assert code == 0
    assert max(map(len, out.splitlines())) == 60
    assert re.search(r"^ *helpful +1 +1 ", out, re.MULTILINE)


# ---- names that mean something to terminals ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "argv",
    [
        ["run", "FILE", "--small", "--out", "RUN"],
        ["tables", "RUN", "runs", "--json"],
        ["trace", "RUN", "3"],
        ["verify", "RUN"],
        ["compare", "RUN", "RUN"],
        ["tables", "RUN", HOSTILE],
        ["validate", "FILE", "--set", f"parties.{HOSTILE}.count=1"],
        ["validate", HOSTILE],
        ["new", "criterion", HOSTILE],
        ["try", "brief", f"{HOSTILE}=1"],
        ["plugins", "--plugins", HOSTILE],
        ["calibrate", HOSTILE],
        ["theory", "--only", HOSTILE],
        [HOSTILE],
        ["run", "FILE", f"--{HOSTILE}"],
    ],
    ids=lambda argv: argv[0] if argv[0] != HOSTILE else "none",
)
def test_whatever_a_name_holds_is_shown_and_not_obeyed(argv: list[str], finished: Path) -> None:
    _, out, err = shown(*(asked(word, finished) for word in argv))
    assert not UNSEEN.search(out + err), out + err
    if HOSTILE in argv:
        assert SEEN in err


def test_a_plugin_with_such_a_name_and_such_words_is_listed(tmp_path: Path) -> None:
    (tmp_path / f"{HOSTILE.replace('/', '')}.py").write_text("raise ValueError('\\x1b[2J' + 'long ' * 1000)\n")
    code, out, _ = shown("plugins", "--plugins", str(tmp_path))
    assert code == 0
    assert not UNSEEN.search(out)
    assert "\\x1b[2J" in out
    assert out.count("long ") < 200


def test_columns_stay_in_line() -> None:
    rows = [("a", "one"), ("b\x1b[1m\u202e", "two"), ("[bold]c[/bold]", "three"), (":smile:", "four"), ("→", "five")]
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with redirect_stdout(Stream(out)):
        console.print_table(("name", "[red]number"), rows)
    out.flush()
    lines = out.buffer.getvalue().decode("ascii").splitlines()
    assert [line.split()[-1] for line in lines[:6]] == ["[red]number", "one", "two", "three", "four", "five"]
    assert len({line.index(line.split()[-1]) for line in lines[:6]}) == 1
    assert [line.split()[0] for line in lines[1:6]] == ["a", r"b\x1b[1m\u202e", "[bold]c[/bold]", ":smile:", "->"]


def test_commands_print_with_what_shows_every_character() -> None:
    for file in FILES:
        if re.search(r"^ +print\(", Path(str(file.__file__)).read_text(encoding="utf-8"), re.MULTILINE):
            assert file.print is console.print, file.__name__
