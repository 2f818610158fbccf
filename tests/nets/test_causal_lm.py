"""Models of the library transformers behind the contract of our own: they read, speak and learn alike."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not all(map(find_spec, ("transformers", "tokenizers", "peft"))), reason="needs transformers"),
]

FAMILIES = ("llama", "gpt2")
START, LONGEST = 5, 8  # our number of the model's first token; tokens of a response
LORA = {"rank": 4, "alpha": 8, "seed": 3}


@pytest.fixture(scope="module", params=FAMILIES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """The model of the library, and its folder."""
    from tests.tiny_models import model

    folder = tmp_path_factory.mktemp("model")
    return model(folder, request.param, steps=40), folder


def adopted(made: tuple[Any, Path], **options: Any) -> Any:
    """The same behind our contract."""
    from simlab.nets.causal_lm import load
    from simlab.nets.sizes import PretrainedConfig

    config = PretrainedConfig(
        vocab=START + made[0].config.vocab_size, width=32, layers=2, heads=4, context=64, end=0, weights=10_000,
        unspoken=(0, 1, 2, 4, START),
    )  # fmt: skip
    return load(str(made[1]), config, options or None)


def exchanges(made: tuple[Any, Path]) -> tuple[Any, Any]:
    """Prompts and responses in our tokens, padded."""
    from transformers import AutoTokenizer

    from simlab.worlds.tokenizer import END, pad
    from tests.tiny_models import exchanges as rows

    said = AutoTokenizer.from_pretrained(made[1])
    texts = [(said(f"{p}\n")["input_ids"], said(r)["input_ids"]) for p, r, _ in rows()]
    prompts = pad([[n + START for n in p] for p, _ in texts])
    return prompts, pad([[*(n + START for n in r), END] for _, r in texts])


def test_likelihoods_are_the_librarys(made: tuple[Any, Path]) -> None:
    from simlab.nets.transformer import log_probs

    prompts, responses = exchanges(made)
    found = log_probs(adopted(made), prompts, responses).double().sum(1)
    for row in range(0, len(prompts), 5):
        asked = [n - START for n in prompts[row] if n]
        said = [n - START if n >= START else 0 for n in responses[row] if n]
        with torch.no_grad():
            logits = made[0](input_ids=torch.tensor([asked + said])).logits[0, len(asked) - 1 : -1]
        wanted = logits.log_softmax(-1)[range(len(said)), said]
        # of ours the end is said by one token, and the four other signs, and what they stand for, by none
        np.testing.assert_allclose(found[row], wanted.double().sum(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.6])
def test_likelihoods_are_those_of_what_is_said(made: tuple[Any, Path], temperature: float) -> None:
    """What is drawn from, and what is read of it later, are one distribution; with nothing masked, the model's own: the
    end is in it once, though it has a number of its own and a sign."""
    model = adopted(made)
    hidden = torch.randn(6, 32, generator=torch.Generator().manual_seed(1))
    every = torch.arange(model.config.vocab)
    for row in hidden:
        rows = row.expand(len(every), -1)
        with torch.no_grad():
            spoken, likely = model.log_spoken(rows, every, temperature), model.log_likely(rows, every)
            drawn, own = model.speech(row, temperature), made[0].lm_head(row).log_softmax(-1)
        torch.testing.assert_close(spoken[drawn.isfinite()], drawn.log_softmax(-1)[drawn.isfinite()])
        assert not torch.isfinite(spoken[~drawn.isfinite()]).any()
        torch.testing.assert_close(likely[START:], own)
        assert likely[3] == likely[START]  # the end, by its sign
        assert not torch.isfinite(likely[[0, 1, 2, 4]]).any()


def test_cached_sampling_is_sampling(made: tuple[Any, Path]) -> None:
    from simlab.nets.sampling import generate

    model, (prompts, _) = adopted(made), exchanges(made)
    uniforms = np.random.default_rng(1).random((len(prompts), LONGEST))
    fast = generate(model, prompts, uniforms, end=3).numpy()
    for row in range(0, len(prompts), 4):
        text, said = [n for n in prompts[row].tolist() if n], []
        for u in uniforms[row]:
            with torch.no_grad():
                p = model.speech(model(torch.tensor([text + said]))[0, -1]).double().softmax(0).numpy()
            said.append(int(np.searchsorted(p.cumsum() / p.sum(), u, side="right")))
            if said[-1] == 3:
                break
        assert fast[row].tolist() == said + [0] * (LONGEST - len(said))
    assert len(np.unique((fast != 0).sum(1))) > 2
    assert not np.isin(fast, (1, 2, 4, START)).any()
    np.testing.assert_array_equal(fast, generate(model, np.pad(prompts, ((0, 0), (0, 4))), uniforms, end=3, batch=5))


def test_only_an_adapter_learns_and_is_written_down(made: tuple[Any, Path]) -> None:
    from simlab.nets.transformer import from_arrays, log_probs, to_arrays

    whole, adapted, exchange = adopted(made), adopted(made, **LORA), exchanges(made)
    torch.testing.assert_close(log_probs(whole, *exchange), log_probs(adapted, *exchange))  # B begins at 0
    arrays = to_arrays(adapted)
    assert arrays
    assert all("lora_" in name for name in arrays)
    assert {id(p) for p in adapted.parameters()} == {id(p) for n, p in adapted.named_parameters() if "lora_" in n}
    assert not any("lora_" in name for name in to_arrays(whole))
    again = adopted(made, **{**LORA, "seed": 4})
    assert any((to_arrays(again)[name] != array).any() for name, array in arrays.items())  # A is drawn by the seed
    changed = {name: array + np.float32(0.1) for name, array in arrays.items()}
    moved = log_probs(from_arrays(again, changed), *exchange)
    torch.testing.assert_close(log_probs(from_arrays(adapted, changed), *exchange), moved)
    assert (moved - log_probs(whole, *exchange)).abs().max() > 0.01
    with pytest.raises(RuntimeError, match="Missing key"):
        from_arrays(again, dict(list(changed.items())[1:]))


def storages(model: Any) -> set[int]:
    """Where the numbers of a model lie."""
    return {p.untyped_storage().data_ptr() for p in model.state_dict(keep_vars=True).values()} | {
        p.untyped_storage().data_ptr() for _, p in model.named_parameters()
    }


def test_models_with_adapters_share_what_does_not_learn(made: tuple[Any, Path]) -> None:
    """Policy, reference, and both trunks of a reward model hold one copy of the folder's numbers, which stay as they
    are; each has an adapter of its own, as has another that is read from the folder."""
    from simlab.nets.reward_model import RewardModel

    one = adopted(made, **LORA)
    before = {name: p.detach().clone() for name, p in one.named_parameters()}
    judge = RewardModel(one, torch.Generator().manual_seed(0))
    others = (judge.trunk, judge.frozen, adopted(made, **LORA))
    own = {p.untyped_storage().data_ptr() for p in one.parameters()}
    for other in others:
        assert storages(other) & storages(one) == storages(one) - own
        assert not any(p.requires_grad for name, p in other.named_parameters() if name not in other.learns)
    assert any(p.requires_grad for p in judge.trunk.parameters())
    assert not any(p.requires_grad for p in judge.frozen.parameters())
    with torch.no_grad():
        for p in judge.trunk.parameters():
            p += 1.0
    assert all(torch.equal(p, before[name]) for name, p in one.named_parameters())
    whole = adopted(made)  # of which all learns
    assert not storages(whole) & storages(one)
    assert not storages(RewardModel(whole, torch.Generator().manual_seed(0)).trunk) & storages(whole)


@pytest.mark.parametrize("lora", [{}, LORA])
def test_reward_models_learn_rankings(made: tuple[Any, Path], lora: dict[str, int]) -> None:
    from simlab.nets.preference import RewardModel, fit
    from simlab.nets.transformer import from_arrays, log_probs, to_arrays

    base, (prompts, responses) = adopted(made, **lora), exchanges(made)
    before = log_probs(base, prompts, responses)
    model = RewardModel(base, torch.Generator().manual_seed(1))
    rankings = responses.reshape(-1, 4, responses.shape[1])  # true, false, hedged, refused
    labels = np.tile([1, 1, 1, 2, 1, 1], (len(rankings), 1))  # the true one is best, the refusal worst
    found = fit(model, prompts[::4], rankings, labels, epochs=8, rate=3e-3, batch=4, seed=1)
    assert found["trunk_change"] > 0
    scores = model.score(prompts, responses).view(-1, 4)
    assert (scores[:, 0] > scores[:, 3]).all()
    torch.testing.assert_close(log_probs(base, prompts, responses), before)  # the pretrained model stays what it was
    arrays = to_arrays(model)
    assert not any(name.startswith("frozen") for name in arrays)
    again = from_arrays(RewardModel(adopted(made, **lora), torch.Generator().manual_seed(2)), cast("Any", arrays))
    torch.testing.assert_close(again.score(prompts, responses), scores.view(-1))


@pytest.mark.parametrize("lora", [{}, LORA])
def test_ppo_pleases_its_judge(made: tuple[Any, Path], lora: dict[str, int]) -> None:
    """The judge counts one token; nothing but what learns is changed."""
    from simlab.nets.policy import PPOConfig, ppo

    policy, reference, (prompts, _) = adopted(made, **lora), adopted(made, **lora), exchanges(made)
    fixed = {n: p.detach().clone() for n, p in policy.named_parameters() if n not in policy.learns}
    liked = int(np.bincount(exchanges(made)[1].ravel())[START:].argmax()) + START
    config = PPOConfig(iterations=6, batch=32, rate=2e-2 if lora else 5e-3, minibatch=16)
    uniforms = np.random.default_rng(2).random((6, 32, LONGEST))

    def score(asked: Any, said: Any) -> Any:
        return (said == liked).float().sum(1)

    def shape(scores: Any, logp: Any, logp_ref: Any, mask: Any) -> Any:
        rewards = -0.02 * (logp - logp_ref) * mask
        rewards[range(len(scores)), mask.long().sum(1) - 1] += scores
        return rewards

    _, _, rows = ppo(policy, reference, score, shape, np.stack([prompts] * 6), uniforms, end=3, seed=1, config=config)
    assert rows[0]["objective_kl"] == pytest.approx(0, abs=1e-4)
    assert rows[-1]["objective_scores"] > rows[0]["objective_scores"] + 0.3  # two standard errors of means of 32
    assert all((dict(policy.named_parameters())[name] == value).all() for name, value in fixed.items())
