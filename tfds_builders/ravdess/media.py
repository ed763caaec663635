"""Reading and checking the official files; making dummies of them."""

import math
import pathlib
import wave

import numpy as np
import soundfile
from scipy import signal

from tfds_builders.ravdess.names import parse

RATE = 16_000


def actor_folders(root: pathlib.Path, actor: int) -> list[pathlib.Path]:
    """Folders with an actor's sound, in the unpacked archive or beside each other."""
    name = f"Actor_{actor:02}"
    candidates = [root / name, root / "Audio_Speech_Actors_01-24" / name]
    return [folder for folder in candidates if folder.is_dir() and any(_sounds(folder))]


def files(root: pathlib.Path, actor: int) -> list[pathlib.Path]:
    """The actor's wav files in order of name, misnamed ones too; songs (03-02) are left out.

    Raises:
      ValueError: the same clip lies in two folders.
    """
    found = [p for folder in actor_folders(root, actor) for p in _sounds(folder)]
    names = [p.name for p in found]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ValueError(f"{twice} are both in {root} and in its unpacked archive; remove one copy")
    return sorted(found, key=lambda p: p.name)


def _sounds(folder: pathlib.Path) -> list[pathlib.Path]:
    waves = (p for p in folder.iterdir() if p.suffix.lower() == ".wav")
    return [p for p in waves if not p.name.startswith("03-02-")]


def fault(path: pathlib.Path) -> str:
    """What is wrong with a sound file, in words; empty where nothing is."""
    try:
        name = parse(path.name)
        if f"Actor_{name.actor:02}" != path.parent.name:
            return f"names actor {name.actor}, lies in {path.parent.name}"
        if (name.modality, name.channel) != (3, 1):
            return f"names modality {name.modality}, channel {name.channel}; spoken sound is 3, 1"
        declared = _declared_bytes(path)
        if declared > path.stat().st_size:
            return f"truncated: {path.stat().st_size} bytes, its header declares {declared}"
        audio, _ = soundfile.read(path, dtype="float32", always_2d=True)
    except (ValueError, RuntimeError, OSError, EOFError, wave.Error) as error:
        return str(error) or type(error).__name__
    if len(audio) == 0:
        return "holds no sample"
    if not np.isfinite(audio).all():
        return "holds values that are not finite"
    return "" if np.abs(audio).max() > 0 else "is silent throughout"


def read_audio(path: pathlib.Path) -> np.ndarray:
    """Mono int16 at 16 kHz of a sound file of any rate and number of channels."""
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = audio.mean(axis=1)
    if rate != RATE:
        common = math.gcd(rate, RATE)
        mono = signal.resample_poly(mono, RATE // common, rate // common)
    return np.clip(np.round(mono * 32768), -32768, 32767).astype(np.int16)


def video_of(root: pathlib.Path, audio: pathlib.Path) -> pathlib.Path:
    """The video-only or audio-video file of a sound file's clip.

    Raises:
      FileNotFoundError: there is neither; names where it was looked for.
    """
    rest, actor = audio.stem[2:], audio.parent.name
    archive = f"Video_Speech_{actor}"
    names = (f"02{rest}.mp4", f"01{rest}.mp4")
    places = [folder / name for folder in (root / actor, root / archive / actor) for name in names]
    for place in places:
        if place.exists():
            return place
    raise FileNotFoundError(f"no video of {audio.name}: looked for {', '.join(map(str, places))}")


def read_video(path: pathlib.Path, side: int) -> tuple[np.ndarray, float]:
    """JPEG bytes of every frame, centre-cropped to a square of `side`, and frames per second.

    RAVDESS actors sit in the middle of the picture; the square holds head and shoulders.
    """
    import av
    import cv2

    jpegs = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or 0)
        for frame in container.decode(stream):
            image = frame.to_ndarray(format="bgr24")
            h, w = image.shape[:2]
            cut = min(h, w)
            top, left = (h - cut) // 2, (w - cut) // 2
            square = image[top : top + cut, left : left + cut]
            small = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
            jpegs.append(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())
    if not jpegs:
        raise ValueError(f"{path} holds no frame")
    return np.array(jpegs, dtype=object), fps


def make_dummy(folder: pathlib.Path, actors: range = range(1, 3), video: bool = False) -> None:
    """Write half-second clips in the official layout: every emotion, both statements."""
    rng = np.random.default_rng(0)
    for actor in actors:
        place = folder / f"Actor_{actor:02}"
        place.mkdir(parents=True, exist_ok=True)
        for emotion in range(1, 9):
            for statement in (1, 2):
                rest = f"-01-{emotion:02}-01-{statement:02}-01-{actor:02}"
                tone = np.sin(np.arange(RATE // 2) * (0.05 + 0.01 * emotion))
                sound = 0.3 * tone + 0.01 * rng.standard_normal(RATE // 2)
                soundfile.write(place / f"03{rest}.wav", sound, RATE)
                if video:
                    _write_video(place / f"02{rest}.mp4", emotion)


def _write_video(path: pathlib.Path, shade: int) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("h264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(15):
            image = np.full((48, 64, 3), 20 * shade + i, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def _declared_bytes(path: pathlib.Path) -> int:
    """The size of a RIFF file by its headers (soundfile reads truncated files silently).

    The larger of what the file's header and that of its data chunk declare.
    """
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise ValueError("is not a WAV file")
        declared = int.from_bytes(head[4:8], "little") + 8
        while len(chunk := file.read(8)) == 8:
            size = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":
                return max(declared, file.tell() + size)
            file.seek(size + size % 2, 1)
    return declared
