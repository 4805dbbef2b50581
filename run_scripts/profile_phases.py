"""For profile.sh: adds up the phases in a recording of Java's flight recorder.

profile_phases.py bench RECORDING RESULT.json TITLE    phases of a step, from the steps that bench timed
profile_phases.py run RECORDING metrics.jsonl TITLE    phases of a step in each fifth of a run
"""

import collections
import json
import os
import re
import subprocess
import sys

FIFTHS = 5


def program():
    """The JDK's jfr."""
    home = os.environ.get("JAVA_HOME")
    found = os.path.join(home, "bin", "jfr") if home else "jfr"
    return found if not home or os.path.exists(found) else "jfr"


def phases(recording):
    """(part, start, milliseconds) of every phase, by start."""
    text = subprocess.run([program(), "print", "--json", "--events", "edgeprune.Phase", recording],
                          check=True, capture_output=True, text=True).stdout
    events = [e["values"] for e in json.loads(text)["recording"]["events"]]
    return sorted(((e["part"], e["startTime"], seconds(e["duration"]) * 1e3) for e in events), key=lambda e: e[1])


def seconds(duration):
    """Of an ISO duration such as PT0.0123S or PT1M2.5S."""
    hours, minutes, rest = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?", duration).groups()
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + float(rest or 0)


def steps(events):
    """The phases of each step: a step begins with the sampling of its masks."""
    made = []
    for event in events:
        if event[0] == "SAMPLE":
            made.append([])
        if made:
            made[-1].append(event)
    return made


def table(columns):
    """Milliseconds a step and shares: a column for each (title, steps)."""
    parts = collections.OrderedDict()
    for number, (_, chosen) in enumerate(columns):
        for step in chosen:
            for part, _, milliseconds in step:
                parts.setdefault(part, [0.0] * len(columns))[number] += milliseconds / len(chosen)
    totals = [sum(values[i] for values in parts.values()) for i in range(len(columns))]
    print("%-16s" % "" + "".join("%20s" % title for title, _ in columns))
    for part, values in parts.items():
        print("%-16s" % part.lower().replace("_", " ")
              + "".join("%12.2f %5.1f%%" % (v, 100 * v / t) + " " for v, t in zip(values, totals)))
    print("%-16s" % "all, ms" + "".join("%12.2f        " % t for t in totals))


def main():
    kind, recording, result, title = sys.argv[1:]
    made = steps(phases(recording))
    if kind == "bench":
        with open(result, encoding="utf-8") as file:
            bench = json.load(file)
        print("\n%s: %d x %d tokens, %d micro-batches, %d workers of %d threads, %.1f ms a step" % (
            title, bench["batch"], bench["tokens"], bench["micro_batches"], bench["workers"], bench["threads"],
            1e3 * bench["step_s"]))
        table([("ms a step", made[-5:])])
    else:
        with open(result, encoding="utf-8") as file:
            sparsities = [line["edge_sparsity"] for line in map(json.loads, file) if "edge_sparsity" in line]
        print("\n%s: %d steps" % (title, len(made)))
        size = len(made) // FIFTHS
        table([("%.0f%% cut" % (100 * sum(sparsities[i * size:(i + 1) * size]) / size), made[i * size:(i + 1) * size])
               for i in range(FIFTHS)])


if __name__ == "__main__":
    main()
