"""Training: people come to read the guideline as their trainer does, for better or worse, by iterated learning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simlab.consequences.people import trainers
from tests.small_world import LEARN, Played, play

DAYS = 4
WORLD: dict[str, Any] = {
    "days": DAYS,
    "world.dimensions": 16,
    "parties.pool": {"kind": "raters", "count": 30, "misreading": 0.6, "policy": {"kind": "mistaken", "flip": 0.1}},
    "relations.1": {"principal": "acme", "agent": "pool", "every": 1, "sample": 1},
    f"{LEARN}.sample": 900,
}


def trained(
    folder: Path, trainer: dict[str, Any], shrink: float, pool: dict[str, Any] | None = None, *, seed: int = 0
) -> Played:
    """A run in which everyone is trained by auditors of this sort after every look."""
    changes = {
        **WORLD,
        **(pool or {}),
        "parties.leads": {"kind": "auditors", "count": 1, "policy": "oracle", **trainer},
        "relations.4": {
            "principal": "leads", "agent": "pool", "every": 1, "sample": 1.0,
            "consequence": {"kind": "retrain", "below": 1.0, "shrink": shrink, "hours": 0},
        },
    }  # fmt: skip
    return play(folder, changes, seed=seed, measured=True)


def errors(run: Played, name: str) -> np.ndarray:
    """How far people of a pool go by something else than the guideline now [R, D], in norms of it."""
    pool, standard = run.context.parties[name], run.context.parties["acme"].standard()
    return np.asarray((pool.cohort.vector - standard.vector) / standard.unit)


@pytest.mark.parametrize(("shrink", "misreading"), [(0.5, 0.9), (0.8, 0.5), (0.3, 0.0)])
def test_an_error_becomes_the_trainers_by_powers_of_what_is_left(
    tmp_path: Path, shrink: float, misreading: float
) -> None:
    run = trained(tmp_path, {"misreading": misreading}, shrink)
    acts = run.consequences[run.consequences.kind == "retrain"]
    times = acts.groupby("agent").size().reindex(run.context.parties["pool"].names.to_pylist(), fill_value=0)
    assert times.min() >= DAYS - 2
    pool = run.context.parties["pool"]
    first = 0.6 * pool.context.deviations(pool.context.rng.key("pool", "misreading"), pool.cohort.number)
    left = shrink ** times.to_numpy()[:, None]
    np.testing.assert_allclose(errors(run, "pool"), left * first + (1 - left) * errors(run, "leads")[0], atol=1e-12)
    assert np.abs(errors(run, "pool") - left * first).max() > 0.01 or misreading == 0  # not toward the guideline


@pytest.mark.slow
def test_bad_trainers_make_raters_worse_and_good_ones_better(tmp_path: Path) -> None:
    """Trainers whose own values, held against the guideline, all pull one way; over five worlds."""
    bad = {"values": {"truthful": 1}, "compliance": 0.1}
    found: dict[str, list[float]] = {"good": [], "bad": []}
    for name, trainer in (("good", {}), ("bad", bad)):
        for seed in range(5):
            run = trained(tmp_path, {**trainer, "misreading": 0.2}, 0.5, seed=seed)
            rows = run.orders.query("principal == 'leads'")
            means = rows.fidelity_guideline.to_numpy()
            found[name].append(means[-1] - means[0])
            assert np.sign(rows.teaching.sum()) == (1 if name == "good" else -1)
            assert np.abs(rows[["selection", "deterrence"]].to_numpy()).max() < 1e-12
    good, worse = (np.array(found[name]) for name in ("good", "bad"))
    assert good.mean() > 3 * good.std(ddof=1) / np.sqrt(5) > 0
    assert worse.mean() < -3 * worse.std(ddof=1) / np.sqrt(5) < 0


def test_those_who_read_exactly_can_be_taught_to_err(tmp_path: Path) -> None:
    run = trained(tmp_path, {"misreading": 1.0}, 0.5, {"parties.pool.misreading": 0.0})
    assert np.linalg.norm(errors(run, "pool"), axis=1).min() > 0.5 * np.linalg.norm(errors(run, "leads")[0])


def test_a_firm_trains_toward_its_own_reading(tmp_path: Path) -> None:
    """The corporation's is the guideline, so that misreadings only shrink."""
    changes = {
        **WORLD,
        "relations.1.sample": 1.0,
        "relations.1.consequence": {"kind": "retrain", "below": 1.0, "shrink": 0.5, "hours": 0},
    }
    run = play(tmp_path, changes, measured=True)
    assert run.context.parties["pool"].taught is None
    sizes = np.linalg.norm(errors(run, "pool"), axis=1)
    assert sizes.max() < 0.6 * 0.5 ** (DAYS - 2) * 2


def test_trainees_have_trainers_by_lot(tmp_path: Path) -> None:
    """Every trainer has about as many of them, and each teaches what they go by themselves."""
    run = trained(tmp_path, {"misreading": 0.9, "count": 3}, 0.5)
    relation = next(r for r in run.context.relations if r.principal.name == "leads")
    taught, own = trainers(relation, np.arange(30)), run.context.parties["leads"].cohort.vector
    who = np.array([int(np.flatnonzero((own == row).all(axis=1))[0]) for row in taught])
    assert np.bincount(who, minlength=3).min() > 2
