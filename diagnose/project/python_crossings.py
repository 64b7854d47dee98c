"""Which Python values reach a queue's JavaScript as something else than they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.project.source.editing import Edit

if TYPE_CHECKING:
    from diagnose.project.python_dates import PythonRuntime
    from diagnose.project.source.model import SendSite, Source

CONVERTER_IMPORTS = ("from pyodide.ffi import to_js", "from js import Object")
TEXT_IMPORTS = ("import json",)

_CONVERTER = "dict_converter=Object.fromEntries"
_BARE_CALL = re.compile(r"(?:[\w.]+\.)?to_js\s*\(.*\)", re.DOTALL)
_BARE_DICT = re.compile(r"(?:[\w.]+\.)?to_js\s*\(\s*(?:\[\s*)?\{")
_READS_TEXT = re.compile(r"\bloads\(\s*(?!req|resp)\w+(?:\.\w+)*\.body\b")


@dataclass(frozen=True, slots=True)
class Crossing:
    """A send whose argument does not arrive as the object that it is in Python.

    Attributes:
        arrives: what JavaScript receives, for a sentence.
        breaks: whether it does on the runtime that the config selects; None when the SDK's version is
            not known.
        sure: whether the source alone tells that the value is of a type that does not cross.
    """

    site: SendSite
    arrives: str
    breaks: bool | None
    sure: bool


def crossings(source: Source, runtime: PythonRuntime) -> tuple[Crossing, ...]:
    """The sends of a Python worker that pass an object to JavaScript unconverted, in source order."""
    found = (_crossing(site, runtime, source) for site in source.sends)
    return tuple(crossing for crossing in found if crossing is not None)


def conversion(site: SendSite, source: Source) -> tuple[Edit, tuple[str, ...]] | None:
    """The edit of the argument that makes it cross, and the imports it needs; None where it cannot be edited.

    An object stays an object. Only where the worker's own consumer reads JSON text from the body, and the
    producer sends one message without a content type, text is sent.
    """
    span = site.payload_span
    if span is None:
        return None
    argument = _argument(site, source)
    if site.payload == "bare to_js":
        return _with_converter(span.start, argument)
    if site.method == "send" and site.content_type is None and _consumes_text(source):
        text = f'json.dumps({argument}, separators=(",", ":")), contentType="text"'
        return Edit.of(span, text), TEXT_IMPORTS
    return Edit.of(span, f"to_js({argument}, {_CONVERTER})"), CONVERTER_IMPORTS


def _crossing(site: SendSite, runtime: PythonRuntime, source: Source) -> Crossing | None:
    if site.payload == "bare to_js":
        if not runtime.dict_becomes_map:
            return None
        sure = bool(_BARE_DICT.match(_argument(site, source)))
        return Crossing(site, "a Map, which becomes `{}` in the message", breaks=True, sure=sure)
    is_object = site.payload in {"dict", "list"}
    if runtime.wraps is True or not (is_object or (site.method == "sendBatch" and site.payload != "unknown")):
        return None
    if site.payload == "converted":
        return None
    kind = "list" if site.method == "sendBatch" else site.payload
    breaks = None if runtime.wraps is None else True
    return Crossing(site, f"a proxy of the Python {kind}", breaks=breaks, sure=True)


def _argument(site: SendSite, source: Source) -> str:
    span = site.payload_span
    return "" if span is None else source.text(span.path).removeprefix("\ufeff")[span.start : span.end]


def _consumes_text(source: Source) -> bool:
    """Whether the worker is its own consumer and parses the body of a message as JSON text."""
    reads = any(_READS_TEXT.search(module.text) for module in source.modules)
    return reads and source.handler("queue") is not None


def _with_converter(start: int, argument: str) -> tuple[Edit, tuple[str, ...]] | None:
    """The converter as a further argument of the `to_js` call."""
    if not _BARE_CALL.fullmatch(argument):
        return None
    inside = argument[:-1].rstrip()
    comma = " " if inside.endswith(",") else ", "
    at = start + len(inside)
    return Edit(at, at, comma + _CONVERTER), CONVERTER_IMPORTS[1:]
