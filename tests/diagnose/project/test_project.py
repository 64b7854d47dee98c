"""Opening a project folder: which config, which environment, and every kind of bad input."""

from __future__ import annotations

import os

import pytest

from diagnose.errors import ConfigError, NoConfigError, ProjectError, UsageError
from diagnose.project import SplitDocumentsError, open_project, parse_document
from diagnose.project.reading import MAX_CONFIG_BYTES

MINIMAL = 'name = "w"\nmain = "src/entry.py"\n'


def test_wrangler_s_precedence(tmp_path):
    (tmp_path / "wrangler.toml").write_text('name = "toml"')
    assert open_project(tmp_path).config.name == "toml"
    (tmp_path / "wrangler.jsonc").write_text('{"name": "jsonc",}')
    assert open_project(tmp_path).config.name == "jsonc"
    (tmp_path / "wrangler.json").write_text('{"name": "json"}')
    project = open_project(tmp_path)
    assert (project.config.name, project.config_path) == ("json", "wrangler.json")
    assert project.config_candidates == ("wrangler.json", "wrangler.jsonc", "wrangler.toml")


def test_a_config_by_any_name(tmp_path):
    (tmp_path / "py").mkdir()
    (tmp_path / "py" / "wrangler_import.toml").write_text(MINIMAL)
    absolute = str(tmp_path / "py" / "wrangler_import.toml")
    for name in ("py/wrangler_import.toml", "./py/../py/wrangler_import.toml", absolute):
        project = open_project(tmp_path, config=name)
        assert (project.config_path, project.base, project.config.name) == (
            "py/wrangler_import.toml",
            "py",
            "w",
        )
    assert str(project.config.locate("main")) == "py/wrangler_import.toml:2:1"
    assert project.config_candidates == ()


def test_configs_below_the_folder_are_named_and_not_taken(tmp_path):
    for path in (
        "b/wrangler.toml",
        "a/wrangler_import.jsonc",
        "a/b/c/d/wrangler.toml",
        "node_modules/x/wrangler.toml",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    with pytest.raises(NoConfigError) as caught:
        open_project(tmp_path)
    assert caught.value.hint == "name one with --config: a/wrangler_import.jsonc, b/wrangler.toml"


def test_a_config_named_by_the_settings(tmp_path):
    (tmp_path / "diagnose.toml").write_text('config = "other.toml"\n')
    (tmp_path / "other.toml").write_text(MINIMAL)
    (tmp_path / "wrangler.toml").write_text('name = "default"')
    assert open_project(tmp_path).config_path == "other.toml"
    assert open_project(tmp_path, config="wrangler.toml").config.name == "default"


def test_no_config(tmp_path):
    with pytest.raises(NoConfigError, match=r"no wrangler\.json, wrangler\.jsonc or wrangler\.toml"):
        open_project(tmp_path)
    with pytest.raises(NoConfigError, match="there is no such config file"):
        open_project(tmp_path, config="missing.toml")


def test_a_config_outside_or_in_an_unknown_format(tmp_path):
    with pytest.raises(UsageError, match="the config lies outside the project folder"):
        open_project(tmp_path, config="../wrangler.toml")
    with pytest.raises(UsageError, match=r"wrangler reads \.toml, \.json and \.jsonc files only"):
        open_project(tmp_path, config="wrangler.yaml")


def test_no_folder(tmp_path):
    with pytest.raises(UsageError, match="there is no such folder"):
        open_project(tmp_path / "missing")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="there is no such folder"):
        open_project(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    (tmp_path / "wrangler.toml").write_text(MINIMAL)
    (tmp_path / "wrangler.toml").chmod(0)
    with pytest.raises(ProjectError, match="cannot be read: Permission denied"):
        open_project(tmp_path)
    tmp_path.chmod(0)
    try:
        with pytest.raises(ProjectError, match="the folder cannot be read: Permission denied"):
            open_project(tmp_path)
    finally:
        tmp_path.chmod(0o700)


def broken(tmp_path, name, content):
    """The error that a config leaves in the project that holds it."""
    (tmp_path / name).write_bytes(content)
    project = open_project(tmp_path)
    assert (project.config, project.document, project.source, project.source_error) == (
        None,
        None,
        None,
        None,
    )
    assert isinstance(project.config_error, ConfigError)
    return project.config_error


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("wrangler.toml", b'name = "w"\nmain = \n', "wrangler.toml:2:8"),
        ("wrangler.jsonc", b'{\n  "name": "w"\n  "main": 1\n}', "wrangler.jsonc:3:3"),
        ("wrangler.json", b"[]", "wrangler.json:1:1"),
        ("wrangler.toml", b'name = "w"\nmain = "\xff"\n', "wrangler.toml:2"),
        ("wrangler.toml", b"#" * (MAX_CONFIG_BYTES + 1), "wrangler.toml"),
    ],
)
def test_a_config_that_does_not_parse_is_a_fact(tmp_path, name, content, where):
    assert broken(tmp_path, name, content).where == where


def test_a_folder_in_place_of_the_config(tmp_path):
    (tmp_path / "wrangler.toml").mkdir()
    error = open_project(tmp_path).config_error
    assert str(error) == "wrangler.toml: is not a regular file; put the wrangler config there"


def test_a_config_of_megabytes(tmp_path):
    error = broken(tmp_path, "wrangler.json", b" " * 5_000_000)
    assert error.message == "has 5,000,000 bytes, and a wrangler config has some thousands"


def test_a_link_that_leads_out(tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "secret.toml").write_text(MINIMAL)
    (tmp_path / "project" / "wrangler.toml").symlink_to(tmp_path / "secret.toml")
    with pytest.raises(ProjectError, match="leads out of the project through a symbolic link"):
        open_project(tmp_path / "project")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_two_documents_in_one_file(tmp_path, end):
    lines = [b'name = "a"', b"", b"---", b'name = "b"', b"--- ", b"", b"---"]
    error = broken(tmp_path, "wrangler.toml", end.join(lines))
    assert isinstance(error, SplitDocumentsError)
    assert (error.line, error.column, error.where) == (3, 1, "wrangler.toml:3:1")
    assert [document.split() for document in error.documents] == [["name", "=", '"a"'], ["name", "=", '"b"']]


def test_a_divider_without_two_documents_is_a_plain_error(tmp_path):
    assert not isinstance(broken(tmp_path, "wrangler.toml", b'---\nname = "a"\n'), SplitDocumentsError)


def test_a_divider_inside_a_text_is_no_divider():
    document = parse_document('a = """\n---\n"""\n', "wrangler.toml", "toml")
    assert document.data == {"a": "---\n"}


def test_an_unknown_environment(tmp_path):
    (tmp_path / "wrangler.toml").write_text(MINIMAL + "[env.dev]\n")
    assert open_project(tmp_path, environment="dev").config.name == "w-dev"
    with pytest.raises(UsageError, match="use one of these with --env: dev"):
        open_project(tmp_path, environment="production")


def test_an_environment_where_there_is_none_is_a_warning(tmp_path):
    (tmp_path / "wrangler.toml").write_text(MINIMAL)
    project = open_project(tmp_path, environment="dev")
    assert project.environment == "dev"
    assert project.environment_warning == (
        "wrangler.toml declares no environments; `dev` only changes the worker's name"
    )


def test_the_entry_must_stay_inside(tmp_path):
    (tmp_path / "project" / "src").mkdir(parents=True)
    (tmp_path / "outside.py").write_text("")
    (tmp_path / "project" / "src" / "entry.py").symlink_to(tmp_path / "outside.py")
    (tmp_path / "project" / "wrangler.toml").write_text(MINIMAL)
    error = open_project(tmp_path / "project").source_error
    assert str(error).startswith("src/entry.py: `main` leads out of the project through a symbolic link; ")
    (tmp_path / "project" / "wrangler.toml").write_text('main = "../outside.py"')
    error = open_project(tmp_path / "project").source_error
    assert str(error).startswith("../outside.py: `main` has a `..` part; ")


def test_no_entry_is_neither_source_nor_error(tmp_path):
    (tmp_path / "wrangler.toml").write_text('name = "w"')
    project = open_project(tmp_path)
    assert (project.source, project.source_error) == (None, None)


def test_migrations_hang_on_the_config_s_folder(tmp_path):
    (tmp_path / "py" / "migrations").mkdir(parents=True)
    (tmp_path / "py" / "migrations" / "0001_a.sql").write_text("SELECT 1")
    (tmp_path / "py" / "w.toml").write_text('[[d1_databases]]\nbinding = "DB"\n')
    project = open_project(tmp_path, config="py/w.toml")
    (binding,) = project.config.d1
    assert [(each.path, each.sql) for each in project.migrations(binding)] == [
        ("py/migrations/0001_a.sql", "SELECT 1")
    ]
    assert project.migrations_folder(binding) == "py/migrations"
