"""What the C library does with freed memory, seen from outside: in a process of its own."""

import subprocess
import sys

import pytest

FAULTS = """
import ctypes, resource, sys
from rrg.allocator import keep_freed_memory
if not hasattr(ctypes.CDLL(None), "mallopt"):
    sys.exit(3)
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def take():
    block = ctypes.CDLL(None)
    block.malloc.restype, block.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    place = block.malloc(ctypes.c_size_t(64 * 2**20))
    ctypes.memset(place, 1, 64 * 2**20)
    block.free(place)
take()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
take()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(way: str) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS, way], capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip("the C library here is not glibc")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_a_block_that_was_freed_is_not_asked_of_the_system_again():
    assert faults("keep") < 100 < faults("default")


def test_another_c_library_is_left_alone(monkeypatch):
    from rrg import allocator

    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda name: object())
    assert not allocator.keep_freed_memory()
