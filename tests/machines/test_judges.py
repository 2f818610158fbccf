"""Several reward models that judge one language model: the sum of their scores, each standardized and weighed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import simlab
from simlab.errors import InvalidInput
from simlab.machines.gaussian_lm import GaussianLM
from simlab.machines.networks import revive_jury
from simlab.nets.ensemble import Ensemble, Jury
from simlab.nets.reward_model import RewardModel
from simlab.nets.transformer import Transformer, TransformerConfig, to_arrays
from tests.loading import load
from tests.small_world import FIRST, HURRIED, Played, play, written

TRAIN = "relations.3.consequence"


def judged(weights: tuple[float, float], **more: Any) -> dict[str, Any]:
    """The small world with a second reward model, taught by raters who mind two other things."""
    gradient = {"kind": "gradient", "shape": {"kind": "plain", "beta": 0.5}}
    return {
        "parties.nurses": {"kind": "raters", "count": 8, "values": {"harmless": 1}},
        "parties.care": {"kind": "reward_model"},
        "parties.users.values": {"helpful": 1, "harmless": 1},
        TRAIN: {**gradient, "weight": weights[0]},
        "relations.4": {"principal": "nurses", "agent": "care", "every": 1, "sample": 200, "consequence": "gradient"},
        "relations.5": {
            "principal": "care", "agent": "lm", "every": 1, "sample": 2,
            "consequence": {**gradient, "weight": weights[1]},
        },
        **more,
    }  # fmt: skip


def pulls(run: Played) -> tuple[np.ndarray[Any, Any], dict[str, Any]]:
    """Where the language model went [d], and the direction of each judge's score in its unit."""
    parties: dict[str, Any] = run.context.parties
    backend = parties["lm"].backend
    assert isinstance(backend, GaussianLM)
    units = {name: parties[name].backend.direction / parties[name].scale for name in ("rm", "care")}
    return backend.mean, units


@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.3, 0.7), (2.0, 0.5), (0.0, 1.0)])
def test_the_optimum_is_that_of_the_weighted_sum(weights: tuple[float, float], tmp_path: Path) -> None:
    """Where the language model moves to π* at once, its mean is Σ wᵢ·θᵢ/σᵢ, divided by β. (Wrong: equal weights.)"""
    mean, units = pulls(play(tmp_path, judged(weights)))
    expected = sum(w * unit for w, unit in zip(weights, units.values(), strict=True)) / 0.5
    np.testing.assert_allclose(mean, expected, atol=1e-9)
    assert abs(mean - sum(units.values()) / 0.5).max() > 0.1 or weights == (1.0, 1.0)


def test_a_score_is_the_weighted_sum_of_scores(tmp_path: Path) -> None:
    """The mean score of the trained model, as the table has it: Σ wᵢ·(θᵢ·mean − centreᵢ)/σᵢ."""
    run = play(tmp_path, judged((0.3, 0.7)))
    mean, units = pulls(run)
    parties: Any = run.context.parties
    each = {n: float(unit @ mean) - parties[n].centre / parties[n].scale for n, unit in units.items()}
    assert run.policy.objective_scores.item() == pytest.approx(0.3 * each["rm"] + 0.7 * each["care"])
    assert run.policy.principal.tolist() == ["rm + care"]


def test_a_model_is_trained_once_a_look(tmp_path: Path) -> None:
    """By the last of its judges, after all of them have learned; each has looked and said what it thinks."""
    run = play(tmp_path, judged((1.0, 1.0), days=3))
    assert run.policy["round"].tolist() == [1, 2, 3]
    said = run.judgements[run.judgements.agent == "lm"]
    assert said.groupby("principal").size().to_dict() == {"care": 3, "rm": 3}
    effects = run.consequences[run.consequences.agent == "lm"]
    assert effects.principal.tolist() == ["care"] * 3
    assert run.policy.time.min() >= run.reward_model.time.min()


def test_its_curve_is_told_once_and_paid_by_all(tmp_path: Path) -> None:
    """The proxy while it learns is what all judges together pay; each has its own score in a column beside it."""
    run = play(tmp_path, judged((0.3, 0.7), days=2, **{"panel.learning_curve": {"prompts": 200}}), measured=True)
    rows = run.learning_curve
    assert rows.iteration.tolist() == [0, 1] * 2  # not once a judge
    assert rows.proxy.to_numpy() == pytest.approx((0.3 * rows.utility_rm + 0.7 * rows.utility_care).to_numpy())
    assert abs(rows.proxy - rows.utility_care).max() > 0.1
    assert (rows.proxy[rows.iteration == 1].to_numpy() > rows.proxy[rows.iteration == 0].to_numpy()).all()


def test_that_gold_falls_while_both_pay_more_is_told_once(tmp_path: Path) -> None:
    """A firm and nurses who want the contrary of what users want; in the table of alarms, users lose once a round."""
    wrong = {"parties.acme.guideline.operative": {"helpful": -1}, "parties.nurses.values": {"harmless": -1}, "days": 1}
    rows = play(tmp_path, judged((0.5, 0.5), **wrong), measured=True).alarms
    lost = rows[(rows.kind == "overoptimization") & (rows.party == "users")]
    assert lost["round"].tolist() == [1]
    right = play(tmp_path, judged((0.5, 0.5), days=1), measured=True).alarms
    assert right[right.kind == "overoptimization"].empty


def test_a_judge_without_weight_moves_nothing(tmp_path: Path) -> None:
    """Weights (1, 0) are the first judge alone, (0, 1) the second: where the model goes is the same bit for bit."""
    tables = ("policy", "responses", "waterfall")
    both = {w: play(tmp_path, judged(w), measured=True) for w in ((1.0, 0.0), (0.0, 1.0))}
    second = ("parties.nurses", "parties.care", "relations.4", "relations.5")
    alone = {path: said for path, said in judged((1.0, 0.0)).items() if path not in second}
    one = play(tmp_path, alone, measured=True)
    for table in tables:
        mine, theirs = (r._table(table).drop(columns=["run"]) for r in (one, both[1.0, 0.0]))
        columns = [name for name in mine if name in theirs]
        assert {"principal", "utility_rm", "rho"} & set(columns)
        assert mine[columns].equals(theirs[columns]), table
    assert not both[0.0, 1.0].policy.equals(both[1.0, 0.0].policy)
    assert both[0.0, 1.0].policy.principal.tolist() == ["care"]


def test_the_waterfall_gives_each_judge_its_share(tmp_path: Path) -> None:
    """The level of the judges is the weighted sum of their standardized utilities; who has no weight is on none."""
    paths = {}
    for weights in ((0.3, 0.7), (1.0, 0.0)):
        run = play(tmp_path, judged(weights), measured=True)
        paths[weights] = run.waterfall.path.iloc[-1]
    assert " → rm + care → lm" in paths[0.3, 0.7]
    assert "pool + nurses" in paths[0.3, 0.7]
    assert paths[1.0, 0.0].endswith("→ pool → rm → lm")


def test_values_are_kept_apart_until_they_are_weighed(tmp_path: Path) -> None:
    """One reward model a criterion, by raters who mind that one: other weights ask for no label anew, and teach no
    reward model anything else; each knows its own criterion and not the other's."""
    criteria = {"rm": "helpful", "care": "harmless"}
    own = {"parties.pool.values": {"helpful": 1}, "parties.pool.compliance": 0}
    runs = [play(tmp_path, judged(weights, **own)) for weights in ((1.0, 0.2), (0.2, 1.0))]
    for table in ("comparisons", "reward_model"):
        one, other = (run._table(table).drop(columns="run") for run in runs)
        assert one.equals(other), table
    game = runs[0].context.game
    true = {name: game.value({criterion: 1.0}) for name, criterion in criteria.items()}
    for run, liked in zip(runs, criteria, strict=True):
        mean, units = pulls(run)
        for name, unit in units.items():
            cosines = {n: float(unit @ v / np.linalg.norm(unit) / np.linalg.norm(v)) for n, v in true.items()}
            assert cosines[name] > 0.6 > 0.4 > max(abs(c) for n, c in cosines.items() if n != name)
        gained = {name: float(mean @ vector) for name, vector in true.items()}
        assert max(gained, key=lambda name: gained[name]) == liked


def test_judges_have_learned_or_have_no_say(tmp_path: Path) -> None:
    """As long as one has nothing to go by, the others judge alone."""
    run = play(tmp_path, judged((1.0, 1.0), days=2, **{"relations.4.every": 2}))
    assert run.policy.principal.tolist() == ["rm", "rm + care"]


# ---- networks --------------------------------------------------------------------------------------------------------


def ensembles() -> list[Ensemble]:
    draws = torch.Generator().manual_seed(1)
    base = Transformer(TransformerConfig(vocab=20, width=16, layers=1, heads=2, context=16), draws)
    members = [RewardModel(base, draws) for _ in range(3)]
    return [Ensemble(members[:1], [0.1], [2.0], 0.1, 2.0), Ensemble(members[1:], [0.0, 1.0], [1.0, 3.0], 0.5, 4.0)]


def test_each_judge_reads_what_its_own_pretrained_model_finds_likely() -> None:
    """Of judges that grew from two pretrained models, what the first of these finds is no news to the other."""
    tokens = torch.randint(3, 20, (7, 9), generator=torch.Generator().manual_seed(2))
    prompts, responses = tokens[:, :5].numpy(), tokens[:, 5:].numpy()
    draws, config = torch.Generator().manual_seed(3), {"vocab": 20, "width": 16, "layers": 1, "heads": 2, "context": 16}
    judges: list[dict[str, Any]] = []
    for _ in range(2):
        base = Transformer(TransformerConfig(**config), draws)
        model = RewardModel(base, draws)
        torch.nn.init.normal_(model.head.weight, generator=draws)  # what it makes of likelihoods begins at 0
        units = {"centre": 0.0, "scale": 1.0, "centres": [0.0], "scales": [1.0], "weight": 1.0}
        about = {"config": config, "base": to_arrays(base), "log_probability": True}
        judges.append({**about, **units, "members": [to_arrays(model)]})
    jury = revive_jury([*judges, judges[0]], "cpu")
    known = jury.known(prompts, responses)
    found = jury.of_tokens(prompts, responses, known=known)
    for each, alone in zip(found, jury.of_tokens(prompts, responses), strict=True):
        torch.testing.assert_close(each, alone)
    wrong = jury.judges[1].of_tokens(prompts, responses, known=known)  # the control: the first one's likelihoods
    assert (wrong - found[1]).abs().max() > 0.1


def test_a_jury_adds_up_what_its_judges_say() -> None:
    tokens = torch.randint(3, 20, (7, 9), generator=torch.Generator().manual_seed(2))
    prompts, responses = tokens[:, :5], tokens[:, 5:]
    one, two = ensembles()
    jury = Jury([one, two], [0.25, 3.0], [True, False])
    added = jury.of_tokens(prompts, responses)
    expected = 0.25 * one.score(prompts, responses) + 3 * two.score(prompts, responses)
    torch.testing.assert_close(jury.standardized(added), expected)
    so_far = 0.25 * one.so_far(added[0]) + 3 * two.so_far(added[1])
    torch.testing.assert_close(jury.so_far(added), so_far)
    alone = Jury([two], [1.0], [True])
    for apart in (False, True):
        mine = alone.standardized(alone.of_tokens(prompts, responses), apart=apart)
        assert torch.equal(mine, two.standardized(two.of_tokens(prompts, responses), apart=apart))
    with pytest.raises(ValueError, match="of a single judge"):
        jury.standardized(added, apart=True)


@pytest.mark.slow
def test_weights_one_and_zero_are_one_judge_of_words(tmp_path: Path) -> None:
    """The same texts, the same figures of training, bit for bit; other weights are other texts."""
    gradient = "{kind: gradient, learner: {kind: ppo, iterations: 1, rate: 3.0e-4}, shape: {kind: plain, beta: 0.2}"
    second = [
        "parties.nurses={kind: raters, count: 4, values: {harmless: 1}}",
        "parties.care=reward_model",
        "relations.4={principal: nurses, agent: care, every: 1, sample: 60, consequence: gradient}",
    ]
    judge = f"relations.5={{principal: care, agent: lm, every: 1, sample: 16, consequence: {gradient}"
    arms = {"alone": [], "one": [*second, judge + ", weight: 0}}"], "both": [*second, judge + "}}"]}
    runs = {}
    for name, settings in arms.items():
        overrides = [*HURRIED, "days=1", *settings]
        runs[name] = simlab.run(FIRST, small=True, overrides=overrides, out=tmp_path / name, local=False)
    said = {name: run.policy.drop(columns=["run", "time"]) for name, run in runs.items()}
    assert said["one"].equals(said["alone"])
    assert runs["one"].responses.response.equals(runs["alone"].responses.response)
    assert not said["both"].drop(columns="principal").equals(said["alone"].drop(columns="principal"))
    assert set(said["both"].principal) == {"rm + care"}


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"relations.5.every": 2, "days": 2}, r"relations\.5\.every: rm and care judge .* every of rm is 1"),
        ({"relations.5.sample": 5}, r"relations\.5\.sample: .* sample of rm is 2"),
        ({"relations.5.consequence.shape": {"kind": "plain", "beta": 1}}, r"the shape of rm is .*'beta': 0\.5"),
        (
            {f"{TRAIN}.weight": 0, "relations.5.consequence.weight": 0},
            r"relations\.5\.consequence\.weight: nobody's score counts for lm",
        ),
        (
            {f"{TRAIN}.shape": "ensemble_mean", "relations.5.consequence.shape": "ensemble_mean"},
            r"asks the members of one reward model, and several judge lm",
        ),
        ({"relations.2.consequence": {"kind": "gradient", "weight": 2}}, r"a weight belongs to reward_model"),
        (
            {"relations.6": {"principal": "pool", "agent": "lm", "every": 1, "sample": 9, "consequence": "gradient"}},
            r"parties\.lm: answers to rm, care, pool",
        ),
    ],
)  # fmt: skip
def test_judges_at_odds_are_refused(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    load(written(tmp_path / "ok.yaml", judged((1.0, 0.5))))
    with pytest.raises(InvalidInput, match=said):
        load(written(tmp_path / "scenario.yaml", {**judged((1.0, 0.5)), **changes}))
