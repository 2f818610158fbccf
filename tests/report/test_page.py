"""The page of `simlab report`: what is on it, that its numbers are the tables', that it is always the same, and that
names and texts of users do nothing to it."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import shutil
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

import simlab
from simlab.cli import main
from simlab.errors import InvalidInput
from simlab.plugins.registry import discover
from simlab.report.effects import differences
from simlab.report.figures import arms
from simlab.report.figures.canvas import drawn
from simlab.report.figures.chart import digits
from simlab.report.figures.employment import dismissed
from simlab.report.figures.ladder import ladders, waterfalls
from simlab.report.figures.orders import decisions, orders
from simlab.report.orders import orders as measured_orders
from simlab.report.page import page_of, write_report
from simlab.report.page.bibliography import CITED, bibtex, entries, keys, reference
from simlab.report.page.blocks import Plot, Transcript
from simlab.report.page.html import html
from simlab.report.page.run_page import page_of_run
from simlab.report.page.study_page import page_of_study
from simlab.runs.loading import Run, StudyRuns, load
from tests.small_world import written
from tests.studies.small_study import study_file

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</title></svg><svg onload=alert(3)>",
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    "שלום [bold]world[/bold] {{ 7 * 7 }} $\\frac{",
    "x" * 3000,
    "漢字 🙂\n& \ufffe",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three orders of judgement in which people are warned and fired."""
    place = tmp_path_factory.mktemp("report")
    firing = [{"kind": "warn", "below": 0.9}, {"kind": "fire", "below": 0.8, "min_sample": 5}, {"kind": "hire"}]
    changes = {
        "days": 2, "waterfall": {}, "parties.leads": {"kind": "auditors", "count": 5, "misreading": 0.3},
        "relations.1": {"principal": "acme", "agent": "leads", "every": 1, "sample": 0.5},
        "relations.4": {"principal": "leads", "agent": "pool", "every": 1, "sample": 0.5, "consequence": firing},
        "relations.5": {"principal": "acme", "agent": "pool", "every": 1, "sample": 0.01},
    }  # fmt: skip
    simlab.run(written(place / "run.yaml", changes), out=place / "run", local=False)
    return place / "run"


@pytest.fixture(scope="module")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An arm with a hostile name at two wages, under two seeds, and a hypothesis."""
    place = tmp_path_factory.mktemp("study")
    changes = {
        "vary.arms": {HOSTILE[1]: {}},
        "vary.levers": {"parties.pool.wage": [9, 12]},
        "description": HOSTILE[0],
        "hypotheses": [{"says": HOSTILE[5], "outcome": "labor", "arm": f"{HOSTILE[1]}, wage=12"}],
    }
    simlab.study(study_file(place, changes), out=place / "out", jobs=1)
    return place / "out"


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    """The run's page."""
    return html(page_of(folder))


@pytest.fixture
def run(folder: Path) -> Run:
    return load(folder)


@pytest.fixture
def study(study_folder: Path) -> StudyRuns:
    found = load(study_folder)
    assert isinstance(found, StudyRuns)
    return found


class Elements(HTMLParser):
    """What elements a page has, with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words += data


def inert(text: str) -> Elements:
    """The elements of a page that runs nothing, loads nothing, and holds no character that is not seen."""
    found = Elements(text)
    known = {"html", "head", "meta", "link", "title", "style", "body", "a", "header", "h1", "h2", "h3", "h4", "p", "dl",
             "div", "dt", "dd", "nav", "ol", "li", "main", "section", "figure", "figcaption", "strong", "svg", "desc",
             "defs", "g", "path", "use", "text", "clippath", "rect", "pattern", "tspan", "details", "summary", "table",
             "caption", "thead", "tbody", "tr", "th", "td", "pre", "code", "bdi", "footer"}  # fmt: skip
    assert not {*found.tags} - known
    assert found.tags["html"] == found.tags["body"] == found.tags["h1"] == found.tags["main"] == 1
    assert not [a for a in found.attributes if a[1].startswith("on")]
    links = [value for _, name, value in found.attributes if name in ("href", "src", "xlink:href", "action")]
    assert not [link for link in links if not link.startswith(("#", "data:text/csv", "data:,"))]
    assert not re.search(r"url\((?!#)|@import", text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067\ufffe]", text)
    return found


# ---- a run ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_page_about_a_run(run: Run, text: str) -> None:
    page = page_of_run(run)
    found = inert(text)
    names = [section.name for section in page.sections]
    assert names == ["ladder", "asked", "preferences", "orders", "people", "frontier", "money", "methods"]
    plots = [block.chart for block in page.blocks if isinstance(block, Plot)]
    assert found.tags["svg"] == found.tags["desc"] == len(plots) == len({chart.name for chart in plots})
    assert found.tags["table"] == found.tags["caption"] == len(plots) + 2  # weights and scores; those fired
    assert all(value in ("col", "row") for tag, name, value in found.attributes if tag == "th" and name == "scope")
    assert found.tags["th"] == sum(tag == "th" and name == "scope" for tag, name, _ in found.attributes)
    ids = [value for _, name, value in found.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    pointed = {v[1:] for _, name, v in found.attributes if name in ("href", "xlink:href") and v.startswith("#")}
    assert pointed <= set(ids)


def test_numbers_are_those_of_the_tables(run: Run) -> None:
    (ladder,), (waterfall,) = ladders(run), waterfalls(run)
    rows = run.waterfall[run.waterfall["round"] == 2]
    links, whole = rows[rows.place > 0], rows[rows.place == 0].iloc[0]
    for column in ("rho", "loss", "noise", "bias", "share"):
        assert ladder.numbers.frame[column].tolist() == pytest.approx(links[column].tolist(), nan_ok=True)
    steps = waterfall.numbers.frame
    assert steps.loss.iloc[-1] == whole.loss
    assert steps.loss.iloc[:-1].sum() == pytest.approx(whole.loss)  # links and side channel add up
    assert steps.to.iloc[-2] == pytest.approx(whole.loss)
    (order,) = orders(run)
    pd.testing.assert_frame_equal(order.numbers.frame, measured_orders(run)[order.numbers.frame.columns])


def test_a_table_on_the_page_holds_all_digits(run: Run, text: str) -> None:
    held = re.search(r'download="ladder.csv" href="data:text/csv;charset=utf-8;base64,([^"]*)"', text)
    assert held
    rows = csv.DictReader(io.StringIO(base64.b64decode(held[1]).decode()))
    (ladder,) = ladders(run)
    assert [float(row["rho"]) for row in rows] == ladder.numbers.frame.rho.tolist()


def test_dismissals_are_counted_as_the_tables_have_them(run: Run) -> None:
    fired = run.consequences[run.consequences.kind == "fire"]
    assert len(fired) > 0
    told = dismissed(run)
    assert told is not None
    assert told.frame["agent"].tolist() == fired.agent.tolist()
    (chart,) = decisions(run)
    sums = chart.numbers.frame
    assert sums[["dismissed_rightly", "dismissed_wrongly"]].to_numpy().sum() == len(fired)


@pytest.mark.slow
def test_the_same_tables_make_the_same_page_whatever_settings_a_user_has(
    folder: Path, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import matplotlib

    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.facecolor": "red", "svg.hashsalt": "x"}):
        assert main(["report", str(moved), "--out", str(tmp_path / "page.html")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_bytes() == text.encode()


def test_a_run_that_was_stopped_before_anything_was_measured(folder: Path, tmp_path: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest |= {"status": "interrupted", "tables": {}, "rounds": 0}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    page = page_of(tmp_path)
    assert [section.name for section in page.sections] == ["state", "methods"]
    inert(html(page))


@pytest.mark.slow
def test_hostile_names_and_transcripts_do_nothing(run: Run) -> None:
    rows = run.tables["responses"]
    numbers = rows.groupby("round").cumcount()
    rows["prompt"] = [f"{HOSTILE[i % len(HOSTILE)]} {i}" for i in numbers]
    rows["response"] = [HOSTILE[(i * 7 + 1) % len(HOSTILE)] + str(i) for i in range(len(rows))]
    for table in ("alignment", "waterfall", "orders", "consequences", "judgements", "ledger", "guidelines"):
        frame = run.tables[table]
        for column in frame.columns[frame.columns.isin(["principal", "agent", "reason", "criterion", "account"])]:
            frame[column] = frame[column].astype(str).replace({"leads": HOSTILE[2], "pool": HOSTILE[5], "lm": "lm"})
    run.tables["consequences"]["reason"] = HOSTILE[1]
    run.manifest["scenario"] = HOSTILE[0]
    page = page_of_run(run)
    told = [block for block in page.blocks if isinstance(block, Transcript)]
    assert len(told) == 6
    text = html(page)
    found = inert(text)
    assert HOSTILE[0] in found.words
    assert "\\x1b[31mred" in found.words
    assert "{{ 7 * 7 }}" in found.words


def test_an_unescaped_name_would_be_noticed() -> None:
    page = "<html><body><h1></h1><main><p>{}</p></main></body></html>"
    inert(page.format("&lt;b&gt;"))
    for name in HOSTILE[:5]:
        with pytest.raises(AssertionError):
            inert(page.format(name))


# ---- a study -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_page_about_a_study_with_every_figure_and_table_as_a_file(study: StudyRuns, tmp_path: Path) -> None:
    names = [section.name for section in page_of_study(study).sections]
    assert names == ["verdicts", "effects", "outcomes", "curves", "runs", "methods"]
    made = write_report(study.path, tmp_path / "new" / "page.html", tmp_path / "figures")
    found = inert(made.read_text(encoding="utf-8"))
    assert write_report(study.path, made) == made
    with pytest.raises(InvalidInput, match="is there already, and is no earlier file of this kind"):
        write_report(study.path, study.path / "study.yaml")
    assert HOSTILE[0] in found.words
    files = {file.name for file in (tmp_path / "figures").iterdir()}
    assert {"verdicts.csv", "arms.csv", "runs.csv"} <= files
    for name in ("effects", "outcomes", "curve-parties-pool-wage"):
        assert {f"{name}.svg", f"{name}.png", f"{name}.csv"} <= files
        drawing = ElementTree.parse(tmp_path / "figures" / f"{name}.svg").getroot()
        assert [child.tag.rpartition("}")[2] for child in drawing][:2] == ["title", "desc"]
        assert (tmp_path / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_figures_leave_other_files_alone(study: StudyRuns, tmp_path: Path) -> None:
    """A study's own outcomes.csv, and whatever else somebody called so, is none of a report's tables."""
    before = (study.path / "outcomes.csv").read_bytes()
    with pytest.raises(InvalidInput, match=r"outcomes\.csv: is there already.*choose another --figures"):
        write_report(study.path, tmp_path / "page.html", study.path)
    (tmp_path / "effects.svg").write_text("<svg>mine</svg>")
    with pytest.raises(InvalidInput, match=r"effects\.svg: is there already"):
        write_report(study.path, tmp_path / "page.html", tmp_path)
    assert (study.path / "outcomes.csv").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["effects.svg"]


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="devices are called otherwise here")
def test_a_device_is_written_into(study: StudyRuns, tmp_path: Path) -> None:
    (tmp_path / "page.html").symlink_to("/dev/null")
    write_report(study.path, tmp_path / "page.html")
    assert [(file.name, file.is_symlink()) for file in tmp_path.iterdir()] == [("page.html", True)]


def test_every_seed_is_shown(study: StudyRuns) -> None:
    (chart,) = arms.effect_plots(study)
    panels = drawn(chart).axes
    for axes, outcome in zip(panels, study.plan["outcomes"], strict=True):
        shown = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == len(study.plan["seeds"])]
        names = list(study.outcomes.arm.drop_duplicates())
        for arm in names[1:]:
            assert tuple(differences(study, outcome, "arm", arm, names[0])) in shown


def test_curves_are_drawn_over_numbers_that_vary(study: StudyRuns) -> None:
    (chart,) = arms.curves(study)
    labor = chart.numbers.frame.query("outcome == 'labor'")
    means = study.outcomes.groupby("parties.pool.wage").labor.mean()
    assert labor["mean"].tolist() == pytest.approx(means.tolist())
    assert labor["parties.pool.wage"].tolist() == [9, 12]


# ---- figures elsewhere ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_figures_in_a_notebook(run: Run, study: StudyRuns) -> None:
    from matplotlib.figure import Figure

    for made in (run.plot.ladder(), run.plot.waterfall("lm"), run.plot.orders(), run.plot.frontier()):
        assert isinstance(made, Figure)
    assert isinstance(study.plot.effects(by="parties.pool.wage"), Figure)
    with pytest.raises(simlab.InvalidInput, match="nothing to show of 'rm'"):
        run.plot.ladder("rm")
    assert isinstance(study.plot.effects(by="wage"), Figure)
    with pytest.raises(simlab.InvalidInput, match="no column 'wages'"):
        study.plot.effects(by="wages")


@pytest.mark.parametrize("module", ["matplotlib.figure", "jinja2"])
def test_what_is_missing_is_named(run: Run, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(simlab.InvalidInput, match=r"pip install 'simlab\[report\]'"):
        html(page_of_run(run))


def test_what_cannot_be_reported(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(folder), "--out", str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert main(["report", str(folder.parent), "--out", str(tmp_path / "page.html")]) == 2
    assert "no study" in capsys.readouterr().err


# ---- sources -------------------------------------------------------------------------------------------------------


def test_sources_are_those_that_the_plugins_name() -> None:
    known = discover(None, [], False)
    for plugin, cited in CITED.items():
        found = known.get(*plugin.split(":"))
        docs = (sys.modules[found.__module__].__doc__, *(c.__doc__ for c in found.__mro__[:2]))
        said = " ".join(doc for doc in docs if doc)
        for key in cited:
            *names, year = reference(key).replace(" et al.", "").replace(" and ", " ").split()
            assert not {names[-1], year} - {*re.findall(r"[^\W\d]+|\d+", said)}, f"{plugin}: not {reference(key)}"


def test_bibtex_holds_what_is_cited_once() -> None:
    text = bibtex("1.2", keys(["learner:ppo", "reward:plain", "reward:adaptive_kl", "world:gaussian"], "gao2023"))
    assert re.findall(r"^@\w+\{(\w+),", text, re.MULTILINE) == [
        "simlab", "kockelman", "schulman2017", "ziegler2019", "gao2023",
    ]  # fmt: skip
    assert all(entry.count("{") == entry.count("}") for entry in entries().values())
    assert reference("bradley1952") == "Bradley and Terry 1952"


def test_a_minus_stands_before_numbers_below_zero_only() -> None:
    assert [digits(v, ".2f") for v in (-1.0, -0.001, 0.0, float("nan"))] == ["−1.00", "0.00", "0.00", "–"]
