# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices and accounts, and when two names mean one."""

from __future__ import annotations

from ansible_collections.mssp.defender_xdr.plugins.plugin_utils._report import entities as _entities


def test_two_addresses_are_two_devices() -> None:
    assert _entities.device_key("10.0.0.5") != _entities.device_key("10.9.9.9")
    assert _entities.device_key("PC-1.contoso.example") == _entities.device_key("pc-1")
