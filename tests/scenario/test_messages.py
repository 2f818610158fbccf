"""What is said of mistakes: advice that is true, names as they are written, and the place of the mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from simlab.cli import main
from simlab.scenario.messages import plain_number

GAUSSIAN = Path(__file__).parents[2] / "scenarios" / "00_gaussian.yaml"

NUMBERS = {  # what was written: what is advised
    "21,5": "write 21.5, with a decimal point",
    "0,95": "write 0.95, with a decimal point",
    ",5": "write .5, with a decimal point",
    "-21,50": "write -21.50, with a decimal point",
    "1.234,5": "write 1234.5, with a decimal point",
    "1 234,5": "write 1234.5, with a decimal point",
    "1,234.5": "write 1234.5, without quotes, commas or underscores",
    "1,234,567": "write 1234567, without quotes, commas or underscores",
    "21,500": "write 21.500 if the comma is a decimal point, 21500 if it parts thousands",
    "3072": "write 3072, without quotes, commas or underscores",
    "1_000": "write 1000, without quotes, commas or underscores",
    "2 000": "write 2000, without quotes, commas or underscores",
    "1e-3": "write 1e-3, without quotes, commas or underscores",
    "1,2,3": "write digits and one decimal point, as in 21.5",
    "1.2.3": "write digits and one decimal point, as in 21.5",
    "many": "",
    "21,5 $": "",
    "": "",
}


@pytest.mark.parametrize("text", list(NUMBERS))
def test_a_number_is_advised_only_where_it_is_plain_to_see(text: str) -> None:
    assert plain_number(text) == NUMBERS[text]


def test_of_a_whole_number_no_fraction_is_advised() -> None:
    assert plain_number("21,5", whole=True) == plain_number("2.5", whole=True) == "give a whole number"
    assert plain_number("1,234,567", whole=True).startswith("write 1234567,")


def test_no_number_ten_times_as_large_is_advised(capsys: pytest.CaptureFixture[str]) -> None:
    for value in ("21,5", "1,05", "0,5", "7,25"):
        assert main(["validate", str(GAUSSIAN), "--set", f"parties.pool.wage={value}"]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"--set parties.pool.wage={value}: parties.pool.wage: ")
        assert value.replace(",", "") not in said
        assert value.replace(",", ".") in said


@pytest.mark.parametrize(
    ("setting", "advice"),
    [
        ("seed=1e3", "seed: 1000.0 should be a valid integer (write 1000, without a point)"),
        ("parties.pool.count=40.0", "(write 40, without a point)"),
        ("parties.pool.count=40.5", "(count: number of people employed)"),
        ("parties.rm.log_probability=yes", "'yes' should be a valid boolean (write true)"),
        ("parties.rm.log_probability='False'", "'False' should be a valid boolean (write false)"),
        ("parties.rm.log_probability=0", "0 should be a valid boolean (write false)"),
        ("parties.rm.log_probability=maybe", "'maybe' should be a valid boolean (log_probability: "),
    ],
)
def test_how_it_is_written_is_advised(setting: str, advice: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(GAUSSIAN), "--set", setting]) == 2
    assert advice in capsys.readouterr().err


def test_a_file_is_called_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Labels.csv").write_text("prompt;response\na;b\n", encoding="utf-8")
    text = f"extends: {GAUSSIAN}\nworld: {{kind: records, table: Labels.csv}}\n"
    Path("mine.yaml").write_text(text, encoding="utf-8")
    assert main(["validate", "mine.yaml"]) == 2
    said = capsys.readouterr().err
    assert "Labels.csv" in said
    assert "labels.csv" not in said


def test_what_cannot_be_read_on_the_command_line_has_no_line_and_column(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(GAUSSIAN), "--set", "days=[1"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("--set days=[1: is not valid YAML")
    assert "at character 3 of the value (check its brackets, quotes and colons)" in said
