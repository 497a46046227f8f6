"""The Prefect server that a command needs: there must be one, and none is started in passing."""

from __future__ import annotations

import os

from ntlbg.errors import InputError
from pipelines.stage import expect_server

ADDRESS = "http://127.0.0.1:4200/api"  # of `make server`


def need_server() -> None:
    """Raises InputError when PREFECT_API_URL is not set or nothing answers there."""
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        raise InputError(
            "PREFECT_API_URL is not set, and no temporary server is started",
            hint=f"`make server`, then PREFECT_API_URL={ADDRESS}; `make run` needs no server",
        )
    expect_server(url)
