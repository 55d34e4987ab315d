"""How the C library keeps memory. Knows no tensor and no model.

A step on a CPU frees and takes hundreds of blocks of many megabytes. glibc gives each back to the system at once, which
then has to clear and map the same pages again: a quarter of a training step (`benchmarks/allocator.py`).
"""

from __future__ import annotations

import ctypes

# Names and numbers of <malloc.h>.
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX, ARENA_MAX = -1, -2, -4, -8
KEEP, STEP = 2**31 - 1, 64 * 2**20  # bytes


def keep_freed_memory() -> bool:
    """Have this process keep what it frees, for itself; False where the C library is another one than glibc.

    Call it before the first large block is taken. The process then holds the most that it ever needed.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = {MMAP_MAX: 0, TRIM_THRESHOLD: KEEP, TOP_PAD: STEP, ARENA_MAX: 1}
    taken = [mallopt(name, value) == 1 for name, value in settings.items()]  # every one, whatever became of another
    return all(taken)
