"""The rendered questions cannot be answered without looking."""

import numpy as np
from blake3 import blake3
from sklearn.ensemble import HistGradientBoostingClassifier

from ntlbg.corpus.build import plan_jobs
from ntlbg.corpus.params import RenderedParams

VIDEOS = 400
WORDS = {}


def code(word: str) -> int:
    return WORDS.setdefault(word, len(WORDS))


def described(job, number: int, question, place: int) -> list[float]:
    """What is known of an option without its video: file, duration, the question's number and words, all options."""
    others = [o for i, o in enumerate(question.options) if i != place]
    option = question.options[place]
    words = question.text.rstrip("?").split()
    return [
        place,
        number,
        len(question.options),
        len(option),
        np.mean([len(o) for o in others]),
        sum(option > o for o in others),
        code(option),
        *sorted(map(code, others)),
        code(job.codec),
        job.plan.duration_s,
        blake3(job.name.encode()).digest()[0],
        code(job.name[0]),
        len(words),
        *[code(w) for w in (words + [""] * 14)[:14]],
    ]


def test_a_classifier_on_all_metadata_is_at_chance():
    """Gradient-boosted trees on all metadata of a question, split by video: the 95 % interval contains chance."""
    jobs = plan_jobs(RenderedParams(longvideobench=0, videomme=VIDEOS, mlvu=0, train=0, val=0), 31)["videomme"]
    rows, right, owner = [], [], []
    for v, job in enumerate(jobs):
        for q, question in enumerate(job.plan.questions):
            for place in range(len(question.options)):
                rows.append(described(job, q, question, place))
                right.append(place == question.answer)
                owner.append((v, q, len(question.options)))
    X, y, owner = np.array(rows, float), np.array(right), np.array(owner)
    learn = owner[:, 0] < VIDEOS // 2
    model = HistGradientBoostingClassifier(max_iter=80, random_state=0).fit(X[learn], y[learn])
    score = model.predict_proba(X[~learn])[:, 1]
    by_video: dict[int, list[float]] = {}
    for (v, _), of_question in _groups(owner[~learn]):
        best = of_question[np.argmax(score[of_question])]
        by_video.setdefault(v, []).append(y[~learn][best] - 1 / owner[~learn][best, 2])
    above = np.array([np.mean(gains) for gains in by_video.values()])
    draws = np.random.default_rng(0).choice(above, (4000, len(above))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    assert low <= 0 <= high, (low, high)
    assert high - low < 0.06  # narrow enough to have seen a shortcut


def _groups(owner):
    keys: dict[tuple[int, int], list[int]] = {}
    for i, (v, q, _) in enumerate(owner):
        keys.setdefault((int(v), int(q)), []).append(i)
    return [(key, np.array(places)) for key, places in keys.items()]


def test_files_and_ids_do_not_name_the_split_or_the_benchmark():
    """Video names are hashes: nothing in them tells where a video belongs or what it shows."""
    jobs = plan_jobs(RenderedParams(longvideobench=3, videomme=3, mlvu=3, train=3, val=3), 31)
    names = [job.plan.video_id for series in jobs.values() for job in series]
    assert len(set(names)) == 15
    assert all(set(name) <= set("0123456789abcdef") and len(name) == 11 for name in names)
