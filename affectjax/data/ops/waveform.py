"""Host-side transforms of the waveform of one example."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from affectjax.data.ops.video import pad_audio, to_float

Element = dict[str, Any]


@dataclass(frozen=True)
class AudioWindow:
    """`samples` of the waveform: a random stretch in training, evenly spaced views otherwise.

    Shorter audio is zero-padded at its end; `audio_length` keeps its true length.
    """

    samples: int = 40_960
    random: bool = False
    views: int = 1

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        audio = to_float(element["audio"])
        free = max(len(audio) - self.samples, 0)
        if self.random:
            start = int(rng.integers(0, free + 1))
        else:
            start = free // 2 if self.views == 1 else free * element["view"] // (self.views - 1)
        return {**element, **pad_audio(audio[start:], self.samples)}


@dataclass(frozen=True)
class TrimSilence:
    """Cut the quiet ends: everything before the first and after the last frame above a level.

    A frame of 25 ms counts as sound above `below_peak` decibels under the loudest one. Takes
    the waveform before `AudioWindow`; `keep` seconds are left at each end.
    """

    below_peak: float = 40.0
    keep: float = 0.1

    def map(self, element: Element) -> Element:
        audio = to_float(element["audio"])
        frame = 400
        count = len(audio) // frame
        if not count:
            return {**element, "audio": audio}
        power = (audio[: count * frame].reshape(count, frame) ** 2).mean(1)
        loud = np.flatnonzero(power >= power.max() * 10 ** (-self.below_peak / 10))
        margin = int(self.keep * 16_000)
        start = max(loud[0] * frame - margin, 0)
        return {**element, "audio": audio[start : (loud[-1] + 1) * frame + margin]}


@dataclass(frozen=True)
class Gain:
    """Multiply by Beta(10, 10) + 0.5, as HiCMAE in training (its "roll" does nothing else)."""

    alpha: float = 10.0

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        gain = np.float32(rng.beta(self.alpha, self.alpha) + 0.5)
        return {**element, "audio": to_float(element["audio"]) * gain}


@dataclass(frozen=True)
class Speed:
    """Play faster or slower by a factor uniform in [1 - spread, 1 + spread]; pitch goes along.

    Linear interpolation (Ko et al. 2015 use sox's `speed`). Before `AudioWindow`.
    """

    spread: float = 0.1

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        audio = to_float(element["audio"])
        factor = rng.uniform(1 - self.spread, 1 + self.spread)
        places = np.arange(0, len(audio) - 1, factor)
        changed = np.interp(places, np.arange(len(audio)), audio).astype(np.float32)
        return {**element, "audio": changed}


@dataclass(frozen=True)
class Noise:
    """Add white noise at a signal-to-noise ratio uniform in [low, high] dB, with probability."""

    low: float = 10.0
    high: float = 40.0
    prob: float = 0.5

    def random_map(self, element: Element, rng: np.random.Generator) -> Element:
        audio = to_float(element["audio"])
        if rng.random() >= self.prob:
            return {**element, "audio": audio}
        level = np.sqrt((audio**2).mean()) * 10 ** (-rng.uniform(self.low, self.high) / 20)
        noise = rng.standard_normal(len(audio), np.float32) * np.float32(level)
        return {**element, "audio": audio + noise}
