"""What each lever of memory and speed costs and saves a chip, by the TPU compiler; nothing runs.

  JAX_PLATFORMS=cpu python -m benchmarks.levers --output=runs/levers   # 8 chips of v5e
  python -m benchmarks.levers --output=runs/levers --topology=cpu:2 --size=test

The step is the fine-tuning of a ViT of the width and depth of B (patches of 14 pixels, 224 x 224),
16 images a chip, AdamW, bfloat16, blocks by a scan; each row changes one field of its config. Each
row is a JSON file and is not compiled again. Writes table.md.
"""

import argparse
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from affectjax.compile import chips, compile
from benchmarks import scaling

BASE = "none of them"
LEVERS: Mapping[str, Mapping[str, Any]] = {
    BASE: {},
    "dtype=float32": {"task.model.dtype": "float32"},
    "scan=False": {"task.model.scan": False},
    "remat=dots": {"task.model.remat": "dots"},
    "remat=dots_no_batch": {"task.model.remat": "dots_no_batch"},
    "remat=full": {"task.model.remat": "full"},
    "remat=offload": {"task.model.remat": "offload"},
    "kernel=xla": {"task.model.kernel": "xla"},
    "kernel=splash": {"task.model.kernel": "splash"},
    "accum=4": {"train.accum": 4},
    "optimizer=data": {"sharding.optimizer": "data"},
    "optimizer_memory=pinned_host": {"sharding.optimizer_memory": "pinned_host"},
    "preset=fsdp": {"sharding.preset": "fsdp", "mesh.data": 1, "mesh.fsdp": -1},
}


def point(lever: str, topology: str, test: bool) -> dict[str, Any]:
    """The training step's cost with the fields of one lever changed."""
    wanted = chips.parse(topology)
    one = scaling.config("vit", "replicated", wanted, test)
    if not test:
        one.task.model.update(width=768, depth=12, heads=12)
    for field, value in LEVERS[lever].items():
        *parents, name = field.split(".")
        place = one
        for parent in parents:
            place = place[parent]
        place[name] = value
    costs, _ = compile.compile_stage(one, wanted, scaling.spec("vit", one.train.batch, test))
    return {**compile.cost.as_dict(costs[0], wanted), "lever": lever}


def table(points: Sequence[Mapping[str, Any]]) -> str:
    """The points as a Markdown table; memory in MiB, times in ms at the chip's published rates."""
    kept = compile.cost.KEPT
    lines = [
        "| lever | memory | parameters | moments | temporaries | kept for backward | GFLOP "
        "| moved, GB | sent, MB | products, ms | memory, ms | network, ms | compiled, s |",
        "|" + 13 * "---|",
    ]
    for p in points:
        held, times = p["memory"], p.get("seconds", {})
        sizes = [p["total"], *(held.get(k, 0) for k in (*PARTS, kept))]
        cells = [f"{size / 2**20:,.0f}" for size in sizes]
        cells += [f"{p['flops'] / 1e9:,.0f}", f"{p['bytes_moved'] / 1e9:,.1f}"]
        cells += [f"{p['wire'] / 1e6:,.0f}"]
        cells += [
            f"{1e3 * times[k]:,.1f}" if times else "" for k in ("compute", "memory", "network")
        ]
        cells += [f"{p['compile_seconds']:.0f}"]
        lines.append(f"| {p['lever']} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


PARTS = ("parameters", "optimiser state", "temporaries")


def main() -> None:
    """Compile what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="runs/levers", help="points and table")
    parser.add_argument("--topology", default="v5e:2x4")
    parser.add_argument("--levers", default=",".join(LEVERS), help="of these")
    parser.add_argument("--size", default="full", choices=["full", "test"])
    given = parser.parse_args()
    folder = pathlib.Path(given.output)
    folder.mkdir(parents=True, exist_ok=True)
    points = []
    for lever in given.levers.split(","):
        file = folder / f"{lever}.json"
        if not file.exists():
            told = point(lever, given.topology, given.size == "test")
            file.write_text(json.dumps(told, indent=1))
        points.append(json.loads(file.read_text()))
        print(table(points[-1:]).splitlines()[-1], flush=True)
    (folder / "table.md").write_text(table(points))


if __name__ == "__main__":
    main()
