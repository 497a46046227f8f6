"""Does a question ask about the video as a whole? Read off its words, by a few rules of English.

Such a question names no moment: what it is about lies all over the video, so its relevance curve says little and
coverage is what helps. Each rule asks for a plain sign that is tied to the video and ends there: "the purpose of the
video" is one, "the purpose of the red button in the video" and "a video game" are not. A question without a sign is
taken to be about moments: covering the video for one of those costs more than the reverse. Counting and ordering are
about moments, though they name the whole video. Source and figures: docs/selection.md, "Words of the question".
"""

from __future__ import annotations

import re

END = r" ?(?:$|[?.,;:!])"
ALL = r"(?:whole|entire|complete|full|overall)"
NOUN = r"(?:video|film|movie|clip|footage|recording|documentary|story|episode|vlog|gameplay|tutorial|animation|cartoon)"
# what may stand between "the" and the noun: words that name no part of a video, nor turn a clip into a hair clip
SORT = (
    rf"(?:{ALL}|{NOUN}|given|provided|following|above|short|long|brief|animated|surveillance|security|cctv|music|news"
    r"|sports?|cooking|travel|nature|wildlife|lecture|educational|instructional|dashcam|drone|game|first[ -]person"
    r"|egocentric|perspective)"
)
# a noun is a video only where no other noun follows it, as in "video game" and "film crew"
ALONE = (
    r"(?=$| ?[^\w\s'’-]| (?:is|are|was|were|does|do|did|has|have|can|and|or|as|at|by|for|from|in|of|on|so|to|about"
    r"|along|that|together|takes?|tells?|show(?:s|ing)?|sets?|filmed|shot|recorded|made|occurs?|happens?|describ(?:es?|ing)"
    r"|depict(?:s|ing)?|presents?|discuss(?:es)?|covers?|contains?|include|document|related|demonstrat(?:es?|ing)|mainly"
    r"|mostly|primarily|briefly|fully|all|try|trying|want|aim|focus(?:es)?|talk|deal|convey|belongs?|falls?|teach(?:es)?"
    r"|introduces?|explains?|portrays?|located)\b)"
)
VIDEO = rf"(?:(?:the|this) (?:{SORT} ){{0,3}}{NOUN}{ALONE})"

IS = r"(?:'s|’s| is| are| was| were)"
MAINLY = r"(?:mainly|mostly|primarily|chiefly|generally|overall|basically|really|all)"
MAIN = r"(?:main|primary|central|core|key|overall|general|principal|most (?:frequent|common)|underlying|overarching)"
SHOWN = (
    r"(?:shown|seen|depicted|featured|presented|described|portrayed|narrated|told|discussed|covered|conveyed|explored)"
)
TELL = (
    r"(?:tell|show|describe|depict|present|discuss|cover|portray|narrate|convey|explain|teach|introduce|demonstrate"
    r"|document|(?:try|want|aim) to \w+|focus on|focus|talk about|deal with)"
)
HAPPENS = r"(?:happens|happened|goes on|is going on|is happening|takes place|is taking place|occurs)"
SEEN = rf"(?:(?:can|do) (?:you|we) see|can be seen|(?:is|are) (?:being )?(?:{MAINLY} )?{SHOWN})"
IN_IT = rf"(?:(?: {SHOWN})? (?:of|in|throughout|during|across|by|behind) {VIDEO})"
BRIEFLY = r"(?: (?:in (?:\w+ ){0,3}(?:details?|words?|sentences?|short|brief|general)|briefly|fully|(?:for|to) me))*"
SUMMARY = r"(?:summary|synopsis|overview|gist|recap)"
KIND = r"(?:genre|types?|kinds?|sort|category|style|format|form)"
OF_IT = (
    r"(?:genre|category|type|kind|style|format|tone|mood|atmosphere|theme|topic|subject(?: matter)?|purpose|goal|aim"
    r"|intention|message|moral|takeaway|lesson|plot|storyline|story|idea|point|contents?|focus|setting|location"
    rf"|background|environment|scene|target audience|conclusion|{SUMMARY})s?"
)
MAIN_OF_IT = rf"(?:{OF_IT}|events?|activity|activities|action|task|problem|conflict|argument)"
PART = r"(?:scenes?|clip|animation|story|plot|main event|majority|action)"
PLACE = r"(?:settings?|environments?|places?|locations?|scenarios?|country|countries|city|era|period)"
WHO = r"(?:characters?|protagonists?)"
HERO = r"(?:(?:(?:first[ -]person|game|main) )?(?:character|protagonist|player))"
OF_THESE = r"of (?:these|the following)"
DENIED = (
    r"(?:be |been )?(?:shown|seen|appear(?:s|ed)?|featured|included|mentioned|visited|visible|present|discussed|covered"
    r"|occur(?:s|red)?|happen(?:s|ed)?)"
)
IS_NOT = r"(?:(?:is|are|was|were|does|do|did|has|have) (?:never|not)|(?:is|are|was|were|does|do|did)n['’]t)"
ODD = r"(?:anomal|abnormal|irregular|unusual|suspicious)\w*"
GOINGS_ON = r"(?: (?:events?|activity|activities|behaviou?r|happening|going on))"

WHOLE = [
    # asks for the gist
    rf"\bsummari[sz]es? (?:(?:the|all) )?(?:(?:{MAIN}|{ALL}) )?(?:(?:{MAIN_OF_IT}|{PART}) (?:of|in|from) )?{VIDEO}",
    rf"(?:^|\bplease |\byou )summari[sz]e(?: (?:briefly|it|this|everything))?{END}",
    rf"\b(?:give|provide|write|create|make) (?:me )?(?:an?|the) (?:\w+ )?(?:{SUMMARY}|description)"
    rf"(?: (?:of|for) {VIDEO}|{END})",
    rf"\b(?:describe|explain|outline|recount|retell|caption) (?:the (?:{MAIN} )?{OF_IT} of )?{VIDEO}{BRIEFLY}{END}",
    rf"\btell (?:me|us) (?:what {HAPPENS} in|about) {VIDEO}{BRIEFLY}{END}",
    rf"\b(?:best|correctly|accurately) (?:describes?|captures?) (?:the (?:{MAIN} )?{MAIN_OF_IT} of )?{VIDEO}{END}",
    rf"\bwhat{IS} {VIDEO} (?:{MAINLY} )?(?:about|related to|showing|demonstrating|describing|trying to \w+)"
    rf"{BRIEFLY}{END}",
    rf"\bwhat (?:{HAPPENS}|{SEEN}) (?:in|during|throughout) {VIDEO}{BRIEFLY}{END}",
    rf"\bwhat (?:\w+ ){{0,2}}do(?:es)? {VIDEO} (?:{MAINLY} )?{TELL}(?: (?:us|about|the viewers?))*{END}",
    rf"\bwhat \w+ (?:is|are) {MAINLY} {SHOWN} in {VIDEO}{END}",
    # asks for a property of the video, not of something in it
    rf"\b(?:what|which|where){IS} (?:the )?(?:{MAIN} )?{OF_IT}(?: {SHOWN})? (?:of|behind) (?:the {PART} (?:of|in) )?"
    rf"{VIDEO}(?: about| related to)?{END}",
    rf"\b(?:what|which|where|who){IS} (?:the )?{MAIN} {MAIN_OF_IT}(?: related to)?{IN_IT}?(?: about| related to)?{END}",
    rf"\b(?:what|which) {KIND}(?: of (?:{SORT} )?(?:{NOUN}|content)(?: clip)?)? (?:is|are|do|does|would) "
    rf"(?:the {PART} (?:in|of|from) {VIDEO}|{VIDEO})(?: (?:from|belong to|fall (?:under|into)))?{END}",
    rf"\b(?:what|which) {KIND} of (?:{SORT} )?(?:{NOUN}|content)(?: clip)? (?:is|are) (?:this|it){END}",
    rf"\b(?:title|headline|theme|topic) (?:best )?(?:for|describes|fits|suits|matches) {VIDEO}{END}",
    r"\bmain activity\b.*\bfirst[ -]person\b",
    rf"\b{HERO} {MAINLY} \w+ing in (?:{VIDEO}|the game){END}",
    rf"\b(?:who|what){IS} the (?:main|central|leading|key) (?:{WHO}|figures?|person|people){IN_IT}?{END}",
    rf"\b(?:who|what){IS} the {WHO}{IN_IT}{END}",
    rf"\b(?:which|what) characters appear(?: in {VIDEO})?{END}",
    # asks where all of it is set
    rf"\b(?:where|(?:which|what) (?:(?:kind|type) of )?{PLACE}) (?:is|was|do|does|did) (?:the {PART} (?:in|of) )?"
    rf"{VIDEO} (?:takes? place|occurs?|happens?|set|filmed|shot|recorded|located)(?: in)?{END}",
    rf"\bwhich {OF_THESE} {PLACE} (?:is|are) shown(?: in {VIDEO})?{END}",
    # says that it means all of it
    rf"\b(?:in|over|through|throughout|during|across|does) (?:the|this) {ALL} (?:{SORT} )?{NOUN}{ALONE}",
    rf"\bfrom (?:the )?(?:beginning|start) to (?:the )?(?:end|finish)(?: of {VIDEO}|{END})",
    rf"\b(?:throughout|across|(?:over|in|during) the course of) {VIDEO}",
    rf"\b(?:throughout|over time){END}",
    rf"\b(?:majority|most|half) of {VIDEO}",
    rf"\b(?:change|develop|evolve|progress)(?:s|es)?\b.* (?:(?:during|through|over) {VIDEO}|to the end){END}",
    # can be denied only by who has seen all of it
    rf"^(?:which|what|who) (?:{OF_THESE} )?(?:\w+ ){{0,2}}{IS_NOT} {DENIED} (?:in|by|during) {VIDEO}{END}",
    rf"^(?:which|what|who) {OF_THESE} (?:\w+ ){{0,2}}{IS_NOT} {DENIED}{END}",
    rf"^(?:which|what|who) (?:\w+ ){{0,3}}never {DENIED}{END}",
    # asks whether anything is out of order, without a word on what
    rf"\b(?:(?:is|are) there|(?:do|can) you (?:see|notice|find|spot)) (?:an?|any|anything|something) ?{ODD}"
    rf"{GOINGS_ON}? in {VIDEO}{END}",
    rf"\bdo(?:es)? {VIDEO} (?:contain|show|have|include) (?:an?|any|anything) {ODD}{GOINGS_ON}?{END}",
]
MOMENTS = [
    r"\bhow (?:many|often)\b",
    r"\bnumber of\b",
    r"\b(?:total )?(?:count|occurrences|instances)\b",
    r"\b(?:before|after|when|while|then)\b",
    r"\bat the (?:very )?(?:beginning|start|end)\b",
    r"\b(?:chronological order|following (?:events|sequences?|scenes?)|order of events)\b",
    # names a time
    r"\d:\d\d\b|\b\d+(?:st|nd|rd|th)? (?:seconds?|minutes?)\b|\bmoment\b",
    r"\b(?:first|last|opening|closing|final|next|previous) (?:\w+ )?(?:scenes?|shots?|frames?|seconds?|minutes?)\b",
    r"\b(?:in|on|during|from) (?:the|this|an?) (?:\w+ )?(?:scene|shot|frame|image|picture|photo|segment|part)\b",
]
_WHOLE = re.compile("|".join(WHOLE), re.IGNORECASE)
_MOMENTS = re.compile("|".join(MOMENTS), re.IGNORECASE)
LONGEST = 160  # characters that are read: a longer text describes scenes


def asks_about_the_whole(question: str) -> bool:
    """Whether the words of a question ask about the video as a whole. An empty question does not."""
    text = " ".join(question[: LONGEST + 1].split())  # one space between words, on which the rules count
    return len(question) <= LONGEST and bool(_WHOLE.search(text)) and not _MOMENTS.search(text)
