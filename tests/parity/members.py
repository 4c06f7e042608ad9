"""The public surface, member by member: what `docs/node-parity.md` has a row for.

How a row is spelled, here, on the page and in `pytest.mark.covers(…)`:

    is_ip                       a function, class or constant of the package
    Socket.write                a method or property; `Emitter.on` is what sockets and servers share
    Socket 'drain'              an event
    Socket(no_delay)            an option of a constructor; of a call: connect(lookup), listen(backlog)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

__all__ = ["INTERNAL", "MEMBERS", "OWNERS", "SPELLED", "Member", "resolve"]

Kind = Literal["name", "method", "property", "event", "option"]


class Member(NamedTuple):
    """One row."""

    owner: str
    """A class of the package, `connect` or `listen`; '' is the package itself."""
    kind: Kind
    name: str
    beyond: bool
    """Not in Node's net."""

    @property
    def spelled(self) -> str:
        match self.kind:
            case "name":
                return self.name
            case "event":
                return f"{self.owner} '{self.name}'"
            case "option":
                return f"{self.owner}({self.name})"
            case _:
                return f"{self.owner}.{self.name}"


# By owner and kind. What stands behind a bar is beyond Node.
_SURFACE: Final[tuple[tuple[str, Kind, str], ...]] = (
    (
        "",
        "name",
        """
        Socket Server BoundSocket BlockList SocketAddress AbortController AbortSignal connect create_connection
        create_server is_ip is_ipv4 is_ipv6 once get_default_auto_select_family set_default_auto_select_family
        get_default_auto_select_family_attempt_timeout set_default_auto_select_family_attempt_timeout AbortError
        NetError NetExceptionGroup NetOSError NetRuntimeError NetTypeError NetValueError | call_later default_driver run
        using AddressInfo DropInfo LookupOptions OnRead NetAddressInfoError NetArgumentError NetBlockingIOError
        NetBrokenPipeError NetBufferError NetConnectionAbortedError NetConnectionError NetConnectionRefusedError
        NetConnectionResetError NetFileNotFoundError NetPermissionError NetTimeoutError
        """,
    ),
    (
        "Socket",
        "option",
        """
        allow_half_open block_list fd handle high_water_mark keep_alive keep_alive_initial_delay no_delay on_read
        readable readable_high_water_mark signal timeout type_of_service writable writable_high_water_mark |
        max_buffered
        """,
    ),
    (
        "connect",
        "option",
        """
        auto_select_family auto_select_family_attempt_timeout family hints host listener local_address local_port
        lookup path port | connect_timeout
        """,
    ),
    (
        "Socket",
        "event",
        """
        close connect connection_attempt connection_attempt_failed connection_attempt_timeout data drain end error
        finish lookup pause prefinish readable ready resume timeout
        """,
    ),
    (
        "Socket",
        "property",
        """
        allow_half_open auto_select_family_attempted_addresses buffer_size bytes_read bytes_written closed connecting
        destroyed errored local_address local_family local_port pending readable readable_encoding readable_ended
        readable_flowing readable_high_water_mark readable_length ready_state remote_address remote_family remote_port
        server timeout writable writable_corked writable_ended writable_finished writable_high_water_mark
        writable_length writable_need_drain
        """,
    ),
    (
        "Socket",
        "method",
        """
        address connect cork destroy destroy_soon end get_type_of_service is_paused pause pipe read ref
        reset_and_destroy resume set_encoding set_keep_alive set_no_delay set_timeout set_type_of_service uncork
        unpipe unref write __aiter__ __aenter__ iterator | describe drained fileno finished wait_closed
        """,
    ),
    (
        "Emitter",
        "method",
        """
        emit event_names listener_count listeners off on once prepend_listener prepend_once_listener
        remove_all_listeners
        """,
    ),
    (
        "Server",
        "option",
        """
        allow_half_open block_list high_water_mark keep_alive keep_alive_initial_delay listener no_delay
        pause_on_connect | max_buffered
        """,
    ),
    (
        "listen",
        "option",
        """
        backlog callback exclusive fd handle host ipv6_only path port readable_all reuse_port signal writable_all
        """,
    ),
    ("Server", "event", "close connection drop error listening"),
    (
        "Server",
        "property",
        """
        allow_half_open block_list drop_max_connection high_water_mark keep_alive keep_alive_initial_delay listening
        max_connections no_delay pause_on_connect | connections max_buffered
        """,
    ),
    (
        "Server",
        "method",
        """
        address close get_connections listen ref unref __aiter__ __aenter__ | close_all_connections describe fileno
        pause resume wait_closed wait_listening
        """,
    ),
    ("BlockList", "property", "PRIVATE_RANGES rules size"),
    (
        "BlockList",
        "method",
        """
        add_address add_addresses add_cidr add_cidrs add_range add_subnet check clear from_json is_block_list
        remove_address remove_cidr remove_range remove_subnet to_json | __contains__ __len__
        """,
    ),
    ("BoundSocket", "option", "host ipv6_only path port reuse_port"),
    ("BoundSocket", "property", "is_pipe"),
    ("BoundSocket", "method", "address close fd __enter__ | fileno"),
    ("SocketAddress", "property", "address family flowlabel port | number"),
    ("SocketAddress", "method", "is_socket_address parse | __eq__ __hash__"),
    ("AbortController", "property", "signal"),
    ("AbortController", "method", "abort"),
    ("AbortSignal", "property", "aborted reason"),
    ("AbortSignal", "method", "any timeout | add_listener listener_count remove_listener"),
)

INTERNAL: Final = frozenset(
    {
        "BoundSocket.adopt",
        "Server.connection_gone",
        "Server.is_blocked",
        "Server.on_notice",
        "Socket.accepted",
        "Socket.look_up",
        "Socket.on_notice",
        "Socket.on_released",
        "Socket.pipe_drained",
    }
)
"""Methods without an underscore that other parts of the package call, and users don't."""


def _members() -> Iterator[Member]:
    for owner, kind, names in _SURFACE:
        of_node, _, beyond = names.partition("|")
        yield from (Member(owner, kind, name, False) for name in of_node.split())
        yield from (Member(owner, kind, name, True) for name in beyond.split())


MEMBERS: Final = tuple(_members())
SPELLED: Final = {member.spelled: member for member in MEMBERS}
OWNERS: Final = tuple(dict.fromkeys(owner for owner, _, _ in _SURFACE))


def resolve(name: str) -> Member | None:
    """The member that a mark names. None if there is none, or more than one.

    `Socket.on` is `Emitter.on`, and `Server.listen(path)` is `listen(path)`; an argument of another method stands for
    the method. An event or an option may be written like an attribute where it can't be taken for one.
    """
    if name in SPELLED:
        return SPELLED[name]
    if "(" in name:
        call, _, _ = name.partition("(")
        return SPELLED.get(name.partition(".")[2]) or SPELLED.get(call)
    owner, _, last = name.rpartition(".")
    if owner in ("Socket", "Server") and f"Emitter.{last}" in SPELLED:
        return SPELLED[f"Emitter.{last}"]
    meant = [member for member in MEMBERS if (member.owner, member.name) == (owner, last)]
    return meant[0] if len(meant) == 1 else None
