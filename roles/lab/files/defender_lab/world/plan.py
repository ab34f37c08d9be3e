# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tenants each story affects, and which tenants have the benign look-alikes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from defender_lab.world import (
    stories_consent,
    stories_exfiltration,
    stories_intrusion,
    stories_phishing,
    stories_ransomware,
)
from defender_lab.world.chance import chance
from defender_lab.world.chapters import Chapter
from defender_lab.world.indicators import Indicators
from defender_lab.world.scene import Scene

Teller = Callable[[Scene, Indicators, datetime], Chapter]
STORIES: Mapping[str, Teller] = {
    story.NAME: story.tell
    for story in (
        stories_phishing,
        stories_intrusion,
        stories_consent,
        stories_ransomware,
        stories_exfiltration,
    )
}
TABLES: Mapping[str, tuple[str, ...]] = {
    story.NAME: story.TABLES
    for story in (
        stories_phishing,
        stories_intrusion,
        stories_consent,
        stories_ransomware,
        stories_exfiltration,
    )
}
# at least this many tenants, or one in so many
_REACH = {
    "phishing": (3, 7),
    "intrusion": (3, 9),
    "consent": (1, 12),
    "ransomware": (1, 25),
    "exfiltration": (1, 14),
}
_DECOYS = 2


@dataclass(frozen=True)
class Cast:
    """tenants of each story, and of each story's decoys"""

    stories: Mapping[str, tuple[str, ...]]
    decoys: Mapping[str, tuple[str, ...]]

    def of(self, tenant_id: str) -> tuple[list[str], list[str]]:
        mine = [name for name, tenants in self.stories.items() if tenant_id in tenants]
        return mine, [name for name, tenants in self.decoys.items() if tenant_id in tenants]


def cast(tenant_ids: Sequence[str], seed: int) -> Cast:
    """With four tenants or more a quarter stays clean and no story reaches all; fewer cannot be
    divided so and share them."""
    order = list(tenant_ids)
    chance(seed, "cast").shuffle(order)
    clean = len(order) // 4
    stage = order[clean:]
    stories: dict[str, tuple[str, ...]] = {}
    decoys: dict[str, tuple[str, ...]] = {}
    place = 0
    for name, (least, share) in _REACH.items():
        size = min(max(least, len(order) // share), len(stage))
        chosen = tuple(stage[(place + step) % len(stage)] for step in range(size)) if stage else ()
        place += size
        stories[name] = chosen
        others = [tenant for tenant in order if tenant not in set(chosen)] or order
        decoys[name] = tuple(others[:_DECOYS])
    return Cast(stories, decoys)
