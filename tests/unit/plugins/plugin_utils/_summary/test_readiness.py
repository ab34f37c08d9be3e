# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fact of the role preflight, from results of one tenant and from those of a sweep."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.filter.preflight_result import FilterModule
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._batch import Batch
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._coverage import sweep_result
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary.readiness import result

Json = dict[str, t.Any]
GOOD: t.Final[Json] = {
    "valid": True,
    "roles": ["SecurityIncident.Read.All"],
    "missing_roles": [],
    "expires_at": "2026-11-27T09:00:00Z",
}
LACKING: t.Final[Json] = {"category": "role_missing", "who": "customer", "advice": "Consent again."}
BARE: t.Final[Json] = {"category": "not_licensed", "who": "customer", "advice": "Buy it."}


def of_token(valid: bool) -> Json:
    if valid:
        return dict(GOOD)
    found = {**GOOD, "roles": [], "missing_roles": ["SecurityIncident.Read.All"], "valid": False}
    return {**found, "msg": "It lacks a role.", "error": LACKING}


def of_read(good: bool) -> Json:
    return {"count": 0} if good else {"failed": True, "msg": "It has no Defender.", "error": BARE}


def swept(answers: dict[str, Json]) -> Json:
    failed = {host for host, answer in answers.items() if "error" in answer}
    return sweep_result(
        Batch(list(answers)),
        {host: answer for host, answer in answers.items() if host not in failed},
        {host: answers[host] for host in failed},
    )


@pytest.mark.parametrize("is_swept", [False, True])
@pytest.mark.parametrize(
    ("token", "read", "wanted"),
    [
        (True, True, {"ready": True, "category": "", "text": "", "who": "", "advice": ""}),
        (True, None, {"ready": True, "category": "", "text": ""}),
        (True, False, {"ready": False, "text": "It has no Defender.", **BARE}),
        (False, None, {"ready": False, "text": "It lacks a role.", **LACKING}),
        (False, True, {"ready": False, "text": "It lacks a role.", **LACKING}),
    ],
)
def test_a_tenant_is_ready_if_its_token_and_its_license_are_good(
    token: bool, read: bool | None, wanted: Json, is_swept: bool
) -> None:
    tokens = {"contoso": of_token(token), "other": of_token(not token)}
    reads = {} if read is None else {"contoso": of_read(read), "other": of_read(not read)}
    found = (
        result(
            swept(tokens),
            read=swept(reads) if reads else None,
            host="contoso",
            asked_at="now",
        )
        if is_swept
        else result(tokens["contoso"], read=reads.get("contoso"), asked_at="now")
    )
    assert found == {
        **{name: tokens["contoso"][name] for name in ("roles", "missing_roles", "expires_at")},
        "token": token,
        "asked_at": "now",
        **{"category": "", "text": "", "who": "", "advice": ""},
        **wanted,
    }


@pytest.mark.parametrize("token", [{}, {"failed": True, "msg": "'x' is undefined"}])
def test_a_task_without_a_result_of_its_module_is_not_ready(token: Json) -> None:
    found = result(token, read={"skipped": True})
    assert (found["ready"], found["category"], found["text"]) == (
        False,
        "unavailable",
        token.get("msg", ""),
    )
    lost = result(GOOD, read={"failed": True, "msg": "'x' is undefined"})
    assert (lost["ready"], lost["token"], lost["text"]) == (False, True, "'x' is undefined")


def test_a_host_that_a_sweep_does_not_name_is_not_ready() -> None:
    assert result(swept({"contoso": GOOD}), host="woodgrove")["ready"] is False


def test_the_filter_refuses_what_is_no_result() -> None:
    preflight_result = FilterModule().filters()["preflight_result"]
    assert preflight_result(GOOD)["ready"] is True
    with pytest.raises(AnsibleFilterError, match="registered result"):
        preflight_result("ready")
