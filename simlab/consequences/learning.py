"""Consequences for machines: a gradient, by which a judged machine comes to please its judge.

`learn` is the one consequence; a *learner* says how: `BradleyTerry` fits a reward model to rankings, `PPO`
trains a transformer on a reward model's scores, `Tilt` is PPO's exact limit where it is known.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simlab.components import Array, RewardShape
from simlab.consequences.aggregation import merged, relabelled
from simlab.errors import PluginFailed
from simlab.jobs import Result
from simlab.parties.language_model import LanguageModel, TiltBody, TransformerBody, revive
from simlab.parties.people import People
from simlab.parties.rankings import Rankings, agreement, sides
from simlab.parties.reward_model import LinearHead, RewardModel, TransformerHead, revive_reward_model
from simlab.relation import Consequence, Effect, Judgement, Relation
from simlab.streams import branch, uniforms
from simlab.worlds.tokenizer import END

if TYPE_CHECKING:
    from simlab.measures.alignment import Panel
    from simlab.scenario import GradientSpec
    from simlab.simulation import Simulation

Arrays = Mapping[str, NDArray[Any]]
MOST_LESSONS = 100_000  # pairs shown at once beyond which what each did to the margins is not written down


class Gradient(Consequence):
    """The judged machine is trained to be judged better."""

    def __init__(self, simulation: Simulation, spec: GradientSpec) -> None:
        self.simulation = simulation
        self.spec = spec
        self.rounds: list[Round] = []  # of training a transformer, so far

    def apply(self, relation: Relation, judgement: Judgement) -> Generator[Event, Any, Sequence[Effect]]:
        """Hold the machine until it has learnt; a judgement that looked at nothing teaches nothing."""
        machine = relation.agent
        if not judgement.size:
            yield from ()
            return []
        assert isinstance(machine, RewardModel | LanguageModel)
        machine.teacher = self
        with machine.busy.request() as turn:
            yield turn
            if isinstance(machine, RewardModel):
                flops = self._fit(relation, machine, judgement.items)
                if flops is None:  # every ranking so far is held out
                    return []
            else:
                flops = self._train(relation, machine)
            yield from self.simulation.compute(machine.name, "training", flops)
        return [Effect("gradient", machine.name, flops, "FLOP", "learned from the judgement")]

    # ---- a reward model learns rankings -------------------------------------------------------------------------

    def _fit(self, relation: Relation, machine: RewardModel, shown: Rankings) -> float | None:
        machine.memory.append(shown)
        learner = self.spec.learner
        vector = isinstance(machine.head, LinearHead)
        replay = vector or bool(getattr(learner, "replay", False))  # a direction is fitted to all that is known
        rankings, train, shares = self._learnable(Rankings.together(machine.memory) if replay else shown)
        if not train.any():
            return None
        before = machine.margins(shown) if shown.label.size <= MOST_LESSONS else None
        if isinstance(machine.head, LinearHead):
            metrics = fit_direction(machine.head, rankings, train, shares)
        else:
            assert isinstance(machine.head, TransformerHead)
            warm = machine.head.weights if learner is None or getattr(learner, "warm_start", True) else None
            key = self.simulation.streams.key(machine.name, "fit", machine.learned)
            machine.head.weights = result = self._fit_network(machine.head, rankings[train], shares, warm, key)
            metrics = {name: float(result[name]) for name in ("loss", "trunk_change", "head_change", "flops")}
        machine.learned += 1
        machine.standardize()
        self._record_fit(relation, machine, rankings, metrics)
        if before is not None and isinstance(relation.principal, People):
            after, new = machine.margins(shown), ~shown.held_out
            self.simulation.chronicle.lessons(relation.principal, machine.name, shown[new], before[new], after[new])
        return metrics["flops"]

    def _learnable(self, rankings: Rankings) -> tuple[Rankings, NDArray[np.bool_], Array | None]:
        """The rankings as they are learned from, put together by task if so asked; which of them to train on [m], and
        how much of a win the left response of each pair of those has, None if their labels say so."""
        if not (self.spec.aggregator.merges and len(rankings)):
            return rankings, ~rankings.held_out, None
        rankings, chances = merged(rankings, self.spec.aggregator)
        return rankings, ~rankings.held_out, chances[~rankings.held_out]

    def _fit_network(
        self, head: TransformerHead, train: Rankings, shares: Array | None, warm: Result | None, key: int
    ) -> Result:
        learner = self.spec.learner
        options = learner.model_dump(exclude={"kind", "replay", "warm_start"}) if learner else {}
        shown = train.shown[train.place]
        return self.simulation.jobs.run(
            fit, config=head.body.config, base=head.body.reference, weights=warm,
            prompts=head.body.prompt_tokens(shown.prompt), responses=shown.response, shares=shares,
            labels=train.label.astype(np.int64), seed=key % 2**63, options=options,
            progress=self.simulation.stage("reward model"),
        )  # fmt: skip

    def _record_fit(
        self, relation: Relation, machine: RewardModel, rankings: Rankings, metrics: Mapping[str, float]
    ) -> None:
        held, decided = rankings.held_out[:, None], rankings.label != 0
        said = machine.order(rankings)
        counted = held & (rankings.gold != 0)
        self.simulation.chronicle.add(
            "reward_model",
            about=machine.name,
            principal=relation.principal.name,
            agent=machine.name,
            pairs=int((~held & np.ones_like(decided)).sum()),
            ties=int((~held & ~decided).sum()),
            loss=metrics["loss"],
            accuracy_train=agreement(said, rankings.label, ~held & decided),
            accuracy_held_out=agreement(said, rankings.label, held & decided),
            accuracy_gold=agreement(said, rankings.gold, counted),
            gold_pairs=int(counted.sum()),
            score_mean=machine.centre,
            score_std=machine.scale,
            trunk_change=metrics["trunk_change"],
            head_change=metrics["head_change"],
        )

    # ---- a language model learns to please a reward model -------------------------------------------------------

    def _train(self, relation: Relation, machine: LanguageModel) -> float:
        judge = relation.principal
        assert isinstance(judge, RewardModel)
        if isinstance(machine.body, TiltBody):
            assert isinstance(judge.head, LinearHead)
            rows, flops = [tilt(machine.body, judge, self.spec)], 0.0
        else:
            assert isinstance(machine.body, TransformerBody)
            rows, flops = self._train_network(relation, machine, machine.body, judge)
        machine.updates += 1
        columns = {name: np.array([row.get(name, np.nan) for row in rows]) for name in POLICY_METRICS}
        self.simulation.chronicle.add(
            "policy",
            about=machine.name,
            principal=judge.name,
            agent=machine.name,
            iteration=np.arange(1, len(rows) + 1),
            **columns,
        )
        return flops

    def _train_network(
        self, relation: Relation, machine: LanguageModel, body: TransformerBody, judge: RewardModel
    ) -> tuple[list[dict[str, float]], float]:
        assert isinstance(judge.head, TransformerHead)
        assert isinstance(relation.sample, int)
        assert judge.head.weights is not None
        learner = self.spec.learner
        options = learner.model_dump(exclude={"kind"}) if learner else {}
        iterations = options.get("iterations", 12)
        taught = Round(
            judge.head.body.reference,
            judge.head.weights,
            judge.centre,
            judge.scale,
            iterations,
            relation.sample,
            options,
        )
        self.rounds.append(taught)
        key = self.simulation.streams.key(machine.name, "policy", machine.updates)
        body.weights = result = self._practise(machine, body, taught, body.weights, key)
        rows = [{n: float(result[f"metric/{n}"][i]) for n in POLICY_METRICS} for i in range(iterations)]
        return rows, float(result["flops"])

    def _practise(
        self, machine: LanguageModel, body: TransformerBody, taught: Round, weights: Result, key: int
    ) -> Result:
        """The language model that had these weights, after one round."""
        count = taught.iterations * taught.batch
        prompts = self.simulation.game.draw_prompts(branch(key, "prompts"), count)
        grid = (np.arange(count)[:, None], np.arange(body.game.longest_response)[None, :])
        return self.simulation.jobs.run(
            ppo, config=body.config, weights=weights, reference=body.reference,
            base=taught.base, judge=taught.judge, centre=taught.centre, scale=taught.scale,
            shape=self.spec.shape, prompts=body.prompt_tokens(prompts), uniforms=uniforms(branch(key, "words"), *grid),
            iterations=taught.iterations, batch=taught.batch, seed=key % 2**63, options=taught.options,
            temperature=machine.spec.temperature, progress=self.simulation.stage("policy"),
        )  # fmt: skip

    # ---- what would have become of it by other draws ------------------------------------------------------------

    def anew(self, machine: Any, panel: Panel, key: int) -> Array:
        """The machine's utility [n]: a reward model's if the same raters labelled the same pairs again and it learned
        from nothing but that; a language model's if it were trained again from its reference, by the same judges."""
        if isinstance(machine, RewardModel):
            return self._refitted(machine, panel, key)
        assert isinstance(machine, LanguageModel)
        if isinstance(machine.body, TiltBody):  # moves to where it must: nothing is drawn
            return machine.utility(panel)
        assert isinstance(machine.body, TransformerBody)
        weights = machine.body.reference
        for number, taught in enumerate(self.rounds):
            weights = self._practise(machine, machine.body, taught, weights, branch(key, number))
        return machine.body.preference(panel.items, weights)

    def _refitted(self, machine: RewardModel, panel: Panel, key: int) -> Array:
        again = [relabelled(self.simulation, made, branch(key, number)) for number, made in enumerate(machine.memory)]
        rankings, train, shares = self._learnable(Rankings.together(again))
        if isinstance(machine.head, LinearHead):
            head = LinearHead(machine)
            fit_direction(head, rankings, train, shares)
            return head.score(panel.items)
        assert isinstance(machine.head, TransformerHead)
        other = copy(machine.head)
        other.weights = self._fit_network(other, rankings[train], shares, None, branch(key, "fit"))
        return other.score(panel.items)


@dataclass(frozen=True, slots=True)
class Round:
    """By what a transformer was taught in one round: the judge as it then was, and how much practice."""

    base: Result  # the model the judge grew from
    judge: Result
    centre: float  # of the judge's raw score
    scale: float
    iterations: int
    batch: int
    options: dict[str, Any]  # of the learner


POLICY_METRICS = (
    "objective_kl", "objective_entropy", "objective_scores", "objective_rlhf_reward",
    "objective_non_score_reward", "policy_approxkl_avg", "policy_clipfrac_avg", "loss_policy_avg",
    "loss_value_avg", "lr",
)  # fmt: skip


def fit_direction(
    head: LinearHead, rankings: Rankings, train: NDArray[np.bool_], shares: Array | None = None
) -> dict[str, float]:
    """The direction that best explains the rankings in `train` [m] (Bradley–Terry, an undecided pair half a win
    each); `shares`, if labels were put together, say how much of a win the left response of each of their pairs has."""
    from simlab.nets.closed_form import fit_linear

    difference, wins, weights = evidence(rankings, train, shares)
    before = head.direction
    head.direction = fit_linear(difference, np.zeros(len(wins)), shares=wins, weights=weights)
    margin = difference @ head.direction
    loss = np.logaddexp(0, -margin) * wins + np.logaddexp(0, margin) * (1 - wins)
    change = float(np.linalg.norm(head.direction - before))
    mean = float(loss.mean() if weights is None else np.average(loss, weights=weights))
    return {"loss": mean, "trunk_change": float("nan"), "head_change": change, "flops": 0.0}


def evidence(
    rankings: Rankings, train: NDArray[np.bool_], shares: Array | None = None
) -> tuple[Array, Array, Array | None]:
    """What pairs teach a direction: left − right [n, D], which share of a win the left has [n], and how many labels
    each row stands for [n] (None: one). Of what many people ranked, a likelihood only asks how often who won."""
    left, right = sides(rankings.options)
    place, store = rankings.place[train], rankings.shown
    wins = np.array([0.5, 1.0, 0.0])[rankings.label[train]] if shares is None else shares
    if not rankings.shared:
        response = store.response[place]
        return _flat(response[:, left] - response[:, right]), wins.ravel(), None
    count = np.bincount(place, minlength=len(store))
    won = [np.bincount(place, weights=wins[:, pair], minlength=len(store)) for pair in range(rankings.pairs)]
    ranked, response = count > 0, store.response[count > 0]
    share = np.stack(won, axis=1)[ranked] / count[ranked, None]
    return _flat(response[:, left] - response[:, right]), share.ravel(), np.repeat(count[ranked], rankings.pairs)


def _flat(difference: Array) -> Array:
    return difference.reshape(-1, difference.shape[-1])


def tilt(body: TiltBody, judge: RewardModel, spec: GradientSpec) -> dict[str, float]:
    """Move the mean toward the optimum of reward − β·KL: for r = θ·φ/scale, mean = θ/(scale·β), KL = |mean|²/2."""
    assert isinstance(judge.head, LinearHead)
    reward = judge.head.direction / judge.scale
    beta = max(spec.shape.leash(), 1e-6)
    step = float(getattr(spec.learner, "step", 1.0))
    body.mean = (1 - step) * body.mean + step * reward / beta
    kl = float(body.mean @ body.mean / 2)
    score = float(reward @ body.mean) - judge.centre / judge.scale
    entropy = len(body.mean) / 2 * float(np.log(2 * np.pi * np.e))
    return {
        "objective_kl": kl, "objective_entropy": entropy, "objective_scores": score,
        "objective_rlhf_reward": score - beta * kl, "objective_non_score_reward": -beta * kl,
    }  # fmt: skip


# ---- jobs -----------------------------------------------------------------------------------------------------


def fit(
    *, config: dict[str, Any], base: Arrays, weights: Arrays | None, prompts: NDArray[np.int64],
    responses: NDArray[np.int64], labels: NDArray[np.int64], shares: Array | None, seed: int, options: dict[str, Any],
    device: str, progress: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """A reward model fitted to rankings: its arrays, `loss`, `trunk_change`, `head_change` and `flops`."""
    from simlab.nets.preference import fit as learn
    from simlab.nets.transformer import TransformerConfig, flops_per_token, to_arrays

    model = revive_reward_model(config, base, weights, device, seed)
    metrics = learn(model, prompts, responses, labels, shares=shares, seed=seed, progress=progress, **options)
    tokens = float((responses != 0).sum()) + float((prompts != 0).sum()) * responses.shape[1]
    flops = flops_per_token(TransformerConfig(**config)) * tokens * options.get("epochs", 3)
    kept = {name: metrics[name] for name in ("loss", "trunk_change", "head_change")}
    return {**to_arrays(model), **kept, "flops": flops}


def ppo(
    *, config: dict[str, Any], weights: Arrays, reference: Arrays, base: Arrays, judge: Arrays, centre: float,
    scale: float, shape: RewardShape, prompts: NDArray[np.int64], uniforms: Array, iterations: int, batch: int,
    seed: int, options: dict[str, Any], temperature: float, device: str, progress: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """A language model after PPO against a reward model: its arrays, `metric/…` per iteration, and `flops`."""
    from simlab.nets.policy import PPOConfig
    from simlab.nets.policy import ppo as optimize
    from simlab.nets.transformer import TransformerConfig, flops_per_token, to_arrays

    teacher = revive_reward_model(config, base, judge, device)

    def score(asked: Any, said: Any) -> Any:
        return (teacher.score(asked, said) - centre) / scale

    settings = PPOConfig(batch=batch, temperature=temperature, **options)
    policy, _, metrics = optimize(
        revive(config, weights, device), revive(config, reference, device), score, _guarded(shape),
        prompts.reshape(iterations, batch, -1), uniforms.reshape(iterations, batch, -1),
        seed=seed, end=END, config=settings, progress=progress,
    )  # fmt: skip
    tokens = float((prompts != 0).sum()) + uniforms.size
    each = {f"metric/{n}": np.array([m.get(n, np.nan) for m in metrics]) for n in POLICY_METRICS}
    flops = flops_per_token(TransformerConfig(**config)) * tokens * (1 + options.get("epochs", 2))
    return {**to_arrays(policy), **each, "flops": flops}


def _guarded(shape: RewardShape) -> Any:
    """The shape's method, its errors and results checked: rewards [B, T], finite wherever there is a token."""

    def reward(score: Any, logp: Any, logp_ref: Any, mask: Any) -> Any:
        try:
            out = shape.shape(score, logp, logp_ref, mask)
        except Exception as error:
            raise PluginFailed.raised(f"reward shape {shape.name!r}", error) from error
        if getattr(out, "shape", None) != logp.shape or not bool(out[mask.bool()].isfinite().all()):
            what = f"reward shape {shape.name!r} must give finite rewards of shape {tuple(logp.shape)}"
            raise PluginFailed(f"{what}; it gave {tuple(getattr(out, 'shape', ()))}")
        return out

    return reward
