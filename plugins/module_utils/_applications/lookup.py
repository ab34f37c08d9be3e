# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the application registration that the caller means, without ambiguity.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _directory
from ansible_collections.mssp.defender_xdr.plugins.module_utils._directory import V1
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._odata import quote
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import GUID

FIELDS: t.Final = "id,appId,displayName,signInAudience,createdDateTime,web,requiredResourceAccess"


def check_app_id(text: str | None) -> str | None:
    """An application id in lower case; raises `bad_request` if it is not a GUID."""
    if text is None:
        return None
    if not GUID.fullmatch(text):
        raise DefenderError(
            "bad_request",
            (
                f"app_id is {text!r}, which is not a GUID; set it to the application (client) id,"
                " not the display name, or leave the option out."
            ),
        )
    return text.lower()


def check_display_name(text: str | None) -> str | None:
    """The display name unchanged; raises `bad_request` if it is empty."""
    if text is not None and not text.strip():
        raise DefenderError(
            "bad_request",
            ("display_name is empty; set it to the application's name, or leave the option out."),
        )
    return text


def find(
    api: Api, *, app_id: str | None, display_name: str | None, fields: str = FIELDS
) -> Json | None:
    """The registration with this application id, or else the only one with this display name, or
    None.

    Raises `conflict` with the ids if several have the name.
    """
    if app_id:
        return _directory.one(api, f"{V1}/applications(appId={quote(app_id)})", {"$select": fields})
    return _only(api, named(api, str(display_name), fields=fields), str(display_name))


def _only(api: Api, candidates: t.Sequence[Json], display_name: str) -> Json | None:
    if len(candidates) > 1:
        ids = sorted(candidate["appId"] for candidate in candidates)
        raise DefenderError(
            "conflict",
            (
                f"Tenant {api.tenant.options.label} has {len(candidates)} applications named"
                f" {display_name}: {', '.join(ids)}; select one by app_id."
            ),
            advice="Set app_id to one of these ids, or delete the other applications.",
            facts={"app_ids": ids},
        )
    return candidates[0] if candidates else None


def exactly(api: Api, *, app_id: str | None, display_name: str | None) -> Json | None:
    """The registration to remove: its name must match exactly.

    Raises `conflict` if several have the name, or if the one with the id has another name.
    """
    if app_id is None:
        alike = named(api, str(display_name))
        exact = [candidate for candidate in alike if candidate["displayName"] == display_name]
        if alike and not exact:
            others = ", ".join(
                f"{candidate['displayName']!r} ({candidate['appId']})" for candidate in alike
            )
            api.tenant.warnings.append(
                f"No application is named exactly {display_name!r}, so nothing is deleted; found"
                f" instead: {others}."
            )
        return _only(api, exact, str(display_name))
    application = find(api, app_id=app_id, display_name=None)
    if application and display_name is not None and application["displayName"] != display_name:
        raise DefenderError(
            "conflict",
            f"Application {app_id} is named {application['displayName']!r}, not {display_name!r},"
            " so nothing is deleted; leave display_name out to delete it by its id alone.",
        )
    return application


def named(api: Api, display_name: str, *, fields: str = FIELDS) -> list[Json]:
    """Every registration with this display name; Graph ignores case."""
    return _directory.listed(
        api,
        f"{V1}/applications",
        {"$filter": f"displayName eq {quote(display_name)}", "$select": fields},
    )


@contextlib.contextmanager
def as_owner(api: Api) -> t.Iterator[None]:
    """Add the likely cause to a refusal: the caller's role covers only applications that it
    owns."""
    try:
        yield
    except DefenderError as e:
        if e.category == "role_missing" and e.status == 403:
            e.message += (
                " With Application.ReadWrite.OwnedBy, application"
                f" {api.tenant.options.client_id} may change only applications that it owns."
            )
            e.who = "partner"
            e.advice = (
                "Make the calling application's service principal an owner of this"
                " application, or grant Application.ReadWrite.All in its tenant."
            )
        raise


def absent(api: Api, what: str) -> DefenderError:
    """The error for an application that does not exist."""
    return DefenderError(
        "not_found",
        f"Tenant {api.tenant.options.label} has no application {what}.",
        advice=(
            "Check app_id, and check that tenant_id is the tenant where the application is"
            " registered."
        ),
    )
