"""``python -m pytest_evalsuite`` is the command ``evalsuite``."""

from __future__ import annotations

import sys

from pytest_evalsuite.cli.main import main

sys.exit(main())
