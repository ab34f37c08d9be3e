# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab as one object: takes a request for any host, returns the reply, and writes a line to the
journal."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from defender_lab.api.bearer import Bearer, Caller
from defender_lab.api.guard import Guard
from defender_lab.api.routes import Service
from defender_lab.control import Control
from defender_lab.entra.consent import Consents
from defender_lab.entra.discovery import Discovery
from defender_lab.entra.issuer import Issuer
from defender_lab.entra.login import Login
from defender_lab.entra.token_endpoint import TokenEndpoint
from defender_lab.service.exchange import Reply, Request
from defender_lab.service.faults import Faults
from defender_lab.service.journal import Journal
from defender_lab.service.quota import Quotas
from defender_lab.store import Store
from defender_lab.tenants.application import Application
from defender_lab.tenants.tenant import Directory

ORIGINS = ("login", "graph", "xdr", "endpoint")


class Lab:
    def __init__(
        self,
        directory: Directory,
        store: Store,
        app: Application,
        services: Mapping[str, Service],
        admin_key: str,
    ) -> None:
        self.clock = store.clock
        self.directory = directory
        self.app = app
        self.journal = Journal()
        self.faults = Faults()
        self.quotas = Quotas(self.clock)
        self.issuer = Issuer(self.clock)
        bearer = Bearer(self.issuer, directory, self.clock)
        self.store = store
        self._guards = {
            name: Guard(service, bearer, store, self.quotas) for name, service in services.items()
        }
        token = TokenEndpoint(directory, app.federation, self.issuer, self.quotas, self.clock)
        consents = Consents(directory)
        token.clicks = consents.passed
        self._login = Login(
            token, Discovery(directory, self.issuer), consents, directory, self.clock
        )
        self._control = Control(
            admin_key,
            self.clock,
            directory,
            consents,
            store,
            self.journal,
            self.faults,
            self.quotas,
        )

    async def answer(self, request: Request) -> Reply:
        """Control calls stay out of the journal and are never hit by a fault."""
        if request.origin == "login" and request.path.startswith("/_lab/"):
            return self._control.answer(request)
        request_id = str(uuid.uuid4())
        guard = self._guards.get(request.origin)
        caller = guard.caller(request) if guard else Caller(None, None)
        tenant = (
            self._login.tenant_of(request)
            if guard is None
            else caller.tenant.id
            if caller.tenant
            else None
        )
        fault = self.faults.take(request, tenant)
        reply: Reply | None = None
        if fault is None or fault.needs_the_answer:
            taken = fault.heard(request) if fault else request
            reply = (
                await guard.answer(taken, caller, request_id)
                if guard
                else self._login.answer(taken)
            )
        if fault:
            reply = fault.reply(reply)
        assert reply is not None
        self.journal.add(
            self.clock.wall(), request, tenant, 0 if reply.wire == "reset" else reply.status
        )
        sent = request.headers.get("client-request-id")
        return (
            reply.adding({"request-id": request_id, "client-request-id": sent or request_id})
            if guard
            else reply
        )
