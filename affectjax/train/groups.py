"""Layer-wise decay of the learning rate as rules on parameter paths."""


def hicmae(depth: int, fusion_depth: int, decay: float = 0.75) -> list[list[str | float]]:
    """Ordered [pattern, scale] of HiCMAE's fine-tuning: scale decay^(last - id).

    Ids: patch embeddings 0, encoder block i -> i + 1 in both modalities, fusion block i ->
    depth + i + 1 with the larger depth, everything else (norms, layer weights, heads) last =
    depth + fusion_depth + 1. For `config.optimizer.lr_scale`.

    >>> hicmae(1, 1, 0.5)[0], hicmae(1, 1, 0.5)[-1]
    (['patch_embed', 0.125], ['encoder_fusion/blocks(_audio)?_0/', 0.5])
    """
    last = depth + fusion_depth + 1
    rules: list[list[str | float]] = [["patch_embed", decay**last]]
    for i in range(depth):
        rules.append([f"^encoder(_audio)?/blocks_{i}/", decay ** (last - i - 1)])
    for i in range(fusion_depth):
        pattern = f"encoder_fusion/blocks(_audio)?_{i}/"
        rules.append([pattern, decay ** (last - depth - i - 1)])
    return rules


def vit(depth: int, decay: float, prefix: str = "") -> list[list[str | float]]:
    """Rules for a ViT below `prefix`: decay^(depth + 1) for the embedding, by block up to decay.

    As MAE's fine-tuning (He et al. 2022): the last norm and what is outside the ViT have 1. For
    `config.optimizer.lr_scale`.

    >>> vit(2, 0.5, "trunk/")[1:3]
    [['^trunk/blocks_0/', 0.25], ['^trunk/blocks_1/', 0.5]]
    """
    embedding = f"^{prefix}(patch_embed|class_token|positions)"
    rules: list[list[str | float]] = [[embedding, decay ** (depth + 1)]]
    for i in range(depth):
        rules.append([f"^{prefix}blocks_{i}/", decay ** (depth - i)])
    return rules
