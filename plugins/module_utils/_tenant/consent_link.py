# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The link with which an administrator of a customer tenant consents to the application: the one
place that makes it.

Sources: learn.microsoft.com/defender-xdr/api-partner-access (the form `page`),
entra/identity-platform/v2-admin-consent.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlencode, urlsplit

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import (
    CLOUDS,
    LOGIN_ALIASES,
    RESOURCES,
    service,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import (
    TENANT_HINT,
    guid,
    https_url,
)

FORMS: t.Final = ("adminconsent", "v2", "page")
PATHS: t.Final[t.Mapping[str, str]] = {
    "adminconsent": "adminconsent",
    "v2": "v2.0/adminconsent",
    "page": "oauth2/authorize",
}
# The page's link is that of a sign-in, which ends in a code that nobody needs.
FIXED: t.Final[t.Mapping[str, t.Mapping[str, str]]] = {
    "page": {"prompt": "consent", "response_type": "code", "sso_reload": "true"}
}


def consent_link(
    tenant_id: str,
    client_id: str,
    *,
    form: str = "adminconsent",
    api: str = "graph",
    redirect_uri: str | None = None,
    state: str | None = None,
    cloud: str = "public",
    login_url: str | None = None,
) -> str:
    """The link; every value in it is quoted. Raises `bad_request` for what no link can be made of.

    :arg form: `adminconsent`, `v2` (for the roles of one API; needs a redirect_uri), or `page`,
        the one of Microsoft's page on partner access.
    :arg api: `graph`, `xdr` or `endpoint`, for the form `v2`.
    :arg redirect_uri: where the administrator lands afterwards; it must be registered on the
        application.
    :arg state: comes back to redirect_uri as it is.
    """
    if form not in FORMS:
        raise DefenderError(
            "bad_request", f"form is {form!r}, but must be one of {', '.join(FORMS)}."
        )
    if api not in RESOURCES:
        raise DefenderError(
            "bad_request", f"api is {api!r}, but must be one of {', '.join(RESOURCES)}."
        )
    if cloud not in CLOUDS:
        raise DefenderError(
            "bad_request", f"cloud is {cloud!r}, but must be one of {', '.join(CLOUDS)}."
        )
    if str(tenant_id).lower() in ("common", "organizations", "consumers"):
        raise DefenderError(
            "bad_request",
            (
                f"tenant_id is {tenant_id!r}, but the link has to lead to the one tenant that is"
                f" asked. {TENANT_HINT}"
            ),
        )
    tenant = guid("tenant_id", tenant_id, TENANT_HINT)
    values = {
        "client_id": guid(
            "client_id",
            client_id,
            "Take the application (client) id from the app registration's overview page.",
        )
    }
    login = (https_url("login_url", login_url) or CLOUDS[cloud].login).rstrip("/")
    if form == "v2":
        if not redirect_uri:
            raise DefenderError(
                "bad_request",
                (
                    "redirect_uri is not set, but the form v2 needs one that is registered on the"
                    " application."
                ),
            )
        values["scope"] = f"{service(cloud, api).audience}/.default"
    if redirect_uri:
        values["redirect_uri"] = _landing(redirect_uri)
    if state:
        values["state"] = state
    query = urlencode({**FIXED.get(form, {}), **values})
    return f"{LOGIN_ALIASES.get(login, login)}/{tenant}/{PATHS[form]}?{query}"


def _landing(redirect_uri: str) -> str:
    """What Entra takes as a redirect URI of type Web: https, or http on this machine, and no
    fragment."""
    try:
        parts = urlsplit(redirect_uri)
        good = parts.scheme == "https" or (
            parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
        )
        good = (
            good
            and bool(parts.hostname)
            and "#" not in redirect_uri
            and not re.search(r"[\s\\]", redirect_uri)
        )
    except ValueError:
        good = False
    if not good:
        raise DefenderError(
            "bad_request",
            (
                f"redirect_uri is {redirect_uri!r}, but must be an https URL without a fragment"
                " that is registered on the application."
            ),
        )
    return redirect_uri
