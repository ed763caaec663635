"""Names of BERT's parameters in Hugging Face's state dicts of `BertModel`."""

from affectjax.weights.names import Table

HUGGING_FACE = Table(
    rules=(
        (r"^words$", "embeddings/word_embeddings/weight"),
        (r"^positions$", "embeddings/position_embeddings/weight"),
        (r"^segments$", "embeddings/token_type_embeddings/weight"),
        (r"^norm/", "embeddings/LayerNorm/"),
        (r"^pooler/", "pooler/dense/"),
        (r"^blocks_(\d+)/", r"encoder/layer/\1/"),
        (r"/attn/q/", "/attention/self/query/"),
        (r"/attn/k/", "/attention/self/key/"),
        (r"/attn/v/", "/attention/self/value/"),
        (r"/attn/proj/", "/attention/output/dense/"),
        (r"/norm1/", "/attention/output/LayerNorm/"),
        (r"/norm2/", "/output/LayerNorm/"),
        (r"/mlp/fc1/", "/intermediate/dense/"),
        (r"/mlp/fc2/", "/output/dense/"),
        (r"/(kernel|scale)$", "/weight"),
    ),
    # Published encoders hold the pooler that sentence-transformers' mean does not read.
    ignored=r"(position_ids|^pooler\.dense\.(weight|bias))$",
)
