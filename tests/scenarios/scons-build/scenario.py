# SPDX-License-Identifier: Apache-2.0
"""A build with SCons: compiler, generated header, manifest, package."""
import os
import pickle
import shutil

from attackers import Bomb
import stage

STAMP = {"__init__.py": "def stamp(version):\n    return version\n"}
STAMP_NEW = {
    "__init__.py": "def stamp(version):\n    from stamp import form\n"
                   "    return form.form(version)\n",
    "form.py": "import datetime\n\n\ndef form(version):\n"
               '    return f"{version}.{datetime.date.today():%Y}"\n'}
PROGRAM = "int main(void)\n{\n\treturn %d;\n}\n"


class SconsBuild(stage.Program):
    """A build tool with a compiler and a shell below it (SCons)."""
    packages = ["scons", "gcc", "libc6-dev"]

    def arrange(self):
        self.install("stamp", "1.0", STAMP)

    def arrange_benign(self):
        self.install("stamp", "1.1", STAMP_NEW)

    def build(self, *arguments):
        return self.run(self.python, "/usr/bin/scons", *arguments)

    def expect_build(self, *arguments, **expected):
        self.expect_run(("scons", *arguments), self.build(*arguments),
                        **expected)

    def train(self, day):
        self.expect_build("CONFIGURE=1", found="done", made=[
            "out/debug/hello/hello", "out/debug/package.tar"])
        self.expect_build(found="up to date")
        self.expect_build(f"FLAVOUR=night{day}", "VERSION=0")
        with open(self.srv / "src/count/add.c", "a", encoding="utf-8") as file:
            file.write("/* changed */\n")
        self.expect_build("-j2", f"VERSION=1.{day}", found="add.o")
        # Two programs more for a while: five words in the package's line.
        guests = [f"guest-{day}", "zebra"]
        for name in guests:
            stage.write(self.srv / f"src/{name}/{name}.c", PROGRAM % day)
        self.expect_build(f"VERSION=1.{day}.5",
                          made=["out/debug/zebra/zebra"])
        self.expect_build(f"VERSION=3.{day}", "FLAVOUR=release",
                          made=["out/release/zebra/zebra"])
        for name in guests:
            shutil.rmtree(self.srv / f"src/{name}")
        self.expect_build("FLAVOUR=release", "-j2", f"VERSION=2.{day}.7",
                          made=["out/release/manifest.txt"])
        stage.write(self.srv / "src/hello/hello.c", "int main(void)\n{\n")
        self.expect_build("out/debug/hello/hello", status=2, found="error")
        self.expect_build("-c", "FLAVOUR=release", found="Removed")

    def benign(self):
        stage.write(self.srv / "src/greet/greet.c", PROGRAM % 0)
        stage.write(self.srv / "src/greet/more words.c",
                    "int words;\n")
        stage.write(self.srv / "src/probe-2/probe-2.c", PROGRAM % 1)
        stage.write(self.srv / "src/probe-2/a.b.c", "int b;\n")
        self.expect_build("VERSION=3.14.15", found="done", made=[
            "out/debug/greet/greet", "out/debug/package.tar"])
        self.expect_build("-j3", "FLAVOUR=profile", "VERSION=10.0-rc1",
                          made=["out/profile/manifest.txt"])
        self.expect_build("FLAVOUR=profile", "--tree=derived", "-n",
                          found="profile/greet")
        stage.write(self.srv / "src/greet/greet.c", "int main(void)\n{\n")
        self.expect_build("--keep-going", status=2, found="error")
        self.expect_build("no-such-target", status=2, found="Do not know")
        self.expect_build("--debug=explain", "out/debug/count/count")
        self.expect_build("-c", "out/profile", "FLAVOUR=profile",
                          found="Removed")
        self.expect_build("docs", "--no-cache", made=["out/docs.txt"])

    def health(self):
        self.expect_build("out/debug/count/count",
                          made=["out/debug/count/count"])

    # ----------------------------------------------------------------- attacks
    def plant(self, code):
        """A third party's folder brings its own build script."""
        stage.write(self.srv / "src/evil/SConscript",
                    code + "\nReturn('')\n")
        output = self.build()[1]
        (self.srv / "src/evil/SConscript").unlink()
        (self.srv / "src/evil").rmdir()
        return output

    @stage.attack("malicious plugin")
    def script_runs_a_command(self):
        return self.runs_line(lambda line: self.plant(
            f"import os\nos.system('{line}')"))

    @stage.attack("secret disclosure")
    def script_prints_a_key(self):
        return stage.SECRET in self.plant(
            f"print(open('{self.home}/.ssh/id_rsa').read())")

    @stage.attack("exfiltration")
    def script_sends_credentials(self):
        return self.steals(self.plant, "~/.netrc")

    @stage.attack("reverse shell")
    def script_calls_home(self):
        return self.calls_home(self.plant)

    @stage.attack("ctypes")
    def script_calls_libc(self):
        return self.runs_libc(self.plant)

    @stage.attack("fork+exec")
    def script_forks_and_execs(self):
        return self.forks(self.plant)

    @stage.attack("write to code")
    def script_changes_a_dependency(self):
        target = self.site_packages / "stamp/__init__.py"
        self.plant(f"open({str(target)!r}, 'a').write('# planted')")
        return "# planted" in target.read_text()

    @stage.attack("write to start-up file")
    def script_changes_the_profile(self):
        self.plant(f"open('{self.home}/.bashrc', 'a').write('planted')")
        return "planted" in (self.home / ".bashrc").read_text()

    @stage.attack("malicious plugin")
    def site_script_runs_a_command(self):
        path = self.srv / "site_scons/site_init.py"

        def use(line):
            stage.write(path, f"import os\nos.system('{line}')\n")
            self.build()
            path.unlink()
        return self.runs_line(use)

    @stage.attack("command injection")
    def version_runs_a_command(self):
        return self.runs_line(
            lambda line: self.build(f"VERSION=1; {line}; echo x"))

    @stage.attack("argument injection")
    def flags_run_a_command(self):
        def use(line):
            program = stage.write(self.loot / "run", "#!/bin/sh\n"
                                  f"{line}\nexec \"$@\"\n", 0o755)
            self.build(f"CCFLAGS=-wrapper {program}", "out/debug/hello/hello")
        return self.runs_line(use)

    @stage.attack("argument injection")
    def flags_include_a_password(self):
        return stage.SECRET.partition("-")[0] in self.build(
            f"CCFLAGS=-include {self.home}/.netrc",
            "out/debug/hello/hello")[1]

    @stage.attack("unsafe pickle")
    def signatures_run_a_command(self):
        path = self.srv / ".sconsign.dblite"

        def use(line):
            path.write_bytes(pickle.dumps(Bomb(os.system, line)))
            self.build()
            path.unlink(missing_ok=True)
        return self.runs_line(use)

    @stage.attack("symlink swap")
    def source_became_a_link(self):
        path = self.srv / "src/hello/hello.c"
        text = path.read_text()
        path.unlink()
        path.symlink_to(self.home / ".netrc")
        output = self.build("out/debug/hello/hello")[1]
        path.unlink()
        path.write_text(text)
        return stage.SECRET.partition("-")[0] in output

    @stage.attack("malicious dependency")
    def stamp_steals_credentials(self):
        return self.dependency_steals("stamp", "1.0.1", STAMP, self.build)
