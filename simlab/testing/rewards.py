"""The contract of reward shapes. torch is imported inside the functions that need it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from simlab.components.return_values import given
from simlab.testing import samples
from simlab.testing.contract import Subject, check
from simlab.testing.samples import Batch

_TOLERANCE = 1e-5  # sums in another order round otherwise


@check("reward")
def answers(subject: Subject) -> Iterator[str]:
    """It gives a reward for each token: a floating-point tensor [B, T]."""
    batch = _batch(subject)
    found = shaped(subject.made(), batch)
    shape = tuple(batch.logp.shape)
    if not hasattr(found, "is_floating_point"):
        yield f"shape must give a floating-point tensor of shape {shape}; it gave {given(found)}"
    elif tuple(found.shape) != shape:
        yield f"gave shape {tuple(found.shape)}; it should be {shape}"
    elif not found.is_floating_point():
        yield f"shape gave {found.dtype}; it should be floating-point numbers"


@check("reward")
def finite(subject: Subject) -> Iterator[str]:
    """No reward is infinite or NaN: not in a batch, not of a single response, not where all scores are the same."""
    batch = _batch(subject)
    flat = replace(batch, score=0 * batch.score)
    for what, each in (("a batch", batch), ("a single response", batch[:1]), ("equal scores", flat)):
        found = shaped(subject.made(), each)
        if not bool(found.isfinite().all()):
            yield f"gave {float(found[~found.isfinite()][0]):g} for {what}"


@check("reward")
def padding(subject: Subject) -> Iterator[str]:
    """What stands beyond the end of a response, and how much of it, has no effect on the rewards of its tokens."""
    import torch

    batch = _batch(subject)
    usual, inside = shaped(subject.made(), batch), batch.mask.bool()
    logp, logp_ref = (
        part.masked_fill(~inside, filler) for part, filler in ((batch.logp, -3.0), (batch.logp_ref, -9.0))
    )
    filled = replace(batch, logp=logp, logp_ref=logp_ref)
    wider = {name: torch.nn.functional.pad(getattr(batch, name), (0, 2)) for name in ("logp", "logp_ref", "mask")}
    wide = replace(batch, **wider)
    width = batch.mask.shape[1]
    for what, each in (("other numbers", filled), ("more columns", wide)):
        found = shaped(subject.made(), each)[:, :width]
        gap = (found - usual)[inside].abs()
        if float(gap.max()) > _TOLERANCE:
            here, there = (float(rewards[inside][gap.argmax()]) for rewards in (found, usual))
            yield f"gave {here:g} instead of {there:g} with {what} as padding"


@check("reward")
def reproducible(subject: Subject) -> Iterator[str]:
    """Asked twice, it says the same: a reward has no chance of its own."""
    import torch

    batch, shape = _batch(subject), subject.made()
    first = shaped(shape, batch)
    if not (torch.equal(first, shaped(shape, batch)) and torch.equal(first, shaped(subject.made(), batch))):
        yield "gave other rewards when asked again"


@check("reward")
def order(subject: Subject) -> Iterator[str]:
    """A reward does not depend on the order in which responses stand in their batch."""
    batch = _batch(subject)
    usual = shaped(subject.made(), batch)
    turned = shaped(subject.made(), batch[range(len(usual) - 1, -1, -1)]).flip(0)
    if float((usual - turned)[batch.mask.bool()].abs().max()) > _TOLERANCE:
        yield "gave other rewards when the responses of the batch stood in another order"


@check("reward")
def pure(subject: Subject) -> Iterator[str]:
    """It leaves the tensors it is given as they are."""
    import torch

    batch, before = _batch(subject), _batch(subject)
    shaped(subject.made(), batch)
    for name in ("score", "logp", "logp_ref", "mask"):
        if not torch.equal(getattr(batch, name), getattr(before, name)):
            yield f"changed the tensor {name} it was given"


@check("reward")
def updated(subject: Subject) -> Iterator[str]:
    """A shape that adapts gives another one for the next iteration, and stays as it is itself."""
    shape = subject.made()
    if not hasattr(shape, "updated"):
        return
    names = ("objective_kl", "objective_entropy", "objective_scores", "objective_cost")
    following = shape.updated(dict.fromkeys(names, 7.0))
    if type(following) is not subject.cls:
        yield f"updated gave {type(following).__name__}; it should be another {subject.cls.__name__}"
    if shape != subject.made():
        yield "changed itself when it was updated; return a copy (model_copy)"


@check("reward")
def leash(subject: Subject) -> Iterator[str]:
    """The coefficient of its KL penalty, which closed forms ask for, is a number of at least 0."""
    beta = subject.made().leash()
    if not (isinstance(beta, int | float) and 0 <= beta < float("inf")):
        yield f"says that its leash is {beta!r}"


def members(shape: Any) -> int:
    """How many reward models a shape takes scores [M, B] of; 0 if it takes those of one [B]."""
    return 3 if getattr(shape, "members", False) else 0


def shaped(shape: Any, batch: Batch) -> Any:
    """Rewards of a batch [B, T]; a shape that declares `ends` gets which responses ended, one with `cost` the costs,
    one that declares `deviations` the standard deviations."""
    options = {"ended": batch.ended} if getattr(shape, "ends", False) else {}
    if getattr(shape, "cost", ""):
        options["cost"] = batch.cost
    if getattr(shape, "deviations", False):
        options["deviation"] = batch.deviation
    return shape.shape(batch.score, batch.logp, batch.logp_ref, batch.mask, **options)


def _batch(subject: Subject) -> Batch:
    return samples.batch(members=members(subject.cls))
