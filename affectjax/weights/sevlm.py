"""Names of SEVLM's parameters in the official state dicts, whose decoder has GPT-2's names."""

import dataclasses

from affectjax.weights.names import Table

_LEAVES = (r"/(kernel|scale)(#\d)?$", r"/weight\2")

# Linear layers of GPT-2's blocks lie (in, out) there, queries, keys and values side by side.
DECODER = Table(
    rules=(
        (r"^tokens$", "transformer/wte/weight"),
        (r"^positions$", "transformer/wpe/weight"),
        (r"^prefix_fc1/", "transformer/clip_project/model/0/"),
        (r"^prefix_fc2/", "transformer/clip_project/model/2/"),
        (r"^join/", "transformer/VAD_linear/"),
        (r"^head/", "lm_head/"),
        (r"^vad_head/", "VAD_head/"),
        *((f"^contrast_layers_{i}/", f"sim_mlp/pred/{2 * i}/") for i in range(5)),
        (r"^decoder/norm/", "transformer/ln_f/"),
        (r"^decoder/blocks_(\d+)/", r"transformer/h/\1/"),
        (r"/norm_cross/", "/ln_cross_attn/"),
        (r"/norm([12])/", r"/ln_\1/"),
        (r"/mlp/fc1/", "/mlp/c_fc/"),
        (r"/mlp/fc2/", "/mlp/c_proj/"),
        *((rf"/attn/{n}/(kernel|bias)$", rf"/attn/c_attn/\1#{i}") for i, n in enumerate("qkv")),
        (r"/cross/q/", "/crossattention/q_attn/"),
        (r"/cross/k/(kernel|bias)$", r"/crossattention/c_attn/\1#0"),
        (r"/cross/v/(kernel|bias)$", r"/crossattention/c_attn/\1#1"),
        (r"/attn/proj/", "/attn/c_proj/"),
        (r"/cross/proj/", "/crossattention/c_proj/"),
        _LEAVES,
    ),
    as_is=r"\.(c_attn|q_attn|c_proj|c_fc)\.weight$",
    columns=r"\.c_attn\.(weight|bias)$",
    ignored=r"attn(ention)?\.(bias|masked_bias)$",
)

# Saved with its readout, which is the embedding once more: for `SEVLM(tied=True)`.
TIED_DECODER = dataclasses.replace(DECODER, ignored=rf"{DECODER.ignored}|^lm_head\.weight$")

# The decoder of the encoder, three numbers to one, is in its files but nothing reads it.
VAD_ENCODER = Table(
    rules=(
        (r"^positions$", "pos_encoder/weight"),
        (r"^q_(\d+)/", r"encoder/layers/\1/self_attention/query/"),
        (r"^k_(\d+)/", r"encoder/layers/\1/self_attention/key/"),
        (r"^v_(\d+)/", r"encoder/layers/\1/self_attention/value/"),
        (r"^fc1_(\d+)/", r"encoder/layers/\1/fc/0/"),
        (r"^fc2_(\d+)/", r"encoder/layers/\1/fc/2/"),
        (r"^norm([12])_(\d+)/", r"encoder/layers/\2/norm\1/"),
        _LEAVES,
    ),
    ignored=r"^decoder\.(weight|bias)$",
)
