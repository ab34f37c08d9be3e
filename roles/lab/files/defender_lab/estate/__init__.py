# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a tenant's devices: machines, the operations on them, and the live-response library;
used by `store`, `control` and `endpoint`."""
