from __future__ import annotations

import base64
import json

import pytest

from diagnose.project.secret_shapes import is_placeholder, secret_in

# Made up; put together here so that no scanner takes them for real ones.
RANDOM = "q7Zr2Lw9" + "Xk4Tn8Vb" + "Hs5Jd1Pf" + "Gm3Yc6Qa"
HEX = "9f86d081" + "884c7d65" + "9a2feaa0" + "c55ad015"


def token(payload):
    part = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
    head = base64.urlsafe_b64encode(b'{"alg": "HS256"}').decode().rstrip("=")
    return f"{head}.{part}.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE\n", "a private key"),
        ("-----BEGIN " + "PRIVATE KEY-----\nMIIE\n", "a private key"),
        ("ghp" + "_" + RANDOM + "AbCdEf", "a GitHub token"),
        ("AKIA" + "Z7QW3ERT5YUI9OPL", "an AWS access key"),
        ("xoxb" + "-1029384756-abcdef", "a Slack token"),
        ("https://hooks.slack.com/services/" + "T01/B02/abc", "a webhook address"),
        ("https://discord.com/api/webhooks/" + "81/" + RANDOM, "a webhook address"),
        ("sk_" + "live_" + RANDOM, "a Stripe key"),
        ("sk-" + "proj-" + RANDOM, "an API key of a language model"),
        ("SG." + RANDOM[:22] + "." + RANDOM, "a SendGrid key"),
        ("987654321:" + RANDOM + "abc", "a Telegram bot token"),
        ("postgres://app:" + "hG7pQ2xL@db.example.net:5432/app", "an address with a password"),
        ("https://api.example.net/v1?symbol=A&api_key=" + RANDOM, "an address with a key"),
        (token({"role": "service_role"}), "a signed token"),
    ],
)
def test_secrets_by_their_form_under_any_name(value, kind):
    guess = secret_in("SETTING", value)
    assert (guess.kind, guess.by) == (kind, "form")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_KEY", RANDOM),
        ("apiKey", HEX),
        ("CRYPTO_API_KEY", "5a1f0c3e-7b2d-4e8f-9a6b-1c2d3e4f5a6b"),
        ("WEBHOOK_SECRET_V2", RANDOM),
        ("AUTH_TOKEN_PROD", HEX),
        ("SERVICE_ROLE_KEY", RANDOM),
        ("DB_PASSWORD", "hG7pQ2xL"),
        ("SESSION", token({"sub": "1"})),
    ],
)
def test_secrets_by_name_and_value(name, value):
    guess = secret_in(name, value)
    assert guess.by == "name"


@pytest.mark.parametrize(("name", "value"), [("CACHE_KEY", HEX), ("SALT", RANDOM)])
def test_values_that_are_only_random(name, value):
    assert secret_in(name, value).by == "randomness"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_KEY", ""),
        ("API_KEY", "your-api-key-123456"),
        ("API_KEY", "<insert the key>"),
        ("API_KEY", "${API_KEY}"),
        ("API_KEY", "$API_KEY"),
        ("API_KEY", "{{ api_key }}"),
        ("API_KEY", "xxxxxxxxxxxxxxxxxxxx"),
        ("API_KEY", "sk-" + "xxxxxxxxxxxxxxxxxxxxxxxx"),
        ("AWS_KEY", "AKIA" + "IOSFODNN7EXAMPLE"),
        ("JWT_SECRET", "dev-secret-do-not-use-4711"),
        ("API_TOKEN_HEADER", "x-api-token"),
        ("API_KEY", "x-api-key-header-name"),
        ("TOKEN_URL", "https://auth.example.net/oauth/token"),
        ("AUTH_TOKEN", "https://auth.example.net/oauth/token"),
        ("PASSWORD", "short1"),
        ("PASSWORD", "postgres"),
        ("DATABASE_URL", "postgres://app:password@db.example.net/app"),
        ("DATABASE_URL", "postgres://app:hG7pQ2xL@localhost:5432/app"),
        ("DATABASE_URL", "postgres://app:hG7pQ2xL@127.0.0.1:5432/app"),
        ("DATABASE_URL", "postgres://app:${PASSWORD}@db.example.net/app"),
        ("API_URL", "https://api.example.net/v1?key=symbol&token=0"),
        ("SENTRY_DSN", "https://" + HEX + "@o1.ingest.example.net/1"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_" + "live_" + RANDOM),
        ("TURNSTILE_SITE_KEY", "0x4AAAAAAAB" + RANDOM),
        ("NEXT_PUBLIC_API_KEY", RANDOM),
        ("PUBLIC_KEY", "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"),
        ("SUPABASE_ANON_KEY", token({"role": "anon"})),
        ("SUPABASE_KEY", token({"role": "anon"})),
        ("SUPABASE_KEY", "sb_publishable_" + RANDOM),
        ("FIREBASE_API_KEY", "AIza" + RANDOM + "abc"),
        ("SEARCH_API_KEY", HEX),
        ("MAP_TOKEN", "pk." + RANDOM),
        ("ANALYTICS_API_KEY", "phc_" + RANDOM),
        ("TURNSTILE_SECRET_KEY", "1x0000000000000000000000000000000AA"),
        ("IMAGE_TOKEN", "hero_banner_2024_v3_final"),
        ("ACCOUNT_ID", HEX),
        ("DATABASE_ID", "5a1f0c3e-7b2d-4e8f-9a6b-1c2d3e4f5a6b"),
        ("POLICY_AUD", RANDOM + HEX),
        ("COMMIT_HASH", RANDOM + HEX),
        ("CONTRACT", "0x" + HEX + "9f86d081"),
        ("CACHE_KEY", "prices:v1:latest:usd:2026"),
        ("PRIMARY_KEY", "id"),
        ("FEATURE_IMPORT", "true"),
        ("GREETING", "A long sentence with Words and 12 numbers in it, for people"),
        ("VALUES_TOKEN", "token"),
    ],
)
def test_harmless_values(name, value):
    assert secret_in(name, value) is None


def test_placeholders():
    assert [is_placeholder(text) for text in ("changeme", "YOUR_KEY", "", "hG7pQ2xL")] == [
        True,
        True,
        True,
        False,
    ]
