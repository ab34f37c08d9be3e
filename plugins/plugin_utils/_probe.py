# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks every tenant of an inventory for a token, in parallel, and says how it stands.

Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible.errors import AnsibleError
from ansible.inventory.helpers import get_group_vars
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_inventory_sources
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _options, _permissions, _scrub, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import CATEGORIES, DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import Tenant
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _door, _pool, _tenant_options

HEALTHY: t.Final = "healthy"
GROUPS: t.Final = (HEALTHY, *CATEGORIES)
Found = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Job:
    """One host with its tenant's options, or why they could not be made."""

    host: str
    arguments: dict[str, t.Any] = dataclasses.field(repr=False)
    error: DefenderError | None = None


def probed(plugin: t.Any, hosts: t.Iterable[str], path: str) -> t.Iterator[tuple[str, Found]]:
    """Each host with C({category, roles, checked_at, text}), in the order of the answers.

    The category is C(healthy), or the one that a task would fail with.
    """
    resource, threads = plugin.get_option("probe_resource"), plugin.get_option("probe_concurrency")
    roles = _permissions.needed(plugin.get_option("probe_required_for"), resource)
    if threads < 1:
        raise DefenderError("bad_request", f"probe_concurrency is {threads}, but must be at least 1.")
    for job, found in _pool.each(_jobs(plugin, hosts, path), lambda job: _one(job, resource, roles), threads=threads):
        yield job.host, found


def _jobs(plugin: t.Any, hosts: t.Iterable[str], path: str) -> t.Iterator[Job]:
    shared = _tenant_options.elsewhere()
    sources = [*plugin.inventory.processed_sources, path]

    @functools.cache
    def of_groups(names: tuple[str, ...]) -> dict[str, t.Any]:
        groups = [plugin.inventory.groups[name] for name in names]
        return dict(combine_vars(get_group_vars(groups), get_vars_from_inventory_sources(plugin.loader, sources, groups, "all")))

    for name in hosts:
        host = plugin.inventory.get_host(name)
        groups = tuple(sorted({"all", *(group.name for group in host.get_groups())}))
        own = combine_vars(host.get_vars(), get_vars_from_inventory_sources(plugin.loader, sources, [host], "all"))
        variables = combine_vars(combine_vars(of_groups(groups), own), plugin._vars)
        plugin.templar.available_variables = variables
        try:
            arguments = _tenant_options.resolve(variables, plugin.templar.template, {}, shared=shared)
        except DefenderError as e:
            yield Job(name, {}, e)
        except AnsibleError as e:
            yield Job(name, {}, DefenderError("bad_request", f"The options of {name} could not be made: {_scrub.text(str(e), ())}"))
        else:
            yield Job(name, {"tenant_name": name, **arguments})


def _one(job: Job, resource: str, roles: t.Sequence[str]) -> Found:
    """How one tenant stands; whatever goes wrong becomes a category."""
    secrets = _scrub.secrets_of(_options.TENANT_SPEC, job.arguments)
    granted: t.Sequence[str] = ()
    category, text = HEALTHY, ""
    try:
        if job.error:
            raise job.error
        tenant = Tenant(_options.check(_door.validated({"argument_spec": _options.TENANT_SPEC}, job.arguments)))
        unused, claims = tenant.token(resource)
        granted = claims.roles if claims else ()
        tenant.token(resource, roles=roles)
    except DefenderError as e:
        category, text = e.category, _scrub.text(e.message, secrets)
    except Exception as e:  # one tenant's crash must not take the others with it
        category, text = "unavailable", _scrub.crash(e, secrets)["msg"]
    return {"category": category, "roles": list(granted), "checked_at": _times.format_time(_times.now() // _times.SECOND * _times.SECOND), "text": text}
