# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of the play's batch: still in the play, lost through a failure, or ended on purpose.

Core tells an action which hosts are still in the play, but not why another one is not: `meta:
end_host` and a failed task look alike. The strategy's own record of each host knows. A worker is
forked from the strategy's loop, so this record is a local variable further down its stack. If it
cannot be found or read, the hosts in question are `unclear`.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _core

ENDINGS: t.Final = frozenset({"end_host", "end_batch", "end_play"})
CHILDREN: t.Final = ("tasks_child_state", "rescue_child_state", "always_child_state")
Standing = t.Literal["present", "lost", "ended", "unclear"]
Variables = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Batch:
    """The hosts to query, in the order of the play, and the reasons why some cannot be queried."""

    asked: list[str]
    lost: frozenset[str] = frozenset()
    # either lost or ended, which cannot be determined; like the lost they are in `asked`
    unclear: frozenset[str] = frozenset()
    ended: tuple[str, ...] = ()  # not in `asked`


def batch(task: t.Any, variables: Variables) -> Batch:
    """The batch that the task belongs to.

    :arg variables: the task's own, as core's strategy made them.
    """
    names = _core.batch_names(task, variables)
    left = set(variables["ansible_play_batch"])
    if left.issuperset(names):
        return Batch(names)
    records = _Records(variables)
    standings: dict[str, Standing] = {
        name: "present" if name in left else records.standing(name) for name in names
    }

    def those(standing: Standing) -> list[str]:
        return [name for name in names if standings[name] == standing]

    return Batch(
        [name for name in names if standings[name] != "ended"],
        lost=frozenset(those("lost")),
        unclear=frozenset(those("unclear")),
        ended=tuple(those("ended")),
    )


def ended(variables: Variables) -> list[str]:
    """The hosts of the current batch that the play ended on purpose, for callers without a task.

    Hosts of other batches are not included.
    """
    left = set(variables["ansible_play_hosts"])
    gone = [name for name in variables["ansible_play_hosts_all"] if name not in left]
    records = _Records(variables) if gone else None
    return [name for name in gone if records is not None and records.standing(name) == "ended"]


def begun(variables: Variables) -> list[str]:
    """The hosts that the current batch started with, for callers without a task.

    Without `serial` these are all hosts of the play. If the record of the batch cannot be found,
    hosts of the batch that left the play are missing.
    """
    names = list(variables["ansible_play_hosts_all"])
    states = getattr(_iterator(), "host_states", None)
    if states is not None:
        # a host that failed in an earlier batch has a record too, but no tasks
        with_tasks = {name for name, state in states.items() if getattr(state, "_blocks", True)}
        return [name for name in names if name in with_tasks]
    left = set(variables["ansible_play_batch"])
    if left.issuperset(variables["ansible_play_hosts"]):
        return names
    return [name for name in names if name in left]


def named(arguments: Variables, hosts: list[str] | None) -> list[str] | None:
    """The hosts in the option `hosts`, each once; None only if it is left out.

    Null, an empty text and an empty list select no host: an empty variable never means all.

    :arg arguments: the task's arguments, in which null differs from a missing option.
    :arg hosts: the option as parsed by the specification.
    """
    if "hosts" not in arguments:
        return None
    return list(dict.fromkeys(hosts or ())) if arguments["hosts"] else []


class _Records:
    """The strategy's records of hosts that are no longer in the play."""

    def __init__(self, variables: Variables) -> None:
        self._iterator = _iterator()
        self._failed = set(variables.get("ansible_failed_hosts") or ())
        current = variables.get("ansible_current_hosts")  # neither failed nor unreachable
        self._reachable = None if current is None else {*current, *self._failed}

    def standing(self, name: str) -> Standing:
        if self._reachable is None:
            return "unclear"
        if name not in self._reachable:
            return "lost"
        # core's list of failed hosts is the second best: a failed run_once puts ended hosts on it
        # as well
        with contextlib.suppress(AttributeError, IndexError, KeyError, TypeError):
            return _standing(self._iterator.get_state_for_host(name))
        return "lost" if name in self._failed else "unclear"


def _iterator() -> t.Any:
    """The play iterator, from the strategy's frame on this stack."""
    frame = inspect.currentframe()
    while frame is not None:
        iterator = (
            frame.f_locals.get("iterator") if "iterator" in frame.f_code.co_varnames else None
        )
        if hasattr(iterator, "get_state_for_host"):
            return iterator
        frame = frame.f_back
    return None


def _standing(record: t.Any) -> Standing:
    """The standing of a host, from its record.

    A failure that is being rescued does not count. A host that failed and then ended has failed.
    """
    states = [record]
    while child := next(filter(None, (getattr(states[-1], name) for name in CHILDREN)), None):
        states.append(child)
    if any(state.fail_state and not _is_rescuing(state) for state in states):
        return "lost"
    if record.run_state.name != "COMPLETE":
        return "present"  # core did not put it back, as after a failed and rescued run_once
    # the errors of a host can be cleared, which does not bring it back
    return "ended" if any(map(_ends, _latest_tasks(record, states[-1]))) else "lost"


def _is_rescuing(state: t.Any) -> bool:
    # ending a host overwrites the section that its outermost block was in
    return state.run_state.name == "RESCUE" or state.rescue_child_state is not None


def _latest_tasks(record: t.Any, innermost: t.Any) -> t.Iterator[t.Any]:
    """The last task that the host had in each section of its innermost block."""
    block = innermost.get_current_block()
    sections = (
        (block.block, innermost.cur_regular_task),
        (block.rescue, innermost.cur_rescue_task),
        (block.always, innermost.cur_always_task),
        (record.handlers, record.cur_handlers_task),
    )
    for tasks, position in sections:
        if position:
            yield tasks[position - 1]


def _ends(task: t.Any) -> bool:
    # a block inside a block has no arguments
    return (getattr(task, "args", None) or {}).get("_raw_params") in ENDINGS
