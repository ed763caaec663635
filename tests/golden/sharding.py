"""Tables of parameters, shardings and bytes per chip, one a config; `make golden` renews them."""

import pathlib

from affectjax import config as config_lib
from affectjax.compile import chips, compile
from affectjax.train import inputs, setup, shard

FOLDER = pathlib.Path(__file__).parent / "sharding"
REPO = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIGS = sorted(p.relative_to(REPO) for p in REPO.glob("configs/*/*.py") if p.stem != "__init__")


def table(path: pathlib.Path) -> str:
    """The tables of a config's stages for its topology, at full size."""
    config = config_lib.load(f"{path}:fake")
    topology = chips.parse(config.topology)
    mesh = shard.abstract_mesh(config.mesh.to_dict(), topology.count)
    parts = []
    for name, stage in compile.stages(config):
        run = setup.prepare(stage, mesh, inputs.example_spec(stage))
        parts.append(f"{name or 'train'}, {config.topology}\n{run.sharding}")
    return "\n".join(parts)


def file(path: pathlib.Path) -> pathlib.Path:
    """Where a config's table lies."""
    return FOLDER / f"{path.parent.name}_{path.stem}.txt"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path in CONFIGS:
        file(path).write_text(table(path))
        print(file(path))
