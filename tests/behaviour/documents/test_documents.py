# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example of every document is run against a lab, as a reader would run it: from top to
bottom, in one folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mssp.defender_xdr.tests.behaviour.documents import blocks
from ansible_collections.mssp.defender_xdr.tests.behaviour.documents.blocks import Block
from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import Lab, running
from ansible_collections.mssp.defender_xdr.tests.behaviour.runs import Ansible

DOCUMENTS: t.Final = blocks.every()
MOST_NOT_RUN: t.Final = 12
# The examples of these act on the provider's own tenant, or on customers to be won.
HOSTS: t.Final = {
    f"plugins/modules/{name}.py": "provider"
    for name in ("application", "application_info", "application_credential")
}
# What is given to a document's playbooks on the command line, so that they take seconds rather than
# minutes.
ARGUMENTS: t.Final = {
    "roles/lab/README.md": (
        "-e",
        f"lab_python={sys.executable} lab_tenants=2",
    ),  # else a virtual environment is made, and 25 tenants
    "roles/hunt/README.md": ("-e", '{"hunt_packs": ["endpoint", "indicators"]}'),
}
# What a reader replaces by what is his.
PLACEHOLDERS: t.Final = {
    "collection install .": "collection install {root}",
    "CLIENT_ID": "{client_id}",
    "TENANT_ID": "{contoso}",
    "11111111-1111-1111-1111-111111111111": "{client_id}",
    "22222222-2222-2222-2222-222222222222": "{contoso}",
    "33333333-3333-3333-3333-333333333333": "{fabrikam}",
    "88888888-8888-8888-8888-888888888888": "{client_id}",
    "99999999-9999-9999-9999-999999999999": "{partner}",
    "631a96bc-a705-4eda-9f99-fdaf9f54f6a2": "{client_id}",
    "/tmp/": "{folder}/tmp/",
    "/etc/soc/": "{folder}/soc/",
    "/var/log/soc/": "{folder}/soc/",
    "/var/run/secrets/tokens/entra": "{assertion}",
}
LIMIT: t.Final = 300  # seconds for one example


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> t.Iterator[Lab]:
    """Healthy tenants that only the documents use, because their examples change what they like."""
    del lab  # skips where none can run
    with running(
        tmp_path_factory.mktemp("documents") / "lab", "--tenants", "2", "--sick", "none"
    ) as found:
        yield found


class Reader:
    """Somebody who tries what is written, in a folder of their own."""

    def __init__(self, ansible: Ansible, lab: Lab) -> None:
        self.lab, self.ansible, self.folder = lab, ansible, ansible.cwd
        tenants = {
            one["host"]: one["tenant_id"]
            for one in [*lab.facts["tenants"], {**lab.facts["partner"], "host": "partner"}]
        }
        values = {
            "root": str(blocks.ROOT),
            "client_id": lab.facts["client_id"],
            "folder": str(self.folder),
            "assertion": str(lab.folder / "assertion.jwt"),
            **tenants,
        }
        self._values = {word: value.format(**values) for word, value in PLACEHOLDERS.items()}
        shutil.copytree(Path(__file__).parent / "sandbox", self.folder, dirs_exist_ok=True)
        for name in ("tmp", "soc", "soc/audit"):
            (self.folder / name).mkdir(mode=0o700)
        shutil.copy2(lab.folder / "client_split.crt", self.folder / "soc/app-2027.pem")
        shutil.copy2(lab.inventory, self.folder / "inventory.yml")
        for name in ("requirements.txt", "examples"):
            source = blocks.ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, self.folder / name)
        for path in (self.folder / "examples").rglob("*.yml"):
            path.write_text(self.own(path.read_text()))

    def own(self, text: str) -> str:
        return re.sub(
            "|".join(map(re.escape, self._values)), lambda found: self._values[found[0]], text
        )

    def env(self) -> dict[str, str]:
        """The lab instead of Microsoft, by the options that a private front end has; and the secret
        where the documents keep it."""
        urls = {f"DEFENDER_XDR_{name.upper()}_URL": url for name, url in self.lab.urls.items()}
        return {
            **self.ansible.env(),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
            "DEFENDER_XDR_CA_PATH": self.lab.facts["ca_path"],
            "APP_SECRET": self.lab.facts["client_secret"],
            "PROVIDER_SECRET": self.lab.facts["client_secret"],
            **urls,
        }

    def write(self, block: Block, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.own(block.text))
        return path

    def run(self, place: str, *command: str) -> None:
        """Run a program, with the settings that pip and git need here."""
        more = {
            "BEHAVIOUR_RESULTS": os.devnull,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**self.env(), **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == 0, (
            f"{place} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        )

    def run_ansible(self, place: str, command: str, inventory: str, *arguments: str) -> None:
        """Run `ansible-<command>` on this inventory."""
        self.ansible.inventory = inventory
        done = self.ansible.start(command, *arguments, env=self.env()).done()
        assert done.code == 0, f"{place} ended with {done.code}\n{done.output}"

    def follow(self, block: Block, later: str) -> None:
        """Do what the example says; what a later example uses by its name is only written."""
        if block.kind == "shell":
            self.run(block.place, "bash", "-euo", "pipefail", "-c", self.own(block.text))
            return
        path = self.write(
            block, block.file or f"{block.kind}_{block.line}.tenants.yml"
        )  # inventory plugins want such a name
        if block.file and block.file in later:
            return
        if block.kind == "playbook":
            arguments = [*ARGUMENTS.get(block.document, ()), str(path)]
            self.run_ansible(block.place, "playbook", "inventory.yml", *arguments)
        elif block.kind == "inventory":
            self.run_ansible(block.place, "inventory", str(path), "--list")

    def tasks(self, every: t.Iterable[Block]) -> dict[str, str]:
        """Do the lists of tasks, and tell which failed and why.

        All in one process, because each costs a second before it does anything: a play for each,
        and a failing one stops no other.
        """
        plays: list[dict[str, t.Any]] = []
        for number, block in enumerate(every):
            file = self.write(block, f"tasks_{number}.yml").name
            failed = {
                "name": f"FAILED {block.place}",
                "ansible.builtin.debug": {
                    "msg": "{{ ansible_failed_task.name }}: {{ ansible_failed_result | to_json }}"
                },
            }
            included = {"name": block.place, "ansible.builtin.include_tasks": file}
            hosts = HOSTS.get(block.document, "tenants")
            plays.append(
                {
                    "name": block.place,
                    "hosts": hosts,
                    "gather_facts": False,
                    "tasks": [{"block": [included], "rescue": [failed]}],
                }
            )
        playbook = self.folder / "tasks.yml"
        playbook.write_text(json.dumps(plays, indent=1))
        run = self.ansible.start("playbook", str(playbook), env=self.env()).done()
        assert run.code == 0, run.output
        done = {event["task"] for event in run.events}
        assert {play["name"] for play in plays} <= done, run.output
        return {
            event["task"].removeprefix("FAILED "): event["result"]["msg"]
            for event in run.events
            if event["task"].startswith("FAILED ")
        }


@pytest.fixture
def reader(tmp_path: Path, laboratory: Lab) -> t.Iterator[Reader]:
    reader = Reader(Ansible(tmp_path, laboratory.inventory), laboratory)
    yield reader
    started = tmp_path / "home/.local/state/defender-xdr-lab"
    if started.exists():
        reader.run(
            "the end",
            sys.executable,
            str(blocks.ROOT / "roles/lab/files/defender_lab"),
            "--dir",
            str(started),
            "--stop",
        )


def runnable(document: str, *kinds: str) -> list[Block]:
    return [block for block in DOCUMENTS[document] if not block.reason and block.kind in kinds]


def test_every_list_of_tasks_runs_on_tenants(reader: Reader) -> None:
    failed = reader.tasks(block for document in DOCUMENTS for block in runnable(document, "tasks"))
    assert not failed, "\n\n".join(f"{place}\n{why}" for place, why in failed.items())


@pytest.mark.parametrize(
    "document", [name for name in DOCUMENTS if runnable(name, "shell", "playbook", "inventory")]
)
def test_a_document_works_from_top_to_bottom(document: str, reader: Reader) -> None:
    steps = runnable(document, "shell", "playbook", "inventory")
    for number, block in enumerate(steps):
        reader.follow(
            block,
            later="\n".join(each.text for each in steps[number + 1 :] if each.kind == "shell"),
        )


def test_what_is_not_run_says_why_and_is_little() -> None:
    every = [block for document in DOCUMENTS.values() for block in document]
    data = [
        block.place
        for block in every
        if not block.reason and block.language in blocks.RUN and block.kind == "data"
    ]
    assert not data, f"nothing runs these, so they are text, or say why they are not run: {data}"
    excused = [f"{block.place}: {block.reason}" for block in every if block.reason]
    print(*excused, sep="\n")
    assert len(excused) <= MOST_NOT_RUN, excused


def test_every_language_is_one_that_is_run_or_only_read() -> None:
    strange = [
        f"{block.place}: {block.language}"
        for document in DOCUMENTS.values()
        for block in document
        if block.language not in blocks.READ | set(blocks.RUN)
    ]
    assert not strange


def test_every_module_has_examples_and_the_readme_has_some() -> None:
    modules = {
        path.relative_to(blocks.ROOT).as_posix()
        for path in (blocks.ROOT / "plugins/modules").glob("[a-z]*.py")
    }
    assert modules | {"README.md"} <= set(DOCUMENTS)


MARKDOWN: t.Final = """\
1. Write it:

   ```yaml site.yml
   - hosts: tenants
   ```

<!-- not run: it takes a person -->

```sh
click
```
"""
RST: t.Final = """\
Do it:

.. code-block:: yaml
   :caption: site.yml

   - name: A

     b: c

Then:

.. not run: it takes a person

.. code-block:: shell

   click
"""


@pytest.mark.parametrize(
    ("read", "text", "body", "line"),
    [
        (blocks.markdown, MARKDOWN, "- hosts: tenants\n", 4),
        (blocks.restructured, RST, "- name: A\n\n  b: c\n", 6),
    ],
)
def test_blocks_are_found_with_their_line_file_and_reason(
    read: t.Callable[[str, str], list[Block]], text: str, body: str, line: int
) -> None:
    first, second = read("a", text)
    assert (first.text, first.line, first.file, first.reason) == (body, line, "site.yml", "")
    assert (second.text, second.kind, second.reason) == ("click\n", "shell", "it takes a person")


def test_the_examples_of_a_plugin_are_found_with_their_line() -> None:
    (found,) = blocks.examples(
        "a", 'X = 1\nEXAMPLES = r"""\n# not run: it takes a person\n- debug:\n"""\n'
    )
    assert (found.line, found.kind, found.reason) == (3, "tasks", "it takes a person")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("- hosts: tenants\n", "playbook"),
        ("- name: A\n  debug:\n", "tasks"),
        ("all:\n  hosts:\n", "inventory"),
        ("tenants:\n  hosts:\n", "inventory"),
        ("plugin: mssp.defender_xdr.tenants\nfile: a.csv\n", "inventory"),
        ("a: {b: c}\n", "data"),
        ("secret: !vault |\n  $ANSIBLE\n", "data"),
    ],
)
def test_an_example_is_known_by_its_shape(text: str, kind: str) -> None:
    assert Block("a", 1, "yaml", text).kind == kind


def test_an_example_that_fails_fails(reader: Reader) -> None:
    with pytest.raises(AssertionError, match="a:1 ended with 1"):
        reader.follow(Block("a", 1, "sh", "test -d TENANT_ID\n"), "")
    with pytest.raises(AssertionError, match="a:2 ended with"):
        reader.follow(
            Block(
                "a",
                2,
                "yaml",
                "- hosts: tenants\n  tasks:\n    - mssp.defender_xdr.incident_info: {id: []}\n",
            ),
            "",
        )


def test_a_list_of_tasks_that_fails_is_told_and_stops_no_other(reader: Reader) -> None:
    bad = Block(
        "a", 1, "yaml", "- name: Wrong\n  mssp.defender_xdr.incident_info: {severity: terrible}\n"
    )
    good = Block("b", 1, "yaml", "- name: Right\n  mssp.defender_xdr.incident_info: {limit: 1}\n")
    failed = reader.tasks([bad, good])
    assert list(failed) == ["a:1"]
    assert "terrible" in failed["a:1"]


def test_a_list_of_tasks_that_ansible_cannot_read_is_told(reader: Reader) -> None:
    with pytest.raises(AssertionError, match=r"PLAY \[a:1\][^$]*no_such_module"):
        reader.tasks(
            [Block("a", 1, "yaml", "- name: Stranger\n  mssp.defender_xdr.no_such_module:\n")]
        )
