"""A room of people on one server: `python -m utilities.room`, on the teacher's machine.

Each learner has a workspace of their own on it, to which two variables lead: `ANTHROPIC_BASE_URL`, and
`ANTHROPIC_API_KEY`, which is the room's key, a colon and a name. Everything there is played from recordings,
as in a server of one's own.

`workspaces`: a server behind each name · `room_server`: those on a socket, with the board and the course's
pages · `reports`: what a check may tell the board (`utilities.course.reporting` sends it) · `board`: what of
that the teacher sees · `board_app`, `board.html`: its page.
"""
