"""Names of Swin's parameters in Hugging Face's and in the authors' state dicts."""

from affectjax.weights.names import Table

HUGGING_FACE = Table(
    rules=(
        (r"^patch_embed/", "embeddings/patch_embeddings/projection/"),
        (r"^patch_norm/", "embeddings/norm/"),
        (r"^stage_(\d+)_blocks_(\d+)/", r"encoder/layers/\1/blocks/\2/"),
        (r"^stage_(\d+)_merge/", r"encoder/layers/\1/downsample/"),
        (r"^norm/", "layernorm/"),
        (r"/attn/relative_bias$", "/attention/self/relative_position_bias_table"),
        (r"/attn/self/q/", "/attention/self/query/"),
        (r"/attn/self/k/", "/attention/self/key/"),
        (r"/attn/self/v/", "/attention/self/value/"),
        (r"/attn/self/proj/", "/attention/output/dense/"),
        (r"/norm1/", "/layernorm_before/"),
        (r"/norm2/", "/layernorm_after/"),
        (r"/mlp/fc1/", "/intermediate/dense/"),
        (r"/mlp/fc2/", "/output/dense/"),
        (r"/(kernel|scale)$", "/weight"),
    ),
    ignored=r"\.relative_position_index$",
)

OFFICIAL = Table(
    rules=(
        (r"^patch_embed/", "patch_embed/proj/"),
        (r"^patch_norm/", "patch_embed/norm/"),
        (r"^stage_(\d+)_blocks_(\d+)/", r"layers/\1/blocks/\2/"),
        (r"^stage_(\d+)_merge/", r"layers/\1/downsample/"),
        (r"/attn/relative_bias$", "/attn/relative_position_bias_table"),
        (r"/attn/self/q/(kernel|bias)$", r"/attn/qkv/\1#0"),
        (r"/attn/self/k/(kernel|bias)$", r"/attn/qkv/\1#1"),
        (r"/attn/self/v/(kernel|bias)$", r"/attn/qkv/\1#2"),
        (r"/attn/self/proj/", "/attn/proj/"),
        (r"/kernel(#\d)?$", r"/weight\1"),
        (r"/scale$", "/weight"),
    ),
    ignored=r"\.(relative_position_index|attn_mask)$",
)
