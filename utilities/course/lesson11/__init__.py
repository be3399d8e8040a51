"""What only lesson 11 needs: a program under test, in a folder of its own, and pytest in a second process."""

from .asking import four
from .matrix import matrix
from .project import Project, PytestRun, newest_session, project
from .refusal import refused
from .sent_once import once
from .telling import told

__all__ = ["Project", "PytestRun", "four", "matrix", "newest_session", "once", "project", "refused", "told"]
