# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Management API that answers by a script and minds the chain of its sessions, without a socket."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import requests
from ansible_collections.mops.maintenance.plugins.module_utils._http import Answer
from requests.structures import CaseInsensitiveDict

BOM = b"\xef\xbb\xbf"


def envelope(**values):
    """The JSON of an answer; what is not named is as in the documentation's examples."""
    return {
        "error": None,
        "token": None,
        "statusVersion": 2,
        "statusCode": "succeeded",
        "percentProgress": None,
        "statusText": None,
        "result": None,
        "logOutput": None,
        **values,
    }


def running(version, **values):
    return envelope(statusVersion=version, statusCode="running", **values)


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class ScriptedServer:
    """Answers the n-th call of `/api/` with the n-th step; logins and logouts are answered by themselves.

    A step is a dict (an envelope), an exception to raise, a tuple (status, body[, headers]), or a function of the
    form's values that returns one of these. After a 403 or 404, whether there is an API of version 8 at all is answered
    by itself, too, unless it is a ``console``.
    """

    def __init__(self, clock):
        self.clock = clock
        self.steps = []
        self.calls = []
        self.open = {}
        self.logins = self.logouts = self.links = 0
        self.login_step = None
        self.unproven_step = None
        self.console = False
        self._refused = False
        self.sessions = True

    def script(self, *steps):
        self.steps += steps

    def expire(self):
        self.open.clear()

    def post(self, path, *, auth, data=None, read_timeout=None):
        headers = requests.Request("POST", f"https://host{path}", data=data, auth=auth).prepare().headers
        form = {name: values[0] for name, values in parse_qs("&".join(_form(data)), keep_blank_values=True).items()}
        if path == "/login":
            return self._log_in(form)
        if not self.sessions:
            self.calls.append((path, form))
            return self._step(form)
        link = (headers.get("Cookie"), headers.get("X-AntiXsrfToken"))
        if link == (None, None) and self.unproven_step is not None:
            return self._perform(self.unproven_step, path, form)
        if link not in self.open:
            return _answer(path, 302, b"", {"Location": "/web/login.html", "Set-Cookie": "MSWEB_MGM_AUTH=;path=/"})
        if path == "/logout":
            del self.open[link]
            self.logouts += 1
            return _answer(path, 302, b"", {"Location": "/web/login.html"})
        if path == "/api/invoke/GetEnvironmentInfo" and self._refused and not self.console:
            del self.open[link]
            return self._linked(path, self._perform(envelope(), path, form))
        self.calls.append((path, form))
        answer = self._step(form)
        self._refused = answer.status in (403, 404)
        if link in self.open and answer.text().startswith("{") and answer.text().endswith("}"):
            del self.open[link]
            return self._linked(path, answer)
        return answer

    def _log_in(self, form):
        if self.login_step is not None:
            return self._perform(self.login_step, "/login", form)
        assert form == {"u": "admin", "p": "päss&=%"}
        self.logins += 1
        cookie, token = self._next_link()
        return _answer("/login", 200, f"+OK {token}".encode(), {"Set-Cookie": f"{cookie};path=/;secure;HttpOnly"})

    def _linked(self, path, answer):
        cookie, token = self._next_link()
        document = {**json.loads(answer.text()), "antiXsrfToken": token}
        return _answer(path, answer.status, BOM + json.dumps(document).encode(), {"Set-Cookie": f"{cookie};path=/"})

    def _next_link(self):
        self.links += 1
        cookie, token = f"MSWEB_MGM_AUTH=c%2b{self.links}", f"t+{self.links}"
        self.open[cookie, token] = True
        return cookie, token

    def _step(self, form):
        assert self.steps, f"a call that was not expected: {self.calls[-1]}"
        return self._perform(self.steps.pop(0), self.calls[-1][0], form)

    def _perform(self, step, path, form):
        if callable(step) and not isinstance(step, type):
            step = step(form)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, (dict, list)):
            return _answer(path, 200, BOM + json.dumps(step).encode(), {"Content-Type": "application/json"})
        return _answer(path, *step)

    def close(self):
        pass


def _form(data):
    prepared = requests.Request("POST", "https://host/", data=data).prepare()
    return [prepared.body] if prepared.body else []


def _answer(path, status, body, headers=None):
    return Answer(status, CaseInsensitiveDict(headers or {}), body, f"https://host:8470{path}")
