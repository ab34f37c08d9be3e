# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Downloads through signed links: without a token, to a file that is replaced as a whole or not at
all.

Whoever has a link can read what it leads to, until it expires. Its query is a secret of the call.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import logging
import re
import threading
import typing as t
from urllib.parse import parse_qsl, unquote, urlsplit

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files, _scrub
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.exchange import Answer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.origin import origin
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

# Parameters of a shared access signature that are no secret: times, permissions, versions, ids.
# From learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas.
PLAIN: t.Final = frozenset(
    "rscc rscd rsce rscl rsct saoid scid sdd se si sip ske skoid sks skt sktid skv sp spr sr srt ss"
    " st suoid sv".split()
)
# A storage account explains a refusal in XML. Its message may contain what was signed.
CODE: t.Final = re.compile(rb"<Code>(\w{1,80})</Code>")
STALE: t.Final = frozenset({401, 403})  # the statuses for a link that has expired
CATEGORIES: t.Final[t.Mapping[int, str]] = {404: "not_found", 410: "not_found", 429: "throttled"}
# urllib3 logs URLs with their query.
LOGGERS: t.Final = tuple(
    f"urllib3.{name}" for name in ("connection", "connectionpool", "poolmanager", "util.retry")
)

_current = threading.local()
Result = t.TypeVar("Result")


@dataclasses.dataclass(frozen=True)
class Download:
    """A file that was downloaded.

    :arg size: in bytes; `sha256` is in hexadecimal digits.
    :arg changed: whether the destination had another content or mode before.
    """

    size: int
    sha256: str
    changed: bool


def signed_link(tenant: Tenant, response: Json) -> str:
    """The link in the response of an API; that of a package is in quotes inside of the string.

    It is a secret of the call from now on. Source: samples of `GetPackageUri` and
    `GetLiveResponseResultDownloadLink`.
    """
    link = response.get("value")
    if not isinstance(link, str) or not link.strip().strip('"'):
        raise DefenderError(
            "unavailable",
            f"Tenant {tenant.options.label}: the service returned no link to the download.",
        )
    link = link.strip().strip('"')
    _keep_secret(tenant, link)
    return link


def download(tenant: Tenant, url: str, dest: str, *, option: str = "dest") -> Download:
    """Read what a signed link leads to, and write it to a file with mode 0600.

    The destination stays unchanged unless all of it was read. The link may lead to any host over
    TLS, because no token is sent. `is_stale` tells whether an error is one of an expired link.

    :arg option: the option that names the destination, for messages.
    Raises the errors of a read, and `bad_request` if the file cannot be written.
    """
    with _files.draft(dest, option=option) as draft:
        try:
            _requested(tenant, url, draft.file)
            draft.file.flush()
            size = draft.file.seek(0, 2)
            draft.file.seek(0)
            digest = hashlib.file_digest(t.cast("t.Any", draft.file), "sha256").hexdigest()
        except OSError as e:
            raise _files.not_written(dest, e, option=option) from None
        return Download(size, digest, draft.keep())


def content(tenant: Tenant, url: str) -> bytes:
    """What a signed link leads to, if that is small; otherwise as `download`."""
    received = io.BytesIO()
    _requested(tenant, url, received)
    return received.getvalue()


def download_renewed(
    tenant: Tenant, ask: t.Callable[[], str], dest: str, *, option: str = "dest"
) -> Download:
    """As `download`, with a second link if the first one has expired.

    :arg ask: requests a link from the API.
    """
    return renewed(ask, lambda url: download(tenant, url, dest, option=option))


def renewed(ask: t.Callable[[], str], use: t.Callable[[str], Result]) -> Result:
    """What `use` makes of a link, or of a second one if the first has expired."""
    try:
        return use(ask())
    except DefenderError as e:
        if not is_stale(e):
            raise
    return use(ask())


def is_stale(error: DefenderError) -> bool:
    """Whether a download was refused because its link has expired, so that a new one may help."""
    return error.category == "unavailable" and error.status in STALE


def _requested(tenant: Tenant, url: str, into: t.BinaryIO) -> None:
    """Write what the link leads to into a file; raises the error for anything but a 200."""
    _keep_secret(tenant, url)
    host = _checked_host(tenant, url)
    with _unlogged():
        answer = tenant.http.send("GET", url, headers={"Accept": "*/*"}, into=into)
    if answer.status != 200:
        raise _refused(tenant, host, answer)


def _keep_secret(tenant: Tenant, url: str) -> None:
    """Mask the query of the link, and its signature or token, wherever it may appear."""
    query = re.sub(r"^[^?]*\??", "", url)
    secrets = [query, unquote(query)]
    for name, value in parse_qsl(query):
        # a short value is part of other words, and no signature
        if name not in PLAIN and len(value) >= _scrub.LEAST_INSIDE:
            raw = re.search(rf"(?:^|&){re.escape(name)}=([^&#]*)", query)
            secrets += [value, raw[1] if raw else ""]
    tenant.secrets += [secret for secret in dict.fromkeys(secrets) if secret]


def _checked_host(tenant: Tenant, url: str) -> str:
    """Scheme, host and port for messages; raises `network` for a link that must not be used."""
    scheme, host, port = origin(url)
    # a user name in a URL would be sent as an Authorization header
    if scheme != "https" or not host or "@" in urlsplit(url).netloc:
        raise DefenderError(
            "network",
            f"Tenant {tenant.options.label}: the service returned a link to a download that is not"
            " a plain https:// URL, so it was not used.",
            who="microsoft",
        )
    return f"https://{host}:{port}"


def _refused(tenant: Tenant, host: str, answer: Answer) -> DefenderError:
    """The error for a response other than 200, with the code of the storage but not its message."""
    in_body = CODE.search(answer.body[:2000])
    code = answer.headers.get("x-ms-error-code") or (in_body[1].decode() if in_body else None)
    reason = f"{answer.status} ({code})" if code else str(answer.status)
    message = f"Tenant {tenant.options.label}: the download from {host} was refused with {reason}"
    if answer.status in STALE:
        message += "; its signed link has expired or is not valid"
    return DefenderError(
        CATEGORIES.get(answer.status, "unavailable"),
        f"{message}.",
        status=answer.status,
        code=code,
        request_id=answer.request_id,
        advice="Run the task again: it asks for a new link.",
    )


@contextlib.contextmanager
def _unlogged() -> t.Iterator[None]:
    """Keep what this thread requests in the meantime out of the logs of urllib3."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_is_logged)  # has no effect the second time
    _current.hidden = True
    try:
        yield
    finally:
        _current.hidden = False


def _is_logged(record: logging.LogRecord) -> bool:
    """Whether a record may be logged: not by a thread that uses a signed link."""
    del record
    return not getattr(_current, "hidden", False)
