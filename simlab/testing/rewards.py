"""The contract of reward shapes. torch is imported where a shape is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simlab.testing import samples
from simlab.testing.contract import Subject, check
from simlab.testing.samples import Batch

_TOLERANCE = 1e-5  # sums in another order round otherwise


@check("reward")
def answers(subject: Subject) -> Iterator[str]:
    """It gives a reward for each token: a floating-point tensor [B, T]."""
    batch = _batch(subject)
    found = shaped(subject.made(), batch)
    if tuple(getattr(found, "shape", ())) != tuple(batch.logp.shape):
        yield f"gave shape {tuple(getattr(found, 'shape', ()))}; it should be {tuple(batch.logp.shape)}"
    elif not found.is_floating_point():
        yield f"gave {found.dtype}; it should be floating-point numbers"


@check("reward")
def finite(subject: Subject) -> Iterator[str]:
    """No reward is infinite or NaN: not in a batch, not of a single response, not where all scores are the same."""
    batch = _batch(subject)
    flat = Batch(0 * batch.score, batch.logp, batch.logp_ref, batch.mask)
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
    filled = Batch(
        batch.score, batch.logp.masked_fill(~inside, -3.0), batch.logp_ref.masked_fill(~inside, -9.0), batch.mask
    )
    wide = Batch(
        batch.score, *(torch.nn.functional.pad(part, (0, 2)) for part in (batch.logp, batch.logp_ref, batch.mask))
    )
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
def leash(subject: Subject) -> Iterator[str]:
    """The coefficient of its KL penalty, which closed forms ask for, is a number of at least 0."""
    beta = subject.made().leash()
    if not (isinstance(beta, int | float) and 0 <= beta < float("inf")):
        yield f"says that its leash is {beta!r}"


def members(shape: Any) -> int:
    """How many reward models' scores a shape wants [M, B]; 0 if one's [B]."""
    return 3 if getattr(shape, "members", False) else 0


def shaped(shape: Any, batch: Batch) -> Any:
    """Rewards of a copy of a batch."""
    return shape.shape(batch.score, batch.logp, batch.logp_ref, batch.mask)


def _batch(subject: Subject) -> Batch:
    return samples.batch(members=members(subject.cls))
