"""Sockets in a Tk program: an echo server and a client beside a window.

python -m examples.in_tk

`TkReactor` is all that it takes; docs/howto/write-a-driver.md says what each of its methods owes.
"""

import sys
import time
import tkinter
from collections import deque
from collections.abc import Callable

from sansnet import AddressInfo, connect, create_server, using
from sansnet.drivers.polling import Waker
from sansnet.drivers.readiness import ReadinessDriver

Callback = Callable[[], None]


class TkReactor:
    """Tk's loop as a `Reactor`. Not on Windows, whose Tk watches no sockets."""

    def __init__(self, root: tkinter.Tk) -> None:
        self.now = time.monotonic
        self._root = root
        self._watched: dict[int, dict[int, Callback]] = {}
        self._posted: deque[Callback] = deque()
        self._waker = Waker(self)  # no other thread may call Tk, but it may write to a socket
        self.watch_readable(self._waker.fileno(), self._run_posted)

    def watch_readable(self, fd: int, callback: Callback) -> None:
        self._watch(fd, tkinter.READABLE, callback)

    def unwatch_readable(self, fd: int) -> None:
        self._watch(fd, tkinter.READABLE, None)

    def watch_writable(self, fd: int, callback: Callback) -> None:
        self._watch(fd, tkinter.WRITABLE, callback)

    def unwatch_writable(self, fd: int) -> None:
        self._watch(fd, tkinter.WRITABLE, None)

    def _watch(self, fd: int, bit: int, callback: Callback | None) -> None:
        callbacks = self._watched.setdefault(fd, {})
        if callback is None:
            callbacks.pop(bit, None)
        else:
            callbacks[bit] = callback
        if callbacks:
            self._root.tk.createfilehandler(fd, sum(callbacks), self._on_ready)
        else:
            del self._watched[fd]
            self._root.tk.deletefilehandler(fd)

    def _on_ready(self, fd: int, mask: int) -> None:
        for bit in (tkinter.READABLE, tkinter.WRITABLE):
            callback = self._watched.get(fd, {}).get(bit)  # the first one may have ended the second
            if mask & bit and callback is not None:
                callback()

    def call_soon(self, callback: Callback) -> None:
        self._root.after(0, callback)

    def call_soon_threadsafe(self, callback: Callback) -> None:
        self._posted.append(callback)
        self._waker.wake()

    def _run_posted(self) -> None:
        self._waker.drain()
        for _ in range(len(self._posted)):
            self._posted.popleft()()

    def call_later(self, seconds: float, callback: Callback) -> "TkTimer":
        return TkTimer(self._root, seconds, callback)


class TkTimer:
    """One call of `after`."""

    def __init__(self, root: tkinter.Tk, seconds: float, callback: Callback) -> None:
        self._root = root
        self._name = root.after(int(max(seconds, 0) * 1000) + (seconds > 0), callback)  # rounded up: never early

    def cancel(self) -> None:
        self._root.after_cancel(self._name)


def main() -> None:
    root = tkinter.Tk()
    said = tkinter.Label(root, text="…")
    said.pack()
    with using(ReadinessDriver(TkReactor(root))):
        server = create_server(lambda peer: peer.pipe(peer))

        def on_listening() -> None:
            address = server.address()
            assert isinstance(address, AddressInfo)
            client = connect(address.port, "127.0.0.1")
            client.on("data", lambda data: said.configure(text=data.decode()))
            client.on("close", lambda _had_error: server.close())
            client.end("hello out of Tk")

        def on_close() -> None:
            print(said["text"])
            root.destroy()

        server.on("close", on_close)
        server.listen(0, "127.0.0.1", callback=on_listening)
        root.mainloop()


if __name__ == "__main__":
    main(*sys.argv[1:])
