# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role hunt as people run it: every tenant, every row or the reason, and nothing asked twice
after an interruption."""

from __future__ import annotations

import json
import signal
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

Json = dict[str, t.Any]
Customers = t.Callable[[int], list[Customer]]
HUNT: t.Final = "/v1.0/security/runHuntingQuery"
PLAYBOOK: t.Final = "mssp.defender_xdr.hunt"
KEEP: t.Final = "Keep the result"


@pytest.fixture
def with_secret(connected: Json, fleet: Lab) -> Json:
    return {**connected, "defender_xdr_client_secret": fleet.facts["client_secret"]}


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    folder = tmp_path / "queries"
    folder.mkdir()
    (folder / "devices.kql").write_text(
        "DeviceInfo | distinct DeviceName | order by DeviceName asc | take 3\n"
    )
    (folder / "nobody.kql").write_text(
        "// ---\n// title: None\n// severity: low\n// ---\n"
        "DeviceInfo | where DeviceName == 'nobody'\n"
    )
    return folder


def hunt(ansible: Ansible, *arguments: str, **variables: t.Any) -> Run:
    """A play with the role, then what it left behind as a fact of the last host."""
    kept = {
        "name": KEEP,
        "ansible.builtin.debug": {
            "msg": "{{ hostvars[ansible_play_hosts_all | last].hunt_result }}"
        },
        "run_once": True,
    }
    role = {
        "name": "Hunt",
        "ansible.builtin.include_role": {"name": "mssp.defender_xdr.hunt"},
        "run_once": True,
        "vars": variables,
    }
    return ansible.playbook(
        [{"hosts": "tenants", "tasks": [{"block": [role], "always": [kept]}]}], *arguments
    )


def result(run: Run) -> Json:
    return t.cast("Json", run.result(KEEP)["msg"])


def failures(hunt: Json) -> dict[str, str]:
    """The category of each tenant's failure."""
    return {host: error["category"] for host, error in hunt["failures"].items()}


def hits(hunt: Json) -> dict[str, int]:
    """The tenants with hits; every other one that answered has 0."""
    assert len(hunt["hits"]) == hunt["coverage"]["answered"]
    return {host: number for host, number in hunt["hits"].items() if number}


def sent(customer: Customer) -> int:
    return sum(1 for line in customer.calls("graph") if line["path"] == HUNT)


def rows(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_tenant_has_hits_none_or_a_reason(lab: Lab, ansible: Ansible, tmp_path: Path) -> None:
    ansible.inventory = lab.inventory
    dest = tmp_path / "hits"
    run = hunt(
        ansible, hunt_queries=["encoded_powershell", "clicked_phishing_links"], hunt_dest=str(dest)
    ).good()
    mail, script = result(run)["clicked_phishing_links"], result(run)["encoded_powershell"]
    refused = {
        host: truth["operations"]["hunting_query"]
        for host, truth in lab.truth.items()
        if truth["operations"]["hunting_query"]
    }
    without_mail = {
        host
        for host, truth in lab.truth.items()
        if truth["operations"]["hunting_query:EmailEvents"] == "not_licensed"
    } - set(refused)
    # the tenant that fails now and then may have failed
    flaky = {lab.of("flaky")}
    assert {host: why for host, why in failures(script).items() if host not in flaky} == refused
    assert {host: why for host, why in failures(mail).items() if host not in flaky} == {
        **refused,
        **dict.fromkeys(without_mail, "not_licensed"),
    }
    assert without_mail
    for one in (mail, script):
        assert one["coverage"]["asked"] == len(lab.truth)
        assert one["coverage"]["answered"] + one["coverage"]["failed"] == len(lab.truth)
        assert one["hits"]
        assert not set(one["hits"]) & set(one["failures"])
        found = rows(Path(one["dest"]))
        by_tenant = {lab.truth[host]["tenant_id"]: count for host, count in hits(one).items()}
        assert {
            row["tenant_id"]: sum(other["tenant_id"] == row["tenant_id"] for other in found)
            for row in found
        } == by_tenant
    assert (script["severity"], script["tactics"], script["techniques"]) == (
        "high",
        ["Execution"],
        ["T1059.001", "T1204.002", "T1027.010"],
    )
    assert json.loads((dest / "hunt_result.json").read_text()) == result(run)
    modes = [
        path.stat().st_mode & 0o777
        for path in (dest, dest / "encoded_powershell.ndjson", dest / "hunt_result.json")
    ]
    assert modes == [0o700, 0o600, 0o600]
    table = "\n".join(run.result("Show the hits by query and tenant")["msg"])
    assert all(f"{host}: {why}" in table for host, why in failures(mail).items())


def test_the_rows_of_all_tenants_answer_what_no_portal_can(
    ansible: Ansible, customers: Customers, with_secret: Json, queries: Path
) -> None:
    three = customers(3)
    ansible.write_inventory({one.host: one.variables() for one in three}, with_secret)
    run = hunt(ansible, hunt_folder=str(queries), hunt_dest=str(queries / "hits")).good()
    ask = {
        "name": "ask",
        "ansible.builtin.debug": {
            "msg": (
                "{{ dest | mssp.defender_xdr.local_kql('Rows | summarize Tenants ="
                " dcount(tenant_id), Rows = count()') }}"
            )
        },
        "vars": {"dest": result(run)["devices"]["dest"]},
        "run_once": True,
    }
    assert ansible.playbook([{"hosts": "tenants", "tasks": [ask]}]).good().result("ask")["msg"] == [
        {"Tenants": 3, "Rows": 9}
    ]
    assert rows(queries / "hits/nobody.ndjson") == []


def test_without_a_folder_the_rows_are_in_the_result(
    ansible: Ansible, customers: Customers, with_secret: Json, queries: Path
) -> None:
    two = customers(2)
    ansible.write_inventory({one.host: one.variables() for one in two}, with_secret)
    found = result(hunt(ansible, hunt_folder=str(queries), hunt_limit=2).good())
    assert (
        {host: len(own) for host, own in found["devices"]["rows"].items()}
        == found["devices"]["hits"]
        == {one.host: 2 for one in two}
    )
    assert sorted(found["devices"]["truncated"]) == sorted(one.host for one in two)
    assert found["nobody"]["hits"] == {one.host: 0 for one in two}
    assert (found["nobody"]["rows"], found["nobody"]["severity"]) == ({}, "low")
    assert found["nobody"]["coverage"] == {"asked": 2, "answered": 2, "failed": 0}


def test_what_the_canary_refuses_goes_to_nobody_else(
    ansible: Ansible, customers: Customers, with_secret: Json, queries: Path
) -> None:
    canary, *others = customers(3)
    ansible.write_inventory({one.host: one.variables() for one in (*others, canary)}, with_secret)
    (queries / "broken.kql").write_text("DeviceInfo | where Nope == 1\n")
    run = hunt(
        ansible, hunt_folder=str(queries), hunt_canary=canary.host, hunt_dest=str(queries / "hits")
    )
    assert run.code != 0
    assert "failed in broken (3 of 3); fail_when is all" in " ".join(run.output.split())
    broken = result(run)["broken"]
    assert failures(broken) == dict.fromkeys(
        [canary.host, *(one.host for one in others)], "bad_query"
    )
    assert all(canary.host in broken["failures"][one.host]["msg"] for one in others)
    assert broken["coverage"] == {"asked": 3, "answered": 0, "failed": 3}
    assert broken["dest"] == ""
    assert not (queries / "hits/broken.ndjson").exists()
    assert sent(canary) == 3
    assert [sent(one) for one in others] == [2, 2]
    assert result(run)["devices"]["coverage"]["answered"] == 3


def test_a_pack_costs_one_request_for_each_query_and_tenant_and_one_token_for_each_tenant(
    ansible: Ansible, customers: Customers, with_secret: Json, queries: Path
) -> None:
    """Neither the canary, nor what is alike for all tenants, nor the file of rows adds to it."""
    twenty = customers(20)
    assert len(twenty) == 20
    ansible.write_inventory({one.host: one.variables() for one in twenty}, with_secret)
    (queries / "users.kql").write_text("IdentityInfo | summarize dcount(AccountUpn)\n")
    found = result(
        hunt(
            ansible,
            hunt_folder=str(queries),
            hunt_canary=twenty[7].host,
            hunt_dest=str(queries / "hits"),
        ).good()
    )
    assert {name: one["coverage"]["answered"] for name, one in found.items()} == {
        "devices": 20,
        "nobody": 20,
        "users": 20,
    }
    journal = [[(line["origin"], line["status"]) for line in one.calls()] for one in twenty]
    assert [sorted(calls) for calls in journal] == [[*[("graph", 200)] * 3, ("login", 200)]] * 20


def test_after_an_interruption_nothing_answered_is_asked_again(
    ansible: Ansible, customers: Customers, with_secret: Json, queries: Path
) -> None:
    first, second, slow = three = customers(3)
    ansible.write_inventory({one.host: one.variables() for one in three}, with_secret)
    slow.fault(path=HUNT, delay=60, times=1)
    dest = queries / "hits"
    variables = {"hunt_folder": str(queries), "hunt_dest": str(dest), "hunt_queries": ["devices"]}
    started = ansible.start("playbook", PLAYBOOK, "-e", json.dumps(variables))
    pause = threading.Event()
    for _unused in range(600):
        # a tenant has answered when the journal says so; its rows are there a moment earlier
        if sum(len(rows(path)) for path in dest.glob(".answers/devices/*/journal.jsonl")) == 2:
            break
        pause.wait(0.05)
    started.process.send_signal(signal.SIGINT)
    assert started.done().code != 0
    assert not (dest / "devices.ndjson").exists()
    again = hunt(ansible, **variables, hunt_resume=True).good()
    assert [sent(first), sent(second)] == [1, 1]
    # the lab writes down the request that was given up only when its delay is over
    assert sent(slow) in (1, 2)
    assert result(again)["devices"]["hits"] == {one.host: 3 for one in three}
    assert {row["tenant_id"] for row in rows(dest / "devices.ndjson")} == {
        one.tenant_id for one in three
    }
    # another question is another matter, and so is a new hunt
    hunt(ansible, **{**variables, "hunt_timespan": "1d"}, hunt_resume=True).good()
    assert sent(first) == 2
    hunt(ansible, **variables).good()
    assert sent(first) == 3


def test_only_who_did_not_answer_is_asked_again(
    ansible: Ansible, customers: Customers, with_secret: Json, queries: Path
) -> None:
    good, bad = customers(2)
    ansible.write_inventory({one.host: one.variables() for one in (good, bad)}, with_secret)
    bad.fault(
        path=HUNT,
        status=403,
        body={"error": {"code": "Forbidden", "message": "Missing application roles."}},
    )
    variables = {
        "hunt_folder": str(queries),
        "hunt_dest": str(queries / "hits"),
        "hunt_queries": ["devices"],
    }
    first = result(hunt(ansible, **variables).good())["devices"]
    assert failures(first) == {bad.host: "role_missing"}
    found = result(hunt(ansible, **variables, hunt_resume=True).good())["devices"]
    assert found["hits"] == {good.host: 3, bad.host: 3}
    assert [sent(good), sent(bad)] == [1, 2]


@pytest.mark.parametrize(
    ("fail_when", "fails"),
    [("any", True), ("50%", True), ("51%", False), ("all", False), ("never", False)],
)
def test_it_fails_when_too_few_answered(
    ansible: Ansible,
    customers: Customers,
    with_secret: Json,
    queries: Path,
    fail_when: str,
    fails: bool,
) -> None:
    good, bad = customers(2)
    ansible.write_inventory({one.host: one.variables() for one in (good, bad)}, with_secret)
    bad.consent(consented=False)
    run = hunt(
        ansible, hunt_folder=str(queries), hunt_queries=["devices"], hunt_fail_when=fail_when
    )
    assert (run.code != 0) is fails, run.output
    assert result(run)["devices"]["hits"] == {good.host: 3}


def test_check_mode_asks_as_a_run_does_and_writes_no_file(
    ansible: Ansible, customer: Customer, with_secret: Json, queries: Path
) -> None:
    ansible.write_inventory({customer.host: customer.variables()}, with_secret)
    variables = {"hunt_folder": str(queries), "hunt_dest": str(queries / "hits")}
    run = hunt(ansible, "--check", **variables).good()
    assert {name: one["hits"] for name, one in result(run).items()} == {
        "devices": {customer.host: 3},
        "nobody": {customer.host: 0},
    }
    assert not (queries / "hits").exists()
    hunt(ansible, **variables).good()
    before = {path: path.read_bytes() for path in (queries / "hits").rglob("*") if path.is_file()}
    assert sent(customer) == 4
    run = hunt(ansible, "--check", **variables, hunt_resume=True).good()
    assert result(run)["devices"]["hits"] == {customer.host: 3}
    assert sent(customer) == 4, (
        "whoever has answered before is asked again neither in a run nor in check mode"
    )
    hunt(ansible, "--check", **variables).good()
    assert {
        path: path.read_bytes() for path in (queries / "hits").rglob("*") if path.is_file()
    } == before


def test_queries_can_be_checked_without_sending_one(
    ansible: Ansible, customer: Customer, with_secret: Json, queries: Path
) -> None:
    ansible.write_inventory({customer.host: customer.variables()}, with_secret)
    run = hunt(
        ansible, hunt_folder=str(queries), hunt_dest=str(queries / "hits"), hunt_validate_only=True
    ).good()
    assert all(one["checked"] for one in result(run).values())
    assert "checked, not sent" in run.output
    assert sent(customer) == 0
    assert not (queries / "hits").exists()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"hunt_folders": ["{queries}"], "hunt_packs": ["endpoint"]},
            "Two files have the hunt encoded_powershell",
        ),
        ({"hunt_folder": "{queries}/nowhere"}, "has no .kql file"),
        ({"hunt_queries": ["nothing"]}, "There is no hunt nothing"),
        ({"hunt_queries": ["files_by_hash"]}, "files_by_hash needs a value for hashes"),
        ({"hunt_parameters": {"hsahes": []}}, "hsahes"),
        ({"hunt_canary": "nobody"}, "canary is nobody"),
        ({"hunt_resume": True}, "resume is true, but dest is not set"),
        ({"hunt_fail_when": "some"}, "fail_when is 'some'"),
        ({"hunt_packs": ["nothing"]}, "hunt_packs"),
    ],
)
def test_a_mistake_is_refused_before_anything_is_sent(
    ansible: Ansible,
    customer: Customer,
    with_secret: Json,
    queries: Path,
    variables: Json,
    said: str,
) -> None:
    ansible.write_inventory({customer.host: customer.variables()}, with_secret)
    (queries / "encoded_powershell.kql").write_text("DeviceInfo\n")
    run = hunt(ansible, **json.loads(json.dumps(variables).replace("{queries}", str(queries))))
    assert run.code != 0
    assert said in " ".join(run.output.split())
    assert customer.calls() == []


def test_serial_is_refused_with_the_remedy(
    ansible: Ansible, customers: Customers, with_secret: Json
) -> None:
    two = customers(2)
    ansible.write_inventory({one.host: one.variables() for one in two}, with_secret)
    run = ansible.playbook(
        [{"hosts": "tenants", "serial": 1, "roles": [{"role": "mssp.defender_xdr.hunt"}]}]
    )
    assert run.code != 0
    assert "hunt_concurrency" in run.output


def test_a_tenant_that_was_lost_before_the_hunt_is_a_failure(
    ansible: Ansible, customers: Customers, with_secret: Json, queries: Path
) -> None:
    good, lost = customers(2)
    ansible.write_inventory({one.host: one.variables() for one in (good, lost)}, with_secret)
    lose = {
        "name": "lose",
        "ansible.builtin.fail": {"msg": "gone"},
        "when": f"inventory_hostname == '{lost.host}'",
    }
    role = {
        "ansible.builtin.include_role": {"name": "mssp.defender_xdr.hunt"},
        "vars": {"hunt_folder": str(queries)},
        "run_once": True,
    }
    kept = {"name": KEEP, "ansible.builtin.debug": {"msg": "{{ hunt_result }}"}, "run_once": True}
    found = result(ansible.playbook([{"hosts": "tenants", "tasks": [lose, role, kept]}]))
    assert failures(found["devices"]) == {lost.host: "unavailable"}
    assert found["devices"]["coverage"] == {"asked": 2, "answered": 1, "failed": 1}
    assert sent(lost) == 0


def test_the_playbook_shows_a_table_that_says_what_was_left_out(
    ansible: Ansible, customer: Customer, with_secret: Json, queries: Path
) -> None:
    ansible.write_inventory({customer.host: customer.variables()}, with_secret)
    (queries / "hashes.kql").write_text(
        "// ---\n// title: H\n// parameters: {hashes: {type: dynamic}}\n// ---\n"
        "DeviceInfo | where DeviceId in (hashes)\n"
    )
    # values of -e key=value are text
    run = ansible.playbook(
        PLAYBOOK, "-e", f"hunt_folder={queries} hunt_summary=true hunt_resume=false hunt_limit=5"
    ).good()
    lines = run.result("Show the hits by query and tenant")["msg"]
    assert lines[0].split() == ["hunt", "severity", "hits", "tenants", "hits", "by", "tenant"]
    assert lines[1].split() == ["devices", "medium", "3", "1", "of", "1", customer.host, "3"]
    assert lines[2].split() == ["nobody", "low", "0", "1", "of", "1"]
    assert lines[3] == "hashes was not run: no value for hashes"
    assert lines[4] == "1 tenants: 1 complete, 0 partial, 0 unread"
