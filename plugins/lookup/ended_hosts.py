# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ended_hosts
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Name the hosts that the play ended on purpose
version_added: 0.2.0
description:
  - Ansible's C(ansible_play_hosts_all) without C(ansible_play_hosts) are the hosts that are no
    longer in the play. This lookup names those of them that the play ended on purpose, such as with
    C(meta=end_host). The others were lost by a failure.
  - The roles of this collection use it to count only tenants that were meant to be asked, as
    M(mssp.defender_xdr.sweep) does.
  - It knows the current batch of the play. Hosts of other batches, with C(serial), are not named.
options:
  _terms:
    description:
      - None.
seealso:
  - module: mssp.defender_xdr.sweep
"""

EXAMPLES = r"""
- name: Leave out the tenants that are not ours to watch
  ansible.builtin.meta: end_host
  when: defender_xdr_tier | default('') == 'test'

- name: Say who was left out
  ansible.builtin.debug:
    msg: "{{ query('mssp.defender_xdr.ended_hosts') }}"
  run_once: true
"""

RETURN = r"""
_raw:
  description:
    - The names of the hosts, in the order of the play.
    - A host of which this version of ansible-core does not say whether it failed or was ended is
      not among them.
  type: list
  elements: str
"""

import typing as t

from ansible.plugins.lookup import LookupBase
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _batch


class LookupModule(LookupBase):
    def run(
        self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any
    ) -> list[str]:
        del terms, kwargs
        return _batch.ended(variables or {})
