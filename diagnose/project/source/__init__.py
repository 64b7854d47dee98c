"""What a worker does, read from its source without running it.

`read_source` lowers the modules into a small language-neutral tree (`ir`), reads every handler with
symbolic values, and answers with frozen facts. A claim follows from the code; what does not is an
`UnknownCount` or a `Hole`.
"""

from diagnose.project.source.counts import AtMost, Count, Exactly, FromCaller, FromData, UnknownCount
from diagnose.project.source.ir import Span
from diagnose.project.source.model import (
    AckedFailure,
    BindingUse,
    BodyRead,
    ErrorHandling,
    Handler,
    HandlerKind,
    Language,
    Loop,
    Method,
    Module,
    OutboundFetch,
    ParameterGroup,
    Parameters,
    Payload,
    ReportedCount,
    RowTemplate,
    SendSite,
    Source,
    StatementSite,
    TriggerHint,
    UnawaitedCall,
)
from diagnose.project.source.reading import UnsupportedLanguageError, read_source
from diagnose.project.source.sql import Hole, Ordinal, Repeated, SqlText, Text, parameter_count, placeholders
from diagnose.project.source.weights import Elements, JsonWeight

__all__ = [
    "AckedFailure",
    "AtMost",
    "BindingUse",
    "BodyRead",
    "Count",
    "Elements",
    "ErrorHandling",
    "Exactly",
    "FromCaller",
    "FromData",
    "Handler",
    "HandlerKind",
    "Hole",
    "JsonWeight",
    "Language",
    "Loop",
    "Method",
    "Module",
    "Ordinal",
    "OutboundFetch",
    "ParameterGroup",
    "Parameters",
    "Payload",
    "Repeated",
    "ReportedCount",
    "RowTemplate",
    "SendSite",
    "Source",
    "Span",
    "SqlText",
    "StatementSite",
    "Text",
    "TriggerHint",
    "UnawaitedCall",
    "UnknownCount",
    "UnsupportedLanguageError",
    "parameter_count",
    "placeholders",
    "read_source",
]
