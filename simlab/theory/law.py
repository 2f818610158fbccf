"""A law: what theory says a number must be at given parameters, and how the simulator is asked for the same number.

Every family of laws is a module of this package with a tuple `LAWS`; `simlab.theory.LAWS` holds them all by id.
`predicted` is a closed form or a published figure, written without the simulator's code. `observe` asks the
simulator's own components, or whole runs, and never the formula. Both answer at any valid parameters, not only at
the law's own points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Params = Mapping[str, Any]  # keyword arguments of `predicted` and `observe`; numbers, texts, and lists of them
Number = Callable[..., float]
Refusal = Callable[..., str]
Regime = Literal["exact", "gaussian", "language model"]

REPLICATIONS = 24  # independent seeds behind one observation of a law that holds on average
FEWEST = 20  # the least that will do: of slow laws, and in the quick form
EXACT = 1e-6  # how well a law must hold that knows no chance


def always(**at: Any) -> str:
    """A regime without bounds: at no valid parameters is there a reason against the law."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A check that must fail, so that one sees the others could: at `params`, something is `wrong` (in words).

    Either `predicted` is a plausible wrong prediction of what is observed, or `observe` asks a simulator that is set
    so that the law does not hold.
    """

    params: Params
    wrong: str
    predicted: Number | None = None
    observe: Number | None = None

    def __post_init__(self) -> None:
        if (self.predicted is None) == (self.observe is None):
            raise ValueError(f"a control replaces the prediction or the observation, not both or neither: {self.wrong}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """One law, with the points at which `simlab theory` holds it.

    `id` is "family.name". `predicted(**params)` is what theory says. `observe(seed, **params)` is one observation,
    of which `replications` independent ones are averaged; 0 replications: there is no chance in it, and the seed
    does not matter. `margin` is an equivalence margin in units of the number: the whole interval of what was observed
    must lie within it, so choose it from the precision the law deserves, and the size of one observation so that
    its sampling error is well below (a fourth of it is a good rule). `slack` is how far the formula itself may be
    off, such as O(1/d) in d dimensions; it does not count as a deviation, and must be below the margin. Beyond its
    regime a law says nothing: `refuses(**params)` gives the reason why, and inside it the law must hold everywhere.
    """

    id: str
    says: str  # the law in a line, for people
    source: str  # paper and equation
    path: str  # the code of a run that it observes, as dotted names; or, after "no run: ", of what runs do not execute
    regime: Regime
    points: Sequence[Params]
    control: Control
    predicted: Number
    observe: Number
    margin: float = EXACT
    slack: float = 0.0
    replications: int = 0
    slow: bool = False  # takes seconds a point, so the quick form leaves it out
    shares: str = ""  # of laws of whole runs: those that meet in the same runs, and are held one after the other
    refuses: Refusal = always  # why there is no law at these parameters; "" if there is

    def __post_init__(self) -> None:
        family, _, name = self.id.partition(".")
        if not (family and name):
            raise ValueError(f"a law's id is family.name, not {self.id!r}")
        if len(self.points) < 3:
            raise ValueError(f"{self.id} is held at {len(self.points)} points; three are the least")
        if 0 < self.replications < FEWEST:
            raise ValueError(f"{self.id} is replicated {self.replications} times; {FEWEST} are the least")
        if not 0 <= self.slack < self.margin:
            raise ValueError(f"{self.id}: slack {self.slack:g} must be below the margin {self.margin:g}")
        for at in (*self.points, self.control.params):
            if why := self.refuses(**at):
                raise ValueError(f"{self.id} has a point outside its regime: {why}")

    @property
    def family(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]
