"""A config for `affectjax.main` whose model costs nothing: what is tested is the program round it.

Data made in memory, a linear classifier, and a contrast between two views of each clip.
"""

import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from affectjax import config as config_lib
from affectjax.losses import contrastive
from affectjax.metrics import states
from affectjax.train import defaults, optim, schedule

CLASSES, WIDTH = 7, 16


class Builder:
    """Features for `data.fake`, without TFDS and its second of imports."""

    def __init__(self, **_: Any) -> None:
        def feature(dtype: Any, shape: tuple[int, ...] = ()) -> SimpleNamespace:
            return SimpleNamespace(np_dtype=dtype, shape=shape)

        emotion = SimpleNamespace(
            np_dtype=np.int64, shape=(), num_classes=CLASSES, names=[*"abcdefg"]
        )
        features = {
            "audio": feature(np.int16, (None,)),
            "emotion": emotion,
            "subject": feature(np.int32),
            "clip_id": feature(np.object_),
        }
        self.info = SimpleNamespace(features=features)


@dataclass(frozen=True)
class Signal:
    """Two windows of the sound, one of them moved at random, as a signal (2, WIDTH)."""

    slow: float = 0.0

    def random_map(self, element: dict, rng: np.random.Generator) -> dict:
        time.sleep(self.slow)
        sound = element.pop("audio")[: 3 * WIDTH].astype(np.float32) / 3000
        first = int(rng.integers(WIDTH, 2 * WIDTH))
        signal = np.stack([sound[:WIDTH], sound[first : first + WIDTH]])
        return {
            **element,
            "signal": signal,
            "emotion": np.int32(element["emotion"]),
            "subject": np.int32(element["subject"]),
        }


@dataclass(frozen=True)
class Toy:
    """Cross-entropy of a linear classifier with noise, and InfoNCE of the two views' projections.

    The negatives are those of the global batch, and those of pairs of clips beside each other.
    """

    def init(self, key: jax.Array, spec: Any) -> dict:
        del spec
        keys = jax.random.split(key)
        kernel = jax.random.normal(keys[0], (WIDTH, 512)) / 4
        return {"params": {"body": kernel, "head": jax.random.normal(keys[1], (512, CLASSES)) / 20}}

    def loss(self, variables: Any, batch: Any, key: jax.Array, step: jax.Array) -> tuple:
        del step
        logits, views = self._apply(variables, batch)
        logits = logits + 0.1 * jax.random.normal(key, logits.shape)
        pair = views[:, :1], views[:, 1:]
        terms = {
            "loss_global": contrastive.between(*pair).mean(),
            "loss_local": contrastive.between(*pair, groups=len(logits) // 2).mean(),
        }
        label = batch["emotion"][:, None]
        category = -jnp.take_along_axis(jax.nn.log_softmax(logits), label, 1).mean()
        return category + 0.1 * sum(terms.values()), terms

    def predict(self, variables: Any, batch: Any) -> dict:
        told = {k: batch[k] for k in ("emotion", "subject", "valid") if k in batch}
        return {"probabilities": jax.nn.softmax(self._apply(variables, batch)[0]), **told}

    def metrics(self) -> Any:
        return states.for_classification(False)

    def _apply(self, variables: Any, batch: Any) -> tuple[jax.Array, jax.Array]:
        views = jnp.tanh(batch["signal"] @ variables["params"]["body"])
        return views.mean(1) @ variables["params"]["head"], views


def get_config(arg: str = "") -> Any:
    """Arguments: steps, and seconds that each example takes to make."""
    arg = config_lib.parse_arg(arg, steps=8, slow=0.0)
    return defaults.config(
        task=config_lib.call(Toy),
        optimizer=config_lib.call(
            optim.adamw,
            schedule=config_lib.call(schedule.warmup_cosine, peak=1e-2, steps=arg.steps, warmup=2),
        ),
        train={
            "steps": arg.steps,
            "batch": 16,
            "ema": 0.9,
            "log_every": 1,
            "eval_every": arg.steps // 2,
            "checkpoint_every": 2,
        },
        sharding={"rules": [["body", [None, "data"]]]},
        data={
            "builder": "tests.train.toy_run",
            "fake": 37,
            "train_ops": [config_lib.call(Signal, slow=arg.slow)],
            "eval_ops": [config_lib.call(Signal)],
            "eval_batch": 16,
            "prefetch": 4,
            "threads": 1,
        },
    )
