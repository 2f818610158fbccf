"""What a fit of a reward model can be told beside its likelihood, and what it tells: decay, clipping, centring, early
stops, epochs, and a head that reads the trunk only."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from simlab.nets.optimizer import descend
from simlab.nets.pairwise import pair_differences
from simlab.nets.preference import (
    RewardModel,
    bradley_terry_loss,
    centring_penalty,
    fit,
)
from simlab.nets.sampling import generate
from simlab.nets.transformer import Transformer, to_arrays
from tests.nets.conftest import END

Rankings = dict[str, NDArray[Any]]
K, LONGEST = 3, 6


def rankings(speaker: Transformer, prompts: NDArray[np.int64], m: int, seed: int) -> Rankings:
    """Rankings by how many good words (4…7) there are less bad ones."""
    rng = np.random.default_rng(seed)
    asked = prompts[rng.integers(0, len(prompts), m)]
    said = generate(speaker, asked.repeat(K, 0), rng.random((m * K, LONGEST)), end=END).numpy().reshape(m, K, LONGEST)
    worth = ((said >= 4) & (said <= 7)).sum(2) - (said > 7).sum(2)
    gap = worth[:, [0, 0, 1]] - worth[:, [1, 2, 2]]
    return {"prompts": asked, "responses": said, "labels": np.where(gap > 0, 1, np.where(gap < 0, 2, 0))}


def model(speaker: Transformer, **options: Any) -> RewardModel:
    return RewardModel(speaker, torch.Generator().manual_seed(0), **options)


def scores(machine: RewardModel, data: Rankings) -> torch.Tensor:
    flat = data["responses"].reshape(-1, LONGEST)
    return machine.score(data["prompts"].repeat(K, 0), flat).view(-1, K)


def held_out_loss(machine: RewardModel, data: Rankings) -> float:
    return float(bradley_terry_loss(pair_differences(scores(machine, data)), torch.as_tensor(data["labels"])))


def misled(data: Rankings) -> Rankings:
    """The same, preferred the other way round."""
    return {**data, "labels": np.array([0, 2, 1])[data["labels"]]}


@pytest.mark.parametrize("decay", [0.1, 1.0, 5.0])
def test_matrices_decay_and_nothing_else(speaker: Transformer, prompts: NDArray[np.int64], decay: float) -> None:
    """Of one text twice there is nothing to learn: AdamW takes the share rate·decay of every matrix a step (Loschilov &
    Hutter 2019, algorithm 2), here at rates falling over six steps; without decay (the control) nothing moves."""
    data = rankings(speaker, prompts, 60, seed=1)
    same = {**data, "responses": data["responses"][:, :1].repeat(K, 1), "labels": np.zeros((60, 3), dtype=int)}
    machine = model(speaker)
    before = to_arrays(machine)
    options: dict[str, Any] = {"epochs": 3, "batch": 30, "rate": 0.01, "seed": 0}
    fit(machine, **same, weight_decay=decay, **options)
    share = float(np.prod([1 - 0.01 * (1 - step / 6) * decay for step in range(6)]))
    for name, array in to_arrays(machine).items():
        moved = array.ndim > 1 and not name.startswith("frozen")
        np.testing.assert_allclose(array, before[name] * (share if moved else 1.0), rtol=1e-5, atol=1e-6)
    with pytest.raises(RuntimeError, match="did not learn"):
        fit(model(speaker), **same, **options)


@pytest.mark.parametrize("limit", [0.5, 2.0, 4.0])
def test_gradients_are_clipped_at_their_norm(limit: float) -> None:
    """Of |x|²/2 the gradient is x, of norm 5 here; a limit beyond that (the control) leaves it as it is."""
    for bound, moved in ((limit, limit), (10.0, 5.0)):
        x = torch.nn.Parameter(torch.tensor([3.0, -4.0]))
        norm = descend(x.square().sum() / 2, torch.optim.SGD([x], lr=0.1), bound)
        assert float(norm) == 5.0
        np.testing.assert_allclose(x.detach(), np.array([3.0, -4.0]) * (1 - 0.1 * moved / 5), rtol=1e-5)


def test_clipping_is_asked_for(speaker: Transformer, prompts: NDArray[np.int64]) -> None:
    data = rankings(speaker, prompts, 60, seed=1)
    found = [model(speaker) for _ in range(3)]
    for machine, limit in zip(found, (1.0, 1.0, 1e-3), strict=True):
        fit(machine, **data, max_grad_norm=limit, batch=20, seed=0)
    same, other = (torch.equal(scores(found[0], data), scores(found[n], data)) for n in (1, 2))
    assert same
    assert not other


def test_the_penalty_is_the_mean_squared_sum_of_labelled_pairs() -> None:
    given, labels = torch.tensor([[1.0, -2.0, 4.0]]), torch.tensor([[1, -1, 0]])
    assert float(centring_penalty(given, labels)) == pytest.approx(((1 - 2) ** 2 + (4 - 2) ** 2) / 2)
    assert float(centring_penalty(given, torch.full((1, 3), -1))) == 0


@pytest.mark.slow
@pytest.mark.parametrize("listwise", [False, True])
def test_centred_scores_have_a_mean_near_0(speaker: Transformer, prompts: NDArray[np.int64], listwise: bool) -> None:
    data = rankings(speaker, prompts, 200, seed=1)
    means, accuracies = [], []
    for centring in (0.0, 0.1, 1.0):
        machine = model(speaker)
        with torch.no_grad():
            machine.head.bias[0] = 3.0  # which no difference shows, of responses equally long
        accuracies.append(fit(machine, **data, centring=centring, listwise=listwise, epochs=6, seed=0)["accuracy"])
        means.append(abs(float(scores(machine, data).mean())))
    assert means[2] < means[1] < means[0]
    assert means[2] < 1 < means[0]
    assert min(accuracies[:2]) > 0.6  # of some 500 pairs, where a coin has a half


@pytest.mark.slow
def test_a_fit_stops_where_the_held_out_loss_was_least(speaker: Transformer, prompts: NDArray[np.int64]) -> None:
    """Held-out rankings that say the opposite want the fit to end at once; such as say the same let it go on."""
    data, other = rankings(speaker, prompts, 100, seed=1), rankings(speaker, prompts, 50, seed=2)
    options: dict[str, Any] = {"epochs": 8, "rate": 3e-3, "batch": 25, "seed": 0}
    for patience in (1, 3):
        rows: list[dict[str, float]] = []
        machine = model(speaker)
        found = fit(machine, **data, held_out=misled(other), patience=patience, epoch_end=rows.append, **options)
        least = int(np.argmin([row["eval_loss"] for row in rows]))
        assert found["epochs"] == len(rows) == least + 1 + patience < 8
        assert found["kept"] == least + 1
        assert found["loss"] == rows[least]["loss"]
        assert held_out_loss(machine, misled(other)) == pytest.approx(rows[least]["eval_loss"], abs=1e-5)
        impatient = model(speaker)
        fit(impatient, **data, held_out=misled(other), **options)  # the control
        assert held_out_loss(impatient, misled(other)) > rows[least]["eval_loss"] + 0.1
    went_on = fit(model(speaker), **data, held_out=other, patience=3, **options)
    assert went_on["epochs"] == 8


def test_a_fit_warns_of_nothing(speaker: Transformer, prompts: NDArray[np.int64]) -> None:
    """Not of the tie, which learns, where the likelihood of what is held out is read."""
    data, other = (rankings(speaker, prompts, 30, seed) for seed in (1, 2))
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit(model(speaker), **data, held_out=other, patience=1, ties="davidson", seed=0)
    finally:
        torch.set_warn_always(False)


def test_what_is_held_out_teaches_nothing(speaker: Transformer, prompts: NDArray[np.int64]) -> None:
    """Without patience, weights and losses are the same to the bit with any held-out rankings or none."""
    data, other = rankings(speaker, prompts, 40, seed=1), rankings(speaker, prompts, 20, seed=2)
    found = []
    for aside in (None, other, misled(other), {name: rows[:0] for name, rows in other.items()}):
        machine, rows = model(speaker), list[dict[str, float]]()
        told = fit(machine, **data, held_out=aside, batch=20, seed=0, epoch_end=rows.append)
        found.append((to_arrays(machine), told, rows))
        assert all(("eval_loss" in row) == (aside is not None and len(aside["labels"]) > 0) for row in rows)
    for arrays, told, _ in found[1:]:
        assert told == found[0][1]
        assert all(np.array_equal(array, found[0][0][name]) for name, array in arrays.items())
    patient = model(speaker)  # the control
    fit(patient, **data, held_out=misled(other), patience=1, batch=20, seed=0)
    assert not torch.equal(patient.trunk.words, torch.as_tensor(found[0][0]["trunk.words"]))


def test_an_epoch_says_what_it_came_to(speaker: Transformer, prompts: NDArray[np.int64]) -> None:
    """Held-out figures are of the model after the epoch; the last epoch's are of the model as it is left."""
    data, other = rankings(speaker, prompts, 60, seed=1), rankings(speaker, prompts, 30, seed=2)
    rows: list[dict[str, float]] = []
    machine = model(speaker)
    found = fit(machine, **data, held_out=other, margins=np.ones((60, 3)), batch=20, seed=0, epoch_end=rows.append)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[-1]["loss"] == found["loss"]
    assert rows[-1]["eval_loss"] == pytest.approx(held_out_loss(machine, other), abs=1e-5)  # without the margins
    left = scores(machine, other).double()
    summed = {"mean": left.mean(), "std": left.std(correction=0), "min": left.min(), "max": left.max()}
    assert {name: rows[-1][f"eval_{name}_reward"] for name in summed} == pytest.approx(
        {name: float(value) for name, value in summed.items()}, abs=1e-4
    )
    assert rows[0]["eval_loss"] != rows[1]["eval_loss"]
    assert rows[-1]["learning_rate"] == pytest.approx(1e-3 / 9)
    assert all(row["grad_norm"] > 0 for row in rows)


# ---- a head that reads the trunk only --------------------------------------------------------------------------------


def test_without_log_probabilities_nothing_depends_on_the_pretrained_model(
    speaker: Transformer, prompts: NDArray[np.int64]
) -> None:
    """Another model in the place of the frozen one changes no score and no weight, to the bit; of a head that reads
    log-probabilities (the control) it changes both."""
    data = rankings(speaker, prompts, 40, seed=1)
    other = copy.deepcopy(speaker)
    with torch.no_grad():
        other.words.mul_(1.5)
    same = {}
    for reads in (False, True):
        found, weights = [], []
        for likely in (speaker, other):
            machine = model(speaker, log_probability=reads)
            if machine.frozen is not None:
                machine.frozen.load_state_dict(likely.state_dict())
            fit(machine, **data, batch=20, seed=0)
            known = RewardModel(likely, torch.Generator()).known(
                data["prompts"].repeat(K, 0), data["responses"].reshape(-1, LONGEST)
            )
            found.append(
                machine.score(data["prompts"].repeat(K, 0), data["responses"].reshape(-1, LONGEST), known=known)
            )
            weights.append(torch.cat([p.detach().ravel() for p in machine.learning()]))
        same[reads] = torch.equal(*found), torch.equal(*weights)
    assert same == {False: (True, True), True: (False, False)}
    assert model(speaker, log_probability=False).frozen is None
    assert not any(name.startswith("frozen") for name in to_arrays(model(speaker, log_probability=False)))


def test_a_head_of_the_trunk_begins_as_the_other_does(speaker: Transformer, prompts: NDArray[np.int64]) -> None:
    """One draw of w; v and b begin at 0. It adds up w·h_t over the response."""
    data = rankings(speaker, prompts, 10, seed=1)
    without, usual = model(speaker, log_probability=False), model(speaker)
    torch.testing.assert_close(scores(without, data), scores(usual, data), atol=1e-4, rtol=0)
    assert without.head.weight.shape == (1, speaker.config.width)
    fit(without, **data, seed=0)
    fit(usual, **data, seed=0)
    assert float((scores(without, data) - scores(usual, data)).detach().abs().max()) > 1e-3
