# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that describe a tenant: their spec, and the checks that need no network.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible.module_utils.common.text.formatters import human_to_bytes
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.clouds import (
    CLOUDS,
    LOGIN_ALIASES,
    REGIONS,
    RESOURCES,
    Service,
    owner_of,
    service,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.late_credential import (
    LATE,
    LateCredential,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.origin import origin
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.proxy import checked

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)

# Used by the argument_spec of every module, by the doors, and by the test that compares it with the
# documentation.
TENANT_SPEC: t.Final[dict[str, dict[str, t.Any]]] = {
    "tenant_id": {"type": "str"},
    "tenant_name": {"type": "str"},
    "client_id": {"type": "str"},
    "client_secret": {"type": "str", "no_log": True},
    "client_secret_file": {"type": "path", "no_log": False},
    "certificate_path": {"type": "path"},
    "certificate": {"type": "str", "no_log": True},
    "private_key_path": {"type": "path"},
    "certificate_password": {"type": "str", "no_log": True},
    "certificate_chain": {"type": "bool", "default": False},
    "assertion_file": {"type": "path"},
    "cloud": {"type": "str", "default": "public", "choices": list(CLOUDS)},
    "region": {"type": "str", "choices": list(REGIONS)},
    "api": {"type": "str", "default": "auto", "choices": ["auto", "graph", "xdr"]},
    "login_url": {"type": "str"},
    "graph_url": {"type": "str"},
    "xdr_url": {"type": "str"},
    "endpoint_url": {"type": "str"},
    "graph_audience": {"type": "str"},
    "xdr_audience": {"type": "str"},
    "endpoint_audience": {"type": "str"},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "proxy": {"type": "str"},
    "request_timeout": {"type": "int"},
    "retries": {"type": "int", "default": 4},
    "retry_deadline": {"type": "int", "default": 300},
    "max_response_size": {"type": "str", "default": "512M"},
    "token_cache": {"type": "path", "no_log": False, "default": "~/.ansible/defender_xdr/tokens"},
    "max_changes": {"type": "int", "default": 10},
    "protected_tags": {"type": "list", "elements": "str", "default": []},
}
SOURCES: t.Final = (
    "client_secret",
    "client_secret_file",
    "certificate_path",
    "certificate",
    "assertion_file",
)
# All options of a credential: if a source of higher precedence sets one of the SOURCES, the others
# are not taken from a source of lower precedence.
CREDENTIAL: t.Final = (*SOURCES, "private_key_path", "certificate_password", "certificate_chain")
LEAST: t.Final = {"request_timeout": 1, "retries": 0, "retry_deadline": 1, "max_changes": 0}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Checked tenant options. Secrets are kept out of the repr, so that no traceback shows them."""

    tenant_id: str
    tenant_name: str
    client_id: str
    cloud: str
    api: str
    login_url: str
    services: t.Mapping[str, Service | DefenderError]
    credential: t.Mapping[str, t.Any] = dataclasses.field(repr=False)
    ca_path: str | None
    validate_certs: bool
    proxy: str | None = dataclasses.field(repr=False)
    request_timeout: int | None
    retries: int
    retry_deadline: int
    max_response_size: int
    token_cache: str | None
    max_changes: int  # 0: no limit
    protected_tags: tuple[str, ...]

    @property
    def label(self) -> str:
        """How messages name the tenant."""
        return (
            f"{self.tenant_name} ({self.tenant_id})"
            if self.tenant_name != self.tenant_id
            else self.tenant_id
        )

    def service(self, resource: str) -> Service:
        """The API in this tenant's cloud; raises the error for an API that does not exist there."""
        service_or_error = self.services[resource]
        if isinstance(service_or_error, DefenderError):
            raise service_or_error
        return service_or_error


def check(params: t.Mapping[str, t.Any], *, anonymous: bool = False) -> Options:
    """Options from module parameters; raises `bad_request` or `bad_credentials` before anything is
    sent.

    :arg anonymous: no token will be requested, so that application and credential are optional.
    """
    tenant_id = guid("tenant_id", params.get("tenant_id"), TENANT_HINT)
    client_id = (
        ""
        if anonymous and not params.get("client_id")
        else guid(
            "client_id",
            params.get("client_id"),
            CLIENT_HINT,
        )
    )
    for name, least in LEAST.items():
        if params[name] is not None and params[name] < least:
            raise DefenderError(
                "bad_request", f"{name} is {params[name]}, but must be at least {least}."
            )
    login = (
        https_url("login_url", params.get("login_url")) or CLOUDS[params["cloud"]].login
    ).rstrip("/")
    cache = params.get("token_cache") or "none"
    return Options(
        tenant_id=tenant_id,
        tenant_name=params.get("tenant_name") or tenant_id,
        client_id=client_id,
        cloud=params["cloud"],
        api=params["api"],
        login_url=LOGIN_ALIASES.get(login, login),
        services={resource: _service(params, resource) for resource in RESOURCES},
        credential={} if anonymous else _credential(params),
        ca_path=params.get("ca_path"),
        validate_certs=params["validate_certs"],
        proxy=_proxy_url(params.get("proxy")),
        request_timeout=params["request_timeout"],
        retries=params["retries"],
        retry_deadline=params["retry_deadline"],
        max_response_size=size("max_response_size", params["max_response_size"]),
        token_cache=None if cache.rsplit("/", 1)[-1] == "none" else cache,
        max_changes=params["max_changes"],
        protected_tags=tuple(params["protected_tags"]),
    )


CLIENT_HINT = "Take the application (client) id from the app registration's overview page."
TENANT_HINT = (
    "Find the GUID of a domain in the issuer of"
    " https://login.microsoftonline.com/DOMAIN/v2.0/.well-known/openid-configuration, or on the"
    " tenant's overview page."
)


def guid(option: str, value: t.Any, hint: str) -> str:
    """A GUID in lower case; `hint` is the advice on where to find one."""
    if not value:
        raise DefenderError(
            "bad_request",
            (
                f"{option} is not set; set it as a task option or as the variable"
                f" defender_xdr_{option}."
            ),
            advice=hint,
        )
    if not GUID.fullmatch(str(value)):
        raise DefenderError(
            "bad_request", f"{option} is {str(value)!r}, which is not a GUID. {hint}", advice=hint
        )
    return str(value).lower()


def size(option: str, value: str) -> int:
    """A number of bytes, written as a number or with a unit."""
    try:
        count = human_to_bytes(value)
    except ValueError:
        count = 0
    if count < 1:
        raise DefenderError(
            "bad_request",
            (
                f"{option} is {value!r}, which is not a size; use bytes, or a number with K, M or"
                " G such as 512M."
            ),
        )
    return int(count)


def https_url(option: str, value: str | None) -> str | None:
    """A base URL, or None if the option is not set."""
    if not value:
        return None
    scheme, host, _port = origin(value)
    if scheme != "https" or not host or set(value) & set("?#@"):
        raise DefenderError(
            "bad_request",
            (
                f"{option} is {value!r}, but must be an https URL with a host, and without"
                " credentials, query or fragment."
            ),
        )
    return value


def _proxy_url(value: str | None) -> str | None:
    """The proxy's URL for the transport; raises `bad_request` for one that cannot work."""
    return checked("proxy", value).url if value else None


def _service(params: t.Mapping[str, t.Any], resource: str) -> Service | DefenderError:
    """The cloud's service with the caller's URL and audience; raises `wrong_audience` for an
    audience of another resource."""
    url, audience = (
        https_url(f"{resource}_url", params.get(f"{resource}_url")),
        params.get(f"{resource}_audience"),
    )
    try:
        chosen = service(params["cloud"], resource, region=None if url else params.get("region"))
    except DefenderError as e:
        # returned, not raised: a tenant in a cloud without this API may still use another
        if not (url and audience and e.category == "unsupported"):
            return e
        chosen = Service(url, audience)
    if audience:
        owner = owner_of(audience)
        if owner not in (None, resource):
            raise DefenderError(
                "wrong_audience",
                (
                    f"{resource}_audience is {audience}, which belongs to the resource {owner};"
                    f" {resource} requires {chosen.audience}."
                ),
                advice=f"Remove {resource}_audience, or set it to {chosen.audience}.",
            )
        chosen = dataclasses.replace(
            chosen,
            audience=audience,
            aliases=(chosen.audience, *chosen.aliases) if owner else chosen.aliases,
        )
    return dataclasses.replace(chosen, url=(url or chosen.url).rstrip("/"))


def _credential(params: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    """The one source of the credential, with the options that belong to it."""
    if obtain := params.get(LATE):
        return LateCredential(lambda: _credential(obtain()))
    sources = [name for name in SOURCES if params.get(name)]
    if len(sources) != 1:
        state = "none is set" if not sources else f"{' and '.join(sources)} are set"
        raise DefenderError(
            "bad_credentials",
            f"Exactly one of {', '.join(SOURCES)} must be set; {state}.",
            who="caller",
            advice="Set one of these options and remove the others.",
        )
    for name in ("private_key_path", "certificate_password"):
        if params.get(name) and not sources[0].startswith("certificate"):
            raise DefenderError(
                "bad_request",
                f"{name} is set, but requires a certificate; the credential is {sources[0]}.",
            )
    return {name: params[name] for name in CREDENTIAL if params.get(name)}
