"""Pictures encoded by CLIP ViT-B/16 and ViT-L/14, ours and OpenCLIP's on PyTorch.

  python -m benchmarks.clip [--rounds=7] [--sizes=B/16,L/14] [--batches=1,4]

Both hold the same random weights, which go over by our table of names, and must give the same
features (1e-4 of the largest) before anything is timed. Times are of turns in one process; a ratio
above 1 means that ours is faster. Of a batch of more than two pictures ours is also told by twos, a
loop inside one program. Memory is that of a process of its own for each: the highest resident set
while weights are read from one safetensors file, and while pictures are encoded.
"""

import argparse
import gc
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from affectjax import memory

SIZES = ("B/16", "L/14")
BATCHES = (1, 4)
SIDE, TWO = 224, 2
_HELD: list[Any] = []
Encode = Callable[[], Any]


def main() -> None:
    """Measure and print, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--batches", default=",".join(map(str, BATCHES)))
    parser.add_argument("--alone", default="", help=argparse.SUPPRESS)
    parser.add_argument("--weights", default="", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    batches = [int(n) for n in flags.batches.split(",")]
    if flags.alone:
        print(json.dumps(_alone(flags.alone, flags.sizes, batches[0], flags.weights)))
        return
    memory.tune_malloc()
    for name in flags.sizes.split(","):
        rows(name, batches, flags.rounds)
        gc.collect()


def rows(name: str, batches: Sequence[int], rounds: int) -> None:
    """Print the times of one size at each batch, and the memory of both at the largest."""
    from benchmarks import table

    with tempfile.TemporaryDirectory() as folder:
        weights = pathlib.Path(folder) / "visual.safetensors"
        ours, theirs = both(name, weights)
        for batch in batches:
            pictures = pictures_of(batch)
            mine, peers = ours(pictures), theirs(pictures)
            _same(name, mine(), peers())
            runs = {"affectjax": mine, "open_clip": peers}
            if batch > TWO:
                runs |= {"affectjax, by twos": ours(pictures, TWO)}
                _same(name, runs["affectjax, by twos"](), peers())
            times = table.take_turns(runs, rounds)
            table.show(f"CLIP ViT-{name}, batch {batch}", times)
        del ours, theirs, mine, peers
        for who in ("affectjax", "open_clip"):
            told = _in_its_own_process(who, name, batches[-1], weights)
            line = ", ".join(f"{k} {v} MiB" for k, v in told.items())
            print(f"{'':<28}{who:<22}{line}", flush=True)
    print(f"{'':<28}load of the machine: {os.getloadavg()[0]:.1f}", flush=True)


def both(name: str, weights: pathlib.Path) -> tuple[Callable[..., Encode], Callable[..., Encode]]:
    """Ours and OpenCLIP's image tower of a size, with the same weights, also written to a file."""
    import jax
    from safetensors import numpy as st

    from affectjax.weights import clip as clip_names
    from affectjax.weights import names

    model = tower(name)
    params = jax.jit(model.init)(jax.random.key(0), pictures_of(1))["params"]
    # Biases and norms are drawn too: those that are still 0 and 1 would hide a wrong name.
    params = jax.tree.map(_drawn, jax.device_get(params))
    st.save_file(names.to_state_dict({"visual": params}, clip_names.OPENAI), weights)
    return _ours(name, params), _theirs(name, weights)


def pictures_of(batch: int) -> np.ndarray:
    """Noise, normalised as pictures are, (b, 224, 224, 3)."""
    return np.random.default_rng(0).standard_normal((batch, SIDE, SIDE, 3), np.float32)


def tower(name: str) -> Any:
    """Our image tower of a size."""
    from affectjax.models import clip

    s = clip.size(name)
    return clip.ImageTower(s.vision, s.image, s.patch, s.embed, s.act)


def _ours(name: str, params: Any) -> Callable[..., Encode]:
    import jax

    model, held = tower(name), jax.device_put(params)
    encode = lambda p, x: model.apply({"params": p}, x)["feature"]  # noqa: E731

    def of(pictures: np.ndarray, at_once: int = 0) -> Encode:
        images = jax.device_put(pictures)
        if at_once:  # so that what flows between layers stays in the caches
            parts = images.reshape(-1, at_once, *images.shape[1:])
            loop = lambda p, x: jax.lax.map(lambda part: encode(p, part), x)  # noqa: E731
            run = _compiled(loop, held, parts)
            return lambda: np.asarray(run(held, parts)).reshape(len(images), -1)
        whole = _compiled(encode, held, images)
        return lambda: np.asarray(whole(held, images))

    return of


def _compiled(function: Callable[..., Any], *given: Any) -> Any:
    import jax

    compiled = jax.jit(function).lower(*given).compile()
    memory.give_back()  # as training and prediction do, 70 MiB
    return compiled


def _theirs(name: str, weights: pathlib.Path) -> Callable[[np.ndarray], Encode]:
    import torch
    from safetensors import torch as st

    open_clip, towers = _open_clip()
    config = open_clip.get_model_config(f"ViT-{name.replace('/', '-')}")
    with torch.device("meta"):  # weights are taken as they are read: nothing is held twice
        visual = towers._build_vision_tower(config["embed_dim"], config["vision_cfg"])
    state = {k.removeprefix("visual."): v for k, v in st.load_file(weights).items()}
    visual.load_state_dict(state, assign=True)
    visual.eval()

    def of(pictures: np.ndarray) -> Encode:
        images = torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy())

        def run() -> np.ndarray:
            with torch.inference_mode():
                return visual(images).numpy()

        return run

    return of


def _open_clip() -> tuple[Any, Any]:
    """OpenCLIP and its module of towers, whose import asks torchvision for two operators.

    torchvision is here for its import alone, installed without its dependencies: where its build is
    not of this torch, its compiled operators do not load, and these two are declared instead.
    """
    import torch

    boxes = "Tensor dets, Tensor scores, float iou_threshold"
    try:
        import open_clip
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        _HELD.append(library)  # what is declared lives as long as this object
        for name in ("nms", "qnms"):
            library.define(f"{name}({boxes}) -> Tensor")
        for name in [m for m in sys.modules if m.split(".")[0] in ("torchvision", "open_clip")]:
            del sys.modules[name]  # half imported
        import open_clip
    from open_clip import model as towers

    return open_clip, towers


def _read(name: str, weights: pathlib.Path) -> Any:
    """Our parameters from a state dict's file, array by array: nothing is held twice."""
    import jax

    from affectjax.weights import clip as clip_names
    from affectjax.weights import files, names

    shapes = jax.eval_shape(tower(name).init, jax.random.key(0), pictures_of(1))["params"]
    read = names.to_params(
        files.OnDisk(weights), {"visual": shapes}, clip_names.OPENAI, place=jax.device_put
    )
    memory.give_back()
    return read["visual"]


def _drawn(x: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(x.size).standard_normal(x.shape, np.float32)
    return x + 0.02 * noise


def _same(name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    gap = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    if not gap < 1e-4:
        raise AssertionError(f"ViT-{name}: features differ by {gap:.1e} of the largest")
    print(f"{'':<28}features agree to {gap:.0e} of the largest", flush=True)


def _alone(who: str, name: str, batch: int, weights: str) -> dict[str, int]:
    """Highest resident set in MiB of reading the weights, and of encoding from then on."""
    path = pathlib.Path(weights)
    made = _ours(name, _read(name, path)) if who == "affectjax" else _theirs(name, path)
    gc.collect()
    told = {"reading": _peak()}
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak counts anew from here
    run = made(pictures_of(batch))
    for _ in range(3):
        run()
    return {**told, "encoding": _peak()}


def _peak() -> int:
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024


def _in_its_own_process(who: str, name: str, batch: int, weights: pathlib.Path) -> dict[str, int]:
    command = [sys.executable, "-m", "benchmarks.clip", f"--alone={who}", f"--sizes={name}"]
    command += [f"--batches={batch}", f"--weights={weights}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
