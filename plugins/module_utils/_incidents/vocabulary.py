# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vocabulary of a result: names and enum values in snake_case, data unchanged.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._odata import camel, snake

# From Graph v1.0's metadata (August 2026): the properties below an incident that are enums in every
# type that has them. A test compares these tables with the metadata.
ENUMS: t.Final = frozenset(
    {
        "algorithm",
        "classification",
        "cloudProvider",
        "configurationType",
        "defenderAvStatus",
        "detectionSource",
        "detectionStatus",
        "determination",
        "healthStatus",
        "hostingPlatformType",
        "importance",
        "investigationState",
        "locationType",
        "messageDirection",
        "onboardingStatus",
        "platform",
        "remediationStatus",
        "riskScore",
        "roles",
        "servicePrincipalType",
        "serviceSource",
        "serviceType",
        "severity",
        "status",
        "verdict",
    }
)
# Enums of the older API that Graph lacks: Graph has a type for each kind of evidence.
OLDER_ENUMS: t.Final = frozenset({"entityType"})
# Properties that are an enum in these types, and free text in others.
ENUMS_OF_TYPES: t.Final[t.Mapping[str, frozenset[str]]] = {
    "deliveryAction": frozenset({"teamsMessageEvidence"}),
    "deliveryLocation": frozenset({"teamsMessageEvidence"}),
    "protocol": frozenset({"kubernetesServicePort", "networkConnectionEvidence"}),
}
# Objects that Graph sends without a type, by property.
TYPES: t.Final[t.Mapping[str, str]] = {"servicePorts": "kubernetesServicePort"}
# Open dictionaries: their keys and values are the customer's data.
DICTIONARIES: t.Final = frozenset({"additionalData", "customDetails", "labels", "selector"})
# A property, or an annotation or action of OData. An object with any other key is a dictionary.
PROPERTY = re.compile(r"[A-Za-z_]\w*|\w*@odata\.\w+|#[\w.]+", re.ASCII)
WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*")


@functools.lru_cache(maxsize=4096)
def field_names(
    keys: tuple[str, ...], renamed: tuple[tuple[str, str], ...] = ()
) -> t.Mapping[str, str]:
    """The unique name of each key in a result: snake_case, or the one in `renamed`.

    If two keys would get the same name, precedence is `renamed`, then snake_case, then camelCase;
    other keys stay unchanged, as does a key that is not a property name.
    """
    fixed = dict(renamed)
    names = {key: fixed.get(key) or _name(key) for key in keys}

    def rank(key: str) -> int:
        choices = (key in fixed, key == names[key], key == camel(names[key]), True)
        return choices.index(True)

    taken: dict[str, str] = {}
    for key in sorted(keys, key=rank):
        name = key if names[key] in taken else names[key]
        while name in taken:
            name += "_"
        taken[name] = key
    by_key = {key: name for name, key in taken.items()}
    return {key: by_key[key] for key in keys}


def _name(key: str) -> str:
    return snake(key) if PROPERTY.fullmatch(key) else key


@functools.lru_cache(maxsize=4096)
def _is_dictionary(keys: tuple[str, ...]) -> bool:
    return not all(PROPERTY.fullmatch(key) for key in keys)


def enum_value(word: str) -> str:
    """An enum value in snake_case; other text stays unchanged."""
    return snake(word) if WORD.fullmatch(word) else word


def normalized(
    thing: t.Any, *, renamed: tuple[tuple[str, str], ...] = (), name: str = "", kind: str = ""
) -> t.Any:
    """An object from either API with names and enum values in snake_case.

    Nothing is lost; everything else stays unchanged.

    :arg name: the property that holds `thing`, as the service spells it; `kind` is the type of
        the object that has this property.
    """
    name = name[:1].lower() + name[1:]
    if name in DICTIONARIES:
        return thing
    if isinstance(thing, list):
        return [normalized(member, name=name, kind=kind) for member in thing]
    if isinstance(thing, dict):
        type_name = _type_of(thing) or TYPES.get(name, "")
        # the top-level object and objects with a type are never dictionaries
        if type_name == "dictionary" or (name and not type_name and _is_dictionary(tuple(thing))):
            return thing
        names = field_names(tuple(thing), renamed)
        return {
            names[key]: normalized(value, name=key, kind=type_name) for key, value in thing.items()
        }
    if isinstance(thing, str) and _is_enum(name, kind):
        return enum_value(thing)
    return thing


def _type_of(thing: dict[str, t.Any]) -> str:
    """The short name of a type: `deviceEvidence` for `#microsoft.graph.security.deviceEvidence`."""
    return str(thing.get("@odata.type") or "").rpartition(".")[2]


def _is_enum(name: str, kind: str) -> bool:
    return name in ENUMS or name in OLDER_ENUMS or kind in ENUMS_OF_TYPES.get(name, ())
