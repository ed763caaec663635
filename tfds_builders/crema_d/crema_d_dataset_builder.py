"""CREMA-D (Cao et al. 2014) as TFDS: acted clips with the votes of a crowd, official layout."""

import csv
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
import tensorflow_datasets as tfds

from affectjax.data import schema
from tfds_builders import media
from tfds_builders.crema_d import names, votes
from tfds_builders.crema_d.names import EMOTIONS, EXCLUDED, LEVELS, folds
from tfds_builders.manual import ManualBuilder, features, text

__all__ = ["Builder", "Config", "folds", "make_dummy"]


@dataclass(kw_only=True)
class Config(tfds.core.BuilderConfig):
    """What is stored.

    `votes_of`: whose votes are `votes`, voice, face or both; all three are in `votes_<modality>`.
    `demographics`: also store age, sex, race and ethnicity of the actors; off by default.
    """

    audio: bool = True
    video: bool = False
    side: int = 160
    votes_of: str = "both"
    demographics: bool = False


class Builder(ManualBuilder):
    """One split per actor; `folds` joins them. Fails on damaged files, listing them all."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "Sound, frames, intended emotion, votes of three modalities."}
    BUILDER_CONFIGS = [
        Config(name="audio", description="Sound; votes of who only heard it.", votes_of="voice"),
        Config(name="audio_video", description="Sound and frames.", video=True),
        Config(name="annotations", description="No media: labels and votes.", audio=False),
        Config(
            name="annotations_demographics",
            description="No media: labels, votes, and who the actors are.",
            audio=False,
            demographics=True,
        ),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Clone github.com/CheyneyComputerScience/CREMA-D with git-lfs and name its folder; the "
        "config annotations needs only the CSV files."
    )

    def explain_missing(self, splits: Sequence[str]) -> str:
        """What to do about splits that were not built."""
        return f"No clips of {', '.join(splits)} were in {self._manual_dir or 'the folder'}."

    def _info(self) -> tfds.core.DatasetInfo:
        config = self.builder_config
        ballots = ("votes", *(f"votes_{m}" for m in votes.MODALITIES))
        said = schema.metadata(
            names={"emotion": EMOTIONS} | dict.fromkeys(ballots, EMOTIONS),
            own={
                "level": "the level asked for: XX unspecified, low, medium, high",
                "sentence": "code",
            },
        )
        keys = f"emotion subject clip_id {' '.join(ballots)}"
        keys += " audio" * config.audio + " frames fps" * config.video
        stored = features(keys, said)
        stored |= {"level": tfds.features.ClassLabel(names=LEVELS), "sentence": text()}
        if config.demographics:
            stored |= {"age": np.int64, "sex": text(), "race": text(), "ethnicity": text()}
        return self.described(
            stored,
            said,
            description="CREMA-D: 91 actors, 12 sentences, 6 emotions, votes of a crowd.",
            homepage="https://github.com/CheyneyComputerScience/CREMA-D",
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        root = pathlib.Path(self._manual_dir or dl_manager.manual_dir)
        if not root.is_dir():
            raise FileNotFoundError(f"no folder {root}. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}")
        counts = votes.read(root)
        clips = sorted(set(counts) - set(EXCLUDED))
        if self.builder_config.audio:
            clips = self._with_sound(root, clips)
        people = votes.demographics(root) if self.builder_config.demographics else {}
        by_actor: dict[int, list[str]] = {}
        for clip in clips:
            by_actor.setdefault(names.parse(clip).actor, []).append(clip)
        return {
            f"actor{actor}": self._generate_examples(root, found, counts, people)
            for actor, found in by_actor.items()
        }

    def _with_sound(self, root: pathlib.Path, clips: Sequence[str]) -> list[str]:
        """The clips but those allowed to be damaged; raises where sound is absent or damaged."""
        faults = {path: fault(path) for path in (sound_of(root, clip) for clip in clips)}
        media.refuse_damaged(faults, self._allowed)
        return [clip for clip in clips if clip not in self._allowed]

    def _generate_examples(
        self,
        root: pathlib.Path,
        clips: Sequence[str],
        counts: votes.Votes,
        people: dict[int, dict[str, str]],
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for clip in clips:
            yield clip, {**self._labels(clip, counts[clip], people), **self._media(root, clip)}

    def _labels(
        self, clip: str, counts: np.ndarray, people: dict[int, dict[str, str]]
    ) -> dict[str, Any]:
        name = names.parse(clip)
        each = dict(zip(votes.MODALITIES, counts.astype(np.int32), strict=True))
        labels = {
            "emotion": name.emotion,
            "level": name.level,
            "sentence": name.sentence.encode(),
            "subject": name.actor,
            "clip_id": clip.encode(),
            "votes": each[self.builder_config.votes_of],
            **{f"votes_{m}": row for m, row in each.items()},
        }
        if self.builder_config.demographics:
            person = people[name.actor]
            words = {k.lower(): person[k].encode() for k in ("Sex", "Race", "Ethnicity")}
            labels |= {"age": int(person["Age"]), **words}
        return labels

    def _media(self, root: pathlib.Path, clip: str) -> dict[str, Any]:
        out: dict[str, Any] = {}
        if self.builder_config.audio:
            out["audio"] = media.read_audio(sound_of(root, clip))
        if self.builder_config.video:
            film = root / "VideoFlash" / f"{clip}.flv"
            if not film.is_file():
                raise FileNotFoundError(f"no video of {clip}: {film}")
            out["frames"], out["fps"] = media.read_video(film, self.builder_config.side)
        return out


def sound_of(root: pathlib.Path, clip: str) -> pathlib.Path:
    """Where a clip's sound lies in the official layout."""
    return root / "AudioWAV" / f"{clip}.wav"


def fault(path: pathlib.Path) -> str:
    """What is wrong with a sound file, in words; a git-lfs pointer is told apart."""
    if not path.is_file():
        return "is not there"
    with path.open("rb") as file:
        if file.read(8) == b"version ":
            return "is a git-lfs pointer: run `git lfs pull` in the clone"
    return media.sound_fault(path)


def make_dummy(
    folder: pathlib.Path, actors: Sequence[int] = (1001, 1002, 1003), video: bool = False
) -> None:
    """Write the tables and half-second sounds: every emotion of each actor, two sentences."""
    rng = np.random.default_rng(0)
    (folder / "AudioWAV").mkdir(parents=True, exist_ok=True)
    (folder / "processedResults").mkdir(exist_ok=True)
    rows: list[list[Any]] = []
    summary: list[list[Any]] = []
    for actor in actors:
        for sentence in names.SENTENCES[:2]:
            for i, code in enumerate(names.CODES):
                clip = f"{actor}_{sentence}_{code}_XX"
                sound = 0.3 * np.sin(np.arange(media.RATE // 2) * (0.05 + 0.01 * i))
                noisy = sound + 0.01 * rng.standard_normal(len(sound))
                soundfile.write(sound_of(folder, clip), noisy, media.RATE)
                if video:
                    media.draw_film(folder / "VideoFlash" / f"{clip}.flv", i, codec="flv1")
                counts = np.ones((3, 6), int)
                counts[np.arange(3), [(i + 1) % 6, i, i]] += [2, 5, 7]
                for m, row in enumerate(counts, 1):
                    number = f"{m}{len(summary) + 1:05}"
                    rest = [0.5, "A", *[50] * (len(votes.VOTES) - 11)]
                    rows.append([number, *row, clip, row.sum(), *rest])
                winners = ["ADFHNS"[row.argmax()] for row in counts]
                told = [cell for winner in winners for cell in (winner, 50)]
                summary.append([len(summary) + 1, clip, *told])
    _write(folder / "processedResults" / "tabulatedVotes.csv", votes.VOTES, rows)
    _write(folder / "processedResults" / "summaryTable.csv", votes.SUMMARY, summary)
    people = [[a, 20 + a % 50, "Female", "Caucasian", "Not Hispanic"] for a in actors]
    _write(folder / "VideoDemographics.csv", votes.PEOPLE, people)


def _write(path: pathlib.Path, head: Sequence[str], rows: list[list[Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)
