"""What all tests share: computations are remembered in a folder of the session's own, and nobody's terminal matters."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

LONGEST = ("test_labels_teach.py", "test_scenarios.py", "test_kills.py", "test_readme.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take minutes come first, so that no process is left alone with one of them at the end."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(autouse=True, scope="session")
def _own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for all processes of a session: results are kept by content, and put in place as a whole. Tests that
    compare what was computed with what was remembered have stores of their own."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SIMLAB_CACHE", str(shared / "cache"))
        environment.delenv("COLUMNS", raising=False)
        yield
