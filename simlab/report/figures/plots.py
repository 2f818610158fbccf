"""`run.plot` and `study.plot`: the report's figures in a notebook, as matplotlib's Figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from simlab.errors import InvalidInput, Problem
from simlab.report.figures import arms, employment, frontier, ladder, money, orders, overoptimization, preferences
from simlab.report.figures.canvas import drawn, require_matplotlib
from simlab.report.figures.chart import Chart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simlab.runs.loading import Run, StudyRuns


class RunPlots:
    """The figures of a run; each is a Figure of matplotlib, to be shown, changed or saved.

    Where a run has several models, `model` says which one is meant (the first unless it is given). All raise
    InvalidInput where the run has nothing to show, or matplotlib is missing.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def ladder(self, model: str | None = None) -> Figure:
        """The hierarchy as a ladder: ρ of each level with the one above, and its loss, in the last round."""
        return self._one(ladder.ladders, "waterfall", model)

    def waterfall(self, model: str | None = None) -> Figure:
        """Losses of alignment along the way from users to the model, added up."""
        return self._one(ladder.waterfalls, "waterfall", model)

    def preferences(self, model: str | None = None) -> Figure:
        """ρ of each party with users and with the guideline's author, first round and last."""
        return self._one(preferences.preferences, "alignment", model)

    def orders(self) -> Figure:
        """Orders of judgement: fidelity, validity, hours and dollars."""
        return self._one(orders.orders, "orders")

    def dismissals(self) -> Figure:
        """Those dismissed, rightly and wrongly."""
        return self._one(orders.decisions, "orders")

    def employment(self) -> Figure:
        """Who was hired, warned and fired, round by round."""
        return self._one(employment.employment, "consequences")

    def frontier(self, model: str | None = None) -> Figure:
        """Score by the reward model, and gain for users and maker, over KL from the reference."""
        return self._one(frontier.frontier, "on_policy", model)

    def overoptimization(self) -> Figure:
        """Gains of users over √KL, by picking the best of n and by learning."""
        return self._one(overoptimization.overoptimization, "best_of or learning_curve")

    def money(self) -> Figure:
        """What corporations and vendors received and paid."""
        return self._one(money.money, "ledger")

    def _one(self, charts: Callable[[Run], Iterator[Chart]], table: str, model: str | None = None) -> Figure:
        require_matplotlib()
        if "runs" in self._run.manifest:
            raise InvalidInput(Problem("these are several runs", "load one of them", self._run.path))
        found = list(charts(self._run))
        if model is not None:
            found = [chart for chart in found if chart.of == model]
        if not found:
            what = "this run has nothing to show of it" if model is None else f"there is nothing to show of {model!r}"
            raise InvalidInput(Problem(what, f"its numbers would be in the table {table}", self._run.path))
        return drawn(found[0])


class StudyPlots:
    """The figures of a study; each is a Figure of matplotlib. All raise InvalidInput where there is nothing to show,
    or matplotlib is missing."""

    def __init__(self, study: StudyRuns) -> None:
        self._study = study

    def effects(self, by: str = "arm", base: Any = None) -> Figure:
        """Differences to the base (the first arm unless it is given), every seed shown, with 95 % intervals."""
        return self._first(arms.effect_plots(self._study, by, base), f"there are 2 to {arms.MOST_ARMS} values of {by}")

    def outcomes(self) -> Figure:
        """Outcomes of each arm, every seed shown, with 95 % intervals."""
        return self._first(arms.outcomes(self._study), f"there are no more than {arms.MOST_ARMS} arms")

    def curve(self, key: str) -> Figure:
        """Outcomes by a setting that varies in numbers."""
        found = (chart for chart in arms.curves(self._study) if chart.of == key)
        return self._first(found, f"{key} has two different numbers at least")

    def overoptimization(self) -> Figure:
        """Gains of users over √KL, by picking the best of n and by learning, a line for each arm."""
        when = f"best_of or learning_curve was measured, in no more than {overoptimization.MOST_ARMS} arms"
        return self._first(overoptimization.overoptimization(self._study), when)

    def _first(self, charts: Iterator[Chart], when: str) -> Figure:
        require_matplotlib()
        chart = next(charts, None)
        if chart is None:
            raise InvalidInput(Problem("nothing to show", f"a run must have ended, and {when}", self._study.path))
        return drawn(chart)


RUN = (ladder.ladders, ladder.waterfalls, preferences.preferences, orders.orders, employment.employment,
       orders.decisions, frontier.frontier, overoptimization.overoptimization, money.money)  # fmt: skip
