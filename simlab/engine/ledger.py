"""Money: who has paid and received how much, so far. Every transfer has two sides; the ledger table has both.

Accounts start at zero and may fall below it: simlab asks what was paid, not whether it could be afforded.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

CAPITAL = "capital"  # the reason of transfers that are neither revenue nor cost
Flow = tuple[float, float, str]  # when (days), how much ($; negative if paid), what for


@dataclass(slots=True)
class Ledger:
    """What each party has received less what it has paid. People count under their pool."""

    balances: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    flows: dict[str, list[Flow]] = field(default_factory=lambda: defaultdict(list))
    transfers: int = 0

    def post(self, time: float, payer: str, payee: str, amount: float, reason: str) -> None:
        """One transfer between two parties, in $."""
        for party, signed in ((payer, -amount), (payee, amount)):
            self.balances[party] += signed
            self.flows[party].append((time, signed, reason))

    def revenue(self, party: str, since: float, until: float) -> float:
        """What a party received after day `since`, up to and including day `until`, in $."""
        return sum(amount for time, amount, _ in self.flows[party] if since < time <= until and amount > 0)

    def cost(self, party: str, since: float, until: float) -> float:
        """What a party paid in that time, in $ (positive)."""
        return -sum(amount for time, amount, _ in self.flows[party] if since < time <= until and amount < 0)
