# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Request a token from every tenant of an inventory, in parallel, and report the state of each.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ansible.inventory.helpers import get_group_vars
from ansible.template import trust_as_template
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_inventory_sources
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import (
    CATEGORIES,
    RETRYABLE,
    DefenderError,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import (
    permissions as _permissions,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import (
    _concurrency,
    _execution,
    _pool,
    _tenant_options,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    options as _inventory_options,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import words as _words
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory.cache import Answers
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory.words import HEALTHY

# The groups of each finding: the name that the role preflight uses too, and its alias.
GROUPS_OF: t.Final[t.Mapping[str, tuple[str, str]]] = {
    HEALTHY: (f"{_tenant_options.PREFIX}ready", HEALTHY),
    **{category: (f"{_tenant_options.PREFIX}{category}", category) for category in CATEGORIES},
}
GROUPS: t.Final = tuple(group for groups in GROUPS_OF.values() for group in groups)
VARIABLE: t.Final = f"{_tenant_options.PREFIX}probe"
# Findings that are not cached: temporary, or caused by the caller.
PASSING: t.Final = frozenset({*RETRYABLE, "bad_request"})
Finding = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Job:
    """One host with its tenant's options, or the error in them."""

    host: str
    tenant_id: str
    arguments: dict[str, t.Any] = dataclasses.field(repr=False)
    error: DefenderError | None = None

    @property
    def subject(self) -> str:
        """The cache key of its finding."""
        return f"probe {self.tenant_id}"

    def asker(self, resource: str, roles: t.Sequence[str]) -> dict[str, t.Any]:
        """The options of the request, for the cache."""
        return {**self.arguments, "resource": resource, "roles": list(roles)}


def add_health(plugin: t.Any, hosts: t.Collection[str], path: str, answers: Answers) -> None:
    """Probe the hosts and group them by their finding: `{category, roles, checked_at, text}`.

    The category is `healthy`, or that of the error with which a task would fail.

    :arg answers: cached findings, each valid for the same options. Hosts without one are probed,
        and lasting findings are added.
    """
    inventory, concurrency = plugin.inventory, plugin.get_option("probe_concurrency")
    resource, modules = plugin.get_option("probe_resource"), plugin.get_option("probe_required_for")
    roles = _permissions.needed(modules, resource)
    if concurrency is not None and concurrency < 1:
        raise DefenderError(
            "bad_request", f"probe_concurrency is {concurrency}, but must be at least 1."
        )
    health: dict[str, Finding] = {}

    def asked() -> t.Iterator[Job]:
        for job in _jobs(plugin, hosts, path):
            kept = answers.get(job.subject, job.asker(resource, roles))
            if kept is None:
                yield job
            else:
                health[job.host] = kept

    limit = _concurrency.limit(concurrency)
    probe = functools.partial(_probe_tenant, resource=resource, roles=roles)
    stream = _pool.each(asked(), limit.watching(probe), crashed=_crashed, limit=limit.now)
    for job, finding in stream:
        health[job.host] = finding
        if finding["category"] not in PASSING:
            answers.put(job.subject, job.asker(resource, roles), finding)
    for group in GROUPS_OF[HEALTHY]:
        inventory.add_group(group)
    for host in hosts:
        inventory.set_variable(host, VARIABLE, _shown(health[host]))
        # not add_child, which adds a group if one has the host's name
        for group in GROUPS_OF[health[host]["category"]]:
            inventory.add_host(host, group=inventory.add_group(group))


def _shown(finding: Finding) -> Finding:
    """The variable: words of this collection and our time are trusted; unknown roles and the text
    are not."""
    return {
        **_words.trusted(finding),
        "checked_at": trust_as_template(finding["checked_at"]),
        "text": finding["text"],
    }


def _jobs(plugin: t.Any, hosts: t.Iterable[str], path: str) -> t.Iterator[Job]:
    shared = _tenant_options.options_from_env_and_cfg()
    sources = [*plugin.inventory.processed_sources, path]

    @functools.cache
    def of_groups(names: tuple[str, ...]) -> dict[str, t.Any]:
        groups = [plugin.inventory.groups[name] for name in names]
        return dict(
            combine_vars(
                get_group_vars(groups),
                get_vars_from_inventory_sources(plugin.loader, sources, groups, "all"),
            )
        )

    for name in hosts:
        host = plugin.inventory.get_host(name)
        tenant_id = str(host.vars[_tenant_options.VARIABLE])
        groups = tuple(sorted({"all", *(group.name for group in host.get_groups())}))
        host_variables = combine_vars(
            host.get_vars(), get_vars_from_inventory_sources(plugin.loader, sources, [host], "all")
        )
        variables = combine_vars(combine_vars(of_groups(groups), host_variables), plugin._vars)
        plugin.templar.available_variables = variables
        try:
            arguments = _inventory_options.resolved(
                variables, plugin.templar.template, {}, shared=shared
            )
        except DefenderError as e:
            # not cached: without options there is no request
            yield Job(
                name,
                tenant_id,
                {},
                DefenderError(e.category, f"The options of host {name} are invalid: {e.message}"),
            )
        else:
            yield Job(name, tenant_id, {"tenant_name": name, **arguments})


def _probe_tenant(job: Job, resource: str, roles: t.Sequence[str]) -> Finding:
    """The finding for one tenant; every error becomes a category."""
    secrets = _scrub.secrets_of(_options.TENANT_SPEC, job.arguments)
    granted: t.Sequence[str] = ()
    category, text = HEALTHY, ""
    try:
        if job.error:
            raise job.error
        tenant = Tenant(
            _options.check(
                _execution.validated({"argument_spec": _options.TENANT_SPEC}, job.arguments)
            )
        )
        unused, claims = tenant.guard.token(resource)
        granted = claims.roles if claims else ()
        tenant.guard.token(resource, roles=roles)
    except DefenderError as e:
        category, text = e.category, _scrub.text(e.message, secrets)
    return _finding(category, text, granted)


def _crashed(job: Job, error: BaseException) -> Finding:
    """The finding for a crash while probing one tenant, so that the others continue."""
    secrets = _scrub.secrets_of(_options.TENANT_SPEC, job.arguments)
    return _finding("unavailable", _scrub.crash(error, secrets)["msg"])


def _finding(category: str, text: str, roles: t.Iterable[str] = ()) -> Finding:
    return {
        "category": category,
        "roles": list(roles),
        "checked_at": _times.format_time(_times.now() // _times.SECOND * _times.SECOND),
        "text": text,
    }
