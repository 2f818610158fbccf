"""Words of the world `records` in any script: marks belong to their letters, whatever looks the same is the same."""

from __future__ import annotations

import unicodedata

import pytest

from plugins.worlds.records.spelling import spoken

SPOKEN = {
    "What's the capital?": ["what's", "the", "capital", "?"],
    "Hindi": ["मैं", "हिन्दी", "में", "बोलता", "हूँ", "।"],
    "Thai": ["สวัสดีครับ"],
    "Tamil": ["க்ஷ", "தமிழ்"],
    "Arabic with vowels": ["السَّلَامُ", "عَلَيْكُمْ"],
    "Hebrew with points": ["שָׁלוֹם", "צה״ל"],
    "Persian": ["می\u200cخواهم"],
    "French": ["l'été", "d'où", "!"],
    "Catalan": ["col·lega"],
    "Vietnamese": ["tiếng", "việt"],
    "letters that nobody composes": ["q\u0303a"],
    "pictures": ["👨\u200d👩\u200d👧", "👍🏽", "!", "❤️"],
    "flags": ["🇫🇷", "🇩🇪", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"],
    "keys": ["1️⃣", "2️⃣"],
}


@pytest.mark.parametrize("what", SPOKEN)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_words_stay_words(what: str, form: str) -> None:
    words = [unicodedata.normalize("NFC", word) for word in SPOKEN[what]]
    text = unicodedata.normalize(form, " ".join(words))  # type: ignore[arg-type]
    assert spoken(text).split(" ") == words
    assert spoken(text.upper()).split(" ") == [unicodedata.normalize("NFC", word) for word in words]
    assert spoken(spoken(text)) == spoken(text)


def test_signs_stand_apart_in_every_script() -> None:
    assert spoken("नमस्ते!क्या?") == "नमस्ते ! क्या ?"
    assert spoken("你好。再见") == "你好 。 再见"
    assert spoken("«Ça va?»—oui…") == "« ça va ? » — oui …"
    assert spoken("مرحبا،كيف") == "مرحبا ، كيف"


def test_what_is_not_seen_makes_no_other_word() -> None:
    plain = spoken("to cooperate, שלום")
    for unseen in ("\u200f", "\u200e", "\ufeff", "\u2060", "\xad"):
        assert spoken(f"to{unseen} coop{unseen}erate,{unseen} שלום{unseen}") == plain
    assert spoken("กา\u200bขา") == "กา ขา"  # here the mark is a space
    assert spoken("it’s foo‑bar") == spoken("it's foo-bar") == "it's foo-bar"


def test_ascii_is_as_it_was() -> None:
    assert spoken("Don't  re-use 3.5, OK?\tYes_no!") == "don't re-use 3 . 5 , ok ? yes_no !"
