"""What a scenario file may say of the channels by which users bring money: visits, purchases, attention.

The fee is a channel too, and older than these: `subscription` of users, `price` of a corporation. Channels here follow
demand of constant elasticity in two appeals, that to what users endorse and that to their habits; see `parties.demand`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from simlab.components.spec import Spec


class ElasticitySpec(Spec):
    """Percent by which use grows if an appeal grows by one percent.

    By default those of use: self-control problems cause 31 % of the use of social media (Allcott, Gentzkow & Song
    2022, "Digital Addiction", AER 112(7), abstract); that habits have this share of constant returns (Cobb & Douglas
    1928) and reflection the rest is our reading of it.
    """

    values: float = Field(0.69, ge=-10, le=10, description="in the appeal to what users endorse")
    habits: float = Field(0.31, ge=-10, le=10, description="in the appeal to their habits")


class ChannelSpec(Spec):
    """One way in which use becomes money."""

    rate: float = Field(1.0, ge=0, le=1e6, description="units per user and day where both appeals are one half")
    price: float = Field(ge=0, le=1e6, description="what one unit brings, in $")
    elasticity: ElasticitySpec = Field(ElasticitySpec(), description="how use follows the two appeals")


class PurchaseElasticitySpec(ElasticitySpec):
    """Percent by which purchases grow if an appeal grows by one percent.

    By default that of sales in the valence of what customers say, .417 (You, Vadakkepatt & Joshi 2015, "A
    Meta-Analysis of Electronic Word-of-Mouth Elasticity", J. Marketing 79(2), abstract), here of what they endorse;
    and that of sales in advertising, in the long run, .24 (Sethuraman, Tellis & Briesch 2011, "How Well Does
    Advertising Work?", J. Marketing Research 48(3), abstract), here of what moves them without asking.
    """

    values: float = Field(0.417, ge=-10, le=10, description="in the appeal to what users endorse")
    habits: float = Field(0.24, ge=-10, le=10, description="in the appeal to their habits")


class PurchasesSpec(ChannelSpec):
    """Purchases, of what the corporation or its partners sell."""

    rate: float = Field(0.01, ge=0, le=1e6, description="units per user and day where both appeals are one half")
    elasticity: PurchaseElasticitySpec = Field(
        PurchaseElasticitySpec(), description="how purchases follow the two appeals"
    )


class AttentionSpec(ChannelSpec):
    """Minutes of attention, sold to advertisers, who pay for them."""

    rate: float = Field(30.0, ge=0, le=1e6, description="minutes per user and day where both appeals are one half")


class ChannelsSpec(Spec):
    """The channels by which users bring money beside the fee; none by default."""

    visits: ChannelSpec | None = Field(None, description="visits, each paid for by whoever comes; default: free")
    purchases: PurchasesSpec | None = Field(None, description="purchases; default: nothing is sold")
    attention: AttentionSpec | None = Field(None, description="minutes sold to advertisers; default: none are")

    def given(self) -> Iterator[tuple[str, ChannelSpec]]:
        """The channels there are, by name, in this order."""
        for name in type(self).model_fields:
            if (channel := getattr(self, name)) is not None:
                yield name, channel
