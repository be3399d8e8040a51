"""A session whose agent thinks and then talks for a while: what has previews."""

from tests.kit.recordings import Script

TEXT = "I looked at both files, and the second one has the mistake: a plus for a minus.\n\nMended."


def talking() -> Script:
    """The agent thinks for four seconds, then talks for ten."""
    script = Script("talking")
    script.message("go")
    start = script.event("span.model_request_start")
    script.event("agent.thinking", after=4.0)
    script.say(TEXT, after=10.0)
    usage = {"input_tokens": 1, "output_tokens": 2}
    usage |= {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "speed": None}
    script.event("span.model_request_end", model_request_start_id=start, is_error=False, model_usage=usage)
    script.idle()
    return script
