from __future__ import annotations

import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from diagnose.d1 import Statement
from diagnose.embedded import EmbeddedAccount

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
IMPORTER = textwrap.dedent(
    """
    import hashlib, sys, time
    from pathlib import Path
    from diagnose.d1 import Statement
    from diagnose.embedded import EmbeddedAccount
    from diagnose.embedded.time_travel import current_bookmark

    account = EmbeddedAccount.open(Path(sys.argv[1]))
    if not account.databases:
        account.create_database("rows", uuid=sys.argv[2])
        engine = account.database(sys.argv[2])
        engine.run_all(Statement("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(400000))"))
    text = "DELETE FROM t;" + "INSERT INTO t VALUES (zeroblob(40000));" * 100_000
    upload = account.transfers.expect(sys.argv[2], hashlib.md5(text.encode()).hexdigest())
    upload.link.file.write_text(text)
    account.transfers.arrived(upload.link, upload.etag)
    print(current_bookmark(account, sys.argv[2]), flush=True)
    account.transfers.ingest(upload)
    time.sleep(60)
    """
)


@pytest.mark.parametrize("seed", range(2))
def test_an_import_that_is_killed_leaves_what_was_before(tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311 - a seed makes a failure repeatable
    folder = tmp_path / "account"
    bookmarks = set()
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", IMPORTER, str(folder), UUID], stdout=subprocess.PIPE, text=True
        )
        bookmarks.add(process.stdout.readline().strip())
        time.sleep(chance.uniform(0.1, 0.8))
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
    assert len(bookmarks) == 1
    with EmbeddedAccount.open(folder) as account:
        rows = account.database(UUID).run(Statement("SELECT count(*), sum(length(a)) FROM t")).rows
        assert rows == ((1, 400_000),)
        assert [state.number for state in account.history(UUID).states] == [1, 2]
        assert not (folder / "transfers").exists()
