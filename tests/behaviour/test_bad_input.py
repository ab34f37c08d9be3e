# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input gets one clear sentence, and nothing is sent: each item of the list in the issue, with
what the sentence must say."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible

Json = dict[str, t.Any]
SECRET: t.Final = "canary-of-a-client-secret-that-is-long-and-unique-0001"


def _files(folder: Path, lab: Path) -> dict[str, str]:
    """Files that are wrong in one way each."""
    made = {
        "empty.kql": "  \n",
        "latin.kql": None,
        "mismatched.pem": (lab / "client_split.key").read_text()
        + (lab / "expired.pem").read_text().partition("-----BEGIN CERTIFICATE")[1]
        + (lab / "expired.pem").read_text().partition("-----BEGIN CERTIFICATE")[2],
        "no.pem": "this is no certificate",
        "empty-secret": "\n",
    }
    for name, text in made.items():
        (folder / name).write_bytes(
            b'DeviceInfo | where DeviceName == "\xfc"' if text is None else text.encode()
        )
    return {name: str(folder / name) for name in made}


def _cases(files: dict[str, str], lab: Path) -> list[tuple[str, str, Json, str, tuple[str, ...]]]:
    """Name, module, arguments, category, and words of the sentence."""
    pem = str(lab / "client.pem")
    none: Json = {"client_secret": None}

    def certificate(path: str, **more: t.Any) -> Json:
        return {"certificate_path": path, **more}

    return [
        (
            "tenant as domain",
            "incident_info",
            {"tenant_id": "contoso.onmicrosoft.com"},
            "bad_request",
            ("contoso.onmicrosoft.com", "not a GUID", "openid-configuration"),
        ),
        (
            "client as name",
            "incident_info",
            {"client_id": "my-app"},
            "bad_request",
            ("client_id is 'my-app'", "not a GUID"),
        ),
        (
            "two credentials",
            "incident_info",
            {"client_secret": SECRET, "certificate_path": pem},
            "bad_credentials",
            ("client_secret and certificate_path are set",),
        ),
        (
            "unreadable certificate",
            "incident_info",
            certificate("/nonexistent/x.pem"),
            "bad_credentials",
            ("/nonexistent/x.pem", "No such file"),
        ),
        (
            "no certificate",
            "incident_info",
            certificate(files["no.pem"]),
            "bad_credentials",
            ("no.pem", "cannot be read as a certificate"),
        ),
        (
            "expired certificate",
            "incident_info",
            certificate(str(lab / "expired.pem")),
            "credential_expired",
            ("expired.pem", "expired on"),
        ),
        (
            "mismatched certificate",
            "incident_info",
            certificate(files["mismatched.pem"]),
            "bad_credentials",
            ("private key does not match any certificate",),
        ),
        (
            "wrong password",
            "incident_info",
            certificate(str(lab / "client_encrypted.pem"), certificate_password=SECRET),
            "bad_credentials",
            ("client_encrypted.pem",),
        ),
        (
            "no password",
            "incident_info",
            certificate(str(lab / "client_encrypted.pem")),
            "bad_credentials",
            ("certificate_password is required",),
        ),
        (
            "wrong password of a PFX",
            "incident_info",
            certificate(str(lab / "client_encrypted.pfx"), certificate_password=SECRET),
            "bad_credentials",
            ("client_encrypted.pfx",),
        ),
        (
            "secret with a quotation mark",
            "incident_info",
            {"client_secret": f"\u201c{SECRET}\u201d"},
            "bad_credentials",
            ("client_secret", "position 1", "U+201C"),
        ),
        (
            "certificate without key",
            "incident_info",
            certificate(str(lab / "client_split.crt")),
            "bad_credentials",
            ("without its private key",),
        ),
        (
            "empty secret file",
            "incident_info",
            {"client_secret_file": files["empty-secret"]},
            "bad_credentials",
            ("empty-secret", "empty"),
        ),
        (
            "password without certificate",
            "incident_info",
            {"client_secret": SECRET, "certificate_password": SECRET},
            "bad_request",
            ("certificate_password is set, but requires a certificate",),
        ),
        (
            "naive time",
            "incident_info",
            {"created_since": "2026-11-01T08:00:00"},
            "bad_request",
            ("created_since", "no offset", "2026-11-01T08:00:00Z"),
        ),
        (
            "impossible time",
            "incident_info",
            {"updated_since": "2026-02-30T08:00:00Z"},
            "bad_request",
            ("updated_since", "not a valid time"),
        ),
        (
            "no time",
            "incident_info",
            {"updated_before": "yesterday"},
            "bad_request",
            ("updated_before", "yesterday", "24h"),
        ),
        (
            "since after before",
            "incident_info",
            {"created_since": "1d", "created_before": "2d"},
            "bad_request",
            ("created_since", "must be before", "created_before"),
        ),
        ("negative limit", "incident_info", {"limit": -1}, "bad_request", ("limit is -1",)),
        (
            "unknown field",
            "incident_info",
            {"fields": ["titel"]},
            "bad_request",
            ("titel", "display_name"),
        ),
        (
            "unknown status",
            "incident_info",
            {"status": ["open"]},
            "bad_request",
            ("status", "open", "in_progress"),
        ),
        (
            "id that is none",
            "incident_info",
            {"id": "../users"},
            "bad_request",
            ("'../users'", "a number"),
        ),
        (
            "unknown role",
            "access_token_info",
            {"required_roles": ["SecurityIncident.Raed.All"]},
            "bad_request",
            ("SecurityIncident.Raed.All", "SecurityIncident.Read.All"),
        ),
        (
            "role of another resource",
            "access_token_info",
            {"required_roles": ["AdvancedHunting.Read.All"]},
            "bad_request",
            ("AdvancedHunting.Read.All", "xdr"),
        ),
        (
            "unknown module",
            "access_token_info",
            {"required_for": ["incident_inf"]},
            "bad_request",
            ("incident_inf", "incident_info"),
        ),
        (
            "no such query file",
            "hunting_query",
            {"query_file": "/nonexistent/q.kql"},
            "bad_query",
            ("/nonexistent/q.kql", "No such file"),
        ),
        (
            "empty query file",
            "hunting_query",
            {"query_file": files["empty.kql"]},
            "bad_query",
            ("empty.kql", "is empty"),
        ),
        (
            "query file that is no text",
            "hunting_query",
            {"query_file": files["latin.kql"]},
            "bad_query",
            ("latin.kql", "UTF-8"),
        ),
        (
            "two queries",
            "hunting_query",
            {"query": "DeviceInfo", "query_file": files["latin.kql"]},
            "bad_request",
            ("query|query_file",),
        ),
        ("no query", "hunting_query", {}, "bad_request", ("query, query_file",)),
        (
            "parameter of a wrong type",
            "hunting_query",
            {"query": "DeviceInfo", "parameters": {"who": {"name": "x"}}},
            "bad_request",
            ("parameters.who",),
        ),
        (
            "parameter with a wrong name",
            "hunting_query",
            {"query": "DeviceInfo", "parameters": {"a b": 1}},
            "bad_request",
            ("'a b'",),
        ),
        (
            "naive time as parameter",
            "hunting_query",
            {"query": "DeviceInfo", "parameters": {"at": {"datetime": "2026-01-01T00:00:00"}}},
            "bad_request",
            ("parameters.at", "offset"),
        ),
        (
            "parameters as text",
            "hunting_query",
            {"query": "DeviceInfo", "parameters": "name"},
            "bad_request",
            ("parameters",),
        ),
        (
            "impossible time span",
            "hunting_query",
            {"query": "DeviceInfo", "timespan": "a week"},
            "bad_request",
            ("timespan", "a week", "P7D"),
        ),
        (
            "wrong audience",
            "access_token",
            {"graph_audience": "https://api.securitycenter.microsoft.com"},
            "wrong_audience",
            ("https://graph.microsoft.com",),
        ),
        (
            "address without TLS",
            "access_token",
            {"graph_url": "http://graph.example"},
            "bad_request",
            ("graph_url", "https"),
        ),
        (
            "unknown cloud",
            "access_token",
            {"cloud": "germany"},
            "bad_request",
            ("cloud", "germany", "gcc_high"),
        ),
        (
            "no attempts",
            "access_token",
            {"request_timeout": 0},
            "bad_request",
            ("request_timeout is 0",),
        ),
        (
            "CA that is none",
            "incident_info",
            {"ca_path": "/nonexistent/ca.pem"},
            "tls",
            ("/nonexistent/ca.pem",),
        ),
        ("unknown option", "incident_info", {"statsu": "active"}, "bad_request", ("statsu",)),
        ("none at all", "incident_info", none, "bad_credentials", ("none is set",)),
    ]


@pytest.fixture
def told(ansible: Ansible, customer: Customer, connected: Json) -> Json:
    """The results of all cases, from one run."""
    cases = _cases(_files(ansible.inputs, customer.lab.folder), customer.lab.folder)
    connected["defender_xdr_token_cache"] = str(ansible.folder / "cache")
    ansible.write_inventory({customer.host: customer.variables()}, connected)
    tasks = []
    for name, module, arguments, _said, _options in cases:
        credential = (
            {}
            if {"client_secret", "client_secret_file", "certificate_path"} & set(arguments)
            else {"client_secret": SECRET}
        )
        given = {
            option: value
            for option, value in {**credential, **arguments}.items()
            if value is not None
        }
        tasks.append(
            {
                "name": name,
                f"mssp.defender_xdr.{module}": given,
                "ignore_errors": True,
                "register": "told",
            }
        )
        # access_token shows nothing, not even why it failed; what is registered does
        tasks.append({"name": f"{name}: registered", "ansible.builtin.debug": {"var": "told"}})
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}]).good()
    return {"cases": cases, "run": run, "customer": customer}


def test_bad_input_gets_one_clear_sentence_before_any_request(told: Json) -> None:
    wrong = []
    for name, _unused, _unused, category, words in told["cases"]:
        result = told["run"].result(f"{name}: registered")["told"]
        said = result["msg"]
        found = (result.get("error") or {}).get("category")
        if not (
            result["failed"]
            and found == category
            and all(word in said for word in words)
            and "\n" not in said
            and "should not" not in said
        ):
            wrong.append((name, found, said))
        if SECRET in str(result):
            wrong.append((name, "shows the secret", ""))
    assert wrong == []
    assert told["customer"].calls() == []
