"""Random streams: keyed by name, uniform, and indifferent to who else draws."""

import numpy as np
import pytest
from scipy import stats

from simlab.rng import Streams, hashes, normals, several_uniforms, uniforms

KEY = Streams(7).key("pool", "labels")


def test_keys_depend_on_seed_names_and_their_types_and_on_nothing_else():
    assert Streams(7).key("pool", "labels") == KEY
    others = [Streams(8).key("pool", "labels"), Streams(7).key("labels", "pool"), Streams(7).key("pool", "labels", 0)]
    others += [Streams(7).key("pool", "labels", "0"), Streams(7).key("poollabels")]
    assert len({KEY, *others}) == 6


def test_keys_of_many_numbers_are_those_of_each():
    streams = Streams(3)
    expected = [streams.key("pool", 2, n) for n in range(5)]
    found = streams.keys("pool", 2, numbers=range(5))
    assert list(found) == expected
    assert found[1:3] == expected[1:3]


def test_a_key_is_the_same_on_every_machine():
    assert Streams(0).key("a", 1) == 367427794562161788
    assert hashes(1, 2, 3).item() == 15020427595393229491


def test_one_more_item_leaves_the_other_draws_as_they_were():
    few = uniforms(KEY, np.arange(5)[:, None], np.arange(3)[None, :])
    many = uniforms(KEY, np.arange(9)[:, None], np.arange(4)[None, :])
    assert np.array_equal(few, many[:5, :3])


@pytest.mark.parametrize("names", [("a",), ("b", 1), ("c", "d")])
def test_uniforms_are_uniform_and_rows_independent(names):
    draws = uniforms(Streams(3).key(*names), np.arange(400)[:, None], np.arange(400)[None, :])
    assert stats.kstest(draws.ravel(), "uniform").pvalue > 1e-4
    neighbour = np.corrcoef(draws[:, :-1].ravel(), draws[:, 1:].ravel())[0, 1]
    below = np.corrcoef(draws[:-1].ravel(), draws[1:].ravel())[0, 1]
    assert abs(neighbour) < 4 / 400
    assert abs(below) < 4 / 400


def test_the_uniformity_test_can_fail():
    draws = uniforms(KEY, np.arange(160_000)) ** 1.02
    assert stats.kstest(draws, "uniform").pvalue < 1e-4


def test_normals_are_standard_normal():
    draws = normals(KEY, np.arange(200_000))
    assert stats.kstest(draws, "norm").pvalue > 1e-4
    assert np.isfinite(draws).all()


def test_normals_are_those_of_box_and_muller():
    index = np.arange(100_000)
    radius, angle = uniforms(KEY, index, 0), uniforms(KEY, index, 1)
    wanted = np.sqrt(-2 * np.log(radius)) * np.cos(2 * np.pi * angle)
    np.testing.assert_allclose(normals(KEY, index), wanted, rtol=0, atol=1e-14)
    assert np.abs(normals(KEY, index + 1) - wanted).max() > 1


@pytest.mark.parametrize("shape", [(3, 30_000), (70_000, 3), (50, 60, 40), (1, 100_000)])
def test_draws_in_pieces_are_those_of_single_items(shape):
    index = np.ogrid[tuple(slice(n) for n in shape)]
    places = [tuple(place) for place in (np.random.default_rng(1).random((20, len(shape))) * shape).astype(int)]
    for draw in (normals, uniforms):
        found = draw(KEY, *index)
        assert found.shape == shape
        assert all(found[place] == draw(KEY, *place) for place in places)


@pytest.mark.parametrize("count", [0, 1, 3, 10])
def test_several_draws_an_item_are_those_with_one_index_more(count: int) -> None:
    key, rater, task = Streams(3).key("labels"), np.arange(50) % 7, np.arange(50)
    one_by_one = uniforms(key, rater[:, None], task[:, None], np.arange(count)[None, :])
    found = several_uniforms(count, key, rater, task)
    np.testing.assert_array_equal(found, one_by_one)
    assert found.shape == (50, count)
