# SPDX-License-Identifier: Apache-2.0
"""Runs a command where names lead as a file says, and all of it is at home.

argv: a hosts file, then the command. To be started by unshare(1) in a network
and a mount namespace of its own: loopback gets all ADDRESSES, /etc/hosts is
the file, and port 8443 answers on each.
"""
import ctypes
import fcntl
import os
import signal
import socket
import socketserver
import struct
import subprocess
import sys

ADDRESSES = ("127.0.0.1", "203.0.113.5", "203.0.113.77", "10.9.8.7",
             "169.254.169.254")
ADDRESSES_6 = ("2001:db8::5", "2001:db8::77", "fd12:3456::7")
PORT = 8443
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP, IFF_RUNNING = 0x8914, 0x8916, 1, 64


def mount(source, target, flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), None, flags, None):
        raise OSError(ctypes.get_errno(), "mount", target)


def bring_up():
    with socket.socket(type=socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack(
            "16sH14x", b"lo", IFF_UP | IFF_RUNNING))
        for i, address in enumerate(ADDRESSES[1:]):
            fcntl.ioctl(control, SIOCSIFADDR, struct.pack(
                "16sHH4s8x", b"lo:%d" % i, socket.AF_INET, 0,
                socket.inet_aton(address)))


    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:
        for address in ADDRESSES_6:  # struct in6_ifreq of <linux/ipv6.h>
            fcntl.ioctl(control, SIOCSIFADDR, socket.inet_pton(
                socket.AF_INET6, address) + struct.pack(
                    "Ii", 128, socket.if_nametoindex("lo")))


class Tcp(socketserver.ThreadingTCPServer):
    """Of both kinds of addresses."""

    address_family = socket.AF_INET6


class Udp(socketserver.UDPServer):
    address_family = socket.AF_INET6


class Web(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(data, self.client_address)


def serve(server):
    child = os.fork()
    if not child:
        server.serve_forever()
    return child


def main():
    mount("none", "/", MS_REC | MS_PRIVATE)
    mount(sys.argv[1], "/etc/hosts", MS_BIND)
    bring_up()
    servers = [serve(Tcp(("", PORT), Web)),
               serve(Udp(("", PORT), Echo))]
    try:
        status = subprocess.run(sys.argv[2:], check=False).returncode
    finally:
        for child in servers:
            os.kill(child, signal.SIGKILL)
    sys.exit(status)


main()
