"""Golden pictures of this room, and how they are renewed: RENEW=1 python -m pytest tests/views."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # shapes_drawn, shared by this room's tests and the browser's

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "views"


@pytest.fixture
def golden():
    """golden(name, text): the text equals the file of that name; with RENEW=1 in the environment it becomes it."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("RENEW") == "1":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is not there; RENEW=1 makes it"
        if path.read_text(encoding="utf-8") != text:
            pytest.fail(f"{path.name} has changed; look at the picture, then renew it with RENEW=1 and read the diff", pytrace=False)

    return compare
