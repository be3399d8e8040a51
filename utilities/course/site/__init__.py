"""The course as pages to read in a browser: `make site`, and where there is no make:

    python -m utilities.course.site              # writes the folder site/; open site/index.html

`sources` lays out what Sphinx reads: the notebooks as committed, with each solution folded below its
exercise (`lesson_page`), the texts, a page for each file that one of them links to (`file_page`), the
reference (`reference`) and a front page (`front`). Sphinx makes the pages, as `conf` says, `mending` adds
what they lack, and `links` follows every link of the result. `static/` has what the theme hasn't: styles,
copying of code, and `room.js`, which leads a room through a lesson.
"""
