"""Every rater policy at a value known by hand or from the paper it is named after."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from simlab.components.rater_view import RaterView, shown
from simlab.errors import InvalidInput
from simlab.people.perception import once
from simlab.theory.raters import cohort, draws, policy

EVEN = {"temperature": 1.0}
KNOWN: list[tuple[str, dict[str, Any], tuple[float, float], dict[str, Any], tuple[float, float, float]]] = [
    # policy, settings, utilities of left and right, what is seen, P(left, right, undecided)
    ("oracle", {"notice": 1}, (2.0, 1.0), {}, (0, 0, 1)),
    ("boltzmann", {**EVEN, "ties": 0.75}, (1, 0), {}, (0.5486, 0.2018, 0.2496)),
    ("davidson", EVEN, (3, 3), {}, (1 / 2.7468, 1 / 2.7468, 0.7468 / 2.7468)),  # pudding data, between equals
    ("rao_kupper", {**EVEN, "theta": 2}, (5, 5), {}, (1 / 3, 1 / 3, 1 / 3)),
    ("thurstone", {"deviation": 1}, (np.sqrt(2), 0), {}, (0.841345, 0.158655, 0)),  # Φ(1)
    ("plackett_luce", EVEN, (np.log(3), np.log(2)), {}, (0.6, 0.4, 0)),
    ("glad", {"ability": -1, "easiness": 1, "sharpness": 0}, (9, 0), {}, (0.268941, 0.731059, 0)),  # σ(−1)
    ("mistaken", {"agreement": 0.82}, (9, 0), {}, (0.9, 0.1, 0)),  # .9² + .1² = .82
    ("dawid_skene", {}, (0, 0), {}, (0.25, 0.25, 0.5)),
    ("slip_guess", {"slip": 0.2, "guess": 0.5, "notice": 1}, (0.9, 0), {}, (0.5, 0.5, 0)),
    ("position_bias", {**EVEN, "first": 2 / 3}, (0, np.log(2)), {}, (0.5, 0.5, 0)),  # γ = ½ makes up for π_r = 2π_l
    ("length_bias", {**EVEN, "swing": np.log(62 / 38)}, (0, 0), {"length": [9, 5]}, (0.62, 0.38, 0)),
    ("sycophant", EVEN, (0, 0), {"act:flatters": [0, 1]}, (0.3, 0.7, 0)),
    ("satisficer", EVEN, (0, 0), {}, (0.5 + 0.25 * 0.5, 0.25 + 0.25 * 0.5, 0)),
    ("herding", {**EVEN, "trust": 0.8}, (np.log(4), 0), {"said": 2}, (0.5, 0.5, 0)),  # one opinion against another
    ("shirker", {**EVEN, "careless": 1, "habit": "undecided"}, (9, 0), {}, (0, 0, 1)),
    ("adversary", EVEN, (0.1, 0), {}, (0, 1, 0)),
    ("delegator", {**EVEN, "sure": 1}, (9, 0), {"machine:rm": [0, 1]}, (0, 1, 0)),
    ("own_values", EVEN, (9, 0), {"own": [0, 1]}, (0, 1, 0)),
    ("learner", {**EVEN, "floor": 0.5}, (1, 0), {"experience": 1e9}, (0.880797, 0.119203, 0)),  # σ(2)
    ("drifter", {**EVEN, "rate": np.log(2), "rate_spread": 0}, (2, 0), {"experience": 100}, (0.731059, 0.268941, 0)),
    ("bpref", {"eps_mistake": 0.2}, (2, 0), {}, (0.728478, 0.271522, 0)),  # .2 + .6·σ(2): science of one noisy pair
    ("bpref_oracle", {}, (0.01, 0), {}, (1, 0, 0)),
    ("bpref_stoc", {}, (1, 0), {}, (0.731059, 0.268941, 0)),
    ("bpref_mistake", {}, (0.01, 0), {}, (0.9, 0.1, 0)),
    ("bpref_skip", {}, (0.09, 0), {}, (0, 0, 1)),
    ("bpref_equal", {}, (5.09, 5), {}, (0, 0, 1)),
    ("bpref_myopic", {}, (0.01, 0), {}, (1, 0, 0)),
]


@pytest.mark.parametrize(("name", "settings", "pair", "seen", "expected"), KNOWN, ids=[row[0] for row in KNOWN])
def test_known_value(
    name: str, settings: dict[str, Any], pair: tuple[float, float], seen: dict[str, Any], expected: Any
) -> None:
    arrays = {what: np.array([value], dtype=float) for what, value in seen.items()}
    said = once(np.array([[seen["said"]]])) if "said" in seen else None
    made = policy(name, **settings)
    scene = shown(made.probabilities, RaterView(0, arrays.get, said))
    assert made.probabilities(np.array([pair], dtype=float), cohort(1), **scene)[0] == pytest.approx(expected, abs=6e-5)


def test_a_myopic_teacher_remembers_the_end() -> None:
    """Rewards 1 then 0 against 0 then .95: less in all, but .9·1 < .95."""
    pair = np.array([[[1.0, 0.0], [0.0, 0.95]]])
    assert policy("bpref_myopic").probabilities(pair, cohort(1))[0].tolist() == [0, 1, 0]
    assert policy("bpref_oracle").probabilities(pair, cohort(1))[0].tolist() == [1, 0, 0]


# ---- rankings -----------------------------------------------------------------------------------------------------

COUNT = 60_000


def ranked(name: str, utilities: list[float], **settings: Any) -> np.ndarray:
    """Labels of every pair of so many rankings."""
    n = len(utilities)
    made = policy(name, **settings)
    return made.choose(np.tile(utilities, (COUNT, 1)), cohort(COUNT), draws(9, name, COUNT, n))


def near(found: float, expected: float) -> bool:
    return abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / COUNT) + 1e-12


@pytest.mark.parametrize(("order", "expected"), [((0, 1, 2), 1 / 3), ((2, 1, 0), 1 / 15), ((1, 0, 2), 1 / 4)])
def test_plackett_luce_orders(order: tuple[int, ...], expected: float) -> None:
    label = ranked("plackett_luce", np.log([3.0, 2.0, 1.0]).tolist(), temperature=1.0)
    place = np.argsort(order)
    wanted = [1 if place[i] < place[j] else 2 for i, j in combinations(range(3), 2)]
    assert near(float(np.all(label == wanted, axis=1).mean()), expected)


@pytest.mark.parametrize(("best", "expected"), [(0, 3 / 6), (1, 2 / 6), (2, 1 / 6)])
def test_of_a_ranking_with_one_place_only_the_winner_is_told(best: int, expected: float) -> None:
    label = ranked("plackett_luce", np.log([3.0, 2.0, 1.0]).tolist(), temperature=1.0, places=1)
    wanted = [0 if best not in pair else 1 if pair[0] == best else 2 for pair in combinations(range(3), 2)]
    assert near(float(np.all(label == wanted, axis=1).mean()), expected)
    assert set((label == 0).sum(axis=1).tolist()) == {1}


@pytest.mark.parametrize("aspiration", [-100.0, 0.0, 1.0, 100.0])
def test_a_satisficer_ranks_what_is_good_enough_in_the_order_of_reading(aspiration: float) -> None:
    """Of three equals each satisfies with one chance; those that do not come behind, in any order."""
    label = ranked("satisficer", [0.0, 0.0, 0.0], temperature=1.0, aspiration=aspiration)
    enough = 1 / (1 + np.exp(aspiration))
    chances = [enough ** sum(t) * (1 - enough) ** (3 - sum(t)) * satisfied_in_order(t) for t in np.ndindex(2, 2, 2)]
    assert near(float(np.all(label == 1, axis=1).mean()), float(sum(chances)))


def satisfied_in_order(taken: tuple[int, ...]) -> float:
    """Chance that three equals, some of which satisfy, come out in the order of reading."""
    places = [i for i, yes in enumerate(taken) if yes]
    rest = [i for i, yes in enumerate(taken) if not yes]
    if places + rest != sorted(places + rest):
        return 0.0
    return 1 / [1, 1, 2, 6][len(rest)]


@pytest.mark.parametrize("first", [0.3, 0.6, 0.8])
def test_every_place_counts_for_as_much(first: float) -> None:
    """Of three equals the first is best with the Plackett–Luce chance of weights o², o, 1."""
    odds = first / (1 - first)
    label = ranked("position_bias", [0.0, 0.0, 0.0], temperature=2.0, first=first)
    assert near(float(np.all(label[:, :2] == 1, axis=1).mean()), odds**2 / (odds**2 + odds + 1))


@pytest.mark.parametrize("name", ["shirker", "adversary", "satisficer", "position_bias", "learner", "plackett_luce"])
def test_a_ranking_never_runs_in_a_circle(name: str) -> None:
    label = ranked(name, [0.3, 0.1, 0.2], temperature=1.0)
    circles = [(1, 2, 1), (2, 1, 2)]  # 0 ≻ 1 ≻ 2 ≻ 0, and back
    assert not any(np.all(label == circle, axis=1).any() for circle in circles)


# ---- people -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("concentration", [1.0, 4.0, 20.0])
def test_confusion_differs_between_people_as_a_dirichlet(concentration: float) -> None:
    """Variance p(1−p)/(c+1) of a person's own chance, and the same chance whenever asked."""
    made, people = policy("dawid_skene", concentration=concentration), cohort(20_000)
    pairs = np.tile([1.0, 0.0], (20_000, 1))
    own = made.probabilities(pairs, people, RaterView(5))
    wanted = 0.85 * 0.15 / (concentration + 1)
    spread = (own[:, 0] - 0.85) ** 2
    assert abs(spread.mean() - wanted) < 4 * spread.std() / np.sqrt(20_000)
    assert np.array_equal(own[::-1], made.probabilities(pairs, people[np.arange(20_000)[::-1]], RaterView(5)))
    assert not np.array_equal(own, made.probabilities(pairs, people, RaterView(6)))


def test_one_rater_is_the_adversary() -> None:
    made, people = policy("adversary", rater=17, temperature=0.0), cohort(40)
    label = made.choose(np.tile([1.0, 0.0], (40, 1)), people, draws(1, "adversary", 40), RaterView())
    assert np.flatnonzero(label[:, 0] == 2).tolist() == [17]


# ---- length, calibrated -------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("longer", [0.62, 0.4, 0.8])
@pytest.mark.parametrize("agreement", [0.657, 0.75])
def test_the_longer_response_is_preferred_as_often_as_told(longer: float, agreement: float) -> None:
    """AlpacaFarm: people agree 65.7 % of the time, and prefer the longer response in 62 % of pairs."""
    rng = np.random.default_rng(2)
    difference = rng.normal(size=(50_000, 1))
    made = policy("length_bias", agreement=agreement, longer=longer).calibrated(difference)
    length = rng.permuted(np.tile([5.0, 9.0], (50_000, 1)), axis=1)
    pairs = np.concatenate([difference, np.zeros_like(difference)], axis=1)
    label = made.choose(pairs, cohort(50_000), draws(2, "length", 50_000), RaterView(0, {"length": length}.get))[:, 0]
    found = np.mean((label == 1) == (length[:, 0] > length[:, 1]))
    assert abs(found - longer) < 4 * np.sqrt(longer * (1 - longer) / 50_000)
    unswayed = policy("boltzmann", agreement=agreement).calibrated(difference)
    assert made.temperature == unswayed.temperature  # as noisy as a control without the leaning
    plain = unswayed.choose(pairs, cohort(50_000), draws(2, "length", 50_000))[:, 0]
    assert abs(np.mean((plain == 1) == (length[:, 0] > length[:, 1])) - longer) > 0.05


def test_between_equals_the_swing_is_the_log_odds() -> None:
    made = policy("length_bias", temperature=1.0).calibrated(np.zeros((10, 1)))
    assert made.swing == pytest.approx(np.log(0.62 / 0.38))


def test_who_makes_no_mistakes_cannot_be_swayed() -> None:
    with pytest.raises(InvalidInput, match=r"cannot prefer the longer response in 62% of pairs; lower `agreement`"):
        policy("length_bias", agreement=1.0).calibrated(np.random.default_rng(1).normal(size=(100, 1)))
