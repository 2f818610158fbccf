"""One label, followed from the guideline through the rater to the reward model's update and the responses that
changed. `trace` reads tables only; `story` tells what it found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.errors import InvalidInput, Problem
from simlab.hierarchy import Hierarchy
from simlab.report.trace_screen import story
from simlab.runs.loading import load, load_one
from simlab.runs.manifest import MANIFEST
from simlab.tables.schemas import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from simlab.runs.loading import Run

Row = dict[str, Any]
_NEAREST = 3  # prompts shown where the label's own is not on the panel
_LISTED = 6  # workers or labels named in one message


def trace(folder: Path | str, label: int | str, worker: str | int | None = None) -> dict[str, Any]:
    """What became of one label of a finished run, as plain data.

    `label` is a pair's number, as task in `comparisons`; where several people compared that pair, say who: "4711:17",
    or `worker` "pool:17". The parts are `label` (the row itself), `seen`, `told` (guideline and readings, from the top
    down), `audits`, `judgements`, `consequences`, `aggregator` (by which labels of one pair were put together; empty if
    they were not), `lesson`, `fit`, `policy`, `responses`, and `story`, a paragraph on each. Raises InvalidInput if
    there is no such label, or nothing was trained after it.
    """
    run = _finished(folder)
    task, who = _parsed(label, worker)
    given = _Tables(run)
    row = _label(given, task, who)
    others = [r for r in given.rows("comparisons", task=task, order=1) if r["source"] != "again"]
    chain = _chain(run, row["principal"])
    fit = _fit(given, row)
    policy = _policy(given, fit)
    found: dict[str, Any] = {
        "run": run.manifest["run"],
        "path": str(run.path),
        "label": row,
        "seen": _seen(given, row),
        "told": _told(given, row, chain),
        "audits": [r for r in others if r["agent"] == row["principal"]],
        **_judged(given, row, chain),
        "aggregator": _aggregator(run, row),
        "lesson": _lesson(given, row, fit),
        "fit": fit,
        "policy": policy,
    }
    found["responses"] = _responses(given, policy, found["seen"]["prompt"]) if policy else None
    return found | {"story": story(found)}


class _Tables:
    """The rows of a run that matter to one label, read as they are asked for."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def frame(self, table: str, columns: Sequence[str] | None = None, **where: Any) -> pd.DataFrame:
        """The rows of a table with these values."""
        return load(self.run.path, tables=table, columns=columns, where=where).tables[table]

    def rows(self, table: str, **where: Any) -> list[Row]:
        """The same as plain data, without the name of the run."""
        return [_plain(row) for row in self.frame(table, **where).drop(columns="run").to_dict("records")]


def _plain(row: Mapping[Any, Any]) -> Row:
    return {str(k): None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}


# ---- which label --------------------------------------------------------------------------------------------------


def _finished(folder: Path | str) -> Run:
    run = load_one(folder)
    if run.status != "finished":
        fix = "the command that began it goes on where it stopped"
        raise InvalidInput(Problem(f"the run is {run.status}, not finished", fix, run.path))
    if not _is_scenario(run.manifest["parameters"]):
        what = "is damaged: its parameters are not those of a run that has parties and relations"
        raise InvalidInput(Problem(what, "run the scenario again, into another folder", run.path / MANIFEST))
    return run


def _is_scenario(parameters: Row) -> bool:
    """Whether a manifest says who there was and who answered to whom, in the form in which it is asked for here."""
    parties, relations = parameters.get("parties"), parameters.get("relations")
    if not (isinstance(parties, dict) and isinstance(relations, list)):
        return False
    mappings = [*parties.values(), *relations]
    if not all(isinstance(said, dict) for said in mappings):
        return False
    ends = [relation.get(end) for relation in relations for end in ("principal", "agent")]
    consequences = [relation.get("consequence") for relation in relations]
    if not (all(isinstance(end, str) and end in parties for end in ends) and all(map(_is_list, consequences))):
        return False
    rules = [rule for listed in consequences for rule in listed]
    return all(isinstance(rule, dict) and isinstance(rule.get("aggregator", {}), dict) for rule in rules)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _parsed(label: int | str, worker: str | int | None) -> tuple[int, str]:
    """The number of the pair, and who compared it, as "17" or "pool:17"; empty if nobody said."""
    number, colon, who = str(label).partition(":")
    said = "" if worker is None else str(worker)
    if not (number.isascii() and number.isdecimal() and len(number) < 19) or (colon and not who):
        what = f"{str(label)[:40]!r} is no label"
        raise InvalidInput(
            Problem(what, "give a number from the column task of comparisons, or 4711:17 for rater 17's")
        )
    if who and said and who != said:
        raise InvalidInput(Problem(f"whose label, {who}'s or {said}'s?", "say it once"))
    return int(number), who or said


def _label(given: _Tables, task: int, who: str) -> Row:
    """The row of the label: of a rater, that is of somebody who ranks for a reward model."""
    rows = given.rows("comparisons", task=task, order=1)
    if not rows:
        raise InvalidInput(Problem(f"{given.run.path} has no label {task}", _nearest(given, task)))
    labels = [row for row in rows if _kind(given.run, row["agent"]) == "reward_model"]
    mine = [row for row in labels if who in ("", row["worker"], row["worker"].rpartition(":")[2])]
    names = [row["worker"] for row in labels]
    listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
    if len(mine) == 1:
        return mine[0]
    if not mine:
        if any(who == row["worker"] and row["source"] != "again" for row in rows):
            what = f"{who} audited label {task}, and taught the reward model nothing by it"
            raise InvalidInput(Problem(what, f"audits are told with the label: --worker {names[0]}"))
        raise InvalidInput(Problem(f"{who} did not compare pair {task}", f"these did: {listed}"))
    number = names[0].rpartition(":")[2]
    raise InvalidInput(
        Problem(f"{len(mine)} people compared pair {task}: {listed}", f"whose label? say {task}:{number}")
    )


def _nearest(given: _Tables, task: int) -> str:
    """What to say where there is no such pair: the nearest ones there are."""
    rows = given.frame("comparisons", columns=["task"], order=1).task.drop_duplicates()
    if not len(rows):
        return "nothing was ever compared in this run"
    order = (rows - task).abs().sort_values(kind="stable").index[:_NEAREST]
    return f"the nearest are {', '.join(str(n) for n in sorted(rows[order].tolist()))}"


def _kind(run: Run, party: str) -> str:
    return str(run.manifest["parameters"]["parties"].get(party, {}).get("kind", ""))


# ---- what came before ---------------------------------------------------------------------------------------------


def _chain(run: Run, pool: str) -> list[str]:
    """Whose guideline reached a pool: the corporation, and each vendor below it; nobody's, if it has none."""
    parameters = run.manifest["parameters"]
    edges = [(relation["principal"], relation["agent"]) for relation in parameters["relations"]]
    return Hierarchy({name: _kind(run, name) for name in parameters["parties"]}, edges).guideline_line(pool)


def _told(given: _Tables, row: Row, chain: Sequence[str]) -> Row:
    """The guideline as written, and how everybody from the corporation down to the rater read it."""
    corporation = chain[0] if chain else ""
    version = row["guideline_version"]
    written = given.frame("guidelines", corporation=corporation, version=version)
    weights = {
        str(kind): dict(zip(rows.criterion.tolist(), rows.weight.tolist(), strict=True))
        for kind, rows in written.groupby("kind", sort=False)
    }
    time = float(written.time.min()) if len(written) else None
    readings = [_reading(given, party, row["time"]) for party in (*chain, row["worker"])]
    guideline = {"corporation": corporation, "version": version, "time": time, **weights} if corporation else None
    return {"guideline": guideline, "readings": [reading for reading in readings if reading]}


def _reading(given: _Tables, party: str, until: float) -> Row | None:
    """What a party went by at a time: weights by criterion, and the length of what has no name."""
    rows = given.frame("readings", party=party)
    rows = rows[rows.time <= until]
    if not len(rows):
        return None
    last = rows[rows.time == rows.time.max()]
    weights = dict(zip(last.criterion.tolist(), last.weight.tolist(), strict=True))
    elsewhere = weights.pop("", 0.0)
    said = {"party": party, "time": float(last.time.iloc[0]), "version": int(last.version.iloc[0])}
    return {**said, "weights": weights, "elsewhere": elsewhere}


def _seen(given: _Tables, row: Row) -> Row:
    """The prompt and the two responses."""
    shown = given.frame("candidates", response=[row["left"], row["right"]]).set_index("response")
    if sorted(shown.index) != sorted({row["left"], row["right"]}):
        what = f"table 'candidates' does not hold the two responses of label {row['task']} once each"
        raise InvalidInput(Problem(what, "run the scenario again, into another folder", given.run.path))
    texts = {side: str(shown.text.loc[row[side]]) for side in ("left", "right")}
    return {"prompt": str(shown.prompt.loc[row["left"]]), **texts}


# ---- what came after ----------------------------------------------------------------------------------------------


def _judged(given: _Tables, row: Row, chain: Sequence[str]) -> Row:
    """How each principal of the rater, and of the vendors above, judged next, and what followed for them."""
    vendors = [name for name in chain if _kind(given.run, name) == "vendor"]
    judgements: list[Row] = []
    for who in (row["worker"], *vendors):
        first: dict[str, Row] = {}
        for judgement in given.rows("judgements", agent=who):
            if judgement["time"] > row["time"]:
                first.setdefault(judgement["principal"], judgement)
        judgements += first.values()
    known = {judgement["judgement"] for judgement in judgements}
    followed = [c for c in given.rows("consequences", agent=row["worker"]) if c["time"] > row["time"]]
    paid = next((c["time"] for c in followed if c["kind"] == "pay"), math.inf)
    kept = [c for c in followed if c["kind"] != "pay" or c["time"] == paid]
    for vendor in vendors:
        kept += [c for c in given.rows("consequences", agent=vendor) if c["judgement"] in known]
    return {"judgements": judgements, "consequences": kept}


def _fit(given: _Tables, row: Row) -> Row:
    """The training of the reward model that came next; InvalidInput if there was none."""
    fits = given.rows("reward_model", agent=row["agent"], principal=row["principal"])
    fit = next((fit for fit in fits if fit["time"] > row["time"]), None)
    if fit is None:
        last = max((f["time"] for f in fits), default=None)
        trained = f"it last learned from {row['principal']} on day {last:g}" if last is not None else "it never learned"
        what = f"label {row['task']} was given on day {row['time']:g}, and {row['agent']} was not trained after that"
        raise InvalidInput(Problem(what, f"{trained}; trace an earlier label"))
    return fit


def _aggregator(run: Run, row: Row) -> str:
    """What puts several raters' labels of one pair together before the reward model learns; empty if nothing does."""
    for relation in run.manifest["parameters"]["relations"]:
        if (relation["principal"], relation["agent"]) == (row["principal"], row["agent"]):
            for consequence in relation["consequence"]:
                name = str(consequence.get("aggregator", {}).get("kind", "none"))
                return "" if name == "none" else name
    return ""


def _lesson(given: _Tables, row: Row, fit: Row) -> Row | None:
    """What the label did to the reward model, and which share of all pushes of that training was its own."""
    together = given.frame("lessons", agent=row["agent"], principal=row["principal"])
    together = together[together.time == fit["time"]]
    mine = together[(together.task == row["task"]) & (together.worker == row["worker"])]
    if not len(mine):
        return None
    total = float(together.push.abs().sum())
    found = _plain(mine.drop(columns="run").to_dict("records")[0])
    return {**found, "learned_with": len(together), "share": abs(found["push"]) / total if total else None}


def _policy(given: _Tables, fit: Row) -> Row | None:
    """The training of the language model that came next: its last iteration, and how many there were."""
    together = [row for row in given.rows("policy") if fit["agent"] in row["principal"].split(" + ")]
    rows = [row for row in together if row["time"] >= fit["time"]]
    same = [row for row in rows if row["round"] == rows[0]["round"] and row["agent"] == rows[0]["agent"]]
    return {**same[-1], "iterations": len(same)} if same else None


def _responses(given: _Tables, policy: Row, prompt: str) -> Row:
    """What the language model said before and after that training: to the label's own prompt if it is on the panel,
    else to the prompts nearest in wording; and mean scores over prompts of the same force."""
    rows = given.frame("responses", agent=policy["agent"], round=[policy["round"] - 1, policy["round"]])
    criteria = [name for name in rows if not TABLES["responses"].means(name)]
    words = bool((rows.response != "").any())
    same = prompt in set(rows.prompt)
    prompts = [prompt] if same else _alike(prompt, rows.prompt.unique().tolist()) if words else []
    forces = set(rows.force[rows.prompt.isin(prompts)]) if words else set(rows.force)
    sides = [
        side.assign(nth=side.groupby("prompt").cumcount())
        for side in (rows[rows["round"] == policy["round"] - before] for before in (1, 0))
    ]
    both = sides[0].merge(sides[1], on=["prompt", "nth"], suffixes=("", "_now"))
    alike = [side[side.force.isin(forces)] for side in sides]
    return {
        "which": "same prompt" if same else "nearest prompts" if words else "panel",
        "round_before": policy["round"] - 1,
        "round_after": policy["round"],
        "changed": _shown(both[both.prompt.isin(prompts)], criteria),
        "forces": sorted(forces),
        "responses": len(alike[0]),
        "means": {name: [_number(side[name].mean()) for side in alike] for name in criteria},
    }


def _alike(prompt: str, prompts: Sequence[str]) -> list[str]:
    """The prompts most like this one, word by word; of equals the first."""
    words = prompt.split()
    likeness = [SequenceMatcher(None, words, other.split()).ratio() for other in prompts]
    return [prompts[i] for i in sorted(range(len(prompts)), key=lambda i: -likeness[i])[:_NEAREST]]


def _shown(both: pd.DataFrame, criteria: Sequence[str]) -> list[Row]:
    """Responses before and now, with their scores."""

    def rows() -> Iterator[Row]:
        for row in both.to_dict("records"):
            yield {
                "prompt": row["prompt"], "before": row["response"], "now": row["response_now"],
                "scores_before": {name: _number(row[name]) for name in criteria},
                "scores_now": {name: _number(row[f"{name}_now"]) for name in criteria},
            }  # fmt: skip

    return list(rows())


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
