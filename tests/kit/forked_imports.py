"""What the process has imported that is forked for others: see `forked`.

Nothing that reads the environment when it is imported, as matplotlib does: it would be the wrong one.
"""

from __future__ import annotations

import sys

PATH = [folder for folder in sys.path if folder]  # where a process without a script finds its modules

import anthropic  # noqa: E402
import anthropic._base_client  # noqa: E402
import ipykernel.ipkernel  # noqa: E402
import ipykernel.kernelapp  # noqa: E402, F401
import numpy  # noqa: E402, F401
import starlette.applications  # noqa: E402, F401
import uvicorn  # noqa: E402, F401
import yaml  # noqa: E402, F401

# The SDK imports these when they are used first.
_ = anthropic.Anthropic(api_key="x").beta.sessions.events, anthropic.Anthropic(api_key="x").beta.webhooks
