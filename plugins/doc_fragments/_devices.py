# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any
# time.

from __future__ import annotations


class ModuleDocFragment:
    """The options that the modules for devices have in common."""

    DOCUMENTATION = r"""
options: {}
"""

    TARGET = r"""
options:
  device:
    description:
      - Id of the device in Defender for Endpoint, of 40 hexadecimal digits, or its whole DNS name
        as in C(computer_dns_name). Upper and lower case are treated as equal. A name without its
        domain is not a whole name.
      - If several devices have the name, the task fails with the category V(bad_request) and lists
        their ids.
    type: str
    required: true
  override_protection:
    description:
      - Whether to change the device even if it has one of the tags in O(protected_tags).
    type: bool
    default: false
"""

    RESPONSE = r"""
options:
  comment:
    description:
      - Reason for the action. Microsoft requires it and shows it in the device's action center. An
        id of this run is added to it, so that the action can be found if its response is lost.
    type: str
    required: true
  wait:
    description:
      - Whether to wait until the action has ended. The module looks at it after 1, 2, 4 and 8
        seconds, and then every 15 seconds. A task on the tenant hosts shows a line every minute.
      - Without waiting, RV(action) is the action as it was started, and only a later look shows
        whether it succeeded. An action that is in the way is waited for in either case.
    type: bool
    default: true
  wait_timeout:
    description:
      - Maximum number of seconds to wait. The task then fails with the category V(timeout). The
        action stays open, and RV(action) has its id.
    type: int
    default: 1800
notes:
  - An action that is open already and has the same parameters is not started again. The module
    waits for that one instead, and RV(ignore:changed) is V(false).
  - An action is started once. If the response is lost, the module reads the actions of the device
    to find out whether it was started.
  - The task fails with the category V(action_failed) if the action failed on the device, and with
    V(conflict) if somebody cancelled it.
"""

    OPPOSITE = r"""
options:
  on_opposite:
    description:
      - What to do if the opposite action is open on the device. V(wait) waits until it has ended.
        V(cancel) cancels it, or waits for it if it runs already. V(fail) fails with the category
        V(conflict).
    type: str
    default: wait
    choices: [wait, cancel, fail]
"""
