# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ended_hosts
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: List the hosts that the play ended on purpose
version_added: 0.1.0
description:
  - The hosts in C(ansible_play_hosts_all) but not in C(ansible_play_hosts) are no longer in the
    play. This lookup returns those that the play ended on purpose, for example with
    C(meta=end_host). The others were lost because of a failure.
  - The roles of this collection use it to leave such tenants out of the coverage, as
    M(mssp.defender_xdr.sweep) does.
  - It covers the current batch of the play only. With C(serial), hosts of other batches are not
    returned.
options:
  _terms:
    description:
      - Not used.
seealso:
  - module: mssp.defender_xdr.sweep
"""

EXAMPLES = r"""
- name: Leave out the test tenants
  ansible.builtin.meta: end_host
  when: defender_xdr_tier | default('') == 'test'

- name: Show which hosts were left out
  ansible.builtin.debug:
    msg: "{{ query('mssp.defender_xdr.ended_hosts') }}"
  run_once: true
"""

RETURN = r"""
_raw:
  description:
    - The names of the hosts, in the order of the play.
    - A host is not returned if this version of ansible-core does not show whether it failed or was
      ended on purpose.
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
