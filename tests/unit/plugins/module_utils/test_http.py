# Copyright (c) Contributors to the mops.maintenance project
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: Contributors to the mops.maintenance project
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import socket

import pytest
from ansible_collections.mops.maintenance.plugins.module_utils import _http
from ansible_collections.mops.maintenance.plugins.module_utils._errors import InvalidOption
from ansible_collections.mops.maintenance.plugins.module_utils._http import (
    AnswerLost,
    AnswerUnusable,
    CertificateRejected,
    Endpoint,
    Http,
    NoAuth,
    RequestNotSent,
    trusted_by_system,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SECRET = "hunter2"


def post(url, **endpoint):
    with Http(Endpoint(url, **{"timeout": 2, **endpoint})) as http:
        return http.post("/path", auth=NoAuth(), params={"apikey": SECRET}, data=b"body")


def failure_of(url, kind, **endpoint):
    with pytest.raises(kind) as caught:
        post(url, **endpoint)
    everything = repr(caught.value) + repr(caught.value.__cause__) + repr(caught.value.__context__)
    assert SECRET not in everything
    return str(caught.value)


def test_an_answer_has_status_headers_and_body_whatever_its_status(raw_service):
    answer = post(raw_service(b"HTTP/1.1 596 Odd\r\nX-Some-Thing: 1\r\nContent-Length: 2\r\n\r\n\xc3\xa4").url)
    assert (answer.status, answer.headers["x-some-thing"], answer.text()) == (596, "1", "ä")
    assert SECRET not in answer.url


def test_a_byte_order_mark_is_no_part_of_the_text(raw_service):
    assert post(raw_service(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\xef\xbb\xbf{}").url).text() == "{}"


def test_a_redirect_is_an_answer_and_is_not_followed(raw_service):
    service = raw_service(b"HTTP/1.1 302 Found\r\nLocation: /web/login.html\r\nContent-Length: 0\r\n\r\n", OK)
    answer = post(service.url)
    assert (answer.status, answer.headers["location"], len(service.requests)) == (302, "/web/login.html", 1)


def test_a_netrc_that_names_the_host_changes_nothing(raw_service, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login somebody password {SECRET}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    service = raw_service(OK)
    post(service.url)
    assert b"authorization" not in service.requests[0].lower()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_port_that_refuses_is_said_to_be_so_and_nothing_was_sent(scheme):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    message = failure_of(f"{scheme}://127.0.0.1:{port}", RequestNotSent)
    advice = "Is the address right, and may this host connect to it?"
    assert message == f"POST {scheme}://127.0.0.1:{port}/path: no connection: connection refused. {advice}"


def test_a_name_that_does_not_resolve():
    assert "cannot be resolved" in failure_of("https://no-such-host.invalid", RequestNotSent)


def test_a_port_that_does_not_speak_tls(raw_service):
    url = raw_service(b"HTTP/1.1 400 Bad Request\r\n\r\n").url.replace("http:", "https:")
    assert "does not speak TLS" in failure_of(url, RequestNotSent)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n",
    ],
    ids=["reset", "closed", "garbage", "cut off", "chunks cut off", "chunks damaged"],
)
def test_after_a_broken_answer_it_is_unknown_what_the_service_did(raw_service, answer):
    message = failure_of(raw_service(answer).url, AnswerLost)
    assert message.startswith("POST http://127.0.0.1:")
    assert "complete" in message


def test_a_late_answer_is_lost():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert "no answer in time" in failure_of(url, AnswerLost, timeout=0.2)


def test_damaged_compression_is_unusable(raw_service):
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"
    assert "compression is damaged" in failure_of(raw_service(answer).url, AnswerUnusable)


def test_an_announced_size_above_the_cap_is_refused_unread(raw_service):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n"
    assert "larger than" in failure_of(raw_service(answer).url, AnswerUnusable)


def test_an_answer_that_inflates_beyond_the_cap_is_refused(raw_service, monkeypatch):
    bomb = gzip.compress(bytes(1_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    with Http(Endpoint(raw_service(head + bomb).url), max_bytes=100_000) as http:
        with pytest.raises(AnswerUnusable, match="larger than 100000 bytes"):
            http.post("/path", auth=NoAuth())


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://host", "begins with https://"),
        ("host", "begins with https://"),
        ("https://", "names a host"),
        ("https://host:port", "names a host"),
        (f"https://user:{SECRET}@host", "must hold no user name"),
        (f"https://host/?apikey={SECRET}", "must hold no user name"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused_before_anything_is_sent(url, says):
    assert says in failure_of(url, InvalidOption)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_a_timeout_that_is_none_is_refused(timeout):
    assert "timeout" in failure_of("https://127.0.0.1", InvalidOption, timeout=timeout)


def test_a_ca_file_that_is_missing_or_none_is_refused(tmp_path):
    missing = tmp_path / "missing.pem"
    assert "No such file" in failure_of("https://127.0.0.1", InvalidOption, ca_path=str(missing))
    missing.write_text("not a certificate")
    assert "no certificate" in failure_of("https://127.0.0.1", InvalidOption, ca_path=str(missing))


def test_a_certificate_that_does_not_verify_names_both_ways_out():

    error = _http.requests.exceptions.SSLError(
        _http.ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    )
    error.args[0].verify_message = "self-signed certificate"
    explained = _http._explain(error, "POST https://host/path", Endpoint("https://host"))
    assert isinstance(explained, CertificateRejected)
    assert "self-signed certificate" in str(explained)
    assert "ca_path" in str(explained)
    assert "validate_certs" in str(explained)


@pytest.fixture
def no_bundles(monkeypatch, tmp_path):
    """A system without a store of certificates."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    monkeypatch.setattr(_http, "_SYSTEM_STORES", (str(tmp_path / "store.crt"),))


def test_without_a_store_of_the_system_the_certificates_of_requests_count(no_bundles):
    assert trusted_by_system() is True


def test_the_store_of_the_system_is_taken_where_there_is_one(no_bundles, tmp_path):
    (tmp_path / "store.crt").write_text("")
    assert trusted_by_system() == str(tmp_path / "store.crt")


def test_a_file_that_ssl_cert_file_names_counts_before_the_store(no_bundles, monkeypatch, tmp_path):
    for name in ("store.crt", "own.pem"):
        (tmp_path / name).write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    assert trusted_by_system() == str(tmp_path / "own.pem")


def test_a_folder_counts_where_it_holds_certificates(no_bundles, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert trusted_by_system() is True
    (tmp_path / "5ed36f99.0").write_text("")
    assert trusted_by_system() == str(tmp_path)


def test_a_bundle_for_requests_is_left_to_requests(no_bundles, monkeypatch, tmp_path):
    (tmp_path / "store.crt").write_text("")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "own.pem"))
    assert trusted_by_system() is True
