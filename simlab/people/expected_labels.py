"""What people can be expected to say of pairs of responses: their labels, without a draw where their policy allows it.

From expected labels fidelity is measured (`measures/fidelity.py`). They are given as P(left) − P(right).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from simlab.arrays import Array, Indices
from simlab.components.rater_policy import RaterPolicy, no_distribution
from simlab.components.rater_view import UNSAID, RaterView, shown
from simlab.errors import PluginFailed
from simlab.measures.fidelity import Losses, fidelity
from simlab.people import working_life
from simlab.people.collusion import collusion_of, silence
from simlab.people.perception import Perception, once
from simlab.people.roster import Roster
from simlab.rng import uniforms

if TYPE_CHECKING:
    from simlab.measures.panel import Panel
    from simlab.people.choice import Judges

DRAWS = 16  # of each label, where a policy cannot say its probabilities
AT_ONCE = 1 << 16  # labels
PANEL_IDS = 1 << 42  # numbers of the panel's responses for perception noise, beyond those of any task and exam


@dataclass(frozen=True, slots=True)
class ExpectedLabels:
    """Of R people on M pairs: P(left) − P(right) when they look with care, and the share of answers for which they do.

    `felt` is which side each finds better as perceived, `meant` which they would if they perceived responses as they
    are: 1, −1 or 0 for equal. Auditors are shown what others said, `below` on average. With care they say
    careful + echo·(shown − below), shown being 1 or −1; of a share `silence` of answers they say what is shown. Without
    care they toss a coin, or, if they `confirm`, say what is shown.
    """

    rows: Indices  # [R] in the pool
    care: Array  # [R]
    careful: Array  # [R, M]
    felt: Array  # [R, M]
    meant: Array  # [R, M]
    counted: bool  # from draws, for want of probabilities
    silence: Array  # [R]
    echo: Array  # [R, M]
    below: Array  # [M]; 0 where nothing is shown
    confirm: bool = False  # whether careless answers are those shown

    @property
    def own(self) -> Array:
        """P(left) − P(right) [R, M] where they are not silent: a careless answer is a coin's, or the one shown."""
        if not self.confirm and (self.care == 1).all():
            return self.careful
        careful = self.care[:, None] * self.careful
        return careful + (1 - self.care)[:, None] * self.below if self.confirm else careful

    @property
    def said(self) -> Array:
        """P(left) − P(right) [R, M] of labels as they are given."""
        if not self.silence.any():
            return self.own
        return (1 - self.silence)[:, None] * self.own + self.silence[:, None] * self.below

    def fidelity(self, gold: Array) -> Array:
        """F [R] by a standard's signs [M]."""
        return fidelity(self.said, gold)

    def losses(self, gold: Array) -> Losses:
        """Where it is lost [R] each."""
        held = (fidelity(said, gold) for said in (self.meant, self.felt, self.careful, self.own, self.said))
        return Losses.of(*held)

    def answering(self) -> tuple[Array, Array]:
        """What they say on average whatever they are shown [M], and how far they follow what they are shown [M], where
        they are not silent."""
        if not len(self.rows):
            return np.zeros_like(self.below), np.zeros_like(self.below)
        followed = self.care[:, None] * self.echo + (1 - self.care)[:, None] * float(self.confirm)
        return np.asarray((self.own - followed * self.below).mean(axis=0)), np.asarray(followed.mean(axis=0))

    def of(self, rows: Indices) -> ExpectedLabels:
        """Those of some of these people, who are all among them; `rows` are sorted."""
        at = np.searchsorted(self.rows, rows)
        of_people = ("care", "careful", "felt", "meant", "silence", "echo")
        return replace(self, rows=rows, **{name: getattr(self, name)[at] for name in of_people})


def signs(utilities: Array) -> Array:
    """Which side of each pair is better [..., M], given utilities of left and right in turn [..., 2M]: 1, −1 or 0.

    Differences at rounding level are none.
    """
    difference = utilities[..., ::2] - utilities[..., 1::2]
    scale = 1e-9 * max(1.0, float(np.abs(difference).max(initial=0.0)))
    return np.where(np.abs(difference) <= scale, 0.0, np.sign(difference))


def expected_labels(pool: Judges, rows: Indices, panel: Panel, places: Indices) -> ExpectedLabels:
    """What people `rows` [R] say of the panel's items at `places` [2M], which are left and right of M pairs in turn."""
    pairs = len(places) // 2
    careful, echo = np.zeros((len(rows), pairs)), np.zeros((len(rows), pairs))
    counted = type(pool.policy).probabilities is RaterPolicy.probabilities
    if not len(rows):
        nobody = np.zeros(0)
        return ExpectedLabels(rows, nobody, careful, careful, careful, counted, nobody, echo, np.zeros(pairs))
    perceived = _perceived(pool, rows, panel, places)
    noise = working_life.noise(pool, rows, np.zeros(len(rows)))
    audited = _audited(pool, panel, places)
    below = np.zeros(pairs) if audited is None else audited
    step = max(1, AT_ONCE // max(1, pairs))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        more = None if noise is None else np.repeat(noise[part], pairs)
        who = np.repeat(rows[part], pairs)
        ask = partial(_choice, pool, who, panel, places, perceived[part].reshape(-1, 2), more, counted)
        if audited is None or "earlier" not in pool.policy.needed():
            careful[part] = ask().reshape(-1, pairs)
            continue
        left, right = (ask(shown_label).reshape(-1, pairs) for shown_label in (1, 2))
        echo[part] = (left - right) / 2
        careful[part] = (left + right) / 2 + echo[part] * below
    felt, meant = signs(perceived), signs(_as_they_are(pool, rows, panel, places))
    care = pool.work_state.care[rows] if pool.spec.effort.reckons else np.ones(len(rows))
    asks = pool.delegates(rows)
    if pool.delegation is not None and asks.any():
        copied = signs(pool.delegation.utility(panel)[places])
        careful[asks] = felt[asks] = meant[asks] = copied
        echo[asks], care = 0.0, np.where(asks, 1.0, care)
    confirm = pool.spec.effort.confirms
    return ExpectedLabels(rows, care, careful, felt, meant, counted, _silence(pool, rows), echo, below, confirm)


def _judged(pool: Judges) -> list[Judges]:
    """The people whom these people audit."""
    below = (pool.context.parties[name] for name in pool.context.hierarchy.agents(pool.name))
    return [cast("Judges", party) for party in below if isinstance(party, Roster)]


def _silence(pool: Judges, rows: Indices) -> Array:
    """In which share of their answers auditors [R] say what those say whom they know: of all they audit, that share.

    Where silence pays, whoever sees an answer of a friend that is wrong repeats it, and whoever sees one that is right
    repeats it, too.
    """
    there = {people.name: np.flatnonzero(people.cohort.employed) for people in _judged(pool)}
    each = [silence(pool, name, rows, workers) for name, workers in there.items() if len(workers)]
    return np.asarray(np.concatenate(each, axis=1).mean(axis=1)) if each else np.zeros(len(rows))


def _audited(pool: Judges, panel: Panel, places: Indices) -> Array | None:
    """What those whom auditors judge say on average, P(left) − P(right) [M]; None where it does not matter to them."""
    if "earlier" not in pool.policy.needed() and collusion_of(pool) is None and not pool.spec.effort.confirms:
        return None
    each = [expected_labels(people, people.representatives(), panel, places).said for people in _judged(pool)]
    return np.asarray(np.concatenate(each).mean(axis=0)) if sum(map(len, each)) else None


def _perceived(pool: Judges, rows: Indices, panel: Panel, places: Indices) -> Array:
    """Utilities [R, 2M] as perceived, through each one's perception noise if there is any."""
    plain = pool.utility_function.additive and pool.cohort.skill[rows].min(initial=1.0) >= 1 and pool.delegation is None
    if plain:
        return np.ascontiguousarray(pool.individual_utilities(panel, rows)[places].T)
    items, ids = panel.items[places], PANEL_IDS + places
    return np.stack([pool.perceive(items, np.full(len(places), row), ids) for row in rows.tolist()])


def _as_they_are(pool: Judges, rows: Indices, panel: Panel, places: Indices) -> Array:
    """Utilities [R, 2M] by what each goes by, of responses as they are."""
    features, situation = panel.features[places], pool.situation(panel.items.prompt[places])
    if situation is None:
        return pool.utility_function.of_people(features, pool.cohort.vector[rows]).T
    vectors = (pool.cohort.vector[row] + situation for row in rows.tolist())
    return np.stack([pool.utility_function.utilities(features, vector) for vector in vectors])


def _choice(
    pool: Judges,
    who: Indices,
    panel: Panel,
    places: Indices,
    utilities: Array,
    noise: Array | None,
    counted: bool,
    shown_label: int = UNSAID,
) -> Array:
    """P(left) − P(right) [n] for pairs of utilities [n, 2], person who[i] at each, all pairs of one after the other.

    `shown_label` is what those were shown who go by what others said.
    """
    people = len(who) // (len(places) // 2)
    shown_to_all = np.tile(places, people)
    policy = pool.policy
    earlier = once(np.full((len(who), 1), shown_label)) if "earlier" in policy.needed() else None
    sight = Perception(pool, panel.items, who, PANEL_IDS + shown_to_all, at=shown_to_all).scene(slice(None), earlier)
    if counted:
        pair = np.tile(np.arange(len(places) // 2), people)
        return _drawn(pool, who, pair, utilities, noise, sight)
    cohort = pool.cohort.looked_up(who)
    if noise is not None:
        cohort.noise = cohort.noise * noise
    seen: dict[str, Any] = shown(policy.probabilities, sight.pair(0, 1, 0))
    found = pool.ask_policy(lambda: policy.probabilities(utilities, cohort, **seen))
    if wrong := no_distribution(found, len(who)):
        raise PluginFailed.returned(policy, wrong, "probabilities")
    p = np.asarray(found, dtype=float)
    return np.asarray(p[:, 0] - p[:, 1])


def _drawn(pool: Judges, who: Indices, pair: Indices, utilities: Array, noise: Array | None, sight: RaterView) -> Array:
    """The same as a mean over draws of the label, keyed by person and pair."""
    key, total = pool.context.rng.key(pool.name, "expected labels"), np.zeros(len(who))
    for draw in range(DRAWS):
        draws = uniforms(key, who[:, None], pair[:, None], 3 * draw + np.arange(3)[None, :])
        label = pool.choose(utilities, who, draws, noise, sight)[:, 0]
        total += np.array([0.0, 1.0, -1.0])[label]
    return total / DRAWS
