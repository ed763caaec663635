"""The crowd's answers to each clip, from CREMA-D's official tables, checked against each other."""

import pathlib
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from tfds_builders import tables
from tfds_builders.crema_d import names

MODALITIES = ("voice", "face", "both")
_LETTERS = ("A", "D", "F", "H", "N", "S")  # in the order of CREMAD6
_WINNERS = dict(zip(MODALITIES, ("VoiceVote", "FaceVote", "MultiModalVote"), strict=True))
_RESPONSES = ("Emo", "Anger", "Disgust", "Fear", "Happy", "Neutral", "Sad")
VOTES = (
    *("", *_LETTERS, "fileName", "numResponses", "agreement", "emoVote"),
    *(*(f"mean{e}Resp" for e in _RESPONSES), "medianEmoResp"),
    *(*(f"mean{e}RespNorm" for e in _RESPONSES), "medianEmoRespNorm"),
)
_LEVELS = ("VoiceLevel", "FaceLevel", "MultiModalLevel")
SUMMARY = (
    *("", "FileName"),
    *(column for pair in zip(_WINNERS.values(), _LEVELS, strict=True) for column in pair),
)
PEOPLE = ("ActorID", "Age", "Sex", "Race", "Ethnicity")

Votes = dict[str, Int[np.ndarray, "3 6"]]


def table(root: pathlib.Path, name: str) -> pathlib.Path:
    """An official CSV file, in the repository's processedResults/ or beside the others.

    Raises:
      FileNotFoundError: it is in neither place.
    """
    places = [root / "processedResults" / name, root / name]
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(f"no {name}: looked for {' and '.join(map(str, places))}")


def read(root: pathlib.Path) -> Votes:
    """Counts of each clip: rows voice, face, both; columns in the order of CREMAD6.

    The first digit of a row's number in tabulatedVotes.csv is the modality: 1 voice, 2 face,
    3 both. It is written nowhere, so every clip's winners are compared with summaryTable.csv.

    Raises:
      ValueError: another version of a table, a clip without one of its three rows, a row twice,
        counts that do not add up, or winners that differ from the summary; names file and line.
    """
    path = table(root, "tabulatedVotes.csv")
    found: dict[str, dict[int, list[int]]] = {}
    for row in tables.read(path, VOTES):
        clip, modality = row["fileName"], row.whole("", 100_000, 399_999) // 100_000
        names.parse(clip)
        counts = [row.whole(letter) for letter in _LETTERS]
        if sum(counts) != row.whole("numResponses"):
            raise ValueError(f"{row.where}: the counts of {clip} do not add up")
        if found.setdefault(clip, {}).setdefault(modality, counts) is not counts:
            raise ValueError(f"{row.where}: {clip} has two rows of modality {modality}")
    partial = sorted(clip for clip, rows in found.items() if sorted(rows) != [1, 2, 3])
    if partial:
        raise ValueError(f"{path}: not three rows of {', '.join(partial[:5])}")
    votes = {clip: np.array([rows[m] for m in (1, 2, 3)]) for clip, rows in found.items()}
    _check_winners(root, votes)
    return votes


def _check_winners(root: pathlib.Path, votes: Votes) -> None:
    path = table(root, "summaryTable.csv")
    told = {row["FileName"]: row for row in tables.read(path, SUMMARY, unique="FileName")}
    if told.keys() != votes.keys():
        odd = sorted(told.keys() ^ votes.keys())
        raise ValueError(f"{path} and tabulatedVotes.csv differ in clips: {', '.join(odd[:5])}")
    for clip, counts in votes.items():
        for row, column in zip(counts, _WINNERS.values(), strict=True):
            most = {letter for letter, n in zip(_LETTERS, row, strict=True) if n == row.max()}
            if most != set(told[clip][column].split(":")):
                raise ValueError(
                    f"{path}: {column} of {clip} is {told[clip][column]}, the votes say "
                    f"{':'.join(sorted(most))}"
                )


def recognition(votes: Votes) -> Mapping[str, float]:
    """Share of all answers that chose the intended emotion, by modality."""
    index = np.array([names.EMOTIONS.index(names.parse(clip).emotion) for clip in votes])
    counts = np.stack(list(votes.values()))
    right = np.take_along_axis(counts, index[:, None, None], axis=2)[..., 0]
    shares = right.sum(0) / counts.sum((0, 2))
    return {m: float(s) for m, s in zip(MODALITIES, shares, strict=True)}


def majority_is_intended(votes: Votes) -> Mapping[str, float]:
    """Share of clips whose single most frequent answer is the intended emotion, by modality."""
    index = np.array([names.EMOTIONS.index(names.parse(clip).emotion) for clip in votes])
    counts: Float[np.ndarray, "n 3 6"] = np.stack(list(votes.values()))
    most = counts.max(-1, keepdims=True)
    single = (counts == most).sum(-1) == 1
    right = single & (counts.argmax(-1) == index[:, None])
    return {m: float(s) for m, s in zip(MODALITIES, right.mean(0), strict=True)}


def demographics(root: pathlib.Path) -> dict[int, dict[str, str]]:
    """Age, Sex, Race and Ethnicity of each actor, as in VideoDemographics.csv.

    Raises:
      FileNotFoundError: there is no such table.
      ValueError: another version of it, or an actor twice.
    """
    candidates = [root / "VideoDemographics.csv", root / "processedResults/VideoDemographics.csv"]
    path = next((p for p in candidates if p.is_file()), None)
    if path is None:
        raise FileNotFoundError(f"no VideoDemographics.csv in {root}")
    rows = tables.read(path, PEOPLE, unique="ActorID")
    return {row.whole("ActorID"): dict(row.cells) for row in rows}
