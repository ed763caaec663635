"""Weak scaling by the TPU compiler: the cost per chip of a step, at a fixed batch per chip.

  JAX_PLATFORMS=cpu python -m benchmarks.scaling --output=runs/scaling   # 8 to 1,024 chips
  python -m benchmarks.scaling --output=runs/scaling --topologies=cpu:2,cpu:8 --sizes=test

Nothing runs: `--mode=compile`'s figures for HiCMAE-B pre-training (16 frames of 160 pixels, 256
rows of log-mel) and for fine-tuning a ViT-L/14. Each point is a JSON file and is not compiled
again. Writes table.md and scaling.png.
"""

import argparse
import json
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from affectjax import config as config_lib
from affectjax.compile import chips, collectives, compile
from affectjax.losses import classification
from affectjax.models import hicmae, stack
from affectjax.tasks import inputs, masked
from affectjax.train import defaults, optim

TOPOLOGIES = ("v5e:2x4", "v5e:4x4", "v5e:8x8", "v5e:16x16", "v5p:8x8x16")
PER_CHIP = {"hicmae": 8, "vit": 16}
LABELS = {"hicmae": "HiCMAE-B pre-training", "vit": "ViT-L/14 fine-tuning"}


class Classifier(nn.Module):
    """Patches of 14 x 14 pixels, blocks by a scan, the mean of the tokens, one linear map."""

    width: int = 1024
    depth: int = 24
    heads: int = 16
    dtype: str = "bfloat16"
    classes: int = 7
    kernel: str = "plain"
    remat: str = "none"
    scan: bool = True

    @nn.compact
    def __call__(self, images: Any) -> Any:
        patches = nn.Conv(self.width, (14, 14), (14, 14), dtype=self.dtype, name="patches")
        x = patches(images)
        x = x.reshape(x.shape[0], -1, self.width)
        x = x + self.param("positions", nn.initializers.normal(0.02), x.shape[1:]).astype(x.dtype)
        levers = {"kernel": self.kernel, "remat_policy": self.remat, "scan": self.scan}
        settings = {"dtype": self.dtype, "deterministic": False, **levers}
        x, _ = stack.run(x, self.heads, self.depth, **settings)
        return nn.Dense(self.classes, name="head")(x.mean(1).astype(jnp.float32))


@dataclass(frozen=True)
class FineTune:
    """Cross-entropy of a classifier of images of the size of ViT-L/14."""

    model: Classifier

    def init(self, key: jax.Array, spec: Mapping[str, jax.ShapeDtypeStruct]) -> Any:
        """Parameters."""
        zeros = jnp.zeros((1, *spec["image"].shape[1:]), jnp.float32)
        return self.model.init(key, zeros)

    def loss(self, variables: Any, batch: Any, key: Any, step: Any) -> tuple[Any, dict[str, Any]]:
        """Mean cross-entropy."""
        del key, step
        images = inputs.normalise(batch["image"].astype(jnp.float32) / 255.0)
        logits = self.model.apply(variables, images)
        targets = classification.smooth_targets(batch["emotion"], 7, 0.1)
        return classification.soft_cross_entropy(logits, targets), {}


def config(model: str, scheme: str, topology: chips.Topology, test: bool) -> Any:
    """The config of a point."""
    out = defaults.config(optimizer=config_lib.call(optim.adamw, schedule=1e-4))
    out.task = _vit(test) if model == "vit" else _hicmae(test)
    out.train.batch = out.data.eval_batch = PER_CHIP[model] * topology.count
    out.sharding.preset = scheme
    if scheme == "fsdp":
        out.mesh.fsdp = fsdp_parts(topology)
    elif model == "hicmae":
        # Parameters are whole, the batch is split over both axes: features of global negatives are
        # gathered along the longest side of the slice last, when they are large.
        out.mesh.fsdp = max(topology.count // max(topology.shape), 1)
    return out


def fsdp_parts(topology: chips.Topology) -> int:
    """Over how many chips parameters are split: one side of the slice, at least 8, at most all.

    Further chips are copies, on the axis data. Over both sides at once libtpu 0.0.42.1 scatters no
    gradients: it sums them whole on every chip, twice the bytes, also where `lax.psum_scatter` asks
    for it.

    >>> [fsdp_parts(chips.parse(t)) for t in ("v5e:2x4", "v5e:4x4", "v5e:16x16", "cpu:2")]
    [8, 8, 16, 2]
    """
    return min(topology.count, max(8, *topology.shape))


def spec(model: str, batch: int, test: bool) -> dict[str, jax.ShapeDtypeStruct]:
    """Shapes of a global batch, as the host sends it."""
    shape = jax.ShapeDtypeStruct
    if model == "vit":
        return {
            "image": shape((batch, 224, 224, 3), jnp.uint8),
            "emotion": shape((batch,), jnp.int32),
        }
    frames, side = (2, 32) if test else (16, 160)
    return {
        "frames": shape((batch, frames, side, side, 3), jnp.uint8),
        "audio": shape((batch, 41_200), jnp.int16),
        "audio_length": shape((batch,), jnp.int32),
    }


def point(model: str, scheme: str, topology: str, test: bool) -> dict[str, Any]:
    """The training step's cost on a topology, beside the least that the scheme must send."""
    wanted = chips.parse(topology)
    one = config(model, scheme, wanted, test)
    costs, _ = compile.compile_stage(one, wanted, spec(model, one.train.batch, test))
    told = compile.cost.as_dict(costs[0], wanted)
    return {**told, "model": model, "scheme": scheme, "least_wire": least(one, wanted, test, model)}


def least(one: Any, wanted: chips.Topology, test: bool, model: str) -> float:
    """Bytes that a chip of n must send in a step by the scheme, in the dtype of the work.

    Parameters are float32 and the work is done in bfloat16, so that is what needs to travel:
    the compiler casts before it gathers and sums gradients before it casts them back. The models
    of size test work in float32, for fake CPU devices sum nothing narrower.

    Replicated: an all-reduce of the gradients, 2 (n - 1) / n G. Split over f chips: the parameters
    gathered for the forward pass and again for the backward pass, and the gradients scattered,
    3 (f - 1) / f G, then an all-reduce of each part with its n / f copies, and one over all for the
    small arrays that stay whole. HiCMAE's global negatives besides: features of all clips, in
    float32, gathered forward and their gradient scattered, for each contrasted depth.
    """
    from affectjax.train import setup, shard

    mesh = shard.abstract_mesh(one.mesh.to_dict(), wanted.count)
    params = setup.prepare(one, mesh, spec(model, one.train.batch, test)).abstract.params
    whole, split = 0.0, 0.0
    for leaf in jax.tree.leaves(params):
        size = float(np.prod(leaf.shape)) * jnp.dtype(_dtype(test)).itemsize
        if any(leaf.sharding.spec):
            split += size
        else:
            whole += size
    n, parts = wanted.count, mesh.shape["fsdp"]
    gathered = 2 * collectives.wire_bytes("all-gather", parts, split)
    scattered = collectives.wire_bytes("reduce-scatter", parts, split)
    copies = collectives.wire_bytes("all-reduce", n // parts, split / parts)
    summed = collectives.wire_bytes("all-reduce", n, whole)
    return summed + gathered + scattered + copies + negatives(one, n, model)


def negatives(one: Any, n: int, model: str) -> float:
    """Bytes that a chip of n must send for the features of HiCMAE's global negatives."""
    if model != "hicmae":
        return 0.0
    features = 4.0 * len(one.task.model.layers) * one.train.batch * one.task.model.audio.width
    return sum(
        collectives.wire_bytes(kind, n, features) for kind in ("all-gather", "reduce-scatter")
    )


def table(points: Sequence[Mapping[str, Any]]) -> str:
    """The points as a Markdown table."""
    lines = [
        "| model | scheme | chips | GFLOP (ours) | GFLOP (XLA) | memory, MiB | sent, MB "
        "| least, MB | ratio | compiled, s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for p in points:
        lines.append(
            f"| {LABELS[p['model']]} | {p['scheme']} | {p['chips']} | {p['flops'] / 1e9:,.1f} "
            f"| {p['flops_xla'] / 1e9:,.1f} | {p['total'] / 2**20:,.0f} | {p['wire'] / 1e6:,.1f} "
            f"| {p['least_wire'] / 1e6:,.1f} | {p['wire'] / p['least_wire']:.3f} "
            f"| {p['compile_seconds']:.0f} |"
        )
    return "\n".join([*lines, ""])


def plot(points: Sequence[Mapping[str, Any]], path: pathlib.Path) -> None:
    """Work and bytes sent per chip over the number of chips."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (work, sent) = pyplot.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for key in dict.fromkeys((p["model"], p["scheme"]) for p in points):
        rows = [p for p in points if (p["model"], p["scheme"]) == key]
        n = [p["chips"] for p in rows]
        label = f"{LABELS[key[0]]}, {key[1]}"
        work.plot(n, [p["flops_xla"] / rows[-1]["flops_xla"] for p in rows], "o-", label=label)
        sent.plot(n, [p["wire"] / p["least_wire"] for p in rows], "o-", label=label)
    for axis, title in ((work, "XLA's FLOPs a chip / at the last"), (sent, "bytes sent / least")):
        axis.set(xscale="log", xlabel="chips", title=title, ylim=(0, None))
        axis.axhline(1, color="0.8", zorder=0)
    sent.legend(fontsize=7)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def main() -> None:
    """Compile what is missing, then write the table and the plot."""
    given = _arguments()
    folder = pathlib.Path(given.output)
    folder.mkdir(parents=True, exist_ok=True)
    points = []
    for model in given.models.split(","):
        for scheme in given.schemes.split(","):
            for topology in given.topologies.split(","):
                file = folder / f"{model}_{scheme}_{topology.replace(':', '_')}.json"
                if not file.exists():
                    told = point(model, scheme, topology, given.sizes == "test")
                    file.write_text(json.dumps(told, indent=1))
                points.append(json.loads(file.read_text()))
                print(table(points[-1:]).splitlines()[-1], flush=True)
    (folder / "table.md").write_text(table(points))
    plot(points, folder / "scaling.png")


def _arguments() -> argparse.Namespace:
    # Not absl's flags: those are the process's own, and tests import this beside affectjax.main.
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="runs/scaling", help="points, table and plot")
    parser.add_argument("--models", default=",".join(PER_CHIP), help="of these")
    parser.add_argument("--topologies", default=",".join(TOPOLOGIES), help="small to large")
    parser.add_argument("--schemes", default="replicated,fsdp", help="presets of sharding")
    parser.add_argument(
        "--sizes", default="full", choices=["full", "test"], help="test: models of a few blocks"
    )
    return parser.parse_args()


def _dtype(test: bool) -> str:
    return "float32" if test else "bfloat16"


def _hicmae(test: bool) -> Any:
    encoder, fusion, decoder = hicmae.size("test" if test else "B")
    tower = lambda t: config_lib.call(  # noqa: E731
        hicmae.Tower, width=t.width, depth=t.depth, heads=t.heads
    )
    model = config_lib.call(
        hicmae.Pretrain,
        video=tower(encoder),
        audio=tower(encoder),
        decoder_video=tower(decoder),
        decoder_audio=tower(decoder),
        fusion_depth=fusion,
        fusion_heads=encoder.heads,
        layers=hicmae.taps(encoder.depth, decoder.depth),
        dtype=_dtype(test),
        scan=True,
    )
    given = config_lib.call(inputs.Inputs, mel_frames=256, mels=128)
    return config_lib.call(masked.MaskedPretrain, model=model, inputs=given)


def _vit(test: bool) -> Any:
    if test:
        return config_lib.call(
            FineTune, model=config_lib.call(Classifier, width=128, depth=2, dtype=_dtype(test))
        )
    return config_lib.call(FineTune, model=config_lib.call(Classifier))


if __name__ == "__main__":
    main()
