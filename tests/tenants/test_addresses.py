"""The address policy: many spellings of the same closed door, and the ways an operator opens one."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest

from tenants.addresses import (
    AddressPolicy,
    AddressRefused,
    NameUnknown,
    camera_policy,
    check_literal,
    resolve,
    resolve_async,
)

PUBLIC = AddressPolicy()
EVERYTHING = AddressPolicy.parse("0.0.0.0/0, ::/0")

CLOSED = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001",
    "127.255.255.254", "0.0.0.0", "0", "①②⑦.⓪.⓪.①", "localhost", "LOCALHOST", "localhost.", "db.localhost",
    "localhost.localdomain", "::1", "[::1]", "0:0:0:0:0:0:0:1", "::", "::127.0.0.1", "::ffff:127.0.0.1",
    "::ffff:7f00:1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0::1",
    "169.254.169.254", "169.254.0.7", "fe80::1", "fe80::1%eth0", "192.0.0.192", "100.100.100.200", "fd00:ec2::254",
    "192.0.0.8", "192.88.99.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "ff02::1", "2001:db8::1", "100::1", "fec0::1", "4000::1",
]  # fmt: skip
PRIVATE = [
    "10.0.0.5",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.10",
    "100.64.0.1",
    "198.18.0.1",
    "fd12::1",
    "::ffff:10.0.0.5",
]
OPEN = ["8.8.8.8", "172.32.0.1", "100.128.0.1", "1.1.1.1", "2a00:1450::1", "2606:4700::1111", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("policy", [PUBLIC, EVERYTHING], ids=["closed", "all networks opened"])
@pytest.mark.parametrize("spelling", CLOSED)
def test_no_spelling_of_a_special_address_gets_through(spelling: str, policy: AddressPolicy) -> None:
    with pytest.raises(AddressRefused):
        check_literal(spelling, 554, policy)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_networks_are_closed_until_the_operator_opens_them(address: str) -> None:
    with pytest.raises(AddressRefused):
        check_literal(address, 554, PUBLIC)
    check_literal(address, 554, EVERYTHING)


@pytest.mark.parametrize("address", OPEN)
def test_public_addresses_are_open(address: str) -> None:
    check_literal(address, 554, PUBLIC)


def test_loopback_opens_only_by_a_network_inside_it_and_for_the_port_that_was_named() -> None:
    policy = AddressPolicy.parse("127.0.0.1/32:8554, [::1/128]:8554, 169.254.7.0/24")
    check_literal("127.0.0.1", 8554, policy)
    check_literal("::1", 8554, policy)
    check_literal("169.254.7.9", 80, policy)
    for address, port in [("127.0.0.1", 8555), ("127.0.0.2", 8554), ("::1", 80), ("169.254.169.254", 80)]:
        with pytest.raises(AddressRefused):
            check_literal(address, port, policy)
    with pytest.raises(AddressRefused):  # metadata lies inside link-local and is opened by its own address only
        check_literal("169.254.169.254", 80, AddressPolicy.parse("169.254.0.0/16"))
    check_literal("169.254.169.254", 80, AddressPolicy.parse("169.254.169.254/32"))


def test_the_address_that_was_judged_is_the_one_to_dial() -> None:
    """A name that answers a public address first and loopback later is asked once."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    found = resolve("rebind.example", 554, PUBLIC, lambda host, port: next(answers))
    assert (found.host, found.address, found.port) == ("rebind.example", "93.184.216.34", 554)


def test_of_several_addresses_only_an_allowed_one_is_taken() -> None:
    assert resolve("two.example", 80, PUBLIC, lambda *_: ["127.0.0.1", "fd00::1", "8.8.8.8"]).address == "8.8.8.8"
    with pytest.raises(AddressRefused):
        resolve("inner.example", 80, PUBLIC, lambda *_: ["127.0.0.1", "10.0.0.1"])


def test_a_name_without_an_address_may_have_one_later() -> None:
    def nobody(host: str, port: int) -> list[str]:
        raise OSError(host)

    with pytest.raises(NameUnknown):
        resolve("nowhere.example", 80, PUBLIC, nobody)
    with pytest.raises(NameUnknown):
        asyncio.run(resolve_async("empty.example", 80, PUBLIC, resolver=lambda *_: []))


@pytest.mark.parametrize(
    "text", ["cameras", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/8:0", "10.0.0.0/8:70000", "10.0.0.0/8:x"]
)
def test_a_network_that_makes_no_sense_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(ValueError, match=r"network|host bits|appear"):
        AddressPolicy.parse(text)


def test_the_policy_comes_from_the_environment() -> None:
    assert camera_policy({}) == PUBLIC
    policy = camera_policy({"PERCH_CAMERA_NETWORKS": " 10.0.0.0/8 ,, fd00::/8 "})
    assert policy.allows(ipaddress.ip_address("10.9.8.7"), 554)
    assert not policy.allows(ipaddress.ip_address("192.168.0.1"), 554)
