"""What depends on answers that nobody knows is noticed here, too."""

from tests.kit.asked import _answers, pytest_generate_tests

__all__ = ["_answers", "pytest_generate_tests"]
