# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a playbook shows at its end: one table, worst first, and over how many tenants.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import CATEGORIES
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _phrases, _text_table
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._summary.hosts import LOST

# a security event comes before everything else
CATEGORY_ORDER: t.Final = ("wrong_tenant", *(each for each in CATEGORIES if each != "wrong_tenant"))
CONSENT_LINK: t.Final = re.compile(r"https://[^\s\"'<>]+/adminconsent\?[^\s\"'<>]+")
FAILURE_COLUMNS: t.Final = ("tenant", "result", "must_act", "what_to_do")


def coverage(asked: int, answered: int) -> dict[str, int]:
    return {"asked": asked, "answered": answered, "failed": asked - answered}


def counts(coverage: t.Mapping[str, int]) -> str:
    return ", ".join(f"{word} {coverage[word]}" for word in ("asked", "answered", "failed"))


def failure_row(host: str, fact: Json | None) -> Json:
    """A row of the table with why a tenant failed and what to do, without the consent link, which
    is longer than a line."""
    said = fact or LOST
    advice = _phrases.without_link(str(said.get("advice") or said.get("text") or ""))
    return {
        "tenant": host,
        "result": said.get("category") or "unavailable",
        "must_act": said.get("who") or None,
        "what_to_do": advice or None,
    }


def worst_first(rows: t.Iterable[Json], key: str = "result") -> list[Json]:
    """Sorted by category; what is no category, such as `ready`, comes last."""
    rank = {category: number for number, category in enumerate(CATEGORY_ORDER)}
    return sorted(rows, key=lambda row: rank.get(str(row[key]), len(rank)))


def consent_links(hosts: t.Iterable[tuple[str, Json | None]]) -> list[str]:
    """The links that customers have to open, each on a line with its host."""
    lines = []
    for host, fact in hosts:
        link = CONSENT_LINK.search(str((fact or {}).get("advice") or ""))
        if link:
            lines.append(f"{_text_table.safe_text(host)}: {link[0].rstrip('.,;)')}")
    return ["", "Links with which customers consent:", *lines] if lines else []
