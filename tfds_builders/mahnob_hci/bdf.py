"""BioSemi's BDF files: 24-bit signals with a head that says what each channel is."""

import pathlib
from dataclasses import dataclass

import numpy as np

_FIXED = 256  # bytes of the head, and as many again a channel
# Widths of the fields of all channels, one field after another.
_WIDTHS = {
    "label": 16,
    "transducer": 80,
    "unit": 8,
    "low": 8,
    "high": 8,
    "digital_low": 8,
    "digital_high": 8,
    "filter": 80,
    "samples": 8,
    "reserved": 32,
}


@dataclass(frozen=True)
class Signals:
    """Channels by name in their physical unit (BioSemi: microvolts), and samples a second."""

    channels: dict[str, np.ndarray]
    rate: float


def read(path: pathlib.Path, wanted: tuple[str, ...]) -> Signals:
    """The wanted channels of a file.

    Raises:
      ValueError: no BDF, one cut off, or without a wanted channel; names the file.
    """
    data = path.read_bytes()
    if data[:8] != b"\xffBIOSEMI" or len(data) < _FIXED:
        raise ValueError(f"{path} is no BDF file")
    try:
        records, seconds, count = int(data[236:244]), float(data[244:252]), int(data[252:256])
        head = _fields(data, count)
        each = [int(n) for n in head["samples"]]
    except ValueError as error:
        raise ValueError(f"{path}: its head cannot be read: {error}") from error
    body = data[_FIXED * (count + 1) :]
    if records < 1 or len(body) < 3 * records * sum(each):
        raise ValueError(f"{path} is cut off: {len(body)} bytes of {3 * records * sum(each)}")
    absent = [name for name in wanted if name not in head["label"]]
    if absent:
        raise ValueError(f"{path} lacks the channels {absent}; it has {head['label']}")
    table = np.frombuffer(body[: 3 * records * sum(each)], np.uint8).reshape(records, -1, 3)
    ends = np.cumsum([0, *each])
    out = {}
    for name in wanted:
        i = head["label"].index(name)
        low, high, d_low, d_high = (
            float(head[key][i]) for key in ("low", "high", "digital_low", "digital_high")
        )
        numbers = _numbers(table[:, ends[i] : ends[i + 1]])
        out[name] = ((numbers - d_low) * (high - low) / (d_high - d_low) + low).astype(np.float32)
    return Signals(out, each[head["label"].index(wanted[0])] / seconds)


def write(path: pathlib.Path, channels: dict[str, np.ndarray], rate: int) -> None:
    """Write whole seconds of channels in microvolts; for dummies."""
    count, seconds = len(channels), len(next(iter(channels.values()))) // rate
    fixed = b"\xffBIOSEMI" + b" " * 228 + f"{seconds:<8}{1:<8}{count:<4}".encode()
    values = {"unit": "uV", "low": -262144, "high": 262143, "samples": rate}
    values |= {"digital_low": -8388608, "digital_high": 8388607}
    head = b"".join(
        f"{name if field == 'label' else values.get(field, ''):<{width}}".encode()
        for field, width in _WIDTHS.items()
        for name in channels
    )
    scale = (8388607 + 8388608) / (262143 + 262144)
    digital = [np.round((x + 262144) * scale - 8388608).astype("<i4") for x in channels.values()]
    records = [x[s * rate : (s + 1) * rate] for s in range(seconds) for x in digital]
    body = b"".join(r.view(np.uint8).reshape(-1, 4)[:, :3].tobytes() for r in records)
    path.write_bytes(fixed + head + body)


def _fields(data: bytes, count: int) -> dict[str, list[str]]:
    at, out = _FIXED, {}
    for field, width in _WIDTHS.items():
        cells = [data[at + i * width : at + (i + 1) * width] for i in range(count)]
        out[field] = [cell.decode("ascii").strip() for cell in cells]
        at += width * count
    return out


def _numbers(triples: np.ndarray) -> np.ndarray:
    """Signed 24-bit little-endian numbers, records joined."""
    wide = triples.astype(np.int32)
    value = wide[..., 0] | wide[..., 1] << 8 | wide[..., 2] << 16
    return np.where(value >= 1 << 23, value - (1 << 24), value).reshape(-1)
