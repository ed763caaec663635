"""Large pages for large arrays: XLA's CPU step asks for its scratch memory anew every time.

HiCMAE-S on a batch of 4 takes 1 GB and gives it back each step: in pages of 4 KB that is 263,000
faults, a fifth of the step's processor time. glibc can ask the kernel for pages of 2 MB instead,
but reads that wish only when a process starts.
"""

import ctypes
import os
import sys

TUNABLES = "GLIBC_TUNABLES"
_WISH = "glibc.malloc.hugetlb"


def huge_pages() -> None:
    """Start this program again with the wish in its environment, where it is not there yet.

    Nothing happens off Linux, or where GLIBC_TUNABLES already says anything of it ("...hugetlb=0"
    keeps small pages). Call it before anything is imported that takes time.
    """
    given = os.environ.get(TUNABLES, "")
    if sys.platform != "linux" or _WISH in given:
        return
    os.environ[TUNABLES] = ":".join(filter(None, (given, f"{_WISH}=1")))
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, sys.orig_argv)


def give_back() -> None:
    """Return freed memory to the operating system, after something large was read and let go.

    glibc keeps it: after CLIP ViT-L/14 is read, 340 MiB. Nothing happens where there is no glibc.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
