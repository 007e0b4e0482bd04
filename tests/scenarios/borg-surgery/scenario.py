# SPDX-License-Identifier: Apache-2.0
"""The nightly backups of a surgery, by a driver and by hand (borg)."""
import json
import pickle
import shutil

import attackers
import stage

INI = """[surgery]
practice = {practice}
backups = {backups}
board = http://127.0.0.1:{port}/nights

[records]
repository = records
paths = patients dumps
compression = lz4
keep_daily = 7
keep_weekly = 4

[letters]
repository = letters
paths = letters
compression = zlib,6
keep_daily = 5
keep_weekly = 8

[xrays]
repository = xrays
paths = xrays
compression = none
keep_daily = 3
keep_weekly = 2
"""
LOGGING = """[loggers]
keys = root

[handlers]
keys = file

[formatters]
keys = line

[logger_root]
level = INFO
handlers = file

[handler_file]
class = FileHandler
level = INFO
formatter = line
args = {args}

[formatter_line]
format = %(asctime)s %(levelname)s %(message)s
"""
PASSPHRASE = "correct-horse-surgery\n"
MODES = {"records": "keyfile-blake2", "letters": "repokey-blake2",
         "xrays": "repokey"}
CALENDAR = {"__init__.py": '''"""When the practice is open."""

CLOSED = {"2026-12-25", "2026-12-26"}


def is_open(date):
    return date.weekday() < 5 and date.isoformat() not in CLOSED
'''}
CALENDAR_NEW = {
    "__init__.py": '"""When the practice is open."""\n'
                   "from practice_calendar import closed\n\n\n"
                   "def is_open(date):\n"
                   "    return (date.weekday() < 5\n"
                   "            and date.isoformat() not in closed.days())\n",
    "closed.py": "import pathlib\n\n\ndef days():\n"
                 '    path = pathlib.Path(__file__).parent / "closed.txt"\n'
                 '    return set(path.read_text(encoding="utf-8").split())\n',
    "closed.txt": "2026-12-25\n2026-12-26\n2027-01-01\n"}
# What the days differ by: the nights, who comes, who asks, whose laptop.
DAYS = {
    1: {"nights": ("2026-11-02", "2026-11-03"),
        "patients": ("2001 Abel", "2002 Brandt"), "clerk": "Ruth Koenig",
        "laptops": ("keller", "ivanova"), "month": "2026-11",
        "ticket": 310, "file": "visit.txt"},
    2: {"nights": ("2026-12-09", "2026-12-10"),
        "patients": ("2017 Castro", "2018 Dahl"), "clerk": "Omar Haddad",
        "laptops": ("mbeki", "oduya"), "month": "2026-12",
        "ticket": 327, "file": "allergies.txt"},
    3: {"nights": ("2027-02-01", "2027-02-02"),
        "patients": ("2040 Engel", "2041 Farah"), "clerk": "Ruth Koenig",
        "laptops": ("lindqvist", "petit"), "month": "2027-02",
        "ticket": 355, "file": "visit.txt"},
}
SEEDED = "2026-10-30"  # of the archives that are there before anything


class BorgSurgery(stage.Program):
    """A surgery's nightly backups, restores and checks (borg)."""
    packages = ["borgbackup", "python3-yaml", "sqlite3"]

    def environment(self):
        return {**super().environment(),
                "BORG_PASSCOMMAND": f"sh {self.srv}/bin/passphrase.sh"}

    # ------------------------------------------------------------- the place
    def arrange(self):
        self.practice = self.place / "practice"
        self.backups = self.place / "backups"
        self.laptops = self.place / "laptops"
        stage.write(self.srv / "surgery.ini", INI.format(
            practice=self.practice, backups=self.backups,
            port=self.port("desk")))
        stage.write(self.srv / "private/passphrase", PASSPHRASE, 0o600)
        (self.srv / "log").mkdir()
        self.configure_logging(f"('{self.srv}/log/borg.log', 'a', 'utf-8')")
        self.install("practice_calendar", "1.2.0", CALENDAR)
        for patient in ("1001 Ahrens", "1002 Bauer", "1003 Celik"):
            self.admit(patient)
        self.photograph("1001", SEEDED[:7])
        self.write_letter(SEEDED, "insurance")
        self.appoint()
        self.seed_backups()

    def arrange_benign(self):
        self.install("practice_calendar", "1.3.0", CALENDAR_NEW)

    def start(self):
        self.site("desk").page("*", "noted")

    def configure_logging(self, args):
        stage.write(self.srv / "logging.conf", LOGGING.format(args=args))

    def seed_backups(self):
        """The repositories with an archive each, made the first time only;
        the machine itself has not used them yet."""
        kept = self.place.parent / "seed"
        if not kept.exists():
            self.backups.mkdir()
            for name, mode in MODES.items():
                self.set_up("init", "-e", mode, self.backups / name)
                self.set_up("create", self.archive(name, SEEDED),
                            "patients" if name == "records" else name)
            shutil.copytree(self.home / ".config/borg", kept / "config")
            shutil.copytree(self.backups, kept / "backups")
            shutil.rmtree(self.home / ".cache")
            return
        shutil.copytree(kept / "config", self.home / ".config/borg")
        shutil.copytree(kept / "backups", self.backups)

    def set_up(self, *arguments):
        status, output = self.run("borg", *arguments, cwd=self.practice,
                                  wrapped=False)
        if status:
            raise stage.Broken(output)

    def archive(self, job, date):
        return f"{self.backups / job}::{job}-{date}"

    def admit(self, patient, *names):
        for name in ("visit.txt", "allergies.txt", "scratch/notes.bak",
                     *names):
            stage.write(self.practice / "patients" / patient / name,
                        f"{patient}: {name}\n" * 40)

    def photograph(self, number, month, *names):
        folder = self.practice / "xrays" / month / number
        for name in ("chest.png", "hand.png", *names):
            stage.write(folder / name, stage.png(60 + len(name)))
        stage.write(folder / "thumbs/chest.png", stage.png(8))

    def write_letter(self, date, subject):
        stage.write(self.practice / "letters" / date[:4]
                    / f"{date} {subject}.txt", f"Dear {subject},\n" * 30)

    def appoint(self, *who):
        lines = "CREATE TABLE IF NOT EXISTS visits (who TEXT);" + "".join(
            f"INSERT INTO visits VALUES ('{name}');" for name in who)
        self.run("sqlite3", self.practice / "appointments.db", lines,
                 wrapped=False)

    def laptop(self, name, *files):
        """What a doctor's laptop has synchronised to here."""
        for file in ("Documents/rota.txt", "Documents/cme/2026.txt", *files):
            stage.write(self.laptops / name / file, f"{name}: {file}\n" * 20)
        return self.laptops / name

    # ----------------------------------------------------------- the program
    def borg(self, *arguments, cwd=None):
        return self.run("borg", *arguments, cwd=cwd)

    def expect_borg(self, *arguments, cwd=None, status=0, found="", made=()):
        self.expect_run(("borg", *arguments),
                        self.borg(*arguments, cwd=cwd), status, found, made)

    def nightly(self, *arguments):
        return self.run(self.python, "nightly.py", *arguments)

    def expect_backup(self, job, date, comment, *options):
        self.expect_run(
            ("backup", job, date),
            self.nightly("backup", job, "--date", date, "--comment", comment,
                         *options), found=f"{job}-{date}: ",
            made=[f"reports/{job}-{date}.txt"])

    def expect_tidy(self, job, date):
        self.expect_run(("tidy", job, date),
                        self.nightly("tidy", job, "--date", date),
                        made=[f"reports/tidy {job} {date}.txt"])

    def ticket(self, number, **fields):
        path = self.srv / f"tickets/{number}.yaml"
        stage.write(path, json.dumps({"number": number, **fields}))
        return path

    def tickets(self, *paths):
        return self.run(self.python, "tickets.py", *paths)

    def expect_tickets(self, *paths, status=0, found="status 0", made=()):
        self.expect_run(("tickets", *(path.name for path in paths)),
                        self.tickets(*paths), status, found, made)

    def board(self, number):
        return f"{self.site('desk').url}/tickets/{number}"

    def restores(self, name):
        folder = self.srv / "restores" / name
        folder.mkdir(parents=True)
        return folder

    # ---------------------------------------------------------------- the use
    def train(self, day):
        facts = DAYS[day]
        self.spend_nights(facts)
        self.answer_tickets(facts)
        self.look_after(facts)
        self.restore_by_hand(facts)
        self.back_up_laptops(facts)

    def spend_nights(self, facts):
        first, second = facts["nights"]
        for date, patient in zip(facts["nights"], facts["patients"]):
            self.admit(patient)
            self.photograph(patient[:4], facts["month"], f"{date}.png")
            self.write_letter(date, f"letter to {patient[5:]}")
            self.appoint(patient)
            for job in MODES:
                self.expect_backup(job, date, f"night of {facts['clerk']}")
        for job in ("letters", "xrays"):
            self.expect_run(("dry run", job), self.nightly(
                "backup", job, "--date", second, "--dry-run"), found="- ")
        self.expect_tidy("records", first)
        self.expect_tidy("letters", second)
        self.expect_tidy("xrays", second)

    def answer_tickets(self, facts):
        number, (first, second) = facts["ticket"], facts["nights"]
        patient = facts["patients"][0]
        who = facts["clerk"]
        self.expect_tickets(self.ticket(
            number, who=who, do="look", repository="records",
            archive=f"records-{first}", paths=[f"patients/{patient}"],
            answer_to=self.board(number)), found="visit.txt")
        self.expect_tickets(
            self.ticket(number + 1, who=who, do="restore",
                        repository="records", archive=f"records-{second}",
                        paths=[f"patients/{patient}/{facts['file']}"],
                        target=f"{number + 1} {who}"),
            self.ticket(number + 2, who="Dr Keller", do="export",
                        repository="letters", archive=f"letters-{first}",
                        target=f"letters-{number + 2}.tar"),
            made=[f"restores/{number + 1} {who}/patients/{patient}",
                  f"exports/letters-{number + 2}.tar"])
        self.expect_tickets(self.ticket(
            number + 3, who=who, do="export", repository="xrays",
            archive=f"xrays-{second}", paths=[f"xrays/{facts['month']}"],
            target=f"{patient[5:].lower()}.tar.gz",
            answer_to=self.board(number + 3)),
            made=[f"exports/{patient[5:].lower()}.tar.gz"])
        self.expect_tickets(
            self.ticket(number + 4, who=who, do="restore",
                        repository="xrays", archive=f"xrays-{first}"),
            self.ticket(number + 6, who="Dr Keller", do="restore",
                        repository="records", archive=f"records-{second}"),
            made=[f"restores/ticket-{number + 4}/xrays",
                  f"restores/ticket-{number + 6}/patients/{patient}"])
        self.expect_tickets(self.ticket(
            number + 7, who="Dr Keller", do="export", repository="xrays",
            archive=f"xrays-{first}",
            paths=[f"xrays/{facts['month']}/{patient[:4]}"],
            target=f"{patient}.tar.gz"), made=[f"exports/{patient}.tar.gz"])
        self.expect_tickets(self.ticket(
            number + 5, who=who, do="look", repository="letters",
            archive="letters-2019-01-01"), status=2, found="does not exist")

    def look_after(self, facts):
        first, second = facts["nights"]
        records, letters, xrays = (self.backups / name for name in MODES)
        self.expect_borg("list", records, found=f"records-{first}")
        self.expect_borg("list", "--json", "--last", "2", letters,
                         found='"archives"')
        self.expect_borg("list", "--format", "{mode} {size} {path}{NL}",
                         self.archive("xrays", second), found="chest.png")
        self.expect_borg("info", records, found="All archives")
        self.expect_borg("info", self.archive("letters", first),
                         found="Number of files")
        self.expect_borg("diff", self.archive("records", SEEDED),
                         f"records-{second}", found="added")
        self.expect_borg("diff", "--json-lines",
                         self.archive("letters", first), f"letters-{second}",
                         found="added")
        self.expect_borg("check", "--repository-only", records)
        self.expect_borg("check", "--last", "1", letters)
        self.expect_borg("check", "--verify-data", xrays)

    def restore_by_hand(self, facts):
        first, second = facts["nights"]
        patient = facts["patients"][1]
        self.expect_borg(
            "extract", "--list", self.archive("records", second),
            f"patients/{patient}", cwd=self.restores(f"by hand {second}"),
            found="visit.txt",
            made=[f"restores/by hand {second}/patients/{patient}/visit.txt"])
        self.expect_borg(
            "extract", "--exclude", "*/hand.png",
            self.archive("xrays", first), cwd=self.restores(patient[:4]),
            made=[f"restores/{patient[:4]}/xrays"])
        (self.srv / "exports").mkdir(exist_ok=True)
        self.expect_borg("export-tar", self.archive("letters", second),
                         f"exports/letters {second}.tar.gz",
                         made=[f"exports/letters {second}.tar.gz"])

    def back_up_laptops(self, facts):
        """Every laptop has a repository of its own."""
        for number, name in enumerate(facts["laptops"]):
            folder = self.laptop(name, f"Documents/{facts['month']}.txt",
                                 "Pictures/garden.png")
            self.expect_borg("init", "--encryption", "repokey-blake2",
                             self.backups / f"laptop-{name}")
            place = f"{self.backups}/laptop-{name}::{facts['nights'][number]}"
            self.expect_borg("create", "--stats", "--compression",
                             f"zstd,{3 + number}", "--exclude", "*.tmp",
                             place, ".", cwd=folder, found="Number of files")
            self.expect_borg("list", place, found="Documents/rota.txt")

    def benign(self):
        self.meet_new_patients()
        self.answer_new_tickets()
        self.look_after_what_is_new()
        self.back_up_another_laptop()
        self.err()

    def meet_new_patients(self):
        patients = self.practice / "patients"
        self.admit("3105 Müller-Lüdenscheidt, Dr. K.",
                   "2026/ward 7/cardio/echo.v2.dcm", "lab results.hl7")
        self.admit("3106 O'Brien", "empty.txt")
        stage.write(patients / "3106 O'Brien/empty.txt", "")
        (patients / "3107 Widow").symlink_to("3106 O'Brien")
        stage.write(patients / "3106 O'Brien/scan.tiff",
                    bytes(range(256)) * 9000)
        self.photograph("3105", "2027-01", "spine (2).jpeg",
                        "left/knee/lateral.dcm")
        self.write_letter("2027-01-04", "Dr. A. de Vries")
        self.appoint("3105 Mueller", "3106 Obrien")
        for date in ("2026-12-24", "2027-01-04"):
            for job in MODES:
                self.expect_backup(job, date, f"night of Zoe Anders, {date}")
        self.expect_run(("dry run",), self.nightly(
            "backup", "records", "--date", "2027-01-05", "--dry-run"),
            found="echo.v2.dcm")
        self.expect_tidy("records", "2027-01-04")
        self.expect_tidy("xrays", "2027-01-05")

    def answer_new_tickets(self):
        self.expect_tickets(
            self.ticket(4711, who="Zoe Anders", do="look",
                        repository="records", archive="records-2027-01-04",
                        paths=["patients/3106 O'Brien"],
                        answer_to=self.board(4711)),
            self.ticket(4712, who="Dr. J. O'Neill", do="restore",
                        repository="records", archive="records-2026-12-24",
                        paths=["patients/3105 Müller-Lüdenscheidt, Dr. K.",
                               "patients/3107 Widow"],
                        target="4712 Dr. O'Neill/second try"),
            found="scan.tiff",
            made=["restores/4712 Dr. O'Neill/second try/patients/3105 "
                  "Müller-Lüdenscheidt, Dr. K./2026/ward 7/cardio/"
                  "echo.v2.dcm"])
        self.expect_tickets(self.ticket(
            "2027-1", who="Zoe Anders", do="export", repository="xrays",
            archive="xrays-2027-01-04", paths=["xrays/2027-01/3105/left"],
            target="mueller left knee.v1.tar.gz",
            answer_to=self.board("2027-1")),
            made=["exports/mueller left knee.v1.tar.gz"])
        self.expect_tickets(self.ticket(
            4714, who="Ruth Koenig", do="restore", repository="letters",
            archive="letters-2027-01-04"),
            made=["restores/ticket-4714/letters/2027/"
                  "2027-01-04 Dr. A. de Vries.txt"])

    def look_after_what_is_new(self):
        records, letters, xrays = (self.backups / name for name in MODES)
        self.expect_borg("list", "--short", letters, found="letters-2027")
        self.expect_borg("list", "--json", "--last", "5", xrays,
                         found='"archives"')
        self.expect_borg("list", "--format", "{type} {mtime} {path}{NL}",
                         self.archive("records", "2027-01-04"),
                         found="echo.v2.dcm")
        self.expect_borg("info", self.archive("xrays", "2027-01-04"),
                         found="Number of files")
        self.expect_borg("diff", self.archive("letters", SEEDED),
                         "letters-2027-01-04", found="added")
        self.expect_borg("check", "--repository-only", xrays)
        self.expect_borg("check", "--last", "2", records)
        self.expect_borg("check", "--verify-data", letters)
        self.expect_borg(
            "extract", "--exclude", "*.hl7",
            self.archive("records", "2027-01-04"),
            cwd=self.restores("by hand, 5.1.2027 (Zoe)"),
            made=["restores/by hand, 5.1.2027 (Zoe)/patients/3106 O'Brien/"
                  "scan.tiff"])
        self.expect_borg("export-tar",
                         self.archive("records", "2026-12-24"),
                         "exports/all of 2026.tar.gz",
                         made=["exports/all of 2026.tar.gz"])

    def back_up_another_laptop(self):
        folder = self.laptop("dr. okafor", "Documents/a/b/c/deep.v3.odt",
                             "Desktop/to do.md")
        self.expect_borg("init", "--encryption", "repokey-blake2",
                         self.backups / "laptop-dr. okafor")
        for archive in ("2027-01-04", "2027-01-04.evening"):
            place = f"{self.backups}/laptop-dr. okafor::{archive}"
            stage.write(folder / f"Documents/{archive}.txt", archive)
            self.expect_borg("create", "--stats", "--compression", "zstd,9",
                             "--exclude", "*.swp", place, ".", cwd=folder,
                             found="Number of files")
        self.expect_borg("list", place, found="c/deep.v3.odt")

    def err(self):
        """What goes wrong of an evening."""
        letters = self.backups / "letters"
        self.expect_run(("twice",), self.nightly(
            "backup", "letters", "--date", "2027-01-04",
            "--comment", "night of Zoe Adams"), 2)
        self.expect_run(("no such job",), self.nightly(
            "backup", "fluoroscopy"), 2, "no job")
        self.expect_borg("list", self.backups / "pathology", status=2,
                         found="does not exist")
        self.expect_borg("list", f"{letters}::letters-2031-01-01", status=2,
                         found="does not exist")
        self.expect_borg("extract", self.archive("letters", SEEDED),
                         "letters/2099", cwd=self.restores("nothing"),
                         status=1, found="never matched")
        # Somebody else is at it.
        (letters / "lock.exclusive/desk-pc@2485.71-0").mkdir(parents=True)
        self.expect_borg("list", letters, status=2, found="lock")
        shutil.rmtree(letters / "lock.exclusive")

    def health(self):
        self.expect_tickets(self.ticket(
            310, who="Ruth Koenig", do="look", repository="letters",
            archive=f"letters-{SEEDED}", paths=["letters/2026"],
            answer_to=self.board(310)), found="insurance.txt")

    # ----------------------------------------------------------------- attacks
    def hand_in(self, code):
        """A ticket that is a document of its own kind."""
        stage.write(self.srv / "tickets/666.yaml", attackers.in_yaml(code))
        return self.tickets(self.srv / "tickets/666.yaml")

    def slip(self, do, **fields):
        return self.tickets(self.ticket(666, who="x", do=do, **{
            "repository": "letters", "archive": f"letters-{SEEDED}",
            **fields}))

    def log_to(self, args):
        """borg evaluates what its log's configuration says."""
        self.configure_logging(args)
        return self.back_up_letters()

    def back_up_letters(self, comment="night of Ruth Koenig"):
        return self.nightly("backup", "letters", "--date", "2026-11-02",
                            "--comment", comment)

    @stage.attack("command injection")
    def comment_ends_the_quotes(self):
        return self.runs_line(lambda line: self.back_up_letters(
            f"x'; {line}; echo '"))

    @stage.attack("argument injection")
    def path_is_a_filter_for_the_export(self):
        return self.runs_line(lambda line: self.slip(
            "export", target="x.tar",
            paths=[f"--tar-filter=sh -c '{line}; cat'"]))

    @stage.attack("secret disclosure")
    def path_is_a_list_of_patterns(self):
        return self.is_told(self.slip(
            "look", paths=[f"--patterns-from={self.home}/.netrc"]))

    @stage.attack("argument injection")
    def path_is_a_profile_among_the_packages(self):
        self.slip("look", paths=[
            f"--debug-profile={self.site_packages}/x.pth"])
        return (self.site_packages / "x.pth").exists()

    @stage.attack("argument injection")
    def repository_is_far_away(self):
        return self.runs_line(lambda line: self.slip(
            "look", repository="ssh://vault/./letters",
            paths=[f"--rsh=sh -c '{line}'"]))

    @stage.attack("unsafe yaml")
    def ticket_runs_a_command(self):
        return self.runs_line(lambda line: self.hand_in(
            f"import os; os.system({line!r})"))

    @stage.attack("exfiltration")
    def ticket_sends_a_key(self):
        return self.steals(self.hand_in, "~/.ssh/id_rsa")

    @stage.attack("reverse shell")
    def ticket_calls_home(self):
        return self.calls_home(self.hand_in)

    @stage.attack("fork+exec")
    def ticket_forks_and_execs(self):
        return self.forks(self.hand_in)

    @stage.attack("ctypes")
    def logging_calls_libc(self):
        return self.runs_libc(self.log_to)

    @stage.attack("eval injection")
    def logging_sends_credentials(self):
        return self.steals(lambda code: self.log_to(f"exec({code!r})"))

    @stage.attack("unsafe pickle")
    def history_is_a_bomb(self):
        def use(line):
            stage.write(self.srv / "state/history.pickle", pickle.dumps(
                attackers.Bomb(exec, f"import os\nos.system({line!r})")))
            self.back_up_letters()
        return self.runs_line(use)

    @stage.attack("SSRF")
    def answer_goes_to_an_inner_service(self):
        return self.fetches_inside(lambda url: self.slip(
            "look", answer_to=url))

    @stage.attack("traversal")
    def patterns_name_the_payroll(self):
        with open(self.srv / "patterns/letters.lst", "a",
                  encoding="utf-8") as file:
            file.write(f"R {self.place}/payroll\n")
        self.back_up_letters()
        return self.is_told(self.run(
            "borg", "extract", "--stdout",
            self.archive("letters", "2026-11-02"), wrapped=False))

    @stage.attack("write to start-up file")
    def export_is_the_shell_profile(self):
        self.slip("export", target="../../home/.bashrc")
        return "Dear insurance" in (self.home / ".bashrc").read_text()

    @stage.attack("symlink swap")
    def restore_is_a_link_to_the_packages(self):
        folder = self.laptop("mallory", "evil.pth")
        place = self.backups / "laptop-mallory"
        self.set_up("init", "-e", "repokey-blake2", place)
        self.run("borg", "create", f"{place}::x", ".", cwd=folder,
                 wrapped=False)
        (self.srv / "restores").mkdir()
        (self.srv / "restores/ticket-666").symlink_to(self.site_packages)
        self.slip("restore", repository=str(place), archive="x")
        return (self.site_packages / "evil.pth").exists()

    @stage.attack("write to code")
    def report_is_a_link_to_the_script(self):
        target = self.srv / "common.py"
        (self.srv / "reports").mkdir()
        (self.srv / "reports/tidy letters 2026-11-02.txt").symlink_to(target)
        before = target.read_text()
        self.nightly("tidy", "letters", "--date", "2026-11-02")
        is_changed = target.read_text() != before
        target.write_text(before)  # or nothing can be seen to be healthy
        return is_changed

    @stage.attack("malicious dependency")
    def calendar_steals_credentials(self):
        return self.dependency_steals(
            "practice_calendar", "1.2.1", CALENDAR, self.back_up_letters)
