"""`python -m course_lib.zoo`: the totals and the size list; with names, those networks layer by layer."""

from __future__ import annotations

import argparse
import sys

from course_lib.zoo import NETWORKS, accuracies, explain, revolution_of_depth, size_list, totals


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m course_lib.zoo", description="The networks of the lecture as tables.")
    parser.add_argument("names", nargs="*", help=f"print these layer by layer: {', '.join(NETWORKS)}")
    options = parser.parse_args(argv)
    try:
        tables = [NETWORKS[name].table() for name in options.names]
    except KeyError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n\n".join(map(str, tables or (totals(), size_list(), explain(), accuracies(), revolution_of_depth()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
