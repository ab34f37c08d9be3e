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
    import requests.adapters

    _real = requests.adapters.HTTPAdapter.send

    def _send(self: requests.adapters.HTTPAdapter, request: requests.PreparedRequest, **kwargs: t.Any) -> requests.Response:
        if os.environ["CRASH_AT"] in str(request.url):
            raise RuntimeError(f"{request.method} {request.url} crashed with {request.headers} {request.body!r}")
        return _real(self, request, **kwargs)

    requests.adapters.HTTPAdapter.send = _send  # type: ignore[method-assign,assignment]
