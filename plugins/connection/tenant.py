# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A customer tenant as an Ansible host: its tasks run on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
name: tenant
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: Treat a customer tenant as a host
version_added: 0.1.0
description:
  - Makes an inventory host represent a customer's Microsoft Entra tenant.
  - For such a host, the modules of this collection run in Ansible's worker process and send
    requests to Microsoft's cloud.
  - Any other module, such as M(ansible.builtin.copy) or M(ansible.builtin.command), runs on the
    controller with the controller's Python, as with P(ansible.builtin.local#connection).
  - Every module of this collection has the options that describe the tenant, such as
    O(mssp.defender_xdr.access_token#module:client_id). With any connection, a module also reads
    each option C(X) from the host's variable C(defender_xdr_X), the environment variable
    C(DEFENDER_XDR_X) and the key C(X) under C([defender_xdr]) in C(ansible.cfg). Only
    O(mssp.defender_xdr.access_token#module:tenant_id) has no environment variable and no key.
notes:
  - The remote user is ignored. Commands run as the user who runs Ansible.
extends_documentation_fragment:
  - ansible.builtin.connection_pipelining
options:
  become_success_timeout:
    description:
      - Number of seconds to wait for become to succeed, if it is enabled.
      - For values below 1, the default is used.
    type: int
    default: 10
    vars:
      - name: ansible_local_become_success_timeout
  become_strip_preamble:
    description:
      - Whether to strip the output of become itself from the output of a command. Set this to
        V(false) to diagnose problems with become.
    type: bool
    default: true
    vars:
      - name: ansible_local_become_strip_preamble
"""

import sys
import typing as t

from ansible.plugins.connection.local import Connection as LocalConnection


class Connection(LocalConnection):
    """The local connection under another name.

    It has none of the tenant's options: core resolves a connection's options for every task, also
    for one that does not read them.
    """

    transport = "mssp.defender_xdr.tenant"

    def update_vars(self, variables: dict[str, t.Any]) -> None:
        """Set the controller's interpreter for commands, because a tenant has none to discover."""
        super().update_vars(variables)
        variables.setdefault("ansible_python_interpreter", sys.executable)
