"""Polling against the replay server: what is true of the stream is true of it, it reads only what is new,
and a process that dies is replaced by another."""

from __future__ import annotations

from typing import Any

import pytest

from .serving import KINDS, Served
from .test_faults import (  # noqa: F401
    test_a_lost_response_does_not_send_anything_twice,
    test_a_request_that_is_never_answered_is_made_again,
    test_a_rescheduled_session_goes_on,
    test_a_service_that_stays_busy_is_its_own_error,
    test_a_session_error_ends_what_it_says_it_ends,
    test_a_turn_cut_short_has_its_own_outcome,
    test_a_turn_survives_a_busy_service,
    test_a_wait_that_is_longer_than_the_deadline_is_not_begun,
    test_a_window_slides_over_parallel_calls,
    test_requests_that_are_never_answered_do_not_outlast_the_deadline,
)
from .test_stream import (  # noqa: F401
    test_a_call_that_nobody_has_a_tool_for_stays_with_its_owner,
    test_a_confirm_that_raises_allows_nothing,
    test_a_message_that_is_none_is_told,
    test_a_message_that_the_api_refuses_is_its_error,
    test_a_refusal_says_why,
    test_a_requires_action_that_names_no_call_does_not_wait_for_the_deadline,
    test_a_slow_tool_meets_the_deadline_and_can_be_run_again,
    test_a_terminal_error_without_a_last_word_ends_promptly,
    test_a_tool_that_raises_is_an_answer_too,
    test_a_turn_that_was_over_before_the_stream_was_opened,
    test_an_action_that_nobody_takes_is_an_outcome_not_a_hang,
    test_an_answer_that_never_arrived_is_given_again_without_running_the_tool_again,
    test_an_answer_that_somebody_else_gave_first_is_theirs,
    test_an_answer_whose_response_was_lost_is_not_given_twice,
    test_an_error_of_on_event_is_the_callers,
    test_an_undecided_call_is_an_outcome_and_can_be_decided_later,
    test_an_unknown_session_is_the_apis_own_error,
    test_another_threads_idle_is_not_the_sessions,
    test_calls_that_come_together_run_together_and_go_in_one_send,
    test_content_blocks_can_be_the_sdks_own,
    test_every_stop_reason_ends_the_turn_under_its_own_name,
    test_nothing_to_wait_for_is_an_error,
    test_only_the_last_turn_is_returned,
    test_session_errors_are_told_apart,
    test_silence_makes_the_connection_doubtful,
    test_the_deadline_says_what_it_waited_for_and_loses_nothing,
    test_the_end_of_the_session_ends_the_turn,
    test_the_users_verdict_leads_on,
    test_two_tools_of_one_name_are_refused,
    test_unknown_events_are_shown_and_do_no_harm,
)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(autouse=True)
def polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever follows a session in this file does it by polling, the tests that were written for the
    stream among them."""
    monkeypatch.setattr(Served, "way", "poll")
