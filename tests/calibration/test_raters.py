"""Tables of ratings: which columns are raters, and what becomes of holes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simlab.calibration.annotations import Annotations
from simlab.calibration.choice import Model
from simlab.calibration.fitting import fit
from simlab.calibration.reading import read
from simlab.cli import main
from simlab.errors import InvalidInput

RATERS = ("ann", "bob", "cy", "di", "max")
ITEMS = 60


def plain(seed: int = 4) -> pd.DataFrame:
    """Ratings from 1 to 5 of items that differ."""
    g = np.random.default_rng(seed)
    worth = g.normal(3, 1, ITEMS)
    return pd.DataFrame({name: np.clip(np.round(worth + g.normal(0, 0.8, ITEMS)), 1, 5) for name in RATERS})


def of(folder: Path, frame: pd.DataFrame, *, index: bool = False, name: str = "scores.csv", **more: str) -> Annotations:
    if name.endswith("parquet"):
        frame.to_parquet(folder / name)
    else:
        frame.to_csv(folder / name, index=index)
    return read(folder / name, ratings=True, **more)


def same(one: Annotations, other: Annotations) -> bool:
    names = ("label", "task", "worker", "differences")
    return one.workers == other.workers and all(np.array_equal(getattr(one, n), getattr(other, n)) for n in names)


COUNT = pd.Series(range(1, ITEMS + 1))
NO_RATERS: dict[str, tuple[str, pd.Series, str]] = {
    "pandas' index, read again": ("Unnamed: 0", COUNT, "an index that was written as a column"),
    "an id": ("id", COUNT + 1000, "by its name it tells items apart"),
    "an id by its name": ("item_id", COUNT % 7, "by its name it tells items apart"),
    "a count": ("nummer", COUNT, "its whole numbers, no two alike"),
    "a count down": ("nummer", COUNT[::-1].reset_index(drop=True), "its whole numbers, no two alike"),
    "a count in another order": ("nummer", COUNT.sample(frac=1, random_state=1, ignore_index=True), "its whole"),
    "numbers without a pattern": ("nummer", (COUNT * 7919) % 10_007, "its whole numbers, no two alike"),
    "the mean": ("gesamt", plain().mean(axis=1).round(2), "it is the mean of the others"),
    "the exact mean": ("gesamt", plain().mean(axis=1), "it is the mean of the others"),
    "the sum": ("gesamt", plain().sum(axis=1), "it is the sum of the others"),
    "how many rated": ("anzahl", pd.Series([len(RATERS)] * ITEMS), "it is the number of the others"),
    "a mean by its name": ("mean", plain().mean(axis=1).round(0), "by its name it sums the others up"),
    "texts": ("comment", pd.Series(["good", "3"] * (ITEMS // 2)).where(COUNT != 2, "bad"), "most of what it holds"),
    "nothing": ("later", pd.Series([None] * ITEMS), "it is empty"),
}  # fmt: skip


@pytest.mark.parametrize("what", NO_RATERS)
@pytest.mark.parametrize("first", [True, False])
def test_what_only_looks_like_a_rater_is_left_out_by_name(what: str, first: bool, tmp_path: Path) -> None:
    name, column, why = NO_RATERS[what]
    frame, wanted = plain(), of(tmp_path, plain())
    frame.insert(0 if first else len(RATERS), name, column)
    found = of(tmp_path, frame)
    assert same(found, wanted)
    named = first and what == "texts"  # the first column may name the items
    assert len(found.remarks) == (0 if named else 1)
    assert named or found.remarks[0].startswith(f"column {name!r} is no rater: {why}")
    assert same(of(tmp_path, frame, name="scores.parquet"), wanted)


def test_the_index_of_a_frame_is_left_out(tmp_path: Path) -> None:
    wanted = of(tmp_path, plain())
    assert same(of(tmp_path, plain(), index=True), wanted)
    turned = plain().set_index(pd.Index(COUNT % 5, name="block"))
    found = of(tmp_path, turned, name="scores.parquet")
    assert same(found, wanted)
    assert found.remarks == ("column 'block' is no rater: it was the index of a pandas frame",)
    assert same(of(tmp_path, plain().set_index(COUNT % 5), name="scores.parquet"), wanted)


def test_people_who_rank_or_use_a_fine_scale_are_raters(tmp_path: Path) -> None:
    ranks = plain().rank(method="first").sort_values("ann", ignore_index=True)  # ann's count the rows
    assert of(tmp_path, ranks).workers == RATERS
    fine = (plain()[:12] * 20 - 10).assign(bob=np.random.default_rng(1).permutation(np.arange(11, 89))[:12])
    assert of(tmp_path, fine).workers == RATERS


def test_a_column_on_another_scale_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="column 'words': runs from 3 to 243, 60 times as far as the oth") as caught:
        of(tmp_path, plain().assign(words=3 + COUNT % 7 * 40))
    assert "leave it out if it is no rater" in str(caught.value)


def test_fewer_than_two_raters_are_refused_and_what_was_left_out_is_said(tmp_path: Path) -> None:
    frame = plain()[["ann"]].assign(id=COUNT, mean=plain().mean(axis=1))
    with pytest.raises(InvalidInput, match=r"ratings of one rater only .*'mean' is none: by its name it sums"):
        of(tmp_path, frame)


@pytest.mark.parametrize("hole", ["", "*", ".", "NA", "n/a", "nan", "None", "-"])
def test_holes_are_passed_over(hole: str, tmp_path: Path) -> None:
    g, frame = np.random.default_rng(8), plain()
    frame.insert(0, "item", [f"i{i}" for i in range(ITEMS)])
    rated = g.random((ITEMS, len(RATERS))) < 0.7
    text = frame[list(RATERS)].astype(int).astype(str).where(rated, hole)
    found = of(tmp_path, pd.concat([frame[["item"]], text], axis=1))
    whole = of(tmp_path, frame)
    kept = {(t, w): k for k, (t, w) in enumerate(zip(whole.task.tolist(), whole.worker.tolist(), strict=True))}
    rows = [kept[t, w] for t, w in zip(found.task.tolist(), found.worker.tolist(), strict=True)]
    assert found.label.tolist() == whole.label[rows].tolist()  # whoever rated both says what they said anyway
    share = len(rows) / len(whole)
    assert abs(share - 0.7**2) < 4 * np.sqrt(0.49 * 0.51 / len(whole))
    missing = int((~rated).sum())
    word = f" ({hole} among them)" if hole else ""
    assert found.remarks == (
        f"{missing} of {rated.size} ratings are missing{word}: a rater compares two items where both are rated",
    )


def test_holes_hardly_move_the_fit(tmp_path: Path) -> None:
    """Of 600 items by five raters, 70 % rated: the temperature is near that of the whole table."""
    g = np.random.default_rng(2)
    worth = g.normal(3, 1.2, (600, 1))
    scores = np.round(np.clip(worth + g.normal(0, 0.9, (600, 5)), 1, 5))
    whole = pd.DataFrame(scores, columns=list(RATERS))
    some = whole.where(g.random(scores.shape) < 0.7)
    for reference in ("pool", "others"):
        one, other = (of(tmp_path, frame, reference=reference) for frame in (whole, some))
        fits = [fit(Model("boltzmann"), data)["temperature"] for data in (one, other)]
        assert abs(fits[1] / fits[0] - 1) < 0.2


def test_a_bad_rating_is_refused_at_its_cell(tmp_path: Path) -> None:
    frame = plain().astype(object)
    frame.loc[7, "cy"] = "3,5"
    with pytest.raises(InvalidInput, match=r"scores.csv:9: column 'cy': is 3,5, which is no finite number \(write 3.5"):
        of(tmp_path, frame)


def test_items_that_stand_there_twice_count_once(tmp_path: Path) -> None:
    frame = plain()
    frame.insert(0, "item", [f"i{i}" for i in range(ITEMS)])
    again = pd.concat([frame, frame.iloc[[3, 5]]], ignore_index=True)
    found = of(tmp_path, again)
    assert same(found, of(tmp_path, frame))
    assert found.remarks == ("2 rows are the same as earlier ones (the first: line 62), and count once",)


def test_holes_everywhere_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"item": list("abc"), "ann": [1, None, 3], "bob": [None, 2, 4]})
    frame.to_csv(tmp_path / "scores.csv", index=False)
    assert main(["calibrate", str(tmp_path / "scores.csv"), "--ratings"]) == 2
    assert "nobody rated both items of any pair" in capsys.readouterr().err


@pytest.mark.parametrize("code", [-99, 99, 999, -9999, 55])
def test_a_number_for_what_is_missing_is_no_rating(tmp_path: Path, code: int) -> None:
    frame = plain()
    frame.loc[[3, 7, 20], "bob"] = code
    frame.loc[[5, 7], "di"] = code
    with pytest.raises(
        InvalidInput, match=f"scores.csv:5: column 'bob': is {code}.0, and {code} stands apart"
    ) as wrong:
        of(tmp_path, frame)
    assert "the others, 1 to 5 (5 such cells: leave them empty" in str(wrong.value)


def test_several_codes_for_what_is_missing_are_all_named(tmp_path: Path) -> None:
    frame = plain()
    frame.loc[[3, 7], "bob"], frame.loc[[5, 9], "di"], frame.loc[[1, 2], "cy"] = -99, -98, 99
    with pytest.raises(InvalidInput, match="-99, -98, 99 stand apart from the others, 1 to 5"):
        of(tmp_path, frame)


def test_a_number_that_may_say_that_a_rating_is_missing_is_remarked_upon(tmp_path: Path) -> None:
    frame = plain()
    frame.loc[[3, 7], "bob"] = 9
    (remark,) = of(tmp_path, frame).remarks
    assert remark.startswith("9 stands apart from the others, 1 to 5; if that says that a rating is missing")


@pytest.mark.parametrize(
    "scale",
    [(0, 0, 1, 1, 1), (-1, -1, 0, 1, 1), (0, 0, 0, 100, 100), (1, 1, 1, 5, 10), (1, 2, 4, 8, 16), (0, 0, 1, 3, 9)],
)
def test_scales_with_gaps_are_scales(tmp_path: Path, scale: tuple[int, ...]) -> None:
    assert of(tmp_path, plain().replace(dict(zip(range(1, 6), scale, strict=True)))).remarks == ()


def test_a_column_that_lies_beside_all_others_is_no_rater(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="column 'year': runs from 2018 to 2021, while the others run from 1 to 5"):
        of(tmp_path, plain().assign(year=2018 + COUNT % 4))


@pytest.mark.parametrize(
    ("write", "advice"),
    [
        (lambda x: f"{x:.1f}".replace(".", ","), r"write [0-9]\.0, with a decimal point"),
        (lambda x: f"{x * 20:g}%", "write a number without %"),
        (lambda x: f"{x}e200", "it is too large"),
    ],
    ids=["decimal comma", "per cent", "too large"],
)
def test_numbers_written_otherwise_are_refused_and_not_left_out(tmp_path: Path, write: object, advice: str) -> None:
    frame = plain()
    for columns in (["cy"], list(frame)):
        with pytest.raises(InvalidInput, match=rf"column '{columns[0]}': is .*{advice}"):
            of(tmp_path, frame.assign(**{name: frame[name].map(write) for name in columns}))


def long(**names: str) -> pd.DataFrame:
    """The same ratings with a row for each, and numbers for names of raters."""
    frame = plain().set_axis([1, 2, 3, 4, 5], axis=1).rename_axis("item").reset_index()
    return frame.melt("item", var_name="worker", value_name="rating").rename(columns=names)


@pytest.mark.parametrize(
    ("frame", "whose"),
    [
        (long(), "worker"),
        (long(worker="WorkerId"), "WorkerId"),
        (long().assign(worker=lambda f: "w" + f.worker.astype(str), second=lambda f: f.rating), "worker"),
        (long().sample(frac=0.3, random_state=1), "worker"),
        (long(item="text", worker="who", rating="score"), "who"),
        (long(worker="who").assign(item=lambda f: "i" + f.item.astype(str)), "who"),
    ],
)
def test_a_row_for_each_rating_is_refused(frame: pd.DataFrame, whose: str, tmp_path: Path) -> None:
    """Numbers that say whose a rating is would be taken for ratings."""
    with pytest.raises(InvalidInput, match=rf"column '{whose}': seems to say whose .* pivot\(index='(item|text)', col"):
        of(tmp_path, frame)


@pytest.mark.parametrize("name", ["participant", "respondent_id", "Reviewer", "judge"])
def test_people_of_a_survey_for_rows_are_refused(name: str, tmp_path: Path) -> None:
    """A survey has a row a person: its questions would be raters, of people."""
    turned = plain().T.rename_axis(name).reset_index().assign(**{name: COUNT[: len(RATERS)]})
    with pytest.raises(InvalidInput, match=rf"column '{name}': has raters for rows, no two alike here"):
        of(tmp_path, turned)


def test_raters_for_rows_and_the_best_of_several_are_refused(tmp_path: Path) -> None:
    turned = plain().T.rename_axis("rater").reset_index()
    for frame in (turned, turned.assign(rater=COUNT[: len(RATERS)])):
        with pytest.raises(InvalidInput, match=r"column 'rater': has raters for rows, no two alike here"):
            of(tmp_path, frame)
    picks = pd.DataFrame({"best": COUNT % 4, "worst": (COUNT + 1) % 4})
    with pytest.raises(InvalidInput, match=r"column 'best': has the best and the worst of several"):
        of(tmp_path, picks)


def test_items_that_several_columns_name_are_items(tmp_path: Path) -> None:
    """Two answers to each prompt, who wrote them, and an annotator among the raters."""
    found = of(tmp_path, plain().rename(columns={"ann": "annotator"}))
    more = pd.DataFrame({"prompt": COUNT // 2, "model": ["a", "b"] * (ITEMS // 2)})
    more["prompt"] = "p" + more.prompt.astype(str)
    again = of(tmp_path, pd.concat([more, plain().rename(columns={"ann": "annotator"})], axis=1))
    assert same(again, found)
