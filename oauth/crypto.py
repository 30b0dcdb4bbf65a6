"""Encrypts what must not be readable in a copy of the database: tokens and upload sessions.

ENCRYPTION_KEY holds one or several Fernet keys, separated by commas: the first seals, every one of them unseals.
"""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from vodtender.http import ErrorKind, ServiceError

DOES_NOT_FIT = (
    "ENCRYPTION_KEY does not fit what is stored: it was encrypted with another key. Put the old key back, behind the "
    "new one and a comma, and restart; or connect the account again (manage.py importtoken)."
)


def seal(text: str) -> str:
    """`text` encrypted with the first key. Raises ServiceError (AUTH) when ENCRYPTION_KEY is missing or malformed."""
    return _fernet().encrypt(text.encode()).decode()


def unseal(text: str) -> str:
    """What was sealed. Raises ServiceError (AUTH) when no key fits, or when ENCRYPTION_KEY is missing or malformed."""
    try:
        return _fernet().decrypt(text.encode()).decode()
    except (InvalidToken, UnicodeDecodeError):
        raise ServiceError("vod-tender", ErrorKind.AUTH, DOES_NOT_FIT) from None


def _fernet() -> MultiFernet:
    keys: list[str] = settings.ENCRYPTION_KEYS
    if not keys:
        text = "ENCRYPTION_KEY is not set, so nothing secret can be stored or read. `make env` writes .env with a key."
        raise ServiceError("vod-tender", ErrorKind.AUTH, text)
    fernets: list[Fernet] = []
    for number, key in enumerate(keys, start=1):
        try:
            fernets.append(Fernet(key))
        except ValueError:
            text = (
                f"ENCRYPTION_KEY: key {number} of {len(keys)} is not a key. It should be 32 random bytes in URL-safe "
                "base64; several are separated by commas, the newest first."
            )
            raise ServiceError("vod-tender", ErrorKind.AUTH, text) from None
    return MultiFernet(fernets)
