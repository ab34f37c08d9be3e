# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""hunting_query: the request, its rows, files and limits."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import kql as _kql
from ansible_collections.mssp.defender_xdr.plugins.modules import hunting_query
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.modules.runs import (
    FOUND,
    HUNTER,
    Tenants,
    failed,
    read,
    run,
)
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.stand_ins import (
    FakeHttp,
    answer,
    token_answer,
)

HUNT = "https://graph.microsoft.com/v1.0/security/runHuntingQuery"


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
    monkeypatch.setattr(_kql, "duckdb_kql", lambda: None)
    http = FakeHttp()
    assert run(
        hunting_query,
        tenant_with(http),
        query="DeviceInfo",
        validate_only=True,
        check_mode=check_mode,
    ) == {"checked": False}
    assert http.asked == []


@pytest.mark.parametrize("arguments", [{}, {"query": "x", "query_file": "y"}])
def test_hunting_query_takes_one_query(arguments: dict[str, t.Any]) -> None:
    assert len(read(hunting_query, arguments)[1]) == 1
