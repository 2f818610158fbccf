"""Consequences: what follows for the judged from a judgement, once its principal has made it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, PrivateAttr

from simlab.components.component import Component
from simlab.components.guideline_policy import GuidelinePolicy

Amiss = tuple[tuple[str, ...], str, str]  # the parameter it concerns (none: the whole), what is wrong, the likely fix


class Consequence(Component):
    """What a principal of a given kind may do to an agent of a given kind after each look at its work.

    Its class variables `principals` and `agents` say of which kinds; its fields are parameters. `relation.principal`
    and `relation.agent` are the parties; people are called `pool:17`, after the party they belong to. `self.context`
    is the run: `self.context.log.transfer(payer, payee, amount, why)` moves money, `self.context.now` is the day,
    `self.context.hierarchy` says who answers to whom. What it remembers from one look to the next are private
    attributes (`_looks: int = 0`): each relation of each run has a copy of its own.
    """

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    kind: ClassVar[Literal["consequence"]] = "consequence"
    principals: ClassVar[tuple[str, ...]] = ()  # kinds of party that may apply it, as ("corporation", "vendor")
    agents: ClassVar[tuple[str, ...]] = ()  # to which kinds of party, as ("raters", "auditors")
    pays: ClassVar[bool] = False  # whether it pays people their wages; if none of an employer's does, simlab adds it
    unforeseen: ClassVar[str] = ""  # what it costs that no estimate can foresee, as "bonuses"

    _context: Any = PrivateAttr(None)

    @property
    def context(self) -> Any:
        """The run it takes part in."""
        return self._context

    def act(self, relation: Any, judgement: Any) -> Sequence[Any]:
        """Do it at once, and say what was done: a list of `simlab.Effect`, empty if nothing was.

        `judgement.scores` and `judgement.samples` are empty if the principal found nothing to look at.
        """
        raise NotImplementedError(f"consequence {self.name!r} does not define act")

    def apply(self, relation: Any, judgement: Any) -> Generator[Any, Any, Sequence[Any]]:
        """The same where it takes simulated time: a SimPy process that returns what was done. As defined here, `act`
        and no time."""
        yield from ()
        return self.act(relation, judgement)

    def settle(self, relation: Any) -> Sequence[Any]:
        """What is still owed when the run ends between two looks; as defined here, nothing."""
        del relation
        return []

    def amiss(self, relation: Any, principal: Any) -> Iterator[Amiss]:
        """What keeps it from standing where it does: by its relation's entry in the scenario file (`relation.principal`
        is a name, `relation.consequence` a list of all that stand there, in order), and its principal's entry."""
        del relation, principal
        yield from ()

    def dismissal(self) -> Any:
        """The review rule by which it dismisses people, who reckon with that; None if it dismisses nobody."""
        return None

    def in_play(self, context: Any) -> Self:
        """A copy for one relation of one run, which remembers nothing of any other."""
        fresh = self.model_copy(deep=True)
        fresh._context = context
        return fresh

    @classmethod
    def may_follow(cls, principal: str, agent: str) -> bool:
        """Whether a principal of one kind may apply it to an agent of another."""
        return principal in cls.principals and agent in cls.agents


def guideline_policies(consequence: Any) -> Iterator[GuidelinePolicy]:
    """The guideline policies that a consequence may bring about."""
    for _, part in inner(consequence):
        if isinstance(part, GuidelinePolicy):
            yield part


def inner(consequence: Any) -> Iterator[tuple[str, Component]]:
    """The components that a consequence's parameters name, with the parameter's name; of anything else, none."""
    for name in type(consequence).model_fields if isinstance(consequence, Consequence) else ():
        if isinstance(part := getattr(consequence, name), Component):
            yield name, part
