# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of every document: README files, guides, and the EXAMPLES of modules and plugins.

An example that cannot be run against the lab says so where it stands, with the reason:

- Markdown: `<!-- not run: REASON -->` on the line before the fence
- reStructuredText: the comment `.. not run: REASON` before the block
- EXAMPLES: `# not run: REASON` as the first line

A file's name beside an example (the second word of a fence, the caption of a code block) is the
file it is written to.
"""

from __future__ import annotations

import ast
import dataclasses
import re
import textwrap
import typing as t
from pathlib import Path

import yaml

ROOT: t.Final = Path(__file__).resolve().parents[3]
RUN: t.Final = {
    "yaml": "yaml",
    "sh": "shell",
    "shell": "shell",
    "bash": "shell",
    "console": "shell",
}
READ: t.Final = frozenset(
    {"text", "python", "markdown", "kql", "json", "ini", "html", "csv", "diff", "none"}
)  # shown, nothing to run
REASON: t.Final = re.compile(r"(?:<!--|\.\.|#) not run: (.+?)\s*(?:-->)?$")
FENCE: t.Final = re.compile(r"^( *)```+(\w*)(?: +(\S+))?\s*$")
DIRECTIVE: t.Final = re.compile(r"^( *)\.\. (?:code-block|code|sourcecode):: *(\w*)\s*$")


@dataclasses.dataclass(frozen=True)
class Block:
    """One example.

    :arg document: path below the checkout.
    :arg line: of its first line there.
    :arg language: as written.
    :arg file: what it is to be called, or nothing.
    :arg reason: why it cannot be run, or nothing.
    """

    document: str
    line: int
    language: str
    text: str
    file: str = ""
    reason: str = ""

    @property
    def place(self) -> str:
        return f"{self.document}:{self.line}"

    @property
    def kind(self) -> str:
        """`shell`, `tasks`, `playbook`, `inventory`, `data` or `read`."""
        if self.language in READ:
            return "read"
        if RUN[self.language] == "shell":
            return "shell"
        content = yaml.load(self.text, Loader=_Loader)
        if (
            isinstance(content, list)
            and content
            and all(isinstance(item, dict) for item in content)
        ):
            return (
                "playbook"
                if any(
                    {"hosts", "import_playbook", "ansible.builtin.import_playbook"} & item.keys()
                    for item in content
                )
                else "tasks"
            )
        if isinstance(content, dict) and (
            content.keys() <= {"all", "plugin"} or "plugin" in content or _groups(content)
        ):
            return "inventory"
        return "data"


class _Loader(yaml.SafeLoader):
    """Takes `!vault` and other tags of Ansible as they are."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: "")


def _groups(content: dict[str, t.Any]) -> bool:
    return all(
        isinstance(group, dict) and {"hosts", "children"} & group.keys()
        for group in content.values()
    )


def markdown(document: str, text: str) -> list[Block]:
    found: list[Block] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        fence = FENCE.match(lines[number])
        if not fence:
            number += 1
            continue
        end = next(
            place for place in range(number + 1, len(lines)) if lines[place].strip() == "```"
        )
        body = textwrap.dedent("\n".join(lines[number + 1 : end])) + "\n"
        found.append(
            Block(
                document,
                number + 2,
                fence[2] or "none",
                body,
                fence[3] or "",
                _reason(lines[:number]),
            )
        )
        number = end + 1
    return found


def restructured(document: str, text: str) -> list[Block]:
    found: list[Block] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        directive = DIRECTIVE.match(line)
        if not directive:
            continue
        inside = number + 1
        while inside < len(lines) and re.match(r"\s+:", lines[inside]):
            inside += 1
        options = "\n".join(lines[number + 1 : inside])
        indent = len(directive[1])
        end = inside
        while end < len(lines) and (
            not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > indent
        ):
            end += 1
        caption = re.search(r":caption: *(\S+) *$", options, re.MULTILINE)
        body = textwrap.dedent("\n".join(lines[inside:end])).strip("\n") + "\n"
        first = inside + next(
            (offset for offset, each in enumerate(lines[inside:end]) if each.strip()), 0
        )
        found.append(
            Block(
                document,
                first + 1,
                directive[2] or "none",
                body,
                caption[1] if caption else "",
                _reason(lines[:number]),
            )
        )
    return found


def examples(document: str, text: str) -> list[Block]:
    for node in ast.parse(text).body:
        if (
            isinstance(node, ast.Assign)
            and getattr(node.targets[0], "id", "") == "EXAMPLES"
            and isinstance(node.value, ast.Constant)
        ):
            found, line = [], node.lineno
            for part in re.split(
                r"^---\n", str(node.value.value), flags=re.MULTILINE
            ):  # an inventory plugin shows several files
                body = part.lstrip("\n")
                if body.strip():
                    found.append(
                        Block(
                            document,
                            line + len(part) - len(body),
                            "yaml",
                            body,
                            reason=_reason(body.splitlines()[:1]),
                        )
                    )
                line += part.count("\n") + 1
            return found
    return []


def _reason(before: t.Sequence[str]) -> str:
    """Of the last line that says something."""
    said = next((line.strip() for line in reversed(before) if line.strip()), "")
    found = REASON.match(said)
    return found[1] if found else ""


def every(root: Path = ROOT) -> dict[str, list[Block]]:
    """By document, in the order of reading."""
    readers: list[tuple[str, t.Callable[[str, str], list[Block]]]] = [
        ("README.md", markdown),
        ("CONTRIBUTING.md", markdown),
        ("roles/*/README.md", markdown),
        ("playbooks/README.md", markdown),
        ("docs/docsite/rst/*.rst", restructured),
        ("plugins/*/*.py", examples),
        ("extensions/eda/plugins/*/*.py", examples),
    ]
    found = {}
    for pattern, read in readers:
        for path in sorted(root.glob(pattern)):
            document = path.relative_to(root).as_posix()
            blocks = read(document, path.read_text(encoding="utf-8"))
            if blocks:
                found[document] = blocks
    return found
