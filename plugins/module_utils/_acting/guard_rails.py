# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits of what a task may change: how many objects, and which devices.

They refuse before the first write, in check mode too.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

SHOWN: t.Final = 10  # names in a message


class Limit(t.NamedTuple):
    """The most objects that may be changed (None: any number), and which setting that is.

    :arg value: the setting's value in a message, if it is not that number.
    """

    most: int | None
    setting: str
    value: str = ""


def check_count(things: t.Sequence[str], text: str, limit: Limit) -> None:
    """Raise `refused` if more would be changed than allowed.

    :arg things: names of what would be changed, such as the hosts of a sweep.
    :arg text: what would happen to how many of them, the begin of the message.
    """
    count = len(things)
    if limit.most is None or count <= limit.most:
        return
    raise DefenderError(
        "refused",
        f"{text} ({named(things)}), but {limit.setting} is {limit.value or limit.most}; set"
        f" max_changes to {count} to allow that.",
    )


def named(things: t.Sequence[str]) -> str:
    """The first names for a message, and how many more there are."""
    rest = f" and {len(things) - SHOWN} more" if len(things) > SHOWN else ""
    return f"{', '.join(things[:SHOWN])}{rest}"


def check_protected(
    label: str, tags: t.Iterable[str], protected: t.Collection[str], *, override: bool
) -> None:
    """Raise `refused` for a device with a protected tag.

    :arg label: the device in messages, such as `device web1.contoso.com`.
    """
    if override:
        return
    lower = {tag.strip().lower() for tag in protected}
    if held := [tag for tag in tags if tag.strip().lower() in lower]:
        raise DefenderError(
            "refused",
            f"{label} has the tag {held[0]}, which protected_tags lists; set override_protection to"
            " true to change it nevertheless.",
        )
