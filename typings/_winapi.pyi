# What the drivers of Windows, and their tests, use of the module. Only Windows has it; it is declared for every system,
# so that the types are checked on every system.

from typing import Final

DUPLICATE_SAME_ACCESS: Final = 2
FILE_FLAG_FIRST_PIPE_INSTANCE: Final = 0x80000
FILE_FLAG_OVERLAPPED: Final = 0x40000000
FILE_TYPE_PIPE: Final = 3
GENERIC_READ: Final = 0x80000000
GENERIC_WRITE: Final = 0x40000000
NULL: Final = 0
OPEN_EXISTING: Final = 3
PIPE_ACCESS_DUPLEX: Final = 3
PIPE_UNLIMITED_INSTANCES: Final = 255
PIPE_WAIT: Final = 0

def CloseHandle(handle: int, /) -> None: ...
def ConnectNamedPipe(handle: int) -> None: ...
def CreateFile(
    name: str, access: int, sharing: int, security: int, disposition: int, flags: int, template: int, /
) -> int: ...
def CreateNamedPipe(
    name: str,
    open_mode: int,
    pipe_mode: int,
    instances: int,
    out_size: int,
    in_size: int,
    milliseconds: int,
    security: int,
    /,
) -> int: ...
def DuplicateHandle(owner: int, handle: int, receiver: int, access: int, inherit: bool, options: int = 0, /) -> int: ...
def GetCurrentProcess() -> int: ...
def GetFileType(handle: int, /) -> int: ...
def PeekNamedPipe(handle: int, size: int = 0, /) -> tuple[int, int] | tuple[bytes, int, int]: ...
def WaitNamedPipe(name: str, milliseconds: int, /) -> None: ...
def ReadFile(handle: int, size: int) -> tuple[bytes, int]: ...
def WriteFile(handle: int, payload: bytes) -> tuple[int, int]: ...
