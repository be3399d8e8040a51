"""Python imports this by itself, at the start of every process that has this folder on PYTHONPATH.

That is how the tripwire gets into kernels, replay servers and whatever else the tests start.
"""

import loopback_only  # noqa: F401
