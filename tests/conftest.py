"""What all tests share: computations are remembered in a folder of the session's own, and nobody's terminal matters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def _own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SIMLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        environment.delenv("COLUMNS", raising=False)
        yield
