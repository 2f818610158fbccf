"""Bad plugins fail the right check, and no other, with a sentence that says what is wrong; their good twins pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest

from simlab import testing
from simlab.errors import InvalidInput
from simlab.names import who
from simlab.testing import contract, samples

GOOD = {
    "criterion": '''
import time

import numpy as np
from pydantic import Field, field_validator
import simlab

class Curt(simlab.Criterion):
    """Fewer words are better (Grice 1975)."""
    name = "curt"
    ideal: int = Field(6, ge=1, description="words at which nothing more is gained")

    def score(self, exchange, observer):
        return min(1.0, self.ideal / max(1, len(exchange.response.words)))
''',
    "rater": '''
import numpy as np
from pydantic import Field
import simlab

class Sloppy(simlab.RaterPolicy):
    """Wrong with a fixed chance (Lee et al. 2021)."""
    name = "sloppy"
    slip: float = Field(0.1, ge=0, le=1, description="chance of the wrong label")

    def probabilities(self, utilities, cohort):
        left = 0.5 + (0.5 - self.slip) * np.sign(utilities[:, 0] - utilities[:, 1])
        return np.stack([left, 1 - left, np.zeros_like(left)], axis=1)
''',
    "reward": '''
import simlab

class Spread(simlab.RewardShape):
    """The score, in equal parts on every token (Ng et al. 1999)."""
    name = "spread"

    def shape(self, score, logp, logp_ref, mask):
        return (score[:, None] / mask.sum(1, keepdim=True)) * mask
''',
    "review": '''
import numpy as np
import simlab

class Strict(simlab.Review):
    """Below a half (Stiennon et al. 2020)."""
    name = "strict"

    def decide(self, record):
        return record.agreed < 0.5 * record.audited
''',
    "effort": '''
import numpy as np
import simlab

class Keen(simlab.Effort):
    """Always careful (Taylor 1911)."""
    name = "keen"

    def choose(self, situation):
        return np.ones(len(situation))
''',
    "guideline": '''
import simlab

class Set(simlab.GuidelinePolicy):
    """Never revised (Asimov 1942)."""
    name = "set"

    def revise(self, situation):
        return None
''',
    "combination": '''
import simlab

class Sum(simlab.Combination):
    """A weighted sum (Fishburn 1970)."""
    name = "sum"

    def combine(self, scores, weights, criteria):
        return scores @ weights if weights.ndim == 1 else (scores * weights).sum(axis=1)
''',
    "aggregator": '''
import simlab

class Share(simlab.Aggregator):
    """The share of votes (Condorcet 1785)."""
    name = "share"

    def aggregate(self, votes):
        return votes.share()
''',
}  # fmt: skip
SCORE = "return min(1.0, self.ideal / max(1, len(exchange.response.words)))"
BATCH = "def score(self, exchange, observer):"


def batch(body: str) -> str:
    """A `score_batch` beside `score`, which may use what that says as `found`."""
    head = "    def score_batch(self, exchanges, observers):\n"
    asked = "        found = np.array(super().score_batch(exchanges, observers))\n"
    return f"{head}{asked}        {body}\n\n    {BATCH}"


TWICE = f"""    @field_validator("ideal")
    @classmethod
    def _doubled(cls, ideal):
        return 2 * ideal

    {BATCH}"""
CHANCES = "    def probabilities(self, utilities, cohort):"


def choosing(expression: str) -> str:
    """A `choose` before `probabilities`."""
    return f"    def choose(self, utilities, cohort, uniforms):\n        return {expression}\n\n{CHANCES}"


BAD: list[tuple[str, str, str, str, str]] = [  # kind, what of the good twin becomes what, the check, its sentence
    ("criterion", SCORE, "raise KeyError('words')", "answers", "raised KeyError: 'words' (curt.py:14)"),
    ("criterion", SCORE, "return exchange.response.words", "answers", "it should be one number"),
    ("criterion", SCORE, "time.sleep(30)",
     "answers", "criterion 'curt' was not done with score after 0.5 seconds (curt.py:14)"),
    ("criterion", f"    {BATCH}", batch("return found[:, 0]"),
     "answers", "it should be numbers of shape [exchanges, observers]"),
    ("criterion", SCORE, "return None", "answers", "score gave None for "),
    ("criterion", SCORE, "return '0.5'", "answers", "score gave str '0.5' for "),
    ("criterion", SCORE, "return 0.5 + 0j", "answers", "score gave complex (0.5+0j) for "),
    ("criterion", SCORE, "return float('nan')", "speaks", "score gave nan for all of 48 samples"),
    ("criterion", f"    {BATCH}", batch("return found > 0.5"),
     "answers", "score_batch gave bool of shape (48, 3); it should be numbers"),
    ("criterion", f"    {BATCH}", batch("return found.astype(str)"), "answers", "score_batch gave <U"),
    ("criterion", SCORE, "return 0.5 if exchange.response.words else -np.inf",
     "finite", "scored -inf for ''"),
    ("criterion", "min(1.0, self.ideal /", "(self.ideal /",
     "bounded", "scored 1.5 for 'ask someone else .', outside [0, 1]"),
    ("criterion", f"    {BATCH}", batch("return found / 2"), "batch", "score gave 0.6 and score_batch 0.3 for"),
    ("criterion", "return min(1.0,", "return np.random.uniform() * min(1.0,", "deterministic", "when asked again"),
    ("criterion", f"    {BATCH}", batch("return found if len(found) == 1 else found * found.mean()"),
     "order", "and another score in another order"),
    ("criterion", f"    {BATCH}", batch("exchanges[:] = exchanges[:1]\n        return found"),
     "pure", "changed the list of exchanges"),
    ("criterion", "return min(1.0,", "return (observer.name != 'sceptic') * min(1.0,",
     "personal", "its scores depend on who looks, so declare personal = True"),
    ("criterion", '"curt"\n', '"curt"\n    personal = True\n',
     "personal", "declares personal, but no score of the samples depends on who looks"),
    ("criterion", "return min(1.0,", "return 0.5 if 'something else' in str(exchange.response.claims) else min(1.0,",
     "hidden_truth", "declare hidden_truth = True"),
    ("criterion", "return min(1.0,", "return 0.5 if exchange.prompt.context else min(1.0,",
     "needs_context", "declare needs_context = True"),
    ("criterion", "Field(6, ge=1, description=\"words at which nothing more is gained\")", "6",
     "documented", "the parameter 'ideal' has no description"),
    ("criterion", " (Grice 1975)", "", "sourced", "the docstring cites no source"),
    ("criterion", '"curt"\n', '"curt"\n    model_config = {"extra": "ignore"}\n',
     "strict", "accepts parameters that do not exist"),
    ("criterion", f"    {BATCH}", TWICE, "yaml", "its parameter 'ideal' was 6, and comes back from YAML as 12"),
    ("criterion", "import time", "import pandas",
     "light", "imports pandas whenever it is loaded; import it inside the method (curt.py:2)"),
    ("rater", "1 - left, np.zeros_like(left)", "1 - left, 0.1 + np.zeros_like(left)",
     "probabilities", "must give probabilities that sum to 1; it gave 0.5, 0.5, 0.1"),
    ("rater", "left, 1 - left, np", "1.2 + 0 * left, 0 * left - 0.2, np",
     "probabilities", "must not give negative probabilities; it gave 1.2, -0.2, 0 (curt.py:11)"),
    ("rater", "        left =", "        return None\n        left =",
     "answers", "probabilities must give numbers of shape (48, 3); it gave None (curt.py:11)"),
    ("rater", "zeros_like(left)], axis=1)", "zeros_like(left)], axis=1) > 0.5",
     "answers", "it gave bool of shape (48, 3)"),
    ("rater", "zeros_like(left)], axis=1)", "zeros_like(left)], axis=1).astype(str)", "answers", "it gave <U"),
    ("rater", CHANCES, choosing("super().choose(utilities, cohort, uniforms) == 1"),
     "answers", "choose must give whole numbers of shape (48, 1); it gave bool of shape (48, 1) (curt.py:11)"),
    ("rater", CHANCES, choosing("None"), "answers", "choose must give whole numbers of shape (48, 1); it gave None"),
    ("rater", "(0.5 - self.slip) *", "(0.5 - self.slip) * np.where(utilities[:, 0] > 40, np.nan, 1) *",
     "probabilities", "it gave nan, nan, 0"),
    ("rater", CHANCES, choosing("2 * super().choose(utilities, cohort, uniforms)"),
     "labels", "chose the label 4 of 2 responses"),
    ("rater", CHANCES, choosing("super().choose(-utilities, cohort, uniforms)"),
     "agreeing", "says that left has probability 0.900 at utilities (0.4, 0.0)"),
    ("rater", CHANCES, choosing("super().choose(utilities, cohort, np.random.uniform(size=uniforms.shape))"),
     "reproducible", "use the uniforms it is given"),
    ("rater", CHANCES, choosing("super().choose(utilities, cohort, np.roll(uniforms, 1, axis=0))"),
     "order", "labels a ranking otherwise"),
    ("rater", "        left =", "        cohort.noise *= 2\n        left =",
     "pure", "changed noise of the people it was given"),
    ("reward", "        return", "        return score\n        return",
     "answers", "gave shape (4,); it should be (4, 5)"),
    ("reward", "        return", "        return None\n        return",
     "answers", "shape must give a floating-point tensor of shape (4, 5); it gave None (curt.py:8)"),
    ("reward", "        return", "        return logp > 0\n        return",
     "answers", "shape gave torch.bool; it should be floating-point numbers (curt.py:8)"),
    ("reward", "        return", "        return logp.numpy()\n        return",
     "answers", "it gave float32 of shape (4, 5)"),
    ("reward", "mask.sum(1, keepdim=True)) * mask", "(mask.sum(1, keepdim=True) - 1)) * mask",
     "finite", "for a batch"),
    ("reward", "mask.sum(1, keepdim=True)", "mask.shape[1]", "padding", "with more columns as padding"),
    ("reward", "        return", "        logp += 1\n        return", "pure", "changed the tensor logp"),
    ("review", "record.agreed < 0.5 * record.audited", "record.agreed.astype(int)",
     "answers", "it should be True or False of 12 people"),
    ("review", "record.agreed < 0.5 * record.audited", "None",
     "answers", "decide gave None; it should be True or False of 12 people (curt.py:9)"),
    ("review", "record.agreed < 0.5 * record.audited", "'nobody'", "answers", "decide gave str 'nobody'"),
    ("review", "< 0.5 * record.audited", "< 0.5 * record.audited * (np.arange(len(record)) % 2)",
     "order", "in another order"),
    ("aggregator", "votes.share()", "None",
     "answers", "aggregate must give numbers of shape (36,); it gave None (curt.py:8)"),
    ("aggregator", "votes.share()", "votes.share() > 0.5", "answers", "it gave bool of shape (36,)"),
    ("aggregator", "votes.share()", "votes.share()[:3]", "answers", "it gave (3,)"),
    ("effort", "np.ones(len(situation))", "None", "answers",
     "choose must give one number for each of 12 people; for hourly pay it gave None (curt.py:9)"),
    ("effort", "np.ones(len(situation))", "np.ones(len(situation)) > 0", "answers", "it gave bool of shape (12,)"),
    ("effort", "np.ones(len(situation))", "2 * np.ones(len(situation))", "bounded", "chose care 2 for hourly pay"),
    ("guideline", "None", "'more'", "answers",
     "revise must give weights by the names of criteria, or None; it gave str 'more' (curt.py:8)"),
    ("guideline", "None", "{'helpful': '1'}", "finite", "gave 'helpful' the weight '1'"),
    ("combination", "scores @ weights if weights.ndim == 1 else (scores * weights).sum(axis=1)", "None", "answers",
     "combine must give numbers of shape (24,) for weights (3,); it gave None (curt.py:8)"),
    ("combination", "scores @ weights if weights.ndim == 1 else (scores * weights).sum(axis=1)", "scores > 0",
     "answers", "it gave bool of shape (24, 3)"),
    ("aggregator", "votes.share()", "0.9 * votes.share()", "sides", "favours a side"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody waits for long, and messages name files as seen from their folder."""
    monkeypatch.setattr(contract, "PATIENCE", 0.5)
    monkeypatch.chdir(tmp_path)


def loaded(folder: Path, text: str) -> Any:
    file = folder / "curt.py"
    file.write_text(text)
    return testing.load(file)


def failures(cls: Any) -> dict[str, str]:
    """What is said by the checks that fail."""
    found = {}
    for check in testing.checks(cls):
        try:
            check()
        except testing.Broken as error:
            found[check.name] = str(error)
        except SkipTest:
            pass
    return found


@pytest.mark.parametrize("kind", GOOD)
def test_the_good_twin_passes(kind: str, tmp_path: Path) -> None:
    assert failures(loaded(tmp_path, GOOD[kind])) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "good", "bad", "check", "sentence"), BAD, ids=[f"{k}-{c}-{n}" for n, (k, _, _, c, _) in enumerate(BAD)]
)
def test_a_bad_plugin_fails_one_check(
    kind: str, good: str, bad: str, check: str, sentence: str, tmp_path: Path
) -> None:
    assert GOOD[kind].count(good) == 1
    cls = loaded(tmp_path, GOOD[kind].replace(good, bad))
    found = failures(cls)
    assert list(found) == [check], found
    said = found[check]
    assert said.startswith(f"{who(cls)}, {check}: ")
    assert sentence in said
    assert "curt.py:" in said
    assert "\n" not in said


def test_a_declared_trait_is_taken_at_its_word(tmp_path: Path) -> None:
    """What is undeclared in the bad twins, declared."""
    text = GOOD["criterion"].replace(
        '"curt"\n', '"curt"\n    personal = True\n    deterministic = False\n    bounded = False\n'
    )
    text = text.replace("return min(1.0,", "return 2 * np.random.uniform() * (observer.name != 'sceptic') * min(1.0,")
    assert set(failures(loaded(tmp_path, text))) == set()


def test_policies_that_look_at_a_scene_are_shown_one(tmp_path: Path) -> None:
    """By length alone: of each pair, as it should be, or against whatever happens to stand first."""
    seen = """
        length = None if scene is None else scene.see("length")
        if length is not None:
            left = np.where(length[:, 0] > length[:, 1], 1 - self.slip, self.slip)
        return np.stack("""
    text = GOOD["rater"].replace("(self, utilities, cohort)", "(self, utilities, cohort, scene=None)")
    text = text.replace("        return np.stack(", seen.removeprefix("\n"))
    assert failures(loaded(tmp_path, text)) == {}
    batch = text.replace("length[:, 0] > length[:, 1]", "length[:, 0] > length[0, 0]")
    assert list(failures(loaded(tmp_path, batch))) == ["order"]


def test_parameters_are_those_given(tmp_path: Path) -> None:
    text = GOOD["criterion"].replace("Field(6, ge=1,", "Field(ge=1,")
    assert failures(loaded(tmp_path, text)) == {
        "made": "criterion 'curt', made: cannot be made of {}: 1 validation error for Curt ideal Field required "
        "[type=missing, input_value={}, input_type=dict] (give it an example = {…} of its parameters) (curt.py:8)"
    }
    for check in testing.checks(loaded(tmp_path, text), ideal=3):
        check()
    exampled = loaded(tmp_path, text.replace('"curt"\n', '"curt"\n    example = {"ideal": 3}\n'))
    assert failures(exampled) == {}


def test_what_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"curt\.py: line 3: ModuleNotFoundError: No module named 'not_there'"):
        loaded(tmp_path, "\n\nimport not_there\n")
    with pytest.raises(InvalidInput, match=r"nowhere\.py: no such plugin file"):
        testing.load(tmp_path / "nowhere.py")
    two = GOOD["criterion"] + "\n\nclass Long(Curt):\n    name = 'long'\n"
    with pytest.raises(InvalidInput, match="say which"):
        loaded(tmp_path, two)
    assert testing.load(tmp_path / "curt.py", "long").name == "long"
    with pytest.raises(InvalidInput, match=r"defines no component called 'lnog' .*did you mean 'long'"):
        testing.load(tmp_path / "curt.py", "lnog")


def test_samples_are_of_many_kinds() -> None:
    seen = samples.exchanges()
    acts = {act for one in seen for act in one.response.acts}
    assert {"answers", "refuses", "complies", "insults", "sells", "flatters", "boasts", "hedges"} <= acts
    assert {one.prompt.force for one in seen} >= {"question", "command", "request", "wish"}
    claims = [claim for one in seen for claim in one.response.claims]
    assert {claim.value in claim.truth for claim in claims} == {True, False}
    assert not all(one.response.ended for one in seen)


HEADS = '''
import simlab
from simlab.nets.preference import fit

class Fitted(simlab.Learner):
    """Bradley–Terry, in its plainest form (Bradley & Terry 1952)."""
    name = "fitted"
    teaches = "reward_model"
    heads = True

    def learn(self, network, lesson):
        return [fit(network, **lesson.as_read(), seed=lesson.seed)]
'''


def test_a_learner_of_several_heads_teaches_each_by_its_own_rankings(tmp_path: Path) -> None:
    """One that takes all rankings for those of the first head is told so, and one that says it teaches none is not
    asked."""

    def check(text: str) -> None:
        next(check for check in testing.checks(loaded(tmp_path, text)) if check.name == "apart")()

    check(HEADS)
    first = "        if lesson.heads is not None:\n            lesson.heads[:] = 0\n"
    mixed = HEADS.replace("        return", f"{first}        return")
    with pytest.raises(testing.Broken, match="taught two heads the opposite, and they like the same"):
        check(mixed)
    check(mixed.replace("    heads = True\n", ""))
