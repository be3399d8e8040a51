"""The control of lesson 07: the same kind of task, about a repository whose description is right."""

FERRY_TASK = (
    "ferry.zip in /mnt/session/uploads is the repository of a ferry. Unpack it into /mnt/user/ferry. "
    "Which lines decide what fare([40, 9]) returns? adult: the line that says what an adult pays. "
    "child: the line that says which part of it a child pays. rounding: the line that rounds the fare. "
    "Write /mnt/session/outputs/answer.json: a list with an object for each of the three, with question "
    "(its name), claim (a sentence), path (from the repository's root), line (its number) and quote (that "
    "line, without indentation)."
)
