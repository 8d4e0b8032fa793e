# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

# This module_util is PRIVATE to the collection: it may change without notice.

"""HTTPS for every client: one way to send a request, one small tree of what can go wrong with it.

A client learns from the exception's class whether the service can have seen the request, because that alone
decides whether it may be repeated:

- `RequestNotSent`: no connection came about. The service knows nothing of it.
- `AnswerLost`: the connection broke, or the time was up. The service may have acted on the request.
- `AnswerUnusable`: the service answered, but not with anything that can be worked with.

Messages name the method, the host and the path. They never hold a query string, a header, a cookie or a body.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
import traceback
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional, Protocol, Sequence
from urllib.parse import urlsplit

from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption, MopsError

REQUESTS_IMPORT_ERROR: str | None = None
try:
    import requests
    from requests.auth import AuthBase
    from urllib3.exceptions import (
        ConnectTimeoutError,
        MaxRetryError,
        NewConnectionError,
        ProxyError,
    )
except ImportError:
    REQUESTS_IMPORT_ERROR = traceback.format_exc()
    AuthBase = object  # type: ignore[misc, assignment]

ANSWER_MAX_BYTES = 64 * 1024 * 1024
"""The largest answer that is read, in bytes after decompression."""

ANSWER_MAX_SECONDS = 900.0
"""The longest time that the body of one answer may take to arrive, in seconds."""

_SYSTEM_STORES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Red Hat
    "/etc/ssl/ca-bundle.pem",  # SUSE
)
"""Where a system has its store, if OpenSSL does not say."""

_CHUNK_BYTES = 64 * 1024

_ADVICE_ON_ADDRESSES = "Is the address right, and may this host connect to it?"


class HttpError(MopsError):
    """A request that got no usable answer."""


class RequestNotSent(HttpError):
    """No connection to the service came about: it cannot have seen the request."""


class NoConnection(RequestNotSent):
    """Nobody takes the connection: a service that restarts, or a host that is down or cannot be reached."""


class CertificateRejected(RequestNotSent):
    """The service's certificate does not verify."""


class AnswerLost(HttpError):
    """The connection broke before the answer was complete: the service may have acted on the request."""


class AnswerUnusable(HttpError):
    """The service answered, but the answer is too large or not what the protocol says."""


class NoAuth(AuthBase):
    """Sends a request as it is. Without an auth object, requests would look into the user's ``.netrc``."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class Answer(NamedTuple):  # not a dataclass: making one takes a module's start ten times as long
    """What a service answered, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """Case-insensitive."""
    body: bytes
    url: str
    """Where the request went, without its query string."""
    method: str = "POST"

    def text(self) -> str:
        """The body as text: UTF-8 without its byte order mark, unreadable bytes replaced."""
        return self.body.decode("utf-8-sig", "replace")


class Sink(Protocol):
    """Takes the body of an answer, part by part, instead of the memory."""

    max_bytes: int
    """The largest body that it takes, after decompression."""

    def write(self, part: bytes) -> None:
        """Raises `MopsError` where it cannot take the part."""


Save = Callable[[int, Mapping[str, str]], Optional[Sink]]
"""Decides by status and headers whether the body of an answer goes to a sink, or is read as usual (None)."""


class Endpoint(NamedTuple):
    """Where a service is and how it is to be trusted."""

    base_url: str
    """Scheme, host, port and perhaps a path, without a slash at its end."""
    validate_certs: bool = True
    ca_path: str | None = None
    """A file of CA certificates in PEM; without it, see `trusted_by_system`."""
    timeout: float = 30.0
    """Seconds to wait for a connection, and again for each part of the answer."""

    def check(self) -> None:
        """Raise `InvalidOption` for whatever can be seen to be wrong before a connection is tried."""
        try:
            parts = urlsplit(self.base_url)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            valid = False
        if not valid:
            raise InvalidOption(
                f"The address {without_query(self.base_url)!r} is not a URL that begins with https:// and names a host."
            )
        if parts.username or parts.password or parts.query or parts.fragment:
            raise InvalidOption("The service's address must hold no user name, password, query or fragment.")
        if not 0 < self.timeout < float("inf"):
            raise InvalidOption(f"timeout must be a number of seconds above 0, not {self.timeout}.")
        if self.validate_certs and self.ca_path is not None:
            _check_ca_file(self.ca_path)


class Http:
    """A connection to one service. Every status is an answer; a redirect is never followed.

    Not safe for several threads at once: give each thread its own.
    """

    def __init__(self, endpoint: Endpoint, *, max_bytes: int = ANSWER_MAX_BYTES) -> None:
        endpoint.check()
        self.endpoint = endpoint
        self._max_bytes = max_bytes
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "mops.maintenance"

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def post(self, path: str, *, auth: AuthBase, **options: Any) -> Answer:
        """`request` with the method POST."""
        return self.request("POST", path, auth=auth, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        auth: AuthBase,
        params: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        data: Mapping[str, str] | bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        read_timeout: float | None = None,
        save: Save | None = None,
    ) -> Answer:
        """Send one request and read its whole answer. The body of one that ``save`` takes is empty in what is returned.

        ``path`` follows the endpoint's ``base_url``. ``read_timeout`` (seconds) replaces the endpoint's timeout for
        the answer, where the service is allowed to think for longer. Raises one of the `HttpError` tree.
        """
        url = self.endpoint.base_url + path
        where = f"{method} {without_query(url)}"
        failure: MopsError
        # The failure is raised outside of the except clause: the library's own exception, whose text
        # holds the query string, must not travel along as its context.
        try:
            with self._session.request(
                method,
                url,
                params=params,
                data=data,
                headers=headers,
                auth=auth,
                timeout=(self.endpoint.timeout, read_timeout or self.endpoint.timeout),
                # Given with the request: a session's own value would lose against REQUESTS_CA_BUNDLE.
                verify=self._verify(),
                allow_redirects=False,
                stream=True,
            ) as response:
                sink = save(response.status_code, response.headers) if save is not None else None
                return Answer(
                    status=response.status_code,
                    headers=response.headers,
                    body=self._read(response, where, sink),
                    url=without_query(url),
                    method=method,
                )
        except requests.RequestException as error:
            failure = _explain(error, where, self.endpoint)
        except UnicodeEncodeError:
            failure = InvalidOption(
                f"{where}: the request cannot be written. An option holds bytes that are not UTF-8, or one that goes "
                "into a header holds a character that HTTP does not allow there."
            )
        except (OSError, ValueError) as error:  # ValueError: what urllib3 says of unreadable answers
            failure = AnswerLost(f"{where} broke off: {type(error).__name__}.")
        raise failure

    def _verify(self) -> bool | str:
        return self.endpoint.validate_certs and (self.endpoint.ca_path or trusted_by_system())

    def _read(self, response: requests.Response, where: str, sink: Sink | None) -> bytes:
        """The whole body; nothing where the sink has taken it."""
        body = bytearray()
        write: Callable[[bytes], Any] = body.extend if sink is None else sink.write
        max_bytes = self._max_bytes if sink is None else sink.max_bytes
        announced = response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) > max_bytes:
            raise _too_large(where, max_bytes, sink)
        deadline = time.monotonic() + ANSWER_MAX_SECONDS
        size = 0
        for chunk in _chunks(response):
            size += len(chunk)
            if size > max_bytes:
                raise _too_large(where, max_bytes, sink)
            write(chunk)
            # A file may take as long as it likes, for as long as it arrives.
            if sink is None and time.monotonic() > deadline:
                raise AnswerLost(f"{where}: the answer was still arriving after {ANSWER_MAX_SECONDS:.0f} s.")
        # urllib3 1.26 does not compare what it read with what was announced.
        if announced.isdigit() and response.raw.tell() < int(announced) and response.request.method != "HEAD":
            raise AnswerLost(f"{where}: the answer was cut off after {response.raw.tell()} of {announced} bytes.")
        return bytes(body)


def _too_large(where: str, max_bytes: int, sink: Sink | None) -> AnswerUnusable:
    advice = "more than this service ever sends; is the address right?" if sink is None else "the most that is taken."
    return AnswerUnusable(f"{where}: the answer is larger than {max_bytes} bytes, {advice}")


def trusted_by_system() -> bool | str:
    """The CA certificates that this system trusts, as a file or a folder; True for those that requests comes with.

    An operator puts a CA of their own into the system's store, or names it in ``SSL_CERT_FILE``, and what is built on
    OpenSSL takes it. ``REQUESTS_CA_BUNDLE`` and ``CURL_CA_BUNDLE`` count before that: requests reads them where it is
    given True.
    """
    if any(os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")):
        return True
    paths = ssl.get_default_verify_paths()  # minds SSL_CERT_FILE and SSL_CERT_DIR, and whether they are there
    for file in (paths.cafile, *_SYSTEM_STORES):
        if file and os.path.isfile(file):
            return file
    return paths.capath if paths.capath and _holds_certificates(paths.capath) else True


def _holds_certificates(folder: str) -> bool:
    """Whether a folder has certificates by the names by which OpenSSL finds them."""
    try:
        return any(name.endswith(".0") for name in os.listdir(folder))
    except OSError:
        return False


def without_query(url: str) -> str:
    """The URL up to its query string, without a user name and password."""
    bare = url.split("?", 1)[0].split("#", 1)[0]
    scheme, separator, rest = bare.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + separator + host.rpartition("@")[2] + slash + path


def _chunks(response: requests.Response) -> Iterator[bytes]:
    yield from response.iter_content(_CHUNK_BYTES)


def _check_ca_file(path: str) -> None:
    if os.path.isdir(path):
        return  # a directory of hashed certificates, as OpenSSL knows them
    failure: InvalidOption | None = None
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        failure = InvalidOption(f"The CA file {path} holds no certificate in PEM format.")
    except OSError as error:
        failure = InvalidOption(f"The CA file {path} cannot be read: {error.strerror}.")
    if failure:
        raise failure


def _explain(error: requests.RequestException, where: str, endpoint: Endpoint) -> HttpError:
    """Turn what requests raised into one of ours, by what it means for a repeat."""
    causes = list(_causes(error))
    certificate = _first(causes, ssl.SSLCertVerificationError)
    if certificate is not None:
        return CertificateRejected(
            f"{where}: the certificate does not verify ({certificate.verify_message}). Name the CA that signed it in "
            "ca_path, or, where the network is trusted, set validate_certs to false."
        )
    if "WRONG_VERSION_NUMBER" in str([getattr(cause, "reason", "") for cause in causes]):
        return RequestNotSent(f"{where}: the port does not speak TLS. Is it the right one?")
    if isinstance(error, requests.ConnectTimeout):
        return NoConnection(f"{where}: no connection within {endpoint.timeout:g} s. {_ADVICE_ON_ADDRESSES}")
    if isinstance(error, requests.exceptions.ProxyError) or _first(causes, ProxyError):
        return RequestNotSent(
            f"{where}: the proxy that the environment names (HTTPS_PROXY, ALL_PROXY) could not be used. NO_PROXY names "
            "the hosts that need none."
        )
    if _first(causes, (NewConnectionError, ConnectTimeoutError)):
        kind = RequestNotSent if _first(causes, socket.gaierror) else NoConnection
        return kind(f"{where}: no connection: {_reason(causes)}. {_ADVICE_ON_ADDRESSES}")
    if isinstance(error, requests.Timeout) or _first(causes, (socket.timeout, TimeoutError)):
        return AnswerLost(f"{where}: no answer in time. The option timeout allows for more.")
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader)):
        return RequestNotSent(f"{where}: the request could not be formed ({type(error).__name__}).")
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return AnswerUnusable(f"{where}: the answer's compression is damaged.")
    return AnswerLost(f"{where}: the connection broke before the answer was complete ({_reason(causes)}).")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that it was made from, however the libraries nested it."""
    pending: list[Any] = [error]
    seen: set[int] = set()
    while pending:
        cause = pending.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        pending += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


def _first(causes: list[BaseException], kind: Any) -> Any:
    return next((cause for cause in causes if isinstance(cause, kind)), None)


def _reason(causes: list[BaseException]) -> str:
    """The operating system's words for what happened, else the library's class of it."""
    for cause in reversed(causes):
        if isinstance(cause, socket.gaierror):
            return f"the host's name cannot be resolved ({cause.strerror})"
        if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, requests.RequestException):
            return cause.strerror.lower()
    deepest = [cause for cause in causes if not isinstance(cause, MaxRetryError)][-1]
    return type(deepest).__name__
