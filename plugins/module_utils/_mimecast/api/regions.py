# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""Where the service is: base URLs by region, for both generations of the API."""

from __future__ import annotations

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption

API_1_BASE_URLS = {
    region: f"https://{region}-api.mimecast.com" for region in ("au", "ca", "de", "eu", "jer", "us", "usb", "za")
}
"""API 1.0, whose requests are signed."""

API_2_BASE_URLS = {region: f"https://{region}-api.services.mimecast.com" for region in ("uk", "us")}
"""API 2.0, whose requests carry a bearer token."""

API_2_GLOBAL_BASE_URL = "https://api.services.mimecast.com"
"""API 2.0 for accounts of every region."""

REGIONS = sorted({*API_1_BASE_URLS, *API_2_BASE_URLS})


def signed_base_url(region: str | None) -> str:
    """The base URL for ``auth_method: hmac``. Raises `InvalidOption` where the region has none."""
    if region is None:
        raise InvalidOption("Name the region of the account in region, or the address of its API in base_url.")
    if region not in API_1_BASE_URLS:
        raise InvalidOption(
            f"There is no region {region!r} with auth_method hmac; the regions are {', '.join(API_1_BASE_URLS)}. "
            "Any other address goes into base_url."
        )
    return API_1_BASE_URLS[region]


def bearer_base_url(region: str | None) -> str:
    """The base URL for ``auth_method: oauth2``. Raises `InvalidOption` where the region has none."""
    if region is None:
        return API_2_GLOBAL_BASE_URL
    if region not in API_2_BASE_URLS:
        raise InvalidOption(
            f"There is no region {region!r} with auth_method oauth2; the regions are {', '.join(API_2_BASE_URLS)}. "
            f"Without region, {API_2_GLOBAL_BASE_URL} is used, which serves every account."
        )
    return API_2_BASE_URLS[region]
