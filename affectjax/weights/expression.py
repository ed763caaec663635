"""Names of two small expression networks: face-api.js's, and fer's mini-XCEPTION (Keras)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from affectjax.weights import names
from affectjax.weights.names import Layout, Table

_SWAP = Layout(lambda x: np.swapaxes(x, 2, 3), lambda x: np.swapaxes(x, 2, 3))

FACE_API = Table(
    rules=(
        (r"^dense(\d)_conv(\d)/", r"dense\1/conv\2/"),
        (r"/depthwise/kernel$", "/depthwise_filter"),
        (r"/pointwise/kernel$", "/pointwise_filter"),
        (r"/pointwise/bias$", "/bias"),
        (r"^fc/kernel$", "fc/weights"),
        (r"/kernel$", "/filters"),
    ),
    as_is="",
    layouts={r"depthwise_filter$": _SWAP},
)

_PARTS = (("scale", 0), ("bias", 1), ("mean", 2), ("var", 3))  # of Keras's batch norm, in its order
MINI_XCEPTION = Table(
    rules=(
        *(
            rule
            for i in range(4)
            for rule in (
                (rf"^blocks_{i}/sep1/", f"separable_conv2d_{2 * i + 1}/"),
                (rf"^blocks_{i}/sep2/", f"separable_conv2d_{2 * i + 2}/"),
                (rf"^blocks_{i}/norm1/", f"batch_normalization_{3 * i + 4}/"),
                (rf"^blocks_{i}/norm2/", f"batch_normalization_{3 * i + 5}/"),
                (rf"^blocks_{i}/norm_shortcut/", f"batch_normalization_{3 * i + 3}/"),
                (rf"^blocks_{i}/shortcut/", f"conv2d_{i + 3}/"),
            )
        ),
        (r"^conv(\d)/", r"conv2d_\1/"),
        (r"^norm(\d)/", r"batch_normalization_\1/"),
        (r"^classifier/", "conv2d_7/"),
        *((rf"^(batch_normalization_\d+)/{part}$", rf"\1/{i}") for part, i in _PARTS),
        (r"/depthwise/kernel$", "/0"),
        (r"/pointwise/kernel$", "/1"),
        (r"/kernel$", "/0"),
        (r"/bias$", "/1"),
    ),
    as_is="",
    layouts={r"separable_conv2d_\d\.0$": _SWAP},
)


def to_params(
    arrays: Mapping[str, np.ndarray], params: Any, table: Table, order: Sequence[int]
) -> Any:
    """Parameters shaped like `params` from arrays named with "/", categories put in order.

    `order` are their numbers of our categories. The last layer is that named fc or classifier.

    Raises:
      ValueError: as `names.to_params`.
    """
    new = names.to_params({k.replace("/", "."): v for k, v in arrays.items()}, params, table)
    last = next(k for k in ("fc", "classifier") if k in new)
    return {**new, last: {k: x[..., list(order)] for k, x in new[last].items()}}
