"""For people's eyes: what happened in a session, as lines, tables and pictures.

What an agent or a tool wrote is not trusted: it is cut and escaped, and nothing in it acts.

Copy this folder into a project. `timeline` and `lanes` need matplotlib, `Buttons` ipywidgets, each when it
is used; `LiveTranscript` needs a notebook, and prints lines elsewhere. The rest needs nothing.
"""

from .buttons import Buttons
from .lanes import lanes
from .live import LiveTranscript
from .printing import print_event
from .timeline import timeline
from .transcript import transcript

__all__ = ["Buttons", "LiveTranscript", "lanes", "print_event", "timeline", "transcript"]
