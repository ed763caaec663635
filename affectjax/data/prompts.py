"""Sentences that name a category to a text tower: by what the picture shows, several for each.

Several sentences a class, their features averaged (`models.adapters.ensemble`), do better than one
(Radford et al. 2021, arXiv 2103.00020, section 3.1.4). The wording is ours.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

Shows = Literal["face", "person", "evoked", "voice"]

# Of what a picture (or recording) shows; {a} is "a" or "an" in front of the adjective.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "face": (
        "a photo of {a} {adjective} face.",
        "a close-up of a person who looks {adjective}.",
        "a person with {a} {adjective} expression.",
        "a facial expression of {noun}.",
        "a portrait of somebody who feels {adjective}.",
    ),
    "person": (
        "a photo of a person who feels {adjective}.",
        "somebody {adjective} in this scene.",
        "a person in a situation of {noun}.",
        "the body language of {noun}.",
    ),
    "evoked": (
        "a picture that evokes {noun}.",
        "an image that makes people feel {adjective}.",
        "a photo full of {noun}.",
        "a scene of {noun}.",
        "a work of art about {noun}.",
    ),
    "voice": (
        "a person speaking in {a} {adjective} voice.",
        "{a} {adjective} tone of voice.",
        "somebody sounds {adjective}.",
        "speech full of {noun}.",
    ),
}

# Noun and adjective of categories, under the names that label spaces give them.
_WORDS = {
    "neutral": ("no particular emotion", "neutral"),
    "calm": ("calm", "calm"),
    "happiness": ("happiness", "happy"),
    "sadness": ("sadness", "sad"),
    "surprise": ("surprise", "surprised"),
    "fear": ("fear", "fearful"),
    "disgust": ("disgust", "disgusted"),
    "anger": ("anger", "angry"),
    "contempt": ("contempt", "contemptuous"),
    "boredom": ("boredom", "bored"),
    "amusement": ("amusement", "amused"),
    "awe": ("awe", "awed"),
    "contentment": ("contentment", "content"),
    "excitement": ("excitement", "excited"),
    "trust": ("trust", "trusting"),
    "anticipation": ("anticipation", "expectant"),
    "affection": ("affection", "affectionate"),
    "annoyance": ("annoyance", "annoyed"),
    "aversion": ("aversion", "repelled"),
    "confidence": ("confidence", "confident"),
    "disapproval": ("disapproval", "disapproving"),
    "disconnection": ("disconnection", "detached"),
    "disquietment": ("disquiet", "uneasy"),
    "doubt/confusion": ("doubt and confusion", "confused"),
    "embarrassment": ("embarrassment", "embarrassed"),
    "engagement": ("engagement", "absorbed"),
    "esteem": ("esteem", "admiring"),
    "fatigue": ("fatigue", "tired"),
    "pain": ("pain", "pained"),
    "peace": ("peace", "peaceful"),
    "pleasure": ("pleasure", "pleased"),
    "sensitivity": ("sensitivity", "vulnerable"),
    "suffering": ("suffering", "anguished"),
    "sympathy": ("sympathy", "sympathetic"),
    "yearning": ("yearning", "longing"),
    "anxiety": ("anxiety", "anxious"),
    "helplessness": ("helplessness", "helpless"),
    "disappointment": ("disappointment", "disappointed"),
    "alarm": ("alarm", "alarmed"),
    "arousal": ("arousal", "aroused"),
    "frustration": ("frustration", "frustrated"),
    "gladness": ("gladness", "glad"),
}
_ADJECTIVES = {adjective: pair for pair in _WORDS.values() for adjective in pair[1:]}
_ALSO = {"joy": _WORDS["happiness"]}
WORDS: dict[str, tuple[str, str]] = {**_ADJECTIVES, **_WORDS, **_ALSO}


def sentences(names: Sequence[str], shows: Shows = "face") -> list[list[str]]:
    """The sentences of each category, as many for each.

    Raises:
      ValueError: no words for a category, or `shows` none of TEMPLATES.

    >>> sentences(["anger", "happy"], "face")[0][:2]
    ['a photo of an angry face.', 'a close-up of a person who looks angry.']
    """
    if shows not in TEMPLATES:
        raise ValueError(f"shows={shows!r}; allowed: {', '.join(TEMPLATES)}")
    if unknown := [name for name in names if name not in WORDS]:
        raise ValueError(
            f"no words for {', '.join(unknown)}: give sentences of your own, or add the noun and "
            "the adjective to affectjax/data/prompts.py"
        )
    return [[_said(t, *WORDS[name]) for t in TEMPLATES[shows]] for name in names]


def _said(template: str, noun: str, adjective: str) -> str:
    article = "an" if adjective[0] in "aeiou" else "a"
    return template.format(noun=noun, adjective=adjective, a=article)


# In the order, and with the words, of UniEmoX's code (chincharles/u-emo).
_DESCRIBED = {
    "scene": "The scene type of this photo is {}.",
    "objects": "The main subjects are {}.",
    "brightness": "The image has a brightness of {}",
    "colorfulness": "and color saturation of {}.",
    "facial_expression": "Human facial expression is {}.",
    "human_action": "The action being performed is {}.",
    "emotion": "The overall emotion conveyed is {}.",
}


def described(
    told: Mapping[str, str | float], objects: Sequence[str] = (), emotion: str = ""
) -> str:
    """One text of EmoSet's attributes, those left out that are unknown ("" or below 0).

    Where the code says "the image has a brightness of 0.3 and" though colourfulness is unknown, or
    the latter alone, the sentence is made whole; it splits names of two words, and fails on a list
    of no objects.

    >>> described({"scene": "beach"}, ["Dog", "Ball"])
    'The scene type of this photo is beach. The main subjects are Dog and Ball.'
    """
    values = {k: "" if v == "" else _number(v) for k, v in told.items()}
    *most, last = objects or ("",)
    values["objects"] = f"{', '.join(most)} and {last}" if most else last
    values["emotion"] = emotion
    parts = [text.format(values[k]) for k, text in _DESCRIBED.items() if values.get(k)]
    lit, coloured = values.get("brightness"), values.get("colorfulness")
    if lit and not coloured:
        parts = [p + "." if p == _DESCRIBED["brightness"].format(lit) else p for p in parts]
    if coloured and not lit:
        alone = _DESCRIBED["colorfulness"].format(coloured)
        parts = [f"The image has a{p.removeprefix('and')}" if p == alone else p for p in parts]
    return " ".join(parts)


def _number(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.1f}" if value >= 0 else ""
