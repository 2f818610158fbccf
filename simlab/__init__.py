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
    from simlab.components import (
        Aggregator,
        Article,
        Charter,
        Combination,
        Component,
        Criterion,
        Effort,
        GuidelinePolicy,
        Logger,
        RaterPolicy,
        Review,
        RewardShape,
        reward_shape,
    )
    from simlab.data_file import DataFile
    from simlab.errors import InvalidInput, Mismatch, SimlabError
    from simlab.execution import run_file as run
    from simlab.execution import verify
    from simlab.leashed import LeashedShape
    from simlab.report.comparison import compare
    from simlab.report.trace import trace
    from simlab.runs import Run, load
    from simlab.scene import Scene
    from simlab.situation import Situation
    from simlab.votes import Votes
    from simlab.worlds.exchange import Claim, Exchange, Observer, Prompt, Response
    from simlab.worlds.game import Game, World

_WHERE = {
    "Component": "simlab.components", "Criterion": "simlab.components", "RaterPolicy": "simlab.components",
    "Effort": "simlab.components", "Review": "simlab.components",
    "RewardShape": "simlab.components", "reward_shape": "simlab.components",
    "GuidelinePolicy": "simlab.components", "Situation": "simlab.situation",
    "Scene": "simlab.scene",
    "Combination": "simlab.components", "Charter": "simlab.components", "Article": "simlab.components",
    "Aggregator": "simlab.components", "Votes": "simlab.votes",
    "LeashedShape": "simlab.leashed",
    "Logger": "simlab.components", "DataFile": "simlab.data_file",
    "World": "simlab.worlds.game", "Game": "simlab.worlds.game",
    "Exchange": "simlab.worlds.exchange", "Observer": "simlab.worlds.exchange", "Claim": "simlab.worlds.exchange",
    "Prompt": "simlab.worlds.exchange", "Response": "simlab.worlds.exchange",
    "SimlabError": "simlab.errors", "InvalidInput": "simlab.errors", "Mismatch": "simlab.errors",
    "Run": "simlab.runs", "load": "simlab.runs", "compare": "simlab.report.comparison", "trace": "simlab.report.trace",
    "run": "simlab.execution", "verify": "simlab.execution",
}  # fmt: skip

__all__ = [
    "Aggregator", "Article", "Charter", "Claim", "Combination", "Component", "Criterion", "DataFile", "Effort",
    "Exchange", "Game", "GuidelinePolicy", "InvalidInput", "LeashedShape", "Logger", "Mismatch", "Observer", "Prompt",
    "RaterPolicy", "Response", "Review", "RewardShape", "Run", "Scene", "SimlabError", "Situation", "Votes", "World",
    "compare", "load", "reward_shape", "run", "trace", "verify",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _WHERE:
        raise AttributeError(f"module 'simlab' has no attribute {name!r}")
    found = getattr(import_module(_WHERE[name]), "run_file" if name == "run" else name)
    globals()[name] = found
    return found
