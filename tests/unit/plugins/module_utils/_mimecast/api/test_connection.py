# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.connection import connect

OPTIONS = {
    "base_url": None,
    "region": "eu",
    "auth_method": "hmac",
    "access_key": "access",
    "secret_key": "c2VjcmV0",
    "app_id": "app-id",
    "app_key": "app-key",
    "client_id": None,
    "client_secret": None,
    "validate_certs": True,
    "ca_path": None,
    "timeout": 30.0,
    "retries": 5,
    "retry_timeout": 300.0,
}
OAUTH2 = {"auth_method": "oauth2", "region": None, "client_id": "id", "client_secret": "secret"}


def base_url(**options):
    with connect({**OPTIONS, **options}) as client:
        return client._http.endpoint.base_url


@pytest.mark.parametrize("region", ["au", "ca", "de", "eu", "jer", "us", "usb", "za"])
def test_every_region_of_api_1_has_its_address(region):
    assert base_url(region=region) == f"https://{region}-api.mimecast.com"


@pytest.mark.parametrize(("region", "host"), [(None, "api"), ("", "api"), ("uk", "uk-api"), ("us", "us-api")], ids=str)
def test_every_region_of_api_2_has_its_address(region, host):
    assert base_url(**{**OAUTH2, "region": region}) == f"https://{host}.services.mimecast.com"


@pytest.mark.parametrize("region", [None, ""])
def test_an_address_takes_the_place_of_a_region(region):
    assert base_url(base_url="https://localhost:8443/", region=region) == "https://localhost:8443"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"region": None}, "Name the region"),
        ({"region": "uk"}, "no region 'uk' with auth_method hmac"),
        ({**OAUTH2, "region": "eu"}, "no region 'eu' with auth_method oauth2"),
        ({"base_url": "https://eu-api.mimecast.com"}, "Both base_url and region"),
        ({"region": None, "base_url": "http://eu-api.mimecast.com"}, "not encrypted"),
        ({"region": None, "base_url": "https://eu-api.mimecast.com/api"}, "must end after the host"),
        ({"region": None, "base_url": "eu-api.mimecast.com"}, "is not a URL"),
        ({"region": None, "base_url": "https://[eu"}, "is not a URL"),
        ({"access_key": None, "app_key": ""}, "needs access_key, app_key: .* MIMECAST_ACCESS_KEY, MIMECAST_APP_KEY"),
        ({**OAUTH2, "client_secret": None}, "auth_method oauth2 needs client_secret"),
        ({**OAUTH2, "client_id": "a\nb"}, "client_id holds"),
        ({"secret_key": "***"}, "secret_key is not valid base64"),
        ({"retries": -1}, "retries must be"),
        ({"retry_timeout": float("nan")}, "retry_timeout must be"),
        ({"timeout": 0.0}, "timeout must be"),
        ({"ca_path": "/does/not/exist"}, "CA file /does/not/exist cannot be read"),
    ],
)
def test_what_cannot_work_is_said_in_one_sentence(options, message):
    with pytest.raises(InvalidOption, match=message):
        connect({**OPTIONS, **options})
