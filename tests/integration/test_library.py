# SPDX-License-Identifier: Apache-2.0
"""What is loaded into other people's processes stays small and compatible."""
import re
import subprocess
import unittest

import workloads

LIBRARY = workloads.BUILD / "lib/secmgr/libsecmgr.so"
MAY_NEED = {"libc.so.6", "libdl.so.2", "libpthread.so.0",
            "ld-linux-x86-64.so.2"}
# What it interposes; anything else exported could shadow a guest's symbol.
MAY_EXPORT = re.compile(
    r"_?_?(f?open|openat)(64)?(_2)?|f?chdir|_?_?exec\w+|fexecve|"
    r"posix_spawnp?|posix_spawn_file_actions_addopen|system|p(open|close)|"
    r"pthread_sigmask|getaddrinfo|gethostby\w+|setlocale|"
    r"chroot|setns|unshare|"
    r"l?l?(get|set|list|remove)xattr|l?chown|f?ch(own|mod)at|chmod|"
    r"(mkdir|link|symlink|unlink|rename|utimens)(at)?|rmdir|opendir|"
    r"connect|dlopen|send(to|msg)|truncate(64)?|secmgr_\w+|PyInit_\w+")
GLIBC_MAX = (2, 17)  # so that one file serves every distribution in use


def readelf(*options):
    return subprocess.run(["readelf", "-W", *options, LIBRARY], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


class Library(unittest.TestCase):
    def test_needs_libc_only(self):
        needed = set(re.findall(r"NEEDED.*\[(.*)\]", readelf("-d")))
        self.assertEqual(set(), needed - MAY_NEED)

    def test_runs_on_old_glibc(self):
        versions = {tuple(map(int, v.split("."))) for v in
                    re.findall(r"Name: GLIBC_([\d.]+)", readelf("-V"))}
        self.assertEqual([], sorted(v for v in versions
                                    if v[:2] > GLIBC_MAX))

    def test_exports_only_what_it_interposes(self):
        symbols = re.findall(r"(?:FUNC|OBJECT)\s+(?:GLOBAL|WEAK)\s+DEFAULT"
                             r"\s+\d+ ([\w]+)", readelf("--dyn-syms"))
        self.assertTrue(symbols)
        self.assertEqual([], [name for name in symbols
                              if not MAY_EXPORT.fullmatch(name)])

    def test_needs_no_executable_stack_or_text_relocation(self):
        self.assertNotIn("TEXTREL", readelf("-d"))
        self.assertNotRegex(readelf("-l"), r"GNU_STACK.*RWE")


if __name__ == "__main__":
    unittest.main()
