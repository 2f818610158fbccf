"""What the page of a report is made of: sections, and the blocks within them. `html` turns them into a page."""

from __future__ import annotations

from dataclasses import dataclass, field

from simlab.report.figures.chart import Chart, Numbers


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    words: str
    kind: str = "text"


@dataclass(frozen=True)
class Plot:
    """A figure with its caption and, folded away, its numbers."""

    chart: Chart
    kind: str = "plot"


@dataclass(frozen=True)
class Table:
    """A table; of more than `most` rows the first, and all of them as CSV."""

    numbers: Numbers
    folded: bool = False
    most: int = 200
    kind: str = "table"


@dataclass(frozen=True)
class Transcript:
    """A prompt, and what a model answered before and after, with scores by criterion."""

    prompt: str
    before: str
    after: str
    scores: tuple[tuple[str, str, str], ...] = ()
    kind: str = "transcript"


@dataclass(frozen=True)
class Code:
    """Text to be copied as it is: a command, BibTeX, a scenario."""

    title: str
    text: str
    folded: bool = False
    kind: str = "code"


Block = Text | Plot | Table | Transcript | Code


@dataclass(frozen=True)
class Section:
    """A section of the page, with the name by which it is linked to."""

    name: str
    title: str
    blocks: tuple[Block, ...] = field(default=())


@dataclass(frozen=True)
class Page:
    """A whole report: what it is of, facts about it in a line each, and its sections, those with nothing in them left
    out."""

    title: str
    kind: str
    description: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Everything in it, from the top."""
        return tuple(block for section in self.sections for block in section.blocks)
