from __future__ import annotations

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_evalsuite.redaction import Redactor, learn, names_in, redact, use
from pytest_evalsuite.redaction.kinds import KINDS

TEXT = st.text(st.one_of(st.characters(), st.sampled_from([*"\"'\\\n\t &<>%+/=é\U0001f511"])), max_size=40)
SECRETS = TEXT.filter(lambda text: len(text) >= 8 and len(set(text)) >= 5 and "redacted" not in text)
ASIDE = st.text(st.sampled_from('abc "\\\n{}'), max_size=12)


def base64(text: str, before: str = "") -> str:
    return b64encode(f"{before}{text}!".encode("utf-8", "surrogatepass")).decode()


@given(SECRETS, ASIDE, ASIDE)
@example("\U000a33c4\U0002dfba\x1f\x8c\x95\x92\x1e\x1d", "", "")
@example("\\\"'\n\t\r\x0b\x0c", "", "")
def test_a_value_is_gone_in_every_form(secret: str, before: str, after: str) -> None:
    redactor = Redactor({secret: "A_KEY"})
    forms = [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps([json.dumps(secret)]),
    ]
    forms += [repr(secret)[1:-1], repr({"key": [secret]}), repr(repr(secret)), ascii(secret), html.escape(secret)]
    forms += [repr(json.dumps({"key": repr(secret)}))]
    forms += [quote(secret, safe="", errors="surrogatepass"), quote_plus(secret, errors="surrogatepass")]
    forms += [urlsafe_b64encode(secret.encode("utf-8", "surrogatepass")).decode()]
    forms += [base64(secret, aside) for aside in ("", "a", "ab", "user:")]
    for form in forms:
        assert names_in(redactor.clean(f"{before}{form}{after}")) == {"A_KEY"}, form
    assert secret not in redactor.clean(f"{before}{secret}{after}").replace("[redacted A_KEY]", "")


@given(SECRETS, st.lists(TEXT))
def test_cleaning_twice_is_cleaning_once(secret: str, texts: list[str]) -> None:
    redactor = Redactor({secret: "A_KEY"}, KINDS.values())
    for text in (*texts, secret, "".join(texts), f"Bearer {secret}"):
        once = redactor.clean(text)
        assert redactor.clean(once) == once


@given(SECRETS, TEXT)
def test_a_text_without_it_is_left_alone(secret: str, text: str) -> None:
    if secret not in text:
        assert (
            Redactor({secret: "A_KEY"}).clean(f"before {text.replace(secret[:4], '')}")
            == f"before {text.replace(secret[:4], '')}"
        )


@given(TEXT)
def test_nothing_configured_changes_nothing(text: str) -> None:
    assert Redactor().clean(text) is text
    assert redact(text) is text


KEYS = {
    "model-key": (
        "sk-proj-Ab12Cd34Ef56Gh78Ij90Kl",
        "sk-ant-api03-aaaaaaaaaaaaaaaaaaaa-bb",
        "gsk_abcdefghij0123456789",
        "hf_abcdefghijklmnopqrst12",
    ),
    "google-key": ("AIzaSyA1234567890abcdefghijklmnopqrstuv",),
    "aws-key": ("AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"),
    "github-token": ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "github_pat_11ABCDEFG0aBcDeFgHiJ_kLmNoPq"),
    "gitlab-token": ("glpat-ABCdef123456_7890xyz",),
    "slack-token": ("xoxb-123456789012-abcdefGHIJKL",),
    "stripe-key": ("sk_live_4eC39HqLyjWDarjtT1zdp7dc",),
    "package-token": ("npm_1234567890abcdefghijABCDEFGHIJ1234",),
    "jwt": ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",),
}


@pytest.mark.parametrize(("kind", "key"), [(kind, key) for kind, keys in KEYS.items() for key in keys])
@pytest.mark.parametrize(
    "around", ["{}", "key={}", "'{}',", "<{}>", "({}).", "\n{}\n", "Bearer {}", "https://{}@x.example/"]
)
def test_a_key_is_known_by_its_form(kind: str, key: str, around: str) -> None:
    clean = Redactor(kinds=KINDS.values()).clean(around.format(key))
    assert key not in clean
    assert names_in(clean)
    assert Redactor(kinds=[KINDS[kind]]).clean(key) == f"[redacted {kind}]"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Bearer abcdef0123456789abcdef", "Bearer [redacted bearer-token]"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "Authorization: Basic [redacted authorization]"),
        ("{'authorization': 'token abcdefgh'}", "{'authorization': 'token [redacted authorization]'}"),
        ("postgres://shop:hunter2@db:5432/x", "postgres://shop:[redacted url-password]@db:5432/x"),
        ("https://:pw@host/", "https://:[redacted url-password]@host/"),
        ("GET /v1?page=2&api_key=abc123def&x=1", "GET /v1?page=2&api_key=[redacted url-key]&x=1"),
        ("/x?access_token=abcdef#top", "/x?access_token=[redacted url-key]#top"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nAB\n-----END RSA PRIVATE KEY-----\nafter",
            "[redacted private-key]\nafter",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIEowIBAAK", "[redacted private-key]"),
        ("it was sk-proj-Ab12Cd...", "it was [redacted model-key]..."),
    ],
)
def test_what_stands_where_keys_stand_is_one(text: str, clean: str) -> None:
    assert Redactor(kinds=KINDS.values()).clean(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "The bearer of this letter has 30 days.",
        "a task-oriented-and-well-known-approach-2 to risk-assessment",
        "sk-learn-based-pipelines-are-common",
        "https://docs.example/a?page=2&key=ab&monkey=banana",
        "https://example.com:8080/path@2x.png",
        "see http://localhost:8000/ and mail me@example.com: ok",
        "authorization: required",
        "commit 6dcb09b5b57875f334f61aebed695e2e4193db5e",
        "123e4567-e89b-12d3-a456-426614174000",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
    ],
)
def test_ordinary_text_holds_no_key(text: str) -> None:
    assert Redactor(kinds=KINDS.values()).clean(text) == text


def test_part_of_a_value_beside_a_cut_is_gone() -> None:
    secret = "wJ4rXUtnFEMIK7MDENGbPxRfiCY"
    redactor = Redactor({secret: "A_KEY"})
    for size in range(6, len(secret)):
        assert redactor.clean_clipped(f"'x{secret[:size]}...zz'") == "'x[redacted A_KEY]...zz'"
        assert redactor.clean_clipped(f"'x…{secret[-size:]}'") == "'x…[redacted A_KEY]'"
    assert redactor.clean_clipped("wJ4rX...") == "wJ4rX..."


def test_patterns_of_the_users() -> None:
    redactor = Redactor(patterns=[re.compile(r"CUST-\d+"), re.compile("pin (?P<secret>[0-9]{4})"), re.compile("x*")])
    assert redactor.clean("CUST-123 has pin 1234") == "[redacted secret] has pin [redacted secret]"
    again = Redactor.from_json(json.loads(json.dumps(redactor.as_json())))
    assert again.clean("pin 4321") == "pin [redacted secret]"


def test_values_within_json() -> None:
    redactor = Redactor({"abcdefgh1": "A_KEY"})
    assert redactor.clean_values({"abcdefgh1": [1, None, ("x abcdefgh1",)], "b": True}) == {
        "[redacted A_KEY]": [1, None, ["x [redacted A_KEY]"]],
        "b": True,
    }


def test_what_is_learnt_is_taken_out_from_then_on() -> None:
    before = use(Redactor())
    try:
        learn("correct-horse", "api_key")
        assert redact("a correct-horse battery") == "a [redacted api_key] battery"
    finally:
        use(before)


def test_a_long_text_takes_no_long_time() -> None:
    redactor = Redactor({"wJ4rXUtnFEMIK7MDENGbPxRfiCY": "A_KEY", "\\\"'\\\"'\\\"'ab": "B_KEY"}, KINDS.values())
    for piece in (
        "\\",
        "a",
        "://a:",
        "eyJ",
        "sk-",
        "-----BEGIN PRIVATE KEY-----",
        "Bearer ",
        "?key=",
        "AKIA",
        "authorization: basic ",
    ):
        redactor.clean(piece * (200_000 // len(piece)))
