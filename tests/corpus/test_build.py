"""The corpus as built: rendered and read back, or recorded where it lies."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ntlbg.corpus import layouts, manifest
from ntlbg.corpus.build import BuildReport, build, plan_jobs
from ntlbg.corpus.params import CorpusParams, FoldersParams, OwnParams, RenderedParams
from ntlbg.errors import InputError, NTLBGError
from ntlbg.questions import longvideobench, mlvu, videomme
from ntlbg.questions.subtitles import read as read_cues
from ntlbg.records.question import Kind
from ntlbg.store import Store, file_digest

CODECS = {"h264-mp4": 2.0, "hevc-mkv": 1.0, "vp9-webm": 1.0}
RENDERED = RenderedParams(longvideobench=4, videomme=2, mlvu=2, train=1, val=1, minutes=3.0, fps=2, codecs=CODECS)
PARAMS = CorpusParams(rendered=RENDERED)
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Store, BuildReport]:
    """A working folder with data/corpus, the store it used, and the report."""
    work = tmp_path_factory.mktemp("work")
    here = Path.cwd()
    os.chdir(work)
    try:
        store = Store(work / "store")
        return work, store, build(PARAMS, 11, Path("data/corpus"), store=store)
    finally:
        os.chdir(here)


def tree(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): file_digest(p) for p in folder.rglob("*") if p.is_file()}


def test_every_planned_video_and_question_is_there(built: tuple[Path, Store, BuildReport]) -> None:
    """Counts, splits and kinds as planned; files exist with the size and hash that the table says."""
    work, _, report = built
    tables = manifest.read(work / "data/corpus")
    assert (report.videos, report.rendered, report.missing, report.defects) == (10, 10, 0, ())
    assert Counter((v.benchmark, v.split) for v in tables.videos) == {
        ("longvideobench", "test"): 4,
        ("videomme", "test"): 2,
        ("mlvu", "test"): 2,
        ("own", "train"): 1,
        ("own", "val"): 1,
    }
    for video in tables.videos:
        assert video.path.startswith("data/corpus/")
        assert (video.size, video.blake3) == ((work / video.path).stat().st_size, file_digest(work / video.path))
    assert {v.container for v in tables.videos} == {"mp4", "mkv", "webm"}
    kinds = Counter(q.kind for q in tables.questions)
    assert kinds == {Kind.ONE_MOMENT: 40, Kind.SEVERAL_MOMENTS: 40, Kind.WHOLE_VIDEO: 30}
    assert sum(report.questions_by_split.values()) == report.questions == 110


def test_evidence_is_the_plans_exact_intervals(built: tuple[Path, Store, BuildReport]) -> None:
    """Question by question, to the last digit."""
    work, _, _ = built
    tables = manifest.read(work / "data/corpus")
    found: dict[tuple[str, str, tuple[str, ...]], set[tuple[int, float, float]]] = {}
    of = {q.question_id: (q.video_id.rpartition("-")[2], q.text, q.options) for q in tables.questions}
    for e in tables.evidence:
        found.setdefault(of[e.question_id], set()).add((e.item, e.start_s, e.end_s))
        assert e.tolerance_s == 0.0
    planned = {
        (job.plan.video_id, q.text, q.options): set(q.evidence)
        for jobs in plan_jobs(RENDERED, 11).values()
        for job in jobs
        for q in job.plan.questions
    }
    assert found == planned


def test_positions_read_back_lie_in_the_planned_intervals(built: tuple[Path, Store, BuildReport]) -> None:
    """LongVideoBench's `position` / 24, one a planned item, each within an interval of its item."""
    work, _, _ = built
    points = longvideobench.read(work / "data/corpus/longvideobench").evidence
    exact = manifest.read(work / "data/corpus").evidence
    items: dict[str, dict[int, list[tuple[float, float]]]] = {}
    for e in exact:
        items.setdefault(e.question_id, {}).setdefault(e.item, []).append((e.start_s, e.end_s))
    assert len({p.question_id for p in points}) == 44
    for point in points:
        spans = items[point.question_id][point.item]
        assert any(start <= point.start_s < end for start, end in spans)
    assert len(points) == sum(len(items[q]) for q in {p.question_id for p in points})


def test_layouts_are_those_of_the_benchmarks(built: tuple[Path, Store, BuildReport]) -> None:
    """File names, subtitle shapes, a clip with an offset, and MLVU's video in each of its tasks' folders."""
    corpus = built[0] / "data/corpus"
    assert (corpus / "videomme/videomme/test-00000-of-00001.parquet").is_file()
    assert {p.name for p in (corpus / "mlvu/json").iterdir()} == {
        "2_needle.json",
        "4_count.json",
        "5_order.json",
        "7_topic_reasoning.json",
    }
    for v in mlvu.read(corpus / "mlvu").videos:
        name = v.path.rpartition("/")[2]
        assert len({file_digest(p) for p in (corpus / "mlvu/video").glob(f"*/{name}")}) == 1
        assert len(list((corpus / "mlvu/video").glob(f"*/{name}"))) == 4
    rows = json.loads((corpus / "longvideobench/lvb_val.json").read_text())
    assert {r["starting_timestamp_for_subtitles"] for r in rows} == {0, 600}
    for benchmark in (longvideobench.read(corpus / "longvideobench"), videomme.read(corpus / "videomme")):
        for q in benchmark.questions:
            if q.subtitle_path:
                cues = read_cues(benchmark.root / q.subtitle_path, duration_s=200, offset_s=q.subtitle_offset_s)
                assert len(cues) > 3


def test_train_and_val_do_not_tell_their_evidence(built: tuple[Path, Store, BuildReport]) -> None:
    """The question files that training reads hold no interval; the kind is there."""
    for split in ("train", "val"):
        text = (built[0] / f"data/corpus/own/{split}.jsonl").read_text()
        assert "evidence" not in text
        assert "start_s" not in text
        assert '"kind"' in text


def test_the_same_seed_gives_the_same_bytes(
    built: tuple[Path, Store, BuildReport], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From an empty store, in another folder, in one process: every file is equal."""
    monkeypatch.chdir(tmp_path)
    small = CorpusParams(
        rendered=RENDERED.model_copy(update={"longvideobench": 1, "videomme": 1, "mlvu": 1, "train": 0, "val": 0})
    )
    for name, workers in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        build(small, 3, Path("data/corpus"), store=Store(tmp_path / f"store-{name}"), workers=workers)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_a_second_build_draws_nothing_and_one_more_video_draws_one(
    built: tuple[Path, Store, BuildReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store remembers every video."""
    work, store, _ = built
    monkeypatch.chdir(work)
    before = tree(work / "data/corpus")
    again = build(PARAMS, 11, Path("data/corpus"), store=store)
    assert (again.rendered, again.reused) == (0, 10)
    assert tree(work / "data/corpus") == before
    more = CorpusParams(rendered=RENDERED.model_copy(update={"codecs": {"h264-mp4": 1.0}, "mlvu": 0, "train": 2}))
    report = build(more, 11, work / "more", store=store, workers=1)
    kept = sum(
        job.codec == "h264-mp4" for name, jobs in plan_jobs(RENDERED, 11).items() if name != "mlvu" for job in jobs
    )
    assert (report.rendered, report.reused) == (9 - kept, kept)


def test_a_failing_build_leaves_the_old_corpus(
    built: tuple[Path, Store, BuildReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is half-written when a build stops in its middle."""
    work, store, _ = built
    monkeypatch.chdir(work)
    before = tree(work / "data")
    real: Callable[..., object] = layouts.write

    def stops(name: str, *rest: object) -> object:
        if name == "mlvu":
            raise KeyboardInterrupt
        return real(name, *rest)

    monkeypatch.setattr(layouts, "write", stops)
    with pytest.raises(KeyboardInterrupt):
        build(PARAMS, 11, Path("data/corpus"), store=store)
    assert tree(work / "data") == before


def test_what_reads_back_changed_stops_the_build(
    built: tuple[Path, Store, BuildReport], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A reader that gives other options than were written is noticed; the question is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(videomme, "_strip", lambda option, place: option)
    with pytest.raises(NTLBGError, match="videomme: question"):
        build(PARAMS, 11, Path("data/corpus"), store=built[1])


# ---- real folders ------------------------------------------------------------------------------------------------


def lvb_folder(tmp_path: Path) -> Path:
    """A download of two videos, one of them missing, and one bad row."""
    folder = tmp_path / "lvb"
    (folder / "videos").mkdir(parents=True)
    (folder / "videos" / "a.mp4").write_bytes(b"bytes of a")
    row = {
        "video_id": "a", "id": "a_0", "question": "Which?", "candidates": ["x", "y"], "correct_choice": 1,
        "position": [24], "question_category": "S2A", "duration": 10.0, "duration_group": 15,
        "video_path": "a.mp4", "subtitle_path": "a_en.json", "starting_timestamp_for_subtitles": 0,
    }  # fmt: skip
    rows = [row, {**row, "id": "b_0", "video_path": "b.mp4"}, {**row, "id": "c_0", "video_path": "/etc/passwd"}]
    (folder / "lvb_val.json").write_text(json.dumps(rows))
    return folder


def test_a_real_folder_is_recorded_not_copied(tmp_path: Path) -> None:
    """Absolute paths, sizes and hashes; a missing file has none; the bad row is in the table of defects."""
    folder = lvb_folder(tmp_path)
    params = CorpusParams(folders=FoldersParams(longvideobench=str(folder)))
    report = build(params, 0, tmp_path / "corpus")
    tables = manifest.read(tmp_path / "corpus")
    assert [(v.path, v.size) for v in tables.videos] == [
        (str(folder / "videos/a.mp4"), 10),
        (str(folder / "videos/b.mp4"), 0),
    ]
    assert tables.videos[0].blake3 == file_digest(folder / "videos/a.mp4")
    assert (tables.videos[1].blake3, report.missing) == ("", 1)
    assert tables.questions[0].subtitle_path == str(folder / "subtitles/a_en.json")
    assert tables.questions[0].metadata["origin"] == "lvb_val.json row 1"
    assert [(name, d.row) for name, d in tables.defects] == [("longvideobench", 3)]
    assert (tables.evidence[0].start_s, tables.evidence[0].tolerance_s) == (1.0, 2.0)
    assert {p.name for p in (tmp_path / "corpus").iterdir()} == {f"{n}.parquet" for n in manifest.SCHEMAS}


def own(tmp_path: Path, video: bytes, split: str) -> OwnParams:
    folder = tmp_path / split
    folder.mkdir()
    (folder / f"{split}.mp4").write_bytes(video)
    line = {"id": f"{split}-1", "video_id": f"{split}.mp4", "question": "Why?", "answer": "Because."}
    (tmp_path / f"{split}.jsonl").write_text(json.dumps(line))
    return OwnParams.model_validate({"jsonl": str(tmp_path / f"{split}.jsonl"), "videos": str(folder), "split": split})


def test_training_on_a_test_video_is_refused(tmp_path: Path) -> None:
    """Own training data that holds a benchmark's test video, under whatever name, stops with both names."""
    folders = FoldersParams(longvideobench=str(lvb_folder(tmp_path)))
    fine = CorpusParams(folders=folders, own=(own(tmp_path, b"another", "val"),))
    assert build(fine, 0, tmp_path / "corpus").questions_by_split == {"longvideobench/test": 2, "own/val": 1}
    spoilt = CorpusParams(folders=folders, own=(own(tmp_path, b"bytes of a", "train"),))
    with pytest.raises(InputError, match=r"train\.mp4. \(train\) and .*a\.mp4. \(test\) are the same video"):
        build(spoilt, 0, tmp_path / "spoilt")
    assert not (tmp_path / "spoilt").exists()


def test_one_video_in_two_own_splits_is_refused(tmp_path: Path) -> None:
    """The same file listed for train and for test stops with its name."""
    first = own(tmp_path, b"x", "train")
    (tmp_path / "again.jsonl").write_text(
        json.dumps({"id": "again", "video_id": "train.mp4", "question": "Why?", "answer": "Because."})
    )
    second = OwnParams(jsonl=str(tmp_path / "again.jsonl"), videos=first.videos, split="test")
    with pytest.raises(InputError, match="video `own-train`"):
        build(CorpusParams(own=(first, second)), 0, tmp_path / "corpus")


def test_a_missing_folder_and_an_empty_corpus_are_named(tmp_path: Path) -> None:
    """One sentence, and no folder left behind."""
    with pytest.raises(InputError, match="nowhere: there is no such folder"):
        build(CorpusParams(folders=FoldersParams(mlvu=str(tmp_path / "nowhere"))), 0, tmp_path / "corpus")
    (tmp_path / "mlvu" / "json").mkdir(parents=True)
    (tmp_path / "mlvu" / "json" / "4_count.json").write_text("[5]")
    with pytest.raises(InputError, match=r"no sound question.*json/4_count\.json, row 1"):
        build(CorpusParams(folders=FoldersParams(mlvu=str(tmp_path / "mlvu"))), 0, tmp_path / "corpus")
    assert not (tmp_path / "corpus").exists()


def test_real_annotations_are_recorded_without_their_videos(tmp_path: Path) -> None:
    """Both published annotation sets in one corpus: ids are unique, every video is missing, every defect is named."""
    folder = Path(os.environ.get("NTLBG_ANNOTATIONS", REPOSITORY.parent / "shared" / "annotations"))
    if not folder.is_dir():
        pytest.skip("no real annotation files here; NTLBG_ANNOTATIONS names their folder")
    sources = FoldersParams(longvideobench=str(folder / "longvideobench"), mlvu=str(folder / "mlvu"))
    report = build(CorpusParams(folders=sources), 0, tmp_path / "corpus")
    assert report.questions == 1337 + 2593 - 18
    assert report.missing == report.videos
    assert len(report.defects) == 18
