# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of module report: reads the hosts' facts, writes the files, and only then judges.

Facts are read as they are, not through Jinja: what a customer called an incident is never a
template, and thousands of them are not walked through an engine that would look for one.

This plugin util is **PRIVATE** to the collection and may change at any time.
"""

from __future__ import annotations

import json
import os
import re
import typing as t
from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible.release import __version__ as core_version
from ansible_collections.mssp.defender_xdr.plugins.module_utils import _files, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._errors import DefenderError
from ansible_collections.mssp.defender_xdr.plugins.module_utils._shapes import Json
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils import _batch, _coverage, _execution
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import facts as _facts
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    hunt_rows as _hunt_rows,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import model as _model
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import page as _page
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import (
    service_levels as _service_levels,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import slices as _slices
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import tables as _tables
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import tenants as _tenants
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.incident_entries import kept
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.inputs import (
    Setting,
    Tenant,
)
from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report.work_calendar import (
    checked_calendar,
    zone_named,
)

TENANT_ID: t.Final = "defender_xdr_tenant_id"
TENANT_NAME: t.Final = "defender_xdr_tenant_name"
NAMES: t.Final = ("report.html", "report.json", "report.md", *_tables.FILES)


class Report(ActionBase):
    """Makes a report of the play's hosts in the worker of one of them."""

    spec: t.ClassVar[Json]  # of the module report, from its action file
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        super().run(tmp, task_vars)
        del tmp
        try:
            arguments = dict(self._task.args)
            params = _execution.validated(self.spec, arguments)
            params["hosts"] = _batch.named(arguments, params["hosts"])
            too_many = _coverage.threshold(params["fail_when"])
            setting = checked(params)
            if params["validate_only"]:
                check_files(params, check_mode=self._task.check_mode)
                return {"changed": False}
            if params["hosts"] == []:
                return nobody()
            result = self._written(params, setting, task_vars or {})
        except DefenderError as e:
            return e.as_result()
        count = result["coverage"]
        if too_many(count["unread"], count["asked"]):
            result["failed"] = True
            where = f" The report is in {params['dest']}." if params["dest"] else ""
            result["msg"] = (
                f"{count['unread']} of {count['asked']} tenants could not be read; fail_when is"
                f" {params['fail_when']}.{where}"
            )
        return result

    def _written(self, params: Json, setting: Setting, variables: Json) -> Json:
        """The result, once the files are in place."""
        dest = params["dest"]
        tenants, hunts = self._read(params, variables)
        hosts = {one.tenant_id.lower(): one.host for one in tenants}
        rows = _hunt_rows.read(hunts, hosts, dest if params["formats"] else None)
        report = _model.build(tenants, hunts, rows, setting)
        result: Json = {
            "changed": False,
            "coverage": report["coverage"],
            "summary": _tables.markdown(report),
            "files": {},
        }
        if dest and params["formats"]:
            check_mode = self._task.check_mode
            written = files(report, params["formats"])
            result["changed"] = write(dest, written, check_mode=check_mode)
            columns = {
                one.host: {"tenant_id": one.tenant_id, "tenant_name": one.name} for one in tenants
            }
            result["changed"] |= _hunt_rows.keep(hunts, rows, columns, dest, check_mode=check_mode)
            result["files"] = {name: os.path.join(dest, name) for name in written}
        return result

    def _read(self, params: Json, variables: Json) -> tuple[list[Tenant], dict[str, Json]]:
        """The tenants with what was read from them, and the hunts."""
        hosts = params["hosts"]
        ended: t.Collection[str] = ()
        if hosts is None:
            hosts = variables["ansible_play_hosts_all"]
            ended = _batch.batch(self._task, variables).ended
        known = {
            host: self._host(host, params["tier_variable"], variables["hostvars"]) for host in hosts
        }
        tenant_ids = {host: one["id"].lower() for host, one in known.items()}
        incidents = {
            host: one["incidents"] for host, one in known.items() if one["incidents"] is not None
        }
        if params["incidents"] is not None:
            incidents = _facts.swept(params["incidents"], hosts, tenant_ids)
        elif params["incidents_from"]:
            incidents = _facts.filed(params["incidents_from"], hosts, tenant_ids)
        # a host that the play ended on purpose before it was queried is not part of the report
        for host in ended:
            if known[host]["preflight"] is None and host not in incidents:
                del known[host]
        fact: Json = next((one["hunts"] for one in known.values() if one["hunts"]), {})
        tenants = [
            Tenant(
                host=host,
                name=one["name"],
                tenant_id=one["id"],
                tier=one["tier"],
                preflight=one["preflight"],
                incidents=incidents.get(host),
            )
            for host, one in known.items()
        ]
        if params["slices"]:
            return _slices.read(params["slices"], tenants)
        return tenants, _facts.hunted(params["hunts_from"]) if params["hunts_from"] else fact

    def _host(self, host: str, tier: str, hostvars: t.Any) -> Json:
        """What the report takes from a host's variables. Only names that a person wrote in the
        inventory may be templates."""
        if host not in hostvars:
            raise DefenderError(
                "bad_request", f"hosts names {host}, which is not in the inventory."
            )
        raw = hostvars.raw_get(host)

        def value(name: str, default: str) -> str:
            text = raw.get(name)
            if text is None:
                return default
            # hostvars[host] templates the value, which takes as long as all the rest together
            if isinstance(text, str) and "{{" in text:
                text = hostvars[host][name]
            return str(text)

        incidents = raw.get("incidents_result")
        if incidents is not None:
            listed = incidents.get("incidents") or []
            incidents = {**incidents, "incidents": [kept(one) for one in listed]}
        return {
            "id": value(TENANT_ID, ""),
            "name": value(TENANT_NAME, host),
            "tier": value(tier, _service_levels.UNTIERED),
            "preflight": raw.get("preflight_result"),
            "incidents": incidents,
            "hunts": raw.get("hunt_result"),
        }


def check_files(params: Json, *, check_mode: bool) -> None:
    """Raise `bad_request` for a file that cannot be read, and where the report could not be
    written; a missing folder is made."""
    if params["hunts_from"]:
        _facts.hunted(params["hunts_from"])
    if params["slices"]:
        _slices.read(params["slices"])
    if params["dest"] and params["formats"] and not check_mode:
        _folder(params["dest"])
        for name in NAMES:
            _files.check(os.path.join(params["dest"], name))


def checked(params: Json) -> Setting:
    """The setting of the report; raises `bad_request` for an option that is wrong."""
    sla = _service_levels.check_sla(params["sla"])
    calendar = checked_calendar(params["sla_calendar"])
    if calendar:
        _service_levels.check_calendar(sla, calendar)
    if params["slices"] is not None:
        _slices.check(params["slices"], params["dest"])
    return Setting(
        title=params["title"],
        at=_times.now(),
        versions={"mssp.defender_xdr": version(), "ansible-core": core_version},
        zone=zone_named("time_zone", params["time_zone"]),
        zone_name=params["time_zone"],
        sla=sla,
        calendar=calendar,
        filters=params["incidents_filters"],
        previous=_facts.previous(params["previous"]) if params["previous"] else None,
    )


def _folder(dest: str) -> None:
    try:
        os.makedirs(dest, mode=0o700, exist_ok=True)
    except OSError as e:
        raise DefenderError(
            "bad_request", f"dest is {dest}, where the report could not be written: {e.strerror}."
        ) from None


def files(report: Json, formats: t.Collection[str]) -> dict[str, bytes]:
    """The contents of the files by name."""
    made: dict[str, bytes] = {}
    if "html" in formats:
        made["report.html"] = _page.page(report).encode("utf-8", "replace")
    if "json" in formats:
        made["report.json"] = _files.encoded(
            json.dumps(report, ensure_ascii=False, indent=1) + "\n"
        )
    if "markdown" in formats:
        made["report.md"] = _tables.markdown(report).encode("utf-8", "replace")
    if "csv" in formats:
        made |= _tables.csvs(report)
    return made


def write(dest: str, written: t.Mapping[str, bytes], *, check_mode: bool = False) -> bool:
    """Put the files in place, each whole, for their owner alone; whether one of them changes."""
    if not check_mode:
        _folder(dest)
        for name in written:
            _files.check(os.path.join(dest, name))
    changes = [
        _files.write(os.path.join(dest, name), content, check_mode=check_mode)
        for name, content in written.items()
    ]
    return any(changes)


def nobody() -> Json:
    """The result for an empty list of hosts."""
    text = "hosts is empty, so there is no tenant to report, and nothing was written."
    return {
        "changed": False,
        "coverage": _tenants.coverage([]),
        "summary": "",
        "files": {},
        "msg": text,
        "warnings": [text],
    }


def version() -> str:
    """This collection's version, from its manifest or its checkout."""
    root = Path(__file__).resolve().parents[3]
    for name, words in (
        ("MANIFEST.json", r'"version": "([^"]+)"'),
        ("galaxy.yml", r"(?m)^version: (\S+)"),
    ):
        if (root / name).is_file() and (
            said := re.search(words, (root / name).read_text(encoding="utf-8"))
        ):
            return said[1]
    return "unknown"
