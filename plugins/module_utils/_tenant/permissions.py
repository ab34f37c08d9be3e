# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application permissions that each module needs: one table for code, documentation and
consent.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

# module: {resource: minimum roles}. Roles are granted per resource: Graph's and Defender's differ.
PERMISSIONS: t.Final[t.Mapping[str, t.Mapping[str, tuple[str, ...]]]] = {
    "access_token": {"graph": (), "xdr": (), "endpoint": ()},
    "access_token_info": {"graph": (), "xdr": (), "endpoint": ()},
    "incident_info": {"graph": ("SecurityIncident.Read.All",), "xdr": ("Incident.Read.All",)},
    "incident": {"graph": ("SecurityIncident.ReadWrite.All",), "xdr": ("Incident.ReadWrite.All",)},
    "alert_info": {"graph": ("SecurityAlert.Read.All",)},
    "alert": {"graph": ("SecurityAlert.ReadWrite.All",)},
    "hunting_query": {"graph": ("ThreatHunting.Read.All",), "xdr": ("AdvancedHunting.Read.All",)},
    "device_info": {"endpoint": ("Machine.Read.All",)},
    "device_tag": {"endpoint": ("Machine.ReadWrite.All",)},
    "device_isolation": {"endpoint": ("Machine.Isolate", "Machine.Read.All")},
    "device_code_restriction": {"endpoint": ("Machine.RestrictExecution", "Machine.Read.All")},
    "device_scan": {"endpoint": ("Machine.Scan", "Machine.Read.All")},
    "device_file_quarantine": {"endpoint": ("Machine.StopAndQuarantine", "Machine.Read.All")},
    "device_investigation_package": {"endpoint": ("Machine.CollectForensics", "Machine.Read.All")},
    "device_live_response": {"endpoint": ("Machine.LiveResponse", "Machine.Read.All")},
    "device_investigation": {"endpoint": ("Alert.ReadWrite.All", "Machine.Read.All")},
    "device_offboarding": {"endpoint": ("Machine.Offboard", "Machine.Read.All")},
    # and the role of the action's own type
    "device_action": {"endpoint": ("Machine.Read.All",)},
    "device_action_info": {"endpoint": ("Machine.Read.All",)},
    "library_file": {"endpoint": ("Library.Manage",)},
    "library_file_info": {"endpoint": ("Library.Manage",)},
    "consent": {"graph": ("AppRoleAssignment.ReadWrite.All", "Application.Read.All")},
    "consent_info": {"graph": ()},
    "application": {"graph": ("Application.ReadWrite.OwnedBy",)},
    "application_info": {"graph": ("Application.Read.All",)},
    "application_credential": {"graph": ("Application.ReadWrite.OwnedBy",)},
    # the sources of the inventory `tenants`, granted in the provider's own tenant
    "tenants:gdap": {"graph": ("DelegatedAdminRelationship.Read.All",)},
    "tenants:contracts": {"graph": ("Directory.Read.All",)},
}
# The modules, without the sources of the inventory.
MODULES: t.Final = tuple(name for name in PERMISSIONS if ":" not in name)
# incident_info with expand_alerts reads alerts through the incident; Graph requires no other role.

OWNED: t.Final = re.compile(r"\.ReadWrite\.OwnedBy$")


def _known(option: str, module: str) -> str:
    """The module's name in the table, from its short or full name; raises `bad_request`."""
    name = module.rsplit(".", 1)[-1]
    if name not in PERMISSIONS:
        raise DefenderError(
            "bad_request",
            (
                f"{option} contains {module}, which is not a module of this collection; allowed are"
                f" {', '.join(PERMISSIONS)}."
            ),
        )
    return name


def needed(modules: t.Iterable[str], resource: str) -> list[str]:
    """The minimum roles of a resource that these modules need: distinct, in a stable order."""
    roles: dict[str, None] = {}
    for module in modules:
        name = _known("required_for", module)
        if resource not in PERMISSIONS[name]:
            raise DefenderError(
                "bad_request",
                (
                    f"{name} does not use the resource {resource}; it uses"
                    f" {', '.join(PERMISSIONS[name])}."
                ),
            )
        roles.update(dict.fromkeys(PERMISSIONS[name][resource]))
    return list(roles)


def least(option: str, modules: t.Iterable[str], generation: str) -> dict[str, list[str]]:
    """The minimum roles of each resource that these modules need.

    :arg generation: `graph` or `xdr`, for modules that can use both; the Defender for Endpoint API
        has no alternative.
    """
    roles: dict[str, dict[str, None]] = {}
    for module in modules:
        name = _known(option, module)
        other = "xdr" if generation == "graph" else "graph"
        for resource, needs in PERMISSIONS[name].items():
            if needs and (resource != other or generation not in PERMISSIONS[name]):
                roles.setdefault(resource, {}).update(dict.fromkeys(needs))
    return {resource: list(needs) for resource, needs in roles.items()}


def satisfies(granted: str, wanted: str) -> bool:
    """Whether a granted role covers a wanted role: `X.ReadWrite.All` covers `X.Read.All` and
    `X.ReadWrite.OwnedBy`."""
    return granted in (
        wanted,
        wanted.replace(".Read.", ".ReadWrite."),
        OWNED.sub(".ReadWrite.All", wanted),
    )


def missing(granted: t.Collection[str], wanted: t.Iterable[str]) -> list[str]:
    """The wanted roles that no granted role covers."""
    return [role for role in wanted if not any(satisfies(has, role) for has in granted)]


def unused(granted: t.Iterable[str], wanted: t.Collection[str]) -> list[str]:
    """The granted roles that cover no wanted role."""
    return [has for has in granted if not any(satisfies(has, role) for role in wanted)]
