"""The exceptions: their classes, texts and attributes. The texts are Node 26's, but for how a value is shown."""

from __future__ import annotations

import builtins
import copy
import errno
import os
import pickle
import socket
from collections.abc import Callable

import pytest

from sansnet import errors
from sansnet.errors import (
    AbortError,
    NetAddressInfoError,
    NetArgumentError,
    NetConnectionError,
    NetError,
    NetExceptionGroup,
    NetOSError,
    NetTypeError,
    NetValueError,
    bad_port,
    given_fault,
    invalid_arg_type,
    invalid_arg_value,
    invalid_ip_address,
    message_of,
    missing_args,
    out_of_range,
    to_exception,
    unhandled_error,
    unknown_encoding,
    unknown_option,
)
from sansnet.state.faults import Fault, Misuse

REFUSED = Fault("ECONNREFUSED", errno=errno.ECONNREFUSED, syscall="connect", address="127.0.0.1", port=1)
IN_USE = Fault("EADDRINUSE", errno=errno.EADDRINUSE, syscall="listen", address="::", port=8124)
NOT_FOUND = Fault("ENOTFOUND", syscall="getaddrinfo", hostname="nosuch.invalid")

# A fault, the class that a Python programmer would catch, and Node's message.
CASES: list[tuple[Fault, type[Exception], str]] = [
    (REFUSED, ConnectionRefusedError, "connect ECONNREFUSED 127.0.0.1:1"),
    (
        Fault("ECONNREFUSED", syscall="connect", address="::1", port=1, local_address="::1", local_port=45671),
        ConnectionRefusedError,
        "connect ECONNREFUSED ::1:1 - Local (::1:45671)",
    ),
    (Fault("ENOENT", syscall="connect", address="/nosuch"), FileNotFoundError, "connect ENOENT /nosuch"),
    (Fault("EAGAIN", syscall="connect", address="/full"), BlockingIOError, "connect EAGAIN /full"),
    (Fault("EALREADY", syscall="connect"), BlockingIOError, "connect EALREADY"),
    (
        Fault("ETIMEDOUT", syscall="connect", address="1.2.3.4", port=5),
        TimeoutError,
        "connect ETIMEDOUT 1.2.3.4:5",
    ),
    (Fault("EADDRNOTAVAIL", syscall="bind", address="9.9.9.9"), OSError, "bind EADDRNOTAVAIL 9.9.9.9"),
    (Fault("EADDRINUSE", syscall="bind", address="::1", port=80), OSError, "bind EADDRINUSE ::1:80"),
    (IN_USE, OSError, "listen EADDRINUSE: address already in use :::8124"),
    (
        Fault("EADDRNOTAVAIL", syscall="listen", address="9.9.9.9", port=0),
        OSError,
        "listen EADDRNOTAVAIL: address not available 9.9.9.9",
    ),
    (
        Fault("EACCES", syscall="listen", address="/nosuchdir/x", port=-1),
        PermissionError,
        "listen EACCES: permission denied /nosuchdir/x",
    ),
    (Fault("EINVAL", syscall="listen"), OSError, "listen EINVAL: invalid argument"),
    (Fault("EDOM", syscall="listen"), OSError, f"listen EDOM: {os.strerror(errno.EDOM).lower()}"),
    (Fault("ECONNRESET", syscall="read", address="1.2.3.4", port=5), ConnectionResetError, "read ECONNRESET"),
    (Fault("EPIPE", syscall="write"), BrokenPipeError, "write EPIPE"),
    (Fault("ECANCELED", syscall="write"), OSError, "write ECANCELED"),
    (Fault("ESHUTDOWN", syscall="write"), BrokenPipeError, "write ESHUTDOWN"),
    (Fault("ENOTCONN", syscall="shutdown"), OSError, "shutdown ENOTCONN"),
    (Fault("ECONNABORTED", syscall="accept"), ConnectionAbortedError, "accept ECONNABORTED"),
    (Fault("EPERM", syscall="accept"), PermissionError, "accept EPERM"),
    (Fault("EBADF", syscall="address"), OSError, "address EBADF"),
    (Fault("EMFILE", errno=errno.EMFILE), OSError, "EMFILE"),
    (NOT_FOUND, socket.gaierror, "getaddrinfo ENOTFOUND nosuch.invalid"),
    (Fault("EAI_AGAIN", syscall="getaddrinfo", hostname="x"), socket.gaierror, "getaddrinfo EAI_AGAIN x"),
    (Fault("EMFILE", syscall="getaddrinfo", hostname="x"), OSError, "getaddrinfo EMFILE x"),
    (Fault("EPIPE"), BrokenPipeError, "This socket has been ended by the other party"),
    (Fault("ERR_INVALID_ADDRESS"), ValueError, "Invalid socket address"),
    (
        Fault("ERR_INVALID_ADDRESS_FAMILY", hostname="x", port=5, text="Invalid address family: 7 x:5"),
        ValueError,
        "Invalid address family: 7 x:5",
    ),
    (Fault("ERR_INVALID_FD_TYPE", text="Unsupported fd type: FILE"), TypeError, "Unsupported fd type: FILE"),
    (Fault("ERR_INVALID_HANDLE_TYPE"), TypeError, "This handle type cannot be sent"),
    (Fault("ERR_INVALID_IP_ADDRESS", address="zz"), TypeError, "Invalid IP address: zz"),
    (Fault("ERR_INVALID_IP_ADDRESS", address="{zz}"), ValueError, "Invalid IP address: {zz}"),
    (Fault("ERR_IP_BLOCKED", address="127.0.0.1"), PermissionError, "IP(127.0.0.1) is blocked by net.BlockList"),
    (
        Fault("ERR_SERVER_ALREADY_LISTEN"),
        RuntimeError,
        "Listen method has been called more than once without closing.",
    ),
    (Fault("ERR_SERVER_NOT_RUNNING"), RuntimeError, "Server is not running."),
    (Fault("ERR_SOCKET_CLOSED"), ConnectionError, "Socket is closed"),
    (
        Fault("ERR_SOCKET_CLOSED_BEFORE_CONNECTION"),
        ConnectionError,
        "Socket closed before the connection was established",
    ),
    (Fault("ERR_SOCKET_CONNECTION_TIMEOUT"), TimeoutError, "Socket connection timeout"),
    (
        Fault("ERR_SOCKET_HANDLE_ADOPTED"),
        RuntimeError,
        "The bound socket has already been adopted by a server or socket",
    ),
    (Fault("ERR_STREAM_ALREADY_FINISHED"), RuntimeError, "Cannot call end after a stream was finished"),
    (Fault("ERR_STREAM_DESTROYED"), ConnectionError, "Cannot call write after a stream was destroyed"),
    (Fault("ERR_STREAM_DESTROYED", text="Cannot call end"), ConnectionError, "Cannot call end"),
    (Fault("ERR_STREAM_NULL_VALUES"), TypeError, "May not write null values to stream"),
    (Fault("ERR_STREAM_PREMATURE_CLOSE"), ConnectionError, "Premature close"),
    (Fault("ERR_STREAM_WRITE_AFTER_END"), RuntimeError, "write after end"),
    (Fault("ERR_OF_OURS", text="too much"), NetError, "too much"),
    (Fault("ERR_OF_OURS"), NetError, "ERR_OF_OURS"),
    (Fault("ABORT_ERR"), AbortError, "The operation was aborted"),
]
EXCEPTIONS = [to_exception(fault) for fault, _, _ in CASES]


@pytest.mark.covers("V-01", "V-02", "V-03", "V-04", "V-05", "V-06", "V-07", "V-09", "E-10")
@pytest.mark.covers(
    "AbortError",
    "NetAddressInfoError",
    "NetArgumentError",
    "NetBlockingIOError",
    "NetBrokenPipeError",
    "NetConnectionAbortedError",
    "NetConnectionError",
    "NetConnectionRefusedError",
    "NetConnectionResetError",
    "NetError",
    "NetFileNotFoundError",
    "NetOSError",
    "NetPermissionError",
    "NetRuntimeError",
    "NetTimeoutError",
    "NetTypeError",
    "NetValueError",
)
@pytest.mark.parametrize(("fault", "builtin", "text"), CASES)
def test_a_fault_becomes_an_exception_with_nodes_text(fault: Fault, builtin: type[Exception], text: str) -> None:
    error = to_exception(fault)
    assert isinstance(error, builtin)
    assert isinstance(error, NetError)
    assert error.code == fault.code
    assert str(error) == text
    assert repr(error) == f"{type(error).__name__}({text!r})"


def test_every_class_is_named_after_its_builtin_class() -> None:
    classes = [getattr(errors, name) for name in errors.__all__ if isinstance(getattr(errors, name), type)]
    assert len(classes) > 12
    without = []
    for cls in classes:
        assert issubclass(cls, NetError)
        namesake = getattr(builtins, cls.__name__.removeprefix("Net"), None)
        if namesake is None:
            without.append(cls.__name__)
        else:
            assert issubclass(cls, namesake)
    assert without == ["AbortError", "NetAddressInfoError", "NetArgumentError", "NetError"]


@pytest.mark.parametrize("code", sorted({fault.code for fault, _, _ in CASES if hasattr(errno, fault.code)}))
def test_the_class_is_at_least_as_fitting_as_the_one_python_would_raise(code: str) -> None:
    ours = to_exception(Fault(code, syscall="connect"))
    assert isinstance(ours, type(OSError(getattr(errno, code), "as Python would")))


# ------------------------------------------------------------------------------------------------ what they carry


def test_an_error_of_the_system_says_what_was_asked_and_where() -> None:
    error = to_exception(
        Fault(
            "ECONNREFUSED", syscall="connect", address="::1", port=1, local_address="::2", local_port=3, hostname="host"
        )
    )
    assert isinstance(error, NetOSError)
    assert (error.syscall, error.address, error.port) == ("connect", "::1", 1)
    assert (error.local_address, error.local_port, error.hostname, error.host) == ("::2", 3, "host", "host")


def test_what_a_fault_does_not_know_is_none() -> None:
    error = to_exception(Fault("ENOENT", syscall="connect", address="/x", port=0))
    assert isinstance(error, NetError)
    assert (error.port, error.local_address, error.local_port, error.hostname) == (None, None, None, None)
    bare = to_exception(Fault("ERR_SOCKET_CLOSED"))
    assert isinstance(bare, NetError)
    assert (bare.syscall, bare.address) == (None, None)


@pytest.mark.covers("V-06")
def test_errno_is_the_systems_positive_number() -> None:
    error = to_exception(REFUSED)
    assert isinstance(error, OSError)
    assert error.errno == errno.ECONNREFUSED
    assert error.strerror == os.strerror(errno.ECONNREFUSED)


def test_errno_is_found_for_a_fault_that_a_machine_made() -> None:
    error = to_exception(Fault("ETIMEDOUT", syscall="connect"))
    assert isinstance(error, OSError)
    assert error.errno == errno.ETIMEDOUT


def test_a_code_of_nodes_own_is_itself_whatever_was_being_done() -> None:
    error = to_exception(Fault("ERR_SOCKET_CLOSED", syscall="write"))
    assert (type(error), str(error)) == (NetConnectionError, "Socket is closed")


def test_a_code_that_nobody_knows_is_a_plain_net_error() -> None:
    assert type(to_exception(Fault("ERR_OF_OURS", text="too much"))) is NetError


def test_errno_is_none_where_the_system_had_no_part() -> None:
    for code in ("EPIPE", "ERR_SOCKET_CLOSED", "ERR_IP_BLOCKED"):
        error = to_exception(Fault(code))
        assert isinstance(error, OSError)
        assert error.errno is None
        assert error.strerror is None


def test_a_lookup_error_has_the_number_of_a_gaierror() -> None:
    error = to_exception(NOT_FOUND)
    assert isinstance(error, NetAddressInfoError)
    assert error.errno == socket.EAI_NONAME
    assert error.hostname == "nosuch.invalid"
    again = to_exception(Fault("EAI_AGAIN", syscall="getaddrinfo", hostname="x"))
    assert isinstance(again, NetAddressInfoError)
    assert again.errno == socket.EAI_AGAIN
    assert error.strerror == str(error)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_a_copy_has_all_that_the_original_has(copied: Callable[[Exception], Exception]) -> None:
    group = to_exception(Fault("ECONNREFUSED", errors=(REFUSED, REFUSED)))
    for error in (*EXCEPTIONS, group, AbortError("text", "reason"), invalid_arg_type("x", "of type string", 1)):
        twin = copied(error)
        assert (type(twin), str(twin), repr(twin.args)) == (type(error), str(error), repr(error.args))
        assert repr(vars(twin)) == repr(vars(error))
        for name in ("errno", "strerror"):
            assert getattr(twin, name, 0) == getattr(error, name, 0)


def test_each_call_makes_a_new_exception() -> None:
    assert to_exception(REFUSED) is not to_exception(REFUSED)


def test_a_misuse_brings_a_fault_that_becomes_an_exception() -> None:
    error = to_exception(Misuse(Fault("ERR_INVALID_HANDLE_TYPE")).fault)
    assert type(error) is NetTypeError


# ---------------------------------------------------------------------------------------------- causes and groups


def test_the_users_own_exception_comes_back_as_itself() -> None:
    mine = ZeroDivisionError("mine")
    assert to_exception(Fault("", cause=mine)) is mine
    assert to_exception(given_fault(mine)) is mine
    assert given_fault(mine).code == "ZeroDivisionError"


def test_an_abort_error_of_the_user_is_not_wrapped_in_another() -> None:
    mine = AbortError("I had enough")
    assert to_exception(given_fault(mine)) is mine


@pytest.mark.covers("AbortError")
@pytest.mark.parametrize("reason", [KeyError("why"), "why", None])
def test_an_abort_carries_its_reason(reason: object) -> None:
    error = to_exception(Fault("ABORT_ERR", cause=reason))
    assert isinstance(error, AbortError)
    assert error.code == "ABORT_ERR"
    assert error.reason is reason
    assert error.__cause__ is (reason if isinstance(reason, BaseException) else None)
    assert str(error) == "The operation was aborted"


@pytest.mark.covers("V-08")
@pytest.mark.covers("NetExceptionGroup")
def test_an_aggregate_is_an_exception_group_with_the_attempts_in_order() -> None:
    late = Fault("ETIMEDOUT", syscall="connect", address="::1", port=1)
    group = to_exception(Fault("ECONNREFUSED", errors=(REFUSED, late)))
    assert isinstance(group, NetExceptionGroup)
    assert group.code == "ECONNREFUSED"
    assert [str(error) for error in group.errors] == ["connect ECONNREFUSED 127.0.0.1:1", "connect ETIMEDOUT ::1:1"]
    assert group.errors == group.exceptions
    assert str(group) == "every attempt to connect failed (2 sub-exceptions)"
    assert message_of(Fault("X", text="none worked", errors=(REFUSED,))) == "none worked"


def test_the_parts_of_an_aggregate_keep_its_code() -> None:
    late = Fault("ETIMEDOUT", syscall="connect", address="::1", port=1)
    caught: list[BaseException] = []
    try:
        raise to_exception(Fault("ECONNREFUSED", errors=(REFUSED, late)))
    except* TimeoutError as timed_out:
        caught.append(timed_out)
    except* ConnectionRefusedError as refused:
        caught.append(refused)
    assert len(caught) == 2
    for part in caught:
        assert isinstance(part, NetExceptionGroup)
        assert part.code == "ECONNREFUSED"
        assert len(part.errors) == 1


# ---------------------------------------------------------------------------------------------------- arguments


def function() -> None: ...


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no repr for you")


@pytest.mark.parametrize(
    ("value", "received"),
    [
        (None, "None"),
        (True, "type boolean (True)"),
        (5, "type number (5)"),
        (1.5, "type number (1.5)"),
        (-4_294_967_297, "type number (-4_294_967_297)"),
        (4_294_967_296, "type number (4294967296)"),
        pytest.param(10**5000, "type number (<int>)", id="an integer that is too long to print"),
        ("abc", "type string ('abc')"),
        ("it's", 'type string ("it\'s")'),
        ("x" * 28, f"type string ('{'x' * 28}')"),
        ("x" * 29, f"type string ('{'x' * 25}...')"),
        (function, "function function"),
        (len, "function len"),
        ([].append, "function append"),
        (dict, "class dict"),
        ([1], "an instance of list"),
        (b"x", "an instance of bytes"),
        (Unprintable(), "an instance of Unprintable"),
    ],
)
def test_a_wrong_type_is_told_with_what_was_received(value: object, received: str) -> None:
    error = invalid_arg_type("port", "one of type number or string", value)
    assert str(error) == f'The "port" argument must be one of type number or string. Received {received}'
    assert (type(error), error.code) == (NetTypeError, "ERR_INVALID_ARG_TYPE")


def test_a_dotted_name_is_a_property() -> None:
    assert str(invalid_arg_type("options.port", "of type string", 1)).startswith('The "options.port" property must be')
    assert str(invalid_arg_value("options.family", 5)) == "The property 'options.family' is invalid. Received 5"


@pytest.mark.covers("NetArgumentError")
def test_an_invalid_value_is_a_value_error_and_a_type_error() -> None:
    error = invalid_arg_value("options", {}, 'must have the property "port" or "path"')
    assert str(error) == 'The argument \'options\' must have the property "port" or "path". Received {}'
    assert error.code == "ERR_INVALID_ARG_VALUE"
    assert type(error) is NetArgumentError
    assert isinstance(error, ValueError)
    assert isinstance(error, TypeError)


def test_a_shown_value_is_cut_and_never_fails() -> None:
    assert str(invalid_arg_value("x", "y" * 200)).endswith(f"Received '{'y' * 127}...")
    assert str(invalid_arg_value("x", "y" * 126)).endswith(f"Received '{'y' * 126}'")
    assert str(invalid_arg_value("x", Unprintable())).endswith("Received <Unprintable>")


def test_out_of_range() -> None:
    error = out_of_range("prefix", ">= 0 && <= 32", 99_999_999_999)
    assert str(error) == 'The value of "prefix" is out of range. It must be >= 0 && <= 32. Received 99_999_999_999'
    assert (type(error), error.code) == (NetValueError, "ERR_OUT_OF_RANGE")


def test_bad_port() -> None:
    error = bad_port("options.port", "abc")
    assert str(error) == "options.port should be >= 0 and < 65536. Received type string ('abc')."
    assert (type(error), error.code) == (NetValueError, "ERR_SOCKET_BAD_PORT")


def test_missing_args() -> None:
    error = missing_args()
    assert str(error) == 'The "options" or "port" or "path" argument must be specified'
    assert (type(error), error.code) == (NetTypeError, "ERR_MISSING_ARGS")


def test_what_names_the_value_only() -> None:
    assert (str(unknown_encoding("foo")), unknown_encoding("foo").code) == (
        "Unknown encoding: foo",
        "ERR_UNKNOWN_ENCODING",
    )
    assert (str(invalid_ip_address("a")), invalid_ip_address("a").code) == (
        "Invalid IP address: a",
        "ERR_INVALID_IP_ADDRESS",
    )
    assert (str(unhandled_error("a")), unhandled_error("a").code) == ("Unhandled error. ('a')", "ERR_UNHANDLED_ERROR")


def test_an_unknown_option_names_the_nearest() -> None:
    known = ["no_delay", "keep_alive", "port"]
    near = unknown_option("connect", "nodelay", known)
    assert str(near) == "connect() got an unexpected keyword argument 'nodelay'. Did you mean 'no_delay'?"
    assert isinstance(near, TypeError)
    assert str(unknown_option("connect", "zzz", known)) == "connect() got an unexpected keyword argument 'zzz'"


def test_windows_number_comes_along() -> None:
    error = to_exception(Fault("EBUSY", errno=errno.EBUSY, syscall="connect", address="name", cause=231))
    assert isinstance(error, NetOSError)
    assert (error.winerror, error.errno, str(error)) == (231, errno.EBUSY, "connect EBUSY name")
    assert copy.copy(error).winerror == pickle.loads(pickle.dumps(error)).winerror == 231


def test_without_windows_there_is_no_such_number() -> None:
    """As with an OSError that Python makes on Windows; so code that asks for it needs not know where it runs."""
    plain = to_exception(Fault("EBUSY", errno=errno.EBUSY, syscall="connect"))
    assert isinstance(plain, NetOSError)
    assert plain.winerror is None
