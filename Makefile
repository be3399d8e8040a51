# Everything the course can do, by name. `make help` lists it.

PYTHON ?= python3
PY := .venv/bin/python
STAMP := .venv/.setup-stamp
DEV := .venv/.dev-stamp
NB ?=
SPEC ?=
SDK ?=
LIVE ?=
MINUTES ?= 5
TURNS ?= 1000
VERSIONS ?=
LAB_ARGS ?=
ROOM_ARGS ?=
WHEELS ?=
PYTEST_ARGS ?=
# Some machines forbid Python to keep what it compiled. Each of the many processes would then compile this package anew.
export PYTHONDONTWRITEBYTECODE :=

# The reason why $(PYTHON) won't do, or nothing. One $(error) line, instead of a traceback and make's own line.
PYTHON_VERSION = $(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)
PYTHON_RECENT = $(shell $(PYTHON) -c 'import sys; print("yes" if sys.version_info >= (3, 11) else "")' 2>/dev/null)
REFUSE_PYTHON = $(if $(PYTHON_VERSION),$(if $(PYTHON_RECENT),,$(error $(call needs,"$(PYTHON)" is $(PYTHON_VERSION)))),$(error $(call needs,"$(PYTHON)" does not run)))
needs = Python 3.11 or newer is needed, and $(1). Name another one: make setup PYTHON=python3.12

.DEFAULT_GOAL := help
.PHONY: help setup dev lab room run check test conformance newest-sdk confirm-live test-postgres test-typescript \
	test-browser-python reset notebooks recordings assumptions verify fidelity scenarios rooms budgets pictures \
	handouts lite-parts lite site guards lint bench soak versions doctor

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' "$(strip $(MAKEFILE_LIST))"

setup: $(STAMP)  ## what the course needs, into .venv (PYTHON=python3.12 for another Python, WHEELS=folder without network)

# The stamps are written by what is called, and last, so a set-up that was interrupted is simply done again.
$(STAMP): requirements.lock pyproject.toml
	@$(REFUSE_PYTHON):
	@$(PYTHON) -m utilities.course.setup $(if $(WHEELS),--wheels $(WHEELS))

dev: $(DEV)  ## what developers need as well: tests, lint, types, a browser's driver

$(DEV): requirements-dev.lock pyproject.toml
	@$(REFUSE_PYTHON):
	@$(PYTHON) -m utilities.course.setup --dev $(if $(WHEELS),--wheels $(WHEELS))

lab: setup  ## open the course in JupyterLab (LAB_ARGS="--no-browser --port 9999")
	@$(PY) -m utilities.course.lab $(LAB_ARGS)

room: setup  ## one server for a room of people, a workspace for each (ROOM_ARGS=--host=0.0.0.0)
	@$(PY) -m utilities.room $(ROOM_ARGS)

run: setup  ## run the lessons on their recordings, headless (NB=01 for one, NB=deep for those that go deeper)
	@$(PY) -m utilities.course.running $(NB)

check: dev  ## what an edit needs: lint, types and the tests that are quick
	@$(PY) -m tests check $(PYTEST_ARGS)

test: dev  ## every test, every notebook, outputs and recordings as committed
	@$(PY) -m tests $(PYTEST_ARGS)

conformance: dev  ## the anthropic SDK's own tests against the replay server
	@$(PY) -m tests.conformance

newest-sdk: dev  ## try the newest anthropic beside this one: what it changes, what fails (SDK=2.11.0 for another)
	@$(PY) -m tests.newest_sdk $(SDK)

confirm-live: dev  ## with a key: ask the hosted service about the rules (LIVE="--spend 60" starts turns too)
	@$(PY) -m tests.live $(LIVE)

test-postgres: dev  ## memory on a PostgreSQL of its own, with pgvector (PG_BIN=… names its programs)
	@$(PY) -m tests.postgres

# Without Node it says so, and is done.
test-typescript: dev  ## the official TypeScript client against the replay server; needs Node 20.10 or newer
	@$(PY) -m tests.typescript

# The same; and what it needs comes from npm and PyPI the first time, 20 MB.
test-browser-python: dev  ## the lessons that run in a browser, in its Python (Pyodide); needs Node 20 or newer
	@$(PY) -m tests.browser_python

reset: setup  ## a lesson's original back, NB=01; what you made of it goes to my_notebooks/
	@$(PY) -m utilities.course.reset $(NB)

notebooks: setup  ## run every notebook, deep/ and solutions/ too, and keep the outputs (NB=01 for one)
	@$(PY) -m utilities.course.running --write $(NB)

# What these execute is the project's own, so it runs unconfined where the system can't confine it.
recordings: setup  ## make the scripted recordings from their scenarios
	@$(PY) -m utilities.replay.scenario example_data/scenarios --write --unconfined

assumptions: dev  ## helpers and lessons under every answer to what nobody knows (SPEC="RULE=ANSWER" for one, SPEC=each)
	@$(PY) -m tests.project.assumptions $(SPEC)

verify: setup  ## make the scripted recordings again and compare them with those committed
	@$(PY) -m utilities.replay.scenario example_data/scenarios --verify --unconfined

fidelity: dev  ## write FIDELITY.md and rules.json of utilities/replay from the tests that carry a rule
	@$(PY) -m tests.project.fidelity --write

scenarios: setup  ## write SCENARIOS.md of utilities/replay from the format of scenarios
	@$(PY) -m utilities.replay.making.page --write

rooms: dev  ## draw the rooms of utilities/ in CONTRIBUTING.md, from the imports
	@$(PY) -m tests.project.rooms --write

budgets: dev  ## how large each lesson is, beside what it may be (NB=01 for one)
	@$(PY) -m tests.notebooks.budgets $(NB)

pictures: setup  ## draw the lessons' concept pictures, notebooks/images/NN_*.svg
	@$(PY) -m utilities.course.maps --write

handouts: setup  ## the workshop's cards and slides, from the lessons
	@$(PY) -m utilities.course.handouts --write

lite-parts: dev  ## fetch what `make lite` needs, from npm and PyPI, 55 MB
	@$(PY) -m utilities.course.lite --fetch

lite: dev  ## lessons 00, 01 and 03 to run in a browser, nothing installed, in site/lite/
	@$(PY) -m utilities.course.lite

site: dev  ## the course as pages to read in a browser, checked, in site/
	@$(PY) -m utilities.course.site

guards: dev  ## take each guard of the helpers away and see that a test notices
	@$(PY) -m tests.project.guards

lint: dev  ## ruff and mypy
	@$(PY) -m tests lint

bench: dev  ## measure what the README promises
	@$(PY) -m tests.benchmarks

soak: dev  ## turns, webhooks and memories under faults, kills and full disks; memory (MINUTES=5 TURNS=1000)
	@$(PY) -m tests.soak --minutes $(MINUTES) --turns $(TURNS)

versions: dev  ## quick tests with the lowest versions allowed (VERSIONS="--python python3.13 --locked")
	@$(PY) -m tests.versions $(VERSIONS)

# Not after setup: it must be able to say what is wrong when nothing is installed.
doctor:  ## check this machine: Python, packages, kernel, port, key, recordings
	@$(if $(wildcard $(PY)),$(PY),$(PYTHON)) -m utilities.course.doctor
