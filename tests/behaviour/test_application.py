# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application in the provider's own tenant: made once, its credentials let it in, and a second
run writes nothing."""

from __future__ import annotations

import datetime
import json
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Bastion, Run

Json = dict[str, t.Any]


@pytest.fixture
def provider(home: Customer, ansible: Ansible, connected: Json) -> Customer:
    """The provider's own tenant as the host `partner`, and the inventory that has nothing else."""
    connected |= {"defender_xdr_client_secret": home.lab.facts["client_secret"]}
    ansible.write_inventory({home.host: home.variables()}, connected)
    return home


def task(name: str, module: str, arguments: Json, **more: t.Any) -> Json:
    return {"name": name, f"mssp.defender_xdr.{module}": arguments, **more}


def written(home: Customer, since: int) -> list[str]:
    """The changes that reached Graph."""
    lines = [
        line
        for line in home.lab.journal(since)
        if line["origin"] == "graph" and line["method"] != "GET"
    ]
    return [f"{line['method']} {line['path'].split('?')[0]} {line['status']}" for line in lines]


def registration(name: str, **more: t.Any) -> Json:
    return task(
        "register",
        "application",
        {"display_name": name, "permissions_for": ["incident_info", "hunting_query"], **more},
        register="app",
    )


def credential(called: str, **arguments: t.Any) -> Json:
    given = {
        "app_id": "{{ app.application.app_id }}",
        "type": "secret",
        "name": "ansible",
        **arguments,
    }
    return task(called, "application_credential", given, register="made")


def kept(where: Path, what: str = "made.secret_text") -> Json:
    """A task that puts a registered secret where the test can read it."""
    copy = {"content": f"{{{{ {what} }}}}", "dest": str(where), "mode": "0600"}
    return {
        "name": "keep",
        "ansible.builtin.copy": copy,
        "delegate_to": "localhost",
        "no_log": True,
    }


def test_an_application_and_all_its_credentials_are_made_once_and_let_it_in(
    provider: Customer, ansible: Ansible
) -> None:
    dest = ansible.inputs / "secret"
    tasks = [
        registration("Made once", redirect_uris=["https://portal.contoso.example/consented"]),
        credential("secret", dest=str(dest)),
        credential(
            "certificate",
            type="certificate",
            public_certificate_path=str(provider.lab.folder / "client.pem"),
            rotate_before=0,
        ),
        credential(
            "federated",
            type="federated",
            name="ci",
            issuer="https://ci.partner.example",
            subject="repo:partner/soc:environment:production",
        ),
        task("read", "application_info", {"app_id": "{{ app.application.app_id }}"}),
    ]
    other = {"client_id": "{{ app.application.app_id }}", "token_cache": "none"}
    ways = {
        "by secret": {"client_secret_file": str(dest)},
        "by certificate": {"certificate_path": str(provider.lab.folder / "client.pem")},
        "by assertion": {"assertion_file": str(provider.lab.folder / "assertion.jwt")},
    }
    enter = [task(name, "access_token", {**other, **way}) for name, way in ways.items()]
    first = ansible.playbook([{"hosts": "tenants", "tasks": tasks + enter}], "-vvv").good()
    made = f"/v1.0/applications/{first.result('register')['application']['id']}"
    assert written(provider, provider.since) == [
        "POST /v1.0/applications 201",
        "POST /v1.0/servicePrincipals 201",
        f"POST {made}/addPassword 200",
        f"PATCH {made} 204",
        f"POST {made}/federatedIdentityCredentials 201",
    ]
    assert dest.read_text() not in first.output + json.dumps(first.events)
    shown = first.result("read")["applications"][0]
    assert shown["api_permissions"] == [
        {"api": "graph", "roles": ["SecurityIncident.Read.All", "ThreatHunting.Read.All"]}
    ]
    assert sorted((each["type"], each["display_name"]) for each in shown["credentials"]) == [
        ("certificate", "ansible"),
        ("federated", "ci"),
        ("secret", "ansible"),
    ]
    since = provider.lab.now()
    again = ansible.playbook([{"hosts": "tenants", "tasks": tasks}], "--diff").good()
    assert written(provider, since) == []
    assert [again.result(each["name"])["changed"] for each in tasks] == [False] * 5
    for one in (shown, later := again.result("read")["applications"][0]):
        for each in one["credentials"]:
            del each["days_left"]  # which passes with time
    assert later == shown


def test_check_mode_writes_nothing_and_says_the_same_change_as_the_run(
    provider: Customer, ansible: Ansible
) -> None:
    plays = [{"hosts": "tenants", "tasks": [registration("Only looked at")]}]
    looked = ansible.playbook(plays, "--check", "--diff").good().result("register")
    assert written(provider, provider.since) == []
    made = ansible.playbook(plays, "--diff").good().result("register")
    for one in (looked, made):
        one["diff"]["after"].update(id="", app_id="")
    assert looked["diff"] == made["diff"]
    assert (looked["changed"], made["changed"]) == (True, True)


def in_the_next_second(provider: Customer) -> None:
    """Return when a credential that is made now begins later than one that was made before: the
    directory knows seconds only."""
    begun = int(time.time())
    while int(time.time()) == begun:
        provider.lab.now()


def test_a_secret_is_rotated_with_an_overlap_and_the_old_one_goes_by_a_later_run(
    provider: Customer, ansible: Ansible
) -> None:
    read = task("read", "application_info", {"app_id": "{{ app.application.app_id }}"})
    dest = str(ansible.inputs / "secret")

    def run(*tasks: Json) -> Run:
        return ansible.playbook(
            [{"hosts": "tenants", "tasks": [registration("Rotated"), *tasks, read]}]
        ).good()

    def secrets(run: Run) -> list[tuple[str, bool]]:
        return [
            (each["key_id"], each["superseded"])
            for each in run.result("read")["applications"][0]["credentials"]
        ]

    [(old, unused)] = secrets(run(credential("secret", valid_for=20, rotate_before=10, dest=dest)))
    assert secrets(run(credential("secret", valid_for=20, rotate_before=10, dest=dest))) == [
        (old, False)
    ]
    in_the_next_second(provider)
    [first, second] = secrets(run(credential("secret", rotate_before=30, dest=dest)))
    assert (first, second[1]) == ((old, True), False)
    # a task that only registers what it makes cannot know who has it
    registered = run(credential("secret", rotate_before=30, keep_old_for=0)).result("secret")
    assert (registered["changed"], len(registered["credentials"])) == (False, 2)
    third = run(credential("secret", rotate_before=30, keep_old_for=0, dest=dest))
    assert [each["key_id"] for each in third.result("secret")["credentials"]] == [second[0]]
    refused = ansible.playbook(
        [
            {
                "hosts": "tenants",
                "tasks": [registration("Rotated"), credential("last", state="absent")],
            }
        ]
    )
    assert refused.code != 0
    assert refused.result("last")["error"]["category"] == "conflict"
    assert "would have no valid credential left" in refused.result("last")["msg"]
    gone = run(credential("last", state="absent", force=True)).result("last")
    assert (gone["changed"], gone["credentials"]) == (True, [])


ACCIDENTS: t.Final[dict[str, Json]] = {
    "503 after": {"status": 503, "after": True},
    "504 after": {"status": 504, "after": True},
    "408 after": {"status": 408, "after": True},
    "lost after": {"reset": True, "after": True},
    "503 before": {"status": 503},
    "408 before": {"status": 408},
}


def test_an_accident_while_a_secret_is_made_never_costs_the_one_in_the_file(
    provider: Customer, ansible: Ansible
) -> None:
    dests = {name: ansible.inputs / name.replace(" ", "-") for name in ACCIDENTS}

    def secrets(called: str, **arguments: t.Any) -> list[Json]:
        return [
            {
                **credential(f"{called} {name}", name=name, dest=str(dest), **arguments),
                "ignore_errors": True,
            }
            for name, dest in dests.items()
        ]

    first = ansible.playbook(
        [
            {
                "hosts": "tenants",
                "tasks": [
                    registration("Accidents"),
                    *secrets("make", valid_for=20, rotate_before=10),
                ],
            }
        ]
    ).good()
    application = first.result("register")["application"]
    before = {name: dest.read_text() for name, dest in dests.items()}
    for fault in ACCIDENTS.values():
        provider.fault(
            origin="graph",
            method="POST",
            path=f"/v1.0/applications/{application['id']}/addPassword",
            **fault,
        )
    broken = ansible.playbook(
        [
            {
                "hosts": "tenants",
                "tasks": [registration("Accidents"), *secrets("break", keep_old_for=0)],
            }
        ]
    ).good()
    for name, fault in ACCIDENTS.items():
        error = broken.result(f"break {name}")["error"]
        assert (error["category"], error["retryable"], error["status"]) == (
            "outcome_unknown",
            False,
            fault.get("status"),
        ), name
        said = (
            "It had been created and was removed again"
            if fault.get("after")
            else "No such secret is visible yet"
        )
        assert said in broken.result(f"break {name}")["msg"]
    assert {name: dest.read_text() for name, dest in dests.items()} == before
    other = {"client_id": application["app_id"], "token_cache": "none"}
    enter = [
        task(f"enter {name}", "access_token", {**other, "client_secret_file": str(dest)})
        for name, dest in dests.items()
    ]
    mended = ansible.playbook(
        [
            {
                "hosts": "tenants",
                "tasks": [
                    *enter,
                    registration("Accidents"),
                    *secrets("mend", keep_old_for=0),
                    *enter,
                ],
            }
        ]
    ).good()
    for name, dest in dests.items():
        assert mended.result(f"mend {name}")["changed"] is True
        assert dest.read_text() != before[name]
        assert mended.result(f"enter {name}")["changed"] is False
    # the old ones went with the accident's, because each file has its new one
    assert len(mended.result(f"mend {name}")["credentials"]) == len(ACCIDENTS)


def test_what_nobody_holds_is_no_reason_to_remove_what_somebody_does(
    provider: Customer, ansible: Ansible
) -> None:
    """By hand beside the task: a secret that a killed run left, and an emergency one of today."""
    dest = ansible.inputs / "secret"
    made = (
        ansible.playbook([{"hosts": "tenants", "tasks": [registration("By hand")]}])
        .good()
        .result("register")["application"]
    )
    headers = {
        "Authorization": f"Bearer {provider.lab.token(provider.tenant_id)}",
        "Content-Type": "application/json",
    }

    def by_hand(start: float, end: float) -> Json:
        asked = {"displayName": "ansible", "startDateTime": day(start), "endDateTime": day(end)}
        url = f"{provider.lab.urls['graph']}/v1.0/applications/{made['id']}/addPassword"
        return provider.lab.ask(
            "POST", url, json.dumps({"passwordCredential": asked}).encode(), headers
        )

    working, orphan, emergency = by_hand(-100, 80), by_hand(-8, 172), by_hand(0, 30)
    dest.write_text(working["secretText"])
    since = provider.lab.now()
    tasks = [
        registration("By hand"),
        credential("keep", dest=str(dest)),
        credential("at once", dest=str(dest), keep_old_for=0),
    ]
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}]).good()
    assert written(provider, since) == []
    for name in ("keep", "at once"):
        assert run.result(name)["credential"]["key_id"] == working["keyId"]
        said = " ".join(run.result(name)["warnings"])
        for each in (orphan, emergency):
            assert f"secret ansible ({each['keyId']}) is not the secret in dest" in said
    # without the file nobody knows what works, and nothing goes
    dest.unlink()
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}]).good()
    assert written(provider, since) == []
    said = " ".join(run.result("at once")["warnings"])
    assert f"is not confirmed to hold secret ansible ({orphan['keyId']})" in said
    assert (
        f"secret ansible ({working['keyId']}) is kept because nothing proves that anybody has"
        f" secret ansible ({orphan['keyId']})"
    ) in said


def day(days: float) -> str:
    """So many days from now, as Graph writes times."""
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def test_an_empty_text_or_a_name_that_only_looks_alike_changes_nothing(
    provider: Customer, ansible: Ansible
) -> None:
    first = registration("Named Alike", sign_in_audience="AzureADMyOrg")
    ansible.playbook(
        [
            {
                "hosts": "tenants",
                "tasks": [first, credential("secret", dest=str(ansible.inputs / "secret"))],
            }
        ]
    ).good()
    since = provider.lab.now()
    tasks = [
        registration("Named Alike"),
        credential("credential", name="", state="absent", force=True),
        task("consent", "consent", {"app_id": "", "state": "absent"}),
        task(
            "application",
            "application",
            {"app_id": "", "display_name": "Named Alike", "state": "absent"},
        ),
        task("alike", "application", {"display_name": "named alike", "state": "absent"}),
        task(
            "purged",
            "application",
            {"display_name": "Named Alike", "api_permissions": [], "purge_permissions": True},
        ),
    ]
    run = ansible.playbook(
        [{"hosts": "tenants", "tasks": [{**each, "ignore_errors": True} for each in tasks]}]
    ).good()
    assert written(provider, since) == []
    assert run.result("register")["application"]["sign_in_audience"] == "AzureADMyOrg"
    for name in ("credential", "consent", "application", "purged"):
        assert run.result(name)["error"]["category"] == "bad_request", name
    assert (
        run.result("alike")["changed"],
        "found instead:" in run.result("alike")["warnings"][0],
    ) == (False, True)


def test_a_secret_is_made_where_the_task_registers_it_and_nowhere_else(
    provider: Customer, ansible: Ansible, bastion: Bastion, connected: Json
) -> None:
    keep = ansible.inputs / "kept"
    unregistered = {
        name: value for name, value in credential("unregistered").items() if name != "register"
    }
    ansible.write_inventory(
        {provider.host: provider.variables(), "bastion": bastion.variables}, connected
    )
    elsewhere = {**credential("sent", name="sent"), "delegate_to": "bastion"}
    tasks = [
        registration("Registered"),
        {**unregistered, "ignore_errors": True},
        credential("here"),
        kept(keep),
        elsewhere,
        kept(Path(f"{keep}-sent")),
    ]
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}], "-vvv").good()
    assert (
        "register the task's result, or set dest or return_secret"
        in run.result("unregistered")["msg"]
    )
    assert len(bastion.started) == 1
    for secret in (keep.read_text(), Path(f"{keep}-sent").read_text()):
        assert len(secret) > 30
        assert secret not in run.output + json.dumps(run.events)
    assert [line.rsplit("/", 1)[-1] for line in written(provider, provider.since)].count(
        "addPassword 200"
    ) == 2


def test_an_application_whose_creation_got_lost_and_one_that_is_slow_to_appear_are_made_once(
    provider: Customer, ansible: Ansible
) -> None:
    provider.fault(
        origin="graph", method="POST", path="/v1.0/applications", times=1, reset=True, after=True
    )
    plays = [{"hosts": "tenants", "tasks": [registration("Lost")]}]
    assert ansible.playbook(plays).good().result("register")["changed"] is True
    provider.lab.control("POST", "consistency", tenant=provider.tenant_id, reads=1)
    slow = [{"hosts": "tenants", "tasks": [registration("Slow"), credential("secret")]}]
    assert ansible.playbook(slow).good().result("register")["changed"] is True
    provider.lab.control("POST", "consistency", tenant=provider.tenant_id, reads=0)
    since = provider.lab.now()
    assert ansible.playbook([*plays, *slow]).good().result("register")["changed"] is False
    assert written(provider, since) == []


def test_the_watch_ends_with_a_code_for_monitoring(provider: Customer, ansible: Ansible) -> None:
    name = ["-e", "defender_xdr_provider=tenants"]
    made = ansible.playbook(
        [
            {
                "hosts": "tenants",
                "tasks": [
                    registration("Watched"),
                    credential("secret", valid_for=20, rotate_before=5),
                ],
            }
        ]
    ).good()
    app = ["-e", f"credentials_app_id={made.result('register')['application']['app_id']}"]
    well = ansible.playbook("mssp.defender_xdr.credentials", *name, *app).good()
    # 20 within the second in which the secret was made
    lines = [f"{days}  no         secret  ansible " for days in (19, 20)]
    assert any(line in well.output for line in lines)
    ill = ansible.playbook(
        "mssp.defender_xdr.credentials", *name, *app, "-e", "credentials_fail_days=21"
    )
    assert ill.code == 2
    assert (
        "expire within 21 days, and have no successor: ansible. Renew or remove them"
        in ill.result("Fail if a credential expires soon")["msg"]
    )
    nobody = ansible.playbook(
        "mssp.defender_xdr.credentials",
        *name,
        "-e",
        "credentials_app_id=00000000-1111-2222-3333-444444444444",
    )
    assert nobody.code == 2
    assert (
        "has no application 00000000-1111"
        in nobody.result("Check that the application exists")["msg"]
    )
    # the lab's own application, by its own inventory, has a secret that ended
    ansible.inventory = provider.lab.inventory
    left = ansible.playbook("mssp.defender_xdr.credentials")
    assert left.code == 2
    assert "no successor: old. Renew" in left.result("Fail if a credential expires soon")["msg"]


def test_a_swept_secret_is_never_displayed(provider: Customer, ansible: Ansible) -> None:
    keep = ansible.inputs / "kept"
    made = {
        "app_id": "{{ app.application.app_id }}",
        "type": "secret",
        "name": "swept",
        "return_secret": True,
    }
    sweep = {
        "module": "application_credential",
        "module_args": made,
        "provider_tenants": True,
    }
    tasks = [
        registration("Swept"),
        {"name": "sweep", "mssp.defender_xdr.sweep": sweep, "run_once": True, "register": "swept"},
        kept(keep, "swept.results.partner.secret_text"),
    ]
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}], "-vvv").good()
    assert keep.read_text() not in run.output + json.dumps(run.events)
