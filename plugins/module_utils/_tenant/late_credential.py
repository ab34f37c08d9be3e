# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A credential that is obtained only when a token has to be requested.

Its variables may be look-ups in a vault, which take longer than the request that they are for.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import collections.abc
import typing as t

# The parameter that replaces the options of the credential. No module has an option of this name.
LATE: t.Final = "late_credential"


class LateCredential(collections.abc.Mapping[str, t.Any]):
    """The options of a credential by name, obtained at the first access.

    :arg obtain: returns them, or raises a DefenderError.
    """

    def __init__(self, obtain: t.Callable[[], t.Mapping[str, t.Any]]) -> None:
        self._obtain = obtain
        self.obtained: t.Mapping[str, t.Any] | None = None

    def _options(self) -> t.Mapping[str, t.Any]:
        if self.obtained is None:
            self.obtained = self._obtain()
        return self.obtained

    def __getitem__(self, name: str) -> t.Any:
        return self._options()[name]

    def __iter__(self) -> t.Iterator[str]:
        return iter(self._options())

    def __len__(self) -> int:
        return len(self._options())
