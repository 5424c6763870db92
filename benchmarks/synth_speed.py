"""How many images a second `edgeseg data synth` makes on one core, without writing them.

    python benchmarks/synth_speed.py [COUNT]

Of five repetitions the fastest counts: the others were disturbed. Besides the clock on the wall it
shows processor time, which other programs on the machine disturb less.
"""

from __future__ import annotations

import sys
import time

import cv2

from edgeseg.data.synthetic.synth import synthesize


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    cv2.setNumThreads(1)
    synthesize(0)
    wall, processor = [], []
    for _ in range(5):
        start, used = time.perf_counter(), time.process_time()
        for index in range(count):
            synthesize(index)
        wall.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    for name, seconds in (("wall clock", wall), ("processor time", processor)):
        rates = ", ".join(f"{count / each:.0f}" for each in seconds)
        print(f"{name}: {count / min(seconds):.0f} images/s of 256x256 on one thread ({rates})")


if __name__ == "__main__":
    main()
