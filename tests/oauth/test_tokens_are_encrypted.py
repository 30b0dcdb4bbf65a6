from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet

from oauth.crypto import seal, unseal
from vodtender.http import ErrorKind, ServiceError

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_what_is_sealed_can_be_unsealed_and_is_not_readable() -> None:
    sealed = seal("1//refresh-token")
    assert "refresh" not in sealed
    assert unseal(sealed) == "1//refresh-token"


def test_an_old_key_behind_the_new_one_still_unseals(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    sealed = seal("secret")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert unseal(sealed) == "secret"
    again = seal("secret")
    settings.ENCRYPTION_KEYS = [NEW]
    assert unseal(again) == "secret"


def test_a_key_that_does_not_fit_says_what_to_do_without_the_secret(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    sealed = seal("secret")
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(ServiceError, match=r"ENCRYPTION_KEY does not fit.*old key back") as caught:
        unseal(sealed)
    assert caught.value.kind is ErrorKind.AUTH
    assert NEW not in str(caught.value)
    assert sealed not in str(caught.value)


@pytest.mark.parametrize(("keys", "says"), [([], "not set"), ([NEW, "short"], "key 2 of 2 is not a key")])
def test_a_missing_or_malformed_key_is_said_by_name(settings: Any, keys: list[str], says: str) -> None:
    settings.ENCRYPTION_KEYS = keys
    with pytest.raises(ServiceError, match=says) as caught:
        seal("secret")
    assert "ENCRYPTION_KEY" in str(caught.value)
    assert "short" not in str(caught.value)
