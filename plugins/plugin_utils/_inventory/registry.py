# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the registry of tenants strictly from YAML or CSV files, with line and column in every
error.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import codecs
import functools
import re
import typing as t
from pathlib import Path

import yaml
from ansible.errors import AnsibleError
from ansible.template import is_trusted_as_template, trust_as_template
from ansible.vars.reserved import get_reserved_names
from ansible_collections.mssp.defender_xdr.plugins.module_utils._customers.customer import Customer
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import (
    GUID,
    TENANT_HINT,
    TENANT_SPEC,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._inventory import (
    registry_csv as _registry_csv,
)

YAML: t.Final = frozenset({".yml", ".yaml", ".json"})
CSV: t.Final = ".csv"
BOM: t.Final = "\ufeff"
BREAK: t.Final = re.compile("\r\n|\r|\n")
PREFIX: t.Final = "defender_xdr_"
PLAIN_KEYS: t.Final = ("tenant_id", "name", "default_domain")
SHAPE: t.Final = "tenants: a list of mappings with tenant_id, name and any variables"

Where = t.Callable[[str | None], str]  # the place of a key of an entry, or of the entry itself


class Loader(t.Protocol):
    """The required part of Ansible's DataLoader: read files as text, decrypting vaults, and parse
    text."""

    def get_text_file_contents(self, file_name: str) -> str: ...

    def load(self, data: str, file_name: str | None = None) -> t.Any: ...


def read(paths: t.Iterable[Path], loader: Loader) -> t.Iterator[Customer]:
    """The customers of files and of all files in folders, in order; raises `bad_request` for the
    first mistake.

    Values in YAML are templates as in any inventory, except names, which are often chosen by
    customers. Values in CSV are text, never templates.
    """
    for path in (file for place in paths for file in _files(place)):
        try:
            text = loader.get_text_file_contents(str(path))
        except AnsibleError as e:
            raise DefenderError("bad_request", f"The registry {path} cannot be read: {e}") from None
        text = _decoded(path, text)
        yield from (
            _of_csv(path, text) if path.suffix.lower() == CSV else _of_yaml(path, text, loader)
        )


def _decoded(path: Path, text: str) -> str:
    """The text decoded with the file's encoding.

    Ansible reads every file as UTF-8 and keeps other bytes as lone surrogates. UTF-16 with a byte
    order mark is supported, as Excel saves it. A code page such as Windows-1252 cannot be detected,
    and a wrong guess would change names.
    """
    try:
        text.encode()
    except UnicodeEncodeError as e:
        raw = text.encode(errors="surrogateescape")
        if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return _of_utf16(path, raw)
        before = text[: e.start]
        place = _at(path, len(BREAK.findall(before)), len(BREAK.split(before)[-1]))
        raise DefenderError(
            "bad_request",
            (
                f"{place}: this is not UTF-8; save the file as UTF-8, in Excel as 'CSV UTF-8'"
                " instead of its default Windows-1252."
            ),
        ) from None
    if "\0" in text:
        raise DefenderError(
            "bad_request",
            (
                f"{path}: the file has NUL characters, like UTF-16 without a byte order mark; save"
                " the file as UTF-8."
            ),
        )
    return text


def _of_utf16(path: Path, raw: bytes) -> str:
    try:
        return raw.decode("utf-16")
    except UnicodeDecodeError:
        raise DefenderError(
            "bad_request",
            (
                f"{path}: the file begins as UTF-16, but its rest is not valid UTF-16; save the"
                " file as UTF-8."
            ),
        ) from None


def _files(path: Path) -> list[Path]:
    kinds = {*YAML, CSV}
    if path.is_dir():
        return sorted(
            file
            for file in path.iterdir()
            if file.suffix.lower() in kinds and not file.name.startswith(".")
        )
    if not path.is_file():
        raise DefenderError(
            "bad_request",
            (
                f"The registry {path} does not exist; a relative path starts at the folder of the"
                " inventory file."
            ),
        )
    if path.suffix.lower() not in kinds:
        raise DefenderError(
            "bad_request",
            f"The registry {path} must be a folder or end in .yml, .yaml, .json or .csv.",
        )
    return [path]


def _at(path: Path, line: int, column: int) -> str:
    """A place in the format of editors, which count from 1; the arguments count from 0."""
    return f"{path}:{line + 1}:{column + 1}"


def _of_yaml(path: Path, text: str, loader: Loader) -> t.Iterator[Customer]:
    try:
        data = loader.load(trust_as_template(text), file_name=str(path))
    except AnsibleError as e:
        raise DefenderError(
            "bad_request", _malformed(path, text) or f"The registry {path} cannot be read: {e}"
        ) from None
    if (
        not isinstance(data, dict)
        or set(data) != {"tenants"}
        or not isinstance(data["tenants"], (list, type(None)))
    ):
        raise DefenderError(
            "bad_request",
            (
                f"{_at(path, *_position(text, None, None))}: a registry must have the single key"
                f" {SHAPE}."
            ),
        )
    for index, entry in enumerate(data["tenants"] or []):
        where = functools.partial(_place, path, text, index)
        if not isinstance(entry, dict):
            raise DefenderError(
                "bad_request", f"{where(None)}: an entry must be a mapping with tenant_id and name."
            )
        yield customer(entry, where)


def _place(path: Path, text: str, index: int, key: str | None) -> str:
    return _at(path, *_position(text, index, key))


def _position(text: str, index: int | None, key: str | None) -> tuple[int, int]:
    """Line and column of an entry's key, of the entry, or of the document. The text is parsed
    again, but only for errors."""
    node = _composed(text)
    if index is not None:
        node = _member(node, "tenants").value[index]
        if key is not None:
            node = next(
                (name for name, unused in getattr(node, "value", []) if name.value == key), node
            )
    return (node.start_mark.line, node.start_mark.column) if node else (0, 0)


@functools.lru_cache(maxsize=2)
def _composed(text: str) -> t.Any:
    return yaml.compose(str(text), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _member(node: t.Any, key: str) -> t.Any:
    return next(value for name, value in node.value if name.value == key)


def _malformed(path: Path, text: str) -> str | None:
    try:
        _composed(text)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        return (
            f"{_at(path, mark.line, mark.column) if mark else path}: this is not valid YAML:"
            f" {e.problem or e.context}."
        )
    except yaml.YAMLError as e:
        return f"{path}: this is not valid YAML: {str(e).splitlines()[0]}."
    return None


def _of_csv(path: Path, text: str) -> t.Iterator[Customer]:
    for line, row in _registry_csv.records(
        str(text).removeprefix(BOM), lambda line: _at(path, line, 0)
    ):
        fields = {column: field for column, field in row.items() if field}
        yield customer(fields, functools.partial(_field, path, line, tuple(row)))


def _field(path: Path, line: int, columns: tuple[str, ...], key: str | None) -> str:
    return f"{_at(path, line, 0)}{f' (column {key})' if key in columns else ''}"


def customer(entry: t.Mapping[t.Any, t.Any], where: Where) -> Customer:
    """The customer of an entry; raises `bad_request` with its place if it is invalid."""
    plain = {name: _plain(entry.get(name), name, where) for name in PLAIN_KEYS}
    if not GUID.fullmatch(plain["tenant_id"]):
        fact = (
            f"tenant_id is {plain['tenant_id']!r}, which is not a GUID"
            if plain["tenant_id"]
            else "tenant_id is missing"
        )
        raise DefenderError(
            "bad_request", f"{where('tenant_id')}: {fact}. {TENANT_HINT}", advice=TENANT_HINT
        )
    variables = {
        _variable(key, where): value for key, value in entry.items() if key not in PLAIN_KEYS
    }
    for name, value in entry.items():
        choices = TENANT_SPEC.get(name, {}).get("choices")
        if choices and value is not None and value not in choices and not _is_template(value):
            raise DefenderError(
                "bad_request",
                f"{where(name)}: {name} is {value!r}, but must be one of {', '.join(choices)}.",
            )
    return Customer(
        tenant_id=plain["tenant_id"].lower(),
        name=plain["name"],
        default_domain=plain["default_domain"],
        variables=variables,
        where=functools.partial(where, None),
        sources=("file",),
    )


def _plain(value: t.Any, name: str, where: Where) -> str:
    """The value as untemplated text; `365` may be a name."""
    if not isinstance(value, (str, int, type(None))) or isinstance(value, bool):
        raise DefenderError("bad_request", f"{where(name)}: {name} must be text.")
    return "" if value is None else str(value).strip()


def _is_template(value: t.Any) -> bool:
    return isinstance(value, str) and is_trusted_as_template(value) and "{{" in value


@functools.cache
def _reserved() -> frozenset[str]:
    return frozenset(get_reserved_names())


def _variable(key: t.Any, where: Where) -> str:
    """The variable of a key: that of a tenant option, or the key itself, with a prefix if it is an
    Ansible keyword."""
    if not isinstance(key, str) or not key.isidentifier():
        raise DefenderError(
            "bad_request",
            (
                f"{where(str(key))}: {key!r} is not a valid variable name; use letters, digits and"
                " underscores."
            ),
        )
    if key in TENANT_SPEC:
        return f"{PREFIX}{key}"
    if key == f"{PREFIX}tenant_id":
        raise DefenderError("bad_request", f"{where(key)}: the key {key} must be named tenant_id.")
    return f"tenant_{key}" if key in _reserved() else str(key)
