"""The one idea: samples, calendars, and the order of looking, judging and acting."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import simpy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simlab.clock import at, day_of
from simlab.relation import Consequence, Effect, Judgement, Party, Relation, Work
from simlab.scenario import Scenario, load
from simlab.scenario.budget import worked
from simlab.scenario.description import describe
from tests.small_world import AUDIT, LEARN, LOOK, TRAIN, built_ins, play, written

ANY_TIME = settings(deadline=None, derandomize=True)


class Doer(Party):
    """Works, judges and hears, and says so in a diary."""

    work_order = 0

    def __init__(self, name: str, diary: list[str], pieces: int = 3) -> None:
        super().__init__(name)
        self.diary = diary
        self.pieces = pieces

    def utility(self, panel: Any) -> Any:
        return np.zeros(len(panel.items))

    def work(self, relation: Relation) -> Generator[simpy.Event, Any, Work]:
        yield from ()
        self.diary.append(f"{self.name} works")
        return Work(self.name, list(range(self.pieces)), self.pieces)

    def judge(self, relation: Relation, work: Work) -> Generator[simpy.Event, Any, Judgement]:
        yield from ()
        self.diary.append(f"{self.name} judges")
        return Judgement(work.agent, work.items, work.size, self.name, relation.order, {work.agent: 1.0})

    def on_judged(self, judgement: Judgement) -> None:
        self.diary.append(f"{self.name} hears of {judgement.scores[self.name]:g}")


class Praise(Consequence):
    """A consequence that does something if told to."""

    def __init__(self, diary: list[str], *, empty: bool = False) -> None:
        self.diary = diary
        self.empty = empty

    def apply(self, relation: Relation, judgement: Judgement) -> Generator[simpy.Event, Any, Sequence[Effect]]:
        yield from ()
        self.diary.append("acts")
        return [] if self.empty else [Effect("praise", judgement.agent)]


def relation_between(diary: list[str], *, pieces: int = 3, sample: float | int = 0.5, empty: bool = False) -> Relation:
    def after(relation: Relation) -> Generator[simpy.Event, Any, None]:
        yield from ()
        diary.append("after")

    log: Any = SimpleNamespace(
        judged=lambda relation, judgement: diary.append("judgement recorded"),
        followed=lambda relation, judgement, effects, by: diary.append(f"{len(effects)} effects recorded"),
        acted=after,
    )
    principal, agent = Doer("acme", diary), Doer("pool", diary, pieces)
    return Relation(log, principal, agent, 2.5, sample, [Praise(diary, empty=empty)])


def test_a_judgement_is_work() -> None:
    assert issubclass(Judgement, Work)
    assert Judgement("pool", size=3).size == 3


def test_look_judge_act_in_this_order() -> None:
    diary: list[str] = []
    relation = relation_between(diary)
    list(relation.look())
    assert diary == [
        "pool works", "acme judges", "judgement recorded", "pool hears of 1", "acts", "1 effects recorded", "after",
    ]  # fmt: skip
    assert (relation.name, relation.order, relation.looks) == ("acme → pool", 1, 1)


def test_of_nothing_there_is_no_judgement_but_there_may_be_consequences() -> None:
    diary: list[str] = []
    list(relation_between(diary, pieces=0).look())
    assert diary == ["pool works", "acts", "1 effects recorded", "after"]


def test_nothing_done_changes_nothing() -> None:
    diary: list[str] = []
    list(relation_between(diary, empty=True).look())
    assert diary[-2:] == ["acts", "0 effects recorded"]


# ---- samples ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@ANY_TIME
@given(share=st.floats(1e-6, 1), population=st.integers(0, 10**6))
def test_a_share_is_rounded_up(share: float, population: int) -> None:
    seen = relation_between([], sample=share).sampled(population)
    assert min(population, 1) <= seen <= population
    assert seen - 1 < share * population + 1e-6
    assert seen >= share * population - 1e-6


@ANY_TIME
@given(percent=st.integers(1, 100), hundreds=st.integers(1, 1000))
def test_a_round_share_is_not_rounded_up_further(percent: int, hundreds: int) -> None:
    assert relation_between([], sample=percent / 100).sampled(100 * hundreds) == percent * hundreds


@ANY_TIME
@given(number=st.integers(1, 10**7), population=st.integers(0, 10**7))
def test_a_number_is_that_many_at_most(number: int, population: int) -> None:
    assert relation_between([], sample=number).sampled(population) == min(number, population)


# ---- calendars ----------------------------------------------------------------------------------------------------

DAYS = st.floats(0, 36_500, allow_subnormal=False)


@ANY_TIME
@given(now=DAYS, time=DAYS)
@example(now=1.6658100233817095, time=16385.67512495007)
@example(now=8192.0 + 2.0**-39, time=32767.0 + 2.0**-38)
def test_at_fires_exactly_then_or_now_if_that_is_past(now: float, time: float) -> None:
    env = simpy.Environment(now)
    env.run(env.process(at(env, time)))
    assert env.now == max(now, time)


def test_one_timeout_would_not_always_do() -> None:
    now, time = 1.6658100233817095, 16385.67512495007
    assert now + (time - now) > time


@ANY_TIME
@given(first=st.integers(1, 400), second=st.integers(1, 400), times=st.integers(1, 50))
def test_calendars_that_meet_in_theory_meet(first: int, second: int, times: int) -> None:
    both = first * second * times  # in hundredths of a day
    assert day_of(both // first, first / 100) == day_of(both // second, second / 100) == both / 100


def test_multiplying_alone_would_drift() -> None:
    assert 3 * 2.2 != 2 * 3.3
    assert 3 * 0.1 > 0.3


@ANY_TIME
@given(every=st.integers(1, 5000), looks=st.integers(1, 300), rest=st.floats(0, 0.99))
def test_looks_on_every_day_of_the_calendar_up_to_and_including_the_last(every: int, looks: int, rest: float) -> None:
    relation = relation_between([])
    relation.every = every / 1000
    assert relation.days((looks + rest) * every / 1000 if rest > 0.01 else looks * every / 1000) == [
        pytest.approx(look * every / 1000, abs=1e-9) for look in range(1, looks + 1)
    ]


ODD = {  # the days that relations look, in a run of 6.6 days
    f"{LOOK}.every": 2.2,
    f"{AUDIT}.every": 0.3,
    f"{LEARN}.every": 1.1,
    f"{TRAIN}.every": 3.3,
}


def test_every_relation_of_a_run_looks_on_its_days(tmp_path: Path) -> None:
    run = play(tmp_path, {"days": 6.6, **ODD, f"{LOOK}.consequence": "churn", f"{LEARN}.sample": 60})
    seen = run.judgements.groupby(["principal", "agent"]).time.unique()
    assert seen["users", "acme"].tolist() == [2.2, 4.4, 6.6]
    assert seen["pool", "rm"].tolist() == [1.1, 2.2, 3.3, 4.4, 5.5, 6.6]
    assert seen["rm", "lm"].tolist() == [3.3, 6.6]
    audits = run.judgements[run.judgements.order == 2].time.unique()
    assert set(audits) <= {round(0.3 * look, 9) for look in range(1, 23)}
    assert audits.max() == 6.0  # the last shift begins on day 5.9
    assert run.policy.time.tolist() == [3.3, 6.6]


def test_a_judge_is_judged_before_it_judges_on_the_same_day(tmp_path: Path) -> None:
    """Whatever the order of the file: audits come before the reward model learns, and it learns before it teaches."""
    order = {LOOK: 3, AUDIT: 2, LEARN: 1, TRAIN: 0}
    said = play(tmp_path).context.scenario.canonical()["relations"]
    backwards = {f"relations.{place}": said[int(name[-1])] for name, place in order.items()}
    found = [play(tmp_path, {**changes, "days": 3}) for changes in ({}, backwards)]
    for run in found:
        days = run.judgements.groupby("time").principal.unique()
        assert all(list(day) == ["users", "acme", "pool", "rm"] for day in days)
        assert run.policy["round"].tolist() == [1, 2, 3]
        assert run.policy.time.tolist() == [1, 2, 3]
    assert found[0].comparisons.equals(found[1].comparisons)
    assert found[0].policy.equals(found[1].policy)


# ---- from a day, until a day ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [(None, None, [1, 2, 3, 4, 5, 6]), (3, None, [3, 4, 5, 6]), (None, 3, [1, 2, 3]), (2.5, 4.5, [3, 4])],
)
def test_it_looks_on_days_between(since: float | None, until: float | None, days: list[int], tmp_path: Path) -> None:
    """Raters work for the looks there are; the others look as ever, and nobody else's draws move."""
    between = {**({} if since is None else {"from": since}), **({} if until is None else {"until": until})}
    changes = {"days": 6, **{f"{LEARN}.{key}": value for key, value in between.items()}}
    run = play(tmp_path, changes)
    seen = run.judgements.groupby(["principal", "agent"]).time.unique()
    assert seen["pool", "rm"].tolist() == days
    assert seen["users", "acme"].tolist() == [1, 2, 3, 4, 5, 6]
    assert seen["rm", "lm"].tolist() == [day for day in range(1, 7) if day >= days[0]]  # untaught, it judges nothing
    assert sorted({int(np.ceil(time)) for time in run.comparisons.time}) == days
    scenario = run.context.scenario
    spec = scenario.relations[2]
    assert (spec.looks(6), spec.first(), spec.last(6)) == (len(days), days[0], days[-1])
    assert worked(spec, 6.0)[0] == len(days)
    assert scenario.canonical()["relations"][2].keys() >= between.keys()
    again = yaml_again(scenario, tmp_path)
    assert again.relations == scenario.relations
    if days == [1, 2, 3]:
        whole = play(tmp_path, {"days": 6}).comparisons
        pd.testing.assert_frame_equal(run.comparisons, whole[whole.time < 3], check_categorical=False)


def yaml_again(scenario: Scenario, folder: Path) -> Scenario:
    """The scenario as read from what it writes of itself."""
    (folder / "again.yaml").write_text(scenario.as_yaml())
    return load(folder / "again.yaml", plugins=built_ins())


def test_a_model_that_nobody_trains_any_more_has_had_its_last_round(tmp_path: Path) -> None:
    changes = {"days": 6, f"{TRAIN}.until": 2, "panel.rounds": "last"}
    run = play(tmp_path, changes, measured=True)
    assert run.policy["round"].tolist() == [1, 2]
    assert sorted(set(run.responses["round"])) == [0, 2]
    assert run.responses.time.max() == 2


def test_description_says_when(tmp_path: Path) -> None:
    file = written(tmp_path / "scenario.yaml", {"days": 6, f"{LEARN}.from": 2, f"{LEARN}.until": 4})
    assert "pool → rm: every 1 days, from day 2, until day 4, a look at 200 pieces" in describe(
        load(file, plugins=built_ins()), file
    )
