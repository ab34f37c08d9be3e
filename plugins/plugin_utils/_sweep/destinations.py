# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that no two tenants of a sweep write to the same place, because the last one would win.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import os
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

WRITTEN: t.Final = ("dest",)  # options of modules that name a file or folder to write
NAMED: t.Final = 5  # hosts in the message
Arguments = t.Mapping[str, t.Any]


def are_given(spec: Arguments, module_args: t.Any, defaults: t.Iterable[Arguments]) -> bool:
    """Whether the arguments of a tenant may name a file to write, before they are templated.

    :arg module_args: the option before templating.
    :arg defaults: the task's `module_defaults`.
    """
    options = [option for option in WRITTEN if option in spec["argument_spec"]]
    sources = [module_args, *(entry for entries in defaults for entry in entries.values())]
    return any(
        not isinstance(source, dict) or option in source for source in sources for option in options
    )


def check(arguments: t.Iterable[tuple[str, Arguments]], *, own: str | None) -> None:
    """Raise `bad_request` for a file of several tenants, or of a tenant and the sweep.

    :arg arguments: host and arguments of each tenant.
    :arg own: the file for the rows of all tenants.
    """
    writers: dict[str, list[str]] = collections.defaultdict(list)
    for host, options in arguments:
        for option in WRITTEN:
            if isinstance(path := options.get(option), str) and path:
                writers[_place(path)].append(host)
    for path, hosts in writers.items():
        if len(hosts) > 1:
            more = f" and {len(hosts) - NAMED} more" if len(hosts) > NAMED else ""
            raise DefenderError(
                "bad_request",
                f"dest is {path} for {', '.join(hosts[:NAMED])}{more}, so each would replace the"
                " rows or files of another; put {{ inventory_hostname }} into the name, so that"
                " each tenant has its own.",
            )
        if own is not None and path == _place(own):
            raise DefenderError(
                "bad_request",
                f"dest is {path} for {hosts[0]} and for the sweep; use two different files.",
            )


def _place(path: str) -> str:
    """The file that the module will write: links in its folder are followed, but a link at its
    name is replaced."""
    folder, name = os.path.split(os.path.abspath(os.path.expanduser(os.path.expandvars(path))))
    return os.path.join(os.path.realpath(folder), name)
