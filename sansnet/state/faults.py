"""What went wrong, as a value.

The world's failures are data that travels through the machines like everything else; only the facade turns a `Fault`
into an exception. `Misuse` is the one exception of the core: the *caller* broke the rules, and nothing has changed.
"""

from __future__ import annotations

from typing import Final, final

from .values import Value

__all__ = ["Fault", "Misuse"]


@final
class Fault(Value):
    """One failure: Node's `code`, and where the operating system was asked, what it was asked, and for which address.

    `errno` is the operating system's positive number, 0 when it had no part in it. `text` overrides the message that
    the facade would derive. `errors` are the attempts' faults of an aggregate. `cause` is the user's own exception,
    opaque here, when the user gave one to `destroy()`.
    """

    __slots__ = (
        "address",
        "cause",
        "code",
        "errno",
        "errors",
        "hostname",
        "local_address",
        "local_port",
        "port",
        "syscall",
        "text",
    )

    def __init__(
        self,
        code: str,
        *,
        errno: int = 0,
        syscall: str = "",
        address: str = "",
        port: int | None = None,
        local_address: str | None = None,
        local_port: int | None = None,
        hostname: str = "",
        text: str = "",
        errors: tuple[Fault, ...] = (),
        cause: object = None,
    ) -> None:
        self.code: Final = code
        self.errno: Final = errno
        self.syscall: Final = syscall
        self.address: Final = address
        self.port: Final = port
        self.local_address: Final = local_address
        self.local_port: Final = local_port
        self.hostname: Final = hostname
        self.text: Final = text
        self.errors: Final = errors
        self.cause: Final = cause


@final
class Misuse(Exception):
    """The caller of an input broke its rules; raised before anything changed.

    `fault` says which rule, in Node's words where Node has some.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Final = fault

    def __str__(self) -> str:
        return self.fault.text or self.fault.code
