# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Entra's discovery documents: OpenID metadata of a tenant, its signing keys, and the list of cloud
names."""

from __future__ import annotations

import typing as t

from defender_lab.entra.issuer import Issuer
from defender_lab.entra.refusals import KIND, EntraRefused
from defender_lab.entra.token_endpoint import EVERYBODY, resolved
from defender_lab.service.exchange import Reply, Request, as_json
from defender_lab.tenants.tenant import Directory


class Discovery:
    """An unknown tenant is refused with the token end point's words, under the error name
    ``invalid_tenant``."""

    def __init__(self, directory: Directory, issuer: Issuer) -> None:
        self._directory = directory
        self._issuer = issuer

    def metadata(self, request: Request, name: str, *, v2: bool) -> Reply:
        tenant = self._tenant(name)
        base = f"{request.base}/{tenant}"
        version = "/v2.0" if v2 else ""
        shown = "{tenantid}" if name.lower() in EVERYBODY else tenant
        body: dict[str, t.Any] = {
            "token_endpoint": f"{base}/oauth2{version}/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{base}/discovery{version}/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"]
            if v2
            else ["openid"],
            "issuer": f"https://login.microsoftonline.com/{shown}/v2.0"
            if v2
            else f"https://sts.windows.net/{shown}/",
            "authorization_endpoint": f"{base}/oauth2{version}/authorize",
            "tenant_region_scope": None if name.lower() in EVERYBODY else "NA",
            "cloud_instance_name": "microsoftonline.com",
            "msgraph_host": "graph.microsoft.com",
        }
        return as_json(200, body, kind=KIND)

    def keys(self, request: Request, name: str, *, v2: bool) -> Reply:
        tenant = self._tenant(name)
        key = self._issuer.jwk()
        if v2:
            issuer = "{tenantid}" if name.lower() in EVERYBODY else tenant
            key["issuer"] = f"https://login.microsoftonline.com/{issuer}/v2.0"
        return as_json(200, {"keys": [key]}, kind=KIND)

    def instance(self, request: Request) -> Reply:
        aliases = [
            "login.microsoftonline.com",
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ]
        body = {
            "tenant_discovery_endpoint": f"{request.base}/common/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [
                {"preferred_network": aliases[0], "preferred_cache": aliases[1], "aliases": aliases}
            ],
        }
        return as_json(200, body, kind=KIND)

    def _tenant(self, name: str) -> str:
        if name.lower() in EVERYBODY:
            return name.lower()
        try:
            return resolved(self._directory, name).id
        except EntraRefused as refused:
            refused.status, refused.code = 400, "invalid_tenant"
            raise
