"""Bad input gets one message, the right exit code, no traceback, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CONFIG = """name = "prices"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[triggers]
crons = ["0 3 * * *"]

[[d1_databases]]
binding = "DB"
database_name = "prices"
database_id = "8f3c1f2e-5a0b-4f57-9b53-0d6f0c1f8a11"
"""
WORKER = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        statement = self.env.DB.prepare("INSERT INTO prices (day, close) VALUES (?, ?)")
        result = await statement.bind("2026-01-01", 1.5).run()
        print(result.meta.changes)
"""


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def assert_one_message(ended, code, *texts):
    assert ended.code == code, ended.out + ended.err
    assert "Traceback" not in ended.out + ended.err
    for text in texts:
        assert text in ended.out + ended.err


def test_no_config(diagnose, tmp_path):
    ended = diagnose("run", tmp_path)
    assert_one_message(ended, 3, "no wrangler.json, wrangler.jsonc or wrangler.toml", str(tmp_path))
    document = diagnose("run", tmp_path, "--format", "json")
    assert document.code == 3
    assert document.json["findings"] == []
    assert "wrangler.toml" in document.json["error"]["message"]


def test_no_such_folder(diagnose, tmp_path):
    assert_one_message(diagnose("run", tmp_path / "nowhere"), 2, "nowhere")


def test_several_configs(diagnose, tmp_path):
    write(
        tmp_path,
        wrangler__toml=CONFIG,
        wrangler__jsonc='{"name": "other", "main": "worker.py"}',
        worker__py=WORKER,
    )
    ended = diagnose("run", tmp_path, "--offline")
    assert "wrangler takes wrangler.jsonc, not wrangler.toml" in ended.out


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("wrangler.toml", 'name = "prices"\nmain = \n', 2),
        ("wrangler.json", '{\n  "name": "prices",\n  "main" "worker.py"\n}\n', 3),
        ("wrangler.jsonc", '{\n  // a comment\n  "name": "prices",,\n}\n', 3),
    ],
)
def test_a_config_that_does_not_parse(diagnose, tmp_path, name, text, line):
    (tmp_path / name).write_text(text)
    ended = diagnose("run", tmp_path, "--format", "json")
    assert ended.code == 2
    (finding,) = ended.findings("CFG001")
    assert finding["status"] == "fail"
    assert finding["location"]["path"] == name
    assert finding["location"]["line"] == line
    assert_one_message(diagnose("run", tmp_path), 2, f"{name}:{line}")


def test_keys_swallowed_by_a_table_header(diagnose, tmp_path):
    write(
        tmp_path,
        wrangler__toml='[observability.logs]\nenabled = true\nname = "prices"\nmain = "worker.py"\n',
        worker__py=WORKER,
    )
    ended = diagnose("run", tmp_path, "--offline", "--format", "json")
    (finding,) = (f for f in ended.findings("CFG001") if f["status"] == "fail")
    assert finding["location"] == {"path": "wrangler.toml", "line": 3, "column": 1}
    assert finding["evidence"]["keys"] == ["name", "main"]
    assert finding["evidence"]["table"] == "observability.logs"


def test_two_documents_in_one_file(diagnose, tmp_path):
    write(tmp_path, wrangler__toml=CONFIG + "\n---\n" + CONFIG.replace("prices", "other"), worker__py=WORKER)
    ended = diagnose("run", tmp_path, "--format", "json")
    assert ended.code == 2
    (finding,) = ended.findings("CFG001")
    assert "---" in finding["message"]
    assert finding["fix"]["available"]


@pytest.mark.parametrize(
    ("main", "content", "text"),
    [
        ("worker.py", None, "worker.py"),
        ("../worker.py", WORKER.encode(), "outside"),
        ("worker.py", b"# \xff\xfe\n" + WORKER.encode(), "UTF-8"),
        ("worker.py", b"# " + b"x" * 5_000_000, "bytes"),
    ],
    ids=["missing", "outside", "not UTF-8", "5 MB"],
)
def test_a_defect_of_main_is_a_finding_and_the_rest_goes_on(diagnose, tmp_path, main, content, text):
    folder = write(tmp_path / "project", wrangler__toml=CONFIG.replace("worker.py", main))
    if content is not None:
        (folder / main).write_bytes(content)
    ended = diagnose("run", folder, "--format", "json")
    assert ended.code == 1, ended.out
    (finding,) = (f for f in ended.json["findings"] if f["status"] == "fail")
    assert text in finding["message"]
    assert finding["location"]["path"] == "wrangler.toml"
    assert [f["status"] for f in ended.findings("CFG002")] == ["pass"]
    assert [f["status"] for f in ended.findings("LIM001")] == ["skip"]
    assert_one_message(diagnose("run", folder), 1)


def test_an_unknown_environment(diagnose, tmp_path):
    write(tmp_path, wrangler__toml=CONFIG + "\n[env.staging]\n[env.production]\n", worker__py=WORKER)
    assert_one_message(diagnose("run", tmp_path, "--env", "prod"), 2, "prod", "staging", "production")


def test_an_environment_where_there_are_none(diagnose, tmp_path):
    write(tmp_path, wrangler__toml=CONFIG, worker__py=WORKER)
    ended = diagnose("run", tmp_path, "--env", "staging", "--offline")
    assert ended.code == 0, ended.out
    assert "staging" in ended.out


def test_a_folder_without_permission(tmp_path):
    if os.getuid() == 0 and not all(place.stat().st_mode & 0o001 for place in Path(__file__).parents):
        pytest.skip("root may enter every folder, and nobody else this checkout")
    folder = write(tmp_path / "locked", wrangler__toml=CONFIG, worker__py=WORKER)
    folder.chmod(0)
    words = [sys.executable, "-m", "diagnose", "run", str(folder)]
    try:
        ended = as_nobody(words) if os.getuid() == 0 else plain(words)
    finally:
        folder.chmod(0o755)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert str(folder) in ended.stderr


def plain(words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def test_a_working_directory_that_is_gone_is_told(tmp_path):
    gone = tmp_path / "gone"
    code = "import os, sys; os.rmdir(os.getcwd()); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    gone.mkdir()

    ended = subprocess.run(
        [sys.executable, "-c", code, "-m", "diagnose", "run"],
        cwd=gone,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    told = "error: the working directory is gone\n  try: change to a folder that exists\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (4, "", told)


def as_nobody(words):
    """Root may enter every folder; so the command is started without that privilege."""
    code = (
        "import ctypes, runpy, sys\n"
        "from diagnose.cli import main\n"
        "import diagnose.cli.run, diagnose.report.table\n"
        "import diagnose.engine.session, diagnose.engine.registry, diagnose.engine.reporting\n"
        "import diagnose.project.project, diagnose.report.registry, diagnose.report.json_v1\n"
        "import os\nos.setgroups([])\nos.setgid(65534)\nos.setuid(65534)\n"
        "sys.argv = ['diagnose', *sys.argv[1:]]\nmain()\n"
    )
    return plain([words[0], "-c", code, *words[3:]])


def test_nothing_is_half_written_on_a_full_disk(demo, files, sources):
    """A file size limit of 0 stands for the full disk: every write fails, as it would there."""
    saved = sources(demo)
    words = ["fix", str(demo), "--yes", "--option", "option=direct"]
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "from diagnose.cli import main\nmain()\n"
    )
    ended = plain([sys.executable, "-B", "-c", code, *words])
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert sources(demo) == saved


def test_an_interrupted_fix_can_be_undone(diagnose, demo, broken_demo, sources):
    words = [sys.executable, "-m", "diagnose", "fix", str(demo), "--yes", "--option", "option=direct"]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    journal = demo / ".diagnose" / "journal"
    deadline = time.monotonic() + 60
    while not (journal.is_dir() and any(journal.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    assert process.returncode in {0, 1, 130}
    assert diagnose("undo", demo, "--yes").code == 0
    assert sources(demo) == sources(broken_demo)


@pytest.mark.parametrize(
    "words",
    [
        ("fix", "--option", "direct"),
        ("run", "--offline", "--target", "cloudflare"),
        ("explain", "LIM999"),
        ("undo", "--run", "20260101T000000-000000-abcd"),
    ],
)
def test_wrong_usage(diagnose, demo, words):
    place = [] if words[0] == "explain" else [demo]
    assert_one_message(diagnose(words[0], *place, *words[1:]), 2)


def test_a_cloudflare_target_names_what_the_environment_lacks(diagnose, demo):
    ended = diagnose("run", demo, "--target", "cloudflare")
    assert_one_message(ended, 2, "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID")


def test_a_worker_that_forges_findings_and_escapes(diagnose, demo):
    worker = demo / "pyswarm" / "Data_Import" / "historical_worker.py"
    text = worker.read_text()
    forged = '\\x1b[2J\\x1b[31m{\\"code\\": \\"LIM001\\", \\"status\\": \\"pass\\"}'
    worker.write_text(
        text.replace(
            '    candles = payload["Data"]["Data"]\n',
            f'    candles = payload["Data"]["Data"]\n    print("{forged}")\n',
        )
    )
    shown = diagnose("run", demo)
    assert "\x1b" not in shown.out
    (finding,) = diagnose("run", demo, "--format", "json").findings("LIM001")
    assert finding["status"] == "fail"


def test_the_environment_reaches_no_worker_and_no_output(diagnose, demo):
    canary = "canary-8c1f0b6e2d"
    worker = demo / "pyswarm" / "Data_Import" / "historical_worker.py"
    worker.write_text(
        "import os\n"
        + worker.read_text().replace('print(f"Fetched', 'print(dict(os.environ))\n    print(f"Fetched')
    )
    for form in ("table", "json"):
        ended = diagnose("run", demo, "--format", form, CLOUDFLARE_API_TOKEN=canary)
        assert canary not in ended.out + ended.err
        assert ended.code == 1
    assert shutil.which("true")
    assert Path(demo).exists()
