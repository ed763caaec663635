"""Names of ViT's parameters in timm's and Hugging Face's state dicts, and of VideoMAE's."""

from affectjax.weights.names import Table

_LEAVES = (r"/(kernel|scale)$", "/weight")

TIMM_VIT = Table(
    rules=(
        (r"^class_token$", "cls_token"),
        (r"^positions$", "pos_embed"),
        (r"^patch_embed/", "patch_embed/proj/"),
        (r"^blocks_(\d+)/", r"blocks/\1/"),
        (r"/attn/q/(kernel|bias)$", r"/attn/qkv/\1#0"),
        (r"/attn/k/(kernel|bias)$", r"/attn/qkv/\1#1"),
        (r"/attn/v/(kernel|bias)$", r"/attn/qkv/\1#2"),
        (r"/kernel(#\d)?$", r"/weight\1"),
        _LEAVES,
    ),
    leading={r"^cls_token$": 2, r"^pos_embed$": 1},
)

_BLOCK = (
    (r"/attn/q/", "/attention/attention/query/"),
    (r"/attn/k/", "/attention/attention/key/"),
    (r"/attn/v/", "/attention/attention/value/"),
    (r"/attn/proj/", "/attention/output/dense/"),
    (r"/norm1/", "/layernorm_before/"),
    (r"/norm2/", "/layernorm_after/"),
    (r"/mlp/fc1/", "/intermediate/dense/"),
    (r"/mlp/fc2/", "/output/dense/"),
)

HUGGING_FACE_VIT = Table(
    rules=(
        (r"^class_token$", "embeddings/cls_token"),
        (r"^positions$", "embeddings/position_embeddings"),
        (r"^patch_embed/", "embeddings/patch_embeddings/projection/"),
        (r"^blocks_(\d+)/", r"encoder/layer/\1/"),
        (r"^norm/", "layernorm/"),
        (r"^pooler/", "pooler/dense/"),
        *_BLOCK,
        _LEAVES,
    ),
    leading={"cls_token$": 2, "position_embeddings$": 1},
)

HUGGING_FACE_VIDEOMAE = Table(
    rules=(
        (r"^encoder/patch_embed/", "videomae/embeddings/patch_embeddings/projection/"),
        (r"^encoder/blocks_(\d+)/", r"videomae/encoder/layer/\1/"),
        (r"^encoder/norm/", "videomae/layernorm/"),
        (r"^decoder/blocks_(\d+)/", r"decoder/decoder_layers/\1/"),
        (r"/attn/([qv])/bias$", r"/attention/attention/\1_bias"),
        *_BLOCK,
        _LEAVES,
    ),
    leading={"mask_token$": 2},
)
