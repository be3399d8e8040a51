"""What `make site` finds wrong with a page, on sites of a few lines."""

import pytest

from utilities.course.site.links import problems

OTHER = '<h1 id="top">Other</h1><img src="a.png" alt="A dot">'


def site(folder, page, css=""):
    (folder / "index.html").write_text(page, "utf-8")
    (folder / "sub").mkdir()
    (folder / "sub/other.html").write_text(OTHER, "utf-8")
    (folder / "sub/a.png").touch()
    (folder / "site.css").write_text(css, "utf-8")
    return folder


@pytest.mark.parametrize(
    "page",
    [
        '<a href="sub/other.html#top">there</a>',
        '<p id="here"><a href="#here">here</a><a href="#">the top</a>',
        '<p id="größe"><a href="#gr%C3%B6%C3%9Fe">with its letters encoded</a>',
        '<a href="https://example.com/not/asked">elsewhere, for who clicks</a>',
        '<link rel="stylesheet" href="site.css?v=1"><script src="sub/a.png"></script>',
        '<img alt="A dot" src="data:image/png;base64,AAAA">',
    ],
)
def test_what_is_right_is_no_problem(tmp_path, page):
    assert problems(site(tmp_path, page)) == []


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ('<a href="nowhere.html">x</a>', "nowhere.html leads nowhere"),
        ('<a href="sub">x</a>', "sub leads nowhere"),
        ('<a href="sub/other.html#bottom">x</a>', "sub/other.html#bottom leads nowhere"),
        ('<a href="#bottom">x</a>', "#bottom leads nowhere"),
        ('<a href="../index.html">x</a>', "../index.html leads nowhere"),
        (
            '<a href="/sub/other.html">x</a>',
            "/sub/other.html is no relative link, so it leads nowhere from file://",
        ),
        (
            '<script src="https://a.example/x.js"></script>',
            "<script> gets https://a.example/x.js from elsewhere",
        ),
        ('<script src="//a.example/x.js"></script>', "<script> gets //a.example/x.js from elsewhere"),
        ('<link href="http://a.example/f.css">', "<link> gets http://a.example/f.css from elsewhere"),
        ('<img alt="A" src="http://a.example/a.png">', "<img> gets http://a.example/a.png from elsewhere"),
        ('<p style="background: url(http://a.example/b)">', "<img> gets http://a.example/b from elsewhere"),
        ('<img src="sub/a.png">', "a picture without alt text: sub/a.png"),
        ('<img src="sub/a.png" alt=" ">', "a picture without alt text: sub/a.png"),
    ],
)
def test_what_is_wrong_is_said_with_the_page(tmp_path, page, told):
    assert problems(site(tmp_path, page)) == [f"index.html: {told}"]


@pytest.mark.parametrize(
    "css", ['@import "https://a.example/f.css";', "@font-face { src: url('https://a.example/f.woff2') }"]
)
def test_a_style_gets_nothing_from_elsewhere(tmp_path, css):
    (told,) = problems(site(tmp_path, "", css))
    assert told.startswith("site.css: gets https://a.example/f.") and told.endswith(" from elsewhere")


def test_folders_of_others_are_not_looked_into(tmp_path):
    made = site(tmp_path, '<a href="sub/other.html#bottom">x</a><a href="sub/not_yet.html">y</a>')
    (made / "sub/other.html").write_text('<img src="nowhere.png">', "utf-8")
    assert problems(made, elsewhere=("sub",)) == []
