"""DPO and its kin: each loss by hand, by the optimum it has, and beside TRL's on the same tensors."""

from __future__ import annotations

import copy
from collections import defaultdict
from importlib.util import find_spec
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from simlab.nets.closed_form import divergence, tilted
from simlab.nets.direct_preference import Kind, dpo_loss, fit
from simlab.nets.transformer import Transformer, log_probs
from tests.one_word import LOGP, REWARD, SEP, START, WORD, reference_model

Array = NDArray[np.float64]
KINDS: tuple[Kind, ...] = ("sigmoid", "conservative", "robust", "ipo")
PAIRS = np.array(list(combinations(range(4), 2)))  # of the four words
CHANCES = 1 / (1 + np.exp(-(REWARD[PAIRS[:, 0]] - REWARD[PAIRS[:, 1]])))  # that the first is preferred: Bradley & Terry


@pytest.fixture(scope="module")
def reference() -> Transformer:
    """A pretrained model that says one of four words, with chances .4, .3, .2, .1."""
    return reference_model()


# ---- losses ---------------------------------------------------------------------------------------------------------


def test_losses_by_hand() -> None:
    """Of βh = log 3, σ is ¾."""
    margin, up, down = torch.tensor([np.log(3) / 0.5]), torch.tensor([1]), torch.tensor([2])
    right, wrong = -np.log(0.75), -np.log(0.25)

    def loss(label: Tensor, kind: Kind) -> float:
        return float(dpo_loss(margin, label, beta=0.5, kind=kind, smoothing=0.1))

    assert [loss(up, "sigmoid"), loss(down, "sigmoid")] == pytest.approx([right, wrong])
    assert loss(up, "conservative") == pytest.approx(0.9 * right + 0.1 * wrong)
    assert loss(up, "robust") == pytest.approx((0.9 * right - 0.1 * wrong) / 0.8)
    assert loss(down, "robust") == pytest.approx((0.9 * wrong - 0.1 * right) / 0.8)
    assert [loss(up, "ipo"), loss(down, "ipo")] == pytest.approx([(np.log(9) - 1) ** 2, (np.log(9) + 1) ** 2])


@pytest.mark.parametrize("kind", KINDS)
def test_a_tie_is_half_a_win_for_each(kind: Kind) -> None:
    margins = torch.linspace(-3, 5, 7)
    tie, up, down = (
        dpo_loss(margins, torch.full((7,), label), beta=0.4, kind=kind, smoothing=0.2) for label in (0, 1, 2)
    )
    torch.testing.assert_close(tie, (up + down) / 2)
    said = dpo_loss(margins, torch.ones(7), beta=0.4, kind=kind, smoothing=0.2, shares=torch.full((7,), 0.5))
    torch.testing.assert_close(said, tie)
    assert float((tie - up).abs()) > 0.01


def test_what_was_not_compared_does_not_count() -> None:
    margins, labels = torch.tensor([1.0, 5.0, -2.0]), torch.tensor([1, -1, 2])
    kept = dpo_loss(margins[[0, 2]], labels[[0, 2]], beta=1.0)
    torch.testing.assert_close(dpo_loss(margins, labels, beta=1.0), kept)
    assert float(dpo_loss(margins, torch.full((3,), -1), beta=1.0)) == 0


def test_wrong_labels_cost_robust_dpo_nothing_in_the_mean() -> None:
    """Its loss, over labels of which a share ε is flipped, is the plain loss of right ones; the conservative is not."""
    margins = torch.randn(200, generator=torch.Generator().manual_seed(0)) * 3 + 2
    right, wrong = torch.ones(200), torch.full((200,), 2)
    plain = float(dpo_loss(margins, right, beta=0.7))
    for flips in (0.05, 0.2, 0.4):
        mixed = [
            (1 - flips) * float(dpo_loss(margins, right, beta=0.7, kind=kind, smoothing=flips))
            + flips * float(dpo_loss(margins, wrong, beta=0.7, kind=kind, smoothing=flips))
            for kind in ("robust", "conservative")
        ]
        assert mixed[0] == pytest.approx(plain, abs=1e-4)
        assert abs(mixed[1] - plain) > 0.01


@pytest.mark.parametrize("wrong", [{"beta": 0.0}, {"beta": 1.0, "smoothing": 0.5}, {"beta": 1.0, "smoothing": -0.1}])
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        dpo_loss(torch.zeros(1), torch.ones(1), **wrong)


# ---- the whole, where the optimum is known ---------------------------------------------------------------------------


def learned(reference: Transformer, *, many: int = 1, epochs: int = 300, seed: int = 0, **options: Any) -> Array:
    """log π of the four words after learning `many` rankings of all four, alike unless labels are given."""
    policy = copy.deepcopy(reference)
    words = np.arange(WORD, WORD + 4)[:, None]
    labels = options.pop("labels", np.ones((many, 6), dtype=np.int64))
    rows = fit(
        policy, reference, np.tile([[START, SEP]], (len(labels), 1)), np.tile(words, (len(labels), 1, 1)), labels,
        epochs=epochs, rate=1e-2, batch=256, seed=seed, **options,
    )  # fmt: skip
    assert len(rows) == epochs
    found = log_probs(policy, np.tile([[START, SEP]], (4, 1)), words)[:, 0].double().numpy()
    return np.asarray(found - np.log(np.exp(found).sum()))


def by_shares(kind: Kind, beta: float, smoothing: float) -> Array:
    """What the labels' shares are to be so that π_ref·exp(r/β) is the optimum: Bradley & Terry's chances, as they come
    out of a share `smoothing` of flips (robust), or are taken to be (conservative)."""
    if kind == "robust":
        return (1 - smoothing) * CHANCES + smoothing * (1 - CHANCES)
    return (CHANCES - smoothing) / (1 - 2 * smoothing) if kind == "conservative" else CHANCES


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sigmoid", "conservative", "robust"])
@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_it_meets_ppo_under_one_model_of_preferences(kind: Kind, beta: float, reference: Transformer) -> None:
    """π* ∝ π_ref·exp(r/β), as of PPO, of rewards by which labels are Bradley & Terry's; of another β (control) not."""
    shares = by_shares(kind, beta, 0.02)[None]
    found = learned(reference, shares=shares, beta=beta, kind=kind, smoothing=0.02)
    assert divergence(found, tilted(LOGP, REWARD, beta)) < 0.001
    assert divergence(found, tilted(LOGP, REWARD, 1.3 * beta)) > 0.003


@pytest.mark.slow
@pytest.mark.parametrize("beta", [0.2, 0.5, 1.0])
def test_ipo_has_its_own_optimum(beta: float, reference: Transformer) -> None:
    """Least squares of margins to (p − ½)/β: a word gains what it wins beyond half in the mean over all four, by β."""
    beaten = np.zeros((4, 4))
    beaten[PAIRS[:, 0], PAIRS[:, 1]] = CHANCES - 0.5
    star = tilted(LOGP, (beaten - beaten.T).mean(1), beta)
    found = learned(reference, shares=CHANCES[None], beta=beta, kind="ipo")
    assert divergence(found, star) < 0.001
    assert divergence(found, tilted(LOGP, REWARD, beta)) > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_it_learns_from_labels(seed: int, reference: Transformer) -> None:
    """2,000 drawn rankings of four, each pair for itself: the rewards are known to within √(1/(2000·pq)) or so, which
    is .06 for the rarest upsets; the divergence is half a variance of that."""
    labels = np.where(np.random.default_rng(seed).random((2000, 6)) < CHANCES, 1, 2)
    found = learned(reference, labels=labels, epochs=15, beta=1.0, seed=seed)
    assert divergence(found, tilted(LOGP, REWARD, 1.0)) < 0.01
    turned = learned(reference, labels=3 - labels, epochs=15, beta=1.0, seed=seed)
    assert divergence(turned, tilted(LOGP, REWARD, 1.0)) > 1
    assert divergence(turned, tilted(LOGP, -REWARD, 1.0)) < 0.01


def test_longer_responses_can_count_per_token(speaker: Transformer, prompts: NDArray[np.int64]) -> None:
    """Margins of sums, and of means over tokens: of a policy at its reference none; of another, as by hand."""
    from simlab.nets.direct_preference import Rankings
    from simlab.nets.transformer import Transformer as Network

    said = np.array([[[5, 6, 3], [7, 3, 0]]] * 4)
    other = Network(speaker.config, torch.Generator().manual_seed(1))
    for average in (False, True):
        data = Rankings.of(speaker, prompts[:4], said, np.ones((4, 1)), None, 1.0, average)
        assert float(data.margins(speaker, torch.arange(4)).abs().max().detach()) < 1e-5
        sides = [
            (log_probs(other, prompts[:4], said[:, i]) - log_probs(speaker, prompts[:4], said[:, i])).sum(1)
            / ((3, 2)[i] if average else 1)
            for i in (0, 1)
        ]
        torch.testing.assert_close(data.margins(other, torch.arange(4))[:, 0].detach(), sides[0] - sides[1])


def test_rankings_that_do_not_fit_are_refused(speaker: Transformer, prompts: NDArray[np.int64]) -> None:
    said = np.full((4, 2, 3), 5)
    with pytest.raises(ValueError, match="do not fit 4 rankings of 2 responses"):
        fit(speaker, speaker, prompts[:4], said, np.ones((4, 3)), seed=0)
    with pytest.raises(ValueError, match="labelled pair"):
        fit(speaker, speaker, prompts[:4], said, np.full((4, 1), -1), seed=0)


# ---- beside TRL ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not all(map(find_spec, ("trl", "transformers", "datasets"))), reason="needs trl")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["sigmoid", "robust", "ipo"])
def test_losses_are_those_of_trl(kind: Kind, seed: int) -> None:
    """Their trainer is given these logits in the place of a model's. (It has no conservative loss.)"""
    from trl import DPOTrainer

    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(0, 9, (12, 7), generator=generator)  # six chosen, then six rejected
    mask = (torch.arange(7) >= 2) & (torch.arange(7) < torch.randint(4, 8, (12, 1), generator=generator))
    logits = [torch.randn(12, 7, 9, generator=generator, requires_grad=True) for _ in range(2)]
    accelerator = SimpleNamespace(device="cpu", gather_for_metrics=lambda x: x, gather=lambda x: x,
                                  reduce=lambda x, reduction: x)  # fmt: skip
    theirs = SimpleNamespace(
        model=Stub(SimpleNamespace(logits=logits[0])), accelerator=accelerator, aux_loss_enabled=False, ld_alpha=None,
        precompute_ref_logps=False, args=SimpleNamespace(gradient_checkpointing_kwargs=None), beta=0.3,
        ref_model=Stub(SimpleNamespace(logits=logits[1])), f_divergence_type="reverse_kl", loss_types=[kind],
        loss_weights=[1.0], label_smoothing=0.1, use_weighting=False, _metrics={"train": defaultdict(list)},
        _total_train_tokens=0,
    )  # fmt: skip
    given = {"input_ids": tokens, "completion_mask": mask.long(), "attention_mask": torch.ones(12, 7)}
    expected = DPOTrainer._compute_loss(theirs, theirs.model, given, return_outputs=False)
    ratio = [x.log_softmax(-1)[:, :-1].gather(2, tokens[:, 1:, None])[..., 0] * mask[:, 1:] for x in logits]
    whole = (ratio[0] - ratio[1].detach()).sum(1) / (mask.sum(1) if kind == "ipo" else 1)
    losses = [
        dpo_loss(whole[:6] - whole[6:], torch.ones(6), beta=0.3, kind=each, smoothing=0.1)
        for each in (kind, *(other for other in KINDS if other != kind))
    ]
    torch.testing.assert_close(losses[0], expected, atol=1e-5, rtol=0)
    gradients = [torch.autograd.grad(x, logits[0], retain_graph=True)[0] for x in (losses[0], expected)]
    torch.testing.assert_close(*gradients, atol=1e-5, rtol=0)
    assert min(float((other - expected).abs()) for other in losses[1:]) > 1e-3  # controls


class Stub(torch.nn.Module):
    """A model that says what it was made with."""

    def __init__(self, said: Any) -> None:
        super().__init__()
        self.said = said
        self.is_gradient_checkpointing = False

    def forward(self, **_: Any) -> Any:
        return self.said
