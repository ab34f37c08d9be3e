#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: device_info
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: List a customer tenant's devices, or find one
version_added: 0.1.0
description:
  - Lists the devices of a tenant that Microsoft Defender for Endpoint knows, those seen last first.
  - Devices have the field names of the Defender for Endpoint API in snake_case. Values of
    C(health_status), C(risk_score), C(exposure_level), C(onboarding_status) and C(device_value) are
    in snake_case too. C(os_platform) and other values are returned as the service wrote them.
  - Options combine, and a device must match all of them. An option with several values matches any
    of them.
  - No field of a device shows whether it is isolated.
  - Needs the application permission C(Machine.Read.All) of the Defender for Endpoint API.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.reads
  - mssp.defender_xdr._tenant
options:
  id:
    description:
      - Ids of devices in Defender for Endpoint, of 40 hexadecimal digits. The task fails with the
        category V(not_found) if the tenant does not have one of them.
    type: list
    elements: str
  name:
    description:
      - Full DNS names of devices, as in C(computer_dns_name). Upper and lower case are treated as
        equal. A name without its domain is not a full name.
    type: list
    elements: str
  ip:
    description:
      - Address that a device had at the time in O(at), or up to 15 minutes before or after it.
    type: str
  at:
    description:
      - Time for O(ip), as RFC 3339 with an offset, or an age such as V(90m), V(24h), V(7d). It must
        be in the last 30 days. Defaults to now.
    type: str
  tag:
    description:
      - Limits the list to devices with one of these tags.
    type: list
    elements: str
  os_platform:
    description:
      - Limits the list to devices with one of these platforms, such as V(Windows11), as the service
        writes them.
    type: list
    elements: str
  health_status:
    description:
      - Limits the list to devices with one of these statuses of their sensor.
    type: list
    elements: str
    choices:
      - active
      - inactive
      - impaired_communication
      - no_sensor_data
      - no_sensor_data_impaired_communication
      - unknown
  risk_score:
    description:
      - Limits the list to devices with one of these risk scores.
    type: list
    elements: str
    choices: [none, informational, low, medium, high]
  exposure_level:
    description:
      - Limits the list to devices with one of these exposure levels.
    type: list
    elements: str
    choices: [none, low, medium, high]
  onboarding_status:
    description:
      - Limits the list to devices with one of these onboarding statuses.
    type: list
    elements: str
    choices: [onboarded, can_be_onboarded, unsupported, insufficient_info]
  last_seen_since:
    description:
      - Limits the list to devices that were last seen at or after this time.
    type: str
  filter:
    description:
      - OData filter over the properties of a machine, in addition to the other options.
    type: str
  single:
    description:
      - Whether exactly one device must match. Otherwise the task fails with the category
        V(bad_request), and its message lists the devices that match.
    type: bool
    default: false
  limit:
    description:
      - Maximum number of devices to return. These are the ones seen last.
      - RV(truncated) shows whether there are more. V(0) returns all devices.
    type: int
    default: 1000
  fields:
    description:
      - Fields of each device to return. The field C(id) is always returned.
    type: list
    elements: str
seealso:
  - module: mssp.defender_xdr.incident_info
  - name: List machines
    description: Microsoft's reference.
    link: https://learn.microsoft.com/defender-endpoint/api/get-machines
"""

EXAMPLES = r"""
- name: List the devices with a high risk that were seen in the last week
  mssp.defender_xdr.device_info:
    risk_score: high
    last_seen_since: 7d
    fields: [computer_dns_name, health_status, machine_tags]
  register: risky

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ risky.devices | map(attribute='computer_dns_name') }}"

- name: Count the devices whose sensor is silent
  mssp.defender_xdr.device_info:
    health_status: [inactive, no_sensor_data]
    onboarding_status: onboarded
    fields: [computer_dns_name, last_seen]
    limit: 0
"""

RETURN = r"""
tenant:
  description: The tenant, with its C(id), C(name) and C(cloud).
  returned: always
  type: dict
  sample: {id: 22222222-2222-2222-2222-222222222222, name: contoso, cloud: public}
api:
  description: The API that was used.
  returned: success
  type: str
  sample: endpoint
devices:
  description: The devices with the fields of the Defender for Endpoint API in snake_case, those
    seen last first.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 1e5bc9d7e413ddd7902c2932e418702b84d0cc07
      computer_dns_name: mymachine1.contoso.com
      health_status: active
      risk_score: low
      machine_tags: [test tag 1]
count:
  description: Number of devices in RV(devices).
  returned: success
  type: int
  sample: 1
truncated:
  description: Whether more devices match than O(limit) allows. Those left out were last seen
    earlier than the ones in RV(devices).
  returned: success
  type: bool
waited_seconds:
  description: Seconds spent waiting for the tenant's quotas and between retries after failures.
  returned: always
  type: float
  sample: 0.0
error:
  description: Details of the failure. Playbooks can branch on C(category); C(who) is the party that
    must act, and C(advice) describes what to do.
  returned: failure
  type: dict
missing_roles:
  description: The required roles that the tenant has not granted.
  returned: when the category is role_missing
  type: list
  elements: str
"""

import typing as t

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _listing, _module, _times
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import device as _devices
from ansible_collections.mssp.defender_xdr.plugins.module_utils._devices import reading as _reading
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        **_devices.FILTERS,
        "single": {"type": "bool", "default": False},
        "limit": {"type": "int", "default": 1000},
        "fields": {"type": "list", "elements": "str"},
    },
    mutually_exclusive=[("id", "ip"), ("id", "filter"), ("ip", "filter")],
)
ROWS = "devices"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    wanted = _devices.wanted(params, at=_times.now())
    devices = _reading.devices(tenant.api("endpoint", "device_info"), wanted)
    if params["single"]:
        _reading.check_single(devices, tenant.options.label)
    limit = params["limit"] or len(devices)
    return {
        "api": "endpoint",
        "devices": [_listing.chosen(device, params["fields"]) for device in devices[:limit]],
        "count": min(limit, len(devices)),
        "truncated": limit < len(devices),
    }


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
