"""Ask a person in a notebook: a question with a button for each answer, awaited by the tool that needs it.

    question = Buttons("Refund 49.00 for A-1001?", "Approve", "Deny")
    display(question)
    picked = await question.answer(timeout=300)      # in an async tool; someone clicks, in the meantime
    question.click("Approve")                        # its twin in code, for runs without anybody

The kernel has to hear the click while the cell is still running, so ask from an async tool of
`stream_until_end_turn_async`. ipykernel 7 with JupyterLab 4.4 or newer hears it (on a thread of its
own, hence the thread-safe hand-over); older ones hear nothing until the cell ends, and then the
deadline decides.
"""

from __future__ import annotations

import asyncio
import html
from contextlib import suppress
from importlib import import_module
from typing import Any

from .untrusted import cut, encodable, one_line

__all__ = ["Buttons"]

QUESTION_CHARACTERS = 10_000
SLICE = 0.2  # seconds


class Buttons:
    """A question with a button for each answer. Make it where an event loop runs: in an async tool.

    Args:
        question: what is asked. It may be an agent's text, so it is shown as text, never as HTML, and
            characters that would change how it reads are made visible; of a very long one the start is shown.
        names: the answers, a button each, which shows them in the same way.

    Attributes:
        widget: the ipywidgets box that holds all of it.
        picked: the answer, None while there is none; the first click counts.
    """

    def __init__(self, question: str, *names: str) -> None:
        ipywidgets: Any = import_module("ipywidgets")  # here: the rest of this folder needs none

        self.question, self.names = cut(question, QUESTION_CHARACTERS), names
        self.picked: str | None = None
        self._loop = asyncio.get_running_loop()
        self._clicked = asyncio.Event()
        self._buttons = {name: self._button(name, ipywidgets.Button) for name in names}
        self._state = ipywidgets.HTML("<em>waiting for your decision</em>")
        row = ipywidgets.HBox([*self._buttons.values(), self._state])
        asked = ipywidgets.HTML(f"<strong>{html.escape(self.question)}</strong>")
        self.widget = ipywidgets.VBox([asked, row])

    def _button(self, name: str, kind: Any) -> Any:
        button = kind(description=one_line(name), tooltip=one_line(name))
        button.on_click(lambda clicked: self._on_click(name, clicked))
        return button

    def click(self, name: str) -> None:
        """What a click on the button does, in code.

        Raises:
            KeyError: there is no such button.
        """
        self._buttons[name].click()

    async def answer(self, timeout: float | None = None) -> str:
        """The name of the button that was clicked.

        Args:
            timeout: seconds to wait for the click; None waits for ever.

        Raises:
            TimeoutError: nobody clicked; the buttons are off from then on.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._click()
        except TimeoutError:
            if self.picked is None:
                self._close("nobody answered in time")
                raise TimeoutError(
                    f"nobody answered {one_line(self.question)!r} within {timeout:g} s"
                ) from None
        assert self.picked is not None  # _on_click sets it first
        return self.picked

    async def _click(self) -> None:
        """Wait for the click, in slices: Interrupt in Jupyter is noticed only when the event loop wakes."""
        while not self._clicked.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(SLICE):
                    await self._clicked.wait()

    def _on_click(self, name: str, button: Any) -> None:
        if self.picked is None and not button.disabled:
            self.picked = name
            self._close(f"you chose: {html.escape(one_line(name))}")
            self._loop.call_soon_threadsafe(self._clicked.set)

    def _close(self, said: str) -> None:
        for button in self._buttons.values():
            button.disabled = True
        self._state.value = f"<em>{said}</em>"

    def __str__(self) -> str:
        return encodable(f"{self.question}  " + " ".join(f"[{one_line(name)}]" for name in self.names))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {**self.widget._repr_mimebundle_(), "text/plain": str(self)}
