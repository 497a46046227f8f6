"""What a flow run's page shows. That it does is tested with the flow; here: where its links lead, and bad luck."""

from __future__ import annotations

import pytest

from pipelines import run_page
from pipelines.run_page import mlflow_page, show
from pipelines.tracking import Tracker


def test_the_link_leads_to_make_ui(project):
    """Which serves the store of this folder."""
    assert mlflow_page("abc") == f"http://127.0.0.1:5000/#/experiments/{Tracker().experiment}/runs/abc"


def test_a_tracking_server_is_linked_without_its_password(project, monkeypatch):
    """The page is for everybody who may see the run."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@mlflow.example/")
    monkeypatch.setattr(run_page.Tracker, "experiment", "7")
    assert mlflow_page("abc") == "https://mlflow.example/#/experiments/7/runs/abc"


def test_a_page_that_cannot_be_written_costs_nothing(project, monkeypatch, caplog):
    """The stages have ended as they have ended."""
    import prefect.artifacts

    def broken(**_):
        raise RuntimeError("the server is away")

    monkeypatch.setattr(prefect.artifacts, "create_table_artifact", broken)
    show([{"stage": "decode", "outcome": "ran", "seconds": "1.0"}], None)
    assert "the server is away" in caplog.text


@pytest.mark.parametrize("parent", [None, "abc"])
def test_the_page_has_a_table_and_links(project, monkeypatch, parent):
    """To the comparison when there is one, to MLflow when something ran."""
    import prefect.artifacts

    made = {}
    for kind in ("table", "link"):
        monkeypatch.setattr(prefect.artifacts, f"create_{kind}_artifact", lambda **a: made.update({a["key"]: a}))
    show([{"stage": "decode"}], parent)
    assert set(made) == ({"stages", "mlflow"} if parent else {"stages"})
    run_page.PAGE.parent.mkdir()
    run_page.PAGE.touch()
    show([{"stage": "decode"}], parent)
    assert made["comparison"]["link"] == (project / "reports/comparison.html").as_uri()
