"""Whether two checkouts make the same tables: `python -m tests.same_tables OLD NEW --out DIR [NAME…]`.

Runs every small scenario, a pool of 4,000, user records, a run that was interrupted and taken up again, and one without
a party, each in a process of its own that imports simlab from the checkout, and compares every table, value by value.
Runs of a checkout that are in DIR already are not made again. Exits 1 where a table differs."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

from tests.small_world import HURRIED

ANSWERS = ("yes", "no", "maybe so", "i do not know")  # to each prompt of a table of records
CUT = """
import sys
from simlab.errors import SimlabError
import simlab
try:
    recorder = __import__("simlab.tables.recorder", fromlist=["Recorder"]).Recorder
except ModuleNotFoundError:
    recorder = __import__("simlab.recorder", fromlist=["Recorder"]).Recorder
flush, left = recorder.flush, [2]
def cut(self):
    flush(self)
    left[0] -= 1
    if not left[0]:
        raise KeyboardInterrupt
recorder.flush = cut
simlab.run(sys.argv[1], out=sys.argv[2], small=True)
"""


def hurried_first(checkout: Path) -> list[str]:
    """The small form of 01_first in a hurry, in whatever world."""
    settings = [setting for setting in HURRIED if not setting.startswith("world.")]
    first = str(checkout / "scenarios" / "01_first.yaml")
    return [first, "--small", *(word for setting in settings for word in ("--set", setting))]


def cases(checkout: Path, table: Path) -> dict[str, list[str]]:
    """By name, the arguments of `simlab run`, less the folder; `table` is one of a user's own."""
    found = {path.stem: [str(path), "--small"] for path in sorted((checkout / "scenarios").glob("*.yaml"))}
    many = checkout / "tests" / "benchmarks" / "many_raters.yaml"
    found["many_raters"] = [str(many), "--set", "parties.pool.count=4000"]
    found["resumed"] = [str(checkout / "scenarios" / "00_gaussian.yaml"), "--small"]
    found["records"] = [*hurried_first(checkout), "--set", f"world={{kind: records, table: {table}, held_out: 0}}"]
    found["without"] = [str(checkout / "scenarios" / "05_auditors.yaml"), "--small", "--without", "managers"]
    return found


def made(checkout: Path, name: str, arguments: list[str], out: Path) -> str:
    """Make one run, if it is not there; what went wrong, or nothing."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "SIMLAB_CACHE": str(out.parent / "cache")}
    if status(out) == "finished":
        return ""
    if name == "resumed":
        cut = [sys.executable, "-c", CUT, arguments[0], str(out)]
        subprocess.run(cut, env=environment, cwd=checkout, capture_output=True, check=False)
        assert status(out) == "interrupted", "the run was to be cut off"
    command = [sys.executable, "-m", "simlab", "run", *arguments, "--out", str(out), "--quiet"]
    done = subprocess.run(command, env=environment, cwd=checkout, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def status(out: Path) -> str:
    """How a run ended; empty if there is none."""
    manifest = out / "manifest.json"
    return str(json.loads(manifest.read_text())["status"]) if manifest.exists() else ""


def differences(old: Path, new: Path) -> list[str]:
    """The tables of two runs that differ, and the columns in which they do; the run's own name and ends aside."""
    found = []
    files = [{path.stem: path for path in (run / "tables").glob("*.parquet")} for run in (old, new)]
    for table in sorted(set(files[0]) ^ set(files[1])):
        found.append(f"{table} is in one only")
    for table in sorted(set(files[0]) & set(files[1]) - {"runs"}):
        one, other = (pd.read_parquet(each[table]).drop(columns=["run"], errors="ignore") for each in files)
        columns = [c for c in one if c not in other or not one[c].equals(other[c])] + [c for c in other if c not in one]
        if columns:
            found.append(f"{table} ({', '.join(map(str, columns))})")
    return found


def main() -> int:
    """Compare, print one line a case, and say whether all is the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    failed = False
    args.out.mkdir(parents=True, exist_ok=True)
    table = (args.out / "table.csv").resolve()
    table.write_text("\n".join(["prompt,response", *(f"question {q} ?,{a} ." for q in "abcdefghij" for a in ANSWERS)]))
    for name, arguments in cases(args.new.resolve(), table).items():
        if args.names and name not in args.names:
            continue
        folders = [(args.out / which / name).resolve() for which in ("old", "new")]
        wrong = [made(c.resolve(), name, arguments, f) for c, f in zip((args.old, args.new), folders, strict=True)]
        found = [text[:400] for text in wrong if text] or differences(*folders)
        failed = failed or bool(found)
        print(f"{name}: {'DIFFERS: ' + '; '.join(found) if found else 'same'}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
