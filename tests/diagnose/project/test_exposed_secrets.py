from __future__ import annotations

import pytest

from diagnose.project.exposed_secrets import exposed_secrets, without_secrets

SECRET = "q7Zr2Lw9" + "Xk4Tn8Vb" + "Hs5Jd1Pf"
KEY = "-----BEGIN " + "PRIVATE KEY-----"


def test_where_secrets_stand(toml):
    document = toml(
        f"""
        [vars]
        API_KEY = "{SECRET}"

        [env.live.vars]
        EXCHANGE = {{ token = "{SECRET}" }}
        """
    )
    found = [(one.name, one.environment, one.keys, one.is_part) for one in exposed_secrets(document)]
    assert found == [
        ("API_KEY", None, ("vars", "API_KEY"), False),
        ("EXCHANGE.token", "live", ("env", "live", "vars", "EXCHANGE", "token"), True),
    ]
    assert SECRET not in repr(exposed_secrets(document))


@pytest.mark.parametrize(
    ("path", "text", "shown"),
    [
        ("wrangler.toml", f'[vars]\nAPI_KEY = "{SECRET}"\n', '[vars]\nAPI_KEY = "[hidden]"\n'),
        ("wrangler.toml", f'# API_KEY = "{SECRET}"\n', '# API_KEY = "[hidden]"\n'),
        ("wrangler.toml", f'name =\nAPI_KEY = "{SECRET}"\n', 'name =\nAPI_KEY = "[hidden]"\n'),
        (
            "wrangler.toml",
            f'[vars]\nSIGN = """\n{KEY}\nMIIE\n"""\nURL = "a"\n',
            '[vars]\nSIGN = "[hidden]"\n\n\n\nURL = "a"\n',
        ),
        ("wrangler.json", f'{{"vars": {{"API_KEY": "{SECRET}"}}}}', '{"vars": {"API_KEY": "[hidden]"}}'),
        ("wrangler.jsonc", f'{{ // "API_KEY": "{SECRET}"\n}}', '{ // "API_KEY": "[hidden]"\n}'),
        ("wrangler.toml", 'name = "a"\n', 'name = "a"\n'),
        ("worker.py", f'API_KEY = "{SECRET}"\n', f'API_KEY = "{SECRET}"\n'),
    ],
)
def test_a_text_to_be_read_by_a_person(path, text, shown):
    assert without_secrets(path, text) == shown
