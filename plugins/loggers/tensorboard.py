"""The logger `tensorboard`: curves of a run under way, in event files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, PrivateAttr

import simlab

if TYPE_CHECKING:
    import pyarrow as pa

    from simlab.scenario import Scenario


class TensorBoard(simlab.Logger):
    """Curves of a run under way: `simlab run FILE --log tensorboard`, then `tensorboard --logdir runs`.

    Losses by step, what the reward model and PPO measure by update and iteration, ρ between all parties and the
    losses of the waterfall by round, and some responses as text. Event files are those of TensorBoard (Abadi et al.
    2016, "TensorFlow: a system for large-scale machine learning", §9.1), written by tensorboardX; to look at them
    takes the package tensorboard, here or elsewhere. A run that is told again writes its curves anew.
    """

    name = "tensorboard"

    folder: str = Field(
        "", description="folder of boards, where a run has one of its own; default: in the run's folder"
    )
    shown: int = Field(8, ge=0, le=1000, description="responses shown as text, each round")

    _writer: Any = PrivateAttr(None)
    _steps: dict[str, int] = PrivateAttr(default_factory=dict)  # PPO iterations so far, by model

    def simlab_run_started(self, run: str, scenario: Scenario, path: Path) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            what = f"--log {self.name} needs a package: {error}"
            raise simlab.InvalidInput(f"{what} (pip install 'simlab[tensorboard]')") from error
        target = Path(self.folder) / f"{scenario.name}-seed{scenario.seed}-{run[:8]}" if self.folder else path / "board"
        for old in target.glob("events.out.tfevents.*"):
            old.unlink()
        self._steps.clear()
        self._writer = SummaryWriter(str(target))

    def simlab_pretraining_finished(self, model: str, losses: Any) -> None:
        self._curve(f"{model}/pretraining/loss", losses)

    def simlab_imitation_finished(self, model: str, losses: Any) -> None:
        self._curve(f"{model}/imitation/loss", losses)

    def simlab_reward_model_trained(self, model: str, update: int, metrics: Mapping[str, float]) -> None:
        for name, value in metrics.items():
            self._curve(f"{model}/{name}", [value], update)

    def simlab_policy_trained(self, model: str, metrics: Mapping[str, Any]) -> None:
        before = self._steps.get(model, 0)
        for name, values in metrics.items():
            self._curve(f"{model}/{name}", values, before + 1)
            self._steps[model] = before + len(values)

    def simlab_round_finished(self, round: int, tables: Mapping[str, pa.Table]) -> None:
        for row in _rows(tables, "alignment"):
            on = ".".join(part for part in (row["model"], row["against"]) if part)
            self._curve(f"rho_{row['order']}_{on}/{row['a']}-{row['b']}", [row["rho"]], round)
        for row in _rows(tables, "win_rate"):
            self._curve(f"win_rate/{row['judge']}", [row["rate"]], round)
        for number, row in enumerate(_rows(tables, "responses")):
            if number < self.shown:
                said = f"**{row['prompt']}** {row['response']}"
                self._writer.add_text(f"{row['agent']}/response_{number + 1}", said, round)
        self._writer.flush()

    def simlab_run_finished(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _curve(self, tag: str, values: Iterable[float], first: int = 1) -> None:
        """Points of a curve, counted from `first`; what is not known is left out."""
        for step, value in enumerate(values, start=first):
            if value == value:
                self._writer.add_scalar(re.sub(r"[^-/\w.]", "_", tag), float(value), step)


def _rows(tables: Mapping[str, pa.Table], name: str) -> list[dict[str, Any]]:
    return tables[name].to_pylist() if name in tables else []
