"""Scenario files: what they may say (`parties`, `relations`, `model`), how they are read (`nodes`, `layers`), what is
said when they are wrong (`authority`, `complaints`), and what a run of them would cost (`costs`).
"""

from simlab.scenario.consequences import (
    BonusSpec,
    ChurnSpec,
    ContractShareSpec,
    FineSpec,
    FireSpec,
    FundSpec,
    HireSpec,
    PaySpec,
    PenaltySpec,
    ReplaceSpec,
    RetrainSpec,
    SuspendSpec,
    WarnSpec,
    WithdrawSpec,
)
from simlab.scenario.fields import PartySpec
from simlab.scenario.json_schema import schema
from simlab.scenario.layers import Overrides
from simlab.scenario.model import ClusterSpec, PanelSpec, Scenario
from simlab.scenario.parties import (
    AnyParty,
    AuditorsSpec,
    DelegationSpec,
    DemonstrationsSpec,
    LanguageModelSpec,
    PeopleSpec,
    PretrainingSpec,
    RatersSpec,
    RewardModelSpec,
    VendorSpec,
)
from simlab.scenario.reading import load
from simlab.scenario.relations import (
    AnyConsequence,
    GradientSpec,
    RelationSpec,
)
from simlab.scenario.society import (
    CorporationSpec,
    FirmSpec,
    GuidelineSpec,
    IntentSpec,
    PromptsSpec,
    RegulatorSpec,
    ShareholdersSpec,
    UsersSpec,
)

__all__ = [
    "AnyConsequence",
    "AnyParty",
    "AuditorsSpec",
    "BonusSpec",
    "ChurnSpec",
    "ClusterSpec",
    "ContractShareSpec",
    "CorporationSpec",
    "DelegationSpec",
    "DemonstrationsSpec",
    "FineSpec",
    "FireSpec",
    "FirmSpec",
    "FundSpec",
    "GradientSpec",
    "GuidelineSpec",
    "HireSpec",
    "IntentSpec",
    "LanguageModelSpec",
    "Overrides",
    "PanelSpec",
    "PartySpec",
    "PaySpec",
    "PenaltySpec",
    "PeopleSpec",
    "PretrainingSpec",
    "PromptsSpec",
    "RatersSpec",
    "RegulatorSpec",
    "RelationSpec",
    "ReplaceSpec",
    "RetrainSpec",
    "RewardModelSpec",
    "Scenario",
    "ShareholdersSpec",
    "SuspendSpec",
    "UsersSpec",
    "VendorSpec",
    "WarnSpec",
    "WithdrawSpec",
    "load",
    "schema",
]
