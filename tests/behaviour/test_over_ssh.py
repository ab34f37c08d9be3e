# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task delegated over the real ssh plugin, which displays all that a module writes: no token and
no new secret is in it."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.release import __version__ as ansible_version
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, over_ssh
from ansible_collections.mssp.defender_xdr.tests.behaviour.test_secrets import Search
from ansible_collections.mssp.defender_xdr.tests.behaviour.warm import HERE
from packaging.version import Version

Json = dict[str, t.Any]
PASSWORD: t.Final = "canary-of-a-proxy-password-77c1e0d94b2a4f58a6"


@pytest.fixture
def home(fleet: Lab) -> Customer:
    """The provider's own tenant, where the application is registered."""
    partner = fleet.facts["partner"]
    return Customer(fleet, partner["host"], partner["tenant_id"], fleet.now())


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_token_and_a_new_secret_come_back_but_are_never_displayed(
    pipelining: bool, home: Customer, ansible: Ansible, connected: Json, fleet: Lab
) -> None:
    connected |= {
        "defender_xdr_client_secret": fleet.facts["client_secret"],
        "defender_xdr_token_cache": "none",
    }
    machine = over_ssh(ansible.folder, pipelining=pipelining)
    ansible.write_inventory({home.host: home.variables(), "bastion": machine}, connected)
    new = {"app_id": fleet.facts["client_id"], "type": "secret", "name": f"over ssh {pipelining}"}
    there: Json = {"delegate_to": "bastion"}
    content = "{{ [token.access_token, made.secret_text] | to_json }}"
    keep = {"content": content, "dest": str(ansible.inputs / "kept"), "mode": "0600"}
    tasks = [
        {"name": "token", "mssp.defender_xdr.access_token": {}, "register": "token", **there},
        {
            "name": "secret",
            "mssp.defender_xdr.application_credential": new,
            "register": "made",
            **there,
        },
        {"name": "keep", "ansible.builtin.copy": keep, "delegate_to": "localhost", "no_log": True},
        {"name": "list", "mssp.defender_xdr.incident_info": {"limit": 1}, **there},
        {
            "name": "remove",
            "mssp.defender_xdr.application_credential": {
                "app_id": fleet.facts["client_id"],
                "state": "absent",
                "key_id": "{{ made.credential.key_id }}",
            },
        },
    ]
    log = ansible.folder / "ansible.log"
    run = ansible.playbook(
        [{"hosts": "tenants", "tasks": tasks}],
        "-vvvvv",
        "--diff",
        env={"ANSIBLE_LOG_PATH": str(log)},
    )
    run.good()
    token, secret = json.loads((ansible.inputs / "kept").read_text())
    assert token.startswith("eyJ")
    assert len(secret) >= 40
    search = Search(
        {"token": token, "new secret": secret, "client secret": fleet.facts["client_secret"]}
    )
    assert search.text("the output", run.output.encode()) == []
    assert search.files(ansible.folder, apart=[ansible.inputs]) == []
    assert search.files(ansible.tmp, apart=[]) == []
    # what the modules wrote could have been displayed, with what is secret in it sealed
    written = (ansible.folder / "ssh-stdout").read_text()
    for part in ('"access_token": {"sealed":', '"secret_text": {"sealed":', '"incidents"'):
        assert part in written, part
    older = Version(ansible_version) < Version("2.22.0b1")
    for displayed in (run.output, log.read_text()):
        assert ('"sealed":' in displayed) is older
    assert ("AnsiballZ_access_token.py" in run.output) is not pipelining
    assert "censored" in run.result("token")
    assert "censored" in run.result("secret")
    assert "censored" not in run.result("list")


@pytest.mark.parametrize("module", ["access_token", "application_credential"])
def test_a_failure_over_ssh_is_shown_without_a_secret(
    module: str, home: Customer, ansible: Ansible, connected: Json, fleet: Lab
) -> None:
    secret_file = ansible.inputs / "secret"
    secret_file.write_text(fleet.facts["client_secret"])
    connected |= {
        "defender_xdr_client_secret_file": str(secret_file),
        "defender_xdr_token_cache": "none",
    }
    # the address of the proxy is shown with the arguments, its password is not
    machine = over_ssh(ansible.folder, pipelining=False)
    ansible.write_inventory({home.host: home.variables(), "bastion": machine}, connected)
    new = {
        "app_id": fleet.facts["client_id"],
        "type": "secret",
        "name": "never made",
        "return_secret": True,
    }
    task = {
        "name": "task",
        f"mssp.defender_xdr.{module}": new if "app" in module else {},
        "delegate_to": "bastion",
    }
    crash = {"CRASH_AT": "oauth2/v2.0/token", "PYTHONPATH": str(HERE / "crash")}
    proxy = {"proxy": f"http://soc:{PASSWORD}@127.0.0.1:1", "retries": 0}
    tasks = [
        {**task, "name": "crash", "ignore_errors": True, "environment": crash},
        {
            **task,
            "name": "proxy",
            "ignore_errors": True,
            "module_defaults": {"group/mssp.defender_xdr.tenant": proxy},
        },
    ]
    env = {
        "ANSIBLE_LOG_PATH": str(ansible.folder / "ansible.log"),
        "ANSIBLE_DISPLAY_TRACEBACK": "always",
    }
    run = ansible.playbook([{"hosts": "tenants", "tasks": tasks}], "-vvvvv", env=env).good()
    assert "RuntimeError" in run.result("crash")["msg"]
    assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in run.result("crash")["msg"]
    assert run.result("proxy")["error"]["category"] == "network"
    search = Search({"client secret": fleet.facts["client_secret"], "proxy password": PASSWORD})
    assert search.text("the output", run.output.encode()) == []
    assert search.files(ansible.folder, apart=[ansible.inputs, ansible.cwd]) == []
