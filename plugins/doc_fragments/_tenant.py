# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any
# time.

from __future__ import annotations


class ModuleDocFragment:
    """The tenant options, described once for every module and for the connection plugin."""

    DOCUMENTATION = r"""
options:
  tenant_id:
    description:
      - GUID of the customer tenant. A domain name is refused, because it can move to another
        tenant.
      - A tenant is always named. This option has no default and no environment variable.
    type: str
  tenant_name:
    description:
      - Name of the tenant in results and messages.
      - Defaults to the inventory name of the host. A task that names another O(tenant_id) than the
        host's has no other name for that tenant than its id, unless it sets O(tenant_name).
    type: str
  client_id:
    description:
      - Application (client) id of the multi-tenant application that the customer consented to.
    type: str
  client_secret:
    description:
      - The application's client secret. The secret's value is needed, not its id.
      - It must be text. A dictionary, such as a vault look-up whose C(.secret) was forgotten, is
        refused and not shown. The same holds for every option of a tenant.
      - Exactly one of O(client_secret), O(client_secret_file), O(certificate_path), O(certificate),
        O(assertion_file) must be set. Where several sources set one (task, variables, environment,
        C(ansible.cfg)), only the nearest source counts.
    type: str
  client_secret_file:
    description:
      - File whose content is the client secret, in UTF-8 or UTF-16. White space, line ends and a
        byte order mark around it are taken off.
    type: path
  certificate_path:
    description:
      - File with the application's certificate. PEM or DER with the private key in
        O(private_key_path), PEM with the key in it, or PFX.
      - Any of these may also be in base64, as Azure Key Vault hands out a PFX.
      - The thumbprint is computed. The key must be an RSA key.
    type: path
  certificate:
    description:
      - The application's certificate and private key as text, for example out of a vault. PEM, or
        the base64 of a PFX.
      - The line ends of PEM may be the two characters backslash and n, as variables of CI systems
        have them.
    type: str
  private_key_path:
    description:
      - File with the private key in PEM or DER, where it is not in the certificate's own file.
    type: path
  certificate_password:
    description:
      - Password of an encrypted private key or PFX file.
    type: str
  certificate_chain:
    description:
      - Send the certificate and its chain with each token request (C(x5c)), so that Entra ID can
        trust it by subject name and issuer and a renewed certificate works without being
        registered.
    type: bool
    default: false
  assertion_file:
    description:
      - File with a federated token (workload identity) that a federated credential of the
        application trusts.
      - It is read anew for every token request, because such tokens often live only for minutes.
    type: path
  cloud:
    description:
      - Microsoft's cloud in which the tenant lives.
    type: str
    default: public
    choices: [public, gcc, gcc_high, dod, china]
  region:
    description:
      - Use the API host of this region, which may answer faster. Any of them serves any tenant of
        the public cloud.
      - Microsoft Graph has no regional hosts and ignores it.
    type: str
    choices: [us, eu, uk, au, swa, ina, aea]
  api:
    description:
      - Which generation of API to use where both know the subject.
      - V(graph) is Microsoft Graph security, V(xdr) the older Defender XDR API.
      - V(auto) takes Graph.
    type: str
    default: auto
    choices: [auto, graph, xdr]
  login_url:
    description:
      - Base URL of the login service instead of the cloud's. C(https://login.windows.net) means the
        public cloud.
    type: str
  graph_url:
    description:
      - Base URL of Microsoft Graph instead of the cloud's.
    type: str
  xdr_url:
    description:
      - Base URL of the Defender XDR API instead of the cloud's.
    type: str
  endpoint_url:
    description:
      - Base URL of the Defender for Endpoint API instead of the cloud's.
    type: str
  graph_audience:
    description:
      - Audience of tokens for Microsoft Graph instead of the cloud's.
    type: str
  xdr_audience:
    description:
      - Audience of tokens for the Defender XDR API instead of the cloud's. One that belongs to
        another resource is refused.
    type: str
  endpoint_audience:
    description:
      - Audience of tokens for the Defender for Endpoint API instead of the cloud's.
    type: str
  ca_path:
    description:
      - File with the CA certificates to trust, in PEM, instead of those of the Python package
        certifi. The variables E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE) are ignored.
    type: path
  validate_certs:
    description:
      - Verify the certificates of the services. Only a laboratory has a reason to say V(false).
    type: bool
    default: true
  proxy:
    description:
      - Address of a proxy as V(http://host:port), V(host:port), or
        V(http://user:password@host:port).
      - V(socks5h://host:port) and its like need the Python package PySocks
        (C(pip install requests[socks])).
      - Without it E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY) are honoured.
    type: str
  request_timeout:
    description:
      - Seconds to wait for the service in one request, which is how long it may take to begin its
        answer and how long it may pause in it.
      - Without it that is 30 seconds, and 200 for a hunting query, because Microsoft allows a query
        three minutes.
    type: int
  retries:
    description:
      - How often a request that may be repeated is repeated after a failure.
    type: int
    default: 4
  retry_deadline:
    description:
      - The most seconds spent on one request with all its retries and waits, until the last byte of
        its answer.
    type: int
    default: 300
  max_response_size:
    description:
      - The largest answer to one request that is accepted, unpacked, as bytes or with a unit such
        as V(64M).
      - A hunting query with a larger answer fails as V(bad_request), any other request as
        V(unavailable).
    type: str
    default: 512M
  token_cache:
    description:
      - Folder of the token cache, which must belong to the user and be closed to others (mode
        0700). It holds one file of mode 0600 for each login host, tenant, application and audience.
      - V(none) keeps no token on disk.
    type: path
    default: ~/.ansible/defender_xdr/tokens
"""
