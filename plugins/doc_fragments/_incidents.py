# Copyright (c) 2026 the contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection. It can have breaking changes at any
# time.

from __future__ import annotations


class ModuleDocFragment:
    """The options that the modules for incidents and for alerts have in common."""

    DOCUMENTATION = r"""
options: {}
"""

    FILTERS = r"""
options:
  severity:
    description:
      - Limits the list to these severities.
    type: list
    elements: str
    choices: [unknown, informational, low, medium, high]
  classification:
    description:
      - Limits the list to these classifications.
    type: list
    elements: str
    choices: [unknown, false_positive, true_positive, informational_expected_activity]
  determination:
    description:
      - Limits the list to these determinations.
    type: list
    elements: str
    choices:
      - unknown
      - apt
      - malware
      - security_personnel
      - security_testing
      - unwanted_software
      - other
      - multi_staged_attack
      - compromised_account
      - phishing
      - malicious_user_activity
      - not_malicious
      - not_enough_data_to_validate
      - confirmed_activity
      - line_of_business_application
  assigned_to:
    description:
      - Limits the list to what is assigned to one of these users. An empty string means unassigned.
    type: list
    elements: str
  created_since:
    description:
      - Limits the list to what was created at or after this time. It is RFC 3339 with an offset,
        or an age such as V(90m), V(24h), V(7d).
    type: str
  created_before:
    description:
      - Limits the list to what was created before this time.
    type: str
  updated_since:
    description:
      - Limits the list to what was last updated at or after this time.
    type: str
  updated_before:
    description:
      - Limits the list to what was last updated before this time.
    type: str
"""

    CHANGES = r"""
options:
  assigned_to:
    description:
      - User to assign it to, as an email address or name. An empty string removes the
        assignment. Upper and lower case are treated as equal.
    type: str
  classification:
    description:
      - Verdict.
    type: str
    choices: [unknown, false_positive, true_positive, informational_expected_activity]
  determination:
    description:
      - Reason for the verdict. It must belong to O(classification), or to the classification that
        is already set.
      - For V(true_positive) it is V(multi_staged_attack), V(malicious_user_activity),
        V(compromised_account), V(malware), V(phishing), V(unwanted_software) or V(other).
      - For V(informational_expected_activity) it is V(security_testing),
        V(line_of_business_application), V(confirmed_activity) or V(other).
      - For V(false_positive) it is V(not_malicious), V(not_enough_data_to_validate) or V(other).
      - Any other word is sent to the service, which decides.
    type: str
  comment:
    description:
      - Comment to add. It is not added again if there already is a comment with exactly this
        text.
    type: str
"""
