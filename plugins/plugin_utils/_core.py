# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of ansible-core beyond its public interface that a sweep uses, each with a fallback.

A later ansible-core may rename or change any of it: the sweep then gets slower, not wrong.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import types
import typing as t

import ansible.vars.manager
from ansible.executor import module_common
from ansible.template import Templar
from ansible.utils.vars import load_extra_vars

DISPLAY_UTILS: t.Any
try:
    from ansible._internal import _display_utils as DISPLAY_UTILS
except ImportError:
    DISPLAY_UTILS = None

MANAGER_MODULE: t.Final[t.Any] = ansible.vars.manager
MODULE_COMMON: t.Final[t.Any] = module_common
GROUP: t.Final = "group/mssp.defender_xdr.tenant"
# The current state of the play; a task's own play object is still the one loaded from the file.
OF_THE_PLAY: t.Final = (
    "ansible_play_hosts_all",
    "ansible_play_hosts",
    "ansible_play_batch",
    "ansible_current_hosts",
    "ansible_failed_hosts",
    "play_hosts",
)
OF_THE_RUN: t.Final = ("groups", "hostvars", "playbook_dir", "role_name", "role_path", "omit")
FREE: t.Final = ("free", "host_pinned")
CACHED_TEMPLATES: t.Final = 500
Variables = t.Mapping[str, t.Any]


def is_free(strategy: str) -> bool:
    """Whether every host runs at its own pace under this strategy, so that there is no batch."""
    return strategy.rsplit(".", 1)[-1] in FREE


def play_of(task: t.Any) -> t.Any:
    """The play that the task was loaded with."""
    if hasattr(task, "get_play"):
        return task.get_play()
    return task._parent._play


def inventory_of(task: t.Any, variables: Variables) -> t.Any:
    """The inventory; None if core stores it elsewhere."""
    for owner in (_manager_of(task, variables), variables["hostvars"]):
        inventory = getattr(owner, "_inventory", None)
        if inventory is not None:
            return inventory
    return None


def batch_names(task: t.Any, variables: Variables) -> list[str]:
    """Every host that the batch started with, including those no longer in the play."""
    inventory = inventory_of(task, variables)
    play = play_of(task)
    if inventory is not None:
        return [host.name for host in inventory.get_hosts(play.hosts, order=play.order)]
    begun = [*variables["ansible_play_batch"]]
    begun += [
        *variables.get("ansible_current_hosts", []),
        *variables.get("ansible_failed_hosts", []),
    ]
    play_hosts = variables["ansible_play_hosts_all"]
    return [host for host in play_hosts if host in set(begun) or not play.serial]


def _manager_of(task: t.Any, variables: Variables) -> t.Any:
    if hasattr(task, "get_variable_manager"):
        return task.get_variable_manager()
    return getattr(
        task, "_variable_manager", getattr(variables["hostvars"], "_variable_manager", None)
    )


class HostVariables:
    """The variables that a task on each host would have.

    :arg variables: variables of the host on which the sweep runs.
    """

    def __init__(self, task: t.Any, variables: Variables, *, loader: t.Any) -> None:
        self._task = task
        self._play = play_of(task)
        self._loader = loader
        self._hostvars = variables["hostvars"]
        self._inventory = inventory_of(task, variables)
        manager = _manager_of(task, variables)
        self._manager = manager if self._inventory is None else with_cached_magic_vars(manager)
        self._play_now = {name: variables[name] for name in OF_THE_PLAY if name in variables}
        self._run = {name: variables[name] for name in OF_THE_RUN if name in variables}
        self._lists = self._host_lists()

    def knows(self, name: str) -> bool:
        if self._inventory is None:
            return name in self._hostvars
        return self._inventory.get_host(name) is not None

    def of(self, name: str) -> dict[str, t.Any]:
        """All variables of this host, untemplated."""
        if self._inventory is None or self._manager is None:
            return {**self._without_manager(name), **self._play_now}
        host = self._inventory.get_host(name)
        with skip_fact_cleaning():
            return {**self._get_vars(host), **self._play_now}

    def _get_vars(self, host: t.Any) -> dict[str, t.Any]:
        context = {"play": self._play, "host": host, "task": self._task}
        try:
            return t.cast("dict[str, t.Any]", self._manager.get_vars(**context, **self._lists))
        except TypeError:
            # these lists are private to core; without them each host costs a loop over all hosts
            self._lists = {}
            return t.cast("dict[str, t.Any]", self._manager.get_vars(**context))

    def _host_lists(self) -> dict[str, list[str]]:
        """The play's hosts, as core's own strategies hand them to the variable manager."""
        if self._inventory is None:
            return {}
        everywhere = self._inventory.get_hosts(
            pattern=self._play.hosts or "all", ignore_restrictions=True
        )
        return {
            "_hosts": [host.name for host in self._inventory.get_hosts()],
            "_hosts_all": [host.name for host in everywhere],
        }

    def _without_manager(self, name: str) -> dict[str, t.Any]:
        """The variable layers with a public interface, in core's order as far as possible."""
        return {
            **self._hostvars.raw_get(name),
            **self._play.get_vars(),
            **self._task.get_vars(),
            **load_extra_vars(self._loader),
            **self._run,
        }


class _CachedResult:
    """A function of core whose result does not depend on the host.

    It is called until two results in a row are equal; from then on the last one is reused.
    """

    def __init__(self, make: t.Callable[..., t.Any]) -> None:
        self._make = make
        self._latest: t.Any = None
        self._is_shared = False

    def __call__(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        if not self._is_shared:
            latest = self._make(*args, **kwargs)
            self._is_shared = self._latest is not None and latest == self._latest
            self._latest = latest
        return copy.copy(self._latest)


def with_cached_magic_vars(manager: t.Any) -> t.Any:
    """Core's variable manager, computing its magic variables for the first hosts only.

    They list all hosts of the play, so computing them for every host takes quadratic time.
    """
    make = getattr(manager, "_get_magic_variables", None)
    if make is None:
        return manager
    cached = copy.copy(manager)
    cached._get_magic_variables = _CachedResult(make)
    return cached


@contextlib.contextmanager
def skip_fact_cleaning() -> t.Iterator[None]:
    """Skip core's fact cleaning for hosts without facts.

    To clean facts, core searches for all connection plugins. That search is half the cost of a
    host's variables.
    """
    clean = getattr(MANAGER_MODULE, "clean_facts", None)
    if clean is None:
        yield
        return

    def cleaned(*facts: t.Any, **more: t.Any) -> t.Any:
        return clean(*facts, **more) if more or len(facts) != 1 or facts[0] else {}

    MANAGER_MODULE.clean_facts = cleaned
    try:
        yield
    finally:
        MANAGER_MODULE.clean_facts = clean


class Templars:
    """A templar for each host; the same template text is compiled once for all of them.

    They share compiled code, which depends only on the text and on the syntax settings, and the
    filters and tests, which core otherwise looks up again for each host.
    """

    def __init__(self, loader: t.Any) -> None:
        self._loader = loader
        self._engine_class: type | None = None
        self._plugins: dict[str, t.Any] = {}
        engine_class = type(getattr(Templar(loader=loader), "_engine", None))
        if isinstance(vars(engine_class).get("_compile_template"), types.FunctionType):
            self._engine_class = _with_cached_code(engine_class)

    def of(self, variables: dict[str, t.Any]) -> Templar:
        """The templar of the host with these variables."""
        templar = Templar(loader=self._loader, variables=variables)
        if self._engine_class:
            engine: t.Any = templar._engine
            with contextlib.suppress(TypeError):  # its instances may have another layout
                engine.__class__ = self._engine_class
            self._share_plugins(getattr(engine, "environment", None))
        return templar

    def _share_plugins(self, environment: t.Any) -> None:
        for kind in ("filters", "tests"):
            if (plugins := getattr(environment, kind, None)) is not None:
                setattr(environment, kind, self._plugins.setdefault(kind, plugins))


def _with_cached_code(engine_class: t.Any) -> type:
    """Core's template engine, with a cache for the result of Jinja's `Environment.compile`.

    Everything else is still done for each template, so that errors and tags are those of core.
    """
    codes: dict[tuple[str, t.Any], t.Any] = {}

    def compile_template(engine: t.Any, *args: t.Any, **more: t.Any) -> t.Any:
        original = functools.partial(engine_class._compile_template, engine, *args, **more)
        environment = getattr(engine, "environment", None)
        if environment is None or more or not _are_plain(*args):
            return original()
        text = str(args[0])
        key = (text, environment.lexer)  # core has one lexer for each syntax
        make = environment.compile

        def cached(source: t.Any, *args: t.Any, **more: t.Any) -> t.Any:
            if args or more or source != text:
                return make(source, *args, **more)
            code = codes.get(key) or make(source)
            if len(codes) < CACHED_TEMPLATES:
                codes[key] = code
            return code

        environment.compile = cached
        try:
            return original()
        finally:
            del environment.compile

    return type(engine_class.__name__, (engine_class,), {"_compile_template": compile_template})


def _are_plain(template: t.Any, *options: t.Any) -> bool:
    """Whether this is text without syntax settings, which would apply to a copy of the environment.

    :arg options: core's objects with options; each must have all of them at their defaults.
    """
    if not isinstance(template, str) or template.startswith("#jinja2:"):
        return False
    try:
        return all(option == type(option)() for option in options)
    except TypeError:
        return False


def with_defaults(
    action: str, task: t.Any, arguments: Variables, templar: t.Any
) -> dict[str, t.Any]:
    """The arguments, completed with the task's module_defaults for this action."""
    if not task.module_defaults:
        return dict(arguments)
    apply = getattr(MODULE_COMMON, "_apply_action_arg_defaults", None)
    if apply is not None:
        with contextlib.suppress(TypeError, AttributeError):
            return t.cast("dict[str, t.Any]", apply(action, task, dict(arguments), templar))
    # core's order: the later of two entries for one name wins, and an action wins over a group
    entries: dict[str, t.Any] = {}
    for defaults in task.module_defaults:
        entries.update(defaults)
    values: dict[str, t.Any] = {}
    for name in (GROUP, action):
        entry = entries.get(name) or {}
        values.update(entry if isinstance(entry, dict) else templar.template(entry))
    rest = templar.template(
        {name: value for name, value in values.items() if name not in arguments}
    )
    return {**rest, **arguments}


def captured_warnings() -> list[t.Any]:
    """The warnings that core has kept for the result of this process's task."""
    kept = _kept_warnings()
    return [*kept.get_warnings(), *kept.get_deprecation_warnings()] if kept else []


def capture_warnings(warnings: t.Iterable[t.Any]) -> None:
    """Add warnings of another process to the result of this one's task; those that are there stay
    once."""
    if kept := _kept_warnings():
        for warning in warnings:
            kept.capture(warning)


def _kept_warnings() -> t.Any:
    return DISPLAY_UTILS and DISPLAY_UTILS.DeferredWarningContext.current(optional=True)
