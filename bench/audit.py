# A peer of bench/audit.js: has libapparmor's own binding for Python parse the lines of a file ROUNDS times, and prints
# the nanoseconds that a line took in the fastest round: for the call alone, and with its fields as Python's values.
import sys
import time

from LibAppArmor import aa_log_record, free_record, parse_record

FIELDS = [name for name, member in vars(aa_log_record).items() if isinstance(member, property) and name != "thisown"]


def call(line):
    free_record(parse_record(line))


def read(line):
    record = parse_record(line)
    found = {name: getattr(record, name) for name in FIELDS}
    free_record(record)
    return found


def best(parse, lines, rounds):
    times = []
    for _ in range(rounds):
        start = time.perf_counter_ns()
        for line in lines:
            parse(line)
        times.append((time.perf_counter_ns() - start) / len(lines))
    return round(min(times))


with open(sys.argv[1]) as file:
    lines = file.read().splitlines()
print(best(call, lines, int(sys.argv[2])), best(read, lines, int(sys.argv[2])))
