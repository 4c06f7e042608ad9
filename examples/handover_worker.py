"""Serve the connections that `examples.handover` accepts, one after the other. See there.

python -m examples.handover_worker [PATH]       path /tmp/handover.sock
"""

import os
import socket
import sys

from sansnet import Socket, run


def main(path: str = "/tmp/handover.sock") -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("worker bound:", path)
        front, _ = listener.accept()
        os.unlink(path)
    with front:
        while True:
            byte, descriptors, _, _ = socket.recv_fds(front, 1, 1)
            if not byte:
                return  # the other process is gone
            serve(descriptors[0])


def serve(descriptor: int) -> None:
    """Echo what this connection sends, and what it had sent before it came here."""
    client = Socket(fd=descriptor, allow_half_open=True)
    print("serving the connection from port", client.remote_port)
    client.write(f"you talk to process {os.getpid()}\n")
    client.pipe(client)
    client.on("error", print)
    client.on("close", lambda _had_error: print("done"))
    client.resume()
    run()  # until it is closed


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:  # such as a path in use
        sys.exit(f"handover_worker: {error}")
