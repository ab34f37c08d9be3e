# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application permissions of the three resources, by name and by GUID, as their service
principals publish them.

The GUIDs are Microsoft's and are stored in app-roles.json. The list is not complete: Graph has
hundreds of permissions.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from defender_lab.tenants.resources import RESOURCES

IDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    json.loads(Path(__file__).with_name("app-roles.json").read_text(encoding="utf-8"))
)
VALUES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {key: {guid: value for value, guid in roles.items()} for key, roles in IDS.items()}
)
BY_APP_ID = MappingProxyType({resource.app_id: resource for resource in RESOURCES.values()})
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"


def app_roles(key: str) -> list[dict[str, t.Any]]:
    """The ``appRoles`` of a resource's service principal."""
    return [
        {
            "allowedMemberTypes": ["Application"],
            "description": f"Allows the app to act with {value} without a signed-in user.",
            "displayName": value,
            "id": guid,
            "isEnabled": True,
            "origin": "Application",
            "value": value,
        }
        for value, guid in IDS[key].items()
    ]


def role_ids(key: str, values: t.Iterable[str]) -> list[str]:
    """The GUIDs of permission names; ValueError names the one the resource does not publish."""
    ids = IDS[key]
    for value in values:
        if value not in ids:
            raise ValueError(
                f"{RESOURCES[key].name} publishes no application permission {value} in the lab"
            )
    return [ids[value] for value in values]
