"""Skills through the client: uploaded as files or as a zip, in versions, and given to agents."""

import io
import zipfile

import anthropic
import httpx2
import pytest
from anthropic.lib import files_from_dir

from tests.kit.calling import AGENT, HEADERS, SAY_GO, Caller, serving, strict
from tests.kit.passing import Time
from utilities.replay.http.requests import Upload
from utilities.replay.resources import skill_files
from utilities.replay.resources.skill_files import bundled
from utilities.replay.resources.skills import OLDER

TOOLSET = {"type": "agent_toolset_20260401"}


def skill_md(name="reports", description="Writes reports.", text="Be brief."):
    return f"---\nname: {name}\ndescription: {description}\n---\n{text}\n".encode()


def zipped(files):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zip:
        for path, content in files.items():
            zip.writestr(path, content)
    return archive.getvalue()


def unzipped(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


FILES = {
    "reports/SKILL.md": skill_md(),
    "reports/scripts/run.py": b"print(1)\n",
    "reports/logo.png": b"\x89\xff\0",
}


@pytest.fixture
def server():
    return serving()


@pytest.fixture
def client(server):
    with server:
        yield strict(server)


@pytest.fixture
def skills(client):
    return client.beta.skills


def create(skills, files=FILES, **fields):
    return skills.create(files=list(files.items()), **fields)


def refused(status=400):
    return pytest.raises(anthropic.APIStatusError, match=f"^Error code: {status}")


# -- the resource ------------------------------------------------------------------------------------------


@pytest.mark.rule(
    "a skill comes as files of one folder, as its zip, or with SKILL.md at the root; it goes out as a zip",
    topic="skills",
    evidence="doc",
    source="the guide to skills",
)
@pytest.mark.parametrize(
    "files",
    [
        [*FILES.items()],
        [("reports.zip", zipfile_content := zipped(FILES))],
        [zipfile_content],
        [(path.removeprefix("reports/"), content) for path, content in FILES.items()],
    ],
    ids=["files", "zip", "bytes without a name", "at the root"],
)
def test_a_skill_as_files_or_as_a_zip(skills, files):
    skill = skills.create(files=files)
    assert (skill.display_name, skill.source.type) == ("reports", "custom")
    version = skills.versions.retrieve(skill.latest_version_id, skill_id=skill.id)
    assert (version.name, version.description, version.skill_id) == ("reports", "Writes reports.", skill.id)
    content = skills.versions.download(version.id, skill_id=skill.id)
    assert unzipped(content.read()) == FILES
    assert skills.retrieve(skill.id) == skill


def test_a_folder_on_disk(skills, tmp_path):
    for path, content in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    skill = skills.create(files=files_from_dir(tmp_path / "reports"), display_name="Our reports")
    assert skill.display_name == "Our reports"
    content = skills.versions.download(skill.latest_version_id, skill_id=skill.id)
    assert unzipped(content.read()) == FILES


@pytest.mark.rule(
    "skills are served without a beta header, and to `client.skills` too", topic="skills", evidence="doc"
)
def test_both_ways_to_the_same_skills(client):
    skill = create(client.skills)
    assert client.beta.skills.retrieve(skill.id).id == skill.id
    assert [one.id for one in client.skills.list(source="custom")] == [skill.id]
    assert client.skills.versions.retrieve(skill.latest_version_id, skill_id=skill.id).name == "reports"


@pytest.mark.rule(
    "a display name is one line of up to 255 characters and needn't be unique; by default it is SKILL.md's",
    topic="skills",
    evidence="sdk",
    source="the docstring of `display_name`",
)
def test_display_names(skills):
    for name in ("Reports", "Reports", "x" * 255):
        assert create(skills, display_name=name).display_name == name
    for name in ("x" * 256, "two\nlines"):
        with refused():
            create(skills, display_name=name)


@pytest.mark.rule(
    "a version is a whole snapshot under the same name; the newest is the skill's latest",
    topic="skills",
    evidence="doc",
    source="the guide to skills",
)
def test_versions_of_a_skill(skills):
    skill = create(skills)
    only = {"reports/SKILL.md": skill_md(description="Writes better ones.")}
    second = skills.versions.create(skill.id, files=[*only.items()])
    assert skills.retrieve(skill.id).latest_version_id == second.id
    assert unzipped(skills.versions.download(second.id, skill_id=skill.id).read()) == only
    assert [one.id for one in skills.versions.list(skill.id)] == [second.id, skill.latest_version_id]
    assert [one.id for one in skills.versions.list(skill.id, limit=1)] == [second.id, skill.latest_version_id]
    with pytest.raises(anthropic.BadRequestError, match="'other' is not the skill's"):
        skills.versions.create(skill.id, files=[("other/SKILL.md", skill_md("other"))])
    with refused(404):
        skills.versions.retrieve("skver_x", skill_id=skill.id)


@pytest.mark.rule(
    "an agent may have skills and no tools",
    topic="skills", evidence="doc", source="docs: skills",
    note="the page's own example has none; a session's can't be cleared beside skills, which need `read`",
)  # fmt: skip
def test_an_agent_may_have_skills_and_no_tools():
    call = Caller()
    xlsx = {"type": "anthropic", "skill_id": "xlsx"}
    agent = call.post("/agents", {**AGENT, "skills": [xlsx]})
    assert (agent["tools"], [skill["skill_id"] for skill in agent["skills"]]) == ([], ["xlsx"])
    assert call.session(agent=agent["id"])["agent"]["skills"] == agent["skills"]


@pytest.mark.rule("deleting a skill deletes its versions", topic="skills", evidence="doc")
@pytest.mark.rule(
    "the only version of a skill can't be deleted", topic="skills", evidence="sdk",
    source="the docstring of `latest_version_id`: there is always one",
    note="what the hosted service answers isn't known",
)  # fmt: skip
def test_deleting(skills):
    skill = create(skills)
    second = skills.versions.create(skill.id, files=[*FILES.items()])
    assert skills.versions.delete(second.id, skill_id=skill.id).type == "skill_version_deleted"
    assert skills.retrieve(skill.id).latest_version_id == skill.latest_version_id
    with refused():
        skills.versions.delete(skill.latest_version_id, skill_id=skill.id)
    assert skills.delete(skill.id).to_dict() == {"id": skill.id, "type": "skill_deleted"}
    for call in (skills.retrieve, skills.delete, skills.versions.list):
        with refused(404):
            call(skill.id)


@pytest.mark.rule(
    "pptx, xlsx, docx and pdf are Anthropic's skills: in every list, read-only, their versions are dates",
    topic="skills",
    evidence="doc",
    note="which versions there are, and their texts, isn't published: one is listed, with a date of the docs",
)
def test_anthropics_skills(skills):
    mine = create(skills)
    theirs = [skill.id for skill in skills.list(source="anthropic")]
    assert sorted(theirs) == ["docx", "pdf", "pptx", "xlsx"]
    assert [skill.id for skill in skills.list()] == [mine.id, *theirs]
    assert [skill.id for skill in skills.list(limit=2)] == [mine.id, *theirs]
    assert list(skills.list(source="plugin")) == []
    xlsx = skills.retrieve("xlsx")
    assert xlsx.source.type == "anthropic" and xlsx.latest_version_id == "20251013"
    (version,) = skills.versions.list("xlsx")
    for call in (
        lambda: skills.delete("xlsx"),
        lambda: skills.versions.create("xlsx", files=[*FILES.items()]),
        lambda: skills.versions.delete(version.id, skill_id="xlsx"),
        lambda: skills.versions.download(version.id, skill_id="xlsx"),
        lambda: skills.list(limit=0),
    ):
        with refused():
            call()


@pytest.mark.rule(
    "with the beta of before general availability skills and versions have their older keys",
    topic="skills",
    evidence="doc",
    source="the API reference of the beta",
)
def test_in_the_words_of_older_clients(client):
    http = httpx2.Client(base_url=client.base_url, headers={**HEADERS, "anthropic-beta": OLDER})

    def ask(method, path, **options):
        answer = http.request(method, f"/v1/skills{path}", **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    upload = {"files": [("files[]", file) for file in FILES.items()]}
    made = ask("POST", "", data={"display_title": "Ours"}, **upload)
    assert (made["display_title"], made["source"]) == ("Ours", "custom") and "display_name" not in made
    latest = made["latest_version"]
    assert latest.isdigit() and len(latest) == 16
    listed = ask("GET", "")
    assert listed["data"][0] == made and listed["has_more"] is False
    xlsx = next(skill for skill in listed["data"] if skill["id"] == "xlsx")
    assert (xlsx["source"], xlsx["latest_version"]) == ("anthropic", "20251013")
    version = ask("GET", f"/{made['id']}/versions/{latest}")
    assert (version["version"], version["directory"]) == (latest, "reports")
    ask("POST", f"/{made['id']}/versions", **upload)
    assert ask("DELETE", f"/{made['id']}/versions/{latest}")["id"] == latest


# -- what is uploaded --------------------------------------------------------------------------------------


def bundle(files):
    return bundled([Upload(path, content, None) for path, content in files.items()])


@pytest.mark.rule(
    "SKILL.md begins with YAML: a name of 1 to 64 lower-case letters, digits, hyphens, without `claude` and "
    "`anthropic`; a description of 1 to 1,024 characters without XML tags",
    topic="skills",
    evidence="doc",
    source="the guide to skills",
)
@pytest.mark.parametrize(
    ("instructions", "told"),
    [
        (b"Be brief.", "it must begin with `---`"),
        (b"---\nname: a\n", "it must begin with `---`"),
        (b"---\n- a\n---\n", "it must begin with `---`"),
        (b"---\nname: [a\n---\n", "its head can't be read"),
        (b"---\na: &a [x, x]\nname: [*a, *a]\n---\n", "it has an alias"),
        (b"---\nname: " + b"[" * 8_000 + b"\n---\n", "more than 50 brackets are open"),
        (skill_md(description="x" * 2**20), "within 8,192 characters"),
        (b"---\nname: \xff\n---\n", "its head can't be read"),
        (skill_md("Reports"), "name: 'Reports' must have"),
        (skill_md("r" * 65), "must have 1 to 64"),
        (skill_md("my_reports"), "must have 1 to 64"),
        (skill_md("<b>"), "must have 1 to 64"),
        (skill_md("7"), "must have 1 to 64"),
        (skill_md("claude-reports"), "the reserved word 'claude'"),
        (skill_md("by-anthropic"), "the reserved word 'anthropic'"),
        (skill_md(description=""), "description: must not be empty"),
        (skill_md(description="'  '"), "description: must not be empty"),
        (skill_md(description="x" * 1025), "1 to 1024 characters, not 1025"),
        (skill_md(description="Writes <b>reports</b>."), "must have no XML tags"),
    ],
)
def test_a_skill_md_that_is_refused(instructions, told):
    with pytest.raises(Exception, match="SKILL.md: ") as error:
        bundle({"reports/SKILL.md": instructions})
    assert error.value.status == 400 and told in error.value.message


def test_a_skill_md_that_is_taken():
    texts = ("Writes reports if x < 3 and y > 4.", ">\n  Over two\n  lines.", "x" * 1024)
    for text in texts:
        assert bundle({"SKILL.md": skill_md(description=text)}).description
    assert bundle({"SKILL.md": skill_md().replace(b"\n", b"\r\n")}).name == "reports"


@pytest.mark.rule(
    "without a name in SKILL.md a skill is called as its folder", topic="skills", evidence="sdk",
    source="the docstring of `name`",
)  # fmt: skip
def test_a_skill_without_a_name_is_called_as_its_folder():
    instructions = b"---\ndescription: d\n---\n"
    assert bundle({"reports/SKILL.md": instructions}).name == "reports"
    with pytest.raises(Exception, match="name: 'None' must have"):
        bundle({"SKILL.md": instructions})


@pytest.mark.rule(
    "a skill's files are in one folder with SKILL.md at its top, none of them leads out of it",
    topic="skills",
    evidence="sdk",
    source="the docstring of `files`",
)
@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "files: Field required"),
        ({"reports/skill.md": skill_md()}, "no SKILL.md at the top"),
        ({"a/b/SKILL.md": skill_md()}, "no SKILL.md at the top"),
        ({"a/SKILL.md": skill_md(), "b/x.py": b""}, "no SKILL.md at the top"),
        ({"../SKILL.md": skill_md()}, "is not a path in the skill's folder"),
        ({"/a/SKILL.md": skill_md()}, "is not a path in the skill's folder"),
        ({"a/SKILL.md": skill_md(), "a/../../x": b""}, "is not a path in the skill's folder"),
        ({"a\\..\\..\\x": b"", "a/SKILL.md": skill_md()}, "is not a path in the skill's folder"),
        ({"a/SKILL.md": skill_md(), "a\\SKILL.md": skill_md()}, "is there twice"),
        ({"skill.zip": b"PK\x03\x04 and then nothing"}, "the zip can't be read"),
        ({"skill.zip": zipped({"../SKILL.md": skill_md()})}, "is not a path in the skill's folder"),
        ({"skill.zip": zipped({"a/readme": b""})}, "no SKILL.md at the top"),
        ({"skill.zip": b"PK\x03\x04" + b"PK\x01\x02" * 1_001}, "more than 1,000 files"),
    ],
)
def test_files_that_are_no_skill(files, told):
    with pytest.raises(Exception, match="files: ") as error:
        bundle(files)
    assert error.value.status == 400 and told in error.value.message


@pytest.mark.rule(
    "a skill's files have at most 30 MB together, unpacked", topic="skills", evidence="doc",
    note="the status isn't published; here it is 413",
)  # fmt: skip
def test_a_skill_that_is_too_large(monkeypatch):
    monkeypatch.setattr(skill_files, "MOST_BYTES", 1_000)
    large = {"a/SKILL.md": skill_md(), "a/data": b"0" * 1_000}
    for files in (large, {"a.zip": zipped(large)}):
        assert len(next(iter(files.values()))) < 1_000
        with pytest.raises(Exception, match="unpacked") as error:
            bundle(files)
        assert error.value.status == 413


# -- in an agent -------------------------------------------------------------------------------------------


@pytest.mark.rule(
    "an agent's skills have their version written out: the latest of the day it was saved, or the one given",
    topic="skills",
    evidence="sdk",
    source="the types of an agent's skills: resolved, with a version",
)
def test_skills_of_an_agent(client, skills):
    mine = create(skills)
    second = skills.versions.create(mine.id, files=[*FILES.items()])
    given = [
        {"type": "anthropic", "skill_id": "xlsx"},
        {"type": "custom", "skill_id": mine.id, "version": "latest"},
        {"type": "custom", "skill_id": mine.id, "version": mine.latest_version_id},
    ]
    agent = client.beta.agents.create(**AGENT, tools=[TOOLSET], skills=given)
    versions = ["20251013", second.id, mine.latest_version_id]
    assert [skill.version for skill in agent.skills] == versions
    skills.versions.create(mine.id, files=[*FILES.items()])
    assert [skill.version for skill in client.beta.agents.retrieve(agent.id).skills] == versions
    assert client.beta.agents.update(agent.id, system="brief").skills == agent.skills
    updated = client.beta.agents.update(agent.id, skills=given)
    assert updated.skills[1].version == skills.retrieve(mine.id).latest_version_id != second.id


@pytest.mark.rule(
    "a skill or a version that isn't there is refused in an agent and in a session's overrides",
    topic="skills",
    evidence="ours",
)
def test_a_skill_that_is_not_there(client, skills):
    mine = create(skills)
    environment = client.beta.environments.create(name="e").id
    agent = client.beta.agents.create(**AGENT, tools=[TOOLSET])
    wrong = [
        {"type": "custom", "skill_id": "skill_x"},
        {"type": "anthropic", "skill_id": "poetry"},
        {"type": "anthropic", "skill_id": mine.id},
        {"type": "custom", "skill_id": "xlsx"},
        {"type": "custom", "skill_id": mine.id, "version": "skver_x"},
    ]
    for skill in wrong:
        overrides = {"type": "agent_with_overrides", "id": agent.id, "skills": [skill]}
        for call in (
            lambda skill=skill: client.beta.agents.create(**AGENT, tools=[TOOLSET], skills=[skill]),
            lambda skill=skill: client.beta.agents.update(agent.id, skills=[skill]),
            lambda agent=overrides: client.beta.sessions.create(agent=agent, environment_id=environment),
        ):
            with pytest.raises(anthropic.BadRequestError, match=r"skills\.0"):
                call()


@pytest.mark.rule(
    "an agent whose skill has been deleted can't begin a session (400); a deployment's run of it fails "
    "with `skill_not_found_error`",
    topic="skills",
    evidence="sdk",
    source="the types of a run's errors",
)
def test_a_skill_that_was_deleted(server):
    time = Time(server)
    with server:
        client = strict(server)
        mine = create(client.beta.skills)
        given = [{"type": "custom", "skill_id": mine.id}]
        agent = client.beta.agents.create(**AGENT, tools=[TOOLSET], skills=given).id
        environment = client.beta.environments.create(name="e").id
        begin = {"agent": agent, "environment_id": environment, "initial_events": SAY_GO["events"]}
        schedule = {"type": "cron", "expression": "0 12 * * *", "timezone": "UTC"}
        made = client.beta.deployments.create(name="d", schedule=schedule, **begin)
        session = client.beta.sessions.create(**begin)
        assert session.agent.skills[0].skill_id == mine.id
        client.beta.skills.delete(mine.id)
        with pytest.raises(
            anthropic.BadRequestError, match=f"the skill {mine.id} of {agent} has been deleted"
        ):
            client.beta.sessions.create(**begin)
        time.passes(days=1)
        (run,) = client.beta.deployment_runs.list()
        assert run.error.type == "skill_not_found_error"
        assert client.beta.deployments.retrieve(made.id).paused_reason.error.type == run.error.type
