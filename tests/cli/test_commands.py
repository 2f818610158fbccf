"""The command line: what each command prints, exit codes, and what is not imported."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

import simlab
from simlab.cli import main
from simlab.errors import Mismatch

ROOT = Path(__file__).parents[2]
WHOLE = Path(__file__).parents[1] / "bad_scenarios" / "base" / "whole.yaml"
COMMANDS = [  # as `simlab --help` lists them
    "run", "validate", "describe", "schema", "keys", "study", "worker", "watch", "sensitivity", "search", "expect",
    "plugins", "new", "try", "tables", "compare", "trace", "verify", "export", "report", "theory", "calibrate", "next",
    "near",
]  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished small run of a world of vectors."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    os.environ.setdefault("SIMLAB_CACHE", str(out.parent / "cache"))
    assert main(["run", str(WHOLE), "--small", "--quiet", "--out", str(out)]) == 0
    return out


def program(*argv: str, code: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run simlab (or `code`) in a process of its own."""
    call = ["-c", code, *argv] if code else ["-m", "simlab", *argv]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, *call], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


# ---- looking before running ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert f"usage: simlab {command}" in capsys.readouterr().out


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert re.findall(r"^    ([a-z]+)", capsys.readouterr().out, re.MULTILINE) == COMMANDS


def test_the_version_is_the_one_that_manifests_name(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"simlab {simlab.load(finished).manifest['version']}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "argv",
    [
        ["--help"],
        ["validate", str(WHOLE)],
        ["plugins", "--json"],
        ["schema"],
        ["describe", str(WHOLE)],
        ["plugins", "brief"],
        ["try", "brief"],
    ],
    ids=str,
)
def test_looking_imports_neither_torch_nor_pandas(argv: list[str]) -> None:
    code = (
        "import sys; from simlab.cli import main; code = main(sys.argv[1:]); "
        "heavy = [m for m in ('torch', 'pandas', 'pyarrow') if m in sys.modules]; "
        "sys.exit(code or (f'imported {heavy}' if heavy else 0))"
    )
    done = program(*argv, code=code)
    assert done.returncode == 0, done.stderr


def test_validate_says_ok(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(WHOLE), "--set", "parties.pool.count=12", "--small", "--seed", "3"]) == 0
    assert capsys.readouterr().out == f"{WHOLE}: ok: whole, 5 parties, 4 relations, 5 days, world gaussian\n"


def test_validate_looks_at_the_small_form_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.yaml"
    for block, said in (("{parties.pool.cuont: 3}", "small.yaml:2:9: parties.pool.cuont: unknown key"),
                        ("3", "small.yaml:2:8: small: should be a mapping")):  # fmt: skip
        file.write_text(f"extends: {WHOLE}\nsmall: {block}\n")
        assert main(["validate", str(file)]) == 2
        assert said in capsys.readouterr().err
    file.write_text(f"extends: {WHOLE}\nsmall:\n")
    assert main(["validate", str(file)]) == 0


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert "parties" in json.loads(capsys.readouterr().out)["properties"]


def test_plugins_lists_broken_ones_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import not_there\n")
    assert main(["plugins", "--json", "--plugins", str(broken)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"name", "kind", "class", "source", "ok", "error"} <= set(rows[0])
    helpful = next(row for row in rows if (row["kind"], row["name"]) == ("criterion", "helpful"))
    assert (helpful["class"], helpful["ok"], helpful["error"]) == ("Helpful", True, None)
    assert helpful["source"].endswith("helpful.py")
    assert (rows[-1]["name"], rows[-1]["ok"]) == ("broken", False)
    assert "not_there" in rows[-1]["error"]
    assert main(["plugins", "--plugins", str(broken)]) == 0
    assert "BROKEN line 1: ModuleNotFoundError" in capsys.readouterr().out


def test_describe_says_who_does_what_to_whom(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", str(WHOLE)]) == 0
    printed = capsys.readouterr().out
    for said in (
        "What the malformed scenarios around here would be without their one mistake.",
        "acme → pool: every 5 days, a look at 20 % of its work",
        "then warn (below 0.6): people whose agreement with their judge is low are warned",
        "users → acme: 2 looks",
        "pool: about 1,000 comparisons for rm, 9 hours of the 800 the pool has, $191 at $21 an hour",  # 30 s · e^.09
        "acme staff: about 200 pairs of pool to check, 3 hours, $70",
        "acme pays about $261 for labor: $70 to acme staff, $191 to pool",
    ):
        assert said in printed, said
    changes = ["parties.pool.pay={kind: piece, rate: 0.3}", "parties.pool.voice={}"]
    assert main(["describe", str(WHOLE), *(word for change in changes for word in ("--set", change))]) == 0
    printed = capsys.readouterr().out
    assert "9 hours of the 800 the pool has, $300 at $0.3 a pair" in printed  # and not by the hour
    assert "voice as by default" in " ".join(printed.split())


# ---- running -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_run_prints_one_object_and_nothing_else(tmp_path: Path) -> None:
    done = program("run", str(WHOLE), "--small", "--json", "--out", str(tmp_path / "out"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert list(said) == ["run", "out", "status", "seconds", "tables", "alarms"]
    assert (said["out"], said["status"]) == (str(tmp_path / "out"), "finished")
    assert said["tables"]["comparisons"]["rows"] > 0
    assert len(said["tables"]["comparisons"]["sha256"]) == 64
    again = program("run", str(WHOLE), "--small", "--json", "--out", str(tmp_path / "again"), cwd=tmp_path)
    assert json.loads(again.stdout)["tables"] == said["tables"]


@pytest.mark.slow
def test_looking_again_says_how_long_the_run_took(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(WHOLE), "--small", "--json", "--out", str(finished)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["seconds"] == json.loads((finished / "manifest.json").read_text())["seconds"] > 0


def test_run_ends_with_a_screen(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(WHOLE), "--small", "--out", str(finished)]) == 0
    printed = capsys.readouterr().out
    assert "whole" in printed
    assert "simlab.load" in printed


@pytest.mark.slow
def test_what_is_set_reaches_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["run", str(WHOLE), "--small", "--json", "--out", str(tmp_path / "out"), "--seed", "9", "--device", "cpu"]
    assert main([*argv, "--set", "parties.pool.count=7"]) == 0
    assert json.loads(capsys.readouterr().out)["tables"]["employment"]["rows"] == 7
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["seed"], manifest["parameters"]["device"]) == (9, "cpu")


# ---- looking at runs -----------------------------------------------------------------------------------------------


def test_tables_lists_shows_and_describes(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", str(finished)]) == 0
    assert "comparisons" in capsys.readouterr().out
    assert main(["tables", "--json", str(finished)]) == 0
    assert json.loads(capsys.readouterr().out)["employment"]["rows"] == 10
    assert main(["tables", str(finished), "employment", "--rows", "3"]) == 0
    printed = capsys.readouterr().out
    assert "pool:2" in printed
    assert "pool:3" not in printed
    assert "… 7 more rows" in printed
    assert main(["tables", str(finished), "--rows", "2", "alignment", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_tables_as_json_have_every_digit(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = simlab.load(finished)
    for name in ("alignment", "employment"):
        assert main(["tables", str(finished), name, "--rows", "0", "--json"]) == 0
        said = pd.DataFrame(json.loads(capsys.readouterr().out)).astype(run.tables[name].dtypes)
        pd.testing.assert_frame_equal(said, run.tables[name], check_exact=True)


def test_tables_describe_needs_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", "--describe"]) == 0
    assert "ledger" in capsys.readouterr().out
    assert main(["tables", "ledger", "--describe", "--json"]) == 0
    columns = json.loads(capsys.readouterr().out)["ledger"]
    assert columns[0]["name"] == "run"
    assert all(column["meaning"] for column in columns)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["tables"], "which run?"),
        (["tables", "nowhere"], "nowhere"),
        (["tables", "RUN", "comparison"], "there is no table 'comparison' (did you mean 'comparisons'?"),
        (["tables", "RUN", "--rows", "-1"], "--rows"),
        (["tables", "RUN", "runs", "more"], "unrecognized arguments: more"),
        (["verify", "nowhere"], "nowhere"),
        (["next", "RUN", "the capital"], "no language model of words"),
        (["near", "RUN", "capital"], "no language model of words"),
    ],
)
def test_wrong_questions_get_an_answer(
    argv: list[str], said: str, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(finished) if word == "RUN" else word for word in argv]) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""


@pytest.mark.slow
def test_tables_imports_no_torch(finished: Path) -> None:
    code = "import sys; from simlab.cli import main; main(sys.argv[1:]); sys.exit('torch' in sys.modules)"
    assert program("tables", str(finished), "alignment", code=code).returncode == 0


@pytest.mark.slow
def test_verify_finds_the_same_tables(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(finished)]) == 0
    assert "same seed, same tables" in capsys.readouterr().out


def test_verify_says_which_table_differs(
    monkeypatch: pytest.MonkeyPatch, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from simlab import runner as execution

    verdict = execution.Verdict("x", {"ledger": ("a", "b"), "runs": ("a", "a")})
    monkeypatch.setattr(execution, "verify", lambda *args, **options: verdict)
    assert main(["verify", str(finished)]) == Mismatch.exit_code == 4
    assert "came out differently: ledger" in capsys.readouterr().err


# ---- when things go wrong ------------------------------------------------------------------------------------------


def test_a_bug_is_apologized_for_and_logged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("simlab.cli.run.validate", lambda args: 1 // 0)
    assert main(["validate", "x.yaml"]) == 1
    said = capsys.readouterr().err
    (log,) = tmp_path.glob("simlab-*.log")
    assert "Traceback" not in said
    assert "ZeroDivisionError" in said
    assert str(log) in said
    assert "Traceback" in log.read_text()


def test_an_interruption_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("simlab.cli.run.run", stopped)
    assert main(["run", "x.yaml"]) == 130
    assert "the same command goes on where it stopped" in capsys.readouterr().err


@pytest.mark.slow
def test_a_reader_that_leaves_early_is_no_error() -> None:
    code = "import sys; from simlab.cli import main; sys.exit(main(['schema']))"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait() == 0


def test_what_is_wrong_is_said_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that share a terminal must not get between a line and its end."""
    pieces: list[str] = []

    class Terminal(StringIO):
        def write(self, text: str) -> int:
            pieces.append(text)
            return len(text)

    monkeypatch.setattr("sys.stderr", Terminal())
    assert main(["run", "nowhere.yaml"]) == 2
    assert len(pieces) == 1
    assert pieces[0].endswith("\n")
