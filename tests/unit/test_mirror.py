# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The unit tests have the folders and file names of the code: the tests of
`module_utils/_tenant/api.py` are in `module_utils/_tenant/test_api.py`."""

from __future__ import annotations

import typing as t
from pathlib import Path

UNIT: t.Final = Path(__file__).parent
PLUGINS: t.Final = UNIT.parents[1] / "plugins"
# Modules and plugins of other types only call these; playbooks test them.
FOLDERS: t.Final = ("module_utils", "plugin_utils")
# These tests need the lab, so they are not run with each version of ansible-core.
HUNTS: t.Final = "plugin_utils/_hunts"
# Files without a test file of their name. Remove a line when it has one; add none.
WITHOUT: t.Final = {
    # tested through their modules, request by request: tests/unit/plugins/modules
    "module_utils/_applications/certificates",
    "module_utils/_applications/client_secrets",
    "module_utils/_applications/credential",
    "module_utils/_applications/credential_options",
    "module_utils/_applications/credentials",
    "module_utils/_applications/federated",
    "module_utils/_applications/lookup",
    "module_utils/_applications/registration",
    "module_utils/_applications/secret_place",
    "module_utils/_applications/wanted",
    "module_utils/_consent/desired_state",
    "module_utils/_consent/granting",
    "module_utils/_consent/reading",
    # tested through the files that use them, or by playbooks only
    "module_utils/_credential_text",
    "module_utils/_devices/device_state",
    "module_utils/_hunting/columns",
    "module_utils/_incidents/api_source",
    "module_utils/_incidents/graph_alerts",
    "module_utils/_incidents/pages",
    "module_utils/_shapes",
    "module_utils/_tenant/app_roles",
    "module_utils/_tenant/clock",
    "module_utils/_tenant/token_codes",
    "module_utils/_tenant/token_report",
    "plugin_utils/_fleet/running",
    "plugin_utils/_fleet/screen",
    "plugin_utils/_hunts/hunt",
    "plugin_utils/_inventory/hosts",
    "plugin_utils/_inventory/options",
    "plugin_utils/_inventory/probe",
    "plugin_utils/_inventory/registry_csv",
    "plugin_utils/_inventory/registry_entry",
    "plugin_utils/_inventory/registry_layout",
    "plugin_utils/_inventory/sources",
    "plugin_utils/_inventory/words",
    "plugin_utils/_report/inputs",
    "plugin_utils/_report/texts",
    "plugin_utils/_subject",
    "plugin_utils/_sweep/hunt_action",
    "plugin_utils/_sweep/hunt_run",
    "plugin_utils/_sweep/hunt_summary",
    "plugin_utils/_sweep/interruption",
    "plugin_utils/_sweep/play",
}


def mirror(name: str) -> Path:
    """The test file of a file of the collection."""
    path = Path(name)
    folder = UNIT / "hunts" if path.parent == Path(HUNTS) else UNIT / "plugins" / path.parent
    return folder / f"test_{path.stem.removeprefix('_')}.py"


def test_each_file_has_a_test_file_of_its_name() -> None:
    names = {
        path.relative_to(PLUGINS).with_suffix("").as_posix()
        for folder in FOLDERS
        for path in (PLUGINS / folder).rglob("*.py")
    }
    assert {name for name in names if not mirror(name).exists()} == WITHOUT
