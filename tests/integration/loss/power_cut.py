# SPDX-License-Identifier: Apache-2.0
"""Records to a disk of its own whose power fails; root, and a mount namespace.

    power_cut.py PLACE RECORD EVENTS PYTHON GUEST SECONDS

PLACE/disk.img becomes an ext4 file system, PLACE/truth is what the program
counts; what is left of the trace goes to PLACE/left. Prints how many events
could be read from the trace when the power failed, SECONDS after the first.
"""
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import time

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
NO_LOG_FLUSH = 2       # as if the cable were pulled


def make_image(place, size):
    image = place / "disk.img"
    with open(image, "wb") as file:
        file.truncate(size)
    # Not in the PATH of people who are not root.
    make = shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin")
    subprocess.run([make, "-q", "-F", image], check=True)
    return image


def count(events, trace):
    done = subprocess.run([events, "--sql", "SELECT count(*) FROM event",
                           trace], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, check=False)
    return 0 if done.returncode else int(done.stdout.split()[1])


def cut(disk):
    place = os.open(disk, os.O_RDONLY)
    fcntl.ioctl(place, SHUTDOWN, struct.pack("=I", NO_LOG_FLUSH))
    os.close(place)


def unmount(disk):
    """Whoever was killed may hold it a moment longer."""
    while subprocess.run(["umount", disk], check=False,
                         stderr=subprocess.DEVNULL).returncode:
        time.sleep(0.05)


def main(place, record, events, python, guest, seconds):
    place = pathlib.Path(place)
    disk, trace = place / "mounted", place / "mounted" / "t.db"
    image = make_image(place, 256 << 20)
    disk.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", image, disk], check=True)
    recorder = subprocess.Popen(
        [record, "-q", "-o", trace, "--", python, "-E", guest,
         place / "truth", "alone", "0"], stderr=subprocess.DEVNULL,
        start_new_session=True)
    while not count(events, trace):
        time.sleep(0.05)
    time.sleep(float(seconds))
    print(count(events, trace))
    cut(disk)
    os.killpg(recorder.pid, 9)
    recorder.wait()
    unmount(disk)
    subprocess.run(["mount", "-o", "loop", image, disk], check=True)
    shutil.rmtree(place / "left", ignore_errors=True)
    shutil.copytree(disk, place / "left",
                    ignore=shutil.ignore_patterns("lost+found"))
    unmount(disk)


if __name__ == "__main__":
    main(*sys.argv[1:])
