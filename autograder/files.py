"""A file is there whole or not at all."""

from __future__ import annotations

import contextlib
from pathlib import Path


def write_whole(path: Path, data: bytes | str) -> None:
    """`data` at `path`, written beside it first.

    OSError names the path, also where the system does not (a full disk); no half is left then.
    """
    half = path.with_name(path.name + ".half")
    try:
        half.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
        half.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)
        error.filename = str(path)
        raise
