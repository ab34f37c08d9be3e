# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a tenant's live-response library, as the Endpoint API lists them.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _odata
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    ownership as _ownership,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api

PATH: t.Final = "/api/libraryfiles"
NOUN: t.Final = "library file"
# From learn.microsoft.com/defender-endpoint/api/list-library-files, in snake_case.
FIELDS: t.Final = (
    "file_name",
    "sha256",
    "description",
    "has_parameters",
    "parameters_description",
    "creation_time",
    "last_updated_time",
    "created_by",
)


def files(api: Api) -> list[Json]:
    """All files of the library in the words of results, by name.

    The page documents neither options nor next links; a next link is followed if there is one.
    """
    rows: list[Json] = []
    links: list[str] = []
    link: str | None = PATH
    while link:
        if link in links:
            raise DefenderError(
                "unavailable",
                f"Tenant {api.tenant.options.label}: the list of library files does not end; it"
                f" returned {len(rows)} files.",
            )
        links.append(link)
        answer = api.get(link)
        rows += map(normalized, _ownership.objects(api.tenant.options, answer, NOUN))
        link = answer.get("@odata.nextLink")
    if any(not isinstance(row.get("file_name"), str) for row in rows):
        raise DefenderError(
            "unavailable",
            f"Tenant {api.tenant.options.label}: the service returned a library file without a"
            " name.",
        )
    return sorted(rows, key=lambda row: str(row["file_name"]))


def normalized(thing: Json) -> Json:
    """A file with its names in snake_case; values stay as the service wrote them."""
    return {_odata.snake(name): value for name, value in thing.items() if "@odata." not in name}
