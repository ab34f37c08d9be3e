# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as people get it: by the playbooks, against the lab's truth, with an exit code that a
scheduler can use."""

from __future__ import annotations

import csv
import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.documents import blocks
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible

Json = dict[str, t.Any]
Customers = t.Callable[[int], list[Customer]]
FILES: t.Final = {
    "report.html",
    "report.json",
    "report.md",
    "summary.csv",
    "questions.csv",
    "tenants.csv",
    "incidents.csv",
    "hits.csv",
    "indicators.csv",
}


@pytest.fixture
def ours(lab: Lab, ansible: Ansible) -> Ansible:
    """Ansible with the 25 tenants of the default mix, without the one that would make every
    playbook wait for its windows."""
    ansible.inventory = lab.inventory
    return ansible


def but_throttled(lab: Lab, **variables: t.Any) -> list[str]:
    return [
        "-e",
        json.dumps({"defender_xdr_hosts": f"tenants:!{lab.of('throttled')}", **variables}),
    ]


def report_in(dest: Path, *more: str) -> Json:
    assert {path.name for path in dest.iterdir()} == FILES | set(more)
    files = [path for path in dest.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    return t.cast("Json", json.loads((dest / "report.json").read_text(encoding="utf-8")))


def check_incidents(lab: Lab, report: Json) -> None:
    """Coverage and numbers are the lab's truth."""
    asked = {host: truth for host, truth in lab.truth.items() if host != lab.of("throttled")}
    told = {one["host"]: one for one in report["tenants"]}
    assert set(told) == set(asked)
    refused = {
        host: truth["operations"]["incident_info"]
        for host, truth in asked.items()
        if truth["operations"]["incident_info"]
    }
    found = {
        host: next(gap["category"] for gap in one["gaps"] if gap["what"] == "incidents")
        for host, one in told.items()
        if one["figures"] is None or one["figures"]["open"] is None
    }
    assert found == refused
    for host, truth in asked.items():
        if host not in refused:
            own = [
                one
                for one in lab.incidents(truth["tenant_id"])
                if one["status"] in ("active", "inProgress")
            ]
            figures = told[host]["figures"]
            assert (figures["open"], figures["high"]) == (
                len(own),
                sum(one["severity"] == "high" for one in own),
            ), host
    consent = next(one for one in told[lab.of("not_consented")]["gaps"])
    assert consent["link"].endswith(
        f"{asked[lab.of('not_consented')]['tenant_id']}/adminconsent?client_id={lab.facts['client_id']}"
    )
    assert consent["who"] == "customer"


def test_the_incidents_playbook_writes_the_report_and_then_fails(lab: Lab, ours: Ansible) -> None:
    dest = ours.cwd / "soc"
    run = ours.playbook(
        "mssp.defender_xdr.incidents", *but_throttled(lab, report_dest=str(dest), fail_when="any")
    )
    assert run.code == 2
    report = report_in(dest)
    check_incidents(lab, report)
    count = report["coverage"]
    assert (
        f"{count['unread']} of {count['asked']} tenants could not be read; incidents_fail_when is"
        " any."
    ) in " ".join(run.output.split())
    [question] = report["questions"]
    assert question["filters"]["status"] == ["active", "in_progress"]
    assert (question["asked"], question["failed"]) == (count["asked"], count["unread"])
    assert question["asked_at"] <= report["made_at"]
    with (dest / "incidents.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(report["incidents"]) > 0


def test_the_report_playbook_asks_all_tenants_at_once_and_says_the_same(
    lab: Lab, ours: Ansible
) -> None:
    dest = ours.cwd / "soc"
    queries = ours.cwd / "queries"
    queries.mkdir()
    (queries / "devices.kql").write_text(
        "// ---\n// title: Devices\n// tactics: [Discovery]\n// ---\n"
        "DeviceInfo | distinct DeviceName | take 2\n"
    )
    (queries / "shared.kql").write_text(
        'DeviceInfo | take 1 | project DeviceName, RemoteIP = "203.0.113.9"\n'
    )
    run = ours.playbook(
        "mssp.defender_xdr.report",
        *but_throttled(
            lab,
            report_dest=str(dest),
            hunt_folder=str(queries),
            incidents_severity=["high", "medium", "low", "informational"],
            fail_when="never",
        ),
    ).good()
    report = report_in(dest, "hunts", "incidents.ndjson")
    check_incidents(lab, report)
    hunts = {one["name"]: one for one in report["hunts"]}
    devices = hunts["devices"]
    assert report["tactics"][0]["tenants"] == len(devices["hits"]) == devices["answered"] > 0
    assert len((dest / devices["dest"]).read_text().splitlines()) == devices["rows"]
    assert {row["device"] for row in devices["shown"]} <= {
        json.loads(line)["DeviceName"] for line in (dest / devices["dest"]).read_text().splitlines()
    }
    # what an alert tells is there, out of one question to each tenant
    assert all(one["alerts"] is not None for one in report["incidents"])
    assert any(one["devices"] for one in report["incidents"])
    assert any(one["service_sources"] and one["tactics"] for one in report["incidents"])
    assert report["questions"][0]["filters"]["severity"] == [
        "high",
        "medium",
        "low",
        "informational",
    ]
    assert [alarm["category"] for alarm in report["alarms"]] == ["wrong_tenant"]
    assert [(one["kind"], one["value"]) for one in report["shared"]] == [("address", "203.0.113.9")]
    assert len(report["shared"][0]["tenants"]) == len(hunts["shared"]["hits"])
    assert "SECURITY EVENT" in run.output


def test_the_reports_of_slices_merge_into_the_report_of_all_tenants(
    lab: Lab, ours: Ansible
) -> None:
    """With the slices of the guide; one of the tenants joined after the slices were reported."""
    [block] = [
        block for block in blocks.every()["docs/docsite/rst/scale.rst"] if block.kind == "inventory"
    ]
    inventories = ours.cwd / "inventories"
    inventories.mkdir()
    (inventories / "a.yml").symlink_to(lab.inventory)
    (inventories / "slices.yml").write_text(block.text)
    ours.inventory = str(inventories)
    queries = ours.cwd / "queries"
    queries.mkdir()
    (queries / "shared.kql").write_text(
        'DeviceInfo | take 1 | project DeviceName, RemoteIP = "203.0.113.9"\n'
    )
    shared: Json = {"hunt_folder": str(queries), "fail_when": "never"}
    paths, parts = [], []
    for number in ("0", "1"):
        dest = ours.cwd / number
        ours.playbook(
            "mssp.defender_xdr.report",
            *but_throttled(lab, **shared, report_dest=str(dest)),
            "--limit",
            f"slice_{number}",
        ).good()
        paths.append(str(dest / "report.json"))
        parts.append(report_in(dest, "hunts", "incidents.ndjson"))
    assert all(part["coverage"]["complete"] for part in parts)
    dest = ours.cwd / "all"
    role = {
        "role": "mssp.defender_xdr.report",
        "report_dest": str(dest),
        "report_slices": paths,
        "report_fail_when": "never",
    }
    # the throttled tenant is in no slice
    ours.playbook([{"hosts": "tenants", "roles": [role]}]).good()
    report = report_in(dest, "hunts")
    absent = report["tenants"].pop()
    assert (absent["host"], absent["reason"]) == (lab.of("throttled"), "unavailable")
    check_incidents(lab, report)
    assert report["incidents_summary"]["open"] == sum(
        part["incidents_summary"]["open"] for part in parts
    )
    # one address in both slices
    [indicator] = report["shared"]
    assert len(indicator["tenants"]) == len(report["hunts"][0]["hits"])
    assert all(
        set(indicator["tenants"]) & {one["host"] for one in part["tenants"]} for part in parts
    )
    rows = (dest / report["hunts"][0]["dest"]).read_text().splitlines()
    assert len(rows) == report["hunts"][0]["rows"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"report_time_zone": "Mars/Olympus"}, "time_zone is 'Mars/Olympus'"),
        ({"report_sla_calendar": {"days": ["someday"]}}, "sla_calendar has the days"),
        ({"report_previous": "/nonexistent"}, "previous is /nonexistent"),
        ({"report_dest": "/dev/null/soc"}, "dest is /dev/null/soc"),
        ({"defender_xdr_fail_when": "some"}, "defender_xdr_fail_when is some"),
        ({"report_dest": ""}, "report_dest is not set"),
        ({"report_sla": {"default": {"high": 1e9}}}, "sla has 1000000000.0 hours for high"),
        ({"report_hunts_from": "/nonexistent"}, "hunts_from is /nonexistent, which cannot be read"),
        ({"report_incidents_from": "rows.ndjson"}, "report_incidents_from is set, but has no"),
        ({"report_slices": ["/nonexistent"]}, "report_slices is set, but has no effect"),
        ({"incidents_fields": ["id"]}, "incidents_fields is set, but has no effect"),
        ({"hunt_folder": "/nonexistent"}, "The folder /nonexistent on the controller has no .kql"),
        ({"hunt_packs": ["mails"]}, "mails"),
        ({"hunt_packs": ["mail"], "hunt_queries": ["nothing"]}, "nothing"),
        ({"hunt_packs": ["mail"], "hunt_timespan": "noon"}, "hunt_timespan is noon; set it to"),
    ],
)
def test_what_the_report_needs_is_checked_before_a_tenant_is_queried(
    lab: Lab, ours: Ansible, variables: Json, said: str
) -> None:
    since = max((line["n"] for line in lab.journal(0)), default=0)
    options = {"report_dest": str(ours.cwd / "soc"), **variables}
    run = ours.playbook("mssp.defender_xdr.report", *but_throttled(lab, **options))
    assert run.code == 2
    assert said in " ".join(run.output.split())
    assert lab.journal(since) == []


def test_what_is_new_since_the_previous_report_is_marked(ansible: Ansible, tmp_path: Path) -> None:
    def listed(*numbers: str) -> Json:
        incidents = [{"id": number, "status": "active"} for number in numbers]
        return {**READ, "incidents_result": {"read": True, "incidents": incidents}}

    previous = str(tmp_path / "first/report.json")
    ansible.write_inventory({"contoso": listed("1"), "litware": listed("2")}, {})
    ansible.playbook([{"hosts": "tenants", "tasks": [reporting(tmp_path / "first")]}]).good()
    ansible.write_inventory({"contoso": listed("1", "2"), "litware": listed("2")}, {})
    task = reporting(tmp_path / "next", previous=previous, time_zone="Europe/Berlin")
    ansible.playbook([{"hosts": "tenants", "tasks": [task]}]).good()
    report = json.loads((tmp_path / "next/report.json").read_text(encoding="utf-8"))
    assert [(one["host"], one["id"], one["new"]) for one in report["incidents"]] == [
        ("contoso", "1", False),
        ("contoso", "2", True),
        ("litware", "2", False),
    ]
    assert (report["incidents_summary"]["new"], report["time_zone"]) == (1, "Europe/Berlin")
    assert report["made_at"].endswith("Z")


def test_preflight_and_hunt_report_what_they_know(lab: Lab, ours: Ansible) -> None:
    healthy = [host for host, truth in lab.truth.items() if truth["personality"] == "healthy"][:2]
    hosts, sick = ",".join([*healthy, lab.of("not_consented")]), lab.of("not_consented")
    dest = ours.cwd / "ready"
    ours.playbook(
        "mssp.defender_xdr.preflight", "-e", f"defender_xdr_hosts={hosts} report_dest={dest}"
    ).good()
    report = report_in(dest)
    assert [one["what"] for one in report["questions"]] == ["preflight"]
    assert {one["host"]: one["state"] for one in report["tenants"]} == {
        healthy[0]: "complete",
        healthy[1]: "complete",
        sick: "unread",
    }
    queries = ours.cwd / "queries"
    queries.mkdir()
    (queries / "devices.kql").write_text("DeviceInfo | distinct DeviceName | take 2\n")
    dest = ours.cwd / "hits"
    run = ours.playbook(
        "mssp.defender_xdr.hunt",
        "-e",
        f"defender_xdr_hosts={hosts} report_dest={dest} hunt_folder={queries} fail_when=30%",
    )
    assert run.code == 2
    report = report_in(dest, "hunts")
    assert [one["what"] for one in report["questions"]] == ["hunt"]
    assert report["hunts"][0]["hits"] == dict.fromkeys(healthy, 2)
    assert report["coverage"]["by_category"] == {"not_consented": 1}
    # another day, out of what the hunt left on disk
    kept, later = ours.cwd / "kept", ours.cwd / "later"
    ours.playbook(
        "mssp.defender_xdr.hunt",
        "-e",
        f"defender_xdr_hosts={hosts} hunt_dest={kept} hunt_folder={queries}",
    ).good()
    role = {
        "role": "mssp.defender_xdr.report",
        "report_dest": str(later),
        "report_hunts_from": f"{kept}/hunt_result.json",
    }
    ours.playbook([{"hosts": hosts, "roles": [role]}]).good()
    again = report_in(later, "hunts")["hunts"]
    assert [{**one, "asked_at": ""} for one in again] == [
        {**one, "asked_at": ""} for one in report["hunts"]
    ]
    kept_rows, copied = (
        [json.loads(line) for line in (folder / again[0]["dest"]).read_text().splitlines()]
        for folder in (dest, later)
    )
    assert kept_rows == copied != []


def test_what_an_incident_is_called_is_no_template(ansible: Ansible, tmp_path: Path) -> None:
    """Facts as a module leaves them: data, whatever it looks like."""
    name = "{{ lookup('ansible.builtin.pipe', 'touch /nonexistent') }}<script>alert(1)</script>"
    rows = tmp_path / "rows.ndjson"
    rows.write_text(
        json.dumps(
            {
                "tenant_id": "T1",
                "id": "=1+1",
                "display_name": name,
                "severity": "high",
                "status": "active",
            }
        )
        + "\n",
        encoding="utf-8",
    )
    ansible.write_inventory(
        {
            "contoso": {
                "defender_xdr_tenant_id": "T1",
                "defender_xdr_tier": "{{ 'gold' | lower }}",
                "ansible_connection": "local",
            },
            "litware": {"defender_xdr_tenant_id": "T2", "ansible_connection": "local"},
        },
        {},
    )
    role = {
        "role": "mssp.defender_xdr.report",
        "report_dest": str(tmp_path / "soc"),
        "report_incidents_from": str(rows),
    }
    ansible.playbook([{"hosts": "tenants", "roles": [role]}]).good()
    report = report_in(tmp_path / "soc")
    assert (report["incidents"][0]["name"], report["incidents"][0]["tier"]) == (name, "gold")
    assert [one["state"] for one in report["tenants"]] == ["complete", "unread"]
    page = (tmp_path / "soc/report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page or "\\u003cscript\\u003ealert" in page
    assert "'=1+1" in (tmp_path / "soc/incidents.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"report_sla": {"gold": 4}}, "sla has 4 for the tier gold"),
        ({"report_fail_when": "some"}, "fail_when is 'some'"),
        ({"report_incidents": {"a": 1}}, "incidents has no results and failures"),
        ({"report_incidents_from": "/nonexistent"}, "/nonexistent, which cannot be read"),
        ({"report_formats": ["pdf"]}, "pdf"),
        ({}, "There is nothing to report"),
        ({"report_hunts_from": "/nonexistent"}, "hunts_from is /nonexistent, which cannot be read"),
        ({"report_slices": ["/nonexistent"]}, "slices names /nonexistent, which cannot be read"),
    ],
)
def test_a_mistake_is_said_and_nothing_written(
    ansible: Ansible, tmp_path: Path, variables: Json, said: str
) -> None:
    ansible.write_inventory(
        {"contoso": {"defender_xdr_tenant_id": "T1", "ansible_connection": "local"}}, {}
    )
    role = {"role": "mssp.defender_xdr.report", "report_dest": str(tmp_path / "soc"), **variables}
    run = ansible.playbook([{"hosts": "tenants", "roles": [role]}])
    assert run.code == 2
    assert said in " ".join(run.output.split())
    assert not (tmp_path / "soc").exists()


def test_check_mode_writes_nothing(ansible: Ansible, tmp_path: Path) -> None:
    contoso = {
        "defender_xdr_tenant_id": "T1",
        "ansible_connection": "local",
        "incidents_result": {"read": True, "incidents": []},
    }
    ansible.write_inventory({"contoso": contoso}, {})
    role = {"role": "mssp.defender_xdr.report", "report_dest": str(tmp_path / "soc")}
    ansible.playbook([{"hosts": "tenants", "roles": [role]}], "--check").good()
    assert not (tmp_path / "soc").exists()


@pytest.mark.parametrize("playbook", ["incidents", "hunt"])
def test_a_role_that_fails_by_itself_does_not_keep_the_report_from_being_written(
    lab: Lab, ours: Ansible, playbook: str
) -> None:
    queries = ours.cwd / "queries"
    queries.mkdir()
    (queries / "devices.kql").write_text("DeviceInfo | take 1\n")
    healthy = next(host for host, truth in lab.truth.items() if truth["personality"] == "healthy")
    hosts = f"{lab.of('not_consented')},{healthy}"
    variables = {
        "defender_xdr_hosts": hosts,
        "report_dest": str(ours.cwd / "soc"),
        f"{playbook}_fail_when": "any",
        "hunt_folder": str(queries),
    }
    assert ours.playbook(f"mssp.defender_xdr.{playbook}", "-e", json.dumps(variables)).code == 2
    more = ["hunts"] if playbook == "hunt" else []
    assert report_in(ours.cwd / "soc", *more)["coverage"]["unread"] == 1


READ: t.Final = {"ansible_connection": "local", "incidents_result": {"read": True, "incidents": []}}


def reporting(dest: Path, **options: t.Any) -> Json:
    return {
        "name": "report",
        "mssp.defender_xdr.report": {"dest": str(dest), "formats": ["json"], **options},
        "run_once": True,
    }


@pytest.mark.parametrize("hosts", [[], None, "", "{{ groups.tenants | select('eq', 'nobody') }}"])
def test_an_empty_list_of_hosts_is_nobody_and_says_so(
    hosts: t.Any, ansible: Ansible, tmp_path: Path
) -> None:
    ansible.write_inventory({"contoso": READ, "litware": READ}, {})
    told = (
        ansible.playbook(
            [
                {
                    "hosts": "tenants",
                    "tasks": [reporting(tmp_path / "soc", hosts=hosts, fail_when="all")],
                }
            ]
        )
        .good()
        .result("report")
    )
    assert (told["changed"], told["files"], told["coverage"]["asked"]) == (False, {}, 0)
    assert (
        told["msg"]
        == told["warnings"][0]
        == "hosts is empty, so there is no tenant to report, and nothing was written."
    )
    assert not (tmp_path / "soc").exists()


def test_a_host_that_the_play_ended_before_it_was_asked_is_no_tenant_of_the_report(
    ansible: Ansible, tmp_path: Path
) -> None:
    not_ready = {
        "ansible_connection": "local",
        "preflight_result": {
            "ready": False,
            "category": "not_consented",
            "text": "No.",
            "who": "customer",
        },
    }
    ansible.write_inventory(
        {
            "contoso": READ,
            "bronze": {"ansible_connection": "local"},
            "litware": not_ready,
            "lost": {"ansible_connection": "local"},
        },
        {},
    )
    tasks: list[Json] = [
        {"ansible.builtin.meta": "end_host", "when": "inventory_hostname in ['bronze', 'litware']"},
        {
            "name": "fail",
            "ansible.builtin.fail": {"msg": "gone"},
            "when": "inventory_hostname == 'lost'",
        },
        reporting(tmp_path / "soc"),
    ]
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}])
    coverage = run.result("report")["coverage"]
    assert (coverage["asked"], coverage["unread"]) == (3, 2), run.output
    report = json.loads((tmp_path / "soc/report.json").read_text())
    # who was ended because it was not ready keeps its reason
    assert [one["host"] for one in report["tenants"]] == ["contoso", "litware", "lost"]


def test_a_pipe_where_a_file_of_the_report_should_be_is_never_replaced(
    ansible: Ansible, tmp_path: Path
) -> None:
    ansible.write_inventory({"contoso": READ}, {})
    (tmp_path / "soc").mkdir()
    os.mkfifo(tmp_path / "soc/report.json")
    run = ansible.playbook(
        [{"hosts": "tenants", "tasks": [reporting(tmp_path / "soc", formats=["json", "markdown"])]}]
    )
    assert "report.json, which is a pipe" in run.result("report")["msg"]
    assert (tmp_path / "soc/report.json").is_fifo()
    assert not (tmp_path / "soc/report.md").exists()


def test_a_report_without_formats_changes_nothing(ansible: Ansible, tmp_path: Path) -> None:
    ansible.write_inventory({"contoso": READ}, {})
    told = (
        ansible.playbook([{"hosts": "tenants", "tasks": [reporting(tmp_path / "soc", formats=[])]}])
        .good()
        .result("report")
    )
    assert (told["changed"], told["files"]) == (False, {})
