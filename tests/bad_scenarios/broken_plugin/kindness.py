"""A criterion that cannot be loaded here."""

import a_library_that_is_not_there

import simlab


class Kindness(simlab.Criterion):
    """Scores by means of something that is not installed."""

    name = "kindness"

    def score(self, exchange: simlab.Exchange, observer: simlab.Observer) -> float:
        return float(a_library_that_is_not_there.kindness(exchange.response.text))
