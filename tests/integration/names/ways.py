# SPDX-License-Identifier: Apache-2.0
"""Connects to argv[1]:8443 in every way there is; one line says how it went.

argv[2:]: ways, instead of all.
"""
import asyncio
import concurrent.futures
import ctypes
import http.client
import os
import socket
import sys
import urllib.error
import urllib.request
import warnings

warnings.simplefilter("ignore")  # of fork() beside asyncio's threads
NAME, PORT = sys.argv[1], 8443
TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM


def ask(kind=TCP):
    return socket.getaddrinfo(NAME, PORT, socket.AF_INET, kind)[0][4]


def create_connection():
    socket.create_connection((NAME, PORT)).close()


def connect_to_the_name():
    with socket.socket() as s:
        s.connect((NAME, PORT))
    with socket.socket() as s:
        s.connect_ex((NAME.upper(), PORT))


def connect_to_the_answer():
    address = ask()
    with socket.socket() as s:
        s.connect(address)


def gethostbyname():
    address = socket.gethostbyname(NAME)
    with socket.socket() as s:
        s.connect((address, PORT))


def mapped_into_ipv6():
    address = socket.gethostbyname(NAME)
    with socket.socket(socket.AF_INET6) as s:
        s.connect(("::ffff:" + address, PORT))


def http_client():
    connection = http.client.HTTPConnection(NAME, PORT)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"ok"
    connection.close()


def urlopen():
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert opener.open("http://%s:%d/" % (NAME, PORT)).read() == b"ok"


def requests():
    import requests
    session = requests.Session()
    session.trust_env = False
    assert session.get("http://%s:%d/" % (NAME, PORT)).text == "ok"


def datagrams():
    with socket.socket(type=UDP) as s:
        s.sendto(b"1", ask(UDP))
        s.sendto(b"2", (NAME, PORT))
        s.sendmsg([b"3"], [], 0, ask(UDP))
        s.connect(ask(UDP))
        s.send(b"4")


def streams():
    async def run():
        _, writer = await asyncio.open_connection(NAME, PORT)
        writer.close()
    asyncio.run(run())


def happy_eyeballs():
    async def run():
        _, writer = await asyncio.open_connection(
            NAME, PORT, happy_eyeballs_delay=0.1)
        writer.close()
    asyncio.run(run())


def datagram_endpoint():
    async def run():
        transport, _ = await asyncio.get_running_loop() \
            .create_datagram_endpoint(asyncio.DatagramProtocol,
                                      remote_addr=(NAME, PORT))
        transport.close()
    asyncio.run(run())


def asked_in_a_thread():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        address = pool.submit(ask).result()
    with socket.socket() as s:
        s.connect(address)


def asked_before_fork():
    address = ask()
    child = os.fork()
    if not child:
        try:
            socket.socket().connect(address)
        except PermissionError:
            os._exit(7)
        os._exit(0)
    if os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 7:
        raise PermissionError("denied in the child")


def asked_in_c():
    """As a database's client library does it."""
    libc = ctypes.CDLL(None)
    assert libc.gethostbyname(NAME.encode())
    with open("/etc/hosts") as file:
        address = next(row.split()[0] for row in file if NAME in row)
    with socket.socket() as s:
        s.connect((address, PORT))


def try_one(way):
    try:
        way()
    except PermissionError as error:
        return error
    except urllib.error.URLError as error:
        return error.reason
    except OSError as error:  # requests wraps what it catches
        return error
    return None


ways = [create_connection, connect_to_the_name, connect_to_the_answer,
        gethostbyname, mapped_into_ipv6, http_client, urlopen, datagrams,
        streams, happy_eyeballs, datagram_endpoint, asked_in_a_thread,
        asked_before_fork, asked_in_c]
if os.path.realpath(sys.executable).startswith("/usr/bin/"):
    ways.append(requests)
for one in ways:
    if len(sys.argv) > 2 and one.__name__ not in sys.argv[2:]:
        continue
    error = try_one(one)
    print(one.__name__, "denied" if error and "denied" in str(error)
          else error or "ok", flush=True)
