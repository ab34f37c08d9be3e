# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A result is hidden when it carries a secret, and only then; data is what the service sent, but
for secrets of the call."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Bastion, Run

Json = dict[str, t.Any]
Customers = t.Callable[[int], list[Customer]]
WRONG: t.Final = "canary-of-a-secret-that-is-refused-51d0e8b7a92c4f63"
FORGOTTEN: t.Final = "canary-of-a-secret-in-a-dictionary-0d6b1f83a7c2"
HIDDEN: t.Final = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
BEARER: t.Final = (
    "curl -H 'Authorization: Bearer"
    " eyJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiJ4In0.c2lnbmF0dXJl' https://x.example"
)


def task(name: str, module: str, arguments: Json | None = None, **keywords: t.Any) -> Json:
    return {
        "name": name,
        f"mssp.defender_xdr.{module}": arguments or {},
        "ignore_errors": True,
        **keywords,
    }


def sweep(name: str, module: str, **options: t.Any) -> Json:
    return task(name, "sweep", {"module": module, **options}, run_once=True)


# Failures of what would carry a secret


def test_failures_of_access_token_are_shown(
    ansible: Ansible, customers: Customers, connected: Json, bastion: Bastion, fleet: Lab
) -> None:
    good, bad = customers(2)
    connected["defender_xdr_token_cache"] = "none"
    hosts = {
        good.host: good.variables(defender_xdr_client_secret=fleet.facts["client_secret"]),
        bad.host: bad.variables(defender_xdr_client_secret=WRONG),
    }
    ansible.write_inventory({**hosts, "bastion": bastion.variables}, connected)
    tasks = [
        task("alone", "access_token"),
        task("loop", "access_token", {"resource": "{{ item }}"}, loop=["graph", "xdr"]),
        sweep("all fail", "access_token", hosts=[bad.host]),
        sweep("some fail", "access_token"),
        sweep("none fail", "access_token", hosts=[good.host]),
        task("there", "access_token", delegate_to="bastion"),
    ]
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}], "-vvvv").good()
    for name in ("alone", "there"):
        failure = run.results(name)[bad.host]
        assert failure["error"]["category"] == "bad_credentials"
        assert "secret is wrong" in failure["msg"]
        assert "censored" in run.results(name)[good.host]
    assert run.output.count("secret is wrong") >= 4
    assert "secret is wrong" in run.result("all fail")["failures"][bad.host]["msg"]
    # the tokens of the others keep this one hidden, but not what went wrong
    some = run.result("some fail")
    assert "censored" in some
    assert any(
        warning.startswith(f"{bad.host}: ") and "secret is wrong" in warning
        for warning in some["warnings"]
    )
    assert any("1 of 2 tenants failed" in warning for warning in some["warnings"])
    assert "censored" in run.result("none fail")
    assert WRONG not in run.output
    assert "eyJ" not in run.output


def test_a_certificate_that_cannot_be_read_is_told(
    ansible: Ansible, customer: Customer, connected: Json
) -> None:
    ansible.write_inventory(
        {customer.host: customer.variables(defender_xdr_certificate_path="/nowhere/app.pem")},
        connected,
    )
    tasks = [task("alone", "access_token"), sweep("sweep", "access_token")]
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}]).good()
    assert run.output.count("/nowhere/app.pem, which cannot be read") >= 2
    assert "censored" not in run.output


# A secret given as a dictionary


def forgotten() -> Json:
    return {"secret": FORGOTTEN, "data": {"x": FORGOTTEN}}


@pytest.mark.parametrize("value", [forgotten(), [FORGOTTEN], "{{ vaulted }}"])
def test_a_secret_that_is_no_text_is_refused_and_never_shown(
    value: t.Any, ansible: Ansible, customer: Customer, connected: Json, bastion: Bastion
) -> None:
    hosts = {
        customer.host: customer.variables(defender_xdr_client_secret=value),
        "bastion": bastion.variables,
    }
    ansible.write_inventory(hosts, {**connected, "vaulted": forgotten()})
    tasks = [
        task("task", "incident_info"),
        task("token", "access_token"),
        sweep("sweep", "incident_info"),
        task("there", "incident_info", delegate_to="bastion"),
        {"name": "command", "ansible.builtin.command": "true"},
        {"name": "ping", "ansible.builtin.ping": {}},
    ]
    run = ansible.playbook([{"hosts": customer.host, "tasks": tasks}], "-vvvv").good()
    for name in ("task", "token", "there"):
        refused(run.result(name), "defender_xdr_client_secret")
        assert run.result(name)["tenant"] == {
            "id": customer.tenant_id,
            "name": customer.host,
            "cloud": "public",
        }
    assert (
        "defender_xdr_client_secret is a" in run.result("sweep")["failures"][customer.host]["msg"]
    )
    not_shown(run)
    assert not customer.calls()


@pytest.mark.parametrize(
    "option",
    ["client_secret", "certificate", "certificate_password", "client_secret_file", "client_id"],
)
def test_an_argument_that_is_a_dictionary_is_refused_before_it_is_sent(
    option: str, ansible: Ansible, customer: Customer, connected: Json
) -> None:
    ansible.write_inventory(
        {customer.host: customer.variables()}, {**connected, "vaulted": forgotten()}
    )
    tasks = [
        task("task", "incident_info", {option: "{{ vaulted }}"}),
        task(
            "defaults",
            "access_token",
            module_defaults={"group/mssp.defender_xdr.tenant": {option: "{{ vaulted }}"}},
        ),
        sweep("sweep", "incident_info", module_args={option: "{{ vaulted }}"}),
        task("given", "access_token_info", {"access_token": "{{ vaulted }}"}),
    ]
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}], "-v").good()
    refused(run.result("task"), option)
    refused(run.result("defaults"), option)
    refused(run.result("given"), "access_token")
    assert f"{option} is a dictionary" in run.result("sweep")["failures"][customer.host]["msg"]
    not_shown(run)
    assert not customer.calls()


@pytest.mark.parametrize("probe", [True, False])
def test_the_inventory_shows_no_secret_of_a_wrong_kind(
    probe: bool, ansible: Ansible, customer: Customer, connected: Json
) -> None:
    """As a variable that the probe reads, and as the provider's own option in the inventory's
    file."""
    (ansible.inputs / "registry.yml").write_text(
        json.dumps({"tenants": [{"tenant_id": customer.tenant_id, "name": customer.host}]})
    )
    variables = {**connected, "defender_xdr_client_secret": forgotten()}
    (ansible.inputs / "group_vars").mkdir()
    (ansible.inputs / "group_vars/tenants.yml").write_text(json.dumps(variables))
    source = ansible.inputs / "c.tenants.yml"
    config: Json = {"plugin": "mssp.defender_xdr.tenants", "file": ["registry.yml"]}
    source.write_text(
        json.dumps({**config, "probe": True} if probe else {**config, "client_secret": forgotten()})
    )
    ansible.inventory = str(source)
    show = {"name": "show", "ansible.builtin.debug": {"var": "defender_xdr_probe"}}
    run = ansible.playbook([{"hosts": "all", "tasks": [show]}], "-vvvv")
    not_shown(run)
    assert "client_secret is a dictionary, but must be text" in run.output
    if probe:
        assert run.result("show")["defender_xdr_probe"]["category"] == "bad_request"


def refused(result: Json, option: str) -> None:
    assert result["error"]["category"] == "bad_request"
    assert result["msg"].startswith(f"{option} is a ")
    assert ".secret" in result["msg"]


def not_shown(run: Run) -> None:
    assert FORGOTTEN not in run.output
    assert FORGOTTEN not in json.dumps(run.events)


# Data is what the service sent


@pytest.mark.parametrize("machine", ["", "bastion"])
def test_data_is_what_the_service_sent(
    machine: str,
    ansible: Ansible,
    customer: Customer,
    connected: Json,
    bastion: Bastion,
    fleet: Lab,
) -> None:
    """A token of somebody else is evidence, and a short password stands in many ids.

    A secret of the call itself is masked, and the result says so.
    """
    client = (fleet.folder / "client.pem").read_text()
    password = customer.tenant_id[:4]
    connected |= {"defender_xdr_certificate": client, "defender_xdr_certificate_password": password}
    hosts = {customer.host: customer.variables(), "bastion": bastion.variables}
    ansible.write_inventory(hosts, connected)
    key = client.split("-----BEGIN PRIVATE KEY-----")[1].splitlines()[3]
    given = {"line": BEARER, "id": customer.tenant_id, "key": f"a key: {key}"}
    row = "print Line = line, Id = id, Key = key, Twice = strcat(key, key)"
    dest = ansible.cwd / "rows.ndjson"
    plain = {"query": "print Line = line", "parameters": {"line": BEARER}}
    calls: dict[str, Json] = {
        "rows": {"query": row, "parameters": given},
        "file": {"query": row, "parameters": given, "dest": str(dest)},
        "plain": plain,
        "bad": {**plain, "query": "Nothing | where x == line"},
    }
    where: Json = {"delegate_to": machine} if machine else {}
    tasks = [
        task(name, "hunting_query", arguments, register=name, **where)
        for name, arguments in calls.items()
    ]
    tasks.append({**sweep("swept", "hunting_query", module_args=plain), "register": "swept"})
    # what is registered, because newer cores mask what they display for themselves
    kept = "{{ {'rows': rows, 'plain': plain, 'bad': bad, 'swept': swept} | to_json }}"
    copy = {"content": kept, "dest": str(ansible.inputs / "kept"), "mode": "0600"}
    tasks.append({"name": "keep", "ansible.builtin.copy": copy, "delegate_to": "localhost"})
    ansible.playbook([{"hosts": "tenants", "tasks": tasks}]).good()
    kept_results = json.loads((ansible.inputs / "kept").read_text())
    found = kept_results["rows"]
    masked = f"a key: {HIDDEN}"
    line = {"Line": BEARER, "Id": customer.tenant_id}
    assert found["rows"] == [{**line, "Key": masked, "Twice": masked * 2}]
    (warning,) = found["warnings"]
    assert warning.startswith(
        f"2 values in the result of tenant {customer.host} contained a secret"
    )
    assert HIDDEN in warning
    assert found["tenant"]["id"] == customer.tenant_id
    # a file has what the service sent
    assert json.loads(dest.read_text()) == {**line, "Key": given["key"], "Twice": given["key"] * 2}
    assert kept_results["swept"]["results"][customer.host]["rows"] == [{"Line": BEARER}]
    assert kept_results["plain"]["rows"] == [{"Line": BEARER}]
    assert "warnings" not in kept_results["plain"]
    assert kept_results["bad"]["error"]["category"] == "bad_query"
    assert customer.tenant_id in kept_results["bad"]["msg"]
