"""What is the same thing under another name, in Node and in sansnet; the one place where that is told.

Names: sansnet's are Node's in snake_case (`camel` in values.js turns them back), but for those in `NAMES`. Times: a
scenario has seconds, the Node side turns `{"$seconds": …}` and the property `timeout` from and into milliseconds.
`None` is null and undefined; an empty object, which `address()` gives where there is no address, is None too.

Texts: both sides' messages are brought to the form that `message()` describes. Classes of errors are compared by the
family that they belong to; `values.js` and `family_of()` name it.
"""

from __future__ import annotations

import re
from typing import Any, Final

import sansnet

__all__ = ["EVENTS", "NAMES", "STATES", "family_of", "message"]

NAMES: Final = {
    "add_cidr": "addCIDR",
    "add_cidrs": "addCIDRs",
    "from_json": "fromJSON",
    "is_ip": "isIP",
    "is_ipv4": "isIPv4",
    "is_ipv6": "isIPv6",
    "on_read": "onread",
    "remove_cidr": "removeCIDR",
    "to_json": "toJSON",
    "PRIVATE_RANGES": "PRIVATE_RANGES",
}

_QUIET: Final = (
    "connect",
    "ready",
    "end",
    "prefinish",
    "finish",
    "drain",
    "timeout",
    "error",
    "close",
    "lookup",
    "connection_attempt",
    "connection_attempt_failed",
    "connection_attempt_timeout",
    "pause",
    "resume",
)

EVENTS: Final[dict[str, tuple[str, ...]]] = {
    "socket": (*_QUIET, "data"),
    "quiet": _QUIET,
    "path": (*(event for event in _QUIET if not event.startswith("connection_attempt")), "data"),
    "server": ("listening", "connection", "close", "error", "drop"),
}
"""What is recorded: of a socket or a server unless the scenario says otherwise; of a "quiet" one, which nobody reads;
of one that connects to a "path" in net.connect(), where Node tells of the attempt before anybody can listen."""

STATES: Final[dict[str, tuple[str, ...]]] = {
    "socket": (
        "ready_state",
        "connecting",
        "pending",
        "destroyed",
        "closed",
        "errored",
        "readable",
        "readable_flowing",
        "readable_ended",
        "readable_length",
        "is_paused",
        "bytes_read",
        "writable",
        "writable_ended",
        "writable_finished",
        "writable_length",
        "writable_need_drain",
        "writable_corked",
        "buffer_size",
        "bytes_written",
        "timeout",
    ),
    "server": ("listening",),
}
"""What of an object is looked at whenever something happens to it."""

_WORDS: Final = {
    "msecs": "seconds",
    "writable_allt": "writable_all",
    "an net.BlockList": "an instance of BlockList",
    "an instance of Array": "an instance of list",
    ' or "race"': "",  # what auto_select_family can be beyond Node
}


def message(text: str) -> str:
    """A message without what either language has in it: names in snake_case, and not what was received instead."""
    text = re.sub(r"\.?,? ?Received .*", "", text, flags=re.DOTALL)
    text = re.sub(r"^(Unexpected token|Unexpected end|Expecting value).*", "this is no JSON", text)
    text = re.sub(r"\b[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+\b", _snake, text)
    for node, ours in _WORDS.items():
        text = text.replace(node, ours)
    return text


def _snake(word: re.Match[str]) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", word[0])


def family_of(error: BaseException) -> str:
    """The family of an exception: what Node's class of the same error is in Python."""
    match error:
        case BaseExceptionGroup():
            return "group"
        case sansnet.AbortError():
            return "abort"
        case TypeError():
            return "type"
        case ValueError():
            return "value"
        case _:
            return "error"


def code_or_text(error: Any) -> str | None:
    """What `errored` is compared by."""
    return None if error is None else getattr(error, "code", None) or str(error)
