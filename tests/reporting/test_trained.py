"""What is said of training follows the numbers, stage by stage."""

from __future__ import annotations

import io

from rich.console import Console

from ntlbg.reporting.page import page
from ntlbg.reporting.table import markdown, print_comparison
from ntlbg.reporting.trained import TITLE, training
from tests.reporting.conftest import benchmark, comparison, with_training

JOINT = ("stages", "ntlbg-48-rich:joint", "ntlbg-48-rich:select")


def sentences(deltas: dict | None = None) -> str:
    found = training(comparison(mlvu=with_training(deltas)))
    assert found is not None
    return "\n".join(found.sentences)


def test_without_trained_arms_nothing_is_said() -> None:
    """No section in the page, the Markdown or on the terminal."""
    content = comparison(mlvu=benchmark())
    assert training(content) is None
    out = io.StringIO()
    print_comparison(content, Console(file=out, width=150))
    assert all(TITLE not in text for text in (page(content, [], title="t"), markdown(content), out.getvalue()))


def test_every_stage_has_its_contribution() -> None:
    """What it is compared with, the difference, its interval and p."""
    text = sentences()
    assert (
        "Stage select helps rich (48 points) on ntlbg's picks, compared with no training: more right answers on all "
        "questions (+10.0 points, +5.0 to +15.0, p = 0.0010)"
    ) in text
    assert "Stage joint helps rich (48 points) on ntlbg's picks, compared with stage select" in text
    assert "Stage full helps rich (48 points) on ntlbg's picks, compared with stage joint" in text


def test_a_stage_that_does_not_help_is_said_not_to() -> None:
    """Neither a tie nor a loss is passed over."""
    tie = sentences({JOINT: (0.02, 0.4)})
    assert "Stage joint does not help rich" in tie
    assert "no significant difference on all questions (+2.0 points" in tie
    loss = sentences({JOINT: (-0.1, 0.01)})
    assert "Stage joint harms rich" in loss
    assert "fewer right answers on all questions (−10.0 points" in loss


def test_picks_bounds_and_presentations_are_compared() -> None:
    """ntlbg's against uniform's, trained the same; against blind and untrained; against frames at equal tokens."""
    text = sentences({("tokens", "ntlbg-48-rich", "ntlbg-8"): (-0.1, 0.01)})
    assert "Rich (48 points), trained on ntlbg's picks, against the same trained on uniform's: more right" in text
    assert "Rich (48 points), trained on ntlbg's picks, against the blind arm: more right answers" in text
    assert "trained on ntlbg's picks, against the untrained model: more right answers" in text
    assert "At 48 visual tokens of ntlbg's picks, rich (48 points) against frames (8): fewer right answers" in text
    assert "hybrid (28 frames and points) against frames (8): more right answers" in text


def test_tables_show_every_stage_beside_frames_and_bounds() -> None:
    """In the order of training, with visual tokens; uniform's after ntlbg's; rivals that were not trained stay out."""
    found = training(comparison(mlvu=with_training()))
    assert found is not None
    names = [arm["arm"] for arm in found.parts[0].arms]
    stages = ["8", "48-rich:untrained", "48-rich:select", "48-rich:joint", "48-rich", "28-hybrid"]
    assert names == [*(f"{s}-{x}" for s in ("ntlbg", "uniform") for x in stages), "blind", "oracle-8"]


def test_all_benchmarks_together_come_first() -> None:
    """With several benchmarks the sentences are those of the pooled videos."""
    one = comparison(mlvu=with_training({JOINT: (0.02, 0.4)}), videomme=with_training({JOINT: (0.02, 0.4)}))
    found = training(one | {"pooled": with_training({JOINT: (0.03, 0.01)})})
    assert found is not None
    assert [part.title for part in found.parts] == ["All benchmarks", "MLVU", "Video-MME"]
    assert "Stage joint helps" in "\n".join(found.sentences)


def test_the_verdict_stays_about_frames() -> None:
    """Trained arms are in no table, sentence or figure of the comparison of selectors."""
    content = comparison(mlvu=with_training())
    plain, told = markdown(comparison(mlvu=benchmark())), markdown(content)
    before, _, rest = told.partition(f"## {TITLE}")
    _, _, after = rest.partition("## MLVU")
    assert before + "## MLVU" + after == plain
    assert "With 48 frames" not in told


def test_an_arm_that_answered_nothing_is_named_first() -> None:
    """All rows are errors: no stage is praised or blamed before that is said."""
    figures = with_training()
    for arm in figures["arms"]:
        if arm["arm"] == "ntlbg-48-rich":
            arm.update(answered=0, errors=100, accuracy=0.0)
    found = training(comparison(mlvu=figures))
    assert found is not None
    assert found.sentences[0] == "Nothing was answered by ntlbg-48-rich: all rows are errors."


def test_the_section_stands_in_page_markdown_and_terminal() -> None:
    """With its sentences, its table and what each arm costs."""
    content = comparison(mlvu=with_training())
    out = io.StringIO()
    print_comparison(content, Console(file=out, width=150))
    texts = (page(content, [], title="t"), markdown(content), out.getvalue())
    assert all(TITLE in text and "visual tokens" in text for text in texts)
    assert all("ntlbg-48-rich:untrained" in text and "helps rich (48 points)" in text for text in texts)
