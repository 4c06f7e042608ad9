"""A name with several addresses: which of them are tried, in which order, and which one wins.

python -m examples.family_selection [PORT [SECONDS]]    of a server on 127.0.0.1; port 8124, 0.5 seconds for each

The lookup is our own, so that the outcome is the same everywhere: 127.0.0.2 comes first, ::1 is tried second since the
families take turns, and 127.0.0.1 is last. A lookup function answers as Node's does.
"""

import sys
from collections.abc import Callable

from sansnet import (
    LookupOptions,
    connect,
    get_default_auto_select_family,
    get_default_auto_select_family_attempt_timeout,
    run,
    set_default_auto_select_family_attempt_timeout,
)


def lookup(_hostname: str, options: LookupOptions, callback: Callable[..., object]) -> None:
    if options.all:
        callback(None, [("127.0.0.2", 4), ("127.0.0.1", 4), ("::1", 6)])
    else:
        callback(None, "127.0.0.1", 4)


def main(port: str = "8124", seconds: str = "0.5") -> None:
    set_default_auto_select_family_attempt_timeout(float(seconds))
    print("select a family:", get_default_auto_select_family())
    print("seconds for each attempt:", get_default_auto_select_family_attempt_timeout())

    socket = connect(port, "example.test", lookup=lookup)
    socket.on("lookup", lambda _error, address, _family, host: print(host, "is", address))
    socket.on("connection_attempt", lambda address, _port, _family: print("trying", address))
    socket.on("connection_attempt_failed", lambda _address, _port, _family, error: print(error))
    socket.on("connection_attempt_timeout", lambda address, _port, _family: print("no answer from", address))

    def on_connect() -> None:
        print("connected to", socket.remote_address, "after", socket.auto_select_family_attempted_addresses)
        socket.destroy()

    socket.on("connect", on_connect)
    run()


if __name__ == "__main__":
    main(*sys.argv[1:])
