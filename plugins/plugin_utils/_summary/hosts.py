# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collects the facts that a role set for the hosts of the current batch.

Facts are read as they are, not through Jinja: the name of an incident is never a template.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _batch

# for a host that failed in another task before the role served it
LOST: t.Final[t.Mapping[str, t.Any]] = {
    "category": "unavailable",
    "text": "The host failed before its tenant was queried.",
    "who": "caller",
    "advice": "See the task of this host that failed before.",
}


@dataclasses.dataclass(frozen=True)
class Hosts:
    """The hosts that count as asked, in the order of the play, and the facts of each of them."""

    asked: t.Sequence[str]
    facts: t.Mapping[str, Json]

    def fact(self, host: str, name: str) -> Json | None:
        found = self.facts[host].get(name)
        return dict(found) if isinstance(found, t.Mapping) else None


def collect(variables: t.Mapping[str, t.Any], names: t.Sequence[str]) -> Hosts:
    """The facts with these names.

    A host that the play ended on purpose before it had the first of these facts was not asked.

    :arg variables: those of a task.
    """
    hostvars = variables["hostvars"]
    facts: dict[str, Json] = {}
    ended = set(_batch.ended(variables))
    for host in _batch.begun(variables):
        raw = hostvars.raw_get(host)
        own = {name: raw[name] for name in names if name in raw}
        if names[0] in own or host not in ended:
            facts[host] = own
    return Hosts(list(facts), facts)
