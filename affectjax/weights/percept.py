"""Names of PerceptCLIP's parameters in the released models: Hugging Face's CLIP inside peft's LoRA.

The layout is that of peft 0.14 around `CLIPVisionModel`, and of the released model class as public
code uses it; no released file was at hand to check it against.
"""

import numpy as np

from affectjax.weights.names import Layout, Table

_TURN = Layout(lambda x: np.ascontiguousarray(x.T), lambda x: np.ascontiguousarray(x.T))
_INSIDE = "model/base_model/model/vision_model"

RELEASED = Table(
    rules=(
        (r"^mlp_fc(\d+)/", r"mlp/fc\1/"),
        (r"^tower/model/proj/kernel$", "proj/weight"),
        (r"^tower/(model|lora)/", rf"{_INSIDE}/"),
        (r"vision_model/blocks_(\d+)/", r"vision_model/encoder/layers/\1/"),
        (r"vision_model/positions$", "vision_model/embeddings/position_embedding/weight"),
        (r"vision_model/class_token$", "vision_model/embeddings/class_embedding"),
        (r"vision_model/patch_embed/", "vision_model/embeddings/patch_embedding/"),
        (r"/ln_pre/", "/pre_layrnorm/"),  # spelt so
        (r"/ln_post/", "/post_layernorm/"),
        (r"/attn/([qkv])/a$", r"/self_attn/\1_proj/lora_A/default/weight"),
        (r"/attn/([qkv])/b$", r"/self_attn/\1_proj/lora_B/default/weight"),
        (r"/attn/([qkv])/", r"/self_attn/\1_proj/base_layer/"),
        (r"/attn/proj/", "/self_attn/out_proj/"),
        (r"/norm([12])/", r"/layer_norm\1/"),
        (r"/(kernel|scale)$", "/weight"),
    ),
    layouts={r"\.lora_[AB]\.default\.weight$": _TURN},
    ignored=r"\.position_ids$",
)
