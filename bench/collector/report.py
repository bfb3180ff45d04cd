"""The Markdown that is printed."""

MB = 1_000_000
KNOWN = {"seen", "stored", "rows", "merged", "filtered", "lost", "disk_bytes", "seconds", "added", "added_low", "added_high", "percent",
         "calls", "per_second", "peak_rss", "bytes_per_call", "added_per_unit", "times_pair"}
CATENA = ("causal", "full")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def duration(seconds):
    for unit, least in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if abs(seconds) >= least:
            return f"{seconds / least:,.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def cost(results, titles):
    """What each of our own sides adds."""
    present = [name for name in CATENA if any(name in result["sides"] for result in results["workloads"].values())]
    head = ["workload", "alone, s", "empty pair adds, s"]
    for name in present:
        head += [f"{name} adds, s", "× pair", "% of run"]
    rows = []
    for workload, result in results["workloads"].items():
        pair = result["sides"]["pair"]
        row = [titles[workload], f"{result['alone']:.3f} ({result['alone_low']:.3f}–{result['alone_high']:.3f})",
               f"{pair['added']:+.3f} ({pair['percent']:.1f} %)"]
        for name in present:
            side = result["sides"][name]
            row += [f"{side['added']:+.3f}", f"{side['times_pair']:.2f}" if "times_pair" in side else "–", f"{side['percent']:.1f}"]
        rows.append(row)
    return table(head, rows)


def counts(results, titles):
    """What catena saw and kept."""
    head = ["workload", "fidelity", "calls seen", "rows", "merged", "filtered", "lost", "seen/s", "peak RSS, MB", "disk, MB", "bytes/call"]
    rows = []
    for workload, result in results["workloads"].items():
        for name in CATENA:
            if side := result["sides"].get(name):
                reasons = [f"{key.removeprefix('lost_')} {value:,}" for key, value in side.items() if key not in KNOWN and value]
                lost = f"{side['lost']:,}" + (f" ({', '.join(reasons)})" if reasons else "")
                rows.append([titles[workload], name, f"{side['seen']:,}", f"{side['rows']:,}", f"{side['merged']:,}", f"{side['filtered']:,}", lost,
                             f"{side['per_second']:,}", f"{side['peak_rss'] / MB:.0f}", f"{side['disk_bytes'] / MB:.2f}", f"{side['bytes_per_call']:.2f}"])
    return table(head, rows)


def peers(results, titles, peer_titles):
    """What one unit of work costs more, with us and with the peers, whatever each was given to do."""
    own = [("pair", "empty pair"), *((name, f"catena, {name}") for name in CATENA)]
    present = [(name, title) for name, title in [*own, *peer_titles]
               if any(name in result["sides"] for result in [*results["workloads"].values(), *results["peers"].values()])]
    rows = []
    for workload, main in results["workloads"].items():
        apart = results["peers"].get(workload, {"sides": {}})
        row = [titles[workload], main["unit"]]
        for name, _ in present:
            side = main["sides"].get(name) or apart["sides"].get(name)
            if not side:
                row.append("–")
                continue
            notes = [f"of {apart['units']:,}"] if name in apart["sides"] else []
            notes += [f"lost {side['lost']:,}"] if side.get("lost") else []
            row.append(duration(side["added_per_unit"]) + (f" ({', '.join(notes)})" if notes else ""))
        rows.append(row)
    return table(["workload", "time added per", *(title for _, title in present)], rows)


def endurance(results):
    lines = []
    if found := results.get("soak"):
        lines.append(f"Full speed: {found['seen']:,} calls seen in {found['seconds']:g} s, {found['rows']:,} rows, {found['lost']:,} lost, peak RSS "
                     f"{found['peak_rss'] / MB:.0f} MB, {found['disk_bytes'] / MB:.1f} MB on disk; the recorder ended {found['took'] - found['seconds']:.1f} s later.")
    if found := results.get("storm"):
        lines.append(f"Storm: {found['processes']:,} processes ({found['kind']}) in {found['took']:.1f} s, {found['seen']:,} calls seen, {found['rows']:,} rows, "
                     f"{found['lost']:,} lost, {found['disk_bytes'] / MB:.1f} MB on disk, {found['disk_bytes'] / found['processes']:.0f} bytes per process.")
    return lines


def markdown(results, titles, peer_titles):
    machine = results["machine"]
    others = f"; {machine['foreign_links']} BPF programs of others were attached" if machine["foreign_links"] else ""
    parts = []
    if results["workloads"]:
        parts += [cost(results, titles),
                  f"Medians of {results['runs']} rounds, in which each side ran once, taking turns; what is added is the median of the differences to "
                  f"\"alone\" in the same round. {machine['date']}, {machine['cores']} cores ({machine['cpu']}), Linux {machine['kernel']}, "
                  f"load {machine['load_1_min']:.1f} at the start{others}. "
                  "nginx and redis: the recorder has server and load generator below it, so both are recorded.",
                  counts(results, titles),
                  "Seen to filtered: medians. Lost: the sum over all rounds. Peak RSS: of the recorder, the most in any round."]
    if results["with_peers"]:
        parts += [peers(results, titles, peer_titles),
                  "\"of N\": this one takes so long that it was given only so many to do, beside \"alone\" with as many. "
                  "bpftrace and auditd watch every process of the machine."]
    parts += endurance(results)
    if results["skipped"]:
        parts.append("\n".join(["Not measured:", *(f"- {what}: {why}" for what, why in results["skipped"].items())]))
    parts.append(table(["bar", "limit", "figures", "verdict"], [list(bar.values()) for bar in results["bars"]]))
    return "\n\n".join(parts)
