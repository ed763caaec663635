"""How hard the set is: `python -m tfds_builders.affect_synth.probe` prints the card's table.

Needs scikit-learn (extra dev). Each probe is fitted on the training subjects and scored by UAR on
the test subjects; the linear ones choose their strength on the validation subjects.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from affectjax.data import source
from affectjax.data.ops import audio as audio_ops
from affectjax.data.ops.video import decode_frames, to_float

BUILDER = "tfds_builders.affect_synth.affect_synth_dataset_builder"
Features = Callable[[dict[str, Any]], np.ndarray]


def pixels(clip: dict[str, Any]) -> np.ndarray:
    """The middle frame in grey at 32 x 32."""
    import cv2

    frame = decode_frames([clip["frames"][len(clip["frames"]) // 2]])[0]
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).ravel() / 255.0


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


def vad(clip: dict[str, Any]) -> np.ndarray:
    """The true valence, arousal and dominance."""
    return clip["vad"]


def both(clip: dict[str, Any]) -> np.ndarray:
    """True action units and the statistics of the spectrum."""
    return np.concatenate([3 * action_units(clip), 0.5 * spectrum_statistics(clip)])


def main() -> None:
    """Print UAR on the test subjects for each probe."""
    builder = source.prepare(source.open_builder(BUILDER))
    data = {s: list(source.split(builder, s)) for s in ("train", "validation", "test")}
    rows: list[tuple[str, Features, bool]] = [
        ("linear on pixels", pixels, True),
        ("linear on the mean spectrum", mean_spectrum, True),
        ("RBF SVM on spectrum statistics", spectrum_statistics, False),
        ("RBF SVM on the true action units", action_units, False),
        ("RBF SVM on action units + spectrum statistics", both, False),
        ("RBF SVM on the true VAD", vad, False),
    ]
    for title, features, linear in rows:
        print(f"{title:<48} {probe(data, features, linear):.3f}")
    votes = np.stack([clip["votes"] for clip in data["test"]])
    truth = np.array([clip["emotion"] for clip in data["test"]])
    print(f"{'majority of the raters':<48} {uar(truth, votes.argmax(1)):.3f}")


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
