"""What went wrong is a value; only the caller's own fault is an exception."""

from __future__ import annotations

from sansnet.state import Fault, Misuse


def test_a_fault_is_a_value_with_every_field_in_it() -> None:
    def fault(**changed: object) -> Fault:
        fields: dict[str, object] = {
            "errno": 111,
            "syscall": "connect",
            "address": "10.0.0.1",
            "port": 80,
            "local_address": "10.0.0.2",
            "local_port": 81,
            "hostname": "host",
            "text": "text",
            "errors": (Fault("EA"),),
            "cause": "cause",
        }
        return Fault("ECONNREFUSED", **(fields | changed))  # type: ignore[arg-type]

    assert fault() == fault()
    for name in Fault.names():
        if name != "code":
            assert fault(**{name: "other"}) != fault(), name
    assert Fault("EA") != Fault("EB")


def test_a_fault_needs_no_more_than_a_code() -> None:
    fault = Fault("EPIPE")
    assert (fault.errno, fault.syscall, fault.address, fault.port) == (0, "", "", None)
    assert (fault.local_address, fault.local_port, fault.hostname) == (None, None, "")
    assert (fault.text, fault.errors, fault.cause) == ("", (), None)


def test_misuse_says_which_rule_was_broken() -> None:
    misuse = Misuse(Fault("EISCONN", syscall="connect"))
    assert misuse.fault == Fault("EISCONN", syscall="connect")
    assert str(misuse) == "EISCONN"
    assert str(Misuse(Fault("EPIPE", text="ended"))) == "ended"
