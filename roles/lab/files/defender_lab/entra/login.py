# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The login host: routes a path to the token endpoint, discovery or the consent pages."""

from __future__ import annotations

import re
import uuid

from defender_lab.entra import refusals
from defender_lab.entra.consent import Consents
from defender_lab.entra.discovery import Discovery
from defender_lab.entra.token_endpoint import TokenEndpoint
from defender_lab.service.clock import Clock
from defender_lab.service.exchange import NotInTheLab, Refused, Reply, Request
from defender_lab.tenants.tenant import Directory

TOKEN = re.compile(r"/([^/]+)/oauth2(/v2\.0)?/token")
METADATA = re.compile(r"/([^/]+)(/v2\.0)?/\.well-known/openid-configuration")
KEYS = re.compile(r"/([^/]+)/discovery(/v2\.0)?/keys")
INSTANCE = re.compile(r"/common/discovery/instance")


class Login:
    def __init__(
        self,
        token: TokenEndpoint,
        discovery: Discovery,
        consents: Consents,
        directory: Directory,
        clock: Clock,
    ) -> None:
        self._token = token
        self._consents = consents
        self._discovery = discovery
        self._directory = directory
        self._clock = clock

    def tenant_of(self, request: Request) -> str | None:
        """The tenant a path names, as a GUID where it is known."""
        name = request.path.strip("/").split("/")[0]
        tenant = self._directory.find(name)
        return tenant.id if tenant else name or None

    def answer(self, request: Request) -> Reply:
        if match := TOKEN.fullmatch(request.path):
            return self._token.answer(request, match[1], v2=bool(match[2]))
        try:
            return self._discover(request)
        except Refused as refused:
            return refusals.body(refused, self._clock.wall(), str(uuid.uuid4()))

    def _discover(self, request: Request) -> Reply:
        if request.method == "GET":
            if INSTANCE.fullmatch(request.path):
                return self._discovery.instance(request)
            if match := METADATA.fullmatch(request.path):
                return self._discovery.metadata(request, match[1], v2=bool(match[2]))
            if match := KEYS.fullmatch(request.path):
                return self._discovery.keys(request, match[1], v2=bool(match[2]))
            if request.path == "/discovery/keys":
                return self._discovery.keys(request, "common", v2=False)
            page = self._consents.page(request.path, request.query)
            if page:
                return page
        raise NotInTheLab(f"{request.method} {request.path}")
