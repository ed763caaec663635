"""EmoDB, Berlin emotional speech (Burkhardt et al. 2005), as TFDS from the official wav/ folder."""

import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import soundfile
import tensorflow_datasets as tfds

from affectjax.data import schema
from tfds_builders import media
from tfds_builders.emodb import names
from tfds_builders.emodb.names import EMOTIONS, SPEAKERS
from tfds_builders.manual import ManualBuilder, features

OWN = {
    "recognised": "share of the listeners who heard the emotion, -1 where untested",
    "natural": "share of the listeners who found the clip natural, -1 where untested",
}
UNKNOWN = -1.0  # of `recognised` and `natural`, for a clip that the listening test lacks


def sounds(root: pathlib.Path) -> list[pathlib.Path]:
    """The wav files, in order of name."""
    folder = root / "wav"
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(p for p in found if p.suffix.lower() == ".wav")


def present_speakers(manual_dir: str | pathlib.Path) -> tuple[int, ...]:
    """Speakers with files under the manual directory, in order."""
    starts = {path.name[:2] for path in sounds(pathlib.Path(manual_dir))}
    return tuple(s for s in SPEAKERS if f"{s:02}" in starts)


def folds(speaker: int, present: Sequence[int] = tuple(SPEAKERS)) -> dict[str, str]:
    """Leave `speaker` out: splits train, validation and test, which share no speaker.

    Validation takes the next man and the next woman after the test speaker, cyclically.

    Raises:
      ValueError: no such speaker, no files of theirs, or too few others.

    >>> folds(3)["test"], folds(3)["validation"]
    ('speaker03', 'speaker08+speaker10')
    """
    if speaker not in SPEAKERS:
        raise ValueError(f"speaker={speaker}: EmoDB has {', '.join(map(str, SPEAKERS))}")
    if speaker not in present:
        raise ValueError(
            f"the fold tests speaker {speaker:02}, of whom there are no files; put their files "
            "into wav/ beside the others, or choose another speaker"
        )
    order = list(SPEAKERS)
    at = order.index(speaker)
    after = [s for s in (*order[at + 1 :], *order[:at]) if s in present]
    held_out = [next((s for s in after if SPEAKERS[s] == sex), None) for sex in "fm"]
    train = [s for s in after if s not in held_out]
    if None in held_out or not train:
        raise ValueError(f"beside speaker {speaker} there are only {after}: too few for a fold")
    parts = {"train": train, "validation": [s for s in held_out if s], "test": [speaker]}
    return {k: expression(v) for k, v in parts.items()}


def expression(speakers: Iterable[int]) -> str:
    """The split expression of some speakers.

    >>> expression([8, 3])
    'speaker03+speaker08'
    """
    return "+".join(f"speaker{s:02}" for s in sorted(speakers))


def groups(
    speaker: int, present: Sequence[int] = tuple(SPEAKERS), number: int = 3
) -> list[list[int]]:
    """The first `number` pairs of a woman and a man beside the test speaker.

    For the members of an ensemble to hold out (`tasks.ensemble`); the first pair is the validation
    of `folds`.

    Raises:
      ValueError: as `folds`, or too few speakers for so many pairs.

    >>> groups(3, number=2)
    [[8, 10], [9, 11]]
    """
    folds(speaker, present)
    order = list(SPEAKERS)
    at = order.index(speaker)
    after = [s for s in (*order[at + 1 :], *order[:at]) if s in present]
    women, men = ([s for s in after if SPEAKERS[s] == sex] for sex in "fm")
    if not 1 <= number <= min(len(women), len(men)):
        raise ValueError(
            f"members={number}: beside speaker {speaker} there are {len(women)} women and "
            f"{len(men)} men, and each member holds out one of either"
        )
    return [[w, m] for w, m in zip(women[:number], men[:number], strict=True)]


class Builder(ManualBuilder):
    """One split per speaker; `folds` joins them. Fails on damaged files, listing them all."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Sound, labels from names, rates of the listening test."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put wav/ and, for the listening test, recognition_rates.txt into the manual directory."
    )

    def explain_missing(self, splits: Sequence[str]) -> str:
        """What to do about splits that were not built."""
        speakers = ", ".join(s.removeprefix("speaker") for s in splits)
        return f"No files of speaker {speakers} were in {self._manual_dir or 'the folder'}/wav."

    def _info(self) -> tfds.core.DatasetInfo:
        said = schema.metadata(names={"emotion": EMOTIONS}, own=OWN)
        return self.described(
            {
                **features("audio emotion text subject clip_id", said),
                **dict.fromkeys(OWN, np.float32),
            },
            said,
            description="EmoDB: ten speakers, seven emotions, ten German sentences.",
            homepage="http://emodb.bilderbar.info",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = pathlib.Path(self._manual_dir or dl_manager.manual_dir)
        files = sounds(root)
        if not files:
            raise FileNotFoundError(
                f"no wav files in {root / 'wav'}. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        media.refuse_damaged({path: fault(path) for path in files}, self._allowed)
        kept = [path for path in files if path.stem not in self._allowed]
        rates = _rates(root, kept)
        by_speaker: dict[int, list[pathlib.Path]] = {}
        for path in kept:
            by_speaker.setdefault(names.parse(path.name).speaker, []).append(path)
        return {
            f"speaker{s:02}": self._generate_examples(found, rates)
            for s, found in sorted(by_speaker.items())
        }

    def _generate_examples(
        self, files: Sequence[pathlib.Path], rates: Mapping[str, tuple[float, float]]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for path in files:
            name = names.parse(path.name)
            recognised, natural = rates.get(path.stem, (UNKNOWN, UNKNOWN))
            yield (
                path.stem,
                {
                    "audio": media.read_audio(path),
                    "emotion": name.emotion,
                    "recognised": np.float32(recognised),
                    "natural": np.float32(natural),
                    "text": name.text.encode(),
                    "subject": name.speaker,
                    "clip_id": path.stem.encode(),
                },
            )


def fault(path: pathlib.Path) -> str:
    """What is wrong with a sound file or its name, in words; empty where nothing is."""
    try:
        names.parse(path.name)
    except ValueError as error:
        return str(error)
    return media.sound_fault(path)


def make_dummy(folder: pathlib.Path, speakers: Sequence[int] = (3, 8, 10, 9)) -> None:
    """Write half-second clips in the official layout: every emotion of each speaker, two texts."""
    rng = np.random.default_rng(0)
    (folder / "wav").mkdir(parents=True, exist_ok=True)
    lines = ["Nr.\tSatz\terkannt\tnatuerlich"]
    for speaker in speakers:
        for text in names.TEXTS[:2]:
            for i, letter in enumerate(names.LETTERS):
                stem = f"{speaker:02}{text}{letter}a"
                tone = np.sin(np.arange(media.RATE // 2) * (0.05 + 0.01 * i))
                sound = 0.3 * tone + 0.01 * rng.standard_normal(media.RATE // 2)
                soundfile.write(folder / "wav" / f"{stem}.wav", sound, media.RATE)
                lines.append(f"{len(lines)}\t{stem}.wav\t{90 - i},50\t{60 + i},00")
    (folder / "recognition_rates.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _rates(root: pathlib.Path, files: Sequence[pathlib.Path]) -> dict[str, tuple[float, float]]:
    """The listening test where its table is there; says which clips it lacks."""
    path = root / "recognition_rates.txt"
    if not path.exists():
        print(f"no {path}: recognised and natural are {UNKNOWN} for every clip")
        return {}
    rates = names.recognition(path)
    without = sorted({p.stem for p in files} - set(rates))
    if without:
        print(f"{len(without)} clips are not in {path.name}: {', '.join(without)}")
    return rates
