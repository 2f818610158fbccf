"""Where the maker's interests pay: `python -m tests.interests [SEEDS [ARM …]]` measures scenario 14 otherwise.

An arm is the scenario with a few keys changed. For each, over seeds: the cosine of the last guideline with users'
habits and with what they endorse (0 and 1 at first), profit per user and day, and what those who set it did. The arms
`weight` hold the guideline at a weight on `engaging` and give the revenue of the first 60 days.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from simlab.parties.corporation import Corporation
from simlab.parties.demand import expected_appeal
from simlab.scenario import load
from tests.small_world import Played, built_ins, played, written

SCENARIO = Path(__file__).parent.parent / "scenarios" / "14_interests_pay.yaml"
SHIFT, RATE = 1.25, 25.0  # of the model's mean in training, 1/β; minutes a day
USERS, POLICY = "parties.users", "parties.acme.guideline.policy"
SUBSCRIPTION = {f"{USERS}.channels.attention.price": 0.0}  # the regime in which only the fee is paid
ATTENTION = {f"{USERS}.subscription": 0.0}  # the regime in which only attention is paid for
PATIENT = {f"{POLICY}.patience": 1000.0}
CAPTIVE = {f"{USERS}.outside": None}  # who leaves goes to another corporation, if there is one
FINED: dict[str, Any] = {
    "parties.state": {"kind": "regulator", "law": {"engaging": -1}, "permit": 0.2},
    "relations.4": {
        "principal": "state", "agent": "acme", "every": 4, "sample": 0.002,
        "consequence": {"kind": "fine", "amount": 1000},
    },
}  # fmt: skip


def said() -> dict[str, Any]:
    """What the scenario's file says."""
    found: dict[str, Any] = YAML(typ="safe").load(SCENARIO)
    return found


def rival() -> dict[str, Any]:
    """bolt, which has all that acme has, asks for what users endorse, and never revises that."""
    like_acme = said()
    parties, relations = like_acme["parties"], like_acme["relations"]
    names = {"acme": "bolt", "pool": "crew", "rm": "rm2", "lm": "lm2"}
    firm = {"kind": "corporation", "guideline": {"operative": parties["acme"]["guideline"]["operative"]}}
    made: dict[str, Any] = {"parties.bolt": firm}
    made |= {f"parties.{names[name]}": parties[name] for name in ("pool", "rm", "lm")}
    for place, relation in enumerate(relations[:4]):
        ends = {end: names.get(relation[end], relation[end]) for end in ("principal", "agent")}
        made[f"relations.{4 + place}"] = {**relation, **ends}
    return made


# nobody leaves, but one in a hundred comes every day, and chooses between acme and bolt by what is said of them
NEWCOMERS: dict[str, Any] = {**PATIENT, f"{USERS}.leave": 0.0, f"{USERS}.growth": 0.01, **rival()}
EQUITY = {f"{POLICY}.by": "equity"}
DEAF = {f"{USERS}.choosiness": 0.0}
AT_ONCE = {f"{POLICY}.lag": 0}  # as if users met on the day of a meeting what it takes five days to teach

ARMS: dict[str, Mapping[str, Any]] = {
    "attention": ATTENTION,
    "subscription": SUBSCRIPTION,
    "both, impatient owners": {},
    "both, patient owners": PATIENT,
    "both, patient owners, captive users": {**PATIENT, **CAPTIVE},
    "both, patient owners, captive but for a rival": {**PATIENT, **CAPTIVE, **rival()},
    "attention, fined": {**ATTENTION, **FINED},
    "reputation": {**NEWCOMERS, **EQUITY},
    "reputation, deaf newcomers": {**NEWCOMERS, **EQUITY, **DEAF},
    "reputation, owners blind to newcomers": NEWCOMERS,
    "attention, credited at once": {**ATTENTION, **AT_ONCE},
    "subscription, credited at once": {**SUBSCRIPTION, **AT_ONCE},
    "reputation, credited at once": {**NEWCOMERS, **EQUITY, **AT_ONCE},
    "reputation, deaf newcomers, credited at once": {**NEWCOMERS, **EQUITY, **DEAF, **AT_ONCE},
}

PRICES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)  # $ a minute
ARMS |= {
    f"${price} a minute, {owners} owners": {f"{USERS}.channels.attention.price": price, **patience}
    for owners, patience in {"impatient": {}, "patient": PATIENT}.items()
    for price in PRICES
}


def play(folder: Path, changes: Mapping[str, Any], seed: int, *, measured: bool = False) -> Played:
    """One run of the scenario with these keys changed."""
    file = written(folder / "interests.yaml", changes, said())
    scenario = load(file, seed=seed, plugins=built_ins())
    return played(scenario, Path(tempfile.mkdtemp(dir=folder)), measured=measured)


def walked(run: Played) -> tuple[float, float]:
    """The cosine of acme's last guideline with users' habits, and with what they endorse."""
    weights = run.context.party("acme", Corporation).guideline.operative
    return cosine(weights, ["engaging"]), cosine(weights, ["helpful", "truthful", "harmless"])


def learned(run: Played, party: str) -> tuple[float, float]:
    """ρ of a party with the language model after its first training, and after its last."""
    rows = run.alignment[(run.alignment.a == party) & (run.alignment.b == "lm") & (run.alignment["round"] > 0)]
    return float(rows.rho.iloc[0]), float(rows.rho.iloc[-1])


def cosine(weights: Mapping[str, float], aim: Iterable[str]) -> float:
    """The cosine of a guideline with one that asks for these criteria alike."""
    names = list(aim)
    length = math.sqrt(sum(w * w for w in weights.values()) * len(names))
    return sum(weights.get(name, 0.0) for name in names) / length


def held(weight: float) -> dict[str, Any]:
    """A guideline that stays, with this weight on what brings users back, for 60 days."""
    operative = {"helpful": 1, "truthful": 1, "harmless": 1, "engaging": weight}
    return {"days": 60, "parties.acme.guideline": {"operative": operative}}


def first_price(
    step: float, patience: float, shift: float = SHIFT, fee: float = 0.5, rate: float = RATE, leave: float = 0.02
) -> float:
    """The price of a minute above which a step from values toward habits makes a user worth more to the owners, in $.

    A model moved by `shift` along a guideline at the angle `step` to values appeals to values by Φ(shift·cos/√2) and to
    habits by Φ(shift·sin/√2); a user is worth (fee + 2·rate·price·appeal)/(1/patience + leave·(1 − endorsed)). The
    gain is of first order in the step and the loss of second, so that the price goes to zero with the step.
    """
    lost = [leave * (1 - expected_appeal(shift, math.cos(angle))) for angle in (0.0, step)]
    appeal = expected_appeal(shift, math.sin(step))
    shorter = (lost[1] - lost[0]) / (1 / patience + lost[0])
    gained = 2 * rate * (appeal - 0.5 - 0.5 * shorter)
    return fee * shorter / gained


def resting_cosine(
    choosiness: float,
    patience: float = 1000.0,
    growth: float = 0.01,
    *,
    price: float = 0.01,
    fee: float = 0.5,
    leave: float = 0.0,
) -> float:
    """The cosine with habits of the guideline that is worth most to owners of so much patience.

    At the angle θ to values acme is endorsed by e = Φ(s·cos θ/√2) and appeals by a = Φ(s·sin θ/√2), s the shift; bolt
    stays at θ = 0. Newcomers choose acme with chance p = 1/(1 + exp(χ·(e₀ − e))) (`market.Market.choice`). So users,
    half of them with acme now, and those to come are worth (fee + 2·rate·price·a)·(½ + growth·patience·p)/(1/patience +
    leave·(1 − e)). Without growth that is in proportion to the value of a user.
    """
    angles = np.linspace(0, np.pi / 2, 2001)
    best = expected_appeal(SHIFT, 1.0)

    def worth(angle: float) -> float:
        endorsed, appeal = (expected_appeal(SHIFT, turned) for turned in (math.cos(angle), math.sin(angle)))
        come = growth * patience / (1 + math.exp(choosiness * (best - endorsed)))
        return (fee + 2 * RATE * price * appeal) * (0.5 + come) / (1 / patience + leave * (1 - endorsed))

    return math.sin(angles[int(np.argmax([worth(angle) for angle in angles]))])


def main(count: int, names: list[str]) -> None:
    """Print one line an arm."""
    with tempfile.TemporaryDirectory() as folder:
        for name, changes in ARMS.items():
            if names and name not in names:
                continue
            measured = changes in (ATTENTION, SUBSCRIPTION)
            runs = [play(Path(folder), changes, seed, measured=measured) for seed in range(1, count + 1)]
            if measured:
                for party in ("users", "users:habits"):
                    found = np.array([learned(run, party) for run in runs])
                    print(f"{name}: rho({party}, lm) {_spread(found[:, 0])}, then {_spread(found[:, 1])}", flush=True)
            ends = np.array([walked(run) for run in runs])
            moves = np.mean([(run.meetings.move == "continued").sum() for run in runs])
            print(f"{name}: habits {_spread(ends[:, 0])}, values {_spread(ends[:, 1])}, {moves:.1f} steps", flush=True)
        for regime, prices in {"attention": ATTENTION, "subscription": SUBSCRIPTION}.items():
            for weight in (0, 1, 3, 10) if not names or "weight" in names else ():
                runs = [play(Path(folder), {**prices, **held(weight)}, seed) for seed in range(1, count + 1)]
                revenue = [run.context.ledger.revenue("acme", 0, 60) / 1e6 for run in runs]
                print(f"weight {weight}, {regime}: {_spread(np.array(revenue))} million $", flush=True)


def _spread(values: Any) -> str:
    return f"{values.mean():.2f} ({', '.join(f'{v:.2f}' for v in values)})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, sys.argv[2:])
