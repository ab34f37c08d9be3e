# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes of an API and the checks before them; used by `directory`, `endpoint`, `graph`, `xdr` and
`lab`."""
