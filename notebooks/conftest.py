"""A notebook that nbmake executes here has to show what is committed, cell by cell."""

from tests.kit.compared import pytest_collect_file

__all__ = ["pytest_collect_file"]
