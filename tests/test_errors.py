"""Messages: whatever they quote, they are short, and every character of them is one that is seen."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from simlab.cli import main
from simlab.errors import LONGEST_LINE, MOST_LINES, InvalidInput, PluginFailed, Problem, presentable
from simlab.names import shorten, shown, visible

FILE = str(Path(__file__).parent / "bad_scenarios" / "base" / "whole.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("bell\x07 back\x08 return\r null\x00", r"bell\x07 back\x08 return\x0d null\x00"),
        ("delete\x7f csi\x9b", r"delete\x7f csi\x9b"),
        ("a\u202eb\u200bc\u2066d\ufeffe\xadf", r"a\u202eb\u200bc\u2066d\ufeffe\xadf"),
        ("no\u200djoint", r"no\u200djoint"),
        ("line\u2028and\u2029paragraph\x85", r"line\u2028and\u2029paragraph\x85"),
        ("name\udcff.yaml half\ud800", r"name\xff.yaml half\ud800"),
        ("tag\U000e0041", r"tag\U000e0041"),
    ],
)  # fmt: skip
def test_what_is_not_seen_is_spelt_out(text: str, said: str) -> None:
    assert visible(text) == said == visible(said)
    for error in (InvalidInput(text), PluginFailed(text), InvalidInput(Problem("is wrong", text, text, path=text))):
        assert said in str(error)
        assert text not in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "Zürich → “ρ” ½ 中文 한국어", "हिन्दी में क्या है", "می\u200cشود", "e\u0301te\u0301",
        "\U0001f469\u200d\U0001f52c", "two lines\n\tand a tab", "1\u202f000\u00a0€",
    ],
)  # fmt: skip
def test_ordinary_writing_stays(text: str) -> None:
    assert visible(text) == presentable(text) == text


def test_a_problem_is_one_line() -> None:
    said = str(Problem("is not there", "look\nelsewhere", "a\nb.yaml", 3, 1, "x\ty"))
    assert said == "a\\nb.yaml:3:1: x\\ty: is not there (look\\nelsewhere)"


def test_long_values_are_cut_in_their_middle() -> None:
    said = str(InvalidInput(Problem(f"there is no {'a' * 5_000 + 'z'!r} and no {'b c ' * 3_000!r}", "try another")))
    assert said.startswith("there is no 'aaaa")
    assert "aaz' and no 'b c" in said
    assert said.endswith("c ' (try another)")
    assert len(said) < 300
    path = "/".join(["a folder with a long name"] * 15)
    assert str(Problem("is not there", file=path)) == f"{path}: is not there"
    assert shorten("0123456789", 7) == "0123…89"
    assert shown("q" * 100).startswith("'qqq")
    assert shown("q" * 100).endswith("qqq'")


def test_messages_are_bounded() -> None:
    many = str(InvalidInput(*(Problem(f"wrong {i} " + "words " * 1000) for i in range(1000))))
    lines = many.split("\n")
    assert len(lines) == MOST_LINES == 40
    assert lines[-1] == "… and 961 lines more"
    assert max(map(len, lines)) == LONGEST_LINE
    assert len(str(InvalidInput("'" * 1_000_000))) <= LONGEST_LINE


# ---- what is typed -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("days=[1", "--set days=[1: is not valid YAML: expected ',' or ']', but got '<stream end>', at character 3"),
        ("a={x: 1\ny: 2}", "--set a={x: 1\\ny: 2}: is not valid YAML: expected ',' or '}', but got"),
        ("name=a\x1b", "--set name=a\\x1b: holds a character that YAML does not allow (\\x1b), at character 2"),
        ("days=" + "9" * 2000, "--set days=99999"),
        ("=3", "--set =3: should be key=value"),
        ("days", "--set days: should be key=value"),
        ("parties.pool.count=many", "--set parties.pool.count=many: parties.pool.count: 'many' should be"),
        ("relations.99.every=1", "--set relations.99.every=1: relations.99.every: "),
        ("parties.pool.policy={kind: nope}", "--set parties.pool.policy={kind: nope}: parties.pool.policy.kind: there"),
    ],
)  # fmt: skip
def test_messages_name_the_option_and_the_place(setting: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", FILE, "--set", setting]) == 2
    err = capsys.readouterr().err
    assert err.startswith(said)
    assert err.count("\n") == 1


WRONG = [
    "", " ", "nowhere", "a" * 5000, "a/" * 3000, "\x1b[2J", "x\ny", "\u202e", "-1", "1e999", "[", "{", "'", "\udcff",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "argv",
    [
        ["validate", "?"], ["tables", "?"], ["tables", "scenarios", "?"], ["trace", "?", "?"], ["verify", "?"],
        ["compare", "?", "?"], ["calibrate", "?"], ["next", "?", "?"], ["new", "?", "?"], ["try", "brief", "?"],
        ["plugins", "?"], ["validate", FILE, "--set", "?"], ["?"],
        ["validate", FILE, "--seed", "?"],
        ["validate", FILE, "--without", "?"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_whatever_is_typed_gets_an_answer_of_reasonable_size(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for wrong in random.Random(" ".join(argv)).sample(WRONG, 3):
        code = main([wrong if word == "?" else word for word in argv])
        said = capsys.readouterr().err
        assert code in (0, 2), (wrong, said)
        assert (code == 2) == bool(said), (wrong, said)
        assert "bug in simlab" not in said
        assert said == visible(said)
        assert said.count("\n") <= MOST_LINES
        assert max(map(len, said.split("\n"))) <= LONGEST_LINE
