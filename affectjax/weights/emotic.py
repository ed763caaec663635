"""Names of EMOTIC's fusion head in the state dicts of the PyTorch port (Tandon-A/emotic).

Its two branches are ResNets without their last layer: `weights.resnet`.
"""

from affectjax.weights.names import Table

TANDON = Table(
    rules=(
        (r"^hidden/", "fc1/"),
        (r"^norm/", "bn1/"),
        (r"^categories/", "fc_cat/"),
        (r"^vad/", "fc_cont/"),
        (r"/(kernel|scale)$", "/weight"),
        (r"/mean$", "/running_mean"),
        (r"/var$", "/running_var"),
    ),
    ignored=r"num_batches_tracked$",
)
