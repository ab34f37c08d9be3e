# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's run from the arguments of a task, and what the services answer it."""

from __future__ import annotations

import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    SECRET,
    TENANT,
    graph_token,
)

RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
Tenants = t.Callable[..., t.Any]
ENDED = "2026-11-23T12:59:59Z"  # an hour but a second after the stand-in clock's noon
GOOD = graph_token()
HUNTER = graph_token(roles=["ThreatHunting.Read.All"])
FOUND = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.security.huntingQueryResults",
    "schema": [{"name": "Timestamp", "type": "DateTime"}, {"name": "FileName", "type": "String"}],
    "results": [
        {"Timestamp": "2024-03-26T09:39:50.7688641Z", "FileName": "cmd.exe"},
        {"Timestamp": "2024-03-26T09:39:49.4353788Z", "FileName": "cmd.exe"},
    ],
}


def read(module: t.Any, arguments: dict[str, t.Any]) -> tuple[dict[str, t.Any], list[str]]:
    """The module's parameters as Ansible reads them from a task, and what it refuses."""
    rules = {rule: module.SPEC[rule] for rule in RULES if rule in module.SPEC}
    named = {
        "tenant_id": TENANT,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "token_cache": "none",
    }
    done = ArgumentSpecValidator(module.SPEC["argument_spec"], **rules).validate(
        {**named, **arguments}
    )
    return done.validated_parameters, list(done.error_messages)


def run(
    module: t.Any, tenant: t.Any, *, check_mode: bool = False, **arguments: t.Any
) -> dict[str, t.Any]:
    params, refused = read(module, arguments)
    assert refused == []
    return t.cast("dict[str, t.Any]", module.run(tenant, params, check_mode))


def failed(module: t.Any, tenant: t.Any, **arguments: t.Any) -> DefenderError:
    with pytest.raises(DefenderError) as caught:
        run(module, tenant, **arguments)
    return caught.value
