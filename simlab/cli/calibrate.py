"""The command calibrate: which rater model is most like the people who made real annotations, and its parameters."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.cli.arguments import one_object, text
from simlab.cli.console import print, print_table
from simlab.cli.parser import Commands
from simlab.errors import InvalidInput, Problem
from simlab.paths import given
from simlab.plain_files import require_own, saving

if TYPE_CHECKING:
    from simlab.calibration.comparison import Calibration, Reproduction
    from simlab.calibration.fitting import Estimate

_HEADER = "# fitted to "  # how the file begins that it writes
_SHOWN = 5  # raters at either end, on a screen


def add(commands: Commands) -> None:
    """Add this file's command."""
    about = "Fit rater policies to what real people said, and tell which is most like them."
    parser = commands.add("calibrate", calibrate, about, _EXAMPLE)
    parser.add_argument("data", metavar="DATA", help="table of labels or ratings, folder of a run, or vader")
    parser.add_argument(
        "--model",
        action="append",
        type=text,
        default=[],
        metavar="MODEL",
        help="a rater model, as in boltzmann+position+flips; may be repeated (default: all the data can tell)",
    )
    parser.add_argument(
        "--holdout", type=_share, default=0.2, metavar="SHARE", help="share of tasks to judge models by (default 0.2)"
    )
    parser.add_argument("--ratings", action="store_true", help="rows are items and columns raters")
    parser.add_argument(
        "--reference",
        choices=("pool", "others"),
        default="pool",
        help="of ratings: an item's utility is its mean by the whole pool, or by the others (default: pool)",
    )
    parser.add_argument("--out", metavar="FILE", help="write the fragment of a scenario there")
    one_object(parser)


_EXAMPLE = """\
simlab calibrate labels.csv --out policy.yaml
simlab calibrate labels.csv --model boltzmann --model boltzmann+position+flips
simlab calibrate scores.csv --ratings
simlab calibrate runs/first                    (what a run's own raters said)
simlab calibrate vader                         (human ratings inside the package vaderSentiment)
Tables are CSV or tabs (UTF-8, UTF-16), JSON Lines, Parquet or Arrow, as they are or in a gz, bz2, xz, zst or zip.
Labels have columns task, worker, label (1 left, 2 right, 0 undecided; or left, right, tie; model_a, model_b, tie) and
of either response scores of criteria (left_helpful, right_helpful, …) or its text (left, right).
Ratings have a column item, if you like, and one a rater; an index, an id or a mean among them is left out and named.
Models: coin, mistaken, boltzmann, thurstone, rao_kupper, glad, empirical; parts: position, longer, length, flips,
raters."""


def _share(typed: str) -> float:
    """A share of something: above 0 and below 1."""
    try:
        share = float(typed)
    except ValueError:
        share = float("nan")
    if not 0 < share < 1:
        raise ArgumentTypeError(f"{typed[:40]!r} is no share; give a number between 0 and 1, as in 0.2")
    return share


def calibrate(args: Namespace) -> int:
    """`simlab calibrate`: estimates with intervals, held-out likelihood, and the fragment of a scenario."""
    from simlab.calibration.comparison import calibrate as calibrated
    from simlab.calibration.reading import read

    if args.out:
        require_own(given(args.out), _HEADER.encode())
    data = read(args.data, ratings=args.ratings, reference=args.reference)
    found = calibrated(data, args.model, args.holdout)
    header = f"{_HEADER[2:]}{len(data):,} labels of {data.source} by simlab calibrate: {found.best.model}"
    text = found.fragment.text(header)
    if args.out:
        _write(given(args.out), text)
    if args.json:
        print(json.dumps(_record(found, text), ensure_ascii=False, allow_nan=False))
        return 0
    _tell(found)
    print(text if not args.out else f"{args.out}: written; paste it under a pool of raters")
    return 0


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with saving(file) as opened:
            opened.write(text.encode())
    except OSError as error:
        raise InvalidInput(Problem(f"cannot be written: {error.strerror}", "give another --out", file)) from error


def _tell(found: Calibration) -> None:
    """The screen: what was read, how the models did, the best one's parameters, and how it does in the simulator."""
    data, best = found.data, found.best
    undecided = float((data.label == 0).mean())
    tasks = len(set(data.task.tolist()))
    many = "rater" if len(data.workers) == 1 else "raters"
    whose = f"{len(data.workers):,} {many}" if data.persons else f"{len(data.workers)} people a pair"
    print(f"{data.source}: {len(data):,} labels of {tasks:,} pairs by {whose}, {undecided:.1%} undecided")
    for remark in data.remarks:
        print(f"read so: {remark}")
    print()
    rows = [
        (str(c.model), str(c.parameters), f"{c.score:.4f}", f"{c.behind:.4f} ± {c.error:.4f}" if c.behind else "")
        for c in found.candidates
    ]
    title = f"On {found.held_out:,} labels that were held out, in nats a label"
    print_table(("rater model", "parameters", "log likelihood", "behind the best"), rows, title)
    for refused in found.refused:
        print(f"not fitted: {refused}\n")
    title = f"{best.model}, fitted to all labels" + (f", clustered by {best.clustered}" if best.clustered else "")
    print_table(("parameter", "estimate", "95 % interval", "meaning"), map(_cells, _shown(best.estimates)), title)
    if found.reproduction:
        _tell_reproduction(found.reproduction)


def _shown(estimates: Sequence[Estimate]) -> list[Estimate]:
    """Estimates fit for a screen: of many raters, the least and the most reliable."""
    people = sorted((e for e in estimates if e.name.startswith("reliability.")), key=lambda e: e.value)
    others = [e for e in estimates if e not in people]
    return others + (people if len(people) <= 2 * _SHOWN else people[:_SHOWN] + people[-_SHOWN:])


def _cells(estimate: Estimate) -> tuple[str, ...]:
    return (
        estimate.name,
        f"{estimate.value:.4g}",
        f"{estimate.low:.4g} … {estimate.high:.4g}",
        estimate.meaning,
    )


def _tell_reproduction(shares: Reproduction) -> None:
    said = [
        (name, *(f"{getattr(order, name):.1%}" for order in (shares.observed, shares.simulated, shares.margin)))
        for name in ("match", "tie", "reverse")
    ]
    print_table(("against the order of utilities", "observed", "simulated", "margin"), said)
    verdict = (
        "every share is within its margin" if shares.holds else "NOT within their margins: people are not like that"
    )
    print(f"simulated raters of this policy: {verdict}\n")


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
        "remarks": list(data.remarks),
        "fragment": text,
        "shares": {**asdict(shares), "holds": shares.holds} if shares else None,
    }
