# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the README's picture of the report, docs/images/report.png: the lab's 25 tenants, swept and
hunted in by the playbook.

python tests/browser/picture.py, with what tests/requirements.txt names and Debian's chromium and
chromium-driver.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ansible_collections.mssp.defender_xdr.tests.behaviour.lab import ROOT, running
from ansible_collections.mssp.defender_xdr.tests.browser.chromium import chromium

PICTURE = ROOT / "docs/images/report.png"
TIERS = {
    "gold": {"high": 24, "medium": 72, "low": 168},
    "silver": {"high": 72, "medium": 168},
    "default": {"high": 168, "medium": 240},
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "lab") as lab:
        # tiers by the inventory, as a partner would have them
        (Path(folder) / "tiers.yml").write_text(
            json.dumps(
                {
                    "all": {
                        "hosts": {
                            host: {
                                "defender_xdr_tier": ("gold", "silver", "default", "default")[
                                    at % 4
                                ]
                            }
                            for at, host in enumerate(lab.truth)
                        }
                    }
                }
            )
        )
        variables = {
            "report_dest": f"{folder}/soc",
            "report_title": "Morning report",
            "report_sla": TIERS,
            "report_time_zone": "Europe/Berlin",
            "hunt_packs": ["mail", "identity", "cloud", "endpoint", "ransomware"],
            "fail_when": "never",
        }
        command = [
            "-m",
            "ansible",
            "playbook",
            "mssp.defender_xdr.report",
            "-i",
            lab.inventory,
            "-i",
            f"{folder}/tiers.yml",
            "-e",
            json.dumps(variables),
        ]
        environment = os.environ | {
            "DEFENDER_XDR_TOKEN_CACHE": f"{folder}/tokens",
            "ANSIBLE_HOME": f"{folder}/home",
        }
        subprocess.run([sys.executable, *command], env=environment, check=True)
        with chromium() as browser:
            browser.look(width=1280, height=1700)
            browser.open(Path(folder) / "soc/report.html")
            browser.devtools("Emulation.setScrollbarsHidden", hidden=True)
            browser.picture(PICTURE)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
