"""Figure: money, who received and paid how much for what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlab.report.figures.canvas import beside, rows_of
from simlab.report.figures.chart import BLUE, RED, SOFT, Chart, Numbers, digits, isolated, label
from simlab.report.summary_screen.selection import parties

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.runs.loading import Run

_FIRMS = ("corporation", "vendor")


def money(run: Run) -> Iterator[Chart]:
    """What corporations and vendors received and paid, by reason; none if no money changed hands."""
    rows = _sums(run)
    firms = [name for kind in _FIRMS for name, _ in parties(run, kind)]
    drawn = rows[rows.account.isin(firms)].reset_index(drop=True)
    if drawn.empty:
        return
    says = "; ".join(
        f"{isolated(firm)} " + ", ".join(f"{_said(r.amount)} for {isolated(r.reason)}" for r in part.itertuples())
        for firm, part in drawn.groupby("account", sort=False)
    )
    note = (
        "Over the whole run, in USD; to the right what was received, to the left what was paid. In the numbers stand "
        "all accounts, people summed by pool."
    )
    numbers = Numbers("money", "Money received (+) and paid (−), by account and reason", rows, {"amount": "USD"})
    yield Chart(numbers, "Money", f"{says}.", lambda figure: _draw(figure, drawn), 0.75 + 0.28 * len(drawn), note)


def _said(amount: float) -> str:
    return f"{'received' if amount >= 0 else 'paid'} {abs(amount):,.0f} dollars"


def _sums(run: Run) -> pd.DataFrame:
    """Money by account (people by their pool) and reason."""
    rows = run.ledger
    accounts = rows.account.astype(str).str.split(":").str[0].rename("account")
    sums = rows.amount.groupby([accounts, rows.reason.astype(str)], sort=False).sum().reset_index()
    return sums[["account", "reason", "amount"]].sort_values(["account", "amount"], ascending=[True, False])


def _draw(figure: Figure, rows: pd.DataFrame) -> None:
    axes = figure.subplots()
    several = rows.account.nunique() > 1
    whose = [f"{label(account, 12)}: " if several else "" for account in rows.account]
    rows_of(axes, [f"{who}{label(reason, 22)}" for who, reason in zip(whose, rows.reason, strict=True)])
    for at, amount in enumerate(rows.amount):
        axes.barh(at, amount, 0.6, color=BLUE if amount >= 0 else RED)
        beside(axes, digits(amount, "+,.0f"), (amount, at), (4 if amount >= 0 else -4, 0), 8)
    axes.margins(x=0.28)
    axes.axvline(0, color=SOFT, linewidth=0.8)
    axes.set_xlabel("USD")
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(lambda amount, _: digits(amount, ",.0f"))
