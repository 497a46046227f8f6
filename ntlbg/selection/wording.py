"""Does a question ask about the video as a whole? Read off its words, by a few rules of English.

Such a question names no moment: what it is about lies all over the video, so its relevance curve says little and
coverage is what helps. The rules ask for plain signs, and a question without one is taken to be about moments:
covering the video for a question about a moment costs more than the reverse. Counting and ordering are about moments,
though they name the whole video. Source and figures: docs/selection.md, "Words of the question".
"""

from __future__ import annotations

import re

VIDEO = r"(?:video|film|movie|clip|footage|recording|documentary|story|episode|vlog|gameplay|show)"
THE_VIDEO = rf"(?:the|this)(?:\s+\w+)?(?:\s+\w+)?\s+{VIDEO}\b"
ALL = r"(?:whole|entire|complete|full|overall)"

WHOLE = [
    # asks for the gist
    r"\b(?:summar(?:y|ies|i[sz]e[sd]?|i[sz]ing)|synopsis|overview|gist|recap)\b",
    rf"\b(?:describe|explain|outline)\s+{THE_VIDEO}\s*(?:$|[.?,])",
    rf"\bwhat(?:'s|\s+is|\s+was)\s+{THE_VIDEO}.*\b(?:about|related\s+to)\b",
    rf"\bwhat\s+(?:happens|happened|goes\s+on|takes\s+place)\s+in\s+{THE_VIDEO}",
    rf"\bwhat\s+(?:\w+\s+){{0,2}}(?:does|do)\s+{THE_VIDEO}\s+(?:tell|show|describe|depict|present|discuss|cover)s?\b",
    # asks for a property of the video, not of something in it
    rf"\b(?:types?|kinds?|category|style|mood|tone)\s+of\s+(?:{THE_VIDEO}|(?:\w+\s+)?{VIDEO}\b)",
    rf"\b(?:genre|theme|topic|subject|purpose|message|moral)\b.*\b{VIDEO}\b",
    r"\b(?:main|primary|central|most\s+frequent)\s+(?:\w+\s+)?(?:setting|scene|environment|background)\b",
    r"\bmain\s+(?:content|plot|topic|theme|idea|subject|point|story|activity|event|purpose)s?\b",
    rf"\b(?:who|what)\s+(?:is|are)\s+the\s+(?:main\s+)?(?:characters?|protagonists?)\s+(?:of|in|shown\s+in)\s+{THE_VIDEO}",
    rf"\b(?:setting|settings|background|environment|content)\s+(?:of|in)\s+{THE_VIDEO}",
    rf"\b(?:where|which\s+places?|which\s+settings?|what\s+places?|places)\b.*\b{THE_VIDEO}\s+(?:takes?\s+place|set)\b",
    # says that it means all of it
    rf"\b(?:in|over|through|during|of|across)\s+(?:the|this)\s+{ALL}\s+{VIDEO}\b",
    rf"\bthe\s+{ALL}\s+{VIDEO}\b",
    r"\bfrom\s+(?:the\s+)?(?:beginning|start)\s+to\s+(?:the\s+)?end\b",
    r"\b(?:throughout|over\s+(?:the\s+course\s+of|time)|overall|mainly|mostly)\b",
    rf"\b(?:majority|most|half)\s+of\s+(?:the|this)\s+{VIDEO}\b",
    rf"\b(?:change|develop|evolve|progress)(?:s|es)?\b.*\b(?:(?:during|through|over|across)\s+{THE_VIDEO}|to\s+the\s+end\b)",
    r"\b(?:which|what)\s+(?:\w+\s+){0,2}(?:characters|places|colou?rs)\b.*\b(?:appears?|shown|dominates?)\b",
    # can be denied only by who has seen all of it
    r"\b(?:never|not)\s+(?:be\s+)?(?:shown|seen|appear(?:s|ed|ing)?|featured|included|mentioned|visited|visible|occur(?:s|red)?)\b",
    r"\bdo(?:es)?\s+not\s+(?:appear|occur|happen|take\s+place)\b",
    # asks whether anything is out of order, without a word on what
    rf"\b(?:anomal|abnormal|irregular|unusual|suspicious)\w*\b.*\b{VIDEO}\b|\b{VIDEO}\b.*\b(?:anomal|abnormal|irregular|unusual)\w*",
]
MOMENTS = [
    r"\bhow\s+(?:many|often)\b",
    r"\bnumber\s+of\b",
    r"\b(?:total\s+)?(?:count|occurrences|instances)\b",
    r"\b(?:before|after|when|while|then)\b",
    r"\bat\s+the\s+(?:very\s+)?(?:beginning|start|end)\b",
    r"\b(?:chronological\s+order|following\s+(?:events|sequences?|scenes?)|order\s+of\s+events)\b",
]
_WHOLE = re.compile("|".join(WHOLE), re.IGNORECASE)
_MOMENTS = re.compile("|".join(MOMENTS), re.IGNORECASE)
LONGEST = 160  # characters that are read: a longer text describes scenes


def asks_about_the_whole(question: str) -> bool:
    """Whether the words of a question ask about the video as a whole. An empty question does not."""
    text = " ".join(question[: LONGEST + 1].split())
    return len(question) <= LONGEST and bool(_WHOLE.search(text)) and not _MOMENTS.search(text)
