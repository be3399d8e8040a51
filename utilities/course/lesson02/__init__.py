"""What only lesson 02 and 02b need: memory as tools."""

from .barrier import barrier_log
from .checks import NOTE, QUESTIONS, SENTENCES, banking, finding, firsts, unredacted
from .numbering import numbered
from .own_tool import own_tool
from .recalls import asked, picture_of, words_in_common
from .refusing import answer_to, refused

__all__ = [
    "NOTE",
    "QUESTIONS",
    "SENTENCES",
    "answer_to",
    "asked",
    "banking",
    "barrier_log",
    "finding",
    "firsts",
    "numbered",
    "own_tool",
    "picture_of",
    "refused",
    "unredacted",
    "words_in_common",
]
