"""What glibc's malloc is asked for: XLA's CPU programs take large arrays and let go of them anew.

HiCMAE-S on a batch of 4 takes 1 GB and gives it back each step: in pages of 4 KB that is 263,000
faults, a fifth of the step's processor time. glibc can ask the kernel for pages of 2 MB instead.
And by default it returns arrays of more than 32 MB at once, which the next layer then takes from
the kernel again: CLIP L/14 on four pictures was 12% slower for it. glibc reads such wishes only
when a process starts.
"""

import ctypes
import os
import sys

TUNABLES = "GLIBC_TUNABLES"
_PAGES = {"glibc.malloc.hugetlb": 1}  # large ones
_KEPT = {
    "glibc.malloc.mmap_threshold": 64 * 2**20,  # bytes: what is smaller is kept for the next
    "glibc.malloc.trim_threshold": 256 * 2**20,  # bytes: more than that is given back
}


def tune_malloc() -> None:
    """Start this program again with the wishes in its environment that are not there yet.

    Nothing happens without a glibc that takes them, or where GLIBC_TUNABLES already says something
    of each ("glibc.malloc.hugetlb=0" keeps small pages). Call it before anything is imported that
    takes time.
    """
    given = os.environ.get(TUNABLES, "")
    said = {wish.partition("=")[0] for wish in given.split(":")}
    added = [f"{name}={value}" for name, value in _wishes().items() if name not in said]
    if not added:
        return
    os.environ[TUNABLES] = ":".join(filter(None, (given, *added)))
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, sys.orig_argv)


def _wishes() -> dict[str, int]:
    """What this C library takes: large pages since glibc 2.35, the bounds since 2.36.

    The largest mmap_threshold of older ones is 32 MiB (2.34's do_set_mmap_threshold); they leave
    out what is above, but take trim_threshold, and then map every array from 128 KiB on anew. 2.35
    was not at hand.
    """
    if sys.platform != "linux" or "CS_GNU_LIBC_VERSION" not in os.confstr_names:
        return {}
    name, _, told = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    version = tuple(int(n) for n in told.split(".")[:2]) if name == "glibc" else (0,)
    return (_PAGES if version >= (2, 35) else {}) | (_KEPT if version >= (2, 36) else {})


def give_back() -> None:
    """Return freed memory to the operating system, after something large was read and let go.

    glibc keeps it: after CLIP ViT-L/14 is read, 340 MiB. Nothing happens where there is no glibc.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
