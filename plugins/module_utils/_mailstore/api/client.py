# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""The Management API of a MailStore SPE server ("Management API - Using the API", and version 9 with HTTP Basic).

One client is one conversation: it logs in when it first has to, takes one request at a time, logs in again where the
server has ended the session, and logs out when it is closed::

    with Client(Server("archive.example.com", "admin", password)) as client:
        stores = client.call("GetStores", instanceID="customer-1")
"""

from __future__ import annotations

import json
import re
import threading
import time
from typing import Any, Callable, Mapping, NamedTuple, TypeVar

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError
from ansible_collections.mops.maintenance.plugins.module_utils._http import (
    Answer,
    AnswerLost,
    AnswerUnusable,
    CertificateRejected,
    Endpoint,
    Http,
    NoAuth,
    NoConnection,
    RequestNotSent,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.auth import (
    BasicAuth,
    SessionAuth,
    method_of,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.functions import (
    Effect,
    Functions,
    check_name,
    effect,
    form,
)
from ansible_collections.mops.maintenance.plugins.module_utils._mailstore.api.operation import (
    CANCEL_SECONDS,
    Follower,
    Interruption,
    Process,
    ProcessUnknown,
    Status,
    Waiting,
    server_error,
)
from ansible_collections.mops.maintenance.plugins.module_utils._retry import Retry, RetryPolicy, TryAgain

SESSION_PORT = 8470
BASIC_PORT = 8474
SERVER_PORT = 8463
"""Where MailStore Server listens, which has one archive and no instances."""

RETRY_SECONDS = 120.0
"""For how long a request is retried, if nothing else is said: a restart of the service takes one or two minutes."""

_MAX_TRIES_OF_500 = 4
"""How often in a row a function may answer 500: the server is there, and the function itself fails."""

_GIVEN_UP_SECONDS = 600.0
"""For how long what was retried in vain is asked for once only."""

_FAREWELL_SECONDS = 10.0
"""For how long a logout may take."""

_NEEDS_NO_ACCESS = re.compile(r"Stores?(?![a-z])|Index(?:es)?(?![a-z])|ArchiveAdminEnabled$")
"""Functions on archive stores and search indexes work without service-provider access, and so does what tells of it."""

_LOGGED_IN = re.compile(r"\+OK\s+(\S+)\s*")
_WORDS_MAX_CHARACTERS = 300
_NO_INSTANCES = "MailStore Server, which has one archive and no instances"

T = TypeVar("T")
Self = TypeVar("Self", bound="Client")


class ServiceError(MopsError):
    """The server answered, and said no."""


class LoginRefused(ServiceError):
    """User name and password are not accepted, or not in this way."""


class ServiceFailed(ServiceError):
    """The server, or a proxy before it, has a problem of its own (5xx). It may have acted on the request."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class FunctionUnknown(ServiceError):
    """The server has no function of that name."""


class SingleTenant(FunctionUnknown):
    """The server is MailStore Server, which has one archive and no instances, and so not this function."""


class CallFailed(ServiceError):
    """A function that was called has not succeeded."""


class AccessWithheld(CallFailed):
    """The tenant withholds service-provider access to the instance that the function is about."""


class Server(NamedTuple):
    """Where a Management API is, and who speaks to it."""

    host: str
    username: str
    password: str
    port: int | None = None
    auth_method: str = "session"
    """``session`` (version 8), ``basic`` (version 9 and later), or ``auto``: the first request finds out."""
    validate_certs: bool = True
    ca_path: str | None = None
    timeout: float = 30.0
    """Seconds; see `Endpoint`."""
    retry_timeout: float = RETRY_SECONDS
    """For how many seconds a request is retried while the server does not answer, where that is safe; 0: never."""

    def __repr__(self) -> str:
        return f"Server({self.host!r}, {self.username!r})"

    def endpoint(self) -> Endpoint:
        """Raises `InvalidOption` where the host is not one."""
        if "://" in self.host:
            raise InvalidOption(f"host must be a name or an address alone, without the scheme of {self.host!r}.")
        if re.fullmatch(r"[^:]+:\d+", self.host):
            raise InvalidOption(f"host must be a name or an address alone: give the port of {self.host!r} in port.")
        if not re.fullmatch(r"[^\s/?#@\[\]]+|\[[0-9A-Fa-f:.%]+\]", self.host):
            raise InvalidOption(f"host must be the name or the address of a server, not {self.host!r}.")
        if not 0 <= self.retry_timeout < float("inf"):
            raise InvalidOption(
                f"retry_timeout must be a number of seconds, or 0 to retry nothing, not {self.retry_timeout}."
            )
        host = f"[{self.host}]" if ":" in self.host and not self.host.startswith("[") else self.host
        port = self.port if self.port is not None else (SESSION_PORT if self.auth_method == "session" else BASIC_PORT)
        if not 0 < port < 65536:
            raise InvalidOption(f"port must be 1 to 65535, not {port}.")
        return Endpoint(f"https://{host}:{port}", self.validate_certs, self.ca_path, self.timeout)


class Found:
    """How servers want to be spoken to, for those that were asked: they are asked once in the life of this process."""

    def __init__(self) -> None:
        self._servers: dict[Server, Server] = {}
        self._lock = threading.Lock()

    def get(self, given: Server, find_out: Callable[[], Server] | None = None) -> Server:
        """What was found for ``given``, with ``find_out`` by whoever needs it first; else ``given`` itself."""
        if given.auth_method != "auto":
            return given
        with self._lock:
            if given not in self._servers and find_out is not None:
                self._servers[given] = find_out()
            return self._servers.get(given, given)

    def forget(self, given: Server) -> None:
        with self._lock:
            self._servers.pop(given, None)


FOUND = Found()


class GivenUp:
    """What the clients of one task have retried in vain. For a while, whoever needs the same asks for it once.

    Else a server that is down, or a function that fails, would cost `Server.retry_timeout` for each instance.
    """

    _SERVER = ""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def add(self, path: str, error: MopsError) -> None:
        what = self._SERVER if isinstance(error, RequestNotSent) else path
        self._until[what] = self._clock() + _GIVEN_UP_SECONDS

    def answered(self) -> None:
        """The server is there."""
        self._until.pop(self._SERVER, None)

    def __contains__(self, path: str) -> bool:
        return self._clock() < max(self._until.get(what, float("-inf")) for what in (self._SERVER, path))


class Client:
    """One conversation with the Management API. Not safe for several threads at once: give each thread its own."""

    def __init__(
        self,
        server: Server,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        interruption: Interruption | None = None,
        given_up: GivenUp | None = None,
        on_wait: Callable[[float, MopsError], None] | None = None,
    ) -> None:
        """``sleep`` may raise, to end a wait between two tries; ``on_wait`` is told before: its seconds, and why.

        ``interruption`` ends a `call` that takes long: its process is cancelled. ``given_up`` is shared with the other
        clients of the same task.
        """
        self._given = server
        self._begin_with(FOUND.get(server))
        self._version_8 = False
        """Whether there has been JSON in a session: what else gives one has none."""
        self._worked = False
        """Whether the server has given an answer to work with."""
        self._withheld: dict[str, bool] = {}
        """Whether an instance withholds service-provider access, for those that were asked."""
        self._clock = clock
        self._sleep = sleep
        self._interruption = interruption or threading.Event()
        self._given_up = given_up or GivenUp(clock)
        self.on_wait = on_wait

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Log out where there is a session, and close the connection. Never raises: there is nobody to act on it."""
        self._log_out()
        self._http.close()

    def call(self, function: str, **arguments: Any) -> Any:
        """The result of a function, followed to its end where it takes long. None is a left-out argument.

        Raises `CallFailed` with the server's words where it does not succeed, and `MopsError` for all else.
        """
        status = self.invoke(function, form(arguments), repeatable=effect(function, arguments) is Effect.READS)
        process = Process(status)
        outcome = Follower(self, Waiting(), self._interruption, clock=self._clock, sleep=self._sleep).follow(process)
        if outcome.error is not None:
            raise outcome.error
        if not process.status.succeeded:
            failed = AccessWithheld if process.status.withheld else CallFailed
            raise failed(f"{function} on {self._server.host}: {process.failure()}")
        return process.status.result

    def log_in(self) -> None:
        """Begin a session where there is none; with HTTP Basic there is nothing to do. Raises `LoginRefused`."""

        def attempt() -> None:
            try:
                self._have_session()
            except MopsError as error:
                raise self._judged(error, repeatable=True) from None

        self._retry(self._server.retry_timeout).call(attempt)

    def functions(self) -> Functions | None:
        """The functions that this server has, or None where it does not tell."""

        def read(reply: _Reply) -> Functions | None:
            return None if reply.status == 404 else Functions.from_metadata(reply.checked())

        return self._ask("/api/get-metadata", {}, read)

    def invoke(self, function: str, arguments: Mapping[str, str], *, repeatable: bool) -> Status:
        """Start a function. ``arguments`` are as they go over the wire (see `functions.form`).

        ``repeatable`` says that it may be asked again where its answer was lost. An error of the function itself is
        in the status, and where service-provider access is missing, that is said there; raises `ServiceError` and
        `HttpError` where there is no status.
        """
        check_name(function)

        def read(reply: _Reply) -> Status:
            if reply.status == 404:
                raise FunctionUnknown(
                    f"{reply.where}: the server does not know {function} (404){reply.words()}. Is the name spelled as "
                    "in its list of functions, and is this the Management API's port?"
                )
            return Status.from_envelope(reply.checked(), reply.where)

        try:
            status = self._ask(f"/api/invoke/{function}", arguments, read, repeatable=repeatable)
        except FunctionUnknown as error:
            if not self._is_mailstore_server():
                raise
            raise SingleTenant(f"{error} {self._server.host} is {_NO_INSTANCES}.") from None
        instance = arguments.get("instanceID")
        if instance and status.error and "instanceID" in str(status.error) and self._is_mailstore_server():
            raise InvalidOption(f"{function}: {self._server.host} is {_NO_INSTANCES}: leave out instance.")
        if status.running or status.succeeded or not instance or _NEEDS_NO_ACCESS.search(function):
            return status
        if not self._withholds(instance):
            return status
        return status._replace(
            withheld=f"{instance} withholds service-provider access (GetArchiveAdminEnabled is false): enable it, for "
            "example with archive_admin_enabled of mops.maintenance.mailstore_instance, or leave the instance out."
        )

    def check_single(self) -> None:
        """Raise `InvalidOption` where the server has instances, so that one of them has to be named."""
        self.log_in()  # it may not be known yet how
        if not self._is_mailstore_server():
            raise InvalidOption(
                f"instance must be given: {self._server.host} is MailStore SPE. Only MailStore Server has no instances."
            )

    def _is_mailstore_server(self) -> bool:
        """By the server's own list of functions."""
        if not isinstance(self._auth, BasicAuth):
            return False
        functions = self.functions()
        return functions is not None and "GetServerInfo" in functions and "GetInstances" not in functions

    def _withholds(self, instance: str) -> bool:
        """Whether an instance is known to withhold service-provider access. The server is asked once for each."""
        if instance not in self._withheld:
            try:
                self._withheld[instance] = self.call("GetArchiveAdminEnabled", instanceID=instance) is False
            except MopsError:
                self._withheld[instance] = False  # it does not tell, and the failure itself is reported
        return self._withheld[instance]

    def status(self, token: str, version: int, hold: int, *, patience: float | None = None) -> Status:
        """What is new of a process since ``version``; the server waits for it for up to ``hold`` milliseconds.

        A server that does not answer properly is asked again for ``patience`` seconds, if not for as long as
        everything else is. Raises `ProcessUnknown`.
        """

        def read(reply: _Reply) -> Status:
            return Status.from_envelope(reply.of_process(), reply.where)

        arguments = {"token": token, "lastKnownStatusVersion": str(version), "millisecondsTimeout": str(hold)}
        read_timeout = hold / 1000 + self._server.timeout
        return self._ask("/api/get-status", arguments, read, patience=patience, read_timeout=read_timeout)

    def cancel(self, token: str) -> None:
        """Ask the server to cancel a process, which ends a little later. Raises `ProcessUnknown`."""
        patience = min(self._server.retry_timeout, CANCEL_SECONDS)
        self._ask("/api/cancel-async", {"token": token}, _Reply.of_process, patience=patience)

    def _ask(
        self,
        path: str,
        arguments: Mapping[str, str],
        read: Callable[[_Reply], T],
        *,
        patience: float | None = None,
        repeatable: bool = True,
        read_timeout: float | None = None,
    ) -> T:
        """Send a request within a session, and return what ``read`` makes of the reply.

        With ``patience`` it is retried for so many seconds, whatever others have given up.
        """
        failures = 0
        """How often in a row the server answered 500."""

        def judged(error: MopsError, repeatable: bool = repeatable) -> Exception:
            nonlocal failures
            failures = failures + 1 if isinstance(error, ServiceFailed) and error.status == 500 else 0
            if patience is None and (failures >= _MAX_TRIES_OF_500 or path in self._given_up):
                return error
            return self._judged(error, repeatable)

        def send() -> _Reply:
            try:
                self._have_session()
            except MopsError as error:
                raise judged(error, repeatable=True) from None
            try:
                return self._post(path, arguments, self._auth, read_timeout)
            except MopsError as error:
                raise judged(error) from None

        def attempt() -> T:
            reply = send()
            if reply.status in (302, 401, 403) and isinstance(self._auth, SessionAuth):
                # The session is gone, and the server has not acted on the request. Where it was not the server that
                # said so, but a gateway, there still is a session.
                self._log_out()
                reply = send()
            if reply.status in (403, 404) and isinstance(self._auth, SessionAuth) and not self._is_version_8():
                raise reply.not_version_8()
            try:
                result = read(reply)
            except MopsError as error:
                raise judged(error) from None
            self._worked = True
            return result

        try:
            return self._retry(self._server.retry_timeout if patience is None else patience).call(attempt)
        except (RequestNotSent, AnswerLost, AnswerUnusable, ServiceFailed) as error:
            if repeatable or isinstance(error, RequestNotSent):
                self._given_up.add(path, error)
            raise

    def _retry(self, seconds: float) -> Retry:
        # What bounds the tries is the time.
        policy = RetryPolicy(retries=1000 if seconds else 0, timeout=seconds, longest=15.0)
        return Retry(policy, clock=self._clock, sleep=self._sleep, on_wait=self.on_wait)

    def _post(
        self, path: str, arguments: Mapping[str, str], auth: BasicAuth | SessionAuth, read_timeout: float | None = None
    ) -> _Reply:
        answer = self._http.post(path, auth=auth, data=arguments, read_timeout=read_timeout)
        self._given_up.answered()
        reply = _Reply(answer, self._server)
        self._version_8 = self._version_8 or reply.document is not None
        auth.learn(answer, reply.session_token)
        return reply

    @property
    def server(self) -> Server:
        """The server, with what is known by now of how it is spoken to."""
        return self._server

    def _begin_with(self, server: Server) -> None:
        self._server = server
        self._http = Http(server.endpoint())
        is_basic = server.auth_method == "basic"
        self._auth: BasicAuth | SessionAuth = BasicAuth(server.username, server.password) if is_basic else SessionAuth()

    def _have_session(self) -> None:
        if self._server.auth_method == "auto":
            found = FOUND.get(self._given, self._find_out)
            self._http.close()
            self._begin_with(found)
        if not self._auth.ready:
            try:
                self._auth = self._new_session()
            except MopsError as error:
                if self._given.auth_method != "auto":
                    raise
                # What was found holds no longer: the server restarts, perhaps as a newer version.
                FOUND.forget(self._given)
                self._begin_with(self._given)
                if not isinstance(error, NoConnection) or self._given.port is not None:
                    raise
                raise NoConnection(
                    f"{error} Nor is there one on port {BASIC_PORT}, where version 9 and later listen. MailStore "
                    f"Server listens on {SERVER_PORT}: set port."
                ) from None

    def _find_out(self) -> Server:
        """How the server wants to be spoken to, by one request. Without a port, a current server's port is tried."""
        try:
            answer = self._http.post("/api/get-metadata", auth=NoAuth(), data={})
        except NoConnection:
            if self._given.port is not None:
                raise
            return self._given._replace(auth_method="session", port=SESSION_PORT)
        if answer.status >= 500:
            _Reply(answer, self._given).checked()
        return self._given._replace(auth_method=method_of(answer), port=self._given.port or BASIC_PORT)

    def _new_session(self) -> SessionAuth:
        auth = SessionAuth()
        reply = self._post("/login", {"u": self._server.username, "p": self._server.password}, auth)
        if not auth.ready:
            raise reply.login_refused()
        self._worked = True
        return auth

    def _is_version_8(self) -> bool:
        """Whether a login led to version 8, and not to a web console, by something that version 8 has for sure."""
        if not self._version_8:
            self._post("/api/invoke/GetEnvironmentInfo", {}, self._auth)
        return self._version_8

    def _log_out(self) -> None:
        """End the session, if there is one. What goes wrong with that is not worth a word."""
        if not isinstance(self._auth, SessionAuth):
            return
        if self._auth.ready:
            try:
                self._http.post("/logout", auth=self._auth, read_timeout=_FAREWELL_SECONDS)
            except MopsError:
                pass
        self._auth = SessionAuth()

    def _judged(self, error: MopsError, repeatable: bool) -> Exception:
        """The error itself, or `TryAgain` with it where a retry is safe and may help.

        A service that restarts takes no connection, breaks it, or has a proxy answer in its place. What is wrong in
        any other way and has never worked, such as a name that cannot be resolved, is more likely wrong than broken.
        """
        if isinstance(error, CertificateRejected):
            return error
        if isinstance(error, RequestNotSent):
            return TryAgain(error) if self._worked or isinstance(error, NoConnection) else error
        if repeatable and isinstance(error, AnswerUnusable):
            return TryAgain(error) if self._worked else error
        if repeatable and isinstance(error, (AnswerLost, ServiceFailed)):
            return TryAgain(error)
        return error


class _Reply:
    """An answer of the Management API, and what it means."""

    def __init__(self, answer: Answer, server: Server) -> None:
        self._server = server
        self._location = answer.headers.get("Location", "").split("?")[0]
        self._text = answer.text().strip()
        self._challenge = answer.headers.get("WWW-Authenticate", "")
        self.status = answer.status
        self.where = f"POST {answer.url}"
        self.document: Any = None
        if self._text[:1] in ("{", "["):
            try:
                self.document = json.loads(self._text)
            except ValueError:
                pass

    @property
    def session_token(self) -> str | None:
        """The anti-XSRF token for the next request: in a login's ``+OK`` line, or in the envelope."""
        logged_in = _LOGGED_IN.fullmatch(self._text)
        if logged_in and self.status == 200:
            return logged_in.group(1)
        token = self.document.get("antiXsrfToken") if isinstance(self.document, dict) else None
        return token if isinstance(token, str) else None

    def checked(self) -> Any:
        """The JSON document. Raises what the answer means where there is none to work with."""
        if self.status >= 500:
            raise ServiceFailed(f"{self.where}: the server failed ({self.status}){self.words()}.", self.status)
        if self.status == 401:
            raise LoginRefused(
                f"{self.where}: the server refused {self._server.username!r} (401){self.words()}. Are user name and "
                "password right? Where multi-factor authentication is on for an administrator, the API wants an API "
                "password instead of the account's."
            )
        if self.status == 411:
            raise ServiceError(
                f"{self.where}: the server misses the request's Content-Length (411), which was sent: "
                "something between here and the server, perhaps a proxy, takes it away."
            )
        if 300 <= self.status < 400:
            raise ServiceError(
                f"{self.where}: the server redirects to {self._location!r} ({self.status}), as it does with those "
                "who have no session. Is this the Management API's port, and does auth_method fit it?"
            )
        if self.status != 200:
            raise ServiceError(f"{self.where}: the server refused the request ({self.status}){self.words()}.")
        if self.document is None:
            raise AnswerUnusable(f"{self.where}: the answer is not the Management API's JSON{self.words()}.")
        return self.document

    def of_process(self) -> Any:
        """`checked`, of a request that names a process. Raises `ProcessUnknown`."""
        if self.status == 404:
            raise ProcessUnknown(
                f"{self.where}: the server does not know the process (404){self.words()}. A token is good while the "
                "server remembers its process, and not beyond a restart of the server."
            )
        return self.checked()

    def login_refused(self) -> MopsError:
        """What a login means that brought no session."""
        is_console = self._text.startswith("<") and self.status < 400
        if self.status == 404 or 300 <= self.status < 400 or is_console or "basic" in self._challenge.lower():
            return self.not_version_8()
        if self.status >= 500 or self.status == 411:
            try:
                self.checked()
            except MopsError as error:
                return error
        if self.session_token:
            return AnswerUnusable(f"{self.where}: the server accepted the login, but set no cookie for the session.")
        return LoginRefused(
            f"{self.where}: the server refused the login of {self._server.username!r} ({self.status}){self.words()}. "
            "Are user name and password right, and is this the Management API's port?"
        )

    def not_version_8(self) -> MopsError:
        """Of a server that has a web console where version 8 has its API."""
        return LoginRefused(
            f"{self.where}: this is not the session login of version 8, or leads to no Management API ({self.status})"
            f"{self.words()}. A current server wants auth_method: basic on port {BASIC_PORT}."
        )

    def words(self) -> str:
        """The service's own words, to follow a sentence: the envelope's error, an HTML page's title, a plain text."""
        if isinstance(self.document, dict):
            words = str(server_error(self.document.get("error")) or "")
        elif self._text.startswith("<"):
            title = re.search(r"<(?:title|h1)\b[^>]*>([^<]*)</", self._text, re.IGNORECASE)
            words = title.group(1) if title else ""
        else:
            # What begins like JSON or a login is damaged, and could hold a token.
            words = "" if self._text.startswith(("{", "[", "+OK")) else self._text
        words = " ".join(words.split())[:_WORDS_MAX_CHARACTERS].rstrip(".")
        return f": {words}" if words and words != str(self.status) else ""
