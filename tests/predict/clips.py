"""What a phone does to a film's file."""

import pathlib

TURNED, MIRRORED = (0, 1, -1, 0), (-1, 0, 0, 1)  # by 90 degrees clockwise; left for right


def show(path: pathlib.Path, a: int, b: int, c: int, d: int) -> pathlib.Path:
    """Write into an mp4's first track that x, y of its pictures is to be shown at ax + cy, bx + dy.

    The matrix of the box `tkhd` (ISO 14496-12, 8.3.2), version 0: 40 bytes after its name.
    """
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    matrix = [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30]
    data[place : place + 36] = b"".join(v.to_bytes(4, "big", signed=True) for v in matrix)
    path.write_bytes(data)
    return path
