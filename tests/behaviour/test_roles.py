# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roles and playbooks as people run them."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary.summary import (
    CATEGORY_ORDER,
)
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible

Json = dict[str, t.Any]


def categories(lab: Lab) -> dict[str, str]:
    """What preflight must find for each host; the empty word for one that is ready."""
    return {host: truth["category"] or "" for host, truth in lab.truth.items()}


@pytest.fixture
def ours(lab: Lab, ansible: Ansible) -> Ansible:
    """Ansible with the 25 tenants of the default mix; the throttled one would make every playbook
    wait for its windows."""
    ansible.inventory = lab.inventory
    return ansible


def without_throttled(lab: Lab) -> list[str]:
    return ["-e", f"defender_xdr_hosts=tenants:!{lab.of('throttled')}"]


def test_the_demo_shows_each_tenant_with_the_exact_reason(lab: Lab, ours: Ansible) -> None:
    run = ours.playbook("mssp.defender_xdr.demo", *without_throttled(lab)).good()
    lines = next(
        event["result"]["msg"]
        for event in run.events
        if event["task"] == "Show every tenant in one table"
    )
    asked = {host: word for host, word in categories(lab).items() if host != lab.of("throttled")}
    for host, word in asked.items():
        cells = next(line for line in lines if line.startswith(f"{host} ")).split()
        if word:
            assert cells[-1] == word, cells
            assert cells[3:6] == ["–", "–", "–"]
        else:
            incidents = lab.incidents(lab.truth[host]["tenant_id"])
            high = [
                one
                for one in incidents
                if one["status"] in ("active", "inProgress") and one["severity"] == "high"
            ]
            open_ = [one for one in incidents if one["status"] in ("active", "inProgress")]
            assert cells[1:5] == ["yes", "ok", str(len(open_)), str(len(high))]
            assert re.fullmatch(r"\d+\+?", cells[5]), cells
    sick = sum(bool(word) for word in asked.values())
    assert f"asked {len(asked)}, answered {len(asked) - sick}, failed {sick}" in lines
    # each tenant that did not answer has its sentence below the table
    assert len(lines) == len(asked) + 3 + sick
    # the tenants with a problem come first
    assert [line.split()[-1] for line in lines[1 : 1 + sick]] == [
        word for word in CATEGORY_ORDER if word in asked.values()
    ]


def test_preflight_groups_each_tenant_by_what_it_found(lab: Lab, ours: Ansible) -> None:
    show = {"name": "groups", "ansible.builtin.debug": {"msg": "{{ group_names }}"}}
    facts = {"name": "facts", "ansible.builtin.debug": {"msg": "{{ preflight_result }}"}}
    hosts = f"tenants:!{lab.of('throttled')}"
    after = ours.written([{"hosts": hosts, "tasks": [show, facts]}])
    run = ours.playbook("mssp.defender_xdr.preflight", after, *without_throttled(lab)).good()
    for host, word in categories(lab).items():
        if host == lab.of("throttled"):
            continue
        found = run.results("facts")[host]["msg"]
        assert run.results("groups")[host]["msg"] == sorted(
            [f"defender_xdr_{word or 'ready'}", "tenants"]
        )
        assert (found["ready"], found["category"]) == (not word, word)
        assert bool(found["text"]) == bool(word)
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["asked_at"])
        if word in ("not_consented", "role_missing"):
            assert (
                f"{lab.truth[host]['tenant_id']}/adminconsent?client_id={lab.facts['client_id']}"
                in found["advice"]
            )
    lines = run.result("Show which tenants are ready")["msg"]
    asked = {host: word for host, word in categories(lab).items() if host != lab.of("throttled")}
    sick = [word for word in CATEGORY_ORDER if word in asked.values()]
    assert [line.split()[1] for line in lines[1 : 1 + len(asked)]] == sick + ["ready"] * (
        len(asked) - len(sick)
    )
    assert {line.split()[0] for line in lines[1 : 1 + len(asked)]} == set(asked)
    # with the indentation and the quotes of the default callback
    assert all(len(line) <= 100 - 11 for line in lines[: 2 + len(asked)])
    incomplete = run.results("facts")[lab.of("consent_incomplete")]["msg"]
    assert incomplete["missing_roles"] == ["SecurityIncident.Read.All"]


def test_preflight_can_stop_the_tenants_that_are_not_ready(lab: Lab, ours: Ansible) -> None:
    hosts = [
        lab.of("not_consented"),
        next(host for host, word in categories(lab).items() if not word),
    ]
    run = ours.playbook(
        "mssp.defender_xdr.preflight",
        "-e",
        f"defender_xdr_hosts={','.join(hosts)}",
        "-e",
        "preflight_fail=true",
    )
    assert run.code != 0
    assert set(
        run.results("mssp.defender_xdr.preflight : Fail a tenant that is not ready")
        or run.results("Fail a tenant that is not ready")
    ) == set(hosts)
    assert re.search(rf"{hosts[1]}\s+: ok=\d+ .*failed=0", run.output)


def test_the_playbook_preflight_asks_all_tenants_at_once(lab: Lab, ours: Ansible) -> None:
    """A line for each tenant is printed only by the two tasks that set its fact and its group, and
    by the one that can fail it."""
    run = ours.playbook("mssp.defender_xdr.preflight", *without_throttled(lab)).good()
    of_tenants = re.findall(r"^(?:ok|skipping): \[", run.output, re.MULTILINE)
    asked = len(lab.truth) - 1
    assert len(of_tenants) < 3 * asked + 10


def test_the_incidents_playbook_counts_who_answered_and_fails_as_it_is_told(
    lab: Lab, ours: Ansible
) -> None:
    one, two, three, four, five = [
        host for host, truth in lab.truth.items() if truth["personality"] == "healthy"
    ][:5]
    sick = [
        lab.of(kind)
        for kind in ("not_consented", "secret_expired", "app_disabled", "tenant_does_not_exist")
    ]

    def play(name: str, hosts: list[str], how: str) -> Json:
        role = {
            "ansible.builtin.include_role": {"name": "mssp.defender_xdr.incidents"},
            "vars": {"incidents_fail_when": how, "incidents_limit": 2},
        }
        block = {
            "block": [role],
            "rescue": [{"name": name, "ansible.builtin.debug": {"msg": "{{ incidents_result }}"}}],
        }
        return {
            "hosts": ",".join(hosts),
            "tasks": [
                block,
                {
                    "name": f"result {name}",
                    "ansible.builtin.debug": {"msg": "{{ incidents_result }}"},
                },
            ],
        }

    # hosts of their own, because a failure of run_once takes the play's hosts with it
    expected = {
        "all, some answer": ([one, two, sick[0]], "all", False),
        "any, one does not": ([three, sick[1]], "any", True),
        "all, none answers": ([sick[2]], "all", True),
        "never, none answers": ([sick[3]], "never", False),
        "any, all answer": ([four, five], "any", False),
    }
    run = ours.playbook(
        [play(name, hosts, how) for name, (hosts, how, _unused) in expected.items()]
    )
    for name, (_categories, _answers, fails) in expected.items():
        assert bool(run.results(name)) == fails, name
    found = run.results("result all, some answer")
    assert (
        found[sick[0]]["msg"]["read"],
        found[sick[0]]["msg"]["category"],
        found[sick[0]]["msg"]["incidents"],
    ) == (False, "not_consented", [])
    assert found[one]["msg"]["read"]
    assert "asked 3, answered 2, failed 1" in run.output
    # and by its name, on tenants that all answer
    named = ours.playbook(
        "mssp.defender_xdr.incidents",
        "-e",
        f"defender_xdr_hosts={one},{two}",
        "-e",
        "incidents_fail_when=any",
    ).good()
    assert "asked 2, answered 2, failed 0" in named.output
    # every open incident, the worst first
    lines = named.result("Show the incidents of all tenants")["msg"]
    open_ = [
        incident
        for host in (one, two)
        for incident in lab.incidents(lab.truth[host]["tenant_id"])
        if incident["status"] in ("active", "inProgress")
    ]
    shown = [line.split() for line in lines[1 : 1 + len(open_)]]
    assert sorted(cells[3] for cells in shown) == sorted(each["id"] for each in open_)
    order = ["high", "medium", "low", "informational"]
    assert [cells[0] for cells in shown] == sorted((c[0] for c in shown), key=order.index)
    assert lines[-1].startswith(f"{len(open_)} incidents in 2 of 2 tenants")


@pytest.mark.parametrize(
    "playbook",
    [
        "preflight",
        "incidents",
        "triage",
        "contain",
        "demo",
        "demo_act",
        "onboard",
        "offboard",
        "credentials",
    ],
)
@pytest.mark.parametrize("name", ["defender_xdr_fail_when", "fail_when"])
def test_an_unknown_fail_when_is_an_error_before_anything_is_sent(
    fleet: Lab, ansible: Ansible, playbook: str, name: str
) -> None:
    ansible.inventory = fleet.inventory
    since = fleet.now()
    some = ",".join(each["host"] for each in fleet.facts["tenants"][-2:])
    wish = {"defender_xdr_hosts": some, "offboard_confirm": some, name: "sometimes"}
    run = ansible.playbook(f"mssp.defender_xdr.{playbook}", "-e", json.dumps(wish))
    assert run.code != 0
    assert "sometimes; set it to all, any, never or a share such as 10%." in run.output
    assert fleet.journal(since) == []


@pytest.mark.parametrize(
    "playbook", ["preflight", "incidents", "triage", "contain", "demo", "onboard"]
)
def test_a_pattern_that_names_no_host_is_an_error_before_anything_is_sent(
    fleet: Lab, ansible: Ansible, playbook: str
) -> None:
    ansible.inventory = fleet.inventory
    since = fleet.now()
    run = ansible.playbook(f"mssp.defender_xdr.{playbook}", "-e", '{"defender_xdr_hosts": ","}')
    assert run.code != 0
    assert "names no host" in run.output
    assert fleet.journal(since) == []


def test_a_playbook_fails_as_fail_when_says_after_its_table(lab: Lab, ours: Ansible) -> None:
    sick, ready = (
        lab.of("not_consented"),
        next(host for host, word in categories(lab).items() if not word),
    )
    for playbook, table in (
        ("preflight", "Show which tenants are ready"),
        ("incidents", "Show the incidents of all tenants"),
        ("demo", "Show every tenant in one table"),
    ):
        for how, fails in (("51%", False), ("50%", True)):
            hosts = f"defender_xdr_hosts={sick},{ready}"
            report = ours.cwd / f"{playbook} {how}"
            run = ours.playbook(
                f"mssp.defender_xdr.{playbook}",
                *("-e", hosts, "-e", f"defender_xdr_fail_when={how}"),
                *("-e", json.dumps({"report_dest": str(report)})),
            )
            assert (run.code != 0) is fails, (playbook, how, run.output)
            assert run.result(table)["msg"]
            assert (report / "report.json").exists()


# What --list-tasks and --list-tags show: the steps of the roles, each with its tag.
STEPS: t.Final[dict[str, tuple[str, list[str]]]] = {
    "preflight": ("preflight : Check the token and its roles", ["preflight", "report", "summary"]),
    "incidents": ("incidents : List the incidents", ["incidents", "report", "summary"]),
    "triage": ("triage : List the new incidents", ["triage"]),
    "contain": ("contain : Find out what each device needs", ["contain"]),
    "demo": ("preflight : Set preflight_result", ["hunt", "incidents", "preflight", "report"]),
    # core lists no task of a section `always`, such as their tables
    "onboard": ("onboard : Set onboard_result", ["onboard", "register"]),
    "offboard": ("offboard : Verify that a new token is refused", ["offboard"]),
    "credentials": ("Read the application", ["credentials"]),
}


@pytest.mark.parametrize("playbook", STEPS)
def test_a_playbook_lists_its_steps_and_tags(lab: Lab, ours: Ansible, playbook: str) -> None:
    task, tags = STEPS[playbook]
    listed = ours.playbook(f"mssp.defender_xdr.{playbook}", "--list-tasks", "--list-tags").good()
    assert task in listed.output
    shown = re.findall(r"TASK TAGS: \[(.*)\]", listed.output)
    assert set(tags) <= {tag for line in shown for tag in line.split(", ")}


def test_a_playbook_runs_a_part_by_its_tag_or_from_a_task(lab: Lab, ours: Ansible) -> None:
    ready = next(host for host, word in categories(lab).items() if not word)
    only = ["-e", f"defender_xdr_hosts={ready}", "-e", "defender_xdr_fail_when=never"]
    tagged = ours.playbook("mssp.defender_xdr.preflight", "--tags", "preflight", *only).good()
    assert tagged.results("Set preflight_result")
    assert not tagged.results("Show which tenants are ready")
    started = ours.playbook(
        "mssp.defender_xdr.preflight", "--start-at-task", "Show which tenants are ready", *only
    ).good()
    assert not started.results("Set preflight_result")
    # nothing was read, which is no success
    assert "0 of 1 tenants are ready" in started.output


def test_the_hunt_playbook_runs_a_folder_and_tells_no_licence_from_no_hits(
    lab: Lab, ours: Ansible
) -> None:
    folder = ours.cwd / "my queries"
    folder.mkdir()
    (folder / "devices.kql").write_text(
        "DeviceInfo | where DeviceName has part | summarize count()"
    )
    (folder / "nothing.kql").write_text("DeviceInfo | where DeviceName == 'nobody has this name'")
    (folder / "mail.kql").write_text("EmailEvents | take 1")
    (folder / "no query.txt").write_text("left alone")
    unlicensed, healthy = (
        lab.of("not_licensed"),
        next(host for host, truth in lab.truth.items() if truth["personality"] == "healthy"),
    )
    variables = {
        "defender_xdr_hosts": f"{unlicensed},{healthy}",
        "hunt_folder": str(folder),
        "hunt_parameters": {"part": "."},
        "hunt_timespan": "30d",
    }
    after = ours.written(
        [
            {
                "hosts": healthy,
                "tasks": [{"name": "facts", "ansible.builtin.debug": {"msg": "{{ hunt_result }}"}}],
            }
        ]
    )
    run = ours.playbook("mssp.defender_xdr.hunt", after, "-e", json.dumps(variables)).good()
    found = run.result("facts")["msg"]
    assert set(found) == {"devices", "nothing", "mail"}
    assert list(found["mail"]["failures"]) == [unlicensed]
    assert found["mail"]["failures"][unlicensed]["category"] == "not_licensed"
    assert found["mail"]["coverage"] == {"asked": 2, "answered": 1, "failed": 1}
    assert set(found["devices"]["hits"]) == {unlicensed, healthy}
    assert found["devices"]["hits"][healthy] == 1
    assert (
        found["nothing"]["hits"],
        found["nothing"]["failures"],
        found["nothing"]["coverage"]["answered"],
    ) == ({unlicensed: 0, healthy: 0}, {}, 2)
    assert "not_licensed" in run.output
    empty = ours.cwd / "empty"
    empty.mkdir()
    none = ours.playbook(
        "mssp.defender_xdr.hunt", "-e", json.dumps({**variables, "hunt_folder": str(empty)})
    )
    assert none.code != 0
    assert str(empty) in none.output


def test_the_queries_of_the_hunt_role_find_what_the_lab_has_planted(
    lab: Lab, ours: Ansible
) -> None:
    hosts = [host for host, truth in lab.truth.items() if truth["personality"] == "healthy"]
    names = ["clicked_phishing_links", "encoded_powershell", "shadow_copy_deletion"]
    variables = {
        "defender_xdr_hosts": ",".join(hosts),
        "hunt_queries": names,
        "hunt_timespan": "30d",
        "hunt_limit": 3,
    }
    after = ours.written(
        [
            {
                "hosts": hosts[0],
                "tasks": [{"name": "facts", "ansible.builtin.debug": {"msg": "{{ hunt_result }}"}}],
            }
        ]
    )
    found = (
        ours.playbook("mssp.defender_xdr.hunt", after, "-e", json.dumps(variables))
        .good()
        .result("facts")["msg"]
    )
    assert sorted(found) == names
    for name, one in found.items():
        assert one["failures"] == {}, name
        assert sum(one["hits"].values()), name
        assert set(one["hits"]) == set(hosts)


def test_the_name_of_an_incident_is_no_template_and_no_escape_sequence(
    lab: Lab, ours: Ansible
) -> None:
    name = "{{ 7 * 7 }}\x1b[2J{% raw %}"
    found = {"id": "1", "severity": "high", "display_name": name, "assigned_to": "{{ 6 * 6 }}"}
    answer = ours.cwd / "answer.json"
    answer.write_text(json.dumps({"read": True, "incidents": [found], "count": 1}))
    known = {
        "name": "known",
        "ansible.builtin.set_fact": {
            "incidents_result": "{{ lookup('ansible.builtin.file', file) | from_json }}"
        },
        "vars": {"file": str(answer)},
    }
    show = {
        "ansible.builtin.import_role": {
            "name": "mssp.defender_xdr.incidents",
            "tasks_from": "summary",
        }
    }
    run = ours.playbook([{"hosts": lab.of("not_consented"), "tasks": [known, show]}]).good()
    (heading, line, *rest) = run.result("Show the incidents of all tenants")["msg"]
    assert line.endswith("{{ 6 * 6 }}  {{ 7 * 7 }}\ufffd[2J{% raw %}")
    assert "\x1b" not in run.output
    assert len(rest) == 2, heading
