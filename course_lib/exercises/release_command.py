"""`course release`: make labs/ from solutions/, check that it is just that, pack the students' bundle."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from . import release


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("labs", nargs="*", metavar="LAB", help="labs to make, such as 03_gemm; all where none is named")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where labs/ is not exactly what the sources make")
    parser.add_argument("--bundle", metavar="OUT.ZIP", help="also write the students' zip: labs, course_lib, launcher; no solutions")
    parser.add_argument("--force", action="store_true", help="replace notebooks that somebody has worked in, too")


def run(options: argparse.Namespace) -> int:
    root = course_root(Path.cwd())
    if root is None:
        print("course release: there is no solutions/ folder here or above; run it in the course's folder", file=sys.stderr)
        return 1
    try:
        for lab in options.labs:
            if lab not in (known := list(release.sources(root))):
                near = difflib.get_close_matches(lab, known, n=1, cutoff=0.4)
                said = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(known)}."
                print(f"course release: there is no lab {lab!r}. {said}", file=sys.stderr)
                return 2
        if options.check:
            wrong = release.differences(root, options.labs)
            print("\n".join(wrong) if wrong else "labs/ is exactly what solutions/ makes")
            if wrong:
                print("`course release` makes them anew.", file=sys.stderr)
                return 1
        else:
            done = release.write(root, options.labs, options.force)
            print("\n".join(done) if done else "labs/ was up to date")
        if options.bundle:
            packed = release.bundle(root)
            release.put(Path(options.bundle), packed)
            print(f"wrote {options.bundle} ({len(packed) / 1e6:.1f} MB)")
    except (ValueError, OSError) as error:
        print(f"course release: {error}", file=sys.stderr)
        return 1
    return 0


def course_root(start: Path) -> Path | None:
    """The nearest folder, from `start` upwards, that has solutions/ and course_lib/."""
    return next((p for p in (start, *start.parents) if (p / "solutions").is_dir() and (p / "course_lib").is_dir()), None)
