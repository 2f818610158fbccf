"""Rankings: the work of people for those above them, and their judgement of the machines below.

Arrays over m rankings of K responses each, that is K(K−1)/2 compared pairs a ranking, in the order of
`itertools.combinations(range(K), 2)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import combinations
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from simlab.arrays import Array, Indices
from simlab.components.return_values import given, not_numbers
from simlab.rng import hashes, several_uniforms
from simlab.worlds.world import Items

T = TypeVar("T", bound=np.generic)
AT_ONCE = 1 << 18  # rankings; what is done with very many is done in pieces
PAIR = 0xA1  # the stream of what is drawn about one pair of a ranking


def sides(options: int) -> tuple[Indices, Indices]:
    """The places of the left and of the right response of each pair of a ranking [K(K−1)/2]."""
    left, right = np.array(list(combinations(range(options), 2))).T
    return left, right


def differences(each: Array) -> Array:
    """Left less right of every pair [n, K(K−1)/2, …], given something about each response of n rankings [n, K, …]."""
    if each.shape[1] == 2:  # the left and the right, which need not be copied first
        return np.asarray(each[:, :1] - each[:, 1:])
    left, right = sides(each.shape[1])
    return np.asarray(each[:, left] - each[:, right])


def taken(each: NDArray[T], rows: Indices) -> NDArray[T]:
    """The rows of an array [n, …] that are asked for; the array itself, where that is all of them in turn."""
    if len(rows) == len(each) and (rows == np.arange(len(rows))).all():
        return each
    return each.take(rows, axis=0)  # many times as fast as each[rows]


def draws_of_choice(key: int, who: Indices, ranking_keys: NDArray[Any], options: int) -> Array:
    """Uniform draws [n, K + pairs]: K of responses, then those of pairs, by person and by the key of the ranking."""
    return several_uniforms(options * (options + 1) // 2, key, who, ranking_keys)


def preferred(difference: Array) -> NDArray[np.int64]:
    """1 (left), 2 (right) or 0 by the sign of left − right; differences at rounding level are none."""
    scale = 1e-9 * max(1.0, float(np.abs(difference).max(initial=0.0)))
    return np.where(difference > scale, 1, np.where(difference < -scale, 2, 0)).astype(np.int64)


def are_labels(found: NDArray[Any]) -> bool:
    """Whether these are 1, 2 or 0, all of them."""
    if found.dtype.kind in "iu":
        return bool(found.min(initial=0) >= 0 and found.max(initial=0) <= 2)
    return bool(np.isin(found, (0, 1, 2)).all())


def not_labels(found: Any, shape: tuple[int, ...]) -> str:
    """What an answer is that should be labels 1, 2 or 0 of this shape, in words; "" if it is that."""
    wrong = not_numbers(found, shape)
    label = np.asarray([]) if wrong else np.asarray(found)
    if wrong or are_labels(label):
        return wrong
    return f"{given(label)}, such as {label[~np.isin(label, (0, 1, 2))][0]}"


def agreement(said: NDArray[Any], label: NDArray[Any], counted: NDArray[np.bool_]) -> float:
    """The share of the labels `counted` that equal `said`, who says nothing being half right; NaN if there are none."""
    right = np.count_nonzero((said == label) & (said != 0) & counted) + np.count_nonzero((said == 0) & counted) / 2
    return right / n if (n := np.count_nonzero(counted)) else float("nan")


@dataclass(slots=True)
class Shown:
    """Responses that people are asked to rank, K a task, once for all who rank them."""

    task: NDArray[np.int64]  # [T] number of the task, over the whole run
    draw: NDArray[np.uint64]  # [T] what random draws about this task are keyed by, whoever else works
    prompt: Indices  # [T]
    response: NDArray[Any]  # [T, K, …]
    ids: NDArray[np.int64]  # [T, K] numbers of the responses, over the whole run
    held_out: NDArray[np.bool_]  # [T] kept from the reward model

    def __len__(self) -> int:
        return len(self.task)

    def __getitem__(self, rows: Any) -> Shown:
        return Shown(*(getattr(self, f.name)[rows] for f in fields(self)))

    def with_responses(self, rows: Indices, response: NDArray[Any]) -> Shown:
        """Some of these tasks with other responses [n, K, …], as if these had been shown."""
        kept = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "response"}
        return Shown(**kept, response=response)

    @property
    def options(self) -> int:
        """Responses per task, K."""
        return int(self.ids.shape[1])

    @property
    def items(self) -> Items:
        """The responses, task after task [T·K]."""
        return Items(np.repeat(self.prompt, self.options), self.response.reshape(len(self) * self.options, -1))

    def items_of(self, rows: Indices) -> Items:
        """The responses of some of the tasks [n], task after task [n·K]."""
        response = taken(self.response, rows)
        return Items(np.repeat(self.prompt[rows], self.options), response.reshape(len(rows) * self.options, -1))

    @property
    def alike(self) -> NDArray[np.bool_]:
        """Which pairs of each task [T, pairs] are one text twice; vectors, which are drawn from a continuum, never."""
        left, right = sides(self.options)
        if self.response.dtype.kind == "f":
            return np.zeros((len(self), len(left)), dtype=bool)
        return np.asarray((self.response[:, left] == self.response[:, right]).all(axis=2))

    @staticmethod
    def together(parts: Sequence[Shown]) -> Shown:
        """Several of these as one."""
        return _ShownTogether(parts)


class _ShownTogether(Shown):
    """Several of these, each column of which is put together when it is first asked for: responses are long."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[Shown]) -> None:
        self._parts = list(parts)

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __getattr__(self, name: str) -> Any:  # asked only for what is not there yet
        if name not in Shown.__slots__:
            raise AttributeError(name)
        setattr(self, name, np.concatenate([getattr(part, name) for part in self._parts]))
        return getattr(self, name)

    @property
    def alike(self) -> NDArray[np.bool_]:
        return np.concatenate([part.alike for part in self._parts])


COLUMNS = ("place", "worker", "label", "gold", "perceived", "seconds")


@dataclass(slots=True)
class Rankings:
    """What people said of responses, and what the guideline says of them."""

    shown: Shown  # what there was to rank; several rankings may be of one task
    place: NDArray[np.int64]  # [m] which of these tasks
    worker: NDArray[np.int64]  # [m] the number of the person
    label: NDArray[Any]  # [m, pairs] whole numbers: 1 left, 2 right, 0 undecided
    gold: NDArray[Any]  # [m, pairs] what the guideline says, without noise
    perceived: Array  # [m, pairs] utility of left − right, as this person perceived it
    seconds: Array  # [m] time it took

    def __len__(self) -> int:
        return len(self.place)

    def __getitem__(self, rows: Any) -> Rankings:
        return Rankings(self.shown, *(getattr(self, name)[rows] for name in COLUMNS))

    @property
    def options(self) -> int:
        """Responses per ranking, K."""
        return self.shown.options

    @property
    def pairs(self) -> int:
        """Compared pairs per ranking."""
        return int(self.label.shape[1])

    @property
    def shared(self) -> bool:
        """Whether so many rankings are of the same tasks that it pays to ask about tasks."""
        return len(self) >= 2 * len(self.shown)

    def apart(self, rows: Indices) -> Array:
        """How the responses of some of these rankings, vectors, differ: left − right [n, pairs, D]."""
        return differences(taken(self.shown.response, self.place[rows]))

    @property
    def task(self) -> NDArray[np.int64]:
        """Number of the task [m], over the whole run."""
        return self.shown.task[self.place]

    @property
    def held_out(self) -> NDArray[np.bool_]:
        """Which are kept from the reward model [m]."""
        return self.shown.held_out[self.place]

    @property
    def draw(self) -> NDArray[np.uint64]:
        """What random draws about each one's task are keyed by [m]."""
        return self.shown.draw[self.place]

    @property
    def items(self) -> Items:
        """The responses, ranking after ranking [m·K]."""
        return self.shown.items_of(self.place)

    @property
    def ids(self) -> NDArray[np.int64]:
        """Numbers of the responses [m, K]."""
        return self.shown.ids.take(self.place, axis=0)

    @property
    def decided(self) -> NDArray[np.bool_]:
        """Which labels [m, pairs] say that one of two different responses is better: of one text twice, none is."""
        decided, alike = self.label != 0, self.shown.alike
        return np.asarray(decided & ~alike.take(self.place, axis=0) if alike.any() else decided)

    @property
    def pair_numbers(self) -> NDArray[np.int64]:
        """Run-wide numbers [m, pairs] of the compared pairs."""
        return self.task[:, None] * self.pairs + np.arange(self.pairs)[None, :]

    @property
    def subject(self) -> Items:
        """The responses a machine is to be asked about, K a row: what many people ranked only once; see `each`."""
        return self.shown.items if self.shared else self.items

    def each(self, found: NDArray[T]) -> NDArray[T]:
        """What was found about each row of `subject`, for each ranking [m, …]."""
        return found.take(self.place, axis=0) if self.shared else found

    def as_pairs(self, chosen: Indices) -> Rankings:
        """Some of the compared pairs, counted ranking after ranking, as rankings of two."""
        row, place = np.divmod(chosen, self.pairs)
        left, right = sides(self.options)
        of = self.place[row]
        at = (of[:, None], np.stack([left[place], right[place]], axis=1))
        shown = Shown(
            task=self.shown.task[of] * self.pairs + place,
            draw=hashes(PAIR, self.shown.draw[of], place),
            prompt=self.shown.prompt[of],
            response=self.shown.response[at],
            ids=self.shown.ids[at],
            held_out=self.shown.held_out[of],
        )
        return Rankings(
            shown=shown,
            place=np.arange(len(chosen)),
            worker=self.worker[row],
            label=self.label[row, place][:, None],
            gold=self.gold[row, place][:, None],
            perceived=self.perceived[row, place][:, None],
            seconds=self.seconds[row] / self.pairs,
        )

    def with_draws(self, draw: NDArray[np.uint64]) -> Rankings:
        """The same for a second time, with other random draws [m]."""
        return replace(self, shown=replace(self.shown[self.place], draw=draw), place=np.arange(len(self)))

    @staticmethod
    def together(parts: Sequence[Rankings]) -> Rankings:
        """Several batches as one; what several of them are about is held once."""
        if len(parts) == 1:
            return parts[0]
        stores = list({id(part.shown): part.shown for part in parts}.values())
        ends = np.cumsum([len(store) for store in stores]).tolist()
        first = {id(store): end - len(store) for store, end in zip(stores, ends, strict=True)}
        places = [part.place + start if (start := first[id(part.shown)]) else part.place for part in parts]
        place = np.concatenate(places)
        return _Together(stores[0] if len(stores) == 1 else Shown.together(stores), place, parts)


class _Together(Rankings):
    """Several batches, each column of which is put together when it is first asked for: of very many, few are."""

    __slots__ = ("_columns", "_sources")

    def __init__(self, shown: Shown, place: NDArray[np.int64], parts: Sequence[Rankings]) -> None:
        self.shown, self.place = shown, place
        self._sources = [(part.shown, part.place) for part in parts]
        self._columns = {name: [getattr(part, name) for part in parts] for name in COLUMNS[1:]}

    def __getattr__(self, name: str) -> Any:  # asked only for what is not there yet
        if name not in COLUMNS:
            raise AttributeError(name)
        setattr(self, name, np.concatenate(self._columns.pop(name)))
        return getattr(self, name)

    def apart(self, rows: Indices) -> Array:
        if (rows[1:] < rows[:-1]).any():
            return super().apart(rows)
        ends = np.cumsum([len(place) for _, place in self._sources])
        each = zip(self._sources, np.split(rows, np.searchsorted(rows, ends[:-1])), ends, strict=True)
        return np.concatenate([differences(taken(s.response, p[some - end + len(p)])) for (s, p), some, end in each])


def evidence(
    rankings: Rankings, rows: NDArray[np.int64], shares: Array | None = None
) -> tuple[Array, Array, Array | None]:
    """What pairs teach a direction: left − right [n, D], which share of a win the left has [n], and how many labels
    each row stands for [n] (None: one). Of what many people ranked, a likelihood only asks how often who won."""
    store = rankings.shown
    if not rankings.shared:
        return _flat(rankings.apart(rows)), _wins(rankings, rows, shares).ravel(), None
    count, won = np.zeros(len(store), dtype=np.int64), np.zeros((len(store), rankings.pairs))
    for start in range(0, len(rows), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        place, wins = rankings.place[rows[part]], _wins(rankings, rows[part], None if shares is None else shares[part])
        count += np.bincount(place, minlength=len(store))
        for pair in range(rankings.pairs):
            won[:, pair] += np.bincount(place, weights=wins[:, pair], minlength=len(store))
    ranked, response = count > 0, store.response[count > 0]
    share = won[ranked] / count[ranked, None]
    return _flat(differences(response)), share.ravel(), np.repeat(count[ranked], rankings.pairs)


def _wins(rankings: Rankings, rows: NDArray[np.int64], shares: Array | None) -> Array:
    """Which share of a win the left of each pair has [n, pairs]: as the labels say, unless `shares` do."""
    return np.array([0.5, 1.0, 0.0]).take(rankings.label[rows]) if shares is None else shares


def _flat(difference: Array) -> Array:
    return difference.reshape(-1, difference.shape[-1])


ASKED, WRITTEN = "users", "written"  # where a prompt comes from


@dataclass(slots=True)
class Candidates:
    """K responses to each of n prompts, and how they were come by."""

    items: Items  # [n·K], prompt after prompt
    source: NDArray[Any]  # [n] where each prompt comes from
    prompts: int  # prompts that were asked
    resampled: int  # of these, asked more than once
    dropped: int  # of these, given up

    def __len__(self) -> int:
        return len(self.source)


@dataclass(slots=True)
class Commission:
    """Rankings asked of a pool. `exact` is the number of pairs that the scenario names; None if it names a share."""

    closes: float  # the day on which what is left over is given up
    options: int  # responses a ranking, K
    overlap: int  # raters asked to rank the same responses
    exact: int | None
    wanted: int  # prompts there were to be
    found: Candidates

    @property
    def pairs(self) -> int:
        """Compared pairs a ranking."""
        return self.options * (self.options - 1) // 2

    @property
    def asked(self) -> int:
        """Labels asked for."""
        return self.overlap * (self.wanted * self.pairs if self.exact is None else self.exact)

    def shortages(self) -> list[str]:
        """Why there cannot be as many labels as asked for, in words."""
        said = []
        if self.exact is not None and self.wanted * self.pairs < self.exact:
            said.append(f"a ranking of {self.options} makes {self.pairs} pairs, which {self.exact} is no multiple of")
        if missing := self.wanted - len(self.found):
            fewer = "; a smaller `ranking` needs fewer" if self.options > 2 else ""
            what = f"{missing} of {self.wanted} rankings lack a prompt with {self.options} different responses"
            said.append(what + fewer)
        return said


def account(commissions: Sequence[Commission], labels: int) -> dict[str, Any]:
    """What was asked and what came of it, as columns of the table `reward_model`; `labels` were given."""
    asked = sum(one.asked for one in commissions)
    offered = sum(len(one.found) * one.pairs * one.overlap for one in commissions)
    why = [reason for one in commissions for reason in one.shortages()]
    if labels < offered:
        why.append(f"{offered - labels} labels were not given in the hours people had")
    return {
        "asked": asked,
        "labels": labels,
        "why_fewer": "; ".join(why) if labels < asked else "",
        "prompts": sum(one.found.prompts for one in commissions),
        "resampled": sum(one.found.resampled for one in commissions),
        "dropped": sum(one.found.dropped for one in commissions),
    }


ROOM = 10_000_000_000  # numbers of tasks that each pool has to itself
