r"""The names of Windows' pipes: `\\.\pipe\…` and `\\?\pipe\…`, for clients also those of other machines.

They are checked before the system is asked. `CreateFile` opens whatever has the name that it is given: a client that is
sent to a plain file would hold it open, and find out when it writes.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LONGEST", "why_no_client", "why_no_server"]

LONGEST: Final = 256
"""Characters of the whole name."""

_HERE: Final = re.compile(r"[\\/]{2}[.?][\\/]pipe[\\/].", re.IGNORECASE | re.DOTALL)
_ANYWHERE: Final = re.compile(r"[\\/]{2}[^\\/]+[\\/]pipe[\\/].", re.IGNORECASE | re.DOTALL)


def why_no_server(path: str) -> str:
    """The code of the failure to listen at this path, '' if it is a name that one can listen at.

    A path of another kind is EACCES, as in Node; what no name can be is EINVAL, as a path that is too long elsewhere.
    """
    return _malformed(path) or ("" if _HERE.match(path) else "EACCES")


def why_no_client(path: str) -> str:
    """The code of the failure to connect to this path; at a path of another kind there is no pipe: ENOENT."""
    return _malformed(path) or ("" if _ANYWHERE.match(path) else "ENOENT")


def _malformed(path: str) -> str:
    in_utf16 = len(path.encode("utf-16-le", "surrogatepass")) // 2
    unpaired = any("\ud800" <= character <= "\udfff" for character in path)
    return "EINVAL" if not path or "\0" in path or unpaired or in_utf16 > LONGEST else ""
