"""The bars that the figures are held against. A bar is (what, limit, figures, verdict); what was not measured says so."""

import workloads

PASS, FAIL = "PASS", "FAIL"
MILLION = 1_000_000
MB = 1_000_000


def verdict(good):
    return PASS if good else FAIL


def missing(how):
    return f"not measured ({how})", "–"


def side_of(results, name, side):
    return results["workloads"].get(name, {}).get("sides", {}).get(side)


def against_pair(results, name, side_name, times, percent=None, no_loss=False):
    """Figures and verdict of: the side adds at most so many times what the empty pair adds (or so much of the run, if that is more)."""
    side, pair = side_of(results, name, side_name), side_of(results, name, "pair")
    if not side or not pair:
        return missing(results["skipped"].get(name) or results["skipped"].get(f"catena, {side_name}") or f"--only without {name}")
    alone = results["workloads"][name]["alone"]
    limits = {f"{times:g} × pair": times * pair["added"]}
    if percent:
        limits[f"{percent:g} % of the run"] = percent / 100 * alone
    which, limit = max(limits.items(), key=lambda item: item[1])
    ratio = f"{side['times_pair']:.2f} × pair" if "times_pair" in side else "the pair cost nothing that can be told"
    text = f"{side['added']:+.3f} s = {ratio}, {side['percent']:.1f} %; limit {limit:.3f} s ({which})"
    spread = results["workloads"][name]["alone_high"] - results["workloads"][name]["alone_low"]
    if spread > limit:
        text += f"; noisy: alone varied by {spread:.3f} s"
    lost = side["lost"] + side.get("lost_calls", 0) if no_loss else 0
    if no_loss:
        text += f"; lost {lost:,}"
    return text, verdict(side["added"] <= limit and not lost)


def processes(results):
    side = side_of(results, "echo", "causal")
    if not side:
        return missing("--only without echo")
    return f"{side['added']:+.3f} s = {side['percent']:.1f} %", verdict(side["percent"] <= 8)


def soak(results):
    found = results.get("soak")
    if not found:
        return missing("--soak")
    text = (f"lost {found['lost']:,} of {found['seen']:,} calls in {found['seconds']:g} s, {found['per_second'] / MILLION:.2f} M/s; "
            f"{found['calls_made']:,} were made in the loops and {found['children_made']:,} children")
    if found["unseen"]:
        text += f"; {found['unseen']:,} not even seen"
    good = found["lost"] == 0 and found["unseen"] == 0
    if good and found["seconds"] < 60:
        return text, "too short to tell (--soak 60)"
    return text, verdict(good)


def memory(results):
    found = results.get("storm")
    if not found:
        return missing("--storm 1000000")
    text = (f"peak {found['peak_rss'] / MB:.0f} MB (the ring and program files included; anonymous {found['peak_anonymous'] / MB:.0f} MB) in {found['processes']:,} processes "
            f"({found['kind']}); resident in the first third {found['first_third'] / MB:.0f} MB, in the last {found['last_third'] / MB:.0f} MB "
            f"({found['growth_percent']:+.1f} %); lost {found['lost']:,}")
    good = found["peak_rss"] <= 128 * MB and found["growth_percent"] <= 10
    if good and found["processes"] < MILLION:
        return text, f"too few to tell (--storm {MILLION})"
    return text, verdict(good)


def disk(results):
    sides = [side for name in results["workloads"] if (side := side_of(results, name, "causal"))]
    if not sides:
        return missing("no workload")
    seen, used = sum(side["seen"] for side in sides), sum(side["disk_bytes"] for side in sides)
    text = f"{used / MB:.1f} MB for {seen:,} calls = {used / max(1, seen):.2f}"
    if len(sides) < len(workloads.ALL):
        text += f" (over {len(sides)} of {len(workloads.ALL)} workloads)"
    return text, verdict(used <= seen)


def idle(results):
    found = results.get("idle")
    if not found:
        return missing("--idle")
    text = (f"{found['cpu_percent']:.2f} % (user and system time of the recorder) in {found['seconds']:.0f} s; soft interrupts of the whole host "
            f"{found['softirq_percent']:.2f} %, not attributable; all of the host was busy {found['host_busy_percent']:.1f} % of a core")
    if found["cpu_percent"] > 0.5 and found["host_busy_percent"] > 10:
        return text, "the host was not idle"
    if found["seconds"] < 20:
        return text, "too short to tell (--idle 20)"
    return text, verdict(found["cpu_percent"] <= 0.5)


def all_bars(results):
    """[{bar, limit, figures, verdict}]"""
    io = against_pair(results, "io", "causal", 1.5)
    rows = [("2 M reads and writes, causal", "added ≤ 1.5 × empty pair", *io)]
    for name in ("find", "tar", "files", "nginx", "redis"):
        rows.append((f"{name}, causal", "added ≤ 2 × empty pair or 4 % of the run", *against_pair(results, name, "causal", 2, percent=4)))
    rows += [
        ("1,500 processes, causal", "added ≤ 8 % of nothing", *processes(results)),
        ("2 M reads and writes, full", "added ≤ 7 × empty pair, no loss", *against_pair(results, "io", "full", 7, no_loss=True)),
        ("full speed on both cores, causal, 60 s", "nothing lost", *soak(results)),
        ("memory, 1 M short processes", "≤ 128 MB and flat (≤ 10 % more in the last third than in the first)", *memory(results)),
        ("disk, causal, all workloads", "≤ 1 byte per seen call", *disk(results)),
        ("host idle, 20 s", "≤ 0.5 % of one core", *idle(results)),
    ]
    return [dict(zip(("bar", "limit", "figures", "verdict"), row, strict=True)) for row in rows]
