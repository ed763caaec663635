"""What is wrong with a dataset before any model sees it: leaks, copies, disagreement, imbalance."""

import hashlib
import io
import itertools
import pathlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int, UInt64
from PIL import Image
from scipy import signal

Example = Mapping[str, Any]
Splits = Mapping[str, Sequence[Example]]
MEDIA = ("image", "face", "frames", "audio", "text", "signal")
NEAR = 3  # bits of 64 that two near copies differ in at most


def summary(splits: Splits, said: Mapping[str, Any]) -> dict[str, Any]:
    """Counts of each split: items, subjects, labels by name, seconds of sound, VAD mean and SD.

    Args:
      said: the builder's metadata (`schema.metadata`), which names the categories.
    """
    return {split: _summary_of(list(_light(ex)), said["names"]) for split, ex in splits.items()}


def shared_subjects(splits: Splits) -> dict[str, list[int]]:
    """Pair of splits, as "train & test" -> subjects in both; no entry where they share none."""
    people = {
        s: {int(e["subject"]) for e in _light(examples) if "subject" in e}
        for s, examples in splits.items()
    }
    pairs = itertools.combinations(people, 2)
    shared = {f"{a} & {b}": sorted(people[a] & people[b]) for a, b in pairs}
    return {pair: subjects for pair, subjects in shared.items() if subjects}


def copies(splits: Splits) -> list[tuple[str, str, str, str, str]]:
    """Items of different splits with the same media, as (key, split, item, split, item).

    Text is compared by its letters and digits, pictures and sound by 64 bits of which at most
    NEAR differ (see `picture_bits`, `sound_bits`), frames by their middle one.
    """
    held: dict[str, list[tuple[str, str, Any]]] = {key: [] for key in MEDIA}
    for split, examples in splits.items():
        for example in examples:  # once: reading decodes
            for key in held.keys() & example.keys():
                mark = _mark(key, example[key])
                held[key].append((split, example["clip_id"].decode(), mark))
    found = []
    for key, items in held.items():
        marks = [mark for _, _, mark in items]
        pairs = _near(np.array(marks, np.uint64)) if key in _BITS else _same(marks)
        for i, j in pairs:
            (a, first, _), (b, second, _) = items[i], items[j]
            if a != b:
                found.append((key, a, first, b, second))
    return found


def disagreement(votes: Int[np.ndarray, "n k"]) -> dict[str, float]:
    """Fleiss' kappa and the mean share of the votes that the winner has.

    kappa = (P - Pe) / (1 - Pe); P: mean over items with two raters or more of the share of pairs of
    raters that agree; Pe: sum of the squared shares of the categories (Fleiss 1971; raters may
    differ in number between items).

    >>> disagreement(np.array([[3, 0], [0, 3]]))
    {'fleiss_kappa': 1.0, 'winner_share': 1.0}
    """
    raters = votes.sum(1)
    votes, raters = votes[raters >= 2].astype(np.float64), raters[raters >= 2].astype(np.float64)
    if not len(votes):
        return {"fleiss_kappa": float("nan"), "winner_share": float("nan")}
    pairs = ((votes**2).sum(1) - raters) / (raters * (raters - 1))
    chance = float(((votes.sum(0) / votes.sum()) ** 2).sum())
    kappa = (float(pairs.mean()) - chance) / (1 - chance) if chance < 1 else float("nan")
    return {"fleiss_kappa": kappa, "winner_share": float((votes.max(1) / raters).mean())}


def picture_bits(data: bytes) -> int:
    """64 bits: whether a pixel of the picture, grey and 9 x 8, is darker than its right one.

    Survives another size and another JPEG quality (difference hash).
    """
    with Image.open(io.BytesIO(data)) as image:
        small = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX), np.int16)
    return _packed((small[:, :-1] < small[:, 1:]).ravel())


def sound_bits(samples: np.ndarray) -> int:
    """64 bits: whether a log energy, 8 bands by 9 times, is less than the next in time.

    Survives another loudness and quantisation; not a shift in time.
    """
    x = np.asarray(samples, np.float64)
    _, _, power = signal.spectrogram(np.pad(x, (0, max(0, 512 - len(x)))), nperseg=512, noverlap=0)
    energy = np.log(power + 1e-9 * power.max() + 1e-30)
    rows = np.array_split(np.arange(energy.shape[0]), 8)
    columns = np.linspace(0, energy.shape[1] - 1, 9).round().astype(int)
    grid = np.stack([energy[r].mean(0)[columns] for r in rows])
    return _packed((grid[:, :-1] < grid[:, 1:]).ravel())


def files(folder: pathlib.Path) -> dict[str, dict[str, Any]]:
    """Bytes and SHA-256 of each stored file of a built dataset, but for its report."""
    told = {}
    for path in sorted(p for p in folder.iterdir() if p.is_file() and p.name != "report.json"):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        told[path.name] = {"bytes": path.stat().st_size, "sha256": digest}
    return told


def content(examples: Iterable[Example]) -> str:
    """SHA-256 of what examples hold, in their order.

    Unlike that of a file it does not depend on how records are packed or cut into shards. Of each
    example's keys, in order of name, the name, dtype, shape and bytes count.
    """
    digest = hashlib.sha256()
    for example in examples:
        for key in sorted(example):
            value = np.asarray(example[key], object if isinstance(example[key], bytes) else None)
            pieces = value.ravel() if value.dtype == object else [value.tobytes()]
            digest.update(repr((key, value.dtype.str, value.shape, *map(len, pieces))).encode())
            for piece in pieces:
                digest.update(piece)
        digest.update(b"end")
    return digest.hexdigest()


def audit(splits: Splits, said: Mapping[str, Any]) -> dict[str, Any]:
    """All of the above, as one dict that JSON can hold."""
    told: dict[str, Any] = {"splits": summary(splits, said)}
    told["shared_subjects"] = shared_subjects(splits)
    told["copies_between_splits"] = copies(splits)
    ballots: dict[str, list[np.ndarray]] = {}
    if any(key.split("_")[0] == "votes" for key in said["names"]):
        for example in itertools.chain.from_iterable(splits.values()):
            for key in example:
                if key.split("_")[0] == "votes":
                    ballots.setdefault(key, []).append(example[key])
    told["disagreement"] = {key: disagreement(np.stack(v)) for key, v in ballots.items()}
    return told


def _light(examples: Iterable[Example]) -> Iterator[dict[str, Any]]:
    """The labels of each example, and the length of its sound: all of a set fits into memory."""
    for example in examples:
        kept = {k: v for k, v in example.items() if k in _LABELS}
        if "audio" in example:
            kept["samples"] = len(example["audio"])
        yield kept


def _summary_of(examples: Sequence[Example], names: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    told: dict[str, Any] = {"items": len(examples)}
    subjects = {int(e["subject"]) for e in examples if "subject" in e}
    if subjects:
        told["subjects"] = len(subjects)
    if examples and "emotion" in examples[0]:
        counts = Counter(int(e["emotion"]) for e in examples)
        told["emotion"] = {name: counts[i] for i, name in enumerate(names["emotion"])}
    for key in ("multilabel", "action_units"):
        if examples and key in examples[0]:
            sums = np.sum([np.asarray(e[key]) > 0 for e in examples], axis=0)
            told[key] = {n: int(s) for n, s in zip(names[key], sums, strict=True)}
    if examples and "samples" in examples[0]:
        told["seconds"] = sum(e["samples"] for e in examples) / 16_000
    if examples and "vad" in examples[0]:
        vad = np.stack([e["vad"] for e in examples]).astype(np.float64)
        told["vad_mean"] = [_rounded(v) for v in vad.mean(0)]
        told["vad_sd"] = [_rounded(v) for v in vad.std(0)]
    return told


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


_LABELS = ("subject", "emotion", "multilabel", "action_units", "vad")
_BITS = ("image", "face", "frames", "audio")


def _mark(key: str, value: Any) -> Any:
    if key in ("image", "face"):
        return picture_bits(value)
    if key == "frames":
        return picture_bits(value[len(value) // 2])
    if key == "audio":
        return sound_bits(value)
    if key == "text":
        return "".join(c for c in value.decode().lower() if c.isalnum()) or value
    return hashlib.blake2b(np.ascontiguousarray(value).tobytes(), digest_size=16).digest()


def _same(marks: Sequence[Any]) -> Iterator[tuple[int, int]]:
    first: dict[Any, int] = {}
    for i, mark in enumerate(marks):
        if mark in first:
            yield first[mark], i
        else:
            first[mark] = i


def _near(bits: UInt64[np.ndarray, " n"]) -> list[tuple[int, int]]:
    """Pairs that differ in at most NEAR bits: they agree in one of NEAR + 1 bands of bits."""
    pairs: set[tuple[int, int]] = set()
    width = 64 // (NEAR + 1)
    for band in range(NEAR + 1):
        part = (bits >> np.uint64(band * width)) & np.uint64((1 << width) - 1)
        order = np.argsort(part, kind="stable")
        edges = np.flatnonzero(np.diff(part[order])) + 1
        for group in np.split(order, edges):
            for at, i in enumerate(group[:-1]):
                others = group[at + 1 :]
                close = others[np.bitwise_count(bits[others] ^ bits[i]) <= NEAR]
                pairs |= {(min(int(i), int(j)), max(int(i), int(j))) for j in close}
    return sorted(pairs)


def _packed(flags: np.ndarray) -> int:
    return int.from_bytes(np.packbits(flags).tobytes(), "big")


def lines(told: Mapping[str, Any]) -> Iterable[str]:
    """The audit in words, for the console."""
    for split, counts in told["splits"].items():
        yield f"{split}: " + ", ".join(f"{k} {v}" for k, v in counts.items())
    for pair, subjects in told["shared_subjects"].items():
        yield f"{pair} share {len(subjects)} subjects: {subjects[:10]}"
    if not told["shared_subjects"]:
        yield "no subject is known to be in two splits"
    found = told["copies_between_splits"]
    yield f"{len(found)} items are copies or near copies of one in another split"
    yield from (f"  {key}: {a}/{i} and {b}/{j}" for key, a, i, b, j in found[:20])
    for key, values in told["disagreement"].items():
        yield f"{key}: " + ", ".join(f"{k} {v:.3f}" for k, v in values.items())
