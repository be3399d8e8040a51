"""What only lesson 02 and 02b need: memory as tools."""

from .barrier import barrier_log
from .checks import NOTE, QUESTIONS, SENTENCES, banking, finding, firsts, unredacted
from .counting import CountedBrain, looking, statuses_sent
from .numbering import numbered
from .own_tool import executions, own_tool
from .recalls import asked, picture_of, words_in_common
from .refusing import answer_to, refused

__all__ = [
    "NOTE",
    "QUESTIONS",
    "SENTENCES",
    "CountedBrain",
    "answer_to",
    "asked",
    "banking",
    "barrier_log",
    "executions",
    "finding",
    "firsts",
    "looking",
    "numbered",
    "own_tool",
    "picture_of",
    "refused",
    "statuses_sent",
    "unredacted",
    "words_in_common",
]
