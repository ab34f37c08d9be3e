# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The callback `fleet` as a person sees it: on a terminal, and in a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Json, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible, Run

CALLBACK: t.Final = {"ANSIBLE_STDOUT_CALLBACK": "mssp.defender_xdr.fleet", "TERM": "xterm"}
MINE: t.Final = {"name": "List the incidents", "mssp.defender_xdr.incident_info": {"limit": 1}}
SWEEP: t.Final = {
    "name": "Sweep the incidents",
    "mssp.defender_xdr.sweep": {"module": "incident_info", "module_args": {"limit": 1}},
    "run_once": True,
}
LONG: t.Final = 60  # seconds
HELD: t.Final = 600  # seconds, unless the lab relents


class Terminal:
    """A pseudo terminal, and Ansible on it."""

    def __init__(
        self,
        ansible: Ansible,
        plays: list[Json],
        *arguments: str,
        columns: int = 100,
        env: t.Mapping[str, str] | None = None,
    ) -> None:
        self.parent, child = pty.openpty()
        self.resize(columns)
        line = [
            sys.executable,
            "-m",
            "ansible",
            "playbook",
            "-i",
            ansible.inventory,
            ansible.written(plays),
            *arguments,
        ]
        environment = {**ansible.env(), **CALLBACK, "BEHAVIOUR_RESULTS": os.devnull, **(env or {})}
        self.process = subprocess.Popen(
            line,
            cwd=ansible.cwd,
            env=environment,
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
        )
        os.close(child)
        self.raw = ""

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self.parent, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def until(self, pattern: str | None) -> str:
        """Everything that was written until this appeared, or until the end."""
        began = time.monotonic()
        while pattern is None or not re.search(pattern, self.raw):
            assert time.monotonic() - began < LONG, self.raw
            if select.select([self.parent], [], [], 1)[0]:
                try:
                    some = os.read(self.parent, 65536)
                except OSError:  # Linux's word for the end
                    some = b""
                if not some:
                    assert pattern is None, self.raw
                    break
                self.raw += some.decode(errors="replace")
        return self.raw

    def done(self) -> list[str]:
        """The lines that stay, at the end."""
        self.until(None)
        self.process.wait(LONG)
        os.close(self.parent)
        return screen(self.raw)


def screen(text: str) -> list[str]:
    """The lines that a terminal would show."""
    lines, column = [""], 0
    for sign in re.findall(r"\x1b\[J|\x1b\[[0-9;]*m|.", text, re.DOTALL):
        if sign == "\x1b[J":
            lines[-1] = lines[-1][:column]
        elif sign == "\r":
            column = 0
        elif sign == "\n":
            lines.append("")
            column = 0
        elif not sign.startswith("\x1b"):
            lines[-1] = lines[-1][:column] + sign + lines[-1][column + 1 :]
            column += 1
    return lines


@pytest.fixture
def four(
    ansible: Ansible, customers: t.Callable[[int], list[Customer]], connected: Json
) -> list[Customer]:
    """Four tenants: the first is slow, the second has taken its consent back."""
    found = customers(4)
    secret = found[0].lab.facts["client_secret"]
    ansible.write_inventory(
        {one.host: one.variables() for one in found},
        {**connected, "defender_xdr_client_secret": secret},
    )
    found[1].consent(consented=False)
    return found


def piped(
    ansible: Ansible, *tasks: Json, arguments: t.Sequence[str] = (), **keywords: t.Any
) -> Run:
    return ansible.playbook(
        [{"hosts": "tenants", **keywords, "tasks": list(tasks)}], *arguments, env=CALLBACK
    )


def test_on_a_terminal_a_line_moves_while_a_sweep_waits_and_is_gone_at_the_end(
    ansible: Ansible, four: list[Customer]
) -> None:
    four[0].fault(origin="graph", delay=HELD)
    terminal = Terminal(ansible, [{"hosts": "tenants", "tasks": [SWEEP]}])
    terminal.until(r"Sweep the incidents █+▒+░+ 2 answered, 1 failed, 1 left")
    four[0].lab.relent()
    lines = terminal.done()
    assert not [line for line in lines if "1 left" in line]
    assert any(
        re.fullmatch(r"3 answered, 1 failed \(not_consented 1\), \d+ s", line) for line in lines
    ), lines
    assert terminal.process.returncode == 0


def test_the_run_ends_with_the_coverage_and_who_must_act(
    ansible: Ansible, four: list[Customer]
) -> None:
    output = piped(ansible, SWEEP).good().output.splitlines()
    start = next(number for number, line in enumerate(output) if line.startswith("COVERAGE"))
    assert [line.split() for line in output[start + 1 : start + 4]] == [
        ["asked", "4,", "answered", "3,", "failed", "1"],
        ["failed", "category", "who", "must", "act", "tenants"],
        ["1", "not_consented", "customer", four[1].host],
    ]


def test_tasks_of_each_host_are_counted_and_what_fails_is_shown_whole(
    ansible: Ansible, four: list[Customer]
) -> None:
    four[0].fault(origin="graph", delay=HELD)
    terminal = Terminal(ansible, [{"hosts": "tenants", "tasks": [MINE]}], columns=200)
    terminal.until(r"List the incidents █+▒+░+ 2 answered, 1 failed, 1 left")
    four[0].lab.relent()
    lines = terminal.done()
    text = "\n".join(lines)
    assert f"fatal: [{four[1].host}]: FAILED! => not_consented, customer must act:" in text
    assert four[1].tenant_id in text
    assert "adminconsent?client_id=" in text
    assert f"ok: [{four[2].host}]" not in text
    assert not [line for line in lines if "1 left" in line]
    assert terminal.process.returncode == 2


@pytest.mark.parametrize("columns", [80, 120])
def test_the_lines_of_a_run_with_failures_fit_the_terminal(
    columns: int, ansible: Ansible, four: list[Customer]
) -> None:
    four[2].fault(origin="login", status=503, times=9)
    tight = {"vars": {"defender_xdr_retries": 0}}
    lost = {
        "name": "Lose one tenant, in a task whose name is longer than a line of the terminal",
        "ansible.builtin.assert": {
            "that": f"inventory_hostname != '{four[3].host}'",
            "fail_msg": "This tenant is not served today, " + "as everybody knows, " * 10,
        },
    }
    unknown = {**MINE, "mssp.defender_xdr.incident_info": {"limit": 1, "status": "gone"}}
    hosts = {"hosts": "tenants", "gather_facts": False}
    plays = [
        {**hosts, "tasks": [{**SWEEP, **tight}, lost, {**MINE, **tight}]},
        {**hosts, "tasks": [unknown]},
    ]
    terminal = Terminal(ansible, plays, columns=columns)
    lines = [line for line in terminal.done() if not line.startswith("[WARNING]: ")]
    assert terminal.process.returncode == 2
    assert max(map(len, lines)) <= columns, lines
    text = "\n".join(lines)
    assert text.count("fatal: [") == 4
    assert f"fatal: [{four[1].host}]: FAILED! => not_consented, customer must act:" in text
    # core's own report of the same failures is not shown again
    assert "[ERROR]" not in text


def test_with_v_a_failure_is_shown_whole(ansible: Ansible, four: list[Customer]) -> None:
    output = piped(ansible, MINE, arguments=["-v"]).output
    assert '"category": "not_consented"' in output
    assert f"fatal: [{four[1].host}]: FAILED! => {{" in output


def test_in_a_pipe_a_failure_is_one_line_with_the_whole_link(
    ansible: Ansible, four: list[Customer]
) -> None:
    output = piped(ansible, MINE).output
    (line,) = [line for line in output.splitlines() if line.startswith("fatal: [")]
    assert line.startswith(f"fatal: [{four[1].host}]: FAILED! => not_consented, customer must act:")
    assert f"{four[1].tenant_id}/adminconsent?client_id={four[1].lab.facts['client_id']}" in line


def test_nothing_is_shown_of_what_everybody_skipped(ansible: Ansible, four: list[Customer]) -> None:
    said: Json = {"ansible.builtin.debug": {"msg": "hello"}}
    never = {**said, "when": False}
    skipped = [
        {"name": "Skip on all", **never},
        {"name": "Skip once", **never, "run_once": True},
        {"name": "Skip each item", **never, "loop": [1, 2]},
        {"name": "Skip an empty loop", **said, "loop": []},
        {"name": "Flush", "ansible.builtin.meta": "flush_handlers"},
        {"name": "End none", "ansible.builtin.meta": "end_host", "when": False},
        {"name": "Skip a file", "ansible.builtin.include_tasks": "nowhere.yml", "when": False},
    ]
    first = {"name": "Say", **said, "when": "inventory_hostname == groups.tenants[0]"}
    plays: list[Json] = [
        {"name": "Play for nobody", "hosts": "tenants:!tenants", "tasks": [first]},
        {"name": "Play of skipped tasks", "hosts": "tenants", "tasks": skipped},
        {"name": "Play of one", "hosts": "tenants", "tasks": [*skipped, first]},
    ]
    output = ansible.playbook(plays, env=CALLBACK).good().output
    banners = re.findall(r"^(?:PLAY|TASK) \[(.*?)\]", output, re.MULTILINE)
    assert banners == ["Play of one", "Say"]
    assert "skipping" not in output
    assert "hello" in output
    verbose = ansible.playbook(plays, "-v", env=CALLBACK).good().output
    for name in ("Play for nobody", "Play of skipped tasks", "Skip on all", "Skip once"):
        assert f"[{name}]" in verbose


def test_a_table_of_a_role_is_printed_line_by_line(ansible: Ansible, four: list[Customer]) -> None:
    rows = ["tenant   open", "contoso     3", "", "evil \x1b[2J name"]
    table = {"name": "Table", "ansible.builtin.debug": {"msg": rows}, "run_once": True}
    hidden = {**table, "name": "Hidden", "no_log": True}
    output = piped(ansible, table, hidden).good().output
    assert "tenant   open\ncontoso     3\n\nevil  [2J name\n" in output
    assert output.count("contoso     3") == 1
    assert "\x1b" not in output
    verbose = piped(ansible, table, arguments=["-v"]).good().output
    assert '"msg": [' in verbose
    each = piped(ansible, {**table, "run_once": False}).good().output
    assert all(f"ok: [{one.host}] => " in each for one in four)


def test_a_run_for_nobody_says_so(ansible: Ansible, four: list[Customer]) -> None:
    output = ansible.playbook([{"hosts": "tenants:!tenants", "tasks": [MINE]}], env=CALLBACK).output
    assert "skipping: no hosts matched" in output


def test_over_several_questions_the_tenants_are_complete_partial_or_unread(
    ansible: Ansible, four: list[Customer]
) -> None:
    four[2].consent(roles={"graph": ["SecurityIncident.Read.All"], "xdr": []})
    check = {
        "name": "Check the token",
        "mssp.defender_xdr.access_token_info": {"resource": "graph", "on_problem": "report"},
        "register": "token",
        "failed_when": False,
    }
    ready = {"when": "token.valid | default(false)", "failed_when": False}
    hunt = {
        "name": "Hunt",
        "mssp.defender_xdr.hunting_query": {"query": "DeviceInfo | take 1", "on_truncated": "warn"},
    }
    output = piped(ansible, check, {**MINE, **ready}, {**hunt, **ready}).good().output
    start = output.index("COVERAGE")
    assert [line.strip() for line in output[start:].splitlines()[1:7]] == [
        "4 tenants: 2 complete, 1 partial, 1 unread",
        "asked 4, answered 3, failed 1: Check the token",
        "asked 4, answered 3, failed 1: List the incidents",
        "asked 4, answered 2, failed 2: Hunt",
        "failed  category       who must act  tenants",
        f"1  not_consented  customer      {four[1].host}",
    ]


def test_a_token_of_another_tenant_is_a_red_line_of_its_own(lab: Lab, tmp_path: Path) -> None:
    outcomes = {host: one["operations"]["incident_info"] for host, one in lab.truth.items()}
    foreign = next(host for host, category in outcomes.items() if category == "wrong_tenant")
    healthy = next(host for host, category in outcomes.items() if not category)
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(lab.inventory_of([foreign, healthy]))
    ansible = Ansible(tmp_path, str(inventory))
    alarm = f"SECURITY EVENT (wrong_tenant) in {foreign}: "
    tokens = {"mssp.defender_xdr.sweep": {"module": "access_token"}, "run_once": True}
    for task in (SWEEP, {**MINE, "failed_when": False}, tokens):
        plays = [{"hosts": "tenants", "tasks": [task]}]
        colored = {"ANSIBLE_FORCE_COLOR": "1", "ANSIBLE_NOCOLOR": "0"}
        terminal = Terminal(ansible, plays, columns=160, env=colored)
        lines = terminal.done()
        shown = terminal.raw.count(f"\x1b[0;31m{alarm}")
        assert shown == (1 if task.get("run_once") else 2), lines
        if task is tokens:
            continue
        rows = [line.split() for line in lines if "  wrong_tenant  " in line]
        assert rows == [["1", "wrong_tenant", "security", "event", foreign]]
        assert not [line for line in lines if "partner" in line or "caller" in line]


def test_a_sweep_that_is_refused_asked_nobody(ansible: Ansible, four: list[Customer]) -> None:
    refused = {
        "name": "Leave",
        "mssp.defender_xdr.sweep": {"module": "consent", "module_args": {"state": "absent"}},
        "run_once": True,
    }
    output = piped(ansible, refused).output
    assert "refused, caller must act: state is absent for 4 tenants" in output
    assert "COVERAGE" not in output


def test_a_sweep_of_tokens_has_the_figures_of_all_tenants(
    ansible: Ansible, four: list[Customer]
) -> None:
    tokens = {
        "name": "Tokens",
        "mssp.defender_xdr.sweep": {"module": "access_token"},
        "run_once": True,
        "register": "swept",
    }
    output = piped(ansible, tokens).good().output
    assert "asked 4, answered 3, failed 1" in output
    assert "3 answered, 1 failed, " in output


def test_ctrl_c_leaves_the_terminal_clean(ansible: Ansible, four: list[Customer]) -> None:
    four[0].fault(origin="graph", delay=HELD, times=9)
    terminal = Terminal(ansible, [{"hosts": "tenants", "tasks": [SWEEP]}])
    terminal.until("1 left")
    os.killpg(terminal.process.pid, signal.SIGINT)
    lines = terminal.done()
    assert not [line for line in lines if "left" in line], lines
    assert lines[-1] == ""
    assert "Traceback" not in terminal.raw


def test_a_window_made_narrower_gets_a_shorter_line(ansible: Ansible, four: list[Customer]) -> None:
    four[0].fault(origin="graph", delay=HELD, times=9)
    terminal = Terminal(ansible, [{"hosts": "tenants", "tasks": [SWEEP]}])
    terminal.until(r"░+ 2 answered, 1 failed, 1 left")
    terminal.resize(24)
    terminal.until(r"\x1b\[J2\+1/4\r")
    os.killpg(terminal.process.pid, signal.SIGINT)
    terminal.done()


def test_what_is_displayed_in_between_does_not_mix_with_the_line(
    ansible: Ansible, four: list[Customer]
) -> None:
    four[0].fault(origin="graph", delay=HELD)
    loop = {**MINE, "loop": [1, 2], "failed_when": False}
    terminal = Terminal(
        ansible,
        [
            {"hosts": "tenants", "tasks": [loop]},
            {"hosts": "tenants", "strategy": "free", "tasks": [MINE]},
        ],
        "-v",
    )
    terminal.until("1 left")
    four[0].lab.relent()
    lines = terminal.done()
    assert not [line for line in lines if re.search(r"\d (left|running)\b", line)], lines
    # with -v all that the default shows
    assert sum(line.startswith(f"ok: [{four[2].host}] => (item=") for line in lines) == 2


def test_in_a_pipe_plain_lines_come_instead(ansible: Ansible, four: list[Customer]) -> None:
    four[0].fault(origin="graph", delay=HELD)
    playbook = ansible.written([{"hosts": "tenants", "tasks": [SWEEP]}])
    started = ansible.start(
        "playbook", playbook, env={**CALLBACK, "DEFENDER_XDR_FLEET_INTERVAL": "0.3"}
    )
    before = started.until("Sweep the incidents: 2 answered, 1 failed, 1 left")
    # at once, not when the held request has been given up and is sent again
    assert len(four[0].calls("graph")) == 1
    four[0].lab.relent()
    output = before + started.done().good().output
    assert "\r" not in output
    assert "\x1b" not in output


def test_what_no_log_hides_is_counted_and_not_shown(ansible: Ansible, four: list[Customer]) -> None:
    hidden = {
        "name": "Secret",
        "mssp.defender_xdr.incident_info": {"filter": "status eq 'canary-4711'"},
        "no_log": True,
    }
    run = piped(ansible, hidden, arguments=["-vvvv"])
    assert "canary-4711" not in run.output
    assert "(no_log)" in run.output


def test_a_task_on_one_host_and_what_debug_prints_are_shown_as_the_default_shows_them(
    ansible: Ansible, four: list[Customer]
) -> None:
    once = {
        "name": "Once",
        "ansible.builtin.command": "true",
        "run_once": True,
        "changed_when": True,
    }
    debug = {"name": "Say", "ansible.builtin.debug": {"msg": "hello {{ inventory_hostname }}"}}
    output = piped(ansible, once, debug).good().output
    assert f"changed: [{four[0].host}]" in output
    assert all(f"hello {one.host}" in output for one in four)
    assert "COVERAGE" not in output  # no tenant was asked


def test_check_mode_diff_and_the_users_own_settings_of_the_default_hold(
    ansible: Ansible, four: list[Customer]
) -> None:
    copy = {
        "name": "Write",
        "ansible.builtin.copy": {
            "content": "new\n",
            "dest": str(ansible.cwd / "{{ inventory_hostname }}"),
            "mode": "0600",
        },
    }
    skip = {"name": "Skip", "ansible.builtin.debug": {"msg": "x"}, "when": False}
    env = {**CALLBACK, "ANSIBLE_CHECK_MODE_MARKERS": "yes", "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "no"}
    output = (
        ansible.playbook(
            [{"hosts": "tenants", "tasks": [copy, skip]}], "--check", "--diff", env=env
        )
        .good()
        .output
    )
    assert "TASK [Write] [CHECK MODE]" in output
    assert output.count("+new") == 4
    assert "4 changed" in output
    assert "TASK [Skip" not in output


def test_under_the_strategy_free_each_task_is_summed_up_at_the_end(
    ansible: Ansible, four: list[Customer]
) -> None:
    other = {"name": "Other", "ansible.builtin.set_fact": {"x": 1}}
    output = piped(ansible, {**MINE, "failed_when": False}, other, strategy="free").good().output
    assert "List the incidents: 3 answered, 1 failed (not_consented 1)" in output
    assert "Other: 4 ok" in output
    failing = piped(
        ansible, {**MINE, "mssp.defender_xdr.incident_info": {"id": "0"}}, strategy="free"
    )
    assert failing.output.count("fatal: [") == 4
    assert failing.output.count("TASK [List the incidents]") == 1
    assert "ok: [" not in output


def test_a_tenant_that_was_lost_before_it_was_asked_is_in_the_coverage(
    ansible: Ansible, four: list[Customer]
) -> None:
    lose = {
        "name": "Lose one",
        "ansible.builtin.assert": {"that": f"inventory_hostname != '{four[3].host}'"},
    }
    output = piped(ansible, lose, {**MINE, "failed_when": False}).output
    assert "asked 4, answered 2, failed 2" in output
    assert re.search(rf"1  lost before it was asked\s+caller\s+{four[3].host}", output)


def test_under_ansible_runner_and_awx_plain_lines_come_although_it_makes_a_terminal(
    ansible: Ansible, four: list[Customer]
) -> None:
    runner = pytest.importorskip("ansible_runner")
    four[0].fault(origin="graph", delay=HELD)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {
        **ansible.env(),
        **CALLBACK,
        "PATH": path,
        "BEHAVIOUR_RESULTS": os.devnull,
        "DEFENDER_XDR_FLEET_INTERVAL": "0.3",
    }
    playbook = ansible.written([{"hosts": "tenants", "tasks": [SWEEP]}])
    folder = ansible.folder / "runner"
    folder.mkdir()

    def watch(event: Json) -> bool:
        if "Sweep the incidents: 2 answered, 1 failed, 1 left" in event["stdout"]:
            four[0].lab.relent()
        return True

    done = runner.run(
        private_data_dir=str(folder),
        playbook=playbook,
        inventory=ansible.inventory,
        envvars=env,
        quiet=True,
        event_handler=watch,
    )
    with done.stdout as file:
        output = file.read()
    assert done.rc == 0, output
    assert re.search(r"^Sweep the incidents: 2 answered, 1 failed, 1 left", output, re.MULTILINE)
    assert "\x1b[J" not in output
