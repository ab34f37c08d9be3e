# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Customer tenants as hosts, from a registry and from the provider's customer lists at
Microsoft."""

from __future__ import annotations

DOCUMENTATION = r"""
name: tenants
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Customer tenants as hosts
version_added: 0.1.0
description:
  - Creates a host for every customer tenant that a source lists. Sources are a registry (your own
    list in YAML or CSV), the provider's delegated admin relationships (GDAP), and its reseller
    contracts (CSP).
  - Playbooks with C(hosts=tenants) work unchanged. Every host is in the group that O(group) names,
    whose variable C(ansible_connection) is V(mssp.defender_xdr.tenant). In addition to the
    variables from the registry, a host has C(defender_xdr_tenant_id), C(defender_xdr_tenant_name),
    C(defender_xdr_default_domain) and C(defender_xdr_sources), if they are known.
  - A tenant that several sources list becomes one host. If the sources differ, the registry takes
    precedence, then GDAP, then the contracts.
  - C(defender_xdr_gdap) has the best of a customer's relationships (C(id), C(display_name),
    C(status), C(end_date_time), C(auto_extend_duration), C(roles)) and a short form of the others
    in C(others). C(defender_xdr_contract) has C(id) and C(types).
  - Needs C(DelegatedAdminRelationship.Read.All) of Microsoft Graph for the source V(gdap), and
    C(Directory.Read.All) of Microsoft Graph for the source V(contracts). Grant them to an
    application in the provider's own tenant. Use another application than the one that customers
    consent to, because otherwise each customer is also asked for these permissions.
  - The tenant options below describe the provider's own tenant and are used for these two sources
    only. They can be templates, such as C({{ lookup('ansible.builtin.env', 'PROVIDER_SECRET') }}).
    Options that are not set here are taken from the environment and C(ansible.cfg), as for
    P(mssp.defender_xdr.tenant#connection). Hosts do not inherit them.
  - The name of the inventory file must end in C(.yml) or C(.yaml), and the file must contain the
    key O(plugin). Other files are left to other inventory plugins.
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
  - mssp.defender_xdr._tenant
options:
  plugin:
    description:
      - Name of this plugin.
    type: str
    required: true
    choices: [mssp.defender_xdr.tenants]
  sources:
    description:
      - Sources of tenants. If one of them cannot be read, the inventory fails.
    type: list
    elements: str
    choices: [file, gdap, contracts]
    default: [file]
  file:
    description:
      - Registry files, or folders that contain them. Relative paths are relative to the folder of
        the inventory file.
      - A YAML or JSON file (C(.yml), C(.yaml), C(.json)) has the single key C(tenants). It is a
        list of mappings with C(tenant_id), C(name), optionally C(default_domain), and any
        variables.
      - A CSV file (C(.csv)) has a header row with column names, including C(tenant_id) and C(name).
        Empty fields set no variable. The file can be saved by a spreadsheet, in UTF-8 or as Excel's
        Unicode text (UTF-16), separated by commas, semicolons, tabs or C(|), or by the separator
        that a first line such as C(sep=;) names. Empty rows, and empty columns without a name, are
        ignored. Other encodings, such as Windows-1252, are an error.
      - A tenant option of P(mssp.defender_xdr.tenant#connection), such as C(cloud) or C(client_id),
        becomes the variable C(defender_xdr_cloud) or C(defender_xdr_client_id). Any other name
        becomes a variable of that name, except that a keyword of Ansible gets a prefix. For
        example, C(tags) becomes C(tenant_tags).
      - Values in YAML can be templates and vaulted, as in any inventory. The tenant's id, name and
        domain, all values from CSV, and all values from Microsoft are never templates.
        C(ansible-inventory --list) shows text that is never a template as C(__ansible_unsafe).
      - A registry file that is encrypted with Ansible Vault is decrypted.
      - Do not put the registry into a folder that you pass to Ansible as an inventory, because
        Ansible would then read the registry as an inventory.
    type: list
    elements: path
    default: []
  gdap_statuses:
    description:
      - Statuses of GDAP relationships that make a customer a host. They apply to the customer's
        best relationship, if no other source lists that customer. A warning names the customers
        that are left out.
      - A customer's best relationship is determined by its status, in the order V(active),
        V(expiring), V(termination_requested), V(terminating), V(activating), V(approved),
        V(approval_pending), V(created), V(expired), V(terminated).
    type: list
    elements: str
    choices: [active, expiring, termination_requested, terminating, activating, approved,
      approval_pending, created, expired, terminated]
    default: [active, expiring, termination_requested, terminating, activating]
  hostnames:
    description:
      - What to use as the host name. The first of these that a tenant has is used, or its id if it
        has none of them.
      - Each sequence of characters other than letters and digits of any script, C(_), C(.) and C(-)
        is replaced with one C(_).
      - If two tenants have the same name, or if a name is that of a group or of another host, or is
        reserved by Ansible, such as V(all) or V(localhost), C(_) and the first eight characters of
        the tenant id are appended, with a warning. A tenant in the registry keeps its name if the
        other tenants are known from Microsoft only, so that no tenant gets the C(host_vars) of
        another one through its display name.
      - A host with the same name from an earlier inventory is treated as the same host if it has
        the same C(defender_xdr_tenant_id). It is also treated as the same host if the tenant is in
        the registry and the host has neither that variable nor a variable C(ansible_*).
    type: list
    elements: str
    choices: [name, default_domain, tenant_id]
    default: [name]
  group:
    description:
      - Group that contains all these hosts.
    type: str
    default: tenants
  filters:
    description:
      - Rules that determine which tenants become hosts. Each rule is C(include) or C(exclude) with
        a Jinja expression over the host's variables, or V(true) or V(false). The first rule whose
        expression is true applies. A tenant to which no rule applies is included.
      - O(strict) determines what happens if an expression fails, for example because a tenant lacks
        the variable. If it is not set, the rule does not apply.
    type: list
    elements: dict
    default: []
    suboptions:
      include:
        description: Tenants for which this expression is true become hosts.
        type: raw
      exclude:
        description: Tenants for which this expression is true do not become hosts.
        type: raw
  probe:
    description:
      - Whether to request a token for every host's tenant, in parallel. If the token has the roles
        for O(probe_required_for), the host is put into the group C(defender_xdr_ready). Otherwise
        it is put into a group that is named after the category with which a task would fail, such
        as C(defender_xdr_not_consented) or C(defender_xdr_role_missing). The role
        P(mssp.defender_xdr.preflight#role) uses the same names. Each group has an alias,
        C(healthy) or the category alone.
      - The variable C(defender_xdr_probe) has C(category), C(roles), C(checked_at) and C(text),
        which describes the problem if there is one.
      - The tenant options are those of the host, from this inventory, from the C(group_vars) and
        C(host_vars) next to it, and from earlier inventories. C(group_vars) and C(host_vars) next
        to a playbook are not available here.
      - The probe runs last, so O(filters), O(groups) and O(keyed_groups) cannot use
        C(defender_xdr_probe).
    type: bool
    default: false
  probe_resource:
    description:
      - API to request the token for.
    type: str
    choices: [graph, xdr, endpoint]
    default: graph
  probe_required_for:
    description:
      - Modules whose roles must be in the token.
    type: list
    elements: str
    default: [incident_info]
  probe_concurrency:
    description:
      - Maximum number of tenants to probe at the same time.
      - If this option is not set, the number adapts, as described for
        O(mssp.defender_xdr.sweep#module:concurrency).
    type: int
  tenant_id:
    description:
      - GUID of the provider's own tenant.
  tenant_name:
    description:
      - Name of the provider's tenant in messages.
  cache:
    description:
      - Whether to cache the results of the sources V(gdap) and V(contracts), and of the probe. A
        cached result is used only with the same options, as resolved from templates, the
        environment and C(ansible.cfg), and with the same content of credential files. For another
        provider, application or credential, the request is sent again.
      - The registry is read every time. Tokens and secrets are never cached. Probe results that may
        be outdated at once, such as V(throttled), or that indicate a mistake on your side
        (V(bad_request)), are not cached either.
      - Cache plugins that write files make them readable by everyone. If O(cache_connection) is a
        folder, the files of this inventory get mode 0600, because they name your customers.
notes:
  - A source that cannot be read is an error and never an empty inventory. However, unless
    C(any_unparsed_is_failed) (E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED)) is set, Ansible turns
    the error of an inventory into a warning and continues without its hosts. Set it.
seealso:
  - plugin: mssp.defender_xdr.tenant
    plugin_type: connection
"""

EXAMPLES = r"""
# customers.tenants.yml. The file registry.yml in the same folder contains:
#
# tenants:
#   - {tenant_id: 22222222-2222-2222-2222-222222222222, name: contoso, tier: gold}
#   - tenant_id: 33333333-3333-3333-3333-333333333333
#     name: woodgrove
#     tier: silver
#     cloud: gcc_high
#
# Variables that all tenants share, such as defender_xdr_client_id, are in group_vars/tenants.yml.
plugin: mssp.defender_xdr.tenants
file: [registry.yml]

---
# Read a spreadsheet without the test tenants, create a group for each tier (gold, silver, …) and a
# group for Europe, and add a variable with the contact.
plugin: mssp.defender_xdr.tenants
file: [customers.csv]
filters:
  - exclude: tier == 'test'
keyed_groups:
  - key: tier
    prefix: ""
    separator: ""
groups:
  europe: defender_xdr_region | default('') in ['eu', 'uk']
compose:
  contact: contact | default('soc@' ~ defender_xdr_default_domain)

---
# List every customer with a current GDAP relationship or a contract, add the variables from the
# registry, and group the tenants by health.
plugin: mssp.defender_xdr.tenants
sources: [file, gdap, contracts]
file: [registry.yml]
hostnames: [default_domain, tenant_id]  # two customers can share a name, but not a domain
tenant_id: 99999999-9999-9999-9999-999999999999
client_id: 88888888-8888-8888-8888-888888888888
client_secret: "{{ lookup('ansible.builtin.env', 'PROVIDER_SECRET') }}"
keyed_groups:
  - key: defender_xdr_gdap.status
    prefix: gdap
probe: true
probe_required_for: [incident_info, hunting_query]
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.ansible/defender_xdr/inventory
"""

import typing as t
from pathlib import Path

from ansible import constants as C
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _tenant_options
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    cache as _inventory_cache,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    hosts as _inventory,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    options as _inventory_options,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import probe as _probe
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    sources as _sources,
)

LENIENT: t.Final = (
    " Ansible continues without these tenants because any_unparsed_is_failed is not set."
)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "mssp.defender_xdr.tenants"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and _inventory.is_ours(Path(path))

    def set_options(
        self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None
    ) -> None:
        """As in core, but errors contain no secrets."""
        with _inventory_options.discreet(direct or {}):
            _tenant_options.check_kinds(direct or {})
            super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        try:
            config = self._read_config_data(path)
            _inventory.check(config, self.get_options())
            provider = _sources.provider(self, config, Path(path))
            key = f"{self.get_cache_key(path)}_{_inventory_cache.question(config, provider)}"
            answers = _inventory_cache.Answers(
                self._cache.get(key) if cache and self.get_option("cache") else None
            )
            hosts = _inventory.hosts(self, _sources.gathered(self, provider, Path(path), answers))
            _inventory.add(self, hosts)
            self._construct(inventory, hosts)
            if self.get_option("probe"):
                _probe.add_health(self, hosts, path, answers)
        except DefenderError as e:
            lenient = not C.config.get_config_value("INVENTORY_ANY_UNPARSED_IS_FAILED")
            raise AnsibleParserError(
                f"{e.category}: {e.message}{LENIENT if lenient else ''}"
            ) from None
        if self.get_option("cache"):
            self._cache[key] = answers.content

    def update_cache_if_changed(self) -> None:
        super().update_cache_if_changed()
        _inventory_cache.close_to_others(self.get_option("cache_connection"), self.cache)

    def _construct(self, inventory: t.Any, hosts: t.Iterable[str]) -> None:
        """Ansible's constructed features; composed variables of all hosts come before any group
        that could have the name of a host."""
        get_host, strict = inventory.get_host, self.get_option("strict")
        for host in hosts:
            self._set_composite_vars(
                self.get_option("compose"), get_host(host).get_vars(), host, strict=strict
            )
        groups, keyed_groups = self.get_option("groups"), self.get_option("keyed_groups")
        for host in hosts:
            variables = get_host(host).get_vars()
            self._add_host_to_composed_groups(
                groups, variables, host, strict=strict, fetch_hostvars=False
            )
        # last, because core would add a group with the name of a host to a composed group instead
        # of the host
        for host in hosts:
            variables = get_host(host).get_vars()
            self._add_host_to_keyed_groups(
                keyed_groups, variables, host, strict=strict, fetch_hostvars=False
            )
