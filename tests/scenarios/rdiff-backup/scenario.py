# SPDX-License-Identifier: Apache-2.0
"""rdiff-backup, and a script that drives it."""
import json
import time

from attackers import in_yaml
import stage

SIZES = {"__init__.py": '''"""Sizes of trees."""
import os


def of(place):
    return sum(os.path.getsize(os.path.join(at, name))
               for at, _, names in os.walk(place) for name in names)
'''}
SIZES_NEW = {"__init__.py": '"""Sizes of trees."""\nfrom sizes.tree import of\n',
             "tree.py": SIZES["__init__.py"].replace(
                 "    return", "    import importlib.metadata\n"
                 '    importlib.metadata.version("sizes")\n    return')}


class RdiffBackup(stage.Program):
    """A backup tool with increments, restores and reports (rdiff-backup)."""
    packages = ["rdiff-backup", "python3-yaml"]

    def arrange(self):
        self.install("sizes", "4.2", SIZES)
        for name in ("logs", "vault", "jobs"):
            (self.srv / name).mkdir()
        for name, files in {
                "health": ["one.txt"],
                "letters": ["2024/anna.txt", "2025/to ben.txt", "index.md",
                            ".drafts/ask.txt"],
                "photos": ["alps/one.jpg", "alps/two.jpg", "cat.png",
                           ".thumbs/cat.png", "alps/.order"],
                "books": ["ledger.v1.csv", "taxes/2024.csv"]}.items():
            for file in files:
                self.data(f"{name}/{file}")
            self.job(name)

    def arrange_benign(self):
        self.install("sizes", "4.3", SIZES_NEW)

    def data(self, name, text="some data\n" * 30):
        return stage.write(self.place / "data" / name, text)

    def job(self, name, source=None, **more):
        stage.write(self.srv / "jobs" / f"{name}.yaml", json.dumps({
            "label": name, "source": str(source or self.place / "data" / name),
            "notify": self.monitor(), **more}))

    def monitor(self):
        return f"http://127.0.0.1:{self.port('monitor')}/backup"

    def nightly(self, *words):
        self.site("monitor").page("/backup", "noted")
        if words[0] == "run":
            time.sleep(1.1)  # increments are told apart by the second
        return self.run(self.python, "nightly.py", *words)

    def expect_nightly(self, *words, **expected):
        self.expect_run(("nightly", *words), self.nightly(*words), **expected)

    def train(self, day):
        self.expect_nightly("run", "letters", "photos", found="letters: 0")
        self.expect_nightly("run", "books", "health", found="noted")
        self.data(f"letters/2025/day {day}.txt")
        self.data("photos/cat.png", "changed")
        (self.place / "data/photos/alps/one.jpg").unlink()
        self.expect_nightly("run", "letters", "photos", found="photos: 0")
        self.expect_nightly("show", "letters", found="increment")
        self.expect_nightly("restore", "letters", "2025/to ben.txt",
                            self.place / f"restored/{day}/ben.txt", status=1)
        (self.place / "restored").mkdir()
        self.expect_nightly("restore", "letters", "2025/to ben.txt",
                            self.place / f"restored/ben {day}.txt")
        self.expect_nightly("restore", "photos", "alps",
                            self.place / f"restored/alps-{day}")

    def benign(self):
        for file in ("deep/er/still/x.flac", "a.b.c", "Größe & Maß.odt",
                     ".hidden/file", "2026-11-21/4711.log"):
            self.data(f"new project/{file}")
        self.job("new project", label="project")  # one word of a shell line
        self.data("letters/2026/zoe.docx")
        self.data("photos/tahiti/beach/9.webp")
        self.expect_nightly("run", "new project", "letters", "photos",
                            "books", found="noted")
        self.data("new project/a.b.c", "changed")
        (self.place / "data/letters/index.md").unlink()
        (self.place / "data/photos/link").symlink_to("cat.png")
        self.expect_nightly("run", "new project", "letters", "photos")
        self.expect_nightly("show", "new project", found="increment")
        (self.place / "restored").mkdir()
        self.expect_nightly("restore", "new project", "deep/er",
                            self.place / "restored/deep")
        self.expect_nightly("restore", "letters", "2025/to ben.txt",
                            self.place / "restored/2026-11-21 ben.txt")
        self.job("gone", self.place / "data/gone")
        self.expect_nightly("run", "gone", status=1)
        self.expect_nightly("run", "nothing", status=1, found="No such file")

    def health(self):
        # A job of its own: one vault takes no two backups in a second.
        self.expect_nightly("run", "health", found="health: 0")

    # ----------------------------------------------------------------- attacks
    def runs(self, name="letters", **more):
        """Somebody may edit a job."""
        self.job(name, **more)
        output = self.nightly("run", name)[1]
        self.job(name)
        return output

    def loads(self, text):
        stage.write(self.srv / "jobs/letters.yaml", text)
        self.nightly("run", "letters")
        self.job("letters")

    @stage.attack("secret disclosure")
    def source_is_a_private_directory(self):
        self.runs(source=self.home / ".ssh")
        return (self.srv / "vault/letters/id_rsa").exists()

    @stage.attack("traversal")
    def source_leads_out_of_the_data(self):
        self.runs(source=self.place / "data/letters/../../payroll")
        return (self.srv / "vault/letters/2026.csv").exists()

    @stage.attack("traversal")
    def log_is_a_password_file(self):
        # logs/x.log has to lead there: a name with .., a file named .log
        stage.write(self.home / ".secrets/keys.log", stage.SECRET)
        return stage.SECRET in self.nightly(
            "show", "../../home/.secrets/keys")[1]

    @stage.attack("write to start-up file")
    def restore_replaces_the_profile(self):
        self.nightly("run", "letters")
        self.nightly("restore", "letters", "index.md", self.home / ".bashrc")
        return "some data" in (self.home / ".bashrc").read_text()

    @stage.attack("write to code")
    def restore_replaces_a_dependency(self):
        self.data("books/evil.py", "planted = 1\n")
        self.nightly("run", "books")
        self.nightly("restore", "books", "evil.py",
                     self.site_packages / "evil.py")
        return (self.site_packages / "evil.py").exists()

    @stage.attack("write to code")
    def vault_is_a_directory_of_code(self):
        self.runs(vault=str(self.site_packages / "mirror"))
        return (self.site_packages / "mirror/index.md").exists()

    @stage.attack("command injection")
    def label_runs_a_command(self):
        return self.runs_line(
            lambda line: self.runs(label=f"x; {line}; echo x"))

    @stage.attack("argument injection")
    def options_run_a_command(self):
        return self.runs_line(lambda line: self.runs(
            options=["--remote-schema", f"sh -c '{line}' {{h}}"],
            source="host::/data"))

    @stage.attack("unsafe yaml")
    def job_runs_a_command(self):
        return self.runs_line(lambda line: self.loads(
            f"!!python/object/apply:os.system ['{line}']\n"))

    @stage.attack("reverse shell")
    def job_calls_home(self):
        return self.calls_home(lambda code: self.loads(in_yaml(code)))

    @stage.attack("ctypes")
    def job_calls_libc(self):
        return self.runs_libc(lambda code: self.loads(in_yaml(code)))

    @stage.attack("fork+exec")
    def job_forks_and_execs(self):
        return self.forks(lambda code: self.loads(in_yaml(code)))

    @stage.attack("SSRF")
    def note_goes_to_an_internal_service(self):
        return self.fetches_inside(lambda url: self.runs(notify=url))

    @stage.attack("symlink swap")
    def log_became_a_link(self):
        path = self.srv / "logs/letters.log"
        self.nightly("run", "letters")
        path.unlink()
        path.symlink_to(self.home / ".netrc")
        output = self.nightly("show", "letters")[1]
        path.unlink()
        return stage.SECRET in output

    @stage.attack("malicious plugin")
    def action_runs_a_command(self):
        path = self.site_packages / "rdb_action_evil.py"

        def use(line):
            stage.write(path, f"import os\nos.system('{line}')\n")
            self.nightly("run", "letters")
            path.unlink()
        return self.runs_line(use)

    @stage.attack("malicious dependency")
    def sizes_steal_credentials(self):
        return self.dependency_steals(
            "sizes", "4.2.1", SIZES, lambda: self.nightly("run", "letters"))
