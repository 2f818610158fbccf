"""The language model: what it may see, how it speaks, what it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import chisquare

from simlab.nets.pretraining import next_word_loss, pretrain
from simlab.nets.sampling import draw, generate, speak
from simlab.nets.transformer import (
    Transformer,
    TransformerConfig,
    by_length,
    from_arrays,
    log_probs,
    neighbours,
    next_words,
    read_exchanges,
    read_rankings,
    response_mask,
    to_arrays,
)
from tests.nets.conftest import END, SEP, START

Tokens = NDArray[np.int64]


def _uniforms(rows: int, tokens: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).random((rows, tokens))


def _slowly(model: Transformer, prompt: Tokens, uniforms: NDArray[np.float64]) -> list[int]:
    """One response without a cache, a batch or padding: the whole text is read again for every word."""
    text, said = [t for t in prompt.tolist() if t], []
    for u in uniforms:
        p = model.speech(model(torch.tensor([text + said]))[0, -1]).detach().double().softmax(0).numpy()
        said.append(int(np.searchsorted(p.cumsum() / p.sum(), u, side="right")))
        if said[-1] == END:
            break
    return said + [0] * (len(uniforms) - len(said))


def test_cached_sampling_is_sampling(speaker: Transformer, prompts: Tokens) -> None:
    uniforms = _uniforms(len(prompts), 8)
    fast = generate(speaker, prompts, uniforms, end=END).numpy()
    slow = np.array([_slowly(speaker, p, u) for p, u in zip(prompts, uniforms, strict=True)])
    assert len(np.unique((fast != 0).sum(1))) > 3  # responses of many lengths, or this would show little
    np.testing.assert_array_equal(fast, slow)
    assert (generate(speaker, prompts, 1 - uniforms, end=END).numpy() != slow).any()  # other draws, other words


def test_neither_companions_nor_padding_matter(speaker: Transformer, prompts: Tokens) -> None:
    uniforms = _uniforms(len(prompts), 8)
    together = generate(speaker, prompts, uniforms, end=END)
    wider = np.pad(prompts, ((0, 0), (0, 5)))
    for other in (
        generate(speaker, wider, uniforms, end=END),
        generate(speaker, prompts, uniforms, end=END, batch=7),
        generate(speaker, prompts[::-1].copy(), uniforms[::-1].copy(), end=END).flip(0),
    ):
        assert torch.equal(together, other)
    alone = log_probs(speaker, prompts, together, batch=1)
    padded = log_probs(speaker, wider, torch.nn.functional.pad(together, (0, 3)))[:, :8]
    torch.testing.assert_close(log_probs(speaker, prompts, together), alone, atol=2e-5, rtol=0)
    torch.testing.assert_close(padded, alone, atol=2e-5, rtol=0)
    shuffled = log_probs(speaker, np.roll(prompts, 1, axis=0), together)  # control: other prompts do matter
    assert float((shuffled - alone).abs().max()) > 0.1


def test_responses_end_and_never_say_the_unspoken(speaker: Transformer, prompts: Tokens) -> None:
    said = generate(speaker, np.repeat(prompts, 10, 0), _uniforms(960, 10), end=END).numpy()
    assert not np.isin(said[:, 0], (0, START, SEP)).any()
    assert not np.isin(said, (START, SEP)).any()
    ended = np.cumsum(said == END, axis=1) - (said == END) > 0
    assert (said[ended] == 0).all()
    assert (said[~ended] != 0).all()
    np.testing.assert_array_equal(response_mask(torch.from_numpy(said)).numpy(), ~ended)


def test_sampled_words_follow_the_softmax(speaker: Transformer, prompts: Tokens) -> None:
    n = 20_000
    said = generate(speaker, np.repeat(prompts[:1], n, 0), _uniforms(n, 1), end=END, batch=n).numpy()[:, 0]
    counts = np.bincount(said, minlength=12)
    hidden = speaker(torch.as_tensor(prompts[:1])[:, : int((prompts[0] != 0).sum())])[0, -1]
    for temperature, fits in ((1.0, True), (1.3, False)):  # the second is the control
        p = speaker.speech(hidden, temperature).detach().double().softmax(0).numpy()
        alive = p * n > 5
        assert counts[~alive].sum() < 30
        expected = p[alive] / p[alive].sum() * counts[alive].sum()
        assert (chisquare(counts[alive], expected).pvalue > 1e-4) == fits


def test_temperature(speaker: Transformer, prompts: Tokens) -> None:
    greedy = generate(speaker, prompts, _uniforms(96, 6, 1), end=END, temperature=0.0)
    assert torch.equal(greedy, generate(speaker, prompts, _uniforms(96, 6, 2), end=END, temperature=0.0))
    cold = generate(speaker, prompts, _uniforms(96, 6), end=END, temperature=1e-3)
    assert float((cold == greedy).float().mean()) > 0.95
    likelier = log_probs(speaker, prompts, greedy, temperature=0.5).sum() > log_probs(speaker, prompts, greedy).sum()
    assert bool(likelier)


@pytest.mark.parametrize("u", [0.0, 0.3, 1.0 - 2.0**-53])
def test_an_impossible_word_is_never_drawn(u: float) -> None:
    logits = torch.tensor([[-torch.inf, 0.0, -200.0, 1.0, -torch.inf]])
    assert int(draw(logits, torch.tensor([u], dtype=torch.float64))[0]) in (1, 3)


@pytest.mark.slow
def test_log_probs_add_up(speaker: Transformer, prompts: Tokens) -> None:
    """Over all one-word responses probabilities sum to one, and a text's log-probability is that of its words."""
    words = [w for w in range(12) if w not in speaker.config.unspoken]
    single = log_probs(speaker, np.repeat(prompts[:1], len(words), 0), np.array(words)[:, None])
    assert float(single.double().exp().sum()) == pytest.approx(1.0, abs=1e-5)
    response = np.array([[5, 6, END, 0]])
    found = log_probs(speaker, prompts[:1], response)[0]
    assert float(found[3]) == 0
    text = [t for t in prompts[0].tolist() if t]
    for position, word in enumerate((5, 6, END)):
        hidden = speaker(torch.tensor([[*text, *response[0, :position].tolist()]]))[0, -1]
        expected = speaker.speech(hidden).detach().log_softmax(0)[word]
        assert float(found[position]) == pytest.approx(float(expected), abs=1e-5)


def test_nothing_sees_what_comes_later(speaker: Transformer) -> None:
    tokens = torch.tensor([[START, 5, 6, SEP, 5, 6, END]])
    changed = tokens.clone()
    changed[0, 4] = 9
    before, after = speaker(tokens).detach(), speaker(changed).detach()
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert float((before - after)[:, 4:].abs().max()) > 1e-3  # control


def test_pretraining_learns_and_its_loss_is_cross_entropy(speaker: Transformer, sequences: Tokens) -> None:
    fresh = Transformer(speaker.config, torch.Generator().manual_seed(0))
    data = torch.as_tensor(sequences)
    with torch.no_grad():
        assert float(next_word_loss(speaker, data)) < 0.75 * float(next_word_loss(fresh, data))
        first = float(next_word_loss(speaker, data[:1]))
    row = data[0][data[0] != 0]
    p = [next_words(speaker, row[: i + 1])[row[i + 1]].log() for i in range(len(row) - 1)]
    assert first == pytest.approx(-float(torch.stack(p).mean()), abs=1e-5)
    # a response's first word is the prompt's first word or its neighbour: together they should have most of the mass
    assert float(next_words(speaker, [START, 6, 9, SEP])[[6, 7]].sum()) > 0.7
    assert float(next_words(fresh, [START, 6, 9, SEP])[[6, 7]].sum()) < 0.5


def test_pretraining_is_decided_by_its_seed(sequences: Tokens) -> None:
    config = TransformerConfig(vocab=12, width=8, layers=1, heads=2, context=12)
    calls: list[tuple[int, int]] = []
    seen = [
        pretrain(config, sequences, steps=5, batch=16, seed=seed, progress=lambda *at: calls.append(at))
        for seed in (1, 1, 2)
    ]
    arrays = [to_arrays(model) for model, _ in seen]
    assert seen[0][1] == seen[1][1] != seen[2][1]
    assert all(np.array_equal(arrays[0][name], arrays[1][name]) for name in arrays[0])
    assert not np.array_equal(arrays[0]["words"], arrays[2]["words"])
    assert calls[:5] == [(i, 5) for i in range(1, 6)]


def test_global_generators_are_left_alone(sequences: Tokens) -> None:
    before = torch.get_rng_state()
    model, _ = pretrain(TransformerConfig(vocab=12, width=8, layers=1, heads=2), sequences, steps=2, seed=1)
    generate(model, sequences[:4, :3], _uniforms(4, 3), end=END)
    assert torch.equal(before, torch.get_rng_state())


def test_arrays_carry_a_model(speaker: Transformer, prompts: Tokens) -> None:
    arrays = to_arrays(speaker)
    copy = from_arrays(Transformer(speaker.config, torch.Generator().manual_seed(9)), arrays)
    said = generate(speaker, prompts, _uniforms(96, 5), end=END)
    assert torch.equal(log_probs(copy, prompts, said), log_probs(speaker, prompts, said))
    arrays["words"][:] = 0  # the arrays are copies
    assert float(speaker.words.detach().abs().max()) > 0
    with pytest.raises(RuntimeError, match="norm"):
        from_arrays(copy, {name: a for name, a in arrays.items() if name != "norm.weight"})


def test_neighbours_are_cosines(speaker: Transformer) -> None:
    found = neighbours(speaker, 5, 3)
    words = speaker.words.detach().numpy()
    cosines = words @ words[5] / np.linalg.norm(words, axis=1) / np.linalg.norm(words[5])
    expected = [i for i in np.argsort(-cosines).tolist() if i != 5][:3]
    assert [token for token, _ in found] == expected
    assert [c for _, c in found] == pytest.approx(cosines[expected].tolist(), abs=1e-5)
    assert len(neighbours(speaker, 5, 100)) == 11


def test_what_cannot_be_read_is_refused(speaker: Transformer, prompts: Tokens) -> None:
    with pytest.raises(ValueError, match="context"):
        generate(speaker, prompts, _uniforms(96, 15), end=END)
    with pytest.raises(ValueError, match="right"):
        generate(speaker, np.array([[0, START, SEP]]), _uniforms(1, 2), end=END)
    with pytest.raises(ValueError, match="context"):
        speaker(torch.ones(1, 21, dtype=torch.int64))
    with pytest.raises(ValueError, match="two tokens"):
        pretrain(speaker.config, np.array([[1, 0]]), seed=0)
    assert generate(speaker, prompts[:0], _uniforms(0, 4), end=END).shape == (0, 4)
    assert log_probs(speaker, prompts[:0], np.zeros((0, 4), dtype=np.int64)).shape == (0, 4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_says_nearly_the_same(speaker: Transformer, prompts: Tokens, sequences: Tokens) -> None:
    there = from_arrays(Transformer(speaker.config, torch.Generator()), to_arrays(speaker)).to("cuda")
    uniforms = _uniforms(len(prompts), 8)
    here = generate(speaker, prompts, uniforms, end=END)
    agree = (generate(there, prompts, uniforms, end=END).cpu() == here).all(1)
    assert float(agree.float().mean()) > 0.9  # a draw within rounding of a boundary may fall otherwise
    torch.testing.assert_close(
        log_probs(there, prompts, here).cpu(), log_probs(speaker, prompts, here), atol=1e-3, rtol=0
    )
    _, losses = pretrain(speaker.config, sequences, steps=20, seed=3, device="cuda")
    assert losses == pytest.approx(pretrain(speaker.config, sequences, steps=20, seed=3)[1], abs=0.01)


@pytest.mark.parametrize("options", [1, 2, 4])
def test_responses_of_a_ranking_are_read_as_if_alone(
    speaker: Transformer, prompts: NDArray[np.int64], options: int
) -> None:
    """Of prompts of different lengths; that the others are not seen is told by changing them."""
    asked, n = torch.as_tensor(prompts[:6]).clone(), 8
    asked[::2, -1] = 0  # shorter ones
    draws = np.random.default_rng(5).random((6 * options, n))
    said = generate(speaker, asked.repeat_interleave(options, 0), draws, end=END).view(6, options, n)
    together = read_rankings(speaker, asked, said)
    _, alone = read_exchanges(speaker, asked.repeat_interleave(options, 0), said.flatten(0, 1))
    real = said != 0
    torch.testing.assert_close(together[real], alone.view(together.shape)[real], atol=2e-5, rtol=0)
    other = said.clone()
    other[:, 0, :3] = 5
    changed = read_rankings(speaker, asked, other)
    torch.testing.assert_close(changed[:, 1:][real[:, 1:]], together[:, 1:][real[:, 1:]], atol=2e-5, rtol=0)
    assert float((changed[:, 0] - together[:, 0]).detach().abs().max()) > 0.1  # the control: what is changed is seen


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_what_is_heard_while_speaking_is_what_is_read_later(
    speaker: Transformer, prompts: NDArray[np.int64], temperature: float
) -> None:
    draws = np.random.default_rng(1).random((len(prompts), 8))
    said = speak(speaker, prompts, draws, end=END, temperature=temperature)
    read = log_probs(speaker, prompts, said.responses, temperature=temperature)
    torch.testing.assert_close(said.logp, read, atol=2e-5, rtol=0)
    before, _ = read_exchanges(speaker, torch.as_tensor(prompts), said.responses)
    real = said.responses != 0
    torch.testing.assert_close(said.before[real], before.detach()[real], atol=2e-5, rtol=0)
    assert not said.logp[~real].any()
    assert not said.before[~real].any()
    other = log_probs(speaker, prompts, said.responses, temperature=1.1 * temperature)
    assert float((said.logp - other).abs().max()) > 1e-2  # the control: another temperature


@pytest.mark.parametrize("size", [1, 3, 50])
def test_parts_by_length_are_all_rows_from_short_to_long(size: int) -> None:
    tokens = torch.tensor([[1, 2, 0], [1, 0, 0], [1, 2, 3], [4, 5, 0]])
    parts = by_length(size, tokens)
    assert max(map(len, parts)) <= size
    assert torch.cat(parts).tolist() == [1, 0, 3, 2]
    assert by_length(size, tokens[:0]) == ()
