"""`ntlbg.json`."""

from __future__ import annotations

import json

import pytest

from ntlbg.errors import InputError
from ntlbg.modeling.lora import Lora
from ntlbg.modeling.params import ModelingParams
from ntlbg.modeling.settings import FILE, SIZES, Settings, read_settings, write_settings

MODELING = ModelingParams(representatives=8, coverage_ratio=0.5, coverage_align=1, coverage_minimum=1, rank=3)


@pytest.fixture
def settings() -> Settings:
    return Settings(
        features=12,
        query=6,
        width=64,
        answerer={"files": "0" * 8},
        selector="ntlbg",
        selector_settings={"betas": [0.3, 1.0]},
        lora=Lora(rank=2, alpha=4),
        **Settings.sizes(MODELING),
    )


def test_what_is_written_is_read(tmp_path, settings):
    """Every field comes back, and the file is the same every time."""
    write_settings(tmp_path, settings)
    first = (tmp_path / FILE).read_bytes()
    assert read_settings(tmp_path) == settings
    write_settings(tmp_path, settings)
    assert (tmp_path / FILE).read_bytes() == first


def test_sizes_are_those_of_the_tier():
    """Every size that training may change is remembered."""
    assert Settings.sizes(MODELING) == {name: getattr(MODELING, name) for name in SIZES}
    assert Settings.sizes(MODELING)["rank"] == 3


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"format": 2}, "`format`"),
        ({"stage": "half"}, "`stage`"),
        ({"rank": -1}, "`rank`"),
        ({"hidden": 10**9}, "`hidden`"),
        ({"features": 10**30}, "`features`"),
        ({"window": 10**6}, "`window`"),
        ({"size": [32, 10**6]}, r"`size\.1`"),
        ({"pool": float("inf")}, "`pool`"),
        ({"surprise": 1}, "`surprise`"),
        ({"lora": {"rank": 2}}, r"`lora\.alpha`"),
        ({"presentation": "poetic"}, "`presentation`"),
    ],
)
def test_a_wrong_field_is_named(tmp_path, settings, changed, says):
    """One sentence with file and field."""
    write_settings(tmp_path, settings)
    content = json.loads((tmp_path / FILE).read_text()) | changed
    (tmp_path / FILE).write_text(json.dumps(content))
    with pytest.raises(InputError, match=rf"ntlbg\.json: {says}"):
        read_settings(tmp_path)


@pytest.mark.parametrize("changed", [{"rank": 2}, {"window": 6}, {"seed": 1}, {"lora": None}, {"digest": "0" * 64}])
def test_a_setting_that_no_tensor_shows_is_noticed_all_the_same(tmp_path, settings, changed):
    """A law of rank 2 has the tensors of one of rank 3, and no tensor tells of windows and seeds."""
    write_settings(tmp_path, settings)
    content = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(content, indent=3))
    assert read_settings(tmp_path) == settings, "another layout of the file is the same settings"
    (tmp_path / FILE).write_text(json.dumps(content | changed))
    with pytest.raises(InputError, match=r"ntlbg\.json: is not as it was saved"):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "{", "\udcff", "[" * 100000, "[]", '{"seed": ' + "9" * 5000 + "}", " " * 2**21]
)
def test_what_is_no_json_is_named(tmp_path, content):
    """Damaged or hostile, it is one sentence."""
    (tmp_path / FILE).write_text(content, errors="surrogateescape")
    with pytest.raises(InputError, match=r"ntlbg\.json"):
        read_settings(tmp_path)


def test_a_folder_without_it_is_no_model(tmp_path):
    """The sentence says so."""
    with pytest.raises(InputError, match="no folder of a trained model"):
        read_settings(tmp_path)
