"""Names of CLIP-CAER's parameters in the official state dict.

It holds CLIP's arrays twice; the vocabulary, which the model itself keeps only as the embedded
prompts of its classes, is read from the second copy.
"""

from affectjax.weights import clip
from affectjax.weights.names import Table

OFFICIAL = Table(
    rules=(
        (r"^prompts/context$", "prompt_learner/ctx"),
        (r"^project/", "project_fc/"),
        (r"^temporal_face/", "temporal_net/"),
        (r"^temporal_context/", "temporal_net_body/"),
        (r"^(temporal_net\w*)/class_token$", r"\1/cls_token"),
        (r"^(temporal_net\w*)/positions$", r"\1/pos_embedding"),
        (r"^(temporal_net\w*)/blocks_(\d+)/", r"\1/temporal_transformer/layers/\2/"),
        (r"/layers/(\d+)/norm1/", r"/layers/\1/0/fn/norm/"),
        (r"/layers/(\d+)/norm2/", r"/layers/\1/1/fn/norm/"),
        (r"/layers/(\d+)/q/kernel$", r"/layers/\1/0/fn/fn/to_qkv/weight#0"),
        (r"/layers/(\d+)/k/kernel$", r"/layers/\1/0/fn/fn/to_qkv/weight#1"),
        (r"/layers/(\d+)/v/kernel$", r"/layers/\1/0/fn/fn/to_qkv/weight#2"),
        (r"/layers/(\d+)/proj/", r"/layers/\1/0/fn/fn/to_out/0/"),
        (r"/layers/(\d+)/fc1/", r"/layers/\1/1/fn/fn/net/0/"),
        (r"/layers/(\d+)/fc2/", r"/layers/\1/1/fn/fn/net/3/"),
        (r"^text/token_embedding$", "clip_model_/token_embedding/weight"),
        (r"^text/proj/kernel$", "text_encoder/text_projection"),
        (r"^visual/proj/kernel$", "image_encoder/proj"),
        (r"^visual/class_token$", "image_encoder/class_embedding"),
        (r"^visual/patch_embed/", "image_encoder/conv1/"),
        (r"^visual/", "image_encoder/"),
        (r"^text/", "text_encoder/"),
        (r"^(image_encoder|text_encoder)/positions$", r"\1/positional_embedding"),
        (r"^(\w+)/blocks_(\d+)/", r"\1/transformer/resblocks/\2/"),
        *clip.IN_BLOCKS,
    ),
    as_is=r"^(image_encoder\.proj|text_encoder\.text_projection)$",
    leading={r"\.cls_token$": 2, r"\.pos_embedding$": 1},
    ignored=r"^(prompt_learner\.token_(prefix|suffix)|clip_model_\.(?!token_embedding))",
)
