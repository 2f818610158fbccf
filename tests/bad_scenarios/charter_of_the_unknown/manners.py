import simlab


class Manners(simlab.Charter):
    """A charter whose one article is measured by what is nowhere defined."""

    name = "manners"
    articles = (simlab.Article("Be kind.", {"kindest": 1.0}),)
