"""People at work, from tables of whole runs: the care that pay buys, skill, screening, agreement, wages, and users who
leave."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simlab.theory.law import FEWEST, Control, Law
from simlab.theory.laws.choice import davidson, normal
from simlab.theory.laws.reward_model import direction
from simlab.theory.normal import mean_over_normal
from simlab.theory.whole_runs import AUDIT, LEARN, LOOK, TRAIN, Tables, run

# ---- care, which linear pay buys ------------------------------------------------------------------------------------

PEOPLE, LABELS, SECONDS = 20, 2000, 30.0


def _bought(*, bonus: float, cost: float, flip: float, gold_error: float) -> float:
    """Care at which the bonus it brings, bonus·(½ − ε)(1 − 2η) for all of it, is what the last bit of it costs."""
    hours = LABELS / PEOPLE * SECONDS / 3600
    return bonus * (0.5 - flip) * (1 - 2 * gold_error) / (cost * hours)


def _no_corner(*, bonus: float, cost: float, flip: float, gold_error: float) -> str:
    care = _bought(bonus=bonus, cost=cost, flip=flip, gold_error=gold_error)
    return "" if 0 <= care <= 1 else f"care lies between 0 and 1, and this would buy {care:.3g}"


def _working(seed: int, *, bonus: float, cost: float, flip: float, gold_error: float) -> Tables:
    pool = {
        "kind": "raters", "count": PEOPLE, "seconds_spread": 0, "held_out": 0,
        "policy": {"kind": "mistaken", "flip": flip}, "pay": {"kind": "linear", "bonus": bonus},
        "effort": {"kind": "linear", "cost": cost},
    }  # fmt: skip
    changes = {"parties.pool": pool, "parties.acme.gold_error": gold_error, f"{LEARN}.sample": LABELS}
    return run(seed, "plain", changes)


def _accuracy(tables: Tables) -> float:
    """The share of labels that are as the guideline says."""
    labels = tables.at_order("comparisons", 1)
    return float(np.mean(labels.label == labels.gold))


# ---- skill, screening and agreement ---------------------------------------------------------------------------------


def _seen(skill: float) -> float:
    """½ + asin(ρ)/π, with ρ = s/√(s² + (1 − s)²) of responses as perceived with the share s."""
    return 0.5 + math.asin(skill / math.hypot(skill, 1 - skill)) / math.pi


def _skilled(seed: int, *, skill: float) -> float:
    pool = {"kind": "raters", "count": 10, "skill": skill, "policy": {"kind": "mistaken", "flip": 0}}
    return _accuracy(run(seed, "plain", {"parties.pool": pool, f"{LEARN}.sample": 1500}, measured=False))


HIRING, TESTING = 3.0, 7.0  # $ for each person hired, and tested


def _screened(seed: int, *, flip: float, items: int, right: int) -> Tables:
    """People who are tested before they are hired, and two of whom say something of every pair."""
    pool = {
        "kind": "raters", "count": 60, "overlap": 2, "policy": {"kind": "mistaken", "flip": flip},
        "screening": {"items": items, "test": {"kind": "gold_test", "items": items, "right": right}},
        "hiring_cost": HIRING, "screening_cost": TESTING,
    }  # fmt: skip
    return run(seed, "plain", {"parties.pool": pool, f"{LEARN}.sample": 1500})


def _spent(tables: Tables, reason: str) -> float:
    rows = tables.ledger
    return float(rows[(rows.reason == reason) & (rows.amount > 0)].amount.sum())


def _passed(seed: int, *, flip: float, items: int, right: int) -> float:
    """Of those tested, the share hired, by what either cost."""
    tables = _screened(seed, flip=flip, items=items, right=right)
    return (_spent(tables, "hiring") / HIRING) / (_spent(tables, "testing candidates") / TESTING)


def _agreement(seed: int, *, statistic: str, column: str = "value", **at: Any) -> float:
    rows = _screened(seed, **at).agreement
    return float(rows[rows.statistic == statistic].iloc[-1][column])


def _width(seed: int, *, statistic: str, **at: Any) -> float:
    """The width of an interval of a share of pairs, in standard errors √(A(1 − A)/n)."""
    rows = _screened(seed, **at).agreement
    row = rows[rows.statistic == statistic].iloc[-1]
    return float((row.high - row.low) / 2 / math.sqrt(row.value * (1 - row.value) / row.n))


# ---- money and users ------------------------------------------------------------------------------------------------


def _paid(seed: int, *, wage: float, bonus: float = 0.0, reason: str = "wages for ranking") -> float:
    """$ in the ledger an hour that stands in the comparisons."""
    tables = run(seed, "plain", {"parties.pool.wage": wage, "days": 2}, measured=False)
    hours = float(tables.at_order("comparisons", 1).duration.sum()) / 3600
    return _spent(tables, reason) / hours


def _gone(seed: int, *, leave: float) -> float:
    """Of users who were dissatisfied by their own account, the share that left: of ten million, so that whole persons
    are no matter."""
    said: dict[str, Any] = {"parties.users.count": 10_000_000, "parties.users.leave": leave, "days": 3}
    rows = run(seed, "plain", said | {f"{LOOK}.consequence": {"kind": "churn"}}, measured=False).market
    rows = rows[rows.satisfied.notna()]
    gone = rows.left + rows.switched_out
    before = rows.users + gone - rows.arrived - rows.switched_in
    return float(gone.sum() / (before * (1 - rows.satisfied)).sum())


def _satisfied(seed: int, *, beta: float, labels: int, dimensions: int) -> float:
    """The share of users who were satisfied on the second day, by a model that was trained once."""
    pool = {
        "kind": "raters", "count": 3, "seconds": 1, "held_out": 0,
        "policy": {"kind": "boltzmann", "temperature": 1.0, "ties": 0},
    }  # fmt: skip
    tables = run(seed, "plain", {
        "days": 2, "world.dimensions": dimensions, "parties.pool": pool, f"{LEARN}.sample": labels,
        "parties.users.count": 2000, f"{LOOK}.sample": 1000,
        f"{TRAIN}.consequence": {"kind": "gradient", "shape": {"kind": "plain", "beta": beta}},
    }, measured=False)  # fmt: skip
    rows = tables.at_order("judgements", 1)
    return float(rows[(rows.principal == "users") & (rows["round"] == 1)].score.iloc[-1])


def _undecided(seed: int, *, ties: float, temperature: float) -> float:
    """How often a firm agrees with raters who are as often undecided as Davidson's model says."""
    policy = {"kind": "boltzmann", "temperature": temperature, "ties": ties}
    pool = {"kind": "raters", "count": 10, "held_out": 0, "policy": policy}
    changes = {"parties.pool": pool, f"{LEARN}.sample": 1000, f"{AUDIT}.sample": 1.0}
    rows = run(seed, "plain", changes, measured=False).at_order("judgements", 2)
    return float(np.average(rows.score, weights=rows["sample"]))


def _credit(*, ties: float, temperature: float, undecided: float = 0.5) -> float:
    """E of P(right) + ½P(undecided) over normal differences of variance 2, by Davidson (1970)."""

    def of(difference: float) -> float:
        right, wrong, neither = davidson(abs(difference), ties, temperature)
        return (right + undecided * neither) / (right + wrong + neither)

    return mean_over_normal(of, math.sqrt(2))


# ---- the laws -------------------------------------------------------------------------------------------------------

HOLMSTROM = "Holmström & Milgrom (1991), JLEO 7"
TESTS: tuple[dict[str, Any], ...] = (
    {"flip": 0.25, "items": 10, "right": 8},
    {"flip": 0.15, "items": 10, "right": 8},
    {"flip": 0.3, "items": 6, "right": 4},
)
CONTRACTS: tuple[dict[str, Any], ...] = (
    {"bonus": 2.0, "cost": 2.0, "flip": 0.1, "gold_error": 0.1},
    {"bonus": 1.0, "cost": 2.0, "flip": 0.2, "gold_error": 0.0},
    {"bonus": 6.0, "cost": 3.0, "flip": 0.05, "gold_error": 0.2},
)

LAWS = (
    Law(
        id="care.bought",
        says="linear pay buys care b(½ − ε)(1 − 2η)/(c·hours)",
        source=HOLMSTROM,
        path="simlab/people/effort.py:reconsider, simlab/components/pay.py:LinearSpec.expected",
        regime="gaussian",
        points=CONTRACTS,
        predicted=_bought,
        observe=lambda seed, **at: float(_working(seed, **at).raters.care.mean()),
        refuses=_no_corner,
        control=Control(
            params=CONTRACTS[0],
            wrong="people whom pay does not move",
            predicted=lambda **at: 1.0,
        ),
        margin=0.03,
        slack=0.005,  # how well they can do is found on 512 pairs
        replications=FEWEST,
        shares="people",
    ),
    Law(
        id="care.accuracy",
        says="with care a, labels are right in ½ + a(½ − ε): the rest is tossed",
        source=HOLMSTROM,
        path="simlab/people/working_life.py:toss",
        regime="gaussian",
        points=CONTRACTS,
        predicted=lambda flip, **at: 0.5 + _bought(flip=flip, **at) * (0.5 - flip),
        observe=lambda seed, **at: _accuracy(_working(seed, **at)),
        refuses=_no_corner,
        control=Control(
            params=CONTRACTS[0],
            wrong="careless answers as good as careful ones",
            predicted=lambda flip, **at: 1 - flip,
        ),
        margin=0.02,
        replications=FEWEST,
        shares="people",
    ),
    Law(
        id="fidelity.with_care",
        says="and the fidelity of what they do is a(1 − 2ε)",
        source="Bennett, Alpert & Goldstein (1954), Public Opinion Quarterly 18",
        path="simlab/people/expected_labels.py:ExpectedLabels.fidelity",
        regime="gaussian",
        points=CONTRACTS,
        predicted=lambda flip, **at: _bought(flip=flip, **at) * (1 - 2 * flip),
        observe=lambda seed, **at: float(_working(seed, **at).raters.fidelity_guideline.mean()),
        refuses=_no_corner,
        control=Control(
            params=CONTRACTS[0],
            wrong="that of what they could do",
            predicted=lambda flip, **at: 1 - 2 * flip,
        ),
        margin=0.03,
        slack=0.005,
        replications=FEWEST,
        shares="people",
    ),
    Law(
        id="audit.undecided",
        says="where one of two is undecided, they half agree: P(right) + ½P(undecided) of Davidson's raters",
        source="Davidson (1970), JASA 65; Bennett, Alpert & Goldstein (1954)",
        path="simlab/parties/audits.py:verdict",
        regime="gaussian",
        points=(
            {"ties": 1.0, "temperature": 1.0},
            {"ties": 0.5, "temperature": 0.5},
            {"ties": 3.0, "temperature": 2.0},
        ),
        predicted=_credit,
        observe=_undecided,
        control=Control(
            params={"ties": 1.0, "temperature": 1.0},
            wrong="a tie is a win",
            predicted=lambda **at: _credit(undecided=1.0, **at),
        ),
        margin=0.02,
        replications=FEWEST,
        shares="people",
    ),
    Law(
        id="skill.accuracy",
        says="who sees a share s of what a response is, and noise for the rest, is right in ½ + asin(s/√(s²+(1−s)²))/π",
        source="Sheppard (1899), Phil. Trans. A 192",
        path="simlab/people/perception.py:perceived",
        regime="gaussian",
        points=({"skill": 0.5}, {"skill": 0.8}, {"skill": 0.2}),
        predicted=_seen,
        observe=_skilled,
        control=Control(params={"skill": 0.5}, wrong="skill that is no matter", predicted=lambda skill: 1.0),
        margin=0.02,
        replications=FEWEST,
        shares="people",
    ),
    Law(
        id="screening.passed",
        says="of candidates who are right with chance p, P(Binomial(n, p) ≥ k) are hired",
        source="binomial; practice: InstructGPT (2022), AlpacaFarm (2023)",
        path="simlab/people/hiring.py:examine",
        regime="gaussian",
        points=TESTS,
        predicted=lambda flip, items, right: math.fsum(
            math.comb(items, k) * (1 - flip) ** k * flip ** (items - k) for k in range(right, items + 1)
        ),
        observe=_passed,
        control=Control(params=TESTS[0], wrong="a test that all pass", predicted=lambda **at: 1.0),
        margin=0.05,
        slack=0.005,
        replications=FEWEST,
        shares="people",
    ),
    Law(
        id="agreement.in_runs",
        says="beyond chance, two raters who flip ε agree in (1 − 2ε)² of pairs: κ and its kin, of a run's labels",
        source="Fleiss (1971), Psychological Bulletin 76",
        path="simlab/measures/agreement.py:interrater, simlab/analyzers/agreement.py:AgreementAnalyzer._record",
        regime="gaussian",
        points=(
            {"statistic": "fleiss", **TESTS[0]},
            {"statistic": "cohen", **TESTS[1]},
            {"statistic": "gwet_ac1", **TESTS[2]},
        ),
        predicted=lambda flip, **at: (1 - 2 * flip) ** 2,
        observe=_agreement,
        control=Control(
            params={"statistic": "fleiss", **TESTS[0]},
            wrong="agreement, whether by chance or not",
            predicted=lambda flip, **at: (1 + (1 - 2 * flip) ** 2) / 2,
        ),
        margin=0.04,
        replications=FEWEST,
        shares="people",
    ),
    Law(
        id="intervals.of_agreement",
        says="an interval of agreement is 2·1.96 standard errors of a share wide",
        source="Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 13",
        path="simlab/measures/statistics.py:interval, simlab/measures/agreement.py:interrater",
        regime="gaussian",
        points=tuple({"statistic": "percent", **at} for at in TESTS),
        predicted=lambda **at: 1.96,
        observe=_width,
        control=Control(
            params={"statistic": "percent", **TESTS[0]},
            wrong="one standard error to either side",
            predicted=lambda **at: 1.0,
        ),
        margin=0.2,
        slack=0.05,  # of 200 replicates
        replications=FEWEST,
        shares="people",
    ),
    Law(
        id="pay.wages",
        says="people are paid their wage for the hours that stand beside their labels, to the cent",
        source="accounts: the ledger against the comparisons",
        path="simlab/people/payroll.py:pay, simlab/people/working_life.py:settle",
        regime="gaussian",
        points=({"wage": 21.0}, {"wage": 9.5}, {"wage": 40.0}),
        predicted=lambda wage: wage,
        observe=_paid,
        control=Control(
            params={"wage": 21.0},
            wrong="a quarter a pair, at thirty seconds",
            predicted=lambda wage: 0.25 * 3600 / 30,
        ),
        shares="people",
    ),
    Law(
        id="market.leavers",
        says="of the dissatisfied, as many leave as the scenario says",
        source="accounts of the table market",
        path="simlab/parties/market.py:Market.depart, plugins/consequences/churn.py:Churn.act",
        regime="gaussian",
        points=({"leave": 0.1}, {"leave": 0.5}, {"leave": 1.0}),
        predicted=lambda leave: leave,
        observe=_gone,
        control=Control(params={"leave": 0.1}, wrong="loyal users", predicted=lambda leave: 0.0),
        shares="people",
    ),
    Law(
        id="market.satisfied",
        says="by a model that was moved by 1/β in a direction of cosine ρ, Φ(ρ/(β√2)) of users are satisfied",
        source="Korbak et al. (2022), arXiv:2205.11275; approval is the share of reference responses that are worse",
        path="simlab/parties/users.py:Users.judge, plugins/worlds/gaussian.py:GaussianGame.approval",
        regime="gaussian",
        points=(
            {"beta": 1.0, "labels": 1000, "dimensions": 8},
            {"beta": 2.0, "labels": 1000, "dimensions": 8},
            {"beta": 0.7, "labels": 500, "dimensions": 24},
        ),
        predicted=lambda beta, labels, dimensions: normal(direction(0.0, labels, dimensions) / (beta * math.sqrt(2))),
        observe=_satisfied,
        control=Control(
            params={"beta": 1.0, "labels": 1000, "dimensions": 8},
            wrong="as before it was trained",
            predicted=lambda **at: 0.5,
        ),
        margin=0.03,
        slack=0.005,
        replications=FEWEST,
        shares="people",
    ),
)
