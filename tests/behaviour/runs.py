# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible as a person runs it: a process of its own, with a HOME of its own, and every task's
result for the test to read."""

from __future__ import annotations

import dataclasses
import json
import shlex
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.behaviour import warm

Json = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Run:
    """How a process ended, and what its tasks said."""

    code: int
    output: str
    events: list[Json]

    def results(self, task: str) -> dict[str, Json]:
        """By host, the result of the task with this name; the last one where it ran more than
        once."""
        return {
            event["host"]: event["result"]
            for event in self.events
            if event["task"] == task and event["event"] != "retry"
        }

    def result(self, task: str) -> Json:
        """The result of a task that ran on one host."""
        found = self.results(task)
        assert len(found) == 1, f"{task} ran on {sorted(found)}\n{self.output}"
        return next(iter(found.values()))

    def times(self, task: str, event: str) -> int:
        return sum(1 for one in self.events if one["task"] == task and one["event"] == event)

    def good(self) -> Run:
        assert self.code == 0, self.output
        return self


@dataclasses.dataclass
class Ansible:
    """Ansible with everything it writes below one folder, and its temporary files in another."""

    folder: Path
    inventory: str
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    tmp: Path = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        for name in ("home", "tmp", "cwd", "inputs"):
            (self.folder / name).mkdir(mode=0o700)
        # beside the test's folder, because core puts a Unix socket there, whose path must not be
        # long
        self.tmp = Path(tempfile.mkdtemp(prefix="t", dir=self.folder.parent))

    @property
    def cwd(self) -> Path:
        return self.folder / "cwd"

    @property
    def inputs(self) -> Path:
        """For files that hold secrets because the test put them there."""
        return self.folder / "inputs"

    @property
    def tokens(self) -> Path:
        """The default token cache of this HOME."""
        return self.folder / "home/.ansible/defender_xdr/tokens"

    def entries(self, tenant_id: str) -> list[Path]:
        """The files of the token cache that belong to a tenant."""
        return sorted(
            path
            for path in self.tokens.glob(f"{tenant_id}-*")
            if path.stat(follow_symlinks=False).st_size
        )

    def env(self) -> dict[str, str]:
        return {**self._plain(), **self.environment}

    def _plain(self) -> dict[str, str]:
        config = self.cwd / "ansible.cfg"
        config.touch()
        return warm.environment(self.folder, self.tmp, config)

    def start(
        self, command: str, *arguments: str, env: t.Mapping[str, str] | None = None
    ) -> Started:
        results = self.folder / f"results-{len(list(self.folder.glob('results-*')))}"
        results.touch(mode=0o600)
        arguments = ("-i", self.inventory, *arguments)
        wanted = {**self.env(), "BEHAVIOUR_RESULTS": str(results), **(env or {})}
        if warm.serves(self._plain(), wanted):
            return Started(warm.start(command, *arguments, env=wanted, folder=self.cwd), results)
        process = subprocess.Popen(
            [sys.executable, "-m", "ansible", command, *arguments],
            cwd=self.cwd,
            env=wanted,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Started(process, results)

    def adhoc(
        self,
        pattern: str,
        module: str,
        arguments: str = "",
        *more: str,
        env: t.Mapping[str, str] | None = None,
    ) -> Run:
        return self.start(
            "adhoc",
            pattern,
            "-m",
            f"mssp.defender_xdr.{module}",
            *(["-a", arguments] if arguments else []),
            *more,
            env=env,
        ).done()

    def playbook(
        self, playbook: str | list[Json], *arguments: str, env: t.Mapping[str, str] | None = None
    ) -> Run:
        """A playbook by its name, or one written here as plays."""
        if not isinstance(playbook, str):
            playbook = self.written(playbook)
        return self.start("playbook", playbook, *arguments, env=env).done()

    def written(self, plays: list[Json]) -> str:
        path = self.cwd / f"playbook{len(list(self.cwd.glob('playbook*.yml')))}.yml"
        path.write_text(json.dumps([{"gather_facts": False, **play} for play in plays], indent=1))
        return str(path)

    def write_inventory(self, hosts: t.Mapping[str, Json], variables: Json) -> None:
        """An inventory with the group tenants; hosts whose name begins with bastion are outside
        it."""
        inside = {name: own for name, own in hosts.items() if not name.startswith("bastion")}
        outside = {name: own for name, own in hosts.items() if name not in inside}
        path = self.inputs / "inventory.yml"
        path.write_text(
            json.dumps(
                {
                    "all": {
                        "hosts": outside,
                        "children": {"tenants": {"vars": variables, "hosts": inside}},
                    }
                },
                indent=1,
            )
        )
        path.chmod(0o600)
        self.inventory = str(path)


class Bastion:
    """A host of the connection `other`. Its interpreter, a warm one, notes the variable
    BEHAVIOUR_TASK, which a task sets for its module's process."""

    def __init__(self, folder: Path) -> None:
        self._started = folder / "bastion-started"
        self._connection = folder / "bastion-connection"
        self._python = folder / "bastion-python"
        python = shlex.join(warm.python())
        self._python.write_text(
            f'#!/bin/sh\necho "$BEHAVIOUR_TASK" >> {self._started}\nexec {python} "$@"\n'
        )
        self._python.chmod(0o700)
        self._started.touch()
        self._connection.touch()

    @property
    def variables(self) -> Json:
        return {
            "ansible_connection": "other",
            "ansible_other_log": str(self._connection),
            "ansible_python_interpreter": str(self._python),
        }

    @property
    def started(self) -> list[str]:
        """The task of each Python that was started on it."""
        return self._started.read_text().splitlines()

    @property
    def connection(self) -> list[str]:
        """Each command and file that went over its connection."""
        return self._connection.read_text().splitlines()


def over_ssh(folder: Path, *, pipelining: bool) -> Json:
    """Variables of a machine that is reached by the real ssh plugin, whose program runs each
    command here.

    What the commands wrote is in the file `ssh-stdout`, which older cores display from `-vvv` on
    and newer ones when they debug.
    """
    program = folder / "ssh"
    # the command is the last argument
    run = f'{{ /bin/sh -c "$last"; echo $? > "{folder}/rc$$"; }} | tee -a "{folder}/ssh-stdout"'
    program.write_text(f'#!/bin/sh\nfor last; do :; done\n{run}\nexit "$(cat "{folder}/rc$$")"\n')
    program.chmod(0o700)
    return {
        "ansible_connection": "ssh",
        "ansible_ssh_executable": str(program),
        "ansible_ssh_transfer_method": "piped",
        "ansible_pipelining": pipelining,
        "ansible_python_interpreter": sys.executable,
    }


@dataclasses.dataclass(frozen=True)
class Started:
    """A process that still runs."""

    process: subprocess.Popen[str] | warm.Forked
    results: Path

    def until(self, text: str) -> str:
        """What it prints up to the line that has this text."""
        lines: list[str] = []
        assert self.process.stdout
        while not (lines and text in lines[-1]):
            lines.append(self.process.stdout.readline())
            assert lines[-1], "".join(lines)
        return "".join(lines)

    def done(self) -> Run:
        try:
            output, _unused = self.process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        events = [json.loads(line) for line in self.results.read_text().splitlines()]
        return Run(self.process.returncode, output, events)
