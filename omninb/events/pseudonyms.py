"""Ids replaced by pseudonyms: HMAC-SHA-256 under a key that only the environment holds."""

from __future__ import annotations

import hmac
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

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


class Pseudonyms:
    """Pseudonyms by one key; those of customers are kept until all batches are read.

    Parameters
    ----------
    key : bytes
        See :func:`pseudonym_key`.
    """

    def __init__(self, key: bytes) -> None:
        self.key = key
        self._files: dict[str, int] = {}
        self._known = pa.array([], pa.string())
        self._hidden = pa.array([], pa.string())

    def file(self, path: str | Path) -> str:
        """What a file is called: names of files and folders may tell who it was."""
        return f"(file {self._files.setdefault(str(path), len(self._files) + 1)})"

    def of(self, column: pa.ChunkedArray, role: str) -> pa.ChunkedArray:
        """Replace every id by its pseudonym.

        Parameters
        ----------
        column : pyarrow.ChunkedArray
            Text or integers (taken as decimal text); null stays null.
        role : str
            What it identifies; customers come again in later batches, so each is hashed once.

        Returns
        -------
        pyarrow.ChunkedArray
            dictionary<int32, string>: each value is the HMAC-SHA-256 (RFC 2104) of the id's UTF-8
            text, as 64 hexadecimal digits.

        Examples
        --------
        >>> ids = pa.chunked_array([["a", "b", "a"]])
        >>> [name[:8] for name in Pseudonyms(b"k" * 32).of(ids, "customer_id").to_pylist()]
        ['d8bd1537', 'd88ed220', 'd8bd1537']
        """
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        if not column.num_chunks:
            return pa.chunked_array([], DICTIONARY)
        column = column.unify_dictionaries()
        words = column.chunk(0).dictionary.cast(pa.string())
        hidden = self._customers(words) if role == "customer_id" else self._hashed(words)
        chunks = [
            pa.DictionaryArray.from_arrays(chunk.indices.cast(pa.int32()), hidden)
            for chunk in column.chunks
        ]
        return pa.chunked_array(chunks, DICTIONARY)

    def _customers(self, words: pa.Array) -> pa.Array:
        place = pc.index_in(words, value_set=self._known)
        new = words.filter(place.is_null())
        self._known = pa.concat_arrays([self._known, new])
        self._hidden = pa.concat_arrays([self._hidden, self._hashed(new)])
        return self._hidden.take(pc.index_in(words, value_set=self._known) if len(new) else place)

    def _hashed(self, words: pa.Array) -> pa.Array:
        texts = (None if word is None else word.encode() for word in words.to_pylist())
        return pa.array(
            [
                None if text is None else hmac.digest(self.key, text, "sha256").hex()
                for text in texts
            ],
            pa.string(),
        )


def enter_pseudonyms(ledger: Ledger, typed: dict[str, pa.ChunkedArray], key: bytes) -> None:
    """Say which ids are pseudonyms, by which key, and which texts were kept as they are."""
    hidden = [role for role in ID_ROLES if role in typed]
    ledger.add(
        f"pseudonyms in place of {', '.join(hidden)}", "note", len(typed["customer_id"]),
        f"key {key_mark(key)}",
    )  # fmt: skip
    kept = [name for name in typed if name not in ROLES]
    if kept:
        ledger.add(
            "columns without a role are kept as they are: leave out those that tell who it was",
            "warning", len(typed["customer_id"]), ", ".join(kept),
        )  # fmt: skip
