"""The verdict follows the numbers, whoever wins."""

from __future__ import annotations

import pytest

from ntlbg.reporting.verdict import outcome, verdict
from tests.reporting.conftest import arm, benchmark, comparison, entry


@pytest.mark.parametrize(
    ("delta", "p", "found"),
    [(0.1, 0.01, "win"), (-0.1, 0.01, "loss"), (0.1, 0.05, "tie"), (-0.1, 0.6, "tie"), (0.0, 0.001, "tie")],
)
def test_a_win_needs_a_corrected_p(delta: float, p: float, found: str) -> None:
    """Sign and Holm-corrected p decide, nothing else."""
    assert outcome(entry("ntlbg-8", "uniform-8", "all", "accuracy", delta, p)) == found


def test_the_headline_names_wins_losses_and_ties() -> None:
    """Each benchmark stands in the clause of its own result."""
    text = verdict(
        comparison(longvideobench=benchmark(), videomme=benchmark(-0.08, 0.01), mlvu=benchmark(0.02, 0.7))
    ).headline
    assert (
        "With 8 frames, ntlbg answers more questions right than uniform sampling on LongVideoBench (+10.0 points)"
        in text
    )
    assert "it answers fewer than uniform sampling on Video-MME (−8.0 points)" in text
    assert "it shows no significant difference from uniform sampling on MLVU (+2.0 points)" in text
    assert "In evidence recall it sees more of the evidence than uniform sampling on LongVideoBench" in text


def test_swapping_the_sign_swaps_the_verdict() -> None:
    """No word is kept for the side that is hoped for."""
    good, bad = verdict(comparison(mlvu=benchmark(0.1))), verdict(comparison(mlvu=benchmark(-0.1)))
    assert "ntlbg wins on" in good.text
    assert "ntlbg loses on" not in good.text
    assert "ntlbg loses on" in bad.text
    assert "ntlbg wins on" not in bad.text
    assert {f.outcome for f in bad.findings} == {"loss"}


def test_the_best_selector_is_named_even_when_it_is_not_ours() -> None:
    """topk_nms stands higher: its name, its accuracy and the difference to it are in the notes."""
    notes = " ".join(verdict(comparison(mlvu=benchmark(ntlbg=0.7))).notes["mlvu"])
    assert "Highest accuracy of the selectors at k = 8: topk_nms-8 (75.0 %)" in notes
    assert "ntlbg against topk_nms-8: −5.0 points" in notes
    assert "AUC of 0.812" in notes
    ours = " ".join(verdict(comparison(mlvu=benchmark(ntlbg=0.8))).notes["mlvu"])
    assert "k = 8: ntlbg-8 (80.0 %)." in ours


def test_figures_carry_interval_and_p() -> None:
    """Every claim has its numbers beside it."""
    notes = verdict(comparison(mlvu=benchmark())).notes["mlvu"]
    assert notes[0].startswith(
        "Accuracy at k = 8: ntlbg wins on all questions (+10.0 points, +5.0 to +15.0, p = 0.0010)"
    )


def test_without_pairs_there_is_no_verdict() -> None:
    """Nothing compared: said so."""
    empty = benchmark()
    empty["paired"] = []
    empty["relevance_auc"] = None
    found = verdict(comparison(mlvu=empty))
    assert found.headline.startswith("No paired comparison")
    assert "No evidence is known" in found.text


def test_a_rival_whose_name_begins_like_ours_is_not_ours() -> None:
    """The duel with the best selector is that of ntlbg itself."""
    figures = benchmark(ntlbg=0.7)
    figures["arms"].append(arm("ntlbg_thin", 0.5, 0.3))
    figures["paired"].insert(0, entry("ntlbg_thin-8", "topk_nms-8", "all", "accuracy", -0.25, 0.01))
    notes = " ".join(verdict(comparison(mlvu=figures)).notes["mlvu"])
    assert "ntlbg against topk_nms-8: −5.0 points" in notes


def test_hidden_answers_leave_a_whole_sentence() -> None:
    """Without an accuracy the headline begins with the budget all the same."""
    figures = benchmark()
    figures["paired"] = [e for e in figures["paired"] if e["metric"] == "evidence_recall"]
    headline = verdict(comparison(mlvu=figures)).headline
    assert headline.startswith("With 8 frames, in evidence recall ntlbg sees more of the evidence than uniform")


def test_an_arm_whose_rows_are_all_errors_leads_the_headline() -> None:
    """A difference to an arm that answered nothing is no difference of frames: it is said first, with its benchmark."""
    broken = benchmark(0.7)
    for one in broken["arms"]:
        if one["arm"] == "uniform-8":
            one.update(answered=0, errors=100, accuracy=0.0)
    found = verdict(comparison(mlvu=broken, videomme=benchmark()))
    assert found.headline.startswith("On MLVU nothing was answered by uniform-8: all rows are errors. With 8 frames")
    assert found.notes["mlvu"][0].startswith("Nothing was answered by uniform-8")
    assert "Nothing was answered" not in " ".join(found.notes["videomme"])


def test_an_oracle_without_evidence_has_not_failed() -> None:
    """It was not asked: no accuracy, and no alarm."""
    figures = benchmark()
    for one in figures["arms"]:
        if one["selector"] == "oracle":
            one.update(answered=0, errors=100, accuracy=None)
    assert verdict(comparison(mlvu=figures)).headline.startswith("With 8 frames")


def test_all_benchmarks_together_are_told_apart() -> None:
    """Pooled over their videos, where there is more than one."""
    content = comparison(mlvu=benchmark(0.02, 0.5), videomme=benchmark(0.02, 0.5)) | {"pooled": benchmark(0.02, 0.01)}
    found = verdict(content)
    assert found.pooled[0].startswith("Accuracy at k = 8: ntlbg wins on all questions (+2.0 points")
    assert "ntlbg wins" not in " ".join(found.notes["mlvu"])
    assert verdict(comparison(mlvu=benchmark()) | {"pooled": benchmark()}).pooled == []
