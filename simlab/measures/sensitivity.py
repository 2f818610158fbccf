"""Which settings an outcome hangs on: Sobol's indices and Morris's elementary effects, of points laid out for them.

By SALib (Herman & Usher 2017, "SALib: An open-source Python library for Sensitivity Analysis", JOSS 2), an extra.
Points are shares in [0, 1] of every setting's range.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from simlab.arrays import Array
from simlab.errors import InvalidInput, Problem

SEED, LEVELS = 1, 4  # SALib before 1.6 takes a seed of 0 for none
SOBOL = ("first", "first_conf", "total", "total_conf")
MORRIS = ("mu", "mu_star", "mu_star_conf", "sigma")


def saltelli_points(settings: int, points: int) -> Array:
    """[points · (settings + 2), settings]: two matrices of Sobol's sequence, and each setting of the first taken from
    the second in turn (Saltelli et al. 2010, "Variance based sensitivity analysis of model output", Computer Physics
    Communications 181, table 2). `points` should be a power of two. Raises InvalidInput without SALib."""
    with _salib() as salib:
        found = salib.sample.sobol.sample(_problem(settings), points, calc_second_order=False, seed=SEED)
    return np.asarray(found, dtype=float)


def morris_points(settings: int, points: int) -> Array:
    """[points · (settings + 1), settings]: so many walks on a grid of four levels, each of which moves every setting
    once (Morris 1991, "Factorial sampling plans for preliminary computational experiments", Technometrics 33). Raises
    InvalidInput without SALib."""
    with _salib() as salib:
        found = salib.sample.morris.sample(_problem(settings), points, num_levels=LEVELS, seed=SEED)
    return np.asarray(found, dtype=float)


def sobol(values: Array, settings: int) -> dict[str, Array]:
    """Indices [settings] of an outcome [points · (settings + 2)] at `saltelli_points`: `first`, the share of its
    variance that a setting accounts for by itself, `total`, that share with all it does together with others, and the
    half width `…_conf` of their 95 % intervals over points (bootstrap). Estimators: Saltelli et al. 2010, table 2, (b)
    and (f, Jansen). NaN if the outcome does not vary."""
    y = np.asarray(values, dtype=float)
    if not y.std() > 0:
        return {name: np.full(settings, np.nan) for name in SOBOL}
    with _salib() as salib:
        found = salib.analyze.sobol.analyze(_problem(settings), y, calc_second_order=False, seed=SEED)
    return dict(zip(SOBOL, (np.asarray(found[name]) for name in ("S1", "S1_conf", "ST", "ST_conf")), strict=True))


def morris(points: Array, values: Array) -> dict[str, Array]:
    """Of an outcome at `morris_points`, in its unit over a setting's whole range [settings]: the mean elementary effect
    `mu`, that of their sizes `mu_star` (Campolongo, Cariboni & Saltelli 2007, Environmental Modelling & Software 22)
    with the half width of its 95 % interval, and `sigma`, their standard deviation: interaction, or a bend."""
    x = np.asarray(points, dtype=float)
    with _salib() as salib:
        found = salib.analyze.morris.analyze(
            _problem(x.shape[1]), x, np.asarray(values, dtype=float), num_levels=LEVELS, seed=SEED
        )
    return {name: np.asarray(found[name], dtype=float) for name in MORRIS}


def _problem(settings: int) -> dict[str, Any]:
    return {"num_vars": settings, "names": [str(i) for i in range(settings)], "bounds": [[0.0, 1.0]] * settings}


@contextmanager
def _salib() -> Iterator[Any]:
    """SALib, its warnings silenced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import SALib.analyze.morris
            import SALib.analyze.sobol
            import SALib.sample.morris
            import SALib.sample.sobol
        except ImportError:
            fix = "pip install 'simlab[sensitivity]'"
            raise InvalidInput(Problem("sensitivity indices need SALib, which is not installed", fix)) from None
        yield SALib
