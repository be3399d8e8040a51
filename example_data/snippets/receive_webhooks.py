"""Be called when a session has stopped, and then ask the API how things stand.

Needs `anthropic[webhooks]`, ANTHROPIC_API_KEY, ANTHROPIC_WEBHOOK_SIGNING_KEY, and
something in front of it that speaks HTTPS. Both lists were measured, with webhooks of
all kinds and under the faults of the replay server (`python -m utilities.replay
--faults help`).

What this does not survive:
    restart  handles it twice: only this process knows which webhooks came
    deleted  an exception if the session is gone by then; the receiver goes on
What it survives: twice, order, forged, stale, drop, end, silent, repeat, queued,
status, hang (after ten minutes), lose, settle, outputs, error, terminate, reschedule,
budget, window.
While it is down it misses webhooks: the service tries up to three times and then drops
one.
"""

import http.server
import os

from anthropic import Anthropic

PORT = int(os.environ.get("PORT", 8765))
STOPS = ("session.status_idled", "session.status_terminated")
client = Anthropic()  # it finds the signing key in ANTHROPIC_WEBHOOK_SIGNING_KEY
known = set()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        try:
            told = client.beta.webhooks.unwrap(body, headers=dict(self.headers))
        except Exception:
            return self.send_error(400)  # not from the service, or too old
        self.send_response(204)  # at once: the sender does not wait for long
        self.end_headers()
        if told.data.type in STOPS and told.id not in known:
            known.add(told.id)  # the same one can come again
            newest = client.beta.sessions.events.list(told.data.id, order="desc")
            last = next(event for event in newest if ".status_" in event.type)  # now
            stop = getattr(last, "stop_reason", None)
            print(told.data.id, last.type, stop and stop.type, flush=True)


print("listening on port", PORT, flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Receiver).serve_forever()
