# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write rows to a file as NDJSON, CSV or Parquet, atomically.

This module util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import itertools
import json
import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._hunting import (
    row_owners as _row_owners,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.options import Options

FORMATS: t.Final = ("ndjson", "csv", "parquet")
BATCH: t.Final = 5000
# Spreadsheets read a cell that begins with one of these as a formula (OWASP, CSV injection), in
# some languages also with full-width characters; a leading quote makes it text.
FORMULA: t.Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def check_format(name: str) -> None:
    """Refuse Parquet if its package is missing."""
    if name == "parquet" and _pyarrow() is None:
        raise DefenderError(
            "bad_request",
            "format is parquet, but the Python package pyarrow is not installed on this machine.",
            advice="Run: pip install pyarrow",
        )


@functools.cache
def _pyarrow() -> t.Any:
    """The optional package, or None; imported for the first file in Parquet."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return None
    return pyarrow


def mode_of(text: str) -> int:
    """A file mode from its octal digits."""
    try:
        mode = int(str(text), 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise DefenderError(
            "bad_request",
            f"mode is {text!r}, which is not a file mode; set it to octal digits such as 0600.",
        )
    return mode


def place(
    spool: _files.Draft,
    *,
    form: str,
    schema: list[dict[str, str]],
    mode: int,
    owner: Options,
    check_mode: bool = False,
) -> tuple[bool, list[str]]:
    """Replace the destination of `spool`, a draft in NDJSON, with its rows.

    Returns whether that changes the file (or would, in check mode), and warnings. Raises `conflict`
    if the file has rows of a tenant other than `owner`. NDJSON is the spool itself. Other formats
    use another draft, so that an interrupted run leaves no partial file under the final name.
    """
    with _written(spool, form, schema, check_mode=check_mode) as draft:
        if check_mode:
            return draft.would_change(mode=mode), []
        with _row_owners.claimed(spool.path, owner) as warnings:
            return draft.keep(mode=mode), warnings


@contextlib.contextmanager
def _written(
    spool: _files.Draft, form: str, schema: list[dict[str, str]], *, check_mode: bool
) -> t.Iterator[_files.Draft]:
    """A draft with the rows in this format."""
    if form == "ndjson":
        yield spool
        return
    with _files.draft(spool.path, check_mode=check_mode) as draft:
        try:
            spool.file.seek(0)
            WRITERS[form](spool.file, draft.file, schema)
        except OSError as e:
            raise _files.not_written(spool.path, e) from None
        yield draft


def _csv(lines: t.Iterable[bytes], target: t.BinaryIO, schema: list[dict[str, str]]) -> None:
    cells(map(json.loads, lines), [column["name"] for column in schema], target)


def cells(
    rows: t.Iterable[t.Mapping[str, t.Any]], names: t.Sequence[str], target: t.BinaryIO
) -> None:
    """Write the rows as CSV with these columns and without formulas.

    Every cell is quoted: in spreadsheets that separate by semicolons, `;=` inside an unquoted cell
    begins a formula. CSV has no null, so null and an empty text both become an empty cell.
    """
    # line breaks as in RFC 4180
    writer = csv.writer(_Encoded(target), lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow([_cell(name) for name in names])
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)


class _Encoded:
    """The only method of a text file that `csv` needs."""

    def __init__(self, target: t.BinaryIO) -> None:
        self._target = target

    def write(self, text: str) -> int:
        return self._target.write(_encodable(text).encode())


def _cell(value: t.Any) -> t.Any:
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _parquet(lines: t.Iterable[bytes], target: t.BinaryIO, schema: list[dict[str, str]]) -> None:
    pa = _pyarrow()
    # both APIs use names of .NET types; other types become text, and objects JSON
    types = {
        "datetime": pa.timestamp("ns", "UTC"),
        "int32": pa.int32(),
        "int64": pa.int64(),
        "long": pa.int64(),
        "int": pa.int32(),
        "sbyte": pa.bool_(),
    }
    types |= {
        "bool": pa.bool_(),
        "boolean": pa.bool_(),
        "double": pa.float64(),
        "real": pa.float64(),
    }
    fields = pa.schema(
        [(column["name"], types.get(column["type"].lower(), pa.string())) for column in schema]
    )
    with pa.parquet.ParquetWriter(target, fields) as writer:
        rows = map(json.loads, lines)
        while batch := list(itertools.islice(rows, BATCH)):
            columns = [
                _column(field.name, [row.get(field.name) for row in batch], field.type)
                for field in fields
            ]
            writer.write_batch(pa.record_batch(columns, schema=fields))


def _column(name: str, values: list[t.Any], kind: t.Any) -> t.Any:
    pa = _pyarrow()
    try:
        if pa.types.is_string(kind):
            return pa.array([_text(value) for value in values], kind)
        if pa.types.is_timestamp(kind):
            return (
                pa.array([value.rstrip("Z") if value else None for value in values], pa.string())
                .cast(pa.timestamp("ns"))
                .cast(kind)
            )
        if pa.types.is_boolean(kind):
            return pa.array([None if value is None else bool(value) for value in values], kind)
        if pa.types.is_floating(kind):
            # JSON has no NaN and no infinity, so Kusto writes them as text
            return pa.array([None if value is None else float(value) for value in values], kind)
        return pa.array(values, kind)
    except (ValueError, TypeError, OverflowError, AttributeError) as e:
        # nanoseconds cover 1677 to 2262, but Kusto's times begin in the year 1
        raise DefenderError(
            "bad_request",
            (
                f"format is parquet, but the column {name} has a value that is not of the Parquet"
                f" type {kind}: {str(e).splitlines()[0]}."
            ),
            advice=(
                "Choose format ndjson or csv, or convert the column in the query, for example"
                " with tostring()."
            ),
        ) from None


def _text(value: t.Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False)
    return _encodable(value)


def _encodable(text: str) -> str:
    """The text with U+FFFD for lone surrogates, which JSON allows and UTF-8 does not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


Writer = t.Callable[[t.Iterable[bytes], t.BinaryIO, list[dict[str, str]]], None]
WRITERS: t.Final[t.Mapping[str, Writer]] = {
    "csv": _csv,
    "parquet": _parquet,
}
