"""What the page of a flow run shows besides its tasks: the stages with outcome and seconds, and where to look on.

Artifacts of Prefect are records; when the server does not take one, the run is none the worse.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from urllib.parse import urlsplit

from pipelines.tracking import Tracker
from pipelines.workspace import REPORTS

PAGE = REPORTS / "comparison.html"
UI = "http://127.0.0.1:5000"  # where `make ui` opens MLflow


def show(rows: list[dict[str, str]], parent: str | None) -> None:
    """Attach the table and the links to the flow run that this is called in. parent: the MLflow parent's run id."""
    from prefect.artifacts import create_link_artifact, create_table_artifact

    logger = logging.getLogger(__name__)
    try:
        create_table_artifact(table=rows, key="stages", description="Stages of this run: outcome and wall seconds.")
        if PAGE.is_file():
            create_link_artifact(
                link=PAGE.resolve().as_uri(),
                link_text="comparison",
                key="comparison",
                description=f"The comparison: {PAGE}, on the machine of the run.",
            )
        if parent:
            create_link_artifact(
                link=mlflow_page(parent),
                link_text="MLflow",
                key="mlflow",
                description="The run's parent in MLflow (`make ui`), with a child per stage and a run per arm.",
            )
    except Exception as error:
        with suppress(Exception):
            logger.warning("the run's page has no tables and links: %s", error)


def mlflow_page(run: str) -> str:
    """Address of a run on MLflow's page: of the tracking server, or of `make ui`."""
    tracker = Tracker()
    parts = urlsplit(tracker.uri)
    base = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.scheme in ("http", "https") else None
    return f"{base or os.environ.get('NTLBG_MLFLOW_UI', UI)}/#/experiments/{tracker.experiment}/runs/{run}"
