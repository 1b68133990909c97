"""Ids replaced by pseudonyms: HMAC-SHA-256 under a key that only the environment holds."""

from __future__ import annotations

import hmac
import os

import pyarrow as pa

from omninb.errors import OmninbError
from omninb.events.ledger import Ledger
from omninb.events.roles import KEYS, ROLES
from omninb.events.texts import DICTIONARY

KEY_NAME = "OMNINB_KEY"
SHORTEST_KEY = 32
ID_ROLES = ("customer_id", *KEYS)


def pseudonym_key() -> bytes:
    """The key, from the environment variable OMNINB_KEY.

    Raises
    ------
    OmninbError
        If it is missing or shorter than 32 characters.
    """
    key = os.environ.get(KEY_NAME, "").strip()
    if len(key) < SHORTEST_KEY:
        found = f"has {len(key)} characters" if key else "is not set"
        raise OmninbError(
            f"pseudonymise=True: the environment variable {KEY_NAME} {found}. It must hold a "
            f"secret of at least {SHORTEST_KEY} characters; make one with: "
            'python -c "import secrets; print(secrets.token_hex(32))". '
            "Keep it where the log is not: the same key gives the same pseudonyms again."
        )
    return key.encode()


def key_mark(key: bytes) -> str:
    """Eight characters that differ between keys and do not tell them."""
    return hmac.digest(key, b"omninb key mark", "sha256").hex()[:8]


def pseudonyms(column: pa.ChunkedArray, key: bytes) -> pa.ChunkedArray:
    """Replace every id by its pseudonym.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Text or integers (taken as decimal text); null stays null.
    key : bytes
        See :func:`pseudonym_key`.

    Returns
    -------
    pyarrow.ChunkedArray
        dictionary<int32, string>, chunk by chunk: each value is the HMAC-SHA-256 (RFC 2104) of the
        id's UTF-8 text, as 64 hexadecimal digits.

    Examples
    --------
    >>> ids = pa.chunked_array([["a", "b", "a"]])
    >>> [name[:8] for name in pseudonyms(ids, b"k" * 32).to_pylist()]
    ['d8bd1537', 'd88ed220', 'd8bd1537']
    """
    return pa.chunked_array([_hidden(chunk, key) for chunk in column.chunks], DICTIONARY)


def enter_pseudonyms(ledger: Ledger, typed: dict[str, pa.ChunkedArray], key: bytes) -> None:
    """Say which ids are pseudonyms, by which key, and which texts were kept as they are."""
    hidden = [role for role in ID_ROLES if role in typed]
    ledger.add(
        f"pseudonyms in place of {', '.join(hidden)}", "note", len(typed["customer_id"]),
        f"key {key_mark(key)}",
    )  # fmt: skip
    kept = [
        name
        for name, column in typed.items()
        if name not in ROLES and pa.types.is_dictionary(column.type)
    ]
    if kept:
        ledger.add(
            "texts without a role are kept as they are: leave out those that tell who it was",
            "warning", len(typed["customer_id"]), ", ".join(kept),
        )  # fmt: skip


def _hidden(chunk: pa.Array, key: bytes) -> pa.DictionaryArray:
    """One chunk; each different id is hashed once."""
    if not pa.types.is_dictionary(chunk.type):
        chunk = chunk.dictionary_encode()
    words = chunk.dictionary.cast(pa.string()).to_pylist()
    hidden = [
        None if word is None else hmac.digest(key, word.encode(), "sha256").hex() for word in words
    ]
    return pa.DictionaryArray.from_arrays(
        chunk.indices.cast(pa.int32()), pa.array(hidden, pa.string())
    )
