# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From no application to the first incidents of a new customer and back, as Microsoft's page on
partner access does it by hand."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
import yaml
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import ROOT, Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

Json = dict[str, t.Any]
RIGHTS: t.Final = ["AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All"]
STEPS: t.Final = [
    "registered",
    "link_sent",
    "consented",
    "roles_complete",
    "licence_present",
    "first_read",
    "in_the_registry",
]


def clicking(ansible: Ansible, lab: Lab, after: int) -> str:
    """Tasks that send the link: to an administrator who clicks it after so many token requests."""
    body = {
        "tenant": "{{ onboard_asked.tenant.id }}",
        "link": "{{ onboard_asked.consent_url }}",
        "after": after,
    }
    click = {
        "name": "Send the link to the administrator",
        "ansible.builtin.uri": {
            "url": f"{lab.urls['login']}/_lab/administrator",
            "method": "POST",
            "body_format": "json",
            "body": body,
            "ca_path": lab.facts["ca_path"],
            "headers": {"X-Lab-Key": lab.facts["admin_key"]},
        },
        "delegate_to": "localhost",
    }
    path = ansible.inputs / "send.yml"
    path.write_text(json.dumps([click]))
    return str(path)


def changes(run: Run) -> list[str]:
    return [
        f"{event['host']}: {event['task']}"
        for event in run.events
        if event["event"] == "ok" and event["result"].get("changed")
    ]


def steps(result: Json) -> dict[str, str]:
    return {step["name"]: step["status"] for step in result["steps"]}


def written(lab: Lab, since: int) -> list[str]:
    """What was written to any directory."""
    return [
        line["path"]
        for line in lab.journal(since)
        if line["origin"] == "graph" and line["method"] != "GET"
    ]


def fact(run: Run, host: str, name: str) -> Json:
    found = [
        event["result"]["ansible_facts"]
        for event in run.events
        if event["host"] == host and name in event["result"].get("ansible_facts", {})
    ]
    return t.cast("Json", found[-1][name])


def test_the_nine_steps_from_no_application_to_the_first_incidents_and_back(
    ansible: Ansible, fleet: Lab
) -> None:
    """The lab plays the customer's administrator, who clicks while the playbook waits."""
    prospect = fleet.facts["prospects"][0]
    secret, registry, links = (
        ansible.inputs / "client_secret",
        ansible.cwd / "registry.yml",
        ansible.cwd / "links",
    )
    registry.write_text(
        "tenants:\n  # an old customer\n"
        "  - {tenant_id: 99999999-0000-4000-8000-999999999999, name: woodgrove}\n"
    )
    wish = {
        "onboard_application": "Managed detection (nine steps)",
        "onboard_redirect_uri": "https://portal.partner.example/consented",
        "onboard_secret_dest": str(secret),
        # where Ansible was started, wherever the playbook lies
        "onboard_registry": registry.name,
        "onboard_registry_entry": {"tier": "gold"},
        "onboard_link_folder": links.name,
        "onboard_link_tasks": clicking(ansible, fleet, 2),
        "onboard_wait_timeout": 60,
        "onboard_wait_interval": 1,
        "defender_xdr_hosts": prospect["host"],
    }
    since = fleet.now()
    first = ansible.playbook("mssp.defender_xdr.onboard", "-e", json.dumps(wish), "--diff").good()
    result = fact(first, prospect["host"], "onboard_result")
    assert (result["status"], list(steps(result)), set(steps(result).values())) == (
        "done",
        STEPS,
        {"ok"},
    ), result
    assert "redirect_uri=https%3A%2F%2Fportal.partner.example%2Fconsented" in result["consent_url"]
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_text().strip() not in first.output
    assert yaml.safe_load(registry.read_text())["tenants"][1:] == [
        {"tenant_id": prospect["tenant_id"], "name": prospect["name"], "tier": "gold"}
    ]
    assert "# an old customer" in registry.read_text()
    assert list(links.iterdir()) == []
    assert links.stat().st_mode & 0o777 == 0o700
    assert written(fleet, since)

    since = fleet.now()
    second = ansible.playbook("mssp.defender_xdr.onboard", "-e", json.dumps(wish), "--diff").good()
    assert changes(second) == []
    assert written(fleet, since) == []
    assert "changed=0" in second.output
    assert fact(second, prospect["host"], "onboard_result")["status"] == "done"

    # the inventory reads what was written, and the new customer's incidents with it
    app_id = first.results("Register the application with the roles required from customers")[
        fleet.facts["partner"]["host"]
    ]["application"]["app_id"]
    (ansible.cwd / "customers.tenants.yml").write_text(
        yaml.safe_dump(
            {
                "plugin": "mssp.defender_xdr.tenants",
                "file": ["registry.yml"],
                "filters": [{"include": "tier is defined"}, {"exclude": True}],
                "hostnames": ["tenant_id"],
            }
        )
    )
    urls = {f"defender_xdr_{name}_url": url for name, url in fleet.urls.items()}
    own: Json = {
        "defender_xdr_client_id": app_id,
        "defender_xdr_client_secret_file": str(secret),
        "defender_xdr_ca_path": fleet.facts["ca_path"],
        **urls,
    }
    (ansible.cwd / "group_vars").mkdir()
    (ansible.cwd / "group_vars/tenants.yml").write_text(json.dumps(own))
    ansible.inventory = str(ansible.cwd / "customers.tenants.yml")
    listed = ansible.playbook(
        [
            {
                "hosts": "tenants",
                "tasks": [{"name": "list", "mssp.defender_xdr.incident_info": {"limit": 3}}],
            }
        ]
    ).good()
    assert listed.results("list")[prospect["tenant_id"]]["count"] == 3

    # and back: the customer has given no right to do it by API, so the administrator deletes the
    # application
    leave = {
        "defender_xdr_hosts": "tenants",
        "offboard_confirm": [prospect["tenant_id"]],
        "offboard_registry": str(registry),
        "offboard_link_folder": str(links),
    }
    told = ansible.playbook("mssp.defender_xdr.offboard", "-e", json.dumps(leave)).good()
    left = fact(told, prospect["tenant_id"], "offboard_result")
    assert (left["status"], left["who"], steps(left)["tokens_dropped"]) == (
        "waiting",
        "customer",
        "ok",
    )
    assert app_id in left["advice"]
    assert prospect["tenant_id"] in registry.read_text()
    # who that is here: an application with the rights for it
    fleet.control(
        "POST", "consent", tenant=prospect["tenant_id"], consented=True, roles={"graph": RIGHTS}
    )
    ansible.inventory = fleet.inventory
    delete = {"name": "delete", "mssp.defender_xdr.consent": {"state": "absent", "app_id": app_id}}
    ansible.playbook([{"hosts": prospect["host"], "tasks": [delete]}]).good()
    fleet.control("POST", "consent", tenant=prospect["tenant_id"], consented=False)

    ansible.inventory = str(ansible.cwd / "customers.tenants.yml")
    done = ansible.playbook("mssp.defender_xdr.offboard", "-e", json.dumps(leave)).good()
    left = fact(done, prospect["tenant_id"], "offboard_result")
    assert (left["status"], set(steps(left).values())) == ("done", {"ok"})
    assert [entry["name"] for entry in yaml.safe_load(registry.read_text())["tenants"]] == [
        "woodgrove"
    ]
    assert ansible.entries(prospect["tenant_id"]) == []


@pytest.mark.parametrize("nobody", ["", ",", " : ", []])
def test_hosts_that_name_nobody_leave_nobody(ansible: Ansible, fleet: Lab, nobody: t.Any) -> None:
    since = fleet.now()
    run = ansible.playbook(
        "mssp.defender_xdr.offboard", "-e", json.dumps({"defender_xdr_hosts": nobody})
    )
    assert run.code != 0
    assert "hosts" in run.output
    assert fleet.journal(since) == []


@pytest.mark.parametrize("confirm", [None, [], "", "other", "{last}", ["{last}", "other"]])
def test_a_tenant_that_is_not_confirmed_is_refused_and_nothing_is_sent_for_it(
    ansible: Ansible, customers: t.Callable[[int], list[Customer]], confirm: t.Any
) -> None:
    """A name is no part of a name: `last` is longer than `one`, and does not confirm it."""
    one, last = sorted(customers(2), key=lambda each: each.host)
    for each in (one, last):
        each.consent(roles={"graph": RIGHTS, "xdr": [], "endpoint": []})
    wish: Json = {"defender_xdr_hosts": f"{one.host},{last.host}"}
    if confirm is not None:
        wish["offboard_confirm"] = json.loads(json.dumps(confirm).replace("{last}", last.host))
    ansible.environment["DEFENDER_XDR_TOKEN_CACHE"] = "none"
    run = ansible.playbook("mssp.defender_xdr.offboard", "-e", json.dumps(wish))
    assert run.code != 0
    refused = [one] if "last" in json.dumps(confirm) else [one, last]
    for each in refused:
        result = fact(run, each.host, "offboard_result")
        assert (result["status"], result["category"]) == ("failed", "refused"), result
        assert each.calls() == []
    if last not in refused:
        assert last.calls()
        assert fact(run, last.host, "offboard_result")["status"] == "done"
    removal = "Remove the application by API where possible, and delete all cached tokens"
    later = ansible.playbook(
        "mssp.defender_xdr.offboard", "-e", json.dumps(wish), "--start-at-task", removal
    )
    assert later.code != 0
    assert all(each.calls() == [] for each in refused)
    lines = run.result("Show how far each tenant got")["msg"]
    assert lines[1].split()[:3] == [one.host, "failed", "refused"]
    assert f"{2 - len(refused)} done, 0 waiting, {len(refused)} failed of 2 tenants" in lines


def role(name: str, **variables: t.Any) -> Json:
    return {
        "name": name,
        "ansible.builtin.include_role": {"name": f"mssp.defender_xdr.{name}"},
        "vars": variables,
    }


def test_by_api_tenants_come_and_go_without_a_person_and_the_second_time_nothing_changes(
    ansible: Ansible, customers: t.Callable[[int], list[Customer]], fleet: Lab
) -> None:
    some, registry = customers(3), ansible.cwd / "registry.yml"
    for one in some:
        one.consent(roles={"graph": RIGHTS, "xdr": [], "endpoint": []})
    hosts = ",".join(one.host for one in some)
    come = [
        {
            "hosts": hosts,
            "tasks": [role("onboard", onboard_registry=str(registry), onboard_method="api")],
        }
    ]
    first = ansible.playbook(come).good()
    for one in some:
        result = fact(first, one.host, "onboard_result")
        assert result["status"] == "done", result
        assert steps(result) == {**dict.fromkeys(STEPS, "ok"), "link_sent": "skipped"}
    assert {entry["tenant_id"] for entry in yaml.safe_load(registry.read_text())["tenants"]} == {
        one.tenant_id for one in some
    }
    since = fleet.now()
    assert changes(ansible.playbook(come).good()) == []
    assert written(fleet, since) == []

    go = [
        {
            "hosts": hosts,
            "tasks": [
                role(
                    "offboard",
                    offboard_confirm=[one.host for one in some],
                    offboard_registry=str(registry),
                    offboard_wait_interval=1,
                )
            ],
        }
    ]
    gone = ansible.playbook(go).good()
    for one in some:
        result = fact(gone, one.host, "offboard_result")
        assert (result["status"], set(steps(result).values())) == ("done", {"ok"}), result
        assert ansible.entries(one.tenant_id) == []
        assert one.calls("login")[-1]["status"] == 400  # the proof
    assert yaml.safe_load(registry.read_text()) == {"tenants": []}
    since = fleet.now()
    assert changes(ansible.playbook(go).good()) == []
    assert written(fleet, since) == []


def test_a_link_that_nobody_clicks_is_sent_once_waited_for_and_told(
    ansible: Ansible, customers: t.Callable[[int], list[Customer]]
) -> None:
    one, other = customers(2)
    for each in (one, other):
        each.consent(consented=False)
    links, registry = ansible.cwd / "links", ansible.cwd / "registry.yml"
    send = ansible.inputs / "send.yml"
    send.write_text(
        json.dumps(
            [{"name": "sent", "ansible.builtin.debug": {"msg": "{{ onboard_asked.consent_url }}"}}]
        )
    )
    given = {
        "onboard_link_folder": str(links),
        "onboard_link_tasks": str(send),
        "onboard_registry": str(registry),
        "onboard_wait_interval": 1,
    }
    play = [{"hosts": f"{one.host},{other.host}", "tasks": [role("onboard", **given)]}]
    run = ansible.playbook(play).good()
    result = fact(run, one.host, "onboard_result")
    assert (result["status"], result["who"]) == ("waiting", "customer")
    assert steps(result)["link_sent"] == "ok"
    assert {
        status for name, status in steps(result).items() if name not in ("registered", "link_sent")
    } == {"pending"}
    assert result["consent_url"] in (links / f"{one.tenant_id}.txt").read_text()
    assert len(run.results("sent")) == 2
    again = ansible.playbook(play).good()
    assert (changes(again), again.results("sent")) == ([], {})
    # one of them consents in the mean time, and the other's time runs out
    one.lab.control("POST", "administrator", tenant=one.tenant_id, link=result["consent_url"])
    late = ansible.playbook(
        [{**play[0], "tasks": [role("onboard", **given, onboard_wait_timeout=1)]}]
    )
    assert late.code != 0
    assert fact(late, one.host, "onboard_result")["status"] == "done"
    found = fact(late, other.host, "onboard_result")
    assert (found["status"], found["category"], found["who"]) == (
        "failed",
        "not_consented",
        "customer",
    )
    assert f"{other.tenant_id}/adminconsent" in found["advice"]
    assert [path.stem for path in links.iterdir()] == [other.tenant_id]
    assert [entry["tenant_id"] for entry in yaml.safe_load(registry.read_text())["tenants"]] == [
        one.tenant_id
    ]


def test_a_customer_without_the_product_is_told_from_one_who_did_not_consent(
    ansible: Ansible, customer: Customer
) -> None:
    customer.consent(provisioned=False)
    run = ansible.playbook(
        [{"hosts": customer.host, "tasks": [role("onboard", onboard_fail=False)]}]
    ).good()
    result = fact(run, customer.host, "onboard_result")
    assert (result["status"], result["category"], result["who"]) == (
        "failed",
        "not_licensed",
        "customer",
    )
    assert (steps(result)["roles_complete"], steps(result)["licence_present"]) == ("ok", "failed")


@pytest.mark.parametrize("name", ["onboard", "offboard"])
def test_the_example_in_the_readme_runs_as_it_stands(
    name: str, ansible: Ansible, customer: Customer
) -> None:
    (snippet,) = re.findall(
        r"```yaml\n(.*?)```", (ROOT / f"roles/{name}/README.md").read_text(), re.DOTALL
    )
    book = ansible.cwd / "site.yml"
    book.write_text(
        re.sub(r"hosts: \w+", f"hosts: {customer.host}", snippet)
        .replace("[fabrikam]", f"[{customer.host}]")
        .replace("/tmp/", f"{ansible.cwd}/")
    )
    run = ansible.playbook(str(book)).good()
    assert fact(run, customer.host, f"{name}_result")["status"] in ("done", "waiting")
