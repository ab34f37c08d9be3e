# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory's cache of Microsoft's responses, each used only for the same request with the same
options.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import hmac
import json
import secrets
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant import options as _options
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _tenant_options

# Options whose files contain the credential. An assertion is left out because it changes every
# hour.
CREDENTIAL_FILES: t.Final = ("client_secret_file", "certificate_path", "private_key_path")
ANSWERS: t.Final = "answers"
SALT: t.Final = "salt"
Asker = t.Mapping[str, t.Any]


class Answers:
    """Responses by subject, each with a digest of the requester's options.

    The digest covers the requester's resolved options, including secrets and the content of
    credential files, with a random salt, so that it reveals nothing.

    :arg content: the cached content, or None. It is untrusted, whatever the cache plugin did with
        its text.
    """

    def __init__(self, content: t.Any = None) -> None:
        kept = _tenant_options.native(content)
        kept = kept if isinstance(kept, dict) and {ANSWERS, SALT} <= set(kept) else {}
        self._answers: dict[str, t.Any] = kept.get(ANSWERS, {})
        self._salt = str(kept.get(SALT) or secrets.token_hex(16))

    @property
    def content(self) -> dict[str, t.Any]:
        """Plain JSON for the cache."""
        return {SALT: self._salt, ANSWERS: self._answers}

    def get(self, subject: str, asker: Asker) -> t.Any:
        """The cached response for these options, or None."""
        entry = self._answers.get(subject)
        return entry["answer"] if entry and entry["asker"] == self._digest(asker) else None

    def put(self, subject: str, asker: Asker, answer: t.Any) -> None:
        """Store a response, which is plain JSON without secrets."""
        self._answers[subject] = {"asker": self._digest(asker), "answer": answer}

    def _digest(self, asker: Asker) -> str:
        text = json.dumps(asker, default=str, sort_keys=True)
        digest = hmac.new(
            self._salt.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha256
        )
        for option in CREDENTIAL_FILES:
            if asker.get(option):
                with contextlib.suppress(OSError):
                    digest.update(Path(asker[option]).expanduser().read_bytes())
        return digest.hexdigest()


def question(config: t.Mapping[str, t.Any], provider: Asker) -> str:
    """A short key of an inventory's request and its provider, so that each provider has its own
    cache.

    :arg config: the content of the inventory file.
    :arg provider: the provider's resolved options.

    It contains no secrets.
    """
    hidden = {name for name, option in _options.TENANT_SPEC.items() if option.get("no_log")}
    asked = [
        {name: value for name, value in options.items() if name not in hidden}
        for options in (config, provider)
    ]
    text = json.dumps(asked, default=str, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def close_to_others(folder: str | None, keys: t.Iterable[str]) -> None:
    """Make the cache files of these keys readable only by their owner.

    Core leaves them readable by everybody, but they contain customer names.
    """
    place = Path(folder or "").expanduser()
    if folder and place.is_dir():
        for key in keys:
            for path in place.glob(f"*{glob.escape(key)}*"):
                with contextlib.suppress(PermissionError):
                    path.chmod(0o600)
