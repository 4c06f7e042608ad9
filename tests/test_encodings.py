"""Text and bytes. The tables are what Node 26 answered, but for the two things that encodings.py owns up to."""

from __future__ import annotations

import array
import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansnet.encodings import decoder, encode, payload_of
from sansnet.errors import NetError

WORDS = ["utf8", "ucs2", "utf16le", "latin1", "binary", "ascii", "hex", "base64", "base64url"]
CODECS = ["utf-16-be", "utf-32-be", "utf-8-sig", "cp1252", "shift_jis", "gb18030", "utf-7", "iso2022_jp"]

# Bytes that stand in the middle of characters, or look as if they did.
AWKWARD = st.sampled_from(list(b"\x00\x1b$B\x3d\x41\x80\x81\x82\x9f\xac\xc0\xd8\xde\xe2\xed\xef\xf0\xf4\xff"))
CHUNKS = st.lists(st.lists(AWKWARD | st.integers(0, 255), max_size=5).map(bytes), max_size=6)


def decoded(encoding: str | None, *chunks: bytes) -> list[str]:
    """What each chunk gives, and at last what is left."""
    machine = decoder(encoding)
    return [*map(machine.decode, chunks), machine.flush()]


def code_of(encoding: object) -> str:
    with pytest.raises(TypeError) as caught:
        encode("a", encoding)
    with pytest.raises(TypeError, match=r"^Unknown encoding: "):
        decoder(encoding)
    assert isinstance(caught.value, NetError)
    return caught.value.code


# ------------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["utf8", "utf-8", "UTF8", "Utf-8", "utf_8", "u8", "", None])
def test_utf8_and_its_names(name: str | None) -> None:
    assert encode("é€\U0001f600", name) == b"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
    assert decoded(name, b"\xc3\xa9") == ["é", ""]


@pytest.mark.parametrize("name", ["ucs2", "UCS-2", "utf16le", "utf-16le", "UTF-16LE", "utf_16_le"])
def test_utf16_and_its_names(name: str) -> None:
    assert encode("é€", name) == b"\xe9\x00\xac\x20"
    assert decoded(name, b"\xe9\x00\xac\x20") == ["é€", ""]


@pytest.mark.parametrize("name", ["latin1", "LATIN1", "Binary", "latin-1", "iso-8859-1"])
def test_latin1_and_its_names(name: str) -> None:
    assert encode("é€", name) == b"\xe9\xac"
    assert decoded(name, b"\xe9\xac") == ["é¬", ""]


@pytest.mark.parametrize("name", ["ascii", "ASCII", "us-ascii"])
def test_ascii_never_raises(name: str) -> None:
    assert encode("aé€", name) == b"a\xe9\xac"
    assert decoded(name, b"A\xc1\xff") == ["AA\x7f", ""]


@pytest.mark.parametrize("name", ["HEX", "Base64", "BASE64URL"])
def test_case_does_not_matter(name: str) -> None:
    assert encode("ab", name) == encode("ab", name.lower()) != b""


@pytest.mark.parametrize(
    "name",
    [
        "junk",
        "buffer",
        "hex_codec",  # from bytes to bytes
        "rot13",  # from text to text
        "idna",  # can't replace what is no text
        "undefined",
        "a\0b",
        "\ud800",
        "é",
        5,
        ["utf8"],
        True,
    ],
)
def test_unknown_encodings_g02_i01(name: object) -> None:
    assert code_of(name) == "ERR_UNKNOWN_ENCODING"


# ---------------------------------------------------------------------------------------------------------- encoding


@pytest.mark.parametrize(
    ("text", "encoding", "data"),
    [
        ("\ud83d", "utf8", b"\xef\xbf\xbd"),
        ("\ud83d\ude00", "utf8", "\U0001f600".encode()),
        ("\ude00\ud83d", "utf8", b"\xef\xbf\xbd\xef\xbf\xbd"),
        ("\ud83da", "utf8", b"\xef\xbf\xbda"),
        ("\ud83d", "utf16le", b"\x3d\xd8"),
        ("\u0141", "latin1", b"\x41"),
        ("\U0001f600", "latin1", b"\x3d\x00"),
        ("abc", "hex", b"\xab"),
        ("abzz12", "hex", b"\xab"),
        ("AB cd", "hex", b"\xab"),
        ("zz", "hex", b""),
        ("ab€", "hex", b"\xab"),
        ("aB12", "hex", b"\xab\x12"),
        ("YWJj", "base64", b"abc"),
        ("YWJ", "base64", b"ab"),
        ("YW", "base64", b"a"),
        ("Y", "base64", b""),
        ("YWJjZ", "base64", b"abc"),
        ("YWJj=YWJj", "base64", b"abc"),
        ("YW==YWJj", "base64", b"a"),
        ("Y=WJj", "base64", b""),
        ("=", "base64", b""),
        ("Y W\nJj", "base64", b"abc"),
        ("Y*WJj", "base64", b"abc"),
        ("YWJj€YWJj", "base64", b"abcabc"),
        ("YR==", "base64", b"a"),
        ("_-8", "base64", b"\xff\xef"),
        ("/+8=", "base64url", b"\xff\xef"),
    ],
)
def test_encode_g02(text: str, encoding: str, data: bytes) -> None:
    assert encode(text, encoding) == data


def test_a_codec_of_python_is_strict() -> None:
    assert encode("€", "cp1252") == b"\x80"
    with pytest.raises(UnicodeEncodeError):
        encode("\u0141", "cp1252")


@given(st.binary())
def test_what_is_decoded_can_be_encoded_again(data: bytes) -> None:
    for word in ("hex", "base64", "base64url", "latin1", "binary"):
        assert encode("".join(decoded(word, data)), word) == data


@given(st.text(alphabet=st.characters(exclude_categories=())), st.sampled_from(WORDS))
def test_nodes_words_never_raise(text: str, word: str) -> None:
    encode(text, word)


# ---------------------------------------------------------------------------------------------------------- decoding


@pytest.mark.parametrize(
    ("encoding", "chunks", "texts"),
    [
        ("utf8", [b"\xe2", b"\x82", b"\xacuro"], ["", "", "€uro", ""]),  # I-02
        ("utf8", [b"\xe2\x82"], ["", "\ufffd"]),  # I-02
        ("utf8", [b"\xf0\x9f", b"\x98"], ["", "", "\ufffd"]),
        ("utf8", [b"\xe2\x82", b"A"], ["", "\ufffdA", ""]),
        ("utf8", [b"\xff", b"A"], ["\ufffd", "A", ""]),
        ("utf8", [b"\xe2", b"\xe2", b"\x82\xac"], ["", "\ufffd", "€", ""]),
        ("utf8", [b"\xef\xbb\xbfA"], ["\ufeffA", ""]),
        ("utf16le", [b"A", b"\0"], ["", "A", ""]),
        ("utf16le", [b"\x3d", b"\xd8\x00", b"\xde"], ["", "", "\U0001f600", ""]),
        ("utf16le", [b"\x3d\xd8A\0"], ["\ufffdA", ""]),  # Node: half a pair
        ("utf16le", [b"A\0B"], ["A", "\ufffd"]),  # Node: nothing
        ("hex", [b"\x01\x02", b"\xab"], ["0102", "ab", ""]),
        ("base64", [b"\1", b"\2", b"\3", b"\4"], ["", "", "AQID", "", "BA=="]),
        ("base64", [b"\1\2\3\4", b"\5"], ["AQID", "", "BAU="]),
        ("base64url", [b"\xfb", b"\xff", b"\xfe", b"\4"], ["", "", "-__-", "", "BA"]),
        ("ascii", [b"A\xc1", b"\xff"], ["AA", "\x7f", ""]),
        ("latin1", [b"\xe9", b"\xff"], ["é", "ÿ", ""]),
        ("shift_jis", [b"\x83", b"\x41"], ["", "ア", ""]),
    ],
)
def test_decode(encoding: str, chunks: list[bytes], texts: list[str]) -> None:
    assert decoded(encoding, *chunks) == texts


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"\xf0\x80\x80", 3),
        (b"\xc0\x80", 2),
        (b"\xed\xa0\x80", 3),
        (b"\xf4\x90\x80\x80", 4),
        (b"\xf5\x80", 2),
        (b"\xe0\x80\x80", 3),
        (b"\xf0\x9f\x98", 1),
    ],
)
def test_how_many_characters_stand_for_what_is_none(data: bytes, count: int) -> None:
    assert "".join(decoded("utf8", data)) == "\ufffd" * count


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_peer_that_forgets_the_mark_does_no_harm(encoding: str) -> None:
    assert decoded(encoding, b"abcd", "ef".encode(encoding)) == ["\ufffd", "ef", ""]


@given(CHUNKS, st.sampled_from([*WORDS, *CODECS]))
def test_packets_make_no_difference(chunks: list[bytes], encoding: str) -> None:
    whole = b"".join(chunks)
    text = "".join(decoded(encoding, whole))
    assert "".join(decoded(encoding, *chunks)) == text
    assert "".join(decoded(encoding, *(bytes([byte]) for byte in whole))) == text


@given(CHUNKS)
def test_what_it_decodes_to(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    assert "".join(decoded("utf8", *chunks)) == whole.decode("utf-8", "replace")
    assert "".join(decoded("hex", *chunks)) == whole.hex()
    assert "".join(decoded("base64", *chunks)) == base64.b64encode(whole).decode()
    assert "".join(decoded("base64url", *chunks)) == base64.urlsafe_b64encode(whole).decode().rstrip("=")


@pytest.mark.parametrize("encoding", [*WORDS, *CODECS])
def test_a_decoder_is_as_new_after_the_end(encoding: str) -> None:
    machine = decoder(encoding)
    first = [machine.decode(b"\xe2\x82\xac\xe2"), machine.flush()]
    assert [machine.decode(b"\xe2\x82\xac\xe2"), machine.flush()] == first
    assert machine.flush() == ""


# ---------------------------------------------------------------------------------------------------------- payloads


@pytest.mark.parametrize(
    ("chunk", "encoding", "data", "size"),
    [
        (b"abc", None, b"abc", 3),
        (b"", None, b"", 0),
        pytest.param("", None, b"", 0, id="no text"),
        ("é€", None, b"\xc3\xa9\xe2\x82\xac", 2),  # G-06: characters, not bytes
        ("é€", "utf16le", b"\xe9\x00\xac\x20", 2),
        ("abcd", "hex", b"\xab\xcd", 4),
        (bytearray(b"abc"), "utf-8", b"abc", 3),
        (array.array("H", [1, 2]), None, array.array("H", [1, 2]).tobytes(), 4),  # G-01: by its bytes
        (memoryview(b"abcdef")[1:3], None, b"bc", 2),
        (memoryview(b""), None, b"", 0),
        (memoryview(bytearray(b"abcd")).cast("B", (2, 2)), None, b"abcd", 4),
    ],
)
def test_payloads_g01_g06(chunk: object, encoding: str | None, data: bytes, size: int) -> None:
    payload, counted = payload_of(chunk, encoding)
    assert (bytes(payload), len(payload), counted) == (data, len(data), size)


def test_bytes_are_not_copied() -> None:
    data = b"abc" * 1000
    assert payload_of(data)[0] is data
    view, _ = payload_of(memoryview(data)[3:])
    assert isinstance(view, memoryview)
    assert view.obj is data


@pytest.mark.parametrize("readonly", [False, True])
def test_what_may_change_is_copied(readonly: bool) -> None:
    data = bytearray(b"abc")
    view = memoryview(data)
    payload, _ = payload_of(view.toreadonly() if readonly else view)
    view[0] = ord("X")
    assert payload == b"abc"


def test_a_buffer_is_free_again_after_its_copy() -> None:
    data = bytearray(b"abc")
    payload_of(data)
    data.append(0)  # a BufferError, if it were still looked at


@pytest.mark.parametrize(
    "chunk", [5, 1.5, True, [1], (1,), {}, object(), len, memoryview(b"abcd")[::2], memoryview(b"abcd")[::-1]]
)
def test_no_chunks_g01(chunk: object) -> None:
    start = 'The "chunk" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received '
    with pytest.raises(TypeError) as caught:
        payload_of(chunk)
    assert isinstance(caught.value, NetError)
    assert caught.value.code == "ERR_INVALID_ARG_TYPE"
    assert str(caught.value).startswith(start)


@pytest.mark.parametrize("encoding", [None, "junk"])
def test_none_is_refused_before_anything_else_g01(encoding: str | None) -> None:
    with pytest.raises(TypeError, match=r"^May not write null values to stream$"):
        payload_of(None, encoding)


@pytest.mark.parametrize("chunk", [b"bytes", "text", 5])
def test_an_unknown_encoding_is_refused_whatever_the_chunk_g02(chunk: object) -> None:
    with pytest.raises(TypeError, match=r"^Unknown encoding: junk$"):
        payload_of(chunk, "junk")
