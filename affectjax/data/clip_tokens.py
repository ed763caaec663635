"""Texts to the token ids of CLIP: cleaning as OpenAI's code, byte-pair encoding, one row a text."""

import functools
import html
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int32

CONTEXT = 77


def tokenize(
    texts: Sequence[str], context: int = CONTEXT, truncate: bool = False
) -> Int32[np.ndarray, "b n"]:
    """Ids between start and end of text, padded with zeros: of `models.clip.TextTower`.

    Texts are cleaned (mended Unicode, HTML entities, white space), in lower case. The vocabulary of
    49,408 is inside the package instant-clip-tokenizer.

    Raises:
      ValueError: a text of more than `context` tokens, unless `truncate` cuts it.

    >>> tokenize(["a photo of a happy face."])[0, :9].tolist()
    [49406, 320, 1125, 539, 320, 900, 1710, 269, 49407]
    """
    if isinstance(texts, str):
        raise ValueError(f"texts is one string, {texts!r}; give a list of them")
    cleaned = [clean(text) for text in texts]
    if not truncate:
        for text in cleaned:
            count = len(_tokenizer().encode(text)) + 2
            if count > context:
                raise ValueError(
                    f"{text[:60]!r} has {count} tokens, CLIP reads {context}: shorten it, or "
                    "truncate=True drops its end"
                )
    return _tokenizer().tokenize_batch(cleaned, context_length=context).astype(np.int32)


def clean(text: str) -> str:
    """Unicode mended by ftfy, HTML entities read (twice), white space single.

    >>> clean(" a &amp;amp;  b ")
    'a & b'
    """
    import ftfy

    return " ".join(html.unescape(html.unescape(ftfy.fix_text(text))).split())


@functools.cache
def _tokenizer() -> Any:
    import instant_clip_tokenizer

    return instant_clip_tokenizer.Tokenizer()
