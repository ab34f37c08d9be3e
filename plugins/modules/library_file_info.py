#!/usr/bin/python
# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: library_file_info
author:
  - The mssp.defender_xdr contributors (@mssp)
short_description: List the files of a customer tenant's live-response library
version_added: 0.1.0
description:
  - Lists the scripts and tools that live response can run on the devices of a tenant, or put there.
  - Files have the field names of the Defender for Endpoint API in snake_case. Their values are
    returned as the service wrote them. The API does not return the content of a file.
  - Needs the application permission C(Library.Manage) of the Defender for Endpoint API.
    No smaller permission can read the library.
extends_documentation_fragment:
  - mssp.defender_xdr._attributes
  - mssp.defender_xdr._attributes.reads
  - mssp.defender_xdr._tenant
options:
  name:
    description:
      - Limits the list to files with one of these names. A name that the library does not have is
        not an error.
    type: list
    elements: str
  limit:
    description:
      - Maximum number of files to return, in the order of their names.
      - RV(truncated) shows whether there are more. V(0) returns all files.
    type: int
    default: 1000
  fields:
    description:
      - Fields of each file to return. The field C(file_name) is always returned.
    type: list
    elements: str
seealso:
  - module: mssp.defender_xdr.library_file
  - name: List library files
    description: Microsoft's reference.
    link: https://learn.microsoft.com/defender-endpoint/api/list-library-files
"""

EXAMPLES = r"""
- name: List the live-response library
  mssp.defender_xdr.library_file_info:
  register: library

- name: Show the names and hashes of its files
  ansible.builtin.debug:
    msg: "{{ library.files | items2dict(key_name='file_name', value_name='sha256') }}"
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
files:
  description: The files with the fields of the Defender for Endpoint API in snake_case, by name.
  returned: success
  type: list
  elements: dict
  sample:
    - file_name: script1.ps1
      sha256: 6e212a0db618507c44e4ec8ee7499dfef7e5767e5f8d31144df3b96fd1145caf
      description: null
      has_parameters: true
      parameters_description: test
      creation_time: "2019-10-24T10:54:23.2009016Z"
      last_updated_time: "2019-10-24T10:54:23.2009016Z"
      created_by: admin
count:
  description: Number of files in RV(files).
  returned: success
  type: int
  sample: 1
truncated:
  description: Whether more files match than O(limit) allows.
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

from ansible_collections.mssp.defender_xdr.plugins.module_utils import _listing, _module
from ansible_collections.mssp.defender_xdr.plugins.module_utils._library import (
    library as _library,
)
from ansible_collections.mssp.defender_xdr.plugins.module_utils._tenant.tenant import Tenant

SPEC = _module.spec(
    {
        "name": {"type": "list", "elements": "str"},
        "limit": {"type": "int", "default": 1000},
        "fields": {"type": "list", "elements": "str"},
    }
)
ROWS = "files"


def run(tenant: Tenant, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    _listing.check(params, "a file", _library.FIELDS)
    names, fields = params["name"], params["fields"]
    files = [
        file
        for file in _library.files(tenant.api("endpoint", "library_file_info"))
        if not names or file["file_name"] in names
    ]
    limit = params["limit"] or len(files)
    fields = [*fields, "file_name"] if fields else None
    return {
        "api": "endpoint",
        "files": [_listing.chosen(file, fields) for file in files[:limit]],
        "count": min(limit, len(files)),
        "truncated": limit < len(files),
    }


def main() -> None:
    _module.serve(SPEC, run)


if __name__ == "__main__":
    main()
