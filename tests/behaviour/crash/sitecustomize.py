# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python reads this at every start when its folder is on PYTHONPATH: requests then fails with everything it was given in the message.

CRASH_AT names the part of the URL at which it does; without it nothing happens.
"""

from __future__ import annotations

import os
import typing as t

if os.environ.get("CRASH_AT"):
    import requests

    _real = requests.Session.request

    def _request(self: requests.Session, method: str, url: str, **kwargs: t.Any) -> requests.Response:
        if os.environ["CRASH_AT"] in url:
            raise RuntimeError(f"{method} {url} crashed with {kwargs}")
        return _real(self, method, url, **kwargs)

    requests.Session.request = _request  # type: ignore[method-assign,assignment]
