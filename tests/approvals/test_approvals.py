"""`Approvals`: one question for a call and its facts, the first verdict stands, silence is no, and an answer
is handed out until it has arrived. Its file is in test_approvals_file.py, two processes are in
test_approvals_processes.py."""

from datetime import UTC, datetime, timedelta

import pytest

from utilities.approvals import AlreadyAnswered, AlreadyDecided, Approvals, Replaced

NINE = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY = timedelta(days=1)
FACTS = {"receipt": "R-03", "amount": "189.00"}


class Clock:
    """What time it is, until a test says otherwise."""

    def __init__(self):
        self.now = NINE

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def inbox(tmp_path, clock):
    return Approvals(tmp_path / "inbox.db", clock=clock)


def asked(inbox, call="sevt_1", session="sesn_1", **facts):
    return inbox.ask(session, call, {**FACTS, **facts}, until=NINE + DAY)


# -- asking ---------------------------------------------------------------------------------------------


def test_a_question_is_as_it_was_asked(inbox, clock):
    question = asked(inbox)
    assert (question.session_id, question.call_id, question.facts) == ("sesn_1", "sevt_1", FACTS)
    assert (question.asked, question.until, question.verdict) == (NINE, NINE + DAY, None)
    assert inbox.open() == [question] == [inbox.get(question.id)]


def test_a_call_is_asked_about_once(inbox, clock):
    first = asked(inbox)
    clock.now += timedelta(hours=1)
    again = inbox.ask("sesn_1", "sevt_1", dict(reversed(FACTS.items())), until=NINE + 2 * DAY)
    assert again == first and inbox.open() == [first]


def test_asked_again_it_has_its_verdict(inbox):
    decided = inbox.decide(asked(inbox).id, True, "Mira")
    assert asked(inbox) == decided and not inbox.open()


def test_two_calls_with_the_same_facts_are_two_questions(inbox):
    assert [asked(inbox, call).id for call in ("sevt_1", "sevt_2")] == [q.id for q in inbox.open()]


def test_a_call_is_one_of_its_session(inbox):
    first, other = asked(inbox), asked(inbox, session="sesn_2", amount="198.00")
    assert inbox.open() == [first, other]
    inbox.sent(inbox.decide(first.id, True, "Mira").id)
    assert asked(inbox, session="sesn_2", amount="200.00").verdict is None


def test_it_outlives_its_process(inbox, tmp_path, clock):
    question = asked(inbox)
    assert Approvals(tmp_path / "inbox.db", clock=clock).open() == [question]


@pytest.mark.parametrize("fact", [189.0, ["R-03"], {"R-03"}, b"R-03"])
def test_what_cannot_be_compared_is_no_fact(inbox, fact):
    with pytest.raises(TypeError, match="fact 'amount' is .*: facts are texts, whole numbers and booleans"):
        asked(inbox, amount=fact)


def test_what_is_no_text_or_cannot_be_stored_is_refused(inbox):
    with pytest.raises(TypeError, match="call_id is None, a NoneType, and not a text"):
        asked(inbox, call=None)
    with pytest.raises(TypeError, match="a fact is no text that can be stored: .*surrogates"):
        asked(inbox, vendor="half \ud83d")
    with pytest.raises(TypeError, match="reason is no text that can be stored"):
        inbox.decide(asked(inbox).id, True, "Mira", "half \ud83d")
    assert inbox.open()[0].facts == FACTS


def test_a_number_and_its_text_are_different_facts(inbox):
    assert asked(inbox, amount=189).id != asked(inbox, amount="189").id


# -- other facts ----------------------------------------------------------------------------------------


def test_another_amount_is_another_question(inbox):
    old = asked(inbox)
    new = asked(inbox, amount="198.00")
    assert inbox.open() == [new]
    with pytest.raises(Replaced, match=f"{old.id} is asked no more") as caught:
        inbox.decide(old.id, True, "Mira")
    assert caught.value.id == new.id and inbox.open() == [new]


def test_a_yes_holds_for_its_facts_only(inbox):
    yes = inbox.decide(asked(inbox).id, True, "Mira")
    assert yes.covers(dict(reversed(FACTS.items())))
    assert not yes.covers({**FACTS, "amount": "189.0"})
    assert not yes.covers({"receipt": "R-03"})
    assert not yes.covers({**FACTS, "vendor": "Hotel Adler"})


def test_a_yes_to_the_old_amount_is_no_answer_any_more(inbox):
    inbox.decide(asked(inbox).id, True, "Mira")
    new = asked(inbox, amount="198.00")
    assert not inbox.answers() and inbox.open() == [new]


def test_an_amount_that_comes_back_is_asked_about_anew(inbox):
    """Else a process with old data would bring the old yes back, over the new no."""
    yes = inbox.decide(asked(inbox).id, True, "Mira")
    no = inbox.decide(asked(inbox, amount="1890.00").id, False, "Ben")
    anew = asked(inbox)
    assert (anew.facts, anew.verdict) == (FACTS, None) and inbox.open() == [anew]
    assert len({yes.id, no.id, anew.id}) == 3 and not inbox.answers()
    for old in (yes, no):
        with pytest.raises(Replaced) as caught:
            inbox.decide(old.id, True, "Mira")
        assert caught.value.id == anew.id
    assert inbox.get(yes.id) == yes and inbox.get(no.id) == no  # what was decided can be looked up


def test_a_question_that_replaces_another_takes_over_its_clock(inbox, clock):
    asked(inbox)
    assert inbox.ask("sesn_1", "sevt_1", {"amount": "198.00"}).until == NINE + DAY
    later = inbox.ask("sesn_1", "sevt_1", {"amount": "200.00"}, until=NINE + 2 * DAY)
    assert later.until == NINE + 2 * DAY
    clock.now += 2 * DAY
    over = inbox.ask("sesn_1", "sevt_1", {"amount": "201.00"})
    assert over.text == "denied: nobody decided in time"


def test_an_answered_call_cannot_be_asked_about_other_facts(inbox):
    yes = inbox.decide(asked(inbox).id, True, "Mira")
    inbox.sent(yes.id)
    with pytest.raises(AlreadyAnswered, match="sevt_1 was answered about other facts .approved by Mira."):
        asked(inbox, amount="198.00")
    assert asked(inbox).verdict is True


# -- verdicts -------------------------------------------------------------------------------------------


def test_a_double_click_is_one_verdict(inbox, clock):
    first = inbox.decide(asked(inbox).id, True, "Mira", "fair")
    clock.now += timedelta(seconds=1)
    assert inbox.decide(first.id, True, "Mira") == first
    assert (first.decided, first.text) == (NINE, "approved by Mira: fair")


@pytest.mark.parametrize(("verdict", "by"), [(False, "Ben"), (True, "Ben"), (False, "Mira")])
def test_whoever_comes_second_is_told_what_holds(inbox, verdict, by):
    first = inbox.decide(asked(inbox).id, True, "Mira")
    with pytest.raises(AlreadyDecided, match=f"{first.id} was decided before: approved by Mira") as caught:
        inbox.decide(first.id, verdict, by)
    assert caught.value.approval == first == inbox.get(first.id)


def test_a_no_covers_nothing(inbox):
    no = inbox.decide(asked(inbox).id, False, "Mira", "two bills")
    assert not no.covers(FACTS) and no.text == "denied by Mira: two bills"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("appr_none", True, "Mira"), KeyError),
        (("appr_none", "yes", "Mira"), TypeError),
        (("appr_none", 1, "Mira"), TypeError),
        (("appr_none", True, ""), ValueError),
        (("appr_none", True, "  "), ValueError),
        (("appr_none", True, 7), ValueError),
        (("appr_none", True, "Mira\napproved by the CFO"), ValueError),
        (("appr_none", True, "Mira", None), TypeError),
    ],
)
def test_what_is_no_verdict_is_refused(inbox, arguments, error):
    with pytest.raises(error):
        inbox.decide(*arguments)


# -- silence --------------------------------------------------------------------------------------------


def test_silence_is_no(inbox, clock):
    question = asked(inbox)
    clock.now += DAY
    [over] = inbox.expire()
    assert not inbox.open() and inbox.answers() == [over]
    assert (over.id, over.verdict, over.by, over.decided) == (question.id, False, None, NINE + DAY)
    assert over.text == "denied: nobody decided in time" and not over.covers(FACTS)


def test_a_moment_before_it_is_not_too_late(inbox, clock):
    question = asked(inbox)
    clock.now += DAY - timedelta(microseconds=1)
    assert inbox.decide(question.id, True, "Mira").verdict and not inbox.expire()


def test_a_verdict_that_comes_too_late_changes_nothing(inbox, clock):
    question = asked(inbox)
    clock.now += DAY
    with pytest.raises(AlreadyDecided, match="denied: nobody decided in time"):
        inbox.decide(question.id, True, "Mira")


def test_a_question_without_an_end_waits(inbox, clock):
    question = inbox.ask("sesn_1", "sevt_1", FACTS)
    clock.now += 1000 * DAY
    assert inbox.open() == [question]


def test_what_is_asked_too_late_is_over_at_once(inbox, clock):
    clock.now += 2 * DAY
    assert asked(inbox).text == "denied: nobody decided in time"


def test_times_of_other_zones_are_compared_as_moments(inbox, clock):
    question = inbox.ask("s", "c", FACTS, until=datetime.fromisoformat("2026-11-24T10:30:00+02:00"))
    assert question.verdict is False  # it was half past eight


@pytest.mark.parametrize("where", ["until", "clock"])
def test_a_time_without_a_zone_is_refused(inbox, clock, where):
    naive = datetime(2026, 11, 24, 9)
    clock.now = naive if where == "clock" else NINE
    with pytest.raises(TypeError, match="has no time zone"):
        inbox.ask("s", "c", FACTS, until=naive if where == "until" else None)


# -- answers --------------------------------------------------------------------------------------------


def test_an_answer_is_handed_out_until_it_has_arrived(inbox, clock):
    yes = inbox.decide(asked(inbox).id, True, "Mira")
    assert inbox.answers() == inbox.answers("sesn_1") == [yes] and not inbox.answers("sesn_2")
    clock.now += DAY
    noted = inbox.sent(yes.id)
    clock.now += DAY
    assert inbox.sent(yes.id) == noted and noted.sent == NINE + DAY
    assert not inbox.answers()


def test_only_what_was_decided_can_have_arrived(inbox):
    question = asked(inbox)
    with pytest.raises(ValueError, match="has no verdict that could have been sent"):
        inbox.sent(question.id)
    with pytest.raises(ValueError, match="has no verdict yet"):
        _ = question.text
    with pytest.raises(KeyError, match="no question 'appr_none'"):
        inbox.sent("appr_none")


def test_what_has_arrived_holds_though_other_facts_were_asked_about_meanwhile(inbox):
    yes = inbox.decide(asked(inbox).id, True, "Mira")
    newer = asked(inbox, amount="198.00")  # by another process, between sending and this:
    assert inbox.sent(yes.id).sent and not inbox.open() and not inbox.answers()
    with pytest.raises(Replaced, match=yes.id):
        inbox.decide(newer.id, True, "Mira")
    with pytest.raises(AlreadyAnswered, match="approved by Mira"):
        asked(inbox, amount="198.00")


def test_a_call_has_one_answer_that_arrived(inbox):
    first = inbox.decide(asked(inbox).id, True, "Mira")
    second = inbox.decide(asked(inbox, amount="198.00").id, True, "Mira")
    inbox.sent(second.id)
    with pytest.raises(ValueError, match=f"{first.id} has no verdict that could have been sent"):
        inbox.sent(first.id)


def test_a_question_that_was_replaced_while_open_never_has_a_verdict(inbox, clock):
    old = asked(inbox)
    inbox.ask("sesn_1", "sevt_1", {"amount": "198.00"}, until=NINE + 2 * DAY)
    clock.now += DAY
    assert inbox.get(old.id).verdict is None and not inbox.expire()
    with pytest.raises(ValueError, match="has no verdict that could have been sent"):
        inbox.sent(old.id)
