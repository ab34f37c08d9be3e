# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python reads this at every start when its folder is on PYTHONPATH: requests then fails with
everything it was given in the message.

CRASH_AT names the part of the URL at which it does; without it nothing happens. CRASH_WITH names
another exception, such as SystemExit, or PanicException as an extension module written in Rust
raises it. RENAMED names functions of ansible-core, as MODULE:FUNCTION, that then have another name,
as in a later version.
"""

from __future__ import annotations

import builtins
import importlib
import os
import types
import typing as t


class PanicException(BaseException):
    pass


if os.environ.get("CRASH_AT"):
    import requests
    import requests.adapters

    _real = requests.adapters.HTTPAdapter.send

    def _send(
        self: requests.adapters.HTTPAdapter, request: requests.PreparedRequest, **kwargs: t.Any
    ) -> requests.Response:
        if os.environ["CRASH_AT"] in str(request.url):
            name = os.environ.get("CRASH_WITH", "RuntimeError")
            error = PanicException if name == "PanicException" else getattr(builtins, name)
            raise error(
                f"{request.method} {request.url} crashed with {request.headers} {request.body!r}"
            )
        return _real(self, request, **kwargs)

    requests.adapters.HTTPAdapter.send = _send  # type: ignore[method-assign,assignment]


def _renamed(function: t.Any, name: str) -> t.Any:
    """The function with its uses of this name changed too, as core's own code would be."""
    code = function.__code__
    function.__code__ = code.replace(
        co_names=tuple(f"{one}_renamed" if one == name else one for one in code.co_names)
    )
    return function


for place in os.environ.get("RENAMED", "").split():
    path, _unused, name = place.partition(":")
    owner: t.Any = importlib.import_module(path)
    *outer, name = name.split(".")
    for part in outer:
        owner = getattr(owner, part)
    setattr(owner, f"{name}_renamed", getattr(owner, name))
    delattr(owner, name)
    users = [importlib.import_module(path), *([owner] if outer else [])]
    users += [
        one for one in vars(users[0]).values() if isinstance(one, type) and one.__module__ == path
    ]
    for user in users:
        for one in list(vars(user).values()):
            if isinstance(one, types.FunctionType) and name in one.__code__.co_names:
                _renamed(one, name)
