"""A Prefect server is needed, and none is started in passing."""

from __future__ import annotations

import http.server
import threading

import pytest

from ntlbg.errors import InputError
from pipelines.server import need_server


def test_without_an_address_it_is_said_where_to_get_one(monkeypatch):
    """Rather than starting a temporary server, which costs ten seconds and forgets everything."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(InputError, match="PREFECT_API_URL is not set") as caught:
        need_server()
    assert "make server" in caught.value.hint
    assert "make run" in caught.value.hint


def test_an_address_where_nobody_answers_is_named(monkeypatch):
    """With the address."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(InputError, match=r"http://127\.0\.0\.1:9/api"):
        need_server()


def test_a_server_that_answers_is_enough(monkeypatch):
    """Even one that wants a password first: that is Prefect's business."""
    served = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{served.server_port}/api")
    try:
        need_server()
    finally:
        served.shutdown()
        served.server_close()
