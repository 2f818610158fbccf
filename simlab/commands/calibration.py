"""The command about real annotations: which rater model is like the people who made them, and with which parameters."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.commands.console import print_table
from simlab.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from simlab.calibration.comparison import Calibration, Reproduction


def calibrate(args: Namespace) -> int:
    """`simlab calibrate`: estimates with intervals, held-out likelihood, and the fragment of a scenario."""
    from threadpoolctl import threadpool_limits

    from simlab.calibration.comparison import calibrate as calibrated
    from simlab.calibration.reading import read

    data = read(args.data, ratings=args.ratings, reference=args.reference)
    with threadpool_limits(1):
        found = calibrated(data, args.model, args.holdout)
    header = f"fitted to {len(data):,} labels of {data.source} by simlab calibrate: {found.best.model}"
    text = found.fragment.text(header)
    if args.out:
        _write(Path(args.out), text)
    if args.json:
        print(json.dumps(_record(found, text), ensure_ascii=False, allow_nan=False))
        return 0
    _tell(found)
    print(text if not args.out else f"{args.out}: written; paste it under a pool of raters")
    return 0


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(Problem(f"cannot be written: {error.strerror}", "give another --out", file)) from error


def _tell(found: Calibration) -> None:
    """The screen: what was read, how the models did, the best one's parameters, and how it does in the simulator."""
    data, best = found.data, found.best
    undecided = float((data.label == 0).mean())
    tasks = len(set(data.task.tolist()))
    whose = f"{len(data.workers):,} raters" if data.persons else f"{len(data.workers)} people a pair"
    print(f"{data.source}: {len(data):,} labels of {tasks:,} pairs by {whose}, {undecided:.1%} undecided\n")
    rows = [
        (
            str(c.model),
            str(c.parameters),
            f"{c.score:.4f}",
            *((f"{c.behind:.4f}", f"{c.error:.4f}") if c.behind else ("", "")),
        )
        for c in found.candidates
    ]
    head = ("rater model", "parameters", "log likelihood", "behind", "± error")
    print_table(head, rows, f"On {found.held_out:,} labels that were held out, in nats a label")
    for refused in found.refused:
        print(f"not fitted: {refused}")
    estimates = [(e.name, f"{e.value:.4g}", f"{e.low:.4g} … {e.high:.4g}", e.meaning) for e in best.estimates]
    by = f", clustered by {best.clustered}" if best.clustered else ""
    print_table(
        ("parameter", "estimate", "95 % interval", "meaning"), estimates, f"{best.model}, fitted to all labels{by}"
    )
    if found.reproduction:
        _tell_reproduction(found.reproduction)


def _tell_reproduction(shares: Reproduction) -> None:
    names = ("match", "tie", "reverse")
    said = [(n, *(f"{getattr(o, n):.1%}" for o in (shares.observed, shares.simulated, shares.margin))) for n in names]
    title = "Labels against the order of utilities, people's and those of simulated raters"
    print_table(("share", "observed", "simulated", "margin"), said, title)
    print(
        "within its margin, each of them\n"
        if shares.holds
        else "NOT within their margins: no model here is like them\n"
    )


def _record(found: Calibration, text: str) -> dict[str, Any]:
    """The one object that `--json` prints."""
    data, shares = found.data, found.reproduction
    return {
        "source": data.source,
        "labels": len(data),
        "held_out": found.held_out,
        "workers": len(data.workers),
        "criteria": list(data.criteria),
        "models": [{**asdict(c), "model": str(c.model)} for c in found.candidates],
        "refused": list(found.refused),
        "chosen": str(found.best.model),
        "clustered": found.best.clustered,
        "estimates": [asdict(e) for e in found.best.estimates],
        "policy": found.fragment.policy,
        "temperature_spread": found.fragment.spread,
        "notes": list(found.fragment.notes),
        "fragment": text,
        "shares": {**asdict(shares), "holds": shares.holds} if shares else None,
    }
