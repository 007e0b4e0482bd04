-- SPDX-License-Identifier: Apache-2.0
-- trace.db, format 0: the tables of a secmgr trace.
--
-- This file is compiled in; a reader refuses a file whose definitions differ
-- from it by one byte. Comments stand between statements only, because SQLite
-- keeps what stands inside them in every file.
-- Blobs called zone, postings and data are one zstd frame of CBOR each; what
-- is inside is described in schema/event.cddl. Times are CLOCK_MONOTONIC
-- nanoseconds of the recorded host; meta has the clock pair to convert them.

-- Facts about the recording: format, writer, command, host, clock, ...
-- `closed` is there when the writer ended in order.
-- `recording.NUMBER`: the command of the recording whose first process in this
-- file that is: all up to the next of these are of one run.
-- `redaction`: "credentials", or "none" where they were kept; `redaction.key`: a
-- hash of the key, equal where hashes of credentials can be compared.
-- `distributions.DIRECTORY`: what was installed in a site directory code came
-- from, a line each: NAME VERSION modules=NAME,... needs=NAME,... wants=NAME,...
-- `modules.DIRECTORY`: the application's own modules that lay there when its
-- code was first seen, whether they were loaded or not; a path a line.
-- `imports.DIRECTORY`: the installed modules that import statements of the code
-- there name, of the application's or of a distribution's; a name a line. Where
-- none of it was loaded, only those of statements that run when it is.
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- Covered processes. argv is a JSON array; the interpreter's columns are NULL
-- until it was seen, the account's until the process ended.
-- attempts = stored + noise + ring_full + too_large + torn + damaged
-- + no_channel + store.
-- after_denial: from this seq on the events follow a denial, in this process
-- or in the one it was started by, and need not be what it usually does; NULL:
-- none does. named: a JSON array of the paths that the command line named as
-- the program started, canonical: what ${ARG} stands for in a policy; and DIR/.
-- for the directory that ${START} stands for.
CREATE TABLE process(number INTEGER PRIMARY KEY, pid, guest_pid, parent_pid,
uid, start_ns, started_by, exe, argv, cwd, named, version, stdlib, prefix, home, tmp,
end_ns, exit_status, attempts, stored, noise, ring_full, too_large, torn,
damaged, no_channel, store, after_denial);

-- What the processes were held to: the policies first handed out, and what
-- each reload replaced them by. text is canonical JSON, sha256 its hash in
-- hexadecimal; mode is block or warn. No shadow policy: NULL.
CREATE TABLE policy(number INTEGER PRIMARY KEY, time_ns, mode, path, sha256,
text, shadow_path, shadow_sha256, shadow_text);

-- From event seq on process decided by this policy, all of it.
CREATE TABLE adoption(id INTEGER PRIMARY KEY, process, seq, policy, time_ns);

-- The texts of sites, each once. Bytes that are not UTF-8 are blobs.
CREATE TABLE name(id INTEGER PRIMARY KEY, value);

-- What commits left: the last row vouches for all there is, those before for
-- the full chunks and blocks and the unchanging tables of their time. text is
-- described in schema/event.cddl; signature: Ed25519 when text has a key, else
-- the hash of text.
CREATE TABLE checkpoint(id INTEGER PRIMARY KEY, text, signature);

-- Call sites; every column but id and line is a name's id. 0 is empty.
-- principal is its name; of the application's code app:FUNCTION. owner is the
-- file the principal stands for.
CREATE TABLE site_row(id INTEGER PRIMARY KEY, event, file, function, line, via,
kind, principal, owner);

-- What was touched, by whom, how often: for people with sqlite3. Complete only
-- after an ordered end, and capped: '(other)' sums what did not fit.
-- processes is the number of distinct processes.
CREATE TABLE resource(id INTEGER PRIMARY KEY, family, access, value, principal,
via, events, processes, first_ns, last_ns);

-- Distinct denials; process and seq lead to the first event.
CREATE TABLE denial(id INTEGER PRIMARY KEY, decision, rule, site, value,
events, process, seq, first_ns, last_ns);

-- Losses with a place in time: count events of process were lost before ns.
CREATE TABLE loss(id INTEGER PRIMARY KEY, process, cause, count, time_ns);

-- Strings of the events. id is the number of the first string (they count
-- from 1), hash chains over all columns of this and all chunks before.
CREATE TABLE chunk(id INTEGER PRIMARY KEY, kind, count, raw_bytes, hash, data);

-- Events. id is the number of the first event (they count from 1): a block's
-- id + events is the next block's id. Merging tail blocks keeps that number.
CREATE TABLE block(id INTEGER PRIMARY KEY, events, first_ns, last_ns,
first_process, last_process, denials, raw_bytes, hash, zone, postings, data);

CREATE VIEW site AS SELECT s.id AS id, e.value AS event, f.value AS file,
n.value AS function, s.line AS line, v.value AS via, k.value AS kind,
p.value AS principal, o.value AS owner FROM site_row s
LEFT JOIN name e ON e.id = s.event LEFT JOIN name f ON f.id = s.file
LEFT JOIN name n ON n.id = s.function LEFT JOIN name v ON v.id = s.via
LEFT JOIN name k ON k.id = s.kind LEFT JOIN name p ON p.id = s.principal
LEFT JOIN name o ON o.id = s.owner;
CREATE VIEW files AS SELECT access, value AS path, principal, via, events,
processes, first_ns, last_ns FROM resource WHERE family = 'files';
CREATE VIEW network AS SELECT access, value AS address, principal, events,
processes, first_ns, last_ns FROM resource WHERE family = 'network';
CREATE VIEW processes AS SELECT access, value AS program, principal, events,
processes, first_ns, last_ns FROM resource WHERE family = 'processes';
