"""Hugging Face dual encoders from a local folder."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.features.dual import DualEncoder
from ntlbg.features.encoders import Encoder, load_encoder
from ntlbg.features.threads import one_torch_thread
from ntlbg.records.arrays import Array
from tests.features.conftest import noise


@pytest.fixture(params=["clip_folder", "siglip_folder"])
def text_folder(request: pytest.FixtureRequest) -> Path:
    """A tower that reads texts as long as they are, and one that reads them padded to its full length."""
    found: Path = request.getfixturevalue(request.param)
    return found


def test_features_are_visual_and_vectors_are_shared(clip_folder: Path) -> None:
    """features = the vision tower's pooled output, vectors = its unit-norm projection: as the model itself says."""
    import torch
    from transformers import CLIPModel, CLIPProcessor

    frames = noise(5, 32, 48)
    encoder = load_encoder(clip_folder)
    features, vectors = encoder.encode_frames(frames)
    model = CLIPModel.from_pretrained(clip_folder).eval()
    pixels = CLIPProcessor.from_pretrained(clip_folder)(images=list(frames), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        pooled = model.vision_model(pixels).pooler_output
        shared = model.visual_projection(pooled)
    np.testing.assert_allclose(features, pooled.numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(vectors, (shared / shared.norm(dim=1, keepdim=True)).numpy(), rtol=1e-4, atol=1e-5)
    assert encoder.frame_size == (32, 32)


def test_siglip2_reads_pictures_in_their_own_shape(siglip2_folder: Path) -> None:
    """Loaded from its folder by `AutoModel`, it gives what the model itself gives for patches, mask and shapes."""
    import torch
    from transformers import AutoProcessor, Siglip2Model

    frames, texts = noise(3, 32, 48), ["a red square", "a red square on green", "a red square on black"]
    encoder = load_encoder(siglip2_folder)
    features, vectors = encoder.encode_frames(frames)
    model, processor = (
        Siglip2Model.from_pretrained(siglip2_folder).eval(),
        AutoProcessor.from_pretrained(siglip2_folder),
    )
    given = processor.image_processor(images=list(frames), return_tensors="pt")
    assert {"pixel_values", "pixel_attention_mask", "spatial_shapes"} <= given.keys()
    with torch.inference_mode():
        pooled = model.get_image_features(**given)
        pooled = getattr(pooled, "pooler_output", pooled)
    np.testing.assert_allclose(features, pooled.numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(vectors, (pooled / pooled.norm(dim=1, keepdim=True)).numpy(), rtol=1e-4, atol=1e-5)
    read = encoder.encode_texts(texts)
    np.testing.assert_allclose(np.linalg.norm(read, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(read[0], _by_the_model(encoder, texts[0]), atol=1e-5)
    assert float(read[1] @ read[2]) < 1 - 1e-5  # they differ behind their sixteenth letter
    assert encoder.identity["encoder"] == "Siglip2Model"


def test_siglip_reads_words_by_its_own_tokenizer(siglip_folder: Path, tmp_path: Path) -> None:
    """SentencePiece, as the published checkpoints have it: padded to its length, and read by windows beyond that."""
    import sentencepiece
    from transformers import SiglipTokenizer

    folder = shutil.copytree(siglip_folder, tmp_path / "siglip")
    (folder / "tokenizer.json").unlink()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a red one", "a tone"]),
        model_prefix=str(tmp_path / "spiece"),
        model_type="char",
        vocab_size=12,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    SiglipTokenizer(str(tmp_path / "spiece.model"), model_max_length=12).save_pretrained(folder)
    encoder = load_encoder(folder)
    texts = ["a red one", "a red one on a tone", "a red one on a rat"]
    read = encoder.encode_texts(texts)
    np.testing.assert_allclose(read, np.concatenate([encoder.encode_texts([text]) for text in texts]), atol=1e-5)
    np.testing.assert_allclose(read[0], _by_the_model(encoder, texts[0]), atol=1e-5)
    assert float(read[1] @ read[2]) < 1 - 1e-5  # they differ behind their twelfth letter


def test_batches_and_text_lengths_do_not_matter(clip_folder: Path) -> None:
    """A frame or text has the same vector alone, in a batch, and beside longer texts, too long ones among them."""
    encoder = load_encoder(clip_folder)
    frames = noise(4, 32, 32)
    together = encoder.encode_frames(frames)
    alone = [encoder.encode_frames(frames[i : i + 1]) for i in range(4)]
    for part in (0, 1):
        np.testing.assert_allclose(together[part], np.concatenate([a[part] for a in alone]), atol=1e-5)
    texts = ["a red square", "blue", "green " * 40]
    batch = encoder.encode_texts(texts)
    np.testing.assert_allclose(batch, np.concatenate([encoder.encode_texts([t]) for t in texts]), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(batch, axis=1), 1, atol=1e-5)


def test_what_a_long_text_says_last_matters(text_folder: Path) -> None:
    """Beyond what the model reads at once, too; a text of its very length is read at once, as the model itself does."""
    encoder = load_encoder(text_folder)
    start = "a red square ? " * 10
    one, two = encoder.encode_texts([start + "green", start + "blue"])
    assert float(one @ two) < 1 - 1e-5
    np.testing.assert_allclose(np.linalg.norm([one, two], axis=1), 1, atol=1e-5)


def test_a_long_text_is_the_mean_of_its_windows(text_folder: Path) -> None:
    """Each window as a text of its own, weighted by its tokens; texts that fit keep their vectors beside it."""
    encoder = load_encoder(text_folder)
    words = ["red", "green", "blue", "square", "a", "?", "red"]  # ten fit, beside BOS and EOS
    long = words * 3
    parts = [" ".join(long[start : start + 7]) for start in (0, 7, 14)]
    mean = encoder.encode_texts(parts).mean(axis=0)
    np.testing.assert_allclose(encoder.encode_texts([" ".join(long)])[0], mean / np.linalg.norm(mean), atol=1e-5)
    fits = ["a red square", "green " * 10]
    np.testing.assert_array_equal(encoder.encode_texts(fits[1:])[0], _by_the_model(encoder, fits[1]))
    both = encoder.encode_texts([*fits, " ".join(long)])
    np.testing.assert_array_equal(both[:2], encoder.encode_texts(fits))


def test_a_very_long_text_is_read_a_few_windows_at_a_time(clip_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question of a million words fills no memory, and its vector does not depend on how many go together."""
    encoder = load_encoder(clip_folder)
    text = "a red square green ? blue blue " * 9
    together = encoder.encode_texts([text])
    monkeypatch.setattr("ntlbg.features.dual.TOGETHER", 2)
    np.testing.assert_allclose(encoder.encode_texts([text]), together, atol=1e-6)


def _by_the_model(encoder: Encoder, text: str) -> Array:
    """The vector that model and tokenizer give, without a line of ours."""
    import torch

    assert isinstance(encoder, DualEncoder)
    config = encoder._model.config
    padding = "max_length" if "siglip" in config.model_type else True
    limit = config.text_config.max_position_embeddings
    tokens = encoder._processor.tokenizer(
        [text], padding=padding, truncation=True, max_length=limit, return_tensors="pt"
    )
    known = {name: tokens[name] for name in ("input_ids", "attention_mask")}
    with one_torch_thread(), torch.inference_mode():
        found = encoder._model.get_text_features(**known)
        found = getattr(found, "pooler_output", found).float()
        return (found / found.norm(dim=-1, keepdim=True)).numpy()[0]


def test_other_weights_are_another_identity(clip_folder: Path, tmp_path: Path) -> None:
    """The identity follows the content, not the folder's name."""
    copy = tmp_path / "copy"
    shutil.copytree(clip_folder, copy)
    assert load_encoder(copy).identity == load_encoder(clip_folder).identity
    weights = next(copy.glob("*.safetensors"))
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert load_encoder(copy).identity != load_encoder(clip_folder).identity


class Canary:
    """Unpickling it leaves a file behind."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (open, (self.path, "w"))


def test_a_pickle_is_not_read(clip_folder: Path, tmp_path: Path) -> None:
    """A checkpoint whose weights are a pickle is refused, and the pickle never runs."""
    copy, canary = tmp_path / "copy", tmp_path / "canary"
    shutil.copytree(clip_folder, copy)
    next(copy.glob("*.safetensors")).unlink()
    (copy / "pytorch_model.bin").write_bytes(pickle.dumps(Canary(str(canary))))
    with pytest.raises(InputError, match="safetensors"):
        load_encoder(copy)
    assert not canary.exists()


def test_a_checkpoint_that_asks_for_its_own_code_is_refused(clip_folder: Path, tmp_path: Path) -> None:
    """`auto_map` names code in the checkpoint; it is not imported."""
    import json

    copy, canary = tmp_path / "copy", tmp_path / "canary"
    shutil.copytree(clip_folder, copy)
    config = json.loads((copy / "config.json").read_text())
    config |= {"model_type": "unknown_kind", "auto_map": {"AutoConfig": "evil.C", "AutoModel": "evil.M"}}
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "evil.py").write_text(f"open({str(canary)!r}, 'w')")
    with pytest.raises(InputError, match="cannot be loaded"):
        load_encoder(copy)
    assert not canary.exists()


def test_a_model_that_is_no_dual_encoder_is_named(tmp_path: Path) -> None:
    """A text model has no image features: said so, not failed over."""
    from transformers import BertConfig, BertModel

    BertModel(
        BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=20)
    ).save_pretrained(tmp_path)
    with pytest.raises(InputError):
        load_encoder(tmp_path)


def test_wrong_frames_are_refused(clip_folder: Path) -> None:
    """Floats and missing channels are an error, not a guess."""
    encoder = load_encoder(clip_folder)
    for wrong in (np.zeros((2, 32, 32, 3), np.float32), np.zeros((2, 32, 32), np.uint8)):
        with pytest.raises(InputError, match="uint8"):
            encoder.encode_frames(wrong)


def test_missing_weights_are_not_made_up(clip_folder: Path, tmp_path: Path) -> None:
    """The library would fill them with random numbers: a checkpoint that lacks some is refused by name."""
    from safetensors.torch import load_file, save_file

    copy = tmp_path / "copy"
    shutil.copytree(clip_folder, copy)
    weights = next(copy.glob("*.safetensors"))
    tensors = load_file(weights)
    del tensors["visual_projection.weight"]
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"lacks 1 weights .*visual_projection"):
        load_encoder(copy)


def test_damaged_weights_are_one_sentence(clip_folder: Path, tmp_path: Path) -> None:
    """A cut download names the folder."""
    copy = tmp_path / "copy"
    shutil.copytree(clip_folder, copy)
    weights = next(copy.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(InputError, match="cannot be loaded as an encoder"):
        load_encoder(copy)


def test_a_folder_is_loaded_without_bars(clip_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Logs show what the stage says, and other users of the library keep their bars."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    load_encoder(clip_folder)
    assert "Loading weights" not in capfd.readouterr().err
    assert logging.is_progress_bar_enabled() == shown
