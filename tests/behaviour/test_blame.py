# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trouble of this machine, its proxy or a filter is never put on the partner's secret or the
customer's consent."""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible

Json = dict[str, t.Any]
PASSWORD: t.Final = "canary-of-a-proxy-password-long-and-unique"


def failures(
    ansible: Ansible, host: str, tasks: dict[str, Json], **environment: str
) -> dict[str, Json]:
    """The failed results of one task for each name; a case gives `module` beside its options."""
    written: list[Json] = []
    for name, case in tasks.items():
        options = {"retries": 0, "token_cache": "none", **case}
        module = options.pop("module", "incident_info")
        task = {"name": name, f"mssp.defender_xdr.{module}": options, "ignore_errors": True}
        written.append(task)
    run = ansible.playbook([{"hosts": host, "tasks": written}], env=environment).good()
    return {name: run.result(name) for name in tasks}


def test_a_proxy_that_cannot_be_used_is_named_by_its_option(
    ansible: Ansible, customer: Customer
) -> None:
    login = f"user:{PASSWORD}@"
    told = failures(
        ansible,
        customer.host,
        {
            "socks": {"proxy": f"socks5h://{login}127.0.0.1:1080"},
            "path": {"proxy": f"http://{login}proxyhost:3128/proxy.pac"},
            "port": {"proxy": f"{login}proxyhost:http"},
            "unknown": {"proxy": f"{login}no-such-proxy.invalid:3128"},
        },
    )
    categories = {name: result["error"]["category"] for name, result in told.items()}
    assert categories == {
        "socks": "bad_request",
        "path": "bad_request",
        "port": "bad_request",
        "unknown": "network",
    }
    assert {result["error"]["who"] for result in told.values()} == {"caller"}
    assert "PySocks" in told["socks"]["msg"]
    assert "requests[socks]" in told["socks"]["error"]["advice"]
    assert (
        "proxy http://no-such-proxy.invalid:3128 (proxy): the host name could not be resolved"
        in told["unknown"]["msg"]
    )
    shown = [result["msg"] + str(result["error"]) for result in told.values()]
    assert not any(PASSWORD in text for text in shown)
    assert customer.calls() == []


def test_a_variable_that_cannot_be_used_is_named_in_the_environment(
    ansible: Ansible, customer: Customer
) -> None:
    told = failures(
        ansible, customer.host, {"list": {}}, ALL_PROXY=f"socks5://user:{PASSWORD}@127.0.0.1:1080"
    )["list"]
    assert told["error"]["category"] == "bad_request"
    assert told["msg"].startswith("ALL_PROXY is 'socks5://127.0.0.1:1080', which cannot be used: ")
    assert PASSWORD not in str(told)


def test_a_block_page_is_not_the_secret_nor_the_consent(
    ansible: Ansible, customer: Customer
) -> None:
    page = "<!DOCTYPE html><html><head><title>Internet access denied</title></head></html>"
    headers = {"Content-Type": "text/html", "Server": "Filter/6.2", "Via": "1.1 filter.example"}
    cases = {
        f"{origin} {status}": (origin, status)
        for origin in ("login", "graph")
        for status in (200, 403, 407, 503)
    }
    for origin, status in cases.values():
        customer.fault(origin=origin, status=status, body=page, headers=headers)
    told = failures(ansible, customer.host, {name: {} for name in cases})
    for name, (origin, status) in cases.items():
        error = told[name]["error"]
        assert (error["category"], error["who"], error["status"]) == (
            "network",
            "caller",
            status,
        ), name
        for word in ("Internet access denied", "Server: Filter/6.2", "Via: 1.1 filter.example"):
            assert word in told[name]["msg"]
        assert customer.lab.urls[origin].removeprefix("https://") in error["advice"]


def token_refusal(code: int, word: str, text: str) -> Json:
    """A body of the token end point; the codes and sentences are from public reports."""
    description = f"AADSTS{code}: {text}\r\nTrace ID: 8d34bf3d-0db5-43b0-b795-0c280a1b6700"
    return {"error": word, "error_codes": [code], "error_description": description}


def test_a_code_of_the_login_service_blames_only_whom_it_names(
    ansible: Ansible, customers: t.Callable[[int], list[Customer]]
) -> None:
    restricted = "Access to 'contoso' tenant is denied."
    cases = [
        (
            "credential_expired",
            "partner",
            1000502,
            "invalid_client",
            "The certificate is not valid.",
        ),
        ("tenant_not_found", "customer", 5000225, "invalid_grant", "This tenant has been blocked."),
        ("tenant_not_found", "customer", 5000224, "invalid_client", "We are sorry, no resource."),
        ("network", "caller", 500021, "access_denied", restricted),
        ("bad_request", "caller", 4242424, "invalid_client", "Something nobody has met. Ask us."),
        ("bad_request", "caller", 4242424, "unauthorized_client", "Another thing. Ask us."),
        ("bad_request", "caller", 4242424, "invalid_grant", "A third thing. Ask us."),
    ]
    mine = customers(len(cases))
    for customer, (_category, _who, code, word, text) in zip(mine, cases, strict=True):
        body = token_refusal(code, word, text)
        customer.fault(origin="login", status=401, body=body, times=9)
    task = {"mssp.defender_xdr.incident_info": {"retries": 0}, "ignore_errors": True}
    tasks = [{**task, "name": "first"}, {**task, "name": "second"}]
    hosts = ":".join(customer.host for customer in mine)
    run = ansible.playbook([{"hosts": hosts, "tasks": tasks}]).good()
    first, second = run.results("first"), run.results("second")
    for customer, (category, who, code, word, text) in zip(mine, cases, strict=True):
        result = first[customer.host]
        assert (result["error"]["category"], result["error"]["who"]) == (category, who), result
        assert result["error"]["code"] == f"AADSTS{code}"
        about = category == "credential_expired"
        assert about or "secret" not in result["msg"] + result["error"]["advice"]
        if code == 4242424:
            sentence = text.split(".")[0]
            assert f"the login service returned {word}: {sentence} (AADSTS{code})." in result["msg"]
        if category != "network":
            assert "Cached refusal, " in second[customer.host]["msg"]
