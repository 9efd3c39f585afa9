"""The instructor's commands, each `add(parser)` and `run(options) -> exit code`."""
