import re
from pathlib import Path

import pytest

from waypost.config import (
    ConfigError,
    Settings,
    check,
    descriptions,
    load,
    normalize_lufs,
    strangers,
)
from waypost.config_warnings import warnings


def test_nothing_set_gives_the_defaults() -> None:
    assert load({}) == Settings()


def test_variables_are_read_and_flags_win() -> None:
    environ = {
        "WAYPOST_PORT": "81",
        "WAYPOST_DATA": "/srv/w",
        "WAYPOST_FETCH_ALLOW": "127.0.0.1:80, 10.0.0.0/8",
    }
    settings = load(environ, {"port": "82", "host": None})
    assert settings.port == 82
    assert settings.data == Path("/srv/w")
    assert settings.fetch_allow == ["127.0.0.1:80", "10.0.0.0/8"]


def test_every_mistake_is_told_in_one_go_and_no_secret_with_it() -> None:
    environ = {
        "WAYPOST_PORT": "many",
        "WAYPOST_NETWORK": "telegram",
        "WAYPOST_PUBLIC_URL": "ftp://x",
        "WAYPOST_TRUSTED_PROXIES": "nobody",
        "WAYPOST_ADMIN_TOKEN": "hunter2",
    }
    with pytest.raises(ConfigError) as wrong:
        load(environ)
    assert len(wrong.value.mistakes) == len(environ)
    for name, mistake in zip(sorted(environ), sorted(wrong.value.mistakes), strict=True):
        assert mistake.startswith(f"{name}:")
    assert "hunter2" not in str(wrong.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("PORT", "many", "a whole number (it is set to 'many')"),
        ("PORT", "99999", "a whole number not above 65535"),
        ("EXPIRES_SECONDS", "-1", "a number above 0"),
        ("DRAIN_SECONDS", "inf", "a number"),
        ("LOG_LEVEL", "loud", "choose one of debug, info, warning, error"),
    ],
)
def test_a_mistake_says_what_would_be_right(name: str, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        load({f"WAYPOST_{name}": text})


@pytest.mark.parametrize("text", ["loud", "-3", "-41", "nan", "16"])
def test_a_loudness_that_no_note_can_have_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="WAYPOST_VOICE_NORMALIZE: write off or LUFS from -40 to -5"):
        load({"WAYPOST_VOICE_NORMALIZE": text})


def test_loudness_is_off_until_it_is_asked_for() -> None:
    assert normalize_lufs(load({})) is None
    assert normalize_lufs(load({"WAYPOST_VOICE_NORMALIZE": "-16"})) == -16.0


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert load({"WAYPOST_PORT": "", "WAYPOST_DATA": " "}) == Settings()


def test_a_variable_that_is_no_setting_is_told_with_the_one_that_was_meant() -> None:
    assert strangers({"WAYPOST_PORT": "1", "WAYPOST_TOKEN": "1|x", "PATH": "/bin"}) == []
    (sentence,) = strangers({"WAYPOST_PROT": "1"})
    assert "WAYPOST_PROT is no setting" in sentence
    assert "is it WAYPOST_PORT?" in sentence


def test_every_setting_is_described() -> None:
    assert all(descriptions().values())
    assert set(descriptions()) == set(Settings.__struct_fields__)


def test_the_admin_token_is_not_shown() -> None:
    assert "secret" not in repr(Settings(admin_token="1|secretsecretsecretsecret"))


def test_an_open_address_without_tls_is_warned_about() -> None:
    assert warnings(Settings()) == []
    assert warnings(Settings(host="0.0.0.0"))
    assert warnings(Settings(host="0.0.0.0", public_url="https://w.example")) == []
    assert check(Settings(inline_max_bytes=2**30))
