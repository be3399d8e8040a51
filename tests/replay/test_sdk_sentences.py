"""What the SDK's docstrings say must be, is at most or is refused: each sentence has a rule, or needs none.

A newer SDK's new sentence fails here until somebody has decided about it, in sdk_sentences.toml.
"""

import tomllib
from collections import Counter
from pathlib import Path

import anthropic
import pytest

from tests.live import results
from tests.newest_sdk.sentences import sentences

TABLE = tomllib.loads(Path(__file__).with_name("sdk_sentences.toml").read_text("utf-8"))
GROUPS = [TABLE["by_type"], *TABLE["kept"].values(), *TABLE["nothing_to_refuse"].values()]
SETTLED = [entry.split()[0] for group in GROUPS for entry in group]
FOUND = sentences(Path(anthropic.__file__).parent)


def version(text):
    return tuple(int(part) for part in text.split(".")[:3])


OLDER = version(anthropic.__version__) < version(TABLE["sdk"])
OTHER = version(anthropic.__version__) != version(TABLE["sdk"])


@pytest.mark.skipif(OLDER, reason="the table is that of a newer SDK, which has its sentences in other words")
def test_each_sentence_is_settled():
    new = [
        f'"{digest} {place}",  # {said}' for digest, (place, said) in FOUND.items() if digest not in SETTLED
    ]
    assert not new, "\n".join(["put these into sdk_sentences.toml, where they belong:", *new])


@pytest.mark.skipif(OTHER, reason="sentences come and go with the version of the SDK")
def test_the_table_has_no_sentence_that_the_sdk_no_longer_has():
    assert not set(SETTLED) - set(FOUND)


def test_each_sentence_is_in_one_place():
    assert [digest for digest, count in Counter(SETTLED).items() if count > 1] == []


def test_each_rule_that_the_table_names_is_one_of_those_that_are_tested():
    rules = results.rules()
    counted = {words: sum(words in rule for rule in rules) for words in TABLE["kept"]}
    assert {words: count for words, count in counted.items() if count != 1} == {}
