"""For people's eyes: what happened in a session, as lines, tables and pictures.

Copy this folder into a project; pictures need matplotlib, `LiveTranscript` and `Buttons` ipywidgets, each
imported when it is used; the rest needs nothing.
"""

from .buttons import Buttons
from .lanes import lanes
from .live import LiveTranscript
from .printing import print_event
from .timeline import timeline
from .transcript import transcript

__all__ = ["Buttons", "LiveTranscript", "lanes", "print_event", "timeline", "transcript"]
