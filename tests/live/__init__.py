"""The rules of the replay server, asked of the hosted service: `make confirm-live`.

For whoever has a key and a clone: what we could only read, they settle in some minutes. A probe
(`probe`, `probes/`) asks one question with plain calls of the SDK; a run (`run`) makes what probes need,
marks it, counts what it costs and cleans up; `results` keeps what was seen in utilities/replay/live.json,
from which FIDELITY.md is made. Nothing here has been run live by this project.
"""
