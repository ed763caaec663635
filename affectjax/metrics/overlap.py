"""How far generated texts are made of the words of reference texts: BLEU and ROUGE-L."""

import collections
from collections.abc import Sequence

import numpy as np

Words = Sequence[str]
_RECALL = 1.2  # weight of recall in ROUGE-L, as in the captioning code of COCO


def bleu(said: Sequence[Words], references: Sequence[Sequence[Words]], longest: int = 4) -> list:
    """BLEU-1 to BLEU-`longest` of all texts together (Papineni et al. 2002), not smoothed.

    BLEU-n = exp(min(0, 1 - r / c)) (p_1 ... p_n)^(1/n): p_i the share of runs of i words that occur
    in a reference (no more often than in the one that has most), c the words said, r those of the
    references nearest in length (of two as near, the shorter).

    Raises:
      ValueError: no text, or one without a reference.

    >>> refs = ["the cat is on the mat".split(), "there is a cat on the mat".split()]
    >>> round(bleu([["the"] * 7], [refs])[0], 4)  # two of seven
    0.2857
    """
    if not said or not all(references) or len(said) != len(references):
        raise ValueError(f"{len(said)} texts and {len(references)} sets of references, none empty")
    length = sum(map(len, said))
    nearest = sum(
        min((abs(len(r) - len(s)), len(r)) for r in some)[1]
        for s, some in zip(said, references, strict=True)
    )
    short = min(0.0, 1 - nearest / length) if length else -np.inf
    logs: list[float] = []
    for n in range(1, longest + 1):
        pairs = [_clipped(s, some, n) for s, some in zip(said, references, strict=True)]
        right, total = np.sum(pairs, axis=0)
        logs.append(float(np.log(right / total)) if right else -np.inf)
    return [float(np.exp(short + np.mean(logs[: n + 1]))) for n in range(longest)]


def rouge_l(said: Words, references: Sequence[Words]) -> float:
    """F of the longest common subsequence (Lin 2004): best recall and precision over references.

    F = (1 + b^2) P R / (R + b^2 P) with b = 1.2.

    >>> round(rouge_l("police kill the gunman".split(), ["police killed the gunman".split()]), 4)
    0.75
    """
    common = [(_common(said, reference), len(reference)) for reference in references]
    precision = max((c / len(said) for c, _ in common if said), default=0.0)
    recall = max((c / n for c, n in common if n), default=0.0)
    if not precision or not recall:
        return 0.0
    return (1 + _RECALL**2) * precision * recall / (recall + _RECALL**2 * precision)


def _runs(words: Words, n: int) -> collections.Counter:
    return collections.Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def _clipped(said: Words, references: Sequence[Words], n: int) -> tuple[int, int]:
    """Runs of n words that are in a reference, and runs that are said."""
    most: collections.Counter = collections.Counter()
    for reference in references:
        most |= _runs(reference, n)
    own = _runs(said, n)
    return (own & most).total(), own.total()


def _common(a: Words, b: Words) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for word in a:
        above = row
        row = [0]
        for j, other in enumerate(b):
            row.append(above[j] + 1 if word == other else max(row[-1], above[j + 1]))
    return row[-1]
