"""Suites that pytest runs within a test, in the same process."""

from __future__ import annotations

import os
import sys
from types import ModuleType


class Imports:
    """What such suites import, so that it can stay; a plugin of theirs.

    pytester forgets it. A library would be imported a second time later on, and its exceptions would not
    be those any more that others had imported before.
    """

    def __init__(self) -> None:
        self.modules: dict[str, ModuleType] = {}

    def pytest_unconfigure(self) -> None:
        for name, module in list(sys.modules.items()):
            if not (getattr(module, "__file__", None) or "").startswith(os.getcwd()):  # the suite's own
                self.modules[name] = module

    def stay(self) -> None:
        for name, module in self.modules.items():
            sys.modules.setdefault(name, module)


IMPORTS = Imports()
