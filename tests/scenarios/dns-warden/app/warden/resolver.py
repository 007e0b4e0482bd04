# SPDX-License-Identifier: Apache-2.0
"""Answers what it knows, asks upstream for the rest."""
import time

from dnslib import QTYPE, RCODE, DNSRecord


class Resolver:
    def __init__(self, state):
        self.state = state

    def resolve(self, request, handler):
        name = str(request.q.qname).lower()
        kind = QTYPE[request.q.qtype]
        reply = request.reply()
        if self.is_refused(name, kind, handler.client_address[0]):
            reply.header.rcode = RCODE.REFUSED
        elif found := self.state.records.get(name):
            for record in found:
                if record.rtype == request.q.qtype or kind == "ANY":
                    reply.add_answer(record)
        elif name.endswith(".lan."):
            reply.header.rcode = RCODE.NXDOMAIN
        else:
            reply = self.ask(request, name, kind)
        self.state.note(name, kind, RCODE[reply.header.rcode])
        return reply

    def is_refused(self, name, kind, client):
        if name.rstrip(".") in self.state.blocked:
            return True
        # HOLE: rules are expressions.
        if any(eval(rule, {"name": name, "kind": kind, "client": client})
               for rule in self.state.rules.values()):
            return True
        return any(found.obj.refuses(name, kind)
                   for found in self.state.filters)

    def ask(self, request, name, kind):
        kept = self.state.cache.get((name, kind))
        if kept and kept[0] > time.time():
            answer = DNSRecord.parse(kept[1])
            answer.header.id = request.header.id
            return answer
        try:
            data = request.send("127.0.0.1", self.state.settings["upstream"],
                                timeout=1)
        except OSError:
            reply = request.reply()
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        self.state.cache[name, kind] = (time.time() + 60, data)
        answer = DNSRecord.parse(data)
        answer.header.id = request.header.id
        return answer
