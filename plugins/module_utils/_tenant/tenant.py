# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A customer tenant: its tokens behind the guard, and its APIs.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.guard import Guard
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.permissions import (
    PERMISSIONS,
)

RETIREMENT = (
    "Tenant {label} was asked through the older Defender XDR API, which Microsoft is retiring"
    " (message MC1220762: from 2027-02-01 it no longer functions). Grant the Microsoft Graph roles"
    " instead."
)


class Tenant(Guard):
    """One customer. Everything a module's `run` gets to know about where it is."""

    def as_result(self) -> dict[str, t.Any]:
        """The `tenant` key of every result."""
        return {
            "id": self.options.tenant_id,
            "name": self.options.tenant_name,
            "cloud": self.options.cloud,
        }

    def api(self, resource: str, module: str) -> Api:
        """The calls that this module may make to the resource; the guard runs before this
        returns."""
        return Api(self, resource, PERMISSIONS[module][resource])

    def chosen_api(self, module: str) -> Api:
        """The API that the option `api` names for a subject that both generations know.

        `auto` takes Graph where the tenant's roles allow it, otherwise the older API while it
        lives. Which one it was is remembered in the cached tokens themselves: their roles tell it
        without a request.
        """
        choice = self.options.api
        if choice != "auto":
            return self._warned(self.api(choice, module))
        try:
            self.token("graph", roles=PERMISSIONS[module]["graph"], patient=True)
            return self.api("graph", module)
        except DefenderError as e:
            if e.category not in ("role_missing", "not_licensed", "unsupported"):
                raise
        try:
            return self._warned(self.api("xdr", module))
        except DefenderError:
            # neither is allowed; what Graph lacks is the thing to mend, and it may have been
            # granted by now
            return self.api("graph", module)

    def _warned(self, api: Api) -> Api:
        if api.name == "xdr":
            self.warnings.append(RETIREMENT.format(label=self.options.label))
        return api
