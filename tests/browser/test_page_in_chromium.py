"""The page of `simlab report` in a browser: no message on the console, no request, no serious finding of axe, nothing
wider than a phone, whatever names hold.

Needs Chromium (`apt-get install chromium`) and `pip install playwright axe-core-python`; skipped where one is missing.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import simlab
from simlab.report.page import write_report
from tests.studies.small_study import study_file

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
MISSING = CHROMIUM is None or not all(importlib.util.find_spec(name) for name in ("playwright", "axe_core_python"))
pytestmark = [pytest.mark.slow, pytest.mark.skipif(MISSING, reason="needs chromium, playwright and axe-core-python")]

NAMES = [
    "<script>alert(1)</script>",
    '"><svg onload=alert(2)>',
    "\u202egnp.exe \x1b[31m",
    "שלום $\\frac{ {{ 7 * 7 }}",
    "x" * 900,
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The page of a study whose arms are called what nobody calls them, and that of one of its runs."""
    place = tmp_path_factory.mktemp("pages")
    arms = {name: {"set": {"parties.pool.wage": 9 + i}} for i, name in enumerate(NAMES)}
    changes = {"vary.arms": arms, "description": NAMES[0], "hypotheses": []}
    study = simlab.study(study_file(place, changes), out=place / "out", jobs=1)
    return [write_report(path, place / f"{i}.html") for i, path in enumerate((study.path, study.parts[0].path))]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


def axe() -> str:
    """The script of axe-core, as the package brings it."""
    import axe_core_python

    (file,) = Path(axe_core_python.__file__).parent.rglob("axe*.js")
    return file.read_text(encoding="utf-8")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 390)])
def test_nothing_happens_but_reading(browser: Any, pages: list[Path], scheme: str, width: int) -> None:
    for page in pages:
        opened = browser.new_page(
            color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
        )  # axe is injected
        happened: list[str] = []
        opened.on("console", lambda said: happened.append(said.text))  # noqa: B023
        opened.on("pageerror", lambda error: happened.append(str(error)))  # noqa: B023
        opened.on("dialog", lambda dialog: happened.append(dialog.message))  # noqa: B023
        opened.on("request", lambda request: happened.append(request.url))  # noqa: B023
        opened.goto(page.as_uri())
        opened.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert [what for what in happened if not what.startswith("data:")] == [page.as_uri()]
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        opened.evaluate(axe())
        found = opened.evaluate("axe.run()")
        assert len(found["passes"]) > 20
        assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found["violations"]] == []
        opened.close()
