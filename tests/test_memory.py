"""The second start that asks for large pages, and what is given back."""

import os
import subprocess
import sys

from affectjax import memory
from tests.conftest import REPO

PROGRAM = """
import os, sys
from affectjax import memory
memory.huge_pages()
print(sys.argv[1:], os.environ["GLIBC_TUNABLES"])
"""


def _run(given):
    env = {k: v for k, v in os.environ.items() if k != "GLIBC_TUNABLES"} | given
    command = [sys.executable, "-c", PROGRAM, "--a=b c"]
    result = subprocess.run(command, env=env, capture_output=True, text=True, check=True, cwd=REPO)
    return result.stdout


def test_a_program_starts_again_with_its_arguments_and_the_wish():
    assert _run({}) == "['--a=b c'] glibc.malloc.hugetlb=1\n"


def test_other_tunables_stay_and_a_wish_already_there_is_kept():
    other = _run({"GLIBC_TUNABLES": "glibc.malloc.check=0"})
    assert other.split()[-1] == "glibc.malloc.check=0:glibc.malloc.hugetlb=1"
    assert _run({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}).split()[-1].endswith("=0")


def test_freed_memory_is_given_back_and_what_is_held_stays():
    held = bytearray(b"x" * 5000)
    memory.give_back()
    assert held == b"x" * 5000
