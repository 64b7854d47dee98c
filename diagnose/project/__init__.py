"""What is on disk: wrangler's config, our settings, migrations, and worker source."""

from diagnose.project.bindings import (
    Binding,
    D1Binding,
    OtherBinding,
    QueueConsumer,
    QueueProducer,
    WorkerConfig,
)
from diagnose.project.document import ConfigDocument, Keys, Place, Span
from diagnose.project.edits import (
    EditError,
    append_table,
    move_key,
    remove_key,
    remove_table,
    rename_key,
    set_value,
)
from diagnose.project.migrations import Migration, next_migration_name
from diagnose.project.placeholders import is_placeholder_id, is_template_path
from diagnose.project.project import Project, open_project
from diagnose.project.reading import SplitDocumentsError, parse_document, with_text
from diagnose.project.settings import (
    Ignore,
    RecordedResponse,
    RowsSettings,
    Settings,
    TriggerSettings,
    WatchSettings,
)
from diagnose.project.settings_text import render_settings
from diagnose.project.unknown_keys import SwallowedKey, UnknownKey, swallowed_keys, unknown_keys
from diagnose.project.upload import Upload, build_upload

__all__ = [
    "Binding",
    "ConfigDocument",
    "D1Binding",
    "EditError",
    "Ignore",
    "Keys",
    "Migration",
    "OtherBinding",
    "Place",
    "Project",
    "QueueConsumer",
    "QueueProducer",
    "RecordedResponse",
    "RowsSettings",
    "Settings",
    "Span",
    "SplitDocumentsError",
    "SwallowedKey",
    "TriggerSettings",
    "UnknownKey",
    "Upload",
    "WatchSettings",
    "WorkerConfig",
    "append_table",
    "build_upload",
    "is_placeholder_id",
    "is_template_path",
    "move_key",
    "next_migration_name",
    "open_project",
    "parse_document",
    "remove_key",
    "remove_table",
    "rename_key",
    "render_settings",
    "set_value",
    "swallowed_keys",
    "unknown_keys",
    "with_text",
]
