"""What a training step of the image network costs with and without `rrg.allocator`, in seconds of processor time.

    python benchmarks/allocator.py

Processor time and page faults say the same on a busy machine as on an idle one. One thread, 24 films of 160 px, median of
five steps, each setting in a process of its own.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

STEPS, FILMS, SIZE = 5, 24, 160


def measure(keep: bool) -> None:
    from rrg.allocator import keep_freed_memory

    if keep:
        keep_freed_memory()
    import timm
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=10)
    network = network.to(memory_format=torch.channels_last)
    films = torch.rand(FILMS, 3, SIZE, SIZE).contiguous(memory_format=torch.channels_last)
    used = []
    for _ in range(STEPS + 1):
        before = resource.getrusage(resource.RUSAGE_SELF)
        network.zero_grad()
        network(films).square().mean().backward()
        after = resource.getrusage(resource.RUSAGE_SELF)
        used.append(
            (
                after.ru_utime - before.ru_utime,
                after.ru_stime - before.ru_stime,
                after.ru_minflt - before.ru_minflt,
            )
        )
    user, system, faults = (statistics.median(column) for column in zip(*used[1:], strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"| {'kept' if keep else 'as glibc does'} | {user:.2f} | {system:.2f} | {faults:,.0f} | {peak:,.0f} |"
    )


def main() -> None:
    if sys.argv[1:]:
        measure(sys.argv[1] == "keep")
        return
    print(
        "| freed memory | user s/step | system s/step | page faults/step | peak MB |\n|---|---|---|---|---|"
    )
    sys.stdout.flush()
    for way in ("default", "keep"):
        subprocess.run([sys.executable, __file__, way], check=True)


if __name__ == "__main__":
    main()
