"""The audio front end: waveforms to log-mel by ours, torchaudio and kaldi-native-fbank."""

import importlib.util
import sys
import types
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from affectjax.data.ops import audio

# kaldi-native-fbank refuses the 128 bins that HiCMAE uses: one of them is empty.
BATCH, SAMPLES, MELS = 32, 40_960, 80

Run = Callable[[], Any]


def ours_and_peers() -> dict[str, Run]:
    """Each computes 80 log-mel bins of 32 waveforms of 2.56 s; all are checked to agree."""
    import kaldi_native_fbank as knf
    import torch

    rng = np.random.default_rng(0)
    waves = (0.1 * rng.standard_normal((BATCH, SAMPLES))).astype(np.float32)
    ours = jax.jit(lambda x: audio.fbank(x, num_mels=MELS))
    given, tensors = jnp.asarray(waves), torch.from_numpy(waves)
    kaldi = _torchaudio_kaldi()

    def torchaudio() -> Any:
        settings = {"num_mel_bins": MELS, "window_type": "hanning", "use_energy": False}
        rows = [kaldi.fbank(w[None], htk_compat=True, dither=0.0, **settings) for w in tensors]
        return torch.stack(rows)

    options = knf.FbankOptions()
    options.frame_opts.dither, options.frame_opts.window_type = 0.0, "hanning"
    options.mel_opts.num_bins = MELS

    def native() -> Any:
        return np.stack([_native(knf, options, w) for w in waves])

    runs = {
        "affectjax": lambda: jax.block_until_ready(ours(given)),
        "torchaudio": torchaudio,
        "kaldi-native-fbank": native,
    }
    for name in ("torchaudio", "kaldi-native-fbank"):
        np.testing.assert_allclose(runs[name](), runs["affectjax"](), atol=0.02, err_msg=name)
    return runs


def _native(knf: Any, options: Any, wave: np.ndarray) -> np.ndarray:
    bank = knf.OnlineFbank(options)
    bank.accept_waveform(audio.RATE, wave)
    bank.input_finished()
    return np.stack([bank.get_frame(i) for i in range(bank.num_frames_ready)])


def _torchaudio_kaldi() -> Any:
    """torchaudio.compliance.kaldi without torchaudio: its wheels load CUDA's libraries at import.

    The features are plain torch; the package's name is asked for by the cepstra only.
    """
    found = importlib.util.find_spec("torchaudio")
    if found is None or not found.submodule_search_locations:
        raise ImportError("the benchmark needs torchaudio; `make bench` installs it")
    path = f"{found.submodule_search_locations[0]}/compliance/kaldi.py"
    spec = importlib.util.spec_from_file_location("torchaudio_kaldi", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not there")
    module = importlib.util.module_from_spec(spec)
    empty = types.ModuleType("torchaudio")
    sys.modules["torchaudio"] = empty
    spec.loader.exec_module(module)
    del sys.modules["torchaudio"]
    return module
