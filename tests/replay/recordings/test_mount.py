"""Mounted memory in a recording: its path, what comes back of it, and what is refused."""

import functools

import pytest

from tests.kit.memory import remembering
from utilities.replay import Recording, RecordingError
from utilities.replay.recordings.mount import memory_path

rule = functools.partial(pytest.mark.rule, topic="memory")


@rule(
    "a store is mounted at `/mnt/memory/` and its name, lowercased, every run of other characters "
    "than ASCII letters and digits one hyphen",
    evidence="sdk",
    note="whether hyphens at the ends are cut off isn't said; they are kept here",
)
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("User Preferences", "user-preferences"),
        ("a--b__c", "a-b-c"),
        ("Notes (2026)!", "notes-2026-"),
        ("Über", "-ber"),
        ("日本", "-"),
        ("../../etc", "-etc"),
    ],
)
def test_the_mount_path_comes_from_the_name(name, path):
    assert memory_path(name) == f"/mnt/memory/{path}"


def test_memory_comes_back_as_it_was_saved(tmp_path):
    script = remembering(("/a", "1"), ("/b", None), start={"/b": "2"})
    recording = Recording.load(script.save(tmp_path))
    (mount,) = recording.mounts
    assert [mount.to_dict()] == script.memory
    assert mount.end() == {"/a": "1"}
    places = {index: [write.path for _, write in writes] for index, writes in recording.memory_writes.items()}
    assert places == {3: ["/a"], 4: ["/b"]}


GOOD = {"path": "/a", "content": "1", "created_at": "2026-11-21T09:00:01Z"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mount_path": "/mnt/user/x"}, "mount_path"),
        ({"mount_path": "/mnt/memory/../x"}, "mount_path"),
        ({"access": "write"}, "access"),
        ({"access": "read_only"}, "read_only and was written to"),
        ({"start": {"a": ""}}, "'a' must start with /"),
        ({"start": {"/a": 1}}, "encode"),
        ({"start": []}, "items"),
        ({"writes": [{**GOOD, "path": "/../a"}]}, "empty, `.` or `..`"),
        ({"writes": [{**GOOD, "content": "x" * 102_401}]}, "102,401 bytes"),
        ({"writes": [{**GOOD, "created_at": "soon"}]}, "soon"),
        ({"writes": [{"path": "/a"}]}, "created_at"),
        ({"writes": [{**GOOD, "operation": "created"}]}, "operation"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_damaged_memory_is_refused_with_file_line_and_reason(tmp_path, changes, told):
    script = remembering(("/a", "1"))
    script.memory[0] |= changes
    path = script.save(tmp_path)
    with pytest.raises(RecordingError) as caught:
        Recording.load(path)
    assert str(caught.value).startswith(f"{path}, line 1: the header is damaged: ")
    assert told in caught.value.reason


@pytest.mark.parametrize("memory", [{}, "x", ["x"], None, 1])
def test_memory_that_is_no_list_of_objects_is_refused(tmp_path, memory):
    script = remembering()
    script.memory = memory or [None]
    with pytest.raises(RecordingError):
        Recording.load(script.save(tmp_path))


def test_two_stores_at_one_path_are_refused(tmp_path):
    script = remembering()
    script.memory *= 2
    with pytest.raises(RecordingError, match="the same mount_path"):
        Recording.load(script.save(tmp_path))
