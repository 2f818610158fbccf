"""The closed forms of the gaussian regime, from runs of the gaussian world: chains, trees, agreement, audits, tilts.

Each law is held at two or three points over independent seeds. It must pass `Check`: the mean over replications lies
within four standard errors of the prediction, and the whole interval within an equivalence margin around it,
so that a wide interval cannot pass. Every law comes with a wrong one that the same check must refuse.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

from simlab.components.choice_noise import NEAR_TIE
from simlab.measures.agreement import Ratings, coefficients
from tests.small_world import AUDIT, LEARN, TRAIN, Played, replications

pytestmark = pytest.mark.slow

REPLICATIONS = 24
LARGE = 64  # dimensions; what isotropic kicks add at order 1/d is below .001 here
Row = dict[str, float]


@dataclasses.dataclass(frozen=True)
class Check:
    """One law at one point: what theory predicts, and what independent runs show."""

    law: str
    predicted: float
    observed: float
    error: float  # standard error of `observed`
    margin: float

    @property
    def z(self) -> float:
        """Distance from the prediction in standard errors."""
        return (self.observed - self.predicted) / max(self.error, 1e-15)

    @property
    def holds(self) -> bool:
        """Whether the law stands: not refuted, and known well enough to say so."""
        return abs(self.z) < 4 and abs(self.observed - self.predicted) + 2 * self.error < self.margin

    def __str__(self) -> str:
        said = f"{self.law}: predicted {self.predicted:.4f}, observed {self.observed:.4f} ± {self.error:.4f}"
        return f"{said}, z {self.z:+.2f}, margin {self.margin:g}: {'holds' if self.holds else 'refused'}"


def check(law: str, predicted: float, values: Sequence[float], margin: float) -> Check:
    """The check of a mean over replications; printed, so that `pytest -rP` shows all figures."""
    found = np.asarray(values, dtype=float)
    assert len(found) >= 20
    verdict = Check(law, predicted, float(found.mean()), float(found.std(ddof=1) / np.sqrt(len(found))), margin)
    print(verdict)
    return verdict


def seeds(point: int, count: int = REPLICATIONS) -> range:
    """Seeds of their own for every point of a law."""
    return range(1000 * point, 1000 * point + count)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this module's runs live for a moment."""
    return tmp_path_factory.mktemp("laws")


def rho(run: Played, a: str, b: str, column: str = "rho") -> float:
    """An entry of the alignment table, in the last round."""
    rows = run.alignment
    found = rows[(rows.a == a) & (rows.b == b) & (rows.order == 1) & (rows["round"] == rows["round"].max())]
    return float(found[column].item())


def column(rows: Sequence[Row], name: str) -> list[float]:
    """One measure of all replications."""
    return [row[name] for row in rows]


# ---- the tree: noise averages out at the level where it enters, and no higher ------------------------------------

TREES = [(0.55, 4, 0.77), (0.5, 8, 1.0), (0.8, 16, 0.5)]  # misreading of acme, raters, misreading of each


@pytest.fixture(scope="module")
def trees(folder: Path) -> dict[tuple[float, int, float], list[Row]]:
    """ρ with users of the whole pool, and of one rater on average."""
    return {
        p: [tree(r) for r in replications(folder, planted(*p), seeds(i, 32), measured=True)]
        for i, p in enumerate(TREES)
    }


def planted(above: float, raters: int, below: float) -> dict[str, Any]:
    return {
        "world.dimensions": LARGE,
        "parties.acme.misreading": above,
        "parties.pool.count": raters,
        "parties.pool.misreading": below,
        f"{LEARN}.sample": 400,
    }


def tree(run: Played) -> Row:
    """What people prefer is the same in every round."""
    paths = run.raters.groupby("worker").rho_intent.last()
    return {"pooled": rho(run, "users", "pool"), "path": float(paths.mean())}


@pytest.mark.parametrize("point", TREES)
def test_tree_law(point: tuple[float, int, float], trees: Mapping[Any, list[Row]]) -> None:
    above, raters, below = point
    pooled, path = (column(trees[point], name) for name in ("pooled", "path"))
    assert check("pool of a tree", (1 + above**2 + below**2 / raters) ** -0.5, pooled, 0.03).holds
    assert check("path of a tree", (1 + above**2 + below**2) ** -0.5, path, 0.03).holds
    assert not check("noise that does not average out", (1 + above**2 + below**2) ** -0.5, pooled, 0.03).holds
    assert not check("noise above that averages out, too", (1 + above**2 / raters) ** -0.5, pooled, 0.03).holds


@pytest.mark.parametrize("point", TREES)
def test_noise_in_units_of_what_was_received_is_another_law(
    point: tuple[float, int, float], trees: Mapping[Any, list[Row]]
) -> None:
    above, _, below = point
    relative = ((1 + above**2) * (1 + below**2)) ** -0.5
    assert not check("noise relative to what was received", relative, column(trees[point], "path"), 0.03).holds


# ---- the chain: ρ multiplies ------------------------------------------------------------------------------------

CHAIN = ["users", "acme", "pool", "rm"]
BIASED: dict[str, Any] = {  # chains without a bias, and with a side channel, are laws of `simlab theory`
    "parties.acme.guideline.operative": {"helpful": 1, "engaging": 0.75},  # cos .8, before it is misread
    "parties.acme.misreading": 0.2,
    "parties.pool.misreading": 0.5,
    f"{LEARN}.sample": 700,
}


def links(run: Played) -> list[float]:
    """ρ over each link of the chain, and from end to end."""
    return [rho(run, a, b) for a, b in pairwise(CHAIN)] + [rho(run, CHAIN[0], CHAIN[-1])]


def test_chain_law_as_the_table_alignment_shows_it(folder: Path) -> None:
    """Mean ρ from end to end against the product of the links' mean ρ, with a jackknifed error."""
    changes = {"world.dimensions": LARGE, "parties.pool.count": 1, **BIASED}
    found = np.array([links(run) for run in replications(folder, changes, seeds(2), measured=True)])

    def gap(rows: Any) -> float:
        return float(rows[:, -1].mean() - rows[:, :-1].mean(axis=0).prod())

    n = len(found)
    left_out = np.array([gap(np.delete(found, i, axis=0)) for i in range(n)])
    error = float(np.sqrt((n - 1) / n * np.sum((left_out - left_out.mean()) ** 2)))
    product = float(found[:, :-1].mean(axis=0).prod())
    verdict = Check("biased chain", product, product + gap(found), error, 0.05)
    print(verdict, f"(links {np.round(found[:, :-1].mean(axis=0), 3)})")
    assert verdict.holds
    assert verdict.observed / product == pytest.approx(1, abs=0.15)
    weakest = float(found[:, :-1].mean(axis=0).min())
    assert not dataclasses.replace(verdict, predicted=weakest).holds  # as if only the weakest link counted


# ---- one currency: pairwise accuracy follows from ρ ---------------------------------------------------------------

BESIDE = [0.4, 1.0, 2.0]  # how much each further corporation wants of what users do not want


def test_pairwise_accuracy(folder: Path) -> None:
    changes: dict[str, Any] = {"panel.responses": 4}
    for i, weight in enumerate(BESIDE):
        wanted = {"helpful": 1, "engaging": weight}
        changes[f"parties.firm{i}"] = {"kind": "corporation", "guideline": {"operative": wanted}}
        changes[f"relations.{4 + i}"] = {"principal": "users", "agent": f"firm{i}", "every": 1, "sample": 5}
    runs = [
        {(i, m): rho(run, "users", f"firm{i}", m) for i in range(3) for m in ("rho", "accuracy")}
        for run in replications(folder, changes, seeds(0), measured=True)
    ]
    for i, weight in enumerate(BESIDE):
        cosine = (1 + weight**2) ** -0.5
        accuracy = [run[i, "accuracy"] for run in runs]
        assert check("correlation is the cosine", cosine, [run[i, "rho"] for run in runs], 0.01).holds
        assert check("pairwise accuracy", 0.5 + np.arcsin(cosine) / np.pi, accuracy, 0.01).holds
        assert not check("accuracy linear in ρ", (1 + cosine) / 2, accuracy, 0.01).holds


# ---- raters: agreement, κ, accuracy, and what audits make of it ---------------------------------------------------

FLIPS = [(0.05, 0.1), (0.15, 0.25), (0.3, 0.05)]  # of raters, and of the corporation's gold
PAIRS = 1600  # then κ is known to .005, a sixth of its margin
TARGETS = [0.6, 0.726, 0.85]  # InstructGPT's labelers agreed on 72.6 %


def flips(rate: float, gold_error: float) -> dict[str, Any]:
    policy = {"kind": "mistaken", "flip": rate}
    return {  # days long enough for the slowest of them to finish
        "parties.pool": {"kind": "raters", "count": 8, "overlap": 2, "hours": 16, "policy": policy},
        "parties.acme.gold_error": gold_error,
        f"{LEARN}.sample": PAIRS,
        f"{AUDIT}.sample": 1.0,
    }


def labelled(run: Played) -> Row:
    """What two raters a pair made of it, and what acme's audit of all labels found."""
    labels = run.comparisons
    assert len(labels) == 2 * PAIRS
    audits = run.judgements[run.judgements.order == 2]
    assert audits["sample"].sum() == len(labels)
    found = coefficients(Ratings.of_columns(labels.task, labels.worker, labels.label))
    return {
        "agreement": found["percent"],
        "kappa": found["krippendorff"],  # of raters who are all alike, and of whom other two judge each pair
        "accuracy": float((labels.label == labels.gold).mean()),
        "audited": float(np.average(audits.score, weights=audits["sample"])),
    }


@pytest.fixture(scope="module")
def mistaken(folder: Path) -> dict[tuple[float, float], list[Row]]:
    """Runs of raters who flip labels."""
    return {p: [labelled(r) for r in replications(folder, flips(*p), seeds(i))] for i, p in enumerate(FLIPS)}


@pytest.mark.parametrize("point", FLIPS)
def test_two_raters_who_flip_labels(point: tuple[float, float], mistaken: Mapping[Any, list[Row]]) -> None:
    rate, rows = point[0], mistaken[point]
    kappa = (1 - 2 * rate) ** 2
    assert check("agreement of two raters", (1 + kappa) / 2, column(rows, "agreement"), 0.02).holds
    assert check("kappa of two raters", kappa, column(rows, "kappa"), 0.03).holds
    assert check("accuracy of a rater", 1 - rate, column(rows, "accuracy"), 0.02).holds
    assert not check("agreement as if one of two erred", 1 - rate, column(rows, "agreement"), 0.02).holds
    assert not check("kappa not squared", 1 - 2 * rate, column(rows, "kappa"), 0.03).holds


@pytest.mark.parametrize("point", FLIPS)
def test_gold_that_errs(point: tuple[float, float], mistaken: Mapping[Any, list[Row]]) -> None:
    rate, wrong = point
    found = column(mistaken[point], "audited")
    predicted = (1 - rate) * (1 - wrong) + rate * wrong
    assert check("score audited against wrong gold", predicted, found, 0.02).holds
    assert not check("as if gold were right", 1 - rate, found, 0.02).holds


@pytest.mark.parametrize("target", TARGETS)
def test_raters_agree_on_clear_pairs_as_often_as_targeted(target: float, folder: Path) -> None:
    policy = {"kind": "boltzmann", "agreement": target}
    changes = {"parties.pool": {"kind": "raters", "count": 6, "overlap": 2, "policy": policy}, f"{LEARN}.sample": 1200}
    clear, every = [], []
    for run in replications(folder, changes, seeds(TARGETS.index(target), 40)):
        labels = run.comparisons
        pairs = labels.groupby("task").agg(left=("label", "first"), right=("label", "last"), gap=("perceived", "mean"))
        agreed = pairs.left == pairs.right
        clear.append(float(agreed[pairs.gap.abs() > NEAR_TIE * np.sqrt(np.mean(pairs.gap**2))].mean()))
        every.append(float(agreed.mean()))
    assert check("agreement on clear pairs", target, clear, 0.012).holds
    assert not check("agreement as of one rater with the truth", 0.5 + np.sqrt(2 * target - 1) / 2, clear, 0.012).holds
    if target > 0.7:  # at .6 near-ties hardly differ from the rest
        assert not check("agreement on all pairs", target, every, 0.012).holds


# ---- the policy: an exponential tilt, and the most it can gain ----------------------------------------------------

LEASHES = [0.5, 1.0, 2.0]


def tilted(run: Played) -> Row:
    """The policy's KL as recorded and from its parts; ρ along the last links; the gain in acme's standardized utility.

    acme values one axis, whose column of `responses` holds the normal distribution function of it; a prompt's draw
    is the same in every round, so the gain is known without sampling error.
    """
    parties, learner = run.context.parties, run.policy.iloc[-1]
    judge, shape = parties["rm"], run.context.relations[3].consequences[0].spec.shape
    mean = judge.backend.direction / (judge.scale * shape.beta)
    said = run.responses
    helpful = [ndtri(said[said["round"] == number].helpful.to_numpy()).mean() for number in (0, 1)]
    return {
        "kl": float(learner.objective_kl),
        "from parts": float(mean @ mean / 2),
        "rm to lm": rho(run, "rm", "lm"),
        "rho": rho(run, "acme", "rm"),
        "gain": float(helpful[1] - helpful[0]),
    }


@pytest.mark.parametrize("beta", LEASHES)
def test_the_tilt(beta: float, folder: Path) -> None:
    changes = {
        "parties.pool": {"kind": "raters", "count": 2, "misreading": 1.0, "policy": {"kind": "mistaken"}},
        f"{TRAIN}.consequence": {"kind": "gradient", "shape": {"kind": "plain", "beta": beta}},
    }
    rows = [tilted(run) for run in replications(folder, changes, seeds(LEASHES.index(beta)), measured=True)]
    kl, gain = np.array(column(rows, "kl")), np.array(column(rows, "gain"))
    np.testing.assert_allclose(kl, column(rows, "from parts"), rtol=1e-9)
    np.testing.assert_allclose(column(rows, "rm to lm"), 1, atol=1e-9)
    assert check("KL of a standardized reward", 1 / (2 * beta**2), kl.tolist(), 0.03 / beta**2).holds
    share = gain / np.sqrt(2 * kl)  # of the most that a policy this far away could gain
    gap = share - column(rows, "rho")
    assert check("gold gained, less ρ√(2 KL), per √(2 KL)", 0, gap.tolist(), 0.02).holds
    assert not check("gold gained without distortion", 1, share.tolist(), 0.02).holds
    assert not check(
        "gold gained at half the distance", 0, (gain / np.sqrt(kl) - column(rows, "rho")).tolist(), 0.02
    ).holds
