# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the settings that core holds into the file that BEHAVIOUR_SETTINGS names."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import types
import typing as t

from ansible import constants
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins import loader
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: behaviour_settings
type: notification
short_description: Settings for the behaviour tests
description: One JSON object.
"""
COLLECTIONS: t.Final = "ansible_collections."


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "behaviour_settings"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        with open(os.environ["BEHAVIOUR_SETTINGS"], "w", encoding="utf-8") as file:
            json.dump(_settings(self._display), file, default=_text)


def _text(value: t.Any) -> t.Any:
    return sorted(value, key=repr) if isinstance(value, (set, frozenset)) else repr(value)


def _settings(display: t.Any) -> dict[str, t.Any]:
    loaders = {
        name: [one.config, one._get_paths()]
        for name, one in vars(loader).items()
        if isinstance(one, loader.PluginLoader)
    }
    defaults = {
        f"{kind.__name__}.{name}": attribute.default
        for kind in (Play, Block, Task, PlayContext)
        for name, attribute in kind.fattributes.items()
        if not callable(attribute.default)
    }
    return {
        "constants": {name: value for name, value in vars(constants).items() if name.isupper()},
        "loaders": loaders,
        "defaults": defaults,
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "tmp": tempfile.gettempdir(),
        "signals": {
            name: str(signal.getsignal(getattr(signal, name)))
            for name in ("SIGINT", "SIGTERM", "SIGCHLD", "SIGPIPE")
        },
        "open files": len(os.listdir("/dev/fd")),
        "streams": [str(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "line buffering": sys.stdout.line_buffering,
        "display": [display.verbosity, display.columns],
        "imported otherwise": _imported_otherwise(),
    }


def _imported_otherwise() -> list[str]:
    """What the modules of collections use and would not find if they were imported now."""
    ours = {name: one for name, one in sys.modules.items() if name.startswith(COLLECTIONS)}
    return [
        f"{module}.{name}"
        for module, one in ours.items()
        for name, value in vars(one).items()
        if (home := _home(value)).startswith(COLLECTIONS)
        and (home not in ours or id(value) not in map(id, (ours[home], *vars(ours[home]).values())))
    ]


def _home(value: t.Any) -> str:
    """The module that this is, or that defines it."""
    if isinstance(value, types.ModuleType):
        return value.__name__
    defined = isinstance(value, (type, types.FunctionType))
    return value.__module__ if defined else ""
