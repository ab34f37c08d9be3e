# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an inventory's own file to hosts and their variables; what of it is Ansible's constructed features is left to Ansible.

Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import difflib
import glob
import hashlib
import json
import re
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.template import trust_as_template
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _customers, _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import Customer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import RETRYABLE, DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _probe, _tenant_options

ENDINGS: t.Final = (".yml", ".yaml")
KEY: t.Final = re.compile(r"""\bplugin["']?\s*:\s*["']?mssp\.defender_xdr\.tenants\b""")
RULES: t.Final = ("include", "exclude")
# Findings that are not worth keeping: over at once, or our own mistake.
PASSING: t.Final = frozenset({*RETRYABLE, "bad_request"})
Variables = dict[str, t.Any]


def is_ours(path: Path) -> bool:
    """Whether an inventory source is for this plugin, by its key C(plugin); what is in a vault is seen later."""
    if path.suffix not in ENDINGS or not path.is_file():
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    return text.startswith("$ANSIBLE_VAULT;") or KEY.search(text) is not None


def check(config: t.Mapping[str, t.Any], options: t.Collection[str]) -> None:
    """Refuse what core would overlook: options that do not exist, and filters of another shape."""
    for key in config:
        if key not in options:
            near = difflib.get_close_matches(str(key), options, 1)
            raise DefenderError("bad_request", f"{key} is no option of this inventory{f'; did you mean {near[0]}?' if near else '.'}")
    for rule in config.get("filters") or []:
        if not isinstance(rule, dict) or len(rule) != 1 or next(iter(rule)) not in RULES:
            raise DefenderError("bad_request", f"An entry of filters is {rule!r}, but must be a mapping with one key, include or exclude.")


def question(config: t.Mapping[str, t.Any]) -> str:
    """A short name of what this inventory asks, so that answers that were kept serve the same question only; no secret is in it."""
    asked = {name: value for name, value in config.items() if not _options.TENANT_SPEC.get(name, {}).get("no_log")}
    return hashlib.sha256(json.dumps(asked, default=str, sort_keys=True).encode()).hexdigest()[:12]


def close_to_others(folder: str | None, keys: t.Iterable[str]) -> None:
    """Take the cache's files of these keys from all but their owner: core leaves them readable by everybody, and they name customers."""
    place = Path(folder or "").expanduser()
    if folder and place.is_dir():
        for key in keys:
            for path in place.glob(f"*{glob.escape(key)}*"):
                with contextlib.suppress(PermissionError):
                    path.chmod(0o600)


def hosts(plugin: t.Any, found: t.Iterable[Customer]) -> dict[str, Variables]:
    """The hosts that these customers become, with their variables; raises C(bad_request) for names that clash and filters that fail."""
    wanted = [customer for customer in found if _is_wanted(plugin, customer)]
    health = _probe.GROUPS if plugin.get_option("probe") else ()
    taken = {*plugin.inventory.groups, plugin.get_option("group"), *health}
    named = _customers.named(wanted, plugin.get_option("hostnames"), taken)
    for host, customer in named.items():
        _check_other_sources(plugin, host, customer)
    return {host: {name: plain(value) for name, value in variables_of(customer).items()} for host, customer in named.items()}


def variables_of(customer: Customer) -> Variables:
    """The variables of a customer's host; what only modules can know is not among them."""
    ours = {"tenant_id": customer.tenant_id, "tenant_name": customer.name, "default_domain": customer.default_domain, "sources": list(customer.sources)}
    return {**{f"{_tenant_options.PREFIX}{name}": value for name, value in ours.items() if value}, **customer.variables}


def plain(value: t.Any) -> t.Any:
    """The value with every text marked as trusted in which there is nothing to template.

    Otherwise C(ansible-inventory --list) wraps each one as unsafe, which readers of its JSON do not expect. The others stay as they are: what customers
    call themselves is never a template.
    """
    if isinstance(value, str):
        return value if set(value) & set("{#") else trust_as_template(value)
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return [plain(member) for member in value] if isinstance(value, list) else value


def add(plugin: t.Any, found: t.Mapping[str, Variables]) -> None:
    """Put the hosts into the inventory, all of them before the first group that could bear a host's name."""
    inventory, group = plugin.inventory, plugin.inventory.add_group(plugin.get_option("group"))
    inventory.set_variable(group, "ansible_connection", plain(_tenant_options.CONNECTION))
    for host, variables in found.items():
        inventory.add_host(host, group=group)
        for name, value in variables.items():
            inventory.set_variable(host, name, value)


def add_health(plugin: t.Any, names: t.Collection[str], path: str, kept: dict[str, t.Any]) -> None:
    """Probe the hosts and group them by what was found.

    :arg kept: what was found earlier, by tenant id; the tenants that are not in it are asked, and what will last is put there. Plain JSON, no secret.
    """
    inventory = plugin.inventory
    ids = {host: str(inventory.get_host(host).vars[_tenant_options.VARIABLE]) for host in names}
    health = {host: kept[ids[host]] for host in names if ids[host] in kept}
    for host, found in _probe.probed(plugin, [host for host in names if host not in health], path):
        health[host] = found
        if found["category"] not in PASSING:
            kept[ids[host]] = found
    inventory.add_group(_probe.HEALTHY)
    for host in names:
        inventory.set_variable(host, f"{_tenant_options.PREFIX}probe", plain(health[host]))
        inventory.add_child(inventory.add_group(health[host]["category"]), host)


def _check_other_sources(plugin: t.Any, host: str, customer: Customer) -> None:
    """A host that another inventory source already has must be the same tenant."""
    known = plugin.inventory.hosts.get(host)
    other = known and known.vars.get(_tenant_options.VARIABLE)
    if other and str(other).lower() != customer.tenant_id:
        raise DefenderError(
            "bad_request",
            f"The host {host} is the tenant {other} in another inventory source, but {customer.tenant_id} at {customer.where()}; rename one of them.",
        )


def _is_wanted(plugin: t.Any, customer: Customer) -> bool:
    rules = plugin.get_option("filters")
    if not rules:
        return True
    plugin.templar.available_variables = variables_of(customer)
    for rule in rules:
        ((kind, condition),) = rule.items()
        try:
            holds = plugin.templar.evaluate_conditional(condition)
        except AnsibleError as e:
            if plugin.get_option("strict"):
                raise DefenderError("bad_request", f"The filter {kind}: {condition} fails for the tenant at {customer.where()}: {e}") from None
            continue
        if holds:
            return bool(kind == "include")
    return True
