"""`open_brain`: what it keeps, what it finds, and what it says when it can't open."""

import asyncio
import dataclasses
import logging
import sqlite3
import subprocess
import sys
from importlib.util import find_spec

import anthropic
import numpy as np
import pytest
from astrocyte.errors import PiiRejected

from tests.kit.brains import FACTS, recall, retain
from tests.kit.calling import serving
from tests.kit.places import ROOT
from utilities import BrainError, open_brain
from utilities.memory import LocalEmbedding
from utilities.memory.settings import sqlite_settings, yaml_settings


def test_the_question_set_is_large_enough_and_says_nothing_twice():
    assert len(FACTS) >= 40
    assert len({fact["domain"] for fact in FACTS}) == 5
    assert len({fact[key] for fact in FACTS for key in ("text", "paraphrase", "keyword")}) == 3 * len(FACTS)


@pytest.mark.parametrize("kind", ["paraphrase", "keyword"])
def test_nothing_that_the_embedding_finds_is_lost_on_the_way(full, kind):
    def embedded(texts):
        return np.array(asyncio.run(LocalEmbedding().embed(texts)))

    known = embedded([fact["text"] for fact in FACTS])
    lost = []
    for index, fact in enumerate(FACTS):
        nearness = known @ embedded([fact[kind]])[0]
        nearest = [FACTS[i]["text"] for i in (-nearness).argsort()]
        found = recall(full, fact[kind])
        if found[0] != nearest[0] or (FACTS[index]["text"] in nearest[:3]) > (FACTS[index]["text"] in found):
            lost.append(fact[kind])
    assert lost == []


def test_every_fact_is_found_by_its_own_words(full):
    assert [f["keyword"] for f in FACTS if recall(full, f["keyword"])[0] != f["text"]] == []


def test_an_update_is_not_taken_for_a_duplicate(brain):
    flight = "My flight leaves on {} March from Zurich and I will need a taxi to the airport at six."
    first, again, update = retain(brain, flight.format(12), flight.format(12), flight.format(19))
    assert (first.stored, again.stored, update.stored) == (True, False, True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("My flight leaves on 12 March.", "My flight leaves on 21 March."),
        ("Ada owes Bob ten euros.", "Bob owes Ada ten euros."),
        ("The parcel arrived.", "The parcel arrived -- not."),
    ],
)
def test_what_the_embedding_cannot_tell_apart_is_kept(brain, one, other):
    results = retain(brain, one, other, one, f" {other}")
    assert [result.stored for result in results] == [True, True, False, False]


def test_personal_data_is_redacted_before_it_is_stored(tmp_path):
    brain = open_brain(tmp_path / "brain.db")
    retain(brain, "Write to ada@example.com about the engine.")
    assert recall(brain, "who is written to?") == ["Write to [EMAIL_REDACTED] about the engine."]
    assert b"ada@example.com" not in (tmp_path / "brain.db").read_bytes()


@pytest.mark.slow
def test_what_one_process_retained_another_recalls_though_the_first_was_killed(tmp_path):
    path = tmp_path / "folder of mine" / "brain.db"
    program = (
        "import asyncio, os, signal, sys\n"
        "from utilities import open_brain\n"
        "brain = open_brain(sys.argv[1])\n"
        "asyncio.run(brain.retain('The cat is called Miro.', 'me'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, path], cwd=ROOT, timeout=60)
    assert done.returncode == -9
    assert recall(open_brain(path), "what is the name of the pet?") == ["The cat is called Miro."]


def test_what_one_brain_forgot_another_can_be_told_again(tmp_path):
    """Astrocyte remembers in each process what it retained there, and would say that it is known already."""
    here, there = (open_brain(tmp_path / "brain.db") for _ in range(2))
    (first,) = retain(here, "The cat is called Miro.")
    assert asyncio.run(there.forget("me", memory_ids=[first.memory_id])).deleted_count == 1
    assert [result.stored for result in retain(here, *["The cat is called Miro."] * 2)] == [True, False]


@pytest.mark.slow
def test_opening_a_brain_does_not_make_other_libraries_talk(tmp_path):
    """WordLlama's import sets up logging for the whole process; in a notebook every request would show."""
    program = (
        "import asyncio, logging, sys\n"
        "from utilities import open_brain\n"
        "asyncio.run(open_brain(sys.argv[1]).retain('x y z', 'me'))\n"
        "root = logging.getLogger()\n"
        "sys.exit(root.level != logging.WARNING or bool(root.handlers))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "b.db"], cwd=ROOT, timeout=60, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_failing_completions_do_not_hide_what_is_remembered(tmp_path):
    """Astrocyte's own default would answer recall with nothing after five of them."""

    class Broken:
        def __getattr__(self, name):
            raise ConnectionError("no completions today")

    brain = open_brain(tmp_path / "brain.db", client=Broken())
    retain(brain, "The cat is called Miro.")
    for _ in range(6):
        with pytest.raises(ConnectionError):
            asyncio.run(brain.reflect("what is the pet called?", "me"))
    assert recall(brain, "what is the pet called?") == ["The cat is called Miro."]


# -- what can't be opened ----------------------------------------------------------------------------


def test_a_path_or_a_configuration_but_not_both():
    for arguments in ({}, {"path": "x", "config": "y"}):
        with pytest.raises(BrainError, match="either a path"):
            open_brain(**arguments)


def test_a_path_that_cannot_be_a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "file" / "brain.db"):
        with pytest.raises(BrainError, match="choose a path that you may write to"):
            open_brain(path)


def test_a_damaged_file_is_named_and_left_alone(tmp_path):
    path = tmp_path / "brain.db"
    retain(open_brain(path), "The cat is called Miro.")
    damaged = b"damage" + path.read_bytes()[6:]
    path.write_bytes(damaged)
    with pytest.raises(BrainError, match=r"brain\.db: file is not a database.*move it away"):
        open_brain(path)
    assert path.read_bytes() == damaged


def test_a_database_of_something_else_is_not_written_to(tmp_path):
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as shop:
        shop.execute("CREATE TABLE orders (id)")
    before = path.read_bytes()
    with pytest.raises(BrainError, match="of something else.*orders"):
        open_brain(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        (
            "vector_store: sqlite\nvektor_store: x\n",
            "unknown key `vektor_store`; did you mean `vector_store`",
        ),
        ("vector_store: sqlite\nbarriers: {pii: {akshun: reject}}\n", "unknown key `barriers.pii.akshun`"),
        ("vector_store: sqlite\nbanks: {u1: {barriers: {pii: {mod: x}}}}\n", "`banks.u1.barriers.pii.mod`"),
        ("vector_store: sqlite\nsignal_quality: {dedup: {action: burn}}\n", "dedup.action='burn' must be"),
        ("vector_store: nowhere\n", "Install astrocyte.nowhere., or name another"),
        ("barriers: {}\n", "no `vector_store`"),
        ("vector_store: sqlite\nvector_store_config: {dsn: '${UNSET}'}\n", "UNSET.; set them first"),
        ("- a\n- b\n", "a mapping was expected"),
        ("a: [\n", "not YAML"),
        ("vector_store: sqlite\nvector_store_config: {pfad: x}\n", "no `vector_store_config.path`"),
    ],
)
def test_a_wrong_configuration_is_said(tmp_path, yaml, said):
    path = tmp_path / "brain.yaml"
    path.write_text(yaml)
    with pytest.raises(BrainError, match=said) as error:
        open_brain(config=path)
    assert str(path) in str(error.value)


@pytest.mark.skipif(bool(find_spec("astrocyte_postgres")), reason="astrocyte[postgres] is installed")
@pytest.mark.parametrize("name", ["postgres", "pgvector"])
def test_a_brain_on_postgres_says_what_it_needs(tmp_path, name):
    path = tmp_path / "brain.yaml"
    path.write_text(f"vector_store: {name}\nvector_store_config: {{dsn: x}}\n")
    with pytest.raises(BrainError, match=r"Install astrocyte\[postgres\]") as error:
        open_brain(config=path)
    assert "\n" not in str(error.value)


def test_the_shipped_configuration_says_what_the_embedded_brain_does(tmp_path, monkeypatch):
    """Only the store differs; `make test-postgres` runs it."""
    monkeypatch.setenv("BRAIN_DSN", "postgresql://host/brain")
    shipped = dataclasses.asdict(yaml_settings(ROOT / "example_data/memory/postgres.yaml"))
    embedded = dataclasses.asdict(sqlite_settings(tmp_path / "brain.db"))
    differs = {key for key in shipped if shipped[key] != embedded[key]}
    assert differs == {"vector_store", "vector_store_config"}


def test_a_missing_configuration_is_said(tmp_path):
    with pytest.raises(BrainError, match="nothing.yaml: No such file"):
        open_brain(config=tmp_path / "nothing.yaml")


def test_a_configuration_gets_the_same_recall_and_keeps_its_own_rules(tmp_path):
    path = tmp_path / "brain.yaml"
    path.write_text(
        f"vector_store: sqlite\nvector_store_config: {{path: {tmp_path}/brain.db}}\n"
        "barriers: {pii: {mode: regex, action: reject}}\n"
    )
    brain = open_brain(config=path)
    retain(brain, *(fact["text"] for fact in FACTS[:20]))
    assert recall(brain, FACTS[0]["paraphrase"])[0] == FACTS[0]["text"]
    with pytest.raises(PiiRejected):
        retain(brain, "Write to ada@example.com.")


def test_logging_is_left_to_the_application(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        retain(open_brain(tmp_path / "brain.db"), "Write to ada@example.com.")
    assert "ada@example.com" not in caplog.text


def test_without_a_client_completions_go_where_the_sdks_environment_says(tmp_path, monkeypatch):
    brain = open_brain(tmp_path / "brain.db")
    retain(brain, "The cat is called Miro.")
    with serving() as server:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        with pytest.raises(anthropic.BadRequestError, match="no recordings of POST /v1/messages") as error:
            asyncio.run(brain.reflect("what is the pet called?", "me"))
    assert str(error.value.request.url) == f"{server.base_url}/v1/messages"
