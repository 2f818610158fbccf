"""Reward shapes: where the score goes, what the leash costs, and what a batch takes away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simlab.components import parameters
from simlab.plugins import discover

torch = pytest.importorskip("torch")
PLUGINS = discover(local=False)
SCORE = torch.tensor([1.0, 2.0, 6.0])
LOGP, REFERENCE = torch.full((3, 4), -1.0), torch.full((3, 4), -1.5)
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]])


def shaped(name: str, beta: float) -> Any:
    return PLUGINS.get("reward", name)(beta=beta).shape(SCORE, LOGP, REFERENCE, MASK)  # type: ignore[attr-defined]


def test_plain_is_the_score_at_the_end_less_the_penalty() -> None:
    expected = torch.tensor([[-0.1, -0.1, -0.1, 0.9], [-0.1, 1.9, 0.0, 0.0], [5.9, 0.0, 0.0, 0.0]])
    torch.testing.assert_close(shaped("plain", 0.2), expected)


def test_whitened_is_plain_with_scores_measured_against_their_batch() -> None:
    spread = (14 / 3) ** 0.5
    white = torch.tensor([-2.0, -1.0, 3.0]) / spread
    expected = PLUGINS.get("reward", "plain")(beta=0.2).shape(white, LOGP, REFERENCE, MASK)  # type: ignore[attr-defined]
    torch.testing.assert_close(shaped("whitened", 0.2), expected)


def test_one_body_gives_both_and_both_are_registered() -> None:
    plain, whitened = (PLUGINS.get("reward", name) for name in ("plain", "whitened"))
    assert issubclass(whitened, plain)
    assert [e.name for e in PLUGINS.entries if e.kind == "reward" and e.ok] == ["plain", "whitened"]


def test_a_plain_function_is_enough(tmp_path: Path) -> None:
    """The file defines a function; the scenario calls it by its name."""
    (tmp_path / "only_the_end.py").write_text(
        "import simlab\n\n\n"
        "@simlab.reward_shape\n"
        "def only_the_end(score, logp, logp_ref, mask):\n"
        '    """The score on every token."""\n'
        "    return score[:, None] * mask\n"
    )
    registry = discover(tmp_path)  # also where plugins lie beside a scenario
    made = registry.get("reward", "only_the_end")()
    score, mask = torch.tensor([2.0, -1.0]), torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    assert made.shape(score, mask, mask, mask).tolist() == [[2.0, 2.0], [-1.0, 0.0]]
    assert parameters(made) == {"kind": "only_the_end"}
