"""The two ways in which a receiver is reached."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.kit.asked import _answers, pytest_generate_tests
from tests.kit.receiving import asgi
from utilities import WebhookApp, WebhookReceiver, serving

__all__ = ["_answers", "pytest_generate_tests"]


@pytest.fixture(params=("loopback", "asgi"))
def door(request: pytest.FixtureRequest) -> Callable[[WebhookReceiver], AbstractContextManager[str]]:
    """Serves a receiver for the time of a `with` block, which gets its address."""
    return serving if request.param == "loopback" else lambda receiver: asgi(WebhookApp(receiver))
