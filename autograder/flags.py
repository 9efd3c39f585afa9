"""Lines worth a look: ways around an exercise that leave the values right. They never change a mark.

A list of names is easily got around by who means to; it is for a person's eye, where the sandbox and the counts are the walls.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from typing import Any

from .needed import names as names_in
from .rebuild import defined, is_answer

# a call of one of these computes in one word what an exercise about loops asks for
WHOLE = {
    "matmul",
    "dot",
    "vdot",
    "inner",
    "einsum",
    "tensordot",
    "convolve",
    "correlate",
    "convolve2d",
    "correlate2d",
    "conv2d",
    "conv1d",
    "unfold",
    "fold",
}
# no exercise needs these
REACHING = {
    "exec",
    "eval",
    "compile",
    "__import__",
    "__subclasses__",
    "__builtins__",
    "socket",
    "subprocess",
    "ctypes",
    "setattr",
    "COURSE_GRADER_SOCKET",
}


def flags(notebook: Any, watched: Collection[str], ready: Mapping[str, Collection[str]] | None = None) -> list[str]:
    """One sentence a finding: exercise, line, what stands there. `watched` are the exercises in which WHOLE is looked for.

    `ready` are the names that give an exercise away, by exercise; they are looked for where it is written, and in the student's
    own functions that it calls.
    """
    found = []
    helpers = helped(notebook, ready or {})
    for number, cell in enumerate(notebook.cells, 1):
        if cell["cell_type"] != "code" or not (is_answer(cell) or not cell["metadata"].get("nbgrader")):
            continue
        names = defined(cell["source"])
        about_loops = any(name in watched for name in names)
        where = ", ".join(names) or f"cell {number}"
        try:
            tree = ast.parse(cell["source"])
        except (SyntaxError, ValueError, RecursionError):
            continue
        given = {word: name for name in (ready or {}) if name in names or helpers[name] & set(names) for word in ready[name]}
        for node in ast.walk(tree):
            said = finding(node, about_loops) or giving(node, given)
            if said:
                found.append(f"{where}, line {getattr(node, 'lineno', 1)}: {said}")
    return list(dict.fromkeys(found))[:20]


def helped(notebook: Any, ready: Mapping[str, Any]) -> dict[str, set[str]]:
    """Exercise -> the notebook's names that its cell uses, and those that their cells use, and so on."""
    cells = [(set(defined(c["source"])), names_in(c["source"])) for c in notebook.cells if c["cell_type"] == "code"]
    out = {}
    for name in ready:
        reached, more = set(), {name}
        while more:
            reached |= more
            more = {n for mine, said in cells if said and mine & more for n in said[1]} - reached
        out[name] = reached - {name}
    return out


def giving(node: ast.AST, given: Mapping[str, str]) -> str:
    """The name that gives an exercise away, in words."""
    words = [node.id] if isinstance(node, ast.Name) else [node.attr] if isinstance(node, ast.Attribute) else []
    if isinstance(node, ast.ImportFrom):
        words = [alias.name for alias in node.names]
    return next((f"`{word}`, which has the answer to {given[word]}" for word in words if word in given), "")


def finding(node: ast.AST, about_loops: bool) -> str:
    word = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    if isinstance(node, ast.Constant) and node.value == "COURSE_GRADER_SOCKET":
        word = str(node.value)
    if isinstance(node, ast.Import | ast.ImportFrom):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        word = next((m.split(".")[0] for m in modules if m.split(".")[0] in REACHING), "")
    # `model.eval()` and `re.compile` are honest methods of those names
    method = isinstance(node, ast.Attribute) and not word.startswith("__")
    if word in REACHING and not method:
        return f"`{word}`"
    if about_loops and word in WHOLE:
        return f"`{word}` where loops were asked for"
    if about_loops and isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return "`@` where loops were asked for"
    return ""
