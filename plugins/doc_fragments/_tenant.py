# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any
# time.

from __future__ import annotations


class ModuleDocFragment:
    """The tenant options, described once for every module and the inventory plugin."""

    DOCUMENTATION = r"""
options:
  tenant_id:
    description:
      - GUID of the customer tenant. Domain names are refused, because a domain can move to another
        tenant.
      - A tenant is always named explicitly. This option has no default and no environment variable.
    type: str
  tenant_name:
    description:
      - Name of the tenant in results and messages.
      - Defaults to the inventory name of the host. If a task sets another O(tenant_id) than the
        host's, the name defaults to that id.
    type: str
  client_id:
    description:
      - Application (client) id of the multi-tenant application that the customer consented to.
    type: str
  client_secret:
    description:
      - The application's client secret. Use the secret's value, not its id.
      - Must be a string. A dictionary, such as a vault lookup that lacks C(.secret), is refused
        without showing its content. The same applies to every tenant option.
      - Exactly one of O(client_secret), O(client_secret_file), O(certificate_path), O(certificate),
        O(assertion_file) must be set. If several sources set one of them, only the source with the
        highest precedence counts. The precedence is task, variables, environment, C(ansible.cfg).
    type: str
  client_secret_file:
    description:
      - File that contains the client secret, in UTF-8 or UTF-16. Surrounding whitespace, line
        breaks and a byte order mark are removed.
    type: path
  certificate_path:
    description:
      - File with the application's certificate. Supported formats are PEM or DER with the private
        key in O(private_key_path), PEM that includes the private key, and PFX.
      - Each of these formats can also be encoded in base64, as Azure Key Vault exports a PFX file.
      - The thumbprint is computed from the certificate. The key must be an RSA key.
    type: path
  certificate:
    description:
      - The application's certificate and private key as text, for example from a vault, in PEM, or
        as a PFX encoded in base64.
      - Line breaks in PEM can be written as the two characters backslash and n, which is common in
        variables of CI systems.
    type: str
  private_key_path:
    description:
      - File with the private key in PEM or DER, if the certificate does not include it.
    type: path
  certificate_password:
    description:
      - Password of an encrypted private key or PFX file.
    type: str
  certificate_chain:
    description:
      - Whether to send the certificate and its chain with each token request (C(x5c)). Entra ID can
        then trust the certificate by subject name and issuer, and a renewed certificate works
        without being registered.
    type: bool
    default: false
  assertion_file:
    description:
      - File with a federated token (workload identity) that a federated credential of the
        application trusts.
      - The file is read again for every token request, because such tokens are often valid for
        minutes only.
    type: path
  cloud:
    description:
      - Microsoft cloud of the tenant.
    type: str
    default: public
    choices: [public, gcc, gcc_high, dod, china]
  region:
    description:
      - Region of the API host to use, which may respond faster. Every regional host serves all
        tenants of the public cloud; other clouds have no regional hosts.
      - The Defender for Endpoint API has hosts in V(us), V(eu) and V(uk) only.
      - Ignored for Microsoft Graph, which has no regional hosts.
    type: str
    choices: [us, eu, uk, au, swa, ina, aea]
  api:
    description:
      - Generation of the API to use for functions that both generations offer.
      - V(graph) is Microsoft Graph security, V(xdr) is the older Defender XDR API.
      - V(auto) uses Microsoft Graph. If the tenant has not granted the required role of Microsoft
        Graph, or if Microsoft Graph is not available for the tenant, it uses the older API.
    type: str
    default: auto
    choices: [auto, graph, xdr]
  login_url:
    description:
      - Base URL of the login service. Overrides the default of the cloud.
        C(https://login.windows.net) is treated as the login service of the public cloud.
    type: str
  graph_url:
    description:
      - Base URL of Microsoft Graph. Overrides the default of the cloud.
    type: str
  xdr_url:
    description:
      - Base URL of the Defender XDR API. Overrides the default of the cloud.
    type: str
  endpoint_url:
    description:
      - Base URL of the Defender for Endpoint API. Overrides the default of the cloud.
    type: str
  graph_audience:
    description:
      - Audience of tokens for Microsoft Graph. Overrides the default of the cloud.
    type: str
  xdr_audience:
    description:
      - Audience of tokens for the Defender XDR API. Overrides the default of the cloud. An audience
        that belongs to another resource is refused.
    type: str
  endpoint_audience:
    description:
      - Audience of tokens for the Defender for Endpoint API. Overrides the default of the cloud.
    type: str
  ca_path:
    description:
      - File with the CA certificates to trust, in PEM, instead of those of the Python package
        certifi. The variables E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE) are ignored.
    type: path
  validate_certs:
    description:
      - Whether to verify the TLS certificates of the services. Set this to V(false) in a lab only.
    type: bool
    default: true
  proxy:
    description:
      - URL of a proxy, as V(http://host:port), V(host:port), or V(http://user:password@host:port).
      - SOCKS proxies, such as V(socks5h://host:port), need the Python package PySocks
        (C(pip install requests[socks])).
      - If this option is not set, E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY) are honored.
    type: str
  request_timeout:
    description:
      - Number of seconds to wait for the service, both until a response begins and between two
        parts of a response.
      - Defaults to 30, and to 200 for hunting queries, because Microsoft lets a query run for three
        minutes.
    type: int
  retries:
    description:
      - Maximum number of retries after a failed request. Only requests that are safe to repeat are
        retried.
    type: int
    default: 4
  retry_deadline:
    description:
      - Maximum number of seconds for one request, including all retries and waits, until its
        response is complete.
    type: int
    default: 300
  max_response_size:
    description:
      - Maximum size of one response after decompression, in bytes or with a unit such as V(64M).
      - A larger response fails as V(bad_request) for a hunting query, and as V(unavailable) for any
        other request.
    type: str
    default: 512M
  token_cache:
    description:
      - Folder of the token cache. It must belong to the user and be closed to others (mode 0700).
        It holds one file of mode 0600 for each login host, tenant, application and audience.
      - V(none) keeps no tokens on disk.
    type: path
    default: ~/.ansible/defender_xdr/tokens
  max_changes:
    description:
      - Maximum number of objects that one task may change, such as incidents, alerts or devices.
        V(0) sets no limit.
      - A task that would change more fails with the category V(refused) before it sends a write, in
        check mode too. M(mssp.defender_xdr.sweep) counts the changes of all its tenants together.
      - Ignored by modules that only read.
    type: int
    default: 10
  protected_tags:
    description:
      - Tags of devices that must not be changed, such as those of domain controllers. Upper and
        lower case are treated as equal. In the environment, they are separated by commas.
      - A task that would change a device with one of these tags fails with the category V(refused)
        before it sends a write, in check mode too. C(override_protection=true) of the task allows
        it.
    type: list
    elements: str
    default: []
"""
