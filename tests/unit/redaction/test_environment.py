from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_evalsuite.errors import ConfigurationError
from pytest_evalsuite.redaction import Watch, environment_secrets, read_choice, redact_arguments
from pytest_evalsuite.redaction.environment import is_secret_name
from pytest_evalsuite.redaction.kinds import KINDS

VALUE = "x7-Quartz-91"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "OPENAI_API_KEY",
            "APIKEY",
            "github_token",
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "DB_PASSWORD",
            "PGPASSWORD",
        ),
        *(
            "apiKey",
            "mySecretToken",
            "DB_PASS",
            "SENTRY_DSN",
            "AZURE_CREDENTIALS",
            "PRIVATE_KEY_PEM",
            "NPM_AUTH",
            "API_KEYS",
        ),
        *("SESSION_COOKIE", "SIGNING_PASSPHRASE", "MYSQL_PASSWD", "STORAGE_SAS"),
    ],
)
def test_names_that_say_secret(name: str) -> None:
    assert is_secret_name(name)
    assert environment_secrets({name: VALUE}) == {VALUE: name}


@pytest.mark.parametrize(
    "name",
    [
        *(
            "HOME",
            "PWD",
            "OLDPWD",
            "GIT_AUTHOR_NAME",
            "KEYBOARD",
            "TOKENIZERS_PARALLELISM",
            "SSH_AUTH_SOCK",
            "XAUTHORITY",
        ),
        *(
            "TOKEN_URL",
            "SECRET_NAME",
            "AWS_ACCESS_KEY_ID",
            "GOOGLE_APPLICATION_CREDENTIALS_FILE",
            "PASSENGER",
            "COMPASS",
        ),
    ],
)
def test_names_that_say_nothing_of_the_kind(name: str) -> None:
    assert environment_secrets({name: VALUE}) == {}


@pytest.mark.parametrize(
    "value", ["", "1", "abc", "4096", "100000000", "postgres", "Password", "disabled", "xxxxxxxxxxxx", "A_KEY_IT_IS"]
)
def test_values_that_stand_in_texts_by_chance(value: str) -> None:
    assert environment_secrets({"A_KEY_IT_IS": value}) == {}


def test_the_place_of_a_file_is_none(tmp_path: Path) -> None:
    assert environment_secrets({"A_KEY": str(tmp_path), "B_KEY": f"{tmp_path}/none-there"}) == {
        f"{tmp_path}/none-there": "B_KEY"
    }


def test_a_list_is_looked_for_piece_by_piece() -> None:
    assert environment_secrets({"API_KEYS": f" {VALUE}, second-51-one,x "}) == {
        f"{VALUE}, second-51-one,x": "API_KEYS",
        VALUE: "API_KEYS",
        "second-51-one": "API_KEYS",
    }


def test_named_variables() -> None:
    environment = {"CUSTOMER": "acme", "SHORT": "abc", "GPG_KEY": VALUE}
    assert environment_secrets(environment, also=["CUSTOMER", "SHORT"], never=["GPG_KEY"]) == {"acme": "CUSTOMER"}


def test_a_change_of_the_environment_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_KEY", VALUE)
    monkeypatch.setenv("CUSTOMER", "acme")
    watch = Watch(["CUSTOMER"])
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # pytest's own comes and goes
    assert not watch.has_changed()
    for name, value in (("SHOP_API_KEY", "x"), ("CUSTOMER", "other"), ("ONE_MORE", "x")):
        before = os.environ.get(name)
        monkeypatch.setenv(name, value)
        assert watch.has_changed()
        assert not Watch(["CUSTOMER"]).has_changed()
        monkeypatch.delenv(name)
        if before is not None:
            monkeypatch.setenv(name, before)
        assert not watch.has_changed()


def test_what_a_user_chooses() -> None:
    choice = read_choice(["CUSTOMER", "not GPG_KEY", "not jwt"])
    assert (choice.also, choice.never) == (("CUSTOMER",), ("GPG_KEY",))
    assert choice.kinds == tuple(kind for kind in KINDS if kind != "jwt")
    assert not read_choice(["not environment"]).environment
    assert read_choice(["not all"]).kinds == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("not jwtt", "did you mean 'jwt'?"),
        ("not nonsense", "kinds are environment, all, model-key"),
        ("a b", "expected NAME, not NAME or not <kind>"),
        ("1X", "expected the name of a variable"),
        ("not", "expected the name of a variable|expected NAME"),
    ],
)
def test_what_a_user_cannot_choose(line: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_choice([line])


def test_options_that_are_called_like_secrets() -> None:
    given = ["-q", "--shop-token=abc", "--api-key", "x", "--token-url", "y", "--password", "--eval-resume=z", "tests"]
    assert redact_arguments(given) == [
        *("-q", "--shop-token=[redacted]", "--api-key", "[redacted]", "--token-url", "y", "--password"),
        *("--eval-resume=z", "tests"),
    ]
