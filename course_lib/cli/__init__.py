"""`course`: one table of commands, each in a module that is imported when it is asked for.

A command's module has `add(parser)`, which adds its arguments, and `run(options) -> int`, which gives the exit code:
0 done, 1 something failed or is missing, 2 the words were not understood, 130 stopped by Ctrl-C.
With `PASSES_WORDS_ON = True` its words are not parsed but given as `options.words`.
A new command is a module and one line here.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple, NoReturn


class Command(NamedTuple):
    """One line of the map: where the command lives, whom it is for, what it does."""

    module: str
    group: str
    says: str


COMMANDS = {
    "lab": Command("course_lib.cli.lab", "Student", "open JupyterLab on the labs"),
    "check": Command("course_lib.exercises.check_command", "Student", "check a lab's notebook: course check labs/01_intro"),
    "slides": Command("course_lib.slides.command", "Lecturer", "build the decks: one offline HTML file a chapter"),
    "release": Command("course_lib.exercises.release_command", "Instructor", "make labs/ and the students' bundle from solutions/"),
    "collect": Command("autograder.commands.collect", "Instructor", "sort a learning platform's zip into submitted/"),
    "grade": Command("autograder.commands.grade", "Instructor", "grade what was handed in: course grade submitted/..."),
    "report": Command("autograder.commands.report", "Instructor", "the marks: a table, a CSV, a page a student"),
    "regrade": Command("autograder.commands.regrade", "Instructor", "one submission again; --explain shows every case, for an appeal"),
    "gradebook": Command("autograder.commands.gradebook", "Instructor", "is the gradebook sound and as the ledger says; restore it"),
    "schedule": Command("autograder.commands.schedule", "Instructor", "the term's timetable: what is handed out, what is due"),
    "doctor": Command("course_lib.cli.doctor", "Machine", "what this machine has and lacks, and how fast it is"),
    "tune": Command("course_lib.cli.tune", "Machine", "find the fastest plans for a network's layers on this machine"),
    "test": Command("course_lib.cli.test", "Machine", "run all tests; further words go to pytest"),
}


def the_map() -> str:
    """What `course --help` prints: every command under the person it is for."""
    lines = [
        "usage: course COMMAND [OPTIONS]          course COMMAND --help says more",
        "",
        "A course on efficient computing of deep neural networks: labs, decks, a grader, and the library they share.",
    ]
    for group in dict.fromkeys(command.group for command in COMMANDS.values()):
        lines += ["", group]
        lines += [f"  {name:<11}{command.says}" for name, command in COMMANDS.items() if command.group == group]
    lines += ["", "From a fresh clone, `python3 course.py COMMAND` sets up what COMMAND needs and then does the same."]
    return "\n".join(lines)


def did_you_mean(word: str, words: Sequence[str]) -> str:
    """A question to append to an error, or nothing: ` Did you mean 'lab'?`."""
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""


class Parser(argparse.ArgumentParser):
    """argparse, with a question after an option it does not know."""

    def unknown(self, words: Sequence[str]) -> NoReturn:
        question = did_you_mean(words[0].split("=")[0], list(self._option_string_actions)) if words[0].startswith("-") else ""
        self.error(f"{words[0]!r} is not understood here.{question}")


def load(name: str) -> Command:
    """The command's line of the table; ValueError with a question for a word that is not in it."""
    if name not in COMMANDS:
        raise ValueError(
            f"course: there is no command {name!r}.{did_you_mean(name, list(COMMANDS))}\n       `course --help` lists them all."
        )
    return COMMANDS[name]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. `course` alone prints the map."""
    words = list(sys.argv[1:] if argv is None else argv)
    speak_utf8()
    if not words or words[0] in ("-h", "--help", "help"):
        if len(words) < 2:
            print(the_map())
            return 0
        words = [words[1], "--help"]
    if words[0] == "--version":
        from importlib.metadata import version

        print(version("efficient-dnn-course"))
        return 0
    name, *rest = words
    try:
        command = load(name)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        module = importlib.import_module(command.module)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("course_lib", "autograder"):
            print(f"course {name}: this copy of the course does not have {error.name}", file=sys.stderr)
        else:
            print(
                f"course {name}: the package {missing!r} is not installed; `python3 course.py {name}` installs what it needs",
                file=sys.stderr,
            )
        return 1
    parser = Parser(
        prog=f"course {name}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    module.add(parser)
    try:
        if getattr(module, "PASSES_WORDS_ON", False) and not {"-h", "--help"} & set(rest):
            options = argparse.Namespace(words=rest)
        else:
            options, unknown = parser.parse_known_args(rest)
            if unknown:
                parser.unknown(unknown)
    except SystemExit as stop:  # argparse has said its sentence
        return stop.code if isinstance(stop.code, int) else 2
    try:
        return int(module.run(options))
    except KeyboardInterrupt:
        print(f"\ncourse {name}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `course report | head`
        sys.stderr.close()
        return 1
    except OSError as error:  # a disk that is full or read-only, a folder that is another's
        if not error.filename:
            raise
        print(f"course {name}: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1


def speak_utf8() -> None:
    """Print × and · where the locale is C or the console is old, instead of failing on them."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
