# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No two tenants of a sweep write the same file: the last one would replace what the others wrote.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections
import os
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

WRITTEN: t.Final = ("dest",)  # options of modules that name a file to write
NAMED: t.Final = 5  # hosts in the message
Arguments = t.Mapping[str, t.Any]


def are_given(spec: Arguments, given: t.Any, defaults: t.Iterable[Arguments]) -> bool:
    """Whether a tenant's arguments may name a file to write, as far as can be told before
    templating.

    :arg given: `module_args` as it was written.
    :arg defaults: the task's `module_defaults`.
    """
    options = [option for option in WRITTEN if option in spec["argument_spec"]]
    sources = [given, *(entry for entries in defaults for entry in entries.values())]
    return any(
        not isinstance(source, dict) or option in source for source in sources for option in options
    )


def check(arguments: t.Iterable[tuple[str, Arguments]], *, own: str | None) -> None:
    """Raise `bad_request` for a file that more than one tenant would write, or the sweep itself.

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
                f"dest is {path} for {', '.join(hosts[:NAMED])}{more}, so that each would replace"
                " what the one before wrote; give each tenant a file of its own, with {{"
                " inventory_hostname }} in its name.",
            )
        if own is not None and path == _place(own):
            raise DefenderError(
                "bad_request",
                f"dest is {path} for {hosts[0]} and for the sweep itself; name two files.",
            )


def _place(path: str) -> str:
    """The file as the module will find it: a link in its folder is followed, the file is
    replaced."""
    folder, name = os.path.split(os.path.abspath(os.path.expanduser(os.path.expandvars(path))))
    return os.path.join(os.path.realpath(folder), name)
