from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio


async def test_swallowed_keys_move_with_their_comments(write_project, proven):
    folder = write_project(
        {
            "wrangler.toml": (
                "# Imports prices.\n"
                "[observability.logs]\n"
                "enabled = true\n"
                "\n"
                "# The worker.\n"
                'name = "prices"  # as deployed\n'
                'main = "w.py"\n'
            ),
            "w.py": "X = 1\n",
        }
    )
    await proven(
        "CFG001",
        folder,
        {
            "wrangler.toml": (
                "# The worker.\n"
                'name = "prices"  # as deployed\n'
                'main = "w.py"\n'
                "\n"
                "# Imports prices.\n"
                "[observability.logs]\n"
                "enabled = true\n"
            )
        },
    )


async def test_each_document_gets_a_file(write_project, proven):
    documents = (
        '# The producer.\nname = "producer"\n\n',
        '# The consumer.\nname = "price-consumer"\n',
        "[vars]\nX = 1\n",
    )
    folder = write_project({"wrangler.toml": "---\n".join(documents)})
    await proven(
        "CFG001",
        folder,
        {
            "wrangler.toml": '# The producer.\nname = "producer"\n',
            "wrangler.price-consumer.toml": '# The consumer.\nname = "price-consumer"\n',
            "wrangler.3.toml": "[vars]\nX = 1\n",
        },
    )


async def test_comments_between_documents_belong_to_the_next(write_project, proven):
    folder = write_project({"wrangler.toml": '# Both.\r\n---\r\nname = "a"\r\n---\r\nname = "b"\r\n'})
    await proven(
        "CFG001",
        folder,
        {"wrangler.toml": '# Both.\r\nname = "a"\r\n', "wrangler.b.toml": 'name = "b"\r\n'},
    )


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"wrangler.toml": "name = \n"}, "correct the place that the parser names"),
        ({"wrangler.toml": 'name = "a"\n---\nname = \n'}, "one of the documents does not parse either"),
        (
            {"wrangler.toml": 'name = "a"\n---\nname = "b"\n', "wrangler.b.toml": ""},
            "wrangler.b.toml exists already",
        ),
    ],
)
async def test_refusals(write_project, refused, files, reason):
    assert reason in await refused("CFG001", write_project(files))
