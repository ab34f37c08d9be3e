# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requested settings of an application registration.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _directory
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    permissions as _permissions,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.origin import origin

AUDIENCES: t.Final = (
    "AzureADMultipleOrgs",
    "AzureADMyOrg",
    "AzureADandPersonalMicrosoftAccount",
    "PersonalMicrosoftAccount",
)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The requested settings of a registration; None for options that are not set. `permissions`
    are roles by `_directory.resource_name`."""

    display_name: str | None
    sign_in_audience: str | None
    redirect_uris: tuple[str, ...] | None
    permissions: t.Mapping[str, tuple[str, ...]] | None
    purge: bool


def wanted(params: t.Mapping[str, t.Any], generation: str) -> Wanted:
    """The requested settings from the parameters; raises `bad_request` for invalid ones.

    :arg generation: the API, `graph` or `xdr`, for modules that support both.
    """
    uris = params["redirect_uris"]
    for uri in uris or ():
        scheme, host, _port = origin(uri)
        if (
            (scheme != "https" and not (scheme == "http" and host == "localhost"))
            or not host
            or "#" in uri
        ):
            raise DefenderError(
                "bad_request",
                (
                    f"redirect_uris has {uri!r}, but Entra ID accepts only https URLs and"
                    " http://localhost, without a fragment."
                ),
            )
    roles: dict[str, dict[str, None]] | None = None
    if params["api_permissions"] is not None:
        roles = {}
        for entry in params["api_permissions"]:
            roles.setdefault(_directory.resource_name("api_permissions", entry["api"]), {}).update(
                dict.fromkeys(entry["roles"])
            )
    elif params["permissions_for"] is not None:
        least = _permissions.least("permissions_for", params["permissions_for"], generation)
        roles = {name: dict.fromkeys(needed) for name, needed in least.items()}
    permissions = (
        {name: tuple(asked) for name, asked in roles.items()} if roles is not None else None
    )
    if params["purge_permissions"] and permissions is not None and not any(permissions.values()):
        raise DefenderError(
            "bad_request",
            "purge_permissions is set, but api_permissions or permissions_for names no role, so"
            " the application would lose every application permission; list the roles to keep.",
        )
    return Wanted(
        params["display_name"],
        params["sign_in_audience"],
        tuple(uris) if uris is not None else None,
        permissions,
        params["purge_permissions"],
    )
