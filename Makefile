# Everything the course can do, by name. `make help` lists it.

PYTHON ?= python3
PY := .venv/bin/python
STAMP := .venv/.setup-stamp
NB ?=
SPEC ?=
SDK ?=
LIVE ?=
MINUTES ?= 5
VERSIONS ?=
LAB_ARGS ?=
# Twice as many workers as cores, since tests mostly wait; in small portions, so that the notebooks, which take
# longest and come first, are spread over all of them.
PYTEST_ARGS ?= -n 4 --maxschedchunk 2
# Some machines forbid Python to keep what it compiled. Each of the hundreds of processes that a run of the tests
# starts would then compile this package, and each worker all tests, anew.
export PYTHONDONTWRITEBYTECODE :=

# JupyterLab asks nobody on the internet (no news, update check or extension catalogue), nor the reader about it:
# the defaults in overrides.json. Kernels are spoken to encrypted, or each would print a warning.
LAB_OPTIONS := --ServerApp.root_dir=. --LabApp.app_settings_dir="$(CURDIR)/utilities/course/lab" \
	--LabApp.news_url=None --LabApp.extension_manager=readonly \
	--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate \
	--KernelManager.transport_encryption=auto

# The reason why $(PYTHON) won't do, or nothing. One $(error) line, instead of a traceback and make's own line.
PYTHON_VERSION = $(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)
PYTHON_RECENT = $(shell $(PYTHON) -c 'import sys; print("yes" if sys.version_info >= (3, 11) else "")' 2>/dev/null)
REFUSE_PYTHON = $(if $(PYTHON_VERSION),$(if $(PYTHON_RECENT),,$(error $(call needs,"$(PYTHON)" is $(PYTHON_VERSION)))),$(error $(call needs,"$(PYTHON)" does not run)))
needs = Python 3.11 or newer is needed, and $(1). Name another one: make setup PYTHON=python3.12

.DEFAULT_GOAL := help
.PHONY: help setup lab run check test conformance newest-sdk confirm-live test-postgres test-typescript reset notebooks \
	recordings assumptions verify fidelity scenarios rooms budgets pictures guards lint bench soak versions doctor

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' "$(strip $(MAKEFILE_LIST))"

setup: $(STAMP)  ## put everything into .venv (PYTHON=python3.12 for another Python)

# Compiled at once, because each notebook's kernel starts with imports that take twice as long otherwise.
# The stamp is written last, so a set-up that was interrupted is simply done again. A .venv in which Python
# or uv does not start (interrupted early, moved, its Python removed) is made anew.
$(STAMP): requirements.lock pyproject.toml
	@$(REFUSE_PYTHON):
	@echo "Installing requirements.lock into .venv" >&2
	@{ $(PY) -c '' && .venv/bin/uv --version; } >/dev/null 2>&1 || { $(PYTHON) -m venv --clear .venv && \
		$(PY) -m pip install --quiet --disable-pip-version-check uv; }
	@.venv/bin/uv pip install --quiet --compile-bytecode --python $(PY) -r requirements.lock
	@.venv/bin/uv pip install --quiet --python $(PY) --no-deps -e .
	@$(PY) -m ipykernel install --sys-prefix --name python3 >/dev/null
	@touch $@
	@echo "Ready: make lab opens the course, make doctor checks this machine" >&2

lab: setup  ## open the course in JupyterLab (LAB_ARGS="--no-browser --port 9999")
	@$(PY) -m jupyterlab $(LAB_OPTIONS) $(LAB_ARGS) notebooks/00_one_turn.ipynb

run: setup  ## run the lessons on their recordings, headless (NB=01 for one, NB=deep for those that go deeper)
	@$(PY) -m utilities.course.running $(NB)

check: PYTEST_ARGS = -n 3
check: lint  ## what an edit needs: lint, types and the tests that are quick
	@$(PY) -m pytest $(PYTEST_ARGS) -m "not slow" tests

# The notebooks first, because they take longest; each is executed once, and its outputs compared.
test: setup  ## every test, every notebook, outputs and recordings as committed
	@$(PY) -m pytest $(PYTEST_ARGS) --nbmake notebooks tests

conformance: setup  ## the anthropic SDK's own tests against the replay server
	@$(PY) -m tests.conformance

newest-sdk: setup  ## try the newest anthropic beside this one: what it changes, what fails (SDK=2.11.0 for another)
	@$(PY) -m tests.newest_sdk $(SDK)

confirm-live: setup  ## with a key: ask the hosted service about the rules (LIVE="--spend 60" starts turns too)
	@$(PY) -m tests.live $(LIVE)

# Neither PostgreSQL nor these packages are needed by the course.
test-postgres: setup  ## memory on a PostgreSQL of its own, with pgvector (PG_BIN=… names its programs)
	@.venv/bin/uv pip install --quiet --python $(PY) -r tests/postgres/requirements.lock
	@$(PY) -m pytest -n 0 -p tests.postgres.brains tests/postgres/memory_on_postgres.py tests/memory

# Without Node it says so, and is done.
test-typescript: setup  ## the official TypeScript client against the replay server; needs Node 20.10 or newer
	@$(PY) -m tests.typescript

reset: setup  ## a lesson's original back, NB=01; what you made of it goes to my_notebooks/
	@$(PY) -m utilities.course.reset $(NB)

notebooks: setup  ## run every notebook, deep/ and solutions/ too, and keep the outputs (NB=01 for one)
	@$(PY) -m utilities.course.running --write $(NB)

# What these execute is the project's own, so it runs unconfined where the system can't confine it.
recordings: setup  ## make the scripted recordings from their scenarios
	@$(PY) -m utilities.replay.scenario example_data/scenarios --write --unconfined

assumptions: setup  ## helpers and lessons under every answer to what nobody knows (SPEC="RULE=ANSWER" for one)
	@$(PY) -m tests.project.assumptions $(SPEC)

verify: setup  ## make the scripted recordings again and compare them with those committed
	@$(PY) -m utilities.replay.scenario example_data/scenarios --verify --unconfined

fidelity: setup  ## write FIDELITY.md and rules.json of utilities/replay from the tests that carry a rule
	@$(PY) -m tests.project.fidelity --write

scenarios: setup  ## write SCENARIOS.md of utilities/replay from the format of scenarios
	@$(PY) -m utilities.replay.making.page --write

rooms: setup  ## draw the rooms of utilities/ in CONTRIBUTING.md, from the imports
	@$(PY) -m tests.project.rooms --write

budgets: setup  ## how large each lesson is, beside what it may be (NB=01 for one)
	@$(PY) -m tests.notebooks.budgets $(NB)

pictures: setup  ## draw the lessons' concept pictures, notebooks/images/NN_*.svg
	@$(PY) -m utilities.course.maps --write

guards: setup  ## take each guard of the helpers away and see that a test notices
	@$(PY) -m tests.project.guards

lint: setup  ## ruff and mypy
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy utilities

bench: setup  ## measure what the README promises
	@$(PY) -m tests.benchmarks

soak: setup  ## turns, webhooks and memories under faults, kills and full disks (MINUTES=5)
	@$(PY) -m tests.soak --minutes $(MINUTES)

versions: setup  ## quick tests with the lowest versions allowed (VERSIONS="--python python3.13 --locked")
	@$(PY) -m tests.versions $(VERSIONS)

# Not after setup, and run as a file: it must be able to say what is wrong when nothing can be imported.
doctor:  ## check this machine: Python, packages, kernel, port, key, recordings
	@$(if $(wildcard $(PY)),$(PY),$(PYTHON)) utilities/course/doctor.py
