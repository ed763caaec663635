"""How hard the set is: `python -m tfds_builders.affect_synth.probe` prints the card's tables.

Needs scikit-learn (extra dev). Each probe is fitted on the training subjects, chooses its strength
on the validation subjects and is scored by UAR on the test subjects. The true voice parameters are
not stored: they are drawn again from the clip's seed.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from affectjax.data import source
from affectjax.data.ops import audio as audio_ops
from affectjax.data.ops.video import decode_frames, to_float
from tfds_builders.affect_synth import clip as clips
from tfds_builders.affect_synth import people

BUILDER = "tfds_builders.affect_synth.affect_synth_dataset_builder"
Features = Callable[[dict[str, Any]], np.ndarray]


def pixels(clip: dict[str, Any]) -> np.ndarray:
    """The middle frame in grey at 32 x 32."""
    import cv2

    frame = decode_frames([clip["frames"][len(clip["frames"]) // 2]])[0]
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).ravel() / 255.0


def change(clip: dict[str, Any]) -> np.ndarray:
    """The mean of the middle frames less the first and last, in grey at 32 x 32.

    The person and the room mostly cancel; what the face does stays.
    """
    import cv2

    film = decode_frames(list(clip["frames"])).astype(np.float32).mean(-1)
    small = np.stack([cv2.resize(f, (32, 32), interpolation=cv2.INTER_AREA) for f in film])
    quarter = max(len(small) // 4, 1)
    ends = np.concatenate([small[:1], small[-1:]])
    return (small[quarter : 3 * quarter].mean(0) - ends.mean(0)).ravel() / 255.0


def mean_spectrum(clip: dict[str, Any]) -> np.ndarray:
    """Log-mel energies averaged over the clip."""
    return np.asarray(audio_ops.fbank(to_float(clip["audio"]), num_mels=64)).mean(0)


def spectrum_statistics(clip: dict[str, Any]) -> np.ndarray:
    """Mean, SD, median and quartile distance of each log-mel bin, and of its changes."""
    mel = np.asarray(audio_ops.fbank(to_float(clip["audio"]), num_mels=64))
    low, middle, high = np.quantile(mel, [0.25, 0.5, 0.75], axis=0)
    change = np.abs(np.diff(mel, axis=0)).mean(0)
    return np.concatenate([mel.mean(0), mel.std(0), middle, high - low, change])


def action_units(clip: dict[str, Any]) -> np.ndarray:
    """The true action units: what a perfect reader of faces sees."""
    return clip["action_units"]


def voice_parameters(clip: dict[str, Any]) -> np.ndarray:
    """Valence, arousal and dominance as the voice shows them: what a perfect listener hears."""
    subject, number = (int(part[1:]) for part in clip["clip_id"].decode().split("_"))
    _, _, felt = clips.feel(clips.Job(0, subject, number, 1, 1))
    return felt.voice


def vad(clip: dict[str, Any]) -> np.ndarray:
    """The true valence, arousal and dominance."""
    return clip["vad"]


def both(clip: dict[str, Any]) -> np.ndarray:
    """True action units and voice parameters: a perfect reader who also listens."""
    return np.concatenate([action_units(clip), voice_parameters(clip)])


ROWS: tuple[tuple[str, Features, bool], ...] = (
    ("linear on pixels", pixels, True),
    ("RBF SVM on pixels", pixels, False),
    ("RBF SVM on the change of the pixels", change, False),
    ("linear on the mean spectrum", mean_spectrum, True),
    ("RBF SVM on spectrum statistics", spectrum_statistics, False),
    ("RBF SVM on the true action units", action_units, False),
    ("RBF SVM on the true voice parameters", voice_parameters, False),
    ("RBF SVM on both", both, False),
    ("RBF SVM on the true VAD", vad, False),
)


def main() -> None:
    """Print UAR on the test subjects for each probe, the raters' agreement and reading time."""
    builder = source.prepare(source.open_builder(BUILDER))
    data = {s: list(source.split(builder, s)) for s in ("train", "validation", "test")}
    for title, features, linear in ROWS:
        print(f"{title:<48} {probe(data, features, linear):.3f}")
    votes = np.stack([clip["votes"] for clip in data["test"]])
    truth = np.array([clip["emotion"] for clip in data["test"]])
    print(f"{'majority of the raters':<48} {uar(truth, votes.argmax(1)):.3f}")
    print(f"{'one rater':<48} {votes[np.arange(len(truth)), truth].mean() / people.RATERS:.3f}")
    print(f"{'Fleiss kappa of the raters':<48} {fleiss(votes):.3f}")
    read, decoded = reading(source.split(builder, "test"))
    print(f"reading a clip {read:.2f} ms, decoding its frames {decoded:.2f} ms")


def fleiss(votes: np.ndarray) -> float:
    """Fleiss' kappa of counts (clips, classes), each row with the same sum (Fleiss 1971).

    >>> fleiss(np.array([[2, 0], [0, 2]]))
    1.0
    >>> fleiss(np.array([[1, 1], [1, 1]]))
    -1.0
    """
    n = votes[0].sum()
    agree = ((votes**2).sum(1) - n).mean() / (n * (n - 1))
    chance = ((votes.sum(0) / votes.sum()) ** 2).sum()
    return float((agree - chance) / (1 - chance))


def reading(examples: Any, count: int = 200) -> tuple[float, float]:
    """Mean milliseconds to read a stored clip, and to decode all its frames."""
    start = time.perf_counter()
    read = [examples[i] for i in range(min(count, len(examples)))]
    middle = time.perf_counter()
    for clip in read:
        decode_frames(list(clip["frames"]))
    stop = time.perf_counter()
    return 1e3 * (middle - start) / len(read), 1e3 * (stop - middle) / len(read)


def probe(data: dict[str, list], features: Features, linear: bool) -> float:
    """Test UAR of a probe on standardised features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    x = {s: np.stack([features(clip) for clip in clips]) for s, clips in data.items()}
    y = {s: np.array([clip["emotion"] for clip in clips]) for s, clips in data.items()}
    kinds = (
        [LogisticRegression(C=c, max_iter=500) for c in (1e-4, 1e-3, 1e-2, 0.1)]
        if linear
        else [SVC(C=c) for c in (0.3, 1, 3, 10)]
    )
    fitted = [make_pipeline(StandardScaler(), k).fit(x["train"], y["train"]) for k in kinds]
    best = max(fitted, key=lambda m: uar(y["validation"], m.predict(x["validation"])))
    return uar(y["test"], best.predict(x["test"]))


def uar(truth: np.ndarray, guess: np.ndarray) -> float:
    """Mean recall over the classes."""
    return float(np.mean([(guess[truth == c] == c).mean() for c in np.unique(truth)]))


if __name__ == "__main__":
    main()
