# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Figures of a benchmark, made up."""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.tests.bench.cases import CASES
from ansible_collections.mssp.defender_xdr.tests.bench.figures import Figures, Record

MACHINE: t.Final = {
    "date": "2026-11-24T10:38:59+00:00",
    "cores": 2,
    "processor": "AMD EPYC",
    "load_at_start": 0.1,
    "python": "3.11.7",
    "openssl": "OpenSSL 3.0.19",
    "packages": {"ansible-core": "2.19.14"},
    "runs": 3,
    "forks": 5,
    "incidents": 5,
}


def record(
    case: str,
    wall: float,
    *,
    tenants: int = 1000,
    latency: int = 0,
    run: int = 0,
    others_cpu: float = 0.0,
) -> Record:
    """The CPU time is twice the wall time."""
    return {
        "case": case,
        "tenants": tenants,
        "latency": latency,
        "run": run,
        "wall": wall,
        "cpu": 2 * wall,
        "largest": 60.0,
        "together": 0.0,
        "lab_cpu": 0.0,
        "others_cpu": others_cpu,
        "slowed": run == 2,
        "requests": {},
    }


def figures(*records: Record) -> Figures:
    return Figures(
        {
            "machine": MACHINE,
            "titles": {case.name: case.title for case in CASES},
            "records": list(records),
        }
    )
