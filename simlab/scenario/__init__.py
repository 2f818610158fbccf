"""Scenario files: what they may say (`parties`, `relations`, `model`), how they are read (`nodes`, `layers`), and what
is said when they are wrong (`authority`, `complaints`).
"""

from simlab.scenario.model import ClusterSpec, PanelSpec, Scenario, load, schema
from simlab.scenario.parties import (
    AnyParty,
    CorporationSpec,
    GuidelineSpec,
    LanguageModelSpec,
    PartySpec,
    PretrainingSpec,
    RatersSpec,
    RewardModelSpec,
    UsersSpec,
)
from simlab.scenario.relations import (
    AnyConsequence,
    AnyLearner,
    BradleyTerrySpec,
    ChurnSpec,
    FireSpec,
    GradientSpec,
    HireSpec,
    PaySpec,
    PPOSpec,
    RelationSpec,
    TiltSpec,
    WarnSpec,
)

__all__ = [
    "AnyConsequence",
    "AnyLearner",
    "AnyParty",
    "BradleyTerrySpec",
    "ChurnSpec",
    "ClusterSpec",
    "CorporationSpec",
    "FireSpec",
    "GradientSpec",
    "GuidelineSpec",
    "HireSpec",
    "LanguageModelSpec",
    "PPOSpec",
    "PanelSpec",
    "PartySpec",
    "PaySpec",
    "PretrainingSpec",
    "RatersSpec",
    "RelationSpec",
    "RewardModelSpec",
    "Scenario",
    "TiltSpec",
    "UsersSpec",
    "WarnSpec",
    "load",
    "schema",
]
