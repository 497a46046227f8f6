"""Planned videos made into files."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil

from ntlbg.corpus.planted import plan_video
from ntlbg.corpus.render import ROOM, Job, job_key, render_all
from ntlbg.store import Store, file_digest
from tests.processes import alive_after

PLANS = [plan_video(5, "test", "x", i, minutes=3.0, fps=2) for i in range(3)]
JOBS = [Job(plan, codec) for plan, codec in zip(PLANS, ("h264-mp4", "vp9-webm", "mpeg4-avi"), strict=True)]


def test_processes_and_stores_make_no_difference(tmp_path: Path) -> None:
    """One process or two, this store or that: the same bytes, in the order asked for."""
    alone = render_all(JOBS, store=Store(tmp_path / "a"), workers=1)
    together = render_all(JOBS, store=Store(tmp_path / "b"), workers=2)
    assert [v.blake3 for v in alone.videos.values()] == [v.blake3 for v in together.videos.values()]
    assert list(alone.videos) == [p.video_id for p in PLANS]
    for video in alone.videos.values():
        assert (video.file.stat().st_size, file_digest(video.file)) == (video.size, video.blake3)
    assert (alone.rendered, alone.reused) == (3, 0)


def test_only_what_is_new_or_damaged_is_drawn(tmp_path: Path) -> None:
    """One more video draws one video; a spoilt entry of the store is noticed and drawn again, the same."""
    store = Store(tmp_path)
    first = render_all(JOBS[:2], store=store, workers=1)
    more = render_all(JOBS, store=store, workers=1)
    assert (more.rendered, more.reused) == (1, 2)
    spoilt = first.videos[PLANS[0].video_id]
    spoilt.file.write_bytes(spoilt.file.read_bytes()[:-1] + b"\0")
    again = render_all(JOBS, store=store, workers=1)
    assert (again.rendered, again.reused) == (1, 2)
    assert again.videos[PLANS[0].video_id].blake3 == spoilt.blake3


def test_the_key_holds_all_that_is_seen_and_nothing_else() -> None:
    """Codec, events, chapters, look and rate change the key; questions, name and split do not."""
    job, plan = JOBS[0], PLANS[0]
    key = job_key(job)
    for same in (replace(plan, questions=()), replace(plan, video_id="x"), replace(plan, split="val")):
        assert job_key(replace(job, plan=same)) == key
    for other in (
        replace(plan, events=plan.events[1:]),
        replace(plan, chapters=plan.chapters[1:]),
        replace(plan, look=plan.look + 1),
        replace(plan, fps=3),
        replace(plan, duration_s=plan.duration_s + 1),
    ):
        assert job_key(replace(job, plan=other)) != key
    assert len({key, *(job_key(Job(plan, c)) for c in ("h264-mov", "hevc-mkv"))}) == 3


def test_a_killed_run_leaves_no_half_video(tmp_path: Path) -> None:
    """What is left in the store's workshop is never taken for a video."""
    (tmp_path / ROOM / job_key(JOBS[0])[:2] / job_key(JOBS[0])).mkdir(parents=True)
    half = tmp_path / ROOM / job_key(JOBS[0])[:2] / job_key(JOBS[0]) / "video.mp4"
    half.write_bytes(b"half a video")
    made = render_all(JOBS[:1], store=Store(tmp_path), workers=1)
    assert made.rendered == 1
    assert made.videos[PLANS[0].video_id].size > 1000


def test_another_format_of_what_lies_beside_a_video_is_another_key(monkeypatch) -> None:
    """So that an entry of an older version is never read as one of this."""
    key = job_key(JOBS[0])
    monkeypatch.setattr("ntlbg.corpus.render.FORMAT", 0)
    assert job_key(JOBS[0]) != key


def test_the_longest_jobs_begin_first(tmp_path: Path) -> None:
    """VP9 before the others, then the longer video: no process is left alone with a long one at the end."""
    made = render_all(JOBS, store=Store(tmp_path), workers=1).videos
    begun = sorted(made, key=lambda name: made[name].file.stat().st_mtime_ns)
    rest = sorted((PLANS[0], PLANS[2]), key=lambda plan: -plan.duration_s)
    assert begun == [p.video_id for p in (PLANS[1], *rest)]


def test_no_worker_outlives_a_killed_build(tmp_path: Path) -> None:
    """kill -9 reaches only the process that is named; its workers notice and end."""
    script = tmp_path / "build.py"
    script.write_text(  # videos of eleven days: on no machine is the build done before it is killed
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from ntlbg.corpus.planted import plan_video\n"
        "from ntlbg.corpus.render import Job, render_all\n"
        "from ntlbg.store import Store\n"
        "if __name__ == '__main__':\n"
        "    plans = [plan_video(5, 'test', 'x', i, minutes=3.0, fps=2) for i in range(2)]\n"
        "    jobs = [Job(replace(plan, duration_s=1e6), 'h264-mp4') for plan in plans]\n"
        f"    render_all(jobs, store=Store(Path({str(tmp_path / 'store')!r})), workers=2)\n"
    )
    with subprocess.Popen([sys.executable, str(script)]) as parent:
        try:
            workers = _workers(parent)
            while parent.poll() is None and not (len(workers) == 2 and any(tmp_path.rglob(".video*"))):
                time.sleep(0.05)
                workers = _workers(parent)
        finally:
            parent.kill()
    assert len(workers) == 2
    assert not alive_after(workers)


def _workers(parent: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [p for p in psutil.Process(parent.pid).children() if "spawn_main" in " ".join(p.cmdline())]
