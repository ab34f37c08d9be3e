# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start the lab: ``python -m defender_lab``, or ``python path/to/defender_lab``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if not __package__:  # started by path: the folder itself is on sys.path, its parent is what we need
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from defender_lab.cli import main

if __name__ == "__main__":
    code = main()
    # not sys.exit, which would wait for a hunt that may still run for minutes
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
