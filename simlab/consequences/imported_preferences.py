"""What people elsewhere preferred, from the user's own table, as rankings of two, and a reward model that learns them.

It learns them before the clock runs, by a learner of their own; who teaches it later teaches it these as well, if that
learner shows all rankings so far. Chosen and rejected stand left or right by lot. Their guideline is not known: gold is
what the guideline says under which the reward model works here, if there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simlab.clock import Steps
from simlab.consequences.reward_model_rows import as_columns, fitted
from simlab.engine.holdout import prompts_held_out, share_held_out
from simlab.errors import InvalidInput
from simlab.machines.imported import said
from simlab.machines.reward_backend import Evidence
from simlab.parties.reward_model import RewardModel
from simlab.rankings import ROOM, Rankings, Shown, differences, preferred
from simlab.rng import hashes, uniforms
from simlab.sheets import TextTable, Unusable
from simlab.worlds.text import TextGame
from simlab.worlds.tokenizer import pad

if TYPE_CHECKING:
    from simlab.engine.context import Context

Pairs = list[tuple[int, str, str]]  # number of the prompt, and the two responses in order of the alphabet


def imported(context: Context, machine: RewardModel) -> Rankings | None:
    """The preferences of a reward model's table, if any. Raises InvalidInput where a row is not of this world."""
    spec, game = machine.spec.preferences, context.game
    if spec is None or not isinstance(game, TextGame):
        return None
    try:
        return _rankings(context, machine, game, spec.rows())
    except Unusable as error:
        at = ("parties", machine.name, "preferences")
        raise InvalidInput(context.scenario.problem(at, error.within(spec.table.path.name), error.fix)) from None


def learn_imported(context: Context, machine: RewardModel) -> Steps:
    """Have a reward model learn the preferences of its table, if it has one, and set its units."""
    spec, rankings = machine.spec.preferences, machine.imported
    if spec is None or rankings is None:
        return
    evidence = Evidence(rankings, ~rankings.held_out, None)
    if not evidence.train.any():
        what = "every prompt of the table is held out"
        raise InvalidInput(context.scenario.problem(("parties", machine.name, "preferences"), what, "held_out: 0"))
    with machine.busy.request() as turn:
        yield turn
        fit = machine.backend.learn(spec.learner, evidence, context.rng.key(machine.name, "imported"))
        machine.learned += 1
        machine.standardize()
        parties = {"principal": spec.table.path.name, "agent": machine.name}
        count = int(rankings.label.size)
        asked = {"asked": count, "labels": count, "why_fewer": "", "prompts": 0, "resampled": 0, "dropped": 0}
        found = fitted(machine, rankings, fit.figures)
        context.log.add("reward_model", about=machine.name, **parties, **found, **asked)
        if fit.epochs:
            context.log.add("epochs", about=machine.name, **parties, **as_columns(fit.epochs))
        yield from context.compute(machine.name, "training", fit.figures["flops"])


def _rankings(context: Context, machine: RewardModel, game: TextGame, table: TextTable) -> Rankings:
    """A ranking of two for each row; rows about the same two responses to one prompt are rankings of one task."""
    prompts, pairs = _prompts(game, table), dict[tuple[int, str, str], int]()
    chosen, rejected = ([game.spelt(text) for text in table.columns[name]] for name in ("chosen", "rejected"))
    place, first = [], []
    for row, prompt in enumerate(prompts):
        if chosen[row] == rejected[row]:
            raise Unusable("chosen and rejected are the same", "leave the row out", line=table.places[row])
        low, high = sorted((chosen[row], rejected[row]))
        place.append(pairs.setdefault((prompt, low, high), len(pairs)))
        first.append(chosen[row] == low)
    tokens = {text: tuple(t) for name in ("chosen", "rejected") for text, t in _tokens(game, table, name)}
    shown = _shown(context, machine, game, list(pairs), tokens)
    swapped = _swapped(context, machine, len(pairs))[place]
    names = {name: number for number, name in enumerate(dict.fromkeys(table.columns["worker"]))}
    gold = _gold(context, machine, game, shown)
    return Rankings(
        shown=shown,
        place=np.array(place),
        worker=np.array([names[name] for name in table.columns["worker"]]),
        label=np.where(np.array(first) ^ swapped, 1, 2)[:, None],
        gold=gold[place],
        perceived=np.zeros((len(place), 1)),
        seconds=np.zeros(len(place)),
    )


def _prompts(game: TextGame, table: TextTable) -> list[int]:
    """The number of each row's prompt."""
    known = {prompt.text: number for number, prompt in reversed(list(enumerate(game.prompts)))}
    found = []
    for place, text in zip(table.places, table.columns["prompt"], strict=True):
        if (number := known.get(game.spelt(text))) is None:
            fix = "in the world records, the prompts are those of your own table"
            raise Unusable(f"{text!r} is no prompt of this world", fix, line=place, column="prompt")
        found.append(number)
    return found


def _tokens(game: TextGame, table: TextTable, column: str) -> list[tuple[str, list[int]]]:
    """Each text of a column with its tokens, none longer than responses of this world are."""
    found = said(game, table, column)
    for place, tokens in zip(table.places, found, strict=True):
        if len(tokens) > game.longest_response:
            what = f"has {len(tokens)} tokens; the longest response of this world has {game.longest_response}"
            raise Unusable(what, "shorten it, or leave the row out", line=place, column=column)
    return list(zip(map(game.spelt, table.columns[column]), found, strict=True))


def _shown(
    context: Context, machine: RewardModel, game: TextGame, pairs: Pairs, tokens: dict[str, tuple[int, ...]]
) -> Shown:
    """The two responses of each task, in the order in which they stand."""
    number = _first_task(context, machine) + np.arange(len(pairs))
    swapped = _swapped(context, machine, len(pairs))
    rows = [(high, low) if swap else (low, high) for (_, low, high), swap in zip(pairs, swapped.tolist(), strict=True)]
    padded = pad([tokens[text] for row in rows for text in row])
    response = np.zeros((len(padded), game.longest_response), dtype=np.int64)
    response[:, : padded.shape[1]] = padded
    prompt = np.array([prompt for prompt, _, _ in pairs])
    held_out = prompts_held_out(context, share_held_out(context, machine.name))[prompt]
    draw = hashes(context.rng.key(machine.name, "imported tasks"), np.arange(len(pairs)))
    ids = number[:, None] * 2 + np.arange(2)[None, :]
    return Shown(number, draw, prompt, response.reshape(len(pairs), 2, -1), ids, held_out)


def _swapped(context: Context, machine: RewardModel, count: int) -> NDArray[np.bool_]:
    """Of which tasks the later of the two by the alphabet stands first [count], by lot."""
    return np.asarray(uniforms(context.rng.key(machine.name, "imported order"), np.arange(count)) < 0.5)


def _first_task(context: Context, machine: RewardModel) -> int:
    """The number of a table's first task, beyond those of all pools."""
    machines = [party.name for party in context.of_kind(RewardModel)]
    return (len(context.pools) + machines.index(machine.name)) * ROOM


def _gold(
    context: Context, machine: RewardModel, game: TextGame, shown: Shown
) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """What the guideline says of each task [T, 1]; 0 where nobody gives one."""
    maker = context.hierarchy.maker_of(machine.name)
    if not maker:
        return np.zeros((len(shown), 1), dtype=np.int8)
    truly = context.guideline_for(maker).utilities(game.features(shown.items))
    return preferred(differences(truly.reshape(len(shown), 2))).astype(np.int8)
