# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A customer tenant: its options, its connection, the guard of its tokens, and its APIs.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clock import Clock
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.guard import Guard
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import Options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.permissions import (
    PERMISSIONS,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.transport import Http

RETIREMENT = (
    "Tenant {label} was queried through the older Defender XDR API, which Microsoft is retiring"
    " (message MC1220762: it stops working on 2027-02-01). Grant the Microsoft Graph roles instead."
)


def _unseen(line: str) -> None:
    """Show nothing: the module runs where nobody sees a line before its result."""


class Tenant:
    """One customer tenant: all that a module's `run` knows about its target.

    `guard` holds the tokens; `warnings` collects what the result reports besides its data, and
    `secrets` what must not be in it, besides tokens and the credential. `writes` has the records of
    its writes.
    """

    def __init__(
        self, options: Options, *, clock: Clock | None = None, http: Http | None = None
    ) -> None:
        self.options = options
        self.clock = clock or Clock()
        self.http = http or Http(
            ca_path=options.ca_path,
            validate_certs=options.validate_certs,
            proxy=options.proxy,
            timeout=options.request_timeout,
            retries=options.retries,
            deadline=options.retry_deadline,
            max_size=options.max_response_size,
            clock=self.clock,
        )
        self.warnings: list[str] = []
        # shows a line while the module runs, where somebody can see it
        self.notify: t.Callable[[str], None] = _unseen
        # the states of the object before and after the change, if a plan is applied
        self.expected: tuple[Json, Json] | None = None
        self.secrets: list[str] = []
        self.writes: list[Json] = []
        self.guard = Guard(options, http=self.http, clock=self.clock, warnings=self.warnings)

    def as_result(self) -> dict[str, t.Any]:
        """The `tenant` key of every result."""
        return {
            "id": self.options.tenant_id,
            "name": self.options.tenant_name,
            "cloud": self.options.cloud,
        }

    def api(self, resource: str, module: str) -> Api:
        """The API with the roles that this module needs; its token has passed the guard."""
        return Api(self, resource, PERMISSIONS[module][resource])

    def chosen_api(self, module: str) -> Api:
        """The API that the option `api` selects for a module that can use Graph and the older API.

        `auto` selects Graph if the tenant has granted its roles, otherwise the older API if the
        tenant has granted those. The cached tokens hold the roles, so that this needs no request.
        """
        choice = self.options.api
        if choice != "auto":
            return self._with_warning(self.api(choice, module))
        try:
            self.guard.token("graph", roles=PERMISSIONS[module]["graph"], patient=True)
            return self.api("graph", module)
        except DefenderError as e:
            if e.category not in ("role_missing", "not_licensed", "unsupported"):
                raise
        try:
            return self._with_warning(self.api("xdr", module))
        except DefenderError:
            # Neither is granted. The error to report is Graph's, unless its roles were granted
            # since its token was cached.
            return self.api("graph", module)

    def graph_only(self, module: str, what: str) -> Api:
        """Microsoft Graph, for what the older API does not offer; raises `unsupported` if `api`
        names that one.

        :arg what: the subject of the message, such as `alert`.
        """
        if self.options.api == "xdr":
            raise DefenderError(
                "unsupported",
                f"{what} needs Microsoft Graph, but api is xdr; set api to auto or graph.",
            )
        return self.api("graph", module)

    def _with_warning(self, api: Api) -> Api:
        if api.name == "xdr":
            self.warnings.append(RETIREMENT.format(label=self.options.label))
        return api
