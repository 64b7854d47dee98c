"""CFG001: splits a file of several documents, and lifts swallowed keys above the headers."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from diagnose.errors import ConfigError, ProjectError
from diagnose.plugin import Fix, Safety
from diagnose.project import SplitDocumentsError
from diagnose.project.children import newline_of
from diagnose.project.edits import move_key
from diagnose.project.reading import parse_document, with_text
from diagnose.project.unknown_keys import swallowed_keys
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project import ConfigDocument, Project
    from diagnose.project.document import Format


class ConfigUnreadable(Fix):
    """Gives each document a file of its own, or moves keys to the top level with their comments."""

    code: ClassVar[str] = "CFG001"
    safety: ClassVar[Safety] = Safety.REVIEW

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Repair the config as it is now."""
        project = ctx.project
        if isinstance(project.config_error, SplitDocumentsError):
            return self._split(project, project.config_error)
        if project.config_error is not None:
            return self.refuse(project.config_error.message, "correct the place that the parser names")
        if project.document is None or not swallowed_keys(project.document):
            return self.nothing("the config can be read")
        return self._lift(project.document)

    def _lift(self, document: ConfigDocument) -> Plan:
        before, count = document.text, 0
        try:
            while movable := [key for key in swallowed_keys(document) if key.target is not None]:
                key = movable[0]
                document = with_text(document, move_key(document, key.keys, key.target or ()))
                count += 1
        except ProjectError as error:
            return self.refuse(str(error), "move the key above the first table header")
        if not count or swallowed_keys(document):
            return self.refuse(
                "a key is at the top level already, with another value",
                "decide which of the two holds and remove the other",
            )
        after = document.text.rstrip() + newline_of(before)  # no blank lines where the last keys stood
        return self.steps(
            "move the keys that a table header swallows above it", EditFile.text(document.path, before, after)
        )

    def _split(self, project: Project, error: SplitDocumentsError) -> Plan:
        path = project.config_path
        before = (project.root / path).read_bytes().decode()
        try:
            first, *others = _documents(path, error.documents)
        except ConfigError as broken:
            return self.refuse(
                f"one of the documents does not parse either: {broken.message}", "correct it first"
            )
        steps = [EditFile.text(path, before, first.text)]
        for number, document in enumerate(others, start=2):
            place = _own_path(path, document, number)
            if (project.root / place).exists():
                return self.refuse(f"{place} exists already", "give each document a file of its own")
            steps.append(EditFile.text(place, None, document.text))
        names = ", ".join(step.path for step in steps[1:])
        return self.steps(f"keep the first document in {path} and move the rest to {names}", *steps)


def _documents(path: str, texts: tuple[str, ...]) -> list[ConfigDocument]:
    """The documents; comments between dividing lines belong to the document after them."""
    documents, above = [], ""
    file_format: Format = "toml" if path.endswith(".toml") else "jsonc"
    for text in texts:
        body = above + text.strip("\r\n") + newline_of(text)
        document = parse_document(body, path, file_format)
        above = "" if document.data else body
        if document.data:
            documents.append(document)
    if not documents:
        raise ConfigError("there are only comments")
    return documents


def _own_path(path: str, document: ConfigDocument, number: int) -> str:
    """Such as `wrangler.price-consumer.toml`, by the worker's name."""
    place = PurePosixPath(path)
    name = document.get("name")
    known = isinstance(name, str) and name.replace("-", "").replace("_", "").isalnum()
    return str(place.with_name(f"{place.stem}.{name if known else number}{place.suffix}"))
