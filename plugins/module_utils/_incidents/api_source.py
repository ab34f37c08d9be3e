# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Code shared by both APIs as a source of incidents.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents import (
    incident as _incidents,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._incidents.incident import (
    Incident,
    Wanted,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.api import Api


class ApiSource:
    """Pages of incidents for `paging`, and single incidents, from one API."""

    title: t.ClassVar[str]

    def __init__(self, api: Api, wanted: Wanted) -> None:
        self.name = f"Tenant {api.tenant.options.label}: {self.title}"
        self._api = api
        self._options = api.tenant.options
        self._wanted = wanted

    @property
    def opaque(self) -> bool:
        """True with an OData filter, because only the API can evaluate it."""
        return bool(self._wanted.filter)

    def fits(self, item: Incident) -> bool:
        """Whether the incident matches all other options."""
        return _incidents.fits(item, self._wanted)
