"""Ids and folders that are not meant for a deploy."""

from __future__ import annotations

import pytest

from diagnose.project import is_placeholder_id, is_template_path


@pytest.mark.parametrize(
    "value",
    [
        "",
        "YOUR_DATABASE_ID",
        "<database-id>",
        "${D1_ID}",
        "placeholder",
        "local",
        "00000000-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-000000000001",
        "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
        "12345678-1234-1234-1234-123456789012",
        "12345678-90ab-cdef-1234-567890abcdef",
        "123e4567-e89b-12d3-a456-426614174000",
        "deadbeef-dead-beef-dead-beefdeadbeef",
    ],
)
def test_placeholders(value):
    assert is_placeholder_id(value)


@pytest.mark.parametrize(
    "value", ["5b1f2d3e-7c48-4a90-9d65-0e8f1a2b3c4d", "E2C1A7B4-93D8-4F06-8B57-6A1D90C3F2E5"]
)
def test_ids(value):
    assert not is_placeholder_id(value)


@pytest.mark.parametrize(
    "path",
    [
        "templates/wrangler.toml",
        "packages/x/__fixtures__/wrangler.jsonc",
        "e2e/a/wrangler.toml",
        "wrangler.example.toml",
        "wrangler.toml.template",
        "examples/w.toml",
        "test/wrangler.toml",
    ],
)
def test_template_paths(path):
    assert is_template_path(path)


@pytest.mark.parametrize("path", ["wrangler.toml", "workers/latest/wrangler.toml", "contest/wrangler.jsonc"])
def test_other_paths(path):
    assert not is_template_path(path)
