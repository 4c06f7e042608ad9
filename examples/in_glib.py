"""Sockets in a GTK program: an echo server and a client in GLib's main loop. Needs PyGObject.

python -m examples.in_glib

`GLibReactor` is all that it takes; docs/howto/write-a-driver.md says what each of its methods owes.
"""

import sys
import time
from collections.abc import Callable

from gi.repository import GLib

from sansnet import AddressInfo, connect, create_server, using
from sansnet.drivers.readiness import ReadinessDriver

Callback = Callable[[], None]

READABLE = GLib.IOCondition.IN | GLib.IOCondition.HUP | GLib.IOCondition.ERR
WRITABLE = GLib.IOCondition.OUT | GLib.IOCondition.HUP | GLib.IOCondition.ERR


class GLibReactor:
    """GLib's default main context as a `Reactor`."""

    def __init__(self) -> None:
        self.now = time.monotonic
        self._sources: dict[tuple[int, bool], int] = {}

    def watch_readable(self, fd: int, callback: Callback) -> None:
        self._watch(fd, False, READABLE, callback)

    def unwatch_readable(self, fd: int) -> None:
        GLib.source_remove(self._sources.pop((fd, False)))

    def watch_writable(self, fd: int, callback: Callback) -> None:
        self._watch(fd, True, WRITABLE, callback)

    def unwatch_writable(self, fd: int) -> None:
        GLib.source_remove(self._sources.pop((fd, True)))

    def _watch(self, fd: int, writable: bool, condition: int, callback: Callback) -> None:
        def ready(_fd: int, _condition: int) -> bool:
            try:
                callback()
            except Exception:  # which would end the watch
                sys.excepthook(*sys.exc_info())
            return True  # GLib.SOURCE_CONTINUE

        self._sources[fd, writable] = GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, fd, condition, ready)

    def call_soon(self, callback: Callback) -> None:
        GLib.idle_add(_once(callback), priority=GLib.PRIORITY_DEFAULT)  # else sockets could keep it from its turn

    call_soon_threadsafe = call_soon  # GLib takes sources from any thread

    def call_later(self, seconds: float, callback: Callback) -> "GLibTimer":
        return GLibTimer(seconds, callback)


class GLibTimer:
    """A timeout that fires once."""

    def __init__(self, seconds: float, callback: Callback) -> None:
        self._callback: Callback | None = callback
        milliseconds = int(max(seconds, 0) * 1000) + (seconds > 0)  # rounded up: never early
        self._source = GLib.timeout_add(milliseconds, self._fire)

    def _fire(self) -> bool:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()
        return False  # GLib.SOURCE_REMOVE

    def cancel(self) -> None:
        if self._callback is not None:
            self._callback = None
            GLib.source_remove(self._source)


def _once(callback: Callback) -> Callable[[], bool]:
    def called() -> bool:
        callback()
        return False  # GLib.SOURCE_REMOVE

    return called


def main() -> None:
    loop = GLib.MainLoop()
    with using(ReadinessDriver(GLibReactor())):
        server = create_server(lambda peer: peer.pipe(peer))

        def on_listening() -> None:
            address = server.address()
            assert isinstance(address, AddressInfo)
            client = connect(address.port, "127.0.0.1")
            client.on("data", lambda data: print(data.decode()))
            client.on("close", lambda _had_error: server.close())
            client.end("hello out of GLib")

        server.on("close", loop.quit)
        server.listen(0, "127.0.0.1", callback=on_listening)
        loop.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
