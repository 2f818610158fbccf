"""simlab: the labor hierarchy that aligns language models, simulated with real networks inside.

The map of the house, in the order to read it:

- `relation`: the one idea. A principal issues a standard to its agents, looks at a sample of their work, forms a
  judgement of it, and applies a consequence.
- `parties/`: who there is, one file per kind. `consequences/`: what follows from a judgement.
- `hierarchy`: who answers to whom. `simulation`: one run. `execution`: from a file to a run on disk.
- `worlds/`: what a language game is; the games themselves are plugins, like criteria, raters, rewards and guidelines
  (`components`, `plugins`, `hookspecs`, `hooks`); `scene` is what rater policies may look at, `data_file` a table
  of the user's own, `sheets` the reader of such tables.
- `nets/`: plain torch. `jobs`: computations by content. `streams`: random streams keyed by name.
- `measures/`: alignment (ρ), where it is lost, agreement; the `observatory` and its `rooms` take them every round.
  `tables`, `recorder`, `runs`: the outcome tables.
- `folder`, `manifest`: a run on disk, and who may write there. `plain_files`, `stream_file`, `table_file`: files that
  anybody may have touched since. `paths`: what people mean by a path.
- `making/`: first drafts of plugins, and plugins at work on samples; `testing/`: what every plugin is held to;
  `watchdog`: ends calls of plugins that do not come back.
- `calibration/`: rater policies fitted to what real people said.
- `scenario/`, `cli`, `report/`: what people write, type and read.

Public names are below. Importing simlab imports neither torch nor pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simlab.components.aggregator import Aggregator, Votes
    from simlab.components.charter import Article, Charter
    from simlab.components.combination import Combination
    from simlab.components.component import Component
    from simlab.components.consequence import Consequence
    from simlab.components.criterion import Criterion
    from simlab.components.data_file import DataFile
    from simlab.components.effort import Effort
    from simlab.components.exchange import Claim, Exchange, Observer, Prompt, Response
    from simlab.components.guideline_policy import GuidelinePolicy, Situation
    from simlab.components.logger import Logger
    from simlab.components.rater_policy import RaterPolicy
    from simlab.components.rater_view import Scene
    from simlab.components.review import Review
    from simlab.components.reward_shape import LeashedShape, RewardShape, reward_shape
    from simlab.components.world import World
    from simlab.errors import InvalidInput, Mismatch, SimlabError
    from simlab.relation import Effect, Judgement, Relation
    from simlab.report.comparison import compare
    from simlab.report.trace import trace
    from simlab.runner import run_file as run
    from simlab.runner import verify
    from simlab.runs.loading import Run, load
    from simlab.worlds.world import Game

_PUBLIC = {  # by module
    "components.aggregator": ("Aggregator", "Votes"),
    "components.charter": ("Article", "Charter"),
    "components.combination": ("Combination",),
    "components.component": ("Component",),
    "components.consequence": ("Consequence",),
    "components.criterion": ("Criterion",),
    "components.data_file": ("DataFile",),
    "components.effort": ("Effort",),
    "components.exchange": ("Claim", "Exchange", "Observer", "Prompt", "Response"),
    "components.guideline_policy": ("GuidelinePolicy", "Situation"),
    "components.logger": ("Logger",),
    "components.rater_policy": ("RaterPolicy",),
    "components.rater_view": ("Scene",),
    "components.review": ("Review",),
    "components.reward_shape": ("LeashedShape", "RewardShape", "reward_shape"),
    "components.world": ("World",),
    "errors": ("InvalidInput", "Mismatch", "SimlabError"),
    "relation": ("Effect", "Judgement", "Relation"),
    "report.comparison": ("compare",),
    "report.trace": ("trace",),
    "runner": ("run", "verify"),
    "runs.loading": ("Run", "load"),
    "worlds.world": ("Game",),
}
_WHERE = {name: f"simlab.{module}" for module, names in _PUBLIC.items() for name in names}

__all__ = [
    "Aggregator", "Article", "Charter", "Claim", "Combination", "Component", "Consequence", "Criterion", "DataFile",
    "Effect", "Effort", "Exchange", "Game", "GuidelinePolicy", "InvalidInput", "Judgement", "LeashedShape", "Logger",
    "Mismatch", "Observer", "Prompt", "RaterPolicy", "Relation", "Response", "Review", "RewardShape", "Run", "Scene",
    "SimlabError", "Situation", "Votes", "World", "compare", "load", "reward_shape", "run", "trace", "verify",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _WHERE:
        raise AttributeError(f"module 'simlab' has no attribute {name!r}")
    found = getattr(import_module(_WHERE[name]), "run_file" if name == "run" else name)
    globals()[name] = found
    return found
