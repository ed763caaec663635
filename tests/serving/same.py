"""`python -m tests.serving.same SERVED.jsonl OWN.jsonl CURL.json`: one film, three ways."""

import json
import pathlib
import sys

import numpy as np


def main() -> None:
    """Timelines by the server, by the run itself, and curl's answer for the first windows."""
    served, own, curl = (pathlib.Path(path).read_text() for path in sys.argv[1:])
    two = [[json.loads(line) for line in text.splitlines()] for text in (served, own)]
    assert [r["start"] for r in two[0]] == [r["start"] for r in two[1]]
    shares = [[r["probabilities"] for r in records if "probabilities" in r] for records in two]
    first, second = (np.array([[*p.values()] for p in each]) for each in shares)
    assert len(first), "no window was predicted"
    np.testing.assert_allclose(first, second, atol=2e-4)  # records hold four decimals
    told = next(o for o in json.loads(curl)["outputs"] if o["name"] == "probabilities")
    rows = np.array(told["data"]).reshape(told["shape"])[: len(second)]
    np.testing.assert_allclose(rows, second[: len(rows)], atol=2e-4)
    print(f"{len(first)} windows: the server's timeline and curl's answer are the run's own")


if __name__ == "__main__":
    main()
