"""`python -m tests.serving.same SERVED.jsonl OWN.jsonl [CURL.json]`: what was asked, three ways."""

import json
import pathlib
import sys

import numpy as np

EXACT = ("start", "file", "says")  # of films, of pictures, of pictures that are told in words


def main() -> None:
    """Records by the server, by the run itself, and curl's answer for the first of them."""
    served, own, *curl = (pathlib.Path(path).read_text() for path in sys.argv[1:])
    two = [[json.loads(line) for line in text.splitlines()] for text in (served, own)]
    exact = [[{k: r[k] for k in EXACT if k in r} for r in records] for records in two]
    assert exact[0] == exact[1], exact
    assert all(exact[0]), "a record does not say what it is of"
    shares = [[r["probabilities"] for r in records if "probabilities" in r] for records in two]
    first, second = (np.array([[*p.values()] for p in each]) for each in shares)
    assert len(first), "nothing was predicted"
    np.testing.assert_allclose(first, second, atol=2e-4)  # records hold four decimals
    if curl:
        _answer(json.loads(curl[0]), second)
    print(f"{len(first)} records: the server's are the run's own")


def _answer(told: dict, own: np.ndarray) -> None:
    named = next(o for o in told["outputs"] if o["name"] == "probabilities")
    rows = np.array(named["data"]).reshape(named["shape"])[: len(own)]
    np.testing.assert_allclose(rows, own[: len(rows)], atol=2e-4)


if __name__ == "__main__":
    main()
