"""BibTeX of simlab and of the methods that a run used, by the plugins that its manifest names; entries
are in `sources.bib`.

Every entry is of a source that the plugin's own docstring gives, which a test holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_SOURCES = Path(__file__).parent / "sources.bib"

CITED = {  # by plugin, what its docstring names first
    "learner:bradley_terry": ("bradley1952",),
    "learner:rloo": ("ahmadian2024",),
    "learner:grpo": ("shao2024",),
    "learner:best_of_n": ("gui2024",),
    "learner:expert_iteration": ("anthony2017",),
    "learner:dpo": ("rafailov2023",),
    "learner:ppo": ("schulman2017",),
    "learner:reinforce": ("williams1992",),
    "learner:tilt": ("korbak2022",),
    "reward:plain": ("ziegler2019",),
    "reward:adaptive_kl": ("ziegler2019",),
    "reward:ensemble_mean": ("coste2023",),
    "reward:ensemble_worst": ("coste2023",),
    "reward:ensemble_uncertain": ("coste2023",),
    "reward:lower_quantile": ("siththaranjan2023",),
    "rater:plackett_luce": ("luce1959", "plackett1975"),
    "rater:thurstone": ("thurstone1927",),
    "rater:davidson": ("davidson1970",),
    "rater:rao_kupper": ("rao1967",),
    "rater:bpref": ("lee2021",),
    "rater:glad": ("whitehill2009",),
    "rater:dawid_skene": ("dawid1979",),
    "aggregator:glad": ("whitehill2009",),
    "aggregator:dawid_skene": ("dawid1979",),
    "aggregator:pooled_bt": ("bradley1952",),
    "effort:no_shirking": ("shapiro1984",),
    "effort:tournament": ("lazear1981",),
    "consequence:fire": ("shapiro1984",),
    "consequence:bonus": ("holmstrom1979",),
    "consequence:fine": ("becker1968",),
    "consequence:promote": ("lazear1981",),
    "consequence:churn": ("hirschman1970",),
}


def keys(plugins: Iterable[str], *others: str) -> list[str]:
    """Keys of the entries for these plugins, as the manifest names them, and for what else was used."""
    found = [key for plugin in plugins for key in CITED.get(plugin, ())]
    return list(dict.fromkeys(["kockelman", *found, *others]))


def bibtex(version: str, cited: Iterable[str]) -> str:
    """BibTeX of simlab and of these entries."""
    own = (
        "@software{simlab,\n  author={{The simlab authors}},\n"
        "  title={simlab: a simulator of the labor hierarchy that aligns language models},\n"
        f"  version={{{version}}}\n}}"
    )
    return "\n\n".join([own, *(entries()[key] for key in cited)])


@cache
def entries() -> dict[str, str]:
    """All entries of sources.bib, by key."""
    each = _SOURCES.read_text(encoding="utf-8").strip().split("\n\n")
    return {entry.partition("{")[2].partition(",")[0]: entry for entry in each}


def reference(key: str) -> str:
    """An entry in short, as Bradley and Terry 1952."""
    fields = dict(re.findall(r"^  (\w+)=\{(.*)\},?$", entries()[key], re.MULTILINE))
    names = [author.split(",")[0].replace(r"{\"o}", "ö") for author in fields["author"].split(" and ")]
    said = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    return f"{said} {fields.get('year', '')}".strip()
