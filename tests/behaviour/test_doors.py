# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module through both doors: in Ansible's own process, and as an ordinary module on a machine
of another transport."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.permissions import (
    PERMISSIONS,
)
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Bastion

Json = dict[str, t.Any]

NO_DEVICE: t.Final = "0" * 40
SHA1: t.Final = "87662bc3d60e4200ceaf7aae249d1c343f4b83c9"

# Each module with arguments that succeed and arguments that fail, before and after a request.
CASES: t.Final[dict[str, dict[str, Json]]] = {
    "access_token": {
        "graph": {},
        "endpoint": {"resource": "endpoint", "force_refresh": True},
        "bad choice": {"resource": "teams"},
    },
    "access_token_info": {
        "roles": {"required_for": ["incident_info", "hunting_query"]},
        "missing": {"required_roles": ["IdentityRiskyUser.Read.All"]},
        "report": {"required_roles": ["IdentityRiskyUser.Read.All"], "on_problem": "report"},
        "signature": {"resource": "xdr", "verify_signature": True},
        "unknown role": {"required_roles": ["Incident.Raed.All"]},
    },
    "consent": {
        "link": {"required_for": ["incident_info"], "method": "link", "link_state": "a b"},
        "by api only": {"required_for": ["incident_info"], "method": "api"},
        "nothing wanted": {"state": "present"},
    },
    "consent_info": {
        "modules": {"required_for": ["incident_info", "hunting_query"]},
        "roles": {"api_permissions": [{"api": "endpoint", "roles": ["Machine.Isolate"]}]},
        "unknown role": {"api_permissions": [{"api": "xdr", "roles": ["Incident.Raed.All"]}]},
    },
    "application": {
        "gone": {"display_name": "Nobody's", "state": "absent"},
        "no such app": {
            "app_id": "00000000-1111-2222-3333-444444444444",
            "sign_in_audience": "AzureADMyOrg",
        },
        "role of another api": {
            "app_id": "{{ app }}",
            "api_permissions": [{"api": "graph", "roles": ["Machine.Read.All"]}],
        },
        "unknown module": {"display_name": "Nobody's", "permissions_for": ["incident_inof"]},
    },
    "application_info": {
        "own": {},
        "none": {"display_name": "Nobody's"},
        "no guid": {"app_id": "Nobody's"},
    },
    "application_credential": {
        "gone": {"app_id": "{{ app }}", "state": "absent", "name": "Nobody's"},
        "in use": {
            "app_id": "{{ app }}",
            "state": "absent",
            "type": "secret",
            "name": "automation",
        },
        "too late": {
            "app_id": "{{ app }}",
            "type": "secret",
            "name": "Nobody's",
            "dest": "/nowhere/secret",
        },
    },
    "alert": {
        "as it is": {"id": "{{ alert }}", "status": "resolved", "assigned_to": ""},
        "no such id": {"id": "da000_1", "status": "resolved"},
        "wrong determination": {
            "id": "da000_1",
            "classification": "false_positive",
            "determination": "malware",
        },
        "older api": {"id": "da000_1", "status": "resolved", "api": "xdr"},
    },
    "alert_info": {
        "list": {"status": ["new", "in_progress"], "severity": "high", "limit": 5},
        "no such id": {"id": "da000_1"},
        "no id": {"id": "../incidents"},
    },
    "device_info": {
        "list": {"risk_score": ["none", "low", "medium", "high"], "limit": 3},
        "no such id": {"id": "0000000000000000000000000000000000000000"},
        "two ways": {"id": "1", "ip": "10.0.0.1"},
    },
    "device_tag": {
        "as it is": {"device": "{{ device }}", "tags": ["never"], "state": "absent"},
        "no such device": {"device": NO_DEVICE, "tags": ["never"]},
        "empty tag": {"device": "{{ device }}", "tags": [" "]},
    },
    "device_isolation": {
        "joined": {"device": "{{ device }}", "comment": "Test", "wait": False},
        "no such device": {"device": NO_DEVICE, "comment": "Test"},
        "no comment": {"device": "{{ device }}", "comment": " "},
    },
    "device_code_restriction": {
        "joined": {"device": "{{ device }}", "comment": "Test", "wait": False},
        "opposite": {
            "device": "{{ device }}",
            "comment": "Test",
            "state": "unrestricted",
            "on_opposite": "fail",
        },
    },
    "device_scan": {
        "joined": {"device": "{{ device_name }}", "comment": "Test", "wait": False},
        "no time": {"device": "{{ device }}", "comment": "Test", "wait_timeout": 0},
    },
    "device_file_quarantine": {
        "joined": {"device": "{{ device }}", "sha1": SHA1, "comment": "Test", "wait": False},
        "no hash": {"device": "{{ device }}", "sha1": "abc", "comment": "Test"},
    },
    "device_investigation_package": {
        "joined": {"device": "{{ device }}", "comment": "Test", "wait": False},
        "no folder": {"device": "{{ device }}", "comment": "Test", "dest": "/nowhere/package.zip"},
        "no file": {"device": "{{ device }}", "comment": "Test"},
    },
    "device_live_response": {
        "joined": {
            "device": "{{ device }}",
            "comment": "Test",
            "commands": [{"run_script": "nobodys.ps1"}],
            "wait": False,
        },
        "wrong order": {
            "device": "{{ device }}",
            "comment": "Test",
            "commands": [{"get_file": "/tmp/a"}, {"run_script": "nobodys.ps1"}],
        },
        "no folder": {
            "device": "{{ device }}",
            "comment": "Test",
            "commands": [{"get_file": "/tmp/a"}],
        },
        "unknown command": {
            "device": "{{ device }}",
            "comment": "Test",
            "commands": [{"delete_file": "/tmp/a"}],
        },
    },
    "device_investigation": {
        "joined": {"device": "{{ device }}", "comment": "Test", "wait": False},
        "no such device": {"device": NO_DEVICE, "comment": "Test"},
    },
    "device_offboarding": {
        "joined": {
            "device": "{{ device }}",
            "confirm": "{{ device_name }}",
            "comment": "Test",
            "wait": False,
        },
        "not confirmed": {"device": "{{ device }}", "confirm": "pc", "comment": "Test"},
    },
    "device_action": {
        "as it is": {"id": "{{ cancelled }}", "comment": "Test"},
        "has ended": {"id": "{{ ended }}", "comment": "Test"},
        "no id": {"id": "../machines", "comment": "Test"},
    },
    "device_action_info": {
        "list": {"device": "{{ device_name }}", "status": ["cancelled", "succeeded"]},
        "naive time": {"since": "2026-01-01T00:00:00"},
        "no such device": {"device": NO_DEVICE},
    },
    "library_file": {
        "gone": {"name": "nobodys.ps1", "state": "absent"},
        "no such source": {"name": "nobodys.ps1", "src": "/nowhere/nobodys.ps1"},
        "no source": {"name": "nobodys.ps1"},
        "no name": {"name": "../nobodys.ps1", "state": "absent"},
    },
    "library_file_info": {
        "list": {"name": ["nobodys.ps1"], "fields": ["sha256"]},
        "no such field": {"fields": ["id"]},
        "bad limit": {"limit": -1},
    },
    "incident": {
        "as it is": {"id": "{{ incident }}", "status": "resolved", "assigned_to": ""},
        "no such id": {"id": "999999999", "status": "resolved"},
        "nothing named": {"id": "1"},
        "older api": {"id": "1", "severity": "low", "api": "xdr"},
    },
    "incident_info": {
        "list": {"status": ["active", "in_progress"], "expand_alerts": True, "limit": 5},
        "fields": {"severity": "high", "fields": ["display_name", "severity"]},
        "no such id": {"id": "999999999"},
        "naive time": {"created_since": "2026-01-01T00:00:00"},
        "two ways": {"id": "1", "status": ["active"]},
    },
    "hunting_query": {
        "rows": {
            "query": (
                "DeviceInfo | where DeviceName has name | take 3 | project DeviceName, OSPlatform"
            ),
            "parameters": {"name": "."},
        },
        "limit": {
            "query": (
                "DeviceProcessEvents | sort by Timestamp, ReportId | project FileName, ReportId"
            ),
            "limit": 2,
            "timespan": "30d",
        },
        "bad query": {"query": "DeviceInfoo | take 1"},
        "bad parameter": {"query": "DeviceInfo", "parameters": {"1x": 1}},
    },
}
# Its cases show what comes of a customer who has not granted the roles that it needs.
NOT_GRANTED: t.Final = ("consent",)
# These change an object of the customer.
ACTING: t.Final = ("alert", "incident")
# These act in the provider's own tenant, where the application is registered.
AT_HOME: t.Final = ("application", "application_credential", "application_info")
# What cannot be equal: ids of requests, times of issue, and what core's own transport of modules
# adds.
OWN: t.Final = (
    "request_id",
    "invocation",
    "access_token",
    "expires_at",
    "claims",
    "ansible_facts",
    "ansible_parsed",
    "waited_seconds",
)


def comparable(result: t.Any) -> t.Any:
    if isinstance(result, dict):
        return {
            name: comparable(value)
            for name, value in result.items()
            if name not in OWN and not name.startswith("_ansible")
        }
    return [comparable(member) for member in result] if isinstance(result, list) else result


def resolved(customer: Customer) -> Json:
    """The ids of an incident and an alert that nobody has, both resolved."""
    lab, tenant = customer.lab, customer.tenant_id
    headers = {"Authorization": f"Bearer {lab.token(tenant)}"}
    url = f"{lab.urls['graph']}/v1.0/security/alerts_v2?$top=1"
    alert = lab.ask("GET", url, headers=headers)["value"][0]
    state = {"status": "resolved", "assignedTo": None}
    lab.control(
        "POST",
        "incidents",
        tenant=tenant,
        incidents=[{"id": alert["incidentId"], **state}],
        alerts=[{"id": alert["id"], **state}],
    )
    return {"incident": alert["incidentId"], "alert": alert["id"]}


def held(customer: Customer) -> Json:
    """A device on which one action of each type is open for as long as the test takes; an action
    that was cancelled, and one that has ended."""
    device = customer.lab.devices(customer.tenant_id)[0]
    script = {"type": "RunScript", "params": [{"key": "ScriptName", "value": "nobodys.ps1"}]}
    command = {"index": 0, "commandStatus": "Created", "errors": [], "command": script}
    more: list[tuple[str, Json]] = [
        ("Isolate", {"scope": "Full"}),
        ("RestrictCodeExecution", {}),
        ("RunAntiVirusScan", {"scope": "Quick"}),
        ("StopAndQuarantineFile", {"relatedFileInfo": {"fileIdentifier": SHA1}}),
        ("Offboard", {}),
        ("CollectInvestigationPackage", {}),
        ("LiveResponse", {"commands": [command]}),
        ("CollectInvestigationPackage", {"status": "Cancelled"}),
        ("LiveResponse", {"status": "Succeeded"}),
    ]
    actions = [{"machineId": device["id"], "type": kind, **members} for kind, members in more]
    answer = customer.lab.control(
        "POST", "devices", tenant=customer.tenant_id, actions={"hold": True}, add=actions
    )
    customer.grant(PERMISSIONS["device_investigation"])
    customer.lab.investigate(customer.tenant_id, device["id"])
    cancelled, ended = answer["added"][-2:]
    names = {"device": device["id"], "device_name": device["computerDnsName"]}
    return {**names, "cancelled": cancelled, "ended": ended}


def tasks(module: str, cases: t.Iterable[str], where: str, keep: Path, **how: t.Any) -> list[Json]:
    """The cases, and a copy of what they registered: access_token is never displayed."""
    calls = []
    for number, case in enumerate(cases):
        call = {
            "name": f"{case} {where}",
            f"mssp.defender_xdr.{module}": CASES[module][case],
            "ignore_errors": True,
            "register": f"answer{number}",
        }
        # only a process of its own gets this variable
        calls.append({**call, "environment": {"BEHAVIOUR_TASK": f"{case} {where}"}, **how})
    answers = (
        "{{ {"
        + ", ".join(f"'{case}': answer{number}" for number, case in enumerate(cases))
        + "} | to_json }}"
    )
    copy = {
        "name": "keep",
        "ansible.builtin.copy": {"content": answers, "dest": str(keep / where), "mode": "0600"},
        "delegate_to": "localhost",
    }
    return [*calls, {**copy, "no_log": True}]


@pytest.mark.parametrize("module", sorted(CASES))
def test_a_module_answers_the_same_through_both_doors(
    module: str,
    ansible: Ansible,
    home: Customer,
    customers: t.Callable[[int], list[Customer]],
    connected: Json,
    bastion: Bastion,
    fleet: Lab,
) -> None:
    customer = home if module in AT_HOME else customers(1)[0]
    known = resolved(customer) if module in ACTING else {}
    if module.startswith("device_") and module != "device_info":
        known = held(customer)
    if module not in (*AT_HOME, *NOT_GRANTED):
        customer.grant(PERMISSIONS[module])
    connected |= {
        "defender_xdr_client_secret": customer.lab.facts["client_secret"],
        "defender_xdr_token_cache": "none",
    }
    by_hand = {
        name.removeprefix("defender_xdr_"): value
        for name, value in connected.items()
        if name.startswith("defender_xdr_")
    }
    by_hand |= {"tenant_id": customer.tenant_id, "tenant_name": customer.host}
    ansible.write_inventory(
        {customer.host: customer.variables(), "bastion": bastion.variables}, connected
    )
    first = next(iter(CASES[module]))
    here = tasks(module, CASES[module], "here", ansible.inputs)
    delegated = tasks(module, CASES[module], "delegated", ansible.inputs, delegate_to="bastion")
    there = tasks(
        module,
        [first],
        "there",
        ansible.inputs,
        module_defaults={"group/mssp.defender_xdr.tenant": by_hand},
    )
    ansible.playbook(
        [{"hosts": customer.host, "tasks": here + delegated}, {"hosts": "bastion", "tasks": there}],
        "-e",
        json.dumps({"app": fleet.facts["client_id"], **known}),
    ).good()

    def answer(case: str, where: str) -> Json:
        return t.cast("Json", comparable(json.loads((ansible.inputs / where).read_text())[case]))

    for case in CASES[module]:
        assert answer(case, "delegated") == answer(case, "here")
        assert answer(case, "here")["tenant"] == {
            "id": customer.tenant_id,
            "name": customer.host,
            "cloud": "public",
        }
    assert answer(first, "there") == answer(first, "here")
    outcomes = {case: answer(case, "here")["failed"] for case in CASES[module]}
    assert set(outcomes.values()) == {True, False}, outcomes
    # each door was the one it should be: a Python of the bastion for each task sent there, and none
    # for what ran here
    sent = {f"{case} delegated" for case, failed in outcomes.items() if not failed} | {
        f"{first} there"
    }
    assert sent <= set(bastion.started)
    assert not [name for name in bastion.started if name.endswith(" here")]
    assert f"put AnsiballZ_{module}.py" in bastion.connection


def test_every_module_has_a_case_for_both_doors() -> None:
    modules = {
        path.stem for path in (Path(__file__).parents[2] / "plugins/modules").glob("*.py")
    } - {"audit_info", "sweep", "hunt_sweep", "report"}  # these are the controller's alone
    assert modules == set(CASES)


def test_a_machine_of_another_transport_reads_its_own_files(
    ansible: Ansible, customer: Customer, connected: Json, bastion: Bastion
) -> None:
    secret = ansible.inputs / "secret"
    secret.write_text(customer.lab.facts["client_secret"])
    cache = ansible.folder / "tmp/cache-of-the-bastion"
    connected |= {
        "defender_xdr_client_secret_file": str(secret),
        "defender_xdr_token_cache": str(cache),
    }
    ansible.write_inventory(
        {customer.host: customer.variables(), "bastion": bastion.variables}, connected
    )
    first = {
        "name": "first",
        "mssp.defender_xdr.incident_info": {"limit": 1},
        "delegate_to": "bastion",
    }
    ansible.playbook([{"hosts": "tenants", "tasks": [first, {**first, "name": "again"}]}]).good()
    assert len(bastion.started) == 2
    assert [line["status"] for line in customer.calls("login")] == [200]
    assert [path.stat().st_mode & 0o777 for path in cache.iterdir()] == [0o600]


def test_a_bastion_that_delegates_to_a_tenant_host_is_served_here(
    ansible: Ansible,
    customers: t.Callable[[int], list[Customer]],
    connected: Json,
    bastion: Bastion,
    fleet: Lab,
) -> None:
    mine, other = customers(2)
    connected["defender_xdr_client_secret"] = fleet.facts["client_secret"]
    ansible.write_inventory(
        {other.host: other.variables(), "bastion": bastion.variables}, connected
    )
    by_hand = {
        name.removeprefix("defender_xdr_"): value
        for name, value in connected.items()
        if name.startswith("defender_xdr_")
    }
    one = {
        "name": "one",
        "mssp.defender_xdr.incident_info": {**by_hand, "tenant_id": mine.tenant_id},
        "delegate_to": other.host,
    }
    run = ansible.playbook([{"hosts": "bastion", "tasks": [one]}]).good()
    assert run.result("one")["tenant"]["id"] == mine.tenant_id
    assert mine.calls("graph")
    assert not other.calls()
    assert bastion.started == []
