# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: registry_with
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: A registry of tenants with one more
version_added: 0.2.0
description:
  - Reads a registry in YAML on the controller, as P(mssp.defender_xdr.tenants#inventory) takes it,
    and returns its text with an entry for the tenant. M(ansible.builtin.copy) writes it. A file
    that does not exist is an empty registry.
  - From here until the end of its task no other task gets at registries in the same folder with
    this filter or P(mssp.defender_xdr.registry_without#filter), in other runs of Ansible on this
    machine neither. Write the text in the same task, so that no entry is lost.
  - Where the tenant has an entry the text comes back as it was, since what you wrote about a tenant
    counts. All other entries, their order and the comments stay to the letter.
positional: tenant_id, name, variables
options:
  _input:
    description:
      - Path of the registry, which ends in C(.yml) or C(.yaml) and has one entry below the other. A
        vault is refused, and so is an edit that would change what another entry says.
    type: path
    required: true
  tenant_id:
    description:
      - GUID of the tenant.
    type: str
    required: true
  name:
    description:
      - Its name.
    type: str
    required: true
  variables:
    description:
      - What else the entry says. What could be a template, and was not written by you in YAML, gets
        the tag C(!unsafe), so that it stays text. What comes out of a vault is written as the
        vaulted text that it was.
    type: dict
    default: {}
seealso:
  - plugin: mssp.defender_xdr.registry_without
    plugin_type: filter
  - plugin: mssp.defender_xdr.tenants
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Put the tenant into the registry
  ansible.builtin.copy:
    content: >-
      {{ '/tmp/registry.yml' | mssp.defender_xdr.registry_with(
           defender_xdr_tenant_id, inventory_hostname, {'tier': 'gold'}) }}
    dest: /tmp/registry.yml
    mode: "0644"
  throttle: 1
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The text of the registry.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry_edit as _registry_text,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry_lock as _registry_lock,
)


def registry_with(
    path: str, tenant_id: str, name: str, variables: dict[str, t.Any] | None = None
) -> str:
    try:
        _registry_lock.hold(path)
        return _registry_text.with_tenant(
            _registry_text.read(path), path, tenant_id, name, variables or {}
        )
    except DefenderError as e:
        raise AnsibleFilterError(e.message) from None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"registry_with": registry_with}
