"""Where to connect to and where to listen are values that say what follows from them."""

from __future__ import annotations

import pytest

from sansnet.state import Endpoint, Fault, Found, ListenPlan, Route


@pytest.mark.parametrize(("family", "is_path"), [(0, True), (4, False), (6, False)])
def test_family_zero_is_a_path(family: int, is_path: bool) -> None:
    assert Endpoint("x", None, family).is_path is is_path
    assert Route(known=Found("x", family)).is_path is is_path


def test_a_host_is_no_path() -> None:
    assert not Route(host="example").is_path


@pytest.mark.parametrize(
    ("local_address", "local_port", "from_local"),
    [(None, None, False), ("127.0.0.1", None, True), (None, 0, True), ("127.0.0.1", 8080, True)],
)
def test_a_local_address_or_port_must_be_bound(
    local_address: str | None, local_port: int | None, from_local: bool
) -> None:
    """E-11: a local port alone counts as well."""
    assert Route(port=80, local_address=local_address, local_port=local_port).from_local is from_local


def test_an_answer_becomes_an_endpoint_with_the_port_of_the_route() -> None:
    assert Route(host="h", port=80).endpoint(Found("::1", 6)) == Endpoint("::1", 80, 6)
    assert Route(known=Found("/tmp/s", 0)).endpoint(Found("/tmp/s", 0)) == Endpoint("/tmp/s", None, 0)


def test_an_answer_may_be_unusable_or_blocked() -> None:
    assert Found("::1", 6) == Found("::1", 6, None, blocked=False)
    assert Found("::1", 6) != Found("::1", 6, Fault("ERR_IP_BLOCKED"), blocked=True)


def test_nothing_is_asked_for_by_default() -> None:
    route, plan = Route(), ListenPlan()
    assert (route.select, route.race, route.attempt_seconds, route.connect_seconds) == (False, False, 0.5, 0.0)
    assert (route.host, route.known, route.port, route.family, route.hints) == ("", None, None, 0, 0)
    assert (plan.port, plan.host, plan.literal, plan.path, plan.handle, plan.backlog) == (0, "", 0, "", None, 511)
    assert (plan.ipv6_only, plan.reuse_port, plan.readable_all, plan.writable_all) == (False, False, False, False)
