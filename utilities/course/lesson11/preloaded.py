"""What each run of lesson 11 would import anew: imported once, in the process that is forked for each run.

Nothing is started here: a process with threads can't be forked safely.
"""

import contextlib
import gc
import importlib

MODULES = (
    # pytest, with what it imports when it starts
    "pytest", "unittest", "pdb", "_pytest.unittest", "_pytest.skipping", "_pytest.warnings",
    # the client, with what it imports for its first request
    "anthropic", "anthropic.resources.beta", "httpcore2", "h11", "truststore", "anyio._backends._asyncio",
    # the replay server, with what uvicorn imports when it starts
    "utilities.replay.testing", "utilities.replay.scenario", "uvicorn.lifespan.on",
    "uvicorn.protocols.http.h11_impl", "uvicorn.protocols.http.auto", "uvicorn.loops.auto",
)  # fmt: skip

for module in MODULES:
    with contextlib.suppress(ImportError):  # of another version: then the run imports it
        importlib.import_module(module)

gc.freeze()  # no run has to look through all of it for garbage
