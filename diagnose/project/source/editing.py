"""Edits of Python source that touch nothing but the stretches they name."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from ast_grep_py import SgRoot

from diagnose.project.source.python_expressions import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ast_grep_py import SgNode

    from diagnose.project.source.ir import Span

_BYTE_ORDER_MARK = "\ufeff"
_FROM_IMPORT = re.compile(r"from (?P<module>[\w.]+) import (?P<name>\w+)(?: as (?P<alias>\w+))?")
_IMPORT = re.compile(r"import (?P<module>[\w.]+)(?: as (?P<alias>\w+))?")
_IMPORT_KINDS = frozenset({"import_statement", "import_from_statement"})
_OWN_NAMESPACE = frozenset({"class_definition", "function_definition", "lambda"})


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace the characters from `start` to before `end`; offsets count as in `Span`.

    A byte order mark at the beginning of a file is not counted.
    """

    start: int
    end: int
    replacement: str

    @classmethod
    def of(cls, span: Span, replacement: str) -> Self:
        """Replace what a span covers."""
        return cls(span.start, span.end, replacement)


@dataclass(frozen=True, slots=True)
class _Import:
    """One `import` or `from … import` at the top level; `key` orders it as isort does."""

    key: tuple[int, int, str]
    start: int
    line_end: int

    @property
    def section(self) -> int:
        """0 for the standard library, 1 for what is installed, 2 for relative imports."""
        return self.key[0]


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text after all edits; their offsets mean the text as it was before.

    Raises:
        ValueError: two edits overlap, or one lies outside the text.
    """
    body = text.removeprefix(_BYTE_ORDER_MARK)
    ordered = sorted(edits)
    if any(first.end > second.start for first, second in pairwise(ordered)):
        raise ValueError("two edits overlap")
    if any(not 0 <= edit.start <= edit.end <= len(body) for edit in ordered):
        raise ValueError("an edit lies outside the text")
    for edit in reversed(ordered):
        body = body[: edit.start] + edit.replacement + body[edit.end :]
    return text[: len(text) - len(text.removeprefix(_BYTE_ORDER_MARK))] + body


def parses(text: str) -> bool:
    """Whether a text is Python by its grammar, that of newer interpreters than ours included."""
    root = SgRoot(text.removeprefix(_BYTE_ORDER_MARK), "python").root()
    # The parser repairs what is missing by a token without any characters.
    return root.find(kind="ERROR") is None and not any(
        _is_empty_token(node) for child in root.children() for node in _walk(child)
    )


def add_import(text: str, statement: str) -> Edit | None:
    """The edit that imports one name at the top of a module, or None when it is imported there already.

    A `from` import of the same module takes up the name; otherwise the statement stands where isort
    would put it, below the docstring and `from __future__` imports.

    Args:
        text: of the module.
        statement: `import module`, or `from module import name`, each with an optional `as alias`.

    Raises:
        ValueError: the statement is neither.
    """
    wanted = _FROM_IMPORT.fullmatch(statement) or _IMPORT.fullmatch(statement)
    if wanted is None:
        raise ValueError(f"not an import of one name: {statement!r}")
    body = text.removeprefix(_BYTE_ORDER_MARK)
    root = SgRoot(body, "python").root()
    if any(_imports(node, wanted) for node in _module_imports(root)):
        return None
    return _joined(root, wanted) or _inserted(root, body, statement)


def _walk(node: SgNode) -> Iterator[SgNode]:
    yield node
    for child in node.children():
        yield from _walk(child)


def _is_empty_token(node: SgNode) -> bool:
    where = node.range()
    return where.start.index == where.end.index and not node.children()


def _module_imports(node: SgNode) -> Iterator[SgNode]:
    """Imports that bind names of the module, in a `try` or an `if` as well."""
    if node.kind() in _IMPORT_KINDS:
        yield node
    elif node.kind() not in _OWN_NAMESPACE:
        for child in node.children():
            yield from _module_imports(child)


def _imports(node: SgNode, wanted: re.Match[str]) -> bool:
    """Whether an import statement binds the wanted thing to the wanted name."""
    origin = node.field("module_name")
    if (wanted.re is _FROM_IMPORT) != (origin is not None):
        return False
    if origin is not None and origin.text() != wanted["module"]:
        return False
    name = wanted["name"] if origin is not None else wanted["module"]
    return any(_spelling(child) == (name, wanted["alias"]) for child in node.field_children("name"))


def _spelling(node: SgNode) -> tuple[str, str | None]:
    """Name and alias of one imported name."""
    if node.kind() != "aliased_import":
        return node.text(), None
    name, alias = named(node)[:2]
    return name.text(), alias.text()


def _joined(root: SgNode, wanted: re.Match[str]) -> Edit | None:
    """The name added to a top-level `from` import of the same module."""
    if wanted.re is not _FROM_IMPORT:
        return None
    for node in root.children():
        origin, names = node.field("module_name"), node.field_children("name")
        if node.kind() in _IMPORT_KINDS and origin and origin.text() == wanted["module"] and names:
            spelling = wanted["name"] + (f" as {wanted['alias']}" if wanted["alias"] else "")
            return _beside(names, spelling)
    return None


def _beside(names: Sequence[SgNode], spelling: str) -> Edit:
    """A name among others: where it belongs when they are sorted as isort does, else behind them."""
    keys = [_as_isort(node.text()) for node in names]
    later = next((node for node in names if _as_isort(node.text()) > _as_isort(spelling)), None)
    if later is not None and keys == sorted(keys):
        start = later.range().start.index
        return Edit(start, start, f"{spelling}, ")
    end = names[-1].range().end.index
    return Edit(end, end, f", {spelling}")


def _as_isort(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest."""
    return 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name


def _inserted(root: SgNode, text: str, statement: str) -> Edit:
    """The statement beside the import that it sorts next to.

    Args:
        root: of the module.
        text: of the module; the root's own lacks the blank lines above the first statement.
        statement: to be inserted.
    """
    line_break = "\r\n" if "\r\n" in text else "\n"
    key = _key(statement)
    known = [_known(node, text) for node in root.children() if node.kind() in _IMPORT_KINDS]
    above = max((each for each in known if each.key < key), default=None, key=lambda each: each.line_end)
    below = min((each for each in known if each.key >= key), default=None, key=lambda each: each.start)
    if above and (above.section == key[0] or not (below and below.section == key[0])):
        gap = line_break * (1 if above.section == key[0] else 2)
        return Edit(above.line_end, above.line_end, gap + statement)
    if below:
        gap = line_break * (1 if below.section == key[0] else 2)
        return Edit(below.start, below.start, statement + gap)
    return _first_import(root, text, statement, line_break)


def _first_import(root: SgNode, text: str, statement: str, line_break: str) -> Edit:
    """The statement in a module without imports."""
    after: int | None = None
    for node in root.children():
        if node.kind() == "comment":
            continue
        if node.kind() != "future_import_statement" and (after is not None or not _is_docstring(node)):
            break
        after = _line_end(text, node)
    if after is not None:
        return Edit(after, after, line_break * 2 + statement)
    code = [node for node in root.children() if node.kind() != "comment"]
    start = code[0].range().start.index if code else len(text)
    return Edit(start, start, statement + line_break * 2)


def _is_docstring(node: SgNode) -> bool:
    return node.kind() == "expression_statement" and [child.kind() for child in named(node)] == ["string"]


def _known(node: SgNode, text: str) -> _Import:
    start = node.range().start.index
    return _Import(_key(" ".join(node.text().split())), start, _line_end(text, node))


def _line_end(text: str, node: SgNode) -> int:
    """The end of the line on which a node ends, in front of its line break."""
    found = re.compile(r"\r?$", re.MULTILINE).search(text, node.range().end.index)
    return found.start() if found else len(text)


def _key(statement: str) -> tuple[int, int, str]:
    """Section (standard library first), `import` before `from`, then the module."""
    keyword, module = statement.replace(",", " ").split()[:2]
    installed = module.partition(".")[0] not in sys.stdlib_module_names
    return installed + module.startswith("."), int(keyword == "from"), module


def with_imports(text: str, statements: Sequence[str]) -> str:
    """The text with several imports of one name each, added where they are missing."""
    for statement in statements:
        edit = add_import(text, statement)
        text = text if edit is None else apply_edits(text, [edit])
    return text
