# SPDX-License-Identifier: Apache-2.0
"""Connects to argv[1]:8443 in every way there is; one line says how it went.

argv[2:]: ways, instead of all. What ALONE names asks in its own way, and does
so in a child that knows nothing of what others asked for.
"""
import asyncio
import concurrent.futures
import ctypes
import http.client
import os
import socket
import ssl
import sys
import urllib.error
import urllib.request
import warnings

warnings.simplefilter("ignore")  # of fork() beside asyncio's threads
NAME, PORT = sys.argv[1], 8443
TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
with open("/etc/hosts", encoding="ascii") as hosts:
    ADDRESS = next((row.split()[0] for row in hosts
                    if NAME in row.split()), NAME)
FAMILY = socket.AF_INET6 if ":" in ADDRESS else socket.AF_INET


def ask(kind=TCP):
    return socket.getaddrinfo(NAME, PORT, FAMILY, kind)[0][4]


def new(kind=TCP):
    return socket.socket(FAMILY, kind)


def create_connection():
    socket.create_connection((NAME, PORT)).close()


def connect_to_the_name():
    with new() as s:
        s.connect((NAME, PORT))
    with new() as s:
        s.connect_ex((NAME.upper(), PORT))


def connect_to_bytes():
    with new() as s:
        s.connect((NAME.encode(), PORT))


def connect_to_the_answer():
    address = ask()
    with new() as s:
        s.connect(address)


def gethostbyname():
    address = socket.gethostbyname(NAME)
    with socket.socket() as s:
        s.connect((address, PORT))


def gethostbyname_ex():
    addresses = socket.gethostbyname_ex(NAME)[2]
    with socket.socket() as s:
        s.connect((addresses[0], PORT))


def tls():
    context = ssl.create_default_context()
    with context.wrap_socket(new(), server_hostname=NAME,
                             do_handshake_on_connect=False) as s:
        s.connect((NAME, PORT))


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
    with new(UDP) as s:
        s.sendto(b"1", ask(UDP))
        s.sendto(b"2", (NAME, PORT))
        s.sendmsg([b"3"], [], 0, ask(UDP))
        s.connect(ask(UDP))
        s.send(b"4")


def sent_unasked():
    with new(UDP) as s:
        s.sendto(b"1", (NAME, PORT))


def message_unasked():
    with new(UDP) as s:
        s.sendmsg([b"1"], [], 0, (NAME, PORT))


def loop_getaddrinfo():
    """asyncio asks in a thread of its pool."""
    async def run():
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(NAME, PORT, family=FAMILY, type=TCP)
        with new() as s:
            s.setblocking(False)
            await loop.sock_connect(s, found[0][4])
    asyncio.run(run())


def loop_connects_to_the_name():
    async def run():
        with new() as s:
            s.setblocking(False)
            await asyncio.get_running_loop().sock_connect(s, (NAME, PORT))
    asyncio.run(run())


def loop_create_connection():
    async def run():
        transport, _ = await asyncio.get_running_loop().create_connection(
            asyncio.Protocol, NAME, PORT)
        transport.close()
    asyncio.run(run())


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
    with new() as s:
        s.connect(address)


def asked_before_fork():
    address = ask()
    child = os.fork()
    if not child:
        try:
            new().connect(address)
        except PermissionError:
            os._exit(7)
        os._exit(0)
    if os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 7:
        raise PermissionError("denied in the child")


def asked_in_c():
    """As a database's client library does it."""
    assert ctypes.CDLL(None).gethostbyname2(NAME.encode(), int(FAMILY))
    with new() as s:
        s.connect((ADDRESS, PORT))


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


def tell(way):
    error = try_one(way)
    print(way.__name__, "denied" if error and "denied" in str(error)
          else error or "ok", flush=True)


ALONE = [connect_to_bytes, sent_unasked, message_unasked, loop_getaddrinfo,
         asked_in_c]
TOGETHER = [create_connection, connect_to_the_name, connect_to_the_answer,
            http_client, urlopen, tls, datagrams, loop_connects_to_the_name,
            loop_create_connection, streams, happy_eyeballs,
            datagram_endpoint, asked_in_a_thread, asked_before_fork]
if FAMILY == socket.AF_INET:
    ALONE += [gethostbyname, gethostbyname_ex]
    TOGETHER.append(mapped_into_ipv6)
if os.path.realpath(sys.executable).startswith("/usr/bin/"):
    TOGETHER.append(requests)
for one in ALONE + TOGETHER:
    if len(sys.argv) > 2 and one.__name__ not in sys.argv[2:]:
        continue
    child = os.fork() if one in ALONE else 0
    if child:
        os.waitpid(child, 0)
        continue
    tell(one)
    if one in ALONE:
        os._exit(0)
