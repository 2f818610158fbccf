"""Indices of sensitivity against functions of which they are known."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.arrays import Array
from simlab.errors import InvalidInput
from simlab.measures.sensitivity import morris, morris_points, saltelli_points, sobol

POINTS = 2048


def ishigami(x: Array, a: float, b: float) -> Array:
    """sin z₁ + a·sin²z₂ + b·z₃⁴·sin z₁, z uniform in [−π, π] (Ishigami & Homma 1990)."""
    z = np.pi * (2 * x - 1)
    return np.asarray(np.sin(z[:, 0]) + a * np.sin(z[:, 1]) ** 2 + b * z[:, 2] ** 4 * np.sin(z[:, 0]))


def known(a: float, b: float) -> tuple[Array, Array]:
    """First and total indices of it (Saltelli et al. 2008, Global Sensitivity Analysis, sec. 4.9)."""
    one, two = 0.5 * (1 + b * np.pi**4 / 5) ** 2, a**2 / 8
    both = b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    return np.array([one, two, 0.0]) / (one + two + both), np.array([one + both, two, both]) / (one + two + both)


@pytest.mark.parametrize(("a", "b"), [(7.0, 0.1), (7.0, 0.05), (3.0, 0.2)])
def test_sobol_indices_are_the_known_ones(a: float, b: float) -> None:
    """Within twice the half width of their 95 % intervals: four standard errors."""
    pytest.importorskip("SALib")
    found = sobol(ishigami(saltelli_points(3, POINTS), a, b), 3)
    first, total = known(a, b)
    assert (np.abs(found["first"] - first) <= 2 * found["first_conf"] + 1e-9).all()
    assert (np.abs(found["total"] - total) <= 2 * found["total_conf"] + 1e-9).all()
    assert found["first_conf"].max() < 0.1


def test_outcomes_that_changed_places_have_others() -> None:
    """The control."""
    pytest.importorskip("SALib")
    y = ishigami(saltelli_points(3, POINTS), 7.0, 0.1)
    found = sobol(np.random.default_rng(0).permutation(y), 3)
    assert (np.abs(found["first"] - known(7.0, 0.1)[0]) > 2 * found["first_conf"]).any()
    assert np.isnan(sobol(np.ones_like(y), 3)["first"]).all()


@pytest.mark.parametrize("slopes", [(2.0, -1.0, 0.0), (0.5, 0.5, 3.0), (-4.0, 1.0, 1.0)])
def test_elementary_effects_of_a_plane_are_its_slopes(slopes: tuple[float, ...]) -> None:
    pytest.importorskip("SALib")
    x = morris_points(3, 8)
    found = morris(x, x @ np.array(slopes))
    assert found["mu"] == pytest.approx(slopes)
    assert found["mu_star"] == pytest.approx(np.abs(slopes))
    assert found["sigma"] == pytest.approx(0.0, abs=1e-9)
    bent = morris(x, x @ np.array(slopes) + 5 * x[:, 0] * x[:, 1])
    assert bent["sigma"][:2].min() > 0.5


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.split(".")[0] == "SALib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "SALib", None)
    with pytest.raises(InvalidInput, match=r"pip install 'simlab\[sensitivity\]'"):
        saltelli_points(2, 8)
