"""The concept picture of each lesson, drawn: `make pictures` writes notebooks/images/NN_*.svg.

    python -m utilities.course.maps --write     # all of them
    python -m utilities.course.maps --alt 00    # the line of Markdown that shows one, with its alt text

Each has the map of `drawing`, with its own part in colour.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from .drawing import OFF, ON, YOURS, Drawing, full_map, small_map
from .places import ROOT

IMAGES = ROOT / "notebooks" / "images"


def one_turn() -> Drawing:
    """00: the whole map, and six arrows."""
    drawing = Drawing(
        462,
        "One turn of an agent",
        "A map of two places: your process, and Anthropic with the service and the container in one frame. "
        "Your process creates an agent, an environment and a session at the service (1), opens a stream of "
        "the session's events (2) and sends the question (3). The agent's program is written and run in the "
        "session's container (4). The session's events come down the stream (5); the last one says that the "
        "session is idle (6). What is grey is not in this lesson.",
    )
    drawing.box(236, 5, 558, 334, kind="place", dashed=True)
    drawing.text(515, 331, "all of this is at Anthropic", OFF, size=13, middle=True)
    places = {"session": (260.0, 106.0, 278.0, 98.0), "event log": (260.0, 214.0, 278.0, 34.0)}
    full_map(drawing, ["agent", "environment", "session", "/mnt/user"], ["your program"], at=places)
    arrows = ((74, 1, YOURS), (117, 2, YOURS), (143, 3, YOURS), (168, 5, ON), (193, 6, ON))
    for y, number, kind in arrows:
        drawing.line(f"M172 {y}H257" if kind == YOURS else f"M258 {y}H173", kind, arrow=True)
        drawing.number(214, y, number, kind)
    drawing.line("M540 130H609", ON, arrow=True)
    drawing.number(574, 130, 4)
    drawing.legend(
        362,
        (YOURS, "create agent, environment and session"),
        (YOURS, "open the stream"),
        (YOURS, "send the question"),
        (ON, "the agent's program runs in the container"),
        (ON, "events come, one by one"),
        (ON, "idle: the turn is over"),
    )
    drawing.text(16, 448, "grey: not in this lesson", OFF, size=13)
    return drawing


def two_shelves() -> Drawing:
    """01: what is made once, what for each run, and the log below."""
    drawing = Drawing(
        486,
        "Made once, and made for each run",
        "Two shelves. On the upper one lies what is made once and used again: the agent, version 1, and "
        "the environment. On the lower one what each run makes anew: a session with files, and its "
        "container, with copies of the files in uploads, a folder to work in, and outputs. Your process "
        "uploads the files to the service (1), and the session mounts copies of them (2). Your process sends "
        "the task (3). All that happens is kept in the event log at the service (4). Results come back from "
        "outputs (5). What is grey is not in this lesson.",
    )
    for place, x, w in (("your process", 16, 168), ("the service", 246, 306), ("the container", 602, 182)):
        drawing.box(x, 14, w, 354, kind="place")
        drawing.text(x + w / 2, 38, place, size=15, bold=True, middle=True)
    drawing.box(30, 54, 140, 60, "calc.py\ntest_calc.py", YOURS, size=13, code=True)
    drawing.box(30, 156, 140, 104, "your program", YOURS)
    drawing.box(30, 322, 66, 34, "tools")
    drawing.box(104, 322, 66, 34, "bank")
    drawing.text(260, 68, "made once", ON, bold=True)
    drawing.box(260, 76, 132, 42, "agent, version 1", ON)
    drawing.box(406, 76, 132, 42, "environment", ON)
    drawing.line("M252 126H546", ON, width=4)
    drawing.text(260, 163, "made for each run", ON, bold=True)
    drawing.box(260, 172, 184, 46, "session", ON)
    drawing.box(458, 172, 80, 46, "files", ON)
    drawing.line("M252 226H546M608 292H778", ON, width=4)
    drawing.box(260, 258, 132, 30, "memory store")
    drawing.box(406, 258, 132, 30, "vault")
    for y, text in ((140, "/mnt/session/uploads"), (191, "/mnt/user"), (242, "/mnt/session/outputs")):
        drawing.box(612, y, 162, 40, text, ON, size=12.5, code=True)
    drawing.text(288, 314, "event log", ON, bold=True)
    drawing.box(260, 322, 278, 34, kind=ON)
    for x in (274, 290, 302, 330, 342, 356, 388, 400, 412, 440, 470, 482, 494, 520):
        drawing.line(f"M{x} 330V348", ON, width=3)
    drawing.line("M172 84H214V142H498V169", YOURS, arrow=True)
    drawing.number(214, 112, 1, YOURS)
    drawing.line("M540 195H578V160H609", ON, arrow=True)
    drawing.number(578, 178, 2)
    drawing.line("M172 195H257", YOURS, arrow=True)
    drawing.number(214, 195, 3, YOURS)
    drawing.number(270, 309, 4)
    drawing.line("M610 262H578V242H173", ON, arrow=True)
    drawing.number(214, 242, 5)
    drawing.legend(
        392,
        (YOURS, "files are uploaded"),
        (ON, "the session gets copies of them"),
        (YOURS, "the task is sent"),
        (ON, "all that happens is kept"),
        (ON, "results come back from outputs"),
    )
    drawing.text(16, 476, "grey: not in this lesson", OFF, size=13)
    return drawing


def two_sessions() -> Drawing:
    """02: a time axis with two sessions, and one bank below both."""
    drawing = Drawing(
        482,
        "Two sessions, and one bank below them",
        "A time axis with two sessions, days apart; between them nothing runs, and the second one knows "
        "nothing of the first. Below both lies one bank, in your process, which outlives every session. "
        "A call of a memory tool is three arrows: the agent asks your process (1), your process stores "
        "or searches in the bank (2), and the result goes back to the agent (3). The first session "
        "stores, the second finds.",
    )
    small_map(drawing, ["session"], ["your tools", "your bank"])
    drawing.text(26, 140, "the service", bold=True)
    drawing.text(26, 236, "your process", bold=True)
    drawing.box(140, 112, 220, 50, "first session, Monday", ON)
    drawing.hatch(362, 112, 156, 50)
    drawing.box(382, 124, 116, 26, "nothing runs", "place", size=13)
    drawing.box(520, 112, 250, 50, "second session, days later", ON)
    drawing.box(140, 208, 220, 46, "memory_retain", YOURS, code=True)
    drawing.box(520, 208, 250, 46, "memory_recall", YOURS, code=True)
    drawing.box(140, 302, 630, 50, "one bank, in a file of yours", YOURS, size=15)
    for left in (180, 575):
        drawing.line(f"M{left} 164V205", ON, arrow=True)
        drawing.number(left - 18, 184, 1)
        drawing.line(f"M{left + 70} 256V299", YOURS, arrow=True)
        if left > 400:  # a search brings something up again
            drawing.line(f"M{left + 70} 299V257", YOURS, arrow=True)
        drawing.number(left + 52, 277, 2, YOURS)
        drawing.line(f"M{left + 140} 206V165", YOURS, arrow=True)
        drawing.number(left + 122, 185, 3, YOURS)
    drawing.line("M140 376H770", OFF, arrow=True)
    drawing.text(720, 394, "time", OFF, size=13)
    drawing.legend(
        424,
        (ON, "the agent asks for a memory tool"),
        (YOURS, "your process stores in the bank, or searches"),
        (YOURS, "the result goes back to the agent"),
    )
    return drawing


def the_bounce() -> Drawing:
    """03: four stations round a loop, one id through all."""
    drawing = Drawing(
        484,
        "The bounce: a call, and its answer by id",
        "A loop of four stations with one id as a thread through all of them, three at the service and "
        "one in your process. The agent calls a tool of yours (1), and the call has an id. The session "
        "is idle with requires_action, which names the id (2). From there to your answer the loop is "
        "hatched: the session is parked, which needs no tokens and no connection. Your process runs the "
        "tool and answers the id (3). The session is running again (4), until the agent calls once more "
        "or is done.",
    )
    small_map(drawing, ["session", "event log"], ["your tools", "your program"])
    drawing.text(26, 120, "your process", bold=True)
    drawing.text(490, 120, "the service", bold=True)
    drawing.hatch(190, 222, 276, 50)
    drawing.box(206, 227, 244, 23, "parked: no tokens, no connection", "place", size=13)
    for x, y, text, kind, number in (
        (470, 132, "agent.custom_tool_use\nid sevt_7", ON, 1),
        (470, 219, "session.status_idle\nrequires_action: sevt_7", ON, 2),
        (26, 292, "user.custom_tool_result\nanswers sevt_7", YOURS, 3),
        (470, 340, "session.status_running\nsevt_7 has its answer", ON, 4),
    ):
        drawing.box(x, y, 256, 56, text, kind, size=13, code=True)
        drawing.number(x, y, number, kind)
    for path in ("M598 190V216", "M468 261H150V289", "M284 320H376V368H467", "M728 368H762V160H729"):
        drawing.line(path, YOURS, arrow=True, width=3)
    drawing.legend(
        426,
        (ON, "the agent calls a tool of yours"),
        (ON, "the session waits, and names the call"),
        (YOURS, "your process answers that call, once"),
        (ON, "the agent goes on"),
    )
    return drawing


def bank_or_store() -> Drawing:
    """04: two columns, four questions."""
    drawing = Drawing(
        404,
        "A bank and a memory store",
        "Two columns with four rows. A bank lies in a database of your process; your process searches "
        "it, by meaning; whoever your code lets may read it; an update leaves the new text beside the "
        "old one. A memory store lies in text files that the service keeps; the agent searches it by "
        "word, with a grep of its own; every session that mounts it may read it; an update leaves a "
        "version with its author.",
    )
    small_map(drawing, ["memory store", "/mnt/memory"], ["your bank"])
    drawing.box(186, 106, 292, 40, "bank, in your process", YOURS, size=16)
    drawing.box(490, 106, 292, 40, "memory store, at the service", ON, size=16)
    rows = (
        ("Where is the text?", "in a database of yours", "in files that the service keeps"),
        ("Who searches?", "your process, by meaning", "the agent, by word: its own grep"),
        ("Who may read?", "whoever your code lets", "every session that mounts it"),
        ("What does an\nupdate leave?", "the new text beside the old", "a version, with its author"),
    )
    for number, (question, bank, store) in enumerate(rows):
        y = 156 + number * 60
        for line, words in enumerate(question.split("\n")):
            drawing.text(26, y + 31 + line * 18 - 9 * question.count("\n"), words, bold=True)
        drawing.box(186, y, 292, 50, bank, YOURS)
        drawing.box(490, y, 292, 50, store, ON)
    return drawing


def three_followers() -> Drawing:
    """05: one turn as a bar; a pipe, ticks and a doorbell."""
    drawing = Drawing(
        436,
        "One turn, followed in three ways",
        "One turn is a bar on a time axis, with events on it and a long silent stretch in its middle. "
        "Below, three ways to follow it. A stream is an open pipe: each event arrives when it happens. "
        "Polling is a row of ticks: events arrive at the next tick, so the end is seen late. A webhook "
        "is a doorbell: it rings when the turn has ended, says no more, and you read the session.",
    )
    small_map(drawing, ["session", "event log"], ["your program"])
    start, end = 150, 640
    events = (160, 176, 190, 222, 240, 256, 500, 520, 548, 566, 600, 638)
    drawing.text(26, 140, "one turn", bold=True)
    drawing.box(start, 116, end - start, 40, kind=ON)
    drawing.hatch(268, 116, 222, 40)
    drawing.box(318, 124, 122, 24, "a tool runs, silent", "place", size=13)
    for x in events:
        drawing.line(f"M{x} 122V150", ON, width=3)
    drawing.text(650, 140, "idle", ON, bold=True)
    drawing.line(f"M{end} 158V388", OFF, dashed=True)
    for y, name, what in (
        (190, "stream", "an open pipe"),
        (258, "poll", "ask now and then"),
        (326, "webhook", "a doorbell"),
    ):
        drawing.text(26, y + 18, name, bold=True)
        drawing.text(26, y + 36, what, OFF, size=13)
    drawing.box(start, 196, end - start, 30, kind=YOURS)
    for x in events:
        drawing.line(f"M{x} 202V220", YOURS, width=3)
    drawing.text(650, 216, "at once", size=13)
    drawing.line(f"M{start} 280H700", OFF)
    for x in range(start, 701, 91):
        drawing.line(f"M{x} 264V296", YOURS, width=4)
    drawing.line("M640 306H694", YOURS, arrow=True)
    drawing.text(712, 285, "late", "yours", size=13, bold=True)
    drawing.line(f"M{start} 352H{end - 4}", OFF, dashed=True)
    drawing.text(380, 344, "nothing is asked, nothing is held open", OFF, size=13, middle=True)
    drawing.line("M646 362H674M650 360C650 338 670 338 670 360M657 366H663", YOURS, width=3)
    drawing.text(682, 350, "it rings:", size=13)
    drawing.text(682, 367, "now read it", size=13)
    drawing.line("M150 396H770", OFF, arrow=True)
    drawing.text(720, 416, "time", OFF, size=13)
    return drawing


def claim_and_code() -> Drawing:
    """07: a claim, the document and the code, and the three ways to check."""
    drawing = Drawing(
        414,
        "A claim, a document, and the code that runs",
        "A triangle of three things: a document, a claim and the code. The agent reads the document and the "
        "code, and makes a claim, with path, line and quote (1). The arrow from the document to the code is "
        "dashed: nothing keeps it up to date (2). Your process looks whether the quote "
        "exists in the code (3). It runs the code and looks whether the line takes part (4). The event log "
        "says whether the agent had read the file before it made the claim (5).",
    )
    folders = ["/mnt/session/uploads", "/mnt/user", "/mnt/session/outputs"]
    small_map(drawing, ["agent", "environment", "session", "event log", *folders], ["your program"])
    drawing.box(40, 120, 200, 62, "document\ndated and signed", ON)
    drawing.box(560, 120, 200, 62, "code\nthat runs", ON)
    drawing.box(290, 224, 220, 62, "claim\npath, line, quote", ON)
    drawing.line("M242 151H556", OFF, arrow=True, dashed=True, width=3)
    drawing.number(400, 151, 2)
    drawing.line("M140 184V255H286", ON, arrow=True, width=3)
    drawing.line("M600 184V238H514", ON, arrow=True, width=3)
    drawing.number(140, 220, 1)
    drawing.number(600, 211, 1)
    drawing.line("M512 256H650V186", YOURS, arrow=True, width=3)
    drawing.number(650, 232, 3, YOURS)
    drawing.line("M512 274H710V186", YOURS, arrow=True, width=3)
    drawing.number(710, 232, 4, YOURS)
    drawing.box(40, 254, 90, 32, "event log", ON, size=13)
    drawing.line("M132 276H286", YOURS, arrow=True, width=3)
    drawing.number(208, 276, 5, YOURS)
    drawing.legend(
        316,
        (ON, "the agent reads, and claims"),
        (ON, "may be out of date"),
        (YOURS, "does the quote exist?"),
        (YOURS, "does the line take part?"),
        (YOURS, "was it read before?"),
    )
    drawing.text(16, 402, "grey above: not in this lesson", OFF, size=13)
    return drawing


def one_door() -> Drawing:
    """06: a line with one door; who writes left and right of it."""
    drawing = Drawing(
        480,
        "A forge on your side of the line",
        "A line from top to bottom with one door in it. Right of the line is the container, where the "
        "agent writes code and notes as it likes. Left of it, in your process, is the forge: pull "
        "requests, checks with hidden cases, the review, and main. The agent calls a tool (1), which is "
        "the one door. The forge runs the checks in a process of its own (2), the reviewer approves one "
        "head (3), and that head, no other, becomes main (4). What lies in the container decides nothing "
        "(5).",
    )
    small_map(drawing, ["session", "/mnt/user"], ["your tools", "your program"])
    drawing.box(16, 112, 470, 262, kind="place")
    drawing.text(30, 134, "your process: the forge", bold=True)
    drawing.box(566, 112, 218, 262, kind="place")
    drawing.text(580, 134, "the container", bold=True)
    drawing.line("M526 106V206", OFF, width=4)
    drawing.line("M526 262V380", OFF, width=4)
    drawing.box(492, 212, 68, 44, "six tools", YOURS, size=13)
    drawing.box(580, 206, 190, 56, "the agent's code", ON)
    drawing.box(580, 300, 190, 56, 'notes, "approved",\nchanged tests', ON, size=13)
    drawing.box(330, 206, 132, 56, "pull request\nwith a head", YOURS)
    drawing.box(164, 150, 134, 56, "checks\nand hidden cases", YOURS, size=12.5, dashed=True)
    drawing.box(182, 290, 116, 56, "reviewer", YOURS)
    drawing.box(32, 206, 100, 56, "main", YOURS, size=16)
    drawing.line("M578 234H564", ON, arrow=True, width=3)
    drawing.line("M490 234H466", ON, arrow=True, width=3)
    drawing.number(578, 190, 1, ON)
    drawing.line("M372 204V178H302", YOURS, arrow=True)
    drawing.number(346, 162, 2, YOURS)
    drawing.line("M372 264V318H302", YOURS, arrow=True)
    drawing.number(346, 336, 3, YOURS)
    drawing.line("M328 234H136", YOURS, arrow=True, width=3)
    drawing.number(232, 234, 4, YOURS)
    drawing.line("M578 328H536", OFF, arrow=True, dashed=True)
    drawing.number(578, 284, 5, ON)
    drawing.legend(
        400,
        (ON, "the agent asks, by six tools"),
        (YOURS, "checks run in a process of their own"),
        (YOURS, "an approval is for one head"),
        (YOURS, "that head becomes main, once"),
        (ON, "what lies in the container decides nothing"),
    )
    return drawing


def control_desk() -> Drawing:
    """09: four questions of whoever operates, and where each answer is."""
    drawing = Drawing(
        372,
        "Four questions of whoever operates an agent",
        "Four columns, each with a question of your program and the place at the service that has the "
        "answer. Whose credential (1): the vaults that a session was created with. Did it work (2): the "
        "calls and errors in the event log, not the stop reason. How much (3): the session's budget, at "
        "which it is parked. What is left (4): the metadata of all that has not been archived.",
    )
    small_map(drawing, ["agent", "session", "event log", "vault"], ["your program"])
    drawing.text(26, 122, "your program asks", bold=True)
    drawing.text(26, 217, "answers", bold=True)
    columns = (
        ("Whose\ncredential?", "the session's\nvaults"),
        ("Did it work?", "event log:\ncalls and errors"),
        ("How much?", "budget\nof the session"),
        ("What is left?", "metadata of what\nis not archived"),
    )
    for number, (question, place) in enumerate(columns):
        x = 26 + number * 190
        drawing.box(x, 134, 176, 50, question, YOURS, size=15)
        drawing.box(x, 226, 176, 56, place, ON)
        drawing.line(f"M{x + 88} 186V223", YOURS, arrow=True, width=3)
        drawing.number(x + 108, 203, number + 1, YOURS)
    drawing.legend(
        318,
        (YOURS, "a session gets the vaults of one customer"),
        (YOURS, "read what happened, not how it ended"),
        (YOURS, "at the cap the session is parked"),
        (YOURS, "a mark of yours finds what is left"),
    )
    return drawing


def the_gate() -> Drawing:
    """08: a policy in code, an inbox with a clock, and the way back."""
    drawing = Drawing(
        436,
        "The gate: what an agent decides, and what a person does",
        "The agent, at the service, approves a receipt (1). Each approval goes through the policy, which is "
        "code in your process. What the policy allows is paid (2). What it refuses goes back to the agent as "
        "an error with the reason (3). What the agent escalates waits in an inbox with a clock, in a "
        "file that outlives the process (4). A person decides later (5), and a yes is paid. From the inbox "
        "another process sends the answer to the agent (6). If the clock runs out first, the answer is no.",
    )
    small_map(drawing, ["agent", "session"], ["your program", "your tools"])
    drawing.text(26, 124, "the service", bold=True)
    drawing.text(250, 124, "your side", bold=True)
    drawing.box(26, 138, 150, 180, "agent", ON, size=16)
    drawing.box(300, 138, 170, 60, "policy, in code", YOURS, size=15)
    drawing.box(620, 138, 154, 60, "paid", YOURS, size=15)
    drawing.line("M178 154H296", ON, arrow=True, width=3)
    drawing.number(236, 154, 1)
    drawing.line("M296 184H180", YOURS, arrow=True, width=3)
    drawing.number(236, 184, 3, YOURS)
    drawing.line("M472 168H616", YOURS, arrow=True, width=3)
    drawing.number(544, 168, 2, YOURS)
    drawing.box(300, 222, 170, 56, "inbox, in a file", YOURS, size=15)
    drawing.line("M178 250H296", ON, arrow=True, width=3)
    drawing.number(236, 250, 4)
    drawing.box(620, 222, 154, 56, "a person, later", YOURS, size=15)
    drawing.line("M472 250H616", YOURS, arrow=True, width=3)
    drawing.number(544, 250, 5, YOURS)
    drawing.line("M502 214A12 12 0 1 1 501.9 214M502 226V218M502 226H508", OFF, width=2)
    drawing.line("M697 220V202", YOURS, arrow=True, width=2)
    drawing.text(707, 214, "a yes", size=13)
    drawing.line("M385 280V306H180", YOURS, arrow=True, width=3)
    drawing.number(280, 306, 6, YOURS)
    drawing.text(300, 332, "silence: when the time is up, the answer is no", OFF, size=13)
    drawing.legend(
        354,
        (ON, "the agent approves"),
        (YOURS, "the policy allows it: paid"),
        (YOURS, "it refuses, and says why"),
        (ON, "the agent escalates"),
        (YOURS, "a person decides, an hour later"),
        (YOURS, "another process sends the answer"),
    )
    return drawing


def versions_and_pins() -> Drawing:
    """10: an agent's versions as a stack, and who has which."""
    drawing = Drawing(
        460,
        "Versions of an agent, and who has which",
        "An agent's versions are a stack: version 1 with the first text, version 2 with the new text, and on "
        "top the newest, which says again what version 1 said. In your process, a caller that pins names "
        "version 1 and gets it (1). A caller with the bare id gets what is on top (2). At the service, a "
        "session that began under version 2 keeps it (3), and so does a roster that was saved then (4). "
        "Going back puts the first text on top once more (5).",
    )
    small_map(drawing, ["agent", "session"], ["your program", "your tools"])
    drawing.text(26, 122, "your process", bold=True)
    drawing.text(268, 122, "the agent's versions", bold=True)
    drawing.text(566, 122, "at the service", bold=True)
    for y, text, kind in ((134, "the newest\nfirst text again", ON), (208, "version 2\nnew text", ON),
                          (282, "version 1\nfirst text", ON)):  # fmt: skip
        drawing.box(268, y, 218, 60, text, kind, size=14.5)
    drawing.box(26, 134, 158, 60, "a caller with\nthe bare id", YOURS)
    drawing.box(26, 282, 158, 60, "a caller that pins\nversion 1", YOURS)
    drawing.box(566, 170, 208, 52, "a session that began\nunder version 2", ON)
    drawing.box(566, 254, 208, 52, "a roster that was saved\nunder version 2", ON)
    drawing.line("M186 312H264", YOURS, arrow=True, width=3)
    drawing.number(224, 296, 1, YOURS)
    drawing.line("M186 164H264", YOURS, arrow=True, dashed=True, width=3)
    drawing.number(224, 148, 2, YOURS)
    drawing.line("M564 196H526V226H490", ON, arrow=True, width=3)
    drawing.number(544, 180, 3)
    drawing.line("M564 280H526V250H490", ON, arrow=True, width=3)
    drawing.number(544, 297, 4)
    drawing.line("M300 280C226 280 226 200 296 196", YOURS, arrow=True, width=3)
    drawing.number(242, 238, 5, YOURS)
    drawing.legend(
        372,
        (YOURS, "a pin names its version"),
        (YOURS, "a bare id gets the newest"),
        (ON, "a session keeps the one it began with"),
        (ON, "a roster keeps the one it was saved with"),
        (YOURS, "going back: the first text is saved again"),
    )
    return drawing


def under_test() -> Drawing:
    """11: the program as it is, between a test and a recording."""
    drawing = Drawing(
        404,
        "A program under test, and what plays the service",
        "A test calls your program, which is not changed (1). The program talks to a replay server on this "
        "machine, because the environment leads it there (2). The server plays a recording, which says what "
        "the agent does and what your program is to answer (3). Between them the wire can be broken on "
        "purpose (4). What your program does otherwise than recorded comes back to the test as a difference "
        "(5). The hosted service is not reached.",
    )
    small_map(drawing, ["session", "event log"], ["your program", "your tools"])
    drawing.box(26, 134, 140, 62, "test", YOURS, size=16)
    drawing.box(250, 134, 170, 62, "your program\nunchanged", YOURS)
    drawing.box(578, 134, 196, 62, "replay server\non this machine", ON)
    drawing.box(578, 236, 196, 42, "recording", ON)
    drawing.line("M168 165H246", YOURS, arrow=True, width=3)
    drawing.number(206, 148, 1, YOURS)
    drawing.line("M422 152H574", YOURS, arrow=True, width=3)
    drawing.number(452, 136, 2, YOURS)
    drawing.line("M576 178H424", ON, arrow=True, width=3)
    drawing.line("M676 234V200", ON, arrow=True, width=3)
    drawing.number(696, 217, 3, ON)
    drawing.hatch(484, 140, 30, 50)
    drawing.number(499, 128, 4, YOURS)
    drawing.line("M576 257H96V200", YOURS, arrow=True, width=3)
    drawing.number(320, 257, 5, YOURS)
    drawing.text(338, 248, "the difference", "yours", size=13, bold=True)
    drawing.legend(
        312,
        (YOURS, "the test calls your program"),
        (YOURS, "the environment leads it to the replay server"),
        (ON, "the recording says what the agent does"),
        (YOURS, "here the wire breaks, if you say so"),
        (YOURS, "what was done otherwise fails the test"),
    )
    drawing.text(420, 374, "the hosted service is not reached", OFF, size=13)
    return drawing


PICTURES: dict[str, Callable[[], Drawing]] = {
    "00_one_turn": one_turn,
    "01_two_shelves": two_shelves,
    "02_memory": two_sessions,
    "03_bounce": the_bounce,
    "04_bank_or_store": bank_or_store,
    "05_three_ways": three_followers,
    "07_claim_and_code": claim_and_code,
    "06_one_door": one_door,
    "08_gate": the_gate,
    "09_operate": control_desk,
    "10_versions": versions_and_pins,
    "11_under_test": under_test,
}


def path_of(name: str) -> Path:
    return IMAGES / f"{name}.svg"


def markdown(name: str) -> str:
    """The line with which a notebook in notebooks/ shows a picture."""
    return f"![{PICTURES[name]().description}](images/{name}.svg)"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m utilities.course.maps", description=__doc__)
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--write", action="store_true", help="draw them all anew")
    task.add_argument("--alt", metavar="NN", help="print the Markdown that shows those whose name begins so")
    options = parser.parse_args(argv)
    if options.write:
        for name, draw in PICTURES.items():
            path_of(name).write_text(draw().svg(), "utf-8")
        return 0
    found = [name for name in PICTURES if name.startswith(options.alt)]
    if not found:
        print(f"there is no picture {options.alt}", file=sys.stderr)
        return 2
    print("\n".join(map(markdown, found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
