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
  - The options describe the tenant. Modules read them from the host's variables with any
    connection.
notes:
  - The remote user is ignored. Commands run as the user who runs Ansible.
extends_documentation_fragment:
  - ansible.builtin.connection_pipelining
  - mssp.defender_xdr._tenant
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
  tenant_id:
    vars:
      - name: defender_xdr_tenant_id
  tenant_name:
    vars:
      - name: defender_xdr_tenant_name
    env:
      - name: DEFENDER_XDR_TENANT_NAME
    ini:
      - section: defender_xdr
        key: tenant_name
  client_id:
    vars:
      - name: defender_xdr_client_id
    env:
      - name: DEFENDER_XDR_CLIENT_ID
    ini:
      - section: defender_xdr
        key: client_id
  client_secret:
    vars:
      - name: defender_xdr_client_secret
    env:
      - name: DEFENDER_XDR_CLIENT_SECRET
    ini:
      - section: defender_xdr
        key: client_secret
  client_secret_file:
    vars:
      - name: defender_xdr_client_secret_file
    env:
      - name: DEFENDER_XDR_CLIENT_SECRET_FILE
    ini:
      - section: defender_xdr
        key: client_secret_file
  certificate_path:
    vars:
      - name: defender_xdr_certificate_path
    env:
      - name: DEFENDER_XDR_CERTIFICATE_PATH
    ini:
      - section: defender_xdr
        key: certificate_path
  certificate:
    vars:
      - name: defender_xdr_certificate
    env:
      - name: DEFENDER_XDR_CERTIFICATE
    ini:
      - section: defender_xdr
        key: certificate
  private_key_path:
    vars:
      - name: defender_xdr_private_key_path
    env:
      - name: DEFENDER_XDR_PRIVATE_KEY_PATH
    ini:
      - section: defender_xdr
        key: private_key_path
  certificate_password:
    vars:
      - name: defender_xdr_certificate_password
    env:
      - name: DEFENDER_XDR_CERTIFICATE_PASSWORD
    ini:
      - section: defender_xdr
        key: certificate_password
  certificate_chain:
    vars:
      - name: defender_xdr_certificate_chain
    env:
      - name: DEFENDER_XDR_CERTIFICATE_CHAIN
    ini:
      - section: defender_xdr
        key: certificate_chain
  assertion_file:
    vars:
      - name: defender_xdr_assertion_file
    env:
      - name: DEFENDER_XDR_ASSERTION_FILE
    ini:
      - section: defender_xdr
        key: assertion_file
  cloud:
    vars:
      - name: defender_xdr_cloud
    env:
      - name: DEFENDER_XDR_CLOUD
    ini:
      - section: defender_xdr
        key: cloud
  region:
    vars:
      - name: defender_xdr_region
    env:
      - name: DEFENDER_XDR_REGION
    ini:
      - section: defender_xdr
        key: region
  api:
    vars:
      - name: defender_xdr_api
    env:
      - name: DEFENDER_XDR_API
    ini:
      - section: defender_xdr
        key: api
  login_url:
    vars:
      - name: defender_xdr_login_url
    env:
      - name: DEFENDER_XDR_LOGIN_URL
    ini:
      - section: defender_xdr
        key: login_url
  graph_url:
    vars:
      - name: defender_xdr_graph_url
    env:
      - name: DEFENDER_XDR_GRAPH_URL
    ini:
      - section: defender_xdr
        key: graph_url
  xdr_url:
    vars:
      - name: defender_xdr_xdr_url
    env:
      - name: DEFENDER_XDR_XDR_URL
    ini:
      - section: defender_xdr
        key: xdr_url
  endpoint_url:
    vars:
      - name: defender_xdr_endpoint_url
    env:
      - name: DEFENDER_XDR_ENDPOINT_URL
    ini:
      - section: defender_xdr
        key: endpoint_url
  graph_audience:
    vars:
      - name: defender_xdr_graph_audience
    env:
      - name: DEFENDER_XDR_GRAPH_AUDIENCE
    ini:
      - section: defender_xdr
        key: graph_audience
  xdr_audience:
    vars:
      - name: defender_xdr_xdr_audience
    env:
      - name: DEFENDER_XDR_XDR_AUDIENCE
    ini:
      - section: defender_xdr
        key: xdr_audience
  endpoint_audience:
    vars:
      - name: defender_xdr_endpoint_audience
    env:
      - name: DEFENDER_XDR_ENDPOINT_AUDIENCE
    ini:
      - section: defender_xdr
        key: endpoint_audience
  ca_path:
    vars:
      - name: defender_xdr_ca_path
    env:
      - name: DEFENDER_XDR_CA_PATH
    ini:
      - section: defender_xdr
        key: ca_path
  validate_certs:
    vars:
      - name: defender_xdr_validate_certs
    env:
      - name: DEFENDER_XDR_VALIDATE_CERTS
    ini:
      - section: defender_xdr
        key: validate_certs
  proxy:
    vars:
      - name: defender_xdr_proxy
    env:
      - name: DEFENDER_XDR_PROXY
    ini:
      - section: defender_xdr
        key: proxy
  request_timeout:
    vars:
      - name: defender_xdr_request_timeout
    env:
      - name: DEFENDER_XDR_REQUEST_TIMEOUT
    ini:
      - section: defender_xdr
        key: request_timeout
  retries:
    vars:
      - name: defender_xdr_retries
    env:
      - name: DEFENDER_XDR_RETRIES
    ini:
      - section: defender_xdr
        key: retries
  retry_deadline:
    vars:
      - name: defender_xdr_retry_deadline
    env:
      - name: DEFENDER_XDR_RETRY_DEADLINE
    ini:
      - section: defender_xdr
        key: retry_deadline
  max_response_size:
    vars:
      - name: defender_xdr_max_response_size
    env:
      - name: DEFENDER_XDR_MAX_RESPONSE_SIZE
    ini:
      - section: defender_xdr
        key: max_response_size
  token_cache:
    vars:
      - name: defender_xdr_token_cache
    env:
      - name: DEFENDER_XDR_TOKEN_CACHE
    ini:
      - section: defender_xdr
        key: token_cache
"""

import sys
import typing as t

from ansible.plugins.connection.local import Connection as LocalConnection

PREFIX: t.Final = "defender_xdr_"


class Connection(LocalConnection):
    """The local connection under another name, with the options that describe a tenant."""

    transport = "mssp.defender_xdr.tenant"

    def _resolve_option_variables(
        self, variables: dict[str, t.Any], templar: t.Any
    ) -> dict[str, t.Any]:
        """Do not resolve the tenant's options for this connection, such as the look-up of a secret.

        Only the collection's modules read them. A core without this method only calls
        `set_options`.
        """
        return t.cast(
            "dict[str, t.Any]",
            super()._resolve_option_variables(_without_tenant(variables), templar),
        )

    def set_options(
        self,
        task_keys: t.Any = None,
        var_options: dict[str, t.Any] | None = None,
        direct: t.Any = None,
    ) -> None:
        """Keep the tenant's options from core, whose error for an invalid type contains the
        value."""
        super().set_options(
            task_keys=task_keys, var_options=_without_tenant(var_options or {}), direct=direct
        )

    def update_vars(self, variables: dict[str, t.Any]) -> None:
        """Set the controller's interpreter for commands, because a tenant has none to discover."""
        super().update_vars(variables)
        variables.setdefault("ansible_python_interpreter", sys.executable)


def _without_tenant(variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in variables.items() if not name.startswith(PREFIX)}
