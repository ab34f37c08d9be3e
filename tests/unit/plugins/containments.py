# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sweeps over rounds as a play registers them, and a containment of two tenants."""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._containment import plan, targets

Json = dict[str, t.Any]
WEB, DC, PC = ("a" * 40, "b" * 40, "c" * 40)
NAMES: t.Final = {WEB: "web.contoso.example", DC: "dc.contoso.example", PC: "pc.fabrikam.example"}
REFUSED: t.Final = {"category": "refused", "msg": "It has the tag tier0.", "who": "caller"}


def swept(item: Json, results: Json | None = None, failures: Json | None = None) -> Json:
    return {"item": item, "results": results or {}, "failures": failures or {}}


def device(key: str, *tags: str) -> Json:
    return {"id": key, "computer_dns_name": NAMES[key], "machine_tags": list(tags)}


def looked_up(chosen: Json, tags: t.Sequence[str] = ()) -> list[Json]:
    """The devices of each round, all known by id and name."""
    found = []
    for item in chosen["lookups"]:
        results = {}
        for host, options in item.items():
            keys = [key for keys in options.values() for key in keys]
            devices = [device(key, *tags) for key in NAMES if {key, NAMES[key]} & set(keys)]
            results[host] = {"devices": devices}
        found.append(swept(item, results))
    return found


def dry_run(rounds: list[Json], answers: Json) -> list[Json]:
    """What `device_isolation` says of each device: a result, or an error with a category."""
    return [
        swept(
            item,
            {host: answers[key] for host, key in item.items() if "category" not in answers[key]},
            {host: answers[key] for host, key in item.items() if "category" in answers[key]},
        )
        for item in rounds
    ]


def planned(answers: Json, **options: t.Any) -> tuple[Json, list[Json], list[Json]]:
    """The plan for three devices in two tenants, with its lookups and dry run."""
    chosen = targets.targets({"contoso": [WEB, DC], "fabrikam": [NAMES[PC].upper()]}, {}, [])
    found = looked_up(chosen, options.pop("standing", ()))
    every = dry_run(plan.plan(chosen, found)["all"], answers)
    return plan.plan(chosen, found, every, **options), found, every
