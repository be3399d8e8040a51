"""Where things are, for tests wherever they stand."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = ROOT / "example_data"
RECORDINGS = DATA / "recordings"
NOTEBOOKS = ROOT / "notebooks"
EVENT_SHAPES = Path(__file__).with_name("event_shapes.json")
