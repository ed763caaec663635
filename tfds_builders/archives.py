"""Reading members of official archives one after another, without unpacking them."""

import contextlib
import pathlib
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator

BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError)


def members(path: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    """Name (NFC, with "/") and bytes of each file in a .tar, .tar.gz or .zip, in its own order.

    Nothing is written to disk, so a name cannot lead anywhere; one that would is an error all the
    same, for such an archive is not the official one.

    Raises:
      FileNotFoundError: there is no such archive.
      ValueError: not an archive, one that was cut off, an absolute name or one with "..", a link or
        a device, or a name twice; names archive and member.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no archive {path}")
    seen: set[str] = set()
    with _named(path):
        reader = _of_zip if path.suffix == ".zip" else _of_tar
        for raw, data in reader(path):
            name = safe(raw, path)
            if name in seen:
                raise ValueError(f"{path}: {name!r} is there twice")
            seen.add(name)
            yield name, data


def safe(name: str, where: object) -> str:
    """A member's name with "/" between folders, in the composed form of Unicode (NFC).

    Raises:
      ValueError: absolute, with "..", or with bytes that are not UTF-8; says `where`.

    >>> safe("Images\\\\Gongbi\\\\1.jpg", "a.tar")
    'Images/Gongbi/1.jpg'
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{where}: the name {name!r} is not UTF-8") from None
    told = unicodedata.normalize("NFC", name).replace("\\", "/")
    parts = told.split("/")
    if told.startswith("/") or ".." in parts or (len(parts[0]) == 2 and parts[0][1] == ":"):
        raise ValueError(f"{where}: {name!r} leads outside of the archive; is it the official one?")
    return "/".join(part for part in parts if part not in ("", "."))


def _of_tar(path: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    # A stream, front to back: a gzip can be read in no other order without reading it again.
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            if member.isdir():
                continue
            if not member.isreg():
                raise ValueError(f"{path}: {member.name!r} is a link or a device, not a file")
            file = archive.extractfile(member)
            data = file.read() if file else b""
            if len(data) != member.size:
                raise ValueError(f"{path} is cut off in {member.name!r}")
            yield member.name, data


def _of_zip(path: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield member.filename, archive.read(member)  # checks its CRC


@contextlib.contextmanager
def _named(path: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        raise ValueError(f"{path} is damaged, cut off or no archive: {error}") from error
