"""Control loss in a hierarchy: how many levels pay, if each passes on a part of what it is told."""

from __future__ import annotations

import math


def best_depth(*, alpha: float, span: float, beta: float, price: float) -> float:
    """n* = 1 + [ln(w₀/P) + ln(s/(s−β)) + ln(ln s/ln(αs))]/ln α, the number of levels at which profit is greatest
    (Williamson 1967, "Hierarchical control and optimum firm size", JPE 75, eq. 8).

    Each level does a share `alpha` of what its principal means, each principal has `span` agents and earns `beta` times
    what they do, and `price` is the wage w₀ of the lowest over the worth P of what one of them makes if nothing is
    lost. Raises ValueError where no depth is best: unless 0 < α < 1 < αs, 0 < β < s and w₀ > 0.
    """
    if not (0 < alpha < 1 < alpha * span and 0 < beta < span and price > 0):
        raise ValueError("it takes 0 < alpha < 1 < alpha·span, 0 < beta < span and a price above 0")
    inner = math.log(price) + math.log(span / (span - beta)) + math.log(math.log(span) / math.log(alpha * span))
    return 1 + inner / math.log(alpha)
