# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The origin of a URL, to which a token is bound.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port, to which a token is bound; empty for an invalid or ambiguous URL."""
    try:
        parts = urlsplit(url)
        place = parts.scheme, (parts.hostname or "").lower(), parts.port or 443
    except ValueError:
        place = "", "", 0
    # libraries differ in how they treat a backslash before an @, and white space before the query
    ambiguous = "\\" in url or re.match(r"[^?#]*\s", url)
    return ("", "", 0) if ambiguous else place
