# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Merge the sources of an inventory: the registry, and Microsoft Graph's lists of the provider's
customers.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.utils.display import Display
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import (
    contracts as _contracts,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import (
    customer as _customers,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers import gdap as _gdap
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers.customer import Customer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _execution
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    options as _inventory_options,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry as _registry,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory.cache import Answers

FILE: t.Final = _customers.OWNER
SERVICES: t.Final[t.Mapping[str, t.Callable[[Tenant], list[Customer]]]] = {
    _gdap.SOURCE: _gdap.customers,
    _contracts.SOURCE: _contracts.customers,
}
SHOWN: t.Final = 5
Arguments = dict[str, t.Any]
Row = dict[str, t.Any]
display = Display()


def provider(plugin: t.Any, config: t.Mapping[str, t.Any], path: Path) -> Arguments:
    """The provider's tenant options, if a source needs them: from the inventory file, the
    environment and ansible.cfg.

    :arg path: the inventory file, in which they can be templates.
    """
    plugin.templar.available_variables = {
        **plugin._vars,
        "inventory_dir": str(path.parent),
        "inventory_file": str(path),
    }
    if not _services(plugin):
        return {}
    options = {option: config[option] for option in _options.TENANT_SPEC if option in config}
    return _inventory_options.resolved({}, plugin.templar.template, options)


def _services(plugin: t.Any) -> list[str]:
    return [source for source in SERVICES if source in plugin.get_option("sources")]


def gathered(plugin: t.Any, arguments: Arguments, path: Path, answers: Answers) -> list[Customer]:
    """The merged customers of all selected sources; raises DefenderError if a source cannot be
    read.

    :arg arguments: the provider's tenant options.
    :arg path: the inventory file.
    :arg answers: cached responses of the services; missing ones are requested and added.
    """
    by_source: list[dict[str, Customer]] = []
    if FILE in plugin.get_option("sources"):
        by_source.append(
            _customers.unique(_registry.read(_registries(plugin, path), plugin.loader))
        )
    elif plugin.get_option("file"):
        raise DefenderError(
            "bad_request",
            (
                "file names a registry, but sources does not contain file; add it, or remove the"
                " option file."
            ),
        )
    kept = {source: answers.get(source, arguments) for source in _services(plugin)}
    if missing := [source for source, rows in kept.items() if rows is None]:
        kept |= _asked(arguments, missing)
        for source in missing:
            answers.put(source, arguments, kept[source])
    by_source += [
        _customers.unique(_from_kept(row, source) for row in rows) for source, rows in kept.items()
    ]
    return _standing(plugin, _customers.merged(by_source))


def _registries(plugin: t.Any, path: Path) -> list[Path]:
    """The registry's files and folders, relative to the folder of the inventory file."""
    if not (places := plugin.get_option("file")):
        raise DefenderError(
            "bad_request",
            (
                "file names no registry; set it to the registry's files, or remove file from"
                " sources."
            ),
        )
    return [path.parent / Path(plugin.templar.template(place)).expanduser() for place in places]


def _asked(params: Arguments, sources: t.Sequence[str]) -> dict[str, list[Row]]:
    secrets = _scrub.secrets_of(_options.TENANT_SPEC, params)
    try:
        tenant = Tenant(
            _options.check(_execution.validated({"argument_spec": _options.TENANT_SPEC}, params))
        )
        answers = {
            source: [_to_keep(customer) for customer in SERVICES[source](tenant)]
            for source in sources
        }
    except DefenderError as e:
        raise DefenderError(
            e.category, _scrub.text(f"{' and '.join(sources)}: {e.message}", secrets)
        ) from None
    except Exception as e:  # before core 2.22, core does not remove secrets from tracebacks
        raise DefenderError("unavailable", _scrub.crash(e, secrets)["msg"]) from None
    for warning in tenant.warnings:
        display.warning(_scrub.text(warning, secrets))
    return answers


def _to_keep(customer: Customer) -> dict[str, t.Any]:
    named = ("tenant_id", "name", "default_domain", "variables")
    return {**{name: getattr(customer, name) for name in named}, "where": customer.where()}


def _from_kept(row: t.Mapping[str, t.Any], source: str) -> Customer:
    return Customer(**{**row, "where": lambda: str(row["where"])}, sources=(source,))


def _standing(plugin: t.Any, customers: list[Customer]) -> list[Customer]:
    """The customers without those known only from a relationship that has ended or not begun, which
    are reported in a warning."""
    statuses = plugin.get_option("gdap_statuses")
    over = {
        customer.tenant_id: customer
        for customer in customers
        if customer.sources == (_gdap.SOURCE,)
        and customer.variables["defender_xdr_gdap"]["status"] not in statuses
    }
    if over:
        names = [_customers.safe(customer.name) or customer.tenant_id for customer in over.values()]
        display.warning(
            f"{len(over)} of {len(customers)} tenants are left out because none of their GDAP"
            f" relationships has a status in gdap_statuses ({', '.join(statuses)}):"
            f" {', '.join(names[:SHOWN])}{', …' if len(names) > SHOWN else ''}."
        )
    return [customer for customer in customers if customer.tenant_id not in over]
