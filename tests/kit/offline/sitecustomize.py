"""Python imports this by itself, at the start of every process that has this folder on PYTHONPATH.

That is how the tripwire gets into kernels, replay servers and whatever else the tests start.
"""

import sys

import loopback_only  # noqa: F401

# nbformat imports jsonschema, and that imports this if it is there: a second of building the grammar of
# internationalized addresses, in each of the many processes, for a check that no notebook asks for.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
