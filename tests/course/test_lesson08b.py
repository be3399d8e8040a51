"""08b's exercises: wrong answers fail, each for its own reason, and right ones of another style pass."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import zlib

import pytest

from utilities.course import lesson08


def keyed(key: str, who: str, question_id: str) -> str:
    return hmac.new(key.encode(), f"{who} {question_id}".encode(), "sha256").hexdigest()


def blake(key: str, who: str, question_id: str) -> str:
    about = json.dumps({"who": who, "question": question_id}).encode()
    return hashlib.blake2b(about, key=bytes.fromhex(key), digest_size=16).hexdigest()


def in_base64(key: str, who: str, question_id: str) -> str:
    signature = hmac.digest(key.encode(), f"{question_id}\n{who}".encode(), hashlib.sha512)
    return base64.urlsafe_b64encode(signature).decode()


def step_by_step(key: str, who: str, question_id: str) -> str:
    signer = hmac.new(key.encode(), digestmod=hashlib.sha1)
    for part in (who, "|", question_id):
        signer.update(part.encode())
    return signer.hexdigest()


@pytest.mark.parametrize("right", [keyed, blake, in_base64, step_by_step])
def test_a_token_is_made_in_several_ways(right, passes):
    passes(lesson08.form_token, right)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda key, who, id: secrets.token_hex(16), "a second time it is another token"),
        (lambda key, who, id: hashlib.sha256((who + id).encode()).hexdigest(), "another site can make it"),
        (lambda key, who, id: keyed(key, "", id), "Ben's token is Mira's"),
        (lambda key, who, id: keyed(key, who, ""), "good for another question"),
        (lambda key, who, id: f"{key}-{who}-{id}", "the key stands in the token"),
        (lambda key, who, id: str(hash((key, who, id))), "Python's own hash() differs in each process"),
        (lambda key, who, id: f"{zlib.crc32((key + who + id).encode()):x}", "characters can be guessed"),
        (lambda key, who, id: hmac.digest(key.encode(), (who + id).encode(), "sha256"), "returned bytes"),
        (lambda key, who, id: hmac.new(key, who + id, "sha256").hexdigest(), "it raised TypeError"),
    ],
)
def test_a_token_that_others_can_make_or_use_is_told_why(wrong, why, fails):
    fails(lesson08.form_token, wrong, why=why)


@pytest.mark.parametrize("guess", ["c", "C)", ["c"]])
def test_the_history_has_the_answer(guess, passes):
    passes(lesson08.after_a_crash, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("a", "look at what `send` does before it sends"),
        ("b", "hands it out until it is marked"),
        ("d", "her verdict is in a file"),
    ],
)
def test_each_wrong_guess_is_told_where_to_look(guess, why, fails):
    fails(lesson08.after_a_crash, guess, why=why)


def test_what_was_not_attempted_is_no_error(capsys):
    lesson08.form_token.check(lambda key, who, question_id: None)
    lesson08.after_a_crash.check(...)
    assert capsys.readouterr().out.count("not attempted yet") == 2
