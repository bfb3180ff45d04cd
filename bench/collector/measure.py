"""Rounds: in each, every side runs the workload once, so that whatever else the machine does hits all of them."""

import statistics

import machine
from machine import Folder, Trouble, say
from sides import Peer

COUNTS = ("seen", "stored", "rows", "merged", "filtered", "disk_bytes")


def one_run(folder: Folder, workload, side, units):
    """{seconds, wall, peak_rss, …what the side knows}. Seconds are the workload's own, from inside."""
    out = folder.fresh("seconds")
    try:
        side.before()
        command = side.wrap(workload.command(folder, out, units))
        watch = machine.run(command, folder.path / "log", side.watch_every_s)
        if not out.exists():
            tail = (folder.path / "log").read_bytes()[-2000:].decode(errors="replace")
            raise Trouble(f"{workload.name} failed under {side.title}:\n{tail}")
        details = side.after()
    finally:
        side.clean()
    numbers = [float(number) for number in out.read_text().split()]
    sample = {"seconds": numbers[0], "wall": numbers[-1], **details}
    if watch:
        sample["peak_rss"] = watch.peak
    return sample


def rounds(folder, workload, sides, runs, units):
    """({side: [sample of each round]}, {title of a peer that failed: why}). Sides take turns in being first."""
    sides, failed = list(sides), {}
    samples = {side.name: [] for side in sides}
    one_run(folder, workload, sides[0], units)  # so that files are in memory for all
    for number in range(runs):
        first = number % len(sides)
        for side in sides[first:] + sides[:first]:
            try:
                sample = one_run(folder, workload, side, units)
            except Trouble as trouble:
                if not isinstance(side, Peer):
                    raise
                failed[f"{side.title}: {workload.name}"] = str(trouble).strip().replace("\n", " / ")
                say(f"{workload.name}: round {number + 1}/{runs}, {side.title} failed: {trouble}")
                sides.remove(side)
                del samples[side.name]
                continue
            samples[side.name].append(sample)
            lost = f", {sample['lost']} lost" if sample.get("lost") else ""
            say(f"{workload.name}: round {number + 1}/{runs}, {side.title}: {sample['seconds']:.3f} s{lost}")
    return samples, failed


def summary(samples, alone):
    """Medians of one side. What is added is the median of the differences within a round."""
    added = [sample["seconds"] - base["seconds"] for sample, base in zip(samples, alone, strict=True)]
    base = statistics.median(sample["seconds"] for sample in alone)
    result = {"seconds": statistics.median(sample["seconds"] for sample in samples), "added": statistics.median(added),
              "added_low": min(added), "added_high": max(added)}
    result["percent"] = 100 * result["added"] / base
    for key in COUNTS:
        if key in samples[0]:
            result[key] = int(statistics.median(sample[key] for sample in samples))
    reasons = {key for sample in samples for key in sample} - set(COUNTS) - {"seconds", "wall", "peak_rss"}
    for key in sorted(reasons):  # lost, and whatever else `loss` may count: a run that lost must not vanish in a median
        result[key] = sum(sample.get(key, 0) for sample in samples)
    if "seen" in result:
        result["per_second"] = int(statistics.median(sample["seen"] / sample["wall"] for sample in samples))
        result["peak_rss"] = max(sample["peak_rss"] for sample in samples)
        result["bytes_per_call"] = result["disk_bytes"] / max(1, result["seen"])
    return result


def measured(workload, units, samples):
    """What the reports need of the rounds of one workload."""
    alone = [sample["seconds"] for sample in samples["alone"]]
    sides = {name: summary(of_side, samples["alone"]) for name, of_side in samples.items() if name != "alone"}
    for side in sides.values():
        side["added_per_unit"] = side["added"] / workload.units_timed(units)
        if "pair" in sides and sides["pair"]["added"] > 0:
            side["times_pair"] = side["added"] / sides["pair"]["added"]
    return {"units": units, "unit": workload.unit, "alone": statistics.median(alone), "alone_low": min(alone), "alone_high": max(alone),
            "sides": sides, "samples": samples}


def measure(folder, workload, own, peers, runs):
    """(main result, that of the peers that would take too long and so get less work in rounds of their own, or None; who failed: why)."""
    say(f"== {workload.title}")
    apart = [peer for peer in peers if peer.heavy and workload.peer_units != workload.units]
    together = own + [peer for peer in peers if peer not in apart]
    samples, failed = rounds(folder, workload, together, runs, workload.units)
    main = measured(workload, workload.units, samples)
    if not apart:
        return main, None, failed
    samples, failed_apart = rounds(folder, workload, [own[0], *apart], runs, workload.peer_units)
    return main, measured(workload, workload.peer_units, samples), failed | failed_apart
