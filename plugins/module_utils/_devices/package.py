# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The investigation package of a device: collected by an action, then downloaded.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import actions as _actions
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import (
    response as _response,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices.device_state import Kind
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    downloads as _downloads,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

MODULE: t.Final = "device_investigation_package"
COLLECTION: t.Final = Kind(
    type="collect_investigation_package",
    path="collectInvestigationPackage",
    state=("package", "collected"),
)
PAUSE: t.Final = 30.0  # seconds between two requests of a link, of which 2 a minute are allowed


def collect(tenant: Tenant, params: t.Mapping[str, t.Any], *, check_mode: bool) -> Json:
    """The result of the module: that of `act`, with `dest`, `size` and `sha256` of a download."""
    deadline = tenant.clock.now() + params["wait_timeout"]
    dest = params["dest"]
    if params["wait"] and not (check_mode and _is_without_folder(dest)):
        _files.check(dest)
    result = _response.act(tenant, MODULE, COLLECTION, params, check_mode=check_mode)
    if check_mode or not params["wait"]:
        return result
    package = _Package(tenant, result["action"], deadline)
    try:
        done = _downloads.download_renewed(tenant, package.link, dest)
    except DefenderError as e:
        e.facts.setdefault("action", result["action"])
        e.facts.setdefault("changed", result["changed"])
        raise
    return {**result, "dest": dest, "size": done.size, "sha256": done.sha256}


class _Package:
    """What an action has collected. `deadline` is a time of the tenant's clock."""

    def __init__(self, tenant: Tenant, action: Json, deadline: float) -> None:
        self._tenant = tenant
        self._api = tenant.api("endpoint", MODULE)
        self._path = f"{_actions.PATH}/{action['id']}/getPackageUri"
        self._deadline = deadline

    def link(self) -> str:
        """A link to the package. The service may have none for a while after the action has
        succeeded; raises `not_found` at the deadline."""
        clock = self._tenant.clock
        while True:
            try:
                return _downloads.signed_link(self._tenant, self._api.get(self._path))
            except DefenderError as e:
                if e.category != "not_found" or clock.now() + PAUSE > self._deadline:
                    raise
            clock.sleep(PAUSE)


def _is_without_folder(dest: str) -> bool:
    """Whether the folder is missing, which an earlier task may create that did not run either."""
    return not os.path.isdir(os.path.dirname(os.path.abspath(dest)))
