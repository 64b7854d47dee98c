"""What a deploy of the project would upload."""

from __future__ import annotations

import pytest

from diagnose.errors import SourceError
from diagnose.project import build_upload, open_project
from diagnose.project.upload import MAX_MODULE_BYTES

CONFIG = """\
name = "w"
main = "src/entry.py"
compatibility_date = "2026-01-01"
compatibility_flags = ["python_workers"]

[triggers]
crons = ["0 3 * * *"]

[vars]
TEXT = "t"
JSON = { a = 1 }

[secrets]
required = ["API_KEY"]

[[d1_databases]]
binding = "DB"
database_id = "x"

[[d1_databases]]
binding = "NEW"

[[queues.producers]]
binding = "Q"
queue = "q"
delivery_delay = 5

[[kv_namespaces]]
binding = "CACHE"
id = "k"
preview_id = "p"

[[durable_objects.bindings]]
name = "ROOM"
class_name = "ROOM"
"""


@pytest.fixture
def write(tmp_path):
    def write_file(path, content=b"#"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    write_file("wrangler.toml", CONFIG.encode())
    return write_file


def test_modules_bindings_and_settings(tmp_path, write):
    write("src/entry.py", b"entry")
    write("src/lib/a.py", b"a")
    for left_out in (
        "outside.py",
        "src/data.json",
        "src/.hidden.py",
        "src/.diagnose/x.py",
        "src/.venv/x.py",
        "src/__pycache__/x.py",
        "src/node_modules/x.py",
        "src/env/pyvenv.cfg",
        "src/env/x.py",
        "python_modules/pkg/x.pyc",
    ):
        write(left_out)
    write("python_modules/pkg/__init__.py", b"pkg")
    write("python_modules/pkg/data.bin", b"\0")
    upload = build_upload(open_project(tmp_path))
    assert upload.main_module == "entry.py"
    assert upload.modules == {
        "entry.py": b"entry",
        "lib/a.py": b"a",
        "python_modules/pkg/__init__.py": b"pkg",
        "python_modules/pkg/data.bin": b"\0",
    }
    assert upload.bindings == (
        {"type": "d1", "name": "DB", "id": "x"},
        {"type": "d1", "name": "NEW"},
        {"type": "queue", "name": "Q", "queue_name": "q", "delivery_delay": 5},
        {"type": "kv_namespace", "name": "CACHE", "namespace_id": "k"},
        {"type": "durable_object_namespace", "name": "ROOM", "class_name": "ROOM"},
        {"type": "plain_text", "name": "TEXT", "text": "t"},
        {"type": "json", "name": "JSON", "json": {"a": 1}},
        {"type": "inherit", "name": "API_KEY"},
    )
    assert (upload.script_name, upload.compatibility_date, upload.compatibility_flags, upload.crons) == (
        "w",
        "2026-01-01",
        ("python_workers",),
        ("0 3 * * *",),
    )
    assert upload.skipped == {}


def test_a_file_that_is_too_large_or_outside_is_left_out_with_the_reason(tmp_path, write):
    write("src/entry.py")
    write("src/big.py", b"#" * (MAX_MODULE_BYTES + 1))
    (tmp_path / "src" / "link.py").symlink_to("/dev/null")
    upload = build_upload(open_project(tmp_path))
    assert list(upload.modules) == ["entry.py"]
    assert upload.skipped == {
        "src/big.py": "has 5,000,001 bytes, more than a worker may have",
        "src/link.py": "`src/link.py` leads out of the project through a symbolic link",
    }


def test_an_entry_that_cannot_be_uploaded(tmp_path, write):
    with pytest.raises(SourceError, match=r"src/entry\.py: `main` does not exist"):
        build_upload(open_project(tmp_path))
    write("src/entry.py", b"#" * (MAX_MODULE_BYTES + 1))
    with pytest.raises(SourceError, match="more than a worker may have"):
        build_upload(open_project(tmp_path))
    write("wrangler.toml", b'name = "w"')
    with pytest.raises(SourceError, match="the config names no `main`"):
        build_upload(open_project(tmp_path))


def test_excluded_packages_and_a_config_in_a_folder(tmp_path, write):
    write(
        "py/w.toml",
        b'main = "entry.py"\n[python_modules]\nexclude = ["**/tests/*"]\n',
    )
    write("py/entry.py", b"e")
    write("py/python_modules/a.py", b"a")
    write("py/python_modules/tests/t.py", b"t")
    upload = build_upload(open_project(tmp_path, config="py/w.toml"))
    assert upload.modules == {"entry.py": b"e", "python_modules/a.py": b"a"}
    assert upload.script_name == tmp_path.name


def test_another_language_uploads_its_entry_alone(tmp_path, write):
    write("wrangler.toml", b'name = "w"\nmain = "src/index.js"\n')
    write("src/index.js", b"export default {}")
    write("src/other.py")
    assert build_upload(open_project(tmp_path)).modules == {"index.js": b"export default {}"}
