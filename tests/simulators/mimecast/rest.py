# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later
"""API 2.0's REST style: real HTTP methods, bare JSON, and errors in several forms.

Paths and answers are those that published clients use. Where these do not show an answer, it is the plainest one that
the same family of paths gives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from . import envelope
from .endpoints import page
from .envelope import Problem

GROUPS = "/directory/cloud-gateway/v1/groups"
POLICIES = "/policy-management/cloud-gateway/v1/anti-spoofing/policies"
DOMAINS = "/domain/cloud-gateway/v1/internal-domains"
CONTACT = "/account/cloud-gateway/v1/emergency-contact"
SYNC = "/directory/cloud-gateway/v1/integrations/sync-requests"

POLICIES_AT_START = 130

MEMBER_EXISTS = Problem("err_folder_group_member_already_exists", "The group member already exists")
MEMBER_UNKNOWN = Problem("err_folder_email_address_not_found", "The email address was not found in the group")


class RestError(Exception):
    """A request that a REST-style operation refuses."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self, form: str) -> web.Response:
        """The answer, in one of the forms that the service was seen to use."""
        if form == "html":
            text = f"<html><head><title>{self.status}</title></head><body><h1>{self.message}</h1></body></html>"
            return web.Response(status=self.status, text=text, content_type="text/html")
        if form == "problem":
            document = {"type": "about:blank", "title": self.code, "status": self.status, "detail": self.message}
            text = json.dumps(document)
            return web.Response(status=self.status, text=text, content_type="application/problem+json")
        bodies: Mapping[str, Any] = {
            "fail": {"fail": [{"code": self.code, "message": self.message, "retryable": False}]},
            "error": {"error": {"code": self.code, "message": self.message}},
            "detail": {"detail": self.message},
        }
        return web.json_response(bodies[form], status=self.status)


@dataclass
class Request:
    """What an operation is given. `arguments` are the variable parts of its path."""

    query: Mapping[str, str]
    body: Any
    arguments: tuple[str, ...] = ()


Operation = Callable[[Request], web.Response]


@dataclass
class Route:
    """One path of the catalogue, with a function for each method that it has."""

    pattern: str
    operations: Mapping[str, Operation]
    regex: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        self.regex = re.compile(re.sub(r"\{\w+\}", "([^/]+)", self.pattern))


class Rest:
    """The tenant's groups, policies, domains and emergency contact."""

    def __init__(self) -> None:
        self._number = POLICIES_AT_START
        self.policies = {f"policy-{number}": _policy(number) for number in range(1, POLICIES_AT_START + 1)}
        self.groups: dict[str, dict[str, Any]] = {"group-1": {"id": "group-1", "description": "Everybody"}}
        self.members: dict[str, list[str]] = {"group-1": []}
        self.domains: dict[str, dict[str, Any]] = {}
        self.contact: dict[str, Any] = {}
        self.sync_requests = 0
        self._routes = [
            Route(GROUPS, {"GET": self._list_groups, "POST": self._create_group}),
            Route(GROUPS + "/{id}", {"DELETE": self._delete_group}),
            Route(GROUPS + "/{id}/members", {"GET": self._list_members, "POST": self._add_members}),
            Route(GROUPS + "/{id}/remove-members", {"POST": self._remove_members}),
            Route(POLICIES, {"GET": self._list_policies, "POST": self._create_policy}),
            Route(
                POLICIES + "/{id}",
                {"GET": self._read_policy, "PATCH": self._change_policy, "DELETE": self._delete_policy},
            ),
            Route(DOMAINS, {"GET": self._list_domains, "POST": self._add_domain}),
            Route(CONTACT, {"GET": self._read_contact, "PUT": self._set_contact}),
            Route(SYNC, {"POST": self._sync}),
        ]

    def state(self) -> dict[str, Any]:
        return {
            "policies": len(self.policies),
            "groups": len(self.groups),
            "members": self.members,
            "domains": sorted(self.domains),
            "sync_requests": self.sync_requests,
        }

    def route(self, path: str) -> tuple[Route, tuple[str, ...]] | None:
        """The route of a path, and the variable parts of it."""
        for route in self._routes:
            match = route.regex.fullmatch(path)
            if match is not None:
                return route, match.groups()
        return None

    def _list_groups(self, request: Request) -> web.Response:
        return _paged(list(self.groups.values()), request)

    def _create_group(self, request: Request) -> web.Response:
        description = _text(request.body, "description")
        if any(group["description"] == description for group in self.groups.values()):
            raise RestError(409, "err_group_exists", f"A group {description} exists already")
        identifier = self._next("group")
        self.groups[identifier] = {"id": identifier, "description": description}
        self.members[identifier] = []
        return web.json_response({"id": identifier}, status=201)

    def _delete_group(self, request: Request) -> web.Response:
        identifier = _known(self.groups, request, "group")
        del self.groups[identifier], self.members[identifier]
        return web.Response(status=204)

    def _list_members(self, request: Request) -> web.Response:
        members = self.members[_known(self.groups, request, "group")]
        return _paged([{"emailAddress": address} for address in members], request)

    def _add_members(self, request: Request) -> web.Response:
        return self._change_members(request, MEMBER_EXISTS, present=False)

    def _remove_members(self, request: Request) -> web.Response:
        return self._change_members(request, MEMBER_UNKNOWN, present=True)

    def _change_members(self, request: Request, refusal: Problem, *, present: bool) -> web.Response:
        """Add or remove, item by item, in the envelope; `present` is what each must be before."""
        members = self.members[_known(self.groups, request, "group")]
        items = request.body.get("data") if isinstance(request.body, dict) else None
        if not isinstance(items, list) or not items:
            raise RestError(400, "err_validation_null", "data must hold at least one item")
        done, failed = [], []
        for item in items:
            address = _text(item, "emailAddress")
            if (address in members) is not present:
                failed.append((item, refusal))
                continue
            (members.remove if present else members.append)(address)
            done.append({"emailAddress": address})
        return envelope.success(envelope.Result(done, tuple(failed)), "object")

    def _list_policies(self, request: Request) -> web.Response:
        size = _page_size(request)
        start = _number(request.query.get("nextPage") or request.query.get("@nextPage") or "0")
        document: dict[str, Any] = {"definitions": list(self.policies.values())[start : start + size]}
        if start + size < len(self.policies):
            document["@nextPage"] = str(start + size)
        return web.json_response(document)

    def _create_policy(self, request: Request) -> web.Response:
        description = _text(request.body, "description")
        identifier = self._next("policy")
        self.policies[identifier] = {**request.body, "id": identifier, "description": description}
        return web.json_response({"id": identifier}, status=201)

    def _read_policy(self, request: Request) -> web.Response:
        return web.json_response(self.policies[_known(self.policies, request, "policy")])

    def _change_policy(self, request: Request) -> web.Response:
        policy = self.policies[_known(self.policies, request, "policy")]
        if not isinstance(request.body, dict):
            raise RestError(400, "err_validation_malformed", "The body must be an object")
        policy.update(request.body)
        return web.json_response(policy)

    def _delete_policy(self, request: Request) -> web.Response:
        del self.policies[_known(self.policies, request, "policy")]
        return web.Response(status=204)

    def _list_domains(self, request: Request) -> web.Response:
        return web.json_response({"data": list(self.domains.values())})

    def _add_domain(self, request: Request) -> web.Response:
        domain = _text(request.body, "domain")
        if domain in self.domains:
            raise RestError(409, "err_domain_exists", f"The domain {domain} exists already")
        self.domains[domain] = {"domain": domain, "status": "pending"}
        return web.json_response(self.domains[domain], status=202)

    def _read_contact(self, request: Request) -> web.Response:
        return web.json_response(self.contact)

    def _set_contact(self, request: Request) -> web.Response:
        self.contact = {"email": _text(request.body, "email")}
        return web.json_response(self.contact)

    def _sync(self, request: Request) -> web.Response:
        self.sync_requests += 1
        return web.Response(status=202)

    def _next(self, kind: str) -> str:
        self._number += 1
        return f"{kind}-{self._number}"


def _policy(number: int) -> dict[str, Any]:
    return {"id": f"policy-{number}", "description": f"Anti-spoofing {number}", "option": "take_no_action"}


def _paged(items: list[dict[str, Any]], request: Request) -> web.Response:
    """A list in the envelope, whose page is asked for in the query."""
    asked: dict[str, Any] = {"pageSize": _page_size(request)}
    if request.query.get("pageToken"):
        asked["pageToken"] = request.query["pageToken"]
    return envelope.success(page(items, {"pagination": asked}), "object")


def _page_size(request: Request) -> int:
    size = _number(request.query.get("pageSize", "50"))
    if not 1 <= size <= 500:
        raise RestError(400, "err_validation_range", "pageSize must be 1 to 500")
    return size


def _number(text: str) -> int:
    if not text.isdigit():
        raise RestError(400, "err_validation_malformed", f"{text} is not a number")
    return int(text)


def _text(document: Any, name: str) -> str:
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, str) or not value:
        raise RestError(400, "err_validation_blank", f"{name} must not be blank")
    return value


def _known(objects: Mapping[str, Any], request: Request, kind: str) -> str:
    identifier = request.arguments[0]
    if identifier not in objects:
        raise RestError(404, "err_not_found", f"There is no {kind} {identifier}")
    return identifier
