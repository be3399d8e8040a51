"""What the shop's blog relies on."""

from slugs import slug


def test_words():
    assert slug("Hello, World!") == "hello-world"


def test_numbers():
    assert slug("Top 10 of 2026") == "top-10-of-2026"


def test_edges():
    assert slug("  -- News --  ") == "news"


def test_acute():
    assert slug("A café") == "a-cafe"


def test_umlaut():
    assert slug("Zürich") == "zurich"


def test_tilde():
    assert slug("Mañana, señor") == "manana-senor"
