"""Scenario files: what they may say (`parties`, `relations`, `model`), how they are read (`nodes`, `layers`), what is
said when they are wrong (`authority`, `complaints`), and what a run of them would cost (`costs`).
"""

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
    AnyLearner,
    BradleyTerrySpec,
    GradientSpec,
    PPOSpec,
    RelationSpec,
    TiltSpec,
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
    "AnyLearner",
    "AnyParty",
    "AuditorsSpec",
    "BradleyTerrySpec",
    "ClusterSpec",
    "CorporationSpec",
    "DelegationSpec",
    "DemonstrationsSpec",
    "FirmSpec",
    "GradientSpec",
    "GuidelineSpec",
    "IntentSpec",
    "LanguageModelSpec",
    "Overrides",
    "PPOSpec",
    "PanelSpec",
    "PartySpec",
    "PeopleSpec",
    "PretrainingSpec",
    "PromptsSpec",
    "RatersSpec",
    "RegulatorSpec",
    "RelationSpec",
    "RewardModelSpec",
    "Scenario",
    "ShareholdersSpec",
    "TiltSpec",
    "UsersSpec",
    "VendorSpec",
    "load",
    "schema",
]
