"""The second start with wishes for malloc, and what is given back."""

import os
import subprocess
import sys

from affectjax import memory
from tests.conftest import REPO

PROGRAM = """
import os, sys
from affectjax import memory
memory.tune_malloc()
print(sys.argv[1:], os.environ["GLIBC_TUNABLES"])
"""


def _run(given):
    env = {k: v for k, v in os.environ.items() if k != "GLIBC_TUNABLES"} | given
    command = [sys.executable, "-c", PROGRAM, "--a=b c"]
    result = subprocess.run(command, env=env, capture_output=True, text=True, check=True, cwd=REPO)
    return result.stdout


KEPT = "glibc.malloc.mmap_threshold=67108864:glibc.malloc.trim_threshold=268435456"


def test_a_program_starts_again_with_its_arguments_and_the_wishes():
    assert _run({}) == f"['--a=b c'] glibc.malloc.hugetlb=1:{KEPT}\n"


def test_other_tunables_stay_and_a_wish_already_there_is_kept():
    other = _run({"GLIBC_TUNABLES": "glibc.malloc.check=0"}).split()[-1]
    assert other == f"glibc.malloc.check=0:glibc.malloc.hugetlb=1:{KEPT}"
    small = _run({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}).split()[-1]
    assert small == f"glibc.malloc.hugetlb=0:{KEPT}"


def test_each_c_library_is_asked_for_what_it_takes(monkeypatch):
    told = {"glibc 2.34": 0, "glibc 2.35": 1, "glibc 2.36": 3, "glibc 2.41": 3, None: 0}
    for version, wishes in told.items():
        monkeypatch.setattr(os, "confstr", lambda _, v=version: v)
        assert len(memory._wishes()) == wishes, version
        assert ("glibc.malloc.hugetlb" in memory._wishes()) == (wishes > 0)


def test_freed_memory_is_given_back_and_what_is_held_stays():
    held = bytearray(b"x" * 5000)
    memory.give_back()
    assert held == b"x" * 5000
