# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A credential in a vault is looked up when a token has to be requested, and only then."""

from __future__ import annotations

import shlex
import typing as t

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Json, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.sweep.conftest import Fleet, sweep

Tenants = t.Callable[[int], Fleet]
ONE: t.Final[Json] = {
    "name": "task",
    "mssp.defender_xdr.incident_info": {"limit": 2, "fields": ["severity"]},
}


class Vault:
    """A look-up that writes down for which host it was asked, and fails for a host it does not
    know."""

    def __init__(self, fleet: Fleet, lab: Lab) -> None:
        folder = fleet.ansible.inputs
        self._log = folder / "vault.log"
        self._log.touch()
        secret = folder / "vault"
        secret.mkdir()
        for host in fleet.hosts:
            (secret / host).write_text(lab.facts["client_secret"])
        line = f"echo HOST >> {shlex.quote(str(self._log))}; cat {shlex.quote(str(secret))}/HOST"
        text = line.replace("HOST", "' ~ inventory_hostname ~ '")
        fleet.inventory(
            defender_xdr_client_secret=f"{{{{ lookup('ansible.builtin.pipe', '{text}') }}}}"
        )
        self.secrets = secret

    def asked(self) -> list[str]:
        """The hosts for which it was asked since the last call, sorted."""
        hosts = sorted(self._log.read_text().split())
        self._log.write_text("")
        return hosts


@pytest.mark.parametrize("task", [sweep("task", concurrency=8), ONE], ids=["sweep", "task"])
def test_a_warm_run_looks_up_no_secret(tenants: Tenants, fleet: Lab, task: Json) -> None:
    mine = tenants(10)
    vault = Vault(mine, fleet)
    cold = mine.play(task).good()
    assert vault.asked() == sorted(mine.hosts)
    warm = mine.play(task).good()
    assert vault.asked() == []
    assert mine.calls("login") == len(mine.hosts)
    for run in (cold, warm):
        results = run.results("task")
        answers = next(iter(results.values()))["results"] if task is not ONE else results
        assert [answers[host]["count"] for host in mine.hosts] == [2] * len(mine.hosts)


def test_a_token_that_an_api_refuses_is_renewed_with_a_secret_from_the_vault(
    tenants: Tenants, fleet: Lab
) -> None:
    mine = tenants(4)
    vault = Vault(mine, fleet)
    mine.play(sweep()).good()
    vault.asked()
    refusal = {
        "error": {"code": "InvalidAuthenticationToken", "message": "Lifetime validation failed"}
    }
    mine.customers[mine.hosts[1]].fault(origin="graph", status=401, body=refusal, times=1)
    result = mine.play(sweep()).good().result("sweep")
    assert (result["coverage"]["answered"], vault.asked()) == (4, [mine.hosts[1]])


@pytest.mark.parametrize("task", [sweep("task"), ONE], ids=["sweep", "task"])
def test_a_look_up_that_fails_is_the_failure_of_its_tenant(
    tenants: Tenants, fleet: Lab, task: Json
) -> None:
    mine = tenants(3)
    vault = Vault(mine, fleet)
    (vault.secrets / mine.hosts[0]).unlink()
    results = mine.play(task).results("task")
    if task is not ONE:
        (one,) = results.values()
        assert list(one["failures"]) == [mine.hosts[0]]
        failed = one["failures"][mine.hosts[0]]
        assert one["coverage"]["answered"] == 2
    else:
        failed = results[mine.hosts[0]]
        assert [results[host]["count"] for host in mine.hosts[1:]] == [2, 2]
        assert failed["error"]["category"] == "bad_request"
    assert failed["msg"].startswith("The credential cannot be templated: ")
    assert not mine.customers[mine.hosts[0]].calls()
