"""The course's pages on the room's server: for everybody, and nothing else of the machine."""

import httpx2
import pytest

from utilities.replay import Library
from utilities.room.room_server import RoomServer


@pytest.fixture
def get(tmp_path):
    (tmp_path / "secret.txt").write_text("not for you")
    pages = tmp_path / "site"
    (pages / "notebooks").mkdir(parents=True)
    (pages / "index.html").write_text("<h1>The course</h1>")
    (pages / "notebooks" / "00.html").write_text("<h1>One turn</h1>")
    with RoomServer(Library(), key="K", teachers_key="T", site=pages) as room:
        yield lambda path: httpx2.get(f"{room.base_url}{path}")


@pytest.mark.parametrize(("path", "text"), [("/", "The course"), ("/notebooks/00.html", "One turn")])
def test_pages_are_read_without_a_key(get, path, text):
    assert text in get(path).text and get(path).headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/secret.txt", "/../secret.txt", "/..%2fsecret.txt", "/nowhere.html"])
def test_there_is_nothing_but_the_pages(get, path):
    answer = get(path)
    assert answer.status_code == 404 and "not for you" not in answer.text


def test_the_api_and_the_board_are_where_they_were_and_want_their_keys(get):
    assert get("/v1/agents").json()["error"]["type"] == "authentication_error"
    assert get("/board/state").status_code == 401
    assert "Who is where" in get("/board").text
