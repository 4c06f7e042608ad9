"""What is an IP address, and what a SocketAddress makes of one. Needs no network.

python -m examples.addresses
"""

from sansnet import SocketAddress, is_ip, is_ipv4, is_ipv6


def which_is_an_ip() -> None:
    print(is_ip("::1"))  # 6
    print(is_ip("::ffff:127.0.0.1"))  # 6
    print(is_ip("127.0.0.1"))  # 4
    print(is_ip("127.000.000.001"))  # 0
    print(is_ip("127.0.0.1/24"))  # 0
    print(is_ip("fhqwhgads"))  # 0

    print(is_ipv4("127.0.0.1"))  # True
    print(is_ipv4("127.000.000.001"))  # False
    print(is_ipv4("127.0.0.1/24"))  # False
    print(is_ipv4("fhqwhgads"))  # False

    print(is_ipv6("::1"))  # True
    print(is_ipv6("::ffff:127.0.0.1"))  # True
    print(is_ipv6("fhqwhgads"))  # False


def socket_addresses() -> None:
    print(SocketAddress())
    print(SocketAddress(family="ipv6", port=8124))
    print(SocketAddress.parse("123.1.2.3:1234"))
    print(SocketAddress.parse("[1::1]:1234"))
    print(SocketAddress.parse("fhqwhgads"))  # None


if __name__ == "__main__":
    which_is_an_ip()
    socket_addresses()
