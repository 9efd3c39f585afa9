"""The instructor's side: labs handed in are run in a sandbox, judged outside it, and written to a ledger and a gradebook.

manifest    what an exercise is worth and what its sandbox holds       manifests/*.toml, one a lab
rebuild     the student's cells in the release's notebook
sandbox     a kernel that sees nothing but what it may
seccomp     the system calls that come back refused in it
run         one submission: runs the notebook, judges each exercise from outside
ledger      every verdict, one JSON line each
gradebook   the same marks in nbgrader's gradebook
feedback    a page a student, a page a class
alike       copied answers, for a person to look at
collecting  a learning platform's download, sorted by student
term        course.toml: roster, due times, weights, the term's marks
farm        the same on several machines
commands/   course collect, grade, regrade, gradebook, report, schedule
"""

import sys

# nbformat imports jsonschema, which looks for this package to check web addresses with; it builds a grammar for one to two
# seconds whenever it is imported, and there is no such address in a notebook
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
