from __future__ import annotations

import json

import pytest

from diagnose.project import open_project
from diagnose.project.deploy_commands import all_deploy_commands, deploy_commands


@pytest.fixture
def found(write_project):
    """The commands in some files, as (path, line, environment, config, folders)."""

    def read(files):
        commands = all_deploy_commands(write_project(files))
        return [
            (each.location.path, each.location.line, each.environment, each.config, each.folders)
            for each in commands
        ]

    return read


def package(**scripts):
    return json.dumps({"scripts": scripts}, indent=2)


@pytest.mark.parametrize(
    ("script", "environment"),
    [
        ("wrangler deploy", None),
        ("npx wrangler@4 deploy --minify --env staging", "staging"),
        ("wrangler deploy -e staging src/index.js", "staging"),
        ("wrangler publish --env=staging", "staging"),
        ("wrangler --env staging deploy", "staging"),
        ('wrangler deploy --env ""', None),
        ("CLOUDFLARE_ENV=staging npm run build && wrangler deploy", "staging"),
        ("CLOUDFLARE_ENV=staging wrangler deploy --env production", "production"),
        ("uv run pywrangler deploy --env staging", "staging"),
        ("wrangler versions upload --env staging", "staging"),
        ("npm run deploy -- --env staging", "staging"),
    ],
)
def test_package_scripts(found, script, environment):
    files = {"package.json": package(test="vitest", ship=script)}
    assert found(files) == [("package.json", 4, environment, None, ("",))]


@pytest.mark.parametrize(
    "script",
    [
        "wrangler dev --env staging",
        "wrangler deploy --dry-run --env staging",
        "wrangler d1 migrations apply DB --env staging",
        "wrangler pages deploy dist --env staging",
        "wrangler deployments list",
        "wrangler deploy --env $ENVIRONMENT",
        "wrangler deploy --env ${{ inputs.environment }}",
        "npm run deploy",
        "npm run deploy && npm run smoke",
        "echo run wrangler deploy --env staging",
        "wrangler secret put TOKEN --env staging",
    ],
)
def test_what_deploys_no_known_environment(found, script):
    assert found({"package.json": package(ship=script)}) == []


def test_shell_scripts_and_makefiles(found):
    files = {
        "Makefile": "ship:\n\t# wrangler deploy --env old\n\tnpx wrangler deploy \\\n\t  --env staging\n",
        "scripts/ship.sh": "#!/bin/sh\nset -e\ncd api && wrangler deploy -c wrangler.prod.toml --env live\n",
    }
    assert found(files) == [
        ("Makefile", 3, "staging", None, ("",)),
        ("scripts/ship.sh", 3, "live", "wrangler.prod.toml", ("api", "scripts/api")),
    ]


WORKFLOW = """jobs:
  ship:
    environment: github-environment
    steps:
      - uses: cloudflare/wrangler-action@v3
        with:
          apiToken: ${{ secrets.TOKEN }}
          command: deploy --env staging
      - uses: cloudflare/wrangler-action@v3
        with:
          environment: production
      - uses: cloudflare/wrangler-action@v3
        with:
          command: d1 migrations apply DB --env staging
      - run: npx wrangler deploy --env preview
"""


def test_ci_files(found):
    assert found({".github/workflows/ship.yml": WORKFLOW}) == [
        (".github/workflows/ship.yml", 15, "preview", None, ("",)),
        (".github/workflows/ship.yml", 5, "staging", None, ("",)),
        (".github/workflows/ship.yml", 9, "production", None, ("",)),
    ]


def test_a_variable_and_a_folder_of_a_ci_file(found):
    text = "env:\n  CLOUDFLARE_ENV: staging\nrun: wrangler deploy\nworking-directory: ./workers/a\n"
    assert found({".github/workflows/ship.yaml": text}) == [
        (".github/workflows/ship.yaml", 3, "staging", None, ("workers/a",))
    ]


def test_files_of_dependencies_and_broken_ones_are_left_out(found):
    files = {
        "node_modules/a/package.json": package(ship="wrangler deploy"),
        ".cache/a.sh": "wrangler deploy",
        "package.json": "{",
        "a/package.json": '{"scripts": ["wrangler deploy"]}',
        "b/package.json": "[1]",
    }
    assert found(files) == []


def test_only_commands_that_read_the_config_count(write_project):
    config = 'name = "a"\n'
    folder = write_project(
        {
            "wrangler.toml": config,
            "wrangler.jsonc": '{"name": "b"}',
            "api/wrangler.toml": config,
            "package.json": package(
                plain="wrangler deploy",
                named="wrangler deploy -c ./wrangler.toml --env x",
                api="cd api && wrangler deploy",
            ),
            "api/package.json": package(ship="wrangler deploy --env api"),
        }
    )

    def environments(config):
        commands = deploy_commands(open_project(folder, config=config))
        return [(each.location.path, each.environment) for each in commands]

    assert environments(None) == [("package.json", None)]
    assert environments("wrangler.toml") == [("package.json", "x")]
    assert environments("api/wrangler.toml") == [("package.json", None), ("api/package.json", "api")]


def test_a_link_out_of_the_project_is_not_read(write_project, tmp_path):
    (tmp_path / "other.sh").write_text("wrangler deploy --env staging\n")
    folder = write_project({"wrangler.toml": 'name = "a"\n'})
    (folder / "ship.sh").symlink_to(tmp_path / "other.sh")
    assert all_deploy_commands(folder) == ()


def test_quotes_that_do_not_close_on_the_line(found):
    text = "steps:\n  - run: echo it's && wrangler deploy --env staging'\n"
    assert [each[2] for each in found({".gitlab-ci.yml": text})] == ["staging"]
