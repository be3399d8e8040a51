"""Skills and their versions: those uploaded here, and the four that every workspace has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..http.errors import ApiError, not_found
from ..http.paging import Query, page_of
from ..http.requests import Upload
from ..http.validation import Resource
from ..ids import make_id, parse_time
from .collection import Clock, Collection
from .skill_files import Bundle, bundled

ANTHROPIC = ("pptx", "xlsx", "docx", "pdf")  # [doc]
THEIR_VERSION, THEIR_TIME = "20251013", "2025-10-13T00:00:00.000000Z"  # the documentation's example
LONGEST_NAME = 255  # characters of a display name [sdk]
OLDER = "skills-2025-10-02"  # the beta until general availability; with it answers have other keys [doc]


class Skills(Collection):
    """The skills of a server. Anthropic's are listed and can be given to agents; their content isn't here."""

    kind, prefix = "Skill", "skill"
    least = 1  # [sdk]

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.versions: dict[str, dict[str, Resource]] = {}
        self.bundles: dict[str, Bundle] = {}  # by version
        for id in ANTHROPIC:
            times = {"created_at": THEIR_TIME, "updated_at": THEIR_TIME}
            self._keep(
                {"id": id, "display_name": id, "source": {"type": "anthropic"}, **times}, THEIR_VERSION
            )
            what = "One of Anthropic's skills; a replay server doesn't have its content."
            self._add(id, THEIR_VERSION, id, what, THEIR_TIME)

    def create(self, files: Sequence[Upload], fields: Mapping[str, str]) -> Resource:
        """A skill with its first version.

        Args:
            files: of the form.
            fields: its other fields.
        """
        # Clients from before general availability say `display_title`.
        label = fields.get("display_name") or fields.get("display_title")
        if label is not None and (len(label) > LONGEST_NAME or "\n" in label):
            raise ApiError(400, f"display_name: one line of 1 to {LONGEST_NAME} characters, not {len(label)}")
        bundle, id = bundled(files), self.new_id()
        created_at = self.clock.tick()
        times = {"created_at": created_at, "updated_at": created_at}
        version = self._new_version(id, bundle, created_at)
        source = {"type": "custom"}
        return self._keep(
            {"id": id, "display_name": label or bundle.name, "source": source, **times}, version
        )

    def add_version(self, id: str, files: Sequence[Upload]) -> Resource:
        """A new version: nothing of the one before is in it. [doc]"""
        skill, bundle = self._own(id), bundled(files)
        name = next(iter(self.versions[id].values()))["name"]
        if bundle.name != name:  # [sdk]
            raise ApiError(400, f"SKILL.md: name: {bundle.name!r} is not the skill's, which stays {name!r}")
        created_at = skill["updated_at"] = self.clock.tick()
        skill["latest_version_id"] = self._new_version(id, bundle, created_at)
        return self.versions[id][skill["latest_version_id"]]

    @property
    def size(self) -> int:
        """Bytes of all files of all versions."""
        return sum(bundle.size for bundle in self.bundles.values())

    def list_skills(self, query: Query) -> dict[str, Any]:
        """Newest first [ours: the order]; of a source that nobody knows: none."""
        source = query.text("source")
        rows = [skill for skill in self.items.values() if source in (None, skill["source"]["type"])]
        return page_of(rows, query, default=20, most=1000, least=self.least, order="desc")

    def delete(self, id: str) -> Resource:
        """Delete a skill with its versions. [doc] Agents that have it keep its id, and can't be used."""
        self._own(id)
        del self.items[id]
        for version in self.versions.pop(id):
            del self.bundles[version]
        return {"id": id, "type": "skill_deleted"}

    def list_versions(self, id: str, query: Query) -> dict[str, Any]:
        self.get(id)
        rows = list(self.versions[id].values())
        return page_of(rows, query, default=20, most=1000, least=self.least, order="desc")

    def version(self, id: str, version: str) -> Resource:
        """One version, by its id, or by its time as older clients know it."""
        self.get(id)
        versions = self.versions[id].values()
        found = next((one for one in versions if version in (one["id"], epoch(one["created_at"]))), None)
        if found is None:
            raise not_found("Skill version", version)
        return found

    def delete_version(self, id: str, version: str) -> Resource:
        """Delete one version; a skill has at least one. [sdk]"""
        skill, gone = self._own(id), self.version(id, version)["id"]
        if len(self.versions[id]) == 1:
            raise ApiError(400, f"{gone} is the only version of skill {id}: delete the skill")
        del self.versions[id][gone], self.bundles[gone]
        skill["latest_version_id"] = list(self.versions[id])[-1]
        return {"id": gone, "type": "skill_version_deleted"}

    def content(self, id: str, version: str) -> tuple[bytes, str]:
        """A version as a zip, and the zip's file name."""
        bundle = self.bundles.get(self.version(id, version)["id"])
        if bundle is None:
            raise ApiError(400, f"Skill {id} is Anthropic's: its content isn't on a replay server.")
        return bundle.zipped(), f"{bundle.name}.zip"

    # -- in an agent ------------------------------------------------------------------------------

    def resolved(self, entries: Iterable[Resource]) -> list[Resource]:
        """An agent's skills with the version of each written out: the latest unless another is named. [doc]

        Raises:
            ApiError: 400, there is no such skill or version.
        """
        return [self._resolved(number, entry) for number, entry in enumerate(entries)]

    def missing(self, entries: Iterable[Resource]) -> str | None:
        """The first of an agent's skills that is here no more, if there is one."""
        for entry in entries:
            if entry["version"] not in self.versions.get(entry["skill_id"], ()):
                return str(entry["skill_id"])
        return None

    def _resolved(self, number: int, entry: Resource) -> Resource:
        id, wanted = entry["skill_id"], entry.get("version") or "latest"
        skill = self.items.get(id)
        if skill is None or skill["source"]["type"] != entry["type"]:
            raise ApiError(400, f"skills.{number}.skill_id: there is no {entry['type']} skill {id!r}")
        if wanted == "latest":
            version = skill["latest_version_id"]
        else:
            try:
                version = self.version(id, wanted)["id"]
            except ApiError as error:
                raise ApiError(
                    400, f"skills.{number}.version: skill {id} has no version {wanted!r}"
                ) from error
        return {"type": entry["type"], "skill_id": id, "version": version}

    # -- what is kept -----------------------------------------------------------------------------

    def _own(self, id: str) -> Resource:
        skill = self.get(id)
        if skill["source"]["type"] != "custom":  # shared and read-only [sdk]
            raise ApiError(400, f"Skill {id} is Anthropic's: it can't be changed or deleted.")
        return skill

    def _keep(self, skill: Resource, latest: str) -> Resource:
        self.items[skill["id"]] = {**skill, "type": "skill", "latest_version_id": latest}
        self.versions.setdefault(skill["id"], {})
        return self.items[skill["id"]]

    def _new_version(self, id: str, bundle: Bundle, created_at: str) -> str:
        version = make_id("skver", id, created_at)
        self._add(id, version, bundle.name, bundle.description, created_at)
        self.bundles[version] = bundle
        return version

    def _add(self, id: str, version: str, name: str, description: str, created_at: str) -> None:
        self.versions.setdefault(id, {})[version] = {
            "id": version,
            "type": "skill_version",
            "skill_id": id,
            "name": name,
            "description": description,
            "created_at": created_at,
        }


# -- as it was before general availability ----------------------------------------------------------


def epoch(created_at: str) -> str:
    """A version's name until then: microseconds since 1970. [doc]"""
    return str(round(parse_time(created_at).timestamp() * 1_000_000))


def as_before(answer: Resource, skills: Skills) -> Resource:
    """A skill, a version, or a list of them, as clients get it with the older beta. [doc]"""
    if "data" in answer:
        rows = [as_before(row, skills) for row in answer["data"]]
        return {**answer, "data": rows, "has_more": answer["next_page"] is not None}
    if answer["type"] == "skill":
        latest = skills.version(answer["id"], answer["latest_version_id"])
        kept = {key: answer[key] for key in ("id", "type", "created_at", "updated_at")}
        told = {"display_title": answer["display_name"], "latest_version": _older_name(latest)}
        return {**kept, **told, "source": answer["source"]["type"]}
    if answer["type"] == "skill_version":
        return {**answer, "version": _older_name(answer), "directory": answer["name"]}
    return answer


def _older_name(version: Resource) -> str:
    return THEIR_VERSION if version["id"] == THEIR_VERSION else epoch(version["created_at"])
