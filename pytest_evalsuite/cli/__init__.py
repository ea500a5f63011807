"""The command ``evalsuite``: one module for each verb, with ``add_parser(subparsers)`` and ``run(args) -> int``."""
