"""Name lookups as a user sees them: by a function of their own, and with a block list over the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .errors import given_fault, invalid_arg_type
from .options import check_found, lookup_arguments
from .ports import Answer
from .state import Fault, ops

if TYPE_CHECKING:
    from .blocklist import BlockList

__all__ = ["CustomLookup", "screened"]


class CustomLookup:
    """One call of the user's `lookup(hostname, options, callback)`.

    It may call back at once or later, once; what comes after it was cancelled, or a second time, is not heard. What it
    raises is raised from `connect()`.
    """

    __slots__ = ("_block_list", "_done", "_lookup", "_open", "_port")

    def __init__(
        self,
        function: Callable[..., object],
        lookup: ops.Lookup,
        block_list: BlockList | None,
        port: int | None,
        done: Callable[[Answer], None],
    ) -> None:
        self._lookup = lookup
        self._block_list = block_list
        self._port = port
        self._done = done
        self._open = True
        function(lookup.host, lookup_arguments(lookup), self._called_back)

    def cancel(self) -> None:
        """Don't listen to it any more."""
        self._open = False

    def _called_back(self, error: Any = None, address: Any = None, family: Any = None) -> None:
        if not self._open:
            return
        self._open = False
        try:
            answer = self._answer(error, address, family)
        except Exception as raised:  # what was to be a list of addresses raised when it was read
            answer = given_fault(raised)
        self._done(answer)

    def _answer(self, error: Any, address: Any, family: Any) -> Answer:
        if error is not None:
            return given_fault(error if isinstance(error, Exception) else _no_exception(error))
        entries = address if self._lookup.every else [(address, family)]
        return check_found(entries, self._block_list, self._lookup.host, self._port)


def _no_exception(error: object) -> Exception:
    return invalid_arg_type("error", "an instance of Exception", error)


def screened(answer: Answer, block_list: BlockList | None) -> Answer:
    """The system's answer, with the addresses marked that the block list names."""
    if block_list is None or isinstance(answer, Fault):
        return answer
    return check_found([(found.address, found.family) for found in answer], block_list)
