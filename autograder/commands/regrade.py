"""`course regrade STUDENT LAB`: grade one submission again; with --explain every case is shown and nothing is written.

course regrade ada 03_gemm --explain      for an appeal: the cases of the mark as it stands, called again one by one
course regrade ada 03_gemm                grade what lies in submitted/ now, and write it down
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path
from typing import Any


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("student", metavar="STUDENT", help="as the folder in submitted/ is called")
    parser.add_argument("lab", metavar="LAB", help="the lab, as 03_gemm")
    parser.add_argument("--explain", action="store_true", help="show every case and compare with the mark in the ledger; writes nothing")
    parser.add_argument("--exercise", metavar="NAME", help="with --explain: this exercise only")
    parser.add_argument("--path", type=Path, metavar="FILE", help="the notebook (default: the one in the state folder's submitted/)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where ledger and secret lie (default: autograder/state)")
    parser.add_argument("--unsafe-no-sandbox", action="store_true", help="run the code unconfined, as you")


def run(options: argparse.Namespace) -> int:
    """0 where it was graded and, explained, the verdict is the ledger's; 1 otherwise."""
    from .. import manifest as manifests
    from ..grading import Place
    from ..run import NoKernel
    from ..sandbox import NoSandbox
    from ..submissions import Refused, find

    try:
        names = {options.lab: manifests.load(options.lab).notebook}
        place = Place.of(options.state)
        path = options.path or place.root / "submitted" / options.student / options.lab
        submission = find(path, names, options.lab, options.student)[0]
        if not options.explain:
            from . import grade

            words = argparse.Namespace(
                path=path, lab=options.lab, student=options.student, jobs=1, again=True, state=options.state, farm="",
                unsafe_no_sandbox=options.unsafe_no_sandbox,
            )  # fmt: skip
            return grade.run(words)
        return explain(submission, place, options)
    except (NoSandbox, NoKernel, manifests.ManifestError, Refused) as error:
        print(f"course regrade: {error}", file=sys.stderr)
        return 1


def explain(submission: Any, place: Any, options: argparse.Namespace) -> int:
    """Print the way to every verdict, and whether it is the ledger's."""
    from course_lib.check import arguments_of, shown
    from course_lib.exercises.exercise import fault, right_answer

    from ..grading import Lab, grade_file
    from ..run import seeds_of
    from ..submissions import Refused

    lab = Lab.open(options.lab)
    if options.exercise is not None and options.exercise not in lab.exercises:
        near = difflib.get_close_matches(options.exercise, lab.exercises, n=1, cutoff=0.4)
        raise Refused(f"--exercise: {options.lab} has no {options.exercise!r}.{f' Did you mean {near[0]!r}?' if near else ''}")
    old = place.ledger.latest(options.lab).get((submission.student, options.lab))
    seeds = seeds_of(place.secret(), submission.student, lab.exercises)
    for name, entry in (old["exercises"] if old else {}).items():
        if entry.get("seed") is not None and name in seeds:
            seeds[name] = entry["seed"]  # the very cases of the mark as it stands
    calls: dict[str, list[tuple[Any, bool, Any]]] = {}
    told = lambda exercise, case, recorded, answer: calls.setdefault(exercise.name, []).append((case, recorded, answer))
    record, _ = grade_file(
        submission.path, submission.student, lab, seeds, not options.unsafe_no_sandbox, submission.notes, submission.refused, told
    )
    print(f"{submission.student}, {options.lab}: {submission.path or 'nothing was handed in'}")
    other = " (another one than was graded)" if old and old["sha256"] != record["sha256"] else ""
    print(f"  file       sha256 {record['sha256'] or '-'}{other}")
    print(f"  sandbox    {record['sandbox']}")
    other = f" (graded with {old['version']})" if old and old["version"] != record["version"] else ""
    print(f"  version    {record['version']} of the lab{other}")
    for note in record["notes"]:
        print(f"  noted      {note}")
    for name, entry in record["exercises"].items():
        if options.exercise not in (None, name):
            continue
        points = "no mark" if entry["points"] is None else f"{entry['points']:g} of {entry['max']:g}"
        print(f"\n{name}: {entry['state']}, {points}   (cases drawn from the seed {entry['seed']})")
        for number, (case, recorded, answer) in enumerate(calls.get(name, []), 1):
            exercise = lab.exercises[name]
            said = fault(exercise, case, answer, right_answer(exercise, case)) or "as it should be"
            print(f"  call {number:>2}{', recorded' if recorded else ''}: {case.label or 'a case'}: {said}")
            if said != "as it should be" and answer.state == "ok":
                for label, text in arguments_of(case, exercise.reference):
                    print("      " + f"{label} = {text}".replace("\n", "\n      "))
                print("      handed back: " + shown(answer.value).replace("\n", "\n      "))
                print("      right:       " + shown(right_answer(exercise, case)).replace("\n", "\n      "))
        for part in entry["parts"]:
            print(f"  {part['name']}: {part['points']:g} of {part['max']:g}" + (f" ({part['message']})" if part["message"] else ""))
        if entry["hint"]:
            print(f"  hint: {entry['misconception'] + ': ' if entry['misconception'] else ''}{entry['hint']}")
    if old is None:
        print("\nThe ledger has no mark of this submission yet.")
        return 0
    same = {n: (e["state"], e["points"]) for n, e in old["exercises"].items()} == {
        n: (e["state"], e["points"]) for n, e in record["exercises"].items()
    }
    print(f"\n{'The same verdict as' if same else 'ANOTHER verdict than'} in the ledger: {old['points']:g} points on {old['time']}.")
    return 0 if same else 1
