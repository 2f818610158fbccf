"""Scenario files: what they may say (`parties`, `relations`, `model`), how they are read (`nodes`, `layers`), and what
is said when they are wrong (`authority`, `complaints`).
"""

from simlab.scenario.firms import ChurnSpec, FineSpec, FundSpec, ReplaceSpec, SuspendSpec, WithdrawSpec
from simlab.scenario.model import ClusterSpec, PanelSpec, Scenario, load, schema
from simlab.scenario.parties import (
    AnyParty,
    LanguageModelSpec,
    PretrainingSpec,
    RatersSpec,
    RewardModelSpec,
)
from simlab.scenario.relations import (
    AnyConsequence,
    AnyLearner,
    BradleyTerrySpec,
    FireSpec,
    GradientSpec,
    HireSpec,
    PaySpec,
    PPOSpec,
    RelationSpec,
    TiltSpec,
    WarnSpec,
)
from simlab.scenario.society import (
    CorporationSpec,
    GuidelineSpec,
    IntentSpec,
    PromptsSpec,
    RegulatorSpec,
    ShareholdersSpec,
    UsersSpec,
)
from simlab.scenario.spec import PartySpec

__all__ = [
    "AnyConsequence",
    "AnyLearner",
    "AnyParty",
    "BradleyTerrySpec",
    "ChurnSpec",
    "ClusterSpec",
    "CorporationSpec",
    "FineSpec",
    "FireSpec",
    "FundSpec",
    "GradientSpec",
    "GuidelineSpec",
    "HireSpec",
    "IntentSpec",
    "LanguageModelSpec",
    "PPOSpec",
    "PanelSpec",
    "PartySpec",
    "PaySpec",
    "PretrainingSpec",
    "PromptsSpec",
    "RatersSpec",
    "RegulatorSpec",
    "RelationSpec",
    "ReplaceSpec",
    "RewardModelSpec",
    "Scenario",
    "ShareholdersSpec",
    "SuspendSpec",
    "TiltSpec",
    "UsersSpec",
    "WarnSpec",
    "WithdrawSpec",
    "load",
    "schema",
]
