"""Take each guard of the helpers away, one at a time, and see which test notices.

    python -m tests.project.guards           # make guards: prints a table; exit code 1 if one goes unnoticed
    python -m tests.project.guards settle    # only those whose row has this word, in its file or its words

A guard that no test misses is either not needed or not tested. Works on copies of the tree, two at a time.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.kit.places import ROOT

PATIENCE = 180  # seconds; a helper without its guard may well wait for ever
PLAIN = [
    "-o",
    "addopts=",
    *(f"-pno:{plugin}" for plugin in ("nbmake", "xdist", "hypothesispytest", "cacheprovider")),
]


@dataclass(frozen=True)
class Guard:
    """What it protects from, and the edit that takes it away; `file` is below utilities/."""

    protects: str
    file: str
    old: str
    new: str
    only: str = ""  # pytest's -k, to be quick


GUARDS = [
    Guard("an idle left over from the turn before", "turn/protocol.py", "elif self._queued and not self._flushed:", "elif False:", "before_our or left_over"),
    Guard("a queue that the service dropped", "turn/protocol.py", "elif self._queued and not self._flushed:", "elif self._queued:", "drops_its_queue"),
    Guard("an event that comes twice", "turn/protocol.py", "if id in self.seen:\n                return False", "if id in self.seen:\n                pass", "repeated or once"),
    Guard("a client event that comes queued, then stamped", "turn/protocol.py", "        if is_queued(event):\n            return False\n        id", "        id", "repeated"),
    Guard("a requires_action that was answered long ago", "turn/protocol.py", "return id not in self._answered and", "return", "judged or window or once"),
    Guard("a stop reason nobody has heard of", "turn/protocol.py", "            self.finish(reason, idle=event)", "            self.finish(reason, idle=event) if reason in ('end_turn', 'retries_exhausted', 'budget_reached', 'refusal') else None", "every_stop_reason"),
    Guard("another thread's idle", "turn/protocol.py", 'elif event.type == "session.status_idle":', 'elif event.type.endswith("status_idle"):', "another_threads"),
    Guard("the session's end", "turn/protocol.py", 'self.finish("terminated")', "pass", "last_word"),
    Guard("a deleted session", "turn/protocol.py", 'self.finish("deleted")', "pass", "end_of_the_session"),
    Guard("a history that goes back to the first turn", "turn/history.py", "if self._goes_on and not self._runs and not self._seen and is_end(event):", "if False:", "taken_over_is_read_once"),
    Guard("events that came while the stream was down", "turn/stream.py", "return (yield self.ask_history())", "return []", "breaks_anywhere"),
    Guard("a stream that breaks in the middle", "turn/retry.py", "isinstance(error, StreamEnded | httpx2.TransportError | anthropic.APIConnectionError)", "isinstance(error, StreamEnded)", "breaks_anywhere and drop"),
    Guard("a stream that ends too early", "turn/retry.py", "isinstance(error, StreamEnded | httpx2", "isinstance(error, httpx2", "breaks_anywhere and end"),
    Guard("sending before the stream is open", "turn/stream.py", '        yield self.ask("events.stream")\n        if not self.started:\n            return (yield from self.begin())\n', '        if not self.started:\n            events = yield from self.begin()\n            yield self.ask("events.stream")\n            return events\n        yield self.ask("events.stream")\n', "before_the_message_is_sent"),
    Guard("a message whose response was lost", "turn/plan.py", "if not any(says(event, self.opening) for event in events):", "if True:", "lost_response"),
    Guard("the same message of an earlier turn", "turn/plan.py", "events = yield self.ask_history(self.newest)", "events = yield self.ask_history()", "mistaken"),
    Guard("a POST that the SDK repeats by itself", "turn/drive.py", "client.with_options(max_retries=0)", "client", "lost_response"),
    Guard("a service that stays busy", "turn/plan.py", "self.failures > self.retries or pause", "pause", "stays_busy"),
    Guard("a wait beyond the deadline", "turn/plan.py", " or pause >= self.left())", ")", "longer_than"),
    Guard("what the service asks for", "turn/retry.py", "return max(0.0, asked) if math.isfinite(asked) else None", "pass", "asks_for or wants_to_be"),
    Guard("events that were read while somebody else answered", "turn/plan.py", "            yield from (action for action in actions if isinstance(action, Show))\n", "", "somebody_else"),
    Guard("a status that cannot be seen for a moment", "turn/settle.py", "FAILED = (APIError, httpx2.TransportError)", "FAILED = (ZeroDivisionError,)", "busy_service or outlast"),
    Guard("a look that is never answered", "turn/settle.py", "in_time(left, look)", "look()", "look_that_drips"),
    Guard("a tool that runs again after a lost send", "turn/plan.py", "fresh = [call for call in wanted.calls if call.id not in answers.keys() | self.undecided]", "fresh = list(wanted.calls)", "never_arrived"),
    Guard("an answer that the API has already", "turn/plan.py", "if error.status_code not in REFUSED:", "if True:", "somebody_else"),
    Guard("calls that nobody here can answer", "turn/plan.py", "return [call.id for call in wanted.calls if call.id not in answers] + wanted.unknown", "return []", "nobody_takes or stays_with"),
    Guard("silence that is a dead connection", "turn/stream.py", "            # Silence: perhaps there is nothing to say, perhaps the connection is dead.\n", "            return []\n", "silence"),
    Guard("a terminal error without a last word", "turn/plan.py", "DOOMED_QUIET if self.turn.doomed else self.quiet", "self.quiet", "without_a_last_word"),
    Guard("a session that vanished while the stream was down", "turn/plan.py", "if self.started and isinstance(error, anthropic.NotFoundError):", "if False:", "deleted_while"),
    Guard("an error of the caller's own function", "turn/drive.py", "if isinstance(step, Show | Run):", "if False:", "on_event"),
    Guard("the deadline", "turn/plan.py", "if remaining <= 0:", "if False:", "deadline"),
    Guard("a poll that reads all of the session", "turn/poll.py", "return since if self.open else max(begun, since)", "return begun", "silent_session"),
    Guard("a poll that begins with the session", "turn/poll.py", "self.mark.begin(self.newest)", "pass", "poll_costs"),
    Guard("a poll that skips events of the newest time", "turn/poll.py", "created_at_gte=since", "created_at_gt=since", "same_time"),
    Guard("an event that is listed late", "turn/poll.py", "else LATE if self.coming else 0.0", "else 0.0", "however_short"),
    Guard("a message that is stamped late", "turn/poll.py", "silent or self.turn.waiting", "silent", "without_its_time"),
    Guard("an end that is listed late", "turn/poll.py", "VERY_LATE if silent or", "VERY_LATE if", "when_there_is_silence"),
    Guard("the turn before, in what is read again", "turn/history.py", "            self.events.clear()\n", "            pass\n", "same_time or listed"),
    Guard("a session that ended behind the polls", "turn/plan.py", 'self.terminated = status == "terminated"', "pass", "archived_meanwhile"),
    Guard("a poll that sleeps over the deadline", "turn/poll.py", 'self.ask("events.list", LAST_LOOK, after', 'self.ask("events.list", 0.0, after', "last_look"),
    Guard("a verdict that waits, and whose response was lost", "turn/poll.py", " or self.unsure or self.rests:", ":", "while_it_waits"),
    Guard("an interval that is none", "turn/poll.py", 'if not 0 < self.interval < float("inf"):', "if False:", "interval_that_is_none"),
    Guard("a tool that raises", "turn/tools.py", "except BaseException as error:", "except ZeroDivisionError as error:", "tool_that_raises or does_not_fit"),
    Guard("a sync tool that exits", "turn/tools.py", "(result_content(result), False)\n    except BaseException", "(result_content(result), False)\n    except Exception", "whatever_a_tool_raises and error1-sync"),
    Guard("an async tool that exits", "turn/tools.py", "else outcome\n    except BaseException", "else outcome\n    except Exception", "whatever_a_tool_raises and error0-async"),
    Guard("a cancelled task inside a tool", "turn/tools.py", "return task is not None and task.cancelling() > 0", "return True", "inner_task"),
    Guard("Ctrl-C while an async tool runs", "turn/tools.py", "isinstance(error, KeyboardInterrupt) and", "False and", "ctrl_c"),
    Guard("a tool that stops the event loop", "turn/tools.py", "self.thread is None or not self.thread.is_alive()", "self.thread is None", "stops_the_event_loop"),
    Guard("a process that forks", "turn/tools.py", 'if hasattr(os, "register_at_fork")', 'if not hasattr(os, "register_at_fork")', "forked"),
    Guard("more tools than anyio has threads", "turn/tools.py", "CapacityLimiter(max(1, len(mine)))", "None", "any_number"),
    Guard("a tool that returns data", "turn/contents.py", "return [text_block(_table(result) or _json(result))]", "return [text_block(result)]", "whatever_a_tool_returns"),
    Guard("a tool that returns a list of data", "turn/contents.py", "if all(map(_is_block, result)):", "if True:", "whatever_a_tool_returns"),
    Guard("a tool that returns a single block", "turn/contents.py", 'and block["type"] in BLOCKS', "and False", "whatever_a_tool_returns"),
    Guard("an agent that cannot tell an error from a result", "turn/tools.py", 'f"{type(error).__name__}: {said}")], True', 'f"{type(error).__name__}: {said}")], False', "tool_that_raises"),
    Guard("tools that run one after another", "turn/tools.py", "results = await asyncio.gather(*(_run(tools[call.name], call.input, threads) for call in mine))", "results = [await _run(tools[call.name], call.input, threads) for call in mine]", "run_together"),
    Guard("a tool of somebody else's", "turn/tools.py", "and call.name in tools]", "]", "stays_with"),
    Guard("a call that is allowed without being asked about", "turn/sending.py", '"allow" if verdict is True', '"allow" if verdict', "verdict_leads"),
    Guard("a verdict that is none", "turn/tools.py", "if not isinstance(verdict, bool | str):", "if False:", "verdict_that_is_none"),
    Guard("an empty reason", "turn/sending.py", "isinstance(verdict, str) and verdict:", "isinstance(verdict, str):", "empty_reason"),
    Guard("a denied call that looks as if it had run", "turn/result.py", 'refused = getattr(self.verdict, "result", None) == "deny"', "refused = False", "told_from_one_that_ran"),
    Guard("a deadline while confirm thinks", "turn/drive.py", 'async with asyncio.timeout(None if seconds == float("inf") else seconds) as deadline:', "async with asyncio.timeout(None) as deadline:", "async_confirm"),
    Guard("a timeout of confirm's own", "turn/drive.py", "                raise  # confirm's own", "                pass", "confirms_own"),
    Guard("a turn before ours that passes for ours", "turn/plan.py", "self.turn.events, self.sent, ", 'self.turn.events, "yes", ', "whether_the_message_was_sent"),
    Guard("a message that may have arrived", "turn/plan.py", 'self.sent = "perhaps"', "pass", "whether_the_message_was_sent"),
    Guard("an end before the session was archived", "turn/plan.py", "        for action in self.turn.feed(*events):", '        if self.terminated:\n            return self.turn.finish("terminated")\n        for action in self.turn.feed(*events):', "archived"),
    Guard("a terminated session that nothing can be sent to", "turn/plan.py", "elif not self.terminated:", "else:", "once_the_session_is_terminated"),
    Guard("a requires_action that names no call", "turn/protocol.py", "elif self._parked is not None and not self._awaited:", "elif False:", "names_no_call"),
    Guard("one that was over long ago", "turn/protocol.py", "self._parked, self._awaited, self._early, self.resting = None, [], [], None", "self._awaited = []", "named_no_call"),
    Guard("an error event without an error", "turn/protocol.py", 'retry = inner(event, "error", "retry_status", "type")', 'retry = getattr(event.error.retry_status, "type", None)', "says_nothing or without_an_error"),
    Guard("an error event without a type", "turn/result.py", "inner(event, 'error', 'type') or 'an error'", "event.error.type", "says_nothing or without_an_error"),
    Guard("a client of the other kind", "turn/drive.py", "if isinstance(client, other):", "if False:", "other_kind"),
    Guard("an async client for a sync wait", "turn/settle.py", "if isinstance(client, AsyncAnthropic):", "if False:", "other_kind"),
    Guard("a sync client for an async wait", "turn/settle.py", "if isinstance(client, Anthropic):", "if False:", "other_kind"),
    Guard("a message that is a single block", "turn/sending.py", "if isinstance(content, Mapping):", "if False:", "message_that_is_none"),
    Guard("a message of something else", "turn/sending.py", 'if not isinstance(block, Mapping) or "type" not in block:', "if False:", "message_that_is_none"),
    Guard("a negative deadline", "turn/plan.py", "if self.timeout is not None and not self.timeout >= 0:", "if False:", "seconds"),
    Guard("no patience with silence", "turn/plan.py", "if not self.quiet > 0:", "if False:", "seconds"),
    Guard("negative patience", "turn/settle.py", "if not seconds >= 0:", "if False:", "seconds"),
    Guard("tools that agents.create does not take", "turn/tools.py", "-> list[BetaManagedAgentsCustomToolParams]:", "-> list[dict[str, Any]]:", "checkers_have_nothing_to_say"),
    Guard("a screen for a failure", "replay/traces.py", "each.__traceback__ = _theirs(each.__traceback__)", "pass", "raises_is_a_screen"),
    Guard("what a program does where we call it", "replay/traces.py", "or handed_over and _is_installed(file)", "or handed_over", "raises_where_we_call"),
    Guard("an export during the race", "replay/export.py", "wait_for_idle_status(client, session_id, timeout=patience)", "pass", "as_soon_as"),
    Guard("a recording that can't be played", "replay/export.py", "        Recording.load(part)\n", "", "left_behind"),
    Guard("a part of a recording", "replay/export.py", "part.unlink(missing_ok=True)", "pass", "left_behind"),
    Guard("an export without a key", "replay/export.py", "if not (client.api_key or client.auth_token or client.credentials):", "if False:", "without_a_key"),
    Guard("an agent that speaks for the user", "show/printing.py", '        line = hang(f"{entry.who}: ", entry_text(entry))', "        line = entry_text(entry)", "nobody_can_speak"),
    Guard("a result that may still come", "show/transcript.py", 'self._state in ("running", "rescheduled")', "False", "may_still_come"),
    Guard("ten updates a second", "show/live.py", "if self._clock() >= self._next:", "if True:", "ten_times"),
    Guard("the last state of a cell", "show/live.py", "                self._output.before_the_cell_ends(self.close)", "                pass", "last_state_however"),
    Guard("a preview that its event replaces", "show/live.py", "            self._writing.pop(id, None)", "            pass", "takes_its_place"),
    Guard("a text that is drawn right to left", "show/untrusted.py", "\\u2028-\\u202e", "\\u2028-\\u2029", "characters_that_act"),
    Guard("outlines that merge to a black block", "show/timeline.py", "if len(bars) > MANY", "if False", "outlines_would_be"),
    Guard("the archive race", "turn/settle.py", 'SETTLED = ("idle", "terminated")', 'SETTLED = ("idle", "terminated", "running")', "archive_right or goes_on_running"),
    Guard("what is listed a moment after the end", "turn/poll.py", "            events = yield self._ask_new(LATE)\n", "            return result\n", "listed_after_the_end"),
    Guard("a stream that opens, and no more", "turn/plan.py", "if len(self.turn.seen) > known:", "if True:", "opens_and_breaks"),
    Guard("a table", "turn/contents.py", "return [text_block(_table(result) or _json(result))]", "return [text_block(_json(list(result)))]", "nothing_loses"),
    Guard("a named tuple", "turn/contents.py", 'and not hasattr(value, "_asdict")', "", "nothing_loses"),
    Guard("what cannot be written down", "turn/contents.py", "if isinstance(value, IOBase | ModuleType | BuiltinFunctionType | type) or NAMELESS.fullmatch(text):", "if False:", "cannot_be_written"),
    Guard("a bug that only the agent hears of", "turn/tools.py", '    log.warning("the tool %s failed; the agent is told", tool.name, exc_info=error)\n', "", "traceback_of_a_bug"),
    Guard("a timeout in a worker process", "turn/result.py", "arguments = (self.session_id, self.seconds, self.events, self.sent, self.open_runs)", "arguments = self.args", "comes_back_whole"),
    Guard("an error in a worker process", "turn/result.py", "return type(self), (self.result,), self.__dict__", "return type(self), self.args, self.__dict__", "comes_back_whole"),
    Guard("a history of several turns", "turn/history.py", "return events[begin:]", "return events", "where_a_turn_begins"),
    Guard("a response that drips, for sync callers", "turn/timing.py", "return future.result(seconds)", "return future.result()", "drips or never_begins"),
    Guard("a response that drips, for async callers", "turn/timing.py", "asyncio.timeout(seconds)", "asyncio.timeout(None)", "drips"),
    Guard("pages that lead back to themselves, or to nothing", "turn/reading.py", "if cursor in self._cursors or self._barren >= MAX_BARREN:", "if False:", "pages_without_an_end"),
    Guard("JSON that is none", "turn/reading.py", "except (json.JSONDecodeError, UnicodeDecodeError, RecursionError, httpx2.DecodingError) as error:", "except ZeroDivisionError as error:", "cannot_be_read"),
    Guard("a text in the place of a list", "turn/reading.py", 'if error.name != "_set_private_attributes":', "if True:", "cannot_be_read"),
    Guard("a reply without its events", "turn/reading.py", """if "data" not in getattr(reply, "model_fields_set", ()) or not isinstance(events, list | None):""", "if False:", "cannot_be_read"),
    Guard("a reply that accepts nothing", "turn/reading.py", 'if what == "events.send" and not events:', "if False:", "what_was_accepted"),
    Guard("a status that is none", "turn/reading.py", 'if what == "retrieve" and', "if False and", "status_that_is_none"),
    Guard("an event without a type", "turn/reading.py", 'if not isinstance(getattr(event, "type", None), str):', "if False:", "no_event or cannot_be_read"),
    Guard("an event whose id is none", "turn/reading.py", 'if not (id is None or isinstance(id, str) and id.isprintable()):', "if False:", "cannot_be_read"),
    Guard("a wait of no number", "turn/retry.py", "if math.isfinite(asked) else None", "", "for_nothing_or_for_ever"),
    Guard("a wait of nothing", "turn/retry.py", "return max(asked, floor)", "return asked", "for_nothing_or_for_ever"),
    Guard("a stream that others share", "turn/drive.py", 'and response.http_version.startswith("HTTP/1")', "", "cuts_no_others"),
    Guard("an event loop of another kind", "turn/drive.py", "            asyncio.get_running_loop()\n", "            pass\n", "another_event_loop"),
    Guard("a message that was refused", "turn/plan.py", 'self.sent = "no" if is_refusal(error) else "perhaps"', "pass", "refused_did_not_arrive"),
    Guard("an answer whose call is not known yet", "turn/plan.py", 'if "does not match" in str(error) and self.refusals < len(LOOKS):', "if False:", "not_known_everywhere"),
    Guard("one bad answer among others", "turn/plan.py", "if len(batch) > 1:", "if False:", "one_bad_result"),
    Guard("a result that is refused for good", "turn/plan.py", "if excuse is None:", "if True:", "refused_for_good"),
    Guard("a refusal of everything", "turn/plan.py", " if first is error else None", "", "refusal_of_everything"),
    Guard("the refusal of the answer, not of the excuse", "turn/plan.py", "raise first", "raise error", "answers_own_refusal"),
    Guard("a reason that is refused", "turn/tools.py", 'if "deny_message" in answer:', "if False:", "reason_that_is_refused"),
    Guard("a call of another agent's thread", "turn/protocol.py", "            self._early.append(event.id)", "            pass", "session_that_runs_again"),
    Guard("calls of a thread while others run", "turn/protocol.py", 'elif event.type == "session.thread_status_idle" and self._busy:', "elif False:", "another_thread_to_be_done"),
    Guard("calls that come together, in a session of one thread", "turn/protocol.py", '"session.thread_status_idle" and self._busy:', '"session.thread_status_idle":', "waits_for_the_others"),
    Guard("a question that nobody here decides", "turn/plan.py", "answers.keys() | self.undecided]", "answers]", "is_asked_once"),
    Guard("a thread's call that may wait", "turn/plan.py", "if not wanted.parked:", "if False:", "is_asked_once"),
    Guard("a thread that has ended", "turn/protocol.py", "            self._ended.add(thread)", "            pass", "thread_that_has_ended"),
    Guard("a call that is named before it is there", "turn/plan.py", "if 0 < self.missed <= len(LOOKS):", "if False:", "before_it_is_there"),
    Guard("a call that is named three times", "turn/meaning.py", "list(dict.fromkeys(id for id in ids if isinstance(id, str)))", "[id for id in ids if isinstance(id, str)]", "names_three_times"),
    Guard("ids that are none", "turn/meaning.py", "if isinstance(ids, list) else []", "if ids else []", "names_no_ids"),
    Guard("an input that is no object", "turn/tools.py", "if not isinstance(arguments, dict):", "if False:", "input_is_no_object"),
    Guard("a name that is none", "turn/tools.py", "isinstance(call.name, str) and call.name in tools", "call.name in tools", "without_a_name"),
    Guard("a workflow run that is running", "turn/protocol.py", 'elif reason == "end_turn" and self.wait_for_runs and self._runs.running:', "elif False:", "holds_up_the_end or run_is_done"),
    Guard("a caller who does not wait for runs", "turn/protocol.py", "self.wait_for_runs and self._runs.running", "self._runs.running", "end_at_once"),
    Guard("a run that goes idle after the session", "turn/protocol.py", 'if event.type == "workflow_run.status_idle" and self.rests:', "if False:", "idle_hold_up_nothing"),
    Guard("an end while a run was running, read back", "turn/history.py", "        if run := run_of(event):\n            self._runs.add(run)", "        if run := None:\n            pass", "where_a_turn_begins"),
    Guard("an agent that says nothing after a run", "turn/plan.py", "if self.settled and self.turn.rests:", "if False:", "nothing_to_say"),
    Guard("an output that is listed late", "turn/outputs.py", "if not missing and (self.outputs or self.expect is not None):", "if True:", "listed_late or expected_file"),
    Guard("a file of the session that is no output", "turn/outputs.py", '[file for file in files if getattr(file, "downloadable", False)]', "list(files)", "copies_of_uploads"),
    Guard("a list of outputs that cannot be had for a moment", "turn/outputs.py", "        except FAILED as error:", "        except ZeroDivisionError as error:", "look_that_fails"),
    Guard("an async client for sync outputs", "turn/outputs.py", "if isinstance(client, AsyncAnthropic):", "if False:", "other_kind"),
    Guard("a sync client for async outputs", "turn/outputs.py", "if isinstance(client, Anthropic):", "if False:", "other_kind"),
    Guard("a webhook that nobody has signed", "webhook.py", "unwrap(text, headers=headers, key=last)", "parse_unverified(text)", "what_is_refused"),
    Guard("a signature that is malformed", "webhook.py", "except Exception as error:", "except __import__('standardwebhooks').WebhookVerificationError as error:", "what_is_refused"),
    Guard("two calls for one session at once", "webhook.py", "if session_id not in self._busy:", "if True:", "session_at_a_time"),
    Guard("a webhook handler that raises", "webhook.py", "except BaseException as error:", "except ZeroDivisionError as error:", "handler_raises"),
    Guard("webhooks that a killed process had accepted", "webhook.py", "in self._inbox.left:", "in ():", "process_was_killed"),
    Guard("a mark that is on everything", "leftovers.py", "if not mark:", "if False:", "empty_mark_is_refused"),
    Guard("a part of a mark", "leftovers.py", "mark.items() <= (resource", "mark.items() & (resource", "has_not_the_whole_mark"),
    Guard("a mark that was taken off", "leftovers.py", "if not _carries(marked, item.mark):", "if False:", "has_lost_its_mark"),
    Guard("a session that waits", "leftovers.py", "if waits and not waiting:", "if False:", "session_that_waits or begins_to_wait"),
    Guard("a status that lags behind its event", "leftovers.py", "return words, reason in WAITS", "return words, session.status == 'idle' and reason in WAITS", "begins_to_wait"),
    Guard("a session that has gone on", "leftovers.py", "if last_event != item.last_event:", "if False:", "gone_on_since or taken_up_yet"),
    Guard("a turn that is long at work", "leftovers.py", 'order="desc", limit=5)', 'order="desc", types=STATUS, limit=5)', "long_is_a_sign"),
    Guard("what somebody else uses", "leftovers.py", "    if still:\n", "    if False:\n", "others_use_stays"),
    Guard("a user that has begun since", "leftovers.py", "users = _users(client)\n                still", "users = [user for user in _users(client) if user.id in item.used_by]\n                still", "used_since_it_was_listed"),
    Guard("a sweep after an error", "leftovers.py", "except Exception as error:", "except ZeroDivisionError as error:", "error_of_one"),
    Guard("what somebody else has ended", "leftovers.py", "except NotFoundError:", "except ZeroDivisionError:", "gone_meanwhile"),
    Guard("a dry run", "leftovers.py", "if not dry_run:", "if True:", "dry_run_says_the_same"),
    Guard("a verdict that stands", "approvals.py", "WHERE id = ? AND verdict IS NULL AND {CURRENT}", "WHERE id = ? AND {CURRENT}", "comes_second"),
    Guard("a double click", "approvals.py", "if (approval.verdict, approval.by) != (verdict, by):", "if True:", "double_click"),
    Guard("facts that have changed", "approvals.py", "SET replaced_by = ? WHERE {SAME_CALL}", "SET replaced_by = ? WHERE 0 AND {SAME_CALL}", "another_amount"),
    Guard("a call of another session", "approvals.py", 'SAME_CALL = "session_id = ? AND call_id = ?"', 'SAME_CALL = "? IS NOT NULL AND call_id = ?"', "one_of_its_session"),
    Guard("a verdict that comes back with its facts", "approvals.py", "*([before.id] if before else [])", "*([] if before else [])", "comes_back"),
    Guard("the clock of a question that is replaced", "approvals.py", "if before and before.until and not ends:", "if False:", "takes_over_its_clock"),
    Guard("what a yes is for", "approvals.py", " and _canonical(facts) == _canonical(self.facts)", "", "its_facts_only"),
    Guard("a call that has its answer", "approvals.py", "raise AlreadyAnswered(before)", "pass", "answered_call"),
    Guard("silence", "approvals.py", "AND {CURRENT} AND until <= ?", "AND {CURRENT} AND 0 AND until <= ?", "silence_is_no"),
    Guard("an answer that never was one", "approvals.py", "if approval.verdict is None or any(", "if any(", "can_have_arrived"),
    Guard("two answers to one call", "approvals.py", "if approval.verdict is None or any(other.sent for other in calls if other.id != id):", "if approval.verdict is None:", "one_answer_that_arrived"),
    Guard("an answer that arrived meanwhile", "approvals.py", "_let_hold(db, approval)  # also", "_one(db, id)  # also", "asked_about_meanwhile"),
    Guard("a replaced question that runs out", "approvals.py", "AND {CURRENT} AND until <= ?", "AND until <= ?", "replaced_while_open"),
    Guard("a name of two lines", "approvals.py", " and by.isprintable()", "", "no_verdict_is_refused"),
    Guard("a text that can't be stored", "approvals.py", "        text.encode()", "        pass", "cannot_be_stored"),
    Guard("who may read the inbox", "approvals.py", "self.path.chmod(0o600)", "pass", "its_owner_may_read"),
    Guard("a program that moves", "approvals.py", "Path(path).absolute()", "Path(path)", "program_moves"),
    Guard("a file that can only be read", "approvals.py", "                self._expire(db)  # a file", "                # a file", "only_be_read"),
    Guard("a full disk", "approvals.py", "if db.in_transaction:  #", "if True:  #", "full_disk"),
    Guard("an answer that has arrived", "approvals.py", 'waiting = f"verdict IS NOT NULL AND sent IS NULL AND', 'waiting = f"verdict IS NOT NULL AND', "until_it_has_arrived"),
]  # fmt: skip


def suites(guard: Guard, tests: Path) -> list[Path]:
    """The test files, wherever they stand, with tests that `only` names: to run few is most of the speed.

    If it names none in full, all those of the guard's room.
    """
    names = [word for word in re.findall(r"\w+", guard.only) if "_" in word]
    files = sorted(tests.rglob("test_*.py"))
    if names:
        tested = re.compile(rf"def test_\w*({'|'.join(names)})")
        if found := [file for file in files if tested.search(file.read_text("utf-8"))]:
            return found
    room = Path(guard.file).with_suffix("").parts[0]
    return [file for file in files if file.relative_to(tests).parts[0] == room]


def missing(guard: Guard, house: Path = ROOT / "utilities") -> str:
    """Why this guard can't be taken away, or nothing."""
    path = house / guard.file
    if not path.is_file():
        return f"NOT FOUND: there is no utilities/{guard.file}"
    return "" if guard.old in path.read_text("utf-8") else f"NOT FOUND: {guard.file} has no {guard.old!r}"


def without(guard: Guard, tree: Path) -> str:
    """What the tests say when the guard is gone."""
    if reason := missing(guard, tree / "utilities"):
        return reason
    path = tree / "utilities" / guard.file
    whole = path.read_text("utf-8")
    path.write_text(whole.replace(guard.old, guard.new), "utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", *PLAIN, "-k", guard.only or "test"]
    command += [str(file.relative_to(tree)) for file in suites(guard, tree / "tests")]
    env = os.environ | {"PYTHONPATH": str(tree)}
    try:
        done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return "hangs"
    finally:
        path.write_text(whole, "utf-8")
    if done.returncode == 0:
        return "UNNOTICED"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED tests", "ERROR tests"))]
    return failed[0].split("::")[-1].split(" - ")[0] if failed else f"pytest says {done.returncode}"


def main(argv: list[str] | None = None) -> int:
    words = sys.argv[1:] if argv is None else argv
    wanted = [g for g in GUARDS if all(word in f"{g.file} {g.protects}" for word in words)]
    bad = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        trees: SimpleQueue[Path] = SimpleQueue()
        for name in ("one", "other"):
            leave = shutil.ignore_patterns(
                ".venv", ".git", "__pycache__", ".*_cache", ".conformance", ".newest-sdk", ".versions"
            )
            trees.put(shutil.copytree(ROOT, Path(folder, name), ignore=leave))

        def verdict_of(guard: Guard) -> str:
            tree = trees.get()
            try:
                return without(guard, tree)
            finally:
                trees.put(tree)

        for guard, verdict in zip(wanted, pool.map(verdict_of, wanted), strict=True):
            bad += verdict.startswith(("UNNOTICED", "NOT FOUND", "pytest"))
            print(f"{guard.protects:<52} {verdict}", flush=True)
    print(f"{len(wanted)} guards, {len(wanted) - bad} noticed")
    return 1 if bad or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
