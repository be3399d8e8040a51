"""The examples of the reference page. A test records each of them, and plays it with the SDK's client."""

from __future__ import annotations

HEAD = """
start = "2026-11-21T09:00:00Z"

[agent]
name = "helper"
model = "claude-sonnet-4-6"

[environment]
name = "helper-env"
"""

# A title, what it is for, and the scenario without its head.
EXAMPLES = (
    (
        "A turn",
        "Built-in calls are executed: what they return is not written here.",
        """
[[turns]]
user = "How many lines?"
[[turns.requests]]
seconds = 1.2
say = "Counting."
[[turns.requests.calls]]
tool = "bash"
seconds = 0.3
input.command = "printf 'a\\\\nb\\\\n' | tee /mnt/session/outputs/lines.txt | wc -l"
[[turns.requests]]
seconds = 0.8
say = "Two."
""",
    ),
    (
        "The client's part",
        "`custom` is a tool of the program's own and `result` its answer, with `is_error = true` if that is an error; "
        "`confirm` is the client's verdict on a call "
        "that asks first.",
        """
[[turns]]
user = "Is order 7 late?"
[[turns.requests]]
seconds = 1.0
calls = [
    { custom = "order_status", seconds = 2.0, input = { order = "7" }, result = "late" },
    { tool = "bash", seconds = 0.2, input = { command = "ls /" }, confirm = "deny", deny_message = "no need" },
]
[[turns.requests]]
seconds = 0.8
say = "It is."
""",
    ),
    (
        "MCP",
        "`server/tool`, with the result by hand. With `confirm` it asks first, as MCP tools do by default.",
        """
[[turns]]
user = "File it."
[[turns.requests]]
seconds = 1.0
[[turns.requests.calls]]
mcp = "tracker/create_issue"
seconds = 0.7
input.title = "Cart is slow"
confirm = "allow"
result = "created: 12"
[[turns.requests]]
seconds = 0.8
say = "It is issue 12."
""",
    ),
    (
        "The web",
        "Searches count in the session's usage and cost; results are by hand.",
        """
[[turns]]
user = "What is new?"
[[turns.requests]]
seconds = 1.0
calls = [
    { tool = "web_search", seconds = 0.9, input = { query = "news" }, result = "1. A page: https://example.com/" },
    { tool = "web_fetch", seconds = 0.4, input = { url = "https://example.com/" }, result = "Nothing new." },
]
[[turns.requests]]
seconds = 0.8
say = "Nothing."
""",
    ),
    (
        "Errors",
        "A `session.error` at its place; with `retry = 'exhausted'` the turn ends there, with `'terminal'` the "
        "session.",
        """
[[turns]]
user = "go"
[[turns.requests]]
seconds = 1.0
say = "Connecting."
[[turns.requests]]
error.type = "mcp_connection_failed_error"
error.message = "no answer from tracker"
error.mcp_server_name = "tracker"
[[turns.requests]]
seconds = 1.0
say = "I'll go on without the tracker."
""",
    ),
    (
        "Refusals and long sessions",
        "A turn that the model refuses; a context that is compacted; a session that is rescheduled and runs on.",
        """
[[turns]]
user = "Read all of it."
[[turns.requests]]
compacted = true
[[turns.requests]]
rescheduled = true
seconds = 30.0
[[turns.requests]]
seconds = 1.0
say = "Read."

[[turns]]
user = "And now the forbidden part."
[[turns.requests]]
refusal = { category = "bio", explanation = "It is forbidden." }
""",
    ),
    (
        "A self-hosted environment",
        "Its worker executes the built-in calls, and sends their results as a client does: nothing else is written.",
        """
[[sessions]]
name = "self_hosted"

[sessions.environment]
name = "mine"
config.type = "self_hosted"

[[sessions.turns]]
user = "What is here?"
[[sessions.turns.requests]]
seconds = 1.0
calls = [{ tool = "bash", seconds = 0.2, input = { command = "pwd" } }]
[[sessions.turns.requests]]
seconds = 0.8
say = "A folder."
""",
    ),
    (
        "Interrupts",
        "Of a call that is open, or between two requests (`[[turns.requests]]` with `interrupt = true`).",
        """
[[turns]]
user = "Wait for it."
[[turns.requests]]
seconds = 1.0
calls = [{ tool = "bash", seconds = 5.0, input = { command = "sleep 600" }, interrupt = true }]
[[turns]]
user = "Never mind, say hello."
[[turns.requests]]
seconds = 0.8
say = "Hello."
""",
    ),
    (
        "Outcomes",
        "The client defines one instead of a message; the grader looks, as often as is written.",
        """
[[turns]]
outcome.description = "a haiku in haiku.txt"
outcome.rubric = "three lines"
[[turns.requests]]
seconds = 1.0
calls = [{ tool = "bash", seconds = 0.2, input = { command = "echo one > /mnt/session/outputs/haiku.txt" } }]
[[turns.requests]]
seconds = 0.8
evaluation = { result = "needs_revision", explanation = "one line, not three", ongoing = 1 }
[[turns.requests]]
seconds = 1.0
calls = [{ tool = "bash", seconds = 0.2, input = { command = "printf '1\\\\n2\\\\n3\\\\n' > /mnt/session/outputs/haiku.txt" } }]
[[turns.requests]]
seconds = 0.8
evaluation = { result = "satisfied", explanation = "three lines" }
""",
    ),
    (
        "Threads",
        "The coordinator delegates, other threads make requests of their own and report. What waits for the client is "
        "in the session's log, the rest of their work in their own.",
        """
[[turns]]
user = "Compare the two."
[[turns.requests]]
seconds = 1.0
say = "One look each."
delegate = [
    { to = "first", agent = "reader", message = "Read the first." },
    { to = "second", agent = "reader", message = "Read the second." },
]
[[turns.requests]]
thread = "first"
seconds = 1.0
calls = [{ custom = "fetch", seconds = 0.5, input = { which = "first" }, result = "a" }]
[[turns.requests]]
thread = "second"
seconds = 0.9
calls = [{ tool = "bash", seconds = 0.2, input = { command = "echo b" } }]
[[turns.requests]]
thread = "second"
seconds = 0.5
report = "It says b."
[[turns.requests]]
thread = "first"
seconds = 0.5
report = "It says a."
[[turns.requests]]
seconds = 1.0
say = "They differ."
""",
    ),
    (
        "The service's verdict",
        "By the policy `auto` the service judges each call: it runs, is refused, or the client is asked.",
        """
[[turns]]
user = "Tidy up."
[[turns.requests]]
seconds = 1.0
calls = [
    { tool = "bash", seconds = 0.2, input = { command = "ls /mnt" }, auto = "allow" },
    { tool = "bash", seconds = 0.1, input = { command = "rm -rf /" }, auto = "deny" },
    { tool = "bash", seconds = 0.2, input = { command = "echo tidy" }, auto = "ask", confirm = "allow" },
]
[[turns.requests]]
seconds = 0.8
say = "Tidied, but for one thing."
""",
    ),
    (
        "Skills",
        "The agent's `skills` says which it has, as for `agents.create`; `[[skills]]` has their files, which it reads in "
        "`/workspace/skills`. Those of a repository are read in its own `.claude/skills`.",
        """
[[skills]]
folder = "skills/notes"

[[turns]]
user = "Write it up."
[[turns.requests]]
seconds = 1.0
calls = [{ tool = "read", seconds = 0.1, input = { file_path = "/workspace/skills/notes/SKILL.md" } }]
[[turns.requests]]
seconds = 1.0
calls = [{ tool = "bash", seconds = 0.2, input = { command = "sh /workspace/skills/notes/scripts/head.sh" } }]
[[turns.requests]]
seconds = 0.8
say = "Written up as the skill says."
""",
    ),
    (
        "Workflow runs and advice",
        "A run from its beginning to its end, with the threads that work in its phases; an advisor that is asked and "
        "says something.",
        """
[[turns]]
user = "Audit it."
[[turns.requests]]
workflow.name = "audit"
[[turns.requests.workflow.phases]]
name = "collect"
[[turns.requests.workflow.phases.threads]]
name = "collector"
agent = "reader"
requests = [
    { seconds = 1.0, calls = [{ tool = "bash", seconds = 0.2, input = { command = "echo 3" } }] },
    { seconds = 0.5, calls = [{ custom = "fetch", seconds = 0.5, input = { which = "b" }, result = "b" }] },
    { seconds = 0.5, say = "Three." },
]
[[turns.requests.workflow.phases]]
name = "check"
[[turns.requests]]
seconds = 2.0
advice = "Look at the dates first."
[[turns.requests]]
seconds = 1.0
say = "Audited."
""",
    ),
    (
        "Files",
        "A turn's own `files` are added before it; `zip` makes a zip file of a folder. Outputs can be of any type and "
        "in folders.",
        """
[[files]]
zip = "notes"
mount_path = "notes.zip"

[[repositories]]
url = "https://github.com/example/notes"
folder = "notes"

[[turns]]
user = "Unpack it."
[[turns.requests]]
seconds = 1.0
[[turns.requests.calls]]
tool = "bash"
seconds = 0.2
input.command = "mkdir /mnt/session/outputs/made; cp session/uploads/notes.zip /mnt/session/outputs/made; ls /workspace/notes"

[[turns]]
user = "And this one."
files = [{ source = "notes/a.txt", mount_path = "more/a.txt" }]
[[turns.requests]]
seconds = 1.0
calls = [{ tool = "read", seconds = 0.1, input = { file_path = "/mnt/session/uploads/more/a.txt" } }]
""",
    ),
    (
        "Several sessions, and a shared opening",
        "In one file, `[[sessions]]`, each with a `name`; the other keys hold for all. From another file: "
        "`extends = 'NAME'`, and with `from_turn = 2` only its first turn.",
        """
[[turns]]
user = "hello"
[[turns.requests]]
seconds = 1.0
say = "Hello."

[[sessions]]
name = "in_english"

[[sessions]]
name = "in_french"
start = "2026-11-21T10:00:00Z"
turns = [{ user = "salut", requests = [{ seconds = 1.0, say = "Salut." }] }]
""",
    ),
)
