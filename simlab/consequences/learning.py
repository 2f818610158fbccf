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

from simlab.arrays import Array
from simlab.components import answers
from simlab.components.reward_shape import RewardShape
from simlab.consequences.fits import asked_for, fitted, idle
from simlab.engine.jobs import Result
from simlab.machines.gaussian_lm import TiltBody
from simlab.machines.label_merging import merged
from simlab.machines.linear_rm import LinearHead
from simlab.machines.shaped_reward import Rewarding, adapted, coefficient, directed, restored
from simlab.machines.transformer_lm import TransformerBody, revive
from simlab.machines.transformer_rm import TransformerHead, revive_judge, revive_reward_model
from simlab.parties.language_model import LanguageModel
from simlab.parties.pool import Pool, relabelled
from simlab.parties.reward_model import RewardModel
from simlab.rankings import Rankings, evidence
from simlab.relation import Consequence, Effect, Judgement, Relation
from simlab.rng import branch, uniforms
from simlab.tables.recorder import coded
from simlab.worlds.tokenizer import END

if TYPE_CHECKING:
    from simlab.engine.context import Context
    from simlab.measures.panel import Panel
    from simlab.scenario import GradientSpec

Arrays = Mapping[str, NDArray[Any]]
MOST_LESSONS = 100_000  # pairs shown at once beyond which what each did to the margins is not written down


class Gradient(Consequence):
    """The judged machine is trained to be judged better."""

    def __init__(self, context: Context, spec: GradientSpec) -> None:
        self.context = context
        self.spec = spec
        self.shape: RewardShape = spec.shape  # as it is now: some adapt to what they see
        self.rounds: list[Round] = []  # of training a transformer, so far

    def apply(self, relation: Relation, judgement: Judgement) -> Generator[Event, Any, Sequence[Effect]]:
        """Hold the machine until it has learnt; a judgement that looked at nothing teaches nothing."""
        machine = relation.agent
        if not judgement.size:
            yield from ()
            if isinstance(machine, RewardModel) and judgement.commissions:
                self._record(relation, judgement, idle(judgement, machine))
            return []
        assert isinstance(machine, RewardModel | LanguageModel)
        machine.teacher = self
        with machine.busy.request() as turn:
            yield turn
            if isinstance(machine, RewardModel):
                flops = self._fit(relation, machine, judgement)
                if flops is None:  # every ranking so far is held out
                    self._record(relation, judgement, idle(judgement, machine))
                    return []
            else:
                limiter = self._limiter()
                if limiter is not None:
                    with limiter.busy.request() as other:
                        yield other
                    if not limiter.learned:  # and could not say what is too much
                        return []
                flops = self._train(relation, machine, limiter)
            yield from self.context.compute(machine.name, "training", flops)
        return [Effect("gradient", machine.name, flops, "FLOP", "learned from the judgement")]

    # ---- a reward model learns rankings -------------------------------------------------------------------------

    def _fit(self, relation: Relation, machine: RewardModel, judgement: Judgement) -> float | None:
        shown: Rankings = judgement.items
        machine.memory.append(shown)
        learner = self.spec.learner
        vector = isinstance(machine.head, LinearHead)
        replay = vector or bool(getattr(learner, "replay", False))  # a direction is fitted to all that is known
        rankings, train, shares = self._learnable(Rankings.together(machine.memory) if replay else shown)
        if not train.any():
            return None
        before = machine.margins(shown) if shown.label.size <= MOST_LESSONS else None
        key = self.context.rng.key(machine.name, "fit", machine.learned)
        if isinstance(machine.head, LinearHead):
            metrics = fit_directions(machine.head, rankings, train, shares, key)
        else:
            assert isinstance(machine.head, TransformerHead)
            warm = machine.head.weights if learner is None or getattr(learner, "warm_start", True) else []
            machine.head.weights = self._fit_networks(machine, machine.head, rankings[train], shares, warm, key)
            metrics = _metrics(machine.head.weights)
        machine.learned += 1
        machine.standardize()
        found = fitted(machine, rankings, metrics)
        self._record(relation, judgement, found)
        told = {name: value for name, value in found.items() if name != "why_nan"}
        self.context.taught("reward_model_trained", machine.name, update=machine.learned, metrics=told)
        if before is not None and isinstance(relation.principal, Pool):
            after, new = machine.margins(shown), ~shown.held_out
            write_lessons(relation.principal, machine.name, shown[new], before[new], after[new])
        return metrics["flops"]

    def _learnable(self, rankings: Rankings) -> tuple[Rankings, NDArray[np.bool_], Array | None]:
        """The rankings as they are learned from, put together by task if so asked; which of them to train on [m], and
        how much of a win the left response of each pair of those has, None if their labels say so."""
        if not (self.spec.aggregator.merges and len(rankings)):
            return rankings, ~rankings.held_out, None
        rankings, chances = merged(rankings, self.spec.aggregator)
        return rankings, ~rankings.held_out, chances[~rankings.held_out]

    def _fit_networks(
        self, machine: RewardModel, head: TransformerHead, train: Rankings, shares: Array | None,
        warm: Sequence[Result], key: int,
    ) -> list[Result]:  # fmt: skip
        """Every member, fitted to the same labels; they differ by their first heads and in which order they read."""
        learner = self.spec.learner
        options = learner.model_dump(exclude={"kind", "replay", "warm_start"}) if learner else {}
        shown = train.shown[train.place]
        return [
            self.context.jobs.run(
                fit, config=head.body.config, base=head.body.reference, weights=warm[member] if warm else None,
                prompts=head.body.prompt_tokens(shown.prompt), responses=shown.response,
                labels=train.label.astype(np.int64), shares=shares, seed=_own(key, member) % 2**63, options=options,
                progress=self.context.stage("reward model"),
            )
            for member in range(machine.spec.members)
        ]  # fmt: skip

    def _record(self, relation: Relation, judgement: Judgement, found: Mapping[str, Any]) -> None:
        """What became of a look, and of what was asked of people for it."""
        machine, pool = relation.agent.name, relation.principal.name
        row = {"principal": pool, "agent": machine, **found, **asked_for(judgement)}
        self.context.log.add("reward_model", about=machine, **row)

    # ---- a language model learns to please a reward model -------------------------------------------------------

    def _limiter(self) -> RewardModel | None:
        """The reward model whose dislike the shape counts as a cost, if it names one."""
        name = self.shape.costs()
        if not name:
            return None
        limiter = self.context.parties[name]
        assert isinstance(limiter, RewardModel), "validation refuses other parties"
        return limiter

    def _train(self, relation: Relation, machine: LanguageModel, limiter: RewardModel | None) -> float:
        judge = relation.principal
        assert isinstance(judge, RewardModel)
        if isinstance(machine.body, TiltBody):
            row = tilt(machine.body, judge, self.shape, self.spec, limiter)
            rows, flops = [row], 0.0
            self.shape = adapted(self.shape, row)
        else:
            assert isinstance(machine.body, TransformerBody)
            rows, flops = self._train_network(relation, machine, machine.body, judge, limiter)
        machine.learned += 1
        columns = {name: np.array([row.get(name, np.nan) for row in rows]) for name in POLICY_METRICS}
        self.context.log.add(
            "policy",
            about=machine.name,
            principal=judge.name,
            agent=machine.name,
            iteration=np.arange(1, len(rows) + 1),
            **columns,
        )
        self.context.taught("policy_trained", machine.name, update=machine.learned, metrics=columns)
        return flops

    def _train_network(
        self,
        relation: Relation,
        machine: LanguageModel,
        body: TransformerBody,
        judge: RewardModel,
        limiter: RewardModel | None,
    ) -> tuple[list[dict[str, float]], float]:
        assert isinstance(judge.head, TransformerHead)
        assert isinstance(relation.sample, int)
        assert judge.head.weights
        learner = self.spec.learner
        options = learner.model_dump(exclude={"kind"}) if learner else {}
        limit = limiter.taught() if limiter is not None and isinstance(limiter.head, TransformerHead) else None
        taught = Round(judge.taught(), limit, options.get("iterations", 12), relation.sample, options)
        self.rounds.append(taught)
        key = self.context.rng.key(machine.name, "policy", machine.learned)
        body.weights = result = self._practise(machine, body, taught, body.weights, self.shape, key)
        self.shape = restored(self.shape, str(result["shape"]))
        rows = [{n: float(result[f"metric/{n}"][i]) for n in POLICY_METRICS} for i in range(taught.iterations)]
        return rows, float(result["flops"])

    def _practise(
        self,
        machine: LanguageModel,
        body: TransformerBody,
        taught: Round,
        weights: Result,
        shape: RewardShape,
        key: int,
    ) -> Result:
        """The language model that had these weights, after one round; and the shape it was rewarded by, after it."""
        count = taught.iterations * taught.batch
        prompts = self.context.game.draw_prompts(branch(key, "prompts"), count)
        grid = (np.arange(count)[:, None], np.arange(body.game.longest_response)[None, :])
        return self.context.jobs.run(
            ppo, config=body.config, weights=weights, reference=body.reference, judge=taught.judge, limit=taught.limit,
            shape=shape, prompts=body.prompt_tokens(prompts), uniforms=uniforms(branch(key, "words"), *grid),
            iterations=taught.iterations, batch=taught.batch, seed=key % 2**63, options=taught.options,
            temperature=machine.spec.temperature, progress=self.context.stage("policy"),
        )  # fmt: skip

    # ---- what would have become of it by other draws ------------------------------------------------------------

    def anew(self, machine: Any, panel: Panel, key: int) -> Array:
        """The machine's utility [n]: a reward model's if the same raters labelled the same pairs again and it learned
        from nothing but that; a language model's if it were trained again from its reference, by the same judges."""
        if isinstance(machine, RewardModel):
            again = [relabelled(self.context, made, branch(key, n)) for n, made in enumerate(machine.memory)]
            return self.reread(machine, panel, Rankings.together(again), branch(key, "fit"))
        assert isinstance(machine, LanguageModel)
        if isinstance(machine.body, TiltBody):  # moves to where it must: nothing is drawn
            return machine.utility(panel)
        assert isinstance(machine.body, TransformerBody)
        weights, shape = machine.body.reference, self.spec.shape
        for number, taught in enumerate(self.rounds):
            weights = self._practise(machine, machine.body, taught, weights, shape, branch(key, number))
            shape = restored(shape, str(weights["shape"]))
        return machine.body.preference(panel.items, weights)

    def reread(self, machine: RewardModel, panel: Panel, rankings: Rankings, key: int) -> Array:
        """The reward model's utility [n], had it learned from nothing but these rankings, by the draws of this key."""
        rankings, train, shares = self._learnable(rankings)
        if isinstance(machine.head, LinearHead):
            head = LinearHead(machine.spec.members, len(self.context.game.dimensions))
            fit_directions(head, rankings, train, shares, key)
            return head.score(panel.items)
        assert isinstance(machine.head, TransformerHead)
        other = copy(machine.head)
        other.weights = self._fit_networks(machine, other, rankings[train], shares, [], key)
        return other.score(panel.items)


def write_lessons(pool: Pool, agent: str, taught: Rankings, before: Array, after: Array) -> None:
    """What each label of these rankings did to a reward model's margins [m, pairs]."""
    from scipy.special import expit

    people, place = np.unique(taught.worker, return_inverse=True)
    wins = np.choose(taught.label, (0.5, 1.0, 0.0))
    pool.context.log.add(
        "lessons",
        about=agent,
        principal=pool.name,
        agent=agent,
        task=taught.pair_numbers.ravel(),
        worker=coded(np.repeat(place, taught.pairs), pool.labels_of(people).tolist()),
        label=taught.label.ravel(),
        margin_before=before.ravel(),
        margin_after=after.ravel(),
        push=(wins - expit(before)).ravel(),
    )


@dataclass(frozen=True, slots=True)
class Round:
    """By what a transformer was taught in one round: the judge as it then was, and how much practice."""

    judge: dict[str, Any]  # see `TransformerHead.taught`
    limit: dict[str, Any] | None  # the judge whose dislike is a cost
    iterations: int
    batch: int
    options: dict[str, Any]  # of the learner


POLICY_METRICS = (
    "objective_kl", "objective_entropy", "objective_scores", "objective_rlhf_reward",
    "objective_non_score_reward", "policy_approxkl_avg", "policy_clipfrac_avg", "loss_policy_avg",
    "loss_value_avg", "lr", "objective_cost", "coefficient",
)  # fmt: skip


def _own(key: int, member: int) -> int:
    """The key of a member's own draws; the first has that of a reward model without others."""
    return branch(key, "member", member) if member else key


def _metrics(fits: Sequence[Result]) -> dict[str, float]:
    """What fitting the members came to: means, and the sum of the work."""
    found = {n: float(np.mean([float(f[n]) for f in fits])) for n in ("loss", "trunk_change", "head_change")}
    return found | {"flops": float(sum(float(f["flops"]) for f in fits))}


def fit_directions(
    head: LinearHead, rankings: Rankings, train: NDArray[np.bool_], shares: Array | None, key: int
) -> dict[str, float]:
    """Every member's direction: of a single one the best there is for the rankings in `train` [m]; of several, each the
    best for as many of these drawn with replacement (a bootstrap, Efron 1979), since an exact fit has no seed."""
    rows, members = np.flatnonzero(train), len(head.directions)
    if members == 1:
        return fit_direction(head, rankings, rows, shares)
    found = []
    for member in range(members):
        drawn = (uniforms(branch(key, "member", member), np.arange(len(rows))) * len(rows)).astype(np.int64)
        found.append(fit_direction(head, rankings, rows[drawn], None if shares is None else shares[drawn], member))
    return {name: float(np.mean([f[name] for f in found])) for name in found[0]}


def fit_direction(
    head: LinearHead, rankings: Rankings, rows: NDArray[np.int64], shares: Array | None = None, member: int = 0
) -> dict[str, float]:
    """The direction that best explains some of the rankings (Bradley–Terry, an undecided pair half a win each);
    `shares` [rows, pairs], if labels were put together, say how much of a win the left response of each pair has."""
    from simlab.nets.closed_form import fit_linear

    difference, wins, weights = evidence(rankings, rows, shares)
    before = head.directions[member].copy()
    head.directions[member] = after = fit_linear(difference, np.zeros(len(wins)), shares=wins, weights=weights)
    margin = difference @ after
    loss = np.logaddexp(0, -margin) * wins + np.logaddexp(0, margin) * (1 - wins)
    change = float(np.linalg.norm(after - before))
    mean = float(loss.mean() if weights is None else np.average(loss, weights=weights))
    return {"loss": mean, "trunk_change": float("nan"), "head_change": change, "flops": 0.0}


def explained(differences: Array, labels: NDArray[Any]) -> Array:
    """The weights [d] by which differences [n, d] of two responses best explain labels [n] (Bradley–Terry)."""
    from simlab.nets.closed_form import fit_linear

    return fit_linear(differences, labels)


def tilt(
    body: TiltBody, judge: RewardModel, shape: RewardShape, spec: GradientSpec, limiter: RewardModel | None = None
) -> dict[str, float]:
    """Move the mean toward the optimum of reward − β·KL: for r = θ·φ/scale, mean = θ/(scale·β), KL = |mean|²/2.

    θ is what the shape makes of the score's direction, its members' and the cost's, which is minus that of the reward
    model that limits.
    """
    assert isinstance(judge.head, LinearHead)
    score, cost = judge.head.direction / judge.scale, None
    if limiter is not None:
        assert isinstance(limiter.head, LinearHead)
        cost = -limiter.head.direction / limiter.scale
    each = judge.head.directions / judge.scales[:, None]
    reward = directed(shape, each if shape.members else score, cost)
    beta = max(answers.number(shape, "leash"), 1e-6)
    step = float(getattr(spec.learner, "step", 1.0))
    body.mean = (1 - step) * body.mean + step * reward / beta
    kl = float(body.mean @ body.mean / 2)
    scored = float(score @ body.mean) - judge.centre / judge.scale
    total = scored + float((reward - score) @ body.mean)
    paid = float("nan") if limiter is None or cost is None else float(cost @ body.mean) + limiter.centre / limiter.scale
    entropy = len(body.mean) / 2 * float(np.log(2 * np.pi * np.e))
    return {
        "objective_kl": kl, "objective_entropy": entropy, "objective_scores": scored,
        "objective_rlhf_reward": total - beta * kl, "objective_non_score_reward": total - scored - beta * kl,
        "objective_cost": paid, "coefficient": coefficient(shape),
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
    *, config: dict[str, Any], weights: Arrays, reference: Arrays, judge: Mapping[str, Any],
    limit: Mapping[str, Any] | None, shape: RewardShape, prompts: NDArray[np.int64], uniforms: Array, iterations: int,
    batch: int, seed: int, options: dict[str, Any], temperature: float, device: str, progress: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """A language model after PPO against a reward model: its arrays, `metric/…` per iteration, `flops`, and the
    parameters (JSON) of the `shape` as it has become."""
    from simlab.nets.policy import PPOConfig
    from simlab.nets.policy import ppo as optimize
    from simlab.nets.transformer import TransformerConfig, flops_per_token, to_arrays

    rewarding = Rewarding(shape, revive_judge(judge, device), None if limit is None else revive_judge(limit, device))
    settings = PPOConfig(batch=batch, temperature=temperature, **options)
    policy, _, metrics = optimize(
        revive(config, weights, device), revive(config, reference, device), rewarding.score, rewarding.reward,
        prompts.reshape(iterations, batch, -1), uniforms.reshape(iterations, batch, -1),
        seed=seed, end=END, config=settings, progress=progress,
    )  # fmt: skip
    for row, cost, used in zip(metrics, rewarding.costs, rewarding.coefficients, strict=True):
        row |= {"objective_cost": cost, "coefficient": used}
    tokens = float((prompts != 0).sum()) + uniforms.size
    each = {f"metric/{n}": np.array([m.get(n, np.nan) for m in metrics]) for n in POLICY_METRICS}
    flops = flops_per_token(TransformerConfig(**config)) * tokens * (1 + options.get("epochs", 2))
    return {**to_arrays(policy), **each, "flops": flops, "shape": np.array(rewarding.shape.model_dump_json())}
