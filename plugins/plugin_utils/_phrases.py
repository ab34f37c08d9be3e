# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Phrases that several summaries on a terminal share.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
import typing as t

WIDTH: t.Final = 88  # of a table; with core's indentation and quotes, 100 columns
LINK: t.Final = re.compile(r"(: |:? )?https?://\S+")
TENANT: t.Final = re.compile(r"^Tenant [^:]{1,200} \([0-9a-fA-F-]{36}\): ")


def counted(number: int, noun: str) -> str:
    """A number with its noun, which is given in the singular."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def tenants_by_word(coverage: t.Mapping[str, int]) -> str:
    """The line with how many tenants were asked, and how much of each was read."""
    words = ("asked", "complete", "partial", "unread")
    return ", ".join(f"{word} {coverage[word]}" for word in words)


def without_link(text: str) -> str:
    """An advice without a link, which is longer than a line."""
    return LINK.sub("", text)


def without_tenant(text: str) -> str:
    """A message for a line that begins with the host, without the tenant at its own begin."""
    return TENANT.sub("", text)
