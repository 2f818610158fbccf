"""Random streams keyed by name, never by draw order.

A stream is a 64-bit key hashed from names: `streams.key("pool", "labels", 3)`. Draws for single items
(rater 17, response 4021) are a counter hash of the key and the items' indices, so who else draws, and in
which order, changes nothing: adding a rater or a level leaves every other draw as it was.

The hash is the finalizer of SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number
generators"), applied once per index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_PIECE = 1 << 13  # draws at a time: what lies between a hash and its draw stays in a processor's nearest caches


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finalizer. It works in `z` and in one array more, which it returns: memory is slower than arithmetic."""
    x = np.asarray(z >> np.uint64(30))
    x ^= z
    x *= _MIX_1
    x ^= np.right_shift(x, np.uint64(27), out=z)
    x *= _MIX_2
    x ^= np.right_shift(x, np.uint64(31), out=z)
    return x


def hashes(key: int, *indices: ArrayLike) -> NDArray[np.uint64]:
    """One 64-bit hash per item: `indices` are non-negative integers, broadcast against each other."""
    with np.errstate(over="ignore"):
        return further(_mix(np.asarray(np.uint64(key) + _GOLDEN)), *indices)


def further(state: Any, *indices: ArrayLike) -> NDArray[np.uint64]:
    """What `hashes` gives with further indices, from what it gave without them."""
    with np.errstate(over="ignore"):
        for index in indices:
            mixed = np.asarray(state ^ np.asarray(index).astype(np.uint64, copy=False))
            mixed += _GOLDEN
            state = _mix(mixed)
    return np.asarray(state)


def uniforms(key: int, *indices: ArrayLike) -> NDArray[np.float64]:
    """Uniform draws in the open interval (0, 1), one per item, shaped like the broadcast `indices`."""
    return _in_pieces(lambda *some: _unit(hashes(key, *some)), indices)


def _in_pieces(draw: Callable[..., NDArray[np.float64]], indices: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """What `draw` gives for `indices`, a few of their rows at a time: no draw depends on another."""
    each = [np.asarray(index) for index in indices]
    whole = np.broadcast(*each)
    if whole.size <= 2 * _PIECE:
        return draw(*each)
    out = np.empty(whole.shape)
    step = max(1, _PIECE * len(out) // whole.size)
    for start in range(0, len(out), step):
        rows = slice(start, start + step)
        out[rows] = draw(*(i[rows] if i.ndim == out.ndim and len(i) > 1 else i for i in each))
    return out


def several_uniforms(count: int, key: int, *indices: ArrayLike) -> NDArray[np.float64]:
    """`count` uniform draws per item [n, count], those with 0, 1, … as a further index behind `indices` [n].

    Column after column, which is also how they lie in memory: numpy is slow on rows of two or three.
    """
    state = hashes(key, *indices)
    out = np.empty((count, len(state)))
    for column in range(count):
        out[column] = _unit(further(state, column))
    return out.T


def _unit(hashed: NDArray[np.uint64]) -> NDArray[np.float64]:
    """The upper 53 bits of each hash, which is lost, as a number in the open interval (0, 1)."""
    hashed = np.asarray(hashed)
    hashed >>= np.uint64(11)
    out = hashed.view(np.int64).astype(np.float64)
    out += 0.5
    out *= 2.0**-53
    return out


def normals(key: int, *indices: ArrayLike) -> NDArray[np.float64]:
    """Standard normal draws, one per item (Box & Muller 1958)."""
    return _in_pieces(lambda *some: _normals(key, *some), indices)


def _normals(key: int, *indices: ArrayLike) -> NDArray[np.float64]:
    state = hashes(key, *indices)
    with np.errstate(over="ignore"):
        radius, angle = _unit(further(state, 0)), _unit(further(state, 1))
    np.log(radius, out=radius)  # all in the same two arrays: √(−2·log u) · cos(2π·v)
    radius *= -2.0
    np.sqrt(radius, out=radius)
    radius *= _cosine(angle)
    return radius


_SINE = (
    3.141592653589793, -5.167712780049969, 2.5501640398773007, -0.5992645293189447, 0.0821458865731029,
    -0.007370430505916944, 0.0004662998161898394, -2.1903497074626018e-05, 7.697826768224191e-07,
)  # fmt: skip
"""sin(π·t)/t as a polynomial in t², |t| ≤ ½: interpolated at Chebyshev's points, within 7·10⁻¹⁹."""


def _cosine(v: NDArray[np.float64]) -> NDArray[np.float64]:
    """cos(2π·v) of numbers in (0, 1), which are lost, within 8·10⁻¹⁶: 2·sin²(π·t) − 1 with t = v − ½. Half the time
    that numpy's cosine takes, which must be right for all numbers there are."""
    v = np.asarray(v)
    v -= 0.5
    square = v * v
    sine = square * _SINE[-1]
    for coefficient in _SINE[-2:0:-1]:
        sine += coefficient
        sine *= square
    sine += _SINE[0]
    sine *= v
    sine *= sine
    sine *= 2.0
    sine -= 1.0
    return np.asarray(sine)


def branch(key: int, *names: str | int) -> int:
    """The key of a stream of its own below another, for a second kind of draw about the same items."""
    return Streams(key).key(*names)


def _named(name: str | int) -> str:
    return f"{type(name).__name__}:{name}"


class _Keys(Sequence[int]):
    """The keys of many streams, each hashed when it is asked for: some worlds never do."""

    def __init__(self, begun: Any, numbers: Sequence[int]) -> None:
        self._begun, self._numbers = begun, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> list[int]: ...
    def __getitem__(self, place: int | slice) -> int | list[int]:
        if isinstance(place, slice):
            return [self[one] for one in range(len(self))[place]]
        whole = self._begun.copy()
        whole.update(f"int:{self._numbers[place]}".encode())
        return int.from_bytes(whole.digest(), "little")


@dataclass(frozen=True, slots=True)
class Streams:
    """All the randomness of one run. Equal seeds and equal names give equal keys, on any machine."""

    seed: int

    def key(self, *names: str | int) -> int:
        """The 64-bit key of the stream with these names."""
        text = "\x1f".join(_named(n) for n in (self.seed, *names))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")

    def keys(self, *names: str | int, numbers: Sequence[int]) -> Sequence[int]:
        """The keys of the streams with these names and each of these numbers behind them."""
        begun = hashlib.blake2b("".join(f"{_named(n)}\x1f" for n in (self.seed, *names)).encode(), digest_size=8)
        return _Keys(begun, numbers)

    def generator(self, *names: str | int) -> np.random.Generator:
        """A numpy generator for draws that belong together (a shuffle, one matrix)."""
        return np.random.Generator(np.random.Philox(self.key(*names)))
