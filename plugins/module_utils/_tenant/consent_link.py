# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The link with which an administrator of a customer tenant consents to the application.

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
    CLIENT_HINT,
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
# The link of the form `page` is a sign-in link; the code in its response is not used.
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
    """The link, with every value quoted; raises `bad_request` for invalid values.

    :arg form: `adminconsent`, `v2` (for the roles of one API; requires a redirect_uri), or
        `page`, the form on Microsoft's page on partner access.
    :arg api: `graph`, `xdr` or `endpoint`, for the form `v2`.
    :arg redirect_uri: where the browser goes afterwards; it must be registered on the
        application.
    :arg state: opaque value returned to the redirect URI.
    """
    for option, value, choices in (
        ("form", form, FORMS),
        ("api", api, RESOURCES),
        ("cloud", cloud, tuple(CLOUDS)),
    ):
        _check_choice(option, value, choices)
    tenant = _one_tenant(tenant_id)
    query = {**FIXED.get(form, {}), "client_id": guid("client_id", client_id, CLIENT_HINT)}
    login = (https_url("login_url", login_url) or CLOUDS[cloud].login).rstrip("/")
    if form == "v2":
        query["scope"] = _scope(cloud, api, redirect_uri)
    if redirect_uri:
        query["redirect_uri"] = _redirect_uri(redirect_uri)
    if state:
        query["state"] = state
    return f"{LOGIN_ALIASES.get(login, login)}/{tenant}/{PATHS[form]}?{urlencode(query)}"


def _check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise DefenderError(
            "bad_request", f"{option} is {value!r}, but must be one of {', '.join(choices)}."
        )


def _one_tenant(tenant_id: str) -> str:
    """The tenant id; raises `bad_request` for an endpoint that many tenants share."""
    if str(tenant_id).lower() in ("common", "organizations", "consumers"):
        raise DefenderError(
            "bad_request",
            (
                f"tenant_id is {tenant_id!r}, but the link must be for one specific tenant."
                f" {TENANT_HINT}"
            ),
        )
    return guid("tenant_id", tenant_id, TENANT_HINT)


def _scope(cloud: str, api: str, redirect_uri: str | None) -> str:
    """The scope of the form `v2`, which requires a redirect URI."""
    if not redirect_uri:
        raise DefenderError(
            "bad_request",
            (
                "redirect_uri is not set, but the form v2 requires one that is registered on the"
                " application."
            ),
        )
    return f"{service(cloud, api).audience}/.default"


def _redirect_uri(redirect_uri: str) -> str:
    """The redirect URI, if Entra ID accepts it for the type Web: https (or http on localhost),
    without a fragment."""
    try:
        parts = urlsplit(redirect_uri)
        is_valid = parts.scheme == "https" or (
            parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
        )
        is_valid = (
            is_valid
            and bool(parts.hostname)
            and "#" not in redirect_uri
            and not re.search(r"[\s\\]", redirect_uri)
        )
    except ValueError:
        is_valid = False
    if not is_valid:
        raise DefenderError(
            "bad_request",
            (
                f"redirect_uri is {redirect_uri!r}, but must be an https URL without a fragment"
                " that is registered on the application."
            ),
        )
    return redirect_uri
