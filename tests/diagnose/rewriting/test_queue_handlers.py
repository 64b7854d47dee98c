from __future__ import annotations

import pytest

from diagnose.rewriting import Refused
from diagnose.rewriting.handing_on import Receiver
from diagnose.rewriting.queue_handlers import with_queue_handler

RECEIVER = Receiver(
    module="rates_queue", name="write_rates", purpose="Write the rows that were queued for rates."
)
CLASS = """\
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("ok")  # always

    def other(self):
        return 1
"""
MODULE = """\
from workers import Response


async def on_fetch(request, env):
    return Response("ok")


LAST = 1
"""
DECORATED = """\
from workers import Response, handler


@handler
async def on_fetch(request, env, ctx):
    return Response("ok")
"""


def rewritten(text, source):
    return with_queue_handler(text, source.handler("fetch"), RECEIVER)


def test_a_method_beside_a_method(analysed):
    outcome = rewritten(CLASS, analysed(CLASS))
    assert outcome.text == CLASS.replace(
        "from workers", "from rates_queue import write_rates\nfrom workers"
    ).replace(
        "# always\n",
        '''# always

    async def queue(self, batch):
        """Write the rows that were queued for rates."""
        await write_rates(batch, self.env)
''',
    )
    assert [handler.kind for handler in analysed(outcome.text).handlers] == ["fetch", "queue", "rpc"]


def test_a_global_beside_a_global(analysed):
    outcome = rewritten(MODULE, analysed(MODULE))
    assert outcome.text == MODULE.replace(
        "from workers", "from rates_queue import write_rates\nfrom workers"
    ).replace(
        'Response("ok")\n',
        '''Response("ok")


async def on_queue(batch, env, ctx):
    """Write the rows that were queued for rates."""
    await write_rates(batch, env)
''',
    )


def test_a_decorated_global_beside_its_like(analysed):
    outcome = rewritten(DECORATED, analysed(DECORATED))
    assert "\n\n\n@handler\nasync def on_queue(batch, env, ctx):\n" in outcome.text
    assert [handler.style for handler in analysed(outcome.text).handlers] == ["decorator", "decorator"]


def test_windows_line_ends_and_tabs_stay(analysed):
    text = CLASS.replace("    ", "\t").replace("\n", "\r\n")
    outcome = rewritten(text, analysed(text))
    assert '\r\n\tasync def queue(self, batch):\r\n\t\t"""Write' in outcome.text
    assert outcome.text.count("\n") == outcome.text.count("\r\n")


@pytest.mark.parametrize("text", [CLASS.replace("other", "write_rates"), CLASS + "\n# write_rates\n"])
def test_a_name_that_is_taken_is_refused(analysed, text):
    assert rewritten(text, analysed(text)) == Refused(
        "no `queue` handler can be added beside the handlers there are",
        "write the queue's consumer as a worker of its own: --option consumer=typescript",
    )


def test_a_handler_of_another_text_is_refused(analysed):
    source = analysed(CLASS)
    assert isinstance(with_queue_handler("import json\n", source.handler("fetch"), RECEIVER), Refused)
