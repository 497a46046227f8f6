"""The list of faults fits the code; `python -m tests.mutations` proves that each one is caught."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FAULTS = yaml.safe_load((ROOT / "tests/mutations/faults.yaml").read_text())


def test_there_are_enough_faults_and_their_names_differ():
    """At least ten, each with a name of its own."""
    assert len({fault["name"] for fault in FAULTS}) == len(FAULTS) >= 10


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["name"])
def test_a_fault_changes_one_line_and_names_a_test_that_exists(fault):
    """Its line stands exactly once, what replaces it differs, and the test is there."""
    assert (ROOT / fault["file"]).read_text().count(fault["line"]) == 1
    assert fault["becomes"] != fault["line"]
    path, _, test = fault["test"].partition("::")
    assert f"def {test}" in (ROOT / path).read_text()
