"""Lesson 10: the same users in every process get the new version."""

from __future__ import annotations

import hashlib
import random
import subprocess
import uuid
import zlib

import pytest

from utilities.course import lesson10

USERS = [f"user-{number}" for number in range(1_000)]


def of_a_digest(user: str, share: float) -> int:
    digest = hashlib.sha256(user.encode()).digest()
    return 2 if int.from_bytes(digest, "big") < share * 256 ** len(digest) else 1


def in_ten_thousandths(user: str, share: float) -> int:
    return 1 + (int(hashlib.md5(user.encode()).hexdigest(), 16) % 10_000 < share * 10_000)


def seeded(user: str, share: float) -> int:
    return 2 if random.Random(f"tickets {user}").random() < share else 1


def checksum(user: str, share: float) -> int:
    if zlib.crc32(user.encode()) / 2**32 >= share:
        return 1
    return 2


def named(user: str, share: float) -> int:
    return 2 if uuid.uuid5(uuid.NAMESPACE_URL, user).int / 2**128 < share else 1


@pytest.mark.parametrize(
    "right", [lesson10.by_hash, of_a_digest, in_ten_thousandths, seeded, checksum, named]
)
def test_a_share_that_stays_the_same_is_found_in_several_ways(right, passes):
    passes(lesson10.sticky, right)


def place(user: str) -> float:
    return int.from_bytes(hashlib.sha256(user.encode()).digest()[:8], "big") / 2**64


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda user, share: 2 if random.random() < share else 1, "came twice"),
        (lambda user, share: 2 if hash(user) % 1000 < share * 1000 else 1, "after a restart"),
        (lambda user, share: 2 if random.Random(hash(user)).random() < share else 1, "after a restart"),
        (lambda user, share: 2 if place(user) > share else 1, "with a share of 0, 'user-0' got version 2"),
        (lambda user, share: 2 if int(place(user) * 100) < share else 1, "with a share of 1, 'user-"),
        (lambda user, share: 2 if round(place(user)) < share else 1, "got version 1"),
        (lambda user, share: 2 if place(f"{user} {share}") < share else 1, "has version 1 again"),
        (lambda user, share: 2 if sum(map(ord, user)) % 100 < share * 100 else 1, "a share of"),
        (lambda user, share: place(user) < share, "neither 1 nor 2"),
        (lambda user, share: 2 if int(user[5:]) < share * 2000 else 1, "raised ValueError"),
    ],
)
def test_a_share_that_moves_or_is_none_fails(wrong, why, fails):
    fails(lesson10.sticky, wrong, why=why)


def test_what_the_check_does_to_random_numbers_is_undone(passes):
    random.seed(5)
    expected = random.Random(5).random()
    passes(lesson10.sticky, lesson10.by_hash)
    assert random.random() == expected and hash("a") == hash("a")


def test_as_the_share_grows_users_come_in_and_nobody_goes_back():
    sizes = []
    before: set[str] = set()
    for share in (0, 0.1, 0.25, 0.5, 1):
        now = {user for user in USERS if lesson10.by_hash(user, share) == 2}
        assert before <= now
        sizes, before = [*sizes, len(now)], now
    assert sizes == [0, 107, 256, sizes[3], 1_000] and 450 < sizes[3] < 550


def by_luck(user: str, share: float) -> int:
    return 2 if hash(user) % 100 < share * 100 else 1


def by_length(user: str, share: float) -> int:
    return 2 if len(user) % 2 else 1


def broken(user: str, share: float) -> int:
    raise RuntimeError(user)


def test_two_processes_agree_only_on_what_does_not_depend_on_them():
    said = lesson10.in_two_processes(by_luck, ["ada", "bruno", "chidi", "dana", "Zoë"], 0.5)
    assert any(before != after for before, after in said.values())
    assert said == lesson10.in_two_processes(by_luck, list(said), 0.5)  # the same each time
    assert lesson10.in_two_processes(by_length, ["ada", "Zoë", "用户"], 0.5) == {
        "ada": [2, 2],
        "Zoë": [2, 2],
        "用户": [1, 1],
    }


def test_what_fails_in_another_process_is_raised_here():
    with pytest.raises(subprocess.CalledProcessError):
        lesson10.in_two_processes(broken, ["ada"], 0.5)
