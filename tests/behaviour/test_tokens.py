# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens: asked for once, kept privately, renewed when refused, and acquired with every kind of
credential."""

from __future__ import annotations

import base64
import json
import ssl
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible

Json = dict[str, t.Any]
Customers = t.Callable[[int], list[Customer]]
STALE: t.Final = {
    "error": {
        "code": "InvalidAuthenticationToken",
        "message": "Lifetime validation failed, the token is expired.",
    }
}


def pattern(customers: list[Customer]) -> str:
    return ",".join(one.host for one in customers)


def test_a_warm_run_makes_no_login_request(ansible: Ansible, customers: Customers) -> None:
    mine = customers(3)
    for _unused in range(2):
        ansible.adhoc(pattern(mine), "incident_info", "limit=1").good()
    for one in mine:
        assert [(line["origin"], line["status"]) for line in one.calls()] == [
            ("login", 200),
            ("graph", 200),
            ("graph", 200),
        ]
        (entry,) = ansible.entries(one.tenant_id)
        assert entry.stat().st_mode & 0o777 == 0o600
    assert ansible.tokens.stat().st_mode & 0o777 == 0o700


def test_ten_processes_started_together_make_one_token_request_for_each_tenant(
    ansible: Ansible, customers: Customers
) -> None:
    mine = customers(3)
    arguments = (pattern(mine), "-m", "mssp.defender_xdr.incident_info", "-a", "limit=1")
    started = [ansible.start("adhoc", *arguments) for _unused in range(10)]
    for one in started:
        one.done().good()
    for customer in mine:
        assert [line["status"] for line in customer.calls("login")] == [200]
        assert [line["status"] for line in customer.calls("graph")] == [200] * 10


def test_a_cache_file_that_cannot_be_trusted_is_neither_used_nor_fatal(
    ansible: Ansible, customers: Customers
) -> None:
    good, corrupt, readable, foreign, linked = mine = customers(5)
    ansible.adhoc(pattern(mine), "incident_info", "limit=1").good()

    def entry(one: Customer) -> t.Any:
        (path,) = ansible.entries(one.tenant_id)
        return path

    entry(corrupt).write_bytes(b'{"key": "\x00')
    entry(readable).chmod(0o640)
    content = json.loads(entry(foreign).read_text())
    entry(foreign).write_text(
        json.dumps({**content, "key": content["key"].replace(foreign.tenant_id, good.tenant_id)})
    )
    place = entry(linked)
    place.rename(ansible.inputs / "moved")
    place.symlink_to(ansible.inputs / "moved")
    ansible.adhoc(pattern(mine), "incident_info", "limit=1").good()
    assert {one.host: len(one.calls("login")) for one in mine} == {
        good.host: 1,
        corrupt.host: 2,
        readable.host: 2,
        foreign.host: 2,
        linked.host: 2,
    }
    for one in mine:
        assert entry(one).stat(follow_symlinks=False).st_mode & 0o177777 == 0o100600
    # what was written instead is good again
    ansible.adhoc(pattern(mine), "incident_info", "limit=1").good()
    assert sum(len(one.calls("login")) for one in mine) == 9


def test_a_cache_folder_open_to_others_is_left_alone_with_a_warning(
    ansible: Ansible, customer: Customer
) -> None:
    ansible.tokens.mkdir(parents=True)
    ansible.tokens.chmod(0o755)
    run = ansible.adhoc(customer.host, "incident_info", "limit=1").good()
    assert "Change its owner to this user and its mode to 0700" in run.output
    assert list(ansible.tokens.iterdir()) == []
    assert ansible.tokens.stat().st_mode & 0o777 == 0o755


def test_without_a_cache_nothing_is_kept_on_disk(ansible: Ansible, customer: Customer) -> None:
    ansible.adhoc(customer.host, "incident_info", "limit=1 token_cache=none").good()
    assert not ansible.tokens.exists()
    assert [path for path in ansible.folder.rglob("*") if path.name == "none"] == []


def _forms(folder: Path, fleet: Lab) -> dict[str, Json]:
    """Credentials as files, vaults and CI variables hand them out."""
    lab, password = fleet.folder, fleet.facts["certificate_password"]
    secret = str(fleet.facts["client_secret"])
    certificate = (lab / "client_split.crt").read_text()
    files = {
        "mark": secret.encode("utf-8-sig") + b"\r\n",
        "utf-16": f"{secret}\r\n".encode("utf-16"),
        "assertion": (lab / "assertion.jwt").read_text().encode("utf-8-sig") + b"\r\n",
        "app.cer": ssl.PEM_cert_to_DER_cert(certificate),
        "pfx.txt": base64.encodebytes((lab / "client.pfx").read_bytes()),
        "encrypted.txt": base64.b64encode((lab / "client_encrypted.pfx").read_bytes()),
    }
    path = {name: str(folder / name) for name in files}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    encoded = files["encrypted.txt"].decode()
    return {
        "secret with a line end": {"client_secret": f"{secret}\r\n"},
        "secret file with a mark": {"client_secret_file": path["mark"]},
        "secret file in UTF-16": {"client_secret_file": path["utf-16"]},
        "federated assertion with a mark": {"assertion_file": path["assertion"]},
        "DER": {
            "certificate_path": path["app.cer"],
            "private_key_path": str(lab / "client_split.key"),
        },
        "PEM on one line": {"certificate": (lab / "client.pem").read_text().replace("\n", "\\n")},
        "PFX as text": {"certificate": files["pfx.txt"].decode()},
        "PFX as a file of text": {"certificate_path": path["pfx.txt"]},
        "encrypted PFX as text": {"certificate": encoded, "certificate_password": password},
        "encrypted PFX as a file of text": {
            "certificate_path": path["encrypted.txt"],
            "certificate_password": password,
        },
    }


def test_every_kind_of_credential_obtains_a_token(
    ansible: Ansible, customers: Customers, connected: Json, fleet: Lab
) -> None:
    folder, password = fleet.folder, fleet.facts["certificate_password"]
    (ansible.inputs / "secret").write_text(f"\n {fleet.facts['client_secret']} \n")
    kinds: dict[str, Json] = {
        "secret": {"client_secret": fleet.facts["client_secret"]},
        "secret file": {"client_secret_file": str(ansible.inputs / "secret")},
        "PEM": {"certificate_path": str(folder / "client.pem")},
        "PEM with a key of its own": {
            "certificate_path": str(folder / "client_split.crt"),
            "private_key_path": str(folder / "client_split.key"),
        },
        "text": {"certificate": (folder / "client.pem").read_text()},
        "text with a key of its own": {
            "certificate": (folder / "client_split.crt").read_text(),
            "private_key_path": str(folder / "client_split.key"),
        },
        "encrypted PEM": {
            "certificate_path": str(folder / "client_encrypted.pem"),
            "certificate_password": password,
        },
        "PFX": {"certificate_path": str(folder / "client.pfx")},
        "encrypted PFX": {
            "certificate_path": str(folder / "client_encrypted.pfx"),
            "certificate_password": password,
        },
        **_forms(ansible.inputs, fleet),
        # not registered: trusted by its subject and issuer only, which needs the chain
        "renewed, with its chain": {
            "certificate_path": str(folder / "renewed.pem"),
            "certificate_chain": True,
        },
        "federated assertion": {"assertion_file": str(folder / "assertion.jwt")},
    }
    refused: dict[str, tuple[Json, str, int]] = {
        "renewed, without its chain": (
            {"certificate_path": str(folder / "renewed.pem")},
            "bad_credentials",
            1,
        ),
        "expired": ({"certificate_path": str(folder / "expired.pem")}, "credential_expired", 0),
        "expired secret": (
            {"client_secret": fleet.facts["expired_client_secret"]},
            "credential_expired",
            1,
        ),
        "assertion of nobody": (
            {"assertion_file": str(ansible.inputs / "secret")},
            "bad_credentials",
            1,
        ),
    }
    mine = dict(zip([*kinds, *refused], customers(len(kinds) + len(refused)), strict=True))
    hosts = {
        mine[kind].host: mine[kind].variables(
            **{f"defender_xdr_{name}": value for name, value in own.items()}
        )
        for kind, own in kinds.items()
    }
    hosts |= {
        mine[kind].host: mine[kind].variables(
            **{f"defender_xdr_{name}": value for name, value in own.items()}
        )
        for kind, (own, _category, _requests) in refused.items()
    }
    ansible.write_inventory(hosts, connected)
    task = {"name": "ask", "mssp.defender_xdr.access_token_info": {}, "ignore_errors": True}
    told = ansible.playbook([{"hosts": "tenants", "tasks": [task]}]).good().results("ask")
    for kind in kinds:
        result = told[mine[kind].host]
        assert result.get("valid"), (kind, result)
        assert result["claims"]["appidacr"] == ("1" if "secret" in kind else "2")
        assert [line["status"] for line in mine[kind].calls()] == [200]
    for kind, (_unused, category, requests) in refused.items():
        assert told[mine[kind].host]["error"]["category"] == category, (kind, told[mine[kind].host])
        assert len(mine[kind].calls()) == requests


def test_an_assertion_file_is_read_anew_for_every_token(
    ansible: Ansible, customer: Customer, connected: Json
) -> None:
    assertion = ansible.inputs / "assertion"
    assertion.write_text("not.an.assertion")
    ansible.write_inventory(
        {customer.host: customer.variables(defender_xdr_assertion_file=str(assertion))}, connected
    )
    source = str(customer.lab.folder / "assertion.jwt")
    tasks: list[Json] = [
        {"name": "before", "mssp.defender_xdr.access_token_info": {}, "ignore_errors": True},
        {
            "name": "renew",
            "ansible.builtin.copy": {"src": source, "dest": str(assertion), "mode": "0600"},
        },
        # a refusal is cached for some minutes, but not that of another credential
        {"name": "after", "mssp.defender_xdr.access_token_info": {}},
    ]
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}]).good()
    assert run.result("before")["error"]["category"] == "bad_credentials"
    assert run.result("after")["valid"]


def test_a_401_that_names_the_token_is_worth_one_renewal_and_no_more(
    ansible: Ansible, customers: Customers
) -> None:
    once, always, account = mine = customers(3)
    once.fault(origin="graph", status=401, body=STALE)
    always.fault(origin="graph", status=401, body=STALE, times=9)
    account.fault(
        origin="graph",
        status=401,
        body={"error": {"code": "Unauthorized", "message": "Account mode is inactive"}},
        times=9,
    )
    task = {"name": "list", "mssp.defender_xdr.incident_info": {"limit": 1}, "ignore_errors": True}
    told = ansible.playbook([{"hosts": pattern(mine), "tasks": [task]}]).good().results("list")
    assert told[once.host]["count"] == 1
    assert [(line["origin"], line["status"]) for line in once.calls()] == [
        ("login", 200),
        ("graph", 401),
        ("login", 200),
        ("graph", 200),
    ]
    assert told[always.host]["error"]["category"] == "bad_credentials"
    assert [line["origin"] for line in always.calls()] == ["login", "graph", "login", "graph"]
    assert told[account.host]["error"]["category"] == "not_licensed"
    assert [line["origin"] for line in account.calls()] == ["login", "graph"]


def test_a_refusal_is_remembered_so_that_a_sick_tenant_does_not_ask_on_every_task(
    ansible: Ansible, customer: Customer
) -> None:
    customer.consent(consented=False)
    task = {"name": "first", "mssp.defender_xdr.incident_info": {}, "ignore_errors": True}
    forced = {"name": "forced", "mssp.defender_xdr.access_token": {"force_refresh": True}}
    run = ansible.playbook(
        [{"hosts": customer.host, "tasks": [task, {**task, "name": "second"}]}]
    ).good()
    assert run.result("first")["error"] == run.result("second")["error"]
    assert "adminconsent?client_id=" in run.result("second")["error"]["advice"]
    assert "Cached refusal, " in run.result("second")["msg"]
    assert len(customer.calls("login")) == 1
    customer.consent(consented=True)
    again = ansible.playbook(
        [{"hosts": customer.host, "tasks": [forced, {**task, "name": "after"}]}]
    ).good()
    assert again.result("after")["count"] > 0


def test_a_role_that_was_granted_since_is_seen_once_the_token_is_old_enough(
    ansible: Ansible, customer: Customer
) -> None:
    customer.consent(roles={"graph": ["ThreatHunting.Read.All"], "xdr": []})
    task = {"name": "list", "mssp.defender_xdr.incident_info": {}, "ignore_errors": True}
    run = ansible.playbook([{"hosts": customer.host, "tasks": [task]}]).good()
    assert run.result("list")["missing_roles"] == ["SecurityIncident.Read.All"]
    customer.consent(roles={"graph": ["ThreatHunting.Read.All", "SecurityIncident.ReadWrite.All"]})
    asked = len(customer.calls("login"))
    young = ansible.playbook([{"hosts": customer.host, "tasks": [task]}]).good()
    assert young.result("list")["error"]["category"] == "role_missing"
    assert len(customer.calls("login")) == asked
    for entry in ansible.entries(customer.tenant_id):
        held = json.loads(entry.read_text())
        entry.write_text(json.dumps({**held, "obtained_at": held["obtained_at"] - 200}))
    old = ansible.playbook([{"hosts": customer.host, "tasks": [task]}]).good()
    assert old.result("list")["count"] > 0
    # one for each of the two APIs that could have listed them
    assert len(customer.calls("login")) <= asked + 2
    # nothing was sent with the token that lacked the role
    assert [line["status"] for line in customer.calls("graph")] == [200]
