"""Names of ResNet's parameters in torchvision's state dicts, which are timm's, too."""

from affectjax.weights.names import Table

TORCHVISION = Table(
    rules=(
        (r"^head/", "fc/"),
        *((rf"^stage_{i}_blocks_(\d+)/", rf"layer{i + 1}/\1/") for i in range(4)),
        (r"(^|/)norm(\d)/", r"\1bn\2/"),
        (r"/shortcut_conv/", "/downsample/0/"),
        (r"/shortcut_norm/", "/downsample/1/"),
        (r"/(kernel|scale)$", "/weight"),
        (r"/mean$", "/running_mean"),
        (r"/var$", "/running_var"),
    ),
    ignored=r"num_batches_tracked$",
)
