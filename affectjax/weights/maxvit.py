"""Names of MaxViT's parameters in torchvision's (with CAGE's head) and in timm's state dicts."""

from dataclasses import replace

import numpy as np

from affectjax.weights.names import Layout, Table

_LEAVES = (
    (r"/kernel(#\d)?$", r"/weight\1"),
    (r"/scale$", "/weight"),
    (r"(norm\d?|conv_[ab]/1|stem/0/1)/mean$", r"\1/running_mean"),
    (r"(norm\d?|conv_[ab]/1|stem/0/1)/var$", r"\1/running_var"),
)

TORCHVISION = Table(
    rules=(
        (r"^stem_conv1/", "stem/0/0/"),
        (r"^stem_norm1/", "stem/0/1/"),
        (r"^stem_conv2/", "stem/1/0/"),
        (r"^norm/", "classifier/2/"),
        (r"^pre_logits/", "classifier/3/"),
        (r"^head/", "classifier/5/"),
        (r"^stage_(\d+)_blocks_(\d+)_conv/", r"blocks/\1/layers/\2/layers/MBconv/"),
        (
            r"^stage_(\d+)_blocks_(\d+)_(window|grid)/",
            r"blocks/\1/layers/\2/layers/\3_attention/",
        ),
        (r"/MBconv/shortcut/", "/MBconv/proj/1/"),
        (r"/MBconv/(conv|norm|pre_norm|se)", r"/MBconv/layers/\1"),
        (r"/conv1/", "/conv_a/0/"),
        (r"/layers/norm1/", "/layers/conv_a/1/"),
        (r"/conv2/", "/conv_b/0/"),
        (r"/layers/norm2/", "/layers/conv_b/1/"),
        (r"/conv3/", "/conv_c/"),
        (r"/se/", "/squeeze_excitation/"),
        (r"_attention/norm1/", "_attention/attn_layer/0/"),
        (r"/attn/relative_bias$", "/attn_layer/1/relative_position_bias_table"),
        (r"/attn/self/q/(kernel|bias)$", r"/attn_layer/1/to_qkv/\1#0"),
        (r"/attn/self/k/(kernel|bias)$", r"/attn_layer/1/to_qkv/\1#1"),
        (r"/attn/self/v/(kernel|bias)$", r"/attn_layer/1/to_qkv/\1#2"),
        (r"/attn/self/proj/", "/attn_layer/1/merge/"),
        (r"_attention/norm2/", "_attention/mlp_layer/0/"),
        (r"/mlp/fc1/", "/mlp_layer/1/"),
        (r"/mlp/fc2/", "/mlp_layer/3/"),
        *_LEAVES,
    ),
    ignored=r"(num_batches_tracked|relative_position_index)$",
)

# The official models of CAGE; that of valence and arousal alone has a dropout as its layer 5.
CAGE = replace(TORCHVISION, rules=((r"^maxvit/", ""), *TORCHVISION.rules))
CAGE_VA = replace(
    TORCHVISION,
    rules=((r"^maxvit/head/", "classifier/6/"), *CAGE.rules),
)


def _from_heads_first(table: np.ndarray) -> np.ndarray:
    """(heads, 2s - 1, 2s - 1) by key - query to our ((2s - 1)^2, heads) by query - key."""
    turned = table[:, ::-1, ::-1].reshape(table.shape[0], -1).T
    return np.ascontiguousarray(turned)


def _to_heads_first(table: np.ndarray) -> np.ndarray:
    side = round(table.shape[0] ** 0.5)
    return np.ascontiguousarray(table.T.reshape(-1, side, side)[:, ::-1, ::-1])


TIMM = Table(
    rules=(
        (r"^stem_", "stem/"),
        (r"^norm/", "head/norm/"),
        (r"^pre_logits/", "head/pre_logits/fc/"),
        (r"^head/(kernel|bias)$", r"head/fc/\1"),
        (r"^stage_(\d+)_blocks_(\d+)_conv/", r"stages/\1/blocks/\2/conv/"),
        (r"^stage_(\d+)_blocks_(\d+)_window/", r"stages/\1/blocks/\2/attn_block/"),
        (r"^stage_(\d+)_blocks_(\d+)_grid/", r"stages/\1/blocks/\2/attn_grid/"),
        (r"/conv/shortcut/", "/conv/shortcut/expand/"),
        (r"/conv/conv([13])/", r"/conv/conv\1_1x1/"),
        (r"/conv/conv2/", "/conv/conv2_kxk/"),
        (r"/attn/relative_bias$", "/attn/rel_pos/relative_position_bias_table"),
        (r"/attn/self/q/(kernel|bias)$", r"/attn/qkv/\1#0"),
        (r"/attn/self/k/(kernel|bias)$", r"/attn/qkv/\1#1"),
        (r"/attn/self/v/(kernel|bias)$", r"/attn/qkv/\1#2"),
        (r"/attn/self/proj/", "/attn/proj/"),
        *_LEAVES,
    ),
    layouts={r"relative_position_bias_table$": Layout(_from_heads_first, _to_heads_first)},
    ignored=r"(num_batches_tracked|height_lookup|width_lookup)$",
)
