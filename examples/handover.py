"""Accept connections here, and let another process serve them: not a byte of them is read in this one.

python -m examples.handover_worker [PATH]           first, in a terminal of its own; path /tmp/handover.sock
python -m examples.handover [PORT [PATH]]           then this; port 8124

Node hands sockets over with `subprocess.send('socket', socket)`. Here the descriptor goes over a Unix domain socket,
which is what happens underneath there as well. `pause_on_connect` is what makes it safe.
"""

import socket
import sys

from sansnet import Socket, create_server, run


def main(port: str = "8124", path: str = "/tmp/handover.sock") -> None:
    with socket.socket(socket.AF_UNIX) as worker:
        worker.connect(path)

        def on_connection(client: Socket) -> None:
            print("handed over the connection from port", client.remote_port)
            socket.send_fds(worker, [b"!"], [client.fileno()])  # a descriptor can't travel without a byte
            client.destroy()  # closes our descriptor of it; the worker has one of its own by now

        server = create_server(on_connection, pause_on_connect=True)
        server.listen(port, "127.0.0.1", callback=lambda: print("server bound:", server.address()))
        run()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:  # such as a port in use
        sys.exit(f"handover: {error}")
