"""From parameters to a checkpoint folder."""

from __future__ import annotations

import numpy as np

from ntlbg.backbone.params import AnswererParams, BackboneParams, EncoderParams
from ntlbg.backbone.provide import provide_answerer, provide_encoder
from ntlbg.modeling.answerer import Answerer, Request
from ntlbg.records.prompt import Prompt

SHORT = {"source": "train", "videos": 2, "steps": 2, "batch": 8, "width": 64}


def test_training_leaves_loadable_checkpoints(tmp_path):
    """`source: train` fills the folders with what the run's own doors open; `look` sees each step asked for."""
    from ntlbg.features.encoders import load_encoder

    params = BackboneParams(encoder=EncoderParams(**SHORT), answerer=AnswererParams(**SHORT, counting_steps=2))
    provide_encoder(params, tmp_path / "encoder")
    provide_answerer(params, tmp_path / "answerer")
    frames = np.zeros((1, 32, 48, 3), np.uint8)
    assert np.isfinite(load_encoder(tmp_path / "encoder").encode_frames(frames)[0]).all()
    request = Request(frames, np.zeros(1), Prompt("Why?"), ("red", "blue"))
    assert np.isfinite(Answerer.load(tmp_path / "answerer").score_options([request])).all()
