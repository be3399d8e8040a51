"""The gate of lesson 08 on a server: webhooks come in, people decide, answers go out.

    uvicorn gate_app:app --no-access-log    # with ANTHROPIC_API_KEY and GATE_…

Copy it with gate_desk.py, `utilities/approvals.py`, `webhook.py` and `turn`.
"""

import asyncio
import hmac
import json
import logging
import os
from contextlib import asynccontextmanager
from html import escape
from pathlib import Path
from threading import Thread

import uvicorn
from anthropic import Anthropic
from gate_desk import Desk
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.routing import Route

from utilities.approvals import AlreadyDecided, Replaced
from utilities.webhook import WebhookApp, WebhookReceiver

REVIEWERS = os.environ["GATE_REVIEWERS"].split()
SECRETS = os.environ["GATE_WEBHOOK_SECRETS"].split()  # two while one is replaced
FORM_KEY = os.environ["GATE_FORM_KEY"]
EVERY = float(os.environ.get("GATE_POLL_SECONDS", "300"))
SAFE = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; form-action 'self'; "
    "frame-ancestors 'none'",  # nobody puts our buttons into their page
}
log = logging.getLogger("gate")
folder = Path(os.environ["GATE_FOLDER"])
client = Anthropic(timeout=30, max_retries=0)  # an answer isn't sent twice
desk = Desk(client, os.environ["GATE_AGENT"], folder)
receiver = WebhookReceiver(SECRETS, desk.look_at, types={"session.status_idled"})
rounds = Thread(target=desk.run, args=(EVERY,), daemon=True)


def reviewer(request):
    """A stand-in: the proxy that logs people in has to set this header, always."""
    who = request.headers.get("x-forwarded-user", "")
    if who not in REVIEWERS:
        raise HTTPException(403 if who else 401)
    return who


def token(key, who, question_id):
    """For this person and this question; another site can't know it."""
    about = json.dumps([who, question_id])
    return hmac.new(key.encode(), about.encode(), "sha256").hexdigest()


FORM = """<form method="post" action="/verdict"><p>{facts}</p>
<p>The agent says (nobody has checked it): <q>{words}</q></p>
<input type="hidden" name="id" value="{id}">
<input type="hidden" name="token" value="{token}">
<input name="reason" aria-label="Reason, for the agent" maxlength="200">
<button name="verdict" value="yes">Yes</button>
<button name="verdict" value="no">No</button></form>"""


def page(request):
    who, forms = reviewer(request), []
    for question in desk.approvals.open():
        shown = {
            "facts": " · ".join(f"{k}: {v}" for k, v in question.facts.items()),
            "words": desk.words.get(question.call_id, ""),
            "id": question.id,
            "token": token(FORM_KEY, who, question.id),
        }
        safe = {name: escape(text) for name, text in shown.items()}
        forms.append(FORM.format(**safe))
    head = '<!doctype html><html lang="en"><title>Gate</title>'
    return HTMLResponse("\n".join([head, *forms]), headers=SAFE)


async def verdict(request):
    who, form = reviewer(request), await request.form(max_files=0, max_fields=4)
    id, given = str(form.get("id")), str(form.get("token"))
    if not hmac.compare_digest(given.encode(), token(FORM_KEY, who, id).encode()):
        raise HTTPException(403, "Please load the page again.")
    if (said := form.get("verdict")) not in ("yes", "no"):
        raise HTTPException(400, "The verdict is yes or no.")
    why = str(form.get("reason", ""))[:200]
    try:
        await asyncio.to_thread(desk.approvals.decide, id, said == "yes", who, why)
    except (AlreadyDecided, Replaced) as late:
        raise HTTPException(409, str(late)) from None
    log.info("%s: %s by %s", id, said, who)
    desk.wake.set()
    return RedirectResponse("/", 303)


def health(request):
    """Numbers, and 503 when nobody sends any more."""
    asked, decided = desk.approvals.open(), desk.approvals.answers()
    numbers = {"open": len(asked), "to_send": len(decided)}
    return JSONResponse(numbers, 200 if rounds.is_alive() else 503)


@asynccontextmanager
async def lifespan(app):
    rounds.start()
    with receiver:
        yield
    desk.stop()


webhooks = Route("/webhook", WebhookApp(receiver), methods=["POST"])
verdicts = Route("/verdict", verdict, methods=["POST"])
routes = [webhooks, verdicts, Route("/", page), Route("/health", health)]
app = Starlette(routes=routes, lifespan=lifespan)

if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    log.setLevel(logging.INFO)
    port = int(os.environ.get("GATE_PORT", "8000"))
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False)
