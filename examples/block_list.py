"""Which addresses a BlockList knows, and how it is kept as JSON. Needs no network.

python -m examples.block_list
"""

import json

from sansnet import BlockList


def rules() -> None:
    block_list = BlockList()
    block_list.add_address("123.123.123.123")
    block_list.add_range("10.0.0.1", "10.0.0.10")
    block_list.add_subnet("8592:757c:efae:4e45::", 64, "ipv6")

    print(block_list.check("123.123.123.123"))  # True
    print(block_list.check("10.0.0.3"))  # True
    print(block_list.check("222.111.111.222"))  # False

    # An IPv4 address may be written as an IPv6 one.
    print(block_list.check("::ffff:7b7b:7b7b", "ipv6"))  # True
    print(block_list.check("::ffff:123.123.123.123", "ipv6"))  # True

    # Beyond Node: `in`, and the ipaddress module's objects.
    print("10.0.0.3" in block_list)  # True


def from_json() -> None:
    block_list = BlockList()
    data = [
        "Subnet: IPv4 192.168.1.0/24",
        "Address: IPv4 10.0.0.5",
        "Range: IPv4 192.168.2.1-192.168.2.10",
        "Range: IPv4 10.0.0.1-10.0.0.10",
    ]
    block_list.from_json(data)
    block_list.from_json(json.dumps(data))
    print(len(block_list), "rules")  # an address is kept once, subnets and ranges as often as they were added
    print("\n".join(block_list.rules))


def private_ranges() -> None:
    block_list = BlockList()
    block_list.add_cidrs(BlockList.PRIVATE_RANGES)

    print(block_list.check("10.0.0.1"))  # True
    print(block_list.check("127.0.0.1"))  # True
    print(block_list.check("8.8.8.8"))  # False


if __name__ == "__main__":
    rules()
    from_json()
    private_ranges()
