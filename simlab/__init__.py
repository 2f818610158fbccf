"""simlab: the labor hierarchy that aligns language models, simulated with real networks inside.

The map of the house, from the ground up; a room imports only rooms listed before it.

- `arrays`, `rng` (random streams keyed by name), `parallel` (our own loops on several cores), `clock`, `provenance`
  (whose code a class is), `errors`, `names` (which name was probably meant), `flags`, `paths`, `plain_files`,
  `opened_files`, `tensor_files` (networks on disk).
- `nets/`: plain torch, which knows nothing of simlab: transformer, PPO, preference fits, closed forms.
- `hierarchy`: who answers to whom, by name and kind: employers, makers, orders of work.
- `components/`: what a plugin can be, one file a kind, with the data that it is shown. `sheets/`: tables of the user's.
- `worlds/`: what a language game is; the games themselves are plugins.
- `tables/`: columns, schemas, the recorder. `rankings`: what people said, and machines learn from.
- `measures/`: formulas, which know no party. `relation`: **the one idea**. A principal issues a standard to its agents,
  looks at a sample of their work, forms a judgement of it, and applies a consequence.
- `scenario/`: what a scenario file may say, its reading and its checks. `plugins/`: where plugins are found and loaded.
- `runs/`: a run's folder, its manifest, and loading it.
- `engine/`: what all share during a run: context, event log, ledger, queues, jobs by content.
- `machines/`: what language and reward models are made of. `people/`: who is in a pool, what they perceive, say and are
  paid. `parties/`: who there is, one file a kind. `consequences/`: what consequences share (they are plugins), and
  learning from judgements, which is one.
- `analyzers/`: what is measured after every round, one file a table. `simulation`: builds all of it; `runner`: from a
  file to a run on disk; `claims`: what a file expects of its runs. `studies/`: a question put to many runs, and its
  answer.
- `theory/`: laws that the simulator must obey, of its parts and of runs. `testing/`: what every plugin is held to.
  `scaffolding/`: first drafts of plugins. `calibration/`: rater policies fitted to people. `report/`: screens, figures,
  and the page made of them. `cli/`: one file a group of commands.

To read it: `relation`, `hierarchy`, `engine/context`, `parties/raters`, `people/choice`, `simulation`.

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
    from simlab.components.guideline_policy import GuidelinePolicy, GuidelineReview
    from simlab.components.learner import (
        DemonstrationLesson,
        Learner,
        RankingLesson,
        ResponseLearner,
        RewardLesson,
        VectorRankingLesson,
        VectorRewardLesson,
    )
    from simlab.components.logger import Logger
    from simlab.components.look import DeliveredWork, Look
    from simlab.components.outcome import Outcome
    from simlab.components.rater_policy import RaterPolicy
    from simlab.components.rater_view import RaterView
    from simlab.components.review import Review
    from simlab.components.reward_shape import KLPenalizedReward, RewardShape, reward_shape
    from simlab.errors import InvalidInput, Mismatch, SimlabError
    from simlab.relation import Effect, Judgement, Relation
    from simlab.report.comparison import compare
    from simlab.report.trace import trace
    from simlab.runner import run_file as run
    from simlab.runner import verify
    from simlab.runs.loading import Run, StudyRuns, load
    from simlab.studies.study import run_study as study
    from simlab.worlds.world import Game, World

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
    "components.guideline_policy": ("GuidelinePolicy", "GuidelineReview"),
    "components.learner": (
        "DemonstrationLesson",
        "Learner",
        "RankingLesson",
        "ResponseLearner",
        "RewardLesson",
        "VectorRankingLesson",
        "VectorRewardLesson",
    ),
    "components.logger": ("Logger",),
    "components.look": ("DeliveredWork", "Look"),
    "components.outcome": ("Outcome",),
    "components.rater_policy": ("RaterPolicy",),
    "components.rater_view": ("RaterView",),
    "components.review": ("Review",),
    "components.reward_shape": ("KLPenalizedReward", "RewardShape", "reward_shape"),
    "errors": ("InvalidInput", "Mismatch", "SimlabError"),
    "relation": ("Effect", "Judgement", "Relation"),
    "report.comparison": ("compare",),
    "report.trace": ("trace",),
    "runner": ("run", "verify"),
    "runs.loading": ("Run", "StudyRuns", "load"),
    "studies.study": ("study",),
    "worlds.world": ("Game", "World"),
}
_CALLED = {"run": "run_file", "study": "run_study"}  # where they are defined
_WHERE = {name: f"simlab.{module}" for module, names in _PUBLIC.items() for name in names}

__all__ = [
    "Aggregator", "Article", "Charter", "Claim", "Combination", "Component", "Consequence", "Criterion", "DataFile",
    "DeliveredWork", "DemonstrationLesson", "Effect", "Effort", "Exchange", "Game", "GuidelinePolicy",
    "GuidelineReview", "InvalidInput", "Judgement", "KLPenalizedReward", "Learner", "Logger", "Look", "Mismatch",
    "Observer", "Outcome", "Prompt", "RankingLesson", "RaterPolicy", "RaterView", "Relation", "Response",
    "ResponseLearner", "Review", "RewardLesson", "RewardShape", "Run", "SimlabError", "StudyRuns",
    "VectorRankingLesson", "VectorRewardLesson", "Votes", "World", "compare", "load", "reward_shape", "run", "study",
    "trace", "verify",
]  # fmt: skip


_RENAMED = {"Scene": "RaterView", "Situation": "GuidelineReview", "LeashedShape": "KLPenalizedReward"}  # in 0.3


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _WHERE:
        now = f"; since 0.3 it is simlab.{_RENAMED[name]}" if name in _RENAMED else ""
        raise AttributeError(f"module 'simlab' has no attribute {name!r}{now}")
    found = getattr(import_module(_WHERE[name]), _CALLED.get(name, name))
    globals()[name] = found
    return found
