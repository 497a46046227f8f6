"""Builds the corpus of a tier: the tables of videos, questions and evidence, and for rendered ones the videos as well.

Rendered benchmarks are written in their distributed layouts and read back by the very readers that read real
downloads; real folders and own files are recorded where they lie, never copied. `into` is replaced as a whole when
everything is there; a run that is killed leaves the old one.

    <into>/videos.parquet questions.parquet evidence.parquet defects.parquet
    <into>/longvideobench/ videomme/ mlvu/     rendered, as distributed
    <into>/own/{train,val}.jsonl own/videos/   rendered, in the JSONL of own data
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ntlbg.corpus import layouts, splits
from ntlbg.corpus.manifest import Manifest, VideoFile
from ntlbg.corpus.params import CorpusParams, RenderedParams
from ntlbg.corpus.planted import plan_video, rng_for
from ntlbg.corpus.render import Job, Made, Rendered, render_all
from ntlbg.errors import InputError, NTLBGError
from ntlbg.progress import meter
from ntlbg.questions import jsonl, longvideobench, mlvu, videomme
from ntlbg.questions.rows import Benchmark, Defect
from ntlbg.records.arrays import Array
from ntlbg.records.question import Evidence, Question
from ntlbg.store import Store, file_digest, folder_atomic

READERS: dict[str, Callable[[Path], Benchmark]] = {
    "longvideobench": longvideobench.read,
    "videomme": videomme.read,
    "mlvu": mlvu.read,
}
OWN_SPLITS = ("train", "val")


@dataclass(frozen=True)
class BuildReport:
    """What a build did. missing: videos whose file does not exist; seconds are of video drawn in this run."""

    videos: int
    questions: int
    evidence: int
    missing: int
    defects: tuple[Defect, ...]
    rendered: int = 0
    reused: int = 0
    video_seconds: float = 0.0
    wall_s: float = 0.0
    questions_by_split: dict[str, int] = field(default_factory=dict)


@dataclass
class _Tables:
    """Rows gathered from all sources. `at` is where the final folder lies while its content is still elsewhere."""

    videos: dict[str, VideoFile] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    defects: list[tuple[str, Defect]] = field(default_factory=list)
    signatures: dict[str, Array] = field(default_factory=dict)


def build(
    params: CorpusParams, seed: int, into: Path, *, store: Store | None = None, workers: int | None = None
) -> BuildReport:
    """Make `into`. Raises InputError naming the file, row or pair of videos that makes the corpus unusable."""
    tables = _Tables()
    made: Made | None = None
    with folder_atomic(into) as folder:
        if params.rendered is not None:
            made = _rendered(params.rendered, seed, folder, into, tables, store or Store.default(), workers)
        if params.folders is not None:
            for name, source in params.folders.model_dump().items():
                if source:
                    benchmark = READERS[name](_existing(Path(source).expanduser()))
                    _record(benchmark, benchmark.evidence, tables)
        for own in params.own:
            source = _existing(Path(own.videos).expanduser())
            benchmark = jsonl.read(Path(own.jsonl).expanduser(), source, own.split)
            _record(benchmark, benchmark.evidence, tables)
        if not tables.questions:
            raise InputError(_nothing(tables))
        manifest = Manifest(list(tables.videos.values()), tables.questions, tables.evidence, tables.defects)
        splits.check(manifest.videos, tables.signatures)
        manifest.write(folder)
    return _report(manifest, made)


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder", hint="correct its path in params.yaml")
    return folder


def _nothing(tables: _Tables) -> str:
    if tables.defects:
        return f"the corpus holds no sound question; the first bad row is {tables.defects[0][1]}"
    return "the corpus holds no question; give it videos"


def _report(manifest: Manifest, made: Made | None) -> BuildReport:
    counts: dict[str, int] = {}
    for q in manifest.questions:
        name = f"{q.benchmark}/{q.split}"
        counts[name] = counts.get(name, 0) + 1
    report = BuildReport(
        videos=len(manifest.videos),
        questions=len(manifest.questions),
        evidence=len(manifest.evidence),
        missing=sum(not v.blake3 for v in manifest.videos),
        defects=tuple(d for _, d in manifest.defects),
        questions_by_split=counts,
    )
    if made is None:
        return report
    return replace(
        report,
        rendered=made.rendered,
        reused=made.reused,
        video_seconds=made.video_seconds,
        wall_s=made.wall_s,
    )


# ---- rendered ----------------------------------------------------------------------------------------------------


def plan_jobs(params: RenderedParams, seed: int) -> dict[str, list[Job]]:
    """Every video of a rendered corpus, by series: the benchmarks' names, `train` and `val`."""
    series = {name: ("test", getattr(params, name)) for name in READERS}
    series |= {name: (name, getattr(params, name)) for name in OWN_SPLITS}
    jobs = {}
    for name, (split, count) in series.items():
        codecs = _mix(params.codecs, count, rng_for("codecs", seed, name))
        options = 5 if name == "longvideobench" else 4  # as most of its questions have
        jobs[name] = [
            Job(plan_video(seed, split, name, i, n_options=options, minutes=params.minutes, fps=params.fps), codecs[i])
            for i in range(count)
        ]
    return jobs


def _mix(shares: dict[str, float], count: int, rng: np.random.Generator) -> list[str]:
    """`count` codecs in these shares (largest remainder), in an order that knows nothing of the videos."""
    total = sum(shares.values())
    exact = {name: count * share / total for name, share in shares.items() if share}
    number = {name: int(x) for name, x in exact.items()}
    rest = sorted(exact, key=lambda name: (number[name] - exact[name], name))
    for name in rest[: count - sum(number.values())]:
        number[name] += 1
    names = [name for name in sorted(number) for _ in range(number[name])]
    return [names[i] for i in rng.permutation(count)]


def _rendered(
    params: RenderedParams,
    seed: int,
    folder: Path,
    into: Path,
    tables: _Tables,
    store: Store,
    workers: int | None,
) -> Made:
    jobs = plan_jobs(params, seed)
    made = render_all([job for series in jobs.values() for job in series], store=store, workers=workers)
    shown = _shown(into)
    for name in READERS:
        if jobs[name]:
            written = layouts.write(name, jobs[name], made.videos, folder / name)
            back = READERS[name](folder / name)
            _same(written, back)
            _take(back, written.evidence, shown / name, made.videos, tables)
    own = {split: jobs[split] for split in OWN_SPLITS if jobs[split]}
    for split, written in layouts.write_own(own, made.videos, folder / "own").items():
        back = jsonl.read(folder / "own" / f"{split}.jsonl", folder / "own" / "videos", split)
        _same(written, back)
        _take(back, written.evidence, shown / "own" / "videos", made.videos, tables)
    return made


def _shown(into: Path) -> Path:
    """`into` as the tables name it: relative to the working folder where it lies in it."""
    absolute, here = into.resolve(), Path.cwd().resolve()
    return absolute.relative_to(here) if absolute.is_relative_to(here) else absolute


def _same(written: Benchmark, back: Benchmark) -> None:
    """What was written must be what is read. Raises NTLBGError naming the first difference."""
    if back.defects:
        raise NTLBGError(f"{written.name}: a rendered row does not read back: {back.defects[0]}")
    plain = [replace(q, metadata={k: v for k, v in q.metadata.items() if k != "origin"}) for q in back.questions]
    for a, b in zip(written.questions, plain, strict=False):
        if a != b:
            raise NTLBGError(f"{written.name}: question `{a.question_id}` reads back changed")
    order = {v.video_id: v for v in back.videos}
    if len(plain) != len(written.questions) or order != {v.video_id: v for v in written.videos}:
        raise NTLBGError(f"{written.name}: the rendered layout reads back with other videos or questions")


def _take(
    benchmark: Benchmark, evidence: Sequence[Evidence], shown: Path, made: dict[str, Rendered], tables: _Tables
) -> None:
    """Record a rendered benchmark: sizes and hashes are known, evidence is the plan's."""
    for v in benchmark.videos:
        video = made[v.video_id.removeprefix(f"{benchmark.name}-")]
        path = (shown / v.path).as_posix()
        tables.videos[v.video_id] = VideoFile(
            v.video_id, benchmark.name, v.split, path, video.size, video.blake3, v.container, v.group
        )
        tables.signatures[v.video_id] = video.signature
    tables.questions += [
        replace(q, subtitle_path=(shown / q.subtitle_path).as_posix()) if q.subtitle_path else q
        for q in benchmark.questions
    ]
    tables.evidence += evidence


# ---- recorded ----------------------------------------------------------------------------------------------------


def _record(benchmark: Benchmark, evidence: Sequence[Evidence], tables: _Tables) -> None:
    """Record a folder of the user's: absolute paths, sizes and hashes of what is there."""
    root = benchmark.root.resolve()
    with meter(f"hash {benchmark.name}", total=len(benchmark.videos), unit="videos") as progress:
        for v in benchmark.videos:
            path = root / v.path
            size, digest = _digest(path)
            row = VideoFile(v.video_id, benchmark.name, v.split, path.as_posix(), size, digest, v.container, v.group)
            known = tables.videos.setdefault(v.video_id, row)
            if known != row:
                raise InputError(
                    f"video `{v.video_id}` is `{known.path}` ({known.split}) in one source "
                    f"and `{row.path}` ({row.split}) in another",
                    hint="a video belongs to one split; give different videos different names",
                )
            progress.advance(1, v.path)
    tables.questions += [
        replace(q, subtitle_path=(root / q.subtitle_path).as_posix()) if q.subtitle_path else q
        for q in benchmark.questions
    ]
    tables.evidence += evidence
    tables.defects += [(benchmark.name, d) for d in benchmark.defects]


def _digest(path: Path) -> tuple[int, str]:
    """Size and blake3 of a regular file; 0 and "" for anything else, which is quarantined later by name."""
    try:
        if path.is_file():
            return path.stat().st_size, file_digest(path)
    except OSError:
        pass
    return 0, ""
