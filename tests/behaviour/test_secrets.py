# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are found nowhere but in the private token cache: not in any output, log, fact cache,
event, file or command line."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import subprocess
import sys
import typing as t
import urllib.parse
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Customer, Lab
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import (
    Ansible,
    Bastion,
    Started,
)
from ansible_collections.mssp.defender_xdr.tests.behaviour.warm import HERE
from cryptography.hazmat.primitives import serialization

Json = dict[str, t.Any]
Customers = t.Callable[[int], list[Customer]]
PASSWORD: t.Final = "canary-of-a-certificate-password-7f3a91c2d8e64b05"
WRONG: t.Final = "canary-of-a-secret-that-is-refused-51d0e8b7a92c4f63"
GIVEN: t.Final = "canary-of-a-token-that-is-no-jwt-8c2f5e7d1b3a49600d"


@dataclasses.dataclass
class Search:
    """Looks for canaries in every way that text may carry them."""

    canaries: dict[str, str]

    def __post_init__(self) -> None:
        self._needles = {}
        for name, canary in self.canaries.items():
            assert len(canary) >= 40, name
            whole = base64.b64encode(canary.encode()).decode()
            # inside other base64 only the middle of its own is the same, at one of three places
            shifted = [
                base64.b64encode(b" " * skip + canary.encode()).decode()[4:-4] for skip in (1, 2)
            ]
            forms = {
                canary,
                urllib.parse.quote_plus(canary),
                urllib.parse.quote(canary),
                json.dumps(canary)[1:-1],
                whole[:-4],
                *shifted,
            }
            self._needles[name] = [form.encode() for form in forms]

    def text(self, where: str, text: bytes) -> list[str]:
        return [
            f"{name} in {where}"
            for name, needles in self._needles.items()
            if any(needle in text for needle in needles)
        ]

    def files(self, folder: Path, *, apart: t.Collection[Path]) -> list[str]:
        """In every file below, but those apart."""
        found = []
        for path in folder.rglob("*"):
            if path.is_file() and not any(path.is_relative_to(other) for other in apart):
                found += self.text(
                    str(path.relative_to(folder)), path.read_bytes() + str(path).encode()
                )
        return found

    def command_lines(self) -> list[str]:
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                found += self.text("a command line", path.read_bytes())
        return found

    def watched(self, started: Started) -> tuple[str, list[str]]:
        """Command lines of the whole machine while the process runs, and what it printed."""
        found: set[str] = set()
        samples = 0
        while True:
            try:
                output, _unused = started.process.communicate(timeout=0.02)
            except subprocess.TimeoutExpired:
                found |= set(self.command_lines())
                samples += 1
            else:
                assert samples > 5
                return output, sorted(found)


@dataclasses.dataclass
class Stage:
    """Tenants with a secret of each kind, and a playbook that uses them through both doors."""

    ansible: Ansible
    search: Search
    hosts: list[str]
    plays: list[Json]

    def environment(self, **more: str) -> dict[str, str]:
        folder = self.ansible.folder
        log = {"ANSIBLE_LOG_PATH": str(folder / "ansible.log"), "ANSIBLE_CACHE_PLUGIN": "jsonfile"}
        return {**log, "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"), **more}

    def found(self, output: str) -> list[str]:
        """Where a secret is that should not be there: all that was written, the inputs and the
        token cache apart."""
        self.add_tokens()
        written = self.search.files(
            self.ansible.folder, apart=[self.ansible.inputs, self.ansible.tokens]
        )
        return (
            self.search.text("the output", output.encode())
            + written
            + self.search.files(self.ansible.tmp, apart=[])
        )

    def add_tokens(self) -> None:
        tokens = (
            [
                json.loads(path.read_text()).get("token")
                for path in self.ansible.tokens.glob("*")
                if path.stat().st_size
            ]
            if self.ansible.tokens.exists()
            else []
        )
        self.search = Search(
            self.search.canaries
            | {f"token {number}": token for number, token in enumerate(filter(None, tokens))}
        )


@pytest.fixture
def stage(
    ansible: Ansible, customers: Customers, connected: Json, fleet: Lab, bastion: Bastion
) -> Stage:
    by_secret, by_password, by_text, by_assertion, refused = mine = customers(5)
    key = serialization.load_pem_private_key((fleet.folder / "client_split.key").read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSWORD.encode()),
    )
    (ansible.inputs / "client.pem").write_bytes(
        locked + (fleet.folder / "client_split.crt").read_bytes()
    )
    text = (fleet.folder / "client.pem").read_text()
    hosts = {
        by_secret.host: by_secret.variables(
            defender_xdr_client_secret=fleet.facts["client_secret"]
        ),
        by_password.host: by_password.variables(
            defender_xdr_certificate_path=str(ansible.inputs / "client.pem"),
            defender_xdr_certificate_password=PASSWORD,
        ),
        by_text.host: by_text.variables(defender_xdr_certificate=text),
        by_assertion.host: by_assertion.variables(
            defender_xdr_assertion_file=str(fleet.folder / "assertion.jwt")
        ),
        refused.host: refused.variables(defender_xdr_client_secret=WRONG),
    }
    ansible.write_inventory(
        {**hosts, "bastion": bastion.variables}, {**connected, "given_token": GIVEN}
    )
    canaries = {
        "client_secret": fleet.facts["client_secret"],
        "certificate_password": PASSWORD,
        "private key": text.splitlines()[5],
        "assertion": (fleet.folder / "assertion.jwt").read_text().strip(),
        "refused secret": WRONG,
        "given token": GIVEN,
    }
    return Stage(ansible, Search(canaries), [one.host for one in mine], _plays())


def _plays() -> list[Json]:
    calls: dict[str, tuple[str, Json]] = {
        "token": ("access_token", {}),
        "check": ("access_token_info", {"required_for": ["incident_info"]}),
        "given": (
            "access_token_info",
            {"access_token": "{{ given_token }}", "on_problem": "report"},
        ),
        "list": ("incident_info", {"limit": 2}),
        "hunt": ("hunting_query", {"query": "DeviceInfo | take 1"}),
        "wrong": ("incident_info", {"created_since": "yesterday"}),
    }
    common: Json = {"ignore_errors": True}
    here = [
        {"name": name, f"mssp.defender_xdr.{module}": given, "register": name, **common}
        for name, (module, given) in calls.items()
    ]
    kept = {
        "name": "keep",
        "ansible.builtin.set_fact": {
            "kept": "{{ check }}",
            "listed": "{{ list }}",
            "cacheable": True,
        },
    }
    there = [
        {**one, "name": f"{one['name']} there", "delegate_to": "bastion"}
        for one in here
        if one["name"] in ("token", "given", "list")
    ]
    for one in there[:2]:
        # a Python for every host takes long, and the kinds of credential make no difference to
        # these
        one["when"] = "inventory_hostname == ansible_play_hosts_all[0]"
    assert [one["name"] for one in there[:2]] == ["token there", "given there"]
    loop = {
        "name": "loop",
        "mssp.defender_xdr.access_token": {"resource": "{{ item }}"},
        "loop": ["graph", "xdr"],
        **common,
    }
    return [{"hosts": "tenants", "tasks": [*here, kept, loop, *there]}]


def test_no_secret_is_shown_or_written_at_the_highest_verbosity(
    stage: Stage, bastion: Bastion
) -> None:
    started = stage.ansible.start(
        "playbook", stage.ansible.written(stage.plays), "-vvvv", "--diff", env=stage.environment()
    )
    output, seen = stage.search.watched(started)
    assert started.process.returncode == 0, output
    assert [*stage.found(output), *seen] == []
    # the search was no empty one: tokens were acquired and used, through both doors, and everything
    # looked at was there
    tokens = [name for name in stage.search.canaries if name.startswith("token")]
    assert len(tokens) == 8  # four tenants, two resources
    assert set(bastion.started) == {""}
    assert (stage.ansible.folder / "ansible.log").stat().st_size > 10_000
    assert len(list((stage.ansible.folder / "facts").iterdir())) == 5
    # the cache is private, and holds tokens and a remembered refusal, but nothing that they were
    # acquired with
    assert len(stage.ansible.entries("*")) == 10  # two resources of five tenants
    assert {path.stat().st_mode & 0o777 for path in stage.ansible.tokens.iterdir()} == {0o600}
    inputs = Search(
        {
            name: canary
            for name, canary in stage.search.canaries.items()
            if not name.startswith("token")
        }
    )
    assert inputs.files(stage.ansible.tokens, apart=[]) == []


@pytest.mark.parametrize("place", ["oauth2/v2.0/token", "/v1.0/security"])
def test_an_exception_inside_run_shows_no_secret(
    place: str, stage: Stage, bastion: Bastion
) -> None:
    tasks = [
        task for task in stage.plays[0]["tasks"] if task["name"] in ("token", "list", "list there")
    ]
    environment = stage.environment(CRASH_AT=place, PYTHONPATH=str(HERE / "crash"))
    started = stage.ansible.start(
        "playbook",
        stage.ansible.written([{"hosts": "tenants", "tasks": tasks}]),
        "-vvvv",
        env=environment,
    )
    run = started.done()
    assert stage.found(run.output) == []
    # it did crash, with the secret in its message, through both doors
    for name in ("list", "list there"):
        for host in stage.hosts[:4]:
            told = run.results(name)[host]
            assert "RuntimeError" in told["msg"]
            assert place in told["msg"]
            assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in told["msg"]
    assert bastion.started


def test_no_secret_is_in_the_events_of_ansible_runner(stage: Stage) -> None:
    pytest.importorskip("ansible_runner", reason="ansible-runner is not installed")
    private = stage.ansible.folder / "runner"
    (private / "project").mkdir(parents=True)
    tasks = [
        task
        for task in stage.plays[0]["tasks"]
        if task["name"] in ("token", "check", "list", "loop", "token there")
    ]
    (private / "project/site.yml").write_text(
        json.dumps([{"hosts": "tenants", "gather_facts": False, "tasks": tasks}])
    )
    environment = stage.ansible.env() | {
        "PATH": f"{Path(sys.executable).parent}:{stage.ansible.env()['PATH']}",
        "BEHAVIOUR_RESULTS": str(stage.ansible.folder / "events"),
    }
    command = [
        sys.executable,
        "-m",
        "ansible_runner",
        "run",
        str(private),
        "-p",
        "site.yml",
        "--inventory",
        stage.ansible.inventory,
        "-v",
        "-v",
        "-v",
    ]
    done = subprocess.run(
        command, cwd=stage.ansible.cwd, env=environment, capture_output=True, text=True, check=False
    )
    events = list(private.glob("artifacts/*/job_events/*.json"))
    assert len(events) > 20, done.stdout + done.stderr
    assert any('"incidents"' in path.read_text() for path in events)
    assert stage.found(done.stdout + done.stderr) == []


def test_the_search_finds_a_secret_wherever_it_is_shown(stage: Stage) -> None:
    """What the other tests rely on: each place is really looked at."""
    canary = {"shown": "canary-that-is-shown-on-purpose-0a1b2c3d4e5f60718293"}
    word = canary["shown"]
    tasks: list[Json] = [
        {"name": "shown", "ansible.builtin.debug": {"msg": word}},
        {
            "name": "kept",
            "ansible.builtin.set_fact": {
                "kept": base64.b64encode(f"x{word}yz".encode()).decode(),
                "cacheable": True,
            },
        },
        {"name": "run", "ansible.builtin.command": {"argv": ["sh", "-c", "sleep 1 #" + word]}},
    ]
    started = stage.ansible.start(
        "playbook",
        stage.ansible.written([{"hosts": stage.hosts[0], "tasks": tasks}]),
        env=stage.environment(),
    )
    search = Search(canary)
    output, seen = search.watched(started)
    found = search.text("the output", output.encode()) + search.files(
        stage.ansible.folder, apart=[stage.ansible.inputs]
    )
    places = {one.rsplit("/", 1)[0].removeprefix("shown in ") for one in [*found, *seen]}
    assert {"the output", "a command line", "ansible.log", "facts", "cwd"} <= places, places
