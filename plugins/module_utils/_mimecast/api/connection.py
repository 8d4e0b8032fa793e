# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""From options to a client: the same for modules and for the lookup."""

from __future__ import annotations

from typing import Any, Mapping
from urllib.parse import urlsplit

from ansible_collections.mops.maintenance.plugins.module_utils import _http, _retry
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api import auth, bearer, regions
from ansible_collections.mops.maintenance.plugins.module_utils._mimecast.api.client import MimecastClient
from ansible_collections.mops.maintenance.plugins.module_utils._text import check_text

CREDENTIALS = {"hmac": ("access_key", "secret_key", "app_id", "app_key"), "oauth2": ("client_id", "client_secret")}
"""The options that each ``auth_method`` needs."""


def connect(options: Mapping[str, Any]) -> MimecastClient:
    """A client for these options, named as the modules' are. Nothing is sent yet.

    An empty string is an option that was not given. Raises `InvalidOption` for what cannot work.
    """
    given = {name: value for name, value in options.items() if value not in (None, "")}
    auth_method = given["auth_method"]
    check_text(given, ("base_url", *CREDENTIALS[auth_method]), "MIMECAST")
    endpoint = _http.Endpoint(
        _base_url(given),
        validate_certs=given["validate_certs"],
        ca_path=given.get("ca_path"),
        timeout=given["timeout"],
    )
    _check_retries(given)
    _check_complete(given, CREDENTIALS[auth_method], auth_method)
    http = _http.Http(endpoint)
    signer = _hmac_auth(given) if auth_method == "hmac" else _oauth2_auth(given, http)
    policy = _retry.RetryPolicy(retries=given["retries"], timeout=given["retry_timeout"])
    return MimecastClient(http, signer, _retry.Retry(policy))


def _hmac_auth(given: Mapping[str, Any]) -> auth.MimecastAuth:
    return auth.HmacAuth(auth.Keys(*(given[name] for name in CREDENTIALS["hmac"])))


def _oauth2_auth(given: Mapping[str, Any], http: _http.Http) -> auth.MimecastAuth:
    auth.check_printable("client_id", given["client_id"])
    return auth.OAuth2Auth(lambda: bearer.fetch_bearer_token(http, given["client_id"], given["client_secret"]))


def _base_url(given: Mapping[str, Any]) -> str:
    base_url, region = given.get("base_url"), given.get("region")
    if base_url is None:
        return regions.signed_base_url(region) if given["auth_method"] == "hmac" else regions.bearer_base_url(region)
    if region is not None:
        raise InvalidOption("Both base_url and region are given, perhaps one of them by the environment: give one.")
    shown = _http.without_query(base_url)
    if base_url.startswith("http://"):
        raise InvalidOption(
            f"The address {shown} is not encrypted: keys and tokens would travel readable. It must begin with https://."
        )
    if _has_path(base_url):
        raise InvalidOption(
            f"The address {shown} must end after the host, as in https://eu-api.mimecast.com: paths are signed, and "
            "the module adds them itself."
        )
    return base_url.rstrip("/")


def _has_path(base_url: str) -> bool:
    try:
        return urlsplit(base_url).path.strip("/") != "" and base_url.startswith("https://")
    except ValueError:
        return False  # no URL at all, which the endpoint's own check says better


def _check_retries(given: Mapping[str, Any]) -> None:
    for name in ("retries", "retry_timeout"):
        if not 0 <= given[name] < float("inf"):
            raise InvalidOption(f"{name} must be a number from 0 on, not {given[name]}.")


def _check_complete(given: Mapping[str, Any], needed: tuple[str, ...], auth_method: str) -> None:
    missing = [name for name in needed if name not in given]
    if missing:
        variables = ", ".join(f"MIMECAST_{name.upper()}" for name in missing)
        raise InvalidOption(
            f"auth_method {auth_method} needs {', '.join(missing)}: give them as options, or in the environment of the "
            f"host that runs this as {variables}."
        )
