"""Section: where alignment is lost on the way from users to the model, link by link, in the last round."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.markup import escape

from simlab.report.layout import NOTHING, noted, number, table

if TYPE_CHECKING:
    from simlab.runs.loading import Run


def losses(run: Run, model: str, named: str = "") -> list[RenderableType]:
    """A line for each link of a model's waterfall in the last round, for what went another way, and for the whole."""
    rows = run.waterfall[run.waterfall.model == model]
    rows = rows[rows["round"] == rows["round"].max()]
    if rows.loss.notna().sum() == 0:
        return []
    links, whole = rows[rows.place > 0], rows[rows.place == 0].iloc[-1]
    first = str(links.principal.iloc[0])
    made = table(f"Where alignment is lost on the way from {first}{named}", ["", "ρ", "loss", "share", "noise", "bias"])
    shares = _percent(links.share.tolist())
    for link, share in zip(links.itertuples(), shares, strict=True):
        noise = (number(link.noise, ".3f"), number(_zero(link.bias), ".3f"))
        made.add_row(f"→ {escape(link.agent)}", number(link.rho), number(_zero(link.loss), ".3f"), share, *noise)
    side = 1 - whole.share
    for name, rho, loss, share in (
        ("side channel", math.nan, -whole.side_channel, -side),
        (f"{first} to {whole.agent}", whole.rho, whole.loss, whole.share),
    ):
        made.add_row(escape(name), number(rho), number(_zero(loss), ".3f"), number(_zero(100 * share), ".0f", " %"))
    return [noted(made, " ".join(_note(links.agent.tolist())))]


def _percent(shares: Sequence[float]) -> list[str]:
    """Shares that sum to 1 as whole per cents that sum to 100 (largest remainders first)."""
    if any(math.isnan(share) for share in shares):
        return [NOTHING] * len(shares)
    whole = [math.floor(100 * share) for share in shares]
    order = sorted(range(len(shares)), key=lambda i: (whole[i] - 100 * shares[i], i))
    for place in order[: 100 - sum(whole)]:
        whole[place] += 1
    return [f"{percent} %" for percent in whole]


def _zero(value: float) -> float:
    """No minus before what is shown as 0."""
    return 0.0 if abs(value) < 5e-4 else value


def _note(agents: Sequence[str]) -> Iterator[str]:
    yield "Loss: −ln ρ with the level before, in nats; the links' shares sum to 100 %."
    if any(agent.endswith(", as marked") for agent in agents):
        yield "A pool: what its people value; as marked: what their labels say."
    if any(" + " in agent for agent in agents):
        yield "Parties of one level count by the labels they delivered."
    yield (
        "Noise would vanish with ever more agents or labels there, bias would not. Side channel: what the whole loses "
        "more than its links, or less (-). –: unknown; the table waterfall says why."
    )
