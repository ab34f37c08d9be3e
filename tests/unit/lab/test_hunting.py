# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hunting in the lab: KQL answered and refused as the service does, and no tenant sees another."""

from __future__ import annotations

import json
import typing as t
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from defender_lab.hunting import arena as hunting_arena
from defender_lab.hunting.engine import (
    ROW_CAP,
    HuntingEngine,
    HuntingRefused,
    hunting_tables,
)
from defender_lab.hunting.window import window
from defender_lab.world.world import World, WorldTenant, build_world

NOW = datetime(2026, 9, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    names = [f"t{number}" for number in range(8)]
    return build_world(
        [
            WorldTenant(str(uuid.uuid5(uuid.NAMESPACE_DNS, name)), name, f"{name}.onmicrosoft.com")
            for name in names
        ],
        seed=7,
        now=NOW,
    )


@pytest.fixture(scope="module")
def engine(world: World) -> Iterator[HuntingEngine]:
    engine = HuntingEngine(world)
    yield engine
    engine.close()


@pytest.fixture
def tenant(world: World) -> str:
    return next(iter(world.tenants))


@pytest.fixture
def rows(engine: HuntingEngine, tenant: str) -> t.Callable[..., list[dict[str, t.Any]]]:
    def run(query: str, timespan: str | None = None, **more: t.Any) -> list[dict[str, t.Any]]:
        return engine.run(
            more.pop("tenant", tenant), query, timespan, **{"now": NOW, **more}
        ).results

    return run


def refused(
    engine: HuntingEngine, tenant: str, query: str, timespan: str | None = None, **more: t.Any
) -> HuntingRefused:
    with pytest.raises(HuntingRefused) as caught:
        engine.run(tenant, query, timespan, **{"now": NOW, **more})
    return caught.value


def test_all_documented_tables_and_columns_answer(engine: HuntingEngine, tenant: str) -> None:
    assert len(hunting_tables()) >= 65
    for table, columns in hunting_tables().items():
        answer = engine.run(tenant, f"{table} | take 1", None, now=NOW)
        assert [one["name"] for one in answer.schema] == list(columns)


def test_types_bear_the_names_of_graph(engine: HuntingEngine, tenant: str) -> None:
    query = (
        'print a=now(), b="x", c=1, d=toint(1), e=true, f=1.5, g=dynamic({"k":[1]}),'
        " h=guid(11111111-1111-1111-1111-111111111111), i=36h"
    )
    answer = engine.run(tenant, query, None, now=NOW)
    assert [one["type"] for one in answer.schema] == [
        "DateTime",
        "String",
        "Int64",
        "Int32",
        "SByte",
        "Double",
        "Object",
        "Guid",
        "TimeSpan",
    ]
    (row,) = answer.results
    assert row == {
        "a": "2026-09-20T12:00:00Z",
        "b": "x",
        "c": 1,
        "d": 1,
        "e": True,
        "f": 1.5,
        "g": {"k": [1]},
        "h": "11111111-1111-1111-1111-111111111111",
        "i": "1.12:00:00",
    }
    json.dumps(answer.results)


def test_rows_come_back_as_the_world_made_them(
    world: World, tenant: str, rows: t.Callable[..., list[dict[str, t.Any]]]
) -> None:
    for table in ("EmailEvents", "CloudAppEvents", "DeviceProcessEvents"):
        found = rows(f"{table} | sort by Timestamp asc")
        made = world.tables(tenant)[table]
        assert [
            {key: value for key, value in row.items() if key in want}
            for row, want in zip(found, made, strict=True)
        ] == made


def test_what_is_absent_is_an_empty_string_or_null(
    rows: t.Callable[..., list[dict[str, t.Any]]],
) -> None:
    (row,) = rows("EmailEvents | take 1")
    assert row["Connectors"] == ""
    assert row["BulkComplaintLevel"] is None
    assert (
        rows("EmailEvents | where isempty(Connectors) and isnull(BulkComplaintLevel) | count")[0][
            "Count"
        ]
        > 0
    )


@pytest.mark.parametrize(
    "query",
    [
        "{0} | project {1}",
        (
            "union {0}, DeviceInfo, CloudAppEvents | where isnotempty({1}) | project Timestamp,"
            " Found = {1}"
        ),
        (
            "let mine = materialize({0} | where Timestamp > ago(30d)); mine | join kind=fullouter"
            " (mine | distinct {1}) on {1}"
        ),
        (
            "DeviceInfo | join kind=fullouter (IdentityInfo) on $left.DeviceName =="
            " $right.AccountUpn | join kind=fullouter {0} on $left.DeviceId == $right.{1}"
        ),
        (
            "union withsource=Origin Device*Events, Email*, Alert*, IdentityInfo | summarize"
            " make_set({1}, 999) by Origin"
        ),
    ],
)
@pytest.mark.parametrize(
    ("table", "column"),
    [("DeviceProcessEvents", "DeviceName"), ("EmailEvents", "RecipientEmailAddress")],
)
def test_no_tenant_sees_another(world: World, query: str, table: str, column: str) -> None:
    # one arena for all: every tenant moves in where the one before it lived
    engine = HuntingEngine(world, arenas=1)
    for tenant in list(world.tenants) * 2:
        text = json.dumps(engine.run(tenant, query.format(table, column), None, now=NOW).results)
        assert world.tenants[tenant].domain in text or f"{world.tenants[tenant].name}-" in text
        for other in world.tenants.values():
            if other.id != tenant:
                assert f"@{other.domain}" not in text
                assert f'"{other.name}-' not in text


def test_many_threads_keep_the_tenants_apart(world: World) -> None:
    engine = HuntingEngine(world, arenas=3)

    def hunt(number: int) -> bool:
        tenant = list(world.tenants.values())[number % 8]
        found = engine.run(tenant.id, "DeviceInfo | distinct DeviceName", None, now=NOW).results
        return len(found) == 11 and all(
            row["DeviceName"].startswith(f"{tenant.name}-") for row in found
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(hunt, range(120)))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "EmailEvents | project Foo",
            "'project' operator: Failed to resolve scalar expression named 'Foo'.",
        ),
        (
            "EmailEvents | where timestamp > ago(1d)",
            "'where' operator: Failed to resolve scalar expression named 'timestamp'.",
        ),
        (
            "EmailEvents | summarize count() by Foo",
            "'summarize' operator: Failed to resolve scalar expression named 'Foo'.",
        ),
        (
            "EmailEvents | project Subject | where SenderIPv4 == ''",
            "'where' operator: Failed to resolve scalar expression named 'SenderIPv4'.",
        ),
        (
            "AlertInfo | join (AlertEvidence | where rowid == 1) on AlertId",
            "'where' operator: Failed to resolve scalar expression named 'rowid'.",
        ),
        (
            "union EmailEvents, DeviceEvents | where ReportId == 1",
            "'where' operator: Failed to resolve scalar expression named 'ReportId'.",
        ),
        (
            "Foo | where x == 1",
            "'where' operator: Failed to resolve table or column expression named 'Foo'.",
        ),
        (
            "emailevents | count",
            "'count' operator: Failed to resolve table or column expression named 'emailevents'.",
        ),
        (
            "union EmailEvents, Foo",
            "'union' operator: Failed to resolve table expression named 'Foo'.",
        ),
        (
            "duckdb_settings | take 1",
            (
                "'take' operator: Failed to resolve table or column expression named"
                " 'duckdb_settings'."
            ),
        ),
        (
            "['/etc/passwd'] | take 1",
            "'take' operator: Failed to resolve table or column expression named '/etc/passwd'.",
        ),
        (
            "EmailEvents | where Timestamp > '2026-09-01'",
            "Cannot compare values of types datetime and string. Try adding explicit casts.",
        ),
        (
            "EmailEvents | where Subject == 5",
            "Cannot compare values of types string and long. Try adding explicit casts.",
        ),
        (
            "EmailEvents | project Subject, Subject",
            "The query has a semantic error: 'project' names two columns 'Subject'.",
        ),
        ("EmailEvents | extend x = OurOwnFunction(Subject)", "Unknown function: 'OurOwnFunction'."),
    ],
)
def test_names_are_resolved_as_kusto_does(
    engine: HuntingEngine, tenant: str, query: str, message: str
) -> None:
    error = refused(engine, tenant, query)
    assert (error.status, error.code, error.message) == (
        400,
        "BadRequest",
        f"{message} Fix semantic errors in your query.",
    )


@pytest.mark.parametrize(
    ("where", "least"),
    [
        ("Timestamp between (t - 1h .. t + 1h)", "t - 1h"),
        ("Timestamp !between (ago(2d) .. ago(1d) + 1h)", None),
        (
            "Timestamp between(ago(3d)-1h..now()-1h) and ReportId !between (1 - 3 .. 0 * 2)",
            "ago(3d) - 1h",
        ),
        ("Timestamp between (t .. t + w)", "t"),
        ("Timestamp between (startofday(ago(2d)) - w * 2 .. now())", "startofday(ago(2d)) - w * 2"),
        (
            "Timestamp between (ago(2d) - 2h .. 1d + 1h) and Timestamp <= ago(2d) + 23h",
            "ago(2d) - 2h",
        ),
        (
            "Timestamp between (iff(1 between (0 + 1 .. 2), ago(3d), now()) - w .. now())",
            "ago(3d) - w",
        ),
        ("Timestamp between (t\n - 1h // .. not here)\n .. t + 1h)", "t - 1h"),
    ],
)
def test_arithmetic_in_a_range_is_answered(
    rows: t.Callable[..., list[dict[str, t.Any]]], where: str, least: str | None
) -> None:
    head = "let w = 1h; DeviceInfo | extend t = ago(1d)"
    found = rows(f"{head} | where {where} | project ReportId, Timestamp")
    if least:
        within = rows(f"{head} | where Timestamp >= {least} | project ReportId, Timestamp")
        assert all(row in within for row in found)


def test_a_range_with_arithmetic_is_the_same_as_its_two_comparisons(
    rows: t.Callable[..., list[dict[str, t.Any]]],
) -> None:
    ranged = rows(
        "DeviceProcessEvents | extend t = ago(3d) | where Timestamp between (t - 1d .. t + 2 * 1d)"
        " | project Timestamp"
    )
    compared = rows(
        "DeviceProcessEvents | extend t = ago(3d) | where Timestamp >= t - 1d and Timestamp <= t +"
        " 2 * 1d | project Timestamp"
    )
    assert ranged == compared != []
    for low, high in (
        ("ago(4d)", "3d"),
        ("ago(5d) + 1d", "2d * 1 + 1d"),
        ("datetime(2026-09-16 12:00:00)", "3d"),
        ("startofday(ago(4d)) + 12h", "2d + 24h"),
    ):
        assert (
            rows(
                f"DeviceProcessEvents | where Timestamp between ({low} .. {high}) | project"
                " Timestamp"
            )
            == ranged
        )
    outside = rows(
        "DeviceProcessEvents | extend t = ago(3d) | where Timestamp !between (t - 1d .. t + 2 *"
        " 1d) | project Timestamp"
    )
    assert len(outside) + len(ranged) == len(rows("DeviceProcessEvents | project Timestamp"))
    assert rows("print a = 3 in (1 + 1, 5 - 2), b = 4 !in (1 + 1, 5 - 2)") == [
        {"a": True, "b": True}
    ]


def test_a_count_of_distinct_values_names_its_column_as_kusto_does(
    rows: t.Callable[..., list[dict[str, t.Any]]],
) -> None:
    (row,) = rows(
        "DeviceInfo | summarize count_distinct(DeviceName), n = count_distinct(DeviceName),"
        " dcount(DeviceName)"
    )
    assert row["count_distinct_DeviceName"] == row["n"] == row["dcount_DeviceName"] > 0
    by = rows(
        "DeviceInfo | summarize count_distinct( DeviceName ) by OSPlatform | where"
        " count_distinct_DeviceName > 0"
    )
    assert by
    assert set(by[0]) == {"OSPlatform", "count_distinct_DeviceName"}
    (named,) = rows(
        "DeviceInfo | summarize count_distinctif(DeviceName, OSPlatform != '') | project n ="
        " count_distinctif_DeviceName"
    )
    assert named["n"] > 0
    assert rows("DeviceInfo | summarize x = count_distinct(DeviceName) + 1") == [
        {"x": row["n"] + 1}
    ]


@pytest.mark.parametrize(
    "query",
    [
        "let n = 1; let n = 2; DeviceInfo | take n",
        "let n = 1;\nlet ['n'] = 2;\nDeviceInfo | take n",
        "let n = dynamic(['let n = 3;']);\n// let n = 4;\nlet m = 1; let n = 2; DeviceInfo",
    ],
)
def test_a_name_cannot_be_declared_twice(engine: HuntingEngine, tenant: str, query: str) -> None:
    error = refused(engine, tenant, query)
    assert error.message == (
        "A variable with the name 'n' has already been declared. Fix semantic errors in your query."
    )
    assert (
        refused(
            engine, tenant, "let n = 1; let f = () { let n = 2; DeviceInfo | take n }; f() | take n"
        ).status
        == 501
    )


def test_what_only_the_translator_cannot_parse_is_a_limit_of_the_lab(
    engine: HuntingEngine, tenant: str
) -> None:
    error = refused(
        engine, tenant, "let f = (name: string) { table(name) | take 1 };\nf('DeviceInfo')"
    )
    assert (error.status, error.code) == (501, "NotSupportedByTheLab")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "The query is empty."),
        ("  // nothing but words\n", "The query is empty."),
        ("EmailEvents | wherex 1", "Query operator expected."),
        ("EmailEvents |", "Query operator expected."),
        ("EmailEvents | where (Subject", "A recognition error occurred."),
        ("EmailEvents | where Subject == 'x", "A recognition error occurred."),
        ("EmailEvents | where Subject = 'x'", "A recognition error occurred."),
        (".show tables", "A recognition error occurred."),
        (".drop table EmailEvents", "A recognition error occurred."),
    ],
)
def test_slips_of_syntax_are_refused_in_the_words_of_the_service(
    engine: HuntingEngine, tenant: str, query: str, reason: str
) -> None:
    error = refused(engine, tenant, query)
    assert (error.status, error.code, error.message) == (
        400,
        "BadRequest",
        f"{reason}. Fix syntax errors in your query.",
    )


def test_keys_of_a_join_may_be_joined_by_and(engine: HuntingEngine, tenant: str) -> None:
    join = (
        "EmailEvents | join kind=inner EmailUrlInfo on $left.NetworkMessageId =="
        " $right.NetworkMessageId {} $left.ReportId == $right.ReportId | count"
    )
    assert engine.run(tenant, join.format("and"), None, now=NOW) == engine.run(
        tenant, join.format(","), None, now=NOW
    )


@pytest.mark.parametrize(
    "query",
    [
        'search "x"',
        "EmailEvents | evaluate bag_unpack(AdditionalFields)",
        "EmailEvents | make-series n=count() on Timestamp step 1d",
        "EmailEvents | project-keep Subject",
        "EmailEvents | parse-kv Subject as (x:string)",
        "DeviceFileEvents | invoke FileProfile(SHA1, 1000)",
        "EmailEvents | extend x = ipv4_is_private(SenderIPv4)",
        'database("store").EmailEvents | count',
        'cluster("x").database("y").EmailEvents | count',
        "externaldata(x:string)['https://www.contoso.example/list.csv'] | count",
        "EmailEvents | extend subject = 1",
        'DeviceNetworkEvents | where RemotePort == "3389"',
        "EmailEvents | summarize count() by bin(5Minutes=Timestamp, 5m) | project 5Minutes",
        "union EmailEvents, CloudAppEvents | take 1",
        "union EmailEvents, DeviceEvents | project ReportId_long",
        "union EmailEvents, DeviceEvents | summarize arg_max(Timestamp, *)",
        "union EmailEvents, DeviceEvents | extend x = 1 | join kind=inner DeviceInfo on DeviceId",
    ],
)
def test_a_limit_of_the_lab_is_never_called_an_error_of_the_query(
    engine: HuntingEngine, tenant: str, query: str
) -> None:
    error = refused(engine, tenant, query)
    assert (error.status, error.code) == (501, "NotSupportedByTheLab")
    assert error.message.startswith("Not supported by the lab: ")
    assert "query." not in error.message


def test_a_table_without_licence_is_one_that_does_not_exist(
    engine: HuntingEngine, tenant: str
) -> None:
    query = "EmailEvents | where Timestamp > ago(1d)"
    assert engine.run(tenant, query, None, now=NOW).schema
    error = refused(engine, tenant, query, absent_tables=frozenset({"EmailEvents"}))
    expected = (
        "'where' operator: Failed to resolve table or column expression named"
        " 'EmailEvents'. Fix semantic errors in your query."
    )
    assert (error.status, error.code, error.message) == (400, "BadRequest", expected)
    union = engine.run(
        tenant,
        "union isfuzzy=true DeviceInfo, EmailEvents | count",
        None,
        absent_tables=frozenset({"EmailEvents"}),
        now=NOW,
    )
    assert union.results == [{"Count": 33}]


@pytest.mark.parametrize(
    "query",
    [
        'EmailEvents | where Subject == "x\\"; DROP TABLE store.\\"EmailEvents\\"; --" | count',
        (
            "EmailEvents | where Subject == @\"' UNION SELECT * FROM read_csv('/etc/passwd') --\" |"
            " count"
        ),
        (
            "EmailEvents | extend ['x\") FROM duckdb_settings() --'] = 1 | project ['x\") FROM"
            " duckdb_settings() --'] | take 1"
        ),
        "let ['a\"; ATTACH ''/tmp/x'''] = EmailEvents; ['a\"; ATTACH ''/tmp/x'''] | count",
    ],
)
def test_text_of_a_query_stays_text(engine: HuntingEngine, tenant: str, query: str) -> None:
    try:
        engine.run(tenant, query, None, now=NOW)
    except HuntingRefused as error:
        assert error.status in (400, 501)  # noqa: PT017
    assert engine.run(tenant, "EmailEvents | count", None, now=NOW).results[0]["Count"] > 0


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        'SELECT * FROM store."EmailEvents"',
        "SELECT * FROM information_schema.tables",
        "SELECT 1 FROM \"EmailEvents\" WHERE 1 IN (SELECT 1 FROM glob('*'))",
        "SELECT 1; SELECT 2",
        "DROP TABLE x",
        "COPY (SELECT 1) TO '/tmp/x'",
        "SET threads = 4",
    ],
)
def test_sql_that_reads_anything_else_is_stopped_whatever_made_it(sql: str) -> None:
    arena = hunting_arena.Arena()
    with pytest.raises(HuntingRefused, match="Not supported by the lab"):
        arena.vet(sql, ["EmailEvents"])


@pytest.mark.parametrize(
    "sql",
    ["SELECT * FROM read_csv('/etc/passwd')", "SET threads = 4", "ATTACH 'x.db'", "INSTALL httpfs"],
)
def test_the_arena_itself_is_shut(sql: str) -> None:
    with pytest.raises(HuntingRefused):
        hunting_arena.Arena().run(sql, {}, window(None, NOW), 1)


@pytest.mark.parametrize(
    ("timespan", "since", "until"),
    [
        (None, NOW - timedelta(days=30), None),
        ("P7D", NOW - timedelta(days=7), None),
        ("PT1H", NOW - timedelta(hours=1), None),
        ("P1DT12H30M", NOW - timedelta(days=1, hours=12, minutes=30), None),
        ("P1W", NOW - timedelta(days=7), None),
        ("P90D", NOW - timedelta(days=30), None),
        ("2026-09-10T02:00:00+02:00", datetime(2026, 9, 10, tzinfo=UTC), None),
        ("2020-01-01", NOW - timedelta(days=30), None),
        (
            "2026-09-10T00:00:00Z/2026-09-12T00:00:00Z",
            datetime(2026, 9, 10, tzinfo=UTC),
            datetime(2026, 9, 12, tzinfo=UTC),
        ),
        (
            "2026-09-10T02:00:00.1234567+02:00/P1D",
            datetime(2026, 9, 10, 0, 0, 0, 123456, tzinfo=UTC),
            datetime(2026, 9, 11, 0, 0, 0, 123456, tzinfo=UTC),
        ),
        ("P1D/2026-09-11", datetime(2026, 9, 10, tzinfo=UTC), datetime(2026, 9, 11, tzinfo=UTC)),
        ("2020-01-01/P1Y", NOW - timedelta(days=30), datetime(2020, 12, 31, tzinfo=UTC)),
    ],
)
def test_a_timespan_is_read_as_iso_8601(
    timespan: str | None, since: datetime, until: datetime | None
) -> None:
    seen = window(timespan, NOW)
    assert (seen.since, seen.until) == (
        since.replace(tzinfo=None),
        until and until.replace(tzinfo=None),
    )


@pytest.mark.parametrize(
    "timespan",
    ["", "7d", "P", "PT", "P7", "yesterday/today", "2026-09-12/2026-09-10", "P1D/P1D", "/", "-P1D"],
)
def test_a_timespan_that_is_none_is_refused(
    engine: HuntingEngine, tenant: str, timespan: str
) -> None:
    assert refused(engine, tenant, "EmailEvents", timespan).status == 400


def test_the_shorter_of_query_and_timespan_wins(
    world: World, tenant: str, rows: t.Callable[..., list[dict[str, t.Any]]]
) -> None:
    def younger(days: int) -> int:
        oldest = (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H")
        return sum(
            row["Timestamp"] >= oldest for row in world.tables(tenant)["DeviceProcessEvents"]
        )

    assert 0 < younger(3) < younger(10) < younger(30)
    for query, timespan, days in [
        ("30d", "P3D", 3),
        ("3d", "P10D", 3),
        ("10d", None, 10),
        ("90d", "P90D", 30),
    ]:
        assert rows(f"DeviceProcessEvents | where Timestamp > ago({query}) | count", timespan) == [
            {"Count": younger(days)}
        ]
    twice = "union mine, DeviceProcessEvents | distinct ReportId"
    nested = (
        f"let mine = DeviceProcessEvents; mine | join kind=leftsemi ({twice}) on ReportId | count"
    )
    assert rows(nested, "P3D") == [{"Count": younger(3)}]


def test_tables_without_a_time_know_no_timespan(
    rows: t.Callable[..., list[dict[str, t.Any]]],
) -> None:
    assert rows("DeviceTvmSoftwareInventory | count", "PT1S") == rows(
        "DeviceTvmSoftwareInventory | count"
    )


def test_now_is_the_now_of_the_lab(rows: t.Callable[..., list[dict[str, t.Any]]]) -> None:
    for moment in (NOW, NOW + timedelta(days=2), NOW.astimezone(tz=None)):
        (row,) = rows("print now(), ago(1d)", now=moment)
        assert row["print_0"] == moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert rows("DeviceProcessEvents | count", now=NOW + timedelta(days=40)) == [{"Count": 0}]


def test_no_answer_is_longer_than_the_service_allows(engine: HuntingEngine, tenant: str) -> None:
    assert (
        len(engine.run(tenant, "range x from 1 to 150000 step 1", None, now=NOW).results)
        == ROW_CAP
        == 100_000
    )


def test_a_hunt_that_takes_too_long_ends_as_it_does_in_life(
    engine: HuntingEngine, tenant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hunting_arena, "_SECONDS", 0.2)
    crowd = "range x from 1 to 30000 step 1 | extend k = 1"
    error = refused(engine, tenant, f"{crowd} | join kind=inner ({crowd}) on k | summarize sum(x)")
    assert (error.status, error.code, error.message) == (504, "UnknownError", "")
    assert engine.run(tenant, "print 1", None, now=NOW).results == [{"print_0": 1}]


HUNTS = {
    "phishing": """
        let clicks = UrlClickEvents
        | where ActionType == "ClickAllowed" | project ClickTime = Timestamp, AccountUpn, Url;
        let rules = CloudAppEvents
        | where ActionType == "New-InboxRule"
        | project AccountObjectId, RuleTime = Timestamp, RawEventData;
        EntraIdSignInEvents
        | where ErrorCode == 0 and RiskLevelAggregated >= 50
        | join kind=inner clicks on AccountUpn
        | where Timestamp between (ClickTime .. (ClickTime + 1h))
        | join kind=inner rules on AccountObjectId
        | mv-expand Parameter = RawEventData.Parameters
        | where tostring(Parameter.Name) == "DeleteMessage"
        | project Indicator = IPAddress""",
    "intrusion": r"""
        DeviceProcessEvents
        | where FileName =~ "powershell.exe" and ProcessCommandLine has "EncodedCommand"
        | where InitiatingProcessFileName in~ ("winword.exe", "excel.exe")
        | extend Encoded = extract(@"-EncodedCommand (\S+)", 1, ProcessCommandLine)
        | extend Script = replace_string(base64_decode_tostring(Encoded), "\0", "")
        | project Indicator = extract(@"https://([^/\x00]+)", 1, Script)
        | union (DeviceNetworkEvents
            | where InitiatingProcessFileName =~ "WinHelperSvc.exe"
            | distinct Indicator = RemoteUrl)
        | where isnotempty(Indicator)""",
    "consent": """
        OAuthAppInfo
        | where PrivilegeLevel == "High" and RiskScore > 80
        | join kind=inner (GraphApiAuditEvents
            | where RequestUri contains "/messages" | summarize Calls = count() by ApplicationId)
            on $left.OAuthAppId == $right.ApplicationId
        | where Calls > 50
        | project Indicator = OAuthAppId""",
    "ransomware": """
        DeviceProcessEvents
        | where ProcessCommandLine has_all ("delete", "shadows", "all")
            or ProcessCommandLine has "shadowcopy"
        | distinct Indicator = InitiatingProcessSHA256""",
    "exfiltration": """
        DeviceProcessEvents
        | where FileName =~ "rclone.exe"
        | project DeviceId, ProcessId
        | join kind=inner (DeviceNetworkEvents | where RemoteIPType == "Public")
            on DeviceId, $left.ProcessId == $right.InitiatingProcessId
        | distinct Indicator = RemoteUrl""",
}
INDICATOR = {
    "phishing": "attacker_ip",
    "intrusion": "c2_domain",
    "consent": "app_id",
    "ransomware": "tool_sha256",
    "exfiltration": "storage_domain",
}


@pytest.mark.parametrize("name", list(HUNTS))
def test_a_good_hunt_finds_its_story_and_no_decoy(
    world: World, engine: HuntingEngine, name: str
) -> None:
    (story,) = [one for one in world.stories if one.name == name]
    for tenant in world.tenants:
        found = {row["Indicator"] for row in engine.run(tenant, HUNTS[name], None, now=NOW).results}
        expected = {story.indicators[INDICATOR[name]]} if tenant in story.tenants else set()
        assert found == expected


def test_a_careless_hunt_falls_for_the_decoy(world: World, engine: HuntingEngine) -> None:
    (story,) = [one for one in world.stories if one.name == "intrusion"]
    for decoy in story.decoys:
        query = (
            'DeviceProcessEvents | where ProcessCommandLine has "EncodedCommand" | project'
            " ProcessCommandLine"
        )
        assert {"ProcessCommandLine": decoy.value} in engine.run(
            decoy.tenant_id, query, None, now=NOW
        ).results
