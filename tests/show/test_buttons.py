"""A question with buttons, without a browser (with one: tests/browser/buttons.py)."""

import asyncio
import signal
import threading

import pytest

from utilities.show.buttons import Buttons


def asked(question="Refund?", **options):
    """A question that was made in a loop, and what `during` did with it there."""

    async def ask():
        buttons = Buttons(question, "Approve", "Deny")
        during = options.pop("during", None)
        return buttons, await during(buttons) if during else None

    return asyncio.run(ask())


def disabled(buttons):
    row = buttons.widget.children[1]
    return [button.disabled for button in row.children[:2]]


def state(buttons):
    return str(buttons.widget.children[1].children[2].value)


@pytest.mark.parametrize("name", ["Approve", "Deny"])
def test_a_click_is_the_answer_and_closes_the_question(name):
    async def click_and_wait(buttons):
        buttons.click(name)
        return await buttons.answer(timeout=5)

    buttons, picked = asked(during=click_and_wait)
    assert (picked, buttons.picked, disabled(buttons)) == (name, name, [True, True])
    assert f"you chose: {name}" in state(buttons)


def test_a_click_from_another_thread_wakes_the_one_who_waits():
    """In JupyterLab clicks arrive so while a cell is running."""

    async def wait_for_thread(buttons):
        waiting = asyncio.create_task(buttons.answer(timeout=5))
        await asyncio.sleep(0)  # it is waiting now, and nothing else will wake this loop
        threading.Thread(target=buttons.click, args=("Deny",)).start()
        return await waiting

    assert asked(during=wait_for_thread)[1] == "Deny"


def test_the_first_click_counts():
    async def twice(buttons):
        buttons.click("Deny")
        buttons.click("Approve")
        return await buttons.answer(timeout=5)

    assert asked(during=twice)[1] == "Deny"


def test_nobody_answers():
    async def wait(buttons):
        with pytest.raises(TimeoutError, match="nobody answered 'Refund\\?' within 0.01 s"):
            await buttons.answer(timeout=0.01)
        buttons.click("Approve")  # too late
        return str(buttons.picked)

    buttons, picked = asked(during=wait)
    assert (picked, disabled(buttons)) == ("None", [True, True])
    assert "nobody answered in time" in state(buttons)


def test_interrupt_is_noticed_while_it_waits():
    """A signal's handler runs between two steps of Python; its `cancel` does not wake a loop that sleeps."""

    async def interrupted(buttons):
        waiting = asyncio.create_task(buttons.answer())
        late = []
        asyncio.get_running_loop().call_later(30, late.append, "the loop woke of itself")
        signal.signal(signal.SIGALRM, lambda *_: waiting.cancel())
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return late

    handler = signal.getsignal(signal.SIGALRM)
    try:
        assert asked(during=interrupted)[1] == []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def test_a_button_that_is_not_there():
    buttons, _ = asked()
    with pytest.raises(KeyError, match="Maybe"):
        buttons.click("Maybe")


def test_what_an_agent_wrote_is_text_and_hides_nothing():
    buttons, _ = asked("<img src=x onerror=alert(1)> pay \u202e00.1")
    shown = buttons.widget.children[0].value
    assert "<img" not in shown and "&lt;img" in shown
    assert "\u202e" not in shown and "\\u202e" in shown
    assert "\u202e" not in str(buttons)


def test_it_is_a_widget_in_a_notebook_and_text_elsewhere():
    buttons, _ = asked()
    bundle = buttons._repr_mimebundle_()
    assert bundle["text/plain"] == str(buttons) == "Refund?  [Approve] [Deny]"
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == buttons.widget.model_id
