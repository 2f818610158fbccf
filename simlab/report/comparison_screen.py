"""A comparison for people: what `comparison.compare` found, as a screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from simlab.names import clip
from simlab.report.arm_names import WITHOUT
from simlab.report.compared_measures import CARE, CHANGED, COST, COUNTED, NEVER, ON_POLICY, RIGHT, SCORE, TURNOVER
from simlab.report.layout import NOTHING, noted, number, spaced, table

if TYPE_CHECKING:
    import pandas as pd

_SECTIONS = {
    "What the model says": (CHANGED, SCORE, NEVER),
    "Who likes it better than the pretrained model's": ("win_rate",),
    "What it gained for whom, of what was possible": (ON_POLICY,),
    "Who agrees with whom (ρ)": ("rho",),
    "What the reward model learned": ("accuracy_held_out", "accuracy_gold"),
    "Those who label": (RIGHT, CARE, TURNOVER),
    "Money and labor": COUNTED,
}
_PREFIX = {
    NEVER: "facts never compared: ", "accuracy_held_out": "held-out labels: ", "accuracy_gold": "held-out gold: ",
    RIGHT: "labels right: ", CARE: "care: ", TURNOVER: "separations a post: ", COST: "$ for all labor, paid by ",
    "money": "$ of ", "hours": "hours: ", "pay": "$ for ", "flops": "FLOP: ",
}  # fmt: skip
_MOST_ROWS = 16
_ROUNDING = 1e-9  # differences no larger are none


def screen(found: pd.DataFrame) -> RenderableType:
    """What `compare` found, for people: a heading, a table for each kind of measure, and responses side by side."""
    about = found.attrs
    parts: list[RenderableType] = [_heading(about)]
    for arm in dict.fromkeys(found.arm_b):
        rows = found[found.arm_b == arm]
        if len(about["arms"]) > 2:
            parts.append(Text(f"{about['arms'][0]} → {arm}", style="bold underline"))
        for title, measures in _SECTIONS.items():
            parts.append(_section(title, rows[rows.measure.isin(measures)], (about["arms"][0], arm)))
        parts += _side_by_side([row for row in about["examples"] if row["arm_b"] == arm], about["arms"][0], arm)
    return Group(*spaced([*parts, _note(found)]))


def _heading(about: Mapping[str, Any]) -> Text:
    """What is compared, under which seeds; what else differs; and what had to be left out."""
    base, *others = about["arms"]
    seeds = sorted({seed for each in about["seeds"].values() for seed in each})
    by = f"{about['by']}: " if about["by"] not in ("", WITHOUT) else ""
    text = Text(about["scenario"], style="bold").append(f"  {by}{base} → {', '.join(others)}")
    if "round" in about:
        text.append(f"; round {about['round']}", style="not bold")
    if about["by"] != "seed":
        text.append(f"; seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}", style="not bold")
        for arm, mine in about["seeds"].items():
            if missing := [str(seed) for seed in seeds if seed not in mine]:
                text.append(f"\n{arm}: without seed {', '.join(missing)}, which it lacks", style="yellow not bold")
    paths = [path for path in about["differ"] if not about["by"] or f"{path}.".find(f"{about['by']}.") != 0]
    if paths:
        text.append("\nSeveral things differ, so that no difference has one cause:", style="yellow not bold")
    for path in paths[:_MOST_ROWS]:
        told = " → ".join("nothing" if v is None else clip(str(v), 40) for v in about["differ"][path].values())
        text.append(f"\n  {path}: {told}", style="not bold")
    if len(paths) > _MOST_ROWS:
        text.append(f"\n  and {len(paths) - _MOST_ROWS} more: {clip(', '.join(paths[_MOST_ROWS:]), 240)}", "not bold")
    if about["apart"]:
        text.append(f"\nleft out, having no counterpart: {', '.join(about['apart'])}", style="yellow not bold")
    return text


def _section(title: str, rows: pd.DataFrame, arms: tuple[str, str]) -> RenderableType:
    """One table; of very many rows, those whose interval excludes 0, and then the first."""
    shown = rows[(rows.difference.abs() > _ROUNDING) | (rows.measure == CHANGED)]
    clear = (shown.low > 0) | (shown.high < 0)
    kept = shown.loc[sorted([*shown.index[clear], *shown.index[~clear]][:_MOST_ROWS])]
    if not len(kept):
        return Text(f"{title}: no change", style="bold")
    made = table(title, ["", *(clip(arm, 24) for arm in arms), "difference", "95 % interval"])
    several = rows.model.nunique() > 1
    for row in kept.to_dict("records"):
        made.add_row(*_cells(row, several))
    rest = [f"{len(rows) - len(shown)} more that did not change"] if len(rows) > len(shown) else []
    rest += [f"{len(shown) - len(kept)} more that changed less clearly"] if len(shown) > len(kept) else []
    return noted(made, "; ".join(rest)) if rest else made


def _cells(row: Mapping[str, Any], several: bool) -> list[str]:
    form = {COST: ",.0f", "money": ",.0f", "pay": ",.0f", "hours": ",.1f", "flops": ".3g"}.get(row["measure"], ".3f")
    fine = ".4f" if form == ".3f" else form  # differences are small
    name = "responses that are different" if row["measure"] == CHANGED else row["of"]
    name = f"{row['model']}: " * (several and bool(row["model"])) + _PREFIX.get(row["measure"], "") + name
    signed = number(row["difference"], form if row["measure"] == CHANGED else f"+{fine}")
    between = f"{number(row['low'], fine)} to {number(row['high'], fine)}" if row["interval"] else NOTHING
    clear = row["low"] > 0 or row["high"] < 0
    said = [number(row["a"], form), number(row["b"], form), signed, between]
    return [escape(name), *said[:2], *(f"[bold]{text}[/bold]" if clear else text for text in said[2:])]


def _side_by_side(rows: Sequence[Mapping[str, Any]], base: str, arm: str) -> list[RenderableType]:
    if not rows:
        return []
    made = table("Responses that became different", ["prompt", base, arm], fold=True)
    for row in rows:
        made.add_row(escape(row["prompt"]), escape(row["a"]), escape(row["b"]))
    return [noted(made, f"Seed {rows[0]['seed']}; the typical case of the criteria that changed most.")]


def _note(found: pd.DataFrame) -> Text:
    """What the intervals are, and what they are not."""
    several = found.n[found.interval == "seeds"]
    if len(several):
        fewest, most = int(several.min()) - 1, int(several.max()) - 1
        what = (
            "Intervals: differences are taken seed by seed, under the same random draws; t with "
            f"{f'{fewest} to ' if fewest < most else ''}{most} degrees of freedom. "
            "Each is at 95 % by itself: one in 20 excludes 0 by chance."
        )
    else:
        what = (
            "Intervals are over the prompts of these two runs; other seeds may say otherwise. Give several of either."
        )
    return Text(what, style="dim")
