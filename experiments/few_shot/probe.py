"""How few labelled clips a trained run's features need, and those of the same run untrained.

  python -m experiments.few_shot.probe --config=configs/hicmae/synth.py --workdir=runs/synth

Draws 1 to 16 clips a category from the training split, fits a method of `evals.few_shot` on the
frozen features of the selected checkpoint (what `embed` serves), and scores the test split, whose
people are others. Prints a table, and writes <workdir>/few_shot.json.
"""

import json
import pathlib
from collections.abc import Sequence
from typing import Any

import jax
from absl import app, flags

from affectjax import config as config_lib
from affectjax.evals import few_shot, stream
from affectjax.export import signatures
from affectjax.train import inputs, setup, shard


def features(config: Any, run: setup.Run, params: Any, split: str) -> tuple[Any, Any]:
    """Features (n, d) and categories (n,) of the clips of a split with a category."""
    flat = signatures.flat(params)
    embed = jax.jit(signatures.embed(run.task))

    def ask(params: Any, batch: Any) -> dict[str, jax.Array]:
        given = {k: v for k, v in batch.items() if k in run.spec}
        kept = {k: batch[k] for k in ("emotion", "valid")}
        return {**embed(params, given), **kept}

    rows = stream.rows(ask, flat, inputs.eval_batches(config, split), run.put)
    known = rows["emotion"] >= 0
    return rows["embedding"][known], rows["emotion"][known]


def curves(
    config: Any, run: setup.Run, params: Any, shots: Sequence[int], seeds: Sequence[int]
) -> dict[str, list[dict[str, Any]]]:
    """The curve of each method of `few_shot.METHODS`."""
    support, query = (features(config, run, params, s) for s in ("train", "test"))
    classes = len(inputs.label_names(config))
    return {
        name: few_shot.curve(method, support, query, classes, shots, seeds)
        for name, method in few_shot.METHODS.items()
    }


def table(told: dict[str, dict[str, list[dict[str, Any]]]]) -> str:
    """Lines of UAR [95% over draws] by features, method and shots."""
    lines = []
    for which, methods in told.items():
        for name, rows in methods.items():
            cells = [
                f"{r['shots']}: {r['uar']:.3f} [{r['interval'][0]:.3f}, {r['interval'][1]:.3f}]"
                for r in rows
            ]
            lines.append(f"{which:<10} {name:<11} " + "  ".join(cells))
    return "\n".join(lines)


def measure(
    config: Any, workdir: str, shots: Sequence[int], seeds: Sequence[int]
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The curves of the selected checkpoint, and of the parameters that training began with."""
    mesh = shard.make_mesh(config.mesh.to_dict())
    with jax.set_mesh(mesh):
        run, restored = setup.trained(config, workdir, mesh)
        states = {"trained": restored["selected"][1], "untrained": run.init()}
        return {k: curves(config, run, s.eval_params, shots, seeds) for k, s in states.items()}


def main(argv: list[str]) -> None:
    """Measure, print and write."""
    del argv
    given = flags.FLAGS
    config = config_lib.load(given.config)
    shots = [int(n) for n in given.shots]
    told = measure(config, given.workdir, shots, range(given.draws))
    path = pathlib.Path(given.workdir) / "few_shot.json"
    path.write_text(json.dumps(told, indent=1))
    chance = 1 / len(inputs.label_names(config))
    print(f"UAR by shots a category, {given.draws} draws, chance {chance:.3f}\n{table(told)}")


if __name__ == "__main__":
    flags.DEFINE_string("config", None, "of the run", required=True)
    flags.DEFINE_string("workdir", None, "of the run", required=True)
    flags.DEFINE_list("shots", [str(n) for n in few_shot.SHOTS], "clips a category")
    flags.DEFINE_integer("draws", 10, "draws of the clips")
    app.run(main)
