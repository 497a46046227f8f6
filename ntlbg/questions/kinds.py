"""What a benchmark's own category says about the kind of its questions.

No distributed layout has a field for the kind, so it travels in the category. The tables hold only categories whose
name, in the benchmark's own definition, asks for one moment, for several moments or for the whole video; every other
category has no kind. For real downloads the kind is a hint of this table, not an annotation.
"""

from __future__ import annotations

from ntlbg.records.question import Kind

_ONE, _SEVERAL, _WHOLE = Kind.ONE_MOMENT, Kind.SEVERAL_MOMENTS, Kind.WHOLE_VIDEO

# Level 1 names one referred moment and what is perceived there; level 2 relates moments; SSS orders all scenes.
LONGVIDEOBENCH: dict[str, Kind] = {
    **dict.fromkeys(("S2E", "S2O", "S2A", "E2O", "O2E", "T2E", "T2O", "T2A"), _ONE),
    **dict.fromkeys(("E3E", "O3O", "SOS", "SAA", "T3E", "T3O", "TOS", "TAA"), _SEVERAL),
    "SSS": _WHOLE,
}

# Object, action and spatial reasoning say nothing of how much of the video is needed.
VIDEOMME: dict[str, Kind] = {
    **dict.fromkeys(("Attribute Perception", "Object Recognition", "Action Recognition", "OCR Problems"), _ONE),
    **dict.fromkeys(("Spatial Perception", "Temporal Perception"), _ONE),
    **dict.fromkeys(("Counting Problem", "Temporal Reasoning"), _SEVERAL),
    "Information Synopsis": _WHOLE,
}

# The paper's own split: single detail, multiple details, holistic.
MLVU: dict[str, Kind] = {
    **dict.fromkeys(("needle", "ego", "plotQA", "sub_scene", "needleQA", "sportsQA", "tutorialQA"), _ONE),
    **dict.fromkeys(("order", "count"), _SEVERAL),
    **dict.fromkeys(("topic_reasoning", "anomaly_reco", "summary"), _WHOLE),
}
