# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules from parameters to result, with every request that leaves on the way; and what their
specs refuse."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from ansible_collections.mssp.defender_xdr.plugins.modules import (
    access_token,
    access_token_info,
    hunting_query,
    incident_info,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    CLIENT,
    CONSENT_URL,
    INCIDENT_ROLE,
    NOW,
    OTHER_TENANT,
    SECRET,
    TENANT,
    TOKEN_URL,
    FakeClock,
    FakeHttp,
    answer,
    graph_claims,
    graph_token,
    not_consented,
    parameters,
    token_answer,
)

INCIDENTS = "https://graph.microsoft.com/v1.0/security/incidents"
HUNT = "https://graph.microsoft.com/v1.0/security/runHuntingQuery"
GOOD = graph_token()
ENDED = "2026-11-23T12:59:59Z"  # an hour but a second after the stand-in clock's noon
KEYS = f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"
RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
Tenants = t.Callable[..., t.Any]


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


# access_token


def test_access_token_hands_out_the_token_and_what_it_says(tenant_with: Tenants) -> None:
    http = FakeHttp(token_answer(GOOD))
    assert run(access_token, tenant_with(http)) == {
        "api": "graph",
        "access_token": GOOD,
        "expires_at": ENDED,
        "audience": "https://graph.microsoft.com",
        "roles": [INCIDENT_ROLE],
        "app_id": CLIENT,
        "from_cache": False,
    }
    assert [asked.url for asked in http.asked] == [TOKEN_URL]


@pytest.mark.parametrize(
    ("resource", "audience"),
    [
        ("graph", "https://graph.microsoft.com"),
        ("xdr", "https://api.security.microsoft.com"),
        ("endpoint", "https://api.securitycenter.microsoft.com"),
    ],
)
def test_access_token_asks_for_the_resources_audience(
    tenant_with: Tenants, resource: str, audience: str
) -> None:
    http = FakeHttp(token_answer(graph_token(aud=audience, roles=None)))
    result = run(access_token, tenant_with(http), resource=resource)
    assert (result["api"], result["audience"], result["roles"]) == (resource, audience, [])
    assert dict(http.asked[0].data)["scope"] == f"{audience}/.default"


def test_access_token_can_ask_in_spite_of_the_cache(tenant_with: Tenants, tmp_path: Path) -> None:
    kept = {"token_cache": str(tmp_path / "tokens")}
    renewed = graph_token(uti="renewed")
    run(access_token, tenant_with(FakeHttp(token_answer(GOOD)), **kept))
    assert run(access_token, tenant_with(FakeHttp(), **kept))["from_cache"] is True
    assert (
        run(access_token, tenant_with(FakeHttp(token_answer(renewed)), **kept), force_refresh=True)[
            "access_token"
        ]
        == renewed
    )


def test_access_token_hands_out_no_token_of_another_tenant(tenant_with: Tenants) -> None:
    assert (
        failed(
            access_token, tenant_with(FakeHttp(token_answer(graph_token(tid=OTHER_TENANT))))
        ).category
        == "wrong_tenant"
    )


def test_access_token_of_an_opaque_token_says_what_was_asked_for(tenant_with: Tenants) -> None:
    result = run(access_token, tenant_with(FakeHttp(token_answer("opaque-token-long-and-unique"))))
    assert (result["audience"], result["roles"], result["app_id"]) == (
        "https://graph.microsoft.com",
        [],
        CLIENT,
    )


# access_token_info


def test_access_token_info_finds_nothing_wrong_with_a_good_token(tenant_with: Tenants) -> None:
    claims = graph_claims(roles=["SecurityIncident.ReadWrite.All", "User.Read.All"])
    result = run(
        access_token_info,
        tenant_with(FakeHttp(token_answer(graph_token(roles=claims["roles"])))),
        required_for=["incident_info"],
    )
    assert result == {
        "api": "graph",
        "valid": True,
        "problems": [],
        "roles": ["SecurityIncident.ReadWrite.All", "User.Read.All"],
        "missing_roles": [],
        "unused_roles": ["User.Read.All"],
        "audience": "https://graph.microsoft.com",
        "expires_at": "2026-11-23T13:00:00Z",
        "claims": claims,
    }


def test_access_token_info_fails_with_everything_that_is_wrong(tenant_with: Tenants) -> None:
    tenant = tenant_with(FakeHttp(token_answer(graph_token(tid=OTHER_TENANT, roles=[]))))
    error = failed(access_token_info, tenant, required_roles=[INCIDENT_ROLE])
    assert error.category == "wrong_tenant"
    assert [problem["code"] for problem in error.facts["problems"]] == [
        "wrong_tenant",
        "wrong_issuer",
        "role_missing",
    ]
    assert error.facts["missing_roles"] == [INCIDENT_ROLE]


def test_access_token_info_can_report_instead(tenant_with: Tenants) -> None:
    tenant = tenant_with(FakeHttp(token_answer(graph_token(roles=["User.Read.All"]))))
    result = run(
        access_token_info,
        tenant,
        required_for=["incident_info", "hunting_query"],
        on_problem="report",
    )
    assert (result["valid"], result["missing_roles"]) == (
        False,
        [INCIDENT_ROLE, "ThreatHunting.Read.All"],
    )
    assert (result["error"]["category"], result["error"]["who"]) == ("role_missing", "customer")
    assert CONSENT_URL in result["error"]["advice"]
    assert "but not SecurityIncident.Read.All, ThreatHunting.Read.All. " in result["msg"]


def test_access_token_info_reports_that_there_is_no_token(tenant_with: Tenants) -> None:
    result = run(
        access_token_info,
        tenant_with(FakeHttp(not_consented())),
        required_roles=[INCIDENT_ROLE],
        on_problem="report",
    )
    assert (result["valid"], result["roles"], result["missing_roles"], result["expires_at"]) == (
        False,
        [],
        [INCIDENT_ROLE],
        "",
    )
    assert [problem["code"] for problem in result["problems"]] == ["not_consented"]
    assert result["error"]["code"] == "AADSTS700016"
    assert "claims" not in result


def test_access_token_info_checks_a_given_token_without_asking_for_one(
    tenant_with: Tenants,
) -> None:
    http = FakeHttp()
    result = run(
        access_token_info,
        tenant_with(http),
        access_token=graph_token(exp=NOW - 60),
        on_problem="report",
    )
    assert [problem["code"] for problem in result["problems"]] == ["expired"]
    assert "expired 60 seconds ago" in result["msg"]
    assert http.asked == []


def test_access_token_info_verifies_with_the_tenants_keys(tenant_with: Tenants) -> None:
    http = FakeHttp(answer(200, {"keys": []}))
    result = run(
        access_token_info,
        tenant_with(http),
        access_token=GOOD,
        verify_signature=True,
        on_problem="report",
    )
    assert [problem["code"] for problem in result["problems"]] == ["unknown_key"]
    assert [(asked.method, asked.url) for asked in http.asked] == [("GET", KEYS)]


def test_access_token_info_looks_for_new_roles_in_a_new_token(
    tenant_with: Tenants, time: FakeClock, tmp_path: Path
) -> None:
    kept = {"token_cache": str(tmp_path / "tokens")}
    run(access_token, tenant_with(FakeHttp(token_answer(graph_token(roles=[]))), **kept))
    time.passed = 600
    tenant = tenant_with(FakeHttp(token_answer(GOOD)), **kept)
    assert run(access_token_info, tenant, required_roles=[INCIDENT_ROLE])["valid"] is True


@pytest.mark.parametrize(
    ("role", "hint"),
    [
        ("SecurityIncident.ReadAll", "similar roles are SecurityIncident.Read.All"),
        ("Machine.Isolate", "it is a role of the resource endpoint"),
        ("Nonsense", "no role of graph has a similar name"),
    ],
)
def test_access_token_info_refuses_a_misspelt_role_before_anything_is_sent(
    tenant_with: Tenants, role: str, hint: str
) -> None:
    http = FakeHttp()
    error = failed(access_token_info, tenant_with(http), required_roles=[role])
    assert error.category == "bad_request"
    assert error.message.startswith(
        f"required_roles contains {role}, which the resource graph does not have; {hint}"
    )
    assert http.asked == []


def test_access_token_info_refuses_an_unknown_module_before_anything_is_sent(
    tenant_with: Tenants,
) -> None:
    http = FakeHttp()
    assert (
        failed(access_token_info, tenant_with(http), required_for=["nonsense"]).category
        == "bad_request"
    )
    assert http.asked == []


# incident_info


INCIDENT = {
    "@odata.type": "#microsoft.graph.security.incident",
    "id": "2972395",
    "status": "Active",
    "severity": "Medium",
    "displayName": "Multi-stage incident",
    "assignedTo": "KaiC@contoso.onmicrosoft.com",
    "createdDateTime": "2021-08-13T08:43:35.5533333Z",
    "lastUpdateDateTime": "2021-09-30T09:35:45.1133333Z",
}


def test_incident_info_lists_with_its_filter_and_tells_the_watermark(tenant_with: Tenants) -> None:
    http = FakeHttp(token_answer(GOOD), answer(200, {"value": [INCIDENT]}))
    result = run(
        incident_info,
        tenant_with(http),
        status=["active"],
        severity="medium",
        fields=["severity", "assigned_to"],
    )
    assert result == {
        "api": "graph",
        "incidents": [
            {"id": "2972395", "severity": "medium", "assigned_to": "KaiC@contoso.onmicrosoft.com"}
        ],
        "count": 1,
        "truncated": False,
        "watermark": "2021-09-30T09:35:45.1133333Z",
        "warnings": [],
    }
    assert [(asked.url, asked.params) for asked in http.asked[1:]] == [
        (INCIDENTS, {"$top": "50", "$filter": "status eq 'active' and severity eq 'medium'"})
    ]


def test_incident_info_gets_one(tenant_with: Tenants) -> None:
    http = FakeHttp(token_answer(GOOD), answer(200, INCIDENT))
    result = run(incident_info, tenant_with(http), id=" 2972395")
    assert (result["count"], result["incidents"][0]["display_name"]) == (1, "Multi-stage incident")
    assert [asked.url for asked in http.asked] == [TOKEN_URL, f"{INCIDENTS}/2972395"]


def test_incident_info_without_an_incident_has_an_empty_watermark(tenant_with: Tenants) -> None:
    result = run(
        incident_info, tenant_with(FakeHttp(token_answer(GOOD), answer(200, {"value": []})))
    )
    assert (result["incidents"], result["count"], result["truncated"], result["watermark"]) == (
        [],
        0,
        False,
        "",
    )


def test_incident_info_tells_that_there_is_none_of_that_number(tenant_with: Tenants) -> None:
    gone = answer(
        404,
        {
            "error": {
                "code": "NotFound",
                "message": "Incident 5 was not found",
                "innerError": {"request-id": "r-1"},
            }
        },
    )
    error = failed(incident_info, tenant_with(FakeHttp(token_answer(GOOD), gone)), id="5")
    assert (error.category, error.request_id) == ("not_found", "r-1")


@pytest.mark.parametrize(
    "arguments",
    [
        {"id": "1/../2"},
        {"limit": -1},
        {"fields": ["nonsense"]},
        {"created_since": "2026-01-01T00:00:00"},
    ],
)
def test_incident_info_refuses_before_anything_is_sent(
    tenant_with: Tenants, arguments: dict[str, t.Any]
) -> None:
    http = FakeHttp()
    assert failed(incident_info, tenant_with(http), **arguments).category == "bad_request"
    assert http.asked == []


FILTERS = [
    "status",
    "severity",
    "classification",
    "determination",
    "assigned_to",
    "filter",
    "created_since",
    "created_before",
    "updated_since",
    "updated_before",
]


@pytest.mark.parametrize("option", FILTERS)
def test_incident_info_takes_an_id_or_a_filter_and_not_both(option: str) -> None:
    value = {
        "status": "active",
        "severity": "high",
        "classification": "unknown",
        "determination": "apt",
    }.get(option, "x")
    (message,) = read(incident_info, {"id": "1", option: value})[1]
    assert "mutually exclusive" in message
    assert read(incident_info, {option: value})[1] == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("status", "Active"),
        ("severity", "critical"),
        ("classification", "benign"),
        ("determination", "clean"),
    ],
)
def test_incident_info_takes_only_the_words_of_the_contract(option: str, value: str) -> None:
    assert read(incident_info, {option: [value]})[1]


# hunting_query


HUNTER = graph_token(roles=["ThreatHunting.Read.All"])
FOUND = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.security.huntingQueryResults",
    "schema": [{"name": "Timestamp", "type": "DateTime"}, {"name": "FileName", "type": "String"}],
    "results": [
        {"Timestamp": "2024-03-26T09:39:50.7688641Z", "FileName": "cmd.exe"},
        {"Timestamp": "2024-03-26T09:39:49.4353788Z", "FileName": "cmd.exe"},
    ],
}


def test_hunting_query_sends_the_query_and_returns_rows_and_columns(tenant_with: Tenants) -> None:
    http = FakeHttp(token_answer(HUNTER), answer(200, FOUND))
    result = run(
        hunting_query, tenant_with(http), query="DeviceProcessEvents | take 2", timespan="7d"
    )
    assert (result["rows"], result["count"], result["truncated"]) == (FOUND["results"], 2, False)
    assert result["schema"] == FOUND["schema"]
    call = http.asked[1]
    assert (call.method, call.url, call.payload) == (
        "POST",
        HUNT,
        {"Query": "DeviceProcessEvents | take 2", "Timespan": "PT604800S"},
    )
    assert (call.timeout or 0) > 180, "Microsoft gives a query three minutes"


@pytest.mark.parametrize(
    ("timespan", "sent"),
    [
        ("P7D", "P7D"),
        ("PT12H", "PT12H"),
        ("90m", "PT5400S"),
        (
            "2026-11-01T00:00:00Z/2026-11-02T02:00:00+02:00",
            "2026-11-01T00:00:00Z/2026-11-02T00:00:00Z",
        ),
    ],
)
def test_hunting_query_sends_the_time_span_as_iso_8601(
    tenant_with: Tenants, timespan: str, sent: str
) -> None:
    http = FakeHttp(token_answer(HUNTER), answer(200, FOUND))
    run(hunting_query, tenant_with(http), query="DeviceInfo", timespan=timespan)
    assert http.asked[1].payload == {"Query": "DeviceInfo", "Timespan": sent}


def test_hunting_query_without_a_time_span_sends_none(tenant_with: Tenants) -> None:
    http = FakeHttp(token_answer(HUNTER), answer(200, FOUND))
    run(hunting_query, tenant_with(http), query="DeviceInfo")
    assert http.asked[1].payload == {"Query": "DeviceInfo"}


def test_hunting_query_keeps_to_the_limit_and_says_so(tenant_with: Tenants) -> None:
    for limit, rows in ((1, 1), (2, 2), (3, 2)):
        result = run(
            hunting_query,
            tenant_with(FakeHttp(token_answer(HUNTER), answer(200, FOUND))),
            query="DeviceInfo",
            limit=limit,
        )
        assert (result["count"], len(result["rows"]), result["truncated"]) == (
            rows,
            rows,
            limit == 1,
        )


def full_answer(rows: int) -> t.Any:
    return answer(200, {"schema": [{"name": "A", "type": "Int64"}], "results": [{"A": 1}] * rows})


def test_hunting_query_notices_microsofts_cap_of_rows(tenant_with: Tenants) -> None:
    result = run(
        hunting_query,
        tenant_with(FakeHttp(token_answer(HUNTER), full_answer(100_000))),
        query="DeviceInfo",
    )
    assert result["truncated"] is True
    assert "Microsoft's limit" in result["warnings"][0]
    result = run(
        hunting_query,
        tenant_with(FakeHttp(token_answer(HUNTER), full_answer(99_999))),
        query="DeviceInfo",
    )
    assert (result["truncated"], result["warnings"]) == (False, [])
    error = failed(
        hunting_query,
        tenant_with(FakeHttp(token_answer(HUNTER), full_answer(100_000))),
        query="DeviceInfo",
        on_truncated="fail",
    )
    assert error.category == "truncated"


UNRESOLVED = (
    "'where' operator: Failed to resolve table or column expression named '{}'. Fix"
    " semantic errors in your query."
)


@pytest.mark.parametrize(
    ("table", "category"), [("EmailEvents", "not_licensed"), ("EmailEvent", "bad_query")]
)
def test_hunting_query_tells_an_unlicensed_table_from_a_misspelt_one(
    tenant_with: Tenants, table: str, category: str
) -> None:
    body = {
        "error": {
            "code": "BadRequest",
            "message": UNRESOLVED.format(table),
            "innerError": {"request-id": "1f0c7f3e"},
        }
    }
    error = failed(
        hunting_query,
        tenant_with(FakeHttp(token_answer(HUNTER), answer(400, body))),
        query=f"{table} | where Timestamp > ago(1d)",
    )
    assert (error.category, error.status, error.request_id, error.facts.get("table")) == (
        category,
        400,
        "1f0c7f3e",
        table if category == "not_licensed" else None,
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"schema": []},
        {"results": []},
        {"schema": None, "results": None},
        {"message": "Welcome to the hotel's network."},
    ],
)
def test_hunting_query_takes_no_answer_without_schema_and_results_for_an_empty_one(
    tenant_with: Tenants, body: dict[str, t.Any]
) -> None:
    assert (
        failed(
            hunting_query,
            tenant_with(FakeHttp(token_answer(HUNTER), answer(200, body))),
            query="DeviceInfo",
        ).category
        == "unavailable"
    )


@pytest.mark.parametrize(
    ("arguments", "category"),
    [
        ({"query": " "}, "bad_query"),
        ({"query_file": "/no/such/file.kql"}, "bad_query"),
        ({"query": "DeviceInfo", "parameters": {"1a": 1}}, "bad_request"),
        ({"query": "DeviceInfo", "parameters": {"a": None}}, "bad_request"),
        ({"query": "DeviceInfo", "timespan": "yesterday"}, "bad_request"),
        (
            {"query": "DeviceInfo", "timespan": "2026-11-02T00:00:00Z/2026-11-01T00:00:00Z"},
            "bad_request",
        ),
        (
            {"query": "DeviceInfo", "timespan": "2026-11-01T00:00:00/2026-11-02T00:00:00Z"},
            "bad_request",
        ),
        ({"query": "DeviceInfo", "limit": -1}, "bad_request"),
        ({"query": "DeviceInfo", "mode": "9"}, "bad_request"),
        ({"query": "DeviceInfo", "dest": "/dev/null"}, "bad_request"),
        ({"query": "DeviceInfo", "dest": "/tmp"}, "bad_request"),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_hunting_query_refuses_before_anything_is_sent(
    tenant_with: Tenants, arguments: dict[str, t.Any], category: str, check_mode: bool
) -> None:
    http = FakeHttp()
    assert (
        failed(hunting_query, tenant_with(http), check_mode=check_mode, **arguments).category
        == category
    )
    assert http.asked == []


def streaming(found: t.Any) -> FakeHttp:
    """An answer in pieces, as a hunt into a file takes it."""

    class Streaming(FakeHttp):
        def send(self, *arguments: t.Any, into: t.Any = None, **rest: t.Any) -> t.Any:
            done = super().send(*arguments, into=into, **rest)
            if into is not None:
                into.write(json.dumps(found).encode())
            return done

    return Streaming(token_answer(HUNTER), answer(200))


def test_hunting_query_refuses_a_missing_folder_unless_a_task_before_it_would_have_made_it(
    tenant_with: Tenants,
) -> None:
    http = FakeHttp()
    assert (
        failed(
            hunting_query, tenant_with(http), query="DeviceInfo", dest="/no/such/folder/file"
        ).category
        == "bad_request"
    )
    assert http.asked == []
    result = run(
        hunting_query,
        tenant_with(streaming(FOUND)),
        query="DeviceInfo",
        dest="/no/such/folder/file",
        check_mode=True,
    )
    assert result["changed"] is True


@pytest.mark.parametrize("form", ["ndjson", "csv", "parquet"])
def test_hunting_query_reads_in_check_mode_and_writes_no_file(
    tenant_with: Tenants, tmp_path: Path, form: str
) -> None:
    """The same result as a run, which says whether the file would differ."""
    if form == "parquet":
        pytest.importorskip("pyarrow")
    dest = tmp_path / "rows"

    def hunted(*, check_mode: bool, found: t.Any = None) -> dict[str, t.Any]:
        http = streaming(found or FOUND)
        result = run(
            hunting_query,
            tenant_with(http),
            query="DeviceInfo",
            dest=str(dest),
            format=form,
            check_mode=check_mode,
        )
        http.done()
        return result

    first = hunted(check_mode=True)
    assert os.listdir(tmp_path) == []
    assert (first["changed"], first["count"]) == (True, 2)
    assert hunted(check_mode=False) == first
    before = dest.read_bytes()
    assert hunted(check_mode=True)["changed"] is hunted(check_mode=False)["changed"] is False
    assert hunted(check_mode=True, found={**FOUND, "results": []})["changed"] is True
    assert dest.read_bytes() == before
    assert os.listdir(tmp_path) == ["rows"]


def test_hunting_query_reads_in_check_mode_without_a_file_as_it_does_otherwise(
    tenant_with: Tenants,
) -> None:
    results = [
        run(
            hunting_query,
            tenant_with(FakeHttp(token_answer(HUNTER), answer(200, FOUND))),
            query="DeviceInfo",
            check_mode=check_mode,
        )
        for check_mode in (False, True)
    ]
    assert results[0] == results[1]


@pytest.mark.parametrize("check_mode", [False, True])
def test_hunting_query_only_validates_when_told_to(
    tenant_with: Tenants, monkeypatch: pytest.MonkeyPatch, check_mode: bool
) -> None:
    monkeypatch.setattr(_kql, "duckdb_kql", None)
    http = FakeHttp()
    assert run(
        hunting_query,
        tenant_with(http),
        query="DeviceInfo",
        validate_only=True,
        check_mode=check_mode,
    ) == {"checked": False}
    assert http.asked == []


@pytest.mark.parametrize(
    ("module", "arguments", "more"),
    [
        (access_token, {}, []),
        (access_token_info, {"required_roles": [INCIDENT_ROLE]}, []),
        (incident_info, {}, [answer(200, {"value": []})]),
        (hunting_query, {"query": "DeviceInfo"}, [answer(200, FOUND)]),
    ],
)
def test_what_reads_does_the_same_in_check_mode(
    tenant_with: Tenants, module: t.Any, arguments: dict[str, t.Any], more: list[t.Any]
) -> None:
    token = HUNTER if module is hunting_query else GOOD
    results = [
        run(module, tenant_with(FakeHttp(token_answer(token), *more)), **arguments, check_mode=mode)
        for mode in (False, True)
    ]
    assert results[0] == results[1]


@pytest.mark.parametrize("arguments", [{}, {"query": "x", "query_file": "y"}])
def test_hunting_query_takes_one_query(arguments: dict[str, t.Any]) -> None:
    assert len(read(hunting_query, arguments)[1]) == 1


# Every module


@pytest.mark.parametrize("module", [access_token, access_token_info, incident_info, hunting_query])
def test_every_module_reads_the_contracts_defaults(module: t.Any) -> None:
    params, refused = read(module, {"query": "x"} if module is hunting_query else {})
    assert refused == []
    wanted = {**parameters(tenant_name=None), "token_cache": "none"}
    assert {name: params.get(name) for name in wanted} == wanted
