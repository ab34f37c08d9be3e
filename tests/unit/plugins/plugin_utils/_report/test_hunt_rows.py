# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of hunts in a report, and the files that keep them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    hunt_rows as _hunt_rows,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.hunt_rows import read
from ansible_collections.mssp.defender_xdr.tests.unit.plugins.plugin_utils._report.reports import (
    alert,
    hunt,
    incident,
    made,
    tenant,
)


def test_the_rows_of_a_hunt_of_any_name_stay_below_the_report() -> None:
    rows = [{"DeviceName": "pc"}]
    report = made(tenant("a"), hunts={"../../away": hunt(hits={"a": 1}, rows={"a": rows})})
    assert report["hunts"][0]["dest"] == "hunts/..%2F..%2Faway.ndjson"


def test_hits_and_incidents_of_one_device_or_account_are_linked() -> None:
    rows = [
        {
            "Timestamp": "2026-11-24T01:00:00Z",
            "DeviceName": "pc-1",
            "ProcessCommandLine": "x" * 300,
        },
        {"AccountName": "CONTOSO\\Ana", "FileName": "a.exe"},
        {"DeviceName": "pc-2", "AccountName": "system"},
    ]
    hunts = {"script": hunt(hits={"a": 3, "b": 1}, rows={"a": rows, "b": rows[:1]})}
    report = made(
        tenant("a", incident(alerts=[alert()]), incident(id="8")),
        tenant("b", incident(id="9")),
        hunts=hunts,
    )
    assert [one["hunts"] for one in report["incidents"]] == [["script"], [], []]
    [entry] = report["hunts"]
    assert [(row["host"], row["incidents"]) for row in entry["shown"]] == [
        ("a", ["7"]),
        ("a", ["7"]),
        ("a", []),
        ("b", []),
    ]
    assert entry["dest"] == "hunts/script.ndjson"
    assert [row["account"] for row in entry["shown"]] == ["", "CONTOSO\\Ana", "system", ""]
    assert len(entry["shown"][0]["what"]) == 200


@pytest.mark.parametrize("in_file", [False, True])
def test_a_report_on_some_tenants_has_no_row_of_another(tmp_path: Path, in_file: bool) -> None:
    """A report for one customer, out of a hunt over all of them."""
    rows = {host: [{"DeviceName": f"pc-of-{host}", "RemoteIP": "203.0.113.9"}] for host in "abc"}
    hunts = {"script": hunt(hits=dict.fromkeys("abc", 1), rows=rows)}
    if in_file:
        source = tmp_path / "all.ndjson"
        lines = [{**rows[host][0], "tenant_id": f"ID-{host}".upper()} for host in "abc"]
        source.write_text("".join(json.dumps(line) + "\n" for line in lines))
        hunts["script"] |= {"dest": str(source), "rows": {}}
    dest = tmp_path / "report"
    found = read(hunts, {"id-a": "a"}, str(dest))
    columns = {"a": {"tenant_id": "id-a", "tenant_name": "A"}}
    assert _hunt_rows.keep(hunts, found, columns, str(dest), check_mode=False)
    kept = (dest / "hunts/script.ndjson").read_text()
    assert [json.loads(line)["DeviceName"] for line in kept.splitlines()] == ["pc-of-a"]
    report = made(tenant("a"), hunts=hunts, rows=found)
    assert "pc-of-b" not in json.dumps(report)
    # what it shares with tenants outside the report is not told either
    assert report["shared"] == []
