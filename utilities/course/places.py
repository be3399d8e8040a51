"""Where the course's own files are, wherever a notebook or a kernel was started."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = ROOT / "example_data"
RECORDINGS = DATA / "recordings"
