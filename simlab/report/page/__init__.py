"""`simlab report`: one self-contained page about a run or a study, from tables only.

| file | what |
|---|---|
| `run_page`, `study_page` | which sections a report has |
| `methods`, `bibliography` | its methods paragraph and BibTeX |
| `blocks` | what a page is made of |
| `html`, `page.html` | the page itself |

`write_report` makes one.
"""

from __future__ import annotations

from pathlib import Path

from simlab import plain_files
from simlab.errors import InvalidInput, Problem
from simlab.paths import given
from simlab.report.figures.canvas import png, svg
from simlab.report.page.blocks import Page, Plot, Table
from simlab.report.page.html import csv, html
from simlab.report.page.run_page import page_of_run
from simlab.report.page.study_page import page_of_study
from simlab.runs.loading import RunSet, StudyRuns, load

_HEAD = 200  # bytes with which every page begins
_XML = '<?xml version="1.0" encoding="utf-8"?>\n'


def write_report(path: Path | str, out: Path | str | None = None, figures: Path | str | None = None) -> Path:
    """Write the report of the run or study in a folder, and return where it is: `out`, or report.html in that folder.

    Into the folder `figures`, if there is one, goes every figure as SVG and PNG and every table as CSV. Raises
    InvalidInput if there is no run or study, if a file that is no report's would be lost, or if the extra `report` is
    missing.
    """
    target = given(path) / "report.html" if out is None else given(out)
    if target.is_dir():
        raise InvalidInput(Problem("is a folder", "name a file, as in --out report.html", target))
    page = page_of(path)
    text = html(page).encode()
    if out is not None:
        plain_files.require_own(target, text[:_HEAD])
    if figures is not None:
        _require_own(page, given(figures))
    _write(target, text)
    if figures is not None:
        write_figures(page, given(figures))
    return target


def page_of(path: Path | str) -> Page:
    """The report of the run or study in a folder, before it is turned into HTML."""
    found = load(path)
    if isinstance(found, StudyRuns):
        return page_of_study(found)
    if isinstance(found, RunSet):
        fix = "give the folder of one run, or that of a study"
        raise InvalidInput(Problem(f"holds {len(found.parts)} runs that are no study", fix, given(path)))
    return page_of_run(found)


def _require_own(page: Page, folder: Path) -> None:
    """Raise InvalidInput where a table or drawing would take the place of a file that is none of a report's."""
    for block in page.blocks:
        if isinstance(block, Plot):
            plain_files.require_own(folder / f"{block.chart.name}.svg", _XML.encode(), "--figures")
        if isinstance(block, Plot | Table):
            numbers = block.chart.numbers if isinstance(block, Plot) else block.numbers
            first = csv(numbers).partition(",")[0]
            plain_files.require_own(folder / f"{numbers.name}.csv", f"{first},".encode(), "--figures")


def write_figures(page: Page, folder: Path) -> None:
    """Every figure of a page as SVG and PNG, and every table as CSV, by name."""
    for block in page.blocks:
        if isinstance(block, Plot):
            _write(folder / f"{block.chart.name}.svg", f"{_XML}{svg(block.chart)}".encode())
            _write(folder / f"{block.chart.name}.png", png(block.chart))
        if isinstance(block, Plot | Table):
            numbers = block.chart.numbers if isinstance(block, Plot) else block.numbers
            _write(folder / f"{numbers.name}.csv", csv(numbers).encode())


def _write(path: Path, data: bytes) -> None:
    """A file whole or not at all. Raises InvalidInput where its folder cannot be made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with plain_files.saving(path) as file:
            file.write(data)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise InvalidInput(Problem(what, "give another place, with --out or --figures", path)) from error
