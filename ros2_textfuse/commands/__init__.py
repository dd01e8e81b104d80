"""The verbs of the `textfuse` command, one in each module: `add_arguments(parser)` and `run(args) -> exit code`."""
