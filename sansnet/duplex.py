"""`Duplex`: what a socket is as a stream, Node's stream.Duplex as far as its sockets show it.

What runs for each message is in `stream.py`; here is what is asked now and then, and what can be seen. `socket.py` adds
the connection.

Reference: https://nodejs.org/api/stream.html#class-streamduplex
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, TypeVar

from . import signatures
from .encodings import decoder, payload_of
from .errors import invalid_arg_type, to_exception
from .listeners import SocketListeners
from .piping import Pipe
from .signatures import Destination, typed_as
from .state import Misuse
from .state.effects import Effect, Payload, Taken
from .state.phases import FLOW_PAUSED, Flow, Read, Write
from .stream import Stream

__all__ = ["Duplex"]

_D = TypeVar("_D", bound=Destination)


class Duplex(SocketListeners, Stream):
    """The stream that a socket is."""

    __slots__ = ("_encoding", "_pipes")

    _encoding: str | None
    _pipes: tuple[Pipe, ...]

    # -- writing

    @typed_as(signatures.end)
    def end(self, data: Any = None, encoding: Any = None, callback: Any = None) -> Self:
        """Write `data` if there is any, then end our half: FIN, after everything that was written.

        `callback(error)` hears when that was handed to the system. Raises as `write` does.
        """
        if callable(data):
            data, callback = None, data
        elif callable(encoding):
            encoding, callback = None, encoding
        self._port.check()
        machine = self._port.machine
        if data is None:
            self._port.ask(machine.end(self._token_of(callback)))
        else:
            payload, size = payload_of(data, encoding)
            self._port.ask(machine.end(self._token_of(callback), payload, size))
        return self

    def cork(self) -> None:
        """Hold writes back until `uncork()`, to send them together. Nests."""
        self._port.check()
        self._port.ask(self._port.machine.cork())

    def uncork(self) -> None:
        """Undo one `cork()`; the last one sends."""
        self._port.check()
        self._port.ask(self._port.machine.uncork())

    # -- reading

    def pause(self) -> Self:
        """No more 'data' until `resume()`. The system goes on to fill our buffer, and then the peer has to wait."""
        self._port.check()
        self._port.ask(self._port.machine.pause())
        return self

    def resume(self) -> Self:
        """Let the data flow."""
        self._port.check()
        self._port.hand_over()  # 'resume' comes after the callbacks of what was written before, as in Node
        self._port.ask(self._port.machine.resume())
        return self

    def is_paused(self) -> bool:
        """Was `pause()` the last word?"""
        return self._port.machine.reading.is_paused

    def read(self, size: int | None = None) -> bytes | str | None:
        """Take `size` bytes (characters after `set_encoding`) from the buffer, or all of it; None if less is there.

        Listeners of 'data' are told of it too, in a tick. Raises TypeError (ERR_INVALID_ARG_TYPE) for a size that is no
        int.
        """
        if size is not None and (isinstance(size, bool) or not isinstance(size, int)):
            raise invalid_arg_type("size", "of type number", size)
        self._port.check()
        taken: list[bytes | str] = []
        if self.listener_count("data"):
            # Before the machine is asked: an 'end' that follows is a tick as well, and comes after this one.
            self._port.pump.defer(lambda: [self.emit("data", chunk) for chunk in taken], self)
        reply = self._port.ask(self._port.machine.read(size if size is None else max(0, size)))
        if isinstance(reply, Taken):
            taken.append(_joined(reply.payloads))
        return taken[0] if taken else None

    def set_encoding(self, encoding: str | None = "utf-8") -> Self:
        """Deliver str instead of bytes. Characters that are split over packets are put together.

        Raises TypeError (ERR_UNKNOWN_ENCODING).
        """
        self._port.check()
        new, machine = decoder(encoding), self._port.machine
        # What an earlier decoder has made text of stays as it is.
        text = [chunk if isinstance(chunk, str) else new.decode(chunk) for chunk in machine.reading.chunks]
        if machine.reading.phase is not Read.OPEN:
            text.append(new.flush())
        self._port.decoder, self._encoding = new, encoding
        self._port.ask(machine.recode(("".join(text),)))
        return self

    def pipe(self, destination: _D, *, end: bool = True) -> _D:
        """Write all that arrives to `destination`, at its pace; `end` it when the peer has ended (or if it had).

        Returns the destination. Raises TypeError (ERR_INVALID_ARG_TYPE) for what can't be written to.
        """
        for method in ("on", "off", "write", "end"):
            if not callable(getattr(destination, method, None)):
                raise invalid_arg_type("destination", "a socket, or a stream with on, off, write and end", destination)
        pipe = Pipe(self, destination, end)
        self._pipes += (pipe,)
        if self.readable_ended:
            self._port.call_soon(pipe.ended)
        return destination

    def pipe_drained(self) -> None:
        """A destination takes more; go on when all do. Called by the pipes."""
        if not any(pipe.waiting for pipe in self._pipes):
            self.resume()

    def unpipe(self, destination: Any = None) -> Self:
        """Stop to pipe, to one destination or to all."""
        pipes = [pipe for pipe in self._pipes if destination is None or pipe.destination is destination]
        if pipes:
            self._port.check()
        for pipe in pipes:
            self._pipes = tuple(other for other in self._pipes if other is not pipe)
            pipe.stop()
        return self

    def listener_count(self, event: str, /) -> int:
        """How many listeners `event` has. The rule about half-open is one of 'end', as in Node."""
        return super().listener_count(event) + (event == "end")

    def _adding_listener(self, event: str) -> None:
        if event in ("data", "readable"):  # they have the machine read, which may be refused here
            self._port.check()

    def _removing_listener(self, event: str) -> None:
        if event == "readable":
            self._port.check()

    def _listener_added(self, event: str) -> None:
        if event == "data" and self._port.machine.reading.flow is not FLOW_PAUSED:
            self.resume()
        elif event == "readable":
            self._port.ask(self._port.machine.listen_readable(True, False))

    def _listener_removed(self, event: str) -> None:
        if event == "readable" and not self.listener_count("readable"):
            self._port.ask(self._port.machine.listen_readable(False, self.listener_count("data") > 0))

    # -- what can be seen

    @property
    def errored(self) -> Exception | None:
        """The first error."""
        fault = self._answered().errored
        return self._exception_of(fault) if fault is not None else None

    @property
    def readable(self) -> bool:
        """More data, or 'end', may come."""
        return self._port.machine.readable and not self._driver.closed

    @property
    def readable_ended(self) -> bool:
        """'end' was emitted."""
        return self._port.machine.reading.phase in (Read.ENDED, Read.OVER, Read.NONE)

    @property
    def readable_flowing(self) -> bool | None:
        """None: nobody reads yet; True: 'data' comes by itself; False: paused."""
        return {Flow.UNSET: None, Flow.FLOWING: True, Flow.PAUSED: False}[self._port.machine.reading.flow]

    @property
    def readable_length(self) -> int:
        """Bytes (characters after `set_encoding`) that have arrived and were not delivered."""
        return self._port.machine.reading.length

    @property
    def readable_encoding(self) -> str | None:
        """What `set_encoding` was given."""
        return self._encoding

    @property
    def readable_high_water_mark(self) -> int:
        """How many bytes are buffered before the peer has to wait."""
        return self._port.machine.reading.high_water_mark

    @property
    def writable(self) -> bool:
        """`write()` is welcome."""
        return self._answered().writable and not self._driver.closed

    @property
    def writable_ended(self) -> bool:
        """`end()` was called."""
        return self._port.machine.writing.phase is not Write.OPEN

    @property
    def writable_finished(self) -> bool:
        """'finish' was emitted: the system has all bytes, and the FIN."""
        return self._port.machine.writing.phase in (Write.FINISHED, Write.OVER, Write.NONE)

    @property
    def writable_length(self) -> int:
        """Bytes (characters of str) that were written and are not with the system yet."""
        return self._answered().writing.length  # type: ignore[no-any-return]

    @property
    def writable_high_water_mark(self) -> int:
        """The length at which `write()` answers False."""
        return self._port.machine.writing.high_water_mark

    @property
    def writable_need_drain(self) -> bool:
        """`write()` answered False, and 'drain' is still to come."""
        machine = self._port.machine
        return machine.writing.need_drain and machine.writing.phase is Write.OPEN and not self.destroyed

    @property
    def writable_corked(self) -> int:
        """How often `cork()` was called and not undone."""
        return self._port.machine.writing.corked

    @property
    def destroyed(self) -> bool:
        """The socket is closed or being closed, be it with its driver."""
        return self._port.machine.destroyed or self._driver.closed

    @property
    def closed(self) -> bool:
        """As `destroyed`: Node's net finishes its stream at once, only 'close' comes later."""
        return self.destroyed

    # -- helpers

    def _answered(self) -> Any:
        """The machine, after the system has answered to all that was written. Who looks from another thread, while a
        listener runs, sees what there is: nothing is sent from there.
        """
        port = self._port
        if port.pump.gathering is port:
            try:
                port.check()
            except RuntimeError:
                return port.machine
            port.hand_over()
        return port.machine

    def _ask(self, give: Callable[..., list[Effect]], *args: object) -> None:
        self._port.check()
        try:
            effects = give(*args)
        except Misuse as misuse:
            raise to_exception(misuse.fault) from None
        self._port.ask(effects)


def _joined(payloads: tuple[Payload, ...]) -> bytes | str:
    first = payloads[0]
    if len(payloads) == 1:
        return first  # type: ignore[no-any-return]
    return "".join(payloads) if isinstance(first, str) else b"".join(payloads)
