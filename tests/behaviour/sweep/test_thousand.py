# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thousand tenants of which two hundred are sick: the coverage is the truth, tenant by tenant."""

from __future__ import annotations

import collections
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import running
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible
from ansible_collections.mssp.defender_xdr.tests.behaviour.sweep.conftest import sweep


def test_the_coverage_of_a_thousand_tenants_is_the_truth(ansible: Ansible, tmp_path: Path) -> None:
    with running(
        tmp_path / "thousand", "--tenants", "1000", "--sick", "20", "--incidents", "1"
    ) as lab:
        truth = {host: facts["operations"]["incident_info"] for host, facts in lab.truth.items()}
        ansible.inventory = lab.inventory
        run = ansible.playbook([{"hosts": "tenants", "tasks": [sweep()]}]).good()
        told = run.result("sweep")
        lines = lab.journal()
    sick = {host: category for host, category in truth.items() if category}
    assert (len(truth), len({facts["personality"] for facts in lab.truth.values()})) == (
        1000,
        14,
    ), "every kind of trouble is among them"
    assert {host: failure["category"] for host, failure in told["failures"].items()} == sick
    assert told["answered"] == [host for host, category in truth.items() if not category]
    assert told["coverage"] == {"asked": 1000, "answered": 1000 - len(sick), "failed": len(sick)}
    assert {host: result["tenant"]["id"] for host, result in told["results"].items()} == {
        host: lab.truth[host]["tenant_id"] for host, category in truth.items() if not category
    }
    # a warning names some of each category and counts the rest; a cold run asks for at most two
    # tokens a tenant and resource
    assert f"{len(sick)} of 1000 tenants failed" in run.output
    asked = collections.Counter(line["path"] for line in lines if line["path"].endswith("/token"))
    assert max(asked.values()) <= 4
    assert sum(asked.values()) < 1.3 * len(truth)
