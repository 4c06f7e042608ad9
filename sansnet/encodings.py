"""Text to bytes for `write()`, bytes to text for `set_encoding()`.

An encoding is named by one of Python's codec names or by one of Node's words. Where both have it (utf-8, utf-16-le,
latin-1, ascii, under all their names), it does what Node does, and so it never raises:

- what UTF-8 can't hold, half a surrogate pair, goes out as U+FFFD; of a character that latin-1 and ascii can't hold,
  the lower byte of each UTF-16 unit goes out; ascii that comes in is cut to seven bits;
- in hexadecimal text what follows the first bad pair is left out; in base64 text both alphabets are read, what is in
  neither is passed over, and '=' ends it.

Any other codec is Python's: strict when it encodes, so that `write()` raises UnicodeEncodeError.

Decoding never raises: what is no text becomes U+FFFD, and so does a character that the end of the file cuts off. How
the bytes were cut into packets makes no difference. (Node's 'utf16le' does two things otherwise: it delivers half a
surrogate pair as it is, which makes a str that can't be encoded any more, and drops an odd last byte.) A codec of
Python's that gives up, as utf-16 does where its mark is missing, makes one U+FFFD of the piece and begins anew.
"""

from __future__ import annotations

import binascii
import codecs
import re
import string
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple, final

from .errors import NetTypeError, invalid_arg_type, to_exception, unknown_encoding
from .state.faults import Fault

__all__ = ["Decoder", "decoder", "encode", "payload_of"]


def encode(text: str, encoding: object = None) -> bytes:
    """`text` in `encoding`; UTF-8 without one.

    Raises TypeError (ERR_UNKNOWN_ENCODING), and UnicodeEncodeError where this is a matter of Python's own codecs.
    """
    return _find(encoding).encode(text)


def payload_of(chunk: object, encoding: object = None) -> tuple[bytes | memoryview, int]:
    """What `write()` was given, as a payload whose `len()` is its bytes, and what it counts in `writable_length`.

    That is its bytes; for a str its characters, whatever their encoding (as in Node).

    Bytes are passed on as they are, and so is a view of bytes. Anything that could still change is copied: Node sends
    what a buffer holds when its turn comes, which is a trap for everybody who fills one buffer again and again.

    Raises TypeError: ERR_STREAM_NULL_VALUES for None, ERR_UNKNOWN_ENCODING also when there is nothing to encode, and
    ERR_INVALID_ARG_TYPE for what is neither str nor a C-contiguous buffer.
    """
    if encoding is None and type(chunk) is bytes:  # as nearly always
        return chunk, len(chunk)
    if chunk is None:
        raise to_exception(Fault("ERR_STREAM_NULL_VALUES"))
    codec = _find(encoding)
    if isinstance(chunk, bytes):
        return chunk, len(chunk)
    if isinstance(chunk, str):
        return codec.encode(chunk), len(chunk)
    payload = _bytes_in(chunk)
    return payload, len(payload)


def _bytes_in(chunk: Any) -> bytes | memoryview:
    try:
        view = memoryview(chunk)
    except TypeError:
        raise _no_chunk(chunk) from None
    if not view.c_contiguous:
        raise _no_chunk(chunk)
    if isinstance(view.obj, bytes) and view.nbytes:  # a view of no bytes can't be cast
        return view.cast("B")
    with view:
        return view.tobytes()


def _no_chunk(chunk: object) -> NetTypeError:
    error = invalid_arg_type("chunk", "of type string or an instance of Buffer, TypedArray, or DataView", chunk)
    return NetTypeError(f"{error}. In Python: a str, or bytes, or any other C-contiguous buffer", error.code)


# ------------------------------------------------------------------------------------------------------------ decoding


@final
class Decoder:
    """Turns bytes that come in pieces into text. What a piece leaves incomplete waits for the next one."""

    __slots__ = ("_incremental",)

    def __init__(self, incremental: codecs.IncrementalDecoder) -> None:
        self._incremental: Final = incremental

    def decode(self, data: bytes) -> str:
        """The text that is complete with `data`, '' if there is none."""
        return self._decode(data, False)

    def flush(self) -> str:
        """What is left at the end of the file. The decoder is as new then."""
        text = self._decode(b"", True)
        self._incremental.reset()
        return text

    def _decode(self, data: bytes, final: bool) -> str:
        try:
            return self._incremental.decode(data, final)
        except UnicodeError:  # utf-16 without its mark, for one: there 'replace' doesn't help
            self._incremental.reset()
            return "\ufffd"


def decoder(encoding: object = None) -> Decoder:
    """A new decoder; for UTF-8 without an encoding. Raises TypeError (ERR_UNKNOWN_ENCODING)."""
    return Decoder(_find(encoding).new_decoder())


class _AsciiDecoder(codecs.IncrementalDecoder):
    _SEVEN_BITS: Final = bytes(byte & 0x7F for byte in range(256))

    def decode(self, input: Any, final: bool = False) -> str:
        return bytes(input).translate(self._SEVEN_BITS).decode("ascii")


class _HexDecoder(codecs.IncrementalDecoder):
    def decode(self, input: Any, final: bool = False) -> str:
        return bytes(input).hex()


class _Base64Decoder(codecs.BufferedIncrementalDecoder):
    """Three bytes make four letters; fewer are kept until the end, where they are padded."""

    def _buffer_decode(self, input: Any, errors: str, final: bool) -> tuple[str, int]:
        count = len(input) if final else len(input) - len(input) % 3
        return binascii.b2a_base64(input[:count], newline=False).decode("ascii"), count


class _Base64UrlDecoder(_Base64Decoder):
    """Another alphabet, and no padding."""

    def _buffer_decode(self, input: Any, errors: str, final: bool) -> tuple[str, int]:
        text, count = super()._buffer_decode(input, errors, final)
        return text.rstrip("=").translate(_TO_URL), count


# ------------------------------------------------------------------------------------------------------------ encoding

_PAIRS: Final = re.compile("(?:[0-9A-Fa-f]{2})*")
_LETTERS: Final = string.ascii_letters + string.digits + "+/"
_NOT_A_LETTER: Final = re.compile(f"[^{_LETTERS}]")
_TO_URL: Final = str.maketrans("+/", "-_")
_FROM_URL: Final = str.maketrans("-_", "+/")


def _units(text: str) -> bytes:
    """The UTF-16 units that JavaScript would hold the text in."""
    return text.encode("utf-16-le", "surrogatepass")


def _encode_utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _units(text).decode("utf-16-le", "replace").encode()


def _encode_latin1(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return _units(text)[::2]


def _encode_hex(text: str) -> bytes:
    found = _PAIRS.match(text)
    return bytes.fromhex(found[0]) if found else b""


def _encode_base64(text: str) -> bytes:
    letters = _NOT_A_LETTER.sub("", text.partition("=")[0].translate(_FROM_URL))
    if len(letters) % 4 == 1:
        letters = letters[:-1]  # six bits are no byte
    return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))


# ------------------------------------------------------------------------------------------------------- by their names


class _Codec(NamedTuple):
    encode: Callable[[str], bytes]
    new_decoder: Callable[[], codecs.IncrementalDecoder]


def _python_decoder(name: str) -> Callable[[], codecs.IncrementalDecoder]:
    return partial(codecs.getincrementaldecoder(name), "replace")


_UTF8: Final = _Codec(_encode_utf8, _python_decoder("utf-8"))
_UTF16: Final = _Codec(_units, _python_decoder("utf-16-le"))
_LATIN1: Final = _Codec(_encode_latin1, _python_decoder("latin-1"))
_ASCII: Final = _Codec(_encode_latin1, _AsciiDecoder)

_WORDS: Final[dict[str, _Codec]] = {
    "ucs2": _UTF16,
    "ucs-2": _UTF16,
    "utf16le": _UTF16,
    "binary": _LATIN1,
    "hex": _Codec(_encode_hex, _HexDecoder),
    "base64": _Codec(_encode_base64, _Base64Decoder),
    "base64url": _Codec(_encode_base64, _Base64UrlDecoder),
}
"""Node's words that aren't Python's, or are something else there."""

_SHARED: Final[dict[str, _Codec]] = {"utf-8": _UTF8, "utf-16-le": _UTF16, "iso8859-1": _LATIN1, "ascii": _ASCII}
"""What both have, by the name that `codecs.lookup()` gives it."""


def _find(encoding: object) -> _Codec:
    """Raises ERR_UNKNOWN_ENCODING."""
    if not encoding:
        return _UTF8
    if not isinstance(encoding, str):
        raise unknown_encoding(encoding)
    return _find_name(encoding)


@lru_cache(maxsize=64)
def _find_name(name: str) -> _Codec:
    word = _WORDS.get(name.lower())
    if word is not None:
        return word
    try:
        shared = _SHARED.get(codecs.lookup(name).name)
        if shared is not None:
            return shared
        # Some codecs aren't from text to bytes, or can't do it piece by piece, or always refuse; all say so when asked.
        codec = _Codec(partial(str.encode, encoding=name), _python_decoder(name))
        codec.encode("")
        codec.new_decoder().decode(b"")
    except (LookupError, ValueError, TypeError):
        raise unknown_encoding(name) from None
    return codec
