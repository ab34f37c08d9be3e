# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The run of a module for one tenant of a sweep."""

from __future__ import annotations

import functools
import types
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    service_load as _load,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _concurrency
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._sweep import tenant_run as _run
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import parameters


def test_the_number_of_tenants_adapts_to_the_requests_of_each() -> None:
    def run(*_unused: t.Any) -> dict[str, t.Any]:
        _load.report("graph.microsoft.com:443", "answered")
        return {}

    limit = _concurrency.Limit(8, 50, cpu=lambda: 0.0)
    module = types.SimpleNamespace(SPEC=_module.spec({}), run=run)
    serve = limit.watching(functools.partial(_run.serve, module=module, check_mode=False))
    given = {name: value for name, value in parameters().items() if value is not None}
    for host in ("contoso", "fabrikam"):
        assert not serve(_run.Job(host, given)).get("failed")
    assert limit.now() == 8 + 2
    _load.report("graph.microsoft.com:443", "answered")  # by none of them
    assert limit.now() == 8 + 2
