"""Several reward models that learned from the same comparisons and differ by their seeds, and their scores.

Source: Coste et al. 2023 (arXiv:2310.02743); the idea is that of deep ensembles (Lakshminarayanan et al. 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .reward_model import RewardModel
from .transformer import READ, Numbers, by_length, trimmed

__all__ = ["Ensemble", "Jury"]


class Ensemble:
    """M reward models grown from one pretrained model, each with the zero and the unit of its raw score.

    `centres` and `scales` are those of the members, `centre` and `scale` those of the mean of their raw scores.
    Knows what the frozen pretrained model, which they share, finds of a response once for all of them.
    """

    def __init__(
        self,
        members: Sequence[RewardModel],
        centres: Sequence[float],
        scales: Sequence[float],
        centre: float,
        scale: float,
    ) -> None:
        if not len(members) == len(centres) == len(scales) > 0:
            raise ValueError(f"{len(members)} members, {len(centres)} centres and {len(scales)} scales do not fit")
        self.members = tuple(members)
        device = self.members[0].tie.device
        self.centres = torch.tensor(list(centres), dtype=torch.float32, device=device)[:, None]
        self.scales = torch.tensor(list(scales), dtype=torch.float32, device=device)[:, None]
        self.centre, self.scale = centre, scale

    @torch.no_grad()
    def of_tokens(
        self, prompts: Numbers, responses: Numbers, *, known: Tensor | None = None, batch: int = READ
    ) -> Tensor:
        """What each token adds to the members' raw scores [M, n, T], for responses [n, T] to prompts [n, P]; `known` as
        of the members, if it is at hand."""
        first = self.members[0]
        asked = torch.as_tensor(prompts, dtype=torch.int64, device=first.tie.device)
        said = torch.as_tensor(responses, dtype=torch.int64, device=first.tie.device)
        out = torch.zeros(len(self.members), *said.shape, device=first.tie.device)
        for rows in by_length(batch, asked, said):
            p, r = trimmed(asked[rows]), trimmed(said[rows])
            likely = first.known(p, r) if known is None else known[rows, : r.shape[1]]
            for row, member in enumerate(self.members):
                out[row, rows, : r.shape[1]] = member.of_tokens(p, r, likely)
        return out

    def known(self, prompts: Numbers, responses: Numbers) -> Tensor:
        """What the pretrained model finds of each token [n, T], see `RewardModel.known`."""
        return self.members[0].known(prompts, responses)

    def standardized(self, added: Tensor, *, apart: bool = False) -> Tensor:
        """One score per response [n] from what its tokens add [M, n, T]: the mean of the raw scores, standardized; or
        the members' [M, n], each standardized by itself, if they are to be told `apart`."""
        raw = added.sum(2)
        return (raw - self.centres) / self.scales if apart else (raw.mean(0) - self.centre) / self.scale

    def each(self, prompts: Numbers, responses: Numbers) -> Tensor:
        """The members' scores [M, n], each standardized by itself."""
        return self.standardized(self.of_tokens(prompts, responses), apart=True)

    def score(self, prompts: Numbers, responses: Numbers) -> Tensor:
        """One score per response [n]: the mean of the raw scores, standardized."""
        return self.standardized(self.of_tokens(prompts, responses))

    @torch.no_grad()
    def deviation(
        self, prompts: Numbers, responses: Numbers, *, known: Tensor | None = None, batch: int = READ
    ) -> Tensor:
        """The standard deviation of the score of each response [n], in its unit, by members that have variances: that
        of the mixture of their distributions, √(mean σ² + variance of μ), members' zeros apart (Lakshminarayanan et al.
        2017, §2.4). Raises ValueError where a member has none."""
        if not all(member.variance for member in self.members):
            raise ValueError("only a reward model with variance has a deviation")
        likely = self.known(prompts, responses) if known is None else known
        told = [member.moments(prompts, responses, known=likely, batch=batch) for member in self.members]
        each = torch.stack(told)  # [M, n, 2]
        between = (each[..., 0] - self.centres).var(0, correction=0)
        return (each[..., 1].mean(0) + between).sqrt() / self.scale

    def so_far(self, added: Tensor) -> Tensor:
        """The mean raw score, in its unit, of what each response consists of before each token [n, T]."""
        return (added.cumsum(2) - added).mean(0) / self.scale


class Jury:
    """Reward models that judge together: the score is the sum of theirs, each standardized by itself and times its
    weight. One judge of weight 1 scores as it does alone, bit for bit.

    Source: weighted sums of several reward models as in Wu et al. 2023 (arXiv:2306.01693), eq. 1.
    """

    def __init__(
        self, judges: Sequence[Ensemble], weights: Sequence[float], alike: Sequence[bool] = (),
        rule: Callable[[Tensor], Tensor] | None = None,
    ) -> None:  # fmt: skip
        """`alike` says who reads what the pretrained model of the first finds likely; empty: the first only. A `rule`,
        if there is one, makes one score [n] of those of the judges [D, n], each standardized, in the place of the
        sum."""
        self.rule = rule
        alike = alike or [judge is judges[0] for judge in judges]
        if not len(judges) == len(weights) == len(alike) > 0:
            raise ValueError(f"{len(judges)} judges, {len(weights)} weights and {len(alike)} words on them do not fit")
        self.judges, self.weights, self.alike = tuple(judges), tuple(weights), tuple(alike)

    def known(self, prompts: Numbers, responses: Numbers) -> Tensor:
        """What the pretrained model of the first judge finds of each token [n, T]."""
        return self.judges[0].known(prompts, responses)

    def of_tokens(self, prompts: Numbers, responses: Numbers, *, known: Tensor | None = None) -> list[Tensor]:
        """What each token adds to the raw scores of each judge's members, [M, n, T] for each; `known` is what `known`
        returns, if it is at hand."""
        return [
            judge.of_tokens(prompts, responses, known=known if alike else None)
            for judge, alike in zip(self.judges, self.alike, strict=True)
        ]

    def standardized(self, added: Sequence[Tensor], *, apart: bool = False) -> Tensor:
        """One score per response [n]; or those of the members [M, n] of a single judge, if they are to be told `apart`.
        Raises ValueError where several judges are to be told apart by their members."""
        if apart and len(self.judges) > 1:
            raise ValueError("members are told apart of a single judge only")
        scores = [judge.standardized(a, apart=apart) for judge, a in zip(self.judges, added, strict=True)]
        return self._sum(scores) if self.rule is None else self.rule(torch.stack(scores))

    def deviation(self, prompts: Numbers, responses: Numbers, *, known: Tensor | None = None) -> Tensor:
        """The standard deviation of the score of each response [n] by a single judge; `known` as in `of_tokens`.
        Raises ValueError where several judge, or the judge has no variances."""
        if len(self.judges) > 1:
            raise ValueError("the deviation is that of a single judge only")
        own = self.judges[0].deviation(prompts, responses, known=known if self.alike[0] else None)
        return abs(self.weights[0]) * own

    def so_far(self, added: Sequence[Tensor]) -> Tensor:
        """The score of what each response consists of before each token [n, T], but for where its zero lies."""
        scores = [judge.so_far(a) for judge, a in zip(self.judges, added, strict=True)]
        if self.rule is None:
            return self._sum(scores)
        zeros = torch.tensor([judge.centre / judge.scale for judge in self.judges], device=scores[0].device)
        together = torch.stack(scores) - zeros[:, None, None]  # [D, n, T]
        return self.rule(together.flatten(1)).view(together.shape[1:])

    def _sum(self, scores: Sequence[Tensor]) -> Tensor:
        total = self.weights[0] * scores[0]
        for weight, score in zip(self.weights[1:], scores[1:], strict=True):
            total = total + weight * score
        return total
