"""Which questions are taken to ask about the whole video."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ntlbg.corpus.planted import plan_video
from ntlbg.records.query import Query
from ntlbg.records.question import Kind
from ntlbg.selection import checks, registry
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.selection.wording import LONGEST, asks_about_the_whole

REPOSITORY = Path(__file__).resolve().parents[2]
WHOLE = """
Can you summarize the main contents of this video?
Summarise the video.
Please summarise this clip in three sentences.
Summarize the key points of the lecture video.
Write a short summary of the documentary.
Could you give me a brief overview of the whole film?
Please provide a recap of this episode.
Which of the following best summarizes the video?
Which option best describes the main content of the video?
Describe the video in detail.
Describe this clip.
Explain the video briefly.
Can you describe this video for me?
Tell me what happens in the video.
Tell me about this film.
What is going on in this video?
What is happening in the clip?
What happened in the video?
What happens in this film, from beginning to end?
What takes place in this surveillance footage?
What do you see in this video?
What is shown in the video?
What is this video about?
What's this video mainly about?
What is the video primarily about?
What is this video related to?
What is the video demonstrating?
What does the video mainly introduce?
What does this documentary primarily focus on?
What does this clip show?
What story does the film tell?
What is the video trying to teach?
What event is mainly depicted in the video?
What genre of movie is the clip in the video from?
What type of film is this?
What kind of video is this?
What is the genre of this video?
Which genre does this movie belong to?
What category does this video fall under?
What is the style of this animation?
What is the overall tone of the film?
What is the mood of the video?
What is the theme of this music video?
What is the main topic of the video?
What is the subject of the documentary?
What is the purpose of this video?
What is the main purpose of the video?
What is the main message conveyed in the video?
What is the moral of the story?
What is the message of the film?
What is the plot of the movie?
What is the main idea?
What is the main plot?
What is the target audience of the video?
Which title best suits the video?
What would be a good title for this video?
What is the main activity shown in the video?
What is the main setting of the video?
What is the background of the video?
What is the most frequent scene in the video?
Where is the main setting of the story?
Where does the story in the video take place?
Where does the video take place?
In which country was the film shot?
In what setting does the scene in the video take place?
Where does most of the video take place?
In which places does the film take place?
Who is the main character?
Who is the main character of the film?
Who is the protagonist of the video?
Who are the characters in this cartoon?
Which characters appear, and in which order?
What is the protagonist mainly doing in the game?
What is the main activity of the first-person character in this video?
Which of these places is shown?
Which of these places is never shown?
Which of the following is not mentioned in the video?
Which animal does not appear in the video?
Which topic isn't discussed in this documentary?
What does the man wear throughout the video?
How does the weather change over the course of the film?
How does the rabbit's mood change during the film?
How does the light change from the morning to the end?
Which colours dominate the pictures over time?
Which sport is played in most of the video?
Summarise the first half of the film.
Is there anything unusual in this surveillance video?
Are there any irregularities in this footage? If so, of which sort?
Does this surveillance footage contain any anomalies?
What is the video about in general?
What is the main theme explored in this film?
What is the central conflict of the story?
What is the overall atmosphere of the video?
What is the general topic discussed in the video?
Which statement best captures the main idea of the video?
What is the tone of this documentary?
What does the video focus on?
What does this vlog document?
What type of content is this video?
Where was this video recorded?
What is the primary location in the video?
Who is the central figure in this documentary?
Which of the following does not appear in the video?
Which of the following places is not visited in the vlog?
Which country is never mentioned in the documentary?
Which event did not happen in the film?
Which person appears throughout the film?
Give me the gist of this video.
Can you outline the plot of the movie?
What are the main events of the story?
What are the key points of the video?
Give a detailed description of the video.
What is being shown in the video?
What is the video showing?
What is the intention of the video?
How does the relationship of the two women develop throughout the film?
How does the city change in the course of the video?
What is the conclusion of the video?
What is the most common setting in the video?
Do you notice anything suspicious in this footage?
What is the main character mainly doing in this video?
What is the video mostly about?
""".strip().splitlines()
MOMENTS = """
What message is written on the whiteboard in the video?
What is the purpose of the red button in the video?
What colours are shown on the flag?
What kind of video game does the boy play?
What type of film camera does the man hold?
What is the main activity of the man in the kitchen?
Which item is not shown on the shopping list?
Where does the boat race in the video take place?
What is the subject of the painting in the video?
What color is the mountain in the background of the video?
What is the title of the film?
What is the title of the book in the video?
What is the genre of the song that plays in the video?
What is the theme of the birthday party in the video?
What is the topic of the slide with the blue chart?
What style of hat does the woman in the video wear?
What kind of animals are being kept in the video?
What type of clip holds the woman's hair?
What kind of movie poster hangs on the bedroom wall?
What type of film crew member walks past the window?
What is the video game console next to the sofa?
What is the whole film crew wearing?
Which animation studio's logo is on the cap?
What is the main ingredient of the soup?
What is the main course at the wedding?
What is the main character holding in the kitchen?
Who is the main character talking to at the bar?
Who is the person in the video shaking hands with?
What is the protagonist doing beside the lake?
What is the man in the black coat mainly carrying?
What is the cake mostly made of?
What is written on the overalls of the mechanic?
What does the woman wear overall?
What is the setting of the oven in the video?
What is the background of the photograph on the desk?
What is the content of the box in the video?
What is the moral of the fable that the teacher reads aloud?
What lesson does the coach write on the board?
What is the point of the knife made of?
What is the scene of the painting on the left wall?
Where does the interview with the farmer take place?
Where does the wedding in the video take place?
Where does the chef in the video set the plate?
Which places are marked on the map?
Which characters are written on the sign?
What colors appear on the screen behind the singer?
Which colour dominates the painting?
Which button is never pressed on the remote control?
Which name does not appear on the list?
Which ingredient is not mentioned on the label?
Which finger is not visible in the photo?
Does the teacher summarise the lesson on the blackboard?
What is written in the summary on the last slide?
What does the overview map on the wall show?
Summarise what the woman in red says at the counter.
Describe the man in the video.
Describe the dress of the girl in the video.
Explain the diagram in the video.
What happens in the video to the red car?
What happens to the glass on the table?
What is going on in the background behind the reporter?
What is shown in the video on the television in the bar?
What does the video screen in the stadium show?
What does the story book on the shelf show?
What does the boy show in the video?
What unusual object lies on the table in the video?
Is there anything unusual about the man's hat in the video?
Which suspicious item is found in the suitcase in the video?
How does the chameleon's colour change on the leaf?
How does the score change during the second set?
How does the expression of the girl change in the mirror?
How many times does the moon appear throughout the video?
How often is the main character shown?
At the beginning of the video, what kind of vehicle is the man riding?
At 2:15, what is going on in the video?
What happens in the first scene of the video?
What is the mood of the film in the opening scene?
Which scene comes before the summary?
What did the presenter do after the overview of the video?
Arrange the following events from the video in the correct chronological order: (1) a (2) b
What is the video recorder standing on?
Which video does the girl watch on her phone?
What is on the cover of the film that the man buys?
What is the genre of the movie that the couple watches on the sofa?
Who is in the clip that plays on the billboard?
What colour is the star in the forest?
Where is the person in the video?
What animal appears in this gameplay video?
What is the woman doing while the music video plays?
What subject does the teacher in the video teach?
What is the purpose of the meeting that the video shows on the calendar?
What is the purpose of the lever on the machine in the video?
What is the theme of the mural behind the speaker?
What is the message on the T-shirt of the boy in the video?
What is the content of the letter that the woman reads in the film?
Which genre of book does the girl hold in the video?
What is the style of the woman's haircut in the video?
What is the tone of the paint on the wall?
Where is the setting sun in the picture?
What kind of documentary is on the television in the living room?
What type of cartoon is printed on the mug?
What story does the grandmother tell by the fire?
What happens during the story that the nurse tells?
Who is the main speaker at the podium?
What is the main dish on the table in the video?
What is the main colour of the bus?
What is the main building behind the fountain?
Which characters are on the keyboard in the video?
Which of these animals jumps over the fence?
Which of the following does the chef add to the pan?
Which of the following is on the table?
What does the whole family eat in the restaurant?
What covers the entire floor of the room?
What is the boy holding throughout the race?
What does the man do from the start to the finish line?
What is the video camera pointed at?
What brand is the video camera on the tripod?
What does the clip on the tie look like?
What is shown in the film strip on the desk?
What is the recording device that the reporter holds?
Who plays the recording of the bird?
In which city is the woman in the red dress standing in the video?
In what place does the dog hide the bone?
In which location does the man in the video park the car?
What event is mainly celebrated at the town hall in the video?
What is the overview of the valley seen from?
What is abnormal about the third X-ray?
Who has never been to Paris, according to the woman?
Which hand is not in the pocket?
Which colour does not appear on the flag in the video?
Which players are not visible in the team photo in the video?
What does the movie ticket in the video show?
What does the video call on the laptop show?
Describe what the man in the video holds.
What happened in the video to make the baby cry?
What takes place in the video at the fountain?
What is the setting of the dial in the video?
What is the video editor's cat doing?
What season is shown on the calendar in the video?
The swimmer shows a stroke in the video. What style is it?
What type is it?
In the picture on the wall, what is the main theme?
In the scene with the lighthouse, who is the main character?
Who tells the whole story to the police officer?
What is on the cover of the full movie that lies on the desk?
Does the video show an unusual hat?
According to the description of the video game, which level is it?
What is the player mainly holding?
Is there a suspicious person in the video?
What does the sticker on the entire recording desk say?
What is the key point on the map?
What is the main purpose of the lever?
What is the story in the newspaper about?
What does the cartoon on the wall show?
Who carries the bag across the cartoon bridge?
""".strip().splitlines()


@pytest.mark.parametrize("question", WHOLE)
def test_the_whole_is_asked_about(question):
    """The gist, a property of the video, all of it, or what nobody can deny who has not seen it."""
    assert asks_about_the_whole(question)
    assert asks_about_the_whole(question.upper())


@pytest.mark.parametrize("question", MOMENTS)
def test_moments_are_not(question):
    """A thing in the video, whatever the video is called beside it; a count, an order, a time."""
    assert not asks_about_the_whole(question)
    assert not asks_about_the_whole(question.upper())


def test_neither_nothing_nor_a_long_text_asks_about_the_whole():
    """An empty question says nothing, and a long one describes scenes; spaces say nothing either way."""
    assert not asks_about_the_whole("")
    assert not asks_about_the_whole("Summarise the video. " + "x" * LONGEST)
    assert asks_about_the_whole("  Summarise \n the\tvideo. ")


def test_of_the_film_eight_of_nine_and_no_moments():
    """The development questions about the film: of those about the whole only "Who is punished" does not say so."""
    asked = json.loads((REPOSITORY / "benchmarks" / "film_development.json").read_text())["questions"]
    whole = [q["question"] for q in asked if q["kind"] == "whole_video"]
    assert len(whole) == 9
    assert [q for q in whole if not asks_about_the_whole(q)] == ["Who is punished, and how, one after the other?"]
    assert not [q["question"] for q in asked if q["kind"] != "whole_video" and asks_about_the_whole(q["question"])]


def test_of_the_planted_questions_all_of_the_whole_and_no_others():
    """The smoke tier's questions, over as many made-up videos as hold each form."""
    asked = [q for video in range(6) for q in plan_video(7, "test", "mlvu", video).questions]
    assert {q.kind for q in asked} == set(Kind)
    assert len({q.text for q in asked if q.kind is Kind.WHOLE_VIDEO}) == 3
    assert all(asks_about_the_whole(q.text) == (q.kind is Kind.WHOLE_VIDEO) for q in asked)


def test_of_real_questions_the_rates_are_those_of_the_documentation():
    """MLVU's development set by task, and LongVideoBench's validation set: taken for whole, of how many."""
    folder = Path(os.environ.get("NTLBG_ANNOTATIONS", REPOSITORY.parent / "shared" / "annotations"))
    if not folder.is_dir():
        pytest.skip("no real annotation files here; NTLBG_ANNOTATIONS names their folder")
    files = [*sorted((folder / "mlvu" / "json").glob("*.json")), folder / "longvideobench" / "lvb_val.json"]
    taken = {}
    for file in files:
        questions = [row["question"] for row in json.loads(file.read_text())]
        taken[file.stem] = (sum(map(asks_about_the_whole, questions)), len(questions))
    assert taken == {
        "1_plotQA": (0, 539),
        "2_needle": (0, 355),
        "3_ego": (0, 352),
        "4_count": (0, 206),
        "5_order": (0, 259),
        "6_anomaly_reco": (200, 200),
        "7_topic_reasoning": (191, 264),
        "8_sub_scene": (0, 201),
        "9_summary": (217, 217),
        "lvb_val": (0, 1337),
    }


def test_ntlbg_covers_the_video_for_such_a_question():
    """Whatever the curve says, and it says that it believed nothing; with `wording` off the curve is followed."""
    video, query = checks.a_video(120), checks.a_query(120)
    whole = type(query)("What is this video about?", query.relevance)
    turned = type(query)("What is this video about?", -query.relevance)
    rule = registry.make("ntlbg")
    chosen = checks.keeps_the_contract(rule, video, whole, 8)
    assert chosen.trust == 0.0
    assert chosen.sha256 == rule.select(video, turned, 8).sha256
    deaf = registry.make("ntlbg", wording=False)
    assert deaf.select(video, whole, 8).sha256 == rule.select(video, query, 8).sha256 != chosen.sha256


VARIANTS = [rule for rule in registry.every() if isinstance(rule, NTLBG)]


@pytest.mark.parametrize("rule", [v for v in VARIANTS if v.wording], ids=lambda rule: rule.name)
def test_a_variant_reads_the_words_as_ntlbg_does(rule):
    """It changes one thing, and the words are another: such a question is covered as `ntlbg` in its space covers it."""
    video, curve = checks.a_video(120), checks.a_query(120).relevance
    whole = Query("What is this video about?", curve)
    plain = registry.make("ntlbg", smoothing_s=rule.smoothing_s)
    for k in (1, 8, 120):
        assert rule.select(video, whole, k).sha256 == plain.select(video, whole, k).sha256


def test_the_rule_blind_to_the_question_reads_no_words():
    """What a question says changes no frame of `ntlbg_no_tilt`; it alone of the variants is deaf."""
    assert [v.name for v in VARIANTS if not v.wording] == ["ntlbg_no_tilt"]
    video, curve = checks.a_video(120), checks.a_query(120).relevance
    rule = registry.make("ntlbg_no_tilt")
    one, other = (rule.select(video, Query(text, curve), 8) for text in ("What is this video about?", "Who waves?"))
    assert one.sha256 == other.sha256
