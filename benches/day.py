"""Makes a recording of a day from the 48 records of MIT-BIH, end to end, to measure `heart-darts predict` with.

    python3 benches/day.py ../shared/data/mitdb DIR
    heart-darts predict derived-models/mitdb-small DIR/day --out DIR

All are format 212, two signals, 360 Hz, 650000 samples, so that their bytes follow one another. The leads are called MLII and V1 whatever
they are: the time is meant, not the classes.
"""

import struct
import sys
from pathlib import Path

source, target = Path(sys.argv[1]), Path(sys.argv[2])
target.mkdir(parents=True, exist_ok=True)
sums, first, frames = [0, 0], None, 0
with open(target / "day.dat", "wb") as day:
    for path in sorted(source.glob("*.dat")):
        samples = path.read_bytes()
        day.write(samples)
        for low, middle, high in struct.iter_unpack("BBB", samples):
            pair = (low | (middle & 0x0F) << 8, high | (middle & 0xF0) << 4)
            pair = [value - 4096 if value > 2047 else value for value in pair]
            first = first or pair
            sums = [total + value for total, value in zip(sums, pair)]
        frames += len(samples) // 3
checksums = [(total + 32768) % 65536 - 32768 for total in sums]
lines = [f"day 2 360 {frames}"]
for name, value, checksum in zip(("MLII", "V1"), first, checksums):
    lines.append(f"day.dat 212 200(1024)/mV 11 1024 {value} {checksum} 0 {name}")
(target / "day.hea").write_text("\n".join(lines) + "\n")
