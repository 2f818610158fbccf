"""Scenario files, from YAML to a checked `Scenario`. Nothing here looks for plugins: `load` is given a catalogue.

- What a file may say: `model` (the whole), `parties`, `machines`, `working_conditions`, `society`, `relations`,
  `consequences`; `fields` is what all of these share, and `criteria` finds every criterion that is named.
- How it is read: `reading` (`load`), `yaml_tree` (values with their lines), `layers` (what extends what), `merging`,
  `settings` and `addresses` (dotted settings), `choices` (settings that take each other's place).
- What is wrong with it: `checks`, and `messages`, which says it with file, line and fix.
- What can be said before it is run: `description`, `keys`, `json_schema`, `budget` (wages), `costs` (computing time)
  and `reach` (how far authority reaches).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simlab.scenario.fields import PartySpec
    from simlab.scenario.json_schema import schema
    from simlab.scenario.layers import Overrides
    from simlab.scenario.machines import (
        DemonstrationsSpec,
        LanguageModelSpec,
        PreferencesSpec,
        PretrainingSpec,
        RewardModelSpec,
    )
    from simlab.scenario.model import ClusterSpec, PanelSpec, Scenario
    from simlab.scenario.parties import (
        AnyParty,
        AuditorsSpec,
        CandidatesSpec,
        DelegationSpec,
        PeopleSpec,
        RatersSpec,
        VendorSpec,
    )
    from simlab.scenario.reading import load
    from simlab.scenario.relations import AnyConsequence, GradientSpec, RelationSpec
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

_PUBLIC = {  # by module; plugins that name a field of a scenario need not wait for all of it
    "fields": ("PartySpec",),
    "json_schema": ("schema",),
    "layers": ("Overrides",),
    "machines": (
        "DemonstrationsSpec",
        "LanguageModelSpec",
        "PreferencesSpec",
        "PretrainingSpec",
        "RewardModelSpec",
    ),
    "model": (
        "ClusterSpec",
        "PanelSpec",
        "Scenario",
    ),
    "parties": (
        "AnyParty",
        "AuditorsSpec",
        "CandidatesSpec",
        "DelegationSpec",
        "PeopleSpec",
        "RatersSpec",
        "VendorSpec",
    ),
    "reading": ("load",),
    "relations": (
        "AnyConsequence",
        "GradientSpec",
        "RelationSpec",
    ),
    "society": (
        "CorporationSpec",
        "FirmSpec",
        "GuidelineSpec",
        "IntentSpec",
        "PromptsSpec",
        "RegulatorSpec",
        "ShareholdersSpec",
        "UsersSpec",
    ),
}
_WHERE = {name: f"simlab.scenario.{module}" for module, names in _PUBLIC.items() for name in names}

__all__ = [
    "AnyConsequence",
    "AnyParty",
    "AuditorsSpec",
    "CandidatesSpec",
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
    "PanelSpec",
    "PartySpec",
    "PeopleSpec",
    "PreferencesSpec",
    "PretrainingSpec",
    "PromptsSpec",
    "RatersSpec",
    "RegulatorSpec",
    "RelationSpec",
    "RewardModelSpec",
    "Scenario",
    "ShareholdersSpec",
    "UsersSpec",
    "VendorSpec",
    "load",
    "schema",
]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used."""
    if name not in _WHERE:
        raise AttributeError(f"module 'simlab.scenario' has no attribute {name!r}")
    globals()[name] = found = getattr(import_module(_WHERE[name]), name)
    return found
