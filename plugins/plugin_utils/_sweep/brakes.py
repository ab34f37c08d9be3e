# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks, before anything is sent, that a removal has a limit, and that modules for the provider's
own tenants do not run in those of customers.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._acting import (
    guard_rails as _guard_rails,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _phrases

Arguments = t.Mapping[str, t.Any]
PROVIDER_MODULES: t.Final = ("application", "application_credential")
# Arguments that make a module remove something, as option and value.
REMOVALS: t.Final[t.Mapping[str, tuple[str, str]]] = {"consent": ("state", "absent")}


def check_module(module: str, *, provider_tenants: bool) -> None:
    """Raise `refused` for a module that is only for the provider's own tenants."""
    if module in PROVIDER_MODULES and not provider_tenants:
        raise DefenderError(
            "refused",
            f"{module} changes applications of the provider, but a sweep runs it in every tenant;"
            " set provider_tenants: true if all hosts of this sweep are your own tenants.",
        )


def can_remove(module: str) -> bool:
    """Whether this module removes something with some arguments."""
    return module in REMOVALS


def check_removals(
    module: str, arguments: t.Iterable[tuple[str, Arguments]], *, max_changes: int | None
) -> None:
    """Raise `refused` for a removal in more tenants than `max_changes`, or without that option.

    :arg arguments: by host, with their templates and `module_defaults` resolved.
    """
    if module not in REMOVALS:
        return
    option, value = REMOVALS[module]
    hosts = [host for host, options in arguments if str(options.get(option)) == value]
    tenants = _phrases.counted(len(hosts), "tenant")
    shown = "not set" if max_changes is None else str(max_changes)
    limit = _guard_rails.Limit(max_changes or 0, "max_changes", shown)
    _guard_rails.check_count(hosts, f"{option} is {value} for {tenants}", limit)
