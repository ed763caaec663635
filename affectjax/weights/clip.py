"""Names of CLIP's parameters in OpenAI's and OpenCLIP's, and in Hugging Face's state dicts."""

from affectjax.weights.names import Table

# Within a block of OpenAI's towers, also inside other models.
IN_BLOCKS = (
    (r"/attn/q/kernel$", "/attn/in_proj_weight#0"),
    (r"/attn/k/kernel$", "/attn/in_proj_weight#1"),
    (r"/attn/v/kernel$", "/attn/in_proj_weight#2"),
    (r"/attn/q/bias$", "/attn/in_proj_bias#0"),
    (r"/attn/k/bias$", "/attn/in_proj_bias#1"),
    (r"/attn/v/bias$", "/attn/in_proj_bias#2"),
    (r"/attn/proj/", "/attn/out_proj/"),
    (r"/norm([12])/", r"/ln_\1/"),
    (r"/mlp/fc1/", "/mlp/c_fc/"),
    (r"/mlp/fc2/", "/mlp/c_proj/"),
    (r"/(kernel|scale)$", "/weight"),
)

# OpenAI's `model.state_dict()`, which OpenCLIP kept; text tower at the root.
OPENAI = Table(
    rules=(
        (r"^text/(blocks_)", r"transformer/\1"),
        (r"^visual/blocks_", "visual/transformer/blocks_"),
        (r"^text/token_embedding$", "token_embedding/weight"),
        (r"^text/positions$", "positional_embedding"),
        (r"^visual/positions$", "visual/positional_embedding"),
        (r"^text/proj/kernel$", "text_projection"),
        (r"^visual/proj/kernel$", "visual/proj"),
        (r"^text/", ""),
        (r"^visual/class_token$", "visual/class_embedding"),
        (r"^visual/patch_embed/", "visual/conv1/"),
        (r"blocks_(\d+)/", r"resblocks/\1/"),
        *IN_BLOCKS,
    ),
    as_is=r"^(visual\.proj|text_projection)$",
    ignored=r"^(input_resolution|context_length|vocab_size|attn_mask)$",
)

HUGGING_FACE = Table(
    rules=(
        (r"^(visual|text)/proj/kernel$", r"\1_projection/weight"),
        (r"^text/", "text_model/"),
        (r"^visual/", "vision_model/"),
        (r"^(\w+_model)/blocks_(\d+)/", r"\1/encoder/layers/\2/"),
        (r"^(\w+_model)/positions$", r"\1/embeddings/position_embedding/weight"),
        (r"^(\w+_model)/token_embedding$", r"\1/embeddings/token_embedding/weight"),
        (r"^(\w+_model)/class_token$", r"\1/embeddings/class_embedding"),
        (r"^(\w+_model)/patch_embed/", r"\1/embeddings/patch_embedding/"),
        (r"/ln_pre/", "/pre_layrnorm/"),  # spelt so
        (r"/ln_post/", "/post_layernorm/"),
        (r"/ln_final/", "/final_layer_norm/"),
        (r"/attn/([qkv])/", r"/self_attn/\1_proj/"),
        (r"/attn/proj/", "/self_attn/out_proj/"),
        (r"/norm([12])/", r"/layer_norm\1/"),
        (r"/(kernel|scale)$", "/weight"),
    ),
    ignored=r"\.position_ids$",
)
