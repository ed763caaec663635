"""Which frames and which stretch of sound: sampling of clips as in HiCMAE's loaders."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jaxtyping import Int

Element = dict[str, Any]
RATE = 16_000
SHORTEST = 1024  # samples; the official loaders refuse a clip with no more


def window_indices(
    frames: int, count: int, stride: int, rng: np.random.Generator
) -> Int[np.ndarray, " t"]:
    """Fine-tuning: `count` indices spread over a random window of count x stride frames.

    A clip not longer than the window gives frames // stride spread indices, then its last frame
    again and again.
    """
    window = count * stride
    if frames <= window:
        index = np.linspace(0, frames, num=max(frames // stride, 1))
        index = np.concatenate([index, np.full(max(count - len(index), 0), frames)])[:count]
        return np.clip(index, 0, frames - 1).astype(np.int64)
    start = int(rng.integers(0, frames - window))
    index = np.linspace(start, start + window, num=count)
    return np.clip(index, start, start + window - 1).astype(np.int64)


def strided_indices(
    frames: int, count: int, stride: int, rng: np.random.Generator
) -> Int[np.ndarray, " t"]:
    """Pre-training: every stride-th frame from a random start; a short clip starts at 0.

    The last frame reached repeats. The official loader compares 1-based places, so that its
    stride never reaches a clip's very last frame: nor does this.
    """
    window = count * stride
    start = int(rng.integers(0, frames - window + 1)) if frames >= window else 0
    index = start + stride * np.arange(count)
    last = start + stride * max((frames - 2 - start) // stride, 0)
    return np.minimum(index, last)


def segment_indices(
    frames: int, count: int, stride: int, view: int, views: int
) -> Int[np.ndarray, " t"]:
    """Test: every stride-th frame of the clip, and of those the view's run of `count`.

    The runs are spaced evenly from the first to the last; short clips repeat their last frame.

    >>> [segment_indices(20, 4, 2, v, 2).tolist() for v in (0, 1)]
    [[0, 2, 4, 6], [12, 14, 16, 18]]
    """
    strided = np.arange(0, frames, stride)
    if len(strided) < count:
        strided = np.concatenate([strided, np.full(count - len(strided), strided[-1])])
    step = max((len(strided) - count) / max(views - 1, 1), 0)
    start = int(view * step)
    return strided[start : start + count]


def audio_span(
    index: Int[np.ndarray, " t"], frames: int, window: int, samples: int, target: int = 40_960
) -> slice:
    """The samples that belong to frames index[0] .. index[0] + window, by relative position.

    A clip whose frames and sound differ in length is stretched onto each other, as in the
    official fine-tuning loader: frame i sits at i / (frames - 1) of the sound. A span of at most
    1024 samples gives the whole sound where that is shorter than `target` samples.

    Raises:
      ValueError: a span of at most 1024 samples of a longer sound.

    >>> audio_span(np.array([10]), frames=101, window=64, samples=100_000)
    slice(10000, 74000, None)
    """
    first = int(index[0])
    last = min(first + window, frames - 1)
    scale = samples / max(frames - 1, 1)
    start, stop = int(first * scale), int(last * scale)
    if stop - start > SHORTEST:
        return slice(start, stop)
    if samples < target:
        return slice(0, samples)
    raise ValueError(
        f"frames {first} to {last} of {frames} span {stop - start} of {samples} samples; more than "
        f"{SHORTEST} are needed: check that the clip's frames and sound belong together"
    )


def timed_span(
    index: Int[np.ndarray, " t"], frames: int, stride: int, fps: float, samples: int
) -> slice:
    """The samples from the start of frame index[0] to the end of frame index[-1] + stride, in time.

    So the official pre-training loader does it; frame i lasts from i / fps to (i + 1) / fps s.

    Raises:
      ValueError: the rate is not positive, or at most 1024 samples are left.

    >>> timed_span(np.array([0, 4]), frames=100, stride=4, fps=25.0, samples=40_000)
    slice(0, 5760, None)
    """
    if not fps > 0:
        raise ValueError(f"fps = {fps}: the sound of frames needs their rate")
    first, last = int(index[0]), min(int(index[-1]) + stride, frames - 1)
    start = int(first / fps * RATE)
    stop = min(start + int((last + 1 - first) / fps * RATE), samples)
    if stop - start <= SHORTEST:
        raise ValueError(
            f"{max(stop - start, 0)} samples belong to frames {first} to {last} at {fps} fps; more "
            f"than {SHORTEST} are needed, and the sound has {samples}"
        )
    return slice(start, stop)


@dataclass(frozen=True)
class SampleClip:
    """Choose frames, decode only those, and cut the sound that belongs to them.

    Attributes:
      count, stride: frames and their distance.
      how: "window" (fine-tuning), "strided" (pre-training, which needs the key `fps` where there
        is sound) or "segments" (evaluation views).
      views: number of segments of an evaluation.
      samples: length the sound is cut or zero-padded to.
    """

    count: int = 16
    stride: int = 4
    how: str = "window"
    views: int = 1
    samples: int = 40_960

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        frames = element["frames"]
        index = self._choose(len(frames), int(element.get("view", 0)), rng)
        out = {**element, "frames": decode_frames([frames[i] for i in index])}
        if "audio" in element:
            audio = to_float(element["audio"])[self._span(index, element)]
            out |= pad_audio(audio, self.samples)
        return out

    def _span(self, index: Int[np.ndarray, " t"], element: Element) -> slice:
        frames, samples = len(element["frames"]), len(element["audio"])
        if self.how == "strided":
            return timed_span(index, frames, self.stride, float(element["fps"]), samples)
        return audio_span(index, frames, self.count * self.stride, samples, self.samples)

    def _choose(self, frames: int, view: int, rng: np.random.Generator) -> Int[np.ndarray, " t"]:
        if self.how == "segments":
            return segment_indices(frames, self.count, self.stride, view, self.views)
        choose = {"window": window_indices, "strided": strided_indices}
        if self.how not in choose:
            raise ValueError(f"SampleClip.how = {self.how!r}; allowed: segments, {[*choose]}")
        return choose[self.how](frames, self.count, self.stride, rng)


@dataclass(frozen=True)
class Drop:
    """Leave out keys, for training on one modality of a clip."""

    keys: tuple[str, ...]

    def map(self, element: Element) -> Element:
        gone = {*self.keys, *(("audio_length",) if "audio" in self.keys else ())}
        return {k: v for k, v in element.items() if k not in gone}


def decode_frames(encoded: list[bytes]) -> np.ndarray:
    """RGB uint8 (t, h, w, 3) of JPEG or PNG bytes.

    Raises:
      ValueError: no frame; one that does not decode, or of another size than the first, by its
        number.
    """
    if not encoded:
        raise ValueError("no frame to decode")
    first = _decoded(0, encoded[0])
    if len(encoded) == 1:
        return first[None]
    frames = np.empty((len(encoded), *first.shape), np.uint8)
    frames[0] = first
    for number, data in enumerate(encoded[1:], 1):
        frame = _decoded(number, data)
        if frame.shape != first.shape:
            raise ValueError(f"frame {number} is {frame.shape[:2]}, frame 0 {first.shape[:2]}")
        frames[number] = frame
    return frames


def _decoded(number: int, data: bytes) -> np.ndarray:
    # RGB by the decoder: to turn BGR round by strides takes longer than to decode a JPEG.
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise ValueError(f"frame {number} is not an image ({len(data)} bytes)")
    return image


def to_float(audio: np.ndarray) -> np.ndarray:
    """int16 samples as float32 in [-1, 1); float samples as they are."""
    return audio.astype(np.float32) / 32768 if audio.dtype == np.int16 else audio.astype(np.float32)


def pad_audio(audio: np.ndarray, samples: int) -> Element:
    """The batch keys `audio`, cut or zero-padded at its end, and `audio_length`."""
    cut = audio[:samples]
    return {"audio": np.pad(cut, (0, samples - len(cut))), "audio_length": np.int32(len(cut))}
