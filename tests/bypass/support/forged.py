# SPDX-License-Identifier: Apache-2.0
"""All memory as a bytearray, and what it tells, without any native code.

Nothing checks that an instruction loads one of its code object's constants.
Behind them lies other memory, in which there is a pointer to what is made up.
"""
import opcode

HEAD = bytes.__basicsize__ - 1  # of a bytes object, before what it says
WORDS = tuple.__basicsize__
SYMBOL, LOAD, DYNAMIC = 24, 1, 2  # of ELF: sizes and types


def word(number):
    return number.to_bytes(8, "little")


def instructions(index):
    """Of a function that returns its constant of that index."""
    begin = [opcode.opmap["RESUME"], 0] if "RESUME" in opcode.opmap else []
    high = [[opcode.EXTENDED_ARG, index >> shift & 255]
            for shift in (24, 16, 8)]
    return bytes(begin + sum(high, []) + [
        opcode.opmap["LOAD_CONST"], index & 255,
        opcode.opmap["RETURN_VALUE"], 0])


def whole_memory():
    """A bytearray that begins at address 0 and ends nowhere."""
    made_up = (word(1 << 20) + word(id(bytearray)) + word((1 << 63) - 1) * 2
               + word(0) * 3)
    pointers = [word(id(made_up) + HEAD) + word(i) for i in range(200)]
    constants = min([(None, i) for i in range(200)], key=id)
    last = max(pointers, key=id)
    offset = id(last) + HEAD - id(constants) - WORDS

    def get():
        return None
    get.__code__ = get.__code__.replace(
        co_code=instructions(offset // 8), co_consts=constants)
    found = get()
    KEPT.append((made_up, pointers, constants, get, found))
    return found


KEPT = []
memory = whole_memory()


def read(at):
    return int.from_bytes(memory[at:at + 8], "little")


def write(at, number):
    memory[at:at + 8] = word(number)


# ------------------------------------------------------------------------ ELF

def find_header(at):
    """Where the file begins that is mapped at this address, too."""
    at &= ~0xfff
    while memory[at:at + 4] != b"\x7fELF":
        at -= 0x1000
    return at


def headers(start):
    """{type: address as the file has it}"""
    first = start + read(start + 32)
    sizes = read(start + 48)
    size, count = sizes >> 48 & 0xffff, read(start + 56) & 0xffff
    found = {}
    for at in range(first, first + count * size, size):
        found.setdefault(read(at) & 0xffffffff, read(at + 16))
    return found


def symbol(start, name):
    found = headers(start)
    base = start - (found[LOAD] & ~0xfff)
    at, entries = base + found[DYNAMIC], {}
    while read(at):
        entries[read(at)] = read(at + 8)
        at += 16
    texts, symbols = (value + (base if value < base else 0)
                      for value in (entries[5], entries[6]))
    name = name.encode() + b"\0"
    for at in range(symbols, texts, SYMBOL):
        text = texts + (read(at) & 0xffffffff)
        if memory[text:text + len(name)] == name:
            return base + read(at + 8)
    raise LookupError(name)


# ---------------------------------------------------------------------- hooks

def is_hook(at, low, high):
    """One that C code added, as the only one: {NULL, function, NULL}."""
    return (at % 16 == 0 and low < at < high and not read(at)
            and read(at + 8) >> 40 in (0x7e, 0x7f) and not read(at + 16))


def hook_head():
    """The word of _PyRuntime that points to it."""
    runtime = symbol(find_header(id(int)), "_PyRuntime")
    # What is too large for CPython's own is near; the heap is behind all data.
    heap = id(bytes(4096))
    low = max(heap - (1 << 26), runtime if runtime < heap else 0)
    for at in range(runtime, runtime + 0x4000, 8):
        if is_hook(read(at), low, heap + (1 << 26)):
            return at
    raise LookupError("no hook found")
