# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's run from parameters to result."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _module, _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.late_credential import LATE
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    CONTOSO,
    TENANT,
    graph_token,
    parameters,
)

JWT = graph_token()


def test_a_result_begins_with_its_tenant_and_says_whether_it_changed_something() -> None:
    seen = []

    def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        seen.append((tenant.options.tenant_id, params["api"], check_mode))
        return {"api": "graph", "count": 1}

    result = _module.perform(run, parameters(), check_mode=True)
    assert result == {
        "tenant": CONTOSO,
        "changed": False,
        "api": "graph",
        "count": 1,
        "waited_seconds": 0.0,
    }
    assert next(iter(result)) == "tenant"
    assert seen == [(TENANT, "auto", True)]


def test_a_run_may_say_that_it_changed_something() -> None:
    assert (
        _module.perform(lambda *_unused: {"changed": True}, parameters(), check_mode=False)[
            "changed"
        ]
        is True
    )


def test_warnings_of_tenant_and_run_come_together() -> None:
    def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
        tenant.warnings.append("first")
        return {"warnings": ["second"]}

    assert _module.perform(run, parameters(), check_mode=False)["warnings"] == ["first", "second"]
    assert "warnings" not in _module.perform(
        lambda *_unused: {"warnings": []}, parameters(), check_mode=False
    )


def test_a_failure_names_its_tenant() -> None:
    def run(*_unused: t.Any) -> dict[str, t.Any]:
        raise DefenderError("not_found", "There is none.")

    with pytest.raises(DefenderError) as caught:
        _module.perform(run, parameters(), check_mode=False)
    assert caught.value.as_result()["tenant"] == CONTOSO


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"client_secret": None}, CONTOSO),
        ({"tenant_id": None}, {"id": None, "name": "contoso", "cloud": "public"}),
        (
            {"tenant_id": "contoso.com", "tenant_name": None},
            {"id": "contoso.com", "name": "contoso.com", "cloud": "public"},
        ),
    ],
)
def test_a_mistake_in_the_options_names_the_tenant_as_far_as_it_is_known(
    changes: dict[str, t.Any], named: dict[str, t.Any]
) -> None:
    with pytest.raises(DefenderError) as caught:
        _module.perform(lambda *_unused: {}, parameters(**changes), check_mode=False)
    assert caught.value.as_result()["tenant"] == named


def test_a_given_token_needs_no_credential() -> None:
    given_ones = {**parameters(client_id=None, client_secret=None), "access_token": JWT}
    assert _module.perform(lambda *_unused: {}, given_ones, check_mode=False)["tenant"] == CONTOSO


def test_the_secrets_of_a_late_credential_are_told_once_it_was_obtained(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("of-the-file")
    for late in ({"client_secret": "of-the-vault"}, {"client_secret_file": str(path)}):
        given = {**parameters(client_secret=None), LATE: lambda late=late: late}
        secrets: list[str] = []
        _module.perform(lambda *_unused: {}, given, check_mode=False, secrets=secrets)
        assert secrets == []

        def run(tenant: Tenant, *_unused: t.Any) -> dict[str, t.Any]:
            return {"found": dict(tenant.options.credential)}

        _module.perform(run, given, check_mode=False, secrets=secrets)
        assert secrets == ["of-the-vault" if "client_secret" in late else "of-the-file"]


def test_other_secrets_of_the_call_are_told_after_a_failure_too() -> None:
    def run(tenant: Tenant, *_unused: t.Any) -> dict[str, t.Any]:
        tenant.secrets.append("sig=a/b+c")
        raise DefenderError("not_found", "There is none.")

    secrets: list[str] = []
    with pytest.raises(DefenderError):
        _module.perform(run, parameters(), check_mode=False, secrets=secrets)
    assert secrets == ["sig%3Da%2Fb%2Bc", "sig=a/b+c"]


RECORD: t.Final = {"object": "incident 1", "outcome": "succeeded"}


def test_writes_are_in_the_result_of_a_success_a_failure_and_a_crash() -> None:
    def run(error: Exception | None, tenant: Tenant) -> dict[str, t.Any]:
        tenant.writes.append(RECORD)
        if error:
            raise error
        return {"changed": True, "diff": {"before": 1, "after": 2}}

    def perform(error: Exception | None = None) -> dict[str, t.Any]:
        return _module.perform(
            lambda tenant, *_unused: run(error, tenant), parameters(), check_mode=True
        )

    assert perform()["writes"] == [RECORD]
    with pytest.raises(DefenderError) as caught:
        perform(DefenderError("conflict", "Somebody else changed it."))
    assert caught.value.as_result()["writes"] == [RECORD]
    with pytest.raises(ZeroDivisionError) as crashed:
        perform(ZeroDivisionError())
    result = _scrub.crash(crashed.value, ())
    assert (result["tenant"], result["writes"]) == (CONTOSO, [RECORD])


DIFF: t.Final = {"before": {"roles": []}, "after": {"roles": ["a"]}}


@pytest.mark.parametrize(
    ("result", "params", "name"),
    [
        ({"changed": True, "diff": DIFF}, {"app_id": "a1", "display_name": "App"}, "a1"),
        ({"changed": True, "diff": DIFF}, {"display_name": "App"}, "App"),
        ({"changed": True, "diff": DIFF}, {}, CLIENT),
        ({"changed": False, "diff": DIFF}, {}, None),
        ({"changed": True, "dest": "rows.ndjson"}, {}, None),
        ({"changed": True, "diff": {"before": {}, "after": {}}}, {}, None),
    ],
)
def test_check_mode_predicts_one_write_for_a_module_that_shows_its_whole_change(
    result: dict[str, t.Any], params: dict[str, t.Any], name: str | None
) -> None:
    def perform(*, check_mode: bool) -> list[dict[str, t.Any]]:
        arguments = {**parameters(), **params}
        answer = _module.perform(lambda *_unused: dict(result), arguments, check_mode=check_mode)
        return t.cast("list[dict[str, t.Any]]", answer.get("writes", []))

    assert perform(check_mode=False) == []
    predicted = perform(check_mode=True)
    shown = [(one["object"], one["before"], one["after"], one["outcome"]) for one in predicted]
    expected = (f"application {name}", DIFF["before"], DIFF["after"], "predicted")
    assert shown == ([expected] if name else [])


def test_a_crash_is_not_swallowed() -> None:
    def run(*_unused: t.Any) -> dict[str, t.Any]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _module.perform(run, parameters(), check_mode=False)


def test_every_module_supports_check_mode_and_takes_the_tenant_options() -> None:
    spec = _module.spec({"id": {"type": "str"}}, required_one_of=[("id",)])
    assert spec["supports_check_mode"] is True
    assert spec["required_one_of"] == [("id",)]
    assert {"tenant_id", "client_secret", "token_cache", "id"} <= set(spec["argument_spec"])
