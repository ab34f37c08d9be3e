# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The position of each entry in the text of a registry, and a digest of its content.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import typing as t

import yaml
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError

LOADER: t.Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
BREAK: t.Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # line breaks in YAML 1.1
COMMENT: t.Final = re.compile("( *)#")
NULL: t.Final = "tag:yaml.org,2002:null"
MERGE: t.Final = "tag:yaml.org,2002:merge"
PROPERTIES: t.Final = (yaml.ValueToken, yaml.AnchorToken, yaml.TagToken)
CONTENT: t.Final = (
    *PROPERTIES,
    yaml.BlockEntryToken,
    yaml.KeyToken,
    yaml.ScalarToken,
    yaml.AliasToken,
    yaml.FlowSequenceEndToken,
    yaml.FlowMappingEndToken,
)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One entry of the list.

    :arg start: start of the line with its dash.
    :arg ends: its possible ends, most likely first: without and with the blank lines below it,
        which some block scalars include.
    """

    tenant_id: str
    digest: bytes
    start: int
    ends: tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Layout:
    """The layout of a registry's text. Places are offsets.

    :arg margin: the text before the key `tenants`.
    :arg indent: the text before each dash.
    :arg key_end: end of the key with its anchor or tag; None if there is no key.
    :arg empty: start and end of an empty list written as `[]` or `null`.
    """

    entries: tuple[Entry, ...] = ()
    margin: str = ""
    indent: str = ""
    key_end: int | None = None
    empty: tuple[int, int] | None = None

    @property
    def digests(self) -> list[bytes]:
        """The digests of the entries, in order."""
        return [entry.digest for entry in self.entries]


def parsed(text: str, path: str) -> Layout:
    """The layout of a registry; raises `bad_request` if it cannot be edited."""
    try:
        documents = list(yaml.compose_all(text, Loader=LOADER))
        tokens = list(yaml.scan(text, Loader=LOADER))
    except (yaml.YAMLError, RecursionError) as e:
        raise DefenderError(
            "bad_request", f"The registry {path} is not valid YAML: {_why(e)}."
        ) from None
    if len(documents) > 1:
        raise DefenderError(
            "bad_request", f"The registry {path} has more than one YAML document; keep only one."
        )
    root = documents[0] if documents else None
    if root is None or (_is_null(root) and not root.value):
        return Layout()
    key, nodes = _list(root, path)
    after = [token for token in tokens if token.start_mark.index >= key.end_mark.index]
    before_list = _properties(after)
    margin = " " * key.start_mark.column
    if not nodes:
        return Layout(margin=margin, key_end=before_list, empty=_written_empty(after))
    dashes = [token for token in after if isinstance(token, yaml.BlockEntryToken)]
    indent = " " * dashes[0].start_mark.column if dashes else ""
    dashes = [token for token in dashes if token.start_mark.column == len(indent)]
    starts = [token.start_mark.index - len(indent) for token in dashes]
    if len(starts) != len(nodes) or any(not _is_line(text, start, indent) for start in starts):
        raise _in_brackets(path)
    ends = _ends(text, after, starts, len(indent))
    memo: dict[int, bytes] = {}
    entries = [
        Entry(_tenant_id(node), _digest(node, memo), start, end)
        for node, start, end in zip(nodes, starts, ends, strict=True)
    ]
    return Layout(tuple(entries), margin, indent, before_list)


def _why(error: Exception) -> str:
    """The reason with its line number, without the line's text, which may contain a secret."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return (
            "it is nested too deeply"
            if isinstance(error, RecursionError)
            else "its text has a character that YAML does not allow"
        )
    mark = error.problem_mark or error.context_mark
    return f"{error.problem or error.context}{f' in line {mark.line + 1}' if mark else ''}"


def _in_brackets(path: str) -> DefenderError:
    return DefenderError(
        "bad_request",
        (
            f"The registry {path} has its list in brackets; write one entry per line with dashes,"
            " so that entries can be added and removed."
        ),
    )


def _list(root: yaml.Node, path: str) -> tuple[yaml.Node, list[yaml.MappingNode]]:
    """The node of the key `tenants`, and the nodes of its entries."""
    if isinstance(root, yaml.MappingNode) and [pair[0].value for pair in root.value] == ["tenants"]:
        ((key, sequence),) = root.value
        entries = [] if _is_null(sequence) else sequence.value
        is_list = _is_null(sequence) or isinstance(sequence, yaml.SequenceNode)
        if is_list and all(isinstance(entry, yaml.MappingNode) for entry in entries):
            if root.flow_style or (entries and sequence.flow_style):
                raise _in_brackets(path)
            return key, entries
    raise DefenderError(
        "bad_request",
        (
            f"The registry {path} must have the single key tenants, a list of mappings with"
            " tenant_id and name."
        ),
    )


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == NULL


def _is_line(text: str, start: int, indent: str) -> bool:
    """Whether a line begins here with exactly this indentation."""
    begins = start == 0 or BREAK.fullmatch(text[start - 1]) is not None
    return begins and text[start : start + len(indent)] == indent


def _properties(after: t.Sequence[yaml.Token]) -> int:
    """The end of the key's colon and of the anchor or tag of its list."""
    end = 0
    for token in after:
        if not isinstance(token, PROPERTIES):
            break
        end = token.end_mark.index
    return end


def _written_empty(after: t.Sequence[yaml.Token]) -> tuple[int, int] | None:
    """The position of an empty list in the text."""
    for token in after:
        if isinstance(token, yaml.ScalarToken):
            return token.start_mark.index, token.end_mark.index
        if isinstance(token, yaml.FlowSequenceStartToken):
            closing = next(end for end in after if isinstance(end, yaml.FlowSequenceEndToken))
            return token.start_mark.index, closing.end_mark.index
    return None


def _ends(
    text: str, after: t.Sequence[yaml.Token], starts: t.Sequence[int], dash: int
) -> list[tuple[int, int]]:
    """The end of each entry's last line, without and with the blank lines below it."""
    last = [0] * len(starts)
    number = -1
    for token in after:
        if not isinstance(token, CONTENT):
            continue
        while number + 1 < len(starts) and token.start_mark.index >= starts[number + 1]:
            number += 1
        if number >= 0:
            last[number] = token.end_mark.index
    return [_end(text, start, end, dash) for start, end in zip(starts, last, strict=True)]


def _end(text: str, start: int, end: int, dash: int) -> tuple[int, int]:
    if not BREAK.fullmatch(text[end - 1]):
        # a comment after the last value belongs to the entry
        end = _with_comments(text, next_line(text, end), dash)
        return end, end
    breaks = [match.end() for match in BREAK.finditer(text, start, end)]
    while len(breaks) > 1 and not text[breaks[-2] : breaks[-1]].strip():
        breaks.pop()
    return _with_comments(text, breaks[-1], dash), _with_comments(text, end, dash)


def _with_comments(text: str, end: int, dash: int) -> int:
    """The end of the comments below an entry that are indented further than its dash and so belong
    to it."""
    while (comment := COMMENT.match(text, end)) and len(comment[1]) > dash:
        end = next_line(text, end)
    return end


def next_line(text: str, place: int) -> int:
    """The start of the line after this place."""
    match = BREAK.search(text, place)
    return match.end() if match else len(text)


def _tenant_id(entry: yaml.MappingNode) -> str:
    """The id as Ansible reads it: the last one of several, and before a merged one."""
    merged: list[yaml.Node] = []
    for key, value in reversed(entry.value):
        if key.value == "tenant_id":
            return str(value.value).strip().lower()
        if key.tag == MERGE:
            merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
    return next(
        filter(None, (_tenant_id(m) for m in merged if isinstance(m, yaml.MappingNode))), ""
    )


def _digest(node: yaml.Node, memo: dict[int, bytes]) -> bytes:
    """A digest of a node's content, including tags and the targets of aliases; order matters."""
    if id(node) not in memo:
        memo[id(node)] = b"itself"  # for a recursive node
        hashed = hashlib.sha256(repr((type(node).__name__, node.tag)).encode())
        if isinstance(node, yaml.ScalarNode):
            hashed.update(node.value.encode("utf-8", "surrogatepass"))
        else:
            for member in node.value:
                for part in member if isinstance(member, tuple) else (member,):
                    hashed.update(_digest(part, memo))
        memo[id(node)] = hashed.digest()
    return memo[id(node)]
